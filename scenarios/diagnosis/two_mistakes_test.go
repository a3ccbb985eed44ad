package diagnosis_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sentsim/sentsim/scenarios/diagnosis"
	"github.com/sentsim/sentsim/simulator/clock"
)

// twofold is a receiver that may do two things wrong at once, and may take its time.
type twofold struct {
	key   []byte
	names [3]string // id, timestamp, signature
	ahead time.Duration
	hex   bool
	wait  time.Duration // before it refuses
	queue *sync.Mutex   // where it refuses one after another
}

func (f twofold) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if r.URL.Path != "/webhooks/sent" {
		http.NotFound(w, r)
		return
	}
	if f.right(r, body) {
		return
	}
	if f.queue != nil {
		f.queue.Lock()
		defer f.queue.Unlock()
	}
	time.Sleep(f.wait)
	http.Error(w, "unauthorized", http.StatusUnauthorized)
}

func (f twofold) right(r *http.Request, body []byte) bool {
	id, stamp, signature := r.Header.Get(f.names[0]), r.Header.Get(f.names[1]), r.Header.Get(f.names[2])
	at, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || clock.Wall().Add(f.ahead).Sub(time.Unix(at, 0)).Abs() > 300*time.Second {
		return false
	}
	mac := hmac.New(sha256.New, f.key)
	_, _ = io.WriteString(mac, id+"."+stamp+"."+string(body))
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	if f.hex {
		want = hex.EncodeToString(mac.Sum(nil))
	}
	return signature == want
}

func sentNames() [3]string {
	return [3]string{"X-Webhook-ID", "X-Webhook-Timestamp", "X-Webhook-Signature"}
}

// Each of two mistakes hides the other from an experiment with one.
func TestTwoMistakesAtOnce(t *testing.T) {
	t.Parallel()
	takesLong(t)
	text, rest := []byte(secretText), []byte(strings.TrimPrefix(secretText, "whsec_"))
	key, err := base64.StdEncoding.DecodeString(string(rest))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name  string
		f     twofold
		cause string
		says  string
	}{
		{"Svix's names, the whole text", twofold{key: text, names: [3]string{"Svix-Id", "Svix-Timestamp", "Svix-Signature"}}, "svix-headers-and-prefix-kept", "Svix-Signature"},
		{"a standard library's names, hex", twofold{key: key, hex: true, names: [3]string{"Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"}}, "standard-webhooks-headers-and-bare-hex", "in hex"},
		{"names of its own, not decoded", twofold{key: rest, names: [3]string{"X-Event-Id", "X-Event-Time", "X-Event-Signature"}}, "header-names-and-secret-not-decoded", "X-Event-Time"},
		{"names of its own", twofold{key: key, names: [3]string{"X-Event-Id", "X-Event-Time", "X-Event-Signature"}}, "header-names", "X-Event-Signature"},
		{"an hour ahead, the whole text", twofold{key: text, names: sentNames(), ahead: time.Hour}, "clock-skew-and-prefix-kept", "time zone"},
		{"a quarter behind, hex", twofold{key: key, hex: true, names: sentNames(), ahead: -15 * time.Minute}, "clock-skew-and-bare-hex", "slow"},
		{"another secret", twofold{key: []byte("another"), names: sentNames()}, "wrong-secret", "another secret"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := under(t, "http://receiver/webhooks/sent")
			r.Sender = inProcess{tt.f}
			d := diagnosis.Of(t.Context(), r, plainOutcome(t.Context(), r))
			if d.Cause != tt.cause || !strings.Contains(d.Summary, tt.says) {
				t.Errorf("%s: %s", d.Cause, d.Summary)
			}
		})
	}
}

// A receiver that takes its time for a refusal is diagnosed before long: the likeliest
// mistakes come first, side by side where it answers side by side, and what there was no
// time for is named.
func TestASlowRefusal(t *testing.T) {
	t.Parallel()
	takesLong(t)
	const wait = 1500 * time.Millisecond
	for _, tt := range []struct {
		name  string
		f     twofold
		cause string
		says  string
	}{
		{"the whole text, side by side", twofold{key: []byte(secretText), names: sentNames(), wait: wait}, "prefix-kept", ""},
		{"the whole text, one after another", twofold{key: []byte(secretText), names: sentNames(), wait: wait, queue: &sync.Mutex{}}, "prefix-kept", ""},
		{"a time zone, side by side", twofold{key: secretKey(t), names: sentNames(), wait: wait, ahead: 2 * time.Hour}, "time-zone", ""},
		{"another secret, one after another", twofold{key: []byte("another"), names: sentNames(), wait: wait, queue: &sync.Mutex{}}, "cannot-tell", "not tried: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := httptest.NewServer(tt.f)
			defer srv.Close()
			r := under(t, srv.URL+"/webhooks/sent")
			r.Timeout = 10 * time.Second
			began := clock.Wall()
			d := diagnosis.Of(t.Context(), r, plainOutcome(t.Context(), r))
			if d.Cause != tt.cause || !strings.Contains(d.Summary, tt.says) {
				t.Errorf("%s: %s", d.Cause, d.Summary)
			}
			// A receiver that is slow to refuse gets up to twice the budget.
			if took := clock.Wall().Sub(began); took > 2*diagnosis.Budget+40*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

func secretKey(t *testing.T) []byte {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secretText, "whsec_"))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// A connection that is dropped because of the User-Agent gets an answer with another.
func TestDroppedByItsUserAgent(t *testing.T) {
	t.Parallel()
	f := faulty{secret: secret(t), before: func(w http.ResponseWriter, r *http.Request) bool {
		if strings.Contains(r.UserAgent(), "Mozilla") {
			return false
		}
		c, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_ = c.Close()
		}
		return true
	}}
	d := diagnosed(t, f.handler())
	if d == nil || d.Cause != "user-agent" {
		t.Errorf("%+v", d)
	}
}
