package explain

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tidwall/gjson"
)

// node is a parsed JSON value that keeps the order of its keys and the way in
// which each number and text is written.
type node struct {
	value gjson.Result // of what has no parts
	kind  byte         // '{', '[' or 0
	keys  []string     // of an object
	parts []*node
}

func treeOf(v gjson.Result) *node {
	n := &node{value: v}
	switch {
	case v.IsObject():
		n.kind = '{'
	case v.IsArray():
		n.kind = '['
	default:
		return n
	}
	v.ForEach(func(key, part gjson.Result) bool {
		if n.kind == '{' {
			n.keys = append(n.keys, key.String())
		}
		n.parts = append(n.parts, treeOf(part))
		return true
	})
	return n
}

func (n *node) clone() *node {
	c := &node{value: n.value, kind: n.kind, keys: slices.Clone(n.keys)}
	for _, part := range n.parts {
		c.parts = append(c.parts, part.clone())
	}
	return c
}

// get is the part of an object under a key, or nil.
func (n *node) get(key string) *node {
	if i := slices.Index(n.keys, key); i >= 0 {
		return n.parts[i]
	}
	return nil
}

// set makes n the value that raw is.
func (n *node) set(raw string) { n.value = gjson.Parse(raw) }

// print appends n without blanks between its parts: its texts as they are
// written, or plain, with no escape that need not be.
func (n *node) print(dst []byte, plain bool) []byte {
	if n.kind == 0 {
		if plain && n.value.Type == gjson.String {
			return append(dst, quoted(n.value.String())...)
		}
		return append(dst, n.value.Raw...)
	}
	dst = append(dst, n.kind)
	for i, part := range n.parts {
		if i > 0 {
			dst = append(dst, ',')
		}
		if n.kind == '{' {
			dst = append(append(dst, quoted(n.keys[i])...), ':')
		}
		dst = part.print(dst, plain)
	}
	return append(dst, n.kind+2) // } and ] stand two behind { and [
}

// quoted is a text as JSON, with only those characters escaped that must be.
func quoted(text string) string {
	out := []byte{'"'}
	for _, c := range text {
		if c < ' ' || c == '"' || c == '\\' {
			escaped, _ := json.Marshal(string(c))
			out = append(out, escaped[1:len(escaped)-1]...)
			continue
		}
		out = utf8.AppendRune(out, c)
	}
	return string(append(out, '"'))
}

// walk calls visit for every value that stands at a place that o knows, with
// objects before what is in them.
func (n *node) walk(o *object, visit func(value *node, p *place)) {
	if o == nil {
		return
	}
	if n.kind == '[' {
		for _, part := range n.parts {
			part.walk(o, visit)
		}
		return
	}
	for i, key := range n.keys {
		if p := o.at[key]; p != nil {
			visit(n.parts[i], p)
			n.parts[i].walk(p.object, visit)
		}
	}
}

// objects calls visit for n and every object in it of which the form is known.
func (n *node) objects(o *object, visit func(n *node, o *object)) {
	if n.kind == '{' {
		visit(n, o)
	}
	n.walk(o, func(value *node, p *place) {
		if p.object == nil {
			return
		}
		if value.kind == '{' {
			visit(value, p.object)
		}
		for _, part := range value.parts {
			if value.kind == '[' && part.kind == '{' {
				visit(part, p.object)
			}
		}
	})
}

// snake is a key with an underscore before each capital: accountId is account_id.
func snake(key string) string {
	var out strings.Builder
	for i, c := range key {
		if c >= 'A' && c <= 'Z' {
			if i > 0 && key[i-1] != '_' {
				out.WriteByte('_')
			}
			c += 'a' - 'A'
		}
		out.WriteRune(c)
	}
	return strings.ReplaceAll(out.String(), "-", "_")
}
