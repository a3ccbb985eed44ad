package api

import (
	"net/http"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/history"
)

// Why Sent takes a message and does not send it, by its stable codes.
const (
	reasonOptedOut       = event.ConsentBlocked
	reasonNotApproved    = "BUSINESS_005"
	reasonNoConversation = "CONVERSATION_TEMPLATE_REQUIRED"
)

// whyNotSent is why a message goes no further than the queue; nil: it does. How it
// ends goes by edition. The contacts of magic numbers have written before.
func (c *call) whyNotSent(s sending, m simulator.Message, magic bool) *simulator.Refusal {
	end := func(code, reason string) *simulator.Refusal {
		return &simulator.Refusal{Status: c.refusedStatus(), Code: code, Reason: reason}
	}
	switch {
	case c.cfg.TakeEverySend:
	case c.sim.OptedOut(m.To):
		return end(reasonOptedOut, "The recipient has opted out")
	case s.template.pending():
		return end(reasonNotApproved, "The template is not approved")
	case s.template == nil && !magic && !c.mayCarryText(m.Channel, m.To):
		return end(reasonNoConversation, "Free-form text needs an open conversation: the contact has not written within 24 hours")
	}
	return nil
}

// refuseSending refuses a request of which nothing can be sent: all recipients
// have opted out, or, in the editions before 2026-09, the template is not approved.
func (c *call) refuseSending(s sending, messages []simulator.Message) error {
	optedOut := 0
	for _, m := range messages {
		if m.Refusal != nil && m.Refusal.Code == reasonOptedOut {
			optedOut++
		}
	}
	switch {
	case c.cfg.TakeEverySend:
	case optedOut == len(messages):
		return refusal(http.StatusUnprocessableEntity, codeOptedOut, "all recipients have opted out")
	case s.template.pending() && c.refusedStatus() == event.Failed:
		return refusal(http.StatusUnprocessableEntity, codeNotApproved, "the template %q is not approved: its status is %s", s.template.name, s.template.status)
	}
	return nil
}

// refusedStatus is how a message ends that is taken and not sent: blocked where
// events carry a reason_code, which belongs to it.
func (c *call) refusedStatus() event.Status {
	if c.sim.Knobs().OutboundShape == event.OutboundNumbered {
		return event.Blocked
	}
	return event.Failed
}

// pending reports whether the template is known and may not be used.
func (t *usedTemplate) pending() bool {
	return t != nil && t.status != "" && t.status != event.TemplateApproved
}

// templateStatus is a template's status as Sent's API shows it: never the name
// of an event. One that Meta paused or disabled is as good as rejected.
func templateStatus(t history.Template) string {
	switch t.Status {
	case history.TemplateDraft, event.TemplatePending, event.TemplateApproved:
		return t.Status
	}
	return event.TemplateRejected
}
