package chaosrun

import (
	"encoding/json"
	"errors"
	"time"
)

// Latencies is how long answers took, counted by powers of a quarter: the same
// size for a run of any length.
type Latencies struct {
	counts []int // up to the last that is not empty, buckets at most
	n      int
	max    time.Duration
}

// buckets is how many there are.
const buckets = 96

// bucketBase is what the first bucket ends with.
const bucketBase = 50 * time.Microsecond

func (l *Latencies) add(d time.Duration) {
	i, end := 0, bucketBase
	for end < d && i < buckets-1 {
		end += end / 4
		i++
	}
	l.reach(i + 1)
	l.counts[i]++
	l.n++
	l.max = max(l.max, d)
}

// reach makes room for n buckets.
func (l *Latencies) reach(n int) {
	if more := n - len(l.counts); more > 0 {
		l.counts = append(l.counts, make([]int, more)...)
	}
}

// Count is how many answers were timed.
func (l *Latencies) Count() int { return l.n }

// Max is the longest.
func (l *Latencies) Max() time.Duration { return l.max }

// Quantile is the time within which the share q of the answers came, to a
// quarter. It is 0 without answers.
func (l *Latencies) Quantile(q float64) time.Duration {
	if l.n == 0 {
		return 0
	}
	want, seen, end := int(q*float64(l.n)), 0, bucketBase
	for i := range l.counts {
		if seen += l.counts[i]; seen > want {
			return min(end, l.max)
		}
		end += end / 4
	}
	return l.max
}

// Add adds the answers of another run.
func (l *Latencies) Add(o Latencies) {
	l.reach(len(o.counts))
	for i, n := range o.counts {
		l.counts[i] += n
	}
	l.n += o.n
	l.max = max(l.max, o.max)
}

// latencies is Latencies as it stands in a report.
type latencies struct {
	Counts []int         `json:"counts"` // by bucket, up to the last that is not empty
	Max    time.Duration `json:"max"`
}

// MarshalJSON writes the counts.
func (l Latencies) MarshalJSON() ([]byte, error) {
	return json.Marshal(latencies{Counts: append([]int{}, l.counts...), Max: l.max})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (l *Latencies) UnmarshalJSON(data []byte) error {
	var in latencies
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	if len(in.Counts) > buckets {
		return errors.New("latencies: more buckets than there are")
	}
	*l = Latencies{counts: in.Counts, max: in.Max}
	for _, n := range in.Counts {
		l.n += n
	}
	return nil
}
