package api

import (
	"bytes"
	"container/list"
	"net/http"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/history"
)

// How long an answer is kept for its Idempotency-Key, and how many bytes of
// answers at most: the oldest make room.
const (
	replayTime  = 24 * time.Hour
	replayBytes = 64 << 20
)

var idempotencyKey = regexp.MustCompile(`^[A-Za-z0-9_-]{1,255}$`)

// replays are the answers that were given for idempotency keys. Only successes
// are kept: a request that was refused has done nothing, so its key is free.
type replays struct {
	mu        sync.Mutex
	byKey     map[string]*replay
	order     *list.List // of done *replay, oldest first
	bytes     int
	forgotten []string // keys that the history still knows
}

type replay struct {
	history.Answer

	done    bool
	sandbox bool // nothing was done; not known any more after a restart
}

// newReplays knows the answers that were given before.
func newReplays(given []history.Answer) *replays {
	s := &replays{byKey: map[string]*replay{}, order: list.New()}
	for _, a := range given {
		s.add(&replay{Answer: a, done: true})
	}
	return s
}

// clear forgets all but those in flight, as the history has.
func (s *replays) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.order.Len() > 0 {
		s.drop(s.order.Front())
	}
	s.forgotten = nil
}

// begin takes a key for a request, or returns what is known of it: an answer,
// or one that is not done.
func (s *replays) begin(key, requestID string, now time.Time) (known replay, taken bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for e := s.order.Front(); e != nil && now.Sub(e.Value.(*replay).At) >= replayTime; e = s.order.Front() {
		s.drop(e)
	}
	if known, ok := s.byKey[key]; ok {
		return *known, true
	}
	// Its next answer takes the place of the one that the history still knows.
	s.forgotten = slices.DeleteFunc(s.forgotten, func(old string) bool { return old == key })
	s.byKey[key] = &replay{Answer: history.Answer{Key: key, RequestID: requestID}}
	return replay{}, false
}

// end keeps a success for the key. When it returns, the history is safe: who has
// had an answer gets it again though the server was killed meanwhile.
func (s *replays) end(key string, sim *simulator.Simulator, answer *recorded) error {
	if err := s.keep(key, sim, answer); err != nil {
		return err
	}
	if err := sim.Flush(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.byKey[key]; r != nil {
		s.add(&replay{Answer: r.Answer, done: true, sandbox: answer.Header().Get(sandboxHeader) != ""})
	}
	return nil
}

// keep tells the history. In the order in which keys are taken and forgotten: so
// it does not forget one that was taken again.
func (s *replays) keep(key string, sim *simulator.Simulator, answer *recorded) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	forget := s.forgotten
	s.forgotten = nil
	if answer.kept != nil {
		s.byKey[key].Answer = *answer.kept
		return sim.KeepAnswer(nil, forget)
	}
	a := answer.asGiven(sim.Now())
	s.byKey[key].Answer = *a
	return sim.KeepAnswer(a, forget)
}

func (s *replays) free(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byKey, key)
}

func (s *replays) add(r *replay) {
	s.byKey[r.Key] = r
	s.order.PushBack(r)
	for s.bytes += len(r.Body); s.bytes > replayBytes; {
		s.drop(s.order.Front())
	}
}

func (s *replays) drop(e *list.Element) {
	r := s.order.Remove(e).(*replay)
	s.bytes -= len(r.Body)
	delete(s.byKey, r.Key)
	s.forgotten = append(s.forgotten, r.Key)
}

// recorded holds an answer back until it is kept.
type recorded struct {
	http.ResponseWriter

	key    string
	status int
	body   bytes.Buffer
	kept   *history.Answer // the history has it already
}

// asGiven is what the history is to remember of it.
func (r *recorded) asGiven(now time.Time) *history.Answer {
	return &history.Answer{
		Key: r.key, RequestID: r.Header().Get(requestIDHeader), At: now,
		Status: r.status, ContentType: r.Header().Get("Content-Type"), Body: bytes.Clone(r.body.Bytes()),
	}
}

// keepWith gives an answer before what it tells of is safe, for the history to
// remember both or neither.
func (c *call) keepWith(data any) *history.Answer {
	r, ok := c.w.(*recorded)
	if !ok || r.key == "" {
		return nil // there is no key
	}
	writeJSON(r, c.status, envelope(r, data, nil))
	r.kept = r.asGiven(c.sim.Now())
	return r.kept
}

func (r *recorded) WriteHeader(status int) { r.status = status }

func (r *recorded) Write(p []byte) (int, error) { return r.body.Write(p) }

// Unwrap is for http.ResponseController.
func (r *recorded) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// give passes it on.
func (r *recorded) give() {
	if r.status != 0 {
		r.ResponseWriter.WriteHeader(r.status)
		_, _ = r.ResponseWriter.Write(r.body.Bytes()) // fails only if the client is gone
	}
}

// idempotent answers a request that may change something once for each
// Idempotency-Key.
func (s *Server) idempotent(w http.ResponseWriter, r *http.Request, next func(http.ResponseWriter) error) error {
	values, given := r.Header["Idempotency-Key"]
	if !given || r.Method == http.MethodGet {
		return next(w)
	}
	key := values[0]
	if !idempotencyKey.MatchString(key) {
		var p problems
		p.add(codeIdempotency, "Idempotency-Key", "must be 1 to 255 letters, digits, hyphens or underscores")
		return p.refusal()
	}
	sim := s.Simulator()
	known, taken := s.replays.begin(key, w.Header().Get(requestIDHeader), sim.Now())
	switch {
	case !taken:
		answer, kept := &recorded{ResponseWriter: w, key: key}, false
		defer func() { // also when the handler panics
			if !kept {
				s.replays.free(key)
			}
		}()
		if err := next(answer); err != nil {
			return err
		}
		if err := s.replays.end(key, sim, answer); err != nil {
			return err
		}
		kept = true
		answer.give()
		return nil
	case !known.done:
		return refusal(http.StatusConflict, codeInFlight, "a request with this Idempotency-Key is still being answered")
	}
	if known.ContentType != "" {
		w.Header().Set("Content-Type", known.ContentType)
	}
	if known.sandbox {
		w.Header().Set(sandboxHeader, "true")
	}
	w.Header().Set(replayedHeader, "true")
	w.Header().Set("X-Original-Request-Id", known.RequestID)
	w.WriteHeader(known.Status)
	_, _ = w.Write(known.Body)
	return nil
}

const replayedHeader = "Idempotent-Replayed"
