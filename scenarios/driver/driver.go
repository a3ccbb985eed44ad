// Package driver carries out what Sent does: it makes messages and their
// events, signs deliveries with all knobs, and sends them alone, together, or
// as a sender that misbehaves. It judges nothing. Scenarios, learning, chaos and
// the diagnosis send through it, so that a delivery is the same everywhere.
package driver

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/scenarios/exchange"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/signing"
)

// Driver signs and sends for one webhook. It is a value: whoever changes the
// secret or a knob uses a copy.
type Driver struct {
	Sender  delivery.Sender
	URL     string // of the target
	Webhook uuid.UUID
	Secret  signing.Secret
	Knobs   simulator.Knobs
	Headers []delivery.Header // sent with every delivery, besides Sent's own
	Timeout time.Duration     // of an attempt
}

// Encode is the body of an event's deliveries.
func (d Driver) Encode(e event.Event) []byte { return e.Encode(d.Knobs.Format()) }

// Sign signs a body, which is that of an event, with a timestamp that is offset
// away from now.
func (d Driver) Sign(e event.Event, body []byte, offset time.Duration) delivery.Request {
	return d.SignAt(e, body, clock.Wall().Add(offset).Unix())
}

// SignAt is Sign with a timestamp in Unix seconds.
func (d Driver) SignAt(e event.Event, body []byte, at int64) delivery.Request {
	r := delivery.NewRequest(d.URL, d.Webhook.String(), d.Secret, d.Knobs.EventHeaders(e.Type, e.ID), body, at)
	r.Headers = append(r.Headers, d.Headers...)
	return r
}

// Event is a genuine delivery of an event, signed now.
func (d Driver) Event(e event.Event) delivery.Request { return d.Sign(e, d.Encode(e), 0) }

// EventID is the id of an event of which nothing is known but its body: another
// body is another event.
func EventID(of uuid.UUID, body []byte) uuid.UUID { return uuid.NewSHA1(of, body) }

// Exchange is one delivery and what came back.
type Exchange struct {
	N        int    // its place in the scenario, from 1; 0 where it has none
	What     string // in words: "its DELIVERED event, again"
	Request  delivery.Request
	Outcome  delivery.Outcome
	Sent     time.Time             // when, on the clock of the scenario
	Genuine  *delivery.Request     // what a forged request was made of; nil for any other
	Together bool                  // it was sent beside others
	How      delivery.Misbehaviour // of the sender
	Trigger  []string              // arguments of `sentsim trigger` that send the same; nil where none do
	// Answer is what the receiver really answered, where the sender lost it.
	Answer *delivery.Outcome
}

// Planned is one of several deliveries that are sent together.
type Planned struct {
	What    string
	Request delivery.Request
	After   time.Duration         // after the first of them
	How     delivery.Misbehaviour // of the sender
	For     time.Duration         // Dawdle: between two pieces of the request; GiveUp: how long it waits for the answer
	Timeout time.Duration         // 0: the driver's
	Genuine *delivery.Request
}

// Send makes one attempt, of a sender that behaves as it is told.
func (d Driver) Send(ctx context.Context, p Planned) Exchange {
	timeout := p.Timeout
	if timeout == 0 {
		timeout = d.Timeout
	}
	x := Exchange{What: p.What, Request: p.Request, Genuine: p.Genuine, How: p.How, Sent: clock.Wall()}
	x.Outcome, x.Answer = p.send(ctx, d.Sender, timeout)
	return x
}

// SendTogether sends all at the same instant, each after its own short pause.
// The exchanges stand in the order of the plan.
func (d Driver) SendTogether(ctx context.Context, all []Planned) []Exchange {
	xs := make([]Exchange, len(all))
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i, p := range all {
		wg.Go(func() {
			<-start
			if err := (clock.Real{}).Sleep(ctx, p.After); err != nil {
				xs[i] = Exchange{What: p.What, Request: p.Request, Outcome: delivery.Outcome{Kind: delivery.Cancelled, Err: err.Error()}}
				return
			}
			xs[i] = d.Send(ctx, p)
			xs[i].Together = len(all) > 1
		})
	}
	close(start)
	wg.Wait()
	return xs
}

// Stopped is why a delivery was not made because the run ends, nil if it was made.
func Stopped(ctx context.Context, x Exchange) error {
	if x.Outcome.Kind != delivery.Cancelled {
		return nil
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return fmt.Errorf("delivery cancelled: %s", x.Outcome.Err)
}

// Seen says what came back in a few words.
func (x Exchange) Seen() string { return exchange.Seen(x.Outcome) }

// maxQuoted is how many characters of an answer a sentence quotes.
const maxQuoted = 160

// Quote is what came back, with the first line of what it says.
func Quote(x Exchange) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(x.Outcome.Body)), "\n")
	if line == "" {
		return x.Seen()
	}
	if runes := []rune(line); len(runes) > maxQuoted {
		line = string(runes[:maxQuoted]) + "…"
	}
	return x.Seen() + ": " + strings.ToValidUTF8(line, "?")
}

// NotNow reports whether an answer turns away whoever sends, rather than what is sent.
func NotNow(o delivery.Outcome) bool {
	return o.Kind == delivery.Answered && slices.Contains([]int{http.StatusForbidden, http.StatusTooManyRequests, http.StatusServiceUnavailable}, o.Status)
}
