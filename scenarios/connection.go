package scenarios

import (
	"context"

	"github.com/sentsim/sentsim/scenarios/diagnosis"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/signing"
)

// Connection is a target that was reached or started for deliveries one at a
// time. It is for one goroutine. Close it.
type Connection struct{ s *session }

// Connect reaches or starts the target of cfg. With hostile, which is whatever is
// not a genuine delivery, a public address must have been named in
// cfg.AllowPublic. The errors are those of Run.
func Connect(ctx context.Context, cfg Config, hostile bool) (*Connection, error) {
	begin := reach
	if hostile {
		begin = open
	}
	s, err := begin(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return &Connection{s: s}, nil
}

// Name is how a user would name the target. No secrets.
func (c *Connection) Name() string { return c.s.subject.Target.Name() }

// URL is where deliveries go.
func (c *Connection) URL() string { return c.s.subject.Target.URL() }

// Secret is what the target verifies with.
func (c *Connection) Secret() signing.Secret { return c.s.subject.Env.Secret }

// Send makes one attempt, with the configuration's timeout.
func (c *Connection) Send(ctx context.Context, r delivery.Request) delivery.Outcome {
	return c.s.subject.Sender.Send(ctx, r, c.s.subject.Timeout)
}

// Diagnose finds out why a genuine delivery was answered with o, by experiments as
// verify makes them. At a public address that nobody allowed it makes none, for
// some are with signatures that are wrong, and only looks at the answer. Nil where
// that says nothing.
func (c *Connection) Diagnose(ctx context.Context, o delivery.Outcome) *report.Diagnosis {
	if guard(ctx, c.s.cfg) != nil {
		return diagnosis.Named(o)
	}
	r := c.s.underDiagnosis()
	plain := diagnosis.Plain(ctx, r)
	if plain.Accepted() {
		return &report.Diagnosis{
			Cause:   "event-refused",
			Summary: "an ordinary message.queued delivery is accepted, so key, clock and path are fine, and it is this event or body that is refused",
			Fix:     "Acknowledge every correctly signed event with a 2xx, also one that you do not use.",
		}
	}
	d := diagnosis.Of(ctx, r, plain)
	return &d
}

// Redact takes the signing secret out of what is printed.
func (c *Connection) Redact(text string) string { return c.s.redact(text) }

// Log is the last lines of the target's output.
func (c *Connection) Log() []string { return c.s.subject.Target.Log() }

// Close stops the target if Connect started it.
func (c *Connection) Close() error { return c.s.close() }
