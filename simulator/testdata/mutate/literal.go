package main

import (
	"go/ast"
	"go/token"
	"slices"
	"strconv"
	"strings"
)

// literal notes the mutants of a number, character or text.
func (w *finder) literal(x *ast.BasicLit) {
	switch x.Kind {
	case token.INT:
		if w.isCapacity(x) {
			w.p.skips[inMake]++
			return
		}
		if n, err := strconv.ParseInt(x.Value, 0, 64); err == nil {
			w.replace(x, strconv.FormatInt(n+1, 10), "constant")
			w.replace(x, strconv.FormatInt(n-1, 10), "constant")
		}
	case token.FLOAT:
		v, err := strconv.ParseFloat(x.Value, 64)
		switch {
		case err != nil:
		case v > 0 && v < 1: // a share or a chance: never and always
			w.replace(x, "0.0", "constant")
			w.replace(x, "1.0", "constant")
		default:
			w.replace(x, floatText(v+1), "constant")
			w.replace(x, floatText(v-1), "constant")
		}
	case token.CHAR:
		if r, _, _, err := strconv.UnquoteChar(strings.Trim(x.Value, "'"), '\''); err == nil {
			w.replace(x, strconv.QuoteRune(r+1), "constant")
		}
	case token.STRING:
		w.stringLiteral(x)
	}
}

func floatText(v float64) string {
	s := strconv.FormatFloat(v, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// stringLiteral empties a text, unless it is only there to be read by people.
// Of those, one thing is behaviour: whether an error can be asked for its cause.
func (w *finder) stringLiteral(x *ast.BasicLit) {
	if strings.Contains(x.Value, "%w") {
		w.replace(x, strings.Replace(x.Value, "%w", "%v", 1), "unwrapped error")
	}
	if why := w.wording(x); why != "" {
		w.p.skips[why]++
		return
	}
	if x.Value == `""` || x.Value == "``" {
		w.replace(x, `"mutant"`, "constant")
		return
	}
	w.replace(x, `""`, "constant")
}

// Reasons why something is left alone.
const (
	inError   = "texts of error messages"
	inExplain = "texts that explain (Summary, Fix and the like)"
	inLabel   = "labels in String methods"
	inMake    = "capacities given to make"
	// not a text, but left alone for the same reason
	inEmptyCase = "cases that do nothing and stand in no default's way"
)

// wording says why the literal we stand at is wording and not behaviour; empty:
// it is behaviour.
func (w *finder) wording(ast.Expr) string {
	if w.fn != nil && w.fn.Recv != nil && w.fn.Name.Name == "String" && !strings.HasPrefix(funcName(w.fn), "Secret.") {
		return inLabel // but what a secret prints instead of itself is behaviour
	}
	for i := len(w.stack) - 1; i >= 0; i-- {
		switch n := w.stack[i].(type) {
		case *ast.CallExpr:
			if isErrorCall(n) {
				return inError
			}
		case *ast.KeyValueExpr:
			if wordingField(n.Key) {
				return inExplain
			}
		case *ast.AssignStmt:
			if len(n.Lhs) == 1 && wordingField(n.Lhs[0]) {
				return inExplain
			}
		case *ast.BlockStmt, *ast.FuncLit:
			return ""
		}
	}
	return ""
}

func (w *finder) inWording(e ast.Expr) bool { return w.wording(e) != "" }

// isErrorCall: the call's result is an error made of its arguments' texts.
func isErrorCall(c *ast.CallExpr) bool {
	name := ""
	switch f := c.Fun.(type) {
	case *ast.Ident:
		name = f.Name
	case *ast.SelectorExpr:
		name = f.Sel.Name
		if x, ok := f.X.(*ast.Ident); ok && x.Name == "errors" && name == "New" {
			return true
		}
	}
	return strings.EqualFold(name, "errorf") || name == "panic" || name == "problem" || name == "problemf"
}

// wordingField: what is put there is an explanation for people.
func wordingField(e ast.Expr) bool {
	name := ""
	switch x := e.(type) {
	case *ast.Ident:
		name = x.Name
	case *ast.SelectorExpr:
		name = x.Sel.Name
	}
	return slices.Contains([]string{"Summary", "Fix", "Doc", "Why", "Problem", "Reason", "Meaning"}, name)
}

// isCapacity: the size hint of a make changes speed, not behaviour.
func (w *finder) isCapacity(x *ast.BasicLit) bool {
	for i := len(w.stack) - 1; i >= 0; i-- {
		call, ok := w.stack[i].(*ast.CallExpr)
		if !ok {
			if _, expr := w.stack[i].(ast.Expr); expr {
				continue
			}
			return false
		}
		f, ok := call.Fun.(*ast.Ident)
		if !ok || f.Name != "make" || len(call.Args) < 2 {
			return false
		}
		last := call.Args[len(call.Args)-1]
		_, isMap := call.Args[0].(*ast.MapType)
		return (len(call.Args) == 3 || isMap) && last.Pos() <= x.Pos() && x.End() <= last.End()
	}
	return false
}

func baseName(rel string) string { return rel[strings.LastIndexByte(rel, '/')+1:] }
