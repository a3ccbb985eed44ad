package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/seed"
	"github.com/sentsim/sentsim/simulator/webhook"
)

// operate does something to the platform, and sees that it kept its word.
func (l *life) operate(ctx context.Context, s step) {
	l.mu.Lock()
	hooks := slices.Clone(l.hooks)
	l.moveTo(l.clock.Now())
	l.mu.Unlock()
	if len(hooks) == 0 && slices.Contains([]kind{rotate, disable, enable, remove, edit, replay, test}, s.kind) {
		return
	}
	o := &op{kind: s.kind}
	if s.kind != register && len(hooks) > 0 {
		o.hook = hooks[s.number%len(hooks)]
		o.want = o.hook.Clone()
	}
	l.mu.Lock()
	l.op = o
	l.mu.Unlock()
	err := l.perform(ctx, s, o)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.op = nil
	switch {
	case l.dead || l.bad != nil:
	case errors.Is(err, errNothing):
	case err != nil:
		l.violated(historyLaw, "%s: %v", s.kind, err)
	case o.saved == 0 || o.events > 0:
		l.violated(lost, "%s was accepted and not written down", s.kind)
	case l.safe < o.at:
		l.violated(lost, "%s was accepted, and would not survive a crash: only %d of %d writes are safe", s.kind, l.safe, o.at)
	}
}

// errNothing is for an operation that is rightly refused.
var errNothing = errors.New("nothing to do")

func (l *life) perform(ctx context.Context, s step, o *op) error {
	switch s.kind {
	case register:
		if len(l.sim.Webhooks()) >= maxWebhooks {
			return errNothing
		}
		cfg := configured(s)
		o.want = webhook.Webhook{
			DisplayName: cfg.DisplayName, EndpointURL: cfg.EndpointURL, EventTypes: l.sim.Knobs().Families.List(),
			EventFilters: cfg.EventFilters, RetryCount: *cfg.RetryCount, TimeoutSeconds: *cfg.TimeoutSeconds, IsActive: true,
		}
		w, err := l.sim.RegisterWebhook(cfg)
		if err == nil && !w.SigningSecret.Equal(o.want.SigningSecret) {
			l.violated(secretLaw, "the secret that was given out is not the one that was written down")
		}
		return err
	case rotate:
		secret, err := l.sim.RotateSecret(o.hook.ID)
		if err == nil && !secret.Equal(o.want.SigningSecret) {
			l.violated(secretLaw, "the secret that was given out is not the one that was written down")
		}
		return err
	case disable, enable:
		if o.want.IsActive, o.ends = s.kind == enable, s.kind == disable; s.kind == enable && !o.hook.IsActive {
			o.want.ConsecutiveFailures = 0
		}
		return l.sim.SetActive(o.hook.ID, s.kind == enable)
	case remove:
		return l.sim.DeleteWebhook(o.hook.ID)
	case edit:
		cfg := configured(s)
		o.want.DisplayName, o.want.EndpointURL, o.want.EventFilters = cfg.DisplayName, cfg.EndpointURL, cfg.EventFilters
		o.want.RetryCount, o.want.TimeoutSeconds = *cfg.RetryCount, *cfg.TimeoutSeconds
		_, err := l.sim.UpdateWebhook(o.hook.ID, cfg)
		return err
	case replay:
		return l.replay(s, o)
	case test:
		_, err := l.sim.TestDelivery(ctx, o.hook.ID, "message.delivered")
		return l.onlyActive(o, err)
	case send, receive, hear, burst:
		return l.traffic(s, o)
	case submit, decide, editTemplate, removeTemplate:
		return l.template(s, o)
	case expire:
		return l.expire(s, o)
	case receiver, stop, shutdown, crash, reset, pass:
	}
	return errNothing
}

const maxWebhooks = 4

// configured is what a step says about a webhook.
func configured(s step) webhook.Config {
	retries, timeout := 1+s.choice%5, seed.Pick(seed.Seed(s.choice).Stream("timeout"), []int{5, 30, 120}) //nolint:gosec // below 100
	return webhook.Config{
		DisplayName: "simulated", EndpointURL: endpoint(s.choice % receivers), RetryCount: &retries, TimeoutSeconds: &timeout,
		EventFilters: []map[string][]string{
			{}, {}, {}, {"message": {"delivered", "failed"}}, {"templates": {"approved"}}, {"message": {"received", "read", "sent"}, "templates": {"rejected"}},
		}[s.choice%6],
	}
}

// replay replays one of the deliveries. Two of the same event are never under way
// at the same time: their requests are equal, so chance would decide which of them
// gets which answer, and a seed would not be one story.
func (l *life) replay(s step, o *op) error {
	l.mu.Lock()
	all := slices.SortedFunc(maps.Values(l.rows), func(a, b *row) int { return cmp.Compare(a.Number, b.Number) })
	all = slices.DeleteFunc(all, func(r *row) bool {
		sameEvent := func(other *row) bool { return other.EventID == r.EventID }
		return l.limit() > 1 && slices.ContainsFunc(r.hook.open, sameEvent)
	})
	l.mu.Unlock()
	if len(all) == 0 {
		return errNothing
	}
	r := all[s.choice%len(all)]
	o.hook, o.event = r.hook, r.EventID
	_, err := l.sim.Replay(r.ID)
	if l.plan.keep > 0 && errors.Is(err, simulator.ErrNotFound) {
		return errNothing
	}
	return l.onlyActive(o, err)
}

// onlyActive is right for what a disabled webhook must refuse.
func (l *life) onlyActive(o *op, err error) error {
	switch {
	case o.hook.IsActive:
		return err
	case errors.Is(err, simulator.ErrInactive):
		return errNothing
	}
	return fmt.Errorf("the webhook is disabled, and it says %w", err)
}
