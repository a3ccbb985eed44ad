package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.k6.io/k6/cmd"

	"github.com/sentsim/sentsim/scenarios/receiver"
	"github.com/sentsim/sentsim/scenarios/receiver/mutant"
	"github.com/sentsim/sentsim/scenarios/report"
	_ "github.com/sentsim/sentsim/simulator/history/sqlite" // the reference receiver needs it
	"github.com/sentsim/sentsim/simulator/signing"
)

const (
	secret = "whsec_bG9hZCBsb2FkIGxvYWQgbG9hZCBsb2FkIGxvYWQh"
	// processHeader tells the receiver of these tests which process sends.
	processHeader = "X-Test-Process"
	// longest is how long a k6 process may take.
	longest = 2 * time.Minute
)

// The test binary is k6 as well.
func TestMain(m *testing.M) {
	if os.Getenv("RUN_AS_K6") != "" {
		cmd.Execute()
		return
	}
	os.Exit(m.Run())
}

// recording is the reference receiver, or a mutant, that remembers what it was sent.
type recording struct {
	*httptest.Server
	mu     sync.Mutex
	seen   []string
	before func(*http.Request) // of each delivery; nil for none
}

func newRecording(t *testing.T, mistake string, before func(*http.Request)) *recording {
	t.Helper()
	cfg := receiver.Config{Secret: secret}
	if err := mutant.Apply(&cfg, mistake); err != nil {
		t.Fatal(err)
	}
	r, err := receiver.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	rec := &recording{before: before}
	rec.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.Method == http.MethodPost {
			if rec.before != nil {
				rec.before(q)
			}
			body, err := io.ReadAll(q.Body)
			rec.add(q.Header, body, err)
			q.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), q.Body))
		}
		r.ServeHTTP(w, q)
	}))
	t.Cleanup(func() {
		rec.Close()
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return rec
}

// add keeps a request, without what follows from the moment in which it was signed.
func (r *recording) add(h http.Header, body []byte, err error) {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(h)) {
		value := strings.Join(h[name], ", ")
		switch name {
		case http.CanonicalHeaderKey(signing.HeaderSignature), http.CanonicalHeaderKey(signing.HeaderTimestamp):
			value = "…"
		case processHeader:
			continue
		}
		fmt.Fprintf(&b, "%s: %s\n", name, value)
	}
	if err != nil {
		body = []byte("cut off")
	}
	b.Write(body)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen = append(r.seen, b.String())
}

// all is what was sent, in an order that does not depend on the moment.
func (r *recording) all() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Sorted(slices.Values(r.seen))
}

func (r *recording) webhook() string { return r.URL + receiver.DefaultPath }

// script is a script whose run has these options besides those that every test has.
func script(messages int, options string) string {
	return fmt.Sprintf(`import { Run } from 'k6/x/sentsim';
const run = new Run({ messages: %d, target: __ENV.SENTSIM_TARGET, settle: '100ms', %s });
export const options = {
  scenarios: { sent: { executor: 'shared-iterations', vus: 10, iterations: %[1]d } },
  thresholds: { sentsim_violations: ['count==0'], sentsim_deliveries: ['count>0'] },
};
export default () => run.message();
export const handleSummary = (data) => run.summary(data);
`, messages, options)
}

// k6 is one k6 process in a folder of its own.
type k6 struct {
	*exec.Cmd
	dir            string
	stdout, stderr bytes.Buffer
}

// start starts k6 with a script in a folder. The environment holds these variables and
// nothing of sentsim's besides.
func start(t *testing.T, dir, text string, env []string, args ...string) *k6 {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "script.js"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return startIn(t, dir, env, append(args, "script.js")...)
}

func startIn(t *testing.T, dir string, env []string, args ...string) *k6 {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), longest)
	t.Cleanup(cancel)
	p := &k6{Cmd: exec.CommandContext(ctx, os.Args[0], args...), dir: dir}
	p.Dir, p.Stdout, p.Stderr = dir, &p.stdout, &p.stderr
	for _, kv := range os.Environ() {
		if name, _, _ := strings.Cut(kv, "="); !strings.HasPrefix(name, "SENT") && !strings.HasPrefix(name, "K6_") && name != "CI" {
			p.Env = append(p.Env, kv)
		}
	}
	p.Env = append(p.Env, append(env, "RUN_AS_K6=1", "K6_NO_USAGE_REPORT=true", "K6_ADDRESS=")...)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	return p
}

// end waits until it is over. Whatever it says, it says no secret.
func (p *k6) end(t *testing.T) (status int) {
	t.Helper()
	err := p.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("k6: %v", err)
	}
	p.tellsNoSecret(t)
	return p.ProcessState.ExitCode()
}

func (p *k6) said() string { return p.stdout.String() + p.stderr.String() }

// tellsNoSecret looks at all that a process printed and wrote.
func (p *k6) tellsNoSecret(t *testing.T) {
	t.Helper()
	key := strings.TrimPrefix(secret, signing.SecretPrefix)
	if strings.Contains(p.said(), key) {
		t.Errorf("k6 prints the signing secret:\n%s", p.said())
	}
	files, err := os.ReadDir(p.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if data, err := os.ReadFile(filepath.Join(p.dir, f.Name())); err == nil && bytes.Contains(data, []byte(key)) {
			t.Errorf("%s holds the signing secret", f.Name())
		}
	}
}

// environ is what a process is told of the receiver.
func environ(r *recording, more ...string) []string {
	return append([]string{"SENTSIM_TARGET=" + r.webhook(), "SENT_DM_WEBHOOK_SECRET=" + secret}, more...)
}

// run runs a script to its end in a folder of its own, and returns its report.
func run(t *testing.T, r *recording, text string, args ...string) (*k6, int, report.Report) {
	t.Helper()
	p := start(t, t.TempDir(), text, environ(r), append([]string{"run", "-q"}, args...)...)
	status := p.end(t)
	return p, status, p.report(t)
}

// report is the one JSON report that a process has written.
func (p *k6) report(t *testing.T) (rep report.Report) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(p.dir, "sentsim*.json"))
	if err != nil || len(files) != 1 {
		t.Fatalf("reports %v, want one: %v\n%s", files, err, p.said())
	}
	data, err := os.ReadFile(files[0])
	if err == nil {
		err = json.Unmarshal(data, &rep)
	}
	if err != nil {
		t.Fatalf("%s: %v", files[0], err)
	}
	return rep
}
