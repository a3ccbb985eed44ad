package mutant

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/sentsim/sentsim/scenarios/receiver"
	"github.com/sentsim/sentsim/simulator/contract"
)

// Mistakes with headers that are not there, and with the time.
func headerMutants() []Mutant {
	olderAndNewer := []Broken{
		{contract.SIG6, "rejects a validly signed delivery older than 300 s"},
		{contract.SIG7, "rejects one more than 300 s in the future"},
	}
	return []Mutant{
		{
			Name:    "verified-if-signed",
			Mistake: "A delivery is verified if it has a signature: if (signature && !valid).",
			Breaks:  []Broken{{contract.SIG4, "rejects when any of the three signature headers is missing or empty"}},
			change: verifying(func(key []byte, h http.Header, body []byte, now time.Time) error {
				if h.Get("X-Webhook-Signature") == "" {
					return nil
				}
				return receiver.Verify(key, h, body, now)
			}),
		},
		{
			Name:    "empty-id-signed",
			Mistake: "Nobody asks for the webhook id: without it, nothing is signed in its place.",
			Breaks:  []Broken{{contract.SIG4, "also when the rest is signed consistently without it"}},
			change: checking(func(c *check) {
				c.present = func(_, timestamp, signatures string) bool { return timestamp != "" && signatures != "" }
			}),
		},
		{
			Name:    "undefined-signed",
			Mistake: "A missing webhook id is the text undefined in what is signed, as a template string makes it.",
			Breaks:  []Broken{{contract.SIG4, "also when the rest is signed consistently without it"}},
			change: checking(func(c *check) {
				c.present = func(_, timestamp, signatures string) bool { return timestamp != "" && signatures != "" }
				c.content = func(id, timestamp string, body []byte) []byte {
					if id == "" {
						id = "undefined"
					}
					return signedContent(id, timestamp, body)
				}
			}),
		},
		{
			Name:    "timestamp-optional",
			Mistake: "Without a timestamp there is nothing to compare with the clock, so the age is not checked.",
			Breaks: []Broken{
				{contract.SIG4, "also when the rest is signed consistently without it"},
				{contract.SIG6, "empty"},
			},
			change: checking(func(c *check) {
				c.present = func(id, _, signatures string) bool { return id != "" && signatures != "" }
				c.fresh = func(timestamp string, now int64) error {
					if timestamp == "" {
						return nil
					}
					return fresh(timestamp, now)
				}
			}),
		},
		{
			Name:    "id-optional",
			Mistake: "Without X-Webhook-ID, {timestamp}.{body} is what is signed, as an older scheme had it.",
			Breaks:  []Broken{{contract.SIG4, "with and without the dot that followed it"}},
			change: checking(func(c *check) {
				c.present = func(_, timestamp, signatures string) bool { return timestamp != "" && signatures != "" }
				c.content = func(id, timestamp string, body []byte) []byte {
					if id == "" {
						return append([]byte(timestamp+"."), body...)
					}
					return signedContent(id, timestamp, body)
				}
			}),
		},
		{
			Name:    "header-case",
			Mistake: "The headers are looked up in the list of raw ones, spelled as the documentation spells them.",
			Breaks:  []Broken{{contract.SIG11, "header names are case-insensitive"}},
			change:  caseSensitive,
		},
		{
			Name:    "any-timestamp",
			Mistake: "The timestamp is signed, and nobody looks at it.",
			Breaks:  olderAndNewer,
			change:  timing(func(string, int64) error { return nil }),
		},
		{
			Name:    "future-unchecked",
			Mistake: "Only the age is limited: now - timestamp > 300.",
			Breaks:  []Broken{{contract.SIG7, "rejects one more than 300 s in the future"}},
			change: timing(func(timestamp string, now int64) error {
				seconds, err := strconv.ParseUint(timestamp, 10, 63)
				if err != nil {
					return receiver.ErrTimestamp
				}
				if now-int64(seconds) > receiver.Tolerance {
					return receiver.ErrTolerance
				}
				return nil
			}),
		},
		{
			Name:    "timestamp-in-32-bits",
			Mistake: "The timestamp is kept in 32 bits, in which a time 136 years ahead is now.",
			Breaks:  []Broken{{contract.SIG7, "rejects one more than 300 s in the future"}},
			change: timing(func(timestamp string, now int64) error {
				seconds, err := strconv.ParseUint(timestamp, 10, 63)
				if err != nil {
					return receiver.ErrTimestamp
				}
				if apart := int32(now) - int32(seconds); apart > receiver.Tolerance || apart < -receiver.Tolerance { //nolint:gosec // the mistake
					return receiver.ErrTolerance
				}
				return nil
			}),
		},
		{
			Name:    "tolerance-in-milliseconds",
			Mistake: "The tolerance of 300 is written in milliseconds and compared with seconds.",
			Breaks:  olderAndNewer,
			change:  timing(within(300 * 1000)),
		},
		{
			Name:    "tolerance-of-a-minute",
			Mistake: "The clocks may differ by a minute and no more.",
			Breaks:  []Broken{{contract.SIG8, "accepts ±240 s of skew"}},
			change:  timing(within(60)),
		},
		{
			Name:    "milliseconds-guessed",
			Mistake: "A timestamp that is too large for seconds is taken for milliseconds.",
			Breaks:  []Broken{{contract.SIG7, "milliseconds instead of seconds"}},
			May:     []contract.ID{contract.SIG6},
			change: timing(func(timestamp string, now int64) error {
				if len(timestamp) == 13 {
					timestamp = timestamp[:10]
				}
				return fresh(timestamp, now)
			}),
		},
		{
			Name:    "unreadable-timestamp-passes",
			Mistake: "A timestamp that is not a number is not older than anything: no comparison with it is true.",
			Breaks:  []Broken{{contract.SIG6, "non-numeric"}},
			change: timing(func(timestamp string, now int64) error {
				seconds, err := strconv.ParseFloat(timestamp, 64)
				if err != nil {
					seconds = math.NaN()
				}
				if age := float64(now) - seconds; age > receiver.Tolerance || age < -receiver.Tolerance {
					return receiver.ErrTolerance
				}
				return nil
			}),
		},
		{
			Name:    "digits-then-anything",
			Mistake: "The timestamp is read with parseInt, which stops at the first character that is no digit.",
			Breaks:  []Broken{{contract.SIG6, "trailing text, a fraction or an exponent only with --strict"}},
			change: timing(func(timestamp string, now int64) error {
				digits := len(timestamp) - len(strings.TrimLeft(timestamp, "0123456789"))
				return fresh(timestamp[:digits], now)
			}),
		},
		{
			Name:    "timestamp-wraps-around",
			Mistake: "The timestamp is read digit by digit into 64 bits, which overflow.",
			Breaks:  []Broken{{contract.SIG6, "overflowing timestamp"}},
			change: timing(func(timestamp string, now int64) error {
				var seconds uint64
				for _, c := range timestamp {
					if c < '0' || c > '9' {
						return receiver.ErrTimestamp
					}
					seconds = seconds*10 + uint64(c-'0')
				}
				return fresh(strconv.FormatUint(seconds, 10), now)
			}),
		},
		{
			Name:    "sign-ignored",
			Mistake: "What is no digit is stripped from the timestamp before it is read, a minus sign for instance.",
			Breaks:  []Broken{{contract.SIG6, "negative"}},
			change: timing(func(timestamp string, now int64) error {
				return fresh(strings.TrimLeft(timestamp, "+- "), now)
			}),
		},
	}
}

// timing replaces the comparison of the timestamp with the clock.
func timing(f func(timestamp string, now int64) error) func(*receiver.Receiver, receiver.Config) error {
	return checking(func(c *check) { c.fresh = f })
}

func fresh(timestamp string, now int64) error { return within(receiver.Tolerance)(timestamp, now) }

func within(most int64) func(timestamp string, now int64) error {
	return func(timestamp string, now int64) error {
		seconds, err := strconv.ParseUint(timestamp, 10, 63)
		if err != nil {
			return receiver.ErrTimestamp
		}
		if age := now - int64(seconds); age > most || age < -most {
			return receiver.ErrTolerance
		}
		return nil
	}
}
