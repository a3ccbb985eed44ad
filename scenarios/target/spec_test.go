package target

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

func nothing(Env) (http.Handler, func() error, error) { return http.NotFoundHandler(), nil, nil }

func TestSpecsThatAreRefused(t *testing.T) {
	for _, tt := range []struct {
		name string
		spec Spec
		want []string
	}{
		{"nothing", Spec{}, []string{"no target", "--target", "--exec"}},
		{"two", Spec{URL: "http://h", Exec: "x"}, []string{"2 targets", "url and exec"}},
		{"three", Spec{URL: "http://h", Exec: "x", Handler: nothing}, []string{"3 targets"}},
		{"no scheme", Spec{URL: "example.com/hook"}, []string{"target.url", "scheme is missing", "http://example.com/hook"}},
		{"a port that is none", Spec{URL: "localhost:80800/hook"}, []string{"scheme is missing"}},
		{"a path", Spec{URL: "/webhooks/sent"}, []string{"without a host"}},
		{"blanks", Spec{URL: " http://h"}, []string{"blanks"}},
		{"no host", Spec{URL: "http:///x"}, []string{"host is missing"}},
		{"another scheme", Spec{URL: "ws://h/x"}, []string{`scheme is "ws"`}},
		{"a password", Spec{URL: "http://me:hidden@h/x"}, []string{"user in the URL", "--header"}},
		{"a password without scheme", Spec{URL: "me:hidden@h/x"}, []string{"scheme is missing"}},
		{"a password in a broken URL", Spec{URL: "http://me:hidden@h:x/"}, []string{"is not a URL"}},
		{"port 0", Spec{URL: "http://h:0/"}, []string{"0 is not a port"}},
		{"a large port", Spec{URL: "http://h:70000/"}, []string{"70000 is not a port"}},
		{"path", Spec{Exec: "x", Path: "hook"}, []string{"target.path", "hook"}},
		{"port", Spec{Exec: "x", Port: -1}, []string{"target.port"}},
		{"PORT twice", Spec{Exec: "PORT=1 x", Port: 2}, []string{"target.port", "PORT=1"}},
		{"PORT of text", Spec{Exec: "x", Env: map[string]string{"PORT": "http"}}, []string{"PORT=http"}},
		{"command", Spec{Exec: "x 'y"}, []string{"target.exec", "never closed"}},
		{"dir", Spec{Exec: "x", Dir: "no/such"}, []string{"target.dir", "no/such"}},
		{"dir of a url", Spec{URL: "http://h", Dir: "."}, []string{"target.dir"}},
		{"env of a url", Spec{URL: "http://h", Env: map[string]string{"A": "b"}}, []string{"target.env"}},
		{"env name", Spec{Exec: "x", Env: map[string]string{"A=": "b"}}, []string{"target.env", `"A="`}},
		{"ready path", Spec{Exec: "x", Ready: Ready{Path: "healthz"}}, []string{"target.ready", "/healthz"}},
		{"ready twice", Spec{Exec: "x", Ready: Ready{Path: "/h", Port: 1}}, []string{"target.ready", "one of"}},
		{"ready port", Spec{Exec: "x", Ready: Ready{Port: 70000}}, []string{"target.ready.port"}},
		{"log of a url", Spec{URL: "http://h", Ready: Ready{Log: regexp.MustCompile("x")}}, []string{"target.ready.log"}},
		{"negative time", Spec{Exec: "x", StartTimeout: -1}, []string{"start_timeout"}},
		{"rotate of exec", Spec{Exec: "x", Rotate: Hook{Exec: "y"}}, []string{"target.rotate", "url target"}},
		{"restart of handler", Spec{Handler: nothing, RestartHook: Hook{Exec: "y"}}, []string{"target.restart"}},
		{"two hooks in one", Spec{URL: "http://h", Rotate: Hook{Exec: "y", URL: "http://h"}}, []string{"target.rotate", "one of them"}},
		{"hook command", Spec{URL: "http://h", Rotate: Hook{Exec: `y "`}}, []string{"target.rotate.exec", "never closed"}},
		{"hook URL", Spec{URL: "http://h", RestartHook: Hook{URL: "h/restart"}}, []string{"target.restart.url", "scheme is missing"}},
		{"CA of http", Spec{URL: "http://h", TLS: TLS{CACert: "x"}}, []string{"https://"}},
		{"CA that is none", Spec{URL: "https://h", TLS: TLS{CACert: "spec_test.go"}}, []string{"--cacert", "PEM"}},
		{"CA that is not there", Spec{URL: "https://h", TLS: TLS{CACert: "no-such.pem"}}, []string{"--cacert", "no-such.pem"}},
		// Nothing in this test binary imports package container.
		{"image without containers", Spec{Image: "x"}, []string{"target.image: ", `add import _ "github.com/sentsim/sentsim/scenarios/target/container"`}},
		{"Dockerfile without containers", Spec{Dockerfile: "."}, []string{"target.dockerfile: ", `add import _ "github.com/sentsim/sentsim/scenarios/target/container"`}},
		{"CA of exec", Spec{Exec: "x", TLS: TLS{Insecure: true}}, []string{"--insecure"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := New(tt.spec)
			says(t, err, tt.want...)
			if strings.Contains(err.Error(), "hidden") {
				t.Errorf("error %q prints a password", err)
			}
		})
	}
	_, err := New(Spec{Exec: "x", Port: -1, Path: "p", Dir: "no/such"})
	for _, key := range []string{"target.port", "target.path", "target.dir"} {
		if err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("not all problems at once: %v", err)
		}
	}
	if _, err := New(Spec{URL: "http://h", Path: "/ignored", Port: 80}); err != nil {
		t.Errorf("path and port of a URL are ignored, but: %v", err)
	}
}

func TestEnvsThatAreRefused(t *testing.T) {
	for _, env := range []Env{{SecretEnv: "A B"}, {SecretEnv: "A=B"}, {Extra: []string{"A"}}, {Extra: []string{"=x"}}} {
		if err := mustNew(t, receiver(t, "127.0.0.1")).Start(t.Context(), env); err == nil {
			t.Errorf("%+v: no error", env)
		}
	}
}
