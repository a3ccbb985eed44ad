package api

import (
	"bytes"
	"container/list"
	"net/http"
	"regexp"
	"sync"
	"time"
)

// How long an answer is kept for its Idempotency-Key, and how many bytes of
// answers at most: the oldest make room.
const (
	replayTime  = 24 * time.Hour
	replayBytes = 64 << 20
)

var idempotencyKey = regexp.MustCompile(`^[A-Za-z0-9_-]{1,255}$`)

// replays are the answers that were given for idempotency keys. Only successes
// are kept: a request that was refused, or was sandboxed, has done nothing, so its
// key is free.
type replays struct {
	mu    sync.Mutex
	byKey map[string]*replay
	order *list.List // of done *replay, oldest first
	bytes int
}

type replay struct {
	key         string
	done        bool
	requestID   string
	at          time.Time // simulation time
	status      int
	contentType string
	body        []byte
}

// clear forgets all but those in flight.
func (s *replays) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.order.Len() > 0 {
		s.drop(s.order.Front())
	}
}

func newReplays() *replays { return &replays{byKey: map[string]*replay{}, order: list.New()} }

// begin takes a key for a request, or returns what is known of it: an answer,
// or one that is not done.
func (s *replays) begin(key, requestID string, now time.Time) (known replay, taken bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for e := s.order.Front(); e != nil && now.Sub(e.Value.(*replay).at) >= replayTime; e = s.order.Front() {
		s.drop(e)
	}
	if known, ok := s.byKey[key]; ok {
		return *known, true
	}
	s.byKey[key] = &replay{key: key, requestID: requestID}
	return replay{}, false
}

// end keeps a success for the key, or frees it.
func (s *replays) end(key string, now time.Time, answer *recorded) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.byKey[key]
	if r == nil {
		return
	}
	if answer.status < 200 || answer.status > 299 || answer.Header().Get(sandboxHeader) != "" {
		delete(s.byKey, key)
		return
	}
	r.done, r.at, r.status = true, now, answer.status
	r.body = bytes.Clone(answer.body.Bytes())
	r.contentType = answer.Header().Get("Content-Type")
	s.order.PushBack(r)
	for s.bytes += len(r.body); s.bytes > replayBytes; {
		s.drop(s.order.Front())
	}
}

func (s *replays) drop(e *list.Element) {
	r := s.order.Remove(e).(*replay)
	s.bytes -= len(r.body)
	delete(s.byKey, r.key)
}

// recorded passes an answer on and keeps a copy of it.
type recorded struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (r *recorded) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorded) Write(p []byte) (int, error) {
	r.body.Write(p)
	return r.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (r *recorded) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// idempotent answers a request once for each Idempotency-Key.
func (s *Server) idempotent(w http.ResponseWriter, r *http.Request, requestID string, next func(http.ResponseWriter)) *problem {
	values, given := r.Header["Idempotency-Key"]
	if !given || r.Method != http.MethodPost && r.Method != http.MethodPut && r.Method != http.MethodPatch {
		next(w)
		return nil
	}
	key := values[0]
	if !idempotencyKey.MatchString(key) {
		p := &problems{}
		p.add(codeIdempotency, "Idempotency-Key", "must be 1 to 255 letters, digits, hyphens or underscores")
		return p.refusal()
	}
	known, taken := s.replays.begin(key, requestID, s.Simulator().Now())
	switch {
	case !taken:
		answer := &recorded{ResponseWriter: w}
		// Also when the handler panics: else the key would be in flight for ever.
		defer func() { s.replays.end(key, s.Simulator().Now(), answer) }()
		next(answer)
		return nil
	case !known.done:
		return refusal(http.StatusConflict, codeInFlight, "a request with this Idempotency-Key is still being answered")
	}
	if known.contentType != "" {
		w.Header().Set("Content-Type", known.contentType)
	}
	w.Header().Set("Idempotent-Replayed", "true")
	w.Header().Set("X-Original-Request-Id", known.requestID)
	w.WriteHeader(known.status)
	_, _ = w.Write(known.body)
	return nil
}
