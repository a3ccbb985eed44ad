package scenarios_test

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/sentsim/sentsim/scenarios/receiver"
	"github.com/sentsim/sentsim/scenarios/zoo"
	_ "github.com/sentsim/sentsim/simulator/history/sqlite" // the reference receiver needs it
)

// The test binary is a receiver as well: one that dies of a null text, or once of nothing.
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
	r, err := receiver.New(receiver.Config{
		Secret: os.Getenv("SENT_DM_WEBHOOK_SECRET"), File: os.Getenv("STATE_FILE"),
		BaseURL: os.Getenv("SENT_BASE_URL"), APIKey: os.Getenv("SENT_DM_API_KEY"),
	})
	h := fragile
	if os.Getenv("FRAGILE_RECEIVER") == "mortal" {
		h = mortal
	}
	if err == nil {
		err = http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), h(r))
	}
	fmt.Fprintln(os.Stderr, err)
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

// mortal ends at its 150th delivery, and never again.
func mortal(next http.Handler) http.HandlerFunc {
	var n atomic.Int64
	return func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1) == 150 {
			if f, err := os.OpenFile(os.Getenv("STATE_FILE")+".ended", os.O_CREATE|os.O_EXCL, 0o600); err == nil {
				_ = f.Close()
				os.Exit(7)
			}
		}
		next.ServeHTTP(w, r)
	}
}
