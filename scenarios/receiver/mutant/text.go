package mutant

import (
	"context"
	"net/http"
	"strings"

	"github.com/sentsim/sentsim/scenarios/receiver"
	"github.com/sentsim/sentsim/simulator/contract"
)

// Mistakes with what contacts write.
func textMutants() []Mutant {
	return []Mutant{
		{
			Name:    "varchar-160",
			Mistake: "The column for the text is as long as one SMS.",
			Breaks:  []Broken{{contract.TOL5, "text of up to 4,096 characters"}},
			change: writing(func(text string) error {
				if len([]rune(text)) > 160 {
					return crash("value too long for type character varying(160)")
				}
				return nil
			}),
		},
		{
			Name:    "three-byte-utf8",
			Mistake: "The column for the text has MySQL's utf8, which ends before emoji.",
			Breaks:  []Broken{{contract.TOL5, "emoji"}},
			change: writing(func(text string) error {
				if strings.ContainsFunc(text, func(c rune) bool { return c > 0xffff }) {
					return crash(`Incorrect string value: '\xF0\x9F\x91\x8D' for column 'text'`)
				}
				return nil
			}),
		},
		{
			Name:    "latin1-column",
			Mistake: "The column for the text knows the letters of western Europe.",
			Breaks:  []Broken{{contract.TOL5, "multi-script"}},
			change: writing(func(text string) error {
				if strings.ContainsFunc(text, func(c rune) bool { return c > 0xff }) {
					return crash("UnicodeEncodeError: 'latin-1' codec can't encode characters")
				}
				return nil
			}),
		},
		{
			Name:    "nul-refused",
			Mistake: "The database does not take a NUL in a text, and nobody takes it out.",
			Breaks:  []Broken{{contract.TOL5, "control-character"}},
			change: writing(func(text string) error {
				if strings.Contains(text, "\x00") {
					return crash("unsupported Unicode escape sequence: \\u0000 cannot be converted to text")
				}
				return nil
			}),
		},
		{
			Name:    "sql-concatenated",
			Mistake: "The text is put into the SQL statement with a plus sign.",
			Breaks:  []Broken{{contract.TOL5, "injection-looking text"}},
			change: adding(func(s store, ctx context.Context, ev receiver.Event, reply []byte) (bool, error) {
				if ev.Kind == receiver.Inbound {
					query := "SELECT count(*) FROM events WHERE key = '" + ev.Text + "'" // the mistake
					var n int
					if err := s.DB.QueryRowContext(ctx, query).Scan(&n); err != nil {
						return false, err
					}
				}
				return s.Add(ctx, ev, reply)
			}),
		},
		{
			Name:    "null-text-crash",
			Mistake: "The text is put into lower case before anybody asks whether there is one.",
			Breaks:  []Broken{{contract.INB1, "null text"}},
			change: reading(func(ev *receiver.Event, _ http.Header, _, payload receiver.Fields) error {
				if ev.Kind == receiver.Inbound && string(payload["text"]) == "null" {
					return crash("AttributeError: 'NoneType' object has no attribute 'lower'")
				}
				return nil
			}),
		},
		{
			Name:    "rcs-refused",
			Mistake: "The channel of an inbound message is an enum of sms and whatsapp.",
			Breaks:  []Broken{{contract.INB1, "RCS chip"}},
			change: reading(func(ev *receiver.Event, _ http.Header, _, _ receiver.Fields) error {
				if ev.Kind == receiver.Inbound && ev.Channel == "rcs" {
					return &answer{http.StatusUnprocessableEntity, "channel: expected sms or whatsapp"}
				}
				return nil
			}),
		},
		{
			Name:    "inbound-lost",
			Mistake: "What contacts write on WhatsApp is acknowledged, and nothing is done with it.",
			Breaks:  []Broken{{contract.INB1, "an inbound text shows"}},
			May:     []contract.ID{contract.IDEM4, contract.IDEM5},
			change: reading(func(ev *receiver.Event, _ http.Header, _, _ receiver.Fields) error {
				if ev.Kind == receiver.Inbound && ev.Channel == "whatsapp" {
					ev.Kind = receiver.Unknown
				}
				return nil
			}),
		},
		{
			Name:    "replies-only-to-stop",
			Mistake: "STOP is answered with a goodbye, and nothing else is answered at all.",
			Breaks:  []Broken{{contract.INB2, "an inbound STOP triggers no reply"}},
			May:     []contract.ID{contract.CON2, contract.IDEM5},
			change:  stopOnly,
		},
		{
			Name:    "reply-to-stop",
			Mistake: "Every text is answered, STOP as well.",
			Breaks:  []Broken{{contract.INB2, "an inbound STOP triggers no reply"}},
			change: func(r *receiver.Receiver, _ receiver.Config) error {
				reply := r.ReplyTo
				r.ReplyTo = func(ev receiver.Event) []byte {
					if ev.Kind == receiver.Inbound && ev.Text != "" {
						ev.Text = "Hello"
					}
					return reply(ev)
				}
				return nil
			},
		},
	}
}

// stopOnly answers STOP, and nothing else.
func stopOnly(r *receiver.Receiver, _ receiver.Config) error {
	reply := r.ReplyTo
	r.ReplyTo = func(ev receiver.Event) []byte {
		if ev.Kind != receiver.Inbound || ev.Text != "STOP" {
			return nil
		}
		ev.Text = "Hello"
		return reply(ev)
	}
	return nil
}

// writing refuses texts that come in.
func writing(refuses func(text string) error) func(*receiver.Receiver, receiver.Config) error {
	return reading(func(ev *receiver.Event, _ http.Header, _, _ receiver.Fields) error {
		if ev.Kind != receiver.Inbound {
			return nil
		}
		return refuses(ev.Text)
	})
}
