// Package trigger makes one delivery to order: an event of the catalogue, with
// values of its body set by hand, or a body as it is, signed now or at another
// time, or forged. It makes requests; it sends nothing.
package trigger

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/seed"
	"github.com/sentsim/sentsim/simulator/signing"
)

// Order is what is to be delivered.
type Order struct {
	Event string   // a name of the catalogue; may be empty, or any, with Raw
	Set   []string // path=value, see Assign
	Add   []string // likewise, see Add; after Set
	Drop  []string // paths, see Remove; after Add
	// Edit changes the body by hand; nil: nobody does. After all of these.
	Edit func(body []byte) ([]byte, error)
	Raw  bool // send Body as it is instead of the event's
	Body []byte

	Forge     string        // a forgery of package chaos; "" for a genuine delivery
	SignedAt  time.Duration // how far from now the signature's timestamp is
	WebhookID uuid.UUID     // zero: drawn
	EventID   uuid.UUID     // zero: drawn

	Seed    seed.Seed // of all that is drawn
	At      time.Time // when the event happened
	Knobs   simulator.Knobs
	Headers []delivery.Header // besides Sent's own
}

// Delivery is an order that can be sent, as often as one likes: the body is the
// same every time, timestamp and signature are made anew.
type Delivery struct {
	Type    event.Type     // "" for a raw body without one
	EventID uuid.UUID      // the same for the same order and seed
	Body    []byte         // genuine, as it is signed
	Forgery *chaos.Forgery // nil: genuine

	order Order
	other signing.Secret // somebody else's
}

// New makes a delivery of an order. Errors are the user's.
func New(o Order) (Delivery, error) {
	d := Delivery{order: o}
	if o.Forge != "" {
		f, err := chaos.Lookup(o.Forge)
		if err != nil {
			return Delivery{}, err
		}
		d.Forgery = &f
		if o.SignedAt != 0 {
			return Delivery{}, errors.New("a forgery has a timestamp of its own: leave out the time at which it is signed")
		}
	}
	if err := d.body(); err != nil {
		return Delivery{}, err
	}
	if o.EventID != uuid.Nil {
		d.EventID = o.EventID
	}
	st := o.Seed.Stream("trigger ids")
	id, err := uuid.NewRandomFromReader(st)
	if err != nil {
		return Delivery{}, err
	}
	if d.order.WebhookID == uuid.Nil {
		d.order.WebhookID = id
	}
	d.other, err = signing.GenerateSecret(st)
	return d, err
}

// body makes Type and Body.
func (d *Delivery) body() error {
	o := d.order
	if o.Raw {
		if len(o.Set)+len(o.Add)+len(o.Drop) > 0 || o.Edit != nil {
			return errors.New("a body that is sent as it is has no values to change")
		}
		d.Type, d.EventID, d.Body = event.Type(o.Event), eventID(o, o.Body), bytes.Clone(o.Body)
		if t, err := event.ParseType(o.Event); err == nil {
			d.Type = t
		} else if strings.ContainsFunc(o.Event, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return fmt.Errorf("%q cannot be the name of an event", o.Event)
		}
		return nil
	}
	e, err := sample(o)
	if err != nil {
		return err
	}
	d.Type, d.EventID, d.Body = e.Type, e.ID, e.Encode(o.Knobs.Format())
	return d.change()
}

// change carries out the order's changes of the event's body.
func (d *Delivery) change() (err error) {
	o := d.order
	what := strings.Join(slices.Concat(o.Set, o.Add, o.Drop), "\n")
	for _, change := range []struct {
		do    func([]byte, string) ([]byte, error)
		texts []string
	}{{Assign, o.Set}, {Add, o.Add}, {Remove, o.Drop}} {
		for _, text := range change.texts {
			if d.Body, err = change.do(d.Body, text); err != nil {
				return err
			}
		}
	}
	if o.Edit != nil {
		if d.Body, err = o.Edit(d.Body); err != nil {
			return err
		}
		what += string(d.Body)
	}
	if what != "" { // another body is another event
		d.EventID = eventID(o, []byte(what))
	}
	return nil
}

// eventID is the id of an event that is none of the catalogue's, but something of
// the user's: the same for the same order of it.
func eventID(o Order, what []byte) uuid.UUID {
	return uuid.NewSHA1(o.Seed.Stream("trigger "+strings.ToLower(o.Event)).UUID(), what)
}

func sample(o Order) (event.Event, error) {
	st := o.Seed.Stream("trigger " + strings.ToLower(o.Event))
	if strings.EqualFold(o.Event, string(event.Templates)) {
		return event.Sample(event.Templates, st, o.At)
	}
	k, err := event.Lookup(o.Event)
	if err != nil {
		return event.Event{}, err
	}
	if err := o.Knobs.Has(k); err != nil {
		return event.Event{}, err
	}
	return k.Sample(st, o.At)
}

// Request is the attempt at now, for a receiver at url with this secret.
func (d Delivery) Request(url string, secret signing.Secret, now time.Time) (delivery.Request, error) {
	id, at := d.order.WebhookID.String(), now.Add(d.order.SignedAt).Unix()
	by := driver.Driver{URL: url, Webhook: d.order.WebhookID, Secret: secret, Knobs: d.order.Knobs, Headers: d.order.Headers}
	r := by.SignAt(event.Event{Type: d.Type, ID: d.EventID}, d.Body, at)
	if d.Forgery == nil {
		return r, nil
	}
	return d.Forgery.Forge(r, chaos.Input{Secret: secret, Other: d.other, WebhookID: id, Timestamp: at})
}

// Genuine is the same delivery without its forgery: the control without which a
// refusal proves nothing.
func (d Delivery) Genuine() Delivery {
	d.Forgery = nil
	d.order.Forge = ""
	return d
}

// Control is what the answer to the genuine delivery says of that to a forgery.
type Control int

// What a control can say.
const (
	Untested Control = iota // there was none
	Taken                   // the genuine delivery was accepted: a refusal is about the forgery
	Refused                 // the genuine delivery was refused as well: nothing can be told
)

// JudgeForged says what o means for a forgery after the control.
func (d Delivery) JudgeForged(control, o delivery.Outcome) (Verdict, Control) {
	v := d.Judge(o)
	switch {
	case control.Accepted():
		return v, Taken
	case v == Right: // a refusal that a genuine delivery gets as well
		return Wrong, Refused
	}
	return v, Refused
}

// ShiftedTime reports whether the delivery is signed at another time than now.
func (d Delivery) ShiftedTime() bool { return d.order.SignedAt != 0 }

// NoObject reports whether the body is genuine and no JSON object: a receiver rejects it
// (TOL-7).
func (d Delivery) NoObject() bool {
	var object map[string]json.RawMessage
	return d.Forgery == nil && (json.Unmarshal(d.Body, &object) != nil || object == nil)
}

// Verdict is what a receiver's answer to a delivery means.
type Verdict int

// The verdicts. The zero value is Wrong, so a forgotten one never reads as well.
const (
	Wrong     Verdict = iota // not what a correct receiver answers
	Right                    // a genuine delivery was accepted; a forgery, or a body that is no object, rejected
	Unreached                // there was nobody to answer
)

// Judge says what o means for d.
func (d Delivery) Judge(o delivery.Outcome) Verdict {
	switch {
	case o.Kind == delivery.Refused || o.Kind == delivery.Unreached || o.Kind == delivery.TLS:
		return Unreached
	case d.NoObject():
		if o.Rejected() {
			return Right
		}
	case d.Forgery == nil && o.Accepted(), d.Forgery != nil && o.Rejected():
		return Right
	}
	return Wrong
}
