package learn

import (
	"context"
	"time"

	"github.com/sentsim/sentsim/simulator/clock"
)

// latest is for how long after the settle time something may still come to show.
const latest = 12 * time.Second

// Late watches what did not show within the settle time and reports how long after
// its acknowledgement some of it came; 0 if nothing did.
func (l *Learner) Late(ctx context.Context) time.Duration {
	of := map[bool]*track{} // a text or template, and a message: enough to tell
	for _, t := range l.silent {
		of[t.status != ""] = t
	}
	for end := clock.Wall().Add(latest); len(of) > 0 && clock.Wall().Before(end); {
		for _, t := range of {
			if st, err := t.read(ctx); err == nil && st.Known {
				return clock.Wall().Sub(t.acked)
			}
		}
		if (clock.Real{}).Sleep(ctx, 300*time.Millisecond) != nil {
			break
		}
	}
	return 0
}
