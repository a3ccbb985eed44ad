package diagnosis_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/scenarios/diagnosis"
	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/zoo"
	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/seed"
	"github.com/sentsim/sentsim/simulator/signing"
)

// A secret with every character that decoders and environments treat in a way of their own.
const secretText = "whsec_c2VjcmV0+/Rlc3Qgb2YgdGhlIGRpYWdub3Npcyw/MzIgYnl0ZXMrYW5kIG1vcmU="

const webhookID = "6f0c2f9e-5a37-4c62-9d6e-2f1f6f4f3c11"

func secret(t *testing.T) signing.Secret {
	t.Helper()
	s, err := signing.ParseSecret(secretText)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// under is the receiver at url, as a run would have it diagnosed.
func under(t *testing.T, url string) diagnosis.Receiver {
	t.Helper()
	k := simulator.DefaultKnobs()
	old := k
	old.Envelope = event.EnvelopeLegacy
	return diagnosis.Receiver{
		Driver: driver.Driver{
			Sender: delivery.HTTP{}, Timeout: 2 * time.Second, URL: url, Webhook: uuid.MustParse(webhookID), Secret: secret(t), Knobs: k,
		},
		SentWaits: 30 * time.Second, SecretEnv: "SENT_DM_WEBHOOK_SECRET", Seed: 1,
		Others: []diagnosis.Variant{
			{Name: "a message.received event", Type: "message.received", Knobs: k},
			{Name: "events in the envelope legacy", Type: "message.queued", Knobs: old},
		},
	}
}

// plainOutcome is what the receiver answers to a first genuine delivery.
func plainOutcome(ctx context.Context, r diagnosis.Receiver) delivery.Outcome {
	e, err := event.Sample("message.queued", r.Seed.Stream("plain"), clock.Wall())
	if err != nil {
		return delivery.Outcome{Kind: delivery.Cancelled, Err: err.Error()}
	}
	return r.Send(ctx, driver.Planned{Request: r.Event(e)}).Outcome
}

// diagnosed is the diagnosis of a handler, or nil if it takes the plain delivery.
func diagnosed(t *testing.T, h http.Handler) *report.Diagnosis {
	t.Helper()
	srv := httptest.NewServer(h)
	defer srv.Close()
	r := under(t, srv.URL+"/webhooks/sent")
	o := plainOutcome(t.Context(), r)
	if o.Accepted() {
		return nil
	}
	d := diagnosis.Of(t.Context(), r, o)
	return &d
}

// inProcess sends to a handler without a connection between: two hundred receivers
// get hundreds of deliveries each.
type inProcess struct{ h http.Handler }

func (p inProcess) Send(ctx context.Context, r delivery.Request, _ time.Duration) delivery.Outcome {
	start := clock.Wall()
	req := httptest.NewRequestWithContext(ctx, http.MethodPost, r.URL, bytes.NewReader(r.Body))
	for _, h := range r.Headers {
		req.Header.Add(h.Name, h.Value)
	}
	w := httptest.NewRecorder()
	p.h.ServeHTTP(w, req)
	return delivery.Outcome{Kind: delivery.Answered, Status: w.Code, Header: w.Header(), Body: w.Body.Bytes(), Start: start, Duration: clock.Wall().Sub(start)}
}

// A receiver that makes one of the known mistakes is told which. Every sixth of
// them is tried, which takes seconds: that they differ from each other for any
// secret and body is what package signing tests.
func TestKnownMistakesAreNamed(t *testing.T) {
	t.Parallel()
	s := secret(t)
	for n, m := range signing.Mistakes() {
		alphabet := strings.HasPrefix(m.Name, "urlsafe-")
		if n%6 != 0 && !alphabet || !zoo.Tests(m.Name) {
			continue
		}
		t.Run(m.Name, func(t *testing.T) {
			t.Parallel()
			isNamed(t, m, s, 1)
			for n := seed.Seed(2); alphabet && n < 10; n++ { // a quarter of its deliveries are taken by chance
				isNamed(t, m, s, n)
			}
		})
	}
}

// isNamed checks the diagnosis of a receiver that makes a mistake.
func isNamed(t *testing.T, m signing.Mistake, s signing.Secret, n seed.Seed) {
	t.Helper()
	r := under(t, "http://receiver/webhooks/sent")
	r.Seed = n
	r.Sender = inProcess{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !takes(m, s, r) {
			http.Error(w, "invalid signature", http.StatusUnauthorized)
		}
	})}
	o := plainOutcome(t.Context(), r)
	if o.Accepted() {
		return // it makes no difference for the plain delivery: nothing to diagnose
	}
	if d := diagnosis.Of(t.Context(), r, o); d.Cause != m.Name {
		t.Errorf("seed %s: named %q: %s\n%s", n, d.Cause, d.Summary, strings.Join(d.Evidence, "\n"))
	}
}

// A receiver that signs its own address as well is told so.
func TestASignedAddressIsNamed(t *testing.T) {
	t.Parallel()
	takesLong(t)
	s := secret(t)
	const address = "http://receiver/webhooks/sent"
	for _, m := range signing.AddressMistakes(http.MethodPost, address) {
		if !zoo.Tests(m.Name) {
			continue
		}
		t.Run(m.Name, func(t *testing.T) {
			t.Parallel()
			r := under(t, address)
			r.Sender = inProcess{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if !takes(m, s, r) {
					http.Error(w, "invalid signature", http.StatusUnauthorized)
				}
			})}
			if d := diagnosis.Of(t.Context(), r, plainOutcome(t.Context(), r)); d.Cause != m.Name {
				t.Errorf("named %q: %s", d.Cause, d.Summary)
			}
		})
	}
}

// takes is whether a receiver with that mistake accepts the request.
func takes(m signing.Mistake, secret signing.Secret, r *http.Request) bool {
	body, _ := io.ReadAll(r.Body)
	now := clock.Wall().Unix()
	from, to := now-3, now+1 // where no header says when it was signed
	if at, err := strconv.ParseInt(r.Header.Get(signing.HeaderTimestamp), 10, 64); err == nil && now-at < 300 && at-now < 300 {
		from, to = at, at // on a busy machine it is older than that
	}
	for _, id := range []string{r.Header.Get(signing.HeaderID), r.Header.Get("webhook-id"), r.Header.Get("svix-id")} {
		if id == "" {
			continue
		}
		for ts := from; ts <= to; ts++ {
			signed := m.Sign(secret, id, ts, body)
			if len(signed.Headers) == 0 { // no difference for this body at this time: a correct receiver
				if r.Header.Get(signing.HeaderTimestamp) == strconv.FormatInt(ts, 10) {
					return secret.Verify(signing.HeadersFrom(r.Header.Get), body, clock.Wall()) == nil
				}
				continue
			}
			fits := true
			for _, h := range signed.Headers {
				fits = fits && r.Header.Get(h.Name) == h.Value
			}
			if fits {
				return true
			}
		}
	}
	return false
}
