package trace_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/seed"
	"github.com/sentsim/sentsim/simulator/trace"
)

// planned is a run of 300 messages with everything that goes wrong.
func planned(tb testing.TB, messages int) []chaos.Step {
	tb.Helper()
	profile, ok := chaos.LookupProfile("everything")
	if !ok {
		tb.Fatal("no profile of that name")
	}
	p := chaos.Plan{Seed: 1, Messages: messages, Start: start, WebhookID: id(1), AccountID: id(2), Profile: profile, EventTypeHeader: true}
	return slices.Collect(p.Steps())
}

// TestReduceAsReceiversFail takes receivers apart that are nothing but a rule on
// the order in which things come to them.
func TestReduceAsReceiversFail(t *testing.T) {
	steps := planned(t, 300)
	genuine := func(s chaos.Step) bool { return s.Kind == chaos.KindDeliver && s.Sender != delivery.Cut }
	tests := map[string]struct {
		fails func([]chaos.Step) bool
		want  int
	}{
		"counts an event again": {func(part []chaos.Step) bool {
			seen := map[string]bool{}
			for _, s := range part {
				if genuine(s) && seen[s.Event.ID.String()] {
					return true
				}
				seen[s.Event.ID.String()] = seen[s.Event.ID.String()] || genuine(s)
			}
			return false
		}, 2},
		"moves back": {func(part []chaos.Step) bool {
			last := map[string]string{}
			for _, s := range part {
				if genuine(s) && s.Subject.Kind == chaos.AboutMessage {
					if s.Event.Status == "SENT" && last[s.Subject.ID.String()] == "DELIVERED" {
						return true
					}
					last[s.Subject.ID.String()] = s.Event.Status
				}
			}
			return false
		}, 2},
		"forgets when restarted": {func(part []chaos.Step) bool {
			before, restarted := map[string]bool{}, false
			for _, s := range part {
				switch {
				case s.Kind == chaos.KindRestart:
					restarted = true
				case !genuine(s):
				case restarted && before[s.Event.ID.String()]:
					return true
				case !restarted:
					before[s.Event.ID.String()] = true
				}
			}
			return false
		}, 3},
		"mixes up two at the same instant": {func(part []chaos.Step) bool {
			for i := 1; i < len(part); i++ {
				if g := part[i].Group; g != 0 && part[i-1].Group == g && part[i].Subject.ID != part[i-1].Subject.ID {
					return true
				}
			}
			return false
		}, 2},
		"takes a forgery": {func(part []chaos.Step) bool {
			return slices.ContainsFunc(part, func(s chaos.Step) bool { return s.Kind == chaos.KindForge })
		}, 1},
		"is paused": {func(part []chaos.Step) bool {
			return slices.ContainsFunc(part, func(s chaos.Step) bool { return s.Kind == chaos.KindPause })
		}, 2}, // and resumed
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if !tc.fails(steps) {
				t.Fatal("the whole run does not fail")
			}
			got, err := trace.Reduce(t.Context(), steps, nil, 1000, func(_ context.Context, part []chaos.Step) (bool, error) {
				return tc.fails(part), nil
			})
			if err != nil || len(got.Items) != tc.want || !tc.fails(got.Items) {
				t.Errorf("%d steps after %d trials, want %d (%v):\n%+v", len(got.Items), got.Trials, tc.want, err, got.Items)
			}
			if got.Trials > 150 {
				t.Errorf("%d trials for %d steps", got.Trials, len(steps))
			}
			for _, s := range got.Items {
				if s.Sender != "" {
					t.Errorf("step %d is still sent by a sender that %s", s.Number, s.Sender)
				}
			}
		})
	}
}

func TestReduceBeginsWithTheSuspects(t *testing.T) {
	steps := planned(t, 50)
	i := slices.IndexFunc(steps, func(s chaos.Step) bool { return s.Kind == chaos.KindDeliver && s.Subject.Kind == chaos.AboutInbound })
	culprit := steps[i].Subject
	tried := 0
	got, err := trace.Reduce(t.Context(), steps, []chaos.Subject{culprit}, 1000, func(_ context.Context, part []chaos.Step) (bool, error) {
		if tried++; tried == 1 {
			for _, s := range part {
				if s.Subject.From != culprit.From {
					t.Errorf("the first trial holds step %d of somebody else", s.Number)
				}
			}
		}
		return slices.ContainsFunc(part, func(s chaos.Step) bool { return s.Number == steps[i].Number }), nil
	})
	if err != nil || len(got.Items) != 1 || got.Items[0].Number != steps[i].Number || got.Trials != tried {
		t.Errorf("%+v (%v)", got, err)
	}
}

func TestReduceLaws(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 20).Draw(rt, "steps")
		steps := make([]chaos.Step, n)
		for i := range steps {
			steps[i] = chaos.Step{
				Number: i + 1, At: time.Duration(i), Kind: rapid.SampledFrom([]chaos.Kind{
					chaos.KindDeliver, chaos.KindDeliver, chaos.KindDeliver, chaos.KindForge, chaos.KindPause, chaos.KindResume, chaos.KindRestart,
				}).Draw(rt, "kind"),
				Group:  i / 3 * rapid.IntRange(0, 1).Draw(rt, "grouped"),
				Sender: rapid.SampledFrom([]delivery.Misbehaviour{"", delivery.LoseAck}).Draw(rt, "sender"),
			}
			if steps[i].Kind == chaos.KindDeliver {
				steps[i].Subject = chaos.Subject{Kind: chaos.AboutMessage, ID: id(rapid.Byte().Draw(rt, "subject") % 5)}
			}
		}
		needed := rapid.SliceOfN(rapid.IntRange(1, n), 0, 3).Draw(rt, "needed")
		odd := rapid.Bool().Draw(rt, "only from an odd sender")
		fails := func(part []chaos.Step) bool {
			for _, number := range needed {
				i := slices.IndexFunc(part, func(s chaos.Step) bool { return s.Number == number })
				if i < 0 || odd && part[i].Sender != steps[number-1].Sender {
					return false
				}
			}
			return true
		}
		budget := rapid.IntRange(0, 300).Draw(rt, "budget")
		before := slices.Clone(steps)
		trials := 0
		got, err := trace.Reduce(context.Background(), steps, nil, budget, func(_ context.Context, part []chaos.Step) (bool, error) {
			trials++
			return fails(part), nil
		})
		switch {
		case !fails(got.Items):
			rt.Fatalf("%+v does not fail", got.Items)
		case trials > budget || trials != got.Trials:
			rt.Fatalf("%d trials made, %d said, %d allowed", trials, got.Trials, budget)
		case err != nil && !errors.Is(err, trace.ErrBudget) || got.Minimal != (err == nil):
			rt.Fatalf("minimal %v: %v", got.Minimal, err)
		case !slices.IsSortedFunc(got.Items, func(a, b chaos.Step) int { return a.Number - b.Number }):
			rt.Fatalf("out of order: %+v", got.Items)
		}
		for i := range steps {
			if steps[i].Group != before[i].Group || steps[i].Sender != before[i].Sender {
				rt.Fatal("the run itself was changed")
			}
		}
		if !got.Minimal {
			if budget >= 250 {
				rt.Fatalf("%d trials were not enough for %d steps", budget, n)
			}
			return
		}
		for _, s := range got.Items {
			pair := s.Kind == chaos.KindPause || s.Kind == chaos.KindResume
			if !slices.Contains(needed, s.Number) && !pair {
				rt.Fatalf("step %d is not needed: %+v", s.Number, got.Items)
			}
			if !odd && s.Sender != "" || s.Group != 0 {
				rt.Fatalf("step %d is not plain: %+v", s.Number, s)
			}
		}
	})
}

func BenchmarkRedraw(b *testing.B) {
	steps := planned(b, 300)
	r := trace.NewRedraw(seed.Seed(1).Stream("redraw"))
	for b.Loop() {
		r.Steps(steps)
	}
}

// What is said of a step because of others goes when they go: else what is left
// would be explained by what is no longer there.
func TestReduceTakesBackWhatIsGone(t *testing.T) {
	event := chaos.Event{ID: id(7)}
	message := chaos.Subject{Kind: chaos.AboutMessage, ID: id(8)}
	steps := []chaos.Step{
		{Number: 1, Kind: chaos.KindDeliver, Subject: message, Event: event, Sender: delivery.HangUp, Group: 1, Faults: []chaos.Fault{chaos.FaultHangUp, chaos.FaultBurst, chaos.FaultNullFields}},
		{Number: 2, Kind: chaos.KindDeliver, Group: 1, Faults: []chaos.Fault{chaos.FaultBurst}},
		{Number: 3, Kind: chaos.KindRotate, Faults: []chaos.Fault{chaos.FaultRotate}},
		{Number: 4, Kind: chaos.KindDeliver, Subject: message, Event: event, Faults: []chaos.Fault{chaos.FaultHangUp, chaos.FaultPause}},
	}
	needed := func(_ context.Context, part []chaos.Step) (bool, error) {
		numbers := map[int]bool{}
		for _, s := range part {
			numbers[s.Number] = true
		}
		return numbers[1] && numbers[3] && numbers[4], nil
	}
	got, err := trace.Reduce(t.Context(), steps, nil, 100, needed)
	if err != nil || len(got.Items) != 3 {
		t.Fatalf("%+v (%v)", got.Items, err)
	}
	first, control, retry := got.Items[0], got.Items[1], got.Items[2]
	if first.Sender != "" || first.Group != 0 || !slices.Equal(first.Faults, []chaos.Fault{chaos.FaultNullFields}) {
		t.Errorf("the first is %+v", first)
	}
	if control.Kind != chaos.KindRestart || !slices.Equal(control.Faults, []chaos.Fault{chaos.FaultRestart}) {
		t.Errorf("the rotation is %+v", control)
	}
	if len(retry.Faults) != 0 {
		t.Errorf("the retry is %+v", retry)
	}
}
