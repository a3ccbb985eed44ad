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
	if cfg.EventTypes == nil {
		cfg.EventTypes = s.knobs.Families.List()
	}
	w, err := webhook.New(id, secret, cfg, s.clock.Now())
	if err != nil {
		return webhook.Webhook{}, err
	}
	s.dispatcher.Add(w)
	return w.Clone(), s.failure()
}

// UpdateWebhook gives a webhook other settings, all of them: begin with its
// Config to change only some. Its id, secret and health stay. The error is
// ErrNoWebhook or webhook.New's, and then nothing has changed.
func (s *Simulator) UpdateWebhook(id uuid.UUID, cfg webhook.Config) (webhook.Webhook, error) {
	w, err := s.dispatcher.Update(id, func(w *webhook.Webhook) error { return w.Update(cfg, s.clock.Now()) })
	if err != nil {
		return w, err
	}
	return w, s.failure()
}

// DeleteWebhook forgets a webhook and its delivery history. What waits for it is
// dropped; what is under way ends unnoticed.
func (s *Simulator) DeleteWebhook(id uuid.UUID) error {
	if err := s.dispatcher.Remove(id); err != nil {
		return err
	}
	return s.failure()
}

// Webhook is a webhook as it stands, else ErrNoWebhook.
func (s *Simulator) Webhook(id uuid.UUID) (webhook.Webhook, error) { return s.dispatcher.Webhook(id) }

// Webhooks are all webhooks as they stand, in the order of their registration.
func (s *Simulator) Webhooks() []webhook.Webhook { return s.dispatcher.Webhooks() }

// SetActive disables a webhook by hand, which fails what still waits for it, or
// enables it again: the count of failures restarts at 0, nothing is redelivered.
func (s *Simulator) SetActive(id uuid.UUID, active bool) error {
	if err := s.dispatcher.SetActive(id, active); err != nil {
		return err
	}
	return s.failure()
}

// RotateSecret replaces a webhook's signing secret by a new one, which signs at
// once, waiting retries included. The old one is dead.
func (s *Simulator) RotateSecret(id uuid.UUID) (signing.Secret, error) {
	secret, err := signing.GenerateSecret(s.secrets)
	if err != nil {
		return signing.Secret{}, err
	}
	if err := s.dispatcher.Rotate(id, secret); err != nil {
		return secret, err
	}
	return secret, s.failure()
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
	return d, s.failure()
}

// Replay delivers an earlier delivery's event again, the same body as then, as
// Sent may do after maintenance. It returns the new delivery's id.
func (s *Simulator) Replay(deliveryID uuid.UUID) (uuid.UUID, error) {
	earlier, err := s.store.Delivery(deliveryID)
	if err != nil {
		return uuid.Nil, err
	}
	s.pending.add(1)
	id, err := s.dispatcher.Replay(earlier)
	if err != nil {
		s.pending.add(-1)
		return id, err
	}
	return id, s.failure()
}
