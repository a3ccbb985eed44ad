package scenarios

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tidwall/gjson"

	"github.com/sentsim/sentsim/scenarios/cause"
	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/scenarios/learn"
	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/steps"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/contract"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/seed"
)

// learn finds out how the receiver was built, before anything is judged. What
// stands in the way is said by whatever comes next: nothing that was learned by
// then is kept.
func (s *session) learn(ctx context.Context) {
	if s.first.closed != "" || s.first.knownBefore != "" || ctx.Err() != nil {
		return
	}
	s.subject.TakeTurn()
	var refused atomic.Pointer[learn.Exchange]
	traits, l, err := s.learnOnce(ctx, s.cfg.Seed, &refused)
	if s.fellMeanwhile(ctx) { // and is there again
		refused.Store(nil)
		// Other messages: it may know those.
		traits, l, err = s.learnOnce(ctx, seed.Seed(s.cfg.Seed.Stream("learn again").IntN(math.MaxInt)), &refused) //nolint:gosec // not negative
		s.fellMeanwhile(ctx)
	}
	x := refused.Load()
	chance := x != nil && s.takenByChance(ctx, *x)
	s.subject.EndTurn()
	if chance {
		return // what was learned was learned by chance
	}
	var away *learn.TurnedAway
	if errors.As(err, &away) && ctx.Err() == nil {
		s.first.closed = "nothing else can be judged: " + away.Error() + ". Take the limit off this route, or raise it"
		return
	}
	if err != nil {
		if ctx.Err() == nil {
			s.unlearned = err.Error()
		}
		return
	}
	if d := s.first.deviation; d != nil {
		traits.Deviations = append(traits.Deviations, *d)
	}
	s.subject.Traits = traits
	s.late.watch(ctx, l)
	s.subject.Widen(traits.SideBySide)
}

// firstMessage reads the message that the first delivery was about, nil where it was about
// none, or it cannot be read.
func (s *session) firstMessage() func(context.Context) (probe.State, error) {
	id := gjson.GetBytes(s.first.taken.Request.Body, "payload.message_id").String()
	if _, ok := s.subject.Probe.Endpoint(probe.KindMessage); !ok || id == "" {
		return nil
	}
	return func(ctx context.Context) (probe.State, error) {
		return s.subject.Probe.Message(ctx, s.subject.Target.URL(), id)
	}
}

// learnOnce learns it with messages of that seed. refused is set to the first delivery that was refused.
func (s *session) learnOnce(ctx context.Context, from seed.Seed, refused *atomic.Pointer[learn.Exchange]) (learn.Traits, *learn.Learner, error) {
	l := s.learner()
	l.Seed, l.Answer, l.First = from, s.first.answer, s.firstMessage()
	heard := l.Seen
	l.Seen = func(x learn.Exchange) {
		heard(x)
		if x.Outcome.Rejected() && !driver.NotNow(x.Outcome) {
			refused.CompareAndSwap(nil, &x)
		}
	}
	traits, err := l.Learn(ctx)
	return traits, l, err
}

// fellMeanwhile reports whether the target went down while it was learned, and brings it
// back.
func (s *session) fellMeanwhile(ctx context.Context) bool {
	s.life.Lock()
	defer s.life.Unlock()
	if !s.revive(ctx) {
		return false
	}
	if s.fell == "" {
		s.fell = "while it was learned"
	}
	return s.down == ""
}

// learner learns the session's target, as deliveries to it are made by now.
func (s *session) learner() *learn.Learner {
	return &learn.Learner{
		Driver: s.subject.Driver(), Pulse: s.subject.Pulse, Probe: s.subject.Probe, Seed: s.cfg.Seed, Account: s.subject.TheAccount(),
		Start: learn.Started(s.cfg.Start, clock.Wall()), Settle: s.cfg.Settle,
		Message: s.subject.Message, Arranged: s.subject.Arrange != nil,
		Confirmed: s.confirmed(), Plain: s.subject.Traits.Plain, Refused: s.subject.Traits.RefusedStatuses,
		Seen: func(x learn.Exchange) { s.subject.Answered(x.Outcome) },
	}
}

// confirmed is what the configuration says of the receiver's words and channels.
func (s *session) confirmed() learn.Confirmed {
	return learn.Confirmed{Statuses: s.subject.Probe.Statuses(), Channels: s.subject.Probe.Channels()}
}

// estimate is how long the scenarios will take, roughly.
func (s *session) estimate(plans []planned) time.Duration {
	const (
		deliveries = 4  // of a scenario, about
		deep       = 10 // in a row at most, of one scenario
	)
	t := s.subject.Traits
	one := max(s.first.answer, 4*time.Millisecond)
	side := max(1, t.SideBySide)
	sending := time.Duration(len(plans)*deliveries/side) * one
	waits := 2 * s.cfg.Settle // the last scenario's, and that of a restart
	return sending + time.Duration(deep)*one + waits + 2*t.Lag
}

// learned is what a report says of the traits; nil while nothing was learned.
func (s *session) learned(plans []planned) *report.Learned {
	t := s.subject.Traits
	if !t.Learned {
		return nil
	}
	out := &report.Learned{
		Edition: t.Edition, Notes: append([]string{}, t.Notes...),
		LagMS: t.Lag.Milliseconds(), AnswerMS: max(t.Answer, s.first.answer).Milliseconds(), SideBySide: t.SideBySide,
		Channels: []string{}, Statuses: map[string]*string{},
	}
	if s.first.unready != "" {
		out.Notes = append(out.Notes, s.first.unready)
	}
	if len(plans) > 0 {
		out.ExpectedMS = s.estimate(plans).Milliseconds()
	}
	if t.Outbound.Shows {
		no := t.Arrange
		out.OwnMessagesOnly = &no
		if !t.Arrange {
			out.OwnMessagesOnly = new(bool)
		}
		for _, ch := range event.Channels() {
			if t.Takes(ch) {
				out.Channels = append(out.Channels, string(ch))
			}
		}
		for st, w := range t.Words {
			if out.Statuses[string(st)] = nil; w.Kept {
				out.Statuses[string(st)] = &w.Text
			}
		}
	} else {
		out.Unseen = t.Outbound.Why
	}
	if t.OwnOnly == learn.Matches || t.OwnOnly == learn.Tried {
		yes := true
		out.OwnMessagesOnly = &yes
	}
	if t.InboundShape != "" {
		shape := string(t.InboundShape)
		out.InboundShape = &shape
	}
	return out
}

// deviation is what differs from the contract, as a failed scenario.
func (s *session) deviation(d learn.Deviation) report.Scenario {
	e := report.Evidence{Expected: d.Name, Reproduce: s.command("verify", "--rule "+d.Rule, "--seed "+s.seedAgain(true))}
	if d.Seen != "" {
		e.State = s.redact(oneLine(d.Seen))
		e.Response = "state: " + e.State
	}
	return report.Scenario{
		Name: d.Name, File: "learned before the scenarios", Verdict: report.Failed, Remedy: d.Fix,
		Reason: s.redact(d.Reason + ". " + d.Fix), Evidence: []report.Evidence{e},
	}
}

// facts are what causes are made of.
func (s *session) facts(rules []report.Rule) cause.Facts {
	started, handed := s.hasSecret()
	return cause.Facts{
		Traits: s.late.believed(s.subject.Traits), Rules: rules, Diagnosis: s.diagnosis, Diagnosed: s.diagnosed,
		Started: started, Handed: handed, SecretEnv: s.cfg.SecretEnv,
		Ignored: s.subject.IgnoresForged(), Copies: s.copies.Sent, Counted: s.copies.Counted, Forgets: max(s.forgets, s.forgotten.Others), ForgetsAfter: s.forgotten.After,
		Lost: s.losses[false].Lost, LostTexts: s.losses[true].Lost, MovesBack: s.sameSecond == steps.MovesBack, Stays: s.sameSecond == steps.Stays,
	}
}

// errTimeLimit is why a run with --time-limit stops.
var errTimeLimit = errors.New("the time limit was reached")

// Learn reaches or starts the target of cfg, learns how it was built, and judges
// nothing. The error is Run's, or says why nothing could be learned.
func Learn(ctx context.Context, cfg Config) (learn.Traits, report.Learned, error) {
	s, err := open(ctx, cfg)
	if err != nil {
		return learn.Traits{}, report.Learned{}, err
	}
	s.sendFirst(ctx)
	s.learn(ctx)
	t, out := s.subject.Traits, s.learned(nil)
	err = s.close()
	switch {
	case ctx.Err() != nil:
		return t, report.Learned{}, context.Cause(ctx)
	case out == nil && s.diagnosis != nil:
		return t, report.Learned{}, fmt.Errorf("nothing was learned: %s. %s", s.diagnosis.Summary, s.diagnosis.Fix)
	case out == nil:
		return t, report.Learned{}, fmt.Errorf("nothing was learned: %s", cmp.Or(s.first.closed, s.first.knownBefore, s.unlearned, "the target did not answer as expected"))
	}
	return t, *out, err
}

// late watches, while the scenarios run, for state that did not come in time: what
// learning has not seen, and what a scenario has waited for in vain. A state that
// comes after the settle time is no defect: the verdicts that did not wait for it
// say nothing.
type late struct {
	settle time.Duration
	pulse  *driver.Pulse
	stop   context.CancelFunc
	wg     sync.WaitGroup
	by     atomic.Int64 // how late what learning looked for was, a time.Duration; 0: it has not come

	followed sync.WaitGroup
	mu       sync.Mutex
	over     chan struct{}              // closed when the scenarios are; nil while there are none
	came     map[*planned]time.Duration // how late what a scenario waited for was
}

func newLate(settle time.Duration, pulse *driver.Pulse) *late {
	return &late{settle: settle, pulse: pulse, came: map[*planned]time.Duration{}}
}

func (w *late) watch(ctx context.Context, l *learn.Learner) {
	ctx, w.stop = context.WithCancel(ctx)
	w.wg.Go(func() { w.by.Store(int64(l.Late(ctx))) })
}

// What a scenario waited for in vain is looked for shortly after, then after another
// settle time, and after twice as long each time, until the scenarios are over.
const (
	looks   = 4
	shortly = 500 * time.Millisecond
)

// follow does so for a scenario that is over. Of one that is carried out again, the
// last time counts.
func (w *late) follow(ctx context.Context, p *planned, world *steps.World) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.came, p)
	if over := w.over; over != nil && world.Awaits() {
		w.followed.Go(func() {
			if by := w.look(ctx, over, world); by > 0 {
				w.mu.Lock()
				defer w.mu.Unlock()
				w.came[p] = by
			}
		})
	}
}

func (w *late) look(ctx context.Context, over <-chan struct{}, world *steps.World) (by time.Duration) {
	start := clock.Wall()
	_ = (clock.Real{}).Sleep(ctx, min(w.settle, shortly)) // the last scenario's is looked for as well
	by = world.Came(ctx)
	for n, last := 0, false; n < looks && by == 0 && !last && ctx.Err() == nil; n++ {
		pause, end := context.WithTimeout(ctx, w.settle<<n)
		last = (clock.Real{}).Wait(pause, over) == nil
		if last && (w.lags() || starvedSince(w.pulse, start)) { // there is more to come, or was no time for it
			<-pause.Done()
			last = false
		}
		end()
		by = world.Came(ctx)
	}
	return by
}

// lags reports whether some state has come late: then the other is looked for when
// the scenarios are over as well.
func (w *late) lags() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.came) > 0
}

// catchUp waits, where some state has come late, until what else was waited for in
// vain has come too or has had its time: a restart may throw away what a receiver has
// yet to work off, and it is not known then whether it would have come.
func (w *late) catchUp() {
	if w.lags() {
		w.followed.Wait()
	}
}

// begin is called before scenarios, end when they are over.
func (w *late) begin() (end func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	over := make(chan struct{})
	w.over = over
	return func() {
		w.mu.Lock()
		w.over = nil
		w.mu.Unlock()
		close(over)
		w.followed.Wait()
	}
}

// end ends the watching of what learning has not seen; with patience it may run to
// its own end.
func (w *late) end(patience bool) {
	if w.stop == nil {
		return
	}
	if !patience {
		w.stop()
	}
	w.wg.Wait()
	w.stop()
}

// pardon takes back what was said of state that came that late.
func (w *late) pardon(out report.Scenario, by time.Duration) report.Scenario {
	out.Verdict, out.Evidence = report.NotChecked, nil
	out.Reason = fmt.Sprintf("the receiver's state came %s after the acknowledgement, and settle is %s: nothing can be said of it", by.Round(100*time.Millisecond), w.settle)
	out.Remedy = fmt.Sprintf("Set how late state may be: settle: %s in the config file, or --settle %[1]s", (by * 2).Round(time.Second))
	return out
}

// ran is what a scenario showed, unless the state that it waited for came later.
func (w *late) ran(p *planned, out report.Scenario, t learn.Traits) report.Scenario {
	w.mu.Lock()
	by := w.came[p]
	w.mu.Unlock()
	if by > 0 && out.Verdict != report.Passed && out.Verdict != report.Errored {
		return w.pardon(out, by)
	}
	return w.learned(out, p.scenario.Tagged("@state"), t)
}

// learned is what was seen of state, by learning or under it, unless that was late:
// a failure, or that nothing showed.
func (w *late) learned(out report.Scenario, state bool, t learn.Traits) report.Scenario {
	by := time.Duration(w.by.Load())
	if by == 0 || !state {
		return out
	}
	switch out.Verdict {
	case report.Failed, report.Warned:
		return w.pardon(out, by)
	case report.NotChecked:
		if slices.Contains([]string{t.Outbound.Why, t.Inbound.Why, t.Template.Why}, out.Reason) {
			return w.pardon(out, by)
		}
	case report.Passed, report.Errored:
	}
	return out
}

// believed are the traits without what the late state seemed to show.
func (w *late) believed(t learn.Traits) learn.Traits {
	if w.by.Load() > 0 {
		t.Deviations = slices.DeleteFunc(slices.Clone(t.Deviations), aboutState)
	}
	return t
}

// aboutState reports whether a deviation was seen in the receiver's state, and not
// in an answer (SIG-1) or by another edition that shows.
func aboutState(d learn.Deviation) bool {
	return d.Rule != contract.SIG1 && !strings.HasPrefix(d.ID, "edition-")
}
