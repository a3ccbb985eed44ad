package diagnosis

import (
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
)

func (i *investigation) now() int64 { return clock.Wall().Unix() }

// contentTypes are the others that receivers ask for.
func contentTypes() []string {
	return []string{"application/json; charset=utf-8", "text/plain", "application/x-www-form-urlencoded", "application/octet-stream", "application/cloudevents+json", "application/vnd.api+json", "application/webhook+json", "text/json", "*/*"}
}

// change is one difference of a genuine request that is not about its signature.
type change struct {
	name   string // "another User-Agent (curl/8.5.0)"
	header string // that is set to
	value  string
	cause  string
	why    string
	fix    string
}

func (i *investigation) changes() []change {
	const agent = "it refuses requests by their User-Agent"
	const agentFix = "Let the webhook's path take any User-Agent: a rule against unknown clients or bots refuses Sent's as well. For this test another can be sent: --header 'User-Agent: …'."
	all := []change{
		{"another User-Agent (a browser's)", "User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36", "user-agent", agent, agentFix},
		{"another User-Agent (curl)", "User-Agent", "curl/8.5.0", "user-agent", agent, agentFix},
		{"another User-Agent (Sent)", "User-Agent", "Sent-Webhooks/1.0", "user-agent", agent, agentFix},
		{"the header Accept: application/json", "Accept", "application/json", "accept", "it refuses requests without an Accept header that it likes", "Answer webhooks whatever their Accept header says: Sent reads only the status."},
		{"the header Accept: */*", "Accept", "*/*", "accept", "it refuses requests without an Accept header", "Answer webhooks whatever their Accept header says: Sent reads only the status."},
		{"the header X-Forwarded-Proto: https", "X-Forwarded-Proto", "https", "https-required", "it wants https", "Behind its proxy it is called over https. For this test send what the proxy would: --header 'X-Forwarded-Proto: https'."},
		{"the header X-Requested-With", "X-Requested-With", "XMLHttpRequest", "csrf", "it wants a header that only its own pages send, as a protection against forged requests (CSRF)", "Exempt the webhook's route from that check."},
		{"the header Accept-Encoding", "Accept-Encoding", "gzip, deflate", "accept", "it refuses requests without Accept-Encoding, as some checks for bots do", "Except the webhook's path from that check."},
		{"the header Accept-Language", "Accept-Language", "en", "accept", "it refuses requests without Accept-Language, as some checks for bots do", "Except the webhook's path from that check."},
	}
	for _, typ := range contentTypes()[:5] {
		all = append(all, change{"the Content-Type " + typ, "Content-Type", typ, "content-type", "it does not take the Content-Type application/json", "Let the webhook's route take application/json, and read the body as bytes."})
	}
	all = append(all, change{"the webhook's id in X-Webhook-Event-ID", "X-Webhook-Event-ID", i.r.Webhook.String(), "event-id-signed", "it takes the event's id, X-Webhook-Event-ID, for the webhook's", "Sign `${X-Webhook-ID}.${X-Webhook-Timestamp}.${raw body}`: X-Webhook-Event-ID is for finding duplicates, and not signed."})
	u, err := url.Parse(i.r.URL)
	if err != nil {
		return all
	}
	const host = "it serves only some host names and refuses this one"
	const hostFix = "Let the receiver know the host name that the delivery is sent to, or send the one that it knows: --header 'Host: NAME'."
	all = append(all, change{"the header Origin of its own address", "Origin", u.Scheme + "://" + u.Host, "csrf", "it checks the request's origin, as a protection against forged requests (CSRF)", "Exempt the webhook's route from the check of Origin: Sent sends none."})
	for _, name := range []string{"localhost", "127.0.0.1", "example.com"} {
		if name != u.Hostname() {
			all = append(all, change{"the Host " + name, "Host", net.JoinHostPort(name, u.Port()), "host-check", host, hostFix})
		}
	}
	return append(all, change{"the Host localhost", "Host", "localhost", "host-check", host, hostFix})
}

// otherRequest changes what is not about the signature, one thing at a time.
func (i *investigation) otherRequest() *report.Diagnosis {
	changes := i.changes()
	requests := make([]delivery.Request, len(changes))
	for n, c := range changes {
		requests[n] = i.genuine().With(c.header, c.value)
	}
	i.ahead(requests)
	for n, c := range changes {
		what, a := i.try(requests[n])
		// Not taken but answered otherwise, with a wrong signature as well: what
		// refused it until now no longer does.
		let := a.Kind == delivery.Answered && a.Status != i.plain.Status && i.plain.Status != a.Status && what == nothing && i.neverLooked() &&
			(isRefusal(a.Status) || a.Status/100 == 2) && !i.facts.flickers
		if let && (c.header == "Content-Type" || c.header == "Host") { // these can break what follows as well
			let = false
		}
		with := func() delivery.Request { return i.genuine().With(c.header, c.value) }
		if what == nothing && !let || !i.confirmed(with, a) {
			continue
		}
		i.note("with "+c.name, a.Outcome)
		return &report.Diagnosis{
			Cause:   c.cause,
			Summary: c.why + ": the delivery gets " + i.seen(i.plain) + ", and the same with " + c.name + " gets " + i.seen(a.Outcome),
			Fix:     c.fix,
		}
	}
	if d := i.otherCredentials(); d != nil {
		return d
	}
	lower := func() delivery.Request {
		r := i.genuine()
		for n := range r.Headers {
			r.Headers[n].Name = strings.ToLower(r.Headers[n].Name)
		}
		return r
	}
	if what, a := i.try(lower()); (what == accepted || what == changed) && i.confirmed(lower, a) {
		i.note("with header names in lower case", a.Outcome)
		return &report.Diagnosis{
			Cause:   "header-case",
			Summary: "it compares header names as they are spelled, and finds X-Webhook-Signature only as x-webhook-signature: the same delivery with header names in lower case gets " + i.seen(a.Outcome),
			Fix:     "Header names have no case (SIG-11): use the framework's own look-up (req.get, headers.get), or put the names into lower case before.",
		}
	}
	return nil
}

// otherCredentials looks whether credentials that Sent does not send, worthless
// as they are, change what is answered: then somebody asks for those.
func (i *investigation) otherCredentials() *report.Diagnosis {
	if !i.neverLooked() || i.facts.flickers || i.plain.Status != http.StatusUnauthorized && i.plain.Status != http.StatusForbidden {
		return nil
	}
	for _, h := range []delivery.Header{
		{Name: "Authorization", Value: "Bearer sentsim"},
		{Name: "Authorization", Value: "Basic c2VudHNpbTpzZW50c2lt"},
		{Name: "X-API-Key", Value: "sentsim"},
		{Name: "Cookie", Value: "session=sentsim"},
	} {
		a := i.send(i.genuine().With(h.Name, h.Value))
		if a.Kind != delivery.Answered || a.Accepted() || a.print == i.facts.worthless.print || a.Status/100 == 5 {
			continue
		}
		if again, without := i.send(i.genuine().With(h.Name, h.Value)), i.send(i.genuine()); again.print != a.print || without.print != i.facts.worthless.print {
			continue
		}
		i.note("with a worthless "+h.Name+" header", a.Outcome)
		return &report.Diagnosis{
			Cause:   "other-auth",
			Summary: "it asks for other credentials than the signature: the delivery gets " + i.seen(i.plain) + ", and with a header " + h.Name + " that is worth nothing it gets " + i.seen(a.Outcome),
			Fix:     "Sent sends no credentials but its signature: exempt the webhook's path from that check. To test behind it, add the header with --header '" + h.Name + ": VALUE'.",
		}
	}
	return nil
}

// confirmed repeats a change that seemed to make the difference, and does without
// it: a receiver that takes some signatures and not others does so with any headers. It
// does not do so in turns, as two instances behind a balancer are asked.
func (i *investigation) confirmed(changed func() delivery.Request, a answer) bool {
	order := []bool{true, false, false, true, true, false}
	if i.slow() {
		order = order[:3]
	}
	for _, with := range order {
		r, status := i.genuine(), i.plain.Status
		if with {
			r, status = changed(), a.Status
		}
		if i.send(r).Status != status {
			return false
		}
	}
	return !i.over()
}
