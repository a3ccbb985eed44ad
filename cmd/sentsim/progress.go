package main

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/sentsim/sentsim/simulator/clock"
)

const (
	progressAfter = time.Second            // what is over by then needs no progress
	progressTick  = 200 * time.Millisecond // how often the bar is drawn
	progressRest  = 30 * time.Second       // the longest silence between two plain lines
)

// progressOptions say what is counted, and where the count is shown.
type progressOptions struct {
	out   io.Writer // the standard error as a rule; a terminal gets a bar, anything else plain lines
	plain bool      // plain lines on a terminal too
	quiet bool      // nothing at all
	what  string    // what goes on: checking
	unit  string    // what is counted, in the plural: rules
	total int       // how many there will be; 0 where nobody knows
}

// progress shows how far something that takes long has come: a bar with rate,
// remaining time and the count of failures on a terminal, elsewhere a plain line
// now and then, first after a second and then ever more rarely. It can be used
// by many goroutines. A nil one shows nothing.
type progress struct {
	o      progressOptions
	stop   context.CancelFunc
	closed chan struct{}

	mu     sync.Mutex
	bar    *progressbar.ProgressBar // nil: plain lines
	paced  *paced                   // between the bar and the terminal
	since  time.Time
	next   time.Duration // after since: when to show something again
	done   int
	failed int
	words  string // what else is counted, instead of the failures
}

// startProgress shows the progress of whatever the caller begins now, who calls
// close when it is over. It also ends with ctx.
func startProgress(ctx context.Context, o progressOptions) *progress {
	if o.quiet {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	p := &progress{o: o, stop: cancel, closed: make(chan struct{}), since: clock.Wall(), next: progressAfter}
	if f, tty := isTerminal(o.out); tty && !o.plain {
		p.draw(columns(f))
	}
	go p.run(ctx)
	return p
}

// draw makes the bar fit into width columns.
func (p *progress) draw(width int) {
	if width <= 0 {
		width = 80
	}
	const words = 62 // the columns that a bar's words and numbers take
	p.paced = &paced{to: p.o.out}
	limit := p.o.total
	if limit <= 0 {
		limit = -1
	}
	p.bar = progressbar.NewOptions(limit,
		progressbar.OptionSetWriter(p.paced), progressbar.OptionUseANSICodes(true), progressbar.OptionClearOnFinish(),
		progressbar.OptionSetDescription(p.o.what), progressbar.OptionSetWidth(min(max(width-words, 5), 40)),
		progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString(p.o.unit),
		progressbar.OptionSetPredictTime(true), progressbar.OptionSetElapsedTime(true),
		progressbar.OptionSetSpinnerChangeInterval(0), // the goroutine is ours
	)
	p.bar.StartWithoutRender()
}

// add counts done more units, failed of which failed.
func (p *progress) add(done, failed int) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done += done
	p.failed += failed
}

// set says how many are done, and what else there is to count.
func (p *progress) set(done int, words string) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done, p.words = done, words
}

// expect says how many there will be, once that is known.
func (p *progress) expect(total int) {
	if p == nil || total <= 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.o.total = total
	if p.bar != nil {
		p.bar.ChangeMax(total)
	}
}

// above prints something where the bar is, which comes back under it.
func (p *progress) above(write func()) {
	if p == nil {
		write()
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hide()
	write()
}

// close takes the bar away and returns when nothing will be shown any more.
func (p *progress) close() {
	if p == nil {
		return
	}
	p.stop()
	<-p.closed
}

func (p *progress) run(ctx context.Context) {
	defer close(p.closed)
	for (clock.Real{}).Sleep(ctx, progressTick) == nil {
		p.show()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hide()
}

func (p *progress) show() {
	p.mu.Lock()
	defer p.mu.Unlock()
	spent := clock.Wall().Sub(p.since)
	switch {
	case p.bar != nil:
		p.paced.open = spent >= p.next
		switch {
		case p.words != "":
			p.bar.Describe(p.o.what + ": " + p.words)
		case p.failed > 0:
			p.bar.Describe(fmt.Sprintf("%s, %d failed", p.o.what, p.failed))
		}
		_ = p.bar.Set(p.shown()) // also unseen, for the rate
	case spent >= p.next:
		p.next += min(p.next, progressRest)
		_, _ = fmt.Fprintln(p.o.out, p.line(spent)) // that it can't be shown is no reason to stop
	}
}

// shown is what the bar counts: never all of it, for a full bar goes away.
func (p *progress) shown() int {
	if p.o.total > 0 {
		return min(p.done, p.o.total-1)
	}
	return p.done
}

// hide is called with the lock.
func (p *progress) hide() {
	if p.bar != nil && p.paced.open {
		_ = p.bar.Clear()
		p.paced.open = false // until the next tick
	}
}

// line is the progress in words: checking: 30 of 46 rules, 2 failed, 7.5/s, 2s left.
func (p *progress) line(spent time.Duration) string {
	text := fmt.Sprintf("%s: %d %s", p.o.what, p.done, p.o.unit)
	if p.o.total > 0 && p.o.total >= p.done { // a plan may have more steps than was reckoned
		text = fmt.Sprintf("%s: %d of %d %s", p.o.what, p.done, p.o.total, p.o.unit)
	}
	if p.words != "" {
		text += ", " + p.words
	} else {
		text += fmt.Sprintf(", %d failed", p.failed)
	}
	if p.done == 0 {
		return text
	}
	rate := float64(p.done) / spent.Seconds()
	digits := 0
	if rate < 10 {
		digits = 1
	}
	text += fmt.Sprintf(", %.*f/s", digits, rate)
	if left := p.o.total - p.done; left > 0 {
		text += fmt.Sprintf(", %s left", time.Duration(float64(left)/rate*float64(time.Second)).Round(time.Second))
	}
	return text
}

// paced lets nothing through before it is open.
type paced struct {
	to   io.Writer
	open bool
}

func (g *paced) Write(b []byte) (int, error) {
	if !g.open {
		return len(b), nil
	}
	return g.to.Write(b)
}
