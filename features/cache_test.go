package features_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sentsim/sentsim/scenarios/receiver"
)

// A receiver that somebody else runs can change between two runs of the same
// test, and the go command would not know.
func TestNamedTargetIsNotCached(t *testing.T) {
	const secret = "whsec_c2VudHNpbSB0ZXN0IHNlY3JldCBub3QgcmVhbA=="
	r, err := receiver.New(receiver.Config{Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		asked.Add(1)
		r.ServeHTTP(w, req)
	}))
	defer server.Close()
	for run := range 2 {
		before := asked.Load()
		cmd := exec.CommandContext(t.Context(), "go", "test", "-run", "^TestReceiver$/^SIG-1$", ".")
		mine := slices.DeleteFunc(os.Environ(), func(kv string) bool { return strings.HasPrefix(kv, "SENTSIM_") })
		cmd.Env = append(mine, "SENTSIM_TARGET="+server.URL+"/webhooks/sent", "SENT_DM_WEBHOOK_SECRET="+secret)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if asked.Load() == before || strings.Contains(string(out), "(cached)") {
			t.Errorf("run %d did not ask the receiver: %s", run+1, out)
		}
	}
}
