package explain

import (
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// Bounds of what is put back into a text.
const (
	mostBlanks   = 40 // places where a second blank may have stood
	mostTrimmed  = 3  // blanks that were cut off at an end
	longestHuman = 4096
)

// retexted are the bodies that body may have been before a program changed what a
// person wrote in it: each has one change, which leaves the JSON as Sent prints it.
func retexted(base *node) (all []candidate) {
	add := func(n *node, c change) {
		all = append(all, candidate{bytes: n.print(nil, false), changes: []change{c}, last: true})
	}
	base.human(func(at func(*node) *node, v gjson.Result) {
		try := func(raw string, c change) {
			if raw != v.Raw {
				n := base.clone()
				at(n).set(raw)
				add(n, c)
			}
		}
		if v.Type == gjson.Null {
			try(`""`, fault("body-null-changed", "a text of the body is null, and it is right for an empty text (frameworks make null of empty texts)"))
			return
		}
		inside := v.Raw[1 : len(v.Raw)-1]
		whole := func(text string) string { return `"` + text + `"` }
		try(whole(strings.NewReplacer("–", "--", "—", "---").Replace(inside)), fault("body-typographic", "dashes in the body are typographic (–), and it is right for two hyphens (--)"))
		try(whole(strings.ReplaceAll(strings.ReplaceAll(inside, `\r\n`, `\n`), `\n`, `\r\n`)), fault("body-line-ends-changed", `line breaks in a text of the body are \n, and it is right for \r\n`))
		trimmed := fault("body-text-trimmed", "blanks or a line break at the end or the beginning of a text of the body were cut off: it is right with them")
		for n := range mostTrimmed {
			blanks := strings.Repeat(" ", n+1)
			try(whole(inside+blanks), trimmed)
			try(whole(blanks+inside), trimmed)
		}
		try(whole(inside+`\n`), trimmed)
		try(whole(inside+`\r\n`), trimmed)
		collapsed := fault("body-blanks-collapsed", "of two blanks in a text of the body one is left, as a web page shows them: it is right with both")
		for i, n := 0, 0; i < len(inside) && n < mostBlanks; i++ {
			if inside[i] == ' ' {
				try(whole(inside[:i]+" "+inside[i:]), collapsed)
				n++
			}
		}
	})
	return all
}

// human calls see for each text of an event that a person may have written, with a
// way to find it in a copy of n.
func (n *node) human(see func(at func(*node) *node, v gjson.Result)) {
	payload := n.get("payload")
	if payload == nil {
		return
	}
	for _, key := range payload.keys {
		part := payload.get(key)
		written := part.value.Type == gjson.String || part.value.Type == gjson.Null
		if part.kind == 0 && written && len(part.value.Raw) < longestHuman && slices.Contains([]string{"text", "body", "title"}, key) {
			see(func(n *node) *node { return n.get("payload").get(key) }, part.value)
		}
	}
}
