package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/history"
)

// maxLines is how many lines wait to be printed. Whoever reads them slowly must
// not slow deliveries down: what is too much is left out, and counted.
const maxLines = 4096

// attemptLines is a line for each attempt to deliver an event, and for what else
// happens meanwhile.
type attemptLines struct {
	lines chan attemptLine

	mu      sync.Mutex
	known   map[uuid.UUID]int // attempts of deliveries that are not over, as far as there are lines for them
	leftOut int
}

type attemptLine struct {
	text   string // "" where it is an attempt
	event  string
	id     uuid.UUID // of the delivery: what sentsim resend takes
	path   string
	result delivery.Outcome
}

func newAttemptLines() *attemptLines {
	return &attemptLines{lines: make(chan attemptLine, maxLines), known: map[uuid.UUID]int{}}
}

// say has a line printed.
func (l *attemptLines) say(format string, args ...any) {
	l.put(attemptLine{text: fmt.Sprintf(format, args...)})
}

func (l *attemptLines) put(line attemptLine) {
	select {
	case l.lines <- line:
	default:
		l.mu.Lock()
		l.leftOut++
		l.mu.Unlock()
	}
}

// watch is told of every change. It notes the attempts that are new in it.
func (l *attemptLines) watch(c history.Change) {
	for i := range c.Deliveries {
		d := &c.Deliveries[i]
		n := len(d.Attempts)
		l.mu.Lock()
		isNew := n > l.known[d.ID]
		if l.known[d.ID] = n; d.Done() || n == 0 {
			delete(l.known, d.ID)
		}
		l.mu.Unlock()
		if !isNew {
			continue
		}
		line := attemptLine{event: string(d.EventType), id: d.ID, result: d.Attempts[n-1].Outcome}
		if c.Webhook != nil {
			if u, err := url.Parse(c.Webhook.EndpointURL); err == nil {
				line.path = u.EscapedPath()
			}
		}
		l.put(line)
	}
}

// printTo prints the lines to w until stop is called, which prints what is left.
func (l *attemptLines) printTo(w io.Writer, color bool) (stop func()) {
	ended, printed := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(printed)
		for {
			select {
			case line := <-l.lines:
				l.print(w, line, color)
			case <-ended:
				for len(l.lines) > 0 {
					l.print(w, <-l.lines, color)
				}
				return
			}
		}
	}()
	return func() {
		close(ended)
		<-printed
	}
}

func (l *attemptLines) print(w io.Writer, line attemptLine, color bool) {
	l.mu.Lock()
	leftOut := l.leftOut
	l.leftOut = 0
	l.mu.Unlock()
	if leftOut > 0 {
		_, _ = fmt.Fprintf(w, "… %d more lines were left out: they came faster than they could be printed\n", leftOut)
	}
	text := line.text
	if text == "" {
		text = line.attempt(color)
	}
	_, _ = io.WriteString(w, text+"\n") // whoever stopped reading does not stop the server
}

// attempt is an attempt in a line: what was sent, and what came back.
func (line attemptLine) attempt(color bool) string {
	o := line.result
	back, paint := string(o.Kind), "31"
	if o.Kind == delivery.Answered {
		back = strconv.Itoa(o.Status)
	}
	if o.Accepted() {
		paint = "32"
	}
	if color {
		back = "\x1b[" + paint + "m" + back + "\x1b[0m"
	}
	return fmt.Sprintf("--> %s %s  <-- %s %s %s %s", line.event, line.id.String()[:8], back, http.MethodPost,
		report.Printable(line.path), fmt.Sprintf("%dms", o.Duration.Milliseconds()))
}
