package config_test

import (
	"strings"
	"testing"
)

// A hostile or broken file must not take the process down or keep it busy.
func TestFileLimits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, file, want string }{
		{"too large", "tags: " + strings.Repeat("x", 1<<20), "sentsim.yaml:1:1: is larger than"},
		{"too deep", "tags: " + strings.Repeat("[", 40) + strings.Repeat("]", 40), "sentsim.yaml:1:23: is nested too deeply"},
		{"very deep, never closed", strings.Repeat("[", 60000), "sentsim.yaml:"},
		{"very deep in blocks", deepBlocks(300), "is nested too deeply"},
		{"many keys", strings.Repeat("a: 1\n", 12000), "sentsim.yaml:2:1: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			wantError(t, with(c.file, nil, nil), []string{c.want})
		})
	}
}

func deepBlocks(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

func TestValuesHideSecrets(t *testing.T) {
	t.Parallel()
	r := load(t, "target: {exec: 'server --secret "+secret+" --key opensesame', env: {A: opensesame}}\n"+
		"probe: {headers: {Authorization: opensesame}}\nheaders: {X-Token: opensesame}\n",
		[]string{"SENT_DM_API_KEY=opensesame", hasSecret}, nil)
	for _, v := range r.Values {
		if strings.Contains(v.Text, "opensesame") || strings.Contains(v.Text, strings.TrimPrefix(secret, "whsec_")) {
			t.Errorf("%s shows a secret: %s", v.Key, v.Text)
		}
	}
	for key, want := range map[string]string{
		"target.exec":                 "server --secret *** --key *** from sentsim.yaml:1:16",
		"target.env.A":                "*** from sentsim.yaml:1:",
		"probe.headers.Authorization": "*** from sentsim.yaml:2:",
		"headers.X-Token":             "*** from sentsim.yaml:3:",
		"sent_api_key":                "*** from environment SENT_DM_API_KEY",
	} {
		if got := origin(r, key); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s, want %s", key, got, want)
		}
	}
	// Without an API key to look for, headers and variables still show nothing.
	r = load(t, "target: {exec: server, env: {A: opensesame}}\nheaders: {X-Token: opensesame}\n", nil, nil)
	for _, v := range r.Values {
		if strings.Contains(v.Text, "opensesame") {
			t.Errorf("%s shows a secret: %s", v.Key, v.Text)
		}
	}
}

func TestTrust(t *testing.T) {
	t.Parallel()
	r := load(t, "insecure: true\n", []string{hasSecret}, flags{"target": {"https://127.0.0.1:1/"}})
	if !r.Target.TLS.Insecure || !r.Insecure {
		t.Error("the target is not told to trust any certificate")
	}
	// In the file it may stand there for another target.
	if r = load(t, "insecure: true\n", []string{hasSecret}, flags{"target": {"http://127.0.0.1:1/"}}); r.Target.TLS.Insecure {
		t.Error("an http target got a setting for https")
	}
	wantError(t, with("", []string{hasSecret}, flags{"target": {"https://127.0.0.1:1/"}, "cacert": {"no-such.pem"}}), []string{"no-such.pem"})
}
