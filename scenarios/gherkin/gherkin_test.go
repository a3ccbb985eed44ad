package gherkin

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/cucumber/godog"
)

const feature = `@family
Feature: Counting

  Background:
    Given a counter

  @N-1 @MUST
  Scenario Outline: adding <n> ends at <sum>
    When <n> is added
    Then the sum is "<sum>"

    Examples:
      | n | sum |
      | 1 | 1   |
      | 2 | 2   |

  Scenario: arguments survive
    When this is said:
      """
      a "quoted" line
        indented \n | pipe
      """
    And these are listed:
      | a\|b | c\\d |
`

func load(t *testing.T) []Scenario {
	t.Helper()
	all, err := Parse("counting.feature", []byte(feature))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestParseFindsEveryRow(t *testing.T) {
	all := load(t)
	if len(all) != 3 {
		t.Fatalf("got %d scenarios, want 3", len(all))
	}
	s := all[1]
	if s.Name != "adding 2 ends at 2" || s.Line != 15 || s.Feature != "Counting" {
		t.Errorf("got %q at line %d of %q", s.Name, s.Line, s.Feature)
	}
	if !s.Tagged("@family") || !s.Tagged("@N-1") || s.Tagged("@N-2") {
		t.Errorf("tags %v", s.Tags)
	}
	if k := s.Steps[0].Keyword + s.Steps[2].Keyword; k != "GivenThen" {
		t.Errorf("keywords %q", k)
	}
}

func TestParseErrorNamesFileAndLine(t *testing.T) {
	_, err := Parse("broken.feature", []byte("Feature: x\n  Scenario: y\n    Given z\n  nonsense\n"))
	if err == nil || !strings.Contains(err.Error(), "broken.feature") || !strings.Contains(err.Error(), "(4:") {
		t.Errorf("got %v", err)
	}
}

func TestRunHandsArgumentsOver(t *testing.T) {
	var said string
	var cells []string
	res := load(t)[2].Run(context.Background(), func(sc *godog.ScenarioContext) {
		sc.Step(`^a counter$`, func() {})
		sc.Step(`^this is said:$`, func(d *godog.DocString) { said = d.Content })
		sc.Step(`^these are listed:$`, func(tb *godog.Table) {
			for _, c := range tb.Rows[0].Cells {
				cells = append(cells, c.Value)
			}
		})
	})
	if res.Err != nil {
		t.Fatal(res.Err)
	}
	if want := "a \"quoted\" line\n  indented \\n | pipe"; said != want {
		t.Errorf("doc string %q, want %q", said, want)
	}
	if got := strings.Join(cells, " "); got != `a|b c\d` {
		t.Errorf("cells %q", got)
	}
}

func TestRunReportsTheFirstFailure(t *testing.T) {
	boom := errors.New("boom")
	ran := 0
	res := load(t)[0].Run(context.Background(), func(sc *godog.ScenarioContext) {
		sc.Step(`^a counter$`, func() { ran++ })
		sc.Step(`^1 is added$`, func() error { return boom })
		sc.Step(`^the sum is "1"$`, func() { ran++ })
	})
	if !errors.Is(res.Err, boom) {
		t.Errorf("got %v, want %v", res.Err, boom)
	}
	if ran != 1 || res.Steps[2].Ran || !res.Steps[1].Ran {
		t.Errorf("steps after the failure ran: %+v", res.Steps)
	}
}

func TestRunNeverPassesWhatDidNotRun(t *testing.T) {
	bind := map[string]func(*godog.ScenarioContext){
		"nothing defined": func(*godog.ScenarioContext) {},
		"last undefined": func(sc *godog.ScenarioContext) {
			sc.Step(`^a counter$`, func() {})
			sc.Step(`^1 is added$`, func() {})
		},
		"a step panics": func(sc *godog.ScenarioContext) {
			sc.Step(`^a counter$`, func() { panic("oops") })
			sc.Step(`^1 is added$`, func() {})
			sc.Step(`^the sum is "1"$`, func() {})
		},
		"pending": func(sc *godog.ScenarioContext) {
			sc.Step(`^a counter$`, func() error { return godog.ErrPending })
			sc.Step(`^1 is added$`, func() {})
			sc.Step(`^the sum is "1"$`, func() {})
		},
	}
	for name, b := range bind {
		t.Run(name, func(t *testing.T) {
			if res := load(t)[0].Run(context.Background(), b); res.Err == nil {
				t.Errorf("passed: %+v", res)
			}
		})
	}
	var undefined *Undefined
	if res := load(t)[0].Run(context.Background(), func(*godog.ScenarioContext) {}); !errors.As(res.Err, &undefined) {
		t.Errorf("got %v, want an *Undefined", res.Err)
	}
}
