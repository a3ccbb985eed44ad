package sentapi

import (
	"bytes"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/clock"
)

// body is POST /v3/messages as Sent documents it. Fields that it does not know
// are left alone: newer clients may send more.
type body struct {
	To       []string        `json:"to"`
	Channel  []string        `json:"channel"`
	Template json.RawMessage `json:"template"`
	Text     string          `json:"text"`
	Sandbox  bool            `json:"sandbox"`

	template templateRef
}

type templateRef struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type accepted struct {
	Status       string      `json:"status"`
	TemplateID   *string     `json:"template_id"`
	TemplateName *string     `json:"template_name"`
	Recipients   []recipient `json:"recipients"`
}

type recipient struct {
	MessageID string  `json:"message_id"`
	To        string  `json:"to"`
	Channel   string  `json:"channel"`
	Body      *string `json:"body"`
}

// Recipients are E.164 numbers; a missing + is forgiven, as Sent's own events
// are seen without it.
var phone = regexp.MustCompile(`^\+?[1-9][0-9]{6,14}$`)

var idempotencyKey = regexp.MustCompile(`^[A-Za-z0-9_-]{1,255}$`)

// ServeHTTP answers one request of the API.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	requestID := newID()
	w.Header().Set("X-Request-Id", requestID)
	if r.Method != http.MethodPost || r.URL.Path != "/v3/messages" {
		s.refuse(w, r, requestID, &problem{http.StatusNotImplemented, "NOT_IMPLEMENTED", "this stand-in for Sent's API answers POST /v3/messages only"})
		return
	}
	if p := s.authenticate(r); p != nil {
		s.refuse(w, r, requestID, p)
		return
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		s.refuse(w, r, requestID, &problem{http.StatusBadRequest, "VALIDATION_001", fmt.Sprintf("the body is larger than %d bytes", maxBody)})
		return
	case err != nil:
		s.refuse(w, r, requestID, &problem{http.StatusBadRequest, "VALIDATION_001", "the body ended early"})
		return
	}
	in, p := parse(data)
	key := r.Header.Get("Idempotency-Key")
	if p == nil && key != "" && !idempotencyKey.MatchString(key) {
		p = &problem{http.StatusBadRequest, "VALIDATION_007", "Idempotency-Key must match " + idempotencyKey.String()}
	}
	if p != nil {
		s.refuse(w, r, requestID, p)
		return
	}
	if in.Sandbox {
		w.Header().Set("X-Sandbox", "true")
		out, _ := in.accept()
		writeJSON(w, http.StatusAccepted, envelope(requestID, out, nil))
		return
	}
	s.send(w, requestID, key, in)
}

// send records in's messages, once for each idempotency key.
func (s *Server) send(w http.ResponseWriter, requestID, key string, in body) {
	first := s.record(key, requestID, in)
	if first.requestID != requestID {
		w.Header().Set("Idempotent-Replayed", "true")
		w.Header().Set("X-Original-Request-Id", first.requestID)
	}
	writeJSON(w, http.StatusAccepted, envelope(requestID, first.data, nil))
}

// record keeps in's messages, unless key has been used: then it returns what
// was answered to the first request with it.
func (s *Server) record(key, requestID string, in body) replay {
	s.mu.Lock()
	defer s.mu.Unlock()
	if first, ok := s.replays[key]; ok && key != "" {
		return first
	}
	out, messages := in.accept()
	if len(s.messages)+len(messages) <= maxMessages {
		s.messages = append(s.messages, messages...)
	}
	this := replay{requestID, out}
	if key != "" && len(s.replays) < maxReplays {
		s.replays[key] = this
	}
	return this
}

// replay is the answer that an idempotency key got the first time.
type replay struct {
	requestID string
	data      accepted
}

func (s *Server) authenticate(r *http.Request) *problem {
	key := r.Header.Get("X-Api-Key")
	switch {
	case key == "":
		return &problem{http.StatusUnauthorized, "AUTH_001", "the x-api-key header is missing"}
	case subtle.ConstantTimeCompare([]byte(key), []byte(s.apiKey)) != 1:
		return &problem{http.StatusUnauthorized, "AUTH_002", "the API key in x-api-key is not the one that the receiver was given in SENT_DM_API_KEY"}
	}
	return nil
}

// parse checks a body roughly as Sent does: what is wrong with it, or nil.
func parse(data []byte) (body, *problem) {
	invalid := func(code, format string, args ...any) (body, *problem) {
		return body{}, &problem{http.StatusBadRequest, code, fmt.Sprintf(format, args...)}
	}
	var in body
	var typeErr *json.UnmarshalTypeError
	if trimmed := bytes.TrimSpace(data); len(trimmed) == 0 || trimmed[0] != '{' {
		return invalid("VALIDATION_001", "the body must be a JSON object")
	}
	switch err := json.Unmarshal(data, &in); {
	case errors.As(err, &typeErr):
		return invalid("VALIDATION_001", "%s must be %s, not %s", typeErr.Field, typeErr.Type, typeErr.Value)
	case err != nil:
		return invalid("VALIDATION_001", "the body is not JSON: %s", err)
	}
	if len(in.To) == 0 {
		return invalid("VALIDATION_004", "to is required: a list of numbers")
	}
	if len(in.To) > maxRecipients {
		return invalid("VALIDATION_005", "to has %d numbers, at most %d are taken", len(in.To), maxRecipients)
	}
	for i, to := range in.To {
		if !phone.MatchString(to) {
			return invalid("VALIDATION_002", "to[%d] is not an E.164 number such as +14155550123", i)
		}
	}
	for i, c := range in.Channel {
		if !slices.Contains([]string{"sms", "whatsapp", "rcs", "sent"}, strings.ToLower(c)) {
			return invalid("VALIDATION_006", "channel[%d] is none of sms, whatsapp, rcs, sent", i)
		}
	}
	if string(in.Template) == "null" {
		in.Template = nil
	}
	if in.Template == nil && in.Text == "" {
		return invalid("VALIDATION_004", "template or text is required")
	}
	if in.Template != nil {
		if err := json.Unmarshal(in.Template, &in.template); err != nil {
			return invalid("VALIDATION_001", "template must be an object with an id or a name")
		}
		if in.template.ID == "" && in.template.Name == "" {
			return invalid("VALIDATION_004", "template.id or template.name is required")
		}
		if _, err := uuid.Parse(in.template.ID); in.template.ID != "" && err != nil {
			return invalid("VALIDATION_003", "template.id is not a UUID")
		}
	}
	return in, nil
}

// accept makes one message of each recipient and channel.
func (b body) accept() (accepted, []Message) {
	out := accepted{Status: "QUEUED", TemplateID: textOrNull(b.template.ID), TemplateName: textOrNull(b.template.Name)}
	channels := b.Channel
	if len(channels) == 0 {
		channels = []string{"sent"} // Sent chooses
	}
	var messages []Message
	for _, to := range b.To {
		for _, channel := range channels {
			m := Message{ID: newID(), To: to, Channel: strings.ToLower(channel), Text: b.Text, Template: b.Template, At: clock.Wall()}
			messages = append(messages, m)
			out.Recipients = append(out.Recipients, recipient{m.ID, m.To, m.Channel, textOrNull(b.Text)})
		}
	}
	return out, messages
}

func textOrNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// newID is a fresh UUID: a receiver that keeps its data over runs never meets one again.
func newID() string { return uuid.NewString() }
