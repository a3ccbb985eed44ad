// Package vectors makes signed deliveries for tests that have no sentsim at
// hand: genuine ones and forged ones, each with its headers, its body, the secret,
// the time to assume, and what a receiver must answer. The same edition gives the
// same bytes on every machine and at any time.
package vectors

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/scenarios/trigger"
	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/contract"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/seed"
	"github.com/sentsim/sentsim/simulator/signing"
)

// Schema is the version of the document's form: a field that is added leaves it,
// one that is taken away or means something else raises it.
const Schema = 1

// Document is all vectors of one edition.
type Document struct {
	Schema  int      `json:"schema"`
	Edition string   `json:"edition"`
	Vectors []Vector `json:"vectors"`
}

// Vector is one delivery and what a receiver owes it.
type Vector struct {
	ID string `json:"id"` // stable within a schema
	// Headers are Sent's own, by name. Each character of a value is one byte
	// (ISO-8859-1), as in HTTP.
	Headers map[string]string `json:"headers"`
	Body    *string           `json:"body"` // null where it is not UTF-8
	// BodyBase64 is the body's bytes where they are not UTF-8.
	BodyBase64 string `json:"body_base64,omitempty"`
	Secret     string `json:"secret"`
	Now        int64  `json:"now"`    // Unix seconds that the receiver's clock shows
	Expect     string `json:"expect"` // accept (2xx) or reject (4xx)
	Rule       string `json:"rule"`
	Strict     bool   `json:"strict,omitempty"` // only a strict run insists on it
	Why        string `json:"why"`
}

// What a receiver must answer.
const (
	Accept = "accept"
	Reject = "reject"
)

// Everything is signed as of this moment.
func moment() time.Time { return time.Date(2026, time.October, 1, 12, 0, 0, 0, time.UTC) }

const vectorSeed = seed.Seed(1)

// Make makes the vectors of an edition.
func Make(edition event.Edition) (Document, error) {
	m := maker{knobs: simulator.DefaultKnobs().In(edition)}
	var err error
	if m.secret, err = signing.GenerateSecret(vectorSeed.Stream("vectors secret")); err != nil {
		return Document{}, err
	}
	if m.id, err = uuid.NewRandomFromReader(vectorSeed.Stream("vectors webhook")); err != nil {
		return Document{}, err
	}
	m.genuine(edition)
	m.skewed()
	m.oddBodies()
	m.headers()
	m.forged()
	return Document{Schema: Schema, Edition: edition.Name, Vectors: m.vectors}, m.err
}

type maker struct {
	knobs   simulator.Knobs
	secret  signing.Secret
	id      uuid.UUID
	vectors []Vector
	err     error // the first
}

// request makes the delivery of an order; its headers are Sent's.
func (m *maker) request(o trigger.Order) delivery.Request {
	o.Seed, o.At, o.Knobs, o.WebhookID = vectorSeed, moment(), m.knobs, m.id
	d, err := trigger.New(o)
	if err == nil {
		var r delivery.Request
		if r, err = d.Request("", m.secret, moment()); err == nil {
			return r
		}
	}
	if m.err == nil {
		m.err = fmt.Errorf("vector of %s %s: %w", o.Event, o.Forge, err)
	}
	return delivery.Request{}
}

func (m *maker) add(id, expect, ruleID, why string, r delivery.Request) *Vector {
	v := Vector{ID: id, Headers: map[string]string{}, Secret: m.secret.Reveal(), Now: moment().Unix(), Expect: expect, Rule: ruleID, Why: why}
	for _, h := range r.Headers {
		value := make([]rune, 0, len(h.Value))
		for _, b := range []byte(h.Value) {
			value = append(value, rune(b))
		}
		v.Headers[h.Name] = string(value)
	}
	if utf8.Valid(r.Body) {
		text := string(r.Body)
		v.Body = &text
	} else {
		v.BodyBase64 = base64.StdEncoding.EncodeToString(r.Body)
	}
	if _, ok := rule.Get(ruleID); !ok && m.err == nil {
		m.err = fmt.Errorf("vector %s: there is no rule %s", id, ruleID)
	}
	m.vectors = append(m.vectors, v)
	return &m.vectors[len(m.vectors)-1]
}

// genuine are all events of the edition, signed right.
func (m *maker) genuine(edition event.Edition) {
	families := strings.Split(string(edition.Families), ",")
	for _, k := range event.Catalogue() {
		if k.Extended || !slices.Contains(families, k.Parent()) {
			continue
		}
		m.add("genuine-"+k.Name, Accept, contract.SIG1, "a correctly signed delivery of "+k.Name, m.request(trigger.Order{Event: k.Name}))
	}
}

const sample = "message.delivered"

// skewed are within what clocks may differ by.
func (m *maker) skewed() {
	for _, offset := range []time.Duration{-240 * time.Second, 240 * time.Second, -290 * time.Second, 290 * time.Second} {
		v := m.add(fmt.Sprintf("skew%+d", int(offset.Seconds())), Accept, contract.SIG8,
			fmt.Sprintf("the clocks differ by %d s, and %d are allowed", int(offset.Abs().Seconds()), int(signing.Tolerance.Seconds())),
			m.request(trigger.Order{Event: sample, SignedAt: offset}))
		v.Strict = offset.Abs() > 240*time.Second
	}
}

// oddBodies are JSON that a program prints otherwise than it read it.
func (m *maker) oddBodies() {
	plain := string(m.request(trigger.Order{Event: sample}).Body)
	for _, odd := range []struct{ id, why, body string }{
		{"whitespace", "the body has blanks and line breaks between its parts", strings.NewReplacer(`":"`, "\" : \n\t\"", `,"`, ` , "`).Replace(plain)},
		{"unicode-escapes", `the body writes characters as \u escapes`, strings.Replace(plain, "{", `{"text":"caf\u00e9 \ud83d\ude00",`, 1)},
		{"slash-escapes", `the body writes slashes as \/`, strings.Replace(plain, "{", `{"url":"https:\/\/example.com\/a",`, 1)},
		{"key-order", "the keys of the body stand in another order", strings.Replace(plain, "{", `{"zz":1,"aa":2,`, 1)},
		{"numbers", "the body has numbers that programs print otherwise: 1.0, 1e2", strings.Replace(plain, "{", `{"a":1.0,"b":1e2,"c":12345678901234567890,`, 1)},
		{"duplicate-keys", "a key stands in the body twice", strings.Replace(plain, "{", `{"twice":1,"twice":2,`, 1)},
		{"trailing-newline", "the body ends with a line break", plain + "\n"},
		{"not-normalised", "the body has characters that normalisation or HTML escaping would change", strings.Replace(plain, "{", "{\"text\":\"e\u0301 <b>&amp;</b> \u212b \u2028\",", 1)},
	} {
		m.add("raw-bytes-"+odd.id, Accept, contract.SIG9, odd.why+"; the signature is over these bytes, so only the raw bytes verify", m.request(trigger.Order{Event: sample, Raw: true, Body: []byte(odd.body)}))
	}
}

// headers are signed right, with headers that are written otherwise.
func (m *maker) headers() {
	lower := m.request(trigger.Order{Event: sample})
	for i := range lower.Headers {
		lower.Headers[i].Name = strings.ToLower(lower.Headers[i].Name)
	}
	m.add("headers-lower-case", Accept, contract.SIG11, "the names of the headers are in lower case, as HTTP/2 has them", lower)
	several := m.request(trigger.Order{Event: sample})
	for i, h := range several.Headers {
		if h.Name == signing.HeaderSignature {
			several.Headers[i].Value = "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= " + h.Value
		}
	}
	m.add("several-signatures", Accept, contract.SIG12, "the header has two signatures, separated by a space, and the second one fits", several).Strict = true
}

// forged are all forgeries of one delivery.
func (m *maker) forged() {
	for _, f := range chaos.Forgeries() {
		m.add("forged-"+f.Name, Reject, f.Rule, f.Doc, m.request(trigger.Order{Event: sample, Forge: f.Name})).Strict = f.StrictOnly
	}
}
