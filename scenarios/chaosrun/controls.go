package chaosrun

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/tidwall/sjson"

	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/scenarios/oracle"
	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
)

// controlled is a subject that gets events exactly once, as a control.
type controlled struct {
	order   oracle.Order
	subject chaos.Subject
}

// maxControls bounds the controls of a run.
const maxControls = 200

// controls finds out what events amount to on this receiver, where the plainest
// count does not fit: messages with the same statuses, each delivered once, show
// it, one in the order of a lifecycle and one the other way round.
func (r *runner) controls(ctx context.Context, all []*reading) oracle.Controls {
	c := oracle.Controls{Effects: map[string]int{}}
	var sent []controlled
	made := map[string]bool{}
	text := false
	for _, x := range all {
		if x.err != nil || x.expect.Unjudged != "" || x.expect.Absent || x.expect.Fits(x.state, x.record) {
			continue
		}
		switch x.record.Subject.Kind {
		case chaos.AboutMessage:
			if !x.state.HasEffects {
				continue
			}
			for _, set := range x.expect.Orders {
				for _, o := range []oracle.Order{set.Forward(), set.Backward()} {
					if made[o.String()] || len(sent) == maxControls {
						continue
					}
					made[o.String()] = true
					if t, ok := r.controlMessage(ctx, x.record, o, len(sent)); ok {
						sent = append(sent, t)
					}
				}
			}
		case chaos.AboutInbound:
			if text {
				continue
			}
			text = true
			if t, ok := r.controlText(ctx, x.record); ok {
				sent = append(sent, t)
			}
		case chaos.AboutTemplate, chaos.AboutContact:
		}
	}
	if len(sent) == 0 || (clock.Real{}).Sleep(ctx, r.s.Settle) != nil {
		return c
	}
	for _, t := range sent {
		st, err := r.look(ctx, t.subject)
		switch {
		case err != nil:
			r.note(err.Error())
		case t.subject.Kind == chaos.AboutInbound:
			c.Text = st.Count
		case st.HasEffects:
			c.Effects[t.order.String()] = st.Effects
		}
	}
	return c
}

// controlMessage delivers a new message the record's events of these statuses.
func (r *runner) controlMessage(ctx context.Context, rec *oracle.Record, o oracle.Order, n int) (controlled, bool) {
	st := r.plan.Seed.Stream("chaos controlled message", uint64(rec.Subject.Index), uint64(n)) //nolint:gosec // counted up from 0
	t := controlled{order: o, subject: chaos.Subject{Kind: chaos.AboutMessage, ID: driver.NewID(st)}}
	if r.s.Arrange != nil {
		made, err := r.s.Message(ctx, st, rec.Subject.On, r.plan.Start)
		if err != nil {
			return controlled{}, false
		}
		t.subject.ID = made.ID
	}
	for _, status := range o {
		i := slices.IndexFunc(rec.Arrivals, func(a oracle.Arrival) bool {
			return a.Step.Kind == chaos.KindDeliver && a.Step.Event.Status == status
		})
		if i < 0 {
			return controlled{}, false
		}
		s := rec.Arrivals[i].Step
		body := bytes.ReplaceAll(s.Body, []byte(s.Subject.ID.String()), []byte(t.subject.ID.String()))
		if !r.once(ctx, s, body) {
			return controlled{}, false
		}
		kept := r.s.Traits.Words.Kept(event.Status(status))
		if on := o.Forward(); kept && (status == on[len(on)-1] || o[0] == on[0]) { // it moves the message on, and that shows
			_, _ = probe.Poll(ctx, r.s.Settle, func(ctx context.Context) (probe.State, error) { return r.look(ctx, t.subject) },
				func(st probe.State) bool { return r.s.Traits.Words.Is(st, event.Status(status)) })
		}
	}
	return t, true
}

// controlText is a new contact who writes once, and what nobody else writes: to a
// receiver that goes by the text it would be no text at all.
func (r *runner) controlText(ctx context.Context, rec *oracle.Record) (controlled, bool) {
	st := r.plan.Seed.Stream("chaos controlled text", uint64(rec.Subject.Index)) //nolint:gosec // counted up from 1
	i := slices.IndexFunc(rec.Arrivals, func(a oracle.Arrival) bool { return a.Step.Kind == chaos.KindDeliver })
	if i < 0 {
		return controlled{}, false
	}
	s := rec.Arrivals[i].Step
	t := controlled{subject: chaos.Subject{Kind: chaos.AboutInbound}}
	from := ""
	for try := range 20 { // a receiver may remember somebody of an earlier run
		from = fictional(rec.Subject.Index + try*(st.IntN(fictionalNumbers)+1))
		t.subject.From = from
		before, err := r.look(ctx, t.subject)
		if err != nil {
			return controlled{}, false
		}
		if before.Count == 0 {
			break
		}
	}
	body := bytes.ReplaceAll(s.Body, []byte(s.Subject.From[1:]), []byte(from[1:]))
	if changed, err := sjson.SetBytes(body, "payload.text", fmt.Sprintf("Is parcel %09d here?", st.IntN(1_000_000_000))); err == nil {
		body = changed // which nobody has written before
	}
	body = bytes.ReplaceAll(body, []byte(s.Subject.ID.String()), []byte(uuid.Must(uuid.NewRandomFromReader(st)).String()))
	words := fmt.Sprintf("Good morning, my number is %08d", st.IntN(100_000_000))
	body, err := sjson.SetBytes(body, "payload.text", words)
	if err != nil {
		return controlled{}, false
	}
	before, err := r.look(ctx, t.subject)
	if err != nil || before.Count != 0 || !r.once(ctx, s, body) {
		return controlled{}, false
	}
	return t, true
}

// fictionalNumbers is how many numbers fictional knows.
const fictionalNumbers = 14 * 1000

// fictional is the n-th number that is reserved for fiction and is no other
// contact's: messages that are judged at the same time have different ones.
func fictional(n int) string {
	n %= fictionalNumbers
	areas := []string{
		"7700900", "1134960", "1144960", "1154960", "1164960", "1174960", "1184960",
		"1214960", "1314960", "1414960", "1514960", "1614960", "1914980", "2079460",
	}
	return fmt.Sprintf("+44%s%03d", areas[n/1000], n%1000)
}

// once delivers a control, which is no part of the plan.
func (r *runner) once(ctx context.Context, s chaos.Step, body []byte) bool {
	e := event.Event{Type: s.Event.Type, ID: driver.EventID(r.plan.WebhookID, body)}
	return r.outcome(ctx, r.driver().Sign(e, body, 0), delivery.Well).Accepted()
}
