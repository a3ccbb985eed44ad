package chaos

import (
	"slices"
	"time"

	"github.com/sentsim/sentsim/simulator/contract"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/seed"
)

// latency is how long an event takes to its first delivery.
const latency = 50 * time.Millisecond

// skews are how far a sender's clock may be away from the receiver's, as far as it must be
// accepted most of the time (SIG-8).
func skews() []time.Duration {
	return []time.Duration{-4 * time.Minute, -4 * time.Minute, -2 * time.Minute, 2 * time.Minute, 4 * time.Minute, 4 * time.Minute}
}

// send plans the deliveries of a subject's events, in the order in which they
// happened. strict is for subjects whose last event counts (templates): nothing
// of theirs may arrive after a newer event.
func (d *drawer) send(facts []*fact, strict bool) {
	strict = strict || d.plan.Sending.Strict
	late := make([]bool, len(facts)) // reordered behind the next
	for i, f := range slices.Backward(facts) {
		f.at = f.created + between(d.event(i), time.Millisecond, latency)
		if strict || i == len(facts)-1 {
			continue
		}
		if st, ok := d.hit(FaultReorder, i); ok {
			f.at = max(f.at, facts[i+1].at+between(st, time.Millisecond, 2*time.Second))
			f.faults = append(f.faults, FaultReorder)
			late[i] = true
		}
	}
	var waiting []sending // go together with the next
	for i, f := range facts {
		next := time.Duration(-1)
		if strict && i < len(facts)-1 {
			next = facts[i+1].at
		}
		_, together := d.hit(FaultTogether, i)
		if together = together && !strict && i < len(facts)-1 && !late[i] && !late[i+1]; together {
			f.at = facts[i+1].at
		}
		sends := d.first(f, i, next)
		if together && len(sends) > 0 {
			mark(sends, FaultTogether)
			waiting = append(waiting, sends...)
			continue
		}
		if len(sends) == 0 && len(waiting) == 0 {
			continue
		}
		if len(waiting) > 0 {
			mark(sends, FaultTogether)
		}
		d.add(f.at, append(waiting, sends...)...)
		waiting = nil
	}
}

func mark(sends []sending, f Fault) {
	for i := range sends {
		if s := &sends[i].step; !slices.Contains(s.Faults, f) {
			s.Faults = append(s.Faults, f)
		}
	}
}

// first is what is sent of f when it is due; what follows later is added. next
// is the end of the time for that, or negative.
func (d *drawer) first(f *fact, n int, next time.Duration) []sending {
	open := func(at time.Duration) bool { return next < 0 || at < next }
	sent := d.plan.Sending
	retry := func(st *seed.Stream, attempt int) time.Duration { return f.at + sent.until(attempt, st) }
	if st, ok := d.hit(FaultLateRetry, n); ok {
		attempt := 2 + st.IntN(sent.attempts()-1)
		if at := retry(st, attempt); open(at) {
			d.add(at, d.deliver(f, Retry, attempt, "", contract.RET1, FaultLateRetry))
			return nil
		}
	}
	for _, lost := range []struct {
		fault Fault
		how   delivery.Misbehaviour
	}{{FaultLostAck, delivery.LoseAck}, {FaultHangUp, delivery.HangUp}, {FaultReset, delivery.Cut}} {
		st, ok := d.hit(lost.fault, n)
		if !ok {
			continue
		}
		if at := retry(st, 2); open(at) {
			rule := contract.IDEM2
			if lost.fault == FaultReset {
				rule = "" // nothing of it was taken
			}
			d.add(at, d.deliver(f, Retry, 2, "", rule, lost.fault))
			return []sending{d.deliver(f, First, 1, lost.how, "", lost.fault)}
		}
	}
	var how delivery.Misbehaviour
	var faults []Fault
	if _, ok := d.hit(FaultSlowSender, n); ok {
		how, faults = delivery.Dawdle, []Fault{FaultSlowSender}
	}
	sends := []sending{d.deliver(f, First, 1, how, "", faults...)}
	if st, ok := d.hit(FaultSkew, n); ok {
		sends[0].step.Skew = seed.Pick(st, skews())
		sends[0].step.Rule = contract.SIG8
		mark(sends, FaultSkew)
	}
	again := 1
	if st, ok := d.hit(FaultAtOnce, n); ok && how == "" && sends[0].step.Skew == 0 {
		mark(sends, FaultAtOnce)
		sends[0].step.Rule = contract.IDEM3
		for range 1 + st.IntN(4) {
			again++
			sends = append(sends, d.deliver(f, Duplicate, again, "", contract.IDEM3, FaultAtOnce))
		}
	}
	if st, ok := d.hit(FaultDuplicate, n); ok {
		if at := f.at + between(st, time.Millisecond, 40*time.Millisecond); open(at) {
			again++
			d.add(at, d.deliver(f, Duplicate, again, "", contract.IDEM1, FaultDuplicate))
		}
	}
	if st, ok := d.hit(FaultResigned, n); ok {
		if at := f.at + between(st, 50*time.Millisecond, 5*time.Second); open(at) {
			again++
			d.add(at, d.deliver(f, Retry, again, "", contract.IDEM2, FaultResigned))
		}
	}
	if st, ok := d.hit(FaultLateDuplicate, n); ok {
		if at := f.at + between(st, time.Minute, 9*time.Minute); open(at) {
			again++
			d.add(at, d.deliver(f, Retry, again, "", contract.IDEM2, FaultLateDuplicate))
		}
	}
	return sends
}
