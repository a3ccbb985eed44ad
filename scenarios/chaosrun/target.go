package chaosrun

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/sentsim/sentsim/scenarios/oracle"
	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/scenarios/steps"
	"github.com/sentsim/sentsim/scenarios/target"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/contract"
	"github.com/sentsim/sentsim/simulator/signing"
)

// control does something to the target. Nothing is under way.
func (r *runner) control(ctx context.Context, s chaos.Step) {
	r.record.expect(s.Number)
	if !r.paused {
		release := r.judges.hold() // nobody reads meanwhile
		defer func() {
			if r.paused {
				r.resumed = release // nor while the target stands still
				return
			}
			release()
		}()
	}
	var done Done
	t := r.s.Target
	switch s.Kind {
	case chaos.KindPause:
		if done.Err = t.Pause(); done.Err == nil {
			r.paused = true
		}
	case chaos.KindResume:
		if !r.paused {
			done.Skipped = "the target was not paused"
			break
		}
		done.Err = r.restore(ctx)
	case chaos.KindRestart:
		if !t.CanRestart() {
			done.Skipped = "this target cannot be restarted"
			break
		}
		done.Err = r.restart(ctx, s, r.s.Env)
	case chaos.KindRotate:
		if !t.CanRotate() {
			done.Skipped = "this target's secret cannot be changed"
			break
		}
		done.Err = r.rotate(ctx, s)
	case chaos.KindDisable: // nothing is sent until it is enabled: the plan sees to that
	case chaos.KindEnable:
		r.oracle.Enabled()
	case chaos.KindDeliver, chaos.KindForge:
	}
	if errors.Is(done.Err, target.ErrNoControl) {
		done.Skipped, done.Err = done.Err.Error(), nil
	}
	if done.Err != nil && ctx.Err() == nil {
		r.note(fmt.Sprintf("step %d, %s: %v", s.Number, s.Kind, done.Err))
		r.looks.Lock()
		if !t.Alive(ctx) && !clock.Over(ctx) {
			r.giveUp(fmt.Sprintf("the target is gone after step %d (%s): %v", s.Number, s.Kind, r.o.Redact(done.Err.Error())))
		}
		r.looks.Unlock()
	}
	r.finish(s, done)
}

// restore ends a pause.
func (r *runner) restore(context.Context) error {
	if !r.paused {
		return nil
	}
	r.paused = false
	defer r.resumed()
	if err := r.s.Target.Resume(); err != nil {
		return fmt.Errorf("resume the target: %w", err)
	}
	return nil
}

// restart restarts the target with env, once the state shows what it has taken,
// and looks whether it still knows that afterwards. What a target knows that
// forgets is judged before.
func (r *runner) restart(ctx context.Context, s chaos.Step, env target.Env) error {
	witness, before := r.testimony(ctx)
	known := r.known(!r.durable)
	r.settle(ctx, known)
	for i := 0; witness == nil && i < len(known); i++ { // where no message shows, a text or a template may
		if x := known[i]; x.err == nil && x.state.Known && (x.state.Count > 0 || x.record.Subject.Kind == chaos.AboutTemplate) {
			witness, before = x.record, x.state
		}
	}
	r.s.Restarted()
	if err := r.s.Target.Restart(ctx, env); err != nil {
		return err
	}
	r.base = r.s.Target.URL() // a restart may change it
	if s.Kind == chaos.KindRotate {
		r.old = r.s.Env.Secret
		r.s.Rotated(env)
		r.oracle.Rotated()
	}
	r.s.AwaitReady(ctx, steps.ReadyTime)
	stopped := func() bool { return ctx.Err() != nil }
	if witness == nil || !before.Known || stopped() {
		r.oracle.Restarted(false)
		return nil
	}
	keeps := func(st probe.State) bool {
		return st.Known && st.Effects >= before.Effects && st.Count >= before.Count
	}
	after := r.read(ctx, witness.Subject, keeps)
	forgot := !keeps(after)
	r.durable = !forgot
	r.oracle.Restarted(forgot)
	if !forgot || stopped() {
		return nil
	}
	clear(r.ids) // it has forgotten the messages that it sent: they are arranged anew
	if s.Kind == chaos.KindRestart {
		r.oracle.Broken(oracle.Violation{
			Rule: contract.IDEM7, Subject: witness.Subject, Expected: "what was acknowledged to be known after a restart",
			Summary: fmt.Sprintf("after the restart at step %d the receiver no longer knows what it had acknowledged", s.Number),
			Seen:    r.o.Redact(after.Raw), Story: witness.Story(),
		})
	}
	r.conclude(known, r.controls(ctx, known), true)
	return nil
}

// known is what the state must show before a restart: all that was sent, or what
// was sent since the last restart. Also a target that keeps its state may have
// acknowledged what it has yet to process, and would lose it.
func (r *runner) known(all bool) []*reading {
	if r.knownBefore != "" {
		return nil
	}
	var known []*reading
	for _, rec := range r.oracle.Snapshot() {
		if r.canRead(rec.Subject.Kind) && (all || r.oracle.Recent(rec)) {
			known = append(known, &reading{record: rec, expect: r.oracle.Expect(rec)})
		}
	}
	return known
}

// testimony is the latest message that the state shows.
func (r *runner) testimony(ctx context.Context) (*oracle.Record, probe.State) {
	witness, ok := r.oracle.Witness()
	if !ok || !r.canRead(chaos.AboutMessage) || r.knownBefore != "" {
		return nil, probe.State{}
	}
	return witness, r.read(ctx, witness.Subject, func(st probe.State) bool { return st.Known })
}

// rotate gives the webhook, and the target, a new secret.
func (r *runner) rotate(ctx context.Context, s chaos.Step) error {
	fresh, err := signing.GenerateSecret(rand.Reader)
	if err != nil {
		return err
	}
	if r.own.IsZero() {
		r.own = r.s.Env.Secret
	}
	env := r.s.Env
	env.Secret = fresh
	return r.restart(ctx, s, env)
}

// rotateBackTime is how long giving the own secret back may take.
const rotateBackTime = 30 * time.Second

// rotateBack gives the target the secret that it had, also when the run was
// interrupted: nobody else knows the new one.
func (r *runner) rotateBack(ctx context.Context) error {
	if r.own.IsZero() || r.fell != "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rotateBackTime)
	defer cancel()
	env := r.s.Env
	env.Secret = r.own
	if err := r.s.Target.Restart(ctx, env); err != nil {
		return fmt.Errorf("giving the receiver its old secret back: %w", err)
	}
	r.s.Rotated(env)
	return nil
}
