package config

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// form is what a node of the file is.
type form int

const (
	aString form = iota
	aNumber
	aBool
	nothing // a key without a value
	aMapping
	aList
)

func (f form) String() string {
	switch f {
	case aString:
		return "text"
	case aNumber:
		return "a number"
	case aBool:
		return "true or false"
	case nothing:
		return "nothing"
	case aMapping:
		return "a mapping"
	case aList:
		return "a list"
	}
	return "?"
}

// node is a part of the file and where it stands, counted from 1.
type node struct {
	form      form
	text      string // of a scalar, as it means
	entries   []entry
	items     []node
	line, col int
}

type entry struct {
	key       string
	line, col int
	value     node
}

// placed is an error at a place in the file.
type placed struct {
	line, col int
	problem   string
}

func (e *placed) Error() string { return fmt.Sprintf("%d:%d: %s", e.line, e.col, e.problem) }

// maxFile is how large a config file may be, maxDepth how deep.
const (
	maxFile  = 64 << 10
	maxDepth = 16
)

// parse reads the part of YAML that a config file needs: mappings, lists and
// scalars. A file with nothing in it is an empty mapping.
func parse(data []byte) (root node, err error) {
	if len(data) > maxFile {
		return node{}, &placed{1, 1, fmt.Sprintf("is larger than %d bytes: that is no config file", maxFile)}
	}
	defer func() {
		if r := recover(); r != nil { // the parser's mistake must not be the user's
			root, err = node{}, &placed{1, 1, "cannot be read as YAML"}
		}
	}()
	tokens := lexer.Tokenize(string(data))
	if err := tooDeep(tokens); err != nil {
		return node{}, err
	}
	file, err := parser.Parse(tokens, 0)
	if err != nil {
		return node{}, syntax(err)
	}
	root = node{form: aMapping, line: 1, col: 1}
	found := false
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		if _, comment := doc.Body.(*ast.CommentGroupNode); comment {
			continue
		}
		if _, null := doc.Body.(*ast.NullNode); null {
			continue
		}
		n, err := read(doc.Body, 0)
		if err != nil {
			return node{}, err
		}
		switch {
		case found:
			return node{}, &placed{n.line, n.col, "a second document: a config file is one"}
		case n.form != aMapping:
			return node{}, &placed{n.line, n.col, "is " + n.form.String() + ", and a config file is a mapping (key: value)"}
		}
		root, found = n, true
	}
	return root, nil
}

// tooDeep finds brackets within brackets before the parser does: the time it
// takes grows with the square of their number.
func tooDeep(tokens token.Tokens) error {
	depth := 0
	for _, t := range tokens {
		if t.Type == token.MappingEndType || t.Type == token.SequenceEndType {
			depth--
		}
		if t.Type == token.MappingStartType || t.Type == token.SequenceStartType {
			depth++
		}
		if depth > maxDepth {
			line, col := position(t)
			return &placed{line, col, "is nested too deeply"}
		}
	}
	return nil
}

// syntax puts the parser's error in our form.
func syntax(err error) error {
	var at interface {
		GetToken() *token.Token
		GetMessage() string
	}
	if errors.As(err, &at) {
		line, col := position(at.GetToken())
		problem := at.GetMessage()
		if strings.Contains(problem, "\t") {
			problem = strings.ReplaceAll(problem, "\t", `\t`) + "; indent with spaces"
		}
		return &placed{line, col, problem}
	}
	return &placed{1, 1, "cannot be read as YAML"} // err would quote the file, secrets and all
}

func position(t *token.Token) (line, col int) {
	if t == nil || t.Position == nil {
		return 1, 1
	}
	return max(t.Position.Line, 1), max(t.Position.Column, 1)
}

func read(n ast.Node, depth int) (node, error) {
	line, col := position(n.GetToken())
	out := node{line: line, col: col}
	fail := func(problem string) (node, error) { return node{}, &placed{line, col, problem} }
	if depth > maxDepth {
		return fail("is nested too deeply")
	}
	switch n := n.(type) {
	case *ast.StringNode:
		out.form, out.text = aString, n.Value
	case *ast.LiteralNode:
		out.form, out.text = aString, n.Value.Value
	case *ast.IntegerNode:
		out.form, out.text = aNumber, n.Token.Value
	case *ast.FloatNode:
		out.form, out.text = aNumber, n.Token.Value
	case *ast.InfinityNode, *ast.NanNode:
		return fail("is no number that means anything here")
	case *ast.BoolNode:
		out.form, out.text = aBool, fmt.Sprint(n.Value)
	case *ast.NullNode:
		out.form = nothing
	case *ast.MappingNode:
		out.form = aMapping
		if len(n.Values) > 0 && !n.IsFlowStyle { // a block's own token is the colon of its first entry
			out.line, out.col = position(n.Values[0].Key.GetToken())
		}
		for _, v := range n.Values {
			e, err := readEntry(v, depth)
			if err != nil {
				return node{}, err
			}
			out.entries = append(out.entries, e)
		}
	case *ast.MappingValueNode:
		e, err := readEntry(n, depth)
		if err != nil {
			return node{}, err
		}
		out.form, out.line, out.col, out.entries = aMapping, e.line, e.col, []entry{e}
	case *ast.SequenceNode:
		out.form = aList
		for _, v := range n.Values {
			item, err := read(v, depth+1)
			if err != nil {
				return node{}, err
			}
			out.items = append(out.items, item)
		}
	case *ast.AnchorNode, *ast.AliasNode:
		return fail("anchors (&) and aliases (*) are not supported; write the value out, in quotes if it begins with & or *")
	case *ast.TagNode:
		return fail("tags (!) are not supported; put a value that begins with ! in quotes")
	default:
		return fail("cannot be used in a config file")
	}
	return out, nil
}

func readEntry(v *ast.MappingValueNode, depth int) (entry, error) {
	line, col := position(v.Key.GetToken())
	e := entry{line: line, col: col}
	switch k := v.Key.(type) {
	case *ast.StringNode:
		e.key = k.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NullNode:
		e.key = k.GetToken().Value
	default:
		return entry{}, &placed{line, col, "a key must be plain text"}
	}
	value, err := read(v.Value, depth+1)
	if err != nil {
		return entry{}, err
	}
	if value.form == nothing {
		value.line, value.col = line, col // of nothing there is no other place to tell
	}
	e.value = value
	return e, nil
}
