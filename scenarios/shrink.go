package scenarios

import (
	"context"
	"errors"

	"github.com/sentsim/sentsim/scenarios/gherkin"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/shrink"
)

// Shrink reduces a failing chaos run, as package shrink does. The errors are those
// of Run and of shrink.Run.
func Shrink(ctx context.Context, cfg Config, f shrink.Failing) (shrink.Shrunk, error) {
	if cfg.Secret.IsZero() {
		cfg.Secret = f.Secret
	}
	s, err := open(ctx, cfg)
	if err != nil {
		return shrink.Shrunk{}, err
	}
	s.subject.Traits = f.Traits // learned again, the receiver would take it for duplicates
	out, err := shrink.Run(ctx, shrink.Receiver{
		Subject: s.subject, Seed: s.cfg.Seed, Headers: s.cfg.Headers, Redact: s.redact, Tell: s.tell,
		Reference: func(ctx context.Context, feature string, attempt uint64) (report.Scenario, error) {
			cfg := DefaultConfig()
			cfg.Embedded, cfg.Knobs, cfg.Seed = true, s.cfg.Knobs, s.cfg.Seed
			ref, err := open(ctx, cfg)
			if err != nil {
				return report.Scenario{}, err
			}
			told, err := ref.tell(ctx, feature, attempt)
			return told, errors.Join(err, ref.close())
		},
	}, f)
	if closeErr := s.close(); err == nil {
		err = closeErr
	}
	return out, err
}

// tell runs a feature of one scenario.
func (s *session) tell(ctx context.Context, feature string, attempt uint64) (report.Scenario, error) {
	scenarios, err := gherkin.Parse("story.feature", []byte(feature))
	if err != nil {
		return report.Scenario{}, err
	}
	plans, err := tie(scenarios)
	if err != nil {
		return report.Scenario{}, err
	}
	s.subject.TakeTurn()
	defer s.subject.EndTurn()
	out, _ := s.run(ctx, &plans[0], attempt)
	return out, ctx.Err()
}
