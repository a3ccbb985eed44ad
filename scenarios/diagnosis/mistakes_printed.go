package diagnosis

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/signing"
)

// printing is a way in which programs print JSON that they have parsed.
type printing struct {
	name  string
	print func(body []byte) []byte
}

func printings() []printing {
	indented := func(by string) func([]byte) []byte {
		return func(body []byte) []byte {
			var out bytes.Buffer
			if json.Indent(&out, body, "", by) != nil {
				return nil
			}
			return out.Bytes()
		}
	}
	all := []printing{
		{"printed by JSON.stringify with an indentation of 2", indented("  ")},
		{"printed with an indentation of 4", indented("    ")},
		{"printed with an indentation of a tab", indented("\t")},
		{"printed by Python's json.dumps, with blanks after , and :", spaced},
		{"printed with sorted keys", sorted},
		{"printed by Python's json.dumps with sort_keys, with blanks after , and :", func(body []byte) []byte { return spaced(sorted(body)) }},
		{"reduced to its payload", payloadOf},
		{"reduced to its payload, printed with an indentation of 2", func(body []byte) []byte { return indented("  ")(payloadOf(body)) }},
		{"reduced to its payload, printed by Python's json.dumps", func(body []byte) []byte { return spaced(payloadOf(body)) }},
	}
	for _, p := range slices.Clone(all) {
		all = append(all, printing{p.name + " and a line break behind it", func(body []byte) []byte {
			if printed := p.print(body); printed != nil {
				return append(printed, '\n')
			}
			return nil
		}})
	}
	return all
}

// spaced puts a blank after each comma and colon that is not within a text.
func spaced(body []byte) []byte {
	var out []byte
	within := false
	for n := 0; n < len(body); n++ {
		c := body[n]
		out = append(out, c)
		switch {
		case within && c == '\\' && n+1 < len(body):
			n++
			out = append(out, body[n])
		case c == '"':
			within = !within
		case !within && (c == ',' || c == ':'):
			out = append(out, ' ')
		}
	}
	return out
}

func sorted(body []byte) []byte {
	var parsed any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if d.Decode(&parsed) != nil {
		return nil
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if e.Encode(parsed) != nil {
		return nil
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}

func payloadOf(body []byte) []byte {
	var e struct {
		Payload json.RawMessage `json:"payload"`
	}
	if json.Unmarshal(body, &e) != nil {
		return nil
	}
	return e.Payload
}

// mistakeAndBody looks for a receiver that makes a known mistake and prints the body
// anew as well: neither shows where an event is signed with the other alone. Nearly
// every printing of {} is {}, so the mistake is looked for with that, and the printing
// then with an event: a sum of tries, and no product. One that is slow to refuse has no
// time for it.
func (i *investigation) mistakeAndBody() *report.Diagnosis {
	if i.facts.worthless.Duration > slowdown*prompt || i.r.Secret.IsZero() {
		return nil
	}
	event := string(i.plainBody())
	for _, p := range printings() {
		what, a := i.signedAs(event, string(p.print([]byte(event))))
		if what != accepted && what != changed {
			continue
		}
		i.note("the event, signed as if it had been "+p.name, a.Outcome)
		return &report.Diagnosis{
			Cause:   "body-reserialised",
			Summary: "key, clock and headers are right, and the receiver verifies the body as it is " + p.name + ": signed like that, the delivery gets " + i.seen(a.Outcome) + ", and signed over its own bytes " + i.seen(i.plain),
			Fix:     rawBytes,
		}
	}
	const small = `{}`
	for _, m := range append(signing.Mistakes(), signing.AddressMistakes(http.MethodPost, i.r.URL)...) {
		if i.over() {
			return nil
		}
		if i.ignoresBody(m) {
			continue // it was tried with the event, and something else makes the same of {}
		}
		what, a := i.mistaken(m, small, small)
		if what != accepted && what != changed {
			continue
		}
		if again, _ := i.mistaken(m, `[]`, `[]`); again != accepted && again != changed {
			continue // by chance, or it is not the mistake alone
		}
		i.note("the body {}, signed with the mistake "+m.Name, a.Outcome)
		d := &report.Diagnosis{
			Cause: m.Name + "-and-body-changed",
			Summary: "the receiver makes a known mistake (it " + strings.TrimPrefix(m.Summary, "the receiver ") + "), and something changes the body before it is verified: signed with that mistake, {} gets " + i.seen(a.Outcome) +
				", and the event does not (" + i.seen(i.plain) + ")",
			Fix: m.Fix + " " + rawBytes,
		}
		for _, p := range printings() {
			what, b := i.mistaken(m, event, string(p.print([]byte(event))))
			if what != accepted && what != changed {
				continue
			}
			i.note("the event, signed with that mistake as if it had been "+p.name, b.Outcome)
			d.Cause = m.Name + "-and-body-reserialised"
			d.Summary = "the receiver makes two mistakes at once: it " + strings.TrimPrefix(m.Summary, "the receiver ") + ", and it verifies the body as it is " + p.name + "; signed like that, the delivery gets " + i.seen(b.Outcome)
			return d
		}
		return d
	}
	return nil
}

// ignoresBody reports whether a mistake makes the same signature of any body.
func (i *investigation) ignoresBody(m signing.Mistake) bool {
	now, id := i.now(), i.r.Webhook.String()
	return slices.Equal(m.Sign(i.r.Secret, id, now, []byte(`{}`)).Headers, m.Sign(i.r.Secret, id, now, []byte(`{"a":"x"}`)).Headers)
}

// mistaken sends one body with the signature that a mistake makes of another.
func (i *investigation) mistaken(m signing.Mistake, body, signed string) (effect, answer) {
	now := i.now()
	r := i.plainSigned([]byte(body), now)
	s := m.Sign(i.r.Secret, r.Get(signing.HeaderID), now, []byte(signed))
	if len(s.Headers) == 0 {
		return nothing, answer{Outcome: delivery.Outcome{Kind: delivery.Cancelled}}
	}
	return i.try(withSignature(r, s))
}
