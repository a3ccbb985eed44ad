package probe

import (
	"context"
	"time"

	"github.com/sentsim/sentsim/simulator/clock"
)

// The pause between two readings of Poll grows from pollFirst to pollLast.
const (
	pollFirst = 5 * time.Millisecond
	pollLast  = 100 * time.Millisecond
)

// Poll reads until done or until settle of wall time is over, and returns the
// last reading; the one that ends it by time is made at the deadline. A failed
// reading is tried again like any other, and is what Poll returns only if it
// was the last. State may lag behind an acknowledgement, so one reading is not
// enough to judge by; an absence is watched for the whole of settle with a done
// that waits for the presence. When ctx ends, its error is returned.
func Poll(ctx context.Context, settle time.Duration, read func(context.Context) (State, error), done func(State) bool) (State, error) {
	var wall clock.Real
	deadline := wall.Now().Add(settle)
	for pause := pollFirst; ; pause = min(2*pause, pollLast) {
		last := !wall.Now().Before(deadline)
		s, err := read(ctx)
		if ctxErr := ctx.Err(); ctxErr != nil {
			return s, ctxErr
		}
		if last || (err == nil && done(s)) {
			return s, err
		}
		left := max(0, deadline.Sub(wall.Now()))
		if err := wall.Sleep(ctx, min(pause, left)); err != nil {
			return s, err
		}
	}
}
