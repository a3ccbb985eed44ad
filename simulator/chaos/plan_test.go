package chaos

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/seed"
)

// start is when the plans of the tests begin.
func start() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

func planOf(t *testing.T, profile string, messages int) Plan {
	t.Helper()
	p, ok := LookupProfile(profile)
	if !ok {
		t.Fatalf("no profile %q", profile)
	}
	plan := Plan{Seed: 1, Messages: messages, Start: start(), Profile: p}
	if err := plan.Validate(); err != nil {
		t.Fatal(err)
	}
	return plan
}

func encoded(t *testing.T, steps func(func(Step) bool)) []byte {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	for s := range steps {
		if err := enc.Encode(s); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

// Same seed and profile: the same plan, byte for byte, whoever makes its parts
// and in which order they are made.
func TestPlanIsTheSameOnAnyNumberOfWorkers(t *testing.T) {
	t.Parallel()
	for _, name := range ProfileNames() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan := planOf(t, name, 400)
			want := encoded(t, plan.Steps())
			for _, workers := range []int{1, 2, 3, 8} {
				units := make([][]parcel, plan.Messages)
				var wg sync.WaitGroup
				for w := range workers {
					wg.Go(func() {
						for i := plan.Messages - 1 - w; i >= 0; i -= workers {
							units[i] = plan.unit(i + 1)
						}
					})
				}
				wg.Wait()
				if got := encoded(t, plan.merged(slices.Values(units))); !bytes.Equal(got, want) {
					t.Errorf("with %d workers the plan is another one", workers)
				}
			}
		})
	}
}

// A plan depends on its seed, its profile and its start, and adding messages
// leaves the events of those before as they are.
func TestPlanDependsOnWhatItShould(t *testing.T) {
	t.Parallel()
	plan := planOf(t, DefaultProfile, 50)
	bodies := func(p Plan) map[string]bool {
		all := map[string]bool{}
		for s := range p.Steps() {
			all[string(s.Body)] = true
		}
		return all
	}
	few := bodies(plan)
	more := plan
	more.Messages = 60
	most := bodies(more)
	for body := range few {
		if !most[body] && !strings.Contains(body, "contacts") {
			t.Fatalf("ten more messages, and this body is gone: %s", body)
		}
	}
	other := plan
	other.Seed = 2
	if bytes.Equal(encoded(t, other.Steps()), encoded(t, plan.Steps())) {
		t.Error("another seed makes the same plan")
	}
}

// A fault that is made more likely moves no other fault.
func TestProbabilityMovesNothingElse(t *testing.T) {
	t.Parallel()
	count := func(p Profile, f Fault) map[string]bool {
		plan := Plan{Seed: 1, Messages: 100, Start: start(), Profile: p}
		found := map[string]bool{}
		for s := range plan.Steps() {
			if slices.Contains(s.Faults, f) {
				found[fmt.Sprint(s.Event.ID, s.At, s.Occurrence)] = true
			}
		}
		return found
	}
	few := Profile{Faults: map[Fault]float64{FaultDuplicate: 0.1, FaultExtraFields: 0.2}}
	more := Profile{Faults: map[Fault]float64{FaultDuplicate: 0.5, FaultExtraFields: 0.2}}
	before, after := count(few, FaultExtraFields), count(more, FaultExtraFields)
	for s := range before {
		if !after[s] {
			t.Errorf("more duplicates, and this event lost its extra fields: %s", s)
		}
	}
	if len(count(more, FaultDuplicate)) <= len(count(few, FaultDuplicate)) {
		t.Error("more duplicates are not more duplicates")
	}
}

// At 0 a fault never happens; at 1 it befalls everything that it can.
func TestChanceAtItsEnds(t *testing.T) {
	t.Parallel()
	for _, d := range Faults() {
		t.Run(string(d.Fault), func(t *testing.T) {
			t.Parallel()
			count := func(chance float64) int {
				n := 0
				plan := Plan{Seed: 7, Messages: 60, Start: start(), Profile: Profile{
					Mix: Mix{Inbound: 0.4, Template: 0.1, Failed: 0.3}, Faults: map[Fault]float64{d.Fault: chance},
				}}
				for s := range plan.Steps() {
					if slices.Contains(s.Faults, d.Fault) {
						n++
					}
				}
				return n
			}
			if n := count(0); n != 0 {
				t.Errorf("with probability 0 it happens %d times", n)
			}
			switch n := count(1); {
			case n == 0:
				t.Error("with probability 1 it never happens")
			case d.Most > 0 && n > 4*d.Most+3*maxPaused:
				t.Errorf("it may happen %d times in a run, and %d steps have it", d.Most, n)
			case d.Most == 0 && d.Per == PerMessage && d.Fault != FaultBurst && n != 60:
				t.Errorf("with probability 1 it befalls %d of 60 messages", n)
			}
		})
	}
}

// Whatever the profile: steps are numbered and in order, groups stand together,
// a delivery's body is its event's, nothing is sent while the webhook is
// disabled, and a paused target is always resumed.
func TestPlanLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		chance := rapid.Float64Range(0, 1)
		p := Profile{Name: "drawn", Faults: map[Fault]float64{}}
		p.Mix.Inbound = chance.Draw(t, "inbound")
		p.Mix.Template = (1 - p.Mix.Inbound) * chance.Draw(t, "template")
		p.Mix.WhatsApp, p.Mix.Failed = chance.Draw(t, "whatsapp"), chance.Draw(t, "failed")
		for _, d := range Faults() {
			if rapid.Bool().Draw(t, "with "+string(d.Fault)) {
				p.Faults[d.Fault] = chance.Draw(t, string(d.Fault))
			}
		}
		plan := Plan{
			Seed: seed.Seed(rapid.Uint64().Draw(t, "seed")), Messages: 40, Start: start(), Profile: p,
			Extended: rapid.Bool().Draw(t, "extended"),
			Families: rapid.SampledFrom([]event.Families{"", "message,templates", "message,templates,contact,link"}).Draw(t, "families"),
		}
		if err := plan.Validate(); err != nil {
			t.Fatal(err)
		}
		bodies, last, number := map[string]string{}, Step{}, 0
		disabled, paused, over := false, false, map[int]bool{}
		groups := map[int]bool{}
		for s := range plan.Steps() {
			number++
			if s.Number != number {
				t.Fatalf("step %d has the number %d", number, s.Number)
			}
			if s.At < last.At {
				t.Fatalf("step %d is at %s, after one at %s", number, s.At, last.At)
			}
			if s.Group != 0 && s.Group != last.Group && groups[s.Group] {
				t.Fatalf("group %d is in two places", s.Group)
			}
			groups[s.Group] = true
			switch s.Kind {
			case KindDisable, KindEnable:
				disabled = s.Kind == KindDisable
			case KindPause, KindResume:
				paused = s.Kind == KindPause
			case KindDeliver:
				if disabled {
					t.Fatalf("step %d is delivered while the webhook is disabled", number)
				}
				id := s.Event.ID.String()
				if body, ok := bodies[id]; ok && body != string(s.Body) {
					t.Fatalf("step %d: the event has another body than before", number)
				}
				bodies[id] = string(s.Body)
				if s.Event.At.After(plan.Start) {
					t.Fatalf("step %d: the event happens at %s, after the plan's start", number, s.Event.At)
				}
				if s.Attempt < 1 || s.Occurrence == "" {
					t.Fatalf("step %d is no attempt: %+v", number, s)
				}
			case KindForge:
				if s.Forgery == "" || s.Rule == "" {
					t.Fatalf("step %d is no forgery: %+v", number, s)
				}
			case KindRestart, KindRotate:
			}
			if paused && !slices.Contains(s.Faults, FaultPause) {
				t.Fatalf("step %d happens in a pause that it is no part of", number)
			}
			if index := s.Subject.Index; index > 0 && over[index] {
				t.Fatalf("step %d is about message %d, which was over", number, index)
			}
			over[s.Subject.Index] = s.Last
			last = s
		}
		if disabled || paused {
			t.Fatalf("the plan ends disabled (%t) or paused (%t)", disabled, paused)
		}
	})
}

// What is kept while a plan is made does not grow with its length.
func TestPlanIsMadeAsItGoes(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it makes a plan of 12,000 messages")
	}
	most := func(messages int) int {
		plan := planOf(t, DefaultProfile, messages)
		units := func(yield func([]parcel) bool) {
			for i := range plan.Messages {
				if !yield(plan.unit(i + 1)) {
					return
				}
			}
		}
		largest, latest := 0, 0
		m := merger{plan: &plan, controls: map[Kind]int{}, left: map[int]int{}}
		var steps int
		m.yield = func(s Step) bool {
			steps++
			largest = max(largest, len(m.queue))
			if s.Last {
				latest++
			}
			return true
		}
		next, stop := iter.Pull(iter.Seq[[]parcel](units))
		defer stop()
		m.next = next
		m.run()
		if steps < messages {
			t.Fatalf("%d messages made %d steps", messages, steps)
		}
		if latest < messages*9/10 || latest > messages {
			t.Errorf("%d of %d messages have a last step", latest, messages)
		}
		return largest
	}
	short, long := most(4_000), most(12_000)
	if long > short+short/4 {
		t.Errorf("the queue has %d parcels at most for 4,000 messages and %d for 12,000", short, long)
	}
}

func TestProfilesAreChecked(t *testing.T) {
	t.Parallel()
	for _, p := range Profiles() {
		if err := p.Validate(); err != nil {
			t.Errorf("profile %s: %v", p.Name, err)
		}
	}
	for _, tt := range []struct {
		name string
		p    Profile
		want string
	}{
		{"unknown fault", Profile{Faults: map[Fault]float64{"duplicate_": 0.1}}, `unknown fault "duplicate_"`},
		{"above one", Profile{Faults: map[Fault]float64{FaultSkip: 1.01}}, "faults.skip: 1.01 is no probability"},
		{"negative", Profile{Faults: map[Fault]float64{FaultSkip: -0.1}}, "faults.skip: -0.1 is no probability"},
		{"not a number", Profile{Mix: Mix{RCS: math.NaN()}}, "mix.rcs: NaN is no probability"},
		{"more than all", Profile{Mix: Mix{Inbound: 0.6, Template: 0.5}}, "more than all together"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if err := tt.p.Validate(); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want it to say %q", err, tt.want)
			}
		})
	}
}

// Every fault of the table stands in its documentation, and in some profile.
func TestEveryFaultIsUsed(t *testing.T) {
	t.Parallel()
	for _, d := range Faults() {
		used := false
		for _, p := range Profiles() {
			used = used || p.Chance(d.Fault) > 0
		}
		if !used || d.Doc == "" {
			t.Errorf("%s is in no profile, or has no documentation", d.Fault)
		}
	}
}

func TestBodyInJSON(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := Body(rapid.SliceOf(rapid.Byte()).Draw(t, "body"))
		data, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got Body
		if err := json.Unmarshal(data, &got); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%q became %s and then %q (%v)", want, data, got, err)
		}
	})
}

// What a forgery claims is about somebody of whom nothing genuine is sent: or its
// effects could not be told from genuine ones.
func TestForgeriesAreAboutNobodyElse(t *testing.T) {
	t.Parallel()
	forgeries := 0
	for _, n := range []seed.Seed{20, 77, 113} {
		plan := planOf(t, DefaultProfile, 300)
		plan.Seed = n
		genuine, claimed := map[string]int{}, map[string]int{}
		for s := range plan.Steps() {
			switch {
			case s.Subject.Kind != AboutInbound:
			case s.Kind == KindForge:
				claimed[s.Subject.From] = s.Subject.Index
			default:
				genuine[s.Subject.From] = s.Subject.Index
			}
		}
		forgeries += len(claimed)
		for from, index := range claimed {
			if of, ok := genuine[from]; ok && of != index {
				t.Errorf("seed %d: the forged text of %d is one of %s, who writes as %d", n, index, from, of)
			}
		}
	}
	if forgeries == 0 {
		t.Error("no text was forged")
	}
}
