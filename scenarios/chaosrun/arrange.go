package chaosrun

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/tidwall/gjson"

	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/event"
)

// arrange makes the receiver send a message itself before its first event, where
// the configuration says how, and gives the step the message's real id. skipped
// says why the step cannot be done.
func (r *runner) arrange(ctx context.Context, s chaos.Step) (step chaos.Step, skipped string, err error) {
	if r.s.Arrange == nil || s.Subject.Kind != chaos.AboutMessage {
		return s, "", nil
	}
	id, known := r.ids[s.Subject.Index][s.Subject.ID]
	switch {
	case known:
	case s.Kind != chaos.KindDeliver:
		return s, "", nil // a forged delivery of a message that nobody sent
	case r.paused:
		return s, "the receiver stands still and cannot send the message itself", nil
	default:
		got, err := r.s.Arrange(ctx, driver.Message{
			ID: s.Subject.ID, Channel: s.Subject.On, To: r.recipient(s), From: driver.NewAccount(r.plan.Seed).Number,
			Account: driver.Account{ID: r.plan.AccountID}, Born: r.plan.Start,
		})
		if err != nil {
			return s, "", fmt.Errorf("target.arrange: %w", err)
		}
		if id = got.ID; r.ids[s.Subject.Index] == nil {
			r.ids[s.Subject.Index] = map[uuid.UUID]uuid.UUID{}
		}
		r.ids[s.Subject.Index][s.Subject.ID] = id
	}
	s.Body = bytes.ReplaceAll(s.Body, []byte(s.Subject.ID.String()), []byte(id.String()))
	s.Subject.ID = id
	return s, "", nil
}

// recipient is the number of a message's recipient, as its event says it.
func (r *runner) recipient(s chaos.Step) string {
	field := "payload.inbound_number"
	if r.plan.Format.OutboundShape == event.OutboundNumbered {
		field = "payload.outbound_number"
	}
	number := gjson.GetBytes(s.Body, field).String()
	if number == "" { // the event leaves it out
		return driver.NewNumber(r.plan.Seed.Stream("chaos recipient", uint64(s.Subject.Index))) //nolint:gosec // counted up from 0
	}
	return "+" + strings.TrimPrefix(number, "+")
}
