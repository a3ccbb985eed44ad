package target

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/sentsim/sentsim/simulator/delivery"
)

// A paused target takes connections and answers nothing; resumed, it answers
// what came in meanwhile; a pause does not keep it from being stopped.
func TestAPausedTargetAnswersLater(t *testing.T) {
	t.Parallel()
	handler := Spec{Handler: func(Env) (http.Handler, func() error, error) {
		return http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), nil, nil
	}}
	process := receiver(t, "127.0.0.1")
	process.Path, handler.Path = "/healthz", "/healthz"
	for name, spec := range map[string]Spec{"handler": handler, "process": process} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tg := mustStart(t, spec, Env{Secret: secret(t)})
			if err := tg.Pause(); err != nil {
				t.Fatal(err)
			}
			request := delivery.Request{URL: tg.URL()}
			if o := (delivery.HTTP{}).Send(t.Context(), request, 150*time.Millisecond); o.Kind != delivery.Timeout {
				t.Errorf("paused: %s %d %s, want a timeout", o.Kind, o.Status, o.Err)
			}
			if err := tg.Resume(); err != nil {
				t.Fatal(err)
			}
			if o := (delivery.HTTP{}).Send(t.Context(), request, 5*time.Second); !o.Accepted() {
				t.Errorf("resumed: %s %d %s", o.Kind, o.Status, o.Err)
			}
			if err := tg.Pause(); err != nil {
				t.Fatal(err)
			}
			if err := tg.Restart(t.Context(), Env{Secret: secret(t)}); err != nil {
				t.Fatalf("a paused target is restarted: %v", err)
			}
			if o := (delivery.HTTP{}).Send(t.Context(), delivery.Request{URL: tg.URL()}, 5*time.Second); !o.Accepted() {
				t.Errorf("restarted: %s %d %s", o.Kind, o.Status, o.Err)
			}
		})
	}
}

func TestNobodyPausesAURL(t *testing.T) {
	t.Parallel()
	tg := mustNew(t, Spec{URL: "http://127.0.0.1:1/"})
	if err := tg.Pause(); !errors.Is(err, ErrNoControl) {
		t.Errorf("got %v, want ErrNoControl", err)
	}
}
