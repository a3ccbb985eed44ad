package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tidwall/gjson"
)

// served is sentsim serve, inside this process.
type served struct {
	url    string
	stdout *lockedBuffer // after its first line
	stderr *lockedBuffer
	stop   func() int // interrupts it and returns the exit status
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func startServe(t *testing.T, environ []string, args ...string) served {
	t.Helper()
	ctx, cancel := context.WithCancelCause(context.Background())
	out, stdout := io.Pipe()
	s := served{stdout: &lockedBuffer{}, stderr: &lockedBuffer{}}
	exited := make(chan int, 1)
	go func() {
		exited <- run(ctx, invocation{
			args: append([]string{"serve", "--listen", "127.0.0.1:0"}, args...), environ: environ,
			stdin: strings.NewReader(""), stdout: stdout, stderr: s.stderr,
		})
		_ = stdout.Close()
	}()
	s.stop = sync.OnceValue(func() int {
		cancel(ended(syscall.SIGTERM))
		return <-exited
	})
	t.Cleanup(func() { s.stop() })
	reader := bufio.NewReader(out)
	line, err := reader.ReadString('\n')
	found := regexp.MustCompile(`^listening on (http://127\.0\.0\.1:\d+) `).FindStringSubmatch(line)
	if err != nil || found == nil {
		t.Fatalf("it printed %q (%v) and complained %q", line, err, s.stderr)
	}
	s.url = found[1]
	go func() { _, _ = io.Copy(s.stdout, reader) }() // ends with the pipe
	return s
}

// ask makes a request and returns its status and body.
func (s served) ask(t *testing.T, method, path, key, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Api-Key", key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(data)
}

func TestServeAnswersAndStops(t *testing.T) {
	s := startServe(t, nil, "--verbose", "--log-format", "json")
	if status, body := s.ask(t, "GET", "/v3/me", "sentsim", ""); status != 200 {
		t.Errorf("%d %s", status, body)
	}
	if status := s.stop(); status != 0 {
		t.Errorf("exit status %d\n%s", status, s.stderr)
	}
	if log := s.stderr.String(); !strings.Contains(log, `"path":"/v3/me"`) {
		t.Errorf("the log is %q", log)
	}
}

// TestServeFinishesWhatIsUnderWay: who interrupts it does not cut an attempt off.
func TestServeFinishesWhatIsUnderWay(t *testing.T) {
	asked, answered := make(chan struct{}), make(chan struct{})
	var once sync.Once
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		once.Do(func() { close(asked) })
		time.Sleep(300 * time.Millisecond)
		if r.Context().Err() == nil {
			close(answered)
		}
		w.WriteHeader(http.StatusOK)
	}))
	defer receiver.Close()
	s := startServe(t, nil)
	s.ask(t, "POST", "/v3/webhooks", "sentsim", `{"display_name":"x","endpoint_url":"`+receiver.URL+`"}`)
	s.ask(t, "POST", "/v3/messages", "sentsim", `{"to":["+15005550104"],"text":"hi"}`)
	<-asked
	if status := s.stop(); status != 0 {
		t.Errorf("exit status %d\n%s", status, s.stderr)
	}
	select {
	case <-answered:
	default:
		t.Error("the attempt was cut off")
	}
}

func TestServeTakesTheKeyFromTheEnvironment(t *testing.T) {
	s := startServe(t, []string{"SENTSIM_API_KEY=sk_test_77"}, "-v")
	if status, _ := s.ask(t, "GET", "/v3/me", "sk_test_77", ""); status != 200 {
		t.Errorf("status %d", status)
	}
	if status, _ := s.ask(t, "GET", "/v3/me", "sentsim", ""); status != 401 {
		t.Errorf("the default key: status %d", status)
	}
	_, made := s.ask(t, "POST", "/v3/webhooks", "sk_test_77", `{"display_name":"x","endpoint_url":"http://127.0.0.1:9"}`)
	secret := regexp.MustCompile(`whsec_[A-Za-z0-9+/=]+`).FindString(made)
	s.stop()
	if log := s.stderr.String(); secret == "" || strings.Contains(log, secret) || strings.Contains(log, "sk_test_77") {
		t.Errorf("the log shows a secret (%q):\n%s", secret, log)
	}
}

func TestServeLimitsRequestsUnlessToldNotTo(t *testing.T) {
	for args, want := range map[string]int{"": 429, "--rate-limit=off": 200} {
		s := startServe(t, nil, strings.Fields(args)...)
		last := 0
		for range 201 {
			last, _ = s.ask(t, "GET", "/v3/me", "sentsim", "")
		}
		if last != want {
			t.Errorf("%q: the 201st request is answered %d, want %d", args, last, want)
		}
	}
}

// TestServeRemembers: what was registered and what waits outlives the process
// (here, its end), and a reset forgets it.
func TestServeRemembers(t *testing.T) {
	file := filepath.Join(t.TempDir(), "sent.db")
	first := startServe(t, nil, "--data", file)
	_, made := first.ask(t, "POST", "/v3/webhooks", "sentsim", `{"display_name":"x","endpoint_url":"http://127.0.0.1:9"}`)
	_, sent := first.ask(t, "POST", "/v3/messages", "sentsim", `{"to":["+15005550101"],"text":"hi"}`)
	if status := first.stop(); status != 0 {
		t.Fatalf("exit status %d\n%s", status, first.stderr)
	}
	second := startServe(t, nil, "--data", file)
	for _, path := range []string{"/v3/webhooks/" + gjson.Get(made, "data.id").String(), "/v3/messages/" + gjson.Get(sent, "data.recipients.0.message_id").String()} {
		if status, body := second.ask(t, "GET", path, "sentsim", ""); status != 200 {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	if status, body := second.ask(t, "POST", "/_sentsim/reset", "sentsim", ""); status != 200 {
		t.Errorf("reset: %d %s", status, body)
	}
	second.stop()
	third := startServe(t, nil, "--data", file)
	if _, body := third.ask(t, "GET", "/v3/webhooks?page=1&page_size=1", "sentsim", ""); gjson.Get(body, "data.pagination.total_count").Int() != 0 {
		t.Errorf("after the reset: %s", body)
	}
}

func TestServeLeavesAForeignFileAsItIs(t *testing.T) {
	file := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(file, []byte("do not lose me"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var stderr bytes.Buffer
	status := run(ctx, invocation{
		args: []string{"serve", "--listen", "127.0.0.1:0", "--data", file}, stdin: strings.NewReader(""), stdout: io.Discard, stderr: &stderr,
	})
	if status != 2 || !strings.Contains(stderr.String(), file) {
		t.Errorf("exit status %d, %s", status, stderr.String())
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != "do not lose me" {
		t.Errorf("it is now %q (%v)", got, err)
	}
}
