package config

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/scenarios/target"
)

// check looks at the values together, once each is right on its own.
func (l *loader) check() {
	l.cfg.Target.WaitForTarget = l.cfg.WaitForTarget
	if dir := filepath.Dir(l.file); l.isKind("target.exec") && l.kindAt == layerFile && l.cfg.Target.Dir == "" && dir != "." {
		// A command in a file means the same wherever sentsim is called from.
		l.cfg.Target.Dir, l.origins["target.dir"] = dir, origin(l.file)
	}
	l.placeCommands()
	l.checkSkip()
	l.checkTLS()
	if l.isKind("target.url") {
		for _, g := range l.layers[layerFlags] {
			if g.setting.started {
				l.problem(g.from, "is for a receiver that sentsim starts; this one runs already (%s)", l.kind.from)
			}
		}
		if l.cfg.Secret.IsZero() {
			l.missingSecret()
		}
	}
	if !l.cfg.Embedded {
		if _, err := target.New(l.cfg.Target); err != nil {
			l.located(err)
		}
	}
	if _, err := probe.New(l.cfg.Probe, nil); err != nil {
		l.located(err)
	}
}

// checkSkip refuses to judge nothing, which a chaos run would find out at its end.
func (l *loader) checkSkip() {
	if len(l.cfg.Skip) == 0 {
		return
	}
	if left, err := l.cfg.Judged(); err != nil || len(left) == 0 {
		l.problem(l.origins[keySkip], "no rule is left to judge")
	}
	l.cfg.Notes = append(l.cfg.Notes, "skipped, so not judged: "+strings.Join(l.cfg.Skip, ", "))
}

// checkTLS hands the trust settings to an https target. For any other they mean
// nothing: in the file they may stand there for another run, but whoever gives
// them as flags believes that they do something.
func (l *loader) checkTLS() {
	if l.cfg.CACert != "" && l.cfg.Insecure {
		l.problem("", "cacert (%s) and insecure (%s): use one of them", l.origins["cacert"], l.origins["insecure"])
		return
	}
	if l.isKind("target.url") && strings.HasPrefix(strings.ToLower(l.cfg.Target.URL), "https:") {
		l.cfg.Target.TLS = target.TLS{CACert: l.cfg.CACert, Insecure: l.cfg.Insecure}
		return
	}
	for _, g := range l.layers[layerFlags] {
		if g.setting.key == "cacert" || g.setting.key == "insecure" && l.cfg.Insecure {
			l.problem(g.from, "is for a target at an https:// URL")
		}
	}
}

func (l *loader) missingSecret() {
	seen := ""
	if value, ok := l.env[envSecret]; ok && strings.TrimSpace(value) == "" {
		seen = " (which is set, but empty)"
	}
	l.problem(l.kind.from, "the target runs already, so sentsim must be told its signing secret: "+
		"--secret whsec_…, --secret-stdin, %s%s, or target.secret in the config file", envSecret, seen)
}

// located reports errors of other packages, which begin with the key that they
// are about, with the place where that key was given.
func (l *loader) located(err error) {
	var several interface{ Unwrap() []error }
	if errors.As(err, &several) {
		for _, e := range several.Unwrap() {
			l.located(e)
		}
		return
	}
	key, _, _ := strings.Cut(err.Error(), ":")
	for ; key != ""; key = parent(key) {
		if from, ok := l.originOf(key); ok {
			l.problems = append(l.problems, place(from, key, err))
			return
		}
	}
	l.problems = append(l.problems, err)
}

// originOf finds where key, or the first thing within it, was given.
func (l *loader) originOf(key string) (origin, bool) {
	if from, ok := l.origins[key]; ok {
		return from, true
	}
	var within []string
	for k := range l.origins {
		if strings.HasPrefix(k, key+".") {
			within = append(within, k)
		}
	}
	if len(within) == 0 || !strings.Contains(key, ".") {
		return "", false
	}
	slices.Sort(within)
	return l.origins[within[0]], true
}

func parent(key string) string {
	if i := strings.LastIndexByte(key, '.'); i >= 0 {
		return key[:i]
	}
	return ""
}

// place puts an error where it comes from. A flag or a variable is its own name;
// a place in the file is told with the key that stands there.
func place(from origin, key string, err error) error {
	if name, isKnob := strings.CutPrefix(key, "knobs."); isKnob && strings.Contains(string(from), ":") {
		if rest, twice := strings.CutPrefix(err.Error(), "knob "+name+": "); twice {
			return fmt.Errorf("%s: %s: %s", from, key, rest)
		}
	}
	rest, hadKey := strings.CutPrefix(err.Error(), key+": ")
	if strings.HasPrefix(string(from), "flag ") || strings.HasPrefix(string(from), "environment ") {
		if hadKey {
			return fmt.Errorf("%s: %s", from, rest)
		}
		return fmt.Errorf("%s: %w", from, err)
	}
	if hadKey || strings.HasPrefix(err.Error(), key) {
		return fmt.Errorf("%s: %w", from, err)
	}
	return fmt.Errorf("%s: %s: %w", from, key, err)
}

// hide takes the secrets out of a value that should not contain any, but may:
// somebody could write one into a command.
func (l *loader) hide(text string) string {
	for _, secret := range []string{l.cfg.Secret.Reveal(), l.cfg.APIKey} {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "***")
		}
	}
	return text
}
