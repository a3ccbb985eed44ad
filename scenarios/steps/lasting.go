package steps

import (
	"context"
	"fmt"
	"time"

	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/event"
)

// Processed is an event that had its effect early in a run, to be retried at its end: a
// receiver that remembers what it has processed for some seconds only, or until so many
// others came, knows every duplicate that comes sooner.
type Processed struct {
	c       *counted
	status  event.Status
	at      time.Time
	epoch   int64     // how often the target had been restarted by then
	sent    int       // deliveries that were answered by then
	retried time.Time // zero: it was not, or not accepted
}

// Forgotten is how long after an event, and after how many other deliveries, a retry had
// its effect once more; zero where that was not seen.
type Forgotten struct {
	After  time.Duration
	Others int
	At     *Exchange // the retry
	Seen   string    // the state after it
	Before int       // effects
	Now    int
}

// Process delivers one; nil where its effect cannot be seen. Whoever calls it has the turn
// to send.
func (s *Subject) Process(ctx context.Context) *Processed {
	c := s.counted(ctx, "what is remembered until the end")
	if c == nil {
		return nil
	}
	return &Processed{c: c, status: c.m.history[len(c.m.history)-1], at: clock.Wall(), epoch: s.epoch.Load(), sent: s.answered()}
}

// answered is how many deliveries were answered until now.
func (s *Subject) answered() (n int) {
	for _, c := range s.AnswerTimes() {
		n += c.N
	}
	return n
}

// Retry sends it again, signed anew, unless the receiver was restarted meanwhile: what that
// does is another rule's. Whoever calls it has the turn to send.
func (p *Processed) Retry(ctx context.Context) {
	w := p.c.w
	if w.s.epoch.Load() != p.epoch {
		return
	}
	x := w.keep(w.driver().Send(ctx, driver.Planned{What: fmt.Sprintf("a retry of a %s event", p.status), Request: w.signed(p.c.m.Event(p.status))}))
	if x.Outcome.Accepted() {
		p.retried = clock.Wall()
	}
}

// Forgotten reads, some time after the retry, whether it had an effect. One that a copy has
// that comes at once shows nothing: then duplicates are not known at all. Whoever calls it has the
// turn to send.
func (p *Processed) Forgotten(ctx context.Context) Forgotten {
	w := p.c.w
	if p.retried.IsZero() || w.s.epoch.Load() != p.epoch {
		return Forgotten{}
	}
	shows := p.retried.Add(min(w.s.Settle, 100*time.Millisecond+2*w.s.Traits.Lag))
	if (clock.Real{}).Sleep(ctx, shows.Sub(clock.Wall())) != nil {
		return Forgotten{}
	}
	st, err := w.messageState(p.c.m.ID)(ctx)
	if err != nil || st.Effects <= p.c.effects {
		return Forgotten{}
	}
	out := Forgotten{
		After: clock.Wall().Sub(p.at), Others: w.s.answered() - p.sent - 1,
		At: w.lastExchange(), Seen: st.Raw, Before: p.c.effects, Now: st.Effects,
	}
	control := w.s.counted(ctx, "what is remembered at once")
	if control == nil {
		return Forgotten{}
	}
	if n, ok := control.again(ctx, 1); n > 0 || !ok {
		return Forgotten{}
	}
	return out
}
