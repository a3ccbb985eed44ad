package simulator

import (
	"context"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/signing"
)

// Forged is a forged delivery: the genuine request, what was made of it and
// sent, and what came back.
type Forged struct {
	Forgery       chaos.Forgery
	Genuine, Sent delivery.Request
	Outcome       delivery.Outcome
}

// SendForged sends a webhook a sample event of that type, forged: a receiver that
// is right rejects it. Like a test delivery it is one attempt, now, and the
// webhook's health does not notice; the history does not keep it, for Sent would
// never have sent it. The error is ErrInactive, ErrNoWebhook or that of an
// unknown type or forgery.
func (s *Simulator) SendForged(ctx context.Context, id uuid.UUID, typ event.Type, forgery string) (Forged, error) {
	f, err := chaos.Lookup(forgery)
	if err != nil {
		return Forged{}, err
	}
	hook, err := s.Webhook(id)
	if err != nil {
		return Forged{}, err
	}
	if !hook.IsActive {
		return Forged{}, ErrInactive
	}
	st := s.next("forged event")
	e, err := event.Sample(typ, st, s.clock.Now())
	if err != nil {
		return Forged{}, err
	}
	other, err := signing.GenerateSecret(st)
	if err != nil {
		return Forged{}, err
	}
	now := s.wall().Unix()
	out := Forged{Forgery: f, Genuine: delivery.NewRequest(hook.EndpointURL, id.String(), hook.SigningSecret,
		s.knobs.EventHeaders(e.Type, e.ID), e.Encode(s.knobs.Format()), now)}
	out.Sent, err = f.Forge(out.Genuine, chaos.Input{Secret: hook.SigningSecret, Other: other, WebhookID: id.String(), Timestamp: now})
	if err != nil {
		return Forged{}, err
	}
	defer s.clock.Hold()() // time stands still while it is under way, as with any attempt
	out.Outcome = s.sender.Send(ctx, out.Sent, hook.Timeout())
	return out, nil
}
