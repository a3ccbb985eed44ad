package chaosrun

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/sentsim/sentsim/scenarios/oracle"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/clock"
)

const (
	// keepAll is up to how many messages everything is judged at the end of a
	// run. A longer run judges what is over while it goes on, and keeps only
	// what does not look right.
	keepAll = 5_000
	// maxOver is how many messages may wait for their judge: then the run does.
	maxOver = 10_000
	// maxOdd is how many of those that do not look right are kept for the end.
	maxOdd = 1_000
)

// judges look at messages that are over. A nil one has nothing to do.
type judges struct {
	r     *runner
	queue chan over
	wg    sync.WaitGroup
	look  sync.RWMutex // held to read; locked while something is done to the target

	mu      sync.Mutex
	odd     []*reading
	dropped int
	seen    bool // the probe has shown something
}

// over is one of the plan's messages, and since when nothing more comes.
type over struct {
	index int
	since time.Time
}

// reads reports whether anything of the receiver's state can be read.
func (r *runner) reads() bool {
	return r.canRead(chaos.AboutMessage) || r.canRead(chaos.AboutInbound) || r.canRead(chaos.AboutTemplate) || r.canRead(chaos.AboutContact)
}

// startJudges begins to judge what is over, if the run is a long one. They end
// with close.
func (r *runner) startJudges(ctx context.Context) *judges {
	if r.plan.Messages <= keepAll || !r.reads() {
		return nil
	}
	j := &judges{r: r, queue: make(chan over, maxOver)}
	for range readers {
		j.wg.Go(func() { j.work(ctx) })
	}
	return j
}

// over says that nothing follows about a message. It waits while too many are
// waiting.
func (j *judges) over(ctx context.Context, index int) {
	select {
	case j.queue <- over{index, clock.Wall()}:
	case <-ctx.Done(): // it is judged at the end
	}
}

func (j *judges) work(ctx context.Context) {
	for o := range j.queue {
		wait := j.r.s.Settle - clock.Wall().Sub(o.since)
		if wait > 0 && (clock.Real{}).Sleep(ctx, wait) != nil {
			continue
		}
		j.look.RLock()
		j.judge(ctx, j.r.oracle.Take(o.index))
		j.look.RUnlock()
	}
}

// judge drops what is as expected, and keeps the rest.
func (j *judges) judge(ctx context.Context, all []*oracle.Record) {
	for _, rec := range all {
		if !j.r.canRead(rec.Subject.Kind) {
			continue
		}
		x := &reading{record: rec, expect: j.r.oracle.Expect(rec)}
		x.state, x.err = j.r.look(ctx, rec.Subject)
		j.mu.Lock()
		j.seen = j.seen || x.err == nil && x.state.Known
		shown := j.seen
		if x.err != nil || !x.expect.Fits(x.state, rec) {
			if len(j.odd) < maxOdd {
				j.odd = append(j.odd, x)
			} else {
				j.dropped++
			}
			j.mu.Unlock()
			continue
		}
		j.mu.Unlock()
		j.r.verdict(x, oracle.Controls{}, shown)
	}
}

// hold keeps the judges from reading until release is called.
func (j *judges) hold() (release func()) {
	if j == nil {
		return func() {}
	}
	j.look.Lock()
	return j.look.Unlock
}

// close waits until everything that is over has been looked at.
func (j *judges) close() {
	if j == nil {
		return
	}
	close(j.queue)
	j.wg.Wait()
}

// left are those that did not look right.
func (j *judges) left() []*reading {
	if j == nil {
		return nil
	}
	if j.dropped > 0 {
		j.r.note(fmt.Sprintf("%d more messages did not look right when they were over and were not looked at again", j.dropped))
	}
	return j.odd
}

// shown reports whether the probe has shown something.
func (j *judges) shown() bool { return j != nil && j.seen }
