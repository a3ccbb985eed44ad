package dashboard

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/history"
)

// topic is a sort of thing that can change.
type topic uint

const (
	aboutWebhooks topic = 1 << iota
	aboutDeliveries
	aboutMessages
	aboutTemplates
	aboutTime
)

func (t topic) String() string {
	var names []string
	for i, name := range []string{"webhooks", "deliveries", "messages", "templates", "time"} {
		if t&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, " ")
}

const (
	liveRest = 250 * time.Millisecond // between two messages to one page
	liveTick = 5 * time.Second        // how often time alone is worth a message
	maxLive  = 64                     // pages that are kept up to date at the same time
)

// Feed tells open pages that something has changed. It is to be given to the
// simulator as its watcher. The zero value is ready.
type Feed struct {
	mu     sync.Mutex
	pages  map[*listener]bool
	closed bool
}

// listener is one open page.
type listener struct {
	what topic // since the last message; guarded by the feed
	wake chan struct{}
}

// Watch takes note of a change.
func (f *Feed) Watch(c history.Change) {
	var what topic
	if c.Webhook != nil || c.Removed != uuid.Nil {
		what |= aboutWebhooks
	}
	if len(c.Deliveries) > 0 {
		what |= aboutDeliveries
	}
	if len(c.Messages) > 0 {
		what |= aboutMessages
	}
	if c.Template != nil || c.Edited != nil || c.RemovedTemplate != uuid.Nil {
		what |= aboutTemplates
	}
	if c.Happened != nil {
		what |= aboutMessages | aboutTemplates
	}
	f.tell(what)
}

// Reset takes note that everything is another: the simulator was replaced.
func (f *Feed) Reset() {
	f.tell(aboutWebhooks | aboutDeliveries | aboutMessages | aboutTemplates | aboutTime)
}

func (f *Feed) tell(what topic) {
	if what == 0 {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for l := range f.pages {
		l.what |= what
		select {
		case l.wake <- struct{}{}:
		default: // it is awake
		}
	}
}

// Close ends what pages listen to, so that a server can stop.
func (f *Feed) Close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return
	}
	f.closed = true
	for l := range f.pages {
		close(l.wake)
	}
	f.pages = nil
}

// join is nil when there are too many already, or none any more.
func (f *Feed) join() *listener {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed || len(f.pages) >= maxLive {
		return nil
	}
	if f.pages == nil {
		f.pages = map[*listener]bool{}
	}
	l := &listener{wake: make(chan struct{}, 1)}
	f.pages[l] = true
	return l
}

func (f *Feed) leave(l *listener) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.pages, l)
}

func (f *Feed) take(l *listener) topic {
	f.mu.Lock()
	defer f.mu.Unlock()
	what := l.what
	l.what = 0
	return what
}

// live sends a page a line whenever something has changed, until it is closed.
func (d *Dashboard) live(w http.ResponseWriter, r *http.Request) {
	l := d.feed.join()
	if l == nil {
		w.WriteHeader(http.StatusNoContent) // a browser then does not ask again
		return
	}
	defer d.feed.leave(l)
	rc := http.NewResponseController(w)
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	send := func(text string) bool {
		_ = rc.SetWriteDeadline(clock.Wall().Add(time.Minute)) // of this message: the page may stay open for days
		_, err := fmt.Fprint(w, text)
		return err == nil && rc.Flush() == nil
	}
	if !send("retry: 1000\n\n") {
		return
	}
	for {
		ctx, cancel := context.WithTimeout(r.Context(), liveTick)
		woken := true
		select {
		case _, open := <-l.wake:
			if !open {
				cancel()
				return
			}
		case <-ctx.Done():
			woken = false
		}
		cancel()
		if r.Context().Err() != nil {
			return
		}
		what := d.feed.take(l)
		if !woken && !d.cfg.StandsStill {
			what |= aboutTime
		}
		text := ": still here\n\n"
		if what != 0 {
			text = "data: " + what.String() + "\n\n"
		}
		if !send(text) || (clock.Real{}).Sleep(r.Context(), liveRest) != nil {
			return
		}
	}
}
