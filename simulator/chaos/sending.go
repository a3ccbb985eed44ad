package chaos

import (
	"time"

	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/seed"
	"github.com/sentsim/sentsim/simulator/webhook"
)

// Sending is how Sent itself sends during a run: when it tries again, in which
// order, and when it disables the webhook. The zero value is Sent's default.
type Sending struct {
	Attempts int           `json:"attempts,omitempty"` // at an event, at most
	Base     time.Duration `json:"backoff_base,omitempty"`
	Factor   float64       `json:"backoff_factor,omitempty"`
	Cap      time.Duration `json:"backoff_cap,omitempty"`
	Jitter   float64       `json:"backoff_jitter,omitempty"`
	// Strict sends one delivery after another: nothing of a message arrives
	// before what happened earlier, and nothing at the same instant.
	Strict bool `json:"strict,omitempty"`
	// DisableAfter is how many events must fail in a row until the webhook is disabled.
	DisableAfter int `json:"disable_after,omitempty"`
}

// schedule is the backoff between the attempts.
func (s Sending) schedule() delivery.Schedule {
	if s.Base == 0 {
		return delivery.DefaultSchedule()
	}
	return delivery.Schedule{Base: s.Base, Cap: s.Cap, Factor: s.Factor, Jitter: s.Jitter}
}

// attempts is how often an event is tried at most.
func (s Sending) attempts() int {
	if s.Attempts == 0 {
		return 1 + webhook.DefaultRetryCount
	}
	return s.Attempts
}

func (s Sending) disableAfter() int {
	if s.DisableAfter == 0 {
		return webhook.DisableThreshold
	}
	return s.DisableAfter
}

// until is the time from the first attempt to a later one, with the moment that
// sending itself takes.
func (s Sending) until(attempt int, st *seed.Stream) time.Duration {
	var waited time.Duration
	schedule := s.schedule()
	for n := 1; n < attempt; n++ {
		u := 0.0
		if schedule.Jitter > 0 {
			u = st.Float64()
		}
		waited += schedule.Delay(n, u)
	}
	return waited + between(st, 0, time.Second)
}

// allows reports whether a fault can happen to what is sent like this.
func (s Sending) allows(f Fault) bool {
	switch f {
	case FaultReorder, FaultTogether, FaultAtOnce, FaultBurst:
		return !s.Strict
	case FaultLateRetry, FaultLostAck, FaultHangUp, FaultReset, FaultPause:
		return s.attempts() > 1 // each of them needs a retry
	case FaultSkip, FaultUnknownStatus, FaultUnknownField, FaultExtraFields, FaultNullFields, FaultHostileText,
		FaultNotAnObject, FaultSlowSender, FaultDuplicate, FaultLateDuplicate, FaultResigned, FaultForgery,
		FaultSkew, FaultRestart, FaultRotate, FaultDisable:
	}
	return true
}
