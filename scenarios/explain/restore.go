package explain

import (
	"bytes"
	"fmt"
	"math/bits"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tidwall/gjson"
	"golang.org/x/text/unicode/norm"

	"github.com/sentsim/sentsim/scenarios/capture"
)

// Bounds of giving a body Sent's form: how many bodies are made of one, and how
// many bytes it may have. No event of Sent has so many.
const (
	mostRestored = 200
	largeEvent   = 1 << 15
)

// restoring are the bodies that body may have been before a program read it and
// printed it anew, in another form than Sent's. Each of them says all that was
// undone to get it; those with the fewest differences come first.
func restoring(r capture.Request, body []byte) []candidate {
	doc := gjson.ParseBytes(body)
	if !gjson.ValidBytes(body) || !doc.IsObject() || len(body) > largeEvent {
		return nil
	}
	var all []candidate
	base := treeOf(doc)
	add := func(n *node, changes []change) {
		for _, plain := range []bool{false, true} {
			if printed := n.print(nil, plain); len(all) < mostRestored && !bytes.Equal(printed, bytes.TrimSpace(body)) {
				said := slices.Concat(changes, printingOf(body, plain))
				for i := range said {
					said[i].note = r.Parsed
				}
				all = append(all, candidate{bytes: printed, changes: said, last: true})
			}
		}
	}
	var always []change
	add(base, nil)
	if n := base.clone(); n.inSnakeCase() {
		base, doc = n, gjson.ParseBytes(n.print(nil, false))
		always = []change{fault("body-keys-renamed", "the keys of the body are written in another way, as in accountId, where Sent writes account_id")}
		add(base, always)
	}
	s, ok := nearest(doc)
	if !ok {
		return all
	}
	var useful []restoration
	for _, x := range restorations(orderOf(base)) {
		if before := base.print(nil, false); !bytes.Equal(before, x.applied(base, s.body).print(nil, false)) {
			useful = append(useful, x)
		}
	}
	for _, set := range subsets(len(useful)) {
		n, changes := base, slices.Clone(always)
		for i, x := range useful {
			if set&(1<<i) != 0 {
				n = x.applied(n, s.body)
				changes = append(changes, x.change)
			}
		}
		add(n, changes)
	}
	for decimals := 1; decimals <= 6; decimals++ {
		n := base.clone()
		if was := n.withDecimals(decimals); was != "" {
			add(n, append(slices.Clone(always), fault("body-number-changed", "a number of the body is printed in another way: "+was)))
		}
	}
	if compact(body) && bytes.Equal(bytes.TrimSpace(body), bytes.TrimSpace(r.Body)) { // of what was captured, and not of all that it may have been
		for _, c := range retexted(treeOf(gjson.ParseBytes(body))) {
			for i := range c.changes {
				c.changes[i].note = r.Parsed
			}
			all = append(all, c)
		}
	}
	return all
}

// subsets are all subsets of n things as bits, the smallest first; of many
// things only those of one, of all, and of all but one.
func subsets(n int) []uint {
	const most = 5
	var all []uint
	whole := uint(1)<<n - 1
	for set := uint(1); set <= whole; set++ {
		if k := bits.OnesCount(set); n <= most || k == 1 || k >= n-1 {
			all = append(all, set)
		}
	}
	slices.SortStableFunc(all, func(a, b uint) int { return bits.OnesCount(a) - bits.OnesCount(b) })
	return all
}

func fault(cause, said string) change {
	return change{cause: cause, said: said, fix: "Verify the bytes that arrive, and never parse and print JSON before that."}
}

// restoration gives an event one detail of Sent's form back.
type restoration struct {
	change
	undo func(n *node, o *object)
}

func (x restoration) applied(n *node, o *object) *node {
	n = n.clone()
	x.undo(n, o)
	return n
}

// restorations are in the order in which they can be applied together: the keys
// first, then the values, and the order of the keys last; order says which one
// they have.
func restorations(order change) []restoration {
	values := func(cause, said string, undo func(value gjson.Result, p *place) string) restoration {
		return restoration{fault(cause, said), func(n *node, o *object) {
			n.walk(o, func(value *node, p *place) {
				if raw := undo(value.value, p); value.kind == 0 && raw != "" {
					value.set(raw)
				}
			})
		}}
	}
	text := func(f form, change func(string) string) func(gjson.Result, *place) string {
		return func(v gjson.Result, p *place) string {
			if p.form != f || v.Type != gjson.String {
				return ""
			}
			return quoted(change(v.String()))
		}
	}
	return []restoration{
		{fault("body-field-added", "the body has fields that Sent did not send: it is right without them"), func(n *node, o *object) {
			n.objects(o, (*node).withoutUnknown)
		}},
		{fault("body-field-missing", "the fields that are null are missing from the body: it is right with them"), func(n *node, o *object) {
			n.objects(o, (*node).withNulls)
		}},
		values("body-null-changed", "fields of the body are an empty text where Sent writes null", func(v gjson.Result, p *place) string {
			if p.null && v.Type == gjson.String && v.String() == "" {
				return "null"
			}
			return ""
		}),
		values("body-times-reformatted", "times in the body are written in another way than Sent's (2026-10-01T12:00:00Z)", func(v gjson.Result, p *place) string {
			if p.form != formTime {
				return ""
			}
			return timeOf(v)
		}),
		values("body-case-changed", "ids in the body are written in upper case, and Sent writes them in lower case", text(formID, strings.ToLower)),
		values("body-case-changed", "words in the body are written in lower case where Sent writes upper case (a status)", text(formUpper, strings.ToUpper)),
		values("body-case-changed", "words in the body are written in upper case where Sent writes lower case (a channel)", text(formLower, strings.ToLower)),
		values("body-plus-lost", "the + before the phone numbers is missing in the body", text(formPhone, func(s string) string {
			if digits := strings.TrimSpace(s); inFormPhone.MatchString(digits) {
				return "+" + strings.TrimPrefix(digits, "+")
			}
			return s
		})),
		values("body-types-changed", "numbers or truth values of the body are written as texts", func(v gjson.Result, p *place) string {
			if v.Type == gjson.String && (p.form == formNumeral || p.form == formBool) && gjson.Valid(v.String()) {
				return v.String()
			}
			return ""
		}),
		values("body-accents-apart", "letters and their accents stand apart in the body (Unicode's form NFD, as macOS writes it): it is right for the form NFC", func(v gjson.Result, _ *place) string {
			if composed := norm.NFC.String(v.String()); v.Type == gjson.String && composed != v.String() {
				return quoted(composed)
			}
			return ""
		}),
		{order, func(n *node, o *object) { n.objects(o, (*node).inOrder) }},
	}
}

// inSnakeCase renames the keys of n and of all that is in it; it reports whether
// there was something to rename.
func (n *node) inSnakeCase() bool {
	renamed := false
	for i, key := range n.keys {
		n.keys[i] = snake(key)
		renamed = renamed || n.keys[i] != key
	}
	for _, part := range n.parts {
		renamed = part.inSnakeCase() || renamed
	}
	return renamed
}

func (n *node) withoutUnknown(o *object) {
	for i := len(n.keys) - 1; i >= 0; i-- {
		if o.at[n.keys[i]] == nil {
			n.keys, n.parts = slices.Delete(n.keys, i, i+1), slices.Delete(n.parts, i, i+1)
		}
	}
}

// withNulls puts a null wherever one is missing, behind the key behind which it
// stands in an event of Sent.
func (n *node) withNulls(o *object) {
	behind := 0
	for _, key := range o.keys {
		if i := slices.Index(n.keys, key); i >= 0 {
			behind = i + 1
		} else if o.at[key].null {
			null := &node{}
			null.set("null")
			n.keys, n.parts = slices.Insert(n.keys, behind, key), slices.Insert(n.parts, behind, null)
			behind++
		}
	}
}

// inOrder puts the keys into Sent's order; those that it does not know stay
// behind the others.
func (n *node) inOrder(o *object) {
	var keys []string
	var parts []*node
	take := func(known bool) {
		for _, key := range o.keys {
			if part := n.get(key); known && part != nil {
				keys, parts = append(keys, key), append(parts, part)
			}
		}
		for i, key := range n.keys {
			if !known && o.at[key] == nil {
				keys, parts = append(keys, key), append(parts, n.parts[i])
			}
		}
	}
	take(true)
	take(false)
	n.keys, n.parts = keys, parts
}

// withDecimals prints the numbers of n that are no whole ones with so many
// decimals; it says which one it has changed, "" where it has changed none.
func (n *node) withDecimals(decimals int) (was string) {
	if n.kind == 0 && n.value.Type == gjson.Number {
		whole := !strings.ContainsAny(n.value.Raw, ".eE")
		printed := strconv.FormatFloat(n.value.Float(), 'f', decimals, 64)
		if again, err := strconv.ParseFloat(printed, 64); whole || err != nil || again != n.value.Float() || printed == n.value.Raw {
			return ""
		}
		was = fmt.Sprintf("%s was sent, %s is in the capture", printed, n.value.Raw)
		n.set(printed)
	}
	for _, part := range n.parts {
		if changed := part.withDecimals(decimals); was == "" {
			was = changed
		}
	}
	return was
}

// timeOf is a time as Sent writes it, as JSON; "" where v is none.
func timeOf(v gjson.Result) string {
	at := time.Time{}
	for _, layout := range []string{
		time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04:05-0700", "2006-01-02T15:04:05 -0700", "2006-01-02T15:04:05 MST", time.DateTime,
		"2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05-0700", "2006-01-02 15:04:05 MST", "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05 -0700 MST",
		"2006-01-02T15:04Z07:00", time.RFC1123, time.RFC1123Z,
	} {
		if parsed, err := time.Parse(layout, v.String()); err == nil && v.Type == gjson.String {
			at = parsed
			break
		}
	}
	if v.Type == gjson.Number {
		const milliseconds = 1e11 // no time in seconds is so late
		if at = time.Unix(v.Int(), 0); v.Float() > milliseconds {
			at = time.UnixMilli(v.Int())
		}
	}
	if at.IsZero() {
		return ""
	}
	return quoted(at.UTC().Format(time.RFC3339))
}

// printingOf are the ways in which the parts of a body are printed otherwise
// than Sent's: blanks between them, and escapes if they are undone.
func printingOf(body []byte, plain bool) (all []change) {
	if plain {
		if escaped := escapesOf(body); len(escaped) > 0 {
			all = append(all, fault("body-characters-escaped", "characters of the body are written as escapes ("+strings.Join(escaped, ", ")+"), and it is right for the characters themselves"))
		}
		if bytes.Contains(body, []byte(`\/`)) {
			all = append(all, fault("body-slashes-escaped", `slashes of the body were written as \/`))
		}
	}
	switch {
	case compact(body):
	case bytes.Contains(bytes.TrimSpace(body), []byte("\n")):
		all = append(all, fault("body-pretty-printed", "the body was printed anew with blanks and line breaks; it is right for the compact JSON"))
	default:
		all = append(all, fault("body-pretty-printed", "the body was printed anew with blanks between its parts, as Python's json.dumps and others do; it is right for the compact JSON"))
	}
	return all
}

// escaped is one escape in a text of JSON, or a pair of them for one character.
var escaped = regexp.MustCompile(`\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[0-9a-fA-F]{4}|u[0-9a-fA-F]{4}|.)`)

// escapesOf are some of the escapes in a body that stand for characters which
// need none, each with its character.
func escapesOf(body []byte) (all []string) {
	const most = 3
	for _, found := range escaped.FindAll(body, -1) {
		c, _ := utf8.DecodeRuneInString(gjson.Parse(`"` + string(found) + `"`).String())
		short := strings.ContainsRune("\b\f\n\r\t\"\\", c)
		if found[1] != 'u' || c < ' ' && !short || len(all) == most {
			continue
		}
		said := fmt.Sprintf("%c as %s", c, found)
		if !slices.Contains(all, said) {
			all = append(all, said)
		}
	}
	return all
}
