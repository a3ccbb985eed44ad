package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/sentsim/sentsim/scenarios"
	"github.com/sentsim/sentsim/scenarios/config"
	"github.com/sentsim/sentsim/scenarios/learn"
	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/simulator/event"
)

// learnedConfig reaches or starts the receiver, learns how it was built, and
// returns a config file that says so.
func (a *app) learnedConfig(ctx context.Context, cfg config.Config) (string, error) {
	traits, learned, err := scenarios.Learn(ctx, cfg)
	if err != nil {
		return "", err
	}
	return configOf(cfg, traits, learned)
}

// configOf is a config file with the target and the probe of cfg, and with what
// confirms the traits. Credentials are not written.
func configOf(cfg config.Config, t learn.Traits, l report.Learned) (string, error) {
	var b strings.Builder
	b.WriteString("# Written by sentsim init --learn. What the receiver was seen to do is confirmed here;\n# sentsim config says what every setting is, and sentsim init explains them all.\n#\n")
	for _, line := range report.LearnedLines(l) {
		fmt.Fprintf(&b, "# %s\n", strings.Join(strings.Fields(line), " "))
	}
	for _, d := range t.Deviations {
		fmt.Fprintf(&b, "# deviates (%s): %s\n", d.Rule, strings.Join(strings.Fields(d.Reason), " "))
	}
	if cfg.Probe.Message == nil {
		b.WriteString("# Which edition it reads, and which statuses and channels it keeps, shows in its state only, and there is no probe:\n" +
			"# probe:\n#   message: {url: \"/state/messages/{message_id}\", status: \"$.status\", effects: \"$.effects\"}\n")
	}
	b.WriteString("\n")
	sections := yaml.MapSlice{
		{Key: "target", Value: targetOf(cfg)}, {Key: "probe", Value: probeOf(cfg.Probe, t)}, {Key: "knobs", Value: knobsOf(t)},
	}
	sections = slices.DeleteFunc(sections, func(s yaml.MapItem) bool { return len(s.Value.(yaml.MapSlice)) == 0 }) //nolint:forcetypeassert // built right above
	text, err := yaml.MarshalWithOptions(sections, yaml.Indent(2))
	if err != nil {
		return "", err
	}
	b.Write(text)
	if len(cfg.Target.Env) > 0 || !cfg.Target.Arrange.IsZero() {
		b.WriteString("# Under target also, as in the file that was read: env, ready, arrange\n")
	}
	if len(cfg.Probe.Headers) > 0 {
		fmt.Fprintf(&b, "# Under probe also, from the environment: headers: {%s: …}\n", strings.Join(slices.Sorted(maps.Keys(cfg.Probe.Headers)), ": …, "))
	}
	return b.String(), nil
}

func targetOf(cfg config.Config) yaml.MapSlice {
	var out yaml.MapSlice
	add := func(key, value string) {
		if value != "" {
			out = append(out, yaml.MapItem{Key: key, Value: value})
		}
	}
	t := cfg.Target
	url, _, _ := strings.Cut(t.URL, "?") // a query may be a token
	add("url", url)
	add("exec", t.Exec)
	add("image", t.Image)
	add("dockerfile", t.Dockerfile)
	if t.URL == "" {
		add("dir", t.Dir)
		add("path", t.Path)
		add("secret_env", cfg.SecretEnv)
	}
	return out
}

func probeOf(p probe.Config, t learn.Traits) yaml.MapSlice {
	var out yaml.MapSlice
	for _, kind := range []struct {
		key string
		at  *probe.Endpoint
	}{{"message", p.Message}, {"inbound", p.Inbound}, {"template", p.Template}, {"contact", p.Contact}} {
		if kind.at == nil {
			continue
		}
		var e yaml.MapSlice
		for _, f := range []struct{ key, value string }{
			{"url", kind.at.URL},
			{"exec", kind.at.Exec},
			{"status", kind.at.Status},
			{"effects", kind.at.Effects},
			{"count", kind.at.Count},
			{"opted_out", kind.at.OptedOut},
		} {
			if f.value != "" {
				e = append(e, yaml.MapItem{Key: f.key, Value: f.value})
			}
		}
		if kind.key == "message" {
			e = append(e, confirming(t)...)
		}
		out = append(out, yaml.MapItem{Key: kind.key, Value: e})
	}
	return out
}

// confirming are the words and the channels that differ from the contract's.
func confirming(t learn.Traits) (out yaml.MapSlice) {
	var words yaml.MapSlice
	for _, st := range probe.NamedStatuses() {
		switch w, ok := t.Words[st]; {
		case !ok:
		case !w.Kept:
			words = append(words, yaml.MapItem{Key: string(st), Value: nil})
		case !probe.SameWord(w.Text, string(st)):
			words = append(words, yaml.MapItem{Key: string(st), Value: w.Text})
		}
	}
	if len(words) > 0 {
		out = append(out, yaml.MapItem{Key: "statuses", Value: words})
	}
	if len(t.Channels) > 0 && len(t.Channels) < len(event.Channels()) {
		out = append(out, yaml.MapItem{Key: "channels", Value: t.Channels})
	}
	return out
}

func knobsOf(t learn.Traits) (out yaml.MapSlice) {
	if t.Edition != event.NewestEdition().Name {
		out = append(out, yaml.MapItem{Key: "edition", Value: t.Edition})
	}
	if e, err := event.LookupEdition(t.Edition); err == nil && t.InboundShape != "" && t.InboundShape != e.InboundShape {
		out = append(out, yaml.MapItem{Key: "inbound_shape", Value: string(t.InboundShape)})
	}
	return out
}
