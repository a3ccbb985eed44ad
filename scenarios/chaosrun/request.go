package chaosrun

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/scenarios/check"
	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/scenarios/oracle"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/contract"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
)

const (
	// dawdle is the pause of a slow sender, between quarters of its request.
	dawdle = 30 * time.Millisecond
	// pausedTimeout is how long a delivery waits for a target that stands still.
	pausedTimeout = 500 * time.Millisecond
	// signedBefore is how much the first attempts' timestamps lie in the past.
	// A run takes seconds for what takes Sent minutes: so a retry's timestamp is
	// always another one, as with Sent, and none lies in the future.
	signedBefore = 5
)

// driver sends as the plan says, which may be that of a trace.
func (r *runner) driver() driver.Driver {
	d := r.s.Driver()
	d.URL, d.Webhook = r.base, r.plan.WebhookID
	d.Knobs.EventTypeHeader, d.Knobs.EventIDHeader = r.plan.EventTypeHeader, r.plan.EventIDHeader
	if r.paused {
		d.Timeout = min(d.Timeout, pausedTimeout)
	}
	return d
}

// outcome is that of a request. The answer that a sender loses is known to the run.
func (r *runner) outcome(ctx context.Context, req delivery.Request, how delivery.Misbehaviour) delivery.Outcome {
	return answered(r.driver().Send(ctx, driver.Planned{Request: req, How: how, For: dawdle}))
}

// answered is what came back of an exchange, though the sender may have lost it.
func answered(x driver.Exchange) delivery.Outcome {
	if x.Answer != nil {
		return *x.Answer
	}
	return x.Outcome
}

// timestamp is when a delivery is signed: now, or a few seconds ago. A duplicate
// is the same request again, so it has that of the first.
func (r *runner) timestamp(s chaos.Step, now time.Time) int64 {
	if s.Skew != 0 {
		return now.Add(s.Skew).Unix()
	}
	age := int64(signedBefore)
	if s.Occurrence == chaos.Retry {
		age = max(0, signedBefore+1-int64(s.Attempt))
	}
	at := now.Unix() - age
	if s.Kind != chaos.KindDeliver {
		return now.Unix()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if s.Occurrence == chaos.Duplicate {
		if first, ok := r.stamps[s.Subject.Index][s.Event.ID]; ok && at-first < stillFresh {
			return first
		}
	}
	if r.stamps[s.Subject.Index] == nil {
		r.stamps[s.Subject.Index] = map[uuid.UUID]int64{}
	}
	r.stamps[s.Subject.Index][s.Event.ID] = at
	return at
}

// stillFresh is for how many seconds the same request may come again: long
// before a receiver refuses it as old.
const stillFresh = 200

// request is a step as it goes over the wire. skipped says why it cannot.
func (r *runner) request(s chaos.Step) (req delivery.Request, skipped string, err error) {
	id, at := r.plan.WebhookID.String(), r.timestamp(s, clock.Wall())
	secret := r.s.Env.Secret
	if s.Forgery == chaos.ForgeryOldSecret {
		if secret = r.old; secret.IsZero() {
			return req, "the secret was not rotated", nil
		}
	}
	d := r.driver()
	d.Secret = secret
	req = d.SignAt(event.Event{Type: s.Event.Type, ID: s.Event.ID}, s.Body, at)
	if s.Kind != chaos.KindForge || s.Forgery == chaos.ForgeryOldSecret {
		return req, "", nil
	}
	req, err = chaos.Forge(s.Forgery, req, chaos.Input{Secret: secret, Other: r.other, WebhookID: id, Timestamp: at})
	return req, "", err
}

// echoes looks for what a rejection must not tell (SIG-14).
func (r *runner) echoes(s chaos.Step, req delivery.Request, out delivery.Outcome) {
	if s.Kind != chaos.KindForge || !out.Rejected() {
		return
	}
	if told := check.Leaks(r.s.Env.Secret, req, out); told != "" {
		r.oracle.Broken(oracle.Violation{
			Rule: contract.SIG14, Subject: s.Subject, Step: s.Number, Expected: "a rejection that tells an attacker nothing",
			Summary: fmt.Sprintf("the rejection of step %d (%s) holds %s", s.Number, s.Forgery, told),
		})
		return
	}
	r.oracle.Kept(contract.SIG14)
}
