package dashboard

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/history"
	"github.com/sentsim/sentsim/simulator/signing"
	"github.com/sentsim/sentsim/simulator/webhook"
)

// rowView is one delivery in a list.
type rowView struct {
	delivery.Delivery
	Hook   string // the webhook's name
	Answer string // the last one, in a few words
	Most   int    // attempts that it may have
}

func (v *view) rows(all []delivery.Delivery) []rowView {
	hooks := map[uuid.UUID]webhook.Webhook{}
	for _, w := range v.Sim.Webhooks() {
		hooks[w.ID] = w
	}
	rows := make([]rowView, len(all))
	for i, d := range all {
		w := hooks[d.WebhookID]
		rows[i] = rowView{Delivery: d, Hook: w.DisplayName, Answer: lastAnswer(d), Most: v.most(d, w)}
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

// inShort is an outcome in a few words.
func inShort(o delivery.Outcome) string {
	if o.Kind == delivery.Answered {
		return strings.TrimSpace(strconv.Itoa(o.Status) + " " + http.StatusText(o.Status))
	}
	return string(o.Kind)
}

// pageSize is how many rows a list has.
const pageSize = 50

// listing is what a list is asked for, and where its pages are.
type listing struct {
	Path           string
	Search, Status string
	Webhook        string
	Statuses       []string
	N, Total       int // page, rows in all
	First, Last    int // rows of this page, from 1
}

func (v *view) listing(statuses ...string) listing {
	q := v.r.URL.Query()
	l := listing{Path: v.r.URL.Path, Search: q.Get("search"), Status: q.Get("status"), Webhook: q.Get("webhook"), Statuses: statuses, N: 1}
	if n, err := strconv.Atoi(q.Get("page")); err == nil && n > 1 && n < 1e6 {
		l.N = n
	}
	if !slices.Contains(statuses, l.Status) {
		l.Status = ""
	}
	return l
}

func (l *listing) query() history.Query {
	return history.Query{Search: l.Search, Status: l.Status, Newest: true, Offset: (l.N - 1) * pageSize, Limit: pageSize}
}

// found takes note of how many rows there are, and reports whether the page has
// any to show.
func (l *listing) found(rows, total int) (past bool) {
	l.Total = total
	if rows > 0 {
		l.First = (l.N-1)*pageSize + 1
		l.Last = l.First + rows - 1
	}
	return rows == 0 && total > 0 && l.N > 1
}

// Pages is the number of pages.
func (l listing) Pages() int { return max((l.Total+pageSize-1)/pageSize, 1) }

// Filtered reports whether the list leaves something out.
func (l listing) Filtered() bool { return l.Search != "" || l.Status != "" || l.Webhook != "" }

// At is the address of another page of the same list.
func (l listing) At(n int) string {
	q := url.Values{}
	for name, value := range map[string]string{"search": l.Search, "status": l.Status, "webhook": l.Webhook} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if n > 1 {
		q.Set("page", strconv.Itoa(n))
	}
	return (&url.URL{Path: l.Path, RawQuery: q.Encode()}).String()
}

func listDeliveries(v *view) error {
	l := v.listing(string(delivery.Pending), string(delivery.Retrying), string(delivery.Delivered), string(delivery.Failed))
	var hook uuid.UUID
	if l.Webhook != "" {
		id, err := uuid.Parse(l.Webhook)
		if err != nil {
			return simulator.ErrNotFound
		}
		hook = id
	}
	page, err := v.Sim.DeliveryPage(hook, l.query())
	if err != nil {
		return err
	}
	if l.found(len(page.Rows), page.Total) {
		l.N = l.Pages()
		if page, err = v.Sim.DeliveryPage(hook, l.query()); err != nil {
			return err
		}
		l.found(len(page.Rows), page.Total)
	}
	return v.show("deliveries", "deliveries", "Deliveries", map[string]any{"List": l, "Rows": v.rows(page.Rows)})
}

// attemptView is one attempt on the time line.
type attemptView struct {
	delivery.Attempt
	Waited   time.Duration // since the attempt before ended
	Accepted bool
	Answer   string
	Request  []delivery.Header
	Curl     string
	Response string
	Body     string
}

func showDelivery(v *view) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	d, err := v.Sim.Delivery(id)
	if err != nil {
		return err
	}
	w, err := v.Sim.Webhook(d.WebhookID)
	if err != nil {
		return err
	}
	var attempts []attemptView
	for i, a := range d.Attempts {
		x := v.attempt(d, w, a)
		if i > 0 {
			x.Waited = a.At.Sub(d.Attempts[i-1].At)
		}
		attempts = append(attempts, x)
	}
	subject, section := subjectOf(v, d)
	return v.show("delivery", "deliveries", string(d.EventType), map[string]any{
		"Delivery": d, "Hook": w, "Attempts": attempts, "Most": v.most(d, w), "Subject": subject, "SubjectSection": section,
	})
}

// attempt rebuilds what was sent: the history keeps what was different each time.
func (v *view) attempt(d delivery.Delivery, w webhook.Webhook, a delivery.Attempt) attemptView {
	r := delivery.Request{URL: w.EndpointURL, Body: d.Body, Headers: []delivery.Header{
		{Name: "Content-Type", Value: "application/json"},
		{Name: "User-Agent", Value: delivery.UserAgent},
		{Name: signing.HeaderID, Value: w.ID.String()},
		{Name: signing.HeaderTimestamp, Value: strconv.FormatInt(a.Timestamp, 10)},
		{Name: signing.HeaderSignature, Value: a.Signature},
	}}
	named := v.Sim.Knobs().EventHeaders(d.EventType, d.EventID)
	if named.Type != "" {
		r.Headers = append(r.Headers, delivery.Header{Name: signing.HeaderEventType, Value: string(named.Type)})
	}
	if named.ID != uuid.Nil {
		r.Headers = append(r.Headers, delivery.Header{Name: signing.HeaderEventID, Value: named.ID.String()})
	}
	return attemptView{
		Attempt: a, Accepted: a.Outcome.Accepted(), Answer: whatCameBack(a.Outcome),
		Request: r.Headers, Curl: r.Curl(delivery.CurlOptions{Lines: true}), Response: responseHead(a.Outcome), Body: plain(string(a.Outcome.Body)),
	}
}

// responseHead is the status line and the headers.
func responseHead(o delivery.Outcome) string {
	if o.Kind != delivery.Answered {
		return plain(o.Err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\n", o.Status, http.StatusText(o.Status))
	names := make([]string, 0, len(o.Header))
	for name := range o.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range o.Header[name] {
			fmt.Fprintf(&b, "%s: %s\n", name, value)
		}
	}
	return plain(b.String())
}

func replayDelivery(v *view) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	again, err := v.Sim.Replay(id)
	switch {
	case errors.Is(err, simulator.ErrInactive):
		return v.goTo("/deliveries/"+id.String(), flash{Tone: "failed", Text: "Nothing was sent: the webhook is disabled. Enable it first."})
	case err != nil:
		return err
	}
	v.letHappen()
	return v.goTo("/deliveries/"+again.String(), flash{Tone: "passed", Text: "The same event is delivered again, with a fresh timestamp and signature."})
}
