package steps

import (
	"context"
	"fmt"
	"slices"
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
	w.leave()
	err := f()
	w.take()
	if w.s.epoch.Load() != w.epoch {
		return ErrRerun
	}
	return err
}

func (w *World) leave() {
	if w.whole {
		w.s.LeaveWholeWire()
		return
	}
	w.s.LeaveWire()
}

func (w *World) take() {
	if w.whole {
		w.s.TakeWholeWire()
		return
	}
	w.s.TakeWire()
}

// appears polls until want holds, at most for the settle time. The last reading
// is returned either way; state that lags is normal. Before a state counts as late
// or lost, a control must have shown at once: an event that is delivered now, and
// a machine that had time for us.
func (w *World) appears(ctx context.Context, read reader, want func(probe.State) bool) (probe.State, error) {
	all, err := w.allAppear(ctx, []expectation{{read, want}})
	return all[0], err
}

// expectation is what one reading is to come to.
type expectation struct {
	read reader
	want func(probe.State) bool
}

// allAppear is appears for several readings in one wait.
func (w *World) allAppear(ctx context.Context, all []expectation) (last []probe.State, err error) {
	err = w.away(func() error {
		last, err = w.poll(ctx, all)
		return err
	})
	if err != nil || w.allHold(all, last) || !w.witness(ctx) {
		return last, err
	}
	// What was delivered after it shows: its time is over. One more look.
	for i, e := range all {
		if !e.want(last[i]) {
			if last[i], err = e.read(ctx); err != nil {
				return last, err
			}
		}
	}
	if w.allHold(all, last) {
		w.s.behind.Store(true)
	}
	return last, nil
}

func (w *World) allHold(all []expectation, last []probe.State) bool {
	for i, e := range all {
		if !e.want(last[i]) {
			return false
		}
	}
	return true
}

// starvedRepeats is how often a wait is repeated in which this machine was starved.
const starvedRepeats = 3

// poll reads all until each is as wanted, or until the settle time is over.
func (w *World) poll(ctx context.Context, all []expectation) (last []probe.State, err error) {
	last = make([]probe.State, len(all))
	for range starvedRepeats {
		start := clock.Wall()
		missing := 0
		for i, e := range all {
			left := max(0, w.s.Settle-clock.Wall().Sub(start))
			if last[i], err = probe.Poll(ctx, left, e.read, e.want); err != nil {
				return last, err
			}
			if !e.want(last[i]) {
				missing++
			}
		}
		took := clock.Wall().Sub(start)
		if missing == 0 {
			if took > w.s.Traits.Lag*2+w.s.Settle/4 {
				w.s.behind.Store(true)
			}
			return last, nil
		}
		if w.s.Pulse.Starved(start) < took/8 {
			return last, nil
		}
	}
	return last, starved("the state settled")
}

// witness delivers one more event and reports whether that shows within twice the
// settle time. Where no event can show, it reports false.
func (w *World) witness(ctx context.Context) bool {
	if w.s.lags.Load() || w.needs(rule.MessageState) != nil {
		return false
	}
	w.looks++
	side := NewWorld(w.s, fmt.Sprintf("witness %d of %s", w.looks, w.name), w.attempt)
	side.base = w.base
	m, err := side.show(ctx)
	if err != nil {
		return false
	}
	st, err := probe.Poll(ctx, 2*w.s.Settle, side.messageState(m.ID), side.shows(m))
	return err == nil && side.shows(m)(st)
}

// show delivers what makes a new message show in the receiver's state.
func (w *World) show(ctx context.Context) (*message, error) {
	m, err := w.newMessage(ctx, event.SMS)
	if err == nil {
		err = w.seeUpTo(ctx, m, w.first())
	}
	return m, err
}

// shows reports whether a reading shows the message: known, or with the word of
// what was delivered if the receiver knew it before.
func (w *World) shows(m *message) func(probe.State) bool {
	if w.s.Arrange == nil || !w.can(rule.MessageStatus) || len(m.history) == 0 {
		return known
	}
	return w.is(m.history[len(m.history)-1])
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
			if err := (clock.Real{}).Sleep(ctx, min(left, w.s.Settle/4+time.Millisecond)); err != nil {
				return err
			}
		}
	})
	return st, err
}

func never(probe.State) bool { return false }

// is reports whether a reading shows the status, under the receiver's word for it.
func (w *World) is(st event.Status) func(probe.State) bool {
	return func(s probe.State) bool { return w.s.Traits.Words.Is(s, st) }
}

// word is a status as a sentence writes it: with the receiver's own word, if that differs.
func (w *World) word(st event.Status) string {
	own := w.s.Traits.Words.Of(st)
	if strings.EqualFold(own, string(st)) {
		return string(st)
	}
	return fmt.Sprintf("%s (%q)", st, own)
}

// ends asserts that the state comes to what is wanted, and stays there.
func (w *World) ends(ctx context.Context, what string, read reader, reached func(probe.State) bool, wanted string) error {
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
		if !s.given(n) {
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
	default:
		return learn.Sight{}
	}
}

func (w *World) can(n rule.Need) bool { return w.s.Needs(n) == nil }

// given reports whether the harness was given what a need asks for.
func (s *Subject) given(n rule.Need) bool {
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
	var words []string
	for _, st := range want {
		if err := w.visible(event.Status(st)); err != nil {
			return err
		}
		words = append(words, w.word(event.Status(st)))
	}
	reached := func(s probe.State) bool {
		return slices.ContainsFunc(want, func(st string) bool { return w.is(event.Status(st))(s) })
	}
	return w.ends(ctx, "the message", w.messageState(m.ID), reached, strings.Join(words, " or "))
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
	t, err := w.newMessage(ctx, m.Channel)
	if err != nil {
		return nil, err
	}
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
	once, err := w.onceOf(ctx, t)
	if err != nil {
		return err
	}
	if !once.HasEffects || once.Effects == 0 {
		return notChecked("the probe shows no effect of events that were delivered once (%s of a message with %s): an effect too many could not be seen",
			"effects", statuses(t.history))
	}
	got, err := w.appears(ctx, w.messageState(m.ID), func(st probe.State) bool { return st.HasEffects && st.Effects == once.Effects })
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
	if err := (clock.Real{}).Sleep(ctx, min(w.s.Settle, 100*time.Millisecond+4*w.s.Traits.Lag)); err != nil {
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

// Haunted says why the receiver's state cannot be judged although it can be
// read: it knows, from an earlier run with the same seed, what this run has not
// sent yet. "" when it does not. Whoever calls it has the wire.
func Haunted(ctx context.Context, s *Subject, scenario string, attempt uint64) string {
	w := NewWorld(s, scenario, attempt)
	if w.needs(rule.MessageState) != nil {
		return ""
	}
	m := w.foreignMessage(event.SMS)
	st, err := w.messageState(m.ID)(ctx)
	if err != nil || !st.Known {
		return ""
	}
	return "the receiver already knows the messages of this run, from an earlier one with the same seed: use --seed random, or give it a fresh state"
}
