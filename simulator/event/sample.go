package event

import (
	"encoding/hex"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"
)

// Sample builds a plausible event of that type that happened at the given time,
// its ids and numbers drawn from r. For Templates it is an approval. The error
// is ParseType's for an unknown type, or r's.
func Sample(t Type, r io.Reader, at time.Time) (Event, error) {
	name := string(t)
	if t == Templates {
		name = "templates.approved"
	}
	k, err := Lookup(name)
	if err != nil {
		return Event{}, err
	}
	return k.Sample(r, at)
}

// Sample builds a plausible event of this kind, as the function Sample does.
// Messages travel on WhatsApp, where every event occurs.
func (k Kind) Sample(r io.Reader, at time.Time) (Event, error) {
	d := draw{r: r}
	e := Event{ID: d.id(), Type: k.Type, CreatedAt: at}
	account, subject := d.id(), d.id()
	switch k.Parent() {
	case ParentTemplates:
		e.Template = d.template(k.Status)
		e.Template.AccountID, e.Template.TemplateID = account, subject
	case ParentContact:
		e.Contact = d.contact(k.Type)
		e.Contact.AccountID, e.Contact.ContactID = account, subject
	case ParentChannel:
		e.Market = d.market(k.Status)
		e.Market.AccountID, e.Market.UpdatedAt = account, at
	case ParentLink:
		e.Link = d.link(k.Type)
		e.Link.CustomerID, e.Link.RecordID, e.Link.OccurredAt = account, subject, at
	case ParentCall:
		e.Call = d.call(k.Type)
		e.Call.AccountID, e.Call.CallID, e.Call.UpdatedAt = account, subject, at
	default:
		e.Outbound, e.Inbound = d.message(k, at)
		*e.Account() = account
		if e.Inbound != nil {
			e.Inbound.MessageID = subject
		} else {
			e.Outbound.MessageID = subject
		}
	}
	if d.err != nil {
		return Event{}, fmt.Errorf("sample of %s: %w", k.Name, d.err)
	}
	return e, nil
}

// message is a payload of the message family: one of the two is nil.
func (d *draw) message(k Kind, at time.Time) (*Outbound, *Inbound) {
	if k.Direction == In {
		text := "Yes, that works for me"
		return nil, &Inbound{
			From: d.number(), To: d.number(), Text: &text, Channel: WhatsApp, Provider: "meta", ReceivedAt: at,
			Media: []Media{{
				URL: "https://media.example.com/" + d.id().String() + ".jpg", MIMEType: "image/jpeg", SizeBytes: 48213,
				HashSHA256: d.hash(),
			}},
		}
	}
	body := "Hello Ada, your order 1043 is on its way."
	o := &Outbound{
		Status: Status(k.Status), Channel: WhatsApp, InboundNumber: d.number(), OutboundNumber: d.number(),
		TemplateID: d.id(), TemplateName: "order_update", Body: &body, UpdatedAt: at,
	}
	switch o.Status {
	case Failed:
		o.ReasonCode, o.Reason = "DELIVERY_007", "Message undeliverable: the recipient's handset is unreachable"
	case Filtered:
		o.ReasonCode, o.Reason = "BUSINESS_006", "Stopped by content policy"
	case Blocked:
		o.ReasonCode, o.Reason = ConsentBlocked, "The recipient has opted out"
	case Scheduled:
		o.ScheduleReason, o.ScheduledAt = QuietHours, at.Add(9*time.Hour)
	case Cancelled:
		o.ScheduledAt = at.Add(9 * time.Hour)
	case Queued, Routed, Sent, Delivered, Read, Received, Processed:
	}
	return o, nil
}

// draw builds values from random bytes and keeps the first error.
type draw struct {
	r   io.Reader
	err error
}

func (d *draw) bytes(p []byte) {
	if d.err == nil {
		_, d.err = io.ReadFull(d.r, p)
	}
}

// id is a random (version 4) UUID.
func (d *draw) id() uuid.UUID {
	var id uuid.UUID
	d.bytes(id[:])
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id
}

// hash is a SHA-256 in hex of nothing in particular.
func (d *draw) hash() string {
	var b [32]byte
	d.bytes(b[:])
	return hex.EncodeToString(b[:])
}

// number is a North American number from the range reserved for fiction, 555-0100 to 555-0199.
func (d *draw) number() string {
	var b [2]byte
	d.bytes(b[:])
	areas := [...]int{202, 206, 212, 303, 312, 404, 415, 512, 617, 619, 702, 713, 718, 808, 907, 917}
	return fmt.Sprintf("+1%d55501%02d", areas[int(b[0])%len(areas)], b[1]%100)
}

func (d *draw) template(status string) *Template {
	t := &Template{Name: "order_update", Status: status, Language: "en_US", Category: Utility, Channel: WhatsApp}
	reason := ""
	switch status {
	case TemplatePending:
	case TemplateRejected:
		reason = "INVALID_FORMAT: the template's variables are not numbered in order"
	case TemplateCategoryUpdated:
		t.Category, reason = Utility, "Category changed from MARKETING to UTILITY"
	case TemplatePaused:
		reason = "Paused for low quality"
	case TemplateDisabled:
		reason = "Disabled after repeated low quality"
	}
	if reason != "" {
		t.Reason = &reason
	}
	if status != TemplatePending && status != TemplateRejected {
		var b [8]byte
		d.bytes(b[:])
		id := uint64(0)
		for _, c := range b {
			id = id<<8 | uint64(c)
		}
		t.WhatsAppTemplateID = fmt.Sprintf("%016d", id%1e16) // Meta's ids are long decimal numbers
	}
	return t
}
