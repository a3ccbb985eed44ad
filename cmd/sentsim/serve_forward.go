package main

import (
	"crypto/rand"
	"fmt"

	"github.com/sentsim/sentsim/simulator/signing"
	"github.com/sentsim/sentsim/simulator/webhook"
)

// forward registers the webhook of --forward-to, unless the file has one with its
// URL already. It returns what there is to say of it.
func (s *serving) forward() (text string, err error) {
	if s.forwardTo == "" {
		return "", nil
	}
	sim, export := s.server.Simulator(), ""
	if !s.server.AllowsTarget(s.forwardTo) {
		return "", usage("--forward-to %s is not a target that --allow-target allows", s.forwardTo)
	}
	for _, w := range sim.Webhooks() {
		if w.EndpointURL != s.forwardTo {
			continue
		}
		if !s.secret.IsZero() && !w.SigningSecret.Equal(s.secret) {
			return "", usage("--forward-to: %s has the webhook %s for this URL already, with another secret: leave --secret out, or delete the webhook", s.serveOptions.data, w.ID)
		}
		return fmt.Sprintf("\nforwarding   the webhook %s of before, to %s\n", w.ID, w.EndpointURL), nil
	}
	if s.secret.IsZero() { // nobody else can tell the receiver what it is
		if s.secret, err = signing.GenerateSecret(rand.Reader); err != nil {
			return "", exit(statusTrouble, err)
		}
		export = "export SENT_DM_WEBHOOK_SECRET=" + s.secret.Reveal() + "\n"
	}
	w, err := sim.RegisterWebhookWithSecret(webhook.Config{DisplayName: "sentsim serve --forward-to", EndpointURL: s.forwardTo}, s.secret)
	if err != nil {
		return "", usage("--forward-to %s: %v", s.forwardTo, err)
	}
	return fmt.Sprintf("%s\nforwarding   every event to %s (webhook %s)\n", export, w.EndpointURL, w.ID), nil
}
