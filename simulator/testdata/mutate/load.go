package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// file is one source file under test.
type file struct {
	path string // on disk
	rel  string // from the module's root, with slashes
	src  string
	ast  *ast.File
	fset *token.FileSet
}

func (f *file) offset(p token.Pos) int { return f.fset.Position(p).Offset }

// pkg is a package with the files that are mutated and all it is made of.
type pkg struct {
	target
	path  string // import path
	name  string
	fset  *token.FileSet
	files []*file // all non-test files
	info  *types.Info
	imp   types.Importer
	skips map[string]int // what is left alone, by reason
}

// session is one run: the packages and their mutants.
type session struct {
	root    string
	pkgs    []*pkg
	mutants []*mutant
	skips   map[string]int
}

func moduleRoot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOMOD: %w", err)
	}
	mod := strings.TrimSpace(string(out))
	if mod == "" || mod == os.DevNull {
		return "", errors.New("not inside a Go module: run it from the repository, or give --root")
	}
	return filepath.Dir(mod), nil
}

// load reads the targets, finds their mutants and drops those that the
// compiler would refuse.
func load(ctx context.Context, o options) (*session, error) {
	s := &session{root: o.root, skips: map[string]int{}}
	for _, t := range o.targets {
		p, err := loadPackage(ctx, o.root, t)
		if err != nil {
			return nil, err
		}
		found := p.find()
		if len(found) == 0 {
			return nil, fmt.Errorf("%s: nothing to mutate there", t.dir)
		}
		for why, n := range p.skips {
			s.skips[why] += n
		}
		numberTwins(found)
		s.pkgs = append(s.pkgs, p)
		for _, m := range found {
			if o.only == nil || o.only.MatchString(m.describe()) {
				m.id = len(s.mutants) + 1
				s.mutants = append(s.mutants, m)
			}
		}
	}
	if len(s.mutants) == 0 {
		return nil, errors.New("no mutant selected: check --only")
	}
	for _, m := range s.mutants {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("checking mutants: %w", err)
		}
		if !m.compiles() {
			m.fate = stillborn
		}
	}
	return s, nil
}

// numberTwins tells apart equal changes within one function.
func numberTwins(ms []*mutant) {
	seen := map[string]int{}
	for _, m := range ms {
		k := m.key()
		seen[k]++
		m.nth = seen[k]
	}
}

// listed is what we need of `go list -json`.
type listed struct {
	ImportPath string   `json:"ImportPath"`
	Name       string   `json:"Name"`
	Dir        string   `json:"Dir"`
	Export     string   `json:"Export"`
	GoFiles    []string `json:"GoFiles"`
	Error      *struct {
		Err string `json:"Err"`
	} `json:"Error"`
}

func loadPackage(ctx context.Context, root string, t target) (*pkg, error) {
	all, err := goList(ctx, root, "./"+t.dir)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.dir, err)
	}
	self := all[len(all)-1] // -deps lists dependencies first
	p := &pkg{target: t, path: self.ImportPath, name: self.Name, fset: token.NewFileSet(), skips: map[string]int{}}
	for _, base := range self.GoFiles {
		full := filepath.Join(self.Dir, base)
		src, err := os.ReadFile(full)
		if err != nil {
			return nil, err
		}
		f, err := parser.ParseFile(p.fset, full, src, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		p.files = append(p.files, &file{path: full, rel: t.dir + "/" + base, src: string(src), ast: f, fset: p.fset})
	}
	for _, base := range t.files {
		if !slices.Contains(self.GoFiles, base) {
			return nil, fmt.Errorf("%s/%s: no such file in the package (it has %s)", t.dir, base, strings.Join(self.GoFiles, ", "))
		}
	}
	exports := map[string]string{}
	for _, l := range all {
		exports[l.ImportPath] = l.Export
	}
	p.imp = importer.ForCompiler(p.fset, "gc", func(path string) (io.ReadCloser, error) {
		if exports[path] == "" {
			return nil, fmt.Errorf("no export data for %s", path)
		}
		return os.Open(exports[path])
	})
	p.info = &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}}
	asts := make([]*ast.File, 0, len(p.files))
	for _, f := range p.files {
		asts = append(asts, f.ast)
	}
	conf := types.Config{Importer: p.imp}
	if _, err := conf.Check(p.path, p.fset, asts, p.info); err != nil {
		return nil, fmt.Errorf("%s does not compile as it is: %w", t.dir, err)
	}
	return p, nil
}

func goList(ctx context.Context, root, pattern string) ([]listed, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-export", "-deps", "-json=ImportPath,Name,Dir,Export,GoFiles,Error", pattern)
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w\n%s", err, strings.TrimSpace(stderr.String()))
	}
	var all []listed
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var l listed
		if err := dec.Decode(&l); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		if l.Error != nil {
			return nil, errors.New(l.Error.Err)
		}
		all = append(all, l)
	}
	if len(all) == 0 {
		return nil, errors.New("go list found no package")
	}
	return all, nil
}

// compiles asks the type checker about the package with the mutant in it. An
// import left without use does not count: the original beside it still uses it.
func (m *mutant) compiles() bool {
	p := m.pkg
	mutated, err := parser.ParseFile(p.fset, m.file.path, m.apply(), parser.SkipObjectResolution)
	if err != nil {
		return false
	}
	asts := make([]*ast.File, 0, len(p.files))
	for _, f := range p.files {
		if f == m.file {
			asts = append(asts, mutated)
			continue
		}
		asts = append(asts, f.ast)
	}
	ok := true
	conf := types.Config{Importer: p.imp, Error: func(err error) {
		var te types.Error
		if errors.As(err, &te) && te.Soft && strings.Contains(te.Msg, "imported and not used") {
			return
		}
		ok = false
	}}
	_, _ = conf.Check(p.path, p.fset, asts, nil) // Error above has the verdict
	return ok
}

// apply is the mutated source of the whole file.
func (m *mutant) apply() string {
	return m.file.src[:m.start] + m.text + m.file.src[m.end:]
}
