package diagnosis

import (
	"net/http"
	"slices"
	"strings"

	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/signing"
)

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
	for _, p := range signing.Printings() {
		what, a := i.signedAs(event, string(p.Print([]byte(event))))
		if what != accepted && what != changed {
			continue
		}
		i.note("the event, signed as if it had been "+p.Name, a.Outcome)
		return &report.Diagnosis{
			Cause:   "body-reserialised",
			Summary: "key, clock and headers are right, and the receiver verifies the body as it is " + p.Name + ": signed like that, the delivery gets " + i.seen(a.Outcome) + ", and signed over its own bytes " + i.seen(i.plain),
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
		for _, p := range signing.Printings() {
			what, b := i.mistaken(m, event, string(p.Print([]byte(event))))
			if what != accepted && what != changed {
				continue
			}
			i.note("the event, signed with that mistake as if it had been "+p.Name, b.Outcome)
			d.Cause = m.Name + "-and-body-reserialised"
			d.Summary = "the receiver makes two mistakes at once: it " + strings.TrimPrefix(m.Summary, "the receiver ") + ", and it verifies the body as it is " + p.Name + "; signed like that, the delivery gets " + i.seen(b.Outcome)
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
