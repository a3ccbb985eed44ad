// Package config turns flags, the environment and the config file into one
// checked value, and can say of each setting where it came from. Flags override
// the environment, the environment overrides the file, the file overrides the
// defaults. It starts and sends nothing.
package config

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/sentsim/sentsim/scenarios"
	"github.com/sentsim/sentsim/simulator"
)

// Config is everything a run needs to know.
type Config = scenarios.Config

// Default is the configuration when nothing is given, apart from the target.
func Default() Config { return scenarios.DefaultConfig() }

// Names of the environment's variables. Those that begin with SENT_ are Sent's own.
const (
	envTarget     = "SENTSIM_TARGET"
	envExec       = "SENTSIM_EXEC"
	envImage      = "SENTSIM_IMAGE"
	envDockerfile = "SENTSIM_DOCKERFILE"
	envConfig     = "SENTSIM_CONFIG"
	envSeed       = "SENTSIM_SEED"
	envEdition    = "SENTSIM_EDITION"
	envStrict     = "SENTSIM_STRICT"
	envTimeLimit  = "SENTSIM_TIME_LIMIT"
	envRequireAll = "SENTSIM_REQUIRE_ALL"
	envSecret     = "SENT_DM_WEBHOOK_SECRET" //nolint:gosec // the name of the variable, not what is in it
	envAPIKey     = "SENT_DM_API_KEY"        //nolint:gosec // likewise
	envBaseURL    = "SENT_BASE_URL"
)

// FlagValue is what was given to one flag, once for each time it was used. A
// boolean flag has "true" or "false".
type FlagValue []string

// Input is where Load looks.
type Input struct {
	// Flags holds the flags that were used, by name without dashes; names that
	// mean nothing here are ignored (FlagNames lists the others).
	Flags   map[string]FlagValue
	Environ []string // as from os.Environ
	// DefaultFile is read when it exists and neither --config nor SENTSIM_CONFIG
	// names a file. "" reads none.
	DefaultFile string
	Stdin       io.Reader // of --secret-stdin
	// ReadFile reads the config file. If nil, that is a regular file.
	ReadFile func(name string) ([]byte, error)
}

// Value is one setting as it was resolved.
type Value struct {
	Key    string // its key in the file: target.url, knobs.envelope
	Text   string // secrets are redacted
	Origin string // "flag --seed", "environment SENTSIM_SEED", "sentsim.yaml:12:3" or "default"
}

// Resolved is a configuration and where it came from.
type Resolved struct {
	Config
	File   string   // the file that was read, or ""
	Notes  []string // what was not looked at, a sentence each
	Values []Value  // every setting that has a value, in the order of the documentation
}

// Load resolves the configuration. All problems are reported at once, each with
// the flag, the variable or the place in the file that it comes from; none
// contains a secret. Any error is one of usage: exit status 2.
func Load(in Input) (Resolved, error) {
	l := &loader{
		in: in, env: environment(in.Environ),
		cfg: Default(), origins: map[string]origin{},
	}
	l.run()
	if len(l.problems) > 0 {
		return Resolved{}, errors.Join(l.problems...)
	}
	return Resolved{Config: l.cfg, File: l.file, Notes: l.notes, Values: l.values()}, nil
}

// origin is where a value was given.
type origin string

const fromDefault origin = "default"

// layer is one place that values come from. Those above override those below.
type layer int

const (
	layerFile layer = iota
	layerEnv
	layerFlags
	layers
)

// given is one value for one setting.
type given struct {
	setting *setting
	name    string // within a setting that has several, such as env and knobs
	text    string
	from    origin
}

// id names what is given: two of the same id in one layer contradict each other.
func (g given) id() string { return join(g.setting.key, g.name) }

func join(key, name string) string {
	if name == "" {
		return key
	}
	return key + "." + name
}

type loader struct {
	in  Input
	env map[string]string

	cfg      Config
	file     string // that was read
	settings []setting
	layers   [layers][]given
	origins  map[string]origin // of every id that was given
	kind     *given            // the target that was chosen; nil for none
	kindAt   layer
	problems []error
	notes    []string
}

func (l *loader) problem(from origin, format string, args ...any) {
	err := fmt.Errorf(format, args...)
	if from != "" {
		err = fmt.Errorf("%s: %w", from, err)
	}
	l.problems = append(l.problems, err)
}

func (l *loader) run() {
	l.settings = settings()
	l.readFile()
	l.readEnv()
	l.unknownEnv()
	l.readFlags()
	l.chooseTarget()
	if len(l.problems) > 0 {
		return // what follows would only complain about what is missing by now
	}
	l.applyEdition()
	for at := range layers {
		l.apply(l.layers[at], at)
	}
	if len(l.problems) > 0 {
		return
	}
	l.check()
}

// isEdition tells whether a value names the edition.
func (g given) isEdition() bool { return g.setting.key == "knobs" && g.name == knobEdition }

// applyEdition takes the edition that the highest layer names, before any single
// knob: each of those overrides a part of it, whichever layer it stands in.
func (l *loader) applyEdition() {
	for at := range layers {
		var named []given
		for _, g := range l.layers[at] {
			if g.isEdition() {
				named = append(named, g)
			}
		}
		l.apply(named, at)
		l.layers[at] = slices.DeleteFunc(l.layers[at], given.isEdition)
	}
}

// impliedBy is where a value comes from that nobody gave: the default, or the
// edition that somebody chose.
func (l *loader) impliedBy(key string) origin {
	name, isKnob := strings.CutPrefix(key, "knobs.")
	chosen, ok := l.origins["knobs."+knobEdition]
	if isKnob && ok && slices.Contains(simulator.EditionKnobs(), name) {
		return origin("edition " + l.cfg.Knobs.Edition + ", " + string(chosen))
	}
	return fromDefault
}

// apply puts one layer's values over what is there.
func (l *loader) apply(values []given, at layer) {
	emptied := map[string]bool{}
	for _, g := range values {
		if l.ignored(g, at) {
			continue
		}
		if g.setting.empty != nil && !emptied[g.setting.key] {
			g.setting.empty(&l.cfg) // a list replaces the one below it
			emptied[g.setting.key] = true
		}
		if err := g.setting.apply(&l.cfg, g.name, g.text); err != nil {
			l.problems = append(l.problems, place(g.from, g.id(), err))
			continue
		}
		l.origins[g.id()] = g.from
	}
}

// values lists what was resolved.
func (l *loader) values() []Value {
	var all []Value
	for _, s := range l.settings {
		if s.show == nil {
			continue
		}
		for _, v := range s.show(l.cfg) {
			key := join(s.key, v.name)
			from, ok := l.origins[key]
			if !ok {
				from = l.impliedBy(key)
			}
			if v.text == "" && !ok {
				continue
			}
			all = append(all, Value{Key: key, Text: l.hide(v.text), Origin: string(from)})
		}
	}
	return all
}
