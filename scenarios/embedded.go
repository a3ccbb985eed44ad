package scenarios

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/scenarios/receiver"
	"github.com/sentsim/sentsim/scenarios/target"
)

// embeddedSettle is enough for the reference receiver: its state is there when
// it answers, and it sends its replies right after.
const embeddedSettle = 300 * time.Millisecond

// embed makes the reference receiver the target, durable so that it can be
// restarted, with its own probe. cleanup removes its data.
func embed(cfg *Config) (cleanup func() error, err error) {
	dir, err := os.MkdirTemp("", "sentsim-")
	if err != nil {
		return nil, fmt.Errorf("a folder for the embedded receiver's state: %w", err)
	}
	cfg.Target = target.Spec{
		Name: "the embedded reference receiver", Path: cfg.Target.Path,
		Handler: func(env target.Env) (http.Handler, func() error, error) {
			r, err := receiver.New(receiver.Config{
				Secret: env.Secret.Reveal(), File: filepath.Join(dir, "receiver.db"), Path: cfg.Target.Path,
				BaseURL: env.BaseURL, APIKey: env.APIKey,
			})
			if err != nil {
				return nil, nil, err
			}
			return r, r.Close, nil
		},
	}
	cfg.Probe = probe.Config{
		Message:  &probe.Endpoint{URL: "/state/messages/{message_id}", Status: "$.status", Effects: "$.effects"},
		Inbound:  &probe.Endpoint{URL: "/state/inbound?from={from}", Count: "$.count"},
		Template: &probe.Endpoint{URL: "/state/templates/{template_id}", Status: "$.status", Effects: "$.effects"},
		Contact:  &probe.Endpoint{URL: "/state/contacts?number={from}", OptedOut: "$.opted_out"},
	}
	cfg.Settle = min(cfg.Settle, embeddedSettle)
	return func() error {
		if err := os.RemoveAll(dir); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		return nil
	}, nil
}
