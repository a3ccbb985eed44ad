package mutant

import (
	"context"
	"net/http"
	"time"

	"github.com/sentsim/sentsim/scenarios/receiver"
	"github.com/sentsim/sentsim/simulator/contract"
)

// Mistakes with who wants no messages.
func contactMutants() []Mutant {
	return []Mutant{
		{
			Name:    "contacts-unverified",
			Mistake: "The route for contacts' events came later, and stands ahead of the verification.",
			Breaks: []Broken{
				{contract.SIG2, "rejects a tampered body"},
				{contract.SIG3, "rejects a signature made with another secret"},
				{contract.SIG4, "rejects when any of the three signature headers is missing or empty"},
			},
			change: verifying(func(key []byte, h http.Header, body []byte, now time.Time) error {
				if envelope, _ := receiver.Open(body); envelope.Text("field") == "contact" {
					return nil
				}
				return receiver.Verify(key, h, body, now)
			}),
		},
		{
			Name:    "opt-out-by-arrival",
			Mistake: "The signal of a contact that arrived last says how the contact stands.",
			Breaks:  []Broken{{contract.CON1, "the signal with the latest timestamp, in whatever order signals arrive"}},
			change: reading(func(ev *receiver.Event, _ http.Header, _, _ receiver.Fields) error {
				if ev.Kind == receiver.Contact {
					ev.Rank = 0 // of equal ranks the last to arrive counts
				}
				return nil
			}),
		},
		{
			Name:    "opt-out-lost-on-help",
			Mistake: "Every signal but contact.opt_out is taken for a sign that the contact wants messages.",
			Breaks:  []Broken{{contract.CON1, "help and keyword change nothing"}},
			change: func(r *receiver.Receiver, _ receiver.Config) error {
				read := r.Read
				r.Read = func(h http.Header, body []byte) (receiver.Event, error) {
					envelope, payload := receiver.Open(body)
					name := envelope.Text("event")
					if name != "contact.help" && name != "contact.custom_keyword" {
						return read(h, body)
					}
					ev := receiver.ReadContact("contact.opt_in", envelope, payload)
					ev.Key += name
					return ev, nil
				}
				return nil
			},
		},
		{
			Name:    "signal-without-text-ignored",
			Mistake: "A signal of a contact without a text is passed over: it is taken for a test.",
			Breaks:  []Broken{{contract.CON1, "a signal without message, text or to counts"}},
			change: reading(func(ev *receiver.Event, _ http.Header, _, payload receiver.Fields) error {
				if ev.Kind == receiver.Contact && payload.Text("text") == "" {
					ev.Kind = receiver.Unknown
				}
				return nil
			}),
		},
		{
			Name:    "sends-after-opt-out",
			Mistake: "Nothing looks up whether a contact has opted out before a reply is sent.",
			Breaks:  []Broken{{contract.CON2, "nothing is sent to a contact after its contact.opt_out"}},
			change: func(r *receiver.Receiver, _ receiver.Config) error {
				r.OptedOut = func(context.Context, string) (bool, error) { return false, nil }
				return nil
			},
		},
	}
}
