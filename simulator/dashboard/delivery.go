package dashboard

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator"

	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/signing"
	"github.com/sentsim/sentsim/simulator/webhook"
)

// attemptView is one attempt on the timeline.
type attemptView struct {
	delivery.Attempt
	Waited   time.Duration // since the attempt before began
	Accepted bool
	Answer   string
	Request  []delivery.Header
	Signed   string // what the signature is of, where it can be shown; else ""
	Curl     string
	Response string
	Body     string
	Open     bool
}

// found is the delivery that the path names, and its webhook.
func (v *view) found() (d delivery.Delivery, w webhook.Webhook, err error) {
	id, err := v.id()
	if err != nil {
		return d, w, err
	}
	if d, err = v.Sim.Delivery(id); err != nil {
		return d, w, err
	}
	w, err = v.Sim.Webhook(d.WebhookID)
	return d, w, err
}

func showDelivery(v *view) error {
	d, w, err := v.found()
	if err != nil {
		return err
	}
	var attempts []attemptView
	for i, a := range d.Attempts {
		x := v.attempt(d, w, a)
		x.Open = i == len(d.Attempts)-1
		if i > 0 {
			x.Waited = a.At.Sub(d.Attempts[i-1].At)
		}
		attempts = append(attempts, x)
	}
	v.concerns(w)
	return v.show("delivery", "deliveries", string(d.EventType), map[string]any{
		"Delivery": d, "Hook": w, "Attempts": attempts, "Most": v.most(d, w), "Subject": subjectOf(v, d),
	})
}

// attempt rebuilds what was to be sent. The history keeps the body, the timestamp
// and the signature; the URL is the one that the webhook has now, and the knobs of
// today say which headers name the event. What a fault made of the request on its
// way does not show.
func (v *view) attempt(d delivery.Delivery, w webhook.Webhook, a delivery.Attempt) attemptView {
	r := delivery.Request{URL: w.EndpointURL, Body: d.Body, Headers: []delivery.Header{
		{Name: "Content-Type", Value: "application/json"},
		{Name: "User-Agent", Value: delivery.UserAgent},
		{Name: signing.HeaderID, Value: w.ID.String()},
		{Name: signing.HeaderTimestamp, Value: strconv.FormatInt(a.Timestamp, 10)},
		{Name: signing.HeaderSignature, Value: a.Signature},
	}}
	named := v.Sim.Knobs().EventHeaders(d.EventType, d.EventID)
	if named.Type != "" {
		r.Headers = append(r.Headers, delivery.Header{Name: signing.HeaderEventType, Value: string(named.Type)})
	}
	if named.ID != uuid.Nil {
		r.Headers = append(r.Headers, delivery.Header{Name: signing.HeaderEventID, Value: named.ID.String()})
	}
	return attemptView{
		Attempt: a, Accepted: a.Outcome.Accepted(), Answer: whatCameBack(a.Outcome), Request: r.Headers, Signed: plain(string(signed(d, a))),
		Curl: r.Curl(delivery.CurlOptions{Lines: true}), Response: responseHead(a.Outcome), Body: plain(string(a.Outcome.Body)),
	}
}

// signed are the bytes that an attempt's signature is of.
func signed(d delivery.Delivery, a delivery.Attempt) []byte {
	return append([]byte(d.WebhookID.String()+"."+strconv.FormatInt(a.Timestamp, 10)+"."), d.Body...)
}

// responseHead is the status line and the headers.
func responseHead(o delivery.Outcome) string {
	if o.Kind != delivery.Answered {
		return plain(o.Err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\n", o.Status, http.StatusText(o.Status))
	names := make([]string, 0, len(o.Header))
	for name := range o.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range o.Header[name] {
			fmt.Fprintf(&b, "%s: %s\n", name, value)
		}
	}
	return plain(b.String())
}

// rawBody answers with the body, byte for byte.
func rawBody(v *view) error {
	d, _, err := v.found()
	if err != nil {
		return err
	}
	return v.download("body-"+short(d.ID), d.Body)
}

// rawSigned answers with what an attempt's signature is of, byte for byte.
func rawSigned(v *view) error {
	d, _, err := v.found()
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(v.r.PathValue("n"))
	if err != nil || n < 1 || n > len(d.Attempts) {
		return simulator.ErrNotFound
	}
	return v.download(fmt.Sprintf("signed-%s-%d", short(d.ID), n), signed(d, d.Attempts[n-1]))
}

// download answers with bytes that a browser saves and never shows.
func (v *view) download(name string, data []byte) error {
	v.w.Header().Set("Content-Type", "application/octet-stream")
	v.w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	_, _ = v.w.Write(data) // whoever went away needs none
	return nil
}
