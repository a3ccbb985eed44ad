package steps

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/scenarios/learn"
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
	base     string // the target's URL: readings go to its host, also while others restart it
	account  driver.Account
	at       time.Time // when the scenario's first event happened
	epoch    int64
	scenario uuid.UUID // this run of it: ids that follow from something are its own
	name     string
	attempt  uint64
	looks    int // how often a witness was asked for

	messages []*message // that its sentences are about
	controls []*message // that got the events of those once each; of the first, or of each
	contact  *contact
	contacts []*contact
	// Of a story:
	templates []*template
	stories   map[string]event.Event // what was delivered, by "the first message SENT"
	forged    []forgedDelivery
	series    *series // RET: the simulator that spends time
	rotated   *rotation
	restart   *restartReading
	control   *contact                    // who should have got a reply to an ordinary text
	shown     probe.State                 // of the message that forged deliveries must not touch
	again     func(context.Context) error // sends the like of the last delivery, of something new

	ahead   string        // the timestamp of a retry that was signed within the second of what it retries
	acked   time.Time     // when the last delivery was over
	awaited []expectation // what was waited for last, in vain; nil where it came
	pending []Exchange    // since the last Then: what the next one judges
	all     []Exchange
}

// NewWorld is a fresh world for the scenario of that name. attempt numbers its
// runs from 0: a repeated scenario must not meet its own traces.
func NewWorld(s *Subject, scenario string, attempt uint64) *World {
	w := &World{
		s:        s,
		chance:   s.Seed.Stream("scenario "+scenario, attempt),
		webhook:  s.Webhook(),
		base:     s.Target.URL(),
		account:  driver.NewAccount(s.Seed),
		at:       learn.Started(s.Start, clock.Wall()),
		epoch:    s.epoch.Load(),
		scenario: s.Seed.Stream("events of "+scenario, attempt).UUID(),
		name:     scenario, attempt: attempt,
	}
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

// driver signs and sends as the receiver is known to take it.
func (w *World) driver() driver.Driver {
	d := w.s.Driver()
	d.URL, d.Webhook = w.base, w.webhook
	return d
}

// request signs body, which is that of an event, for this scenario's webhook, now.
func (w *World) request(e event.Event, body []byte) delivery.Request {
	return w.requestAt(e, body, 0)
}

// requestAt signs body with a timestamp that is offset away from now.
func (w *World) requestAt(e event.Event, body []byte, offset time.Duration) delivery.Request {
	return w.driver().Sign(e, body, offset)
}

// foreign is an event of which nothing is known but its body: what Sent might send
// one day, or never. The same body is the same event.
func (w *World) foreign(t event.Type, body []byte) event.Event {
	return event.Event{Type: t, ID: driver.EventID(w.scenario, body)}
}

// send delivers once and keeps the exchange for the next Then.
func (w *World) send(ctx context.Context, what string, r delivery.Request, trigger ...string) (Exchange, error) {
	return w.exchange(ctx, Exchange{What: what, Request: r, Trigger: trigger})
}

// exchange delivers x's request once and keeps what came back for the next Then.
func (w *World) exchange(ctx context.Context, x Exchange) (Exchange, error) {
	p := driver.Planned{What: x.What, Request: x.Request, Genuine: x.Genuine}
	ahead := w.untilSigned(p.Request)
	if ahead > 0 && w.s.exact.Load() {
		if err := (clock.Real{}).Sleep(ctx, ahead); err != nil {
			return x, err
		}
		ahead = 0
	}
	sent := w.sendPaced(ctx, p)
	// The second may have come while it was answered.
	if ahead > 0 && !sent.Outcome.Accepted() && (clock.Real{}).Sleep(ctx, max(w.untilSigned(p.Request), 0)) == nil {
		if due := w.sendPaced(ctx, p); due.Outcome.Accepted() {
			w.s.exact.Store(true)
			sent = due
		}
	}
	sent.Trigger = x.Trigger
	sent = w.keep(sent)
	if err := driver.Stopped(ctx, sent); err != nil {
		return sent, err
	}
	return sent, turnedAway(sent, true)
}

// sendAll delivers all requests at the same instant.
func (w *World) sendAll(ctx context.Context, what string, requests []delivery.Request) error {
	_, err := w.sendPlanned(ctx, planned(what, requests, 0, w.s.Timeout))
	return err
}

// planned are requests at the same instant, or that far apart: a thousandth of a
// second is an instant to a receiver, but lets a server with a queue of five
// connections accept them all.
func planned(what string, requests []delivery.Request, apart, timeout time.Duration) []driver.Planned {
	all := make([]driver.Planned, len(requests))
	for i, r := range requests {
		all[i] = driver.Planned{What: what, Request: r, After: time.Duration(i) * apart, Timeout: timeout}
	}
	return all
}

// sendPlanned delivers all of them together and keeps the exchanges for the next
// Then. What a receiver makes of several deliveries says nothing where it turned one
// of them away.
func (w *World) sendPlanned(ctx context.Context, all []driver.Planned) ([]Exchange, error) {
	xs, err := w.sendTogether(ctx, all)
	if err != nil {
		return xs, err
	}
	for _, x := range xs {
		if driver.Later(x.Outcome) {
			return xs, &TurnedAway{At: x, Together: len(w.all)}
		}
	}
	return xs, nil
}

// sendTogether delivers all of them together, however many the receiver takes.
func (w *World) sendTogether(ctx context.Context, all []driver.Planned) ([]Exchange, error) {
	xs := w.driver().SendTogether(ctx, all)
	for i := range xs {
		xs[i] = w.keep(xs[i])
	}
	for _, x := range xs {
		if err := driver.Stopped(ctx, x); err != nil {
			return xs, err
		}
	}
	return xs, nil
}

// keep numbers the exchange.
func (w *World) keep(x Exchange) Exchange {
	x.N = len(w.all) + 1
	w.acked = clock.Wall()
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

func mustAccept(x Exchange) error {
	if x.Outcome.Accepted() {
		return nil
	}
	if err := turnedAway(x, false); err != nil {
		return err
	}
	return notAccepted(x)
}

func notAccepted(x Exchange) *Failure {
	return &Failure{
		Summary:  fmt.Sprintf("%s: %s", x.What, driver.Quote(x)),
		Expected: "a 2xx",
		At:       &x,
	}
}

func mustReject(x Exchange) error {
	if err := turnedAway(x, false); err != nil {
		return err
	}
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
