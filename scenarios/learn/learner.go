package learn

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/seed"
)

// Exchange is one delivery and what came back.
type Exchange = driver.Exchange

// Learner learns one receiver. Fill it in, then call Learn once.
type Learner struct {
	Driver  driver.Driver
	Pulse   *driver.Pulse // nil: this machine always has time
	Probe   *probe.Probe
	Seed    seed.Seed
	Account driver.Account
	Start   time.Time // when the first event of a message happened
	Settle  time.Duration

	// Message makes a message: one that the receiver sent itself, where the
	// configuration says how such a one comes to be (Arranged).
	Message  func(context.Context, *seed.Stream, event.Channel, time.Time) (driver.Message, error)
	Arranged bool

	Confirmed Confirmed
	Plain     Plain          // what the first delivery found to be taken
	Refused   []event.Status // what it found to be refused, though others are taken
	Answer    time.Duration  // how long its answer took
	// First reads the message of the first delivery; nil: it was of none, or cannot be read.
	First func(context.Context) (probe.State, error)
	// Seen is told of every exchange, from several goroutines.
	Seen func(driver.Exchange)

	mu       sync.Mutex
	started  time.Time
	selects  atomic.Bool // it turns some deliveries away for what they are
	controls uint64      // plain deliveries that were sent as a control
	notes    map[string]bool
	narrow   bool     // one delivery at a time
	silent   []*track // which have shown nothing
	onlyOne  bool     // the message of the first delivery shows, and none after it

	firstSeen string        // what shows of it
	quickest  time.Duration // of the answers so far
}

// slowAnswer is from when on deliveries one after another take too long: they go
// out side by side, if the receiver takes them so.
const slowAnswer = 150 * time.Millisecond

// Learn sends genuine deliveries and reads what they led to. An error is our own
// trouble, or that ctx ended.
func (l *Learner) Learn(ctx context.Context) (Traits, error) {
	t := Traits{Knobs: l.Driver.Knobs, Edition: EditionOf(l.Driver.Knobs), Plain: l.Plain, RefusedStatuses: l.Refused, Arrange: l.Arranged}
	l.notes, l.started = map[string]bool{}, clock.Wall()
	if err := l.sideBySide(ctx, &t); err != nil {
		return t, err
	}
	r, err := l.round(ctx, l.Driver.Knobs, "first", &t)
	if err != nil {
		return t, err
	}
	if dev := l.refusedByStatus(ctx, &t, r); dev != nil {
		if r, err = l.round(ctx, l.Driver.Knobs, "without what is refused", &t); err != nil {
			return t, err
		}
		if slices.ContainsFunc(t.RefusedStatuses, func(st event.Status) bool { return l.Confirmed.Statuses.Kept(st) }) {
			t.Deviations = append(t.Deviations, *dev)
		}
	}
	alone := l.refusedOnOneChannel(ctx, r)
	if r, err = l.oneByOne(ctx, r, &t); err != nil {
		return t, err
	}
	found := r
	if !r.told() && r.unread(isMessage) == nil {
		if found, err = l.experiment(ctx, r, &t); err != nil {
			return t, err
		}
	}
	l.readFirst(ctx, found)
	if err := l.tellMerged(ctx, found, &t); err != nil {
		return t, err
	}
	if err := l.moreTexts(ctx, found, &t); err != nil {
		return t, err
	}
	l.judgeOutbound(&t, r, found)
	l.judgeInbound(&t, found)
	l.judgeTemplates(&t, found)
	l.refusedChannels(&t, r)
	l.judgeElsewhere(&t, alone)
	t.Notes, t.Quickest = l.sortedNotes(), l.quickest
	t.Learned = true
	l.silent = slices.DeleteFunc(slices.Clone(found.tracks), func(tr *track) bool { return !tr.alive() || tr.err != nil || tr.state.Known })
	if found.flickers() { // what one reading does not show, the next may: it is not late
		l.silent = nil
	}
	return t, nil
}

// reads reports whether the state of a kind can be read.
func (l *Learner) reads(k probe.Kind) bool {
	_, ok := l.Probe.Endpoint(k)
	return ok
}

// sideBySide finds out whether a slow receiver takes several deliveries in about
// the time of one.
func (l *Learner) sideBySide(ctx context.Context, t *Traits) error {
	t.SideBySide = 1
	if l.Answer <= slowAnswer {
		return nil // it is quick enough one by one
	}
	for _, n := range []int{6, 64} {
		all := make([]driver.Planned, n)
		for i := range all {
			r, err := l.plain(ctx, uint64(n*100+i)) //nolint:gosec // counted up from 0
			if err != nil {
				return err
			}
			all[i] = driver.Planned{What: "one of several plain deliveries", Request: r, After: time.Duration(i) * time.Millisecond}
		}
		for _, x := range l.Driver.SendTogether(ctx, all) {
			if err := driver.Stopped(ctx, x); err != nil {
				return err
			}
			l.seen(x)
			if !x.Outcome.Accepted() || l.Pulse.Took(x.Outcome) > l.Answer*2 {
				l.Answer = min(l.Answer, cmp.Or(l.quickest, l.Answer)) // it may have been slow by chance
				return nil
			}
			t.Answer = max(t.Answer, x.Outcome.Duration)
		}
		t.SideBySide = n
	}
	return nil
}

// plain is a signed delivery of the kind that the receiver takes without knowing
// anything.
func (l *Learner) plain(ctx context.Context, n uint64) (r requestOf, err error) {
	st := l.Seed.Stream("learn plain", n)
	switch l.Plain {
	case PlainInbound:
		text := fmt.Sprintf("Is order %08d on its way?", st.IntN(100_000_000))
		return l.Driver.Event(driver.Inbound(driver.NewID(st), l.Account, driver.NewNumber(st), &text, event.SMS, l.Start)), nil
	case PlainTemplate:
		return l.Driver.Event(driver.Template(driver.NewID(st), l.Account, event.TemplatePending, l.Start)), nil
	case PlainMessage:
	}
	m, err := l.Message(ctx, st, event.SMS, l.Start)
	return l.Driver.Event(m.Event(l.opening())), err
}

// opening is the status of the first event of a message that is taken.
func (l *Learner) opening() event.Status { return Traits{RefusedStatuses: l.Refused}.Opening() }

// track is one message, contact or template of a round: what is sent for it, and
// what the state shows of it.
type track struct {
	channel event.Channel
	status  event.Status // that the message ends in
	shape   event.InboundShape
	name    string // of a template's last status
	from    string // of a contact

	send []delivering
	read func(context.Context) (probe.State, error) // nil: it cannot be read

	sent    int              // how many of them were accepted
	refused *driver.Exchange // the first that was not
	acked   time.Time        // when the last was
	state   probe.State
	err     error // of the last reading
	changed time.Time
	was     map[appearance]bool // what its readings have been
	back    int                 // how often one was again what another had been before
}

// appearance is what a reading shows.
type appearance struct {
	known          bool
	status         string
	effects, count int
}

// flickers reports whether the state comes and goes, as that of several processes
// does that keep one each: no change of it says anything.
func (t *track) flickers() bool { return t.back > 2 }

// note keeps a reading that differs from the last.
func (t *track) note(st probe.State) {
	now := appearance{st.Known, st.Status, st.Effects, st.Count}
	if t.was[now] {
		t.back++
	}
	if t.was == nil {
		t.was = map[appearance]bool{}
	}
	t.was[now] = true
}

// delivering is one event on its way, by a driver of its own.
type delivering struct {
	d driver.Driver
	e event.Event
	w string // what it is
}

func (t *track) alive() bool { return t.refused == nil && t.read != nil }

// round is what one set of messages, texts and templates has shown.
type round struct {
	l      *Learner
	knobs  simulator.Knobs
	tracks []*track
	vocabulary
	lag        time.Duration
	unarranged []event.Channel // on which the app sends no message when it is asked to
	patience   time.Duration   // how long it waits for what does not show; 0: Settle
}

// outbound are the tracks of messages.
func (r *round) outbound() []*track {
	var all []*track
	for _, t := range r.tracks {
		if t.status != "" {
			all = append(all, t)
		}
	}
	return all
}

// readings are what the messages of the round have shown.
func (r *round) readings() readings {
	all := readings{}
	for _, t := range r.outbound() {
		if !t.alive() || t.err != nil {
			continue
		}
		if all[t.channel] == nil {
			all[t.channel] = map[event.Status]probe.State{}
		}
		all[t.channel][t.status] = t.state
	}
	return all
}

// heard is what the readings come to. A probe that reads no status hears no words.
func (r *round) heard() vocabulary {
	v := vocabularyOf(r.readings())
	v.confirm(r.l.Confirmed)
	if e, ok := r.l.Probe.Endpoint(probe.KindMessage); ok && e.Status == "" {
		v.words, v.untold = Words{}, nil
	}
	return v
}

// told reports whether the messages show, each status under a word.
func (r *round) told() bool {
	if !r.l.reads(probe.KindMessage) || r.l.Plain != PlainMessage && !r.l.Arranged {
		return true // nothing to be told, and nothing to try
	}
	return len(r.channels) > 0 && r.constant == "" && !r.lossy()
}

// lossy reports whether several statuses show nothing at all, or show differently
// from message to message.
func (r *round) lossy() bool {
	blank := len(r.untold)
	for _, st := range driver.Statuses() {
		if w, ok := r.words[st]; ok && w.Text == "" && st != event.Queued && st != event.Routed {
			blank++
		}
	}
	return blank > 0
}

// clean reports whether nothing about the round is out of the ordinary.
func (r *round) clean() bool {
	for _, t := range r.tracks {
		if t.shape != "" && t.shape != r.knobs.Format().InboundShape {
			continue // it need not show
		}
		if t.alive() && (t.err != nil || !t.state.Known) && !r.l.expected(t) {
			return false
		}
	}
	if r.l.reads(probe.KindTemplate) && slices.ContainsFunc(r.tracks, func(t *track) bool { return t.name != "" && t.alive() }) && r.reviewWords() == nil {
		return false
	}
	v := r.heard()
	problems, _, _ := v.deviations(r.l.Confirmed)
	return v.constant == "" && len(v.untold) == 0 && len(problems) == 0
}

// expected reports whether the configuration says that a track shows nothing.
func (l *Learner) expected(t *track) bool {
	return t.status != "" && !l.Confirmed.Statuses.Kept(t.status) || !l.takes(t.channel)
}

func (l *Learner) takes(ch event.Channel) bool {
	return len(l.Confirmed.Channels) == 0 || ch == "" || slices.Contains(l.Confirmed.Channels, ch)
}

// wait polls all tracks together until nothing about them changes any more.
func (r *round) wait(ctx context.Context) error {
	const (
		pause = 20 * time.Millisecond
		quiet = 150 * time.Millisecond
		most  = time.Minute // of a queue that moves all the time
	)
	settle := r.l.Settle
	if r.patience > 0 {
		settle = min(settle, r.patience)
	}
	last := clock.Wall()
	end := last.Add(most)
	for first := true; ; first = false {
		changed := r.readAll(ctx, first)
		now := clock.Wall()
		if changed {
			last = now
			for _, t := range r.tracks {
				if t.alive() && !t.changed.IsZero() {
					r.lag = max(r.lag, t.changed.Sub(t.acked))
				}
			}
		}
		still := now.Sub(last)
		if now.After(end) {
			still = settle
		}
		if still >= settle {
			r.readAgain(ctx)
		}
		if still >= settle || still >= max(quiet, r.lag/2) && r.clean() {
			if r.flickers() {
				r.l.notes[flickering] = true
			}
			r.vocabulary = r.heard()
			return nil
		}
		if err := (clock.Real{}).Sleep(ctx, min(pause+still/8, max(settle-still, time.Millisecond))); err != nil {
			return err
		}
	}
}

// readAgain reads once more, one after the other, what could not be read last.
func (r *round) readAgain(ctx context.Context) {
	for _, t := range r.tracks {
		if t.alive() && t.err != nil {
			if st, err := t.read(ctx); err == nil {
				t.state, t.err = st, nil
			}
		}
	}
}

// readAll reads every track once, a few at a time.
func (r *round) readAll(ctx context.Context, first bool) (changed bool) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	tokens := make(chan struct{}, 6)
	for _, t := range r.tracks {
		if !t.alive() {
			continue
		}
		wg.Go(func() {
			tokens <- struct{}{}
			defer func() { <-tokens }()
			st, err := t.read(ctx)
			different := st.Known != t.state.Known || st.Status != t.state.Status || st.Effects != t.state.Effects || st.Count != t.state.Count
			if err == nil && different && !first { // what shows at the first look lags by nothing that could be told
				t.changed = clock.Wall()
			}
			if err == nil && (different || first) {
				t.note(st)
			}
			mu.Lock()
			defer mu.Unlock()
			changed = changed || err == nil && different && !t.flickers()
			if t.err = err; err == nil {
				t.state = st
			}
		})
	}
	wg.Wait()
	return changed
}

// send sends the events of every track that were not accepted so far, in the order of
// each, several tracks side by side. What is turned away is sent again for as long as
// the pace says.
func (r *round) send(ctx context.Context, tracks []*track, wide int, pace driver.Pace) error {
	var wg sync.WaitGroup
	tokens := make(chan struct{}, max(1, wide))
	for i, t := range tracks {
		wg.Go(func() {
			tokens <- struct{}{}
			defer func() { <-tokens }()
			if wide > 1 && (clock.Real{}).Sleep(ctx, time.Duration(i%wide)*time.Millisecond) != nil {
				return
			}
			for ; t.sent < len(t.send); t.sent++ {
				s := t.send[t.sent]
				x := s.d.SendPaced(ctx, driver.Planned{What: s.w, Request: s.d.Event(s.e)}, pace)
				r.l.seen(x)
				if !x.Outcome.Accepted() {
					t.refused = &x
					return
				}
			}
			t.acked = clock.Wall()
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}
