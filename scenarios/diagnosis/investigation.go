package diagnosis

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/scenarios/exchange"
	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/signing"
)

// plainEvent is the event that experiments send, unless they are about others.
const plainEvent = event.Type("message.queued")

// investigation gathers what a receiver answers to requests that differ in one thing.
type investigation struct {
	r      Receiver
	ctx    context.Context //nolint:containedctx // lives for one diagnosis
	until  time.Time       // no experiment begins after it
	budget time.Duration   // how long that is in all
	plain  delivery.Outcome
	tried  []string
	n      uint64
	ended  string // why there are no more experiments; "" while there are

	timeUp         bool     // that is why
	width          int      // how many requests are sent side by side; 1: it answers one after another
	asked, untried []string // questions that the experiments had the time for, and those that they had not

	facts   facts
	anyText bool                        // a timestamp that is no number is taken
	endless bool                        // whatever is signed far enough on one side of now is taken
	weakToo bool                        // doors that are recognised by common words count too
	known   map[string]delivery.Outcome // by request: what ahead has asked for
	timed   map[int64]delivery.Request  // by how far from now it is signed: what ahead has asked for
	locked  int                         // answers in a row that turn away what was only refused before
}

// facts are the answers that split the causes. Each is compared as a whole.
type facts struct {
	second    delivery.Request // genuine
	again     answer           // to the second
	worthless answer           // with a signature of which a few characters are wrong
	unsigned  answer           // without the three signature headers
	nowhere   answer           // a genuine delivery to a path that cannot exist
	flickers  bool             // two genuine deliveries get different answers
}

// answer is what one request was answered with.
type answer struct {
	delivery.Outcome

	print string // of the answer without what differs from request to request; "" where there is none
}

// nowherePath is one that no receiver has.
const nowherePath = "/sentsim-asks-for-a-path-that-does-not-exist"

// gather asks for the facts.
func (i *investigation) gather() {
	f := &i.facts
	f.second = i.genuine()
	wrong, bare, nowhere := spoilt(i.genuine()), unsigned(i.genuine()), i.genuine()
	nowhere.URL = withPath(nowhere.URL, nowherePath)
	i.measure([]delivery.Request{f.second, wrong, bare, nowhere})
	f.again = i.tell("a second genuine delivery", f.second)
	f.worthless = i.tell("the same with a spoilt signature", wrong)
	f.unsigned = i.tell("the same without signature headers", bare)
	more := min(slowdown*perAnswer*i.pace(), slowdown*mostPatience)
	i.budget, i.until = i.budget+more, i.until.Add(more)
	f.nowhere = i.tell("a genuine delivery to a path that does not exist", nowhere)
	f.flickers = f.again.print != printOf(i.plain, i.r.URL)
	if !f.again.Accepted() && f.flickers { // two answers are no rule: a third decides
		third := i.send(i.genuine())
		f.flickers = third.print != f.again.print
	}
}

// genuine is a new delivery, signed right and now.
func (i *investigation) genuine() delivery.Request {
	return i.event(plainEvent, i.r.Knobs)
}

func (i *investigation) event(kind event.Type, k simulator.Knobs) delivery.Request {
	return i.signed(kind, k, i.body(kind, k), clock.Wall().Unix())
}

// plainBody is that of a new plain event.
func (i *investigation) plainBody() []byte { return i.body(plainEvent, i.r.Knobs) }

// body is that of a new event.
func (i *investigation) body(kind event.Type, k simulator.Knobs) []byte {
	i.n++
	e, err := event.Sample(kind, i.r.Seed.Stream("diagnosis", i.n), clock.Wall().Add(-5*time.Second))
	if err != nil {
		return []byte("{}")
	}
	return e.Encode(k.Format())
}

// plainSigned is a delivery of a body as that of a plain event.
func (i *investigation) plainSigned(body []byte, timestamp int64) delivery.Request {
	return i.signed(plainEvent, i.r.Knobs, body, timestamp)
}

func (i *investigation) signed(kind event.Type, k simulator.Knobs, body []byte, timestamp int64) delivery.Request {
	d := i.r.Driver
	d.Knobs = k
	id := uuid.Must(uuid.NewRandomFromReader(i.r.Seed.Stream("diagnosis event", i.n))) // a stream never fails
	return d.SignAt(event.Event{Type: kind, ID: id}, body, timestamp)
}

// send makes a request and is silent about it.
func (i *investigation) send(r delivery.Request) answer {
	if i.over() {
		return answer{Outcome: delivery.Outcome{Kind: delivery.Cancelled}}
	}
	timeout := i.r.Timeout
	if left := i.left(); timeout <= 0 || left < timeout {
		timeout = max(left, time.Second)
	}
	o, asked := i.known[keyOf(r)]
	if asked {
		delete(i.known, keyOf(r)) // a second look is a look
	} else {
		o = i.attempt(r, timeout)
	}
	if gone := o.Kind == delivery.Refused || o.Kind == delivery.Unreached; gone && i.plain.Kind == delivery.Answered && i.ended == "" {
		i.end("the receiver takes no more connections: one of these experiments has ended it, and nothing more was tried")
	}
	i.bePolite(o)
	return answer{o, printOf(o, r.URL)}
}

// attempt sends a request once.
func (i *investigation) attempt(r delivery.Request, timeout time.Duration) delivery.Outcome {
	return i.r.Send(i.ctx, driver.Planned{Request: r, Timeout: timeout}).Outcome
}

func keyOf(r delivery.Request) string { return fmt.Sprint(r.URL, r.Headers, string(r.Body)) }

// tell is send, and notes what came back.
func (i *investigation) tell(what string, r delivery.Request) answer {
	a := i.send(r)
	if a.Kind != delivery.Cancelled {
		i.note(what, a.Outcome)
	}
	return a
}

// bePolite ends the experiments where the receiver begins to turn requests away
// that it only refused before.
func (i *investigation) bePolite(o delivery.Outcome) {
	if o.Status == http.StatusTooManyRequests && i.plain.Status != http.StatusTooManyRequests {
		i.end("after 429 Too Many Requests nothing more was tried")
		return
	}
	// A lockout: what was refused in one way until now is turned away in another.
	usual := i.facts.worthless.Status
	if usual == 0 || o.Status == usual || o.Status != http.StatusForbidden && o.Status != http.StatusServiceUnavailable {
		i.locked = 0
		return
	}
	const enough = 8
	if i.locked++; i.locked >= enough {
		i.end(fmt.Sprintf("after %d answers of %d in a row it seemed that it locks us out, and nothing more was tried", enough, o.Status))
	}
}

func (i *investigation) note(what string, o delivery.Outcome) {
	text := what + ": " + exchange.Seen(o)
	if said := quote(o); said != "" {
		text += ", " + said
	}
	i.tried = append(i.tried, i.r.Redact(text))
}

// effect is what a changed request shows.
type effect int

const (
	nothing  effect = iota // the usual refusal, or one that does not depend on the signature
	changed                // another refusal, which a spoilt signature does not get: the signature was right
	accepted               // a 2xx, which a spoilt signature does not get
	open                   // a 2xx, which a spoilt signature gets as well
)

// try sends r, and where it gets another answer than the usual refusal the same
// with a spoilt signature, so that what is right is told from what is only
// different.
func (i *investigation) try(r delivery.Request) (effect, answer) {
	a := i.send(r)
	if a.Kind != delivery.Answered || a.print == i.facts.worthless.print && !a.Accepted() {
		return nothing, a
	}
	control := i.send(spoilt(r))
	switch {
	case control.Kind != delivery.Answered:
		return nothing, a
	case a.Accepted() && control.Accepted():
		return open, a
	case a.Accepted():
		return accepted, a
	case control.print != a.print && !i.facts.flickers:
		if again := i.send(r); again.print == a.print { // answers may differ by chance
			return changed, a
		}
	}
	return nothing, a
}

// unsigned is r without the headers of its signature.
func unsigned(r delivery.Request) delivery.Request {
	return r.Without(signing.HeaderID).Without(signing.HeaderTimestamp).Without(signing.HeaderSignature)
}

// spoilt is r with a few characters of its signatures changed: what is left has
// the form of a signature, and is none.
func spoilt(r delivery.Request) delivery.Request {
	headers := make([]delivery.Header, len(r.Headers))
	for n, h := range r.Headers {
		if isSignature(h) {
			h.Value = spoil(h.Value)
		}
		headers[n] = h
	}
	r.Headers = headers
	return r
}

// isSignature tells the headers that hold a digest by their length and letters.
func isSignature(h delivery.Header) bool {
	const digest = 27 // characters, of the shortest: base64 of SHA-1
	name := strings.ToLower(h.Name)
	return len(h.Value) >= digest && (strings.Contains(name, "sig") || strings.Contains(name, "hmac") || name == "authorization")
}

// spoil changes characters in the last third of a signature into others of their kind;
// of several with blanks between, in each of them.
func spoil(value string) string {
	parts := strings.Split(value, " ")
	for n, part := range parts {
		parts[n] = spoilOne(part)
	}
	return strings.Join(parts, " ")
}

func spoilOne(value string) string {
	b := []byte(value)
	from := len(b) - min(len(b)/3, 20)
	for n := from; n < min(from+6, len(b)); n++ {
		switch c := b[n]; {
		case c == 'f' || c == 'F' || c == 'z' || c == 'Z' || c == '9':
			b[n]--
		case c >= 'a' && c < 'z', c >= 'A' && c < 'Z', c >= '0' && c < '9':
			b[n]++
		}
	}
	return string(b)
}
