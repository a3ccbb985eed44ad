// Package gherkin reads feature files and runs their scenarios one at a time.
// godog matches and executes the steps; which scenarios run, in which order and
// what their outcome means is decided by our callers, never by godog's return
// value.
package gherkin

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	parser "github.com/cucumber/gherkin/go/v26"
	messages "github.com/cucumber/messages/go/v21"
)

// Scenario is one scenario, or one row of a scenario outline's examples.
type Scenario struct {
	Feature string   // title of the feature
	File    string   // base name of its file
	Line    int      // of the scenario, or of the row of its examples
	Name    string   // with the row's values filled in
	Tags    []string // with the @, of the feature, the scenario and the examples
	Steps   []Step
}

// Step is one step with the row's values filled in.
type Step struct {
	Keyword  string // "Given", "When", "Then", "And", "But" or "*"
	Text     string
	argument *messages.PickleStepArgument
}

// Listed are the first cells of the rows of the table that comes with the step.
func (s Step) Listed() (cells []string) {
	if s.argument == nil || s.argument.DataTable == nil {
		return nil
	}
	for _, row := range s.argument.DataTable.Rows {
		cells = append(cells, row.Cells[0].Value)
	}
	return cells
}

// Tagged reports whether the scenario carries the tag, written with its @.
func (s Scenario) Tagged(tag string) bool { return slices.Contains(s.Tags, tag) }

// Load reads all scenarios of the feature files in dir of fsys, in the order of
// the files' names and of the lines within. It does not look into sub-folders.
func Load(fsys fs.FS, dir string) ([]Scenario, error) {
	files, err := fs.Glob(fsys, path.Join(dir, "*.feature"))
	if err != nil {
		return nil, err
	}
	var all []Scenario
	for _, file := range files {
		content, err := fs.ReadFile(fsys, file)
		if err != nil {
			return nil, err
		}
		scenarios, err := Parse(path.Base(file), content)
		if err != nil {
			return nil, err
		}
		all = append(all, scenarios...)
	}
	return all, nil
}

// Parse reads the scenarios of one feature file. Errors carry file and line.
func Parse(file string, content []byte) ([]Scenario, error) {
	newID := (&messages.Incrementing{}).NewId
	doc, err := parser.ParseGherkinDocument(bytes.NewReader(content), newID)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if doc.Feature == nil {
		return nil, fmt.Errorf("%s: holds no feature", file)
	}
	lines, keywords := index(doc.Feature)
	var all []Scenario
	for _, p := range parser.Pickles(*doc, file, newID) {
		s := Scenario{
			Feature: doc.Feature.Name,
			File:    file,
			Line:    lines[p.AstNodeIds[len(p.AstNodeIds)-1]],
			Name:    p.Name,
		}
		for _, t := range p.Tags {
			s.Tags = append(s.Tags, t.Name)
		}
		for _, st := range p.Steps {
			s.Steps = append(s.Steps, Step{
				Keyword:  keywords[st.AstNodeIds[0]],
				Text:     st.Text,
				argument: st.Argument,
			})
		}
		all = append(all, s)
	}
	return all, nil
}

// index maps the ids of a feature's nodes to their lines and its steps to their keywords.
func index(f *messages.Feature) (lines map[string]int, keywords map[string]string) {
	lines, keywords = map[string]int{}, map[string]string{}
	steps := func(ss []*messages.Step) {
		for _, s := range ss {
			keywords[s.Id] = strings.TrimSpace(s.Keyword)
		}
	}
	scenario := func(s *messages.Scenario) {
		lines[s.Id] = int(s.Location.Line)
		steps(s.Steps)
		for _, e := range s.Examples {
			for _, row := range e.TableBody {
				lines[row.Id] = int(row.Location.Line)
			}
		}
	}
	for _, c := range f.Children {
		switch {
		case c.Background != nil:
			steps(c.Background.Steps)
		case c.Scenario != nil:
			scenario(c.Scenario)
		case c.Rule != nil:
			for _, rc := range c.Rule.Children {
				if rc.Background != nil {
					steps(rc.Background.Steps)
				} else if rc.Scenario != nil {
					scenario(rc.Scenario)
				}
			}
		}
	}
	return lines, keywords
}

// source writes the scenario as a feature of its own, for godog to run.
func (s Scenario) source() []byte {
	var b bytes.Buffer
	escape := strings.NewReplacer(`\`, `\\`, `|`, `\|`, "\n", `\n`) // in the cells of a table
	fmt.Fprintf(&b, "Feature: one scenario\n  Scenario: it\n")
	for _, st := range s.Steps {
		fmt.Fprintf(&b, "    * %s\n", st.Text)
		if st.argument == nil {
			continue
		}
		if d := st.argument.DocString; d != nil {
			fmt.Fprintf(&b, "      \"\"\"%s\n", d.MediaType)
			for line := range strings.SplitSeq(d.Content, "\n") {
				fmt.Fprintf(&b, "      %s\n", strings.ReplaceAll(line, `"""`, `\"\"\"`))
			}
			b.WriteString("      \"\"\"\n")
		}
		if t := st.argument.DataTable; t != nil {
			for _, row := range t.Rows {
				b.WriteString("      |")
				for _, cell := range row.Cells {
					b.WriteString(" " + escape.Replace(cell.Value) + " |")
				}
				b.WriteByte('\n')
			}
		}
	}
	return b.Bytes()
}
