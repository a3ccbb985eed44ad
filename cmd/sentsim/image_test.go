package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/sentsim/sentsim/scenarios/report"
)

// These are the project's own images, built as its Dockerfile says, and used as
// a CI job would.

const stateProbe = `
probe:
  message:  {url: "/state/messages/{message_id}", status: "$.status", effects: "$.effects"}
  inbound:  {url: "/state/inbound?from={from}", count: "$.count"}
  template: {url: "/state/templates/{template_id}", status: "$.status", effects: "$.effects"}
  contact:  {url: "/state/contacts?number={from}", opted_out: "$.opted_out"}
settle: 200ms
`

// docker runs the client, and wants it to succeed.
func docker(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), "docker", args...) // also to clean up
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("docker %s: %v\n%s", strings.Join(args, " "), err, stderr.Bytes())
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

// imageSet is the program and both images, under names of this test's own.
type imageSet struct{ program, sentsim, receiver string }

func buildImages(t *testing.T) imageSet {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"bin", "bin/empty"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", filepath.Join(dir, "bin")+"/", "./cmd/...")
	build.Dir = "../.."
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, name := range []string{"Dockerfile", ".dockerignore"} {
		data, err := os.ReadFile("../../" + name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tag := ":test-" + strconv.Itoa(os.Getpid())
	set := imageSet{filepath.Join(dir, "bin", "sentsim"), "sentsim" + tag, "sentsim-receiver" + tag}
	for stage, image := range map[string]string{"sentsim": set.sentsim, "receiver": set.receiver} {
		docker(t, "build", "-q", "--target", stage, "-t", image, dir)
		t.Cleanup(func() { docker(t, "rmi", "-f", image) })
	}
	return set
}

func TestImages(t *testing.T) {
	needEngine(t)
	set := buildImages(t)
	config := filepath.Join(t.TempDir(), "sentsim.yaml")
	if err := os.WriteFile(config, []byte(stateProbe), 0o644); err != nil {
		t.Fatal(err)
	}
	none := func(t *testing.T) {
		t.Helper()
		// Of this image: other tests have containers too.
		if left := docker(t, "ps", "-aq", "--filter", "ancestor="+set.receiver); left != "" {
			t.Errorf("left behind: %s", left)
		}
	}
	// verify runs the program as a user would and returns its report.
	verify := func(t *testing.T, args ...string) (report.Report, int) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), set.program, append([]string{"verify", "--config", config, "--output", "json"}, args...)...)
		var out, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errs
		err := cmd.Run()
		var rep report.Report
		if jsonErr := json.Unmarshal(out.Bytes(), &rep); jsonErr != nil {
			t.Fatalf("%v, %v\n%s%s", err, jsonErr, out.Bytes(), errs.Bytes())
		}
		return rep, cmd.ProcessState.ExitCode()
	}

	t.Run("they are small, and nobody is root in them", func(t *testing.T) {
		for image, most := range map[string]int{set.sentsim: 34e6, set.receiver: 15e6} {
			about := strings.Fields(docker(t, "inspect", "-f", "{{.Size}} {{.Config.User}}", image))
			size, err := strconv.Atoi(about[0])
			t.Logf("%s: %.1f MB", image, float64(size)/1e6)
			if err != nil || size > most || about[1] != "65532:65532" {
				t.Errorf("%s: %v", image, about)
			}
			program, _, _ := strings.Cut(image, ":")
			told := func(mb float64) bool {
				return strings.Contains(readmeText(t), fmt.Sprintf("`%s` (%.0f MB)", program, mb))
			}
			if mb := float64(size) / 1e6; !told(mb-1) && !told(mb) && !told(mb+1) {
				t.Errorf("the README says another size of %s than %.1f MB", program, mb)
			}
		}
		if out := docker(t, "run", "--rm", set.sentsim, "version"); !strings.Contains(out, "sentsim") {
			t.Errorf("version says %q", out)
		}
	})

	t.Run("they run with nothing that they do not need", func(t *testing.T) {
		bare := []string{"--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"}
		run := func(args ...string) string { return docker(t, append(append([]string{"run"}, bare...), args...)...) }
		id := run("-d", "--tmpfs", "/data:uid=65532,mode=0700", "-e", "SENT_DM_WEBHOOK_SECRET="+testSecret, set.receiver)
		defer docker(t, "rm", "-f", id)
		out := run("--rm", "--network", "container:"+id, "-e", "SENT_DM_WEBHOOK_SECRET="+testSecret, set.sentsim,
			"verify", "--target", "http://127.0.0.1:8080/webhooks/sent", "--rule", "SIG-1,SIG-2,ORD-1")
		if !strings.Contains(out, "3 passed") {
			t.Error(out)
		}
	})

	t.Run("a good receiver keeps the whole contract", func(t *testing.T) {
		rep, status := verify(t, "--strict", "--image", set.receiver)
		if s := rep.Summary; status != 0 || s.Failed+s.Warned+s.Errored+s.NotChecked > 0 || s.Passed < 40 {
			t.Errorf("exit %d: %+v", status, s)
			for _, r := range rep.Rules {
				if r.Verdict != report.Passed {
					t.Errorf("%s %s: %s", r.ID, r.Verdict, r.Reason)
				}
			}
		}
		none(t)
	})

	t.Run("a defective one fails the right rules, and its log is shown", func(t *testing.T) {
		rep, status := verify(t, "--image", set.receiver, "--path", "/nowhere", "--rule", "SIG-1,SIG-2,ACK-1")
		if status != 1 {
			t.Errorf("exit %d", status)
		}
		for _, r := range rep.Rules {
			if want := r.ID == "SIG-1"; (r.Verdict == report.Failed) != want {
				t.Errorf("%s %s: %s", r.ID, r.Verdict, r.Reason)
			}
		}
		if log := strings.Join(rep.TargetLog, "\n"); !strings.Contains(log, "listening on") || strings.Contains(log, "whsec_c") {
			t.Errorf("its log:\n%s", log)
		}
		none(t)
	})

	t.Run("built from a Dockerfile, a receiver with one mistake fails the rules it breaks and no other", func(t *testing.T) {
		dir := t.TempDir()
		// The receiver's own image has no mutant in it; it has a folder to write to.
		file := "FROM " + set.receiver + " AS receiver\nFROM " + set.sentsim + "\n" +
			"COPY --from=receiver --chown=65532:65532 /data /data\nENV STATE_FILE=/data/receiver.db\nEXPOSE 8080\n" +
			`ENTRYPOINT ["/sentsim", "receiver", "--listen", ":8080", "--mutant", "hex-too"]` + "\n"
		if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		rep, status := verify(t, "--strict", "--dockerfile", dir)
		if status != 1 {
			t.Errorf("exit %d", status)
		}
		for _, r := range rep.Rules {
			want := report.Passed
			if r.ID == "SIG-5" {
				want = report.Failed
			}
			if r.Verdict != want {
				t.Errorf("%s %s: %s", r.ID, r.Verdict, r.Reason)
			}
		}
		if log := strings.Join(rep.TargetLog, "\n"); !strings.Contains(log, "hex-too") {
			t.Errorf("its log:\n%s", log)
		}
		none(t)
	})

	for _, stop := range []struct {
		name   string
		signal os.Signal
		status int
	}{{"Ctrl-C", os.Interrupt, 130}, {"SIGTERM", syscall.SIGTERM, 143}} {
		t.Run(stop.name+" in the middle leaves nothing", func(t *testing.T) {
			cmd := underWay(t, set, config)
			if docker(t, "ps", "-q", "--filter", "ancestor="+set.receiver) == "" {
				t.Fatal("no container is under way, so this tests nothing")
			}
			if err := cmd.Process.Signal(stop.signal); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // its status is what counts
			if status := cmd.ProcessState.ExitCode(); status != stop.status {
				t.Errorf("exit %d", status)
			}
			none(t)
		})
	}

	t.Run("what kill -9 leaves, the next run removes", func(t *testing.T) {
		if os.Getenv("TESTCONTAINERS_RYUK_DISABLED") != "true" {
			t.Skip("the library's reaper removes it: TESTCONTAINERS_RYUK_DISABLED is not set")
		}
		cmd := underWay(t, set, config)
		// Looked at before: whoever starts a container next, another test also, cleans up.
		if docker(t, "ps", "-aq", "--filter", "ancestor="+set.receiver, "--filter", "label=sentsim.pid="+strconv.Itoa(cmd.Process.Pid)) == "" {
			t.Fatal("nothing would be left, so this tests nothing")
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		if _, status := verify(t, "--image", set.receiver, "--rule", "SIG-1"); status != 0 {
			t.Errorf("exit %d", status)
		}
		none(t)
	})

	t.Run("go test ./features against it", func(t *testing.T) {
		cmd := exec.CommandContext(t.Context(), "go", "test", "-v", "-run", "^TestReceiver$/^SIG-2$", "../../features")
		cmd.Env = append(os.Environ(), "SENTSIM_IMAGE="+set.receiver, "SENTSIM_CONFIG="+config)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		for _, want := range []string{"image: " + set.receiver, "--- PASS: TestReceiver/SIG-2/", "When "} {
			if !strings.Contains(string(out), want) {
				t.Errorf("no %q in\n%s", want, out)
			}
		}
		none(t)
	})

	t.Run("recipes", func(t *testing.T) { recipes(t, set, config) })
}

// underWay is the program in the middle of a run: its first verdict is out.
func underWay(t *testing.T, set imageSet, config string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), set.program, "verify", "--config", config, "--output", "plain", "--image", set.receiver)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var said []byte
	for buf := make([]byte, 512); !bytes.Contains(said, []byte("SIG-1 ")); {
		n, err := out.Read(buf)
		said = append(said, buf[:n]...)
		if err != nil {
			t.Fatalf("%v\n%s", err, said)
		}
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return cmd
}
