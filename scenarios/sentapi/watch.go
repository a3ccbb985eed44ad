package sentapi

import "github.com/sentsim/sentsim/simulator/history"

// watchBuffer is how many messages a watcher may be behind: further ones are
// only in Sent and All.
const watchBuffer = 256

type watcher struct {
	wanted   func(to string) bool
	messages chan history.Message
}

// Watch puts every message that is sent from now on to a number that is wanted
// into the channel, before its sender gets the answer with its id. stop ends
// that; the channel is not closed. wanted must return at once.
func (s *Server) Watch(wanted func(to string) bool) (messages <-chan history.Message, stop func()) {
	w := &watcher{wanted, make(chan history.Message, watchBuffer)}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watchers[w] = true
	return w.messages, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.watchers, w)
	}
}

// changed tells the watchers.
func (s *Server) changed(c history.Change) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range c.Messages {
		m.Text, m.Activities = nil, nil // are not ours to keep
		for w := range s.watchers {
			if !w.wanted(m.To) {
				continue
			}
			select {
			case w.messages <- m:
			default:
			}
		}
	}
}
