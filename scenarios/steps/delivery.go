package steps

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/signing"
)

// The sentences that every family uses.
func deliverySentences() []definition {
	return []definition{
		def(`Sent delivers a "([^"]+)" event`, func(w *World) any { return w.deliversA }),
		def(`a message on "([^"]+)"`, func(w *World) any { return w.aMessageOn }),
		def(`a message on "([^"]+)" that the receiver has never heard of`, func(w *World) any { return w.aForeignMessageOn }),
		def(`a message that the receiver has seen up to "([^"]+)"`, func(w *World) any { return w.aMessageSeenUpTo }),
		def(`Sent delivers its "([^"]+)" events?`, func(w *World) any { return w.deliversIts }),
		def(`Sent retries its "([^"]+)" event`, func(w *World) any { return w.retriesIts }),
		def(`the same delivery arrives again`, func(w *World) any { return w.arrivesAgain }),
		def(`Sent retries that delivery`, func(w *World) any { return w.retriesThat }),
		def(`the receiver accepts (?:it|them all|the retry)`, func(w *World) any { return w.accepts }),
		def(`the receiver rejects it`, func(w *World) any { return w.rejects }),
		def(`the receiver answers it`, func(w *World) any { return w.answers }),
		def(`the receiver answers without a server error`, func(w *World) any { return w.answersWithoutServerError }),
		def(`the receiver still accepts a genuine delivery`, func(w *World) any { return w.stillAccepts }),
	}
}

func (w *World) deliversA(ctx context.Context, name string) error {
	e, err := w.sample(ctx, name)
	if err != nil {
		return err
	}
	w.again = func(ctx context.Context) error {
		w.contact = nil
		return w.deliversA(ctx, name)
	}
	_, err = w.send(ctx, "a genuine "+name+" event", w.signed(e), name)
	return err
}

func (w *World) aMessageOn(ctx context.Context, channel string) error {
	ch, err := event.ParseChannel(channel)
	if err != nil {
		return err
	}
	_, err = w.newMessage(ctx, ch)
	return err
}

func (w *World) aForeignMessageOn(channel string) error {
	ch, err := event.ParseChannel(channel)
	if err != nil {
		return err
	}
	w.foreignMessage(ch)
	return nil
}

func (w *World) aMessageSeenUpTo(ctx context.Context, status string) error {
	m, err := w.newMessage(ctx, event.WhatsApp)
	if err != nil {
		return err
	}
	return w.seeUpTo(ctx, m, event.Status(status))
}

func (w *World) deliversIts(ctx context.Context, statuses string) error {
	m, err := w.the(0)
	if err != nil {
		return err
	}
	before, all := slices.Clone(m.history), w.travelling(list(statuses))
	w.again = func(ctx context.Context) error { return w.deliverLike(ctx, m.Channel, before, all) }
	for _, st := range all {
		if err := w.deliver(ctx, m, event.Status(st)); err != nil {
			return err
		}
	}
	return nil
}

// deliverLike tells the same story of a new message.
func (w *World) deliverLike(ctx context.Context, ch event.Channel, seen []event.Status, statuses []string) error {
	m, err := w.newMessage(ctx, ch)
	if err != nil {
		return err
	}
	for _, st := range seen {
		if err := w.see(ctx, m, st); err != nil {
			return err
		}
	}
	for _, st := range statuses {
		if err := w.deliver(ctx, m, event.Status(st)); err != nil {
			return err
		}
	}
	return nil
}

// retriesIts sends the same body again, with a fresh timestamp and signature.
func (w *World) retriesIts(ctx context.Context, status string) error {
	m, err := w.the(0)
	if err != nil {
		return err
	}
	e := w.event(m, event.Status(status))
	_, err = w.send(ctx, fmt.Sprintf("a retry of its %s event", status), w.later(e, w.body(e)))
	return err
}

// later signs a body as a retry does: with another timestamp than the last
// delivery's, although the clock may not have moved on by a second.
func (w *World) later(e event.Event, body []byte) delivery.Request {
	r := w.request(e, body)
	last := w.lastExchange()
	if last != nil && last.Request.Get("X-Webhook-Timestamp") == r.Get("X-Webhook-Timestamp") {
		r = w.requestAt(e, body, time.Second)
	}
	return r
}

func (w *World) arrivesAgain(ctx context.Context) error {
	last := w.lastExchange()
	if last == nil {
		return fmt.Errorf("nothing was delivered before this step")
	}
	if err := w.wasAccepted(last); err != nil {
		return err
	}
	_, err := w.send(ctx, "the same delivery again", last.Request)
	return err
}

// wasAccepted leaves a delivery that was refused the first time to the rule that
// asks for its acceptance: of its duplicates nothing can be seen.
func (w *World) wasAccepted(x *Exchange) error {
	if x.Outcome.Accepted() {
		return nil
	}
	return notChecked("%s was refused the first time (%s), so of its duplicates nothing can be seen", x.What, x.Seen())
}

func (w *World) retriesThat(ctx context.Context) error {
	last := w.lastExchange()
	if last == nil {
		return fmt.Errorf("nothing was delivered before this step")
	}
	if err := w.wasAccepted(last); err != nil {
		return err
	}
	e := event.Event{Type: event.Type(last.Request.Get(signing.HeaderEventType))}
	e.ID, _ = uuid.Parse(last.Request.Get(signing.HeaderEventID)) // none where none is sent
	_, err := w.send(ctx, "a retry of that delivery", w.later(e, last.Request.Body))
	return err
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

func (w *World) rejects() error {
	xs, err := w.judge()
	if err != nil {
		return err
	}
	for _, x := range xs {
		if err := mustReject(x); err != nil {
			return err
		}
	}
	return nil
}

// answers takes a 2xx or a 4xx: the receiver took it or refused it, and said so.
func (w *World) answers() error {
	xs, err := w.judge()
	if err != nil {
		return err
	}
	for _, x := range xs {
		if !x.Outcome.Accepted() && !x.Outcome.Rejected() {
			return &Failure{Summary: x.What + ": " + x.Seen(), Expected: "a 2xx or a 4xx", At: &x}
		}
	}
	return nil
}

func (w *World) answersWithoutServerError() error {
	xs, err := w.judge()
	if err != nil {
		return err
	}
	for _, x := range xs {
		if x.Outcome.Kind != delivery.Answered || x.Outcome.Status >= 500 {
			return &Failure{Summary: x.What + ": " + x.Seen(), Expected: "an answer below 500: a 4xx is best", At: &x}
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
	if err := mustAccept(x); err != nil {
		return err
	}
	return nil
}

// article is "a" or "an" and the word.
func article(word string) string {
	if strings.ContainsAny(word[:1], "aeiouAEIOU") {
		return "an " + word
	}
	return "a " + word
}
