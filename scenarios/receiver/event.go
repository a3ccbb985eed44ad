package receiver

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// kind is what an event is about.
type kind string

const (
	unknown  kind = "unknown"
	message  kind = "message"  // one that was sent; the subject is its id
	inbound  kind = "inbound"  // one that came in; the subject is the contact's number
	template kind = "template" // the subject is its id
	contact  kind = "contact"  // whether one may be written to; the subject is the number
)

// event is as much of a delivery as this receiver acts upon.
type event struct {
	kind    kind
	key     string // equal for an event and its duplicates, different for all else
	subject string
	status  string
	rank    int // of status: the state is that of the highest seen

	text, channel string // inbound only
}

// rank orders the statuses of a message. Deliveries arrive in any order and
// some statuses never do, so a status counts only if it is further on than
// what is known; one that is not listed here counts only as long as nothing
// else is known. The failures are final, except that a delivery proves them
// wrong (Sent may have tried another channel).
func rank(status string) int {
	switch status {
	case "SCHEDULED":
		return 1
	case "QUEUED":
		return 2
	case "PROCESSED":
		return 3
	case "ROUTED":
		return 4
	case "SENT":
		return 5
	case "FAILED", "FILTERED", "BLOCKED", "CANCELLED":
		return 6
	case "DELIVERED":
		return 7
	case "READ":
		return 8
	}
	return 0
}

// fields is a JSON object of which nothing is taken for granted.
type fields map[string]json.RawMessage

// text is the first of the named fields that holds a non-empty string, or "".
func (f fields) text(names ...string) string {
	for _, name := range names {
		var s string
		if json.Unmarshal(f[name], &s) == nil && s != "" {
			return s
		}
	}
	return ""
}

// readEvent reads a verified body of any edition. Only what is no JSON object
// at all is an error; what it doesn't know has kind unknown and says so in key.
func readEvent(body []byte) (event, error) {
	envelope, payload := open(body)
	if envelope == nil {
		return event{}, errors.New("the body is not a JSON object")
	}
	switch field := envelope.text("field"); field {
	case "message", "messages":
		return readMessage(envelope, payload), nil
	case "templates":
		ev := event{kind: template, subject: payload.text("template_id"), status: payload.text("status")}
		if ev.subject == "" || ev.status == "" {
			return event{kind: unknown, key: "template event without template_id or status"}, nil
		}
		ev.key = "template " + ev.subject + " " + ev.status
		return ev, nil
	case "contact":
		return readContact(envelope, payload), nil
	default:
		return event{kind: unknown, key: "field " + field}, nil
	}
}

// open takes a body apart. envelope is nil if it is no JSON object; payload is
// empty if there is none.
func open(body []byte) (envelope, payload fields) {
	if json.Unmarshal(body, &envelope) != nil {
		return nil, nil
	}
	_ = json.Unmarshal(envelope["payload"], &payload)
	return envelope, payload
}

func readMessage(envelope, payload fields) event {
	name := envelope.text("event", "sub_type") // the oldest edition has neither
	status := payload.text("message_status")
	from := number(payload.text("from", "inbound_number"))
	if name == "message.received" || status == "RECEIVED" || name == "" && status == "" && from != "" {
		ev := event{kind: inbound, subject: from, status: "RECEIVED"}
		ev.text, ev.channel = payload.text("text"), payload.text("channel")
		ev.key = "inbound " + payload.text("message_id")
		if ev.key == "inbound " {
			// No id: the same number, moment and text make it the same message.
			hash := sha256.Sum256([]byte(ev.text))
			ev.key += strings.Join([]string{
				payload.text("account_id"), from,
				payload.text("received_at", "updated_at"), hex.EncodeToString(hash[:]),
			}, " ")
		}
		return ev
	}
	if status == "" {
		status = strings.ToUpper(strings.TrimPrefix(name, "message."))
	}
	id := payload.text("message_id")
	if id == "" || status == "" {
		return event{kind: unknown, key: "message event without message_id or status"}
	}
	return event{kind: message, key: "message " + id + " " + status, subject: id, status: status, rank: rank(status)}
}

// The statuses of a contact.
const (
	optedIn  = "OPTED_IN"
	optedOut = "OPTED_OUT"
)

// readContact reads a contact's signal. Signals arrive in any order, so the time
// at which one was given is its rank: the latest says how the contact stands.
// Whoever asks for help or writes a keyword has changed nothing.
func readContact(envelope, payload fields) event {
	name, from := envelope.text("event", "sub_type"), number(payload.text("from"))
	status := map[string]string{"contact.opt_in": optedIn, "contact.opt_out": optedOut}[name]
	at, err := time.Parse(time.RFC3339, envelope.text("timestamp"))
	if status == "" || from == "" || err != nil {
		return event{kind: unknown, key: "contact event " + name}
	}
	return event{
		kind: contact, subject: from, status: status, rank: int(at.Unix()),
		key: strings.Join([]string{"contact", from, status, envelope.text("timestamp")}, " "),
	}
}

// number is a phone number without its plus: Sent writes it with and without,
// and in a URL that somebody forgot to escape it is a space.
func number(text string) string { return strings.TrimLeft(text, "+ ") }
