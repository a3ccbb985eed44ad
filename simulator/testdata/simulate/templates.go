package main

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/history"
)

// template submits, edits or removes a template, or decides its review.
func (l *life) template(s step, o *op) error {
	var t history.Template
	l.mu.Lock()
	if n := len(l.templates); n > 0 {
		t = l.templates[s.number%n]
	}
	l.mu.Unlock()
	if s.kind == submit && s.choice%3 > 0 {
		t = history.Template{}
	}
	o.template = t
	switch name := fmt.Sprintf("template_%d", s.choice); {
	case s.kind == submit:
		o.template = history.Template{ID: t.ID, Name: name, Category: event.Utility, Status: history.TemplateDraft}
		_, err := l.sim.SubmitTemplate(simulator.Template{ID: t.ID, Name: name, Category: event.Utility})
		return err
	case t.ID == uuid.Nil:
		return errNothing
	case s.kind == decide:
		return l.decide(s, o)
	case s.kind == editTemplate:
		o.template.Name, o.template.Category = name, event.Marketing
		_, err := l.sim.UpdateTemplate(t.ID, func(t *history.Template) { t.Name, t.Category = name, event.Marketing })
		return err
	}
	return l.sim.DeleteTemplate(t.ID)
}

// decide decides the review of a template at once, whatever is planned for it.
func (l *life) decide(s step, o *op) error {
	e, err := l.sim.Sample([]string{"templates.approved", "templates.rejected", "templates.paused", "templates.category_updated"}[s.choice%4])
	if err != nil {
		return err
	}
	reason := fmt.Sprintf("decision %d", len(l.log)) // no two have the same bytes
	e.Template.TemplateID, e.Template.Name, e.Template.Reason = o.template.ID, o.template.Name, &reason
	o.events = 1
	_, err = l.sim.Emit(e)
	return err
}

// checkTemplate is about a template that its author writes or removes.
func (l *life) checkTemplate(c history.Change) {
	o := l.op
	switch {
	case c.Template != nil && o != nil && o.kind == submit:
		if got := c.Template; o.template.ID != uuid.Nil && got.ID != o.template.ID || o.template.ID == uuid.Nil && l.templateOf(got.ID) != nil ||
			got.Name != o.template.Name || got.Category != o.template.Category || got.Status != o.template.Status {
			l.violated(historyLaw, "a template was submitted as %+v, and is written down as %+v", o.template, *got)
		}
	case c.Edited != nil && o != nil && o.kind == editTemplate:
		if got := c.Edited; got.ID != o.template.ID || got.Name != o.template.Name || got.Category != o.template.Category {
			l.violated(historyLaw, "a template was edited to %+v, and is written down as %+v", o.template, *got)
		}
	case c.RemovedTemplate != uuid.Nil && o != nil && o.kind == removeTemplate && o.template.ID == c.RemovedTemplate:
	default:
		l.violated(historyLaw, "a template was changed, and nobody asked for that")
	}
}

// checkCancelled checks which planned events a change cancels. A submission or a
// decision cancels the rest of the template's review, after what is due of it has
// happened. Nothing else cancels an event.
func (l *life) checkCancelled(c history.Change) {
	var subject uuid.UUID
	switch {
	case c.Template != nil:
		subject = c.Template.ID
	case c.Happened != nil && c.Happened.Template != nil:
		if _, planned := l.planned[c.Happened.ID]; !planned {
			subject = c.Happened.Subject()
		}
	}
	if subject == uuid.Nil && len(c.Cancelled) == 0 {
		return
	}
	over := 0
	for _, e := range l.toCome() {
		if e.Template == nil || e.Subject() != subject {
			continue
		}
		over++
		if !slices.Contains(c.Cancelled, e.ID) {
			l.violated(reviewLaw, "template %q is decided, and its review goes on to %s", e.Template.Name, e.Template.Status)
		}
		if !e.CreatedAt.After(l.now) {
			l.violated(reviewLaw, "template %q is decided, and %s, which was due, never happened", e.Template.Name, e.Template.Status)
		}
	}
	if len(c.Cancelled) != over {
		l.violated(lost, "%d events were cancelled, and %d must be", len(c.Cancelled), over)
	}
}

func (w *world) templateOf(id uuid.UUID) *history.Template {
	for i := range w.templates {
		if w.templates[i].ID == id {
			return &w.templates[i]
		}
	}
	return nil
}

// adoptTemplate makes what an author writes the state. What a review has decided
// stays, unless the template is submitted again.
func (w *world) adoptTemplate(c history.Change) {
	if c.Template != nil {
		if t := w.templateOf(c.Template.ID); t != nil {
			*t = *c.Template
		} else {
			w.templates = append(w.templates, *c.Template)
		}
	}
	if c.Edited != nil {
		if t := w.templateOf(c.Edited.ID); t != nil {
			t.Name, t.Language, t.Category, t.Definition = c.Edited.Name, c.Edited.Language, c.Edited.Category, c.Edited.Definition
			t.UpdatedAt = c.Edited.UpdatedAt
		}
	}
	w.templates = slices.DeleteFunc(w.templates, func(t history.Template) bool { return t.ID == c.RemovedTemplate })
}

// adoptReview makes what a review says the state of its template.
func (w *world) adoptReview(e event.Event) {
	t := w.templateOf(e.Subject())
	if t == nil {
		return
	}
	t.Category, t.WhatsAppTemplateID, t.Reason, t.UpdatedAt = e.Template.Category, e.Template.WhatsAppTemplateID, "", e.CreatedAt
	if e.Template.Reason != nil {
		t.Reason = *e.Template.Reason
	}
	if e.Template.Status != "CATEGORY_UPDATED" {
		t.Status = e.Template.Status
	}
}

// compareTemplates compares the templates that are remembered with those that
// must be.
func (l *life) compareTemplates() {
	page, err := l.memory.Templates(history.Query{})
	if err != nil {
		l.violated(historyLaw, "it cannot be read: %v", err)
	}
	if !reflect.DeepEqual(page.Rows, append([]history.Template{}, l.templates...)) {
		l.violated(historyLaw, "the templates are remembered as %+v, and must be %+v", page.Rows, l.templates)
	}
}
