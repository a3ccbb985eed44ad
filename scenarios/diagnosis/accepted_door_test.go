package diagnosis_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sentsim/sentsim/scenarios/diagnosis"
)

// A 2xx of something in front of the receiver is told from one of the receiver, which
// may take everything: a short text, or a page that only the webhook's path has, is the
// receiver's own.
func TestADoorThatTakesDeliveries(t *testing.T) {
	t.Parallel()
	const form = `<!doctype html><title>Log in</title><form action="/login"><input name="user"><input type="password"></form>`
	const site = `<!doctype html><title>My app</title><div id="root"></div>`
	everywhere := func(text string, header ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { answers(http.StatusOK, text, header...)(w, r) }
	}
	here := func(text string, header ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/webhooks/sent" {
				http.NotFound(w, r)
				return
			}
			answers(http.StatusOK, text, header...)(w, r)
		}
	}
	for _, tt := range []struct {
		name string
		h    http.Handler
		who  string // "": it is the receiver's own answer
	}{
		{"a challenge", here("<!doctype html><title>Just a moment...</title>", "Cf-Mitigated", "challenge"), "Cloudflare"},
		{"a challenge of another", everywhere("<html><title>Checkpoint</title></html>", "X-Vercel-Mitigated", "challenge"), "firewall"},
		{"a login", here(form), "asks a person"},
		{"a website", everywhere(site), "A website"},
		{"a no within", here(`{"error":"Method Not Allowed"}`), "says no in its text"},
		{"a receiver that takes everything", everywhere("OK"), ""},
		{"a receiver that takes everything, with a page", here("<html><body>thanks</body></html>"), ""},
		{"a receiver with a page", faulty{secret: secret(t), after: func(w http.ResponseWriter, _ *http.Request, _ []byte) {
			_, _ = io.WriteString(w, site)
		}}.handler(), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := httptest.NewServer(tt.h)
			defer srv.Close()
			r := under(t, srv.URL+"/webhooks/sent")
			d := diagnosis.AcceptedByDoor(t.Context(), r, plainOutcome(t.Context(), r))
			switch {
			case d == nil && tt.who == "":
			case d == nil:
				t.Error("nothing was found in front of it")
			case tt.who == "" || !strings.Contains(d.Summary, tt.who):
				t.Errorf("%s: %s", d.Cause, d.Summary)
			}
		})
	}
}
