package main

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sentsim/sentsim/simulator/clock"
)

// shared is a buffer that the progress writes to while the test reads it.
type shared struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *shared) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}

func (s *shared) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// In a log, progress is a line now and then: none for what is over in a second,
// and no flood for what takes an hour.
func TestProgressInPlainLines(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out shared
		p := startProgress(t.Context(), progressOptions{out: &out, what: "checking", unit: "rules", total: 40})
		time.Sleep(900 * time.Millisecond)
		p.add(8, 2)
		if got := out.String(); got != "" {
			t.Errorf("within the first second: %q", got)
		}
		time.Sleep(200 * time.Millisecond)
		if got, want := out.String(), "checking: 8 of 40 rules, 2 failed, 8.0/s, 4s left\n"; got != want {
			t.Errorf("after a second: %q, want %q", got, want)
		}
		time.Sleep(time.Hour)
		if n := strings.Count(out.String(), "\n"); n < 110 || n > 130 {
			t.Errorf("%d lines in an hour, want about one in 30 s", n)
		}
		p.close()
		before := out.String()
		time.Sleep(time.Hour)
		if out.String() != before {
			t.Error("it went on after close")
		}
	})
}

func TestProgressWithoutATotal(t *testing.T) {
	t.Parallel()
	p := &progress{o: progressOptions{what: "sending", unit: "deliveries"}}
	if got, want := p.line(2*time.Second), "sending: 0 deliveries, 0 failed"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	p.add(25000, 1)
	if got, want := p.line(2*time.Second), "sending: 25000 deliveries, 1 failed, 12500/s"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// On a terminal it is a bar that makes room for what is printed and leaves nothing
// behind.
func TestProgressBar(t *testing.T) {
	t.Parallel()
	for _, total := range []int{0, 40} {
		var out bytes.Buffer
		p := &progress{
			o:     progressOptions{out: &out, what: "checking", unit: "rules", total: total},
			since: clock.Wall(), next: progressAfter,
		}
		p.draw(80)
		p.add(10, 2)
		p.show()
		if out.Len() > 0 {
			t.Errorf("total %d: drawn before a second was over: %q", total, out.String())
		}
		p.since = p.since.Add(-2 * time.Second)
		p.show()
		want := []string{"checking, 2 failed", "10/40", "25%", "rules/s"}
		if total == 0 {
			want = []string{"checking, 2 failed", "10/-", "rules/s"}
		}
		for _, w := range want {
			if !strings.Contains(out.String(), w) {
				t.Errorf("total %d: the bar %q lacks %q", total, out.String(), w)
			}
		}
		for line := range strings.SplitSeq(strings.ReplaceAll(out.String(), "\x1b[0K", ""), "\r") {
			if n := len([]rune(line)); n > 80 {
				t.Errorf("total %d: %d columns of 80: %q", total, n, line)
			}
		}
		out.Reset()
		p.above(func() { out.WriteString("a line\n") })
		if got := out.String(); got != "\x1b[2K\ra line\n" {
			t.Errorf("total %d: printed above the bar: %q", total, got)
		}
		p.add(30, 0)
		out.Reset()
		p.show()
		p.hide()
		if got := out.String(); !strings.HasSuffix(got, "\x1b[2K\r") || strings.Contains(got, "\n") {
			t.Errorf("total %d: it left %q behind", total, got)
		}
	}
}

// Whoever has nothing to show calls the same methods.
func TestNoProgress(t *testing.T) {
	t.Parallel()
	p := startProgress(t.Context(), progressOptions{quiet: true})
	p.add(1, 1)
	p.expect(3)
	var printed []string
	p.above(func() { printed = append(printed, "a line") })
	p.close()
	if p != nil || !slices.Equal(printed, []string{"a line"}) {
		t.Errorf("a quiet progress is %v and let %q through", p, printed)
	}
}

// That nobody takes the progress is no reason to stop.
func TestProgressNobodyReads(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := startProgress(t.Context(), progressOptions{out: closedPipe{}, what: "checking", unit: "rules"})
		time.Sleep(time.Minute)
		p.close()
	})
}

type closedPipe struct{}

func (closedPipe) Write([]byte) (int, error) { return 0, errors.New("closed pipe") }
