package steps

import (
	"context"
	"fmt"

	"github.com/sentsim/sentsim/scenarios/rule"
)

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
