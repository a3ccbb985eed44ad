package receiver

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	wire "github.com/sentsim/sentsim/simulator/event"
)

// signal is a contact's event at a second of a minute.
func signal(name, from string, second int) string {
	return fmt.Sprintf(`{"field":"contact","event":"contact.%s","timestamp":"2026-09-30T10:00:%02dZ","payload":{"from":%q,"opt_out":true}}`, name, second, from)
}

func TestTheLatestSignalSaysHowAContactStands(t *testing.T) {
	s := start(t, Config{})
	s.wants("/state/contacts?number=1", `{"opted_out":false}`)
	for _, step := range []struct {
		body string
		want bool
	}{
		{signal("help", "+1", 1), false},
		{signal("opt_out", "+1", 20), true},
		{signal("opt_in", "+1", 10), true}, // late
		{signal("help", "+1", 30), true},
		{signal("custom_keyword", "+1", 31), true},
		{signal("opt_in", "+1", 40), false},
		{signal("opt_out", "+1", 20), false}, // again
		{`{"field":"contact","event":"contact.opt_out","payload":{"from":"+1"}}`, false},
		{`{"field":"contact","sub_type":"contact.opt_out","timestamp":"2026-09-30T10:01:00Z","payload":{"from":"+1","message_id":null,"text":null,"to":null}}`, true},
		{`{"field":"contact","event":"contact.merged","timestamp":"2026-09-30T10:02:00Z","payload":{"from":"+1"}}`, true},
	} {
		s.accepts(step.body)
		s.wants("/state/contacts?number=+1", fmt.Sprintf(`{"opted_out":%v}`, step.want))
	}
	s.wants("/state/contacts?number=2", `{"opted_out":false}`)
}

func TestNoReplyToWhoeverOptedOut(t *testing.T) {
	url, requests := api(t)
	s := start(t, Config{BaseURL: url})
	s.accepts(signal("opt_out", "+14155550101", 1), received("+14155550101", "Hi!", "T1"), received("+14155550102", "Hi!", "T2"))
	if got := next(t, requests); got.To[0] != "+14155550102" {
		t.Errorf("a reply to a contact who has opted out: %+v", got)
	}
	s.accepts(signal("opt_in", "+14155550101", 2), received("+14155550101", "Hello again!", "T3"))
	if got := next(t, requests); got.To[0] != "+14155550101" {
		t.Errorf("the next reply is %+v", got)
	}
	s.accepts(received("+14155550102", "Bye", "T4"))
	if got := next(t, requests); got.To[0] != "+14155550102" {
		t.Errorf("the reply that was held back is sent after all: %+v", got)
	}
}

// TestReadsEveryEdition: each event of each edition shows in the state that it is
// about, once, however often it comes.
func TestReadsEveryEdition(t *testing.T) {
	for i, edition := range wire.Editions() {
		s := start(t, Config{})
		for n, k := range wire.Catalogue() {
			if !edition.Families.Has(k.Parent()) {
				continue
			}
			e, err := k.Sample(rand.NewChaCha8([32]byte{byte(i), byte(n)}), time.Now())
			if err != nil {
				t.Fatal(err)
			}
			body := string(e.Encode(edition.Format()))
			s.accepts(body, body)
			switch {
			case e.Outbound != nil:
				s.wants("/state/messages/"+e.Outbound.MessageID.String(), state(string(e.Outbound.Status), 1))
			case e.Inbound != nil:
				s.wants("/state/inbound?from="+e.Inbound.From, `{"count":1}`)
			case e.Template != nil:
				s.wants("/state/templates/"+e.Template.TemplateID.String(), state(e.Template.Status, 1))
			case e.Contact != nil:
				s.wants("/state/contacts?number="+e.Contact.From, fmt.Sprintf(`{"opted_out":%v}`, e.Contact.OptOut))
			}
		}
	}
}
