package container

import (
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/client"

	"github.com/sentsim/sentsim/scenarios/target"
)

// withEngine skips where there is no container engine; CI must have one.
func withEngine(t *testing.T) *engine {
	t.Helper()
	e, err := connect(t.Context())
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("no container engine: ", err)
	}
	t.Cleanup(func() {
		if err := e.close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// program builds the receiver that the images hold, once for a test.
func program(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	cmd := exec.CommandContext(t.Context(), "go", "build", "-ldflags", "-s -w", "-o", filepath.Join(dir, "receiver"), "./testdata/receiver")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return dir
}

// write makes a Dockerfile with these lines in dir.
func write(t *testing.T, dir string, lines ...string) string {
	t.Helper()
	f, err := os.CreateTemp(dir, "Dockerfile.*")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if _, err := f.WriteString("FROM scratch\n" + strings.Join(lines, "\n") + "\n"); err != nil {
		t.Fatal(err)
	}
	return f.Name()
}

// nobody is a process that there cannot be.
const nobody = "99999999"

// left is what this test has in the engine; other tests have things there too.
func (e *engine) left(t *testing.T) (containers, images int) {
	t.Helper()
	for _, pid := range []string{strconv.Itoa(os.Getpid()), nobody} {
		ours := client.Filters{}.Add("label", labelMark, labelPID+"="+pid)
		c, err := e.api.ContainerList(t.Context(), client.ContainerListOptions{All: true, Filters: ours})
		if err != nil {
			t.Fatal(err)
		}
		i, err := e.api.ImageList(t.Context(), client.ImageListOptions{Filters: ours})
		if err != nil {
			t.Fatal(err)
		}
		containers, images = containers+len(c.Items), images+len(i.Items)
	}
	return containers, images - 1 // the image that the test itself made
}

func (e *engine) mustBeEmpty(t *testing.T, when string) {
	t.Helper()
	if c, i := e.left(t); c+i > 0 {
		t.Errorf("%s: %d containers and %d images are left", when, c, i)
	}
}

func body(t *testing.T, tg target.Target, path string) string {
	t.Helper()
	u := strings.TrimSuffix(tg.URL(), defaultPath) + path
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, u, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func post(t *testing.T, tg target.Target, path, text string) {
	t.Helper()
	u := strings.TrimSuffix(tg.URL(), defaultPath) + path
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, u, strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
}

func TestContainer(t *testing.T) {
	e := withEngine(t)
	dir := program(t)
	exposed := write(t, dir, "COPY receiver /receiver", "EXPOSE 8080", `ENTRYPOINT ["/receiver"]`)
	image, err := e.build(t.Context(), exposed) // for all that need none of their own
	if err != nil {
		t.Fatal(err)
	}
	defer e.removeImage(t.Context(), image)

	t.Run("lives as the rules need it", func(t *testing.T) { lifeOfContainer(t, e, exposed) })
	t.Run("errors say what to do", func(t *testing.T) { containerErrors(t, e, image) })
	t.Run("what a killed run left is removed", func(t *testing.T) { leftovers(t, e, exposed) })
	t.Run("a start that is given up leaves nothing", func(t *testing.T) {
		tg := mustNew(t, target.Spec{Image: image, Env: map[string]string{"MODE": "deaf"}})
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		says(t, tg.Start(ctx, target.Env{Secret: secret(t)}), "deadline exceeded")
		e.mustBeEmpty(t, "after a start that was given up")
	})
}

func lifeOfContainer(t *testing.T, e *engine, file string) {
	t.Helper()
	tg := mustNew(t, target.Spec{Dockerfile: file, Env: map[string]string{"COLOUR": "green"}})
	listen, host, err := tg.(target.Outside).StandIn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", listen)
	if err != nil {
		t.Fatal(err)
	}
	if ip := l.Addr().(*net.TCPAddr).IP; ip.IsUnspecified() {
		t.Errorf("the stand-in would listen on every interface: %s", ip)
	}
	api := &http.Server{Handler: http.NotFoundHandler(), ReadHeaderTimeout: time.Minute}
	served := make(chan struct{})
	go func() { defer close(served); _ = api.Serve(l) }()
	defer func() { _ = api.Close(); <-served }()
	_, port, _ := net.SplitHostPort(l.Addr().String())

	env := target.Env{Secret: secret(t), SecretEnv: "HOOK_KEY", BaseURL: "http://" + net.JoinHostPort(host, port), APIKey: "a-key-of-ours"}
	if err := tg.Start(t.Context(), env); err != nil {
		t.Fatalf("%v\n%s", err, strings.Join(tg.Log(), "\n"))
	}
	if err := tg.Start(t.Context(), env); err == nil {
		t.Error("started twice")
	}
	got := body(t, tg, "/env")
	for _, want := range []string{"HOOK_KEY=" + env.Secret.Reveal(), "PORT=8080", "COLOUR=green", "SENT_BASE_URL=" + env.BaseURL, "SENT_DM_API_KEY=a-key-of-ours"} {
		if !strings.Contains(got, want) {
			t.Errorf("the container's environment has no %s", want)
		}
	}
	if strings.Contains(got, "HOME=/root") && os.Getenv("HOME") == "/root" && strings.Contains(got, "GOFLAGS") {
		t.Error("the container got this process's environment")
	}
	if got := body(t, tg, "/call"); got != "404 Not Found" {
		t.Errorf("the container does not reach SENT_BASE_URL: %s", got)
	}
	if !tg.Alive(t.Context()) {
		t.Error("not alive")
	}

	// A restart keeps the data.
	post(t, tg, "/keep", "treasure")
	if err := tg.Restart(t.Context(), env); err != nil {
		t.Fatal(err)
	}
	if got := body(t, tg, "/kept"); got != "treasure" {
		t.Errorf("after a restart its data is %q", got)
	}
	if log := strings.Join(tg.Log(), "\n"); strings.Count(log, "ready with") != 2 || !strings.Contains(log, "stopped") {
		t.Errorf("it was not stopped politely and started again, or the log lost it:\n%s", log)
	}

	// Paused, it takes connections and answers nothing; restarted, it answers.
	if err := tg.Pause(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	if err := answers(ctx, tg.(*receiver).address()); err == nil || !strings.Contains(err.Error(), "timed out") {
		t.Errorf("a paused container: %v", err)
	}
	cancel()
	if err := tg.Resume(); err != nil {
		t.Fatal(err)
	}
	if got := body(t, tg, "/kept"); got != "treasure" {
		t.Errorf("after a pause: %q", got)
	}
	if err := tg.Pause(); err != nil {
		t.Fatal(err)
	}
	if err := tg.Restart(t.Context(), env); err != nil {
		t.Fatalf("a paused container cannot be restarted: %v", err)
	}

	// A crashed one is noticed, and brought back with its data.
	crash(t, tg)
	if tg.Alive(t.Context()) {
		t.Error("alive after a crash")
	}
	if err := tg.Restart(t.Context(), env); err != nil {
		t.Fatal(err)
	}
	if got := body(t, tg, "/kept"); got != "treasure" {
		t.Errorf("after a crash: %q", got)
	}

	// Another secret: another container, and the log of both, without secrets.
	env.Secret = otherSecret(t)
	if err := tg.Restart(t.Context(), env); err != nil {
		t.Fatal(err)
	}
	if got := body(t, tg, "/env"); !strings.Contains(got, env.Secret.Reveal()) || strings.Contains(got, secret(t).Reveal()) {
		t.Error("the new secret did not arrive")
	}
	for range 2 {
		log := strings.Join(tg.Log(), "\n")
		if strings.Count(log, "stopped") < 2 || strings.Contains(log, "whsec_c2") || strings.Contains(log, "whsec_b3") {
			t.Errorf("log:\n%s", log)
		}
		if err := tg.Close(); err != nil { // the log outlives the container
			t.Error(err)
		}
	}
	e.mustBeEmpty(t, "after Close")
}

// crash lets the receiver end itself, and waits for its answer that never comes.
func crash(t *testing.T, tg target.Target) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, strings.TrimSuffix(tg.URL(), defaultPath)+"/crash", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req); err == nil {
		_ = resp.Body.Close()
		t.Fatal("it did not crash")
	}
}

func containerErrors(t *testing.T, e *engine, image string) {
	t.Helper()
	small := t.TempDir()
	if err := os.WriteFile(filepath.Join(small, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	hidden := write(t, small, "COPY file /file")
	twice := write(t, small, "COPY file /file", "EXPOSE 8080 9090/tcp 53/udp")
	empty := write(t, small, "COPY file /file", "EXPOSE 8080", `ENTRYPOINT ["/nothing"]`)
	broken := write(t, small, "COPY nowhere /nowhere")
	mode := func(name string) target.Spec {
		return target.Spec{Image: image, Env: map[string]string{"MODE": name}, StartTimeout: 300 * time.Millisecond}
	}
	for _, c := range []struct {
		name string
		spec target.Spec
		want []string
	}{
		{"no such image", target.Spec{Image: "sentsim-test-nowhere:1"}, []string{"image: sentsim-test-nowhere:1", "cannot be pulled", "docker build"}},
		{"no port", target.Spec{Dockerfile: hidden}, []string{"exposes no port", "--port", "EXPOSE"}},
		{"two ports", target.Spec{Dockerfile: twice}, []string{"exposes 2 ports", "--port"}},
		{"exits at once", target.Spec{Image: image, Env: map[string]string{"MODE": "exit"}}, []string{"it ended (exit status 3) before it was ready", "no database, and my secret is whsec_***"}},
		{"never listens", mode("deaf"), []string{"not ready within 300ms", "port 8080", "last lines: deaf"}},
		{"listens on its loopback", mode("loopback"), []string{"0.0.0.0"}},
		{"no such path", target.Spec{Image: image, Ready: target.Ready{Path: "/nope"}, StartTimeout: 300 * time.Millisecond}, []string{"/nope answered 404"}},
		{"no such line", target.Spec{Image: image, Ready: target.Ready{Log: regexp.MustCompile("^never$")}, StartTimeout: 300 * time.Millisecond}, []string{"no line of its output matches ^never$"}},
		{"no such program", target.Spec{Dockerfile: empty}, []string{"cannot be started"}},
		{"does not build", target.Spec{Dockerfile: broken}, []string{"does not build", "nowhere", "repair"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			tg := mustNew(t, c.spec)
			says(t, tg.Start(t.Context(), target.Env{Secret: secret(t)}), c.want...)
			e.mustBeEmpty(t, "after the error")
		})
	}
	for _, ready := range []target.Ready{{Path: "/healthz"}, {Port: 8080}, {Log: regexp.MustCompile("^ready with")}} {
		tg := mustStart(t, target.Spec{Image: image, Ready: ready}, target.Env{Secret: secret(t)})
		if err := tg.Close(); err != nil {
			t.Error(err)
		}
	}
}

// leftovers makes what a killed process leaves: things whose owner is gone.
func leftovers(t *testing.T, e *engine, file string) {
	t.Helper()
	for _, c := range []struct {
		name   string
		change map[string]string
		stays  bool
	}{
		{"the owner is gone", map[string]string{labelPID: nobody}, false},
		{"another machine's", map[string]string{labelPID: nobody, labelHost: "elsewhere"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			old := mustNew(t, target.Spec{Dockerfile: file, Env: map[string]string{"MODE": "deaf"}}).(*receiver)
			if err := old.connect(t.Context()); err != nil {
				t.Fatal(err)
			}
			maps.Copy(old.engine.labels, c.change)
			if err := old.obtain(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := old.create(t.Context(), target.Env{Secret: secret(t)}); err != nil {
				t.Fatal(err)
			}
			old.ctr = nil // a killed process knows of nothing
			next := mustNew(t, target.Spec{Image: "sentsim-test-nowhere:1"})
			if err := next.Start(t.Context(), target.Env{Secret: secret(t)}); err == nil {
				t.Fatal("started")
			}
			containers, images := e.left(t)
			if stayed := containers == 1 && images == 1; stayed != c.stays {
				t.Errorf("%d containers and %d images are left", containers, images)
			}
			if err := old.Close(); err != nil {
				t.Error(err)
			}
			e.mustBeEmpty(t, "after Close")
		})
	}
}

func TestNoEngine(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), self(t))
	cmd.Env = append(os.Environ(), "RECEIVER=noengine", "DOCKER_HOST=tcp://127.0.0.1:1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	says(t, errors.New(strings.TrimSpace(string(out))), "image: my-receiver:ci: ", "no container engine answers", "start Docker", "--exec")
}

func TestOrphaned(t *testing.T) {
	me := strconv.Itoa(os.Getpid())
	for _, c := range []struct {
		name   string
		labels map[string]string
		want   bool
	}{
		{"it runs", map[string]string{labelPID: me, labelStarted: startOf(os.Getpid())}, false},
		{"it runs, and its start is not known", map[string]string{labelPID: me}, false},
		{"it is gone", map[string]string{labelPID: nobody}, true},
		{"its number is somebody else's by now", map[string]string{labelPID: me, labelStarted: "1"}, startOf(os.Getpid()) != ""},
		{"no owner is named", nil, false},
		{"the owner is no number", map[string]string{labelPID: "x"}, false},
		{"the owner is everybody", map[string]string{labelPID: "0"}, false},
	} {
		if got := orphaned(c.labels); got != c.want {
			t.Errorf("%s: orphaned is %v", c.name, got)
		}
	}
}

func TestContainerSpec(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		spec target.Spec
		want string
	}{
		{target.Spec{Image: "my receiver"}, "target.image: "},
		{target.Spec{Image: "-v"}, "target.image: "},
		{target.Spec{Dockerfile: dir}, "has no Dockerfile in it"},
		{target.Spec{Dockerfile: filepath.Join(dir, "nope")}, "target.dockerfile: "},
		{target.Spec{Image: "a", Dockerfile: "b"}, "2 targets are given (image and dockerfile)"},
		{target.Spec{Image: "a", Dir: dir}, "target.dir: "},
		{target.Spec{Image: "a", Port: 80, Env: map[string]string{"PORT": "81"}}, "say it once"},
		{target.Spec{Image: "a", Rotate: target.Hook{Exec: "true"}}, "target.rotate: "},
	} {
		_, err := target.New(c.spec)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.spec, err, c.want)
		}
	}
}
