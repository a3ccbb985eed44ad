package chaos

import (
	"testing"
	"time"

	"github.com/google/uuid"
)

// only is a plan in which one fault befalls everything.
func only(f Fault, s Sending) Plan {
	p := Profile{Name: "only", Mix: Mix{WhatsApp: 0.5}, Faults: map[Fault]float64{f: 1}}
	return Plan{Seed: 3, Messages: 60, Start: start(), Profile: p, Sending: s}
}

// A retry comes when the backoff says, and no event has more attempts than allowed.
func TestRetriesFollowTheBackoff(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		s    Sending
		want []time.Duration // from the first attempt to attempt 2, 3 and so on
	}{
		{"Sent's default", Sending{}, []time.Duration{time.Minute, 3 * time.Minute, 7 * time.Minute}},
		{"a steeper one, with two retries", Sending{Attempts: 3, Base: 10 * time.Second, Factor: 4, Cap: time.Hour}, []time.Duration{10 * time.Second, 50 * time.Second}},
		{"a cap", Sending{Attempts: 4, Base: time.Minute, Factor: 10, Cap: 2 * time.Minute}, []time.Duration{time.Minute, 3 * time.Minute, 5 * time.Minute}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			arrives := map[uuid.UUID]time.Duration{} // where nothing goes wrong
			calm := only(FaultLateRetry, tt.s)
			calm.Profile.Faults = nil
			for s := range calm.Steps() {
				arrives[s.Event.ID] = s.At
			}
			seen := map[int]int{}
			for _, f := range []Fault{FaultLateRetry, FaultLostAck} {
				for s := range only(f, tt.s).Steps() {
					if s.Attempt == 1 {
						continue
					}
					seen[s.Attempt]++
					if late := s.At - arrives[s.Event.ID] - tt.want[s.Attempt-2]; late < 0 || late > time.Second {
						t.Fatalf("%s: step %d: attempt %d comes after %s, not %s", f, s.Number, s.Attempt, s.At-arrives[s.Event.ID], tt.want[s.Attempt-2])
					}
				}
			}
			for n := range tt.want {
				if seen[n+2] == 0 {
					t.Errorf("there is no attempt %d", n+2)
				}
			}
			if len(seen) != len(tt.want) {
				t.Errorf("attempts %v, not %d", seen, 1+len(tt.want))
			}
		})
	}
}

func TestJitterShortensWaits(t *testing.T) {
	t.Parallel()
	first, shorter := map[uuid.UUID]time.Duration{}, 0
	for s := range only(FaultLostAck, Sending{Attempts: 2, Base: time.Minute, Factor: 2, Cap: time.Hour, Jitter: 0.5}).Steps() {
		if s.Attempt == 1 {
			first[s.Event.ID] = s.At
			continue
		}
		wait := s.At - first[s.Event.ID]
		if wait < 30*time.Second || wait > time.Minute+time.Second {
			t.Fatalf("step %d: a wait of %s", s.Number, wait)
		}
		if wait < 55*time.Second {
			shorter++
		}
	}
	if shorter == 0 {
		t.Error("no wait is shorter")
	}
}

// With one attempt at each event, nothing happens that takes a retry to mend.
func TestWithoutRetriesNothingNeedsOne(t *testing.T) {
	t.Parallel()
	for _, f := range []Fault{FaultLateRetry, FaultLostAck, FaultHangUp, FaultReset, FaultPause} {
		for s := range only(f, Sending{Attempts: 1, Base: time.Minute, Factor: 2, Cap: time.Hour}).Steps() {
			if len(s.Faults) > 0 {
				t.Fatalf("%s: step %d has %v", f, s.Number, s.Faults)
			}
		}
	}
}

// In strict order no event of a message arrives before what happened earlier.
func TestStrictOrder(t *testing.T) {
	t.Parallel()
	p, ok := LookupProfile(DefaultProfile)
	if !ok {
		t.Fatal("no default profile")
	}
	latest := map[uuid.UUID]time.Time{}
	for s := range (Plan{Seed: 1, Messages: 300, Start: start(), Profile: p, Sending: Sending{Strict: true}}).Steps() {
		if s.Group != 0 {
			t.Fatalf("step %d is sent at the same instant as another", s.Number)
		}
		if s.Kind != KindDeliver || s.Subject.Kind != AboutMessage || s.Occurrence != First {
			continue
		}
		if s.Event.At.Before(latest[s.Subject.ID]) {
			t.Fatalf("step %d: %s arrives after a later event of its message", s.Number, s.Event.Status)
		}
		latest[s.Subject.ID] = s.Event.At
	}
}

// The webhook is disabled once that many events have failed, and not earlier:
// that many fewer arrive than in the plan without it.
func TestDisabledAfterFailedEvents(t *testing.T) {
	t.Parallel()
	for _, after := range []int{1, 10, 25} {
		p := Plan{Seed: 3, Messages: 400, Start: start(), Profile: Profile{Name: "only", Faults: map[Fault]float64{FaultDisable: 0.02}}, Sending: Sending{DisableAfter: after}}
		calm := p
		calm.Profile = Profile{Name: "none"}
		var begun, disabled time.Duration
		for i := 2; begun == 0; i++ { // the first message with the fault begins the failures
			for _, parcel := range p.unit(i) {
				if parcel.control == KindDisable {
					begun = parcel.at
				}
			}
		}
		arrived := map[uuid.UUID]bool{}
		for s := range p.Steps() {
			if s.Kind == KindDisable {
				disabled = s.At
				break
			}
			arrived[s.Event.ID] = true
		}
		failed := 0
		for s := range calm.Steps() {
			if s.At > disabled {
				break
			}
			if s.At >= begun && !arrived[s.Event.ID] {
				failed++
			}
		}
		if failed != after {
			t.Errorf("disabled after %d failed events, not %d", failed, after)
		}
	}
}
