package steps

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/simulator/event"
)

func (w *World) templateEvent(id uuid.UUID, status string) event.Event {
	return driver.Template(id, w.account, status, w.at)
}

func (w *World) deliversTemplate(ctx context.Context, status string) error {
	_, err := w.send(ctx, "a template's "+status+" event", w.signed(w.templateEvent(newID(w.chance), status)))
	return err
}

func (w *World) deliversTemplates(ctx context.Context, statuses string) error {
	t := &template{id: newID(w.chance), history: list(statuses)}
	w.templates = append(w.templates, t)
	all := t.history
	for i, status := range all {
		if i > 0 && w.s.Traits.Lag > 0 && w.can(rule.TemplateStatus) {
			// In the wild they are minutes apart: a receiver that works its queue off
			// side by side must not get them within milliseconds.
			if _, err := w.appears(ctx, w.templateState(t.id), w.isReview(all[i-1])); err != nil {
				return err
			}
		}
		e := w.templateEvent(t.id, status)
		e.CreatedAt = e.CreatedAt.Add(time.Duration(i) * time.Second)
		if _, err := w.send(ctx, "the template's "+status+" event", w.signed(e)); err != nil {
			return err
		}
	}
	return nil
}

func (w *World) templateEnds(ctx context.Context, which, want string) error {
	if err := w.needs(rule.TemplateStatus); err != nil {
		return err
	}
	t, err := w.theTemplate(which)
	if err != nil {
		return err
	}
	return w.end(ctx, "template", []expectation{{w.templateState(t.id), w.isReview(want)}}, w.review(want))
}

// review is the receiver's word for a template's status.
func (w *World) review(status string) string { return w.s.Traits.Reviews.Of(event.Status(status)) }

// isReview reports whether a reading shows a template's status.
func (w *World) isReview(status string) func(probe.State) bool {
	return func(st probe.State) bool { return st.StatusIs(w.review(status)) }
}
