package diagnosis_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sentsim/sentsim/scenarios/diagnosis"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/signing"
)

// timed refuses what its check of the time does not like, and then verifies.
func timed(secret signing.Secret, ok func(stamp string) bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		h := signing.HeadersFrom(r.Header.Get)
		right := secret.SignContent([]byte(h.ID + "." + h.Timestamp + "." + string(body)))
		if !ok(h.Timestamp) || h.Signature != right {
			http.Error(w, "not authentic", http.StatusUnauthorized)
		}
	})
}

// off is how far a timestamp is from now; no number is not far from anything.
func off(stamp string) time.Duration {
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return 0
	}
	return clock.Wall().Sub(time.Unix(seconds, 0)).Abs()
}

// A check of the time that allows too little is told apart from another unit, another
// clock, and from what only a receiver that reads dates takes.
func TestTheCheckOfTheTimeIsFound(t *testing.T) {
	t.Parallel()
	numbers := func(ok func(time.Duration) bool) func(string) bool {
		return func(stamp string) bool {
			_, err := strconv.ParseInt(stamp, 10, 64)
			return err == nil && ok(off(stamp))
		}
	}
	half := func(d time.Duration) bool { return d < 500*time.Millisecond }
	for _, tt := range []struct {
		name        string
		ok          func(stamp string) bool
		cause, says string
	}{
		{"half a second", numbers(half), "timestamp-tolerance", "the first moments of the second"},
		{"half a second, or no number", func(stamp string) bool { return half(off(stamp)) }, "timestamp-tolerance", "the first moments of the second"},
		{"nothing but what is no number", func(stamp string) bool { return off(stamp) == 0 }, "timestamp-tolerance", "no number at all"},
		{"milliseconds, or no number", func(stamp string) bool {
			ms, err := strconv.ParseInt(stamp, 10, 64)
			return err != nil || clock.Wall().Sub(time.UnixMilli(ms)).Abs() < 5*time.Minute
		}, "timestamp-unit", "as milliseconds"},
		{"the wrong way round", numbers(func(d time.Duration) bool { return d > 5*time.Minute }), "timestamp-tolerance", "the wrong way round"},
		{"a date", func(stamp string) bool {
			_, err := time.Parse(time.RFC3339, stamp)
			return err == nil
		}, "timestamp-as-date", "ISO 8601"},
		{"a slow clock, or no number", func(stamp string) bool {
			seconds, err := strconv.ParseInt(stamp, 10, 64)
			return err != nil || clock.Wall().Add(-time.Hour).Sub(time.Unix(seconds, 0)).Abs() < 5*time.Minute
		}, "time-zone", "slow"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := diagnosed(t, timed(secret(t), tt.ok))
			for d == nil { // by chance it took the plain delivery
				d = diagnosed(t, timed(secret(t), tt.ok))
			}
			if d.Cause != tt.cause || !strings.Contains(d.Summary, tt.says) {
				t.Errorf("%s: %s\n%s", d.Cause, d.Summary, strings.Join(d.Evidence, "\n"))
			}
		})
	}
}

// A check that takes only what is old, or only what lies ahead, is turned about, and
// reads no other unit: a number of minutes is old, and one of milliseconds lies ahead.
func TestACheckThatIsTurnedAboutIsNoUnit(t *testing.T) {
	t.Parallel()
	takesLong(t)
	old := func(d time.Duration) bool { return d > 5*time.Minute }
	ahead := func(d time.Duration) bool { return d < -20*time.Second }
	for _, tt := range []struct {
		name        string
		ok          func(age time.Duration) bool
		date        []string // what it tells of the time: nothing, or a date that is right, slow or fast
		cause, says string
	}{
		{"only what is old", old, []string{"right"}, "timestamp-tolerance", "wrong way round: only what was signed long ago"},
		{"only what lies ahead", ahead, []string{"right"}, "timestamp-tolerance", "wrong way round: only what was signed ahead of now"},
		{"only what is old, and no date", old, nil, "timestamp-tolerance", "cannot be told apart"},
		{"only what is old, and its clock is slow", old, []string{"slow"}, "clock-skew", "slow"},
		{"only what lies ahead, and its clock is fast", ahead, []string{"fast"}, "clock-skew", "fast"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := secret(t)
			d := diagnosed(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header()["Date"] = nil
				if len(tt.date) > 0 {
					now := clock.Wall().UTC()
					switch tt.date[0] {
					case "slow":
						now = now.Add(-20 * time.Minute)
					case "fast":
						now = now.Add(20 * time.Minute)
					}
					w.Header().Set("Date", now.Format(http.TimeFormat))
				}
				timed(s, func(stamp string) bool {
					seconds, err := strconv.ParseInt(stamp, 10, 64)
					return err == nil && tt.ok(clock.Wall().Sub(time.Unix(seconds, 0)))
				}).ServeHTTP(w, r)
			}))
			if d == nil || d.Cause != tt.cause || !strings.Contains(d.Summary, tt.says) {
				t.Errorf("%+v", d)
			}
		})
	}
}

// A spoilt delivery that came in time, where the genuine ones before and after it came too
// late, does not tell that their signatures were accepted.
func TestALateDeliveryIsNoEventThatIsRefused(t *testing.T) {
	t.Parallel()
	key := secret(t)
	var prompt atomic.Bool
	r := under(t, "http://receiver/webhooks/sent")
	r.Sender = inProcess{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		wrong := key.Verify(signing.HeadersFrom(r.Header.Get), body, clock.Wall()) != nil
		why := ""
		if wrong && prompt.CompareAndSwap(false, true) {
			why = "the signature does not verify"
		}
		http.Error(w, why, http.StatusUnauthorized)
	})}
	if d := diagnosis.Of(t.Context(), r, diagnosis.Plain(t.Context(), r)); d.Cause == "event-refused" || !prompt.Load() {
		t.Errorf("%s: %s", d.Cause, d.Summary)
	}
}

// Who takes one delivery in two, whenever they come, has no tight tolerance.
func TestTurnsAreNoTolerance(t *testing.T) {
	t.Parallel()
	var turn atomic.Int64
	srv := httptest.NewServer(timed(secret(t), func(string) bool { return turn.Add(1)%2 == 0 }))
	defer srv.Close()
	r := under(t, srv.URL+"/webhooks/sent")
	if d := diagnosis.TightTolerance(t.Context(), r, diagnosis.Plain(t.Context(), r)); d != nil {
		t.Errorf("%s: %s", d.Cause, d.Summary)
	}
}

// Who takes some signatures and others not, whenever they come, has none either, even if
// those that came early happened to be taken.
func TestChanceIsNoTolerance(t *testing.T) {
	t.Parallel()
	answers := []bool{false, true, true, false, false, true, false} // of the plain delivery, and of those that are early, or late
	known := map[string]bool{}
	r := under(t, "http://receiver/webhooks/sent")
	r.Sender = inProcess{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		signature := r.Header.Get(signing.HeaderSignature)
		taken, again := known[signature]
		if !again {
			taken = len(known) >= len(answers) || answers[len(known)]
			known[signature] = taken
		}
		if !taken {
			http.Error(w, "invalid signature", http.StatusUnauthorized)
		}
	})}
	if d := diagnosis.TightTolerance(t.Context(), r, diagnosis.Plain(t.Context(), r)); d != nil || len(known) <= len(answers) {
		t.Errorf("%+v after %d signatures", d, len(known))
	}
}
