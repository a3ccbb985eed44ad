package scenarios_test

import (
	"bytes"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"

	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/target"
)

// A receiver that gives its secret away in every way is found out, and the
// report does not give it away once more.
func TestReportsHoldNoSecret(t *testing.T) {
	t.Parallel()
	var spellings []string
	cfg := handled(func(env target.Env) http.HandlerFunc {
		spellings = env.Secret.Spellings()
		return func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.Header.Get("X-Webhook-Signature"), "garbage") || r.Header.Get("X-Webhook-Signature") == "" {
				w.WriteHeader(http.StatusUnauthorized)
				_, _ = w.Write([]byte("want " + strings.Join(spellings, " ") + " " + env.Secret.Reveal()))
			}
		}
	})
	cfg.Rules = []string{"SIG-2", "SIG-14"}
	rep := verify(t, cfg)
	if got := verdicts(rep, report.Failed); got != "SIG-2 SIG-14" {
		t.Errorf("failed %q", got)
	}
	var out bytes.Buffer
	if err := report.JSON(&out, rep); err != nil {
		t.Fatal(err)
	}
	for i, s := range spellings {
		if printed := out.String(); strings.Contains(printed, s) || strings.Contains(printed, hex.EncodeToString([]byte(s))) {
			t.Errorf("spelling %d of the secret is in the report", i)
		}
	}
}
