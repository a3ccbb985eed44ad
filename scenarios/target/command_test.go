package target

import (
	"slices"
	"strings"
	"testing"
)

func TestParseCommand(t *testing.T) {
	getenv := func(name string) string { return map[string]string{"PORT": "8080", "TWO": "a b"}[name] }
	for _, tt := range []struct {
		line string
		env  []string
		args []string
	}{
		{"node server.js", nil, []string{"node", "server.js"}},
		{"  A=1 B='two words' npm  start ", []string{"A=1", "B=two words"}, []string{"npm", "start"}},
		{`sh -c 'exec node server.js --port $PORT'`, nil, []string{"sh", "-c", "exec node server.js --port $PORT"}},
		{`a --port=$PORT "${TWO}" $TWO C=3`, nil, []string{"a", "--port=8080", "a b", "a", "b", "C=3"}},
		{`a "it's" 'say "x"' \'`, nil, []string{"a", "it's", `say "x"`, "'"}},
	} {
		c, err := parseCommand(tt.line, getenv)
		if err != nil || !slices.Equal(c.env, tt.env) || !slices.Equal(c.args, tt.args) {
			t.Errorf("%s: got %q %q, %v", tt.line, c.env, c.args, err)
		}
	}
	for line, want := range map[string]string{
		`node 'server.js`:      `the ' at character 6 is never closed`,
		`node "it's`:           `the " at character 6 is never closed`,
		`é 'x`:                 `the ' at character 3 is never closed`,
		"node `x":              "the ` at character 6 is never closed",
		`node \`:               `backslash`,
		`a && b`:               `sh -c`,
		`a | b`:                `what only a shell understands`,
		`a > log 2>&1`:         `what only a shell understands`,
		`(a)`:                  `( or ) is not quoted`,
		``:                     `there is no program`,
		`A=1`:                  `there is no program`,
		`; a`:                  `what only a shell understands`,
		`whsec_c2VjcmV0 'open`: `never closed`,
	} {
		_, err := parseCommand(line, getenv)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v does not say %q", line, err, want)
		}
	}
}

func FuzzParseCommand(f *testing.F) {
	for _, line := range []string{`a 'b c' "$D" \e`, "A=1 x", "`a", `a "b`, "a & b", "$(x)", "(", "é'"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		c, err := parseCommand(line, noEnv)
		if err == nil && len(c.args) == 0 {
			t.Errorf("%q: no program, no error", line)
		}
	})
}

func TestNamesHaveNoSecrets(t *testing.T) {
	for spec, want := range map[string]string{
		"KEY=hidden node s.js --secret whsec_aGlkZGVu":   "exec: node s.js --secret whsec_***",
		`node s.js --secret "$SENT_DM_WEBHOOK_SECRET" x`: "exec: node s.js --secret $SENT_DM_WEBHOOK_SECRET x",
	} {
		tg, err := New(Spec{Exec: spec})
		if err != nil || tg.Name() != want {
			t.Errorf("%s: name %q, %v, want %q", spec, tg.Name(), err, want)
		}
	}
	tg, err := New(Spec{URL: "http://127.0.0.1:1/hook?token=hidden"})
	if err != nil || tg.Name() != "http://127.0.0.1:1/hook?…" || !strings.HasSuffix(tg.URL(), "?token=hidden") {
		t.Errorf("name %q, URL %q, %v", tg.Name(), tg.URL(), err)
	}
}
