package probe

import (
	"bytes"
	"context"
	"fmt"

	"github.com/sentsim/sentsim/scenarios/target"
)

// runCommand reads the state of id with a command. How it says that the receiver
// knows nothing: it ends with status 0 and prints nothing or null, as a query
// without rows does; or, as grep does, it ends with status 1, prints no more
// than that and nothing on its standard error. Any other status is an error: the command's, not the receiver's.
func (p *Probe) runCommand(ctx context.Context, e *endpoint, base, id string) (State, error) {
	fail := func(err error) error { return fmt.Errorf("probe.%s.exec: %w", e.kind, err) }
	select {
	case p.commands <- struct{}{}:
		defer func() { <-p.commands }()
	case <-ctx.Done():
		return State{}, fail(ctx.Err())
	}
	within, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	r, err := e.command.Run(within, target.Call{
		Dir: p.dir, Env: target.CommandEnv(target.Env{}, base, p.env),
		Values: map[string]string{e.placeholder: id}, Limit: maxBody,
	})
	a := answer{printed, r.Stdout}
	said := string(bytes.TrimSpace(r.Stdout))
	switch silent := r.Quiet && (said == "" || said == "null"); {
	case ctx.Err() != nil:
		return State{}, fail(ctx.Err())
	case within.Err() != nil:
		return State{}, fail(fmt.Errorf("%s was not done in time (%s at most): %w", r.Program, Timeout, within.Err()))
	case err != nil:
		return State{}, fail(err)
	case r.Code != 0 && (r.Code != 1 || !silent):
		return State{}, fail(fmt.Errorf("%s ended with %s; %s", r.Program, r.Ended, r.Said))
	}
	s, err := e.state(a, id)
	if err != nil {
		return State{}, fail(fmt.Errorf("%s %w", r.Program, err))
	}
	return s, nil
}
