package diagnosis

import (
	"context"
	"fmt"
	"strings"

	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/signing"
)

const rawBytes = "Verify the raw bytes as they arrived, before anything decodes, normalises, filters or parses them: express.raw({type: 'application/json'}), await request.text(), request.get_data(), io.ReadAll(r.Body), file_get_contents('php://input'), request.raw_post."

// feature is something within a body that a change of it shows by, and what such
// changes make of it.
type feature struct {
	name  string // "an accent as a character of its own"
	text  string // as it stands in the body
	turns []turn
}

// turn is what a change makes of a feature.
type turn struct{ into, what string }

func features() []feature {
	const escaped = "HTML-escaped or sanitised (an XSS filter, htmlspecialchars over all input)"
	const reprinted = "parsed and printed again"
	const form = "decoded as a form"
	return []feature{
		{"a letter with its accent as a character of its own", "e\u0301", []turn{{"\u00e9", "normalised to Unicode's form NFC"}, {`\u0065\u0301`, reprinted}, {`e\u0301`, reprinted}, {"e", "stripped of accents"}, {"e?", "turned into ASCII"}}},
		{"a letter with an accent (é)", "\u00e9", []turn{{"e\u0301", "normalised to Unicode's form NFD"}, {`\u00e9`, reprinted + ", which escapes what is not ASCII"}, {`\u00E9`, reprinted + ", which escapes what is not ASCII"}, {"Ã©", "read as Latin-1 and encoded again"}, {"?", "turned into ASCII"}, {"??", "turned into ASCII"}, {"", "stripped of what is not ASCII"}, {"e", "stripped of accents"}, {"\xe9", "re-encoded in Latin-1"}, {"\ufffd\ufffd", "read as ASCII"}, {"&eacute;", escaped}, {"&#233;", escaped}}},
		{"an emoji", "\U0001F44D", []turn{{`\ud83d\udc4d`, reprinted + ", which escapes what is not ASCII"}, {`\uD83D\uDC4D`, reprinted + ", which escapes what is not ASCII"}, {"?", "re-encoded for a character set without emoji"}, {"????", "turned into ASCII"}, {"", "stripped of emoji"}, {"\ufffd", "re-encoded"}, {"&#128077;", escaped}}},
		{"a ligature (ﬁ)", "\ufb01", []turn{{"fi", "normalised to Unicode's form NFKC"}}},
		{"&", "&", []turn{{"&amp;", escaped}, {`\u0026`, reprinted + ", which escapes &"}, {"", "stripped of &"}, {"+", form}}},
		{"<", "<", []turn{{"&lt;", escaped}, {`\u003c`, reprinted + ", which escapes <"}, {`\u003C`, reprinted + ", which escapes <"}, {"", "stripped of tags"}}},
		{"a tag (<b>)", "a<b>c</b>", []turn{{"ac", "stripped of tags"}, {"a&lt;b&gt;c&lt;/b&gt;", escaped}, {`a\u003cb\u003ec\u003c/b\u003e`, reprinted + ", which escapes < and >"}, {`a<b>c<\/b>`, reprinted + ", which escapes /"}}},
		{"an apostrophe", "it's", []turn{{"it&#39;s", escaped}, {"it&#039;s", escaped}, {"it&#x27;s", escaped}, {`it\u0027s`, reprinted + ", which escapes '"}, {"it''s", "escaped for SQL"}, {`it\'s`, "escaped with backslashes"}, {"it’s", "given typographic quotes"}}},
		{"+", "1+1", []turn{{"1 1", form}, {`1\u002B1`, reprinted + ", which escapes +"}, {`1\u002b1`, reprinted + ", which escapes +"}, {"1%2B1", "encoded as a URL"}}},
		{"a percent sign (%41)", "%41", []turn{{"A", form + " or a URL"}}},
		{"/", "a/b", []turn{{`a\/b`, reprinted + ", which escapes /"}, {"a&#x2F;b", escaped}}},
		{`an escaped / (\/)`, `a\/b`, []turn{{"a/b", reprinted}}},
		{`an escaped letter (\u0041)`, `\u0041`, []turn{{"A", reprinted}}},
		{`an escaped letter (\u00e9)`, `\u00e9`, []turn{{"\u00e9", reprinted}}},
		{"an escaped line break", `a\nb`, []turn{{"a\nb", "stripped of backslashes"}, {"anb", "stripped of backslashes"}, {`a\r\nb`, "given Windows line breaks"}}},
		{"two blanks", "a  b", []turn{{"a b", "stripped of repeated blanks"}}},
		{"blanks at the ends", " a ", []turn{{"a", "trimmed, text by text"}}},
		{"an empty text beside", "", []turn{}},
		{"upper case", "Ab", []turn{{"ab", "put into lower case"}}},
		{"a date", "2025-10-31T10:10:42Z", []turn{{"2025-10-31T10:10:42+00:00", reprinted + " with dates in another form"}, {"2025-10-31T10:10:42.000Z", reprinted + " with dates in another form"}, {"2025-10-31T10:10:42", reprinted + " with dates in another form"}, {"2025-10-31 10:10:42", reprinted + " with dates in another form"}}},
	}
}

// shapes are whole bodies that only a change of the JSON around the texts alters.
func shapes() []struct {
	name, body string
	turns      []turn
} {
	const reprinted = "parsed and printed again"
	return []struct {
		name, body string
		turns      []turn
	}{
		{"a blank after ':'", `{"a": "x"}`, []turn{{`{"a":"x"}`, reprinted + " without blanks"}}},
		{"no blank after ':'", `{"a":"x"}`, []turn{{`{"a": "x"}`, reprinted + " with blanks"}}},
		{"keys that are not sorted", `{"b":"x","a":"x"}`, []turn{{`{"a":"x","b":"x"}`, reprinted + " with sorted keys"}, {`{"a": "x", "b": "x"}`, reprinted + " with sorted keys"}}},
		{"a number like 1.0", `{"a":1.0}`, []turn{{`{"a":1}`, reprinted}}},
		{"a line break at the end", "{\"a\":\"x\"}\n", []turn{{`{"a":"x"}`, "trimmed"}}},
		{"a duplicate key", `{"a":"x","a":"x"}`, []turn{{`{"a":"x"}`, reprinted}}},
		{"null", `{"a":null}`, []turn{{`{}`, reprinted + " without what is null"}, {`{"a":""}`, "changed: null became an empty text"}}},
		{"an empty text", `{"a":""}`, []turn{{`{"a":null}`, "changed: an empty text became null (ConvertEmptyStringsToNull of Laravel)"}}},
	}
}

// right reports whether a signature over this body is found right: it gets another
// answer than the same signature spoilt.
func (i *investigation) right(body string) bool {
	what, _ := i.try(i.plainSigned([]byte(body), i.now()))
	return what == accepted || what == changed
}

// signedAs sends one body with the signature of another.
func (i *investigation) signedAs(body, signed string) (effect, answer) {
	now := i.now()
	r := i.plainSigned([]byte(body), now)
	return i.try(r.With(signing.HeaderSignature, i.r.Secret.Sign(i.r.Webhook.String(), now, []byte(signed))))
}

// changedBody looks for a body whose signature is found right: then key, clock
// and headers are right, and something changes the others before they are verified.
func (i *investigation) changedBody() *report.Diagnosis {
	var fits, not []string
	for _, body := range []string{`{}`, `[]`, `1`, `{"a":"x"}`, `{"field":"message"}`, `{"a": "x"}`, ``} {
		if i.over() {
			break
		}
		times := 0
		for times < 3 && i.right(body) { // once may be by chance
			times++
		}
		if times == 3 {
			fits = append(fits, body)
		} else {
			not = append(not, body)
		}
	}
	if len(fits) == 0 {
		if d := i.compressedBody(); d != nil {
			return d
		}
		i.tried = append(i.tried, "correctly signed bodies that nothing would change ({}, 1, an empty one): none made a difference")
		return nil
	}
	i.tried = append(i.tried, "signatures over these bodies are found right: "+strings.Join(quoted(fits), " "))
	d := &report.Diagnosis{
		Cause:   "body-changed",
		Summary: "key, clock and headers are right, and something changes the body before it is verified: a signature over " + quoted(fits)[0] + " is found right, and one over the event is not (" + i.seen(i.plain) + ")",
		Fix:     rawBytes,
	}
	if len(fits) == 1 && fits[0] == "" {
		if part := i.partOfBody(); part != nil {
			return part
		}
		return d
	}
	if len(not) == 0 {
		if cut := i.cutBody(); cut != nil {
			return cut
		}
	}
	if !i.right(`{"a":"x"}`) {
		if len(not) > 0 {
			d.Summary += "; over " + strings.Join(quoted(not), " and ") + " it is not either"
		}
		return d
	}
	i.narrow(d, func(text string) string { return `{"a":"` + text + `"}` })
	return d
}

// compressedBody looks whether the receiver verifies the body compressed. How a long
// text is compressed differs from library to library; the few bytes of {} do not.
func (i *investigation) compressedBody() *report.Diagnosis {
	const deflated, sums = "\xab\xae\x05\x00", "\x43\xbf\xa6\xa3\x02\x00\x00\x00"
	const gzip = "\x1f\x8b\x08\x00\x00\x00\x00\x00" // the next two bytes are the library's and the system's
	for _, c := range []struct{ how, body string }{
		{"gzip", gzip + "\x00\x03" + deflated + sums}, // Node, PHP, Ruby
		{"gzip", gzip + "\x02\xff" + deflated + sums}, // Python
		{"gzip", gzip + "\x00\x00" + deflated + sums}, // Java
		{"gzip", gzip + "\x00\xff" + deflated + sums}, // Java 16 and later
		{"zlib", "\x78\x9c" + deflated + "\x01\x75\x00\xf9"},
		{"deflate", deflated},
	} {
		what, a := i.signedAs(`{}`, c.body)
		if what != accepted && what != changed {
			continue
		}
		i.note("the body {}, signed as if it had been compressed with "+c.how, a.Outcome)
		return &report.Diagnosis{
			Cause:   "body-compressed",
			Summary: "key, clock and headers are right, and the body is compressed (" + c.how + ") before it is verified: {} is refused when its own bytes are signed (" + i.seen(i.plain) + "), and gets " + i.seen(a.Outcome) + " when the compressed ones are",
			Fix:     rawBytes,
		}
	}
	return nil
}

func quoted(bodies []string) []string {
	out := make([]string, len(bodies))
	for n, b := range bodies {
		if out[n] = b; b == "" {
			out[n] = "an empty body"
		}
	}
	return out
}

// narrow finds out which features of a body are not found right, and what is made
// of them, and says so in d. within puts a text into a body whose signature is right.
func (i *investigation) narrow(d *report.Diagnosis, within func(text string) string) bool {
	var odd []string
	for _, f := range features() {
		if i.over() {
			break
		}
		body := within(f.text)
		if i.right(body) {
			continue
		}
		odd = append(odd, f.name)
		for _, t := range f.turns {
			if what, a := i.signedAs(body, within(t.into)); what == accepted || what == changed {
				i.changedTo(d, f.name, t.what, a.Outcome)
				return true
			}
		}
	}
	for _, s := range shapes() {
		if i.over() {
			break
		}
		if i.right(s.body) {
			continue
		}
		odd = append(odd, s.name)
		for _, t := range s.turns {
			if what, a := i.signedAs(s.body, t.into); what == accepted || what == changed {
				i.changedTo(d, s.name, t.what, a.Outcome)
				return true
			}
		}
	}
	if len(odd) > 0 {
		i.tried = append(i.tried, "signatures over bodies with these are not found right: "+strings.Join(odd, ", "))
		d.Summary += "; bodies with " + strings.Join(odd[:min(len(odd), 4)], ", or ") + " are refused, and without them they are not"
	}
	return false
}

func (i *investigation) changedTo(d *report.Diagnosis, feature, what string, o delivery.Outcome) {
	i.note("a body with "+feature+", signed as if it had been "+what, o)
	d.Summary = fmt.Sprintf("key, clock and headers are right, and the body is changed before it is verified: it is %s. A body with %s is refused when its own bytes are signed (%s), and gets %s when the changed ones are", what, feature, i.seen(i.plain), i.seen(o))
	d.Fix = rawBytes
	d.Cause = "body-changed"
	for _, k := range []struct{ word, cause string }{
		{"normalised", "body-normalised"}, {"HTML", "body-escaped"}, {"printed", "body-reserialised"}, {"as a form", "body-form-decoded"}, {"trimmed", "body-trimmed"},
	} {
		if strings.Contains(what, k.word) {
			d.Cause = k.cause
			return
		}
	}
}

// BodyRefused finds out why a receiver that takes ordinary deliveries refuses this
// genuine one, whose body is out of the ordinary (SIG-9, TOL-5): whether its
// signature is found wrong, because something changes the body first. Nil where it
// is something else.
func BodyRefused(ctx context.Context, r Receiver, refused delivery.Request, o delivery.Outcome) *report.Diagnosis {
	i := begin(ctx, r, o)
	i.tried = nil
	i.note("a genuine delivery of an unusual body", o)
	if o.Kind != delivery.Answered {
		return nil
	}
	i.facts.worthless = i.tell("an ordinary delivery with a spoilt signature", spoilt(i.genuine()))
	i.facts.again = i.tell("an ordinary genuine delivery", i.genuine())
	if !i.facts.again.Accepted() || printOf(o, refused.URL) != i.facts.worthless.print {
		return nil // it is not the answer that a wrong signature gets
	}
	for _, odd := range []bool{true, false, false, true, true, false} { // not in turns: it may be chance, or one instance of several
		r := i.genuine()
		if odd {
			r = refused.Signed(i.r.Secret, i.now())
		}
		if i.send(r).Accepted() == odd {
			return nil
		}
	}
	d := &report.Diagnosis{
		Cause:   "body-changed",
		Summary: "the body is changed before its signature is verified: this delivery gets the answer of a wrong signature (" + i.seen(o) + "), and ordinary ones are taken",
		Fix:     rawBytes,
	}
	within := i.within()
	if within != nil {
		if cut := i.cutTo(string(refused.Body), within); cut != nil {
			cut.Evidence = i.tried
			return cut
		}
	}
	if within == nil || !i.narrow(d, within) {
		for _, m := range signing.Mistakes() {
			signed := m.Sign(i.r.Secret, i.r.Webhook.String(), i.now(), refused.Body)
			if len(signed.Headers) == 0 || i.over() {
				continue
			}
			if what, a := i.try(withSignature(refused, signed)); what == accepted || what == changed {
				i.note("signed with the mistake "+m.Name, a.Outcome)
				d.Cause, d.Fix = m.Name, m.Fix
				d.Summary = "the body is changed before its signature is verified: the receiver " + strings.TrimPrefix(m.Summary, "the receiver ") + "; signed like that, this delivery gets " + i.seen(a.Outcome)
				break
			}
		}
	}
	d.Evidence = i.tried
	return d
}

// within puts a text into a field of its own of an ordinary event; nil where
// the receiver does not take such a field.
func (i *investigation) within() func(text string) string {
	event := string(i.plainBody())
	put := func(text string) string { return strings.TrimSuffix(event, "}") + `,"note":"` + text + `"}` }
	if i.right(put("x")) {
		return put
	}
	return nil
}

// Resigned finds out whether genuine deliveries of a receiver that has taken another
// one are refused because it changes their bodies before it verifies them: each
// gets the answer of a wrong signature, and is taken when it is signed with one and
// the same known mistake. It returns which of them are, and the diagnosis; nil
// where there is no such mistake.
func Resigned(ctx context.Context, r Receiver, taken delivery.Request, refused []driver.Exchange) (changed map[int]bool, d *report.Diagnosis) {
	i := begin(ctx, r, refused[0].Outcome)
	ordinary := taken.Body
	again := i.plainSigned(ordinary, i.now())
	i.facts.worthless = i.tell("a delivery that it has taken, with a spoilt signature", spoilt(again))
	if i.facts.worthless.Accepted() || !i.send(again).Accepted() {
		return nil, nil
	}
	var mistakes []signing.Mistake // those that make no difference to what is taken
	for _, m := range signing.Mistakes() {
		if len(m.Sign(i.r.Secret, i.r.Webhook.String(), i.now(), ordinary).Headers) == 0 {
			mistakes = append(mistakes, m)
		}
	}
	const patience = 3 // of how many nothing must be found before no more are tried
	changed = map[int]bool{}
	looked := 0
	for n, x := range refused {
		if printOf(x.Outcome, x.Request.URL) != i.facts.worthless.print || len(changed) == 0 && looked == patience {
			continue
		}
		looked++
		var fit []signing.Mistake
		for _, m := range mistakes {
			signed := m.Sign(i.r.Secret, i.r.Webhook.String(), i.now(), x.Request.Body)
			if len(signed.Headers) == 0 || i.over() {
				continue
			}
			if what, _ := i.try(withSignature(x.Request, signed)); what == accepted {
				fit = append(fit, m)
			}
		}
		if len(fit) > 0 { // the next ones tell these apart
			changed[n], mistakes = true, fit
			i.tried = append(i.tried, x.What+", signed with the mistake "+fit[0].Name+": taken")
		}
	}
	if len(changed) == 0 {
		return nil, nil
	}
	m := mistakes[0]
	return changed, &report.Diagnosis{
		Cause:    m.Name,
		Summary:  "the body is changed before its signature is verified: the receiver " + strings.TrimPrefix(m.Summary, "the receiver ") + "; signed like that, what it refuses with " + i.seen(i.facts.worthless.Outcome) + " is taken",
		Fix:      m.Fix,
		Evidence: i.tried,
	}
}
