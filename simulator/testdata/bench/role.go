package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/signing"
)

// What everybody sends with, and for whom.
const (
	connections = 64
	bodySize    = 424
	webhookID   = "5b4d3f7e-0f0a-4c62-9d33-0c86a5a3b7c1"
	secretText  = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=" //nolint:gosec // of nobody
)

// receiverRole is this program as the receiver.
const receiverRole = "receiver"

// roles are what this program is when it sends, by the name in its first argument.
func roles() map[string]func(order) (result, error) {
	return map[string]func(order) (result, error){"sentsim": sentsim, "bare loop": bare, "net/http": plain}
}

// order is what a sender is told: where to, and how long or how many.
type order struct {
	url      string
	secret   signing.Secret
	duration time.Duration
	count    int // instead of duration
}

// result is what a sender says it did.
type result struct {
	Deliveries int     `json:"deliveries"`
	Seconds    float64 `json:"seconds"`
}

// play is the process of a sender: URL, and a duration or a number.
func play(role func(order) (result, error), args []string, stdout io.Writer) error {
	if len(args) != 2 {
		return usageError{fmt.Errorf("a role takes a URL and a duration or number, not %q", args)}
	}
	secret, err := signing.ParseSecret(secretText)
	if err != nil {
		return err
	}
	o := order{url: args[0], secret: secret}
	if o.count, err = strconv.Atoi(args[1]); err != nil {
		if o.duration, err = time.ParseDuration(args[1]); err != nil {
			return usageError{err}
		}
	}
	r, err := role(o)
	if err != nil {
		return err
	}
	return json.NewEncoder(stdout).Encode(r)
}

// more reports whether there is more to send after n.
func (o order) more(n int, start time.Time) bool {
	if o.count > 0 {
		return n < o.count
	}
	return clock.Wall().Sub(start) < o.duration
}

// sample is the event that everybody tells of.
func sample() event.Event {
	at := time.Date(2025, 10, 31, 10, 10, 42, 0, time.UTC)
	id := uuid.MustParse(webhookID)
	return event.Event{ID: id, Type: "message.failed", CreatedAt: at, Outbound: &event.Outbound{
		AccountID: id, MessageID: id, Status: event.Failed, Channel: event.SMS, TemplateID: id, UpdatedAt: at,
		InboundNumber: "+12025550143", OutboundNumber: "+12025550100", Reason: "no route to the handset",
	}}
}

// numbered is the id of the nth event.
func numbered(n int) (id uuid.UUID) {
	binary.BigEndian.PutUint64(id[8:], uint64(n)) //nolint:gosec // not negative
	return id
}

// body is what everybody sends.
func body() []byte { return sample().Encode(event.DefaultFormat()) }

// self is this program, to be started in another role.
func self() (string, error) { return os.Executable() }
