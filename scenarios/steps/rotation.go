package steps

import (
	"context"
	"time"

	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/signing"
)

// rotateBackTime is how long giving the old secret back may take.
const rotateBackTime = 30 * time.Second

type rotation struct{ old signing.Secret }

func (w *World) rotates(ctx context.Context) error {
	if err := w.needs(rule.Rotate); err != nil {
		return err
	}
	fresh, err := signing.GenerateSecret(w.s.Seed.Stream("rotated secret"))
	if err != nil {
		return err
	}
	w.rotated = &rotation{old: w.s.Env.Secret}
	w.s.Env.Secret = fresh
	w.s.spare = append(w.s.spare, fresh)
	return w.restartTarget(ctx, "giving the receiver a new secret")
}

func (w *World) signedWith(ctx context.Context, which, verdict string) error {
	fresh := w.s.Env.Secret
	if which == "old" {
		w.s.Env.Secret = w.rotated.old
	}
	e, err := w.plain(ctx)
	r := delivery.Request{}
	if err == nil {
		r = w.signed(e)
	}
	w.s.Env.Secret = fresh
	if err != nil {
		return err
	}
	x, err := w.send(ctx, "a delivery signed with the "+which+" secret", r)
	if err != nil {
		return err
	}
	w.pending = nil
	if verdict == "accepted" {
		return mustAccept(x)
	}
	return mustReject(x)
}

// rotateBack gives the receiver the secret that it had, so that what comes
// after, and the user, find it as it was.
func (w *World) rotateBack(ctx context.Context) error {
	if w.rotated == nil {
		return nil
	}
	w.s.Env.Secret = w.rotated.old
	w.rotated = nil
	// Also when the run was interrupted: nobody else knows the new secret.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rotateBackTime)
	defer cancel()
	return w.restartTarget(ctx, "giving the receiver its old secret back")
}
