package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sentsim/sentsim/scenarios/receiver"
	"github.com/sentsim/sentsim/scenarios/report"
)

// What stands here does with containers on the local engine what the k6 operator does on
// a cluster: it starts runners of the image, each with its segment, paused, and releases
// them together through k6's REST API.

const (
	// restPort is where k6's REST API listens in a container.
	restPort = "6565"
	// reachableWithin is how long a container may take until its k6 answers.
	reachableWithin = 30 * time.Second
	// dockerWithin is how long a command of the engine may take; one waits for a run's end.
	dockerWithin = 2 * time.Minute
)

// docker runs the client, and wants it to succeed.
func docker(t *testing.T, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), dockerWithin) // also to clean up
	defer cancel()
	cmd := exec.CommandContext(ctx, "docker", args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("docker %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return strings.TrimSpace(string(out))
}

func needEngine(t *testing.T) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), "docker", "version").CombinedOutput(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("no container engine: %v\n%s", err, out)
		}
		t.Skipf("no container engine: %v", err)
	}
}

// buildImage builds the program and the image as make images does, under a name of this
// test's own.
func buildImage(t *testing.T) (image string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "bin", "empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-ldflags", "-s -w", "-o", filepath.Join(dir, "bin", "k6"), ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	ignored, err := os.ReadFile(filepath.Join("..", "..", ".dockerignore"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, ".dockerignore"), ignored, 0o600); err != nil {
		t.Fatal(err)
	}
	image = "sentsim-k6:test-" + strconv.Itoa(os.Getpid())
	docker(t, "build", "-q", "-f", "Dockerfile", "-t", image, dir)
	t.Cleanup(func() { docker(t, "rmi", "-f", image) })
	return image
}

// containerTarget is the receiver's webhook as a container reaches it.
func containerTarget(t *testing.T, r *recording) string {
	t.Helper()
	// Containers do not reach the loopback address.
	everywhere, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(r.Config.Handler)
	if err := srv.Listener.Close(); err != nil {
		t.Fatal(err)
	}
	srv.Listener = everywhere
	srv.Start()
	t.Cleanup(srv.Close)
	return fmt.Sprintf("http://host.docker.internal:%d%s", everywhere.Addr().(*net.TCPAddr).Port, receiver.DefaultPath)
}

// runner is a container with the k6 of one segment.
type runner struct{ id, api string }

// startPaused starts a runner with the arguments that the operator gives it.
func startPaused(t *testing.T, image, scriptFile, target, segment string, n int) runner {
	t.Helper()
	id := docker(t, "create", "--add-host", "host.docker.internal:host-gateway", "-p", "127.0.0.1::"+restPort,
		"-e", "SENTSIM_TARGET="+target, "-e", "SENT_DM_WEBHOOK_SECRET="+secret, image,
		"run", "--quiet", "--execution-segment="+segment, "--execution-segment-sequence="+sequence,
		"/test/"+filepath.Base(scriptFile), "--address=0.0.0.0:"+restPort, "--paused",
		"--tag", fmt.Sprintf("instance_id=%d", n), "--tag", "job_name=sentsim-load")
	t.Cleanup(func() { docker(t, "rm", "-f", id) })
	docker(t, "cp", filepath.Dir(scriptFile), id+":/test")
	docker(t, "start", id)
	address, _, _ := strings.Cut(docker(t, "port", id, restPort), "\n")
	return runner{id, "http://" + address + "/v1/status"}
}

// status is what k6's REST API says of a test.
type status struct {
	Data struct {
		Attributes struct {
			Paused bool `json:"paused"`
			VUs    int  `json:"vus"`
		} `json:"attributes"`
	} `json:"data"`
}

// ask calls k6's REST API once.
func (r runner) ask(ctx context.Context, method, body string) (s status, err error) {
	q, err := http.NewRequestWithContext(ctx, method, r.api, strings.NewReader(body))
	if err != nil {
		return s, err
	}
	answer, err := http.DefaultClient.Do(q)
	if err != nil {
		return s, err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return s, fmt.Errorf("%s %s: %s", method, r.api, answer.Status)
	}
	return s, json.NewDecoder(answer.Body).Decode(&s)
}

// waitUntilPaused waits until k6 has read the script and waits to be released.
func (r runner) waitUntilPaused(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), reachableWithin)
	defer cancel()
	for {
		s, err := r.ask(ctx, http.MethodGet, "")
		switch {
		case err == nil && s.Data.Attributes.Paused:
			return
		case err == nil:
			t.Fatalf("k6 in %s is not paused", r.id)
		case ctx.Err() != nil:
			t.Fatalf("k6 in %s does not answer: %v\n%s", r.id, err, docker(t, "logs", r.id))
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// release is the operator's request that ends the pause.
func (r runner) release(t *testing.T) {
	t.Helper()
	s, err := r.ask(t.Context(), http.MethodPatch, `{"data":{"attributes":{"paused":false},"id":"default","type":"status"}}`)
	if err != nil || s.Data.Attributes.Paused {
		t.Fatalf("k6 in %s is not released: %v", r.id, err)
	}
}

// report waits for the runner's end and reads the report that it left behind.
func (r runner) report(t *testing.T, segment string) (rep report.Report) {
	t.Helper()
	if code := docker(t, "wait", r.id); code != "0" {
		t.Errorf("k6 in %s exits with %s:\n%s", r.id, code, docker(t, "logs", r.id))
	}
	name := "sentsim-" + strings.NewReplacer("/", "of", ":", "-to-").Replace(segment) + ".json"
	file := filepath.Join(t.TempDir(), name)
	docker(t, "cp", r.id+":/work/"+name, file)
	data, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(data, &rep)
	}
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return rep
}

// Three containers that were started paused send nothing until they are released, and
// then, byte for byte, what one process sends with the same seed.
func TestThreeContainersAreOneRun(t *testing.T) {
	t.Parallel()
	needEngine(t)
	const messages = 60
	text := script(messages, "seed: 11, profile: 'everything'")
	one, three := newRecording(t, "", nil), newRecording(t, "", nil)
	_, _, whole := run(t, one, text)

	image, target := buildImage(t), containerTarget(t, three)
	if user := docker(t, "inspect", "-f", "{{.Config.User}}", image); user != "12345:12345" {
		t.Errorf("the image's user is %q", user)
	}
	dir := filepath.Join(t.TempDir(), "test")
	file := filepath.Join(dir, "load.js")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	runners := make([]runner, len(segments()))
	for n, segment := range segments() {
		runners[n] = startPaused(t, image, file, target, segment, n+1)
	}
	for _, r := range runners {
		r.waitUntilPaused(t)
	}
	if early := three.all(); len(early) > 0 {
		t.Errorf("%d deliveries were sent before the runners were released", len(early))
	}
	for _, r := range runners {
		r.release(t)
	}
	parts := make([]report.Report, len(runners))
	for n, r := range runners {
		parts[n] = r.report(t, segments()[n])
		if parts[n].Chaos.Begun == 0 {
			t.Errorf("the runner of %s carried out nothing", segments()[n])
		}
	}
	if got, want := three.all(), one.all(); len(want) < messages || !slices.Equal(got, want) {
		t.Errorf("three containers sent %d deliveries, one process sent %d, and they are not the same", len(got), len(want))
	}
	merged := merge(t, parts...)
	if got, want := verdicts(merged), verdicts(whole); got != want {
		t.Errorf("merged:\n%s\nof one process:\n%s", got, want)
	}
	if s := merged.Chaos.Share; s.Done != "0-59" || s.Missing != "" {
		t.Errorf("merged: done %s, missing %s", s.Done, s.Missing)
	}
}
