package steps

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/simulator/event"
)

func templateSentences() []definition {
	return []definition{
		def(`Sent delivers a template event with the status "([^"]+)"`, func(w *World) any { return w.deliversTemplate }),
		def(`Sent delivers the "([^"]+)" events? of a template`, func(w *World) any { return w.deliversTemplates }),
		def(`the template ends as "([^"]+)"`, func(w *World) any { return w.templateEnds }),
	}
}

func (w *World) templateEvent(id uuid.UUID, status string) event.Event {
	t := &event.Template{
		AccountID: w.account, TemplateID: id, Name: "order_update_" + id.String()[:8],
		Status: status, Language: "en_US", Category: event.Marketing, Channel: event.WhatsApp,
	}
	switch status {
	case event.TemplateRejected:
		reason := "INVALID_FORMAT: the template holds a variable without an example"
		t.Reason = &reason
	case event.TemplateCategoryUpdated:
		reason := "Category changed from MARKETING to UTILITY"
		t.Category, t.Reason = event.Utility, &reason
	}
	if status != event.TemplatePending && status != event.TemplateRejected {
		t.WhatsAppTemplateID = fmt.Sprintf("%d", binary.BigEndian.Uint64(id[:8])>>4) // unique, as Meta's
	}
	return event.Event{ID: uuid.NewSHA1(id, []byte(status)), Type: event.Templates, CreatedAt: w.at, Template: t}
}

func (w *World) deliversTemplate(ctx context.Context, status string) error {
	_, err := w.send(ctx, "a template's "+status+" event", w.signed(w.templateEvent(newID(w.chance), status)))
	return err
}

func (w *World) deliversTemplates(ctx context.Context, statuses string) error {
	w.template = newID(w.chance)
	for i, status := range list(statuses) {
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
	if len(w.templates) > 0 {
		return w.ends(ctx, "the template", w.templateState(w.templates[0].id), want)
	}
	return w.ends(ctx, "the template", w.templateState(w.template), want)
}
