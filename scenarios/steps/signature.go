package steps

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/cucumber/godog"

	"github.com/sentsim/sentsim/scenarios/check"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/signing"
)

// sendForged makes a forged delivery out of a genuine one, and sends it. trigger is
// what `sentsim trigger` calls the event; "" where nobody has seen it but the receiver.
func (w *World) sendForged(ctx context.Context, what, name string, e event.Event, trigger string) (Exchange, error) {
	forged, genuine, err := w.forge(name, e)
	if err != nil {
		return Exchange{}, err
	}
	x := Exchange{What: what, Request: forged, Genuine: &genuine}
	if trigger != "" {
		x.Trigger = []string{trigger, "--forge", name}
	}
	x, err = w.exchange(ctx, x)
	if err != nil || x.Outcome.Status != http.StatusForbidden {
		return x, err
	}
	return w.forbidden(ctx, x)
}

// forbidden makes sure that 403 is the answer to a forged delivery, and not to every
// sender, as firewalls give it that have seen too many: a plain delivery is taken at
// the same time. Else the forged one is sent again once a plain one is taken.
func (w *World) forbidden(ctx context.Context, x Exchange) (Exchange, error) {
	for i := range chances {
		if w.takesPlain(ctx) {
			return x, nil
		}
		if err := (clock.Real{}).Sleep(ctx, time.Duration(i+1)*ShortTime); err != nil {
			return x, err
		}
		if takes, _ := w.s.TakesAgain(ctx, w.name+", "+x.What, w.attempt, TurnedAwayTime); !takes {
			break
		}
		w.pending, w.all = w.pending[:len(w.pending)-1], w.all[:len(w.all)-1]
		again, err := w.exchange(ctx, x)
		if err != nil || again.Outcome.Status != http.StatusForbidden {
			return again, err
		}
		x = again
	}
	return x, &TurnedAway{At: x, Paced: true}
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

// deliversA is a genuine delivery, as usual or in another form; all but one are "".
func (w *World) deliversA(ctx context.Context, name, seconds, writing, letters, signatures, size string) error {
	switch {
	case writing != "":
		return w.deliversWrittenWith(ctx, name, writing)
	case letters != "":
		return w.deliversWithHeaderNames(ctx, name, letters)
	case signatures != "":
		return w.deliversWithSignatures(ctx, name, signatures)
	case seconds+size == "":
		return w.deliversAsUsual(ctx, name)
	}
	n, err := strconv.Atoi(seconds + size) // one of them is ""
	switch {
	case err != nil:
		return err
	case size != "":
		return w.deliversLarge(ctx, name, n)
	}
	return w.deliversSignedAt(ctx, name, n)
}

func (w *World) deliversAsUsual(ctx context.Context, name string) error {
	e, err := w.sample(ctx, name)
	if err != nil {
		return err
	}
	w.again = func(ctx context.Context) error {
		w.contact = nil
		return w.deliversAsUsual(ctx, name)
	}
	_, err = w.send(ctx, "a genuine "+name+" event", w.signed(e), name)
	return err
}

// arrivesForged forges an event of a kind; "" is any that the receiver takes.
func (w *World) arrivesForged(ctx context.Context, kind, name string) error {
	if kind == "" {
		e, err := w.plain(ctx)
		if err == nil {
			_, err = w.sendForged(ctx, article(name)+" delivery", name, e, string(e.Type))
		}
		return err
	}
	e, err := w.sample(ctx, kind)
	if err != nil {
		return err
	}
	_, err = w.sendForged(ctx, article(name)+" delivery of a "+kind+" event", name, e, kind)
	return err
}

// copyArrivesForged forges an event that the receiver has accepted. One that looks for
// duplicates before it verifies answers 2xx to it.
func (w *World) copyArrivesForged(ctx context.Context, name string) error {
	e, err := w.plain(ctx)
	if err != nil {
		return err
	}
	x, err := w.send(ctx, "a genuine delivery", w.signed(e), string(e.Type))
	switch {
	case err != nil:
		return err
	case !x.Outcome.Accepted():
		return refusedBefore(x, "%s was refused (%s), so there is no accepted one to forge a copy of", x.What, x.Seen())
	}
	w.pending = nil
	_, err = w.sendForged(ctx, "a copy of an accepted delivery, forged as "+name, name, e, "")
	return err
}

// isLenient reports whether a receiver finds the right digest behind its padding because
// its decoder is made to pass over what is not base64, as Python's and Node's are: a
// character in the middle of the digest shows that. One that is not, and takes such a
// digest, went on with what came before a decode error.
func (w *World) isLenient(ctx context.Context) (bool, error) {
	e, err := w.plain(ctx)
	if err != nil {
		return false, err
	}
	control, err := w.send(ctx, "the right digest with a foreign character in its middle", chaos.Foreign(w.signed(e)))
	w.pending = nil
	return control.Outcome.Accepted(), err
}

func (w *World) forgedDeliveriesArrive(ctx context.Context, whose string, names *godog.Table) error {
	if whose != "" {
		return w.forgedForMessages(ctx, names)
	}
	for _, row := range names.Rows {
		if err := w.arrivesForged(ctx, "", row.Cells[0].Value); err != nil {
			return err
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
		if told := check.Leaks(w.s.Env.Secret, x.Request, x.Outcome); told != "" {
			return &Failure{
				Summary:  fmt.Sprintf("the answer to %s holds %s", x.What, told),
				Expected: "a rejection that tells an attacker nothing",
				At:       &x,
			}
		}
	}
	if rejected == 0 {
		return notChecked("none of the forged deliveries that this rule sends was rejected (their own rules say so), so there is no rejection to look at")
	}
	return nil
}

func (w *World) deliversSignedAt(ctx context.Context, name string, seconds int) error {
	e, err := w.sample(ctx, name)
	if err != nil {
		return err
	}
	r := w.requestAt(e, w.body(e), time.Duration(seconds)*time.Second)
	_, err = w.send(ctx, fmt.Sprintf("a genuine %s event, signed %d s from now", name, seconds), r, name, "--signed-at", strconv.Itoa(seconds)+"s")
	return err
}

func (w *World) deliversWrittenWith(ctx context.Context, name, writing string) error {
	e, err := w.sample(ctx, name)
	if err != nil {
		return err
	}
	if text, ok := rawTexts[writing]; ok {
		if err := w.takesText(ctx, text); err != nil {
			return err
		}
		e = w.inbound(text)
	}
	body := w.body(e)
	switch writing {
	case "characters that normalisation would change", "characters that HTML escaping would change":
	case `\/ escapes`:
		body = bytes.ReplaceAll(body, []byte("/"), []byte(`\/`))
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

// rawTexts are what contacts write where the writing of a body is about its text.
var rawTexts = map[string]string{ //nolint:gochecknoglobals // constant
	`\/ escapes`: "See https://example.com/orders/1043",
	"characters that normalisation would change": "cafe\u0301 \u212b \ufb01n \u1100\u1161",
	"characters that HTML escaping would change": `<b>"3" & '4'</b> > 2`,
}

// takesText makes sure that it is how the text is written that a receiver stumbles
// over, and not the text: in plain ASCII escapes it must take it.
func (w *World) takesText(ctx context.Context, text string) error {
	e := w.inbound(text)
	w.contact = nil
	before := len(w.pending)
	x, err := w.send(ctx, "an inbound text written in ASCII", w.request(e, ascii(w.body(e))))
	w.pending = w.pending[:before]
	if err == nil && !x.Outcome.Accepted() {
		err = leftOut("the receiver refuses the text however it is written (TOL-5)")
	}
	return err
}

// deliversNumber needs a field that Sent's events do not have: no field of
// theirs is a number. A receiver that refuses new fields (TOL-4) shows nothing here.
func (w *World) deliversNumber(ctx context.Context, name string) error {
	for _, number := range []string{"1", "1.0"} {
		e, err := w.sample(ctx, name)
		if err != nil {
			return err
		}
		body := append(bytes.TrimSuffix(w.body(e), []byte("}")), `,"segments":`+number+`}`...)
		x, err := w.send(ctx, "a genuine "+name+" event with the number "+number, w.request(e, body))
		if err != nil {
			return err
		}
		if number == "1" && !x.Outcome.Accepted() {
			return refusedBefore(x, "the receiver refuses events with a new field (TOL-4), and none of Sent's own is a number")
		}
	}
	return nil
}

func (w *World) deliversWithHeaderNames(ctx context.Context, name, letters string) error {
	e, err := w.sample(ctx, name)
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
	e, err := w.sample(ctx, name)
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
