package diagnosis_test

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sentsim/sentsim/scenarios/diagnosis"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/signing"
)

// One instance of many has the right secret: of the requests, every so many come to it.
// Whatever was changed in one that it took is not the reason.
func TestWhatIsTakenByChanceIsNoCause(t *testing.T) {
	t.Parallel()
	takesLong(t)
	s := secret(t)
	for every := 7; every < 40; every += 4 {
		t.Run(strconv.Itoa(every), func(t *testing.T) {
			t.Parallel()
			var n atomic.Int64
			r := under(t, "http://receiver/webhooks/sent")
			r.Sender = inProcess{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				if n.Add(1)%int64(every) > 0 || s.Verify(signing.HeadersFrom(r.Header.Get), body, clock.Wall()) != nil {
					http.Error(w, "unauthorized", http.StatusUnauthorized)
				}
			})}
			d := diagnosis.Of(t.Context(), r, plainOutcome(t.Context(), r))
			switch d.Cause {
			case "never-looked", "cannot-tell", "intermittent", "wrong-secret":
			default:
				t.Errorf("named %s: %s", d.Cause, d.Summary)
			}
		})
	}
}

// Two instances answer in turns, and one has another secret: an experiment comes to the
// one and its control to the other.
func TestInstancesInTurns(t *testing.T) {
	t.Parallel()
	s := secret(t)
	for first := range int64(2) {
		var n atomic.Int64
		r := under(t, "http://receiver/webhooks/sent")
		r.Sender = inProcess{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			if n.Add(1)%2 == first || s.Verify(signing.HeadersFrom(r.Header.Get), body, clock.Wall()) != nil {
				http.Error(w, "unauthorized", http.StatusUnauthorized)
			}
		})}
		o := plainOutcome(t.Context(), r)
		for o.Accepted() {
			o = plainOutcome(t.Context(), r)
		}
		if d := diagnosis.Of(t.Context(), r, o); d.Cause != "intermittent" {
			t.Errorf("%s: %s", d.Cause, d.Summary)
		}
	}
}

// turnsAway answers 403 until a delivery comes whose header names are in lower case,
// and then takes what is signed right: a limit that has passed in that moment.
type turnsAway struct {
	secret signing.Secret
	passed atomic.Bool
}

func (p *turnsAway) Send(_ context.Context, r delivery.Request, _ time.Duration) delivery.Outcome {
	lower := slices.ContainsFunc(r.Headers, func(h delivery.Header) bool { return h.Name == strings.ToLower(signing.HeaderSignature) })
	if lower {
		p.passed.Store(true)
	}
	status := http.StatusForbidden
	at := clock.Wall()
	get := func(name string) string {
		for _, h := range r.Headers {
			if strings.EqualFold(h.Name, name) {
				return h.Value
			}
		}
		return ""
	}
	if p.passed.Load() && p.secret.Verify(signing.HeadersFrom(get), r.Body, at) == nil {
		status = http.StatusOK
	}
	return delivery.Outcome{Kind: delivery.Answered, Status: status, Start: at, Duration: time.Millisecond}
}

// A change is no cause where the same delivery is taken without it a moment later:
// what refused it has passed.
func TestALimitThatPasses(t *testing.T) {
	t.Parallel()
	r := under(t, "http://127.0.0.1:1/webhooks/sent")
	r.Sender = &turnsAway{secret: secret(t)}
	d := diagnosis.Of(t.Context(), r, plainOutcome(t.Context(), r))
	if d.Cause != "intermittent" || !strings.Contains(d.Summary, "has passed") {
		t.Errorf("%s: %s", d.Cause, d.Summary)
	}
}
