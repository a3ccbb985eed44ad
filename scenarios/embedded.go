package scenarios

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/scenarios/receiver"
	"github.com/sentsim/sentsim/scenarios/target"
	"github.com/sentsim/sentsim/simulator/clock"
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
	cfg.Probe = referenceProbe()
	cfg.Settle = min(cfg.Settle, embeddedSettle)
	return func() error {
		if err := os.RemoveAll(dir); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		return nil
	}, nil
}

// referenceProbe reads the reference receiver's state.
func referenceProbe() probe.Config {
	return probe.Config{
		Message:  &probe.Endpoint{URL: "/state/messages/{message_id}", Status: "$.status", Effects: "$.effects"},
		Inbound:  &probe.Endpoint{URL: "/state/inbound?from={from}", Count: "$.count"},
		Template: &probe.Endpoint{URL: "/state/templates/{template_id}", Status: "$.status", Effects: "$.effects"},
		Contact:  &probe.Endpoint{URL: "/state/contacts?number={from}", OptedOut: "$.opted_out"},
	}
}

// ownProbe is what a run says that reads the state of sentsim's own receiver
// though the configuration has no probe.
const ownProbe = "this is sentsim's own reference receiver, so its state is read though no probe is configured (your receiver needs one: sentsim init)"

// recognise uses the reference receiver's probe where the target turns out to be one
// and the configuration has none.
func (s *session) recognise(ctx context.Context) error {
	p := s.cfg.Probe
	configured := p.Message != nil || p.Inbound != nil || p.Template != nil || p.Contact != nil
	if configured || s.cfg.Target.Handler != nil {
		return nil
	}
	start, is := clock.Wall(), false
	for looks := 0; !is; looks++ { // a busy machine may take longer to ask than the target may to say it
		if is = isReference(ctx, s.subject.Target.URL(), s.cfg); !is && (looks == maxLooks || !starvedSince(s.subject.Pulse, start)) {
			return nil
		}
	}
	cfg := s.cfg
	cfg.Probe = referenceProbe()
	own, err := newProbe(cfg)
	if err != nil {
		return err
	}
	s.cfg.Notes = append(slices.Clone(s.cfg.Notes), ownProbe)
	s.cfg.Probe, s.subject.Probe = cfg.Probe, own
	return nil
}

// recogniseTime is how long a target may take to say what it is.
const recogniseTime = time.Second

// isReference asks the target, beside its webhook, whether it is the reference
// receiver. Whatever else it answers means no.
func isReference(ctx context.Context, webhook string, cfg Config) bool {
	u, err := url.Parse(webhook)
	if err != nil {
		return false
	}
	u.Path, u.RawPath, u.RawQuery, u.Fragment = receiver.HealthPath, "", "", ""
	within, cancel := context.WithTimeout(ctx, recogniseTime)
	defer cancel()
	req, err := http.NewRequestWithContext(within, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return false
	}
	conf, err := target.TLS{CACert: cfg.CACert, Insecure: cfg.Insecure}.Config()
	if err != nil {
		return false
	}
	client := http.Client{
		Transport:     &http.Transport{TLSClientConfig: conf, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	return resp.StatusCode/100 == 2 && resp.Header.Get(receiver.ReferenceHeader) != ""
}
