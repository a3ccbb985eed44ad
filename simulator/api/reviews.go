package api

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/lifecycle"
)

// A review takes a second and ends approved, unless a test wants it otherwise: by the control
// interface, by the template's creation_source ("sentsim:rejected"), or by the
// beginning of its name ("sentsim_review_rejected"). A client that sends no name
// begins the template's text so: its name is made from it.
const (
	reviewSource = "sentsim:"
	reviewName   = "sentsim_review_"
)

// review is how the next reviews end that are asked for beforehand.
type review struct {
	Outcome lifecycle.TemplateOutcome `json:"outcome"`
	Name    string                    `json:"template,omitempty"` // of the template; "": any
	Times   int                       `json:"times"`
}

// readOutcome reads the outcome that a template asks for by itself.
func (c *call) readOutcome(t *simulator.Template) {
	if name, ok := strings.CutPrefix(t.Name, reviewName); ok {
		for _, o := range lifecycle.TemplateOutcomes() {
			if name == string(o) || strings.HasPrefix(name, string(o)+"_") {
				t.Outcome = o
			}
		}
	}
	source := c.body.text("creation_source")
	if source == nil || !strings.HasPrefix(*source, reviewSource) {
		return
	}
	t.Outcome = lifecycle.TemplateOutcome(strings.TrimPrefix(*source, reviewSource))
	if t.Outcome == "" || (lifecycle.TemplateOptions{Outcome: t.Outcome}).Validate() != nil {
		c.body.bad(codeEnum, "creation_source", "after %s comes one of %s", reviewSource, joined(lifecycle.TemplateOutcomes()))
	}
}

// decideReview settles how the review of a template ends that is submitted now.
func (c *call) decideReview(t *simulator.Template) {
	if r, ok := c.reviews.take(func(r review) bool { return r.Name == "" || r.Name == t.Name }); ok {
		t.Outcome = r.Outcome
	}
	t.Outcome, t.Prompt = cmp.Or(t.Outcome, lifecycle.TemplateApproved), true
}

func listReviews(c *call) (any, error) {
	return map[string]any{"reviews": entries(&c.reviews, func(r review, times int) review {
		r.Times = times
		return r
	})}, nil
}

func clearReviews(c *call) (any, error) {
	c.reviews.clear()
	return nil, nil //nolint:nilnil // 204
}

// addReview ends the review of a template, or says how the next ones end.
func addReview(c *call) (any, error) {
	b := c.body
	r := review{Times: 1}
	enum(b, "outcome", &r.Outcome, lifecycle.TemplateOutcomes()...)
	b.required("outcome")
	b.within("times", &r.Times, 0, 1_000_000)
	id, reason := b.id("template_id"), b.text("reason")
	if v := b.text("template"); v != nil {
		r.Name = *v
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	if id != nil {
		return c.decide(*id, r.Outcome, reason)
	}
	if !c.reviews.add(r, r.Times) {
		return nil, refusal(http.StatusConflict, codeNotNow, "%d reviews wait already: clear them first", maxWaiting)
	}
	return r, nil
}

// decide has Meta decide on a template now.
func (c *call) decide(id uuid.UUID, outcome lifecycle.TemplateOutcome, reason *string) (any, error) {
	e, err := c.sim.Sample("templates." + string(outcome))
	if err != nil {
		return nil, err
	}
	if err := c.aboutTemplate(id, e.Template); err != nil {
		return nil, err
	}
	if reason != nil {
		e.Template.Reason = reason
	}
	deliveries, err := c.sim.Emit(e)
	c.somethingDue()
	return map[string]any{"outcome": outcome, "template_id": id, "deliveries": views(deliveries, uuid.UUID.String)}, err
}

// aboutTemplate makes a sample one about a template that is here.
func (c *call) aboutTemplate(id uuid.UUID, about *event.Template) error {
	t, err := c.sim.Template(id)
	if err != nil {
		return orMissing(err, codeNoTemplate, "template")
	}
	about.TemplateID, about.Name, about.Language = t.ID, t.Name, t.Language
	if about.Status != event.TemplateCategoryUpdated {
		about.Category = t.Category
	} else {
		if about.Category = event.Marketing; t.Category == event.Marketing {
			about.Category = event.Utility
		}
		reason := fmt.Sprintf("Category changed from %s to %s", t.Category, about.Category)
		about.Reason = &reason
	}
	if t.WhatsAppTemplateID != "" && about.WhatsAppTemplateID != "" {
		about.WhatsAppTemplateID = t.WhatsAppTemplateID
	}
	return nil
}
