package event_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/sentsim/sentsim/simulator/event"
)

func TestCatalogue(t *testing.T) {
	var names []string
	for _, k := range event.Catalogue() {
		names = append(names, k.Name)
		if k.Meaning == "" || len(k.Channels) == 0 || k.Parent() == "" {
			t.Errorf("%s: meaning %q, channels %v, parent %q", k.Name, k.Meaning, k.Channels, k.Parent())
		}
		if k.Name == "message.read" && slices.Contains(k.Channels, event.SMS) {
			t.Error("message.read is never emitted for SMS")
		}
		if got, err := event.Lookup(k.Name); err != nil || got.Name != k.Name {
			t.Errorf("Lookup(%q) = %q, %v", k.Name, got.Name, err)
		}
		if got, err := event.ParseType(k.Name); err != nil || got != k.Type {
			t.Errorf("ParseType(%q) = %q, %v; want %q", k.Name, got, err, k.Type)
		}
	}
	want := "message.queued message.routed message.sent message.delivered message.read message.failed message.received " +
		"message.scheduled message.cancelled message.filtered message.blocked " +
		"templates.pending templates.approved templates.rejected templates.category_updated templates.paused templates.disabled " +
		"contact.opt_in contact.opt_out contact.help contact.custom_keyword " +
		"channel.submitted channel.action_needed channel.approved channel.activated channel.deactivated " +
		"link.clicked link.downloaded link.expired link.revoked " +
		"call.initiated call.answered call.completed call.failed call.recording_ready"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	changed := event.Catalogue()
	changed[0].Channels[0] = "changed"
	if changed[1].Channels[0] != event.SMS || event.Catalogue()[0].Channels[0] != event.SMS {
		t.Error("a change to one entry shows in another")
	}
}

func TestLookup(t *testing.T) {
	for name, want := range map[string]string{
		"messages.delivered":         "message.delivered",
		"Message.READ":               "message.read",
		"template.approved":          "templates.approved",
		"templates.CATEGORY_UPDATED": "templates.category_updated",
		"contacts.opt_out":           "contact.opt_out",
		"Links.Clicked":              "link.clicked",
	} {
		if k, err := event.Lookup(name); err != nil || k.Name != want {
			t.Errorf("Lookup(%q) = %q, %v; want %q", name, k.Name, err, want)
		}
	}
	for name, hint := range map[string]string{
		"message.deliverd":  `did you mean "message.delivered"?`,
		"delivered":         `did you mean "message.delivered"?`,
		"message_failed":    `did you mean "message.failed"?`,
		"templates.aproved": `did you mean "templates.approved"?`,
		"":                  `give one such as "message.queued"`,
		"templates":         `did you mean "templates.`,
		"message.":          `unknown event "message."`,
	} {
		if k, err := event.Lookup(name); err == nil || !strings.Contains(err.Error(), hint) {
			t.Errorf("Lookup(%q) = %q, %v; want an error with %q", name, k.Name, err, hint)
		}
	}
	if got, err := event.ParseType("templates"); err != nil || got != event.Templates {
		t.Errorf("ParseType(templates) = %q, %v", got, err)
	}
	if _, err := event.ParseType("message.exploded"); err == nil {
		t.Error("an unknown type is accepted")
	}
}

func TestTypeOf(t *testing.T) {
	for _, s := range []event.Status{event.Queued, event.Routed, event.Sent, event.Delivered, event.Read, event.Failed, event.Received, "Odd"} {
		if got, want := event.TypeOf(s), "message."+strings.ToLower(string(s)); string(got) != want {
			t.Errorf("%s: %q, want %q", s, got, want)
		}
	}
}

func TestTypeParts(t *testing.T) {
	for _, c := range []struct {
		typ         event.Type
		parent, sub string
	}{
		{event.TypeOf(event.Delivered), "message", "delivered"},
		{event.TypeOf("ON_FIRE"), "message", "on_fire"},
		{event.Templates, "templates", ""},
		{"a.b.c", "a", "b.c"},
	} {
		if c.typ.Parent() != c.parent || c.typ.SubType() != c.sub {
			t.Errorf("%q: parent %q, sub-type %q; want %q, %q", c.typ, c.typ.Parent(), c.typ.SubType(), c.parent, c.sub)
		}
	}
}

func TestParseChannel(t *testing.T) {
	for _, name := range []string{"sms", "SMS", "WhatsApp", "rcs"} {
		if got, err := event.ParseChannel(name); err != nil || !slices.Contains(event.Channels(), got) {
			t.Errorf("ParseChannel(%q) = %q, %v", name, got, err)
		}
	}
	for _, name := range []string{"", "email", "auto", "sent"} {
		if got, err := event.ParseChannel(name); err == nil {
			t.Errorf("ParseChannel(%q) = %q", name, got)
		}
	}
}

func TestSample(t *testing.T) {
	for _, k := range event.Catalogue() {
		a, b := sample(t, k.Name), sample(t, k.Name)
		if string(a.Encode(event.DefaultFormat())) != string(b.Encode(event.DefaultFormat())) || a.ID != b.ID {
			t.Errorf("%s: the same random bytes give two samples", k.Name)
		}
		if a.Type != k.Type || !a.CreatedAt.Equal(moment()) || a.ID.Version() != 4 {
			t.Errorf("%s: type %q, created %v, id %v", k.Name, a.Type, a.CreatedAt, a.ID)
		}
		if got := a.Outbound != nil && a.Outbound.Status == event.Failed && a.Outbound.Reason == ""; got {
			t.Errorf("%s: no reason", k.Name)
		}
	}
	e, err := event.Sample(event.Templates, entropy(), moment())
	if err != nil || e.Template == nil || e.Template.Status != event.TemplateApproved {
		t.Errorf("Sample(templates) = %+v, %v", e, err)
	}
	if _, err := event.Sample("message.nothing", entropy(), moment()); err == nil {
		t.Error("a sample of an unknown type")
	}
	broken := errors.New("no bytes left")
	if _, err := event.Sample("message.sent", iotest.ErrReader(broken), moment()); !errors.Is(err, broken) {
		t.Errorf("the reader's error is lost: %v", err)
	}
}
