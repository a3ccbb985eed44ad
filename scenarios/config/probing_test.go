package config_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/sentsim/sentsim/scenarios/config"
)

func TestProbingErrors(t *testing.T) {
	t.Parallel()
	const message = "probe:\n  message:\n    url: /s/{message_id}\n    status: $.s\n"
	for _, c := range []struct {
		name string
		file string
		want []string
	}{
		{"no status", message + "    statuses: {QUEUED: a, DELIVRED: b}\n", []string{`sentsim.yaml:5:37: probe.message.statuses.DELIVRED: is not a status of a message, did you mean "DELIVERED"?`}},
		{"a status twice", message + "    statuses:\n      SENT: a\n      sent: b\n", []string{"sentsim.yaml:7:13: probe.message.statuses.sent: SENT is there already, as SENT"}},
		{"an empty word", message + "    statuses: {SENT: ''}\n", []string{"sentsim.yaml:5:22: probe.message.statuses.SENT: is given but empty", "null"}},
		{"no word", message + "    statuses: {SENT: [a]}\n", []string{"sentsim.yaml:5:22: probe.message.statuses: must be a mapping of names to plain values, and is a list"}},
		{"a list of statuses", message + "    statuses: [SENT]\n", []string{"sentsim.yaml:5:15: probe.message.statuses: must be a mapping, and is a list"}},
		{"one word, neither on the way", message + "    statuses: {read: x, blocked: x}\n", []string{"sentsim.yaml:5:34: probe.message.statuses.blocked: READ and BLOCKED have one word (x)"}},
		{"no channel", message + "    channels: [fax, sms]\n", []string{`sentsim.yaml:5:16: probe.message.channels: unknown channel "fax"`}},
		{"statuses alone", "probe: {message: {statuses: {SENT: a}}}\n", []string{"sentsim.yaml:1:36: probe.message.url: is empty"}},
		{"statuses of a template", "probe: {template: {statuses: {SENT: a}}}\n", []string{`sentsim.yaml:1:20: unknown key "statuses" under probe.template`}},
		{"a contact without a path", "probe:\n  contact: {url: '/c/{from}'}\n", []string{"sentsim.yaml:2:18: probe.contact.opted_out: nothing to read"}},
		{"another placeholder", "probe:\n  contact: {url: '/c/{number}', opted_out: $.o}\n", []string{"sentsim.yaml:2:18: probe.contact.url: unknown placeholder {number}; known here: {from}"}},
		{"a command and a url", message + "    exec: x {message_id}\n", []string{"sentsim.yaml:5:11: probe.message.exec: there is a url too"}},
		{"a command that does not end", "probe:\n  inbound:\n    exec: x '{from}\n    count: $\n", []string{"sentsim.yaml:3:11: probe.inbound.exec: the ' at character 3 is never closed"}},
		{"a command for nothing", "probe:\n  inbound:\n    exec: x\n    count: $\n", []string{`sentsim.yaml:3:11: probe.inbound.exec: "x" does not say which inbound to read; write {from}`}},
		{"a command with a typo", "probe:\n  inbound:\n    exec: x {form}\n    count: $\n", []string{`probe.inbound.exec: unknown placeholder {form}, did you mean "{from}"?`}},
		{"an unknown key", "target:\n  exec: x\n  arrange: {path: /x}\n", []string{`sentsim.yaml:3:13: unknown key "path" under target.arrange`}},
		{"no url", "target:\n  exec: x\n  arrange: {method: POST}\n", []string{"sentsim.yaml:3:21: target.arrange.url: is missing"}},
		{"a url", "target:\n  exec: x\n  arrange: {url: orders}\n", []string{`sentsim.yaml:3:18: target.arrange.url: "orders" is neither a path`}},
		{"a body", "target:\n  exec: x\n  arrange:\n    url: /x\n    body: '{\"a\":{phone}}'\n", []string{"sentsim.yaml:5:11: target.arrange.body: unknown placeholder {phone}; known here: {message_id}"}},
		{"a header", "target:\n  exec: x\n  arrange:\n    url: /x\n    headers: {X-Key: \"opensesame\\n\"}\n", []string{"sentsim.yaml:5:22: target.arrange.headers.X-Key: the value has a control character in it"}},
		{"text for an arrangement", "target:\n  exec: x\n  arrange: /orders\n", []string{"sentsim.yaml:3:12: target.arrange: must be a mapping, and is text"}},
		{"a limit without unit", "time_limit: 90\n", []string{"sentsim.yaml:1:13: time_limit: 90 has no unit: write 90s or 90ms"}},
		{"a negative limit", "time_limit: -1s\n", []string{"sentsim.yaml:1:13: time_limit: -1s is out of range"}},
		{"all of what", "require_all: maybe\n", []string{"sentsim.yaml:1:14: require_all: must be true or false"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			wantError(t, with(c.file, nil, nil), c.want)
		})
	}
	wantError(t, with("", []string{"SENTSIM_TIME_LIMIT=soon"}, nil), []string{`environment SENTSIM_TIME_LIMIT: "soon" is not a duration`})
	wantError(t, with("", nil, flags{"time-limit": {"5"}}), []string{`flag --time-limit: "5" is not a duration`})
}

// Both ends of a message under one word are for the run to judge: the file loads.
func TestBothEndsUnderOneWordLoad(t *testing.T) {
	t.Parallel()
	r := load(t, "probe: {message: {url: '/s/{message_id}', status: $.s, statuses: {DELIVERED: done, FAILED: done}}}\n", nil, nil)
	if len(r.Probe.Message.Statuses) != 2 {
		t.Errorf("%+v", r.Probe.Message)
	}
}

// Commands mean the same wherever sentsim is called from, and the app is asked
// at a URL too, but the reference receiver is not.
func TestWhereCommandsRunAndWhoIsAsked(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "sentsim.yaml")
	if err := os.WriteFile(name, []byte(`
target: {exec: x, arrange: {exec: "./order {to}"}}
probe: {inbound: {exec: "./count {from}", count: $}}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	for target, arranged := range map[string]bool{"": true, "target": true, "image": true, "embedded": false} {
		used := flags{"config": {name}}
		switch target {
		case "":
		case "embedded":
			used[target] = config.FlagValue{"true"}
		default:
			used[target] = config.FlagValue{map[string]string{"target": "http://127.0.0.1:1/", "image": "a:1"}[target]}
		}
		r, err := config.Load(config.Input{Flags: used, Environ: []string{hasSecret}})
		if err != nil {
			t.Fatal(err)
		}
		if dir := filepath.Dir(name); r.Probe.Dir != dir || arranged && r.Target.Arrange.Dir != dir {
			t.Errorf("%s: commands run in %q and %q, want %q", target, r.Probe.Dir, r.Target.Arrange.Dir, dir)
		}
		if r.Target.Arrange.IsZero() == arranged {
			t.Errorf("%s: arrange is %+v", target, r.Target.Arrange)
		}
	}
}
