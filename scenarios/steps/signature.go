package steps

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cucumber/godog"

	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/signing"
)

func signatureSentences() []definition {
	return []definition{
		def(`a delivery arrives, forged as "([^"]+)"`, func(w *World) any { return w.arrivesForged }),
		def(`a delivery of a "([^"]+)" event arrives, forged as "([^"]+)"`, func(w *World) any { return w.arrivesForgedOf }),
		def(`the receiver rejects it, unless its base64 decoder passes over foreign characters anywhere`, func(w *World) any { return w.rejectsUnlessLenient }),
		def(`forged deliveries arrive:`, func(w *World) any { return w.forgedDeliveriesArrive }),
		def(`a message whose "([^"]+)" shows in the receiver's state`, func(w *World) any { return w.aMessageThatShows }),
		def(`forged deliveries arrive for that message and for messages never seen:`, func(w *World) any { return w.forgedForMessages }),
		def(`the rejected ones left no trace in the receiver's state`, func(w *World) any { return w.leftNoTrace }),
		def(`no answer holds the expected signature or the secret`, func(w *World) any { return w.gaveNothingAway }),
		def(`Sent delivers a "([^"]+)" event, signed (-?\d+) s from now`, func(w *World) any { return w.deliversSignedAt }),
		def(`Sent delivers a "([^"]+)" event whose body is written with (.+)`, func(w *World) any { return w.deliversWrittenWith }),
		def(`Sent delivers a "([^"]+)" event with its header names in (.+)`, func(w *World) any { return w.deliversWithHeaderNames }),
		def(`Sent delivers a "([^"]+)" event with (.+) in its signature header`, func(w *World) any { return w.deliversWithSignatures }),
	}
}

// sendForged makes a forged delivery out of a genuine one, of an event nobody has
// seen, and sends it.
func (w *World) sendForged(ctx context.Context, what, name string, e event.Event, trigger string) (Exchange, error) {
	forged, genuine, err := w.forge(name, e)
	if err != nil {
		return Exchange{}, err
	}
	return w.exchange(ctx, Exchange{What: what, Request: forged, Genuine: &genuine, Trigger: []string{trigger, "--forge", name}})
}

// forge makes a forged delivery out of a genuine one.
func (w *World) forge(name string, e event.Event) (forged, genuine delivery.Request, err error) {
	genuine = w.signed(e)
	// The second may have ended since it was signed.
	signedAt, err := strconv.ParseInt(genuine.Get(signing.HeaderTimestamp), 10, 64)
	if err != nil {
		return forged, genuine, err
	}
	forged, err = chaos.Forge(name, genuine, chaos.Input{
		Secret: w.s.Env.Secret, Other: w.otherSecret(), WebhookID: w.webhook.String(), Timestamp: signedAt,
	})
	return forged, genuine, err
}

// otherSecret is a secret that the receiver does not know.
func (w *World) otherSecret() signing.Secret {
	s, err := signing.GenerateSecret(w.s.Seed.Stream("another secret"))
	if err != nil {
		panic(err) // a stream never fails
	}
	return s
}

func (w *World) arrivesForged(ctx context.Context, name string) error {
	_, err := w.sendForged(ctx, article(name)+" delivery", name, w.plain(), "message.queued")
	return err
}

func (w *World) arrivesForgedOf(ctx context.Context, kind, name string) error {
	e, err := w.sample(kind)
	if err != nil {
		return err
	}
	_, err = w.sendForged(ctx, article(name)+" delivery of a "+kind+" event", name, e, kind)
	return err
}

// rejectsUnlessLenient lets a receiver off that finds the right digest behind
// its padding because its decoder is made to pass over what is not base64, as
// Python's and Node's are: a character in the middle of the digest shows that.
// What is left is a receiver that went on with what came before a decode error.
func (w *World) rejectsUnlessLenient(ctx context.Context) error {
	xs, err := w.judge()
	if err != nil {
		return err
	}
	x := xs[len(xs)-1]
	if !x.Outcome.Accepted() {
		return mustReject(x)
	}
	r := w.signed(w.plain())
	right := r.Get(signing.HeaderSignature)
	middle := len(right) / 2
	control, err := w.send(ctx, "the right digest with a foreign character in its middle",
		r.With(signing.HeaderSignature, right[:middle]+"!"+right[middle:]))
	w.pending = nil
	if err != nil || control.Outcome.Accepted() {
		return err
	}
	return mustReject(x)
}

func (w *World) forgedDeliveriesArrive(ctx context.Context, names *godog.Table) error {
	for _, row := range names.Rows {
		if err := w.arrivesForged(ctx, row.Cells[0].Value); err != nil {
			return err
		}
	}
	return nil
}

func (w *World) aMessageThatShows(ctx context.Context, st string) error {
	if err := w.needs(rule.MessageState); err != nil {
		return err
	}
	m := w.newMessage(event.WhatsApp)
	if err := w.see(ctx, m, event.Status(st)); err != nil {
		return err
	}
	got, err := w.appears(ctx, w.messageState(m.id), known)
	if err != nil {
		return err
	}
	if !got.Known {
		return notChecked("the probe does not show a message that the receiver accepted, so it could not show the trace of a rejected one")
	}
	w.shown, err = w.settled(ctx, w.messageState(m.id), never)
	return err
}

func known(st probe.State) bool { return st.Known }

// forgedDelivery is what a scenario knows of a forged delivery that it sent.
type forgedDelivery struct {
	message *message
	at      Exchange
}

func (w *World) forgedForMessages(ctx context.Context, names *godog.Table) error {
	knownMessage, err := w.the(0)
	if err != nil {
		return err
	}
	for _, row := range names.Rows {
		name := row.Cells[0].Value
		for _, m := range []*message{knownMessage, w.newMessage(event.WhatsApp)} {
			x, err := w.sendForged(ctx, article(name)+" delivery", name, w.event(m, event.Delivered), "message.delivered")
			if err != nil {
				return err
			}
			w.forged = append(w.forged, forgedDelivery{m, x})
		}
	}
	return nil
}

// leftNoTrace looks only at what was rejected: what was accepted fails its own
// rule, and of what broke nobody can say.
func (w *World) leftNoTrace(ctx context.Context) error {
	w.pending = nil
	seen, rejected := w.messages[0], 0
	knownAccepted := false
	for _, f := range w.forged {
		if f.message == seen {
			knownAccepted = knownAccepted || !f.at.Outcome.Rejected()
			continue
		}
		if !f.at.Outcome.Rejected() {
			continue
		}
		rejected++
		// The first one waits for the state to settle, which is long enough for all.
		read := w.messageState(f.message.id)
		st, err := probe.State{}, error(nil)
		if rejected == 1 {
			st, err = w.settled(ctx, read, known)
		} else {
			st, err = read(ctx)
		}
		if err != nil {
			return err
		}
		if st.Known {
			return &Failure{
				Summary:  f.at.What + " was rejected, but its message is now known: " + status(st),
				Expected: "no trace of a rejected delivery",
				Seen:     st.Raw,
				At:       &f.at,
			}
		}
	}
	if rejected == 0 {
		return notChecked("no forged delivery was rejected (their own rules say so)")
	}
	if knownAccepted {
		return nil
	}
	st, err := w.messageState(seen.id)(ctx)
	if err != nil {
		return err
	}
	if isStatus(string(event.Delivered))(st) {
		return &Failure{
			Summary:  "forged deliveries were rejected, but moved a known message to " + st.Status,
			Expected: "the message still " + string(event.Queued),
			Seen:     st.Raw,
			At:       &w.forged[0].at,
		}
	}
	if w.shown.HasEffects && st.Effects > w.shown.Effects {
		return &Failure{
			Summary:  fmt.Sprintf("forged deliveries were rejected, but a known message has %d effects now, not %d", st.Effects, w.shown.Effects),
			Expected: "no effect of a rejected delivery",
			Seen:     st.Raw,
			At:       &w.forged[0].at,
		}
	}
	return nil
}

// gaveNothingAway searches the answers for what only the receiver and Sent may know.
func (w *World) gaveNothingAway() error {
	xs, err := w.judge()
	if err != nil {
		return err
	}
	rejected := 0
	for _, x := range xs {
		if x.Outcome.Accepted() {
			continue // its own rule says so
		}
		rejected++
		var answer bytes.Buffer
		_ = x.Outcome.Header.Write(&answer) // a buffer never fails
		answer.Write(x.Outcome.Body)
		said := strings.ToLower(answer.String())
		for _, secret := range []struct {
			what      string
			spellings []string
		}{
			{"the secret", w.s.Env.Secret.Spellings()},
			{"the expected signature", w.expectedSignature(x.Request)},
		} {
			for _, spelling := range secret.spellings {
				if strings.Contains(said, strings.ToLower(spelling)) {
					return &Failure{
						Summary:  fmt.Sprintf("the answer to %s holds %s", x.What, secret.what),
						Expected: "a rejection that tells an attacker nothing",
						At:       &x,
					}
				}
			}
		}
	}
	if rejected == 0 {
		return notChecked("no forged delivery was rejected (their own rules say so), so there is no rejection to look at")
	}
	return nil
}

// expectedSignature is what a receiver computes for a request, in the ways in
// which it could print it. What was sent is no secret: a signature that was cut,
// say, is a part of it.
func (w *World) expectedSignature(r delivery.Request) []string {
	content := r.Get(signing.HeaderID) + "." + r.Get(signing.HeaderTimestamp) + "." + string(r.Body)
	_, text, _ := strings.Cut(w.s.Env.Secret.SignContent([]byte(content)), ",")
	digest, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(signing.Spellings(digest), func(spelling string) bool {
		return strings.Contains(r.Get(signing.HeaderSignature), spelling)
	})
}

func (w *World) deliversSignedAt(ctx context.Context, name string, seconds int) error {
	e, err := w.sample(name)
	if err != nil {
		return err
	}
	r := w.requestAt(e, w.body(e), time.Duration(seconds)*time.Second)
	_, err = w.send(ctx, fmt.Sprintf("a genuine %s event, signed %d s from now", name, seconds), r, name, "--signed-at", strconv.Itoa(seconds)+"s")
	return err
}

func (w *World) deliversWrittenWith(ctx context.Context, name, writing string) error {
	e, err := w.sample(name)
	if err != nil {
		return err
	}
	body := w.body(e)
	switch writing {
	case "odd whitespace":
		body = spread(body)
	case `\u escapes`:
		body = escapeStrings(body)
	case "keys in another order":
		body, err = reorder(body)
	case "a number like 1.0":
		return w.deliversNumber(ctx, name)
	case "a trailing newline":
		body = append(bytes.Clone(body), '\n')
	case "a duplicate key":
		body = duplicateKey(body)
	default:
		err = fmt.Errorf("no way to write a body with %s", writing)
	}
	if err != nil {
		return err
	}
	_, err = w.send(ctx, "a genuine "+name+" event, its body with "+writing, w.request(e, body))
	return err
}

// deliversNumber needs a field that Sent's events do not have: no field of
// theirs is a number. A receiver that refuses new fields (TOL-4) shows nothing here.
func (w *World) deliversNumber(ctx context.Context, name string) error {
	for _, number := range []string{"1", "1.0"} {
		e, err := w.sample(name)
		if err != nil {
			return err
		}
		body := append(bytes.TrimSuffix(w.body(e), []byte("}")), `,"segments":`+number+`}`...)
		x, err := w.send(ctx, "a genuine "+name+" event with the number "+number, w.request(e, body))
		if err != nil {
			return err
		}
		if number == "1" && !x.Outcome.Accepted() {
			return notChecked("the receiver refuses events with a new field (TOL-4), and none of Sent's own is a number")
		}
	}
	return nil
}

func (w *World) deliversWithHeaderNames(ctx context.Context, name, letters string) error {
	e, err := w.sample(name)
	if err != nil {
		return err
	}
	change := map[string]func(string) string{
		"lower case": strings.ToLower, "upper case": strings.ToUpper, "mixed case": mixedCase,
	}[letters]
	if change == nil {
		return fmt.Errorf("no case %q", letters)
	}
	r := w.signed(e)
	for i := range r.Headers {
		r.Headers[i].Name = change(r.Headers[i].Name)
	}
	_, err = w.send(ctx, "a genuine "+name+" event, its header names in "+letters, r)
	return err
}

func mixedCase(s string) string {
	b := []byte(strings.ToLower(s))
	for i := 1; i < len(b); i += 2 {
		b[i] = strings.ToUpper(string(b[i]))[0]
	}
	return string(b)
}

func (w *World) deliversWithSignatures(ctx context.Context, name, which string) error {
	e, err := w.sample(name)
	if err != nil {
		return err
	}
	r := w.signed(e)
	right := r.Get(signing.HeaderSignature)
	another := w.otherSecret().Sign(w.webhook.String(), clock.Wall().Unix(), r.Body)
	value := map[string]string{
		"another signature, then the right one":         another + " " + right,
		"the right signature, then another one":         right + " " + another,
		"one of an unknown version, then the right one": "v2," + strings.TrimPrefix(another, "v1,") + " " + right,
	}[which]
	if value == "" {
		return fmt.Errorf("no signatures %q", which)
	}
	_, err = w.send(ctx, "a genuine "+name+" event with "+which, r.With(signing.HeaderSignature, value))
	return err
}
