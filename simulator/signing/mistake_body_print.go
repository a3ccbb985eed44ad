package signing

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// sortMembers sorts the members of n and of all that is in it by their names.
func sortMembers(n *node) {
	if n.kind == nodeObject {
		order := make([]int, len(n.members))
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(n.members[a], n.members[b]) })
		members, items := make([]string, len(order)), make([]node, len(order))
		for to, from := range order {
			members[to], items[to] = n.members[from], n.items[from]
		}
		n.members, n.items = members, items
	}
	for i := range n.items {
		sortMembers(&n.items[i])
	}
}

// dropNull takes the members that are null out of n and of all that is in it.
func dropNull(n *node) {
	if n.kind == nodeObject {
		var members []string
		var items []node
		for i, item := range n.items {
			if item.kind != nodeWord || item.text != "null" {
				members, items = append(members, n.members[i]), append(items, item)
			}
		}
		n.members, n.items = members, items
	}
	for i := range n.items {
		dropNull(&n.items[i])
	}
}

// appendPythonDict is what Python prints for a dict, a list and what is in them.
func appendPythonDict(dst []byte, n node) []byte {
	switch n.kind {
	case nodeText:
		return appendPythonText(dst, n.text)
	case nodeNumber:
		return append(dst, pythonNumber(n.text)...)
	case nodeWord:
		return append(dst, map[string]string{"null": "None", "true": "True", "false": "False"}[n.text]...)
	case nodeArray, nodeObject:
	}
	open, closing := byte('['), byte(']')
	if n.kind == nodeObject {
		open, closing = '{', '}'
	}
	dst = append(dst, open)
	for i, item := range n.items {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		if n.kind == nodeObject {
			dst = append(appendPythonText(dst, n.members[i]), ": "...)
		}
		dst = appendPythonDict(dst, item)
	}
	return append(dst, closing)
}

func appendPythonText(dst []byte, s string) []byte {
	quote := "'"
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		quote = `"`
	}
	return append(dst, quote+strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`, "\t", `\t`, quote, `\`+quote).Replace(s)+quote...)
}

// appendJavaMap is what Java prints for a Map and what is in it.
func appendJavaMap(dst []byte, n node) []byte {
	if n.kind != nodeObject && n.kind != nodeArray {
		return append(dst, n.text...)
	}
	open, closing := byte('['), byte(']')
	if n.kind == nodeObject {
		open, closing = '{', '}'
	}
	dst = append(dst, open)
	for i, item := range n.items {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		if n.kind == nodeObject {
			dst = append(append(dst, n.members[i]...), '=')
		}
		dst = appendJavaMap(dst, item)
	}
	return append(dst, closing)
}

// appendGoMap is what Go prints for a map with %v.
func appendGoMap(dst []byte, v map[string]any) []byte { return fmt.Append(dst, v) }

func utf16Bytes(b []byte) []byte {
	var out []byte
	for _, u := range utf16.Encode([]rune(string(b))) {
		out = append(out, byte(u), byte(u>>8))
	}
	return out
}

// toLatin1 writes each character as its byte in Latin-1, and a '?' where there is none.
func toLatin1(b []byte) []byte {
	out := make([]byte, 0, utf8.RuneCount(b))
	for _, r := range string(b) {
		if r > 0xFF {
			r = '?'
		}
		out = append(out, byte(r))
	}
	return out
}
