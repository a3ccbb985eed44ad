package dashboard

import (
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/history"
)

// pageSize is how many rows a list has.
const pageSize = 50

// listing is what a list is asked for, and where its pages are.
type listing struct {
	Path           string
	Search, Status string
	Webhook        string
	Type           string // of the event, or a family
	Since          string // so long ago: one of periods
	From, To       string // as a field of type datetime-local has it, UTC
	Statuses       []string
	N, Total       int // page, rows in all
	First, Last    int // rows of this page, from 1
}

// waiting is the status, in a filter, of all deliveries of which more attempts are due.
const waiting = "WAITING"

// period is a time before now that one can look at.
type period struct{ Key, Name string }

func periods() []period {
	return []period{{"5m", "last 5 minutes"}, {"1h", "last hour"}, {"24h", "last 24 hours"}, {"168h", "last 7 days"}}
}

// dateLayouts are how browsers write a datetime-local field.
func dateLayouts() []string {
	return []string{"2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02T15:04:05.000"}
}

func parseDate(text string) (time.Time, bool) {
	for _, layout := range dateLayouts() {
		if t, err := time.Parse(layout, text); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// listing reads what a list is asked for. What makes no sense is left out.
func (v *view) listing(statuses ...string) listing {
	return readListing(v.r.URL.Path, v.r.URL.Query(), statuses...)
}

func readListing(path string, q url.Values, statuses ...string) listing {
	l := listing{
		Path: path, Search: q.Get("search"), Status: q.Get("status"), Webhook: q.Get("webhook"), Type: q.Get("type"),
		Since: q.Get("since"), From: q.Get("from"), To: q.Get("to"), Statuses: statuses, N: 1,
	}
	if n, err := strconv.Atoi(q.Get("page")); err == nil && n > 1 && n < 1e6 {
		l.N = n
	}
	if !slices.Contains(statuses, l.Status) {
		l.Status = ""
	}
	if !slices.ContainsFunc(periods(), func(p period) bool { return p.Key == l.Since }) {
		l.Since = ""
	}
	for _, date := range []*string{&l.From, &l.To} {
		if _, ok := parseDate(*date); !ok {
			*date = ""
		}
	}
	return l
}

func (l listing) query(now time.Time) history.Query {
	q := history.Query{Search: l.Search, Status: l.Status, Type: l.Type, Newest: true, Offset: (l.N - 1) * pageSize, Limit: pageSize}
	if l.Status == waiting {
		q.Status, q.Unfinished = "", true
	}
	q.Since, _ = parseDate(l.From)
	q.Until, _ = parseDate(l.To)
	if d, err := time.ParseDuration(l.Since); err == nil && now.Add(-d).After(q.Since) {
		q.Since = now.Add(-d)
	}
	return q
}

// hook is the webhook that the list is about; zero for all.
func (l listing) hook() (uuid.UUID, error) {
	if l.Webhook == "" {
		return uuid.Nil, nil
	}
	id, err := uuid.Parse(l.Webhook)
	if err != nil {
		return uuid.Nil, simulator.ErrNotFound
	}
	return id, nil
}

// found takes note of how many rows there are, and reports whether the page is
// past the last one.
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
func (l listing) Filtered() bool { return len(l.fields()) > 0 }

// Exact reports whether the times are given by hand.
func (l listing) Exact() bool { return l.From != "" || l.To != "" }

// field is one part of a filter, as a form has it.
type field struct{ Name, Value string }

func (l listing) fields() []field {
	all := []field{
		{"search", l.Search},
		{"status", l.Status},
		{"webhook", l.Webhook},
		{"type", l.Type},
		{"since", l.Since},
		{"from", l.From},
		{"to", l.To},
	}
	return slices.DeleteFunc(all, func(f field) bool { return f.Value == "" })
}

// Fields are what a form must hold to choose the same rows.
func (l listing) Fields() []field { return l.fields() }

// At is the address of another page of the same list.
func (l listing) At(n int) string {
	q := url.Values{}
	for _, f := range l.fields() {
		q.Set(f.Name, f.Value)
	}
	if n > 1 {
		q.Set("page", strconv.Itoa(n))
	}
	return (&url.URL{Path: l.Path, RawQuery: q.Encode()}).String()
}

// Narrowed is the address of the same list with another search.
func (l listing) Narrowed(search string) string {
	l.Search = search
	return l.At(1)
}

// family is a heading in a list of events, and what is under it.
type family struct {
	Name  string
	Kinds []event.Kind
	Types []event.Type // that its deliveries have, each once
}

// Whole reports whether the family as a whole is a type of its own.
func (f family) Whole() bool { return len(f.Types) == 1 && string(f.Types[0]) == f.Name }

// families are the events of the catalogue by their parent.
func families(extended bool) []family {
	var all []family
	for _, k := range event.Catalogue() {
		if k.Extended && !extended {
			continue
		}
		i := slices.IndexFunc(all, func(f family) bool { return f.Name == k.Parent() })
		if i < 0 {
			i = len(all)
			all = append(all, family{Name: k.Parent()})
		}
		f := &all[i]
		f.Kinds = append(f.Kinds, k)
		if !slices.Contains(f.Types, k.Type) {
			f.Types = append(f.Types, k.Type)
		}
	}
	return all
}

// Families are the events that there are here.
func (v *view) Families() []family { return families(v.Sim.Knobs().Extended) }
