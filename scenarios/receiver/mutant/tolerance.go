package mutant

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/sentsim/sentsim/scenarios/receiver"
	"github.com/sentsim/sentsim/simulator/contract"
)

// Mistakes with events, fields and bodies that were not expected.
func toleranceMutants() []Mutant {
	return []Mutant{
		{
			Name:    "unknown-status-crash",
			Mistake: "A switch over the status has no default and throws.",
			Breaks:  []Broken{{contract.TOL1, "unknown message status"}},
			change: reading(func(ev *receiver.Event, _ http.Header, _, _ receiver.Fields) error {
				known := []string{"QUEUED", "ROUTED", "SENT", "DELIVERED", "READ", "FAILED"}
				if ev.Kind == receiver.Message && !slices.Contains(known, ev.Status) {
					return crash("ValueError: not a valid MessageStatus")
				}
				return nil
			}),
		},
		{
			Name:    "unknown-sub-type-refused",
			Mistake: "An event whose sub-type is not in the list is a bad request.",
			Breaks:  []Broken{{contract.TOL1, "sub-type"}},
			change: reading(func(ev *receiver.Event, _ http.Header, envelope, _ receiver.Fields) error {
				known := []string{
					"", "message.queued", "message.routed", "message.sent", "message.delivered",
					"message.read", "message.failed", "message.received",
				}
				if name := envelope.Text("sub_type", "event"); !slices.Contains(known, name) && (ev.Kind == receiver.Message || ev.Kind == receiver.Inbound) {
					return &answer{http.StatusBadRequest, "unknown event"}
				}
				return nil
			}),
		},
		{
			Name:    "template-status-enum",
			Mistake: "The status of a template is an enum of the database, which refuses any other.",
			Breaks:  []Broken{{contract.TOL2, "unknown template status"}},
			change: reading(func(ev *receiver.Event, _ http.Header, _, _ receiver.Fields) error {
				known := []string{"PENDING", "APPROVED", "REJECTED", "CATEGORY_UPDATED"}
				if ev.Kind == receiver.Template && !slices.Contains(known, ev.Status) {
					return crash("invalid input value for enum template_status")
				}
				return nil
			}),
		},
		{
			Name:    "unknown-field-refused",
			Mistake: "A field other than message and templates is a bad request.",
			Breaks:  []Broken{{contract.TOL3, "unknown field"}},
			May:     []contract.ID{contract.CON1, contract.CON2},
			change: reading(func(_ *receiver.Event, _ http.Header, envelope, _ receiver.Fields) error {
				if !slices.Contains([]string{"message", "messages", "templates"}, envelope.Text("field")) {
					return &answer{http.StatusBadRequest, "unknown field"}
				}
				return nil
			}),
		},
		{
			Name:    "unknown-family-refused",
			Mistake: "An event of a family that Sent has added since is a bad request.",
			Breaks:  []Broken{{contract.TOL3, "every event of contact, channel, link, call"}},
			May:     []contract.ID{contract.CON1, contract.CON2},
			change: reading(func(_ *receiver.Event, _ http.Header, envelope, _ receiver.Fields) error {
				if slices.Contains([]string{"contact", "channel", "link", "call"}, envelope.Text("field")) {
					return &answer{http.StatusBadRequest, "unknown family"}
				}
				return nil
			}),
		},
		{
			Name:    "strict-schema",
			Mistake: "A schema refuses every field that the documentation did not name on the day it was written.",
			Breaks: []Broken{
				{contract.TOL4, "extra fields"},
				{contract.TOL6, "the other editions"},
			},
			change: reading(func(ev *receiver.Event, _ http.Header, envelope, payload receiver.Fields) error {
				if ev.Kind != receiver.Unknown && (!documented(envelope, envelopeFields()) || !documented(payload, payloadFields(ev.Kind))) {
					return &answer{http.StatusUnprocessableEntity, "unrecognized keys in object"}
				}
				return nil
			}),
		},
		{
			Name:    "null-dereferenced",
			Mistake: "An optional field is read without a look whether it is null.",
			Breaks:  []Broken{{contract.TOL4, "null or missing optional fields"}},
			change: reading(func(ev *receiver.Event, _ http.Header, _, payload receiver.Fields) error {
				if ev.Kind == receiver.Message && string(payload["outbound_number"]) == "null" {
					return crash("TypeError: Cannot read properties of null (reading 'replace')")
				}
				return nil
			}),
		},
		{
			Name:    "reason-required",
			Mistake: "Every FAILED event is expected to say why.",
			Breaks:  []Broken{{contract.TOL4, "null or missing optional fields"}},
			change: reading(func(ev *receiver.Event, _ http.Header, _, payload receiver.Fields) error {
				if ev.Kind == receiver.Message && ev.Status == "FAILED" && payload.Text("reason") == "" {
					return crash("KeyError: 'reason'")
				}
				return nil
			}),
		},
		{
			Name:    "one-envelope",
			Mistake: "A message's event whose name does not stand in \"event\" is a bad request, because today's does.",
			Breaks:  []Broken{{contract.TOL6, "the other editions"}},
			change: reading(func(ev *receiver.Event, _ http.Header, envelope, _ receiver.Fields) error {
				if (ev.Kind == receiver.Message || ev.Kind == receiver.Inbound) && envelope.Text("event") == "" {
					return &answer{http.StatusBadRequest, "event is required"}
				}
				return nil
			}),
		},
		{
			Name:    "garbage-acknowledged",
			Mistake: "What cannot be parsed is acknowledged like everything else.",
			Breaks:  []Broken{{contract.TOL7, "a correctly signed body that is not a JSON object (garbage, empty, null, []): 4xx"}},
			change:  unreadable(func([]byte) error { return &answer{http.StatusOK, "ok"} }),
		},
		{
			Name:    "garbage-crash",
			Mistake: "Nobody catches the error of the JSON parser.",
			Breaks: []Broken{
				{contract.TOL7, "a correctly signed body that is not a JSON object (garbage, empty, null, []): 4xx"},
				{contract.TOL9, "no 5xx, hang or crash"},
			},
			change: unreadable(func(body []byte) error {
				if !json.Valid(body) {
					return crash("SyntaxError: Unexpected token in JSON at position 0")
				}
				return nil
			}),
		},
		{
			Name:    "null-body-crash",
			Mistake: "null is JSON, so the parser takes it, and the first look into it fails.",
			Breaks: []Broken{
				{contract.TOL7, "null"},
				{contract.TOL9, "no 5xx, hang or crash"},
			},
			change: unreadable(func(body []byte) error {
				if string(body) == "null" {
					return crash("TypeError: Cannot read properties of null (reading 'field')")
				}
				return nil
			}),
		},
		{
			Name:    "small-body-limit",
			Mistake: "The framework's limit for a body was left at 16 KiB.",
			Breaks:  []Broken{{contract.TOL5, "text of up to 4,096 characters"}, {contract.TOL8, "up to 64 KiB: 2xx"}},
			change: func(r *receiver.Receiver, _ receiver.Config) error {
				r.MaxBody = 16 << 10
				return nil
			},
		},
		{
			Name:    "large-body-dropped",
			Mistake: "A body above the limit ends the connection, without an answer.",
			Breaks:  []Broken{{contract.TOL8, "no dropped connection"}},
			change: serving(func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
					if req.ContentLength > 256<<10 {
						panic(http.ErrAbortHandler)
					}
					next.ServeHTTP(w, req)
				})
			}),
		},
	}
}

// unreadable answers bodies that are no JSON object in its own way; nil leaves
// them to the receiver.
func unreadable(what func(body []byte) error) func(*receiver.Receiver, receiver.Config) error {
	return func(r *receiver.Receiver, _ receiver.Config) error {
		read := r.Read
		r.Read = func(h http.Header, body []byte) (receiver.Event, error) {
			ev, err := read(h, body)
			if err == nil {
				return ev, nil
			}
			if other := what(body); other != nil {
				err = other
			}
			return ev, err
		}
		return nil
	}
}

func documented(object receiver.Fields, names []string) bool {
	for name := range object {
		if !slices.Contains(names, name) {
			return false
		}
	}
	return true
}

func envelopeFields() []string {
	return []string{"field", "event", "timestamp", "request_id", "payload"}
}

func payloadFields(k receiver.Kind) []string {
	switch k {
	case receiver.Inbound:
		return []string{"account_id", "message_id", "inbound_number", "outbound_number", "text", "channel", "received_at", "updated_at", "media"}
	case receiver.Template:
		return []string{"account_id", "template_id", "template_name", "whatsapp_template_id", "status", "language", "category", "channel", "reason", "auto_reply_action"}
	case receiver.Contact:
		return []string{"account_id", "contact_id", "from", "to", "opt_out", "source", "channel", "agent_id", "message_id", "template_id", "text"}
	case receiver.Message, receiver.Unknown:
	}
	return []string{
		"account_id", "message_id", "message_status", "channel", "outbound_number", "body", "template_id", "template_name",
		"agent_id", "updated_at", "reason_code", "reason", "schedule_reason", "scheduled_at",
	}
}
