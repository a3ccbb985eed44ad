package sentside

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/cucumber/godog"
	"github.com/google/uuid"
	"github.com/tidwall/gjson"

	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/lifecycle"
	"github.com/sentsim/sentsim/simulator/signing"
)

func (w *world) bindThenRequest(sc *godog.ScenarioContext) {
	sc.Step(`^the header ([\w-]+) is "([^"]+)"$`, w.headerIs)
	sc.Step(`^the header X-Webhook-ID is the webhook's id$`, w.headerIsID)
	sc.Step(`^the header ([\w-]+) is a UUID$`, w.headerIsUUID)
	sc.Step(`^there is no header ([\w-]+)$`, w.noHeader)
	sc.Step(`^"([^"]+)" in the body is "([^"]*)"$`, w.bodyHas)
	sc.Step(`^"([^"]+)" in the body is an? (UUID|E\.164 number|number without \+|time)$`, w.bodyHasKind)
	sc.Step(`^"([^"]+)" in the body is null$`, w.bodyHasNull)
	sc.Step(`^there is no "([^"]+)" in the body$`, w.bodyLacks)
	sc.Step(`^every request has (the same|an?) X-Webhook-Event-ID(?: of its own)?$`, w.eventIDs)
	sc.Step(`^all requests have the same body$`, w.sameBody)
	sc.Step(`^every request has a timestamp and a signature of its own$`, w.ownTimestamps)
	sc.Step(`^(?:the|every) request is signed with the webhook's secret$`, w.allSigned)
	sc.Step(`^request (\d+) is signed with the (old|new) secret$`, w.signedWith)
	sc.Step(`^the statuses are "([^"]+)"$`, w.statusesAre)
	sc.Step(`^the statuses begin with "([^"]+)" and end with "([^"]+)"$`, w.statusesSpan)
	sc.Step(`^the statuses keep to the lifecycle's order$`, w.statusesInOrder)
	sc.Step(`^the events arrive as "([^"]+)"$`, w.arriveAs)
}

// latest is the last request.
func (w *world) latest() (request, error) {
	all := w.endpoint.got()
	if len(all) == 0 {
		return request{}, errors.New("the endpoint got no request")
	}
	return all[len(all)-1], nil
}

func (w *world) headerIs(name, want string) error {
	r, err := w.latest()
	if err != nil {
		return err
	}
	return same("header "+name, strings.Join(r.header.Values(name), "; "), want)
}

func (w *world) headerIsID() error { return w.headerIs(signing.HeaderID, w.id.String()) }

func (w *world) headerIsUUID(name string) error {
	r, err := w.latest()
	if err != nil {
		return err
	}
	if _, err := uuid.Parse(r.header.Get(name)); err != nil {
		return fmt.Errorf("header %s %q: %w", name, r.header.Get(name), err)
	}
	return nil
}

func (w *world) noHeader(name string) error {
	r, err := w.latest()
	if err != nil {
		return err
	}
	return same("headers "+name, len(r.header.Values(name)), 0)
}

// field finds a field of the last request's body by its dotted path.
func (w *world) field(path string) (gjson.Result, error) {
	r, err := w.latest()
	if err != nil {
		return gjson.Result{}, err
	}
	if !gjson.ValidBytes(r.body) {
		return gjson.Result{}, fmt.Errorf("the body is no JSON: %s", r.body)
	}
	return gjson.GetBytes(r.body, path), nil
}

func (w *world) bodyHas(path, want string) error {
	got, err := w.field(path)
	if err != nil {
		return err
	}
	if !got.Exists() {
		return fmt.Errorf("there is no %s in the body", path)
	}
	return same(path, got.String(), want)
}

func (w *world) bodyHasNull(path string) error {
	got, err := w.field(path)
	if err != nil {
		return err
	}
	return same(path, got.Raw, "null")
}

// eventIDs looks at the ids of all requests: one, or as many as there are requests.
func (w *world) eventIDs(which string) error {
	all := w.endpoint.got()
	if len(all) < 2 {
		return fmt.Errorf("%d requests: there is nothing to compare", len(all))
	}
	ids := map[string]bool{}
	for _, r := range all {
		id, err := uuid.Parse(r.header.Get(signing.HeaderEventID))
		if err != nil {
			return fmt.Errorf("%s %q: %w", signing.HeaderEventID, r.header.Get(signing.HeaderEventID), err)
		}
		ids[id.String()] = true
	}
	want := len(all)
	if which == "the same" {
		want = 1
	}
	return same("different event ids", len(ids), want)
}

func (w *world) bodyHasKind(path, kind string) error {
	got, err := w.field(path)
	if err != nil {
		return err
	}
	text := got.String()
	switch kind {
	case "UUID":
		_, err = uuid.Parse(text)
	case "time":
		var at time.Time
		if at, err = time.Parse(time.RFC3339, text); err == nil && at.Location() != time.UTC {
			err = errors.New("it is not UTC")
		}
	default:
		digits := text
		if kind == "E.164 number" {
			digits = strings.TrimPrefix(text, "+")
		}
		if _, err = strconv.ParseUint(digits, 10, 64); err == nil && (digits == text) == (kind == "E.164 number") {
			err = errors.New("its + is missing or should be")
		}
	}
	if err != nil {
		return fmt.Errorf("%s is %q, no %s: %w", path, text, kind, err)
	}
	return nil
}

func (w *world) bodyLacks(path string) error {
	got, err := w.field(path)
	if err == nil && got.Exists() {
		err = fmt.Errorf("%s is in the body: %s", path, got.Raw)
	}
	return err
}

func (w *world) sameBody() error {
	all := w.endpoint.got()
	for i, r := range all {
		if !bytes.Equal(r.body, all[0].body) {
			return fmt.Errorf("request %d: %s; the first: %s", i+1, r.body, all[0].body)
		}
	}
	return nil
}

func (w *world) ownTimestamps() error {
	seen := map[string]int{}
	for i, r := range w.endpoint.got() {
		for _, name := range []string{signing.HeaderTimestamp, signing.HeaderSignature} {
			value := r.header.Get(name)
			if before, ok := seen[value]; ok {
				return fmt.Errorf("requests %d and %d have the same %s: %s", before, i+1, name, value)
			}
			seen[value] = i + 1
		}
	}
	return nil
}

func (w *world) allSigned() error {
	for i := range w.endpoint.got() {
		if err := w.verify(i+1, w.secrets[0]); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) signedWith(n int, which string) error {
	signer, other := w.secrets[0], w.secrets[len(w.secrets)-1]
	if which == "new" {
		signer, other = other, signer
	}
	if err := w.verify(n, signer); err != nil {
		return err
	}
	if w.verify(n, other) == nil {
		return fmt.Errorf("request %d is signed with both secrets", n)
	}
	return nil
}

// verify checks the signature of the n-th request, from 1, at its own time.
func (w *world) verify(n int, secret signing.Secret) error {
	all := w.endpoint.got()
	if n > len(all) {
		return fmt.Errorf("the endpoint got %d requests only", len(all))
	}
	r := all[n-1]
	at, err := strconv.ParseInt(r.header.Get(signing.HeaderTimestamp), 10, 64)
	if err != nil {
		return err
	}
	if err := secret.Verify(signing.HeadersFrom(r.header.Get), r.body, time.Unix(at, 0)); err != nil {
		return fmt.Errorf("request %d: %w", n, err)
	}
	return nil
}

// statuses are the message or template statuses in the order of their arrival.
func (w *world) statuses() (all []event.Status) {
	for _, r := range w.endpoint.got() {
		payload := gjson.GetBytes(r.body, "payload")
		status := payload.Get("message_status")
		if !status.Exists() {
			status = payload.Get("status")
		}
		all = append(all, event.Status(status.String()))
	}
	return all
}

func (w *world) statusesAre(want string) error {
	var got []string
	for _, s := range w.statuses() {
		got = append(got, string(s))
	}
	return same("statuses", strings.Join(got, ", "), strings.Join(list(want), ", "))
}

func (w *world) statusesSpan(first, last string) error {
	all := w.statuses()
	if len(all) == 0 {
		return errors.New("the endpoint got no event")
	}
	return errors.Join(
		same("first status", all[0], event.Status(first)),
		same("last status", all[len(all)-1], event.Status(last)),
	)
}

func (w *world) statusesInOrder() error {
	all := w.statuses()
	for i := range all[1:] {
		if !lifecycle.Precedes(all[i], all[i+1]) {
			return fmt.Errorf("%s does not come before %s", all[i], all[i+1])
		}
	}
	return nil
}

func (w *world) arriveAs(want string) error {
	var got []string
	for _, r := range w.endpoint.got() {
		got = append(got, r.header.Get(signing.HeaderEventType))
	}
	return same("events", strings.Join(got, ", "), strings.Join(list(want), ", "))
}
