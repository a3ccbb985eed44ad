package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sentsim/sentsim/scenarios/receiver"
)

// testSecret is nobody's: it decodes to a sentence.
const testSecret = "whsec_" + "c2VudHNpbSB0ZXN0IHNlY3JldCBub3QgcmVhbA=="

func TestMain(m *testing.M) {
	if strings.HasSuffix(os.Args[0], ".test") { // and not one of the commands below
		flag.Parse()
		// These tests wait for receivers more than they compute.
		if p := flag.Lookup("test.parallel"); p.Value.String() == p.DefValue {
			_ = p.Value.Set(strconv.Itoa(2 * runtime.GOMAXPROCS(0)))
		}
	}
	testscript.Main(m, map[string]func(){"sentsim": main, "stubborn": stubborn})
}

// stubborn is a receiver that neither answers nor ends. It asks its first argument
// when a delivery comes, and its second one when it is told to end.
func stubborn() {
	tell := func(url string) {
		req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url+"?port="+os.Getenv("PORT"), http.NoBody)
		if err != nil {
			panic(err)
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			_ = resp.Body.Close()
		}
	}
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM)
	go func() {
		<-told
		tell(os.Args[2])
	}()
	_ = http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		tell(os.Args[1])
		select {}
	}))
}

// The command line as its users see it. Besides testscript's own commands there are:
//
//	exits STATUS COMMAND ARG…      run it and insist on the status
//	endpoint NAME KIND             a server whose URL is $NAME: a status, hang, receiver, gone
//	within DURATION COMMAND ARG…   another command, and how long it may take
//	signal SIGNAL STATUS ENDPOINT[,ENDPOINT] COMMAND ARG…
//	                               run it, send it the signal at the first request to each endpoint, insist on the status
//	freed ENDPOINT                 nobody listens at the port that the endpoint was told
//	unasked ENDPOINT               no request has come to it
//	cut FILE N                     FILE ends after N bytes, or N bytes before its end if N is negative
//	edit FILE OLD NEW              the first OLD in FILE is NEW
//	json FILE KEY VALUE            a value of the JSON object in FILE
//	junit FILE                     FILE is a JUnit report with testcases
func TestScripts(t *testing.T) {
	t.Parallel()
	endpoints := &endpoints{asked: map[string]chan struct{}{}, ports: map[string]string{}}
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"),
		Setup: func(env *testscript.Env) error {
			env.Setenv("SECRET", testSecret)
			// A program with the race detector sleeps a second before it exits, to
			// hear from goroutines that are still at it; ours have all ended.
			env.Setenv("GORACE", "atexit_sleep_ms=0")
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits":    exits,
			"endpoint": endpoints.start,
			"within":   within,
			"signal":   endpoints.signal,
			"freed":    endpoints.freed,
			"unasked":  endpoints.unasked,
			"cut":      cut,
			"edit":     edit,
			"json":     jsonValue,
			"junit":    junit,
		},
	})
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS COMMAND ARG…")
	}
	if got := status(ts, ts.Exec(args[1], args[2:]...)); strconv.Itoa(got) != args[0] {
		ts.Fatalf("exit status %d, want %s", got, args[0])
	}
}

// status is the exit status that err means.
func status(ts *testscript.TestScript, err error) int {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	}
	ts.Fatalf("it did not run: %v", err)
	return -1
}

func within(ts *testscript.TestScript, _ bool, args []string) {
	most, err := time.ParseDuration(args[0])
	ts.Check(err)
	start := time.Now()
	exits(ts, false, args[1:])
	if took := time.Since(start); took > most {
		ts.Fatalf("it took %s, which is more than %s", took, most)
	}
}

// endpoints are servers inside the test's process.
type endpoints struct {
	mu    sync.Mutex
	asked map[string]chan struct{} // by URL; closed at the first request
	ports map[string]string        // by URL; what the first request said
}

func (e *endpoints) start(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: endpoint NAME KIND")
	}
	asked, once := make(chan struct{}), sync.Once{}
	handler := answer(ts, args[1])
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		once.Do(func() {
			e.mu.Lock()
			e.ports["http://"+r.Host+r.URL.Path] = r.URL.Query().Get("port")
			e.mu.Unlock()
			close(asked)
		})
		handler.ServeHTTP(w, r)
	}))
	if args[1] == "gone" {
		l, err := listenAside(context.Background())
		ts.Check(err)
		_ = server.Listener.Close()
		server.Listener = l
	}
	server.Start()
	ts.Defer(func() {
		server.CloseClientConnections()
		server.Close()
	})
	url := server.URL + "/webhooks/sent"
	e.mu.Lock()
	defer e.mu.Unlock()
	e.asked[url] = asked
	ts.Setenv(args[0], url)
	if args[1] == "gone" {
		server.Close()
	}
}

func answer(ts *testscript.TestScript, kind string) http.Handler {
	switch kind {
	case "hang":
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		})
	case "receiver":
		r, err := receiver.New(receiver.Config{Secret: testSecret})
		ts.Check(err)
		ts.Defer(func() { _ = r.Close() })
		return r
	case "echo": // what a receiver must not do
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			_, _ = w.Write([]byte("expected " + testSecret + "\n\x1b[2J"))
			_, _ = w.Write(body)
		})
	case "gone":
		return http.NotFoundHandler()
	}
	code, err := strconv.Atoi(kind)
	ts.Check(err)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(code)
	})
}

func (e *endpoints) signal(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 4 {
		ts.Fatalf("usage: signal SIGNAL STATUS ENDPOINT COMMAND ARG…")
	}
	sig := map[string]os.Signal{"INT": os.Interrupt, "TERM": syscall.SIGTERM}[args[0]]
	path, err := exec.LookPath(args[3])
	ts.Check(err)
	cmd := exec.CommandContext(context.Background(), path, args[4:]...)
	cmd.Dir = ts.Getenv("WORK")
	cmd.Env = []string{"PATH=" + ts.Getenv("PATH"), "HOME=" + ts.Getenv("HOME")}
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	ts.Check(cmd.Start())
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	for url := range strings.SplitSeq(args[2], ",") {
		e.mu.Lock()
		asked := e.asked[url]
		e.mu.Unlock()
		select {
		case <-asked:
			ts.Check(cmd.Process.Signal(sig))
		case err = <-done:
			ts.Fatalf("it ended before %s was asked: %v\n%s%s", url, err, out.Bytes(), said.Bytes())
		}
	}
	start := time.Now()
	err = <-done
	if took := time.Since(start); took > 3*time.Second {
		ts.Fatalf("it went on for %s", took)
	}
	ts.Check(os.WriteFile(ts.MkAbs("signal.out"), append(out.Bytes(), said.Bytes()...), 0o600))
	if got := status(ts, err); strconv.Itoa(got) != args[1] {
		ts.Fatalf("exit status %d, want %s\n%s%s", got, args[1], out.Bytes(), said.Bytes())
	}
}

func (e *endpoints) freed(ts *testscript.TestScript, _ bool, args []string) {
	e.mu.Lock()
	port := e.ports[args[0]]
	e.mu.Unlock()
	if port == "" {
		ts.Fatalf("%s was told no port", args[0])
	}
	if c, err := new(net.Dialer).DialContext(context.Background(), "tcp", "127.0.0.1:"+port); err == nil {
		_ = c.Close()
		ts.Fatalf("somebody still listens at port %s", port)
	}
}

func (e *endpoints) unasked(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: unasked ENDPOINT")
	}
	e.mu.Lock()
	asked, known := e.asked[args[0]]
	e.mu.Unlock()
	if !known {
		ts.Fatalf("%s is no endpoint", args[0])
	}
	select {
	case <-asked:
		ts.Fatalf("%s was asked", args[0])
	default:
	}
}

func cut(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: cut FILE N")
	}
	content := ts.ReadFile(args[0])
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	if n < 0 {
		n += len(content)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(content[:n]), 0o600))
}

func edit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: edit FILE OLD NEW")
	}
	content := ts.ReadFile(args[0])
	if !strings.Contains(content, args[1]) {
		ts.Fatalf("%s does not hold %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Replace(content, args[1], args[2], 1)), 0o600))
}

func jsonValue(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: json FILE KEY VALUE")
	}
	var object map[string]any
	if err := json.Unmarshal([]byte(ts.ReadFile(args[0])), &object); err != nil {
		ts.Fatalf("%s is not one JSON object: %v", args[0], err)
	}
	got, err := json.Marshal(object[args[1]])
	ts.Check(err)
	if string(got) != args[2] {
		ts.Fatalf("%s is %s, want %s", args[1], got, args[2])
	}
}

func junit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: junit FILE")
	}
	var suites struct {
		Cases []struct {
			Name string `xml:"name,attr"`
		} `xml:"testsuite>testcase"`
	}
	if err := xml.Unmarshal([]byte(ts.ReadFile(args[0])), &suites); err != nil {
		ts.Fatalf("%s is not XML: %v", args[0], err)
	}
	if len(suites.Cases) == 0 {
		ts.Fatalf("%s has no testcase", args[0])
	}
}

// takesLong leaves a test out of make test, which is to answer soon. CI runs it.
func takesLong(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("it takes long: make test SHORT= runs it")
	}
}
