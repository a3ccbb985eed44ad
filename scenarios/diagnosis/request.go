package diagnosis

import (
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/signing"
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
// it: a receiver that takes some signatures and not others does so with any headers.
func (i *investigation) confirmed(changed func() delivery.Request, a answer) bool {
	times := 3
	if i.slow() {
		times = 1
	}
	for range times {
		if with := i.send(changed()); with.Status != a.Status {
			return false
		}
		if without := i.send(i.genuine()); without.Status != i.plain.Status {
			return false
		}
	}
	return !i.over()
}

// otherNames are headers that projects read where Sent's are called otherwise,
// with which of the values belongs in it.
func otherNames() map[string][]string {
	return map[string][]string{
		"signature": {
			"X-Sent-Signature", "X-Sent-Webhook-Signature", "X-SentDM-Signature", "X-Sent-DM-Signature", "Sent-Signature", "X-Sent-Signature-256", "X-Signature", "Signature", "Webhook-Signature",
			"X-Hub-Signature-256", "X-Hub-Signature", "X-Signature-256", "X-Webhook-Signature-256", "X-Webhook-Hmac-Sha256", "X-Hmac-Sha256", "X-Hmac-Signature", "Svix-Signature", "X-Webhook-Sig",
			"X-Signature-Sha256", "X-Request-Signature", "X-Payload-Signature", "X-Event-Signature", "X-Callback-Signature", "X-Message-Signature", "X-Hook-Signature", "X-Webhook-Secret-Signature", "Webhook-Signature-V1", "X-Webhook-Signature-V1",
		},
		"timestamp": {
			"X-Sent-Timestamp", "X-Sent-Webhook-Timestamp", "Sent-Timestamp", "X-Timestamp", "Webhook-Timestamp", "Svix-Timestamp", "X-Request-Timestamp", "X-Signature-Timestamp", "X-Webhook-Time", "Timestamp",
		},
		"id": {
			"X-Sent-Id", "X-Sent-Webhook-Id", "Sent-Webhook-Id", "Webhook-Id", "Svix-Id", "X-Message-Id", "X-Event-Id", "X-Delivery-Id", "X-Webhook-Delivery", "X-Sent-Delivery-Id",
		},
		"event": {"X-Sent-Event", "X-Sent-Event-Type", "X-Event-Type", "X-Webhook-Event", "X-Webhook-Topic", "X-Event"},
	}
}

// headerNames are names of headers within a text.
var headerNames = regexp.MustCompile(`(?i)\b(?:x|sent|svix|webhook)-[a-z][a-z0-9-]*[a-z0-9]\b`)

// otherHeaderNames sends the values under other names as well: first under all of
// them, then under half as many, until one is left that makes the difference.
func (i *investigation) otherHeaderNames() *report.Diagnosis {
	all := i.candidateHeaders()
	with := func(some []delivery.Header) (effect, answer) {
		r := i.genuine()
		byKind := map[string]string{"signature": r.Get(signing.HeaderSignature), "timestamp": r.Get(signing.HeaderTimestamp), "id": r.Get(signing.HeaderID), "event": r.Get(signing.HeaderEventType)}
		for _, h := range some {
			r.Headers = append(r.Headers, delivery.Header{Name: h.Name, Value: byKind[h.Value]})
		}
		return i.try(r)
	}
	what, a := with(all)
	present := what == nothing && a.Kind == delivery.Answered && a.print != i.facts.worthless.print && isRefusal(a.Status) && !i.facts.flickers
	if what != accepted && what != changed && !present {
		return i.nameInAnswer()
	}
	needed := all
	for size := len(needed) / 2; size > 0; size /= 2 { // take away what is not needed, in ever smaller pieces
		for at := 0; at+size <= len(needed) && len(needed) > 1; {
			fewer := slices.Concat(needed[:at], needed[at+size:])
			if w, b := with(fewer); w == what && (!present || b.print == a.print) {
				needed = fewer
			} else {
				at += size
			}
		}
	}
	var names []string
	for _, h := range needed {
		names = append(names, h.Name)
	}
	list := strings.Join(names, " and ")
	if len(needed) > 3 {
		return i.nameInAnswer()
	}
	i.note("with the values under the names "+list+" as well", a.Outcome)
	return &report.Diagnosis{
		Cause:   causeOfNames(names),
		Summary: "the receiver reads " + list + ", and Sent sends X-Webhook-ID, X-Webhook-Timestamp and X-Webhook-Signature: with the value under that name as well, the same delivery gets " + i.seen(a.Outcome) + " instead of " + i.seen(i.plain),
		Fix:     "Read X-Webhook-Signature (with X-Webhook-ID and X-Webhook-Timestamp) instead of " + list + ".",
	}
}

// causeOfNames tells the libraries that read names of their own from others.
func causeOfNames(names []string) string {
	low := strings.ToLower(strings.Join(names, " "))
	switch {
	case strings.Count(low, "svix-") == len(names):
		return "svix-headers"
	case len(names) > 1 && strings.Count(" "+low, " webhook-") == len(names):
		return "standard-webhooks-headers"
	}
	return "header-names"
}

// candidateHeaders are the other names, those that the answer itself names among
// them. The value of each says which of the delivery's values it gets.
func (i *investigation) candidateHeaders() []delivery.Header {
	var all []delivery.Header
	seen := map[string]bool{}
	add := func(name, kind string) {
		low := strings.ToLower(name)
		if !seen[low] && i.genuineHeader(low) == "" {
			seen[low] = true
			all = append(all, delivery.Header{Name: name, Value: kind})
		}
	}
	for _, name := range headerNames.FindAllString(text(i.plain), -1) {
		add(name, kindOfHeader(name))
	}
	names := otherNames()
	for _, kind := range []string{"signature", "timestamp", "id", "event"} {
		for _, name := range names[kind] {
			add(name, kind)
		}
	}
	return all
}

func kindOfHeader(name string) string {
	low := strings.ToLower(name)
	switch {
	case strings.Contains(low, "time"):
		return "timestamp"
	case strings.Contains(low, "sig"), strings.Contains(low, "hmac"):
		return "signature"
	case strings.Contains(low, "event") && !strings.Contains(low, "id"), strings.Contains(low, "topic"):
		return "event"
	}
	return "id"
}

// genuineHeader is the value of a header that is sent anyway.
func (i *investigation) genuineHeader(name string) string {
	for _, h := range []string{signing.HeaderID, signing.HeaderTimestamp, signing.HeaderSignature, signing.HeaderEventType, "X-Webhook-Event-Id"} {
		if strings.EqualFold(h, name) {
			return strconv.Quote(h)
		}
	}
	return ""
}

// nameInAnswer is for an answer that says which header is missing, and Sent has
// none of that name.
func (i *investigation) nameInAnswer() *report.Diagnosis {
	said := text(i.plain)
	if !regexp.MustCompile(`(?i)missing|required|no |not found|absent|without`).MatchString(said) {
		return nil
	}
	for _, name := range headerNames.FindAllString(said, -1) {
		if i.genuineHeader(name) != "" || strings.Contains(strings.ToLower(name), "api-key") || strings.Contains(strings.ToLower(name), "token") {
			continue
		}
		return &report.Diagnosis{
			Cause:   "header-names",
			Summary: "the receiver asks for the header " + name + ", which Sent does not send: " + i.seen(i.plain),
			Fix:     "Sent sends X-Webhook-ID, X-Webhook-Timestamp, X-Webhook-Signature and X-Webhook-Event-Type: read these.",
		}
	}
	return nil
}
