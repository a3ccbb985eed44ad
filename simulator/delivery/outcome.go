package delivery

import (
	"context"
	"net/http"
	"time"
)

// Kind says how an attempt ended.
type Kind string

// The ways an attempt can end.
const (
	Answered  Kind = "answered"  // a complete response: look at Status
	Timeout   Kind = "timeout"   // no complete response within the webhook's timeout
	Refused   Kind = "refused"   // nobody listens: connection refused
	Unreached Kind = "unreached" // no route, or the name does not resolve
	Reset     Kind = "reset"     // the connection broke before the response was complete
	TLS       Kind = "tls"       // handshake or certificate failed
	Malformed Kind = "malformed" // what came back is not HTTP
	Cancelled Kind = "cancelled" // we stopped (context ended) or could not even try: says nothing of the receiver
)

// Outcome is what came back for one attempt.
type Outcome struct {
	Kind      Kind
	Status    int         // of the response, once its head was read; else 0
	Header    http.Header // of the response; other Outcomes may share it and Body: never change them
	Body      []byte      // of the response, capped at MaxResponseBody
	Truncated bool        // Body was longer
	Err       string      // one line, "" when answered
	Start     time.Time   // wall clock
	Duration  time.Duration
}

// MaxResponseBody is how many bytes of a response are kept.
const MaxResponseBody = 64 << 10

// Accepted reports whether the receiver took the delivery: a 2xx within the
// timeout. Nothing else counts (a redirect is not followed).
func (o Outcome) Accepted() bool { return o.Kind == Answered && o.Status >= 200 && o.Status <= 299 }

// Rejected reports whether the receiver refused it: a 4xx. A 3xx, a 5xx or a
// dropped connection is not a rejection.
func (o Outcome) Rejected() bool { return o.Kind == Answered && o.Status >= 400 && o.Status <= 499 }

// Timed reports whether Duration says how long the receiver took to answer. An
// answer that was given in its place, by an injected fault, has none.
func (o Outcome) Timed() bool { return o.Kind == Answered && o.Duration > 0 }

// Sender makes one attempt. Send never returns before the attempt is over, and
// gives up after timeout of wall time or when ctx ends.
type Sender interface {
	Send(ctx context.Context, r Request, timeout time.Duration) Outcome
}
