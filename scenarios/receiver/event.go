package receiver

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"
)

// Kind is what an event is about.
type Kind string

const (
	Unknown  Kind = "unknown"
	Message  Kind = "message"  // one that was sent; the subject is its id
	Inbound  Kind = "inbound"  // one that came in; the subject is the contact's number
	Template Kind = "template" // the subject is its id
	Contact  Kind = "contact"  // whether one may be written to; the subject is the number
)

// Event is as much of a delivery as this receiver acts upon.
type Event struct {
	Kind    Kind
	Key     string // equal for an event and its duplicates, different for all else
	Subject string
	Status  string
	Rank    int // of Status: the state is that of the highest seen

	Text, Channel string // inbound only
}

// Rank orders the statuses of a message. Deliveries arrive in any order and
// some statuses never do, so a status counts only if it is further on than
// what is known; one that is not listed here counts only as long as nothing
// else is known. The failures are final, except that a delivery proves them
// wrong (Sent may have tried another channel).
func Rank(status string) int {
	if slices.Contains([]string{"FILTERED", "BLOCKED", "CANCELLED"}, status) {
		status = "FAILED"
	}
	order := []string{"SCHEDULED", "QUEUED", "PROCESSED", "ROUTED", "SENT", "FAILED", "DELIVERED", "READ"}
	return slices.Index(order, status) + 1 // 0 for one that is not listed
}

// Fields is a JSON object of which nothing is taken for granted.
type Fields map[string]json.RawMessage

// Text is the first of the named fields that holds a non-empty string, or "".
func (f Fields) Text(names ...string) string {
	for _, name := range names {
		var s string
		if json.Unmarshal(f[name], &s) == nil && s != "" {
			return s
		}
	}
	return ""
}

// ReadEvent reads a verified body of any edition. Only what is no JSON object
// at all is an error; what it doesn't know has kind unknown and says so in key.
func ReadEvent(body []byte) (Event, error) {
	envelope, payload := Open(body)
	if envelope == nil {
		return Event{}, errors.New("the body is not a JSON object")
	}
	switch field := envelope.Text("field"); field {
	case "message", "messages":
		return readMessage(envelope, payload), nil
	case "templates":
		id, status := payload.Text("template_id"), payload.Text("status")
		if id == "" || status == "" {
			return Event{Kind: Unknown, Key: "template event without template_id or status"}, nil
		}
		return Event{Kind: Template, Key: "template " + id + " " + status, Subject: id, Status: status}, nil
	case "contact":
		return ReadContact(envelope.Text("event", "sub_type"), envelope, payload), nil
	default:
		return Event{Kind: Unknown, Key: "field " + field}, nil
	}
}

// Open takes a body apart. envelope is nil if it is no JSON object; payload is
// empty if there is none.
func Open(body []byte) (envelope, payload Fields) {
	if json.Unmarshal(body, &envelope) != nil {
		return nil, nil
	}
	_ = json.Unmarshal(envelope["payload"], &payload)
	return envelope, payload
}

func readMessage(envelope, payload Fields) Event {
	name := envelope.Text("event", "sub_type") // the oldest edition has neither
	status := payload.Text("message_status")
	from := number(payload.Text("from", "inbound_number"))
	if name == "message.received" || status == "RECEIVED" || name == "" && status == "" && from != "" {
		ev := Event{Kind: Inbound, Subject: from, Status: "RECEIVED"}
		ev.Text, ev.Channel = payload.Text("text"), payload.Text("channel")
		ev.Key = "inbound " + payload.Text("message_id")
		if ev.Key == "inbound " {
			// No id: the same number, moment and text make it the same message.
			hash := sha256.Sum256([]byte(ev.Text))
			ev.Key += strings.Join([]string{
				payload.Text("account_id"), from,
				payload.Text("received_at", "updated_at"), hex.EncodeToString(hash[:]),
			}, " ")
		}
		return ev
	}
	if status == "" {
		status = strings.ToUpper(strings.TrimPrefix(name, "message."))
	}
	id := payload.Text("message_id")
	if id == "" || status == "" {
		return Event{Kind: Unknown, Key: "message event without message_id or status"}
	}
	return Event{Kind: Message, Key: "message " + id + " " + status, Subject: id, Status: status, Rank: Rank(status)}
}

// The statuses of a contact: the last signal that changed anything.
const optedIn, optedOut = "contact.opt_in", "contact.opt_out"

// ReadContact reads a contact's signal of that name. Signals arrive in any order,
// so the time at which one was given is its rank: the latest says how the contact
// stands. A contact that asks for help or writes a keyword has changed nothing.
func ReadContact(name string, envelope, payload Fields) Event {
	from := number(payload.Text("from"))
	at, err := time.Parse(time.RFC3339, envelope.Text("timestamp"))
	if name != optedIn && name != optedOut || from == "" || err != nil {
		return Event{Kind: Unknown, Key: "contact event " + name}
	}
	key := strings.Join([]string{from, name, envelope.Text("timestamp")}, " ")
	return Event{Kind: Contact, Key: key, Subject: from, Status: name, Rank: int(at.Unix())}
}

// number is a phone number without its plus: Sent writes it with and without,
// and in a URL that somebody forgot to escape it is a space.
func number(text string) string { return strings.TrimLeft(text, "+ ") }
