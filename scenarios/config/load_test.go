package config_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sentsim/sentsim/scenarios/config"
	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/scenarios/target"
	_ "github.com/sentsim/sentsim/scenarios/target/container" // some of these targets are containers
	"github.com/sentsim/sentsim/simulator/delivery"
)

// secret is nobody's: it decodes to a sentence.
const secret = "whsec_" + "c2VudHNpbSB0ZXN0IHNlY3JldCBub3QgcmVhbA=="

type flags = map[string]config.FlagValue

// with is an Input whose config file sentsim.yaml, if any, holds file.
func with(file string, environ []string, used flags) config.Input {
	in := config.Input{Flags: used, Environ: environ, Stdin: strings.NewReader("")}
	if file != "" {
		in.DefaultFile = "sentsim.yaml"
	}
	in.ReadFile = func(name string) ([]byte, error) {
		if name == "sentsim.yaml" && file != "" {
			return []byte(file), nil
		}
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return in
}

func load(t *testing.T, file string, environ []string, used flags) config.Resolved {
	t.Helper()
	r, err := config.Load(with(file, environ, used))
	if err != nil {
		t.Fatalf("it does not load: %v", err)
	}
	return r
}

func origin(r config.Resolved, key string) string {
	for _, v := range r.Values {
		if v.Key == key {
			return v.Text + " from " + v.Origin
		}
	}
	return "none"
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	r := load(t, "", nil, nil)
	if !r.Embedded || r.Seed != 1 || r.Clock != "virtual" || r.Settle != 2*time.Second || r.AckWithin != time.Second ||
		r.SecretEnv != "SENT_DM_WEBHOOK_SECRET" || r.Strict || r.File != "" || !r.Secret.IsZero() {
		t.Errorf("defaults: %+v", r.Config)
	}
	for key, want := range map[string]string{
		"target.embedded": "true from default",
		"seed":            "1 from default",
		"knobs.edition":   "2026-09 from default",
		"knobs.envelope":  "event from default",
		"target.secret":   "(made for the run) from default",
		"target.url":      "none",
	} {
		if got := origin(r, key); got != want {
			t.Errorf("%s is %s, want %s", key, got, want)
		}
	}
}

// TestEditions: the strongest source's edition is taken first, and every single
// knob of any source overrides a part of it.
func TestEditions(t *testing.T) {
	t.Parallel()
	byEnv := []string{"SENTSIM_EDITION=2026-05"}
	for _, c := range []struct {
		name, file string
		environ    []string
		used       flags
		want       map[string]string
	}{
		{"a number in the file", "knobs: {edition: 2025}", nil, nil, map[string]string{
			"edition": "2025 from sentsim.yaml:1:18", "envelope": "legacy from edition 2025, sentsim.yaml:1:18", "numbers": "e164 from default",
		}},
		{"unquoted", "knobs:\n  edition: 2026-05\n", nil, nil, map[string]string{"envelope": "current from edition 2026-05, sentsim.yaml:2:12"}},
		{"quoted", `knobs: {edition: "2026-05"}`, nil, nil, map[string]string{"event_id_header": "false from edition 2026-05, sentsim.yaml:1:18"}},
		{"environment over file", "knobs: {edition: 2025}", byEnv, nil, map[string]string{"edition": "2026-05 from environment SENTSIM_EDITION"}},
		{"an empty variable is none", "knobs: {edition: 2025}", []string{"SENTSIM_EDITION="}, nil, map[string]string{"edition": "2025 from sentsim.yaml:1:18"}},
		{"flag over environment", "", byEnv, flags{"edition": {"2025"}}, map[string]string{"edition": "2025 from flag --edition"}},
		{"as a knob", "", byEnv, flags{"knob": {"edition=2025"}}, map[string]string{"outbound_shape": "classic from edition 2025, flag --knob"}},
		{"a knob of the file stays under a flag's edition", "knobs: {inbound_shape: numbered}", nil, flags{"edition": {"2026-05"}}, map[string]string{
			"inbound_shape": "numbered from sentsim.yaml:1:24", "outbound_shape": "classic from edition 2026-05, flag --edition",
		}},
		{"whatever stands first", "knobs: {envelope: event, edition: 2025}", nil, nil, map[string]string{"envelope": "event from sentsim.yaml:1:19"}},
		{"a knob before its edition", "", nil, flags{"knob": {"envelope=legacy", "edition=2026-09"}}, map[string]string{"envelope": "legacy from flag --knob"}},
		{"a knob that names the edition's own value", "", nil, flags{"edition": {"2025"}, "envelope": {"legacy"}}, map[string]string{"envelope": "legacy from flag --envelope"}},
	} {
		r := load(t, c.file, c.environ, c.used)
		for knob, want := range c.want {
			if got := origin(r, "knobs."+knob); got != want {
				t.Errorf("%s: %s is %s, want %s", c.name, knob, got, want)
			}
		}
	}
	for name, c := range map[string]struct {
		file string
		used flags
		want string
	}{
		"a flag":      {"", flags{"edition": {"2027"}}, `flag --edition: unknown edition "2027": use 2026-09, 2026-05, 2025`},
		"the file":    {"knobs: {edition: 2026}", flags{"edition": {"2025"}}, `sentsim.yaml:1:18: knobs.edition: unknown edition "2026": use`},
		"empty":       {"", flags{"edition": {""}}, `flag --edition: unknown edition ""`},
		"not a value": {"knobs: {edition: [2025]}", nil, "sentsim.yaml:1:18: knobs: must be a mapping of names to plain values, and is a list"},
	} {
		if _, err := config.Load(with(c.file, nil, c.used)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

func TestFlagsOverEnvironmentOverFile(t *testing.T) {
	t.Parallel()
	file, env := "seed: 7\nknobs: {envelope: event}\nrules: [SIG-1, ORD]\n", []string{"SENTSIM_SEED=8", "SENTSIM_STRICT=1"}
	for _, c := range []struct {
		name    string
		file    string
		environ []string
		used    flags
		want    string
	}{
		{"nothing", "", nil, nil, "1 from default"},
		{"file", file, nil, nil, "7 from sentsim.yaml:1:7"},
		{"environment", file, env, nil, "8 from environment SENTSIM_SEED"},
		{"flag", file, env, flags{"seed": {"9"}}, "9 from flag --seed"},
		{"the last of several flags", file, env, flags{"seed": {"9", "10"}}, "10 from flag --seed"},
		{"an empty variable counts as not set", file, []string{"SENTSIM_SEED="}, nil, "7 from sentsim.yaml:1:7"},
	} {
		if got := origin(load(t, c.file, c.environ, c.used), "seed"); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	limits := []string{"SENTSIM_TIME_LIMIT=2m", "SENTSIM_REQUIRE_ALL=1"}
	if r := load(t, "time_limit: 1m\n", limits, nil); r.TimeLimit != 2*time.Minute || !r.RequireAll {
		t.Errorf("limits of the environment: %s, %v", r.TimeLimit, r.RequireAll)
	}
	if r := load(t, "", limits, flags{"time-limit": {"0s"}, "require-all": {"false"}}); r.TimeLimit != 0 || r.RequireAll || origin(r, "time_limit") != "none from flag --time-limit" {
		t.Errorf("limits of flags: %s, %v", r.TimeLimit, r.RequireAll)
	}
	r := load(t, file, env, flags{"knob": {"envelope=legacy", "ack_within=3s"}, "rule": {"ack-3,TPL-1", "SIG-2"}, "strict": {"false"}})
	if got := strings.Join(r.Rules, " "); got != "SIG-2 ACK-3 TPL-1" {
		t.Errorf("a list replaces the one below it: %s", got)
	}
	if r.Strict || r.AckWithin != 3*time.Second || origin(r, "knobs.envelope") != "legacy from flag --knob" ||
		origin(r, "knobs.ack_within") != "3s from flag --knob" {
		t.Errorf("strict %v, ack within %v, envelope %s", r.Strict, r.AckWithin, origin(r, "knobs.envelope"))
	}
	if r = load(t, file, env, flags{"envelope": {"legacy"}, "extended": {"true"}}); r.Knobs.Get("envelope") != "legacy" ||
		origin(r, "knobs.extended") != "true from flag --extended" || !r.Strict {
		t.Errorf("the short flags: %s, %s", origin(r, "knobs.envelope"), origin(r, "knobs.extended"))
	}
}

func TestWholeFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "server"), 0o700); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "sentsim.yaml")
	if err := os.WriteFile(name, []byte(`
target:
  exec: node server.js --port ${PORT}
  dir: server
  path: /hook
  port: 8081
  env: {STATE_FILE: "./${NAME}.db", WORKERS: 4, DEBUG: true, PRICE: "$${5}"}
  ready: {log: 'listening on \d+'}
  start_timeout: 5s
  secret: ${SECRET}
  secret_env: HOOK_SECRET
  arrange:
    method: PUT
    url: /orders?key=${TOKEN}
    body: '{"to":"{to}","api_token":"${TOKEN}"}'
    headers: {X-Key: "${TOKEN}"}
probe:
  message:
    url: /state/messages/{message_id}
    status: $.status
    effects: $.effects
    statuses: {queued: accepted, ROUTED: "null", SENT: 2, READ: null, FAILED: ~}
    channels: [sms, RCS]
  inbound: {exec: "sqlite3 ${DB} {from}", count: "$.count"}
  template:
    url: /state/templates/{template_id}
    status: $.status
  contact: {url: "/c?n={from}", opted_out: "$.o"}
  headers: {Authorization: "Bearer ${TOKEN}"}
settle: 500ms
seed: 42
start: 2025-10-31T10:10:42Z
clock: scaled=60
strict: true
tags: "not @slow"
rules: SIG-1,SIG-2
fail_fast: true
time_limit: 90s
require_all: true
timeout: 10s
headers: {X-Tunnel: "${TOKEN}", a: b}
allow_public_target: ["staging.example.com:443"]
sent_base_url: http://127.0.0.1:8700/
sent_api_key: ${TOKEN}
knobs: {envelope: event, extended: true, retry_count: 5, ack_within: 250ms}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := config.Load(config.Input{
		Flags:   flags{"config": {name}},
		Environ: []string{"NAME=state", "SECRET=" + secret, "TOKEN=opensesame"},
	})
	if err != nil {
		t.Fatal(err)
	}
	spec := r.Target
	if spec.Ready.Log == nil || !spec.Ready.Log.MatchString("listening on 80") {
		t.Errorf("ready log: %v", spec.Ready.Log)
	}
	for _, c := range []struct {
		name      string
		got, want any
	}{
		{"exec", spec.Exec, "node server.js --port ${PORT}"}, // the target fills it in
		{"dir", spec.Dir, filepath.Join(dir, "server")},
		{"path", spec.Path, "/hook"},
		{"port", spec.Port, 8081},
		{"env", spec.Env, map[string]string{"STATE_FILE": "./state.db", "WORKERS": "4", "DEBUG": "true", "PRICE": "${5}"}},
		{"start_timeout", spec.StartTimeout, 5 * time.Second},
		{"secret", r.Secret.Reveal(), secret},
		{"secret_env", r.SecretEnv, "HOOK_SECRET"},
		{"probe", r.Probe, probe.Config{
			Message: &probe.Endpoint{
				URL: "/state/messages/{message_id}", Status: "$.status", Effects: "$.effects",
				Statuses: map[string]string{"queued": "accepted", "ROUTED": "null", "SENT": "2", "READ": "", "FAILED": ""},
				Channels: []string{"sms", "RCS"},
			},
			Inbound:  &probe.Endpoint{Exec: "sqlite3 ${DB} {from}", Count: "$.count"}, // the probe fills it in
			Contact:  &probe.Endpoint{URL: "/c?n={from}", OptedOut: "$.o"},
			Dir:      filepath.Join(dir, "server"),
			Env:      spec.Env,
			Template: &probe.Endpoint{URL: "/state/templates/{template_id}", Status: "$.status"},
			Headers:  map[string]string{"Authorization": "Bearer opensesame"},
		}},
		{"arrange", spec.Arrange, target.Arrange{
			Method: "PUT", URL: "/orders?key=opensesame", Body: `{"to":"{to}","api_token":"opensesame"}`,
			Headers: map[string]string{"X-Key": "opensesame"}, Dir: filepath.Join(dir, "server"),
		}},
		{"time_limit", r.TimeLimit, 90 * time.Second},
		{"require_all", r.RequireAll, true},
		{"settle", r.Settle, 500 * time.Millisecond},
		{"seed", uint64(r.Seed), uint64(42)},
		{"start", r.Start, time.Date(2025, 10, 31, 10, 10, 42, 0, time.UTC)},
		{"clock", r.Clock, "scaled=60"},
		{"strict", r.Strict, true},
		{"tags", r.Tags, "not @slow"},
		{"rules", r.Rules, []string{"SIG-1", "SIG-2"}},
		{"fail_fast", r.FailFast, true},
		{"timeout", r.Timeout, 10 * time.Second},
		{"headers", r.Headers, []delivery.Header{{Name: "a", Value: "b"}, {Name: "X-Tunnel", Value: "opensesame"}}},
		{"allow_public_target", r.AllowPublic, []string{"staging.example.com:443"}},
		{"sent_base_url", r.SentBaseURL, "http://127.0.0.1:8700"},
		{"sent_api_key", r.APIKey, "opensesame"},
		{"envelope", r.Knobs.Get("envelope"), "event"},
		{"extended", r.Knobs.Get("extended"), "true"},
		{"retry_count", r.Knobs.Get("retry_count"), "5"},
		{"ack_within", r.AckWithin, 250 * time.Millisecond},
	} {
		if !reflect.DeepEqual(c.got, c.want) {
			t.Errorf("%s is %#v, want %#v", c.name, c.got, c.want)
		}
	}
	// What `sentsim config` prints.
	if got, want := origin(r, "target.exec"), "node server.js --port ${PORT} from "+name+":3:9"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	for key, want := range map[string]string{
		"probe.message.statuses.queued": "accepted",
		"probe.message.statuses.READ":   "(not kept)",
		"probe.message.channels":        "sms,RCS",
		"probe.contact.opted_out":       "$.o",
		"target.arrange.url":            "/orders?key=***",
		"target.arrange.body":           `{"to":"{to}","api_token":"***"}`,
		"target.arrange.headers.X-Key":  "***",
		"time_limit":                    "1m30s",
		"require_all":                   "true",
	} {
		if got := origin(r, key); !strings.HasPrefix(got, want+" from "+name+":") {
			t.Errorf("%s is %s, want %s", key, got, want)
		}
	}
	for _, v := range r.Values {
		for _, private := range []string{secret, strings.TrimPrefix(secret, "whsec_"), "opensesame"} {
			if strings.Contains(v.Text, private) {
				t.Errorf("%s shows a secret: %s", v.Key, v.Text)
			}
		}
	}
	if got := origin(r, "target.secret"); !strings.HasPrefix(got, "whsec_*** from ") {
		t.Errorf("secret: %s", got)
	}
}

// The example of the documentation must load as it stands.
func TestDocumentedExampleLoads(t *testing.T) {
	t.Parallel()
	r := load(t, `
target:
  url: http://127.0.0.1:8080/webhooks/sent     # one of url: / exec: / image: / dockerfile:
  path: /webhooks/sent                          # of the webhook, where there is no url
  env: {STATE_FILE: ./state.db}                 # for exec, image, dockerfile
  ready: /healthz                               # or {port: 8080} or {log: REGEXP}; polled before the run
  start_timeout: 30s
  secret: ${SENT_DM_WEBHOOK_SECRET}
  secret_env: SENT_DM_WEBHOOK_SECRET
probe:
  message:  {url: "/state/messages/{message_id}", status: "$.status", effects: "$.effects"}
  inbound:  {url: "/state/inbound?from={from}", count: "$.count"}
  template: {url: "/state/templates/{template_id}", status: "$.status", effects: "$.effects"}
  headers: {}
settle: 2s
knobs: {envelope: current, numbers: e164, inbound_shape: classic, extended: false}
`, []string{"SENT_DM_WEBHOOK_SECRET=" + secret}, nil)
	if r.Target.Ready.Path != "/healthz" || r.Probe.Template == nil || r.Embedded {
		t.Errorf("%+v", r.Target)
	}
}

func TestDefaultFileMayBeMissing(t *testing.T) {
	t.Parallel()
	in := with("", nil, nil)
	in.DefaultFile = "sentsim.yaml"
	if r, err := config.Load(in); err != nil || r.File != "" {
		t.Errorf("got %v, %v", r.File, err)
	}
}

func TestCommandInAFileRunsInItsFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := filepath.Join(dir, "ci.yaml")
	if err := os.WriteFile(name, []byte("target: {exec: ./server}\ncacert: ca.pem\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := config.Load(config.Input{Environ: []string{"SENTSIM_CONFIG=" + name}})
	if err != nil {
		t.Fatal(err)
	}
	if r.Target.Dir != dir || r.CACert != filepath.Join(dir, "ca.pem") {
		t.Errorf("dir %q, cacert %q; both should start from %q", r.Target.Dir, r.CACert, dir)
	}
	// A command on the command line runs where sentsim does.
	r, err = config.Load(config.Input{Environ: []string{"SENTSIM_CONFIG=" + name}, Flags: flags{"exec": {"./other"}}})
	if err != nil || r.Target.Dir != "" {
		t.Errorf("dir %q, %v", r.Target.Dir, err)
	}
}

func TestSecretFromStandardInput(t *testing.T) {
	t.Parallel()
	for _, end := range []string{"", "\n", "\r\n"} {
		in := with("", []string{"SENT_DM_WEBHOOK_SECRET=whsec_b3RoZXIgc2VjcmV0"}, flags{"target": {"http://127.0.0.1:1/"}, "secret-stdin": {"true"}})
		in.Stdin = strings.NewReader(secret + end)
		r, err := config.Load(in)
		if err != nil || r.Secret.Reveal() != secret || origin(r, "target.secret") != "whsec_*** from flag --secret-stdin" {
			t.Errorf("ending %q: %v, %s", end, err, origin(r, "target.secret"))
		}
	}
}

func TestFlagNames(t *testing.T) {
	t.Parallel()
	got := config.FlagNames()
	for _, want := range []string{
		"target", "forward-to", "exec", "image", "dockerfile", "embedded", "path", "port", "env", "secret-env", "config",
		"secret", "secret-stdin", "seed", "start", "clock", "envelope", "extended", "knob", "header", "timeout", "cacert",
		"insecure", "wait-for-target", "fail-fast", "strict", "tags", "rule", "allow-public-target",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("--%s is not understood", want)
		}
	}
	if !slices.IsSorted(got) || len(slices.Compact(slices.Clone(got))) != len(got) {
		t.Errorf("not sorted or not unique: %v", got)
	}
}
