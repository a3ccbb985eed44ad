package api

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/tidwall/gjson"

	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/signing"
)

// The faults that can befall an attempt. What goes wrong with events (a status
// that is skipped, comes late or twice, or does not exist) is made with
// /_sentsim/events and replays.
const (
	faultRefuse    = "refuse"   // nothing is sent: as if nobody listened
	faultTimeout   = "timeout"  // nothing is sent: as if no answer came in time
	faultAnswer    = "answer"   // nothing is sent: as if the receiver answered with a status
	faultLostAck   = "lost_ack" // sent, but the answer is never seen
	faultHangUp    = "hang_up"  // sent, and the connection closed before an answer
	faultReset     = "reset"    // the connection is reset in the middle of the request
	faultSlow      = "slow_sender"
	faultDuplicate = "duplicate" // sent, and once answered sent again
	faultAtOnce    = "duplicate_at_once"
	faultForgery   = "forgery" // what is sent is forged: a correct receiver rejects it
)

func faultNames() []string {
	return []string{faultRefuse, faultTimeout, faultAnswer, faultLostAck, faultHangUp, faultReset, faultSlow, faultDuplicate, faultAtOnce, faultForgery}
}

// dawdle is the pause between the pieces of a slow sender's request.
const dawdle = 200 * time.Millisecond

// maxCopies is how many copies a fault sends at once at most.
const maxCopies = 50

// fault is what is to go wrong with the next attempts that it fits.
type fault struct {
	Name      string     `json:"fault"`
	Times     int        `json:"times"` // attempts it is still for; 0: until it is cleared
	WebhookID *uuid.UUID `json:"webhook_id"`
	EventType event.Type `json:"event_type"`
	Status    int        `json:"status,omitempty"`  // of answer
	Copies    int        `json:"copies,omitempty"`  // of duplicate_at_once
	Forgery   string     `json:"forgery,omitempty"` // of forgery
}

// takeFault is the fault for an attempt; ok is false when there is none.
func (s *Server) takeFault(webhookID string, typ event.Type) (f fault, ok bool) {
	return s.faults.take(func(f fault) bool {
		return (f.WebhookID == nil || f.WebhookID.String() == webhookID) && (f.EventType == "" || f.EventType == typ)
	})
}

// Disturb has the next attempt at a webhook suffer a fault, by its name under
// /_sentsim/faults. Those that need more than a name are not for it.
func (s *Server) Disturb(webhookID uuid.UUID, name string) error {
	if !slices.Contains(faultNames(), name) || name == faultForgery || name == faultAnswer {
		return fmt.Errorf("unknown fault %q", name)
	}
	f := fault{Name: name, Copies: 2, WebhookID: &webhookID}
	f.keepOwn()
	if !s.faults.add(f, 1) {
		return fmt.Errorf("%d faults wait already", maxWaiting)
	}
	return nil
}

func listFaults(c *call) (any, error) {
	return map[string]any{"faults": entries(&c.faults, func(f fault, times int) fault {
		f.Times = times
		return f
	})}, nil
}

func clearFaults(c *call) (any, error) {
	c.faults.clear()
	return nil, nil //nolint:nilnil // 204
}

func addFault(c *call) (any, error) {
	b := c.body
	f := fault{Times: 1, Status: http.StatusServiceUnavailable, Copies: 2, WebhookID: b.id("webhook_id")}
	enum(b, "fault", &f.Name, faultNames()...)
	b.required("fault")
	b.within("times", &f.Times, 0, 1_000_000)
	if _, given := b.given("event_type"); given {
		f.EventType = b.eventType("event_type")
	}
	b.within("status", &f.Status, 200, 599)
	b.within("copies", &f.Copies, 2, maxCopies)
	b.forgery(&f)
	if err := c.check(); err != nil {
		return nil, err
	}
	f.keepOwn()
	if !c.faults.add(f, f.Times) {
		return nil, refusal(http.StatusConflict, codeNotNow, "%d faults wait already: clear them first", maxWaiting)
	}
	return f, nil
}

func (b *body) forgery(f *fault) {
	if v := b.text("forgery"); v != nil {
		forgery, err := chaos.Lookup(*v)
		if err != nil {
			b.bad(codeEnum, "forgery", "%s", printable(err.Error()))
		}
		f.Forgery = forgery.Name
	}
	if f.Name == faultForgery {
		b.required("forgery")
	}
}

// keepOwn drops the settings of other faults.
func (f *fault) keepOwn() {
	if f.Name != faultAnswer {
		f.Status = 0
	}
	if f.Name != faultAtOnce {
		f.Copies = 0
	}
	if f.Name != faultForgery {
		f.Forgery = ""
	}
}

// eventTypeOf is the type of the event that a request carries. The header that
// names it can be switched off, and a body may be anything.
func eventTypeOf(r delivery.Request) event.Type {
	if typ := r.Get(signing.HeaderEventType); typ != "" {
		return event.Type(typ)
	}
	for _, name := range []string{"sub_type", "event", "field"} {
		if typ := gjson.GetBytes(r.Body, name).String(); typ != "" {
			return event.Type(typ)
		}
	}
	return ""
}

// faulty is one attempt with the fault.
func (s sender) faulty(ctx context.Context, f fault, r delivery.Request, timeout time.Duration) delivery.Outcome {
	injected := func(kind delivery.Kind, text string) delivery.Outcome {
		return delivery.Outcome{Kind: kind, Err: text + " (injected fault)", Start: clock.Wall()}
	}
	switch f.Name {
	case faultRefuse:
		return injected(delivery.Refused, "connection refused")
	case faultTimeout:
		return injected(delivery.Timeout, "no complete response within the timeout")
	case faultAnswer:
		return delivery.Outcome{Kind: delivery.Answered, Status: f.Status, Body: []byte("injected fault"), Start: clock.Wall()}
	case faultLostAck:
		out := s.next.Send(ctx, r, timeout)
		return delivery.Outcome{Kind: delivery.Timeout, Err: "the answer was lost (injected fault)", Start: out.Start, Duration: out.Duration}
	case faultHangUp:
		r.HangUp = true
	case faultReset:
		r.Cut = true
	case faultSlow:
		r.Dawdle = dawdle
	case faultDuplicate:
		out := s.next.Send(ctx, r, timeout)
		_ = s.next.Send(ctx, r, timeout) // what a receiver makes of the second one is its own affair
		return out
	case faultAtOnce:
		return s.atOnce(ctx, f.Copies, r, timeout)
	case faultForgery:
		forged, err := s.forge(f.Forgery, r)
		if err != nil {
			return injected(delivery.Cancelled, err.Error())
		}
		r = forged
	}
	return s.next.Send(ctx, r, timeout)
}

// atOnce sends copies at the same instant; the first one's answer counts.
func (s sender) atOnce(ctx context.Context, copies int, r delivery.Request, timeout time.Duration) delivery.Outcome {
	var wg sync.WaitGroup
	for range copies - 1 {
		wg.Go(func() { _ = s.next.Send(ctx, r, timeout) })
	}
	out := s.next.Send(ctx, r, timeout)
	wg.Wait()
	return out
}

func (s sender) forge(name string, r delivery.Request) (delivery.Request, error) {
	id, err := uuid.Parse(r.Get(signing.HeaderID))
	if err != nil {
		return r, err
	}
	hook, err := s.server.Simulator().Webhook(id)
	if err != nil {
		return r, err
	}
	other, err := signing.GenerateSecret(s.server.secrets())
	if err != nil {
		return r, err
	}
	var timestamp int64
	if _, err := fmt.Sscan(r.Get(signing.HeaderTimestamp), &timestamp); err != nil {
		return r, err
	}
	return chaos.Forge(name, r, chaos.Input{Secret: hook.SigningSecret, Other: other, WebhookID: id.String(), Timestamp: timestamp})
}
