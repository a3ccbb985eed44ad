package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/lifecycle"
)

// controlOperations is what a test needs and Sent does not have.
func (s *Server) controlOperations() []operation {
	limit := field{"limit", "how many rows at most, the newest; 1000"}
	search := field{"search", "a text that a row contains"}
	timeout := field{"timeout", `how long to wait in wall time, such as "20s"; 30s`}
	times := field{"times", "how many times; 0 until it is cleared; 1"}
	return []operation{
		{method: "GET", path: "/_sentsim", status: 200, handle: listOperations, doc: "these calls"},
		{method: "GET", path: "/_sentsim/clock", status: 200, handle: getClock, doc: "the simulation's time and seed"},
		{
			method: "POST", path: "/_sentsim/clock/advance", status: 200, handle: advanceClock,
			doc: "lets time pass on a clock that stands still", fields: []field{{"by", `how much, such as "1h"`}, timeout},
		},
		{
			method: "POST", path: "/_sentsim/wait", status: 200, handle: waitUntilQuiet,
			doc: "waits until nothing is planned and no delivery waits", fields: []field{timeout},
		},
		{
			method: "POST", path: "/_sentsim/events", status: 201, handle: emitEvent,
			doc: "makes an event happen now", fields: []field{
				{"type", "name of the event, as sentsim events lists them"},
				{"payload", "fields of the payload; what is left out is the stored object's, or made up"},
				{"timestamp", "of the envelope; now"},
				{"body", "the whole body as a text, instead of a payload"},
			},
		},
		{
			method: "POST", path: "/_sentsim/sequences", status: 201, handle: play,
			doc: "has the events of a link, a call or a market happen, two seconds apart", fields: []field{
				{"name", joined(sequenceNames())},
				{"message_id", "the message that a link is in"},
			},
		},
		{
			method: "POST", path: "/_sentsim/inbound", status: 201, handle: receive,
			doc: "a contact writes; STOP, START, HELP and the keywords of --knob keywords= are its signals too", fields: []field{
				{"from", "number of the contact; drawn"},
				{"to", "one of the account's numbers; " + accountNumber},
				{"text", "what it writes; null is a message without a text"},
				{"channel", joined(event.Channels()) + ", mms; sms"},
				{"provider", "who took it in; plausible for the channel"},
			},
		},
		{
			method: "POST", path: "/_sentsim/contacts", status: 201, handle: signal,
			doc: "the network tells what a contact wants, without a message", fields: []field{
				{"signal", joined(signals()) + "; opt_out and opt_in decide whether it may be written to"},
				{"from", "number of the contact; drawn"},
				{"channel", joined(event.Channels()) + "; sms"},
			},
		},
		{method: "GET", path: "/_sentsim/faults", status: 200, handle: listFaults, doc: "the faults that wait"},
		{
			method: "POST", path: "/_sentsim/faults", status: 201, handle: addFault,
			doc: "has the next attempts go wrong", fields: []field{
				{"fault", joined(faultNames())},
				times,
				{"webhook_id", "only attempts at this webhook"},
				{"event_type", "only events of this name"},
				{"status", "of answer: what the receiver seems to answer; 503"},
				{"copies", "of duplicate_at_once; 2"},
				{"forgery", "of forgery, as sentsim trigger --forge list names them"},
			},
		},
		{method: "DELETE", path: "/_sentsim/faults", status: 204, handle: clearFaults, doc: "clears the faults that wait"},
		{method: "GET", path: "/_sentsim/reviews", status: 200, handle: listReviews, doc: "the outcomes of reviews that wait"},
		{
			method: "POST", path: "/_sentsim/reviews", status: 201, handle: addReview,
			doc: "ends the review of a template now, or says how the next ones end", fields: []field{
				{"outcome", joined(lifecycle.TemplateOutcomes())},
				{"template_id", "the template whose review ends now"},
				{"reason", "with template_id: why"},
				{"template", "without: only for the template of this name"},
				times,
			},
		},
		{method: "DELETE", path: "/_sentsim/reviews", status: 204, handle: clearReviews, doc: "clears the outcomes that wait"},
		{
			method: "GET", path: "/_sentsim/messages", status: 200, handle: listMessages,
			doc: "messages in both directions, oldest first", fields: []field{{"status", "only these"}, search, limit},
		},
		{
			method: "GET", path: "/_sentsim/deliveries", status: 200, handle: listAllDeliveries,
			doc: "deliveries with every attempt, oldest first", fields: []field{
				{"id", "only those whose id begins so"},
				{"webhook_id", "only those of this webhook"},
				{"status", "only these"},
				search, limit,
			},
		},
		{method: "GET", path: "/_sentsim/deliveries/{id}", status: 200, handle: getDelivery, doc: "one delivery"},
		{method: "POST", path: "/_sentsim/deliveries/{id}/resend", status: 201, handle: resendDelivery, doc: "delivers the same body again"},
		{method: "POST", path: "/_sentsim/deliveries/{id}/replay", status: 201, handle: resendDelivery, doc: "the same as resend"},
		{
			method: "POST", path: "/_sentsim/resend", status: 201, handle: resendDeliveries,
			doc: "delivers again what was made since a time", fields: []field{
				{"since", "a time such as 2025-10-31T10:10:42Z"},
				{"status", "only deliveries that ended DELIVERED, or FAILED"},
				{"webhook_id", "only those of this webhook"},
			},
		},
		{method: "GET", path: "/_sentsim/magic", status: 200, handle: listMagic, doc: "the numbers and names with outcomes of their own"},
		{
			method: "POST", path: resetPath, status: 200, handle: reset,
			doc: "begins anew, with nothing in it", fields: []field{{"seed", `that everything is drawn from; "random"; by default another one, unless --seed was given`}},
		},
	}
}

// listOperations lists the control interface.
func listOperations(c *call) (any, error) {
	type view struct {
		Method string  `json:"method"`
		Path   string  `json:"path"`
		Doc    string  `json:"doc"`
		Fields []field `json:"fields"` // of the query, where the method is GET
	}
	all := views(c.controlOperations(), func(op operation) view {
		return view{op.method, op.path, op.doc, slices.Concat([]field{}, op.fields)}
	})
	return map[string]any{"calls": all}, nil
}

// The limits of how long a request may let time pass, in wall time.
const (
	defaultWait = 30 * time.Second
	maxWait     = 10 * time.Minute
)

// patience reads how long the caller wants to wait.
func (c *call) patience() time.Duration {
	d := c.body.duration("timeout", defaultWait)
	if d <= 0 || d > maxWait {
		c.body.bad(codeRange, "timeout", "is out of range: use more than 0, at most %s", maxWait)
	}
	return d
}

// within runs f for d at most, and lets the answer be that late.
func (c *call) within(d time.Duration, f func(context.Context) error) error {
	control := http.NewResponseController(c.w)
	_ = control.SetWriteDeadline(wallDeadline(d + writeTime))
	ctx, cancel := context.WithTimeout(c.r.Context(), d)
	defer cancel()
	err := f(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return refusal(http.StatusGatewayTimeout, codeTimeout, "it was not over within %s", d)
	}
	return err
}

// state is the simulation's time and seed.
func (c *call) state() map[string]any {
	return map[string]any{"now": rfc3339(c.sim.Now()), "stands_still": c.standsStill(), "seed": c.sim.Seed()}
}

func getClock(c *call) (any, error) { return c.state(), nil }

// advanceClock lets time pass on a clock that stands still, with everything that
// happens until then.
func advanceClock(c *call) (any, error) {
	by, timeout := c.body.duration("by", 0), c.patience()
	c.body.required("by")
	if by < 0 {
		c.body.bad(codeRange, "by", "is out of range: time does not run backwards")
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	if !c.standsStill() {
		return nil, refusal(http.StatusConflict, codeClockMoves, "this clock moves by itself: start the server with --clock virtual")
	}
	err := c.within(timeout, func(ctx context.Context) error { return c.sim.Advance(ctx, by) })
	return c.state(), err
}

// waitUntilQuiet waits until nothing is planned and no delivery waits. A clock
// that stands still is moved on for it.
func waitUntilQuiet(c *call) (any, error) {
	timeout := c.patience()
	if err := c.check(); err != nil {
		return nil, err
	}
	err := c.within(timeout, c.sim.Drain)
	return c.state(), err
}

// receive is a contact's message arriving now.
func receive(c *call) (any, error) {
	b := c.body
	in := simulator.Inbound{To: accountNumber, Text: b.text("text")}
	b.number("from", &in.From)
	b.number("to", &in.To)
	if v := b.text("provider"); v != nil {
		in.Provider = *v
	}
	enum(b, "channel", &in.Channel, append(event.Channels(), event.MMS)...)
	if err := c.check(); err != nil {
		return nil, err
	}
	id, err := c.sim.Receive(in)
	c.somethingDue()
	return map[string]any{"message_id": id}, err
}

func signals() []string { return []string{"opt_out", "opt_in", "help", "custom_keyword"} }

// signal is a contact's signal arriving now through the network.
func signal(c *call) (any, error) {
	b := c.body
	var name string
	var s simulator.Signal
	enum(b, "signal", &name, signals()...)
	b.required("signal")
	b.number("from", &s.From)
	enum(b, "channel", &s.Channel, event.Channels()...)
	if err := c.check(); err != nil {
		return nil, err
	}
	s.Type = event.Type(event.ParentContact + "." + name)
	number, err := c.sim.Hear(s)
	c.somethingDue()
	return map[string]any{"contact_id": c.sim.ContactID(number), "from": number, "opted_out": c.sim.OptedOut(number)}, err
}

// number reads a phone number over what is there.
func (b *body) number(field string, n *string) {
	v := b.text(field)
	switch {
	case v == nil:
	case !phone.MatchString(*v):
		b.bad(codePhone, field, "is no number in E.164: write it like +14155550100")
	default:
		*n = *v
	}
}

// listMessages lists messages in both directions, oldest first.
func listMessages(c *call) (any, error) {
	q := c.rows()
	q.Status = c.param("status")
	if err := c.check(); err != nil {
		return nil, err
	}
	found, err := c.sim.Messages(q)
	slices.Reverse(found.Rows)
	return map[string]any{"messages": views(found.Rows, c.viewMessage), "total_count": found.Total}, err
}
