package simulator

import (
	"context"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/signing"
	"github.com/sentsim/sentsim/simulator/webhook"
)

// RegisterWebhook registers a webhook with a new signing secret. The error is
// webhook.New's: a *webhook.FieldError for each problem.
func (s *Simulator) RegisterWebhook(cfg webhook.Config) (webhook.Webhook, error) {
	secret, err := signing.GenerateSecret(s.secrets)
	if err != nil {
		return webhook.Webhook{}, err
	}
	return s.RegisterWebhookWithSecret(cfg, secret)
}

// RegisterWebhookWithSecret registers a webhook whose receiver already has a secret.
func (s *Simulator) RegisterWebhookWithSecret(cfg webhook.Config, secret signing.Secret) (webhook.Webhook, error) {
	return s.AdoptWebhook(s.newID("webhook"), cfg, secret)
}

// AdoptWebhook registers a webhook that its receiver knows already, with its id
// and its secret.
func (s *Simulator) AdoptWebhook(id uuid.UUID, cfg webhook.Config, secret signing.Secret) (webhook.Webhook, error) {
	if cfg.RetryCount == nil {
		cfg.RetryCount = &s.knobs.RetryCount
	}
	if cfg.TimeoutSeconds == nil {
		cfg.TimeoutSeconds = &s.knobs.TimeoutSeconds
	}
	w, err := webhook.New(id, secret, cfg, s.clock.Now())
	if err != nil {
		return webhook.Webhook{}, err
	}
	s.dispatcher.Add(w)
	return w.Clone(), nil
}

// Webhook is a webhook as it stands, else ErrNoWebhook.
func (s *Simulator) Webhook(id uuid.UUID) (webhook.Webhook, error) { return s.dispatcher.Webhook(id) }

// Webhooks are all webhooks as they stand, in the order of their registration.
func (s *Simulator) Webhooks() []webhook.Webhook { return s.dispatcher.Webhooks() }

// SetActive disables a webhook by hand, which fails what still waits for it, or
// enables it again: the count of failures restarts at 0, nothing is redelivered.
func (s *Simulator) SetActive(id uuid.UUID, active bool) error {
	return s.dispatcher.SetActive(id, active)
}

// RotateSecret replaces a webhook's signing secret by a new one, which signs at
// once, waiting retries included. The old one is dead.
func (s *Simulator) RotateSecret(id uuid.UUID) (signing.Secret, error) {
	secret, err := signing.GenerateSecret(s.secrets)
	if err != nil {
		return signing.Secret{}, err
	}
	return secret, s.dispatcher.Rotate(id, secret)
}

// TestDelivery sends a sample event of that type to a webhook, whatever it
// subscribes to: one attempt, now, without retry, and the webhook's health does
// not notice. The delivery says how it went; the error is ErrInactive,
// ErrNoWebhook, ErrClosed or that of an unknown type.
func (s *Simulator) TestDelivery(ctx context.Context, id uuid.UUID, typ event.Type) (delivery.Delivery, error) {
	e, err := event.Sample(typ, s.next("test event"), s.clock.Now())
	if err != nil {
		return delivery.Delivery{}, err
	}
	d, err := s.dispatcher.Test(ctx, id, e, e.Encode(s.knobs.Format()))
	if err != nil {
		return d, err
	}
	return d, s.dispatcher.Err()
}

// Replay delivers an earlier delivery's event again, the same body as then, as
// Sent may do after maintenance. It returns the new delivery's id.
func (s *Simulator) Replay(deliveryID uuid.UUID) (uuid.UUID, error) {
	earlier, err := s.delivery(deliveryID)
	if err != nil {
		return uuid.Nil, err
	}
	s.pending.add(1)
	id, err := s.dispatcher.Replay(earlier)
	if err != nil {
		s.pending.add(-1)
	}
	return id, err
}

// Deliveries is a webhook's delivery history, oldest first.
func (s *Simulator) Deliveries(webhookID uuid.UUID) ([]delivery.Delivery, error) {
	if _, err := s.dispatcher.Webhook(webhookID); err != nil {
		return nil, err
	}
	return s.store.Deliveries(webhookID)
}
