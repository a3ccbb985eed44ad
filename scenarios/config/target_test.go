package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sentsim/sentsim/scenarios/config"
)

const hasSecret = "SENT_DM_WEBHOOK_SECRET=" + secret

func TestWhichTarget(t *testing.T) {
	t.Parallel()
	const (
		execFile = "target: {exec: node server.js, ready: {log: up}, env: {A: b}, port: 8080}\n"
		urlFile  = "target: {url: 'http://127.0.0.1:1/a', rotate: {exec: ./rotate}, ready: /healthz}\n"
	)
	for _, c := range []struct {
		name    string
		file    string
		environ []string
		used    flags
		want    string
	}{
		{"none", "", nil, nil, "embedded"},
		{"an empty target mapping", "target:\n  # url: x\n", nil, nil, "embedded"},
		{"file", execFile, nil, nil, "exec node server.js"},
		{"environment over file", execFile, []string{"SENTSIM_EXEC=go run ."}, nil, "exec go run ."},
		{"a url in the environment over a command in the file", execFile, []string{"SENTSIM_TARGET=http://127.0.0.1:2/b", hasSecret}, nil, "url http://127.0.0.1:2/b"},
		{"flag over environment", "", []string{"SENTSIM_TARGET=http://127.0.0.1:2/b"}, flags{"exec": {"go run ."}}, "exec go run ."},
		{"flag over both", urlFile, []string{"SENTSIM_EXEC=x"}, flags{"target": {"http://127.0.0.1:3/c"}, "secret": {secret}}, "url http://127.0.0.1:3/c"},
		{"a command over a url with hooks", urlFile, nil, flags{"exec": {"go run ."}}, "exec go run ."},
		{"embedded over all", urlFile, []string{"SENTSIM_EXEC=x"}, flags{"embedded": {"true"}}, "embedded"},
		{"embedded=false is no target", execFile, nil, flags{"embedded": {"false"}}, "exec node server.js"},
		{"a container in the file below a flag", "target: {image: a}\n", nil, flags{"exec": {"x"}}, "exec x"},
		{"an image in the file", "target: {image: 'a:1', env: {A: b}, ready: {log: up}}\n", nil, nil, "image a:1"},
		{"an image in the environment", execFile, []string{"SENTSIM_IMAGE=a:1"}, nil, "image a:1"},
		{"--image over the environment", "", []string{"SENTSIM_IMAGE=a:1"}, flags{"image": {"b:2"}}, "image b:2"},
		{"a Dockerfile in the environment", "", []string{"SENTSIM_DOCKERFILE=testdata/Dockerfile"}, nil, "dockerfile testdata/Dockerfile"},
		{"--forward-to", "", []string{hasSecret}, flags{"forward-to": {"http://localhost:3000/"}}, "url http://localhost:3000/"},
		{"CI with a target", "", []string{"CI=true", "SENTSIM_EXEC=x"}, nil, "exec x"},
		{"CI with --embedded", "", []string{"CI=true"}, flags{"embedded": {"true"}}, "embedded"},
		{"CI switched off", "", []string{"CI=false"}, nil, "embedded"},
		{"CI 0", "", []string{"CI=0"}, nil, "embedded"},
		{"CI empty", "", []string{"CI="}, nil, "embedded"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := load(t, c.file, c.environ, c.used)
			var got []string
			if r.Embedded {
				got = append(got, "embedded")
			}
			if r.Target.URL != "" {
				got = append(got, "url "+r.Target.URL)
			}
			if r.Target.Exec != "" {
				got = append(got, "exec "+r.Target.Exec)
			}
			if r.Target.Image != "" {
				got = append(got, "image "+r.Target.Image)
			}
			if r.Target.Dockerfile != "" {
				got = append(got, "dockerfile "+r.Target.Dockerfile)
			}
			if strings.Join(got, " and ") != c.want {
				t.Errorf("the target is %v, want %s", got, c.want)
			}
		})
	}
}

// What the file says about its own target must not follow another one.
func TestReplacedTargetLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	r := load(t, "target: {exec: node server.js, ready: {log: up}, env: {A: b}, port: 8080}\n", []string{hasSecret},
		flags{"target": {"http://127.0.0.1:1/"}})
	if r.Target.Ready.Log != nil || r.Target.Env != nil || r.Target.Port != 0 {
		t.Errorf("left behind: %+v", r.Target)
	}
	r = load(t, "target: {url: 'http://127.0.0.1:1/', restart: {exec: ./r}, ready: /healthz, secret: "+secret+"}\n", nil,
		flags{"exec": {"go run ."}})
	if r.Target.RestartHook.Exec != "" || r.Target.Ready.Path != "" {
		t.Errorf("left behind: %+v", r.Target)
	}
}

// A container gets the file's environment; the port that a process was given
// there says nothing about where its image listens.
func TestContainerSettings(t *testing.T) {
	t.Parallel()
	const execFile = "target: {exec: node server.js, env: {A: b}, port: 3000, path: /in}\n"
	r := load(t, execFile, nil, flags{"image": {"a:1"}})
	if r.Target.Env["A"] != "b" || r.Target.Port != 0 || r.Target.Path != "/in" {
		t.Errorf("%+v", r.Target)
	}
	r = load(t, "target: {image: 'a:1', port: 9000, ready: {log: up}, start_timeout: 5s}\n", nil, flags{"env": {"A=b"}, "secret-env": {"KEY"}})
	if r.Target.Env["A"] != "b" || r.Target.Port != 9000 || r.Target.Ready.Log == nil || r.SecretEnv != "KEY" {
		t.Errorf("%+v", r.Target)
	}
	r = load(t, "target: {image: 'a:1', ready: {log: up}, start_timeout: 5s}\n", nil, flags{"ready": {"/healthz"}, "start-timeout": {"7s"}})
	if r.Target.Ready.Path != "/healthz" || r.Target.Ready.Log != nil || r.Target.StartTimeout != 7*time.Second {
		t.Errorf("the flags' readiness does not replace the file's: %+v", r.Target)
	}
	if r = load(t, "target: {image: 'a:1', port: 9000}\n", nil, flags{"port": {"9001"}}); r.Target.Port != 9001 {
		t.Errorf("port %d, want that of the flag", r.Target.Port)
	}
}

func TestTargetErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		file    string
		environ []string
		used    flags
		want    []string
	}{
		{"CI without a target", "", []string{"CI=true"}, nil, []string{"no target is given", "--target URL", "--embedded"}},
		{"CI=1", "", []string{"CI=1"}, nil, []string{"no target is given"}},
		{
			"two in the file", "target:\n  url: http://127.0.0.1:1/\n  exec: x\n", nil, nil,
			[]string{"2 targets are given", "sentsim.yaml:2:8 (url)", "sentsim.yaml:3:9 (exec)"},
		},
		{"a container beside another", "target:\n  exec: x\n  image: y\n", nil, nil, []string{"sentsim.yaml:2:9 (exec)", "sentsim.yaml:3:10 (image)"}},
		{"two in the environment", "", []string{"SENTSIM_TARGET=http://a/", "SENTSIM_EXEC=x"}, nil, []string{"environment SENTSIM_TARGET (url)", "environment SENTSIM_EXEC (exec)"}},
		{"two flags", "", nil, flags{"target": {"http://a/"}, "embedded": {"true"}}, []string{"flag --target (url) and flag --embedded (embedded)"}},
		{"two names of one flag", "", nil, flags{"target": {"http://a/"}, "forward-to": {"http://b/"}}, []string{"flag --target (url) and flag --forward-to (url)"}},
		{"an empty flag", "", nil, flags{"target": {""}}, []string{"flag --target: is given but empty"}},
		{"a blank flag", "", nil, flags{"exec": {" "}}, []string{"flag --exec: is given but empty"}},
		{"an empty flag beside a good file", "target: {exec: x}", nil, flags{"target": {""}}, []string{"flag --target: is given but empty"}},
		{"an empty variable", "", []string{"SENTSIM_TARGET="}, nil, []string{"environment SENTSIM_TARGET: is set but empty"}},
		{"an empty variable below a flag", "", []string{"SENTSIM_EXEC=", hasSecret}, flags{"target": {"http://a/"}}, []string{"environment SENTSIM_EXEC: is set but empty"}},
		{"an empty key", "target:\n  url: ''\n", nil, nil, []string{"sentsim.yaml:2:8: target.url: is given but empty"}},
		{"a key without value", "target:\n  exec:\n", nil, nil, []string{"sentsim.yaml:2:3: target.exec: is given but empty"}},
		{"a key that expands to nothing", "target:\n  url: ${U}\n", []string{"U="}, nil, []string{"sentsim.yaml:2:8: target.url: is given but empty"}},
		{"a variable with a typing error", "", []string{"SENTSIM_TRAGET=http://127.0.0.1:1"}, nil, []string{"environment SENTSIM_TRAGET: is not a setting", "SENTSIM_TARGET"}},
		{"an empty config flag", "", nil, flags{"config": {""}}, []string{"flag --config: is given but empty"}},
		{"a config that is not there", "", nil, flags{"config": {"no.yaml"}}, []string{"flag --config: there is no file no.yaml"}},
		{"image in the file", "target:\n  image: a b\n", nil, nil, []string{"sentsim.yaml:2:10: target.image: \"a b\" is not the name of an image"}},
		{"--dockerfile", "", nil, flags{"dockerfile": {"."}}, []string{"flag --dockerfile: . has no Dockerfile in it"}},
		{"SENTSIM_IMAGE", "", []string{"SENTSIM_IMAGE=-v"}, nil, []string{"environment SENTSIM_IMAGE: \"-v\" is not the name of an image"}},
		{"SENTSIM_DOCKERFILE is empty", "", []string{"SENTSIM_DOCKERFILE="}, nil, []string{"environment SENTSIM_DOCKERFILE: is set but empty"}},
		{"an image and a Dockerfile", "", nil, flags{"image": {"a"}, "dockerfile": {"."}}, []string{"2 targets are given"}},
		{
			"a url without a secret", "", nil,
			flags{"target": {"http://a/"}},
			[]string{"flag --target: the target runs already", "--secret whsec_", "--secret-stdin", "SENT_DM_WEBHOOK_SECRET", "target.secret"},
		},
		{"a url with an empty secret variable", "", []string{"SENT_DM_WEBHOOK_SECRET="}, flags{"target": {"http://a/"}}, []string{"(which is set, but empty)"}},
		{"a url without a scheme", "", []string{hasSecret}, flags{"target": {"example.com/x"}}, []string{"flag --target: ", "http://example.com/x"}},
		{"a bad url in the file", "target:\n  url: ftp://a/\n", []string{hasSecret}, nil, []string{"sentsim.yaml:2:8: target.url: "}},
		{"a command that does not end", "target:\n  exec: 'node \"server'\n", nil, nil, []string{"sentsim.yaml:2:9: target.exec: "}},
		{"--path with a url", "", []string{hasSecret}, flags{"target": {"http://a/"}, "path": {"/x"}}, []string{"flag --path: is for a receiver that sentsim starts"}},
		{"--env with a url", "", []string{hasSecret}, flags{"target": {"http://a/"}, "env": {"A=b"}}, []string{"flag --env: is for a receiver that sentsim starts"}},
		{"--insecure with http", "", []string{hasSecret}, flags{"target": {"http://a/"}, "insecure": {"true"}}, []string{"flag --insecure: is for a target at an https:// URL"}},
		{"hooks for a command", "target:\n  exec: x\n  restart: {exec: y}\n", nil, nil, []string{"sentsim.yaml:3:19: target.restart: "}},
		{"a folder that is not there", "target:\n  exec: x\n  dir: nowhere\n", nil, nil, []string{"sentsim.yaml:3:8: target.dir: "}},
		{"a bad path", "target:\n  exec: x\n  path: hook\n", nil, nil, []string{"sentsim.yaml:3:9: target.path: "}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			wantError(t, with(c.file, c.environ, c.used), c.want)
		})
	}
}

// wantError fails unless loading fails with all of want, and without the secret.
func wantError(t *testing.T, in config.Input, want []string) {
	t.Helper()
	_, err := config.Load(in)
	if err == nil {
		t.Fatal("it loads")
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("the error lacks %q: %v", w, err)
		}
	}
	for _, private := range []string{secret, strings.TrimPrefix(secret, "whsec_"), "opensesame"} {
		if strings.Contains(err.Error(), private) {
			t.Errorf("the error shows a secret: %v", err)
		}
	}
}
