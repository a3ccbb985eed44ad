package delivery

import (
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/signing"
)

// Header is one request header, its name spelled as it goes over the wire.
type Header struct{ Name, Value string }

// Request is one attempt's HTTP request: always a POST. It is a value: the With
// and Without methods leave the original alone, so a forgery never touches the
// genuine one.
type Request struct {
	URL     string
	Headers []Header // in wire order, without Host and Content-Length
	Body    []byte
	HangUp  bool // close the connection as soon as the request is written: the answer is lost

	Dawdle time.Duration // write the request in four pieces with this pause in between
	Cut    bool          // reset the connection in the middle of the body
}

// EventHeaders are the headers of a delivery that name its event and are not
// signed. What is zero is not sent.
type EventHeaders struct {
	Type event.Type // X-Webhook-Event-Type
	ID   uuid.UUID  // X-Webhook-Event-ID: equal on every delivery of an event
}

// NewRequest signs body for one attempt at url: section "delivery request" of
// Sent's webhook documentation. timestamp is in Unix seconds.
func NewRequest(url, webhookID string, secret signing.Secret, about EventHeaders, body []byte, timestamp int64) Request {
	r := Request{URL: url, Body: body, Headers: make([]Header, 0, 7)}
	r.Headers = append(r.Headers,
		Header{"Content-Type", "application/json"},
		Header{"User-Agent", UserAgent},
		Header{signing.HeaderID, webhookID},
		Header{signing.HeaderTimestamp, strconv.FormatInt(timestamp, 10)},
		Header{signing.HeaderSignature, secret.Sign(webhookID, timestamp, body)},
	)
	return r.about(about)
}

// Signed is r signed anew at a timestamp: what a retry sends.
func (r Request) Signed(secret signing.Secret, timestamp int64) Request {
	return r.With(signing.HeaderTimestamp, strconv.FormatInt(timestamp, 10)).
		With(signing.HeaderSignature, secret.Sign(r.Get(signing.HeaderID), timestamp, r.Body))
}

// about adds the headers that name the event.
func (r Request) about(e EventHeaders) Request {
	if e.Type != "" {
		r.Headers = append(r.Headers, Header{signing.HeaderEventType, string(e.Type)})
	}
	if e.ID != uuid.Nil {
		r.Headers = append(r.Headers, Header{signing.HeaderEventID, e.ID.String()})
	}
	return r
}

// UserAgent is what deliveries call themselves.
const UserAgent = "sentsim-webhooks/1"

// Get is the value of the first header of that name in any case, or "".
func (r Request) Get(name string) string {
	for _, h := range r.Headers {
		if strings.EqualFold(h.Name, name) {
			return h.Value
		}
	}
	return ""
}

// With is r with that header set, in its place if it was there, else at the end.
func (r Request) With(name, value string) Request {
	headers := make([]Header, 0, len(r.Headers)+1)
	found := false
	for _, h := range r.Headers {
		if strings.EqualFold(h.Name, name) {
			if found {
				continue
			}
			h, found = Header{name, value}, true
		}
		headers = append(headers, h)
	}
	if !found {
		headers = append(headers, Header{name, value})
	}
	r.Headers = headers
	return r
}

// Without is r without that header.
func (r Request) Without(name string) Request {
	headers := make([]Header, 0, len(r.Headers))
	for _, h := range r.Headers {
		if !strings.EqualFold(h.Name, name) {
			headers = append(headers, h)
		}
	}
	r.Headers = headers
	return r
}

// WithBody is r with another body; its signature stays as it is.
func (r Request) WithBody(body []byte) Request {
	r.Body = body
	return r
}
