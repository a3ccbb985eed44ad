package steps

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/seed"
)

// World is one scenario's: its own messages, its own clock of events. The webhook
// is the run's: a receiver sees one id all the time, as with Sent.
type World struct {
	s        *Subject
	chance   *seed.Stream
	webhook  uuid.UUID
	scenario uuid.UUID // this run of it: ids that follow from something are its own
	base     string    // the target's URL: readings go to its host, also while others restart it
	account  uuid.UUID
	at       time.Time // when the scenario's first event happened
	epoch    int64

	messages []*message
	contact  *contact
	contacts []*contact
	template uuid.UUID
	// Of a story:
	templates []*template
	stories   map[string]event.Event // what was delivered, by "the first message SENT"
	forged    []forgedDelivery
	series    *series // RET: the simulator that spends time
	rotated   *rotation
	restart   *restartReading
	patience  *patience
	shown     probe.State                 // of the message that forged deliveries must not touch
	again     func(context.Context) error // sends the like of the last delivery, of something new

	pending []Exchange // since the last Then: what the next one judges
	all     []Exchange
}

// NewWorld is a fresh world for the scenario of that name. attempt numbers its
// runs from 0: a repeated scenario must not meet its own traces.
func NewWorld(s *Subject, scenario string, attempt uint64) *World {
	w := &World{
		s:        s,
		chance:   s.Seed.Stream("scenario "+scenario, attempt),
		scenario: s.Seed.Stream("events of "+scenario, attempt).UUID(),
		webhook:  s.Webhook(),
		base:     s.Target.URL(),
		account:  s.account(),
		at:       s.Start,
		epoch:    s.epoch.Load(),
	}
	if w.at.IsZero() {
		w.at = clock.Wall()
	}
	// No event may lie in the receiver's future, nor far in its past.
	w.at = w.at.Add(-30 * time.Second).Truncate(time.Second).UTC()
	return w
}

// Exchanges are all deliveries of the scenario so far.
func (w *World) Exchanges() []Exchange { return w.all }

// Close ends what the scenario left open: a rotated secret is rotated back.
func (w *World) Close(ctx context.Context) error {
	if w.series != nil {
		if err := w.series.close(); err != nil {
			return err
		}
	}
	return w.rotateBack(ctx)
}

// request signs body, which is that of an event, for this scenario's webhook, now.
func (w *World) request(e event.Event, body []byte) delivery.Request {
	return w.requestAt(e, body, 0)
}

// requestAt signs body with a timestamp that is offset away from now.
func (w *World) requestAt(e event.Event, body []byte, offset time.Duration) delivery.Request {
	ts := clock.Wall().Add(offset).Unix()
	r := delivery.NewRequest(w.base, w.webhook.String(), w.s.Env.Secret, w.s.Knobs.EventHeaders(e.Type, e.ID), body, ts)
	r.Headers = append(r.Headers, w.s.Headers...)
	return r
}

// foreign is an event of which nothing is known but its body: what Sent might send
// one day, or never. The same body is the same event.
func (w *World) foreign(t event.Type, body []byte) event.Event {
	return event.Event{Type: t, ID: uuid.NewSHA1(w.scenario, body)}
}

// send delivers once and keeps the exchange for the next Then.
func (w *World) send(ctx context.Context, what string, r delivery.Request, trigger ...string) (Exchange, error) {
	return w.exchange(ctx, Exchange{What: what, Request: r, Trigger: trigger})
}

// exchange delivers x's request once and keeps what came back for the next Then.
func (w *World) exchange(ctx context.Context, x Exchange) (Exchange, error) {
	x.Sent = clock.Wall()
	x.Outcome = w.s.Sender.Send(ctx, x.Request, w.s.Timeout)
	x = w.keep(x)
	return x, stopped(ctx, x)
}

// sendAll delivers all requests at the same instant, or that far apart: a
// thousandth of a second is an instant to a receiver, but lets a server with a
// queue of five connections accept them all.
func (w *World) sendAll(ctx context.Context, what string, requests []delivery.Request, apart, timeout time.Duration) error {
	exchanges := make([]Exchange, len(requests))
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i, r := range requests {
		wg.Go(func() {
			<-start
			if err := (clock.Real{}).Sleep(ctx, time.Duration(i)*apart); err != nil {
				exchanges[i] = Exchange{What: what, Request: r, Outcome: delivery.Outcome{Kind: delivery.Cancelled, Err: err.Error()}}
				return
			}
			sent := clock.Wall()
			exchanges[i] = Exchange{What: what, Request: r, Sent: sent, Outcome: w.s.Sender.Send(ctx, r, timeout)}
		})
	}
	close(start)
	wg.Wait()
	for _, x := range exchanges {
		w.keep(x)
	}
	for _, x := range exchanges {
		if err := stopped(ctx, x); err != nil {
			return err
		}
	}
	return nil
}

// keep numbers the exchange.
func (w *World) keep(x Exchange) Exchange {
	x.N = len(w.all) + 1
	w.s.answers.add(x.Outcome)
	w.pending = append(w.pending, x)
	w.all = append(w.all, x)
	return x
}

// introduce delivers what a scenario needs before its story begins, and insists
// on it: a receiver that refuses a genuine event breaks the rule at hand.
func (w *World) introduce(ctx context.Context, what string, r delivery.Request, trigger ...string) error {
	before := len(w.pending)
	x, err := w.send(ctx, what, r, trigger...)
	w.pending = w.pending[:before]
	if err != nil {
		return err
	}
	return mustAccept(x)
}

// judge takes the exchanges since the last Then.
func (w *World) judge() ([]Exchange, error) {
	xs := w.pending
	w.pending = nil
	if len(xs) == 0 {
		return nil, fmt.Errorf("nothing was delivered before this step")
	}
	return xs, nil
}

func stopped(ctx context.Context, x Exchange) error {
	if x.Outcome.Kind != delivery.Cancelled {
		return nil
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return fmt.Errorf("delivery cancelled: %s", x.Outcome.Err)
}

func mustAccept(x Exchange) error {
	if x.Outcome.Accepted() {
		return nil
	}
	return &Failure{
		Summary:  fmt.Sprintf("%s: %s", x.What, x.Seen()),
		Expected: "a 2xx",
		At:       &x,
	}
}

func mustReject(x Exchange) error {
	if x.Outcome.Rejected() {
		return nil
	}
	return &Failure{
		Summary:  fmt.Sprintf("%s: %s", x.What, x.Seen()),
		Expected: "a rejection: 401, or another 4xx",
		At:       &x,
	}
}

// list splits "SENT, DELIVERED".
func list(text string) []string {
	parts := strings.Split(text, ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}
