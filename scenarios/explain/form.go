package explain

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/sentsim/sentsim/scenarios/capture"
	"github.com/sentsim/sentsim/simulator/event"
)

// mostLeftOut is how many fields may be missing of an event of Sent. One that lacks
// more, and has no others, is of a form that is not known here.
const mostLeftOut = 3

// oddity is a detail in which a body has not the form that Sent is known to give it.
type oddity struct {
	reason
	said    string // a clause, for a body that is as it arrived
	resized bool   // a change that does it gives the body another length too
}

// formFault says in which detail a body has not the form that Sent gives its
// events: then it is not what was signed, and nothing can be said of the secret,
// unless it is known to be what arrived. An event of a family that is not known
// here is judged by its order only.
func formFault(body []byte) (oddity, bool) {
	const changed = ": it is not the body that Sent signed, and nothing can be said of the secret"
	const fix = "Capture the raw body, before anything parses and prints it."
	doc := gjson.ParseBytes(body)
	if !doc.Get("payload").IsObject() && !doc.Get("Payload").IsObject() {
		return oddity{}, false
	}
	tree := treeOf(doc)
	if n := tree.clone(); n.inSnakeCase() {
		return oddity{reason: reason{"body-keys-renamed", "the keys of the body are written in another way than Sent's, which are as account_id" + changed, fix}}, true
	}
	s, ok := nearest(doc)
	if !ok {
		if order, is := sorted(tree); is {
			return oddity{reason: reason{order.cause, order.said + changed, fix}}, true
		}
		return oddity{}, false
	}
	name := s.named(doc)
	missing, unknown := s.body.differences(doc, "")
	switch {
	case len(missing) > 0 && (len(missing) <= mostLeftOut && len(unknown) == 0):
		lacks := fmt.Sprintf("the body has no %s, which %s of Sent always has", strings.Join(missing, ", no "), name)
		return oddity{reason{"body-field-missing", lacks + ": what captured it left out a part, and the signature covers every byte", captureAgain}, lacks, true}, true
	case len(unknown) > 0 && s.family != event.ParentLink: // of which Sent's types do not name every field
		has := fmt.Sprintf("the body has %s, which %s of Sent does not have as far as is known here", strings.Join(unknown[:min(len(unknown), 3)], " and "), name)
		return oddity{reason{"body-field-added", has + ": if it was added, the body is not what Sent signed, and nothing can be said of the secret", fix}, has, true}, true
	}
	if wrong, resized := s.wrongValue(tree); wrong != "" {
		return oddity{reason{"body-value-changed", wrong + changed, fix}, wrong, resized}, true
	}
	if order, is := s.wrongOrder(tree); is {
		return oddity{reason{order.cause, order.said + changed, fix}, order.said, false}, true
	}
	return oddity{}, false
}

// asSigned reports whether an oddity of the body is no reason to doubt that it is
// what was signed: all of the bytes arrived, as Content-Length counts them, and are
// printed as Sent prints them, so Sent has begun to write its events so. The order
// of keys leaves the length as it is: programs that print a body anew sort them or
// are a log, and of any other order the contract says nothing.
func (o oddity) asSigned(r capture.Request, body []byte) bool {
	if !arrivedWhole(r) || !bytes.Equal(body, r.Body) || !compact(body) {
		return false
	}
	return o.resized || o.cause == "body-keys-reordered" && !r.Reported
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

// wrongValue names the first value that is not written as Sent writes it, "" where
// there is none, and whether it has another length than it would have.
func (s shape) wrongValue(tree *node) (said string, resized bool) {
	tree.walk(s.body, func(value *node, p *place) {
		if said != "" || value.kind != 0 || p.fits(value.value) {
			return
		}
		text := value.value.String()
		said = fmt.Sprintf("the body has %s where Sent writes %s", excerpt([]byte(text)), p.form.said())
		resized = !p.mayHaveLength(value.value)
		switch {
		case value.value.Type == gjson.Null:
			said = "the body has null where Sent writes " + p.form.said()
		case text == "" && p.null:
			said = "the body has an empty text where Sent writes null"
		}
	})
	return said, resized
}

// mayHaveLength reports whether a value at this place may have become v without
// another length: in upper or lower case, or with other signs in a time.
func (p *place) mayHaveLength(v gjson.Result) bool {
	switch p.form { //nolint:exhaustive // those whose values can be changed so
	case formTime:
		return len(v.String()) == len("2026-10-01T12:00:00Z")
	case formID:
		return inFormID.MatchString(strings.ToLower(v.String()))
	case formUpper, formLower:
		return v.Type == gjson.String && v.String() != ""
	}
	return false
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
