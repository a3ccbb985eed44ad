package driver

import (
	"testing"
	"time"

	"github.com/sentsim/sentsim/simulator/clock"
)

// What a beat took too long is this machine's, from the moment on that is asked for: all of
// it where it had no time for us, and the slowest beat where it was slow.
func TestThePulseKnowsWhatThisMachineTook(t *testing.T) {
	t.Parallel()
	now := clock.Wall() // no beat is under way for the next hour
	ago := func(ms int) time.Time { return now.Add(-time.Duration(ms) * time.Millisecond) }
	p := &Pulse{since: now.Add(time.Hour), late: []lasting{{ago(2000), ago(1500)}, {ago(900), ago(600)}}}
	p.recent = append(p.late[:2:2], lasting{ago(600), ago(500)}, lasting{ago(500), ago(449)})
	for name, tt := range map[string]struct{ from, starved, slowest int }{
		"since the first":                 {3000, 800, 450},
		"since the middle of the second":  {700, 100, 250},
		"since one that was only slow":    {550, 0, 50},
		"since one that was nearly right": {490, 0, 1},
		"since now":                       {0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got := p.Starved(ago(tt.from)); got != time.Duration(tt.starved)*time.Millisecond {
				t.Errorf("starved for %s, want %d ms", got, tt.starved)
			}
			if got := p.Slowest(ago(tt.from)); got != time.Duration(tt.slowest)*time.Millisecond {
				t.Errorf("slowest %s, want %d ms", got, tt.slowest)
			}
		})
	}
}
