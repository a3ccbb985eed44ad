package signing

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strconv"
)

// node is a parsed JSON value that remembers the order of its members, as the
// objects of JavaScript, Python and PHP do.
type node struct {
	kind    nodeKind
	text    string // of a text, decoded; of a number or a word, as written
	items   []node // of an array, or the values of an object
	members []string
}

type nodeKind int

const (
	nodeWord nodeKind = iota // true, false, null
	nodeNumber
	nodeText
	nodeArray
	nodeObject
)

// maxDepth bounds nesting; whatever is deeper counts as not JSON.
const maxDepth = 200

// parseJSON reads exactly one JSON value; false when body is anything else.
func parseJSON(body []byte) (node, bool) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	n, err := readNode(d, maxDepth)
	if err != nil {
		return node{}, false
	}
	if _, err := d.Token(); err != io.EOF {
		return node{}, false
	}
	return n, true
}

func readNode(d *json.Decoder, depth int) (node, error) {
	token, err := d.Token()
	if err != nil {
		return node{}, err
	}
	switch t := token.(type) {
	case string:
		return node{kind: nodeText, text: t}, nil
	case json.Number:
		return node{kind: nodeNumber, text: string(t)}, nil
	case bool:
		return node{text: strconv.FormatBool(t)}, nil
	case json.Delim:
		if depth == 0 {
			return node{}, io.ErrUnexpectedEOF
		}
		return readItems(d, t, depth-1)
	}
	return node{text: "null"}, nil
}

// readItems reads an array's or an object's content and its end. Of members
// with one name the last value stays, in the place of the first.
func readItems(d *json.Decoder, open json.Delim, depth int) (node, error) {
	n := node{kind: nodeArray}
	if open == '{' {
		n.kind = nodeObject
	}
	at := map[string]int{}
	for d.More() {
		var name string
		if n.kind == nodeObject {
			token, err := d.Token()
			if err != nil {
				return node{}, err
			}
			name, _ = token.(string) // the decoder takes nothing else there
		}
		item, err := readNode(d, depth)
		if err != nil {
			return node{}, err
		}
		if i, twice := at[name]; twice && n.kind == nodeObject {
			n.items[i] = item
			continue
		}
		at[name] = len(n.items)
		n.items = append(n.items, item)
		if n.kind == nodeObject {
			n.members = append(n.members, name)
		}
	}
	_, err := d.Token() // the closing bracket
	return n, err
}

// jsonStyle is how a language's own JSON library prints.
type jsonStyle struct {
	comma, colon string // between items, after a name
	indent       string // one level; "" prints one line
	text         func(dst []byte, s string) []byte
	number       func(literal string) string
	indexFirst   bool // names that are array indices come first, ascending
	emptyObject  string
}

func (st jsonStyle) append(dst []byte, n node, depth int) []byte {
	switch n.kind {
	case nodeText:
		return st.text(dst, n.text)
	case nodeNumber:
		return append(dst, st.number(n.text)...)
	case nodeWord:
		return append(dst, n.text...)
	case nodeArray, nodeObject:
	}
	open, closing := byte('['), byte(']')
	if n.kind == nodeObject {
		open, closing = '{', '}'
		if len(n.items) == 0 && st.emptyObject != "" {
			return append(dst, st.emptyObject...)
		}
	}
	dst = append(dst, open)
	for i, at := range st.order(n) {
		if i > 0 {
			dst = append(dst, st.comma...)
		}
		dst = st.appendLine(dst, depth+1)
		if n.kind == nodeObject {
			dst = append(st.text(dst, n.members[at]), st.colon...)
		}
		dst = st.append(dst, n.items[at], depth+1)
	}
	if len(n.items) > 0 {
		dst = st.appendLine(dst, depth)
	}
	return append(dst, closing)
}

func (st jsonStyle) appendLine(dst []byte, depth int) []byte {
	if st.indent == "" {
		return dst
	}
	dst = append(dst, '\n')
	for range depth {
		dst = append(dst, st.indent...)
	}
	return dst
}

// order is in which order a node's items are printed.
func (st jsonStyle) order(n node) []int {
	order := make([]int, len(n.items))
	for i := range order {
		order[i] = i
	}
	if st.indexFirst && n.kind == nodeObject {
		slices.SortStableFunc(order, func(a, b int) int {
			x, y := arrayIndex(n.members[a]), arrayIndex(n.members[b])
			switch {
			case x == y:
				return 0
			case x < y:
				return -1
			}
			return 1
		})
	}
	return order
}

// arrayIndex is a name's place among JavaScript's integer keys; others come after all of them.
func arrayIndex(name string) uint64 {
	const after = 1<<32 - 1
	n, err := strconv.ParseUint(name, 10, 32)
	if err != nil || n >= after || strconv.FormatUint(n, 10) != name {
		return after
	}
	return n
}

// member is the value under a name; false where n is no object that has it.
func (n node) member(name string) (node, bool) {
	at := slices.Index(n.members, name)
	if at < 0 {
		return node{}, false
	}
	return n.items[at], true
}
