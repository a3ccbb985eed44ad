package diagnosis_test

import (
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/sentsim/sentsim/scenarios/diagnosis"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/signing"
)

// One instance of many has the right secret: of the requests, every so many come to it.
// Whatever was changed in one that it took is not the reason.
func TestWhatIsTakenByChanceIsNoCause(t *testing.T) {
	t.Parallel()
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
