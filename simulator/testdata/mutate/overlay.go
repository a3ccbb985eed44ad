package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"go/ast"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// variable tells the test binary which mutant to be.
const variable = "SENTSIM_MUTANT"

// chooser is added to the package under test: it reads the variable once.
const chooser = `package %s

import (
	mutantOS "os"
	mutantConv "strconv"
)

var mutantChosen = func() int { n, _ := mutantConv.Atoi(mutantOS.Getenv(%q)); return n }()
`

// schema is the file with all its function mutants in it: each function begins
// with a switch that holds one copy of its body per mutant.
//
//	func F(a int) int {
//		switch mutantChosen {
//		case 7: { return a - 1 }
//		}
//		return a + 1
//	}
func schema(f *file, ms []*mutant) string {
	byFunc := map[*ast.FuncDecl][]*mutant{}
	for _, m := range ms {
		byFunc[m.fn] = append(byFunc[m.fn], m)
	}
	fns := make([]*ast.FuncDecl, 0, len(byFunc))
	for fn := range byFunc {
		fns = append(fns, fn)
	}
	slices.SortFunc(fns, func(a, b *ast.FuncDecl) int { return int(b.Pos() - a.Pos()) }) // last first: offsets before it stay true
	src := f.src
	for _, fn := range fns {
		open, end := f.offset(fn.Body.Lbrace), f.offset(fn.Body.Rbrace)+1
		var b strings.Builder
		b.WriteString("{\nswitch mutantChosen {\n")
		for _, m := range byFunc[fn] {
			fmt.Fprintf(&b, "case %d:\n%s%s%s\n", m.id, f.src[open:m.start], m.text, f.src[m.end:end])
			if fn.Type.Results == nil {
				b.WriteString("return\n")
			}
		}
		b.WriteString("}\n")
		src = src[:open] + b.String() + src[open+1:]
	}
	return src
}

// shares reports whether the mutant can live beside others in one binary. At
// package level it cannot, nor where labels would be declared twice.
func (m *mutant) shares() bool {
	if m.fn == nil {
		return false
	}
	labels := false
	ast.Inspect(m.fn.Body, func(n ast.Node) bool {
		_, ok := n.(*ast.LabeledStmt)
		labels = labels || ok
		return true
	})
	return !labels
}

// builder compiles test binaries of mutated packages into its folder.
type builder struct {
	root, dir string
	n         int
}

// shared compiles one test binary of testDir with all mutants of p in it.
func (b *builder) shared(ctx context.Context, p *pkg, ms []*mutant, testDir string) (string, error) {
	sources := map[string]string{}
	for _, f := range p.files {
		var here []*mutant
		for _, m := range ms {
			if m.file == f {
				here = append(here, m)
			}
		}
		if len(here) > 0 {
			sources[f.path] = schema(f, here)
		}
	}
	folder := filepath.Dir(p.files[0].path)
	sources[filepath.Join(folder, "mutant_chooser.go")] = fmt.Sprintf(chooser, p.name, variable)
	return b.compile(ctx, sources, testDir)
}

// alone compiles a test binary with one mutant and nothing else.
func (b *builder) alone(ctx context.Context, m *mutant, testDir string) (string, error) {
	return b.compile(ctx, map[string]string{m.file.path: m.apply()}, testDir)
}

// compile builds testDir's test binary with some files replaced.
func (b *builder) compile(ctx context.Context, sources map[string]string, testDir string) (string, error) {
	b.n++
	prefix := filepath.Join(b.dir, strconv.Itoa(b.n))
	replace := map[string]string{}
	for path, src := range sources {
		to := fmt.Sprintf("%s-%d.go", prefix, len(replace))
		if err := os.WriteFile(to, []byte(src), 0o600); err != nil {
			return "", err
		}
		replace[path] = to
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(prefix+".json", overlay, 0o600); err != nil {
		return "", err
	}
	bin := prefix + ".test"
	cmd := exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-overlay", prefix+".json", "-o", bin, "./"+testDir)
	cmd.Dir = b.root
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("compiling %s: %w\n%s", testDir, err, strings.TrimSpace(out.String()))
	}
	if _, err := os.Stat(bin); err != nil {
		return "", fmt.Errorf("%s has no tests", testDir)
	}
	return bin, nil
}
