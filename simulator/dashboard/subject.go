package dashboard

import (
	"encoding/json"
	"strings"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/delivery"
)

// subject is what a delivery is about, so that it can be told from others.
type subject struct {
	Way     string // "to", "from" or ""
	Who     string // a number, or a template's name
	About   string // what was written, or what is said of it
	Message string // the address of its message; "" where there is none
}

// subjectOf reads it from the body, in whatever edition that is; the text of a
// message is in the history.
func subjectOf(v *view, d delivery.Delivery) subject {
	var body struct {
		Field   string         `json:"field"`
		Payload map[string]any `json:"payload"`
	}
	if json.Unmarshal(d.Body, &body) != nil {
		return subject{}
	}
	first := func(names ...string) string {
		for _, name := range names {
			if s, ok := body.Payload[name].(string); ok && s != "" {
				return s
			}
		}
		return ""
	}
	s := subject{About: first("text", "body", "reason")}
	switch {
	case strings.HasPrefix(body.Field, "template"):
		s.Who = first("template_name")
		s.About = strings.TrimSuffix(word(first("status"))+": "+first("reason"), ": ")
	case first("message_status") != "":
		s.Way, s.Who = "to", first("inbound_number", "outbound_number") // later editions have the recipient in the second
	case first("received_at", "source") != "":
		s.Way, s.Who = "from", first("from", "inbound_number")
	default:
		s.Who = first("number", "from", "sender_value", "url", "record_id", "country")
		if s.About == "" {
			s.About = word(first("status", "link_kind"))
		}
	}
	id, err := uuid.Parse(first("message_id"))
	if err != nil {
		return s
	}
	if m, err := v.Sim.Message(id); err == nil {
		s.Message = "/messages/" + id.String()
		switch {
		case m.Text != nil:
			s.About = *m.Text
		case m.TemplateName != "" && s.About == "":
			s.About = "template " + m.TemplateName
		}
	}
	if s.About == "" { // two messages to one recipient are told apart by something
		s.About = "message " + short(id)
	}
	return s
}
