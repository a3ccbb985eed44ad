package scenarios

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/steps"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/signing"
)

// diagnose finds out why the plain signed delivery was refused, so that the user
// reads one cause instead of forty failures. It never takes longer than a
// handful of attempts plus one for each known mistake.
func (s *session) diagnose(ctx context.Context, plain steps.Exchange) *report.Diagnosis {
	d := &doctor{s: s, ctx: ctx, plain: plain.Outcome}
	d.note("a correctly signed message.queued event", plain.Outcome)
	for _, ask := range []func() *report.Diagnosis{
		d.silence, d.redirect, d.serverError, d.mistake, d.wrongClock, d.otherEvents, d.wrongPath, d.otherAuth, d.refusedBody,
	} {
		if found := ask(); found != nil {
			found.Evidence = d.tried
			return found
		}
	}
	return &report.Diagnosis{
		Cause:    "wrong-secret",
		Summary:  fmt.Sprintf("the receiver answers %s to a correctly signed delivery, and to one signed with another secret as well: most likely it verifies with another secret than sentsim signs with", steps.Seen(plain.Outcome)),
		Fix:      "Give both the same signing secret, the whole text with whsec_: " + s.secretHint() + " If they are the same, look at `sentsim explain` with a captured request.",
		Evidence: d.tried,
	}
}

// wonder looks for a known mistake when a plain delivery is refused though the
// first one was accepted: some, as the other base64 alphabet, spoil only some
// signatures.
func (s *session) wonder(ctx context.Context, p *planned, err error) {
	var failure *steps.Failure
	if p.rule.ID != plainRule || !errors.As(err, &failure) || failure.At == nil || ctx.Err() != nil {
		return
	}
	d := &doctor{s: s, ctx: ctx, plain: failure.At.Outcome}
	d.note("a correctly signed delivery, after one that was accepted", failure.At.Outcome)
	found := d.mistake()
	s.mu.Lock()
	defer s.mu.Unlock()
	if found != nil && s.diagnosis == nil {
		found.Evidence = d.tried
		s.diagnosis = found
	}
}

// secretHint says how the receiver got its secret.
func (s *session) secretHint() string {
	if s.cfg.Target.Exec != "" {
		name := s.cfg.SecretEnv
		return fmt.Sprintf("the process got it in the environment variable %s (--secret-env names another).", name)
	}
	return "sentsim took it from --secret, SENT_DM_WEBHOOK_SECRET or target.secret in the config file."
}

// doctor tries one explanation after another and keeps what it saw.
type doctor struct {
	s     *session
	ctx   context.Context //nolint:containedctx // lives for one diagnosis
	plain delivery.Outcome
	tried []string
	n     uint64
}

func (d *doctor) note(what string, o delivery.Outcome) {
	d.tried = append(d.tried, what+": "+d.s.redact(steps.Seen(o)))
}

// send delivers an event of something new; change may spoil the request, or
// empty it so that nothing is sent.
func (d *doctor) send(kind string, change func(delivery.Request, int64) delivery.Request) delivery.Outcome {
	d.n++
	s := d.s.subject
	st := s.Seed.Stream("diagnosis", d.n)
	e, err := event.Sample(event.Type(kind), st, clock.Wall().Add(-5*time.Second))
	if err != nil {
		return delivery.Outcome{Kind: delivery.Cancelled, Err: err.Error()}
	}
	now := clock.Wall().Unix()
	r := delivery.NewRequest(s.Target.URL(), s.Webhook().String(), s.Env.Secret, s.Knobs.EventHeaders(e.Type, e.ID), e.Encode(s.Knobs.Format()), now)
	r.Headers = append(r.Headers, s.Headers...)
	if change != nil {
		if r = change(r, now); r.URL == "" {
			return delivery.Outcome{} // there is nothing to send
		}
	}
	return s.Sender.Send(d.ctx, r, s.Timeout)
}

// silence is for a receiver that gave no HTTP answer.
func (d *doctor) silence() *report.Diagnosis {
	switch d.plain.Kind {
	case delivery.Answered:
		return nil
	case delivery.Timeout:
		return &report.Diagnosis{
			Cause:   "hang",
			Summary: "the receiver takes the connection but does not answer: " + steps.Seen(d.plain),
			Fix:     "Answer with a 2xx as soon as the delivery is stored, and do the work afterwards. Check that the handler reads exactly the body's Content-Length and always sends a response.",
		}
	case delivery.TLS:
		return &report.Diagnosis{
			Cause:   "tls",
			Summary: "the TLS handshake fails: " + d.plain.Err,
			Fix:     "Use a certificate for this host name, or name its authority with --cacert FILE (--insecure skips the check). If the receiver speaks plain HTTP, use an http:// URL.",
		}
	case delivery.Malformed:
		return &report.Diagnosis{
			Cause:   "not-http",
			Summary: "what listens there does not speak HTTP/1.1: " + d.plain.Err,
			Fix:     "Check host and port. A receiver that speaks TLS needs an https:// URL.",
		}
	case delivery.Refused, delivery.Unreached, delivery.Reset, delivery.Cancelled:
	}
	return &report.Diagnosis{
		Cause:   "crash",
		Summary: "the receiver dropped the plain signed delivery: " + steps.Seen(d.plain),
		Fix:     "It most likely crashed while handling it: the last lines of its output say where." + d.log(),
	}
}

func (d *doctor) log() string {
	lines := d.s.subject.Target.Log()
	if len(lines) == 0 {
		return ""
	}
	return " The last one: " + d.s.redact(lines[len(lines)-1])
}

func (d *doctor) redirect() *report.Diagnosis {
	if d.plain.Status/100 != 3 {
		return nil
	}
	to := d.plain.Header.Get("Location")
	fix := "Sent follows no redirect. Register the final URL as the webhook's endpoint."
	if u, err := url.Parse(d.s.subject.Target.URL()); err == nil && to != "" {
		if loc, err := u.Parse(to); err == nil {
			fix += " Here that is " + loc.String() + "."
		}
	}
	return &report.Diagnosis{
		Cause:   "redirect",
		Summary: "the receiver answers with a redirect: " + steps.Seen(d.plain),
		Fix:     fix,
	}
}

func (d *doctor) serverError() *report.Diagnosis {
	if d.plain.Status < 500 {
		return nil
	}
	return &report.Diagnosis{
		Cause:   "crash",
		Summary: "the receiver fails on the plain signed delivery: " + steps.Seen(d.plain),
		Fix:     "An exception in the handler, or a proxy without a backend: look at the receiver's log." + d.log(),
	}
}

// mistakeTime is how long known mistakes are tried; the likeliest come first.
const mistakeTime = 15 * time.Second

// mistake tries what receivers are known to do wrong, as signers.
func (d *doctor) mistake() *report.Diagnosis {
	until := clock.Wall().Add(mistakeTime)
	for n, m := range signing.Mistakes() {
		o, tried := d.signedWith(m)
		switch {
		case clock.Wall().After(until) && !o.Accepted():
			d.tried = append(d.tried, fmt.Sprintf("signed in the %d likeliest of %d ways that receivers are known to get wrong, within %s: none was accepted", n+1, len(signing.Mistakes()), mistakeTime))
			return nil
		case d.ctx.Err() != nil:
			return nil
		case !tried:
		case o.Accepted():
			d.note("signed with the mistake "+m.Name, o)
			return &report.Diagnosis{Cause: m.Name, Summary: "the receiver makes a known mistake: " + strings.TrimPrefix(m.Summary, "the receiver "), Fix: m.Fix}
		case o.Kind == delivery.Timeout || o.Kind == delivery.Refused:
			d.note("signed with the mistake "+m.Name, o)
			return nil
		}
	}
	d.tried = append(d.tried, fmt.Sprintf("signed in %d ways that receivers are known to get wrong: none was accepted", len(signing.Mistakes())))
	return nil
}

// signedWith delivers an event as a receiver with that mistake wants it signed.
// Some make no difference to some events; after a few tries it gives up.
func (d *doctor) signedWith(m signing.Mistake) (o delivery.Outcome, tried bool) {
	const tries = 8
	for range tries {
		tried = true
		o = d.send("message.queued", func(r delivery.Request, now int64) delivery.Request {
			signed := m.Sign(d.s.subject.Env.Secret, r.Get(signing.HeaderID), now, r.Body)
			if len(signed.Headers) == 0 {
				tried = false
				return delivery.Request{}
			}
			r = r.Without(signing.HeaderID).Without(signing.HeaderTimestamp).Without(signing.HeaderSignature)
			for _, h := range signed.Headers {
				r.Headers = append(r.Headers, delivery.Header{Name: h.Name, Value: h.Value})
			}
			return r
		})
		if tried || d.ctx.Err() != nil {
			return o, tried
		}
	}
	return o, false
}

// wrongClock compares the receiver's clock with ours.
func (d *doctor) wrongClock() *report.Diagnosis {
	at, err := http.ParseTime(d.plain.Header.Get("Date"))
	if err != nil {
		return nil
	}
	off := at.Sub(d.plain.Start)
	if off > -signing.Tolerance/2 && off < signing.Tolerance/2 {
		return nil
	}
	o := d.send("message.queued", func(r delivery.Request, now int64) delivery.Request {
		ts := now + int64(off/time.Second)
		return r.Signed(d.s.subject.Env.Secret, ts)
	})
	d.note("signed with the time of the receiver's Date header", o)
	if !o.Accepted() {
		return nil
	}
	return &report.Diagnosis{
		Cause:   "clock-skew",
		Summary: fmt.Sprintf("the receiver's clock is %s away from this machine's, more than the 300 s that signatures may differ", off.Round(time.Second)),
		Fix:     "Set the clock (NTP) on the receiver's machine, or on this one.",
	}
}

// otherEvents tells a receiver that refuses this event from one that refuses all.
func (d *doctor) otherEvents() *report.Diagnosis {
	for _, kind := range []string{"message.received", "templates", "message.delivered"} {
		o := d.send(kind, nil)
		d.note("a correctly signed "+kind+" event", o)
		if o.Accepted() {
			return &report.Diagnosis{
				Cause:   "event-refused",
				Summary: fmt.Sprintf("the signature is accepted (a %s event gets through), but the first event of an unknown message is refused: %s", kind, steps.Seen(d.plain)),
				Fix:     "Acknowledge every correctly signed event with a 2xx, also of a message that is not in your database (ORD-5) and of a status that you do not use (TOL-1).",
			}
		}
	}
	return nil
}

// commonPaths is where receivers live when it is not where the user said.
var commonPaths = []string{"/webhooks/sent", "/webhook", "/webhooks", "/webhook/sent", "/api/webhooks/sent", "/api/webhook", "/sent/webhook", "/hooks/sent", "/"} //nolint:gochecknoglobals // constant

func (d *doctor) wrongPath() *report.Diagnosis {
	status := d.plain.Status
	if status != http.StatusNotFound && status != http.StatusMethodNotAllowed && status != http.StatusGone {
		return nil
	}
	u, err := url.Parse(d.s.subject.Target.URL())
	if err != nil {
		return nil
	}
	for _, path := range commonPaths {
		if path == u.Path {
			continue
		}
		other := *u
		other.Path, other.RawPath = path, ""
		o := d.send("message.queued", func(r delivery.Request, _ int64) delivery.Request {
			r.URL = other.String()
			return r
		})
		if o.Accepted() {
			d.note("the same at "+path, o)
			return &report.Diagnosis{
				Cause:   "wrong-path",
				Summary: fmt.Sprintf("nothing takes a webhook at %s (%s), but %s does", u.Path, steps.Seen(d.plain), path),
				Fix:     "Use that path: --target " + other.String() + ", or --path " + path + " for a target that sentsim starts.",
			}
		}
	}
	return &report.Diagnosis{
		Cause:   "wrong-path",
		Summary: fmt.Sprintf("nothing takes a POST at %s: %s", u.Path, steps.Seen(d.plain)),
		Fix:     "Give the path of the webhook's route: in the URL of --target, or with --path for a target that sentsim starts.",
	}
}

// otherAuth recognises a door in front of the receiver.
func (d *doctor) otherAuth() *report.Diagnosis {
	scheme := d.plain.Header.Get("WWW-Authenticate")
	body := strings.ToLower(string(d.plain.Body))
	door := scheme != "" || d.plain.Status == http.StatusProxyAuthRequired
	for _, word := range []string{"api key", "api-key", "apikey", "bearer", "basic auth", "csrf", "log in", "login", "access token", "missing token"} {
		door = door || strings.Contains(body, word)
	}
	if !door {
		return nil
	}
	what := "its answer speaks of another kind of credentials"
	if scheme != "" {
		what = "it asks for " + scheme
	}
	return &report.Diagnosis{
		Cause:   "other-auth",
		Summary: fmt.Sprintf("something in front of the receiver refuses the delivery (%s): %s", steps.Seen(d.plain), what),
		Fix:     "Sent sends no other credentials than the signature: exempt the webhook's route from that check (API key, login, CSRF). To test behind it, add the header with --header 'NAME: VALUE'.",
	}
}

// refusedBody tells a refused event from a refused signature.
func (d *doctor) refusedBody() *report.Diagnosis {
	o := d.send("message.queued", func(r delivery.Request, _ int64) delivery.Request {
		return r.With(signing.HeaderSignature, signing.Version+",AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
	})
	d.note("the same with a worthless signature", o)
	if o.Kind != delivery.Answered || o.Status == d.plain.Status {
		return nil
	}
	return &report.Diagnosis{
		Cause:   "event-refused",
		Summary: fmt.Sprintf("the signature seems to be accepted (a worthless one gets %s), but the event is refused: %s", steps.Seen(o), steps.Seen(d.plain)),
		Fix:     "Look at what the receiver wants of the body: Sent's is JSON with field, sub_type, timestamp and payload (knob envelope for the other dialects). Unknown and missing optional fields must not be refused.",
	}
}
