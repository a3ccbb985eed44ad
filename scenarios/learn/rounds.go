package learn

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/seed"
)

type requestOf = delivery.Request

// wideRound is how many messages of a round get their events side by side.
const wideRound = 12

// round sends for each channel and each status a message that ends in it, a
// template for each status of a review, and a text in each inbound shape.
func (l *Learner) round(ctx context.Context, k simulator.Knobs, name string, t *Traits) (*round, error) {
	r := &round{l: l, knobs: k}
	slow := l.slowAlone(t)
	if l.Plain == PlainMessage || l.Arranged {
		if err := r.addMessages(ctx, name, slow); err != nil {
			return nil, err
		}
		r.lookBefore(ctx, t)
	}
	r.addTexts(name, slow)
	r.addTemplates(name)
	return r, r.run(ctx, t)
}

// lookBefore reads an arranged message before its first event: what shows then says
// nothing of events.
func (r *round) lookBefore(ctx context.Context, t *Traits) {
	all := r.outbound()
	if !r.l.Arranged || len(all) == 0 || all[0].read == nil {
		return
	}
	if st, err := all[0].read(ctx); err == nil && st.HasStatus {
		t.Before = st.Status
	}
}

// run sends the round, once more one by one if it was too much at once, and waits
// until the state has settled.
func (r *round) run(ctx context.Context, t *Traits) error {
	wide := max(wideRound, t.SideBySide)
	if r.l.narrow || r.l.slowAlone(t) {
		wide = 1
	}
	if err := r.send(ctx, r.tracks, wide, driver.Pace{}); err != nil {
		return err
	}
	for again := r.turnedAway(); len(again) > 0; {
		var further []*track // refused once more, and later: by chance, it seems
		for _, t := range again {
			before := t.sent
			if err := r.sendAgain(ctx, t); err != nil {
				return err
			}
			if t.refused != nil && t.sent > before {
				further = append(further, t)
			}
		}
		again = further
	}
	if err := r.wait(ctx); err != nil {
		return err
	}
	t.Lag = max(t.Lag, r.lag)
	return nil
}

// oneByOne repeats a round in which some messages show and others do not, if one
// of those shows when it is sent alone: a receiver that mixes up what it handles at
// the same time (ORD-7) would seem not to keep what it keeps. Where each was sent
// alone already, an update was lost, and what the second message shows counts.
func (l *Learner) oneByOne(ctx context.Context, first *round, t *Traits) (*round, error) {
	for n := range uint64(len(first.tracks)) { // one that shows something else each time has an end
		doubted := first.doubted()
		if doubted == nil {
			break
		}
		l.narrow = true
		alone := &round{l: l, knobs: first.knobs, patience: max(500*time.Millisecond, 3*first.lag)}
		again, err := alone.addMessage(ctx, l.Seed.Stream("learn alone", n), doubted.channel, doubted.status, unchanged)
		if err != nil {
			return nil, err
		}
		if err := alone.run(ctx, t); err != nil {
			return nil, err
		}
		l.narrow = false
		if !again.alive() || !again.state.HasStatus || doubted.state.HasStatus && bare(again.state.Status) == bare(doubted.state.Status) {
			break
		}
		if !l.slowAlone(t) {
			l.narrow, t.SideBySide = true, 1
			l.notes["messages show only when nothing else is under way: learned one delivery at a time"] = true
			return l.round(ctx, first.knobs, "one by one", t)
		}
		first.tracks[slices.Index(first.tracks, doubted)] = again
		first.vocabulary = first.heard()
	}
	return first, nil
}

// slowAlone reports whether the receiver is slow and takes one delivery at a time.
func (l *Learner) slowAlone(t *Traits) bool { return l.Answer > slowAnswer && t.SideBySide < 2 }

// doubted is a message that does not show as others do, nil where there is none.
func (r *round) doubted() *track {
	if len(r.channels) == 0 || r.constant != "" {
		return nil
	}
	for _, t := range r.outbound() {
		shows := t.state.Known
		if w, ok := r.words[t.status]; ok || len(r.words) > 0 {
			shows = w.Kept && t.state.HasStatus && bare(t.state.Status) == bare(w.Text)
		}
		if t.alive() && t.err == nil && !shows && !r.l.expected(t) {
			return t
		}
	}
	return nil
}

// turnedAway are the tracks that the receiver has turned away for the moment, as a
// pool that has run dry does, or has refused though it took the like on another track.
// Sent tries again, and so does this.
func (r *round) turnedAway() []*track {
	taken := map[string]bool{}
	for _, t := range r.tracks {
		for _, s := range t.send[:t.sent] {
			taken[s.w] = true
		}
	}
	var again []*track
	for _, t := range r.tracks {
		if t.refused == nil {
			continue
		}
		if o := t.refused.Outcome; o.Kind != delivery.Answered || driver.NotNow(o) || o.Status >= http.StatusInternalServerError || taken[t.send[t.sent].w] {
			again = append(again, t)
		}
	}
	return again
}

// TurnedAway is returned by Learn when the receiver takes nothing any more, though it
// did at first: nothing that it showed by then is a trait.
type TurnedAway struct {
	At   driver.Exchange
	Slow bool // it takes some now and then, too few to be learned by
}

func (t *TurnedAway) Error() string {
	if t.Slow {
		return fmt.Sprintf("the receiver takes so few deliveries that it was not learned within %s: the last of many that were turned away is %s (%s)", pacedTime, t.At.What, driver.Quote(t.At))
	}
	return fmt.Sprintf("while the receiver was learned it stopped taking genuine deliveries: %s was turned away for %s, or longer than that if its answer asks for it (%s)",
		t.At.What, turnedAwayTime, driver.Quote(t.At))
}

const (
	// turnedAwayTime is how long one delivery is sent again that is turned away.
	turnedAwayTime = 5 * time.Second
	// pacedTime is how long the learning may last, of a receiver that limits how fast
	// it is learned.
	pacedTime = time.Minute
)

// sendAgain sends what is left of a track at the pace that the receiver takes.
func (r *round) sendAgain(ctx context.Context, t *track) error {
	pace := driver.Pace{Limit: turnedAwayTime, Seen: r.l.seen, Control: r.l.takesPlain, Selects: &r.l.selects, Away: driver.NotNow}
	if r.l.started.Add(pacedTime).Before(clock.Wall()) {
		return &TurnedAway{At: *t.refused, Slow: true}
	}
	t.refused = nil
	if err := r.send(ctx, []*track{t}, 1, pace); err != nil || t.refused == nil || !driver.NotNow(t.refused.Outcome) {
		return err
	}
	// It is about the event only if anything else is taken.
	if t.refused.Outcome.Status == http.StatusTooManyRequests || !r.l.takesPlain(ctx) {
		return &TurnedAway{At: *t.refused}
	}
	return nil
}

// takesPlain reports whether the receiver takes the plain delivery right now.
func (l *Learner) takesPlain(ctx context.Context) bool {
	l.mu.Lock()
	l.controls++
	n := l.controls
	l.mu.Unlock()
	r, err := l.plain(ctx, firstControl+n)
	if err != nil {
		return false
	}
	x := l.Driver.Send(ctx, driver.Planned{What: "the plain delivery", Request: r})
	l.seen(x)
	return x.Outcome.Accepted()
}

// firstControl keeps the ids of controls apart from those of other plain deliveries.
const firstControl = 1_000_000

// unchanged sends as the round does.
func unchanged(d driver.Driver, _ *seed.Stream) driver.Driver { return d }

// driver is the learner's, with other knobs.
func (r *round) driver() driver.Driver {
	d := r.l.Driver
	d.Knobs = r.knobs
	return d
}

func (r *round) addMessages(ctx context.Context, name string, slow bool) error {
	var refused error
	for _, ch := range event.Channels() {
		if r.l.Arranged && !r.l.takes(ch) {
			continue // the app need not be able to send there
		}
		if err := r.addMessagesOn(ctx, ch, name, slow); err != nil {
			if !r.l.Arranged || ctx.Err() != nil {
				return err
			}
			refused = err
			r.unarranged = append(r.unarranged, ch)
		}
	}
	if len(r.outbound()) == 0 {
		return refused // on every channel
	}
	return nil
}

func (r *round) addMessagesOn(ctx context.Context, ch event.Channel, name string, slow bool) error {
	for i, st := range driver.Statuses() {
		if !driver.Travels(st, ch) || slices.Contains(r.l.Refused, st) || slow && ch != event.SMS && st != event.Delivered && (ch != event.WhatsApp || st != event.Read) {
			continue
		}
		stream := r.l.Seed.Stream("learn "+name+" message on "+string(ch), uint64(i)) //nolint:gosec // counted up from 0
		if _, err := r.addMessage(ctx, stream, ch, st, unchanged); err != nil {
			return err
		}
	}
	return nil
}

// addMessage adds a message that gets the lifecycle in order, up to a status.
func (r *round) addMessage(ctx context.Context, st *seed.Stream, ch event.Channel, last event.Status, change func(driver.Driver, *seed.Stream) driver.Driver) (*track, error) {
	m, err := r.l.Message(ctx, st, ch, r.l.Start)
	if err != nil {
		return nil, err
	}
	t := &track{channel: ch, status: last}
	for _, s := range (Traits{RefusedStatuses: r.l.Refused}).WayTo(last) {
		t.send = append(t.send, delivering{change(r.driver(), st), m.Event(s), fmt.Sprintf("a genuine %s event on %s", event.TypeOf(s), ch)})
	}
	if r.l.reads(probe.KindMessage) {
		t.read = func(ctx context.Context) (probe.State, error) {
			return r.l.Probe.Message(ctx, r.l.Driver.URL, m.ID.String())
		}
	}
	r.tracks = append(r.tracks, t)
	return t, nil
}

func (r *round) addTemplates(name string) {
	for i, last := range reviews() {
		st := r.l.Seed.Stream("learn "+name+" template", uint64(i)) //nolint:gosec // counted up from 0
		id := driver.NewID(st)
		t := &track{name: last}
		for n, status := range slices.Compact([]string{event.TemplatePending, last}) {
			e := driver.Template(id, r.l.Account, status, r.l.Start)
			e.CreatedAt = e.CreatedAt.Add(time.Duration(n) * time.Second)
			t.send = append(t.send, delivering{r.driver(), e, "a template's " + status + " event"})
		}
		if r.l.reads(probe.KindTemplate) {
			t.read = func(ctx context.Context) (probe.State, error) {
				return r.l.Probe.Template(ctx, r.l.Driver.URL, id.String())
			}
		}
		r.tracks = append(r.tracks, t)
	}
}

// reviews are the statuses of a template whose words are learned.
func reviews() []string {
	return []string{event.TemplatePending, event.TemplateApproved, event.TemplateRejected}
}

// reviewWords are the receiver's words for them, nil unless each has one of its own.
func (r *round) reviewWords() Words {
	words, used := Words{}, map[string]bool{}
	for _, t := range r.tracks {
		if t.name != "" && t.alive() && t.err == nil && t.state.HasStatus {
			words[event.Status(t.name)], used[bare(t.state.Status)] = Word{Text: t.state.Status, Kept: true}, true
		}
	}
	if len(words) < len(reviews()) || len(used) < len(words) {
		return nil
	}
	return words
}

// trial is one difference that is tried when messages do not show.
type trial struct {
	name    string
	edition *edition // nil: another X-Webhook-ID for each event
	first   []*track // up to QUEUED
	last    []*track // up to DELIVERED
}

// experiment tries what else may show: one difference at a time, all in one wait.
func (l *Learner) experiment(ctx context.Context, before *round, t *Traits) (*round, error) {
	r := &round{l: l, knobs: l.Driver.Knobs}
	trials := []*trial{{name: "another id"}}
	if len(before.channels) == 0 || before.constant != "" {
		for _, e := range others(l.Driver.Knobs) {
			trials = append(trials, &trial{name: e.Name, edition: &e})
		}
	}
	for _, tr := range trials {
		if err := r.addTrial(ctx, tr); err != nil {
			return nil, err
		}
	}
	if err := r.run(ctx, t); err != nil {
		return nil, err
	}
	for _, tr := range trials {
		if !tr.shows(before) {
			continue
		}
		if tr.edition == nil {
			if !before.mostlyBlank() || !tr.all() {
				continue
			}
			t.WebhookIDIsEventID = true
			return before, nil
		}
		found, err := l.round(ctx, tr.edition.apply(l.Driver.Knobs), "edition "+tr.name, t)
		if err != nil {
			return nil, err
		}
		if len(found.channels) == 0 {
			continue
		}
		t.Edition, t.Knobs = tr.edition.Name, found.knobs
		return found, nil
	}
	return before, nil
}

func (r *round) addTrial(ctx context.Context, tr *trial) error {
	change := func(d driver.Driver, st *seed.Stream) driver.Driver {
		if tr.edition != nil {
			d.Knobs = tr.edition.apply(d.Knobs)
		} else {
			d.Webhook = uuid.Must(uuid.NewRandomFromReader(st))
		}
		return d
	}
	for _, ch := range event.Channels() {
		st := r.l.Seed.Stream("learn with " + tr.name + " on " + string(ch))
		first, err := r.addMessage(ctx, st, ch, r.l.opening(), change)
		if err != nil {
			return err
		}
		last, err := r.addMessage(ctx, st, ch, event.Delivered, change)
		if err != nil {
			return err
		}
		tr.first, tr.last = append(tr.first, first), append(tr.last, last)
	}
	return nil
}

// mostlyBlank reports whether two of three messages show nothing: of one now and
// then, an update was lost.
func (r *round) mostlyBlank() bool {
	blank, all := 0, 0
	for _, t := range r.outbound() {
		if t.alive() {
			all++
			if !t.state.Known {
				blank++
			}
		}
	}
	return blank*3 >= all*2
}

// all reports whether every message of the trial shows.
func (tr *trial) all() bool {
	for _, t := range append(slices.Clone(tr.first), tr.last...) {
		if t.alive() && !t.state.Known {
			return false
		}
	}
	return true
}

// shows reports whether the difference has made messages show that did not
// before: on a channel, the one that was delivered, in another way than the one
// that was queued.
func (tr *trial) shows(before *round) bool {
	shown := before.readings()
	for i, last := range tr.last {
		if !last.alive() || !last.state.HasStatus || bare(last.state.Status) == bare(before.constant) {
			continue
		}
		if first := tr.first[i]; first.alive() && first.state.HasStatus && bare(first.state.Status) == bare(last.state.Status) {
			continue
		}
		was := shown[last.channel][event.Delivered]
		if !was.HasStatus || bare(was.Status) != bare(last.state.Status) {
			return true
		}
	}
	return false
}

// Started is when the events of what is learned happened: not in the receiver's
// future, and not far in its past.
func Started(start, now time.Time) time.Time {
	if start.IsZero() {
		start = now
	}
	return start.Add(-30 * time.Second).Truncate(time.Second).UTC()
}
