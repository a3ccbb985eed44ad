package explain

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/sentsim/sentsim/simulator/event"
)

// mostLeftOut is how many fields may be missing of an event of Sent. One that lacks
// more, and has no others, is of a form that is not known here.
const mostLeftOut = 3

// formFault says in which detail a body has not the form that Sent gives its
// events: then it is not what was signed, and nothing can be said of the secret.
// An event of a family that is not known here is judged by its order only.
func formFault(body []byte) (reason, bool) {
	const changed = ": it is not the body that Sent signed, and nothing can be said of the secret"
	const fix = "Capture the raw body, before anything parses and prints it."
	doc := gjson.ParseBytes(body)
	if !doc.Get("payload").IsObject() && !doc.Get("Payload").IsObject() {
		return reason{}, false
	}
	tree := treeOf(doc)
	if n := tree.clone(); n.inSnakeCase() {
		return reason{"body-keys-renamed", "the keys of the body are written in another way than Sent's, which are as account_id" + changed, fix}, true
	}
	s, ok := nearest(doc)
	if !ok {
		if order, is := sorted(tree); is {
			return reason{order.cause, order.said + changed, fix}, true
		}
		return reason{}, false
	}
	name := s.named(doc)
	missing, unknown := s.body.differences(doc, "")
	switch {
	case len(missing) > 0 && (len(missing) <= mostLeftOut && len(unknown) == 0):
		return reason{"body-field-missing", fmt.Sprintf("the body has no %s, which %s of Sent always has: what captured it left out a part, and the signature covers every byte", strings.Join(missing, ", no "), name), captureAgain}, true
	case len(unknown) > 0 && s.family != event.ParentLink: // of which Sent's types do not name every field
		return reason{"body-field-added", fmt.Sprintf("the body has %s, which %s of Sent does not have as far as is known here: if it was added, the body is not what Sent signed, and nothing can be said of the secret", strings.Join(unknown[:min(len(unknown), 3)], " and "), name), fix}, true
	}
	if wrong, is := s.wrongValue(tree); is {
		return reason{"body-value-changed", wrong + changed, fix}, true
	}
	if order, is := s.wrongOrder(tree); is {
		return reason{order.cause, order.said + changed, fix}, true
	}
	return reason{}, false
}

// named is the kind of an event, for people.
func (s shape) named(doc gjson.Result) string {
	name := s.family
	for _, key := range []string{"sub_type", "event"} {
		if v := doc.Get(key).String(); v != "" {
			name = v
		}
	}
	return "a " + name + " event"
}

// wrongValue names the first value that is not written as Sent writes it.
func (s shape) wrongValue(tree *node) (said string, found bool) {
	tree.walk(s.body, func(value *node, p *place) {
		if found || value.kind != 0 || p.fits(value.value) {
			return
		}
		found = true
		said = fmt.Sprintf("the body has %s where Sent writes %s", excerpt([]byte(value.value.String())), p.form.said())
		switch {
		case value.value.Type == gjson.Null:
			said = "the body has null where Sent writes " + p.form.said()
		case value.value.String() == "" && p.null:
			said = "the body has an empty text where Sent writes null"
		}
	})
	return said, found
}

// said is the form for people.
func (f form) said() string {
	switch f {
	case formID:
		return "a UUID in lower case"
	case formTime:
		return "a time as 2026-10-01T12:00:00Z"
	case formPhone:
		return "a phone number, digits only"
	case formUpper:
		return "a word in upper case"
	case formLower:
		return "a word in lower case"
	case formNumeral:
		return "a number"
	case formBool:
		return "true or false"
	case formAny, formText:
	}
	return "a text"
}

// wrongOrder says how the keys of an event are ordered where that is not Sent's
// order. Deliveries have been seen of messages and templates; of the payloads of
// the other families only the fields are known, and no more is asked of them than
// that nobody has sorted them.
func (s shape) wrongOrder(tree *node) (change, bool) {
	known := tree.clone()
	if payload := known.get("payload"); payload != nil && s.family != event.ParentMessage && s.family != event.ParentTemplates {
		if order, is := sorted(payload); is && !slices.IsSorted(s.body.at["payload"].object.keys) {
			return order, true
		}
		payload.kind, payload.keys, payload.parts = 0, nil, nil
	}
	ordered := known.clone()
	ordered.objects(s.body, (*node).inOrder)
	if slices.Equal(known.allKeys(), ordered.allKeys()) {
		return change{}, false
	}
	return orderOf(tree), true
}

// allKeys are the keys of n and of all that is in it.
func (n *node) allKeys() []string {
	all := slices.Clone(n.keys)
	for _, part := range n.parts {
		all = append(all, part.allKeys()...)
	}
	return all
}

// orderOf says in which order the keys stand.
func orderOf(n *node) change {
	if order, is := sorted(n); is {
		return order
	}
	return fault("body-keys-reordered", "the keys of the body stand in another order than the one in which Sent writes them")
}

// sorted says how the keys of n are sorted, and of all that is in it.
func sorted(n *node) (change, bool) {
	const fewest = 3 // two may be in any order by chance
	byLength := func(a, b string) int {
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return strings.Compare(a, b)
	}
	switch {
	case len(n.keys) < fewest:
	case n.every(func(n *node) bool { return slices.IsSorted(n.keys) }):
		return fault("body-keys-sorted", "the keys of the body were sorted: it was parsed and printed anew"), true
	case n.every(func(n *node) bool { return slices.IsSortedFunc(n.keys, byLength) }):
		return fault("body-keys-sorted", "the keys of the body were sorted by their length, as PostgreSQL's jsonb does: it was parsed and printed anew"), true
	}
	return change{}, false
}

// every reports whether is holds for n and all objects in it.
func (n *node) every(is func(*node) bool) bool {
	return is(n) && !slices.ContainsFunc(n.parts, func(part *node) bool { return !part.every(is) })
}
