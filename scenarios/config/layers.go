package config

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

func environment(environ []string) map[string]string {
	env := map[string]string{}
	for _, kv := range environ {
		if name, value, ok := strings.Cut(kv, "="); ok {
			env[name] = value
		}
	}
	return env
}

// readEnv takes the variables that are settings. Empty ones count as not set,
// as CI systems leave them so, unless they name the target: a run against
// something else than was meant must not look well.
func (l *loader) readEnv() {
	if value := strings.TrimSpace(l.env[envEdition]); value != "" {
		l.add(layerEnv, given{setting: l.find("knobs"), name: knobEdition, text: value, from: "environment " + envEdition})
	}
	for i := range l.settings {
		s := &l.settings[i]
		value, ok := l.env[s.env]
		if s.env == "" || !ok {
			continue
		}
		from := origin("environment " + s.env)
		if strings.TrimSpace(value) == "" {
			if s.target {
				l.problem(from, "is set but empty: give it a value or unset it")
			}
			continue
		}
		l.add(layerEnv, given{setting: s, text: value, from: from})
	}
}

func (l *loader) add(at layer, g given) { l.layers[at] = append(l.layers[at], g) }

// FlagNames lists the flags that Load understands, without dashes.
func FlagNames() []string {
	all := append([]string{flagConfig}, knobFlags()...)
	for _, s := range settings() {
		all = append(all, s.flags...)
	}
	slices.Sort(all)
	return all
}

const flagConfig = "config"

// readFlags takes the flags that were used.
func (l *loader) readFlags() {
	for _, name := range knobFlags() {
		for _, value := range last(l.in.Flags[name]) {
			s := l.find("knobs")
			l.add(layerFlags, given{setting: s, name: name, text: value, from: origin("flag --" + name)})
		}
	}
	for i := range l.settings {
		s := &l.settings[i]
		for _, name := range s.flags {
			l.readFlag(s, name, l.in.Flags[name])
		}
	}
	for _, name := range []string{"secret", "cacert"} {
		other := map[string]string{"secret": flagSecretStdin, "cacert": "insecure"}[name]
		if len(l.in.Flags[name]) > 0 && isTrue(l.in.Flags[other]) {
			l.problem("", "flags --%s and --%s: use one of them", name, other)
		}
	}
}

func isTrue(v FlagValue) bool { return len(v) > 0 && v[len(v)-1] == "true" }

// last is the value that counts when a flag that takes one is repeated.
func last(v FlagValue) FlagValue {
	if len(v) == 0 {
		return nil
	}
	return v[len(v)-1:]
}

func (l *loader) readFlag(s *setting, name string, values FlagValue) {
	from := origin("flag --" + name)
	if s.kind != list && s.kind != dict {
		values = last(values)
	}
	for _, value := range values {
		g := given{setting: s, text: value, from: from}
		switch {
		case name == flagSecretStdin:
			if value != "true" {
				continue
			}
			secret, err := readSecret(l.in.Stdin)
			if err != nil {
				l.problem(from, "%w", err)
				continue
			}
			g.text = secret
		case s.key == keyEmbedded && value != "true":
			continue
		case s.target && strings.TrimSpace(value) == "":
			l.problem(from, "is given but empty")
			continue
		case s.kind == dict:
			separator, form := "=", "NAME=VALUE"
			if s.key == "headers" {
				separator, form = ":", "'NAME: VALUE'"
			}
			var ok bool
			if g.name, g.text, ok = strings.Cut(value, separator); !ok || strings.TrimSpace(g.name) == "" {
				l.problem(from, "is not of the form %s", form) // not quoted: the value may be secret
				continue
			}
			if s.key == "headers" {
				g.name, g.text = strings.TrimSpace(g.name), strings.TrimSpace(g.text)
			}
		}
		l.add(layerFlags, g)
	}
}

// readSecret reads one line. Its end is not part of the secret.
func readSecret(r io.Reader) (string, error) {
	const most = 4096
	if r == nil {
		return "", fmt.Errorf("there is no standard input to read the secret from")
	}
	data, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil {
		return "", fmt.Errorf("the standard input: %w", err)
	}
	if len(data) > most {
		return "", fmt.Errorf("more than %d bytes on the standard input: that is no signing secret", most)
	}
	return strings.TrimRight(string(data), "\r\n"), nil
}

// find is the setting with that key, which must exist.
func (l *loader) find(key string) *setting {
	for i := range l.settings {
		if l.settings[i].key == key {
			return &l.settings[i]
		}
	}
	panic("config: no setting " + key) // a mistake in this package: a test walks over all of them
}
