package lifecycle_test

import (
	"reflect"
	"testing"

	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/lifecycle"
	"github.com/sentsim/sentsim/simulator/seed"
)

func TestTemplateOutcomesInTheOrderOffered(t *testing.T) {
	want := []lifecycle.TemplateOutcome{"approved", "rejected", "category_updated", "paused", "disabled", "pending"}
	if got := lifecycle.TemplateOutcomes(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	err := (lifecycle.TemplateOptions{Outcome: "lost"}).Validate()
	const text = `unknown template outcome "lost": use one of approved, rejected, category_updated, paused, disabled, pending`
	if err == nil || err.Error() != text {
		t.Errorf("got %v, want %s", err, text)
	}
	for _, o := range append(want, "") {
		if err := (lifecycle.TemplateOptions{Outcome: o}).Validate(); err != nil {
			t.Errorf("%q: %v", o, err)
		}
	}
}

func TestRefusedTemplateOutcomeCountsAsNone(t *testing.T) {
	for n := range uint64(50) {
		drawn := lifecycle.PlanTemplate(seed.Seed(2).Stream("t", n), lifecycle.TemplateOptions{})
		refused := lifecycle.PlanTemplate(seed.Seed(2).Stream("t", n), lifecycle.TemplateOptions{Outcome: "lost"})
		if !reflect.DeepEqual(drawn, refused) {
			t.Fatalf("plan %d: %v, want %v", n, refused, drawn)
		}
	}
}

func TestCategoryMovesBetweenMarketingAndUtility(t *testing.T) {
	for from, to := range map[string]string{
		"": event.Utility, event.Marketing: event.Utility, event.Utility: event.Marketing, event.Authentication: event.Marketing,
	} {
		plan := lifecycle.PlanTemplate(seed.Seed(2).Stream("t"), lifecycle.TemplateOptions{Category: from, Outcome: lifecycle.TemplateCategoryUpdated})
		if got := plan[len(plan)-1].Category; got != to {
			t.Errorf("from %q to %q, want %q", from, got, to)
		}
	}
}

func TestTemplateWaitsStayInTheirSpans(t *testing.T) {
	odds := lifecycle.TemplateOdds()
	for n := range uint64(300) {
		plan := lifecycle.PlanTemplate(seed.Seed(2).Stream("t", n), lifecycle.TemplateOptions{Outcome: lifecycle.TemplatePaused})
		deciding, later := plan[1].After, plan[2].After-plan[1].After
		if deciding < odds.Deciding.Min || deciding > odds.Deciding.Max || later < odds.Later.Min || later > odds.Later.Max {
			t.Fatalf("approved after %v, paused %v later; want %v and %v", deciding, later, odds.Deciding, odds.Later)
		}
	}
}
