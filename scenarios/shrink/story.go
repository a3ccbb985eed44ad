package shrink

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sentsim/sentsim/scenarios/oracle"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/scenarios/story"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/contract"
	"github.com/sentsim/sentsim/simulator/delivery"
)

// storyAttempt keeps the ids of stories that are tried out apart from others'.
const storyAttempt = 2000

// write writes the reduced run as a scenario that fails this target and passes
// the reference receiver: one that does not do both says nothing.
func (sh *shrinker) write(ctx context.Context) {
	if len(sh.told) != len(sh.out.Steps) {
		if fails, err := sh.fails(ctx, sh.out.Steps, max(sh.tries, 2)); err != nil || !fails {
			sh.out.NoFeature = "its last repetition did not fail"
			return
		}
	}
	for _, f := range sh.findings() {
		text, err := story.Feature(f)
		if err == nil {
			err = sh.tryStory(ctx, text)
		}
		if err == nil {
			sh.out.Feature, sh.out.NoFeature, sh.out.Rule = text, "", f.Rule
			return
		}
		if ctx.Err() != nil {
			sh.out.NoFeature = "it was stopped before one was found"
			return
		}
		if why := err.Error(); !strings.Contains(sh.out.NoFeature, why) {
			sh.out.NoFeature = strings.TrimPrefix(sh.out.NoFeature+"; "+why, "; ")
		}
	}
}

// findings are what the violation can be in words, the likeliest first.
func (sh *shrinker) findings() []story.Finding {
	v := sh.out.Violation
	f := story.Finding{Rule: sh.rule, Steps: sh.told, About: v.Subject, Origin: sh.f.Origin, Now: clock.Wall()}
	if v.Step > 0 {
		f.Claim = story.Accepts
		i := slices.IndexFunc(sh.told, func(s chaos.Step) bool { return s.Number == v.Step })
		switch {
		case sh.rule.ID == contract.SIG14:
			f.Claim = story.Hides
		case i >= 0 && (sh.told[i].Kind == chaos.KindForge || sh.rule.ID == contract.TOL7):
			f.Claim = story.Refuses
		case sh.rule.ID == contract.TOL9:
			f.Claim = story.Answers
		}
		return answerFindings(f)
	}
	e, texts := sh.expected(v.Subject)
	claim := func(c story.Claim) story.Finding {
		f := f
		f.Claim, f.Statuses, f.Texts = c, e.Statuses, texts
		return f
	}
	switch {
	case strings.Contains(v.Expected, " replies "):
		return []story.Finding{claim(story.Replies)}
	case v.Rule == contract.INB2 || v.Rule == contract.CON2:
		return []story.Finding{claim(story.Silent)}
	case v.Subject.Kind == chaos.AboutContact:
		stands := claim(story.Stands)
		stands.Rule, stands.OptedOut = named(contract.CON1), e.Standing.OptedOut
		return []story.Finding{stands}
	case e.Absent:
		return []story.Finding{claim(story.Knows)}
	case v.Subject.Kind == chaos.AboutInbound:
		counts := claim(story.Counts)
		if slices.ContainsFunc(sh.told, func(s chaos.Step) bool { return s.Subject.From != v.Subject.From }) {
			counts.Rule = named(contract.IDEM4)
		}
		almost := counts
		almost.Almost = true
		return []story.Finding{counts, almost}
	}
	ends, counts := claim(story.Ends), claim(story.Counts)
	verbatim, second := ends, ends
	verbatim.Verbatim, second.SameSecond = true, true
	second.Rule = named(contract.IDEM4)
	if strings.Contains(v.Expected, " to end as ") {
		return []story.Finding{ends, counts, second, verbatim}
	}
	return []story.Finding{counts, ends, second, verbatim}
}

// answerFindings are what a wrong answer can be in words: of a plain delivery, of
// one with its own body, of one that is as old as it was.
func answerFindings(f story.Finding) []story.Finding {
	fresh, aged := f, f
	fresh.Verbatim, aged.Verbatim = true, true
	fresh.Now = time.Time{}
	return []story.Finding{f, fresh, aged}
}

// named is the rule of that id.
func named(id string) rule.Rule {
	r, _ := rule.Get(id)
	return r
}

// expected is what a correct receiver makes of the reduced run, and how many
// texts of a contact it took.
func (sh *shrinker) expected(about chaos.Subject) (e oracle.Expectation, texts int) {
	o := oracle.New(sh.f.Plan, sh.on.Subject.Traits.Words, sh.on.Subject.Traits.Reviews, sh.on.Subject.Arrange != nil)
	for _, s := range sh.told {
		out := delivery.Outcome{Kind: delivery.Answered, Status: http.StatusOK}
		switch {
		case s.Kind != chaos.KindDeliver && s.Kind != chaos.KindForge:
			continue
		case s.Kind == chaos.KindForge, s.Rule == contract.TOL7:
			out.Status = http.StatusUnauthorized
		}
		o.Saw(s, out, "")
	}
	for _, r := range o.TakeAll() {
		if r.Subject.Kind != about.Kind || r.Subject.ID != about.ID && (about.From == "" || r.Subject.From != about.From) {
			continue
		}
		e = o.Expect(r)
		texts = e.Most
	}
	return e, texts
}

// tryStory runs a scenario against this target, as often as it may take, and
// against the reference receiver.
func (sh *shrinker) tryStory(ctx context.Context, text string) error {
	var seen report.Scenario
	for range max(2, 2*sh.tries) {
		sh.tellings++ // no two are of the same messages
		if err := sh.refresh(ctx); err != nil {
			return err
		}
		var err error
		if seen, err = sh.on.Tell(ctx, text, storyAttempt+sh.tellings); err != nil {
			return err
		}
		if seen.Verdict == report.Failed {
			break
		}
	}
	if seen.Verdict != report.Failed {
		return fmt.Errorf("as a scenario it does not fail this receiver (%s: %s)", seen.Verdict, seen.Reason)
	}
	good, err := sh.on.Reference(ctx, text, storyAttempt)
	if err != nil {
		return err
	}
	if good.Verdict != report.Passed {
		return fmt.Errorf("as a scenario it does not pass the reference receiver (%s: %s)", good.Verdict, good.Reason)
	}
	return nil
}
