package lifecycle

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/seed"
)

// TemplateOutcome is how a template's review ends. The zero one is drawn.
type TemplateOutcome string

// The outcomes of a template. Every one begins with PENDING.
const (
	TemplatePending         TemplateOutcome = "pending"          // the review never ends
	TemplateApproved        TemplateOutcome = "approved"         // and nothing more
	TemplateRejected        TemplateOutcome = "rejected"         // and nothing more
	TemplateCategoryUpdated TemplateOutcome = "category_updated" // approved, then moved to another category
	TemplatePaused          TemplateOutcome = "paused"           // approved, then paused by Meta
	TemplateDisabled        TemplateOutcome = "disabled"         // approved, then disabled by Meta
)

// TemplateOutcomes are all of them.
func TemplateOutcomes() []TemplateOutcome {
	return []TemplateOutcome{
		TemplateApproved, TemplateRejected, TemplateCategoryUpdated, TemplatePaused, TemplateDisabled, TemplatePending,
	}
}

// TemplateOptions is what is known of a template before its plan is drawn.
type TemplateOptions struct {
	Category string          // as submitted; event.Marketing when empty
	Outcome  TemplateOutcome // drawn when empty
}

// Validate tells whether there is such an outcome. Any category goes.
func (o TemplateOptions) Validate() error {
	if o.Outcome == "" || slices.Contains(TemplateOutcomes(), o.Outcome) {
		return nil
	}
	names := make([]string, 0, len(TemplateOutcomes()))
	for _, known := range TemplateOutcomes() {
		names = append(names, string(known))
	}
	return fmt.Errorf("unknown template outcome %q: use one of %s", o.Outcome, strings.Join(names, ", "))
}

// TemplateStep is one template event in a plan.
type TemplateStep struct {
	After    time.Duration // since the plan's start; whole milliseconds, increasing
	Status   string        // event.TemplatePending …
	Category string        // from then on
	Approved bool          // has been by then: the payload carries Meta's id of it
	Reason   *string       // nil where there is none
}

// Review is how templates fare. The numbers are estimates; neither Sent nor
// Meta publishes any.
type Review struct {
	Ends     []TemplateShare // what is not approved for good; the rest is
	Deciding Span            // pending to approved or rejected
	Later    Span            // approved to whatever follows
}

// TemplateShare is the part of templates that end in a certain way.
type TemplateShare struct {
	Outcome TemplateOutcome
	Of      float64 // 0 to 1
}

// TemplateOdds is the table for templates.
func TemplateOdds() Review {
	return Review{
		Ends: []TemplateShare{
			{TemplateRejected, 0.12},
			{TemplateCategoryUpdated, 0.10},
			{TemplatePaused, 0.02},
			{TemplateDisabled, 0.01},
			{TemplatePending, 0.03},
		},
		Deciding: Span{30 * time.Second, 6 * time.Hour},
		Later:    Span{time.Minute, 48 * time.Hour},
	}
}

// PlanTemplate draws the way of one template through Meta's review, starting
// with PENDING at offset zero. An outcome that o.Validate refuses counts as none.
func PlanTemplate(st *seed.Stream, o TemplateOptions) []TemplateStep {
	review := TemplateOdds()
	category, end := o.Category, o.Outcome
	if category == "" {
		category = event.Marketing
	}
	if end == "" || o.Validate() != nil {
		end = review.draw(st)
	}
	wait := planner{st: st}
	steps := []TemplateStep{{Status: event.TemplatePending, Category: category}}
	add := func(s Span, step TemplateStep) {
		wait.wait(s)
		step.After = wait.at
		steps = append(steps, step)
	}
	because := func(texts ...string) *string {
		text := seed.Pick(st, texts)
		return &text
	}
	switch end {
	case TemplatePending:
		return steps
	case TemplateRejected:
		add(review.Deciding, TemplateStep{Status: event.TemplateRejected, Category: category, Reason: because(
			"INVALID_FORMAT: the variables are not numbered in order",
			"TAG_CONTENT_MISMATCH: the content does not fit the category",
			"PROMOTIONAL: promotional content in a utility template",
		)})
		return steps
	case TemplateApproved, TemplateCategoryUpdated, TemplatePaused, TemplateDisabled:
	}
	add(review.Deciding, TemplateStep{Status: event.TemplateApproved, Category: category, Approved: true})
	switch end {
	case TemplateCategoryUpdated:
		moved := event.Marketing
		if category == event.Marketing {
			moved = event.Utility
		}
		add(review.Later, TemplateStep{
			Status: event.TemplateCategoryUpdated, Category: moved, Approved: true,
			Reason: because(fmt.Sprintf("Category changed from %s to %s", category, moved)),
		})
	case TemplatePaused:
		add(review.Later, TemplateStep{
			Status: event.TemplatePaused, Category: category, Approved: true,
			Reason: because("Paused for 3 hours: low quality", "Paused for 6 hours: low quality"),
		})
	case TemplateDisabled:
		add(review.Later, TemplateStep{
			Status: event.TemplateDisabled, Category: category, Approved: true,
			Reason: because("Disabled: repeatedly low quality"),
		})
	case TemplatePending, TemplateApproved, TemplateRejected:
	}
	return steps
}

func (r Review) draw(st *seed.Stream) TemplateOutcome {
	u := st.Float64()
	for _, share := range r.Ends {
		if u < share.Of {
			return share.Outcome
		}
		u -= share.Of
	}
	return TemplateApproved
}
