package config

import (
	"errors"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/simulator/event"
)

// probeSettings are how the receiver's state is read.
func probeSettings() []setting {
	message := func(p *probe.Config) **probe.Endpoint { return &p.Message }
	all := slices.Concat(
		endpointSettings("probe.message", message, "url", "exec", "status", "effects"),
		[]setting{statusesSetting(message), channelsSetting(message)},
		endpointSettings("probe.inbound", func(p *probe.Config) **probe.Endpoint { return &p.Inbound }, "url", "exec", "count"),
		endpointSettings("probe.template", func(p *probe.Config) **probe.Endpoint { return &p.Template }, "url", "exec", "status", "effects"),
		endpointSettings("probe.contact", func(p *probe.Config) **probe.Endpoint { return &p.Contact }, "url", "exec", "opted_out"),
	)
	return append(all, setting{
		key: "probe.headers", kind: dict,
		apply: func(c *Config, name, text string) error { return addTo(&c.Probe.Headers, name, text) },
		show:  func(c Config) []shown { return names(c.Probe.Headers) },
	})
}

func addTo(m *map[string]string, name, text string) error {
	if *m == nil {
		*m = map[string]string{}
	}
	(*m)[name] = text
	return nil
}

// the is what a config says about one kind of state, made when it first says it.
func the(at **probe.Endpoint) *probe.Endpoint {
	if *at == nil {
		*at = &probe.Endpoint{}
	}
	return *at
}

func endpointSettings(key string, field func(*probe.Config) **probe.Endpoint, fields ...string) []setting {
	var all []setting
	for _, name := range fields {
		all = append(all, setting{
			key: key + "." + name, command: name == "exec",
			apply: func(c *Config, _, text string) error {
				*endpointField(the(field(&c.Probe)), name) = text
				return notEmpty(text)
			},
			show: func(c Config) []shown {
				if at := *field(&c.Probe); at != nil {
					return one(*endpointField(at, name))
				}
				return one("")
			},
		})
	}
	return all
}

func endpointField(e *probe.Endpoint, name string) *string {
	switch name {
	case "url":
		return &e.URL
	case "exec":
		return &e.Exec
	case "status":
		return &e.Status
	case "effects":
		return &e.Effects
	case "opted_out":
		return &e.OptedOut
	}
	return &e.Count
}

// notKept is how a status that the receiver does not keep is shown.
const notKept = "(not kept)"

func statusesSetting(field func(*probe.Config) **probe.Endpoint) setting {
	return setting{
		key: "probe.message.statuses", kind: dict, null: notKept,
		apply: func(c *Config, name, text string) error {
			switch {
			case text == notKept:
				text = ""
			case strings.TrimSpace(text) == "":
				return errors.New("is given but empty: give it the receiver's word, or null for a status that it does not keep")
			}
			return addTo(&the(field(&c.Probe)).Statuses, name, text)
		},
		show: func(c Config) []shown {
			var all []shown
			if at := *field(&c.Probe); at != nil {
				for name, word := range at.Statuses {
					if word == "" {
						word = notKept
					}
					all = append(all, shown{name, word})
				}
			}
			slices.SortFunc(all, func(a, b shown) int { return strings.Compare(a.name, b.name) })
			return all
		},
	}
}

func channelsSetting(field func(*probe.Config) **probe.Endpoint) setting {
	return setting{
		key: "probe.message.channels", kind: list,
		empty: func(c *Config) { the(field(&c.Probe)).Channels = nil },
		apply: func(c *Config, _, text string) error {
			at := the(field(&c.Probe))
			at.Channels = append(at.Channels, text)
			_, err := event.ParseChannel(text) // here, where the place of each is known
			return err
		},
		show: func(c Config) []shown {
			if at := *field(&c.Probe); at != nil {
				return one(strings.Join(at.Channels, ","))
			}
			return one("")
		},
	}
}

// arrangeSettings are how the app is made to send a message.
func arrangeSettings() []setting {
	field := func(name string, of func(*Config) *string) setting {
		return setting{
			key: "target.arrange." + name, command: name == "exec",
			apply: func(c *Config, _, text string) error { *of(c) = text; return notEmpty(text) },
			show:  func(c Config) []shown { return one(secretValue.ReplaceAllString(*of(&c), "$1***")) },
		}
	}
	return []setting{
		field("method", func(c *Config) *string { return &c.Target.Arrange.Method }),
		field("url", func(c *Config) *string { return &c.Target.Arrange.URL }),
		field("body", func(c *Config) *string { return &c.Target.Arrange.Body }),
		{
			key: "target.arrange.headers", kind: dict,
			apply: func(c *Config, name, text string) error { return addTo(&c.Target.Arrange.Headers, name, text) },
			show:  func(c Config) []shown { return names(c.Target.Arrange.Headers) },
		},
		field("exec", func(c *Config) *string { return &c.Target.Arrange.Exec }),
	}
}

// secretValue finds what a body or a query says under a name like token.
var secretValue = regexp.MustCompile(`(?i)([a-z_-]*(?:token|secret|key|passw(?:or)?d|auth)[a-z_-]*(?:"\s*:\s*"|=))[^"&]*`)

// placeCommands says where the commands of probes and arrangements run: where
// the target does, or in the folder of the file, which is the only place to name
// them.
func (l *loader) placeCommands() {
	dir := l.cfg.Target.Dir
	if file := filepath.Dir(l.file); dir == "" && l.file != "" && file != "." {
		dir = file
	}
	l.cfg.Target.Arrange.Dir = dir
	for _, e := range []*probe.Endpoint{l.cfg.Probe.Message, l.cfg.Probe.Inbound, l.cfg.Probe.Template, l.cfg.Probe.Contact} {
		if e != nil && e.Exec != "" {
			l.cfg.Probe.Dir, l.cfg.Probe.Env = dir, l.cfg.Target.Env
		}
	}
}
