package dashboard

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/history"
	"github.com/sentsim/sentsim/simulator/webhook"
)

// healthView is how a webhook is doing.
type healthView struct {
	webhook.Webhook
	Threshold int    // so many failures in a row disable it
	Waiting   int    // deliveries of which more attempts are due
	Failed    bool   // failures have disabled it
	State     string // in one word
	Tone      string
	Says      string // what is behind the word
	Rate      string // success rate of its latest deliveries
	rank      int    // what needs attention comes first
}

// Troubled reports whether somebody should look at it.
func (h healthView) Troubled() bool { return h.Tone == toneFailed || h.Tone == toneWarned }

// The tones of a page, as style.css names them.
const (
	tonePassed  = "passed"
	toneFailed  = "failed"
	toneWarned  = "warned"
	toneNeutral = "not_checked"
)

// failed reports whether failures have disabled a webhook. One that was disabled
// by hand has fewer.
func failed(sim *simulator.Simulator, w webhook.Webhook) bool {
	return !w.IsActive && w.ConsecutiveFailures >= sim.Knobs().DisableThreshold
}

// mostWaiting is how many waiting deliveries are looked at for the last attempt.
const mostWaiting = 2000

// healths is how webhooks are doing, in their order. recent are their latest
// deliveries, newest first.
func (v *view) healths(hooks []webhook.Webhook, recent []delivery.Delivery) ([]healthView, error) {
	of := uuid.Nil
	if len(hooks) == 1 {
		of = hooks[0].ID
	}
	waiting, err := v.Sim.DeliveryPage(of, history.Query{Unfinished: true, Newest: true, Limit: mostWaiting})
	if err != nil {
		return nil, err
	}
	counts := map[uuid.UUID]int{}
	for _, d := range waiting.Rows {
		counts[d.WebhookID]++
	}
	last := lastAttempts(recent, waiting.Rows)
	rows := map[uuid.UUID][]delivery.Delivery{}
	for _, d := range recent {
		rows[d.WebhookID] = append(rows[d.WebhookID], d)
	}
	all := make([]healthView, len(hooks))
	for i, w := range hooks {
		n := counts[w.ID]
		if waiting.Total > len(waiting.Rows) {
			page, err := v.Sim.DeliveryPage(w.ID, history.Query{Unfinished: true, Limit: 1})
			if err != nil {
				return nil, err
			}
			n = page.Total
		}
		h := healthView{Webhook: w, Threshold: v.Sim.Knobs().DisableThreshold, Waiting: n, Failed: failed(v.Sim, w), Rate: count(rows[w.ID]).Rate()}
		h.judge(last[w.ID], len(rows[w.ID]) > 0)
		all[i] = h
	}
	return all, nil
}

// lastAttempts is the last attempt at each webhook, but for test deliveries.
func lastAttempts(lists ...[]delivery.Delivery) map[uuid.UUID]*delivery.Attempt {
	last := map[uuid.UUID]*delivery.Attempt{}
	for _, rows := range lists {
		for _, d := range rows {
			if d.Test || len(d.Attempts) == 0 {
				continue
			}
			a := &d.Attempts[len(d.Attempts)-1]
			if old := last[d.WebhookID]; old == nil || a.At.After(old.At) {
				last[d.WebhookID] = a
			}
		}
	}
	return last
}

// judge finds the word for it. A webhook whose last attempt failed is not well,
// whatever came before.
func (h *healthView) judge(last *delivery.Attempt, tested bool) {
	bad := last != nil && !last.Outcome.Accepted()
	how := ""
	switch {
	case bad:
		how = "last attempt " + inAWord(last.Outcome)
	case last == nil && after(h.LastDeliveryAttemptAt, h.LastSuccessfulDeliveryAt): // it is no longer in the history
		bad, how = true, "last attempt failed"
	}
	set := func(rank int, tone, state, says string) { h.rank, h.Tone, h.State, h.Says = rank, tone, state, says }
	switch {
	case h.Failed:
		set(0, toneFailed, "disabled", fmt.Sprintf("%d failures in a row", h.ConsecutiveFailures))
		if bad {
			h.Says += ", " + how
		}
	case !h.IsActive:
		set(3, toneNeutral, "disabled", "disabled by hand")
	case bad && h.Waiting > 0:
		set(1, toneWarned, "failing", fmt.Sprintf("%d waiting, %s", h.Waiting, how))
	case bad:
		set(1, toneWarned, "failing", fmt.Sprintf("%s, %d of %d failures in a row", how, h.ConsecutiveFailures, h.Threshold))
	case h.Waiting > 0:
		set(2, toneNeutral, "sending", fmt.Sprintf("%d waiting", h.Waiting))
	case h.LastDeliveryAttemptAt == nil && tested:
		set(2, toneNeutral, "new", "only test deliveries yet")
	case h.LastDeliveryAttemptAt == nil:
		set(2, toneNeutral, "new", "nothing delivered yet")
	default:
		set(4, tonePassed, "healthy", "last attempt accepted")
	}
}

func after(a, b *time.Time) bool { return a != nil && (b == nil || a.After(*b)) }

// inAWord is what became of an attempt, as the end of a sentence.
func inAWord(o delivery.Outcome) string {
	switch o.Kind {
	case delivery.Answered:
		return "answered " + strconv.Itoa(o.Status)
	case delivery.Timeout:
		return "timed out"
	case delivery.Refused:
		return "refused"
	case delivery.Unreached:
		return "did not reach it"
	case delivery.Reset:
		return "broken off"
	case delivery.TLS:
		return "failed in TLS"
	case delivery.Malformed:
		return "not answered in HTTP"
	case delivery.Cancelled:
		return "stopped by sentsim"
	}
	return string(o.Kind)
}

// whatCameBack is an outcome for people who look for the reason.
func whatCameBack(o delivery.Outcome) string {
	if o.Kind == delivery.Answered {
		return strings.TrimSpace(fmt.Sprintf("the receiver answered %d %s", o.Status, http.StatusText(o.Status)))
	}
	return o.Err
}

// inShort is an outcome in a few words.
func inShort(o delivery.Outcome) string {
	switch o.Kind {
	case delivery.Answered:
		return strings.TrimSpace(strconv.Itoa(o.Status) + " " + http.StatusText(o.Status))
	case delivery.Refused:
		return "connection refused"
	case delivery.Reset:
		return "connection reset"
	case delivery.Timeout, delivery.Unreached, delivery.TLS, delivery.Malformed, delivery.Cancelled:
	}
	return string(o.Kind)
}

// troubledFirst puts what needs attention first.
func troubledFirst(all []healthView) {
	slices.SortStableFunc(all, func(a, b healthView) int { return a.rank - b.rank })
}
