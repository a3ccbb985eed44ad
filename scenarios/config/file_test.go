package config_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/sentsim/sentsim/scenarios/config"
)

func TestFileErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		file string
		want []string
	}{
		{"an unknown key", "target:\n  ulr: http://a/\n", []string{`sentsim.yaml:2:3: unknown key "ulr" under target, did you mean "url"?`}},
		{"an unknown key at the top", "setle: 2s\n", []string{`sentsim.yaml:1:1: unknown key "setle", did you mean "settle"?`}},
		{"a key like nothing", "colour: red\n", []string{`unknown key "colour": known are target, probe, settle`}},
		{"a key that is a flag only", "target: {embedded: true}\n", []string{`unknown key "embedded" under target`}},
		{"an unknown key in flow style", "probe: {message: {url: /a/{message_id}, stat: x}}\n", []string{"sentsim.yaml:1:"}},
		{"an unknown key three deep", "probe:\n  message:\n    stauts: $.s\n", []string{`sentsim.yaml:3:5: unknown key "stauts" under probe.message, did you mean "status"?`}},
		{"a key twice", "seed: 1\nseed: 2\n", []string{"sentsim.yaml:2:1: ", "seed"}},
		{"not YAML", "target: {url: [\n", []string{"sentsim.yaml:1:"}},
		{"a tab", "target:\n\turl: x\n", []string{`sentsim.yaml:2:1: found character '\t' that cannot start any token; indent with spaces`}},
		{"a list at the top", "- a\n- b\n", []string{"sentsim.yaml:1:1: is a list, and a config file is a mapping"}},
		{"text at the top", "just words\n", []string{"sentsim.yaml:1:1: is text"}},
		{"two documents", "seed: 1\n---\nseed: 2\n", []string{"sentsim.yaml:3:1: a second document"}},
		{"an anchor", "seed: &a 1\n", []string{"sentsim.yaml:1:7: anchors"}},
		{"a tag", "seed: !!int 1\n", []string{"sentsim.yaml:1:7: tags"}},
		{"text for a mapping", "target: http://a/\n", []string{"sentsim.yaml:1:9: target: must be a mapping, and is text"}},
		{"a mapping for text", "tags: {a: b}\n", []string{"sentsim.yaml:1:7: tags: must be text, and is a mapping"}},
		{"a list for text", "target:\n  exec: [node, server.js]\n", []string{"sentsim.yaml:2:9: target.exec: must be text, and is a list"}},
		{"a number for text", "tags: 12\n", []string{"sentsim.yaml:1:7: tags: must be text, and is a number; put it in quotes"}},
		{"text for a number", "target:\n  exec: x\n  port: high\n", []string{"sentsim.yaml:3:9: target.port: must be a whole number, and is text"}},
		{"a port out of range", "target:\n  exec: x\n  port: 70000\n", []string{`sentsim.yaml:3:9: target.port: "70000" is not a port`}},
		{"a fraction for a seed", "seed: 1.5\n", []string{"sentsim.yaml:1:7: seed"}},
		{"text for a switch", "strict: 'maybe'\n", []string{"sentsim.yaml:1:9: strict: must be true or false, and is text"}},
		{"a duration without unit", "settle: 2\n", []string{"sentsim.yaml:1:9: settle: 2 has no unit: write 2s or 2ms"}},
		{"a bad duration", "settle: soon\n", []string{`sentsim.yaml:1:9: settle: "soon" is not a duration`}},
		{"a negative duration", "settle: -2s\n", []string{"sentsim.yaml:1:9: settle: -2s is out of range"}},
		{"a bad regexp", "target:\n  exec: x\n  ready: {log: '('}\n", []string{"sentsim.yaml:3:16: target.ready.log: "}},
		{"an unknown way to be ready", "target:\n  exec: x\n  ready: {file: a}\n", []string{`sentsim.yaml:3:11: unknown key "file" under target.ready`}},
		{"an unknown knob", "knobs:\n  envelop: event\n", []string{`sentsim.yaml:2:12: knobs.envelop: unknown knob "envelop", did you mean "envelope"?`}},
		{"a bad knob", "knobs:\n  envelope: big\n", []string{`sentsim.yaml:2:13: knobs.envelope: "big" is not accepted`, "legacy"}},
		{"a knob without value", "knobs:\n  envelope:\n", []string{"sentsim.yaml:2:3: knobs: must be a mapping of names to plain values, and is nothing"}},
		{"a duration that is too long", "settle: 999999999999h\n", []string{`sentsim.yaml:1:9: settle: 999999999999h is out of range (0s to 24h0m0s)`}},
		{"an ack_within out of range", "knobs: {ack_within: -1s}\n", []string{`sentsim.yaml:1:21: knobs.ack_within: -1s is out of range`}},
		{"a bad ack_within", "knobs: {ack_within: 1}\n", []string{`sentsim.yaml:1:21: knobs.ack_within: "1" is not a duration`}},
		{"an unknown rule", "rules: [SIG-1, SIG-99]\n", []string{"sentsim.yaml:1:16: rules: unknown rule \"SIG-99\""}},
		{"a bad clock", "clock: fast\n", []string{`sentsim.yaml:1:8: clock: unknown clock "fast"`}},
		{"a bad start", "start: today\n", []string{`sentsim.yaml:1:8: start: "today" is not a time`}},
		{"a variable that is not set", "target:\n  secret: ${NOT_SET}\n", []string{"sentsim.yaml:2:11: target.secret: the environment has no variable NOT_SET"}},
		{"a variable that never ends", "tags: ${TAGS\n", []string{"sentsim.yaml:1:7: tags: a ${ is never closed"}},
		{"no variable at all", "tags: ${1-2}\n", []string{"sentsim.yaml:1:7: tags: ${1-2} is not the name of a variable"}},
		{"a bad secret", "target: {exec: x, secret: opensesame}\n", []string{"sentsim.yaml:1:27: target.secret: signing secret: it does not start with whsec_"}},
		{"a probe without a path", "probe:\n  message: {url: /state, status: $.s}\n", []string{"sentsim.yaml:2:18: probe.message.url: "}},
		{"a probe with nothing to read", "probe:\n  inbound: {url: '/state?from={from}'}\n", []string{"sentsim.yaml:2:18: probe.inbound.count: "}},
		{"a bad JSONPath", "probe:\n  message:\n    url: /s/{message_id}\n    status: status\n", []string{"sentsim.yaml:4:13: probe.message.status: "}},
		{"a signature header", "headers: {x-webhook-id: a}\n", []string{"headers.x-webhook-id: X-Webhook-ID is set by sentsim itself"}},
		{"a header with a line feed", "headers: {a: \"opensesame\\n\"}\n", []string{"headers.a: the value of a has a control character"}},
		{"a public target without port", "allow_public_target: [example.com]\n", []string{`allow_public_target: "example.com" is not HOST:PORT`}},
		{"several at once", "seed: x\nsettle: y\nfoo: z\n", []string{"1:7: seed", "3:1: unknown key"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			wantError(t, with(c.file, nil, nil), c.want)
		})
	}
}

func TestFlagAndVariableErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		environ []string
		used    flags
		want    []string
	}{
		{"seed", nil, flags{"seed": {"x"}}, []string{`flag --seed: seed "x"`}},
		{"SENTSIM_SEED", []string{"SENTSIM_SEED=-1"}, nil, []string{"environment SENTSIM_SEED: "}},
		{"SENTSIM_STRICT", []string{"SENTSIM_STRICT=maybe"}, nil, []string{`environment SENTSIM_STRICT: "maybe" is neither true nor false`}},
		{"knob without value", nil, flags{"knob": {"envelope"}}, []string{"flag --knob: is not of the form NAME=VALUE"}},
		{"unknown knob", nil, flags{"knob": {"a=b", "c=d"}}, []string{"flag --knob: "}},
		{"header without value", nil, flags{"header": {"opensesame"}}, []string{"flag --header: is not of the form 'NAME: VALUE'"}},
		{"two secrets", nil, flags{"secret": {secret}, "secret-stdin": {"true"}, "exec": {"x"}}, []string{"--secret and --secret-stdin"}},
		{"an empty standard input", nil, flags{"secret-stdin": {"true"}, "exec": {"x"}}, []string{"flag --secret-stdin: signing secret: it is empty"}},
		{"an empty secret", nil, flags{"secret": {""}, "exec": {"x"}}, []string{"flag --secret: signing secret: it is empty"}},
		{"a url-safe secret", []string{"SENT_DM_WEBHOOK_SECRET=whsec_opensesame-_-_"}, nil, []string{"environment SENT_DM_WEBHOOK_SECRET: signing secret: the URL-safe alphabet"}},
		{"trust all and one", []string{hasSecret}, flags{"target": {"https://a/"}, "cacert": {"x"}, "insecure": {"true"}}, []string{"use one of them"}},
		{"secret env", nil, flags{"secret-env": {"A B"}, "exec": {"x"}}, []string{`flag --secret-env: "A B" cannot be the name of a variable`}},
		{"base url", []string{"SENT_BASE_URL=api.sent.dm"}, nil, []string{"environment SENT_BASE_URL: is not an absolute"}},
		{"a mistyped knob of ours", nil, flags{"knob": {"ack-withn=1s"}}, []string{`flag --knob: unknown knob "ack-withn", did you mean "ack_within"?`}},
		{"a bad knob", nil, flags{"knob": {"retry_count=9"}}, []string{`flag --knob: knob retry_count: "9" is not accepted`}},
		{"no rule", nil, flags{"rule": {""}}, []string{"flag --rule: unknown rule"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			wantError(t, with("", c.environ, c.used), c.want)
		})
	}
}

func TestVariables(t *testing.T) {
	t.Parallel()
	environ := []string{"A=1", "EMPTY=", "NESTED=${A}", "SEED=9", "ON=true", "WAIT=3s"}
	for text, want := range map[string]string{
		"plain":        "plain",
		"${A}":         "1",
		"<${A}${A}>":   "<11>",
		"$A $ {A} $":   "$A $ {A} $",
		"$${A}":        "${A}",
		"$${A} ${A}":   "${A} 1",
		"$$${A}":       "$${A}",
		"x${EMPTY}y":   "xy",
		"${NESTED}":    "${A}", // once is enough: a value is not a program
		"multi\nline$": "multi\nline$",
	} {
		r := load(t, "tags: \""+strings.ReplaceAll(text, "\n", "\\n")+"\"\n", environ, nil)
		if r.Tags != want {
			t.Errorf("%q becomes %q, want %q", text, r.Tags, want)
		}
	}
	r := load(t, "seed: ${SEED}\nstrict: ${ON}\nsettle: ${WAIT}\n", environ, nil)
	if r.Seed != 9 || !r.Strict || r.Settle.String() != "3s" {
		t.Errorf("numbers, switches and durations: %v %v %v", r.Seed, r.Strict, r.Settle)
	}
}

func TestTemplate(t *testing.T) {
	t.Parallel()
	r := load(t, config.Template(), nil, nil)
	defaults := load(t, "", nil, nil)
	for i, v := range r.Values {
		if d := defaults.Values[i]; v.Key != d.Key || v.Text != d.Text {
			t.Errorf("the template changes %s from %q to %q", d.Key, d.Text, v.Text)
		}
	}
	// Each commented example must be right too, one kind of target at a time.
	comment := regexp.MustCompile(`(?m)^( *)# ([a-z_]+: +\S.*)$`)
	for kind, leave := range map[string]string{
		"exec":  `^(url|image|dockerfile|rotate|restart|dir|cacert)$`,
		"url":   `^(exec|image|dockerfile|dir|path|port|env|secret_env|cacert)$`,
		"image": `^(url|exec|dockerfile|rotate|restart|dir|cacert)$`,
	} {
		skip := regexp.MustCompile(leave)
		file := comment.ReplaceAllStringFunc(config.Template(), func(line string) string {
			m := comment.FindStringSubmatch(line)
			if key, _, _ := strings.Cut(m[2], ":"); skip.MatchString(key) {
				return line
			}
			return m[1] + m[2]
		})
		r := load(t, file, []string{hasSecret, "STATE_TOKEN=a", "TUNNEL_TOKEN=b"}, nil)
		if r.Probe.Message == nil || len(r.Rules) == 0 || len(r.Headers) != 1 || r.Embedded {
			t.Errorf("%s: the commented examples were not read: %+v", kind, r.Config)
		}
	}
}

// Every key of the file is in the template, or nobody would find it.
func TestTemplateNamesEveryKey(t *testing.T) {
	t.Parallel()
	_, err := config.Load(with("zzzzzz: 1\ntarget: {zzzzzz: 1}\nprobe: {zzzzzz: 1}\n", nil, nil))
	if err == nil {
		t.Fatal("an unknown key was taken")
	}
	for _, known := range regexp.MustCompile(`known are ([a-z_, ]+)`).FindAllStringSubmatch(err.Error(), -1) {
		for key := range strings.SplitSeq(known[1], ", ") {
			switch key {
			case "start", "sent_base_url", "sent_api_key": // for a single run: flags and variables
			default:
				if !strings.Contains(config.Template(), key+":") {
					t.Errorf("the template does not mention %s", key)
				}
			}
		}
	}
}

// FuzzFile: whatever is in a config file, loading it ends, and an error says
// where and keeps what it read to itself.
func FuzzFile(f *testing.F) {
	f.Add(config.Template())
	for _, seed := range []string{
		"", "---\n", "# nothing\n", "target:\n  url: http://a/\n  secret: " + secret, "a: &b c\nd: *b\n", "<<: {a: b}\n",
		"knobs: {envelope: event}\n", "? a\n: b\n", "target: |\n  text\n", "seed: 0x1F\n", "seed: .inf\n", "\ufeffseed: 1\n",
		"rules: [SIG, [ACK]]\n", "settle: 1e3\n", "{}", "[]", "seed: 1\n---\nseed: 2\n", "tags: \"${A}$${B}${\"\n", "a:\n\t- b", "!!map {}", "%YAML 1.2\n---\nseed: 1\n",
	} {
		f.Add(seed)
	}
	at := regexp.MustCompile(`^(sentsim\.yaml:\d+:\d+: |[2-4] targets are given|no target)`)
	f.Fuzz(func(t *testing.T, file string) {
		_, err := config.Load(with(file, []string{"A=opensesame", "SENT_DM_WEBHOOK_SECRET=" + secret}, nil))
		if err == nil {
			return
		}
		for line := range strings.SplitSeq(err.Error(), "\nsentsim.yaml:") {
			if !at.MatchString(line) && !at.MatchString("sentsim.yaml:"+line) {
				t.Errorf("no place: %q", line)
			}
		}
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the secret is shown: %v", err)
		}
	})
}
