package chaosrun

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sentsim/sentsim/scenarios/oracle"
	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/contract"
	"github.com/sentsim/sentsim/simulator/event"
)

const (
	readers = 8               // readings at a time
	catchUp = 2 * time.Minute // how long a receiver that is behind may take, as long as it moves
)

// needOf is what must be given, and show, to read about a kind of subject.
func needOf(k chaos.SubjectKind) rule.Need {
	switch k {
	case chaos.AboutInbound:
		return rule.InboundCount
	case chaos.AboutTemplate:
		return rule.TemplateStatus
	case chaos.AboutContact:
		return rule.ContactOptOut
	case chaos.AboutMessage:
	}
	return rule.MessageState
}

func (r *runner) canRead(k chaos.SubjectKind) bool {
	return k != "" && r.s.Needs(needOf(k)) == nil
}

// look reads a subject's state once.
func (r *runner) look(ctx context.Context, s chaos.Subject) (probe.State, error) {
	switch s.Kind {
	case chaos.AboutInbound:
		return r.s.Probe.Inbound(ctx, r.base, r.number(s.From))
	case chaos.AboutTemplate:
		return r.s.Probe.Template(ctx, r.base, s.ID.String())
	case chaos.AboutContact:
		return r.s.Probe.Contact(ctx, r.base, r.number(s.From))
	case chaos.AboutMessage:
	}
	return r.s.Probe.Message(ctx, r.base, s.ID.String())
}

// number is a number as the run's deliveries write it.
func (r *runner) number(e164 string) string {
	if r.plan.Format.Numbers == event.NumbersDigits {
		return e164[1:]
	}
	return e164
}

// read polls until want holds, for the settle time at most.
func (r *runner) read(ctx context.Context, s chaos.Subject, want func(probe.State) bool) probe.State {
	st, err := probe.Poll(ctx, r.s.Settle, func(ctx context.Context) (probe.State, error) { return r.look(ctx, s) }, want)
	if err != nil && ctx.Err() == nil {
		r.note(err.Error())
	}
	return st
}

func anyState(probe.State) bool { return true }

// ready reads what must be known before a delivery. It reports false when the
// run is over. A target that stands still is not asked: it would answer to nobody.
func (r *runner) ready(ctx context.Context, batch []chaos.Step) bool {
	if r.paused {
		return ctx.Err() == nil
	}
	for _, s := range batch {
		if s.Subject.Kind == chaos.AboutInbound || s.Subject.Kind == chaos.AboutContact {
			r.awaitStanding(ctx, s)
		}
		switch {
		case !r.begun && s.Subject.Kind == chaos.AboutMessage && r.s.Arrange == nil && r.canRead(chaos.AboutMessage):
			r.begun = true
			if r.read(ctx, s.Subject, anyState).Known {
				r.knownBefore = "the receiver already knows the messages of this run, from an earlier one with the same seed: use --seed random, or give it a fresh state"
			}
		case s.Subject.Kind == chaos.AboutTemplate && r.canRead(chaos.AboutTemplate):
			r.awaitTemplate(ctx, s)
		case s.Subject.Kind == chaos.AboutInbound && r.canRead(chaos.AboutInbound),
			s.Subject.Kind == chaos.AboutContact && r.canRead(chaos.AboutContact):
			if r.oracle.Met(s.Subject) {
				continue
			}
			st := r.read(ctx, s.Subject, anyState)
			if st.OptedOut {
				st.Count = 1
			}
			r.oracle.Baseline(s.Subject, st.Count)
		}
	}
	return ctx.Err() == nil
}

// maxAwaited is how often a template's status, or a contact's opt-out, may not come
// before it is no longer waited for.
const maxAwaited = 2

// awaitTemplate waits until the state shows what a template was told last. Its
// statuses have no order of their own and in the wild are minutes apart: a
// receiver that works its queue off side by side must not get them within
// milliseconds.
func (r *runner) awaitTemplate(ctx context.Context, s chaos.Step) {
	before := r.oracle.LastStatus(s.Subject)
	if before == "" || before == s.Event.Status || s.Kind != chaos.KindDeliver || r.awaited >= maxAwaited {
		return
	}
	words := r.s.Traits.Reviews
	if _, told := words[event.Status(before)]; !told && words != nil {
		return
	}
	shows := func(st probe.State) bool { return words.Is(st, event.Status(before)) }
	if !shows(r.read(ctx, s.Subject, shows)) {
		r.awaited++
	}
}

// awaitStanding waits until the receiver has worked off how a contact stands, before a
// text of one who has opted out, and before a signal that changes it: one with a queue
// may answer before (CON-2), and who opts out twice must not be seen by the first. A
// text waits for nothing where nobody sees what the receiver answers.
func (r *runner) awaitStanding(ctx context.Context, s chaos.Step) {
	after, now, then := r.oracle.Stands(s)
	text := s.Subject.Kind == chaos.AboutInbound
	if now.OptedIn == now.OptedOut || text && now.OptedIn || !text && now == then || s.Kind != chaos.KindDeliver {
		return
	}
	if text && r.s.API == nil {
		return
	}
	readable, patient := r.canRead(chaos.AboutContact), len(r.hasty) < maxAwaited
	if text && (!readable || !patient) {
		_ = (clock.Real{}).Sleep(ctx, min(r.s.Settle, 100*time.Millisecond+4*r.s.Traits.Lag)-clock.Wall().Sub(after))
	}
	if !readable {
		return
	}
	about := chaos.Subject{Kind: chaos.AboutContact, From: s.Subject.From}
	shows := func(st probe.State) bool { return now.Fits(st.OptedOut) }
	var st probe.State
	var err error
	if patient {
		st = r.read(ctx, about, shows)
	} else {
		st, err = r.look(ctx, about)
	}
	if err != nil || !shows(st) {
		r.hasty = append(r.hasty, about)
	}
}

func optedOut(st probe.State) bool { return st.OptedOut }

// reading is a record on its way to a verdict.
type reading struct {
	record *oracle.Record
	expect oracle.Expectation
	state  probe.State
	err    error
}

// judge reads the state of everything that was delivered and compares it with
// what a correct receiver has. It returns what could not be looked at, and why.
func (r *runner) judge(ctx context.Context) map[string]string {
	unseen := r.unseen()
	if r.fell == "" {
		defer r.judgeReplies(ctx, unseen)
	}
	if r.knownBefore != "" || r.fell != "" {
		return unseen
	}
	all := r.judges.left()
	for _, rec := range r.oracle.TakeAll() {
		if r.canRead(rec.Subject.Kind) {
			all = append(all, &reading{record: rec, expect: r.oracle.Expect(rec)})
		}
	}
	if len(all) == 0 && r.s.API == nil { // nothing is there to settle
		return unseen
	}
	// What must not happen may still happen until the state has settled.
	if (clock.Real{}).Sleep(ctx, r.s.Settle) != nil {
		return unseen
	}
	r.settle(ctx, all)
	controls := r.controls(ctx, all)
	if ctx.Err() != nil {
		return unseen
	}
	shown := r.judges.shown() || slices.ContainsFunc(all, func(x *reading) bool { return x.err == nil && x.state.Known })
	r.conclude(all, controls, shown)
	return unseen
}

// judgeReplies compares what the receiver has sent to the contacts. Its state has
// settled by now, where there was any to wait for. Whose opt-out shows now, and
// did not before the text that was answered, may have written before it was worked
// off; one that does not show even now was lost.
func (r *runner) judgeReplies(ctx context.Context, unseen map[string]string) {
	if r.s.API == nil || ctx.Err() != nil {
		return
	}
	sent := map[string]int{}
	for _, m := range r.s.API.All() {
		sent[strings.TrimPrefix(m.To, "+")]++
	}
	if len(sent) == 0 {
		for _, id := range []contract.ID{contract.INB2, contract.CON2} {
			unseen[id] = cmp.Or(unseen[id], rule.ObservedReplies.Missing())
		}
	}
	late := map[string]bool{}
	for _, about := range r.hasty {
		st, err := r.look(ctx, about)
		late[about.From] = err != nil || optedOut(st)
	}
	if n := r.oracle.Replies(sent, late); n > 0 && unseen[contract.CON2] == "" {
		unseen[contract.CON2] = fmt.Sprintf("an opt-out that was acknowledged showed in the state only after the contact's next text was answered, %d times: whether it was known by then cannot be told (settle is %s)", n, r.s.Settle)
	}
}

// settle reads everything, and again what is not as expected, as long as
// something moves.
func (r *runner) settle(ctx context.Context, all []*reading) {
	end := clock.Wall().Add(catchUp)
	wrong := all
	moved := clock.Wall()
	for len(wrong) > 0 && ctx.Err() == nil {
		before := make([]probe.State, len(wrong))
		for i, x := range wrong {
			before[i] = x.state
		}
		r.readAll(ctx, wrong)
		var still []*reading
		for i, x := range wrong {
			if x.state.Raw != before[i].Raw {
				moved = clock.Wall()
			}
			if x.err != nil || !x.expect.Fits(x.state, x.record) {
				still = append(still, x)
			}
		}
		wrong = still
		now := clock.Wall()
		if now.After(end) || now.Sub(moved) > r.s.Settle {
			return
		}
		_ = (clock.Real{}).Sleep(ctx, r.s.Settle/8+time.Millisecond)
	}
}

func (r *runner) readAll(ctx context.Context, all []*reading) {
	next := make(chan *reading)
	var wg sync.WaitGroup
	for range min(readers, len(all)) {
		wg.Go(func() {
			for x := range next {
				x.state, x.err = r.look(ctx, x.record.Subject)
			}
		})
	}
	for _, x := range all {
		if ctx.Err() != nil {
			break
		}
		next <- x
	}
	close(next)
	wg.Wait()
}

// conclude judges the last readings.
func (r *runner) conclude(all []*reading, c oracle.Controls, shown bool) {
	for _, x := range all {
		if x.err != nil {
			r.note(x.err.Error())
			continue
		}
		r.verdict(x, c, shown)
	}
}

// verdict judges one reading.
func (r *runner) verdict(x *reading, c oracle.Controls, shown bool) {
	x.state.Raw = r.o.Redact(x.state.Raw)
	r.oracle.Judge(x.record, x.expect, x.state, c, shown)
}

// unseen says of the rules that need the state why they cannot be judged.
func (r *runner) unseen() map[string]string {
	unseen, missing := map[string]string{}, map[rule.Need]string{}
	for _, need := range rule.Needs() {
		missing[need] = r.missing(need)
	}
	for known := range rule.Each() {
		for _, need := range known.Needs {
			if reason := missing[need]; reason != "" {
				unseen[known.ID] = reason
				break
			}
		}
	}
	return unseen
}

func (r *runner) missing(need rule.Need) string {
	if err := r.s.Needs(need); err != nil {
		return err.Error()
	}
	switch need {
	case rule.MessageState, rule.MessageStatus, rule.MessageEffects, rule.InboundCount, rule.TemplateStatus, rule.ContactOptOut:
		switch {
		case r.knownBefore != "":
			return r.knownBefore
		case r.fell != "":
			return "the target fell over before its state could be read"
		}
	case rule.Restart, rule.Rotate, rule.ObservedReplies:
	}
	return ""
}
