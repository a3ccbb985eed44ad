package steps

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/scenarios/check"
	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/event"
)

// familyEvent is a genuine event of a family that not every edition has.
func (w *World) familyEvent(name string) (event.Event, error) {
	kind, err := event.Lookup(name)
	if err != nil {
		return event.Event{}, err
	}
	if err := w.driver().Knobs.Has(kind); err != nil {
		return event.Event{}, leftOut("%s", err)
	}
	e, err := kind.Sample(w.chance, w.at)
	if err != nil {
		return event.Event{}, err
	}
	*e.Account() = w.account.ID
	if e.Contact != nil {
		e.Contact.From = w.newNumber() // one that nobody else in the run has
	}
	return e, nil
}

// signals reads "opt_out at 20 s, opt_in by the network": in the order in which
// they arrive. One without a time was given ten seconds after the one before it;
// times count from start.
func signals(text string, start time.Time) ([]check.Signal, error) {
	var all []check.Signal
	next := 10
	for _, part := range list(text) {
		found := aSignal.FindStringSubmatch(part)
		if found == nil {
			return nil, fmt.Errorf("no signal %q: want such as opt_out, opt_in at 20 s, help by the network", part)
		}
		seconds := next
		if found[3] != "" {
			seconds, _ = strconv.Atoi(found[3]) // digits only
		}
		next = seconds + 10
		all = append(all, check.Signal{
			Type: event.Type("contact." + found[1]), Network: found[2] != "", At: start.Add(time.Duration(seconds) * time.Second),
		})
	}
	return all, nil
}

var aSignal = regexp.MustCompile(`^(opt_in|opt_out|help|custom_keyword)( by the network)?(?: at (\d{1,2}) s)?$`)

// deliversSignals delivers a new contact's signals in the order of the sentence.
// Each says how the contact stands after it, by the time at which it was given.
func (w *World) deliversSignals(ctx context.Context, text string) error {
	all, err := signals(text, w.at.Add(-time.Minute)) // none of them lies in the future
	if err != nil {
		return err
	}
	if err := w.driver().Knobs.Has(event.Kind{Name: string(event.ContactOptOut), Type: event.ContactOptOut}); err != nil {
		return notChecked("%s", err)
	}
	w.contact = &contact{number: w.newNumber(), optedOut: check.Stands(all).OptedOut}
	id := newID(w.chance)
	for n, s := range all {
		e, err := w.familyEvent(string(s.Type))
		if err != nil {
			return err
		}
		e.ID, e.CreatedAt = newID(w.chance), s.At
		c := e.Contact
		c.From, c.ContactID, c.To, c.OptOut = w.contact.number, id, &w.account.Number, optedOutAfter(all, s)
		c.Channel = w.s.Traits.InboundChannel(event.SMS)
		if s.Network {
			c.Source, c.MessageID, c.Text, c.To = event.ProviderSignal, uuid.Nil, nil, nil
		}
		x, err := w.send(ctx, fmt.Sprintf("the contact's %s event, number %d of %d to arrive", e.Type, n+1, len(all)), w.signed(e))
		if err != nil {
			return err
		}
		if !x.Outcome.Accepted() { // that is TOL-3's to fail
			return refusedBefore(x, "the receiver refuses contact events (TOL-3): %s", x.Seen())
		}
	}
	return nil
}

// optedOutAfter reports how a contact stands after a signal.
func optedOutAfter(all []check.Signal, last check.Signal) bool {
	before := slices.DeleteFunc(slices.Clone(all), func(s check.Signal) bool { return s.At.After(last.At) })
	return check.Stands(before).OptedOut
}

func (w *World) contactState(number string) reader {
	return func(ctx context.Context) (probe.State, error) {
		return w.s.Probe.Contact(ctx, w.base, w.form(number))
	}
}

// optedOut reports whether a reading shows that: who is not known has said nothing.
func optedOut(st probe.State) bool { return st.HasOptedOut && st.OptedOut }

// contactHas asserts how the contact stands at the end, and that it stays so.
func (w *World) contactHas(ctx context.Context, want string) error {
	if err := w.acceptedSoFar(); err != nil {
		return err
	}
	if err := w.needs(rule.ContactOptOut); err != nil {
		return err
	}
	read := w.contactState(w.contact.number)
	standing := check.Standing{OptedIn: want == "opted in", OptedOut: want == "opted out"}
	reached := func(st probe.State) bool { return standing.Fits(optedOut(st)) }
	all, err := w.comeTo(ctx, []expectation{{read, reached}})
	if err != nil || reached(all[0]) {
		return err
	}
	st := all[0]
	seen := "has opted in"
	if optedOut(st) {
		seen = "has opted out"
	} else if !st.HasOptedOut {
		seen = "is unknown"
	}
	return &Failure{
		Summary:  fmt.Sprintf("the contact %s in the receiver's state, though the signal with the latest timestamp says that it has %s", seen, want),
		Expected: fmt.Sprintf("a contact who has %s: the latest opt-in or opt-out by timestamp counts, in whatever order they arrive", want),
		Seen:     st.Raw,
		At:       w.lastExchange(),
	}
}

// thatContactSends waits first until the opt-out before it has been worked off,
// so that a receiver with a queue is not asked for the impossible.
func (w *World) thatContactSends(ctx context.Context) error {
	before := *w.contact
	if w.can(rule.ContactOptOut) {
		if _, err := w.appears(ctx, w.contactState(before.number), optedOut); err != nil {
			return err
		}
	} else if err := w.away(func() error {
		return clock.Real{}.Sleep(ctx, min(w.s.Settle, 100*time.Millisecond+4*w.s.Traits.Lag))
	}); err != nil {
		return err
	}
	w.contact = &before
	return w.sendsText(ctx, ordinaryText)
}
