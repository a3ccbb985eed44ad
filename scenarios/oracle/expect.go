package oracle

import (
	"cmp"
	"slices"
	"strings"

	"github.com/sentsim/sentsim/scenarios/check"
	"github.com/sentsim/sentsim/scenarios/learn"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/lifecycle"
)

// Expectation is what a correct receiver's state says of one subject.
type Expectation struct {
	// Unjudged is why nothing is expected; "" where something is.
	Unjudged string
	Absent   bool     // it must not be known at all
	Statuses []string // one of them is its status; empty: any
	Missing  bool     // it may be unknown as well
	// Orders are those in which its events can have been taken: a control that
	// gets each event once in that order shows what they amount to. Empty: the
	// effects are not judged.
	Orders []Order
	// Least and Most are how many inbound texts were taken.
	Least, Most int
	Standing    check.Standing // of a contact, by its signals

	words learn.Words // under which statuses show
}

// Order is an order of statuses, each taken once.
type Order []string

// String is the order as a key and as people read it.
func (o Order) String() string { return strings.Join(o, ", ") }

// Forward is the statuses in the order of a lifecycle.
func (o Order) Forward() Order {
	sorted := slices.Clone(o)
	slices.SortStableFunc(sorted, func(a, b string) int { return cmp.Compare(place(a), place(b)) })
	return sorted
}

// Backward is Forward from its end.
func (o Order) Backward() Order {
	sorted := o.Forward()
	slices.Reverse(sorted)
	return sorted
}

// place is where a status stands: failures before DELIVERED, what is not
// documented before everything.
func place(status string) int {
	rank, ok := lifecycle.Rank(event.Status(status))
	sent, _ := lifecycle.Rank(event.Sent)
	switch {
	case ok && rank > sent:
		return rank + 1
	case ok:
		return rank
	case lifecycle.Terminal(event.Status(status), true):
		return sent + 1
	}
	return 0
}

// maxOrders is how many possible orders are followed up.
const maxOrders = 8

// Expect is what is known of a record.
func (o *Oracle) Expect(r *Record) Expectation {
	genuine := r.genuine()
	switch {
	case r.tainted():
		return Expectation{Unjudged: "a forged delivery about it was not refused"}
	case len(genuine) == 0 && r.Subject.Kind == chaos.AboutContact: // who is known may only have written
		return Expectation{Unjudged: "none of its signals arrived"}
	case len(genuine) == 0:
		return Expectation{Absent: true}
	}
	switch r.Subject.Kind {
	case chaos.AboutTemplate:
		e := expectTemplate(genuine)
		for _, status := range e.Statuses {
			if _, told := r.words[event.Status(status)]; !told && r.words != nil {
				return Expectation{Unjudged: "the receiver has words of its own for a template's statuses, and which it has for " + status + " is not known"}
			}
		}
		e.words = r.words
		return e
	case chaos.AboutInbound:
		return expectInbound(genuine)
	case chaos.AboutContact:
		return r.expectContact()
	case chaos.AboutMessage:
	}
	return o.expectMessage(genuine)
}

// taking is one event and when it can have been taken.
type taking struct {
	status string
	at     []int       // steps in which it can have been taken first; 0: never
	group  map[int]int // of those steps
}

func takings(genuine []Arrival) []taking {
	var all []taking
	index := map[string]int{}
	sure := map[string]bool{}
	for _, a := range genuine {
		if a.Taken == NotTaken {
			continue
		}
		id := a.Step.Event.ID.String()
		i, known := index[id]
		if !known {
			i = len(all)
			index[id] = i
			all = append(all, taking{status: a.Step.Event.Status, group: map[int]int{}})
		}
		if sure[id] {
			continue // it had been taken by then
		}
		all[i].at = append(all[i].at, a.Step.Number)
		all[i].group[a.Step.Number] = a.Step.Group
		sure[id] = a.Taken == Acked
	}
	for id, i := range index {
		if !sure[id] {
			all[i].at = append(all[i].at, 0)
		}
	}
	return all
}

func (o *Oracle) expectMessage(genuine []Arrival) Expectation {
	if o.plan.Extended && rerouted(genuine) {
		return Expectation{Unjudged: "it was rerouted"}
	}
	e := Expectation{words: o.words}
	for _, set := range subsets(o.kept(takings(genuine))) {
		acceptable := lifecycle.Acceptable(set)
		if len(acceptable) == 0 {
			e.Missing = true
		}
		for _, s := range acceptable {
			if !slices.Contains(e.Statuses, string(s)) {
				e.Statuses = append(e.Statuses, string(s))
			}
		}
	}
	if len(e.Statuses) == 0 {
		return Expectation{Unjudged: "none of its statuses is documented, or none is kept"}
	}
	e.Orders = orders(takings(genuine))
	return e
}

// kept is what the receiver keeps the status of.
func (o *Oracle) kept(all []taking) []taking {
	return slices.DeleteFunc(all, func(t taking) bool { return !o.words.Kept(event.Status(t.status)) })
}

// rerouted reports whether a message went on after a failure.
func rerouted(genuine []Arrival) bool {
	for _, failed := range genuine {
		if failed.Step.Event.Status != string(event.Failed) {
			continue
		}
		for _, a := range genuine {
			if a.Step.Event.At.After(failed.Step.Event.At) {
				return true
			}
		}
	}
	seen := map[string]string{}
	for _, a := range genuine {
		id, status := a.Step.Event.ID.String(), a.Step.Event.Status
		if other, ok := seen[status]; ok && other != id {
			return true // within a second
		}
		seen[status] = id
	}
	return false
}

// subsets are the sets of statuses that can have been taken.
func subsets(all []taking) [][]event.Status {
	sets := [][]event.Status{nil}
	for _, t := range all {
		status := event.Status(t.status)
		maybe := slices.Contains(t.at, 0)
		with := make([][]event.Status, 0, 2*len(sets))
		for _, s := range sets {
			with = append(with, append(slices.Clone(s), status))
			if maybe && len(sets) < 64 {
				with = append(with, s)
			}
		}
		sets = with
	}
	return sets
}

// orders are those in which the events can have been taken, or nil if there are
// too many.
func orders(all []taking) []Order {
	type placed struct {
		status    string
		at, group int
	}
	lists := [][]placed{nil}
	for _, t := range all {
		var next [][]placed
		for _, l := range lists {
			for _, at := range t.at {
				if at == 0 {
					next = append(next, l)
					continue
				}
				next = append(next, append(slices.Clone(l), placed{t.status, at, t.group[at]}))
			}
		}
		if len(next) > maxOrders {
			return nil
		}
		lists = next
	}
	var found []Order
	seen := map[string]bool{}
	note := func(l []placed) {
		var o Order
		for _, p := range l {
			o = append(o, p.status)
		}
		if !seen[o.String()] && len(o) > 0 {
			seen[o.String()] = true
			found = append(found, o)
		}
	}
	for _, l := range lists {
		slices.SortFunc(l, func(a, b placed) int { return a.at - b.at })
		note(l)
		for i := 1; i < len(l); i++ { // at the same instant: either may come first
			if l[i].group != 0 && l[i].group == l[i-1].group {
				swapped := slices.Clone(l)
				swapped[i], swapped[i-1] = swapped[i-1], swapped[i]
				note(swapped)
			}
		}
	}
	if len(found) > maxOrders {
		return nil
	}
	return found
}

// expectTemplate goes by the last status that arrived: a template's statuses
// have no order of their own. CATEGORY_UPDATED is no outcome of a review, and whoever
// keeps the outcome that was before it keeps what is true.
func expectTemplate(genuine []Arrival) Expectation {
	var e Expectation
	all := takings(genuine)
	e.Missing = true
	for _, t := range all {
		sure := !slices.Contains(t.at, 0)
		if sure && isReview(t.status) {
			e.Statuses, e.Missing = nil, false // it replaces what was before
		}
		e.Statuses = append(e.Statuses, t.status)
	}
	if len(e.Statuses) == 0 {
		return Expectation{Unjudged: "nothing of it arrived for certain"}
	}
	return e
}

func documented(status string) bool {
	return isReview(status) || status == event.TemplateCategoryUpdated
}

// isReview reports whether a template's status is how its review stands.
func isReview(status string) bool {
	switch status {
	case event.TemplatePending, event.TemplateApproved, event.TemplateRejected:
		return true
	}
	return false
}

func expectInbound(genuine []Arrival) Expectation {
	var e Expectation
	for _, t := range takings(genuine) {
		e.Most++
		if !slices.Contains(t.at, 0) {
			e.Least++
		}
	}
	return e
}
