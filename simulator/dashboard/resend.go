package dashboard

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/delivery"
)

func resendDelivery(v *view) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	again, err := v.Sim.Replay(id)
	switch {
	case errors.Is(err, simulator.ErrInactive):
		return v.goTo("/deliveries/"+id.String(), flash{Tone: toneFailed, Text: "Nothing was sent: the webhook is disabled. Enable it first."})
	case err != nil:
		return err
	}
	v.letHappen()
	return v.goTo("/deliveries/"+again.String(), flash{Tone: tonePassed, Text: "Resent: the same event, with a fresh timestamp and signature."})
}

// mostResent is how many deliveries one press of a button resends.
const mostResent = 1000

// resendMany resends the deliveries that are ticked, or all that a filter finds
// and that are over: what waits has its own retries.
func resendMany(v *view) error {
	l := readListing("/deliveries", v.r.PostForm, waiting, string(delivery.Delivered), string(delivery.Failed), string(delivery.Pending), string(delivery.Retrying))
	var chosen []delivery.Delivery
	var err error
	if v.r.PostFormValue("all") != "" {
		chosen, err = v.allOver(l)
	} else {
		chosen, err = v.ticked()
	}
	if err != nil {
		return err
	}
	back := v.back("/deliveries")
	if len(chosen) == 0 {
		return v.goTo(back, flash{Tone: toneWarned, Text: "Nothing was resent: select deliveries first."})
	}
	resent, disabled, gone := 0, 0, 0
	for _, d := range chosen {
		switch _, err := v.Sim.Replay(d.ID); {
		case err == nil:
			resent++
		case errors.Is(err, simulator.ErrInactive):
			disabled++
		case errors.Is(err, simulator.ErrNotFound), errors.Is(err, simulator.ErrNoWebhook):
			gone++
		default:
			return err
		}
	}
	v.letHappen()
	return v.goTo(back, resentFlash(resent, disabled, gone))
}

func resentFlash(resent, disabled, gone int) flash {
	m := flash{Tone: tonePassed, Text: things(resent, "event is resent.", "events are resent.")}
	if resent == 0 {
		m = flash{Tone: toneFailed, Text: "Nothing was resent."}
	}
	if disabled > 0 {
		m.Text += " " + things(disabled, "was left out: its webhook is disabled.", "were left out: their webhook is disabled.")
	}
	if gone > 0 {
		m.Text += " " + things(gone, "is no longer in the history.", "are no longer in the history.")
	}
	return m
}

// things counts in a sentence.
func things(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// allOver are the deliveries of a list that are over, oldest first, and each event
// only once for each webhook.
func (v *view) allOver(l listing) ([]delivery.Delivery, error) {
	hook, err := l.hook()
	if err != nil {
		return nil, err
	}
	q := l.query(v.Now)
	q.Offset, q.Limit = 0, mostResent
	page, err := v.Sim.DeliveryPage(hook, q)
	if err != nil {
		return nil, err
	}
	type key struct{ hook, event uuid.UUID }
	seen := map[key]bool{}
	rows := slices.DeleteFunc(page.Rows, func(d delivery.Delivery) bool {
		k := key{d.WebhookID, d.EventID}
		drop := !d.Done() || d.EventID != uuid.Nil && seen[k]
		seen[k] = true
		return drop
	})
	slices.Reverse(rows)
	return rows, nil
}

// ticked are the deliveries whose boxes are ticked, oldest first.
func (v *view) ticked() ([]delivery.Delivery, error) {
	var rows []delivery.Delivery
	for _, text := range v.r.PostForm["id"] {
		id, err := uuid.Parse(strings.TrimSpace(text))
		if err != nil {
			return nil, simulator.ErrNotFound
		}
		d, err := v.Sim.Delivery(id)
		if errors.Is(err, simulator.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if rows = append(rows, d); len(rows) == mostResent {
			break
		}
	}
	slices.SortFunc(rows, func(a, b delivery.Delivery) int {
		if a.Number < b.Number {
			return -1
		}
		return 1
	})
	return rows, nil
}
