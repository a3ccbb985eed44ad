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

func templateSentences() []definition {
	return []definition{
		def(`Sent delivers the "([^"]+)" events? of a template`, func(w *World) any { return w.deliversTemplates }),
		def(`the template ends as "([^"]+)"`, func(w *World) any { return w.templateEnds }),
	}
}

func (w *World) templateEvent(id uuid.UUID, status string) event.Event {
	return driver.Template(id, w.account, status, w.at)
}

func (w *World) deliversTemplate(ctx context.Context, status string) error {
	_, err := w.send(ctx, "a template's "+status+" event", w.signed(w.templateEvent(newID(w.chance), status)))
	return err
}

func (w *World) deliversTemplates(ctx context.Context, statuses string) error {
	w.template = newID(w.chance)
	all := list(statuses)
	for i, status := range all {
		if i > 0 && w.s.Traits.Lag > 0 && w.can(rule.TemplateStatus) {
			// In the wild they are minutes apart: a receiver that works its queue off
			// side by side must not get them within milliseconds.
			if _, err := w.appears(ctx, w.templateState(w.template), w.isReview(all[i-1])); err != nil {
				return err
			}
		}
		e := w.templateEvent(w.template, status)
		e.CreatedAt = e.CreatedAt.Add(time.Duration(i) * time.Second)
		if _, err := w.send(ctx, "the template's "+status+" event", w.signed(e)); err != nil {
			return err
		}
	}
	return nil
}

func (w *World) templateEnds(ctx context.Context, want string) error {
	if err := w.acceptedSoFar(); err != nil {
		return err
	}
	if err := w.needs(rule.TemplateStatus); err != nil {
		return err
	}
	id := w.template
	if len(w.templates) > 0 {
		id = w.templates[0].id
	}
	return w.ends(ctx, "the template", w.templateState(id), w.isReview(want), w.review(want))
}

// review is the receiver's word for a template's status.
func (w *World) review(status string) string { return w.s.Traits.Reviews.Of(event.Status(status)) }

// isReview reports whether a reading shows a template's status.
func (w *World) isReview(status string) func(probe.State) bool {
	return func(st probe.State) bool { return st.StatusIs(w.review(status)) }
}
