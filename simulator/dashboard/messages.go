package dashboard

import (
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/history"
	"github.com/sentsim/sentsim/simulator/lifecycle"
)

func listMessages(v *view) error {
	l := v.listing(string(event.Queued), string(event.Routed), string(event.Sent), string(event.Delivered), string(event.Read),
		string(event.Failed), string(event.Received))
	page, err := v.Sim.Messages(l.query(v.Now))
	if err != nil {
		return err
	}
	if l.found(len(page.Rows), page.Total) {
		l.N = l.Pages()
		if page, err = v.Sim.Messages(l.query(v.Now)); err != nil {
			return err
		}
		l.found(len(page.Rows), page.Total)
	}
	return v.show("messages", "messages", "Messages", map[string]any{"List": l, "Rows": page.Rows})
}

// step is one status of a message on its timeline.
type step struct {
	Status event.Status
	State  string // reached, skipped, ahead, never or failed
	At     time.Time
	Reason string
}

// timeline is the line from queued to read with what became of each status, and what
// left the line. Of a rerouted message it is the last route's.
func timeline(m history.Message) []step {
	happened := map[event.Status]history.Activity{}
	furthest := 0
	var left *history.Activity // FAILED, FILTERED, BLOCKED
	for _, a := range m.Activities {
		if a.Status == event.Queued && len(happened) > 0 { // a reroute begins again
			clear(happened)
			furthest, left = 0, nil
		}
		happened[a.Status] = a
		if rank, ok := lifecycle.Rank(a.Status); ok {
			furthest = max(furthest, rank)
		} else {
			left = &a
		}
	}
	var steps []step
	for _, st := range []event.Status{event.Scheduled, event.Queued, event.Routed, event.Sent, event.Delivered, event.Read} {
		a, ok := happened[st]
		rank, _ := lifecycle.Rank(st)
		switch {
		case ok:
			steps = append(steps, step{Status: st, State: "reached", At: a.At})
		case st == event.Scheduled: // it is rarely on the way
		case rank < furthest:
			steps = append(steps, step{Status: st, State: "skipped"})
		case left != nil:
			// It will never come to that.
		case st == event.Read && !lifecycle.ReportsRead(m.Channel):
			steps = append(steps, step{Status: st, State: "never"})
		default:
			steps = append(steps, step{Status: st, State: "ahead"})
		}
	}
	if left != nil {
		steps = append(steps, step{Status: left.Status, State: "failed", At: left.At, Reason: left.Reason})
	}
	return steps
}

// mostOfMessage is how many deliveries of a message its page shows.
const mostOfMessage = 60

func showMessage(v *view) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	m, err := v.Sim.Message(id)
	if err != nil {
		return err
	}
	of, err := v.Sim.DeliveryPage(uuid.Nil, history.Query{Search: id.String(), Limit: mostOfMessage})
	if err != nil {
		return err
	}
	return v.show("message", "messages", "Message", map[string]any{"Message": m, "Timeline": timeline(m), "Rows": v.rows(of.Rows), "Total": of.Total})
}

func listTemplates(v *view) error {
	l := v.listing(event.TemplatePending, event.TemplateApproved, event.TemplateRejected, event.TemplateCategoryUpdated,
		event.TemplatePaused, event.TemplateDisabled, history.TemplateDraft)
	page, err := v.Sim.Templates(l.query(v.Now))
	if err != nil {
		return err
	}
	l.found(len(page.Rows), page.Total)
	return v.show("templates", "templates", "Templates", map[string]any{"List": l, "Rows": page.Rows})
}
