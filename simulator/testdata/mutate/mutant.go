package main

import (
	"fmt"
	"go/ast"
	"strings"
)

// mutant is one small change to one file.
type mutant struct {
	id         int // 1..n, unique in a run
	pkg        *pkg
	file       *file
	fn         *ast.FuncDecl // nil: the change is at package level
	start, end int           // byte range in the file's source
	text       string        // what stands there instead
	kind       string        // comparison, constant, deleted ...
	nth        int           // 2.. when the same change text occurs before in the function
	fate       fate
}

// fate is what became of a mutant.
type fate int

const (
	notJudged fate = iota // the run ended before its turn
	killed                // a test failed
	timedOut              // the tests did not end in time: noticed as well
	stillborn             // does not compile
	survived              // no test objects
)

func (f fate) String() string {
	return [...]string{"not judged", "killed", "timed out", "does not compile", "SURVIVED"}[f]
}

// where is the function the mutant is in, as one would write it in prose.
func (m *mutant) where() string { return funcName(m.fn) }

func funcName(fn *ast.FuncDecl) string {
	if fn == nil {
		return "(package level)"
	}
	if fn.Recv == nil || len(fn.Recv.List) == 0 {
		return fn.Name.Name
	}
	t := fn.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.Ident:
			return x.Name + "." + fn.Name.Name
		default:
			return fn.Name.Name
		}
	}
}

// line is the first line the change touches, from 1.
func (m *mutant) line() int { return 1 + strings.Count(m.file.src[:m.start], "\n") }

// change is the mutant as two lines of a diff, without their signs. It names
// the mutant in equivalent.txt, so it holds no line number.
func (m *mutant) change() (before, after string) {
	src := m.file.src
	from := strings.LastIndexByte(src[:m.start], '\n') + 1
	to := len(src)
	if i := strings.IndexByte(src[m.end:], '\n'); i >= 0 {
		to = m.end + i
	}
	before = oneLine(src[from:to])
	after = oneLine(src[from:m.start] + m.text + src[m.end:to])
	if m.text == "" && strings.Contains(src[m.start:m.end], "\n") {
		before = firstLine(src[from:to]) + " …"
	}
	if after == "" {
		after = "(deleted)"
	}
	if m.nth > 1 {
		after += fmt.Sprintf(" #%d", m.nth)
	}
	return before, after
}

// key identifies the mutant among all, whatever the line numbers.
func (m *mutant) key() string {
	before, after := m.change()
	return m.file.rel + " " + m.where() + "\n- " + before + "\n+ " + after
}

// describe is what --only looks at.
func (m *mutant) describe() string {
	before, after := m.change()
	return fmt.Sprintf("%s:%d %s: %s => %s", m.file.rel, m.line(), m.where(), before, after)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func firstLine(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	return oneLine(s)
}
