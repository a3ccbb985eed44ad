package capture_test

import (
	"testing"
	"time"

	"github.com/sentsim/sentsim/scenarios/capture"
)

func TestAsOfWhenACaptureIsJudged(t *testing.T) {
	t.Parallel()
	now := time.Unix(1761905442, 0)
	for _, tt := range []struct {
		name, timestamp string
		want            time.Time
		own             bool
	}{
		{"its own time", "1751905442", time.Unix(1751905442, 0), true},
		{"just tolerated", "1761905742", time.Unix(1761905742, 0), true},
		{"in the future", "1761905743", now, false},
		{"milliseconds", "1761905442000", now, false},
		{"minutes", "29365090", now, false},
		{"text", "2025-10-31T10:10:42Z", now, false},
		{"overflow", "99999999999999999999", now, false},
		{"none", "", now, false},
	} {
		r := capture.Request{Headers: []capture.Header{{Name: "x-webhook-timestamp", Value: tt.timestamp}}}
		if at, own := r.When(now); !at.Equal(tt.want) || own != tt.own {
			t.Errorf("%s: %v, %v; want %v, %v", tt.name, at, own, tt.want, tt.own)
		}
	}
}
