package chaosrun

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/scenarios/exchange"
	"github.com/sentsim/sentsim/scenarios/steps"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
)

// maxForbidden is how often a forged delivery is sent again that a firewall may have
// answered.
const maxForbidden = 3

// paced sends a step at the pace that the target takes: what it turns away for the
// moment is sent again, for how many deliveries it takes at once is asked by bursts
// alone. turned reports that the answer says nothing about the step.
func (r *runner) paced(ctx context.Context, s chaos.Step, req delivery.Request) (out delivery.Outcome, turned bool) {
	if s.Sender.Leaves() || slices.Contains(s.Faults, chaos.FaultBurst) || r.paused {
		return r.outcome(ctx, req, s.Sender), false
	}
	out = r.patient(ctx, req, s.Sender)
	switch {
	case ctx.Err() != nil || out.Kind != delivery.Answered:
		return out, false
	case out.Status == http.StatusTooManyRequests:
		r.turnedAway(ctx, s, out)
		return out, true
	case out.Status == http.StatusForbidden && s.Kind == chaos.KindForge:
		return r.forbidden(ctx, s, req, out)
	}
	return out, false
}

// patient sends a request until the target takes or refuses it, or the time for that
// is over.
func (r *runner) patient(ctx context.Context, req delivery.Request, how delivery.Misbehaviour) delivery.Outcome {
	return answered(r.s.SendPaced(ctx, r.driver(), driver.Planned{Request: req, How: how, For: dawdle}, r.takesPlain))
}

// takesPlain reports whether the target takes a plain delivery right now.
func (r *runner) takesPlain(ctx context.Context) bool {
	return r.s.TakesTogether(ctx, "a chaos run", 1)
}

// turnedAway ends the run if the target does not even take a plain delivery.
func (r *runner) turnedAway(ctx context.Context, s chaos.Step, out delivery.Outcome) {
	r.looks.Lock()
	defer r.looks.Unlock()
	if ctx.Err() != nil {
		return
	}
	if takes, _ := r.s.TakesAgain(ctx, "a chaos run", uint64(s.Number), steps.TurnedAwayTime); takes || ctx.Err() != nil { //nolint:gosec // counted up from 1
		return
	}
	r.mu.Lock()
	r.full = fmt.Sprintf("the target takes no more deliveries (%s) since step %d: take the limit off this route, or raise it", exchange.Seen(out), s.Number)
	r.mu.Unlock()
	r.stop(errFull)
}

// forbidden makes sure that 403 is the answer to a forged delivery, and not to every
// sender, as firewalls give it that have seen too many.
func (r *runner) forbidden(ctx context.Context, s chaos.Step, req delivery.Request, out delivery.Outcome) (delivery.Outcome, bool) {
	for i := range maxForbidden {
		if out.Status != http.StatusForbidden || r.takesPlain(ctx) {
			return out, false
		}
		if (clock.Real{}).Sleep(ctx, time.Duration(i+1)*steps.ShortTime) != nil {
			return out, true
		}
		out = r.patient(ctx, req, s.Sender)
	}
	r.turnedAway(ctx, s, out)
	return out, true
}
