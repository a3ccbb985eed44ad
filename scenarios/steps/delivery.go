package steps

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/signing"
)

func (w *World) messageOn(ctx context.Context, channel, foreign string) error {
	ch, err := event.ParseChannel(channel)
	switch {
	case err != nil:
	case foreign != "":
		w.messages = append(w.messages, w.foreignMessage(ch))
	default:
		_, err = w.addMessage(ctx, ch)
	}
	return err
}

func (w *World) deliversIts(ctx context.Context, statuses string) error {
	m, err := w.the(0)
	if err != nil {
		return err
	}
	before, all := slices.Clone(m.history), w.travelling(statuses)
	w.again = func(ctx context.Context) error { return w.deliverLike(ctx, m.Channel, before, all) }
	return w.deliverAll(ctx, m, all)
}

func (w *World) deliverAll(ctx context.Context, m *message, all []event.Status) error {
	for _, st := range all {
		if err := w.deliver(ctx, m, st); err != nil {
			return err
		}
	}
	return nil
}

// deliverLike tells the same story of a new message.
func (w *World) deliverLike(ctx context.Context, ch event.Channel, seen, all []event.Status) error {
	m, err := w.newMessage(ctx, ch)
	if err != nil {
		return err
	}
	if err := w.seeAll(ctx, []*message{m}, seen); err != nil {
		return err
	}
	return w.deliverAll(ctx, m, all)
}

// retries sends the same body again, with a fresh timestamp and signature: that of the
// last delivery, or of an event.
func (w *World) retries(ctx context.Context, whose, status string) error {
	if whose == "" {
		last, err := w.lastAccepted()
		if err != nil {
			return err
		}
		e := event.Event{Type: event.Type(last.Request.Get(signing.HeaderEventType))}
		e.ID, _ = uuid.Parse(last.Request.Get(signing.HeaderEventID)) // none where none is sent
		_, err = w.send(ctx, "a retry of that delivery", w.later(e, last.Request.Body))
		return err
	}
	messages, err := w.messagesOf(whose)
	if err != nil {
		return err
	}
	var planned []driver.Planned
	for _, m := range messages {
		e := m.Event(event.Status(status))
		planned = append(planned, driver.Planned{What: fmt.Sprintf("a retry of its %s event", status), Request: w.later(e, w.body(e))})
	}
	return w.sendEach(ctx, planned)
}

// wasDelivered delivers an event as an attempt of minutes ago, as far as the receiver can see
// that: by its signature's timestamp, which the contract lets it accept.
func (w *World) wasDelivered(ctx context.Context, status string) error {
	m, err := w.the(0)
	if err != nil {
		return err
	}
	e, err := w.eventOn(m, event.Status(status))
	if err != nil {
		return err
	}
	m.history = append(m.history, event.Status(status))
	x, err := w.send(ctx, fmt.Sprintf("its %s event, signed three minutes ago", status), w.requestAt(e, w.body(e), -3*time.Minute))
	if err == nil && !x.Outcome.Accepted() {
		w.pending = nil
		return refusedBefore(x, "%s was refused (%s), so of its retry nothing can be seen: whether it must be taken is SIG-8's to say", x.What, x.Seen())
	}
	return err
}

// sendEach sends one after the other, or side by side to a receiver that is slow
// and takes them so.
func (w *World) sendEach(ctx context.Context, planned []driver.Planned) error {
	if len(planned) > 1 && w.s.Wide() {
		_, err := w.sendPlanned(ctx, planned)
		return err
	}
	for _, p := range planned {
		if _, err := w.send(ctx, p.What, p.Request); err != nil {
			return err
		}
	}
	return nil
}

// later signs a body as a retry does: with another timestamp than the last
// delivery's, although the clock may not have moved on by a second.
func (w *World) later(e event.Event, body []byte) delivery.Request {
	r := w.request(e, body)
	last := w.lastExchange()
	if last != nil && last.Request.Get(signing.HeaderTimestamp) == r.Get(signing.HeaderTimestamp) {
		r = w.requestAt(e, body, time.Second)
		w.ahead = r.Get(signing.HeaderTimestamp)
	}
	return r
}

// untilSigned is how long it is until the second in which a retry of later was
// signed; it is not above 0 where that has come, and for every other request. That a
// receiver takes nothing from the future is SIG-8's to say, and no reason to call its
// retries refused.
func (w *World) untilSigned(r delivery.Request) time.Duration {
	if w.ahead == "" || r.Get(signing.HeaderTimestamp) != w.ahead {
		return 0
	}
	seconds, err := strconv.ParseInt(w.ahead, 10, 64)
	if err != nil {
		return 0
	}
	return time.Unix(seconds, 0).Sub(clock.Wall())
}

func (w *World) arrivesAgain(ctx context.Context) error {
	last, err := w.lastAccepted()
	if err == nil {
		_, err = w.send(ctx, "the same delivery again", last.Request)
	}
	return err
}

// lastAccepted is the last delivery. One that was refused the first time is left to the
// rule that asks for its acceptance: of its duplicates nothing can be seen.
func (w *World) lastAccepted() (*Exchange, error) {
	last := w.lastExchange()
	switch {
	case last == nil:
		return nil, fmt.Errorf("nothing was delivered before this step")
	case !last.Outcome.Accepted():
		return nil, refusedBefore(*last, "%s was refused the first time (%s), so of its duplicates nothing can be seen", last.What, last.Seen())
	}
	return last, nil
}

func (w *World) accepts() error {
	xs, err := w.judge()
	if err != nil {
		return err
	}
	for _, x := range xs {
		if err := mustAccept(x); err != nil {
			return err
		}
	}
	return nil
}

// rejects asks it of all deliveries, or of the forged ones among them. unless is not ""
// where a receiver may have a decoder that takes them.
func (w *World) rejects(ctx context.Context, what, unless string) error {
	var xs []Exchange
	if what == "it" {
		var err error
		if xs, err = w.judge(); err != nil {
			return err
		}
	} else if len(w.forged) == 0 {
		return fmt.Errorf("nothing forged was delivered before this step")
	}
	for _, f := range w.forged {
		if what != "it" {
			xs = append(xs, f.at)
		}
	}
	for _, x := range xs {
		if unless != "" && x.Outcome.Accepted() {
			if lenient, err := w.isLenient(ctx); err != nil || lenient {
				return err
			}
		}
		if err := mustReject(x); err != nil {
			return err
		}
	}
	return nil
}

// answers asks for any answer of the receiver itself, a 2xx or a 4xx, or only for one
// that is not what without says.
func (w *World) answers(without string) error {
	xs, err := w.judge()
	if err != nil {
		return err
	}
	for _, x := range xs {
		answered, right, expected := x.Outcome.Kind == delivery.Answered, false, ""
		switch without {
		case "a server error":
			right, expected = answered && x.Outcome.Status < 500, "an answer below 500: a 4xx is best"
		case "a redirect":
			right, expected = !answered || x.Outcome.Status/100 != 3, "an answer of the receiver itself; Sent follows no redirect"
		default:
			right, expected = x.Outcome.Accepted() || x.Outcome.Rejected(), "a 2xx or a 4xx"
		}
		if !right {
			return &Failure{Summary: x.What + ": " + x.Seen(), Expected: expected, At: &x}
		}
	}
	return nil
}

func (w *World) stillAccepts(ctx context.Context) error {
	e, err := w.plain(ctx)
	if err != nil {
		return err
	}
	x, err := w.send(ctx, "a genuine "+string(e.Type)+" event after it", w.signed(e), string(e.Type))
	if err != nil {
		return err
	}
	w.pending = nil
	return mustAccept(x)
}

// article is "a" or "an" and the word.
func article(word string) string {
	if strings.ContainsAny(word[:1], "aeiouAEIOU") {
		return "an " + word
	}
	return "a " + word
}
