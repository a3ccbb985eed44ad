package steps

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/event"
)

// reader reads one piece of the receiver's state.
type reader func(ctx context.Context) (probe.State, error)

func (w *World) messageState(id uuid.UUID) reader {
	return func(ctx context.Context) (probe.State, error) {
		return w.s.Probe.Message(ctx, w.base, id.String())
	}
}

func (w *World) templateState(id uuid.UUID) reader {
	return func(ctx context.Context) (probe.State, error) {
		return w.s.Probe.Template(ctx, w.base, id.String())
	}
}

func (w *World) inboundState(from string) reader {
	return func(ctx context.Context) (probe.State, error) {
		return w.s.Probe.Inbound(ctx, w.base, from)
	}
}

// away lets other scenarios send while f waits for state.
func (w *World) away(f func() error) error {
	w.s.LeaveWire()
	err := f()
	w.s.TakeWire()
	if w.s.epoch.Load() != w.epoch {
		return ErrRerun
	}
	return err
}

// appears polls until want holds, at most for the settle time. The last reading
// is returned either way; state that lags is normal.
func (w *World) appears(ctx context.Context, read reader, want func(probe.State) bool) (st probe.State, err error) {
	err = w.away(func() error {
		st, err = probe.Poll(ctx, w.s.Settle, read, want)
		return err
	})
	return st, err
}

// settled waits for the settle time and takes the last reading: what must not
// happen may still happen until then. hopeless ends the wait early: no later
// reading can mend such a one.
func (w *World) settled(ctx context.Context, read reader, hopeless func(probe.State) bool) (st probe.State, err error) {
	err = w.away(func() error {
		end := clock.Wall().Add(w.s.Settle)
		for {
			st, err = read(ctx)
			left := end.Sub(clock.Wall())
			if left <= 0 || ctx.Err() != nil || err == nil && hopeless(st) {
				return err // of the last reading: an endpoint may fail once
			}
			if err := (clock.Real{}).Sleep(ctx, min(left, w.s.Settle/8+time.Millisecond)); err != nil {
				return err
			}
		}
	})
	return st, err
}

func never(probe.State) bool { return false }

func isStatus(want string) func(probe.State) bool {
	return func(st probe.State) bool { return st.StatusIs(want) }
}

// ends asserts that the state comes to a status, or one of several, and stays there.
func (w *World) ends(ctx context.Context, what string, read reader, want ...string) error {
	reached := func(st probe.State) bool { return slices.ContainsFunc(want, st.StatusIs) }
	st, err := w.appears(ctx, read, reached)
	if err != nil {
		return err
	}
	if reached(st) {
		if st, err = w.settled(ctx, read, never); err != nil {
			return err
		}
	}
	if reached(st) {
		return nil
	}
	wanted := strings.Join(want, " or ")
	return &Failure{
		Summary:  fmt.Sprintf("%s is %s in the receiver's state, not %s", what, status(st), wanted),
		Expected: fmt.Sprintf("%s to end as %s, within %s of the last delivery", what, wanted, w.s.Settle),
		Seen:     st.Raw,
		At:       w.lastExchange(),
	}
}

func status(st probe.State) string {
	switch {
	case !st.Known:
		return "unknown"
	case !st.HasStatus:
		return "without a status"
	default:
		return st.Status
	}
}

func (w *World) lastExchange() *Exchange {
	if len(w.all) == 0 {
		return nil
	}
	return &w.all[len(w.all)-1]
}

// needs checks that what a scenario looks at can be seen.
func (w *World) needs(needs ...rule.Need) error { return w.s.Needs(needs...) }

// Needs is a *NotChecked for the first need that is not met.
func (s *Subject) Needs(needs ...rule.Need) error {
	for _, n := range needs {
		if !s.can(n) {
			return missing(n)
		}
	}
	return nil
}

func (w *World) can(n rule.Need) bool { return w.s.can(n) }

func (s *Subject) can(n rule.Need) bool {
	path := func(k probe.Kind, field func(probe.Endpoint) string) bool {
		e, ok := s.Probe.Endpoint(k)
		return ok && field(e) != ""
	}
	switch n {
	case rule.MessageState:
		_, ok := s.Probe.Endpoint(probe.KindMessage)
		return ok
	case rule.MessageStatus:
		return path(probe.KindMessage, func(e probe.Endpoint) string { return e.Status })
	case rule.MessageEffects:
		return path(probe.KindMessage, func(e probe.Endpoint) string { return e.Effects })
	case rule.InboundCount:
		return path(probe.KindInbound, func(e probe.Endpoint) string { return e.Count })
	case rule.TemplateStatus:
		return path(probe.KindTemplate, func(e probe.Endpoint) string { return e.Status })
	case rule.Restart:
		return s.Target.CanRestart()
	case rule.Rotate:
		return s.Target.CanRotate()
	case rule.ObservedReplies:
		return s.API != nil
	default:
		return false
	}
}

// messageEnds asserts the status in which a message ends.
func (w *World) messageEnds(ctx context.Context, n int, want ...string) error {
	if err := w.acceptedSoFar(); err != nil {
		return err
	}
	if err := w.needs(rule.MessageStatus); err != nil {
		return err
	}
	m, err := w.the(n)
	if err != nil {
		return err
	}
	return w.ends(ctx, "the message", w.messageState(m.id), want...)
}

// acceptedSoFar makes the first refused delivery the failure of a state
// scenario: what was refused cannot show in the state.
func (w *World) acceptedSoFar() error {
	xs := w.pending
	w.pending = nil
	for _, x := range xs {
		if err := mustAccept(x); err != nil {
			return err
		}
	}
	return nil
}

// twin is a message that gets the same events as m, each exactly once, and so
// shows what their effect is on this receiver.
func (w *World) twin(ctx context.Context, m *message) (*message, error) {
	t := w.newMessage(m.channel)
	for _, st := range m.history {
		if err := w.see(ctx, t, st); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// sameEffect asserts that the n-th message's events have had the same effect as on a twin.
func (w *World) sameEffect(ctx context.Context, n int) error {
	if err := w.needs(rule.MessageEffects); err != nil {
		return err
	}
	m, err := w.the(n)
	if err != nil {
		return err
	}
	t, err := w.twin(ctx, m)
	if err != nil {
		return err
	}
	once, err := w.settled(ctx, w.messageState(t.id), never)
	if err != nil {
		return err
	}
	if !once.HasEffects || once.Effects == 0 {
		return notChecked("the probe shows no effect of events that were delivered once (%s of a message with %s): an effect too many could not be seen",
			"effects", statuses(t.history))
	}
	got, err := w.appears(ctx, w.messageState(m.id), func(st probe.State) bool { return st.HasEffects && st.Effects == once.Effects })
	if err != nil {
		return err
	}
	if got.HasEffects && got.Effects == once.Effects {
		return nil
	}
	last := w.lastExchange()
	if len(w.all) > len(t.history) {
		last = &w.all[len(w.all)-1-len(t.history)] // the last one before the twin's
	}
	return &Failure{
		Summary:  fmt.Sprintf("%d effects on the message; each event delivered once has %d", got.Effects, once.Effects),
		Expected: fmt.Sprintf("%d effects, as on a message that got each of %s once", once.Effects, statuses(t.history)),
		Seen:     got.Raw,
		At:       last,
	}
}

func statuses(ss []event.Status) string {
	names := make([]string, len(ss))
	for i, s := range ss {
		names[i] = string(s)
	}
	return strings.Join(names, ", ")
}

// Haunted says why the receiver's state cannot be judged although it can be
// read: it knows, from an earlier run with the same seed, what this run has not
// sent yet. "" when it does not. Whoever calls it has the wire.
func Haunted(ctx context.Context, s *Subject, scenario string, attempt uint64) string {
	w := NewWorld(s, scenario, attempt)
	if w.needs(rule.MessageState) != nil {
		return ""
	}
	m := w.newMessage(event.SMS)
	st, err := w.messageState(m.id)(ctx)
	if err != nil || !st.Known {
		return ""
	}
	return "the receiver already knows the messages of this run, from an earlier one with the same seed: use --seed random, or give it a fresh state"
}
