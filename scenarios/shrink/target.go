package shrink

import (
	"context"
	"fmt"

	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/seed"
)

// trialSeed keeps the seeds of trials apart from each other, and from the
// seeds that people type.
func trialSeed(trial int) seed.Seed {
	return seed.Seed(trial) << 32 //nolint:gosec // a trial's number is small and not negative
}

// refresh restarts the target before a trial, so that what it keeps in memory of
// the last one is gone; one that takes long to start only when it is down.
func (sh *shrinker) refresh(ctx context.Context) error {
	t := sh.on.Subject.Target
	if !t.CanRestart() {
		if !t.Alive(ctx) && !clock.Over(ctx) {
			return fmt.Errorf("the receiver no longer takes connections, and sentsim cannot restart it")
		}
		return nil
	}
	if sh.noRestart && t.Alive(ctx) {
		return nil
	}
	start := clock.Wall()
	sh.on.Subject.Restarted()
	if err := t.Restart(ctx, sh.on.Subject.Env); err != nil {
		if ctx.Err() != nil { // in the middle of it, which says nothing of the receiver
			return context.Cause(ctx)
		}
		return fmt.Errorf("restart the receiver: %w", err)
	}
	sh.noRestart = clock.Wall().Sub(start) > restartFor
	return nil
}
