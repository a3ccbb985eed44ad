package dashboard

import (
	"cmp"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/history"
	"github.com/sentsim/sentsim/simulator/webhook"
)

// rowView is one delivery in a list.
type rowView struct {
	delivery.Delivery
	Hook    string // the webhook's name
	Answer  string // the last one, in a few words
	Most    int    // attempts that it may have
	Subject subject
}

func (v *view) rows(all []delivery.Delivery) []rowView {
	hooks := map[uuid.UUID]webhook.Webhook{}
	for _, w := range v.Sim.Webhooks() {
		hooks[w.ID] = w
	}
	rows := make([]rowView, len(all))
	for i, d := range all {
		w := hooks[d.WebhookID]
		rows[i] = rowView{Delivery: d, Hook: w.DisplayName, Answer: lastAnswer(d), Most: v.most(d, w), Subject: subjectOf(v, d)}
	}
	return rows
}

// most is how many attempts a delivery may have.
func (v *view) most(d delivery.Delivery, w webhook.Webhook) int {
	n := w.RetryCount
	switch {
	case d.Test:
		n = 1
	case v.Sim.Knobs().RetryCountCounts != delivery.CountsAttempts:
		n++
	}
	return max(n, len(d.Attempts))
}

func lastAnswer(d delivery.Delivery) string {
	if len(d.Attempts) == 0 {
		if d.Status == delivery.Failed {
			return d.Error
		}
		return ""
	}
	return inShort(d.Attempts[len(d.Attempts)-1].Outcome)
}

func listDeliveries(v *view) error {
	l := v.listing(waiting, string(delivery.Delivered), string(delivery.Failed), string(delivery.Pending), string(delivery.Retrying))
	hook, err := l.hook()
	if err != nil {
		return err
	}
	page, err := v.Sim.DeliveryPage(hook, l.query(v.Now))
	if err != nil {
		return err
	}
	if l.found(len(page.Rows), page.Total) {
		l.N = l.Pages()
		if page, err = v.Sim.DeliveryPage(hook, l.query(v.Now)); err != nil {
			return err
		}
		l.found(len(page.Rows), page.Total)
	}
	groups, err := v.errorGroups(hook, l.query(v.Now))
	if err != nil {
		return err
	}
	v.concerns(v.Sim.Webhooks()...)
	return v.show("deliveries", "deliveries", "Deliveries", map[string]any{
		"List": l, "Rows": v.rows(page.Rows), "Groups": groups, "Periods": periods(), "MostResent": mostResent,
	})
}

// errorGroup is the deliveries that failed, or wait for a retry, for the same reason.
type errorGroup struct {
	Text   string // in a few words
	Search string // what finds them
	Tone   string // failed, or warned while all of them may still succeed
	N      int
}

const (
	mostGrouped = 2000 // deliveries of each status that are looked at
	mostGroups  = 6
)

// errorGroups sorts what went wrong among the deliveries of a query by the reason,
// the most frequent first.
func (v *view) errorGroups(hook uuid.UUID, q history.Query) ([]errorGroup, error) {
	q.Offset, q.Limit = 0, mostGrouped
	groups := map[string]*errorGroup{}
	for _, status := range []delivery.Status{delivery.Failed, delivery.Retrying} {
		if q.Status != "" && q.Status != string(status) || q.Unfinished && status == delivery.Failed {
			continue
		}
		of := q
		of.Status = string(status)
		page, err := v.Sim.DeliveryPage(hook, of)
		if err != nil {
			return nil, err
		}
		for _, d := range page.Rows {
			g := groupOf(d)
			if groups[g.Search] == nil {
				groups[g.Search] = &g
			}
			groups[g.Search].N++
			if status == delivery.Failed {
				groups[g.Search].Tone = toneFailed
			}
		}
	}
	all := make([]errorGroup, 0, len(groups))
	for _, g := range groups {
		all = append(all, *g)
	}
	slices.SortFunc(all, func(a, b errorGroup) int { return cmp.Or(b.N-a.N, strings.Compare(a.Search, b.Search)) })
	return all[:min(len(all), mostGroups)], nil
}

func groupOf(d delivery.Delivery) errorGroup {
	g := errorGroup{Text: d.Error, Search: d.Error, Tone: toneWarned}
	if n := len(d.Attempts); n > 0 {
		last := d.Attempts[n-1].Outcome
		if text := last.String(); text != "" && strings.Contains(d.Error, text) {
			return errorGroup{Text: inShort(last), Search: text, Tone: toneWarned}
		}
	}
	if why, what, found := strings.Cut(d.Error, ": "); found && strings.HasPrefix(why, "the webhook was disabled") {
		return errorGroup{Text: "webhook disabled: " + what, Search: what, Tone: toneWarned}
	}
	return g
}
