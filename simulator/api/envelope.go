package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/sentsim/sentsim/simulator/clock"
)

// The error codes of Sent's API that are used here, and below them ours, for
// what Sent has no code for because it cannot happen there.
const (
	codeNoKey         = "AUTH_001"
	codeBadKey        = "AUTH_002"
	codeInvalid       = "VALIDATION_001"
	codePhone         = "VALIDATION_002"
	codeUUID          = "VALIDATION_003"
	codeRequired      = "VALIDATION_004"
	codeRange         = "VALIDATION_005"
	codeEnum          = "VALIDATION_006"
	codeIdempotency   = "VALIDATION_007"
	codeNoTemplate    = "RESOURCE_002"
	codeNoMessage     = "RESOURCE_003"
	codeExists        = "RESOURCE_007"
	codeNoWebhook     = "RESOURCE_008"
	codeTooMany       = "BUSINESS_002"
	codeOptedOut      = "BUSINESS_004"
	codeNotApproved   = "BUSINESS_005"
	codeNotNow        = "BUSINESS_010"
	codeInFlight      = "CONFLICT_001"
	codeInternal      = "INTERNAL_001"
	codeNotEmulated   = "NOT_IMPLEMENTED"
	codeMethod        = "METHOD_NOT_ALLOWED"
	codeHostRefused   = "HOST_REFUSED"
	codeLoop          = "LOOP_DETECTED"
	codeOriginRefused = "ORIGIN_REFUSED"
	codeNotFound      = "NOT_FOUND"
	codeTimeout       = "TIMEOUT"
	codeClockMoves    = "CLOCK_MOVES"
)

// docURL is where Sent explains its codes.
const docURL = "https://docs.sent.dm/reference/api/error-catalog"

// problem is why a request is refused. It is an error, so that it can be handed up.
type problem struct {
	status  int
	code    string
	message string
	details map[string][]string // by field; nil where no field is to blame
	cause   error               // for the log only: it may name files
}

func (p *problem) Error() string { return p.code + ": " + p.message }

func refusal(status int, code, format string, args ...any) error {
	return &problem{status: status, code: code, message: fmt.Sprintf(format, args...)}
}

// response is the envelope of every answer.
type response struct {
	Success bool       `json:"success"`
	Data    any        `json:"data"`
	Error   *errorBody `json:"error"`
	Meta    meta       `json:"meta"`
}

type errorBody struct {
	Code    string              `json:"code"`
	Message string              `json:"message"`
	Details map[string][]string `json:"details"`
	DocURL  *string             `json:"doc_url"`
}

type meta struct {
	RequestID string `json:"request_id"`
	Timestamp string `json:"timestamp"`
	Version   string `json:"version"`
}

// apiVersion is the version of Sent's API that is emulated.
const apiVersion = "v3"

// envelope is the envelope of an answer that goes to w: with data, or with p.
func envelope(w http.ResponseWriter, data any, p *problem) response {
	r := response{Success: p == nil, Data: data, Meta: meta{w.Header().Get(requestIDHeader), rfc3339(clock.Wall()), apiVersion}}
	if p == nil {
		return r
	}
	r.Data = nil
	r.Error = &errorBody{Code: p.code, Message: p.message, Details: p.details}
	if strings.Contains(p.code, "_0") { // one of Sent's own
		url := docURL
		r.Error.DocURL = &url
	}
	return r
}

// writeJSON answers in one piece: what cannot be encoded must not become half an answer.
func writeJSON(w http.ResponseWriter, status int, v response) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		status = http.StatusInternalServerError
		b.Reset()
		_ = encoder.Encode(envelope(w, nil, &problem{code: codeInternal, message: "the answer could not be encoded"}))
	}
	header := w.Header()
	header.Set("Content-Type", "application/json; charset=utf-8")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // fails only if the client is gone
}

// rfc3339 is a time as the API writes it.
func rfc3339(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// rfc3339OrNull is null for a time that has not come.
func rfc3339OrNull(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	text := rfc3339(t)
	return &text
}

func textOrNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
