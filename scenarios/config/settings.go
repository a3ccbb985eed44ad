package config

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sentsim/sentsim/scenarios/nearest"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/scenarios/target"
	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/seed"
	"github.com/sentsim/sentsim/simulator/signing"
)

// kind is the form a setting has in the file.
type kind int

const (
	text  kind = iota // in the file: a string
	whole             // an integer
	truth             // true or false
	span              // a duration such as 2s
	list              // of strings; on the command line the flag is repeated
	dict              // of strings by name; on the command line NAME=VALUE, repeated
)

// setting is one thing that can be configured: where it may be given and what
// becomes of it.
type setting struct {
	key   string // in the file, with dots for the mappings around it
	short string // a key that may stand for it when its value is a scalar
	flags []string
	env   string
	kind  kind
	// target marks those that say what the target is: one of them counts.
	target bool
	// started marks those that only make sense for a target that we start.
	started bool
	// command marks command lines: the target expands variables in them itself,
	// when it runs them, so that ${PORT} is its own port.
	command bool
	// file marks paths of files, which in the config file start from its folder.
	file bool
	// null is the text that null in a mapping stands for; "" refuses it.
	null  string
	empty func(c *Config)
	apply func(c *Config, name, text string) error
	show  func(c Config) []shown
}

// shown is a value in print; name is set where a setting has several.
type shown struct{ name, text string }

func one(text string) []shown { return []shown{{text: text}} }

func secretText(s string) string {
	if s == "" {
		return ""
	}
	return "***"
}

// settings lists all of them, in the order in which they are documented.
func settings() []setting {
	return slices.Concat(targetSettings(), arrangeSettings(), probeSettings(), runSettings(), deliverySettings())
}

func targetSettings() []setting {
	return []setting{
		{
			key: "target.url", flags: []string{"target", "forward-to"}, env: envTarget, target: true,
			apply: func(c *Config, _, text string) error { c.Target.URL = target.FullURL(text); return nil },
			show:  func(c Config) []shown { return one(c.Target.URL) },
		},
		{
			key: "target.exec", flags: []string{"exec"}, env: envExec, target: true, command: true,
			apply: func(c *Config, _, text string) error { c.Target.Exec = text; return nil },
			show:  func(c Config) []shown { return one(c.Target.Exec) },
		},
		{
			key: "target.image", flags: []string{"image"}, env: envImage, target: true,
			apply: func(c *Config, _, text string) error { c.Target.Image = text; return nil },
			show:  func(c Config) []shown { return one(c.Target.Image) },
		},
		{
			key: "target.dockerfile", flags: []string{"dockerfile"}, env: envDockerfile, target: true, file: true,
			apply: func(c *Config, _, text string) error { c.Target.Dockerfile = text; return nil },
			show:  func(c Config) []shown { return one(c.Target.Dockerfile) },
		},
		{
			key: keyEmbedded, flags: []string{"embedded"}, kind: truth, target: true,
			apply: func(c *Config, _, text string) error { return setBool(&c.Embedded, text) },
			show: func(c Config) []shown {
				if !c.Embedded {
					return one("")
				}
				return one("true")
			},
		},
		{
			key: "target.dir", file: true,
			apply: func(c *Config, _, text string) error { c.Target.Dir = text; return notEmpty(text) },
			show:  func(c Config) []shown { return one(c.Target.Dir) },
		},
		{
			key: "target.path", flags: []string{"path"}, started: true,
			apply: func(c *Config, _, text string) error { c.Target.Path = text; return notEmpty(text) },
			show:  func(c Config) []shown { return one(c.Target.Path) },
		},
		{
			key: "target.port", flags: []string{"port"}, kind: whole, started: true,
			apply: func(c *Config, _, text string) error { return setPort(&c.Target.Port, text) },
			show:  func(c Config) []shown { return one(number(c.Target.Port)) },
		},
		{
			key: "target.env", flags: []string{"env"}, kind: dict, started: true,
			apply: func(c *Config, name, text string) error {
				if c.Target.Env == nil {
					c.Target.Env = map[string]string{}
				}
				c.Target.Env[name] = text
				return nil
			},
			show: func(c Config) []shown { return names(c.Target.Env) },
		},
		{
			key: "target.ready.path", short: "target.ready", flags: []string{"ready"},
			apply: func(c *Config, _, text string) error { c.Target.Ready.Path = text; return notEmpty(text) },
			show:  func(c Config) []shown { return one(c.Target.Ready.Path) },
		},
		{
			key: "target.ready.port", flags: []string{"ready-port"}, kind: whole,
			apply: func(c *Config, _, text string) error { return setPort(&c.Target.Ready.Port, text) },
			show:  func(c Config) []shown { return one(number(c.Target.Ready.Port)) },
		},
		{
			key: "target.ready.log", flags: []string{"ready-log"},
			apply: func(c *Config, _, text string) (err error) {
				c.Target.Ready.Log, err = regexp.Compile(text)
				if err != nil {
					return fmt.Errorf("%w (the syntax is that of Go's regexp)", err)
				}
				return notEmpty(text)
			},
			show: func(c Config) []shown {
				if c.Target.Ready.Log == nil {
					return one("")
				}
				return one(c.Target.Ready.Log.String())
			},
		},
		{
			key: "target.start_timeout", flags: []string{"start-timeout"}, kind: span,
			apply: func(c *Config, _, text string) error { return setSpan(&c.Target.StartTimeout, text) },
			show:  func(c Config) []shown { return one(c.Target.StartTimeout.String()) },
		},
		hook("target.rotate.exec", func(c *Config) *string { return &c.Target.Rotate.Exec }),
		hook("target.rotate.url", func(c *Config) *string { return &c.Target.Rotate.URL }),
		hook("target.restart.exec", func(c *Config) *string { return &c.Target.RestartHook.Exec }),
		hook("target.restart.url", func(c *Config) *string { return &c.Target.RestartHook.URL }),
		{
			key: "target.secret", flags: []string{"secret", flagSecretStdin}, env: envSecret,
			apply: func(c *Config, _, text string) (err error) {
				c.Secret, err = signing.ParseSecret(text)
				return err
			},
			show: func(c Config) []shown {
				if c.Secret.IsZero() {
					return one("(made for the run)")
				}
				return one(c.Secret.String())
			},
		},
		{
			key: "target.secret_env", flags: []string{"secret-env"}, started: true,
			apply: func(c *Config, _, text string) error {
				c.SecretEnv = text
				if !isVariable(text) {
					return fmt.Errorf("%q cannot be the name of a variable", text)
				}
				return nil
			},
			show: func(c Config) []shown { return one(c.SecretEnv) },
		},
	}
}

func hook(key string, field func(*Config) *string) setting {
	return setting{
		key: key, command: strings.HasSuffix(key, ".exec"),
		apply: func(c *Config, _, text string) error { *field(c) = text; return notEmpty(text) },
		show:  func(c Config) []shown { return one(*field(&c)) },
	}
}

func runSettings() []setting {
	return []setting{
		{
			key: "settle", flags: []string{"settle"}, kind: span,
			apply: func(c *Config, _, text string) error { return setSpan(&c.Settle, text) },
			show:  func(c Config) []shown { return one(c.Settle.String()) },
		},
		{
			key: "seed", flags: []string{"seed"}, env: envSeed, kind: whole,
			apply: func(c *Config, _, text string) (err error) {
				c.Seed, err = seed.Parse(text)
				c.NextSeed = false
				return err
			},
			show: func(c Config) []shown { return one(c.Seed.String()) },
		},
		{
			key: "start", flags: []string{"start"},
			apply: func(c *Config, _, text string) (err error) {
				if c.Start, err = time.Parse(time.RFC3339, text); err != nil {
					return fmt.Errorf("%q is not a time: write it as 2025-10-31T10:10:42Z", text)
				}
				return nil
			},
			show: func(c Config) []shown {
				if c.Start.IsZero() {
					return one("")
				}
				return one(c.Start.Format(time.RFC3339))
			},
		},
		{
			key: "clock", flags: []string{"clock"},
			apply: func(c *Config, _, text string) error { c.Clock = text; return checkClock(text) },
			show:  func(c Config) []shown { return one(c.Clock) },
		},
		{
			key: "strict", flags: []string{"strict"}, env: envStrict, kind: truth,
			apply: func(c *Config, _, text string) error { return setBool(&c.Strict, text) },
			show:  func(c Config) []shown { return one(strconv.FormatBool(c.Strict)) },
		},
		{
			key: "fail_fast", flags: []string{"fail-fast"}, kind: truth,
			apply: func(c *Config, _, text string) error { return setBool(&c.FailFast, text) },
			show:  func(c Config) []shown { return one(strconv.FormatBool(c.FailFast)) },
		},
		{
			key: "time_limit", flags: []string{"time-limit"}, env: envTimeLimit, kind: span,
			apply: func(c *Config, _, text string) error { return setSpan(&c.TimeLimit, text) },
			show: func(c Config) []shown {
				if c.TimeLimit == 0 {
					return one("none")
				}
				return one(c.TimeLimit.String())
			},
		},
		{
			key: "require_all", flags: []string{"require-all"}, env: envRequireAll, kind: truth,
			apply: func(c *Config, _, text string) error { return setBool(&c.RequireAll, text) },
			show:  func(c Config) []shown { return one(strconv.FormatBool(c.RequireAll)) },
		},
		{
			key: "tags", flags: []string{"tags"},
			apply: func(c *Config, _, text string) error { c.Tags = text; return notEmpty(text) },
			show:  func(c Config) []shown { return one(c.Tags) },
		},
		{
			key: "rules", flags: []string{"rule"}, kind: list,
			empty: func(c *Config) { c.Rules = nil },
			apply: func(c *Config, _, text string) error { return addRules(&c.Rules, text) },
			show:  func(c Config) []shown { return one(strings.Join(c.Rules, ",")) },
		},
		{
			key: keySkip, flags: []string{"skip"}, kind: list,
			empty: func(c *Config) { c.Skip = nil },
			apply: func(c *Config, _, text string) error { return addRules(&c.Skip, text) },
			show:  func(c Config) []shown { return one(strings.Join(c.Skip, ",")) },
		},
		{
			key: "features", flags: []string{"feature"}, kind: list,
			empty: func(c *Config) { c.Features = nil },
			apply: func(c *Config, _, text string) error { c.Features = append(c.Features, text); return notEmpty(text) },
			show:  func(c Config) []shown { return one(strings.Join(c.Features, ",")) },
		},
		knobSetting(),
	}
}

// addRules takes rule ids and family codes, with commas between them, and keeps
// the selection in the order of the contract.
func addRules(to *[]string, text string) error {
	selected, err := rule.Select(append(slices.Clone(*to), strings.Split(text, ",")...))
	if err != nil {
		return err
	}
	*to = nil
	for _, r := range selected {
		*to = append(*to, r.ID)
	}
	return nil
}

const (
	// knobAckWithin is the one knob that is the harness's own.
	knobAckWithin = "ack_within"
	// knobEdition sets several others, so it is applied before them.
	knobEdition = "edition"
)

func knobSetting() setting {
	return setting{
		key: "knobs", flags: []string{"knob"}, kind: dict,
		apply: func(c *Config, name, text string) error {
			if name == knobAckWithin {
				if err := setSpan(&c.AckWithin, text); err != nil {
					return fmt.Errorf("knob %s: %w", name, err)
				}
				return nil
			}
			known := []string{knobAckWithin}
			for _, k := range simulator.KnobTable() {
				known = append(known, k.Name)
			}
			if !slices.Contains(known, name) {
				return fmt.Errorf("unknown knob %q%s (sentsim config lists them all)", name, nearest.Hint(name, known))
			}
			if name == knobEdition {
				if _, err := event.LookupEdition(text); err != nil {
					return err
				}
			}
			return c.Knobs.Set(name, text)
		},
		show: func(c Config) []shown {
			var all []shown
			for _, k := range simulator.KnobTable() {
				all = append(all, shown{k.Name, c.Knobs.Get(k.Name)})
			}
			return append(all, shown{knobAckWithin, c.AckWithin.String()})
		},
	}
}

// knobFlags are flags of their own for the knobs that are turned most.
func knobFlags() []string { return []string{knobEdition, "envelope", "extended"} }

func names(m map[string]string) []shown {
	var all []shown
	for name, value := range m {
		all = append(all, shown{name, secretText(value)})
	}
	slices.SortFunc(all, func(a, b shown) int { return strings.Compare(a.name, b.name) })
	return all
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

const keySkip = "skip"

// keyEmbedded is no key of the file: which target is meant should not depend on
// a file that is shared.
const keyEmbedded = "target.embedded"

// flagSecretStdin reads the secret from the standard input.
const flagSecretStdin = "secret-stdin"
