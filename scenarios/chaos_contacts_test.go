package scenarios_test

import (
	"cmp"
	"context"
	"iter"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/sentsim/sentsim/scenarios"
	"github.com/sentsim/sentsim/scenarios/chaosrun"
	"github.com/sentsim/sentsim/scenarios/receiver"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/target"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/event"
)

// behindAQueue makes a receiver that answers before it takes a contact's signal.
func behindAQueue(wait time.Duration) func(*receiver.Receiver) error {
	return func(r *receiver.Receiver) error {
		add := r.Add
		r.Add = func(ctx context.Context, ev receiver.Event, reply []byte) (bool, error) {
			if ev.Kind != receiver.Contact {
				return add(ctx, ev, reply)
			}
			go func() {
				time.Sleep(wait)
				_, _ = add(context.WithoutCancel(ctx), ev, reply) // after the end of a test it is closed
			}()
			return true, nil
		}
		return nil
	}
}

// oneByOne makes a receiver that works a contact's signals off one after another, each
// in the given time, and replies to a text as late.
func oneByOne(each time.Duration) func(*receiver.Receiver) error {
	return func(r *receiver.Receiver) error {
		var mu sync.Mutex
		busy, due := map[string]time.Time{}, map[string]time.Time{} // by contact
		add, optedOut := r.Add, r.OptedOut
		r.Add = func(ctx context.Context, ev receiver.Event, reply []byte) (bool, error) {
			mu.Lock()
			defer mu.Unlock()
			now := time.Now()
			if ev.Kind != receiver.Contact {
				due[ev.Subject] = now.Add(each)
				return add(ctx, ev, reply)
			}
			if busy[ev.Subject].Before(now) {
				busy[ev.Subject] = now
			}
			busy[ev.Subject] = busy[ev.Subject].Add(each)
			time.AfterFunc(busy[ev.Subject].Sub(now), func() { _, _ = add(context.WithoutCancel(ctx), ev, reply) })
			return true, nil
		}
		r.OptedOut = func(ctx context.Context, number string) (bool, error) {
			mu.Lock()
			wait := time.Until(due[number])
			mu.Unlock()
			time.Sleep(wait)
			return optedOut(ctx, number)
		}
		return nil
	}
}

// ofContacts is the steps of a plan that are about those who write or give signals,
// one contact after another: so a text comes right after the signals before it.
func ofContacts(plan chaos.Plan) iter.Seq[chaos.Step] {
	var all []chaos.Step
	for s := range plan.Steps() {
		about := s.Subject.Kind == chaos.AboutContact || s.Subject.Kind == chaos.AboutInbound
		if about && s.Kind == chaos.KindDeliver {
			all = append(all, s)
		}
	}
	slices.SortStableFunc(all, func(a, b chaos.Step) int { return cmp.Compare(a.Subject.From, b.Subject.From) })
	return slices.Values(all)
}

// A receiver with a queue is waited for before a contact writes who has opted
// out: as long as its state needs, or a while where that cannot be read. What the
// edition does not have is not judged.
func TestChaosWaitsForOptOuts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name       string
		change     func(*receiver.Receiver) error
		blind      bool // without probe.contact
		families   event.Families
		con1, con2 report.Verdict
	}{
		{"its state is read", behindAQueue(60 * time.Millisecond), false, "", report.Passed, report.Passed},
		{"its state is read, and changes more than once", oneByOne(100 * time.Millisecond), false, "", report.Passed, report.Passed},
		{"its state comes later than settle", behindAQueue(900 * time.Millisecond), false, "", report.Passed, report.NotChecked},
		{"its state is not read", behindAQueue(60 * time.Millisecond), true, "", report.NotChecked, report.Passed},
		{"an edition without contacts", nil, false, "message,templates", report.NotChecked, report.NotChecked},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg := scenarios.Handler(nil)
			file := filepath.Join(t.TempDir(), "state.db")
			cfg.Target.Handler = func(env target.Env) (http.Handler, func() error, error) {
				r, err := receiver.New(receiver.Config{
					Secret: env.Secret.Reveal(), File: file, BaseURL: env.BaseURL, APIKey: env.APIKey, Change: tt.change,
				})
				if err != nil {
					return nil, nil, err
				}
				return r, r.Close, nil
			}
			cfg.Probe, cfg.Settle = referenceProbe(), 500*time.Millisecond
			if tt.blind {
				cfg.Probe.Contact = nil
			}
			if tt.families != "" {
				cfg.Knobs.Families = tt.families
			}
			profile, _ := chaos.LookupProfile(chaos.DefaultProfile)
			delete(profile.Faults, chaos.FaultDisable) // or not all of the contract's signals come
			plan, err := scenarios.ChaosPlan(cfg, profile, 120)
			if err != nil {
				t.Fatal(err)
			}
			rep, err := scenarios.Chaos(t.Context(), cfg, scenarios.ChaosRun{
				Plan: plan, Steps: ofContacts(plan), Command: "chaos", Options: chaosrun.Options{Concurrency: 16},
			})
			if err != nil {
				t.Fatal(err)
			}
			for id, want := range map[string]report.Verdict{"CON-1": tt.con1, "CON-2": tt.con2} {
				for _, r := range rep.Rules {
					if r.ID == id && r.Verdict != want {
						t.Errorf("%s is %s, want %s: %s\n%s", id, r.Verdict, want, r.Reason, explain(rep))
					}
				}
			}
		})
	}
}
