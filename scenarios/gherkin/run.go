package gherkin

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/cucumber/godog"
)

// Result is how one scenario ran.
type Result struct {
	Steps []StepResult
	// Err is the first step's error, nil if every step ran and none failed. It
	// is an *Undefined if a step matches no definition.
	Err error
}

// StepResult is how one step ran.
type StepResult struct {
	Keyword, Text string
	Ran           bool
	Err           error
}

// Undefined is the error of a scenario with a step that nobody defined: our own
// mistake, never the receiver's.
type Undefined struct{ Step string }

func (u *Undefined) Error() string { return fmt.Sprintf("no definition for the step %q", u.Step) }

// Run executes the scenario's steps with the definitions that bind registers.
// A step that panics fails with the panic's text.
func (s Scenario) Run(ctx context.Context, bind func(*godog.ScenarioContext)) Result {
	res := Result{Steps: make([]StepResult, len(s.Steps))}
	for i, st := range s.Steps {
		res.Steps[i] = StepResult{Keyword: st.Keyword, Text: st.Text}
	}
	next := 0
	suite := godog.TestSuite{
		Name: s.Name,
		ScenarioInitializer: func(sc *godog.ScenarioContext) {
			bind(sc)
			sc.StepContext().After(func(ctx context.Context, st *godog.Step, status godog.StepResultStatus, err error) (context.Context, error) {
				if next >= len(res.Steps) {
					return ctx, nil
				}
				step := &res.Steps[next]
				next++
				switch {
				case status == godog.StepUndefined, errors.Is(err, godog.ErrUndefined):
					step.Err = &Undefined{Step: st.Text}
				case status == godog.StepSkipped: // one before it failed
				default:
					step.Ran, step.Err = true, err
				}
				if res.Err == nil {
					res.Err = step.Err
				}
				return ctx, nil
			})
		},
		Options: &godog.Options{
			Format:          "progress", // one of its own; printed nowhere
			Output:          io.Discard,
			NoColors:        true,
			Strict:          true,
			DefaultContext:  ctx,
			FeatureContents: []godog.Feature{{Name: s.File, Contents: s.source()}},
		},
	}
	suite.Run() // the steps' own results count, not this one
	if res.Err != nil {
		return res
	}
	for _, st := range res.Steps {
		if !st.Ran {
			res.Err = fmt.Errorf("the step %q did not run", st.Text)
			break
		}
	}
	if len(res.Steps) == 0 {
		res.Err = errors.New("the scenario has no steps")
	}
	return res
}
