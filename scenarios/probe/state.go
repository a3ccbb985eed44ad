package probe

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/sentsim/sentsim/simulator/clock"
)

// State is one reading. Status, Effects, Count and OptedOut mean something only
// where their Has field is set: where the endpoint has a JSONPath for it and that
// selected something other than null.
type State struct {
	// Known reports a trace of what was asked for: a status, effects or a count
	// above 0, or an opt-out state. A 404, a null and an empty answer are no trace.
	Known      bool
	Status     string // as the receiver spells it
	HasStatus  bool
	Effects    int
	HasEffects bool
	Count      int
	HasCount   bool
	// OptedOut is false with HasOptedOut where the contact's row holds a null, as
	// a column for the time of the opt-out does.
	OptedOut    bool
	HasOptedOut bool
	Raw         string // the answer, for a report: status line and the body's first bytes
}

// StatusIs reports whether the status is want, as SameWord compares them.
func (s State) StatusIs(want string) bool { return s.HasStatus && SameWord(s.Status, want) }

const (
	maxBody  = 1 << 20 // of an answer
	maxRaw   = 2000    // bytes of it that a State keeps
	maxQuote = 200     // bytes of it that an error quotes
)

// answer is a state endpoint's complete response, or what a command printed.
type answer struct {
	status int // printed for a command
	body   []byte
}

// printed is the status of an answer that a command printed.
const printed = 0

// did is how an error begins that is about the answer.
func (a answer) did() string {
	if a.status == printed {
		return "printed"
	}
	return fmt.Sprintf("answered %d with", a.status)
}

// get asks once. later is for how many whole seconds the answer asks to wait.
func (p *Probe) get(ctx context.Context, u *url.URL) (a answer, later time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return answer{}, 0, err
	}
	req.Header = p.headers.Clone()
	req.Host = p.host
	resp, err := p.client.Do(req)
	if err != nil {
		return answer{}, 0, plain(ctx, err)
	}
	defer func() { _ = resp.Body.Close() }() // it has been read; nothing is lost
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil {
		return answer{}, 0, fmt.Errorf("answered %d, then broke off: %w", resp.StatusCode, plain(ctx, err))
	}
	if len(body) > maxBody {
		return answer{}, 0, fmt.Errorf("answered %d with more than %d bytes", resp.StatusCode, maxBody)
	}
	seconds, err := strconv.Atoi(resp.Header.Get("Retry-After"))
	if err != nil || seconds < 0 {
		seconds = 0 // it says nothing that is understood
	}
	return answer{resp.StatusCode, body}, time.Duration(seconds) * time.Second, nil
}

const (
	// pacedTime is how long a reading is asked for again that the receiver turns away.
	pacedTime = 3 * time.Second
	// maxVain is after how many readings in a row that was for nothing the next are
	// asked for once.
	maxVain = 3
)

// getPaced is get for an endpoint that limits how often it is asked: what it turns
// away (429, 503) is asked for again, as its Retry-After says or after pauses that
// double. From the first such answer on, readings come one after another, so that the
// time of each is its own.
func (p *Probe) getPaced(ctx context.Context, u *url.URL) (answer, error) {
	if !p.limited.Load() {
		a, _, err := p.get(ctx, u)
		if err != nil || !turnedAway(a) {
			return a, err
		}
		p.limited.Store(true)
	}
	p.turn.Lock()
	defer p.turn.Unlock()
	end := clock.Wall().Add(pacedTime)
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		a, later, err := p.get(ctx, u)
		if err != nil || !turnedAway(a) {
			p.vain.Store(0)
			return a, err
		}
		wait := max(pause, later)
		if p.vain.Load() >= maxVain || clock.Wall().Add(wait).After(end) || (clock.Real{}).Sleep(ctx, wait) != nil {
			p.vain.Add(1)
			return a, nil
		}
	}
}

func turnedAway(a answer) bool {
	return a.status == http.StatusTooManyRequests || a.status == http.StatusServiceUnavailable
}

// plain takes the URL, which the caller names, out of a client's error, and
// says in words that a reading took too long.
func plain(ctx context.Context, err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err
	}
	if errors.Is(err, context.DeadlineExceeded) && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("no answer in time (%s at most): %w", Timeout, err)
	}
	return err
}

// state reads an answer: unknown for a 404 or 410, null or nothing, an error for
// everything else that is not a 2xx with JSON.
func (e *endpoint) state(a answer, id string) (State, error) {
	s := State{Raw: a.raw()}
	body := bytes.TrimSpace(a.body)
	switch {
	case a.status == http.StatusNotFound, a.status == http.StatusGone:
		return s, nil
	case a.status == http.StatusUnauthorized || a.status == http.StatusForbidden:
		return State{}, fmt.Errorf("answered %d; does it need probe.headers? %s", a.status, a.quote())
	case a.status != printed && (a.status < 200 || a.status > 299):
		return State{}, fmt.Errorf("answered %d: %s", a.status, a.quote())
	case len(body) == 0:
		return s, nil // what some frameworks make of a null
	}
	var doc any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(&doc); err != nil {
		return State{}, fmt.Errorf("%s what is not JSON: %s", a.did(), a.quote())
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return State{}, fmt.Errorf("%s more than one JSON value: %s", a.did(), a.quote())
	}
	if doc == nil {
		return s, nil
	}
	if err := e.fill(&s, doc, id); err != nil {
		return State{}, fmt.Errorf("%s %s: %w", a.did(), a.quote(), err)
	}
	s.Known = s.HasStatus || s.Effects > 0 || s.Count > 0 || s.HasOptedOut
	return s, nil
}

func (e *endpoint) fill(s *State, doc any, id string) error {
	if e.status != nil {
		nodes, _, err := e.pick(e.status, doc, id)
		if err == nil {
			s.Status, s.HasStatus, err = textOf(nodes)
		}
		if err != nil {
			return fmt.Errorf("status %s %w", e.status.text, err)
		}
	}
	if e.optedOut != nil {
		nodes, err := e.selected(e.optedOut, doc, id)
		if err == nil {
			s.OptedOut, s.HasOptedOut, err = optedOutOf(nodes)
		}
		if err != nil {
			return fmt.Errorf("opted_out %s %w", e.optedOut.text, err)
		}
	}
	for _, n := range []struct {
		key   string
		path  *path
		value *int
		has   *bool
	}{{"effects", e.effects, &s.Effects, &s.HasEffects}, {"count", e.count, &s.Count, &s.HasCount}} {
		if n.path == nil {
			continue
		}
		nodes, singular, err := e.pick(n.path, doc, id)
		if err == nil {
			*n.value, *n.has, err = numberOf(nodes, singular)
		}
		if err != nil {
			return fmt.Errorf("%s %s %w", n.key, n.path.text, err)
		}
	}
	return nil
}

// pick selects p's nodes that are not null, and tells whether p could only ever
// select one.
func (e *endpoint) pick(p *path, doc any, id string) (nodes []any, singular bool, err error) {
	all, err := e.selected(p, doc, id)
	if err != nil {
		return nil, false, err
	}
	for _, n := range all {
		if n != nil {
			nodes = append(nodes, n)
		}
	}
	return nodes, p.parsed.Query().Singular() != nil, nil
}

// selected are p's nodes.
func (e *endpoint) selected(p *path, doc any, id string) ([]any, error) {
	parsed, err := p.forID(e.placeholder, id)
	if err != nil {
		return nil, err
	}
	return parsed.Select(doc), nil
}

// textOf is the one node as a status. An empty text is no status.
func textOf(nodes []any) (text string, ok bool, err error) {
	if len(nodes) == 0 {
		return "", false, nil
	}
	if len(nodes) > 1 {
		return "", false, fmt.Errorf("selects %d values; select one, e.g. the last with [-1]", len(nodes))
	}
	switch v := nodes[0].(type) {
	case string:
		return v, v != "", nil
	case json.Number:
		return v.String(), true, nil
	case bool: // an app that keeps only whether a message is delivered
		return strconv.FormatBool(v), true, nil
	default:
		return "", false, fmt.Errorf("selects %s; select a text", kindOf(v))
	}
}

// numberOf makes a number of what a JSONPath selected. A path that can only
// select one value: a number, a text with a number in it (as databases write
// counts), or an array, which counts its elements. A path that can select many:
// numbers are added up, arrays count their elements together, and of anything
// else it is the nodes that are counted ($.events[*].id).
func numberOf(nodes []any, singular bool) (n int, ok bool, err error) {
	if len(nodes) == 0 {
		return 0, false, nil
	}
	if singular {
		switch v := nodes[0].(type) {
		case []any:
			return len(v), true, nil
		case json.Number:
			n, err = whole(v.String())
			return n, err == nil, err
		case string:
			n, err = whole(strings.TrimSpace(v))
			return n, err == nil, err
		default:
			return 0, false, fmt.Errorf("selects %s; select a number or an array", kindOf(v))
		}
	}
	sum, numbers, elements, arrays := 0, 0, 0, 0
	for _, node := range nodes {
		switch v := node.(type) {
		case []any:
			arrays++
			elements += len(v)
		case json.Number:
			numbers++
			n, wholeErr := whole(v.String())
			if wholeErr != nil {
				err = wholeErr
			}
			sum += n
		}
	}
	switch len(nodes) {
	case numbers:
		return sum, err == nil, err
	case arrays:
		return elements, true, nil
	default:
		return len(nodes), true, nil
	}
}

// whole parses a whole number from 0 to a billion, however it is written (2, 2.0, 2e0).
func whole(text string) (int, error) {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || f != math.Trunc(f) || f < 0 || f > 1e9 {
		return 0, fmt.Errorf("selects %.40q, which is not a count", text)
	}
	return int(f), nil
}

func kindOf(v any) string {
	switch v.(type) {
	case bool:
		return "true or false"
	case []any:
		return "an array"
	case map[string]any:
		return "an object"
	default:
		return fmt.Sprintf("%v", v)
	}
}

func (a answer) raw() string {
	if a.status == printed {
		return strings.TrimSpace(cut(a.body, maxRaw))
	}
	return strings.TrimSpace(fmt.Sprintf("HTTP %d %s", a.status, cut(a.body, maxRaw)))
}

func (a answer) quote() string { return fmt.Sprintf("%q", cut(a.body, maxQuote)) }

func cut(b []byte, limit int) string {
	if len(b) > limit {
		return strings.ToValidUTF8(string(b[:limit]), "") + "…"
	}
	return string(b)
}
