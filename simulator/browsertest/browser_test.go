package browsertest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// What the other tests rely on is noticed: a barrier, an error, a request to
// somewhere else, a page that is too wide.
func TestTroubleIsNoticed(t *testing.T) {
	b := Start(t)
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprintf(w, `<!doctype html><title>x</title><p>hello</p><input><img src="%s/x.png"><button>Go</button>
			<script>console.error("told so"); setTimeout(() => { throw new Error("thrown") })</script>`, other.URL)
	}))
	defer srv.Close()
	p := b.Open(t, srv.URL, Options{Width: 400, Height: 400})
	p.WaitText("hello")
	found := map[string]bool{}
	for _, x := range p.barriers() {
		found[x.ID] = true
	}
	for _, id := range []string{"html-has-lang", "label", "image-alt"} {
		if !found[id] {
			t.Errorf("axe does not find %s: %v", id, found)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	all := strings.Join(p.trouble, "\n")
	for _, want := range []string{"it asks for " + other.URL + "/x.png", "told so", "thrown"} {
		if !strings.Contains(all, want) {
			t.Errorf("%q was not noticed:\n%s", want, all)
		}
	}
	p.trouble = nil
}
