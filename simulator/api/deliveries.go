package api

import (
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

type deliveryView struct {
	ID                    uuid.UUID  `json:"id"`
	EventType             event.Type `json:"event_type"`
	EventData             rawBody    `json:"event_data"`
	DeliveryStatus        string     `json:"delivery_status"`
	HTTPStatusCode        *int       `json:"http_status_code"`
	ResponseBody          *string    `json:"response_body"`
	DeliveryAttempts      int        `json:"delivery_attempts"`
	ErrorMessage          *string    `json:"error_message"`
	CreatedAt             string     `json:"created_at"`
	ProcessingStartedAt   *string    `json:"processing_started_at"`
	ProcessingCompletedAt *string    `json:"processing_completed_at"`
}

func viewDelivery(d delivery.Delivery) deliveryView {
	v := deliveryView{
		ID: d.ID, EventType: d.EventType, EventData: d.Body, DeliveryStatus: string(d.Status),
		DeliveryAttempts: len(d.Attempts), ErrorMessage: textOrNull(d.Error), CreatedAt: rfc3339(d.CreatedAt),
		ProcessingStartedAt: rfc3339OrNull(d.StartedAt), ProcessingCompletedAt: rfc3339OrNull(d.CompletedAt),
	}
	if n := len(d.Attempts); n > 0 {
		if last := d.Attempts[n-1].Outcome; last.Status != 0 {
			text := strings.ToValidUTF8(string(last.Body), "\uFFFD")
			v.HTTPStatusCode, v.ResponseBody = &last.Status, &text
		}
	}
	return v
}

func listDeliveries(c *call) (any, error) {
	id, err := c.pathID()
	if err != nil {
		return nil, err
	}
	page, search := c.page(), c.search()
	if err := c.check(); err != nil {
		return nil, err
	}
	rows, err := c.sim.DeliveryPage(id, history.Query{Search: search, Newest: true, Offset: page.offset(), Limit: page.size})
	return listed("events", page, rows.Total, rows.Rows, viewDelivery), err
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
func listAllDeliveries(c *call) (any, error) {
	found, err := c.deliveries()
	return map[string]any{"deliveries": views(found, viewFull)}, err
}

// deliveries are those that the query asks for, oldest first.
func (c *call) deliveries() ([]delivery.Delivery, error) {
	q := c.rows()
	q.Status = string(choice(c, "status", delivery.Pending, delivery.Retrying, delivery.Delivered, delivery.Failed))
	of := uuid.Nil
	if text := c.param("webhook_id"); text != "" {
		var ok bool
		if of, ok = parseID(text); !ok {
			c.problems.add(codeUUID, "webhook_id", "must be a UUID")
		}
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	begin := strings.ToLower(c.param("id"))
	if begin != "" { // the store does not look for the beginning of an id
		q.Limit = 0
	}
	found, err := c.sim.DeliveryPage(of, q)
	found.Rows = slices.DeleteFunc(found.Rows, func(d delivery.Delivery) bool { return !strings.HasPrefix(d.ID.String(), begin) })
	slices.Reverse(found.Rows)
	return found.Rows, err
}

// delivery is the delivery that the path names.
func (c *call) delivery() (delivery.Delivery, error) {
	id, err := c.pathID()
	if err != nil {
		return delivery.Delivery{}, err
	}
	d, err := c.sim.Delivery(id)
	return d, orMissing(err, codeNotFound, "delivery")
}

func getDelivery(c *call) (any, error) {
	d, err := c.delivery()
	return viewFull(d), err
}

// resendDelivery delivers the same body again, as Sent may do after maintenance.
func resendDelivery(c *call) (any, error) {
	d, err := c.delivery()
	if err != nil {
		return nil, err
	}
	id, err := c.sim.Replay(d.ID)
	c.somethingDue()
	return map[string]any{"id": id}, err
}

// resendDeliveries delivers again what was made since a time, the oldest first;
// those of webhooks that are not active are left out.
func resendDeliveries(c *call) (any, error) {
	b := c.body
	since, status, of := time.Time{}, delivery.Status(""), b.id("webhook_id")
	b.instant("since", &since)
	b.required("since")
	enum(b, "status", &status, delivery.Delivered, delivery.Failed)
	if err := c.check(); err != nil {
		return nil, err
	}
	if of == nil {
		of = &uuid.Nil
	}
	found, err := c.sim.DeliveryPage(*of, history.Query{Status: string(status)})
	if err != nil {
		return nil, err
	}
	resent := []uuid.UUID{}
	for _, d := range found.Rows {
		if d.CreatedAt.Before(since) || d.Test || !d.Done() {
			continue
		}
		id, err := c.sim.Replay(d.ID)
		switch {
		case errors.Is(err, simulator.ErrInactive), errors.Is(err, simulator.ErrNoWebhook):
		case err != nil:
			return nil, err
		default:
			resent = append(resent, id)
		}
	}
	c.somethingDue()
	return map[string]any{"resent": resent}, nil
}
