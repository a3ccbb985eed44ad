package target

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sentsim/sentsim/scenarios/target/internal/reach"
)

func receiver(t *testing.T, mode string) Spec {
	t.Helper()
	return Spec{Exec: "RECEIVER=" + mode + " '" + self(t) + "'"}
}

// fetch asks a target for path.
func fetch(t *testing.T, tg Target, path string) (string, error) {
	t.Helper()
	u, err := url.Parse(tg.URL())
	if err != nil {
		t.Fatal(err)
	}
	u.Path = path
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}

func environOf(t *testing.T, tg Target) []string {
	t.Helper()
	body, err := fetch(t, tg, "/env")
	if err != nil {
		t.Fatal(err)
	}
	var env []string
	if err := json.Unmarshal([]byte(body), &env); err != nil {
		t.Fatal(err)
	}
	return env
}

func TestAProcessIsStartedRestartedAndStopped(t *testing.T) {
	tg := mustStart(t, receiver(t, "127.0.0.1"), Env{Secret: secret(t)})
	first := tg.URL()
	if !strings.HasSuffix(first, "/webhooks/sent") || !tg.Alive(t.Context()) || !tg.CanRestart() || !tg.CanRotate() {
		t.Errorf("URL %s, alive %v", first, tg.Alive(t.Context()))
	}
	if err := tg.Start(t.Context(), Env{}); err == nil {
		t.Error("started twice")
	}
	if err := tg.Restart(t.Context(), Env{Secret: otherSecret(t), SecretEnv: "HOOK_KEY"}); err != nil {
		t.Fatal(err)
	}
	if tg.URL() != first {
		t.Errorf("URL %s after the restart, %s before", tg.URL(), first)
	}
	if env := environOf(t, tg); lookup(env)("HOOK_KEY") != otherSecret(t).Reveal() || lookup(env)("SENT_DM_WEBHOOK_SECRET") != "" {
		t.Error("the restarted process has not got the new secret, and only it")
	}
	for range 2 {
		if err := tg.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if tg.Alive(t.Context()) {
		t.Error("alive after Close")
	}
	if _, err := fetch(t, tg, "/healthz"); err == nil {
		t.Error("answers after Close")
	}
}

func TestTheEnvironmentOfAProcess(t *testing.T) {
	t.Setenv("SENT_DM_API_KEY", "from the parent")
	t.Setenv("SENT_DM_OTHER", "from the parent")
	t.Setenv("SENTSIM_TARGET", "from the parent")
	t.Setenv("PORT", "1")
	t.Setenv("KEPT", "from the parent")
	spec := receiver(t, "127.0.0.1")
	spec.Exec = "A=command B=command " + spec.Exec + " --port $PORT ${KEPT} '$KEPT' \"$B two\""
	spec.Env = map[string]string{"B": "config", "C": "config", "D": "config"}
	tg := mustStart(t, spec, Env{Secret: secret(t), BaseURL: "http://127.0.0.1:9", Extra: []string{"D=flag"}})
	env := environOf(t, tg)
	get := lookup(env)
	port, err := url.Parse(tg.URL())
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"PORT": port.Port(), "SENT_DM_WEBHOOK_SECRET": secret(t).Reveal(), "SENT_BASE_URL": "http://127.0.0.1:9",
		"SENT_DM_API_KEY": "", "SENT_DM_OTHER": "", "SENTSIM_TARGET": "", "KEPT": "from the parent",
		"A": "command", "B": "command", "C": "config", "D": "flag",
	} {
		if got := get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	if want := "ready with --port," + port.Port() + ",from,the,parent,$KEPT,config two"; !slices.Contains(tg.Log(), want) {
		t.Errorf("log %q lacks %q", tg.Log(), want)
	}
	if strings.Contains(tg.Name(), "command") || strings.Contains(tg.Name(), "parent") {
		t.Errorf("name %q shows values", tg.Name())
	}
}

func TestReadiness(t *testing.T) {
	other, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	for name, ready := range map[string]Ready{
		"port accepts":       {},
		"path answers":       {Path: "/healthz"},
		"another port":       {Port: other.Addr().(*net.TCPAddr).Port},
		"a line of its log":  {Log: regexp.MustCompile(`^ready`)},
		"colours do not mix": {Log: regexp.MustCompile(`ready with`)},
	} {
		t.Run(name, func(t *testing.T) {
			spec := receiver(t, "127.0.0.1")
			spec.Ready = ready
			mustStart(t, spec, Env{})
		})
	}
	t.Run("on IPv6 loopback only", func(t *testing.T) {
		if l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "[::1]:0"); err != nil {
			t.Skip("this machine has no IPv6 loopback")
		} else {
			_ = l.Close()
		}
		for _, ready := range []Ready{{}, {Path: "/healthz"}, {Log: regexp.MustCompile(`ready`)}} {
			spec := receiver(t, "::1")
			spec.Ready = ready
			if tg := mustStart(t, spec, Env{}); !strings.HasPrefix(tg.URL(), "http://[::1]:") || !tg.Alive(t.Context()) {
				t.Errorf("%+v: URL %s", ready, tg.URL())
			}
		}
	})
}

func TestNeverReady(t *testing.T) {
	for _, tt := range []struct {
		name, mode string
		ready      Ready
		want       []string
	}{
		{"a path that is not 2xx", "127.0.0.1", Ready{Path: "/broken"}, []string{"/broken answered 503", "3s", "ready with"}},
		{"no such path", "127.0.0.1", Ready{Path: "/none"}, []string{"/none answered 404"}},
		{"no such line", "127.0.0.1", Ready{Log: regexp.MustCompile("hello")}, []string{"no line of its output matches hello"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel() // each waits for its whole start timeout
			spec := receiver(t, tt.mode)
			spec.Ready, spec.StartTimeout = tt.ready, 3*time.Second // a busy machine needs one to start it
			tg := mustNew(t, spec)
			err := tg.Start(t.Context(), Env{})
			says(t, err, append(tt.want, "exec: ")...)
			if _, err := fetch(t, tg, "/healthz"); err == nil {
				t.Error("still running")
			}
		})
	}
}

func TestAProcessThatEndsAtOnce(t *testing.T) {
	start := time.Now()
	for _, ready := range []Ready{{}, {Log: regexp.MustCompile("never")}, {Path: "/healthz"}} {
		spec := receiver(t, "exit")
		spec.Ready = ready
		tg := mustNew(t, spec)
		says(t, tg.Start(t.Context(), Env{Secret: secret(t)}), "exit status 3", "loading | no database, and my secret is whsec_*** | key: ***")
		if want := []string{"loading", "no database, and my secret is whsec_***", "key: ***"}; !slices.Equal(tg.Log(), want) {
			t.Errorf("log %q", tg.Log())
		}
		if tg.Alive(t.Context()) {
			t.Error("alive")
		}
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("took %s: it waited for the start timeout", took)
	}
}

func TestADeadProcessIsNoticedAndBroughtBack(t *testing.T) {
	tg := mustStart(t, receiver(t, "127.0.0.1"), Env{})
	if _, err := fetch(t, tg, "/crash"); err == nil {
		t.Fatal("a crash answered")
	}
	within, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := reach.Await(within, nil, func(ctx context.Context) error {
		if tg.Alive(ctx) {
			return errors.New("alive after a crash")
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	if err := tg.Restart(t.Context(), Env{}); err != nil || !tg.Alive(t.Context()) {
		t.Errorf("restart: %v", err)
	}
}

// grandchildGone waits until nobody listens where the grandchild did.
func grandchildGone(t *testing.T, tg Target) {
	t.Helper()
	address := ""
	for _, l := range tg.Log() {
		if _, a, ok := strings.Cut(l, "grandchild at "); ok {
			address = a
		}
	}
	if address == "" {
		t.Fatalf("no grandchild in %q", tg.Log())
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := reach.Await(ctx, nil, func(ctx context.Context) error {
		if reach.Dial(ctx, address) == nil {
			return errors.New("it listens")
		}
		return nil
	}); err != nil {
		t.Errorf("the grandchild outlived its target: %v", err)
	}
}

func TestChildrenGoWithTheirParent(t *testing.T) {
	t.Run("that is stopped", func(t *testing.T) {
		spec := receiver(t, "orphan")
		spec.Ready.Log = regexp.MustCompile("grandchild at")
		tg := mustStart(t, spec, Env{})
		tg.(*execTarget).proc.grace = 100 * time.Millisecond
		if err := tg.Close(); err != nil {
			t.Fatal(err)
		}
		grandchildGone(t, tg)
	})
	t.Run("that crashes", func(t *testing.T) {
		spec := receiver(t, "orphan")
		spec.Ready.Log = regexp.MustCompile("grandchild at")
		tg := mustStart(t, spec, Env{})
		mustListen(t, tg)
		_, _ = fetch(t, tg, "/crash")
		grandchildGone(t, tg)
	})
}

// mustListen waits for the port of a target whose readiness is something else.
func mustListen(t *testing.T, tg Target) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := reach.Await(ctx, nil, func(ctx context.Context) error {
		if !tg.Alive(ctx) {
			return errors.New("not alive")
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func TestACancelledStartLeavesNothingRunning(t *testing.T) {
	spec := receiver(t, "deaf") // so SIGTERM is not enough either
	tg := mustNew(t, spec).(*execTarget)
	tg.grace = 100 * time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	seen := make(chan error, 1)
	go func() { seen <- tg.Start(ctx, Env{}) }()
	within, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	if err := reach.Await(within, nil, func(context.Context) error {
		if len(tg.Log()) == 0 {
			return errors.New("silent")
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-seen; !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled start: %v", err)
	}
	if tg.proc != nil {
		t.Error("a process is left")
	}
}

func TestATakenPort(t *testing.T) {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	port := l.Addr().(*net.TCPAddr).Port
	spec := receiver(t, "127.0.0.1")
	spec.Port = port
	says(t, mustNew(t, spec).Start(t.Context(), Env{}), "port "+strconv.Itoa(port)+" is taken")

	// The same, said in the way of those who run it by hand.
	spec = receiver(t, "127.0.0.1")
	spec.Exec = "PORT=" + strconv.Itoa(port) + " " + spec.Exec
	says(t, mustNew(t, spec).Start(t.Context(), Env{}), "port "+strconv.Itoa(port)+" is taken")

	// Somebody else was faster: other ports are tried, and then it is an error.
	tg := mustNew(t, receiver(t, "taken"))
	says(t, tg.Start(t.Context(), Env{}), "EADDRINUSE")
	if got := len(tg.Log()); got != 3 {
		t.Errorf("%d starts, want 3: %q", got, tg.Log())
	}
}

func TestWhereAProgramIsLookedFor(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink(self(t), filepath.Join(dir, "serve")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "text"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	mustStart(t, Spec{Exec: "RECEIVER=127.0.0.1 ./serve", Dir: dir}, Env{})
	for line, want := range map[string]string{
		"./none":               filepath.Join(dir, "none"),
		"./text":               "not executable",
		"sentsim-no-such-prog": "PATH",
	} {
		says(t, mustNew(t, Spec{Exec: line, Dir: dir}).Start(t.Context(), Env{}), want)
	}
}
