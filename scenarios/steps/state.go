package steps

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/scenarios/learn"
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
	w.s.EndTurn()
	err := f()
	w.s.TakeTurn()
	if w.s.epoch.Load() != w.epoch {
		return ErrRerun
	}
	return err
}

// comeTo waits until all readings are as wanted, and stay so. The last ones count:
// events may be worked off side by side.
func (w *World) comeTo(ctx context.Context, all []expectation) ([]probe.State, error) {
	last, err := w.allAppear(ctx, all)
	if err != nil || !w.allHold(all, last) {
		return last, err
	}
	last[0], err = w.settled(ctx, all[0].read, never)
	for i, e := range all[1:] {
		if err != nil {
			break
		}
		last[i+1], err = e.read(ctx)
	}
	return last, err
}

// end asserts that messages, or a template, come to what is wanted and stay there.
func (w *World) end(ctx context.Context, kind string, all []expectation, wanted string) error {
	shown, err := w.comeTo(ctx, all)
	if err != nil {
		return err
	}
	lost, example := 0, probe.State{}
	for i, e := range all {
		if !e.want(shown[i]) {
			lost++
			example = shown[i]
		}
	}
	if lost == 0 {
		return nil
	}
	f := &Failure{
		Summary:  fmt.Sprintf("the %s is %s in the receiver's state, not %s", kind, status(example), wanted),
		Expected: fmt.Sprintf("the %s to end as %s, within %s of the last delivery", kind, wanted, w.s.Settle),
		Seen:     example.Raw,
		At:       w.lastExchange(),
	}
	if len(all) > 1 {
		f.Sporadic = lost < len(all)/2
		f.Summary = fmt.Sprintf("%d of %d messages do not end as %s in the receiver's state, though every event was acknowledged; one is %s", lost, len(all), wanted, status(example))
		f.Expected = fmt.Sprintf("every message to end as %s, within %s of the last delivery", wanted, w.s.Settle)
	}
	return f
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
		if !s.Given(n) {
			return missing(n)
		}
		if sight := s.sight(n); sight.Why != "" && !sight.Shows {
			return &NotChecked{Reason: sight.Why, Remedy: sight.Remedy}
		}
	}
	return nil
}

// sight is what was learned about what a need wants to see.
func (s *Subject) sight(n rule.Need) learn.Sight {
	switch n {
	case rule.MessageState, rule.MessageStatus, rule.MessageEffects:
		return s.Traits.Outbound
	case rule.InboundCount:
		return s.Traits.Inbound
	case rule.TemplateStatus:
		return s.Traits.Template
	case rule.ContactOptOut, rule.Restart, rule.Rotate, rule.ObservedReplies:
	}
	return learn.Sight{}
}

func (w *World) can(n rule.Need) bool { return w.s.Needs(n) == nil }

// Given reports whether the harness was given what a need asks for.
func (s *Subject) Given(n rule.Need) bool {
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
	case rule.ContactOptOut:
		return path(probe.KindContact, func(e probe.Endpoint) string { return e.OptedOut })
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

// quiet is the state of a message once its last event shows and nothing has
// changed for a while that is long beside the lag of this receiver. It is for a
// reading that is a beginning and not a verdict.
func (w *World) quiet(ctx context.Context, m *message) (probe.State, error) {
	read := w.messageState(m.ID)
	last := m.history[len(m.history)-1]
	if !w.s.Traits.Learned || !w.can(rule.MessageStatus) || !w.s.Traits.Words.Kept(last) {
		return w.settled(ctx, read, never)
	}
	if _, err := w.appears(ctx, read, w.is(last)); err != nil {
		return probe.State{}, err
	}
	if err := w.away(func() error {
		return clock.Real{}.Sleep(ctx, min(w.s.Settle, 100*time.Millisecond+w.s.Traits.Lag))
	}); err != nil {
		return probe.State{}, err
	}
	return read(ctx)
}

// onceOf is what events amount to that were delivered once each: the last of them
// must show, or they may still be on their way through a queue.
func (w *World) onceOf(ctx context.Context, m *message) (probe.State, error) {
	read := w.messageState(m.ID)
	if last := m.history[len(m.history)-1]; w.can(rule.MessageStatus) && w.s.Traits.Words.Kept(last) {
		if _, err := w.appears(ctx, read, w.is(last)); err != nil {
			return probe.State{}, err
		}
	}
	return w.settled(ctx, read, never)
}

func statuses(ss []event.Status) string {
	names := make([]string, len(ss))
	for i, s := range ss {
		names[i] = string(s)
	}
	return strings.Join(names, ", ")
}

// KnownBefore says why the receiver's state cannot be judged although it can be
// read: it knows, from an earlier run with the same seed, what this run has not
// sent yet. "" when it does not. Whoever calls it has the turn to send.
func KnownBefore(ctx context.Context, s *Subject, scenario string, attempt uint64) string {
	w := NewWorld(s, scenario, attempt)
	if w.needs(rule.MessageState) != nil {
		return ""
	}
	m := w.foreignMessage(event.SMS)
	answered := func(probe.State) bool { return true } // an endpoint may fail once
	st, err := probe.Poll(ctx, s.Settle, w.messageState(m.ID), answered)
	if err != nil || !st.Known {
		return ""
	}
	return "the receiver already knows the messages of this run, from an earlier one with the same seed: use --seed random, or give it a fresh state"
}
