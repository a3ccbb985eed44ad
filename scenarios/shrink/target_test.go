package shrink

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/sentsim/sentsim/scenarios/steps"
	"github.com/sentsim/sentsim/scenarios/target"
)

// stuck is a target whose restart takes longer than anybody waits.
type stuck struct{ target.Target }

func (stuck) CanRestart() bool { return true }

func (stuck) Restart(ctx context.Context, _ target.Env) error {
	<-ctx.Done()
	return errors.New("port 8000: timed out")
}

// A reduction whose time is up while the receiver restarts keeps what it has found: the
// restart is nobody's failure.
func TestTimeIsUpWhileItRestarts(t *testing.T) {
	t.Parallel()
	sh := &shrinker{on: Receiver{Subject: &steps.Subject{Target: stuck{}}}}
	ctx, cancel := context.WithTimeoutCause(t.Context(), time.Millisecond, errShrinkTime)
	defer cancel()
	if err := sh.refresh(ctx); !errors.Is(err, errShrinkTime) {
		t.Errorf("got %v, want %v", err, errShrinkTime)
	}
}
