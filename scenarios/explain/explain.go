// Package explain judges the signature of a captured request by evidence. It
// looks for a change of the capture, known from practice, without which the
// signature is right: a body that was compressed, encoded or printed anew on its
// way, headers that were renamed or doubled. Where there is none it asks whether
// the capture is complete, and only then says that another secret signed it. It
// sends nothing and never prints a secret.
package explain

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sentsim/sentsim/scenarios/capture"
	"github.com/sentsim/sentsim/simulator/signing"
)

// Verdict is what can be said of a captured request.
type Verdict int

// The verdicts. The zero value is CannotTell, so that a forgotten one blames nobody.
const (
	CannotTell Verdict = iota // the capture is not enough to judge by
	Right                     // the signature is right for what was captured
	Wrong                     // it is not, for the reason that is given
)

// Finding is the judgement of one request.
type Finding struct {
	Verdict Verdict
	Cause   string   // stable, kebab-case
	Summary string   // one sentence
	Fix     string   // what to do; "" when right
	Notes   []string // what was repaired to read the capture, a clause each
	Request capture.Request
	Body    []byte // as it was signed, if Verdict says so; else as captured

	exact bool // the capture has all bytes that arrived, and no others
	fits  bool // the secret made the signature, whatever else is wrong
}

// Explain judges the requests of a capture: of its readings those of the first in
// which a signature is right, else of the likeliest one. now is when it is judged;
// a zero time means each request's own, which it gives.
func Explain(secret signing.Secret, readings []capture.Reading, now func(capture.Request) time.Time) []Finding {
	b := &budget{bytes: 256 << 20}
	var best []Finding
	formless := false // best is of a text without a form
	_, lacking := headersFault(readings[0].Requests[0])
	lacking = lacking && !readings[0].Loose // a look elsewhere would only find other values
	for _, reading := range readings {
		// A text that has no form is read only where no other reading fits.
		if reading.Loose && (best != nil && !formless || lacking) {
			continue
		}
		findings := make([]Finding, len(reading.Requests))
		fitting := false
		for i, r := range reading.Requests {
			var ok bool
			findings[i], ok = fit(secret, r, now, b)
			fitting = fitting || ok
		}
		if !fitting {
			continue
		}
		for i, r := range reading.Requests {
			if findings[i].Cause == "" {
				findings[i] = unfit(secret, r, now)
			}
		}
		// A reading that finds fewer requests may have lost the wrong one.
		if best == nil || wrong(findings) < wrong(best) && len(findings) >= len(best) {
			best, formless = findings, reading.Loose
		}
		// Where a reading has the very bytes that arrived, no other one is better.
		if wrong(best) == 0 || slices.ContainsFunc(best, func(f Finding) bool { return f.exact }) {
			break
		}
	}
	if best != nil {
		return sameWebhook(best)
	}
	var findings []Finding
	for _, r := range likeliest(readings).Requests {
		findings = append(findings, unfit(secret, r, now))
	}
	return findings
}

// sameWebhook takes the blame from the secret where it is right for another request
// with the same id: each webhook has one secret.
func sameWebhook(findings []Finding) []Finding {
	id := func(f Finding) string {
		values, _, _ := f.Request.Values(capture.ID)
		return strings.ToLower(strings.Join(values, " "))
	}
	proven := map[string]bool{}
	for _, f := range findings {
		proven[id(f)] = proven[id(f)] || f.fits
	}
	for i, f := range findings {
		if f.Cause == "another-secret" && proven[id(f)] {
			findings[i] = f.with(reason{"changed", "this request was changed after it was signed: another one in the capture, of the same webhook (" + signing.HeaderID + "), is right with this secret, and the signature of this one fits neither what was captured nor any known change of it", "Capture it again as it arrives, the raw body before anything parses it: one character of its body, its timestamp or its id spoils the signature. If the secret was rotated between the two, judge each with its own."})
		}
	}
	return findings
}

// wrong counts the findings that are not right.
func wrong(findings []Finding) int {
	n := 0
	for _, f := range findings {
		if f.Verdict != Right {
			n++
		}
	}
	return n
}

// likeliest is the first reading, but where its body makes no sense the first
// one that has a whole body: a command of Windows read as one of a shell, say.
func likeliest(readings []capture.Reading) capture.Reading {
	first := readings[0].Requests[0]
	if _, ok := headersFault(first); ok {
		return readings[0]
	}
	if cause := whole(first); cause != "body-not-json" && cause != "body-printed" && cause != "no-body" {
		return readings[0]
	}
	for _, r := range readings[1:] {
		if q := r.Requests[0]; len(headerSets(q)) > 0 && whole(q) == "" {
			return r
		}
	}
	return readings[0]
}

// budget bounds the work that one capture may make.
type budget struct{ bytes int }

func (b *budget) take(n int) bool {
	b.bytes -= n + 256
	return b.bytes > 0
}

// fit looks for the changes without which a signature of r is right.
func fit(secret signing.Secret, r capture.Request, now func(capture.Request) time.Time, b *budget) (Finding, bool) {
	if secret.IsZero() || r.Signatures > 1 {
		return Finding{}, false
	}
	sets := headerSets(r)
	if len(sets) == 0 {
		return Finding{}, false
	}
	for body := range bodies(r) {
		for _, set := range sets {
			if !b.take(len(body.bytes)) {
				return Finding{}, false
			}
			if secret.Fits(set.values, body.bytes) {
				return fitting(secret, r, set, body, now), true
			}
		}
	}
	return Finding{}, false
}

// fitting is the finding for a signature that is right for body, and what had
// to be undone to see it.
func fitting(secret signing.Secret, r capture.Request, set headerSet, body candidate, now func(capture.Request) time.Time) Finding {
	f := Finding{Request: r, Body: body.bytes, Notes: slices.Clone(r.Notes), fits: true}
	var faults []change
	f.exact = arrivedWhole(r) && len(body.bytes) != len(r.Body)
	for _, c := range slices.Concat(set.changes, body.asArrived(r)) {
		if c.note {
			f.Notes = append(f.Notes, c.said)
		} else {
			faults = append(faults, c)
		}
	}
	if len(faults) > 0 {
		f.Verdict, f.Cause, f.Fix = Wrong, faults[0].cause, faults[0].fix
		var said []string
		for _, c := range faults {
			said = append(said, c.said)
		}
		f.Summary = "the secret is right, and so is the signature, but what arrived is changed: " + strings.Join(said, "; and ")
		return f
	}
	if n := declared(r); n > 0 && n != len(body.bytes) && r.Get("Content-Length") != "" && r.Get("Content-Encoding") == "" {
		f.Notes = append(f.Notes, fmt.Sprintf("Content-Length says %d bytes, and the signature is right for %d: if it is true, the request arrived with other bytes than these, and a receiver that verifies them refuses it", n, len(body.bytes)))
	}
	// Where the timestamp is there in several ways, the one that fits says when.
	read := r
	read.Headers = []capture.Header{{Name: signing.HeaderTimestamp, Value: set.values.Timestamp}}
	time := signing.Explain(secret, set.values, body.bytes, now(read))
	f.Verdict, f.Cause, f.Summary, f.Fix = Wrong, time.Cause, time.Summary, time.Fix
	if time.OK {
		f.Verdict = Right
	}
	return f
}

// arrivedWhole reports whether the capture's Content-Length counts the bytes that
// it has.
func arrivedWhole(r capture.Request) bool {
	return declared(r) > 0 && declared(r) == len(r.Body) && !r.Parsed
}

// asArrived are the changes of a body, none of them a note where Content-Length
// counts the bytes that were captured: then all of these arrived, and a receiver
// that verifies what arrives refuses them. All are notes where it counts those that
// were signed and a program wrote the capture: then that program changed them.
func (c candidate) asArrived(r capture.Request) []change {
	all := slices.Clone(c.changes)
	unchanged := r.Reported && declared(r) == len(c.bytes) && len(r.Body) != len(c.bytes)
	for i := range all {
		if unchanged && !all[i].note {
			all[i].note = true
			all[i].said += ": by the program that wrote the capture, since Content-Length counts the bytes as they were signed"
		}
		if all[i].note && arrivedWhole(r) && len(c.bytes) != len(r.Body) {
			all[i].note = false
			all[i].said += ", and Content-Length counts what was there: it arrived so"
			all[i].fix = "Find what changes the body before it arrives (a relay, a script, an editor that saved it), and pass on the bytes that Sent sends."
		}
	}
	return all
}

// unfit is the finding for a request whose signature is right for nothing that
// it could have been.
func unfit(secret signing.Secret, r capture.Request, now func(capture.Request) time.Time) Finding {
	f := Finding{Request: r, Body: r.Body, Notes: r.Notes}
	if secret.IsZero() {
		f.Cause, f.Summary, f.Fix = "no-secret", "there is no signing secret to judge with", "Give the webhook's signing secret; it starts with "+signing.SecretPrefix+"."
		return f
	}
	if r.Signatures > 1 {
		return f.with(reason{"several-requests", fmt.Sprintf("%d different signatures are in the capture, and it cannot be told which headers and which body belong together", r.Signatures), "Give one request at a time, its headers and its body."})
	}
	if cause, ok := headersFault(r); ok {
		return f.with(cause)
	}
	sets := headerSets(r)
	// What is in the body as it was sent, as far as that can be told.
	body := settled(r)
	if cause, ok := swapped(secret, sets, body); ok {
		f.Verdict = Wrong
		return f.with(cause)
	}
	if known, ok := mistaken(secret, r, sets, body, now); ok {
		known.Notes, known.Request, known.Body = r.Notes, r, r.Body
		return known
	}
	for _, set := range sets[:min(len(sets), 3)] {
		if cause, ok := nearby(secret, r, set.values, body); ok {
			f.Verdict = Wrong
			return f.with(cause)
		}
	}
	if cause, ok := bodyFault(r, body); ok {
		return f.with(cause)
	}
	if known, ok := misshapen(secret, sets[0], body, now(r)); ok {
		known.Notes, known.Request, known.Body = r.Notes, r, r.Body
		if r.Reported && (known.Cause == "signature-malformed" || known.Cause == "signature-length") {
			known.Verdict = CannotTell
			known.Summary += "; the program that wrote the capture may have cut it, or it arrived so"
			known.Fix = captureAgain + " " + known.Fix
		}
		return known
	}
	if cause, ok := doubt(r, sets[0], body); ok {
		return f.with(cause)
	}
	form := "its headers and its body have the form that Sent gives them"
	if odd, ok := formFault(body); ok {
		if !odd.asSigned(r, body) {
			return f.with(odd.reason)
		}
		form = "its headers have the form that Sent gives them, its body has all bytes that arrived"
		f.Notes = append(slices.Clone(f.Notes), odd.said+"; Content-Length counts the bytes that were captured, so this is how they arrived, and no reason for the signature to be wrong: Sent may add fields, and promises no order of them")
	}
	f.Verdict, f.Cause = Wrong, "another-secret"
	f.Summary = "another secret made this signature, or a character was changed that shows no trace: the capture is complete, " + form + ", and the signature fits neither them nor any known mistake"
	f.Fix = "Compare the secret with the one of this webhook: each webhook has its own, and rotating it makes a new one at once. Look where the receiver gets its secret from (another environment, an old value). If it is the same secret, a character was changed: one of the body, the timestamp or the id spoils the signature as well."
	return f
}

func (f Finding) with(r reason) Finding {
	f.Cause, f.Summary, f.Fix = r.cause, r.summary, r.fix
	return f
}

// mistaken looks for a known mistake of whoever made the signature.
func mistaken(secret signing.Secret, r capture.Request, sets []headerSet, body []byte, now func(capture.Request) time.Time) (Finding, bool) {
	for _, set := range sets[:min(len(sets), 3)] {
		for _, b := range [][]byte{body, r.Body} {
			found := signing.Explain(secret, set.values, b, now(r))
			if found.Cause != "no-match" && !found.OK && !shapes(found.Cause) {
				return Finding{Verdict: Wrong, Cause: found.Cause, Summary: found.Summary, Fix: found.Fix}, true
			}
		}
	}
	return Finding{}, false
}

// misshapen is for a signature that has not the form of one.
func misshapen(secret signing.Secret, set headerSet, body []byte, now time.Time) (Finding, bool) {
	found := signing.Explain(secret, set.values, body, now)
	return Finding{Verdict: Wrong, Cause: found.Cause, Summary: found.Summary, Fix: found.Fix}, strings.HasPrefix(found.Cause, "signature-")
}

// shapes reports whether a cause of package signing speaks of form or time only.
func shapes(cause string) bool {
	return strings.HasPrefix(cause, "signature-") || strings.HasPrefix(cause, "too-") || strings.HasPrefix(cause, "timestamp-malformed") || cause == "missing-header"
}

// Resend is the body of a request as it was sent, for sending it again: what a
// signature is right for, else what the capture settles. Its error says what the
// capture lacks.
func Resend(secret signing.Secret, readings []capture.Reading) (capture.Request, []byte, error) {
	whenever := func(capture.Request) time.Time { return time.Unix(0, 0) }
	b := &budget{bytes: 256 << 20}
	for _, reading := range readings {
		for _, r := range reading.Requests {
			if f, ok := fit(secret, r, whenever, b); ok {
				return r, f.Body, nil
			}
		}
	}
	reading := likeliest(readings)
	if n := len(reading.Requests); n > 1 && !sameDelivery(reading.Requests) {
		return capture.Request{}, nil, fmt.Errorf("the capture has %d deliveries: give the one that is to be sent", n)
	}
	r := reading.Requests[0]
	body := settled(r)
	if service, header := r.OtherSender(); service != "" && len(headerSets(r)) == 0 {
		return r, nil, fmt.Errorf("this is a delivery of %s (%s), not of Sent", service, header)
	}
	if cause, ok := bodyFault(r, body); ok {
		return r, nil, fmt.Errorf("%s. %s", cause.summary, cause.fix)
	}
	return r, body, nil
}

// sameDelivery reports whether requests are copies of one.
func sameDelivery(requests []capture.Request) bool {
	first := requests[0]
	body := settled(first)
	return !slices.ContainsFunc(requests[1:], func(r capture.Request) bool {
		for _, role := range []capture.Role{capture.ID, capture.Timestamp, capture.Signature} {
			values, _, _ := r.Values(role)
			if own, _, _ := first.Values(role); !slices.Equal(values, own) {
				return true
			}
		}
		return !bytes.Equal(settled(r), body)
	})
}
