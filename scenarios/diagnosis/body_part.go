package diagnosis

import (
	"fmt"
	"strings"
	"unicode/utf16"

	"github.com/sentsim/sentsim/scenarios/report"
)

// partOfBody is for a receiver that finds a signature over an empty body right, and
// over no other. An empty body is what some of it, or another writing of it, makes of
// an empty one, so only the event itself tells them apart. Nil where none of them fits.
func (i *investigation) partOfBody() *report.Diagnosis {
	event := string(i.plainBody())
	for _, p := range []struct{ cause, signed, how, what string }{
		{"body-empty", "", "an empty body", "the body that is verified is not the one that was sent: it is empty, because something else had read it before"},
		{"body-cut", event[:len(event)-1], "the event without its last byte", "the last byte of the body is not verified"},
		{"body-cut", event[1:], "the event without its first byte", "the first byte of the body is not verified"},
		{"body-as-utf16be", utf16BE(event), "the event in UTF-16 (big-endian)", "the body is verified in UTF-16 (big-endian, as UTF_16BE and Encoding.BigEndianUnicode write it)"},
	} {
		what, a := i.signedAs(event, p.signed)
		if what != accepted && what != changed {
			continue
		}
		i.note("the event, signed as if it were "+p.how, a.Outcome)
		return &report.Diagnosis{
			Cause:   p.cause,
			Summary: "key, clock and headers are right, and " + p.what + ": the event is refused when its own bytes are signed (" + i.seen(i.plain) + "), and gets " + i.seen(a.Outcome) + " with a signature over " + p.how,
			Fix:     rawBytes,
		}
	}
	return nil
}

func utf16BE(text string) string {
	var out strings.Builder
	for _, unit := range utf16.Encode([]rune(text)) {
		out.WriteByte(byte(unit >> 8))
		out.WriteByte(byte(unit & 0xff))
	}
	return out.String()
}

// cutBody looks for a receiver that verifies the first bytes of an ordinary event only.
func (i *investigation) cutBody() *report.Diagnosis {
	event := string(i.plainBody())
	return i.cutTo(event, func(text string) string { return `{"a":"` + text + `"}` })
}

// cutTo looks for a receiver that verifies the first bytes of a body only, where one is
// refused that is longer: it finds how many by bodies of known sizes, which within makes
// of a text, and proves it with that body.
func (i *investigation) cutTo(long string, within func(text string) string) *report.Diagnosis {
	around := len(within(""))
	sized := func(n int) string { return within(strings.Repeat("x", n-around)) }
	fits, not := around+1, len(long)
	if not <= fits || i.right(sized(not)) {
		return nil // it is not the length
	}
	for not-fits > 1 && !i.over() {
		if n := (fits + not) / 2; i.right(sized(n)) {
			fits = n
		} else {
			not = n
		}
	}
	what, a := i.signedAs(long, long[:fits])
	if what != accepted && what != changed {
		return nil
	}
	i.note(fmt.Sprintf("the body that was refused, signed as if it ended after %d bytes", fits), a.Outcome)
	return &report.Diagnosis{
		Cause:   "body-cut",
		Summary: fmt.Sprintf("key, clock and headers are right, and only the first %d bytes of the body are verified: a body of %d bytes is refused when all of them are signed (%s), and gets %s when the first %d are", fits, len(long), i.seen(i.plain), i.seen(a.Outcome), fits),
		Fix:     "Read the body to its end before it is verified: one read, or a buffer of a fixed size, gives only its beginning. " + rawBytes,
	}
}
