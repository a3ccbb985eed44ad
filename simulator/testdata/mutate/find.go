package main

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strconv"
)

// finder walks one file and notes every change worth trying.
type finder struct {
	p     *pkg
	f     *file
	fn    *ast.FuncDecl // the function we are in
	stack []ast.Node    // from the file down to the node's parent
	found []*mutant
	seen  map[string]bool
}

// find lists the mutants of the package's target files, in source order.
func (p *pkg) find() []*mutant {
	var all []*mutant
	for _, f := range p.files {
		if len(p.target.files) > 0 && !slices.Contains(p.target.files, baseName(f.rel)) {
			continue
		}
		w := &finder{p: p, f: f, seen: map[string]bool{}}
		for _, decl := range f.ast.Decls {
			w.fn, _ = decl.(*ast.FuncDecl)
			if g, ok := decl.(*ast.GenDecl); ok && (g.Tok == token.IMPORT || g.Tok == token.TYPE) {
				continue
			}
			ast.Inspect(decl, w.visit)
		}
		slices.SortStableFunc(w.found, func(a, b *mutant) int { return a.start - b.start })
		all = append(all, w.found...)
	}
	return all
}

// visit is called by ast.Inspect; a nil node means "back up".
func (w *finder) visit(n ast.Node) bool {
	if n == nil {
		w.stack = w.stack[:len(w.stack)-1]
		return true
	}
	descend := w.node(n)
	if descend {
		w.stack = append(w.stack, n)
	}
	return descend
}

// node notes the mutants of one node and reports whether to look inside it.
func (w *finder) node(n ast.Node) bool {
	switch x := n.(type) {
	case *ast.Field: // parameter and result types, struct tags
		return false
	case *ast.BinaryExpr:
		w.binary(x)
	case *ast.UnaryExpr:
		if x.Op == token.NOT || x.Op == token.SUB {
			w.replace(x, w.text(x.X), "dropped "+x.Op.String())
		}
	case *ast.BasicLit:
		w.literal(x)
	case *ast.Ident:
		w.ident(x)
	case *ast.SelectorExpr:
		w.selector(x)
	case *ast.CompositeLit:
		w.composite(x)
	case *ast.IncDecStmt:
		to, _ := swapped(x.Tok)
		w.edit(x.TokPos, x.TokPos+2, to.String(), "operator")
	case *ast.AssignStmt:
		if to, ok := swapped(x.Tok); ok {
			if x.Tok == token.ADD_ASSIGN && w.isString(x.Rhs[0]) {
				to = token.ASSIGN
			}
			w.edit(x.TokPos, x.TokPos+token.Pos(len(x.Tok.String())), to.String(), "operator")
		}
	case *ast.IfStmt:
		if !negatedOtherwise(x.Cond) {
			w.replace(x.Cond, "!("+w.text(x.Cond)+")", "negated condition")
		}
	case *ast.ReturnStmt:
		w.returned(x)
	case *ast.BlockStmt:
		w.statements(x.List)
	case *ast.CaseClause:
		if !w.empty(x) {
			w.delete(x, "dropped case")
		}
		w.statements(x.Body)
	case *ast.CommClause:
		w.statements(x.Body)
	}
	return true
}

// swapped gives an operator its other self, if it has one. Comparisons have two
// and are below.
func swapped(op token.Token) (token.Token, bool) {
	pairs := [][2]token.Token{
		{token.INC, token.DEC},
		{token.ADD, token.SUB},
		{token.MUL, token.QUO},
		{token.AND, token.OR},
		{token.SHL, token.SHR},
		{token.ADD_ASSIGN, token.SUB_ASSIGN},
		{token.MUL_ASSIGN, token.QUO_ASSIGN},
		{token.AND_ASSIGN, token.OR_ASSIGN},
		{token.SHL_ASSIGN, token.SHR_ASSIGN},
		{token.REM, token.MUL}, // from here on one way only: the pairs above come first
		{token.XOR, token.AND},
		{token.AND_NOT, token.AND},
		{token.XOR_ASSIGN, token.AND_ASSIGN},
	}
	for _, p := range pairs {
		if op == p[0] {
			return p[1], true
		}
		if op == p[1] {
			return p[0], true
		}
	}
	return token.ILLEGAL, false
}

// compared gives a comparison one that differs at the edge and one that says
// the opposite.
func compared(op token.Token) []token.Token {
	switch op {
	case token.EQL:
		return []token.Token{token.NEQ}
	case token.NEQ:
		return []token.Token{token.EQL}
	case token.LSS:
		return []token.Token{token.LEQ, token.GEQ}
	case token.LEQ:
		return []token.Token{token.LSS, token.GTR}
	case token.GTR:
		return []token.Token{token.GEQ, token.LEQ}
	case token.GEQ:
		return []token.Token{token.GTR, token.LSS}
	}
	return nil
}

func (w *finder) binary(x *ast.BinaryExpr) {
	for _, to := range compared(x.Op) {
		w.operator(x, to, "comparison")
	}
	switch {
	case x.Op == token.LAND || x.Op == token.LOR:
		to := token.LAND
		if x.Op == token.LAND {
			to = token.LOR
		}
		w.operator(x, to, "logic")
		w.dropOperand(x)
	case x.Op == token.ADD && w.isString(x):
		if !w.inWording(x) {
			w.dropOperand(x)
		}
	default:
		if to, ok := swapped(x.Op); ok {
			w.operator(x, to, "arithmetic")
		}
	}
}

func (w *finder) operator(x *ast.BinaryExpr, to token.Token, kind string) {
	w.edit(x.OpPos, x.OpPos+token.Pos(len(x.Op.String())), to.String(), kind)
}

func (w *finder) dropOperand(x *ast.BinaryExpr) {
	w.replace(x, w.text(x.X), "dropped operand")
	w.replace(x, w.text(x.Y), "dropped operand")
}

// negatedOtherwise: for these the operator changes include the negation.
func negatedOtherwise(cond ast.Expr) bool {
	switch x := cond.(type) {
	case *ast.ParenExpr:
		return negatedOtherwise(x.X)
	case *ast.UnaryExpr:
		return x.Op == token.NOT
	case *ast.BinaryExpr:
		return compared(x.Op) != nil
	}
	return false
}

// ident swaps true and false, min and max.
func (w *finder) ident(x *ast.Ident) {
	to := map[string]string{"true": "false", "false": "true", "min": "max", "max": "min"}[x.Name]
	if obj := w.p.info.Uses[x]; to != "" && obj != nil && obj.Parent() == types.Universe {
		w.replace(x, to, "constant")
	}
}

// selector swaps what looks alike and is not: time units, base64 alphabets.
func (w *finder) selector(x *ast.SelectorExpr) {
	from, ok := x.X.(*ast.Ident)
	if !ok {
		return
	}
	to := map[string]string{
		"time.Hour": "Minute", "time.Minute": "Second", "time.Second": "Millisecond", "time.Millisecond": "Second",
		"base64.StdEncoding": "URLEncoding", "base64.URLEncoding": "StdEncoding",
		"base64.RawStdEncoding": "RawURLEncoding", "base64.RawURLEncoding": "RawStdEncoding",
	}[from.Name+"."+x.Sel.Name]
	if to != "" {
		w.replace(x.Sel, to, "constant")
	}
}

// composite drops elements of lists and maps, and fields that are set to
// something worked out (a literal there has its own mutants).
func (w *finder) composite(x *ast.CompositeLit) {
	tv, ok := w.p.info.Types[x]
	if !ok {
		return
	}
	_, isStruct := tv.Type.Underlying().(*types.Struct)
	for i, e := range x.Elts {
		if isStruct {
			kv, keyed := e.(*ast.KeyValueExpr)
			if !keyed || isLiteral(kv.Value) || wordingField(kv.Key) {
				continue
			}
		}
		end := x.Rbrace
		if i+1 < len(x.Elts) {
			end = x.Elts[i+1].Pos()
		}
		kind := "dropped element"
		if isStruct {
			kind = "dropped field"
		}
		start, stop := w.offset(e.Pos()), w.offset(e.End())
		for stop < w.offset(end) && (w.f.src[stop] == ' ' || w.f.src[stop] == ',') {
			stop++
		}
		w.add(start, stop, "", kind)
	}
}

func isLiteral(e ast.Expr) bool {
	_, ok := e.(*ast.BasicLit)
	return ok
}

// returned swallows errors and turns around what a predicate says.
func (w *finder) returned(x *ast.ReturnStmt) {
	if len(x.Results) == 0 {
		return
	}
	last := x.Results[len(x.Results)-1]
	tv := w.p.info.Types[last]
	if tv.Type == nil || tv.IsNil() {
		return
	}
	if types.AssignableTo(tv.Type, types.Universe.Lookup("error").Type()) {
		w.replace(last, "nil", "swallowed error")
	}
	if call, ok := last.(*ast.CallExpr); ok && types.Identical(tv.Type.Underlying(), types.Typ[types.Bool]) {
		w.replace(call, "!"+w.text(call), "negated result")
	}
}

// empty reports whether a case is there only to be complete: it does nothing,
// its switch compares with one value, and no default would take its place.
func (w *finder) empty(x *ast.CaseClause) bool {
	if len(x.Body) > 0 || x.List == nil || len(w.stack) < 2 {
		return false
	}
	s, ok := w.stack[len(w.stack)-2].(*ast.SwitchStmt)
	if !ok || s.Tag == nil {
		return false
	}
	for _, c := range s.Body.List {
		if c.(*ast.CaseClause).List == nil {
			return false
		}
	}
	w.p.skips[inEmptyCase]++
	return true
}

// statements deletes them one by one. Declarations stay: without them nothing
// compiles.
func (w *finder) statements(list []ast.Stmt) {
	for _, s := range list {
		switch x := s.(type) {
		case *ast.AssignStmt:
			if x.Tok != token.DEFINE {
				w.delete(s, "deleted assignment")
			}
		case *ast.ExprStmt, *ast.IncDecStmt, *ast.SendStmt, *ast.DeferStmt, *ast.GoStmt:
			w.delete(s, "deleted statement")
		case *ast.ReturnStmt, *ast.BranchStmt:
			w.delete(s, "deleted jump")
		case *ast.IfStmt, *ast.ForStmt, *ast.RangeStmt, *ast.SwitchStmt, *ast.TypeSwitchStmt:
			w.delete(s, "deleted block")
		}
	}
}

func (w *finder) delete(n ast.Node, kind string) { w.replace(n, "", kind) }

func (w *finder) replace(n ast.Node, text, kind string) { w.edit(n.Pos(), n.End(), text, kind) }

func (w *finder) edit(from, to token.Pos, text, kind string) {
	w.add(w.offset(from), w.offset(to), text, kind)
}

func (w *finder) add(start, end int, text, kind string) {
	k := strconv.Itoa(start) + " " + strconv.Itoa(end) + " " + text
	if w.seen[k] || w.f.src[start:end] == text {
		return
	}
	w.seen[k] = true
	fn := w.fn
	if fn != nil && (fn.Body == nil || start <= w.offset(fn.Body.Lbrace)) {
		fn = nil
	}
	w.found = append(w.found, &mutant{pkg: w.p, file: w.f, fn: fn, start: start, end: end, text: text, kind: kind})
}

func (w *finder) offset(p token.Pos) int { return w.f.offset(p) }

func (w *finder) text(n ast.Node) string { return w.f.src[w.offset(n.Pos()):w.offset(n.End())] }

func (w *finder) isString(e ast.Expr) bool {
	tv := w.p.info.Types[e]
	if tv.Type == nil {
		return false
	}
	b, ok := tv.Type.Underlying().(*types.Basic)
	return ok && b.Info()&types.IsString != 0
}
