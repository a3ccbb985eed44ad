package scenarios_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sentsim/sentsim/scenarios/receiver"
	"github.com/sentsim/sentsim/scenarios/zoo"
	_ "github.com/sentsim/sentsim/simulator/history/sqlite" // the reference receiver needs it
)

// The test binary is a receiver as well: one that dies of a null text, or once of nothing,
// or that comes late to its port.
func TestMain(m *testing.M) {
	if os.Getenv("FRAGILE_RECEIVER") == "" {
		flag.Parse()
		// These tests wait for state to settle more than they compute.
		if p := flag.Lookup("test.parallel"); p.Value.String() == p.DefValue {
			wide := 4
			if zoo.Whole() { // there is much more of them
				wide = 2
			}
			_ = p.Value.Set(strconv.Itoa(wide * runtime.GOMAXPROCS(0)))
		}
		os.Exit(m.Run())
	}
	if os.Getenv("FRAGILE_RECEIVER") == "late" {
		overtaken()
	}
	r, err := receiver.New(receiver.Config{
		Secret: os.Getenv("SENT_DM_WEBHOOK_SECRET"), File: os.Getenv("STATE_FILE"),
		BaseURL: os.Getenv("SENT_BASE_URL"), APIKey: os.Getenv("SENT_DM_API_KEY"),
	})
	h := fragile
	var reading int64
	if n, _ := fmt.Sscanf(os.Getenv("FRAGILE_RECEIVER"), "mortal, at reading %d of a contact", &reading); n == 1 {
		h = mortal("/state/contacts", reading)
	}
	switch os.Getenv("FRAGILE_RECEIVER") {
	case "slowly, of a null text":
		h = func(r http.Handler) http.HandlerFunc {
			return fragile(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				time.Sleep(180 * time.Millisecond) // so several are sent at the same time
				r.ServeHTTP(w, req)
			}))
		}
	case "mortal":
		h = mortal("/webhooks/sent", 400)
	case "mortal, early":
		h = mortal("/webhooks/sent", 20)
	case "late":
		h = func(r http.Handler) http.HandlerFunc { return r.ServeHTTP }
	}
	if err == nil {
		err = http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), h(r))
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// overtaken is, at its first start, a receiver on whose port somebody else listens, who is
// gone once it was looked at.
func overtaken() {
	mark := os.Getenv("STATE_FILE") + ".started"
	if _, err := os.Stat(mark); err == nil {
		return
	}
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:"+os.Getenv("PORT"))
	if err == nil {
		_, err = l.Accept()
	}
	time.Sleep(100 * time.Millisecond) // as long as a busy machine takes to start the receiver
	fmt.Fprintln(os.Stderr, "bind: address already in use", errors.Join(err, os.WriteFile(mark, nil, 0o600)))
	os.Exit(1)
}

func fragile(next http.Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if bytes.Contains(body, []byte(`"text":null`)) {
			fmt.Println("TypeError: cannot read properties of null")
			os.Exit(3)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	}
}

// mortal ends at that delivery or reading, and never again.
func mortal(path string, last int64) func(http.Handler) http.HandlerFunc {
	return func(next http.Handler) http.HandlerFunc {
		var n atomic.Int64
		return func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == path && n.Add(1) == last {
				if f, err := os.OpenFile(os.Getenv("STATE_FILE")+".ended", os.O_CREATE|os.O_EXCL, 0o600); err == nil {
					_ = f.Close()
					os.Exit(7)
				}
			}
			next.ServeHTTP(w, r)
		}
	}
}

// takesLong leaves a test out of make test, which is to answer soon. CI runs it.
func takesLong(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("it takes long: make test SHORT= runs it")
	}
}
