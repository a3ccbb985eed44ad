package target

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sentsim/sentsim/simulator/signing"
)

// The test binary is its own receiver: with RECEIVER set it is one of these.
func TestMain(m *testing.M) {
	switch mode := os.Getenv("RECEIVER"); mode {
	case "":
		// net/http lets a connection whose request it did not read linger for half a
		// second after its server was closed.
		goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"))
	case "exit":
		fmt.Println("loading")
		fmt.Println("no database, and my secret is", os.Getenv("SENT_DM_WEBHOOK_SECRET"))
		fmt.Println("key:", strings.Trim(strings.TrimPrefix(os.Getenv("SENT_DM_WEBHOOK_SECRET"), "whsec_"), "="))
		os.Exit(3)
	case "hook":
		fmt.Println("told", os.Getenv("SENT_DM_WEBHOOK_SECRET"))
		if f := os.Getenv("HOOK_FILE"); f != "" {
			_ = os.WriteFile(f, []byte(os.Getenv("SENT_DM_WEBHOOK_SECRET")), 0o600)
		}
		if os.Getenv("HOOK_FAILS") != "" {
			os.Exit(4)
		}
	case "deaf": // to SIGTERM, and to its port
		signal.Ignore(syscall.SIGTERM)
		fmt.Println("deaf")
		forever()
	case "taken":
		fmt.Println("Error: listen EADDRINUSE: address already in use 127.0.0.1:" + os.Getenv("PORT"))
		os.Exit(1)
	case "orphan": // a child that outlives its parent
		cmd := exec.CommandContext(context.Background(), os.Args[0])
		cmd.Env = append(os.Environ(), "RECEIVER=grandchild")
		cmd.Stdout = os.Stdout
		if err := cmd.Start(); err != nil {
			panic(err)
		}
		receive("127.0.0.1")
	case "grandchild":
		signal.Ignore(syscall.SIGTERM)
		l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
		if err != nil {
			panic(err)
		}
		fmt.Println("\ngrandchild at", l.Addr())
		forever()
	default:
		receive(mode)
	}
}

func forever() {
	ch := make(chan os.Signal, 1)
	signal.Notify(ch, syscall.SIGUSR1)
	<-ch
}

func receive(host string) {
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/broken", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	mux.HandleFunc("/env", func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(os.Environ()) })
	mux.HandleFunc("/crash", func(http.ResponseWriter, *http.Request) {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		forever()
	})
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", net.JoinHostPort(host, os.Getenv("PORT")))
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Printf("\x1b[32mready\x1b[0m with %s", strings.Join(os.Args[1:], ",")) // no line end, as a prompt
	_ = (&http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}).Serve(l)
}

func secret(t *testing.T) signing.Secret {
	t.Helper()
	s, err := signing.ParseSecret("whsec_c2VjcmV0L3NlY3JldCtzZWNyZXQ/c2VjcmV0IT8/Pw==")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func otherSecret(t *testing.T) signing.Secret {
	t.Helper()
	s, err := signing.ParseSecret("whsec_b3RoZXItb3RoZXItb3RoZXItb3RoZXI=")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func mustNew(t *testing.T, spec Spec) Target {
	t.Helper()
	tg, err := New(spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tg.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return tg
}

func mustStart(t *testing.T, spec Spec, env Env) Target {
	t.Helper()
	tg := mustNew(t, spec)
	if err := tg.Start(t.Context(), env); err != nil {
		t.Fatalf("%v\n%s", err, strings.Join(tg.Log(), "\n"))
	}
	return tg
}

// says checks that err is one line with all of want and nothing of the secret.
func says(t *testing.T, err error, want ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("error %q does not say %q", err, w)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("error %q has several lines", err)
	}
	for _, form := range secret(t).Spellings() {
		if strings.Contains(err.Error(), form) {
			t.Errorf("error %q prints the secret", err)
		}
	}
}
