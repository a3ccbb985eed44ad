package steps

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/scenarios/rule"
)

func (w *World) nthOnceEach(ctx context.Context, word string) error {
	n, err := place(word)
	if err != nil {
		return err
	}
	w.pending = nil
	return w.sameEffect(ctx, n)
}

func (w *World) nthTemplateEnds(ctx context.Context, word, want string) error {
	t, err := w.theTemplate(word)
	if err != nil {
		return err
	}
	if err := w.acceptedSoFar(); err != nil {
		return err
	}
	if err := w.needs(rule.TemplateStatus); err != nil {
		return err
	}
	return w.ends(ctx, "the template", w.templateState(t.id), w.isReview(want), w.review(want))
}

func (w *World) theTemplate(word string) (*template, error) {
	n, err := place(word)
	if err != nil {
		return nil, err
	}
	if n >= len(w.templates) {
		return nil, fmt.Errorf("the scenario has no template number %d", n+1)
	}
	return w.templates[n], nil
}

// templateOnceEach compares with a template that gets the same events, each once.
func (w *World) templateOnceEach(ctx context.Context, word string) error {
	w.pending = nil
	if err := w.needs(rule.TemplateStatus); err != nil {
		return err
	}
	t, err := w.theTemplate(word)
	if err != nil {
		return err
	}
	last := w.lastExchange()
	twin := newID(w.chance)
	for i, status := range t.history {
		e := w.templateEvent(twin, status)
		e.CreatedAt = e.CreatedAt.Add(time.Duration(i) * time.Second)
		if err := w.introduce(ctx, "the "+status+" event of another template", w.signed(e)); err != nil {
			return err
		}
	}
	once, err := w.settled(ctx, w.templateState(twin), never)
	if err != nil {
		return err
	}
	if !once.HasEffects || once.Effects == 0 {
		return notChecked("the probe shows no effect of a template's events that were delivered once: an effect too many could not be seen")
	}
	same := func(st probe.State) bool { return st.HasEffects && st.Effects == once.Effects }
	got, err := w.appears(ctx, w.templateState(t.id), same)
	if err != nil || same(got) {
		return err
	}
	return &Failure{
		Summary:  fmt.Sprintf("%d effects on the template; each event delivered once has %d", got.Effects, once.Effects),
		Expected: fmt.Sprintf("%d effects, as on a template that got each of %s once", once.Effects, strings.Join(t.history, ", ")),
		Seen:     got.Raw,
		At:       last,
	}
}

func (w *World) hasCountedNth(ctx context.Context, want int, word string) error {
	n, err := place(word)
	if err != nil {
		return err
	}
	if n >= len(w.contacts) {
		return fmt.Errorf("the scenario has no contact number %d", n+1)
	}
	w.contact = w.contacts[n]
	return w.hasCounted(ctx, want)
}

// knowsNothing needs a message that does show, as a control: silence alone
// proves nothing.
func (w *World) knowsNothing(ctx context.Context, word string) error {
	w.pending = nil
	if err := w.needs(rule.MessageState); err != nil {
		return err
	}
	n, err := place(word)
	if err != nil {
		return err
	}
	m, err := w.the(n)
	if err != nil {
		return err
	}
	last := w.lastExchange()
	control, err := w.show(ctx)
	if err != nil {
		return err
	}
	shown, err := w.appears(ctx, w.messageState(control.ID), w.shows(control))
	if err != nil {
		return err
	}
	if !w.shows(control)(shown) {
		return notChecked("the probe does not show a message that the receiver accepted, so it could not show the trace of a rejected one")
	}
	st, err := w.settled(ctx, w.messageState(m.ID), known)
	if err != nil || !st.Known {
		return err
	}
	return &Failure{
		Summary:  "the receiver knows a message of which it got forged deliveries only: " + status(st),
		Expected: "no trace of a forged delivery",
		Seen:     st.Raw,
		At:       last,
	}
}

func (w *World) rejectsForged() error {
	if len(w.forged) == 0 {
		return fmt.Errorf("nothing forged was delivered before this step")
	}
	for _, f := range w.forged {
		if err := mustReject(f.at); err != nil {
			return err
		}
	}
	return nil
}
