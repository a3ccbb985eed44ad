package main

import (
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/sentsim/sentsim/scenarios/capture"
	"github.com/sentsim/sentsim/scenarios/explain"
	"github.com/sentsim/sentsim/scenarios/trigger"
	"github.com/sentsim/sentsim/simulator/signing"
)

// orderFrom makes the order one for the body of a captured request: as it was
// signed, with the event's type and id that its headers give. The signature is
// made anew, so the capture may be of another webhook and of any age.
func (a *app) orderFrom(cmd *cobra.Command, order *trigger.Order, o triggerOptions, secret signing.Secret) error {
	switch {
	case o.bodyFile != "":
		return usage("--from and --body-file both give a body: leave one of them out")
	case len(order.Set) > 0:
		return usage("--from sends a captured body as it is: leave --set out")
	case o.from == "-" && cmd.Flags().Changed("secret-stdin"):
		return usage("--from - and --secret-stdin: the standard input can be only one of them")
	}
	data, err := a.readInput(cmd.Context(), o.from, capture.MaxBytes)
	if err != nil {
		return fmt.Errorf("--from: %w", err)
	}
	readings, err := capture.Parser{ReadFile: readRegular}.Readings(data)
	if err != nil {
		return usage("--from %s: %v", o.from, err)
	}
	request, body, err := explain.Resend(secret, readings)
	if err != nil {
		return usage("--from %s: %v", o.from, err)
	}
	order.Raw, order.Body = true, body
	if types, _, _ := request.Values(capture.EventType); order.Event == "" && len(types) > 0 {
		order.Event = types[0]
	}
	if order.Event == "" {
		order.Event = eventNamed(body)
	}
	if ids, _, _ := request.Values(capture.EventID); len(ids) > 0 && ids[0] != "" {
		if order.EventID, err = uuid.Parse(ids[0]); err != nil {
			return usage("--from %s: %s is %q, which is no UUID", o.from, capture.EventID.Name(), ids[0])
		}
	}
	return nil
}

// eventNamed is the name of the event that a body gives itself; "" for none.
func eventNamed(body []byte) string {
	var envelope struct {
		Event   string `json:"event"`
		SubType string `json:"sub_type"`
	}
	if json.Unmarshal(body, &envelope) != nil {
		return ""
	}
	if envelope.Event != "" {
		return envelope.Event
	}
	return envelope.SubType
}
