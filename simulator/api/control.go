package api

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/history"
)

// controlRoutes is what a test needs and Sent does not have.
func (s *Server) controlRoutes() []route {
	return []route{
		{"/_sentsim/clock", map[string]handler{"GET": getClock}},
		{"/_sentsim/clock/advance", map[string]handler{"POST": advanceClock}},
		{"/_sentsim/wait", map[string]handler{"POST": waitUntilQuiet}},
		{"/_sentsim/events", map[string]handler{"POST": emitEvent}},
		{"/_sentsim/inbound", map[string]handler{"POST": receive}},
		{"/_sentsim/faults", map[string]handler{"GET": listFaults, "POST": addFault, "DELETE": clearFaults}},
		{"/_sentsim/messages", map[string]handler{"GET": listMessages}},
		{"/_sentsim/deliveries", map[string]handler{"GET": listAllDeliveries}},
		{"/_sentsim/deliveries/{id}", map[string]handler{"GET": getDelivery}},
		{"/_sentsim/deliveries/{id}/replay", map[string]handler{"POST": replayDelivery}},
		{"/_sentsim/magic", map[string]handler{"GET": listMagic}},
		{resetPath, map[string]handler{"POST": reset}},
	}
}

// The limits of how long a request may let time pass, in wall time.
const (
	defaultWait = 30 * time.Second
	maxWait     = 10 * time.Minute
)

// patience reads how long the caller wants to wait, and lets the answer be that late.
func (c *call) patience(b *body) time.Duration {
	d := b.duration("timeout", defaultWait)
	if d <= 0 || d > maxWait {
		b.bad(codeRange, "timeout", "is out of range: use more than 0, at most %s", maxWait)
	}
	return d
}

// within runs f for d at most.
func (c *call) within(d time.Duration, f func(context.Context) error) *problem {
	control := http.NewResponseController(c.w)
	_ = control.SetWriteDeadline(wallDeadline(d + writeTime))
	ctx, cancel := context.WithTimeout(c.r.Context(), d)
	defer cancel()
	err := f(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return refusal(http.StatusGatewayTimeout, codeTimeout, "it was not over within %s", d)
	}
	return fromSimulator(err)
}

// duration reads a duration such as "90s".
func (b *body) duration(field string, otherwise time.Duration) time.Duration {
	text := b.text(field)
	if text == nil {
		return otherwise
	}
	d, err := time.ParseDuration(*text)
	if err != nil {
		b.bad(codeInvalid, field, `must be a duration such as "90s" or "1h"`)
		return otherwise
	}
	return d
}

func getClock(c *call) (answer, *problem) {
	return answer{http.StatusOK, map[string]any{"now": rfc3339(c.sim.Now()), "stands_still": c.standsStill()}}, nil
}

// advanceClock lets time pass on a clock that stands still, with everything that
// happens until then.
func advanceClock(c *call) (answer, *problem) {
	b, p := readBody(c.w, c.r)
	if p != nil {
		return answer{}, p
	}
	b.only("by", "timeout")
	by, timeout := b.duration("by", -1), c.patience(b)
	if _, given := b.given("by"); !given {
		b.bad(codeRequired, "by", "is required")
	} else if by < 0 && !b.problems.has("by") {
		b.bad(codeRange, "by", "is out of range: time does not run backwards")
	}
	if p := b.problems.refusal(); p != nil {
		return answer{}, p
	}
	if !c.standsStill() {
		return answer{}, refusal(http.StatusConflict, codeClockMoves, "this clock moves by itself: start the server with --clock virtual")
	}
	if p := c.within(timeout, func(ctx context.Context) error { return c.sim.Advance(ctx, by) }); p != nil {
		return answer{}, p
	}
	return getClock(c)
}

// waitUntilQuiet waits until nothing is planned and no delivery waits. A clock
// that stands still is moved on for it.
func waitUntilQuiet(c *call) (answer, *problem) {
	b, p := readBody(c.w, c.r)
	if p != nil {
		return answer{}, p
	}
	b.only("timeout")
	timeout := c.patience(b)
	if p := b.problems.refusal(); p != nil {
		return answer{}, p
	}
	if p := c.within(timeout, c.sim.Drain); p != nil {
		return answer{}, p
	}
	return getClock(c)
}

// receive is a contact's message arriving now.
func receive(c *call) (answer, *problem) {
	b, p := readBody(c.w, c.r)
	if p != nil {
		return answer{}, p
	}
	b.only("from", "to", "text", "channel", "provider")
	in := simulator.Inbound{To: accountNumber, Text: b.text("text")}
	b.number("from", &in.From)
	b.number("to", &in.To)
	if v := b.text("provider"); v != nil {
		in.Provider = *v
	}
	if v := b.text("channel"); v != nil {
		var err error
		if in.Channel, err = event.ParseChannel(*v); err != nil {
			b.bad(codeEnum, "channel", "must be sms, whatsapp or rcs")
		}
	}
	if p := b.problems.refusal(); p != nil {
		return answer{}, p
	}
	id, err := c.sim.Receive(in)
	c.somethingDue()
	return answer{http.StatusCreated, map[string]any{"message_id": id}}, fromSimulator(err)
}

// number reads a phone number over what is there.
func (b *body) number(field string, n *string) {
	v := b.text(field)
	if v == nil {
		return
	}
	if !phone.MatchString(*v) {
		b.bad(codePhone, field, "is no number in E.164: write it like +14155550100")
		return
	}
	*n = "+" + strings.TrimPrefix(*v, "+")
}

// mostRows is how many rows the control interface lists when it is not told.
const mostRows = 1000

// rows reads which rows are asked for: the last limit of those that contain search.
func (q *query) rows() history.Query {
	h := history.Query{Search: q.search(), Newest: true, Limit: mostRows}
	if q.r.URL.Query().Has("limit") {
		h.Limit = q.number("limit", mostRows)
	}
	return h
}

type attemptView struct {
	Number       int         `json:"number"`
	At           string      `json:"at"`        // simulation time
	Timestamp    int64       `json:"timestamp"` // X-Webhook-Timestamp
	Signature    string      `json:"signature"` // X-Webhook-Signature
	Outcome      string      `json:"outcome"`
	Status       *int        `json:"http_status_code"`
	Headers      http.Header `json:"response_headers"`
	ResponseBody *string     `json:"response_body"`
	Error        *string     `json:"error"`
	DurationMS   float64     `json:"duration_ms"`
}

type fullDelivery struct {
	deliveryView
	WebhookID uuid.UUID     `json:"webhook_id"`
	EventID   uuid.UUID     `json:"event_id"`
	Test      bool          `json:"test"`
	Body      string        `json:"body"` // as it is sent, byte for byte
	Attempts  []attemptView `json:"attempts"`
}

func viewFull(d delivery.Delivery) fullDelivery {
	v := fullDelivery{deliveryView: viewDelivery(d), WebhookID: d.WebhookID, EventID: d.EventID, Test: d.Test, Body: string(d.Body), Attempts: []attemptView{}}
	for _, a := range d.Attempts {
		o := a.Outcome
		view := attemptView{
			Number: a.Number, At: rfc3339(a.At), Timestamp: a.Timestamp, Signature: a.Signature, Outcome: string(o.Kind),
			Headers: o.Header, Error: textOrNull(o.Err), DurationMS: float64(o.Duration) / float64(time.Millisecond),
		}
		if o.Status != 0 {
			text := strings.ToValidUTF8(string(o.Body), "\uFFFD")
			view.Status, view.ResponseBody = &o.Status, &text
		}
		v.Attempts = append(v.Attempts, view)
	}
	return v
}

// listAllDeliveries lists the deliveries of all webhooks, or of one, oldest
// first, each with every attempt.
func listAllDeliveries(c *call) (answer, *problem) {
	q := query{r: c.r}
	h := q.rows()
	h.Status = q.choice("status", string(delivery.Pending), string(delivery.Retrying), string(delivery.Delivered), string(delivery.Failed))
	only, wanted := uuid.Nil, c.r.URL.Query().Get("webhook_id")
	if wanted != "" {
		var ok bool
		if only, ok = parseID(wanted); !ok {
			q.problems.add(codeUUID, "webhook_id", "must be a UUID")
		}
	}
	if p := q.problems.refusal(); p != nil {
		return answer{}, p
	}
	var all []delivery.Delivery
	for _, w := range c.sim.Webhooks() {
		if only != uuid.Nil && w.ID != only {
			continue
		}
		found, err := c.sim.DeliveryPage(w.ID, h)
		if err != nil && !errors.Is(err, simulator.ErrNoWebhook) { // deleted meanwhile
			return answer{}, fromSimulator(err)
		}
		all = append(all, found.Rows...)
	}
	slices.SortFunc(all, func(a, b delivery.Delivery) int { return cmp.Compare(a.Number, b.Number) })
	views := []fullDelivery{}
	for _, d := range all[max(0, len(all)-h.Limit):] {
		views = append(views, viewFull(d))
	}
	return answer{http.StatusOK, map[string]any{"deliveries": views}}, nil
}

// delivery is the delivery that the path names.
func (c *call) delivery() (delivery.Delivery, *problem) {
	id, p := pathID(c.r)
	if p != nil {
		return delivery.Delivery{}, p
	}
	d, err := c.sim.Delivery(id)
	if errors.Is(err, simulator.ErrNotFound) {
		return d, refusal(http.StatusNotFound, codeNotFound, "there is no delivery with this id, or not any more")
	}
	return d, fromSimulator(err)
}

func getDelivery(c *call) (answer, *problem) {
	d, p := c.delivery()
	return answer{http.StatusOK, viewFull(d)}, p
}

// replayDelivery delivers the same body again, as Sent may do after maintenance.
func replayDelivery(c *call) (answer, *problem) {
	d, p := c.delivery()
	if p != nil {
		return answer{}, p
	}
	id, err := c.sim.Replay(d.ID)
	c.somethingDue()
	return answer{http.StatusCreated, map[string]any{"id": id}}, fromSimulator(err)
}

// listMessages lists messages in both directions, oldest first.
func listMessages(c *call) (answer, *problem) {
	q := query{r: c.r}
	h := q.rows()
	h.Status = strings.ToUpper(c.r.URL.Query().Get("status"))
	if p := q.problems.refusal(); p != nil {
		return answer{}, p
	}
	found, err := c.sim.Messages(h)
	if err != nil {
		return answer{}, fromSimulator(err)
	}
	views := []messageView{}
	for _, m := range slices.Backward(found.Rows) {
		views = append(views, c.viewMessage(m))
	}
	return answer{http.StatusOK, map[string]any{"messages": views, "total_count": found.Total}}, nil
}

func listMagic(*call) (answer, *problem) {
	type view struct {
		Number   string `json:"number"`
		Template string `json:"template"`
		Extended bool   `json:"extended"`
		Doc      string `json:"doc"`
	}
	views := []view{}
	for _, m := range MagicTable() {
		views = append(views, view{m.Number, magicPrefix + m.Name, m.Extended, m.Doc})
	}
	return answer{http.StatusOK, map[string]any{"magic": views}}, nil
}
