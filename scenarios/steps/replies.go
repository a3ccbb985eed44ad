package steps

import (
	"context"
	"fmt"
	"time"

	"github.com/sentsim/sentsim/scenarios/check"
	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/scenarios/sentapi"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/history"
)

// repliesToOrdinary sends an ordinary text, as a control: its reply is looked for once
// the absence of another one is asked about, so that one wait does for both.
func (w *World) repliesToOrdinary(ctx context.Context) error {
	if err := w.needs(rule.ObservedReplies); err != nil {
		return err
	}
	e := w.inbound(ordinaryText)
	if err := w.introduce(ctx, "an ordinary inbound text", w.signed(e)); err != nil {
		return err
	}
	w.contacts, w.control = append(w.contacts, w.contact), w.contact
	w.control.wrote = w.acked
	w.contact = nil // what follows comes from somebody who got no reply yet
	return nil
}

// allReplied waits for what the receiver sends because of the scenario's deliveries: for
// the settle time after the last of them, and longer where it has replied to others and
// not yet to the control, or was late with it, since replies may stand in a queue. done
// ends the wait early.
func (w *World) allReplied(ctx context.Context, done func() bool) error {
	nothing := func(context.Context) (probe.State, error) { return probe.State{}, nil } // replies come to us
	_, err := w.settled(ctx, nothing, func(probe.State) bool { return done() })
	if err != nil || w.control == nil || done() {
		return err
	}
	if len(w.s.API.All()) > 0 {
		err = w.rest(ctx, 2*w.s.Settle, func() bool { return w.repliesTo(w.control) > 0 })
	}
	if took := w.replyTook(w.control); err == nil && took > w.s.Settle/2 {
		err = w.rest(ctx, w.s.Settle+took, done)
	}
	return err
}

// rest waits until the receiver has sent nothing for so long, or for catchUpTime.
// Time that this machine had none for does not count. done ends the wait early.
func (w *World) rest(ctx context.Context, long time.Duration, done func() bool) error {
	return w.away(func() error {
		start := clock.Wall()
		passed := func(from time.Time) time.Duration { return clock.Wall().Sub(from) - w.s.Pulse.Starved(from) }
		for n, last := w.s.API.Mark(), start; !done() && passed(last) < long && passed(start) < catchUpTime && clock.Wall().Sub(start) < starvedRepeats*catchUpTime; {
			if err := (clock.Real{}).Sleep(ctx, w.s.Settle/8+time.Millisecond); err != nil {
				return err
			}
			if now := w.s.API.Mark(); now > n {
				n, last = now, clock.Wall()
			}
		}
		return nil
	})
}

// replyTook is how long after the delivery of its text a contact was replied to; 0: it was not.
func (w *World) replyTook(c *contact) time.Duration {
	for _, s := range w.s.API.Sends(0) {
		if sentapi.Digits(s.To) == sentapi.Digits(c.number) {
			return max(0, s.At.Sub(c.wrote))
		}
	}
	return 0
}

// repliesTo counts what the receiver sent to a contact through Sent's API.
func (w *World) repliesTo(c *contact) int { return len(w.s.API.Sent(c.number)) }

// silent is why an absence of replies shows nothing: the control got none either. It is
// nil where it did, or where there is no control.
func (w *World) silent() error {
	switch {
	case w.control == nil || w.repliesTo(w.control) > 0:
		return nil
	case len(w.s.API.All()) > 0 && w.s.Pulse.Starved(w.acked) > clock.Wall().Sub(w.acked)/8:
		return Starved("a reply was waited for")
	}
	return &NotChecked{
		Again:  w.attempt == 0 && w.s.Arrange == nil && len(w.s.API.All()) > 0, // it has replied to another one
		Reason: fmt.Sprintf("the receiver sent no reply to an ordinary inbound text in %s or longer, so no other reply can be judged (replies are seen when it sends them to SENT_BASE_URL)", w.s.Settle),
	}
}

// ordinaryText is one that many receivers answer.
const ordinaryText = "Hello, is anybody there?"

// repliedEquallyOften compares with the contact whose text arrived once. Fewer
// replies are no second effect, but no sign of a single one either. How duplicates
// are answered is IDEM-1's and IDEM-2's to say.
func (w *World) repliedEquallyOften(ctx context.Context) error {
	last := w.lastExchange()
	w.pending = nil
	if err := w.allReplied(ctx, func() bool { return false }); err != nil {
		return err
	}
	if silent := w.silent(); silent != nil {
		return silent
	}
	// Of two numbers that differ, either may be what is late.
	err := w.rest(ctx, 2*w.s.Settle, func() bool { return w.repliesTo(w.contact) == w.repliesTo(w.contacts[0]) })
	got, once := w.repliesTo(w.contact), w.repliesTo(w.contacts[0])
	switch {
	case err != nil:
		return err
	case got < once:
		return notChecked("the receiver sent %d messages to a contact whose text arrived once, and %d to one whose text arrived three times", once, got)
	case got == once:
		return nil
	}
	return &Failure{
		Summary:  fmt.Sprintf("%s: %d messages were sent to that contact, not %d as to one whose text arrived once", last.What, got, once),
		Expected: "as many replies as to a text that arrived once",
		Seen:     fmt.Sprintf("POST /v3/messages, %d times, with %q", got, textOf(w.s.API.Sent(w.contact.number)[0])),
		At:       last,
	}
}

// textOf is what a message says; of a template, its name.
func textOf(m history.Message) string {
	if m.Text != nil {
		return *m.Text
	}
	return m.TemplateName
}

func (w *World) sendsNothing(ctx context.Context) error {
	if err := w.acceptedSoFar(); err != nil {
		return err
	}
	replied := func() bool { return w.repliesTo(w.contact) > 0 }
	if err := w.allReplied(ctx, replied); err != nil {
		return err
	}
	var silent error
	if !replied() {
		silent = w.silent()
	}
	sent := w.repliesTo(w.contact) // which may be as late as the control's
	if broken, _ := check.Silence(sent, silent == nil); !broken {
		return silent // an absence counts only after a control
	}
	to, who := "the contact", "a contact who said STOP"
	if w.contact.optedOut {
		to, who = "a contact who has opted out (contact.opt_out)", "a contact after its contact.opt_out, until it opts in"
	}
	return &Failure{
		Summary:  fmt.Sprintf("%s: the receiver sent %d messages to %s", w.lastExchange().What, sent, to),
		Expected: "no message to " + who,
		Seen:     fmt.Sprintf("POST /v3/messages with %q", textOf(w.s.API.Sent(w.contact.number)[0])),
		At:       w.lastExchange(),
	}
}
