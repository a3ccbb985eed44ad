package diagnosis

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/signing"
)

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

// underNames is r with its values under other names as well. The value of each name says
// which of them it gets.
func underNames(r delivery.Request, names []delivery.Header) delivery.Request {
	byKind := map[string]string{"signature": r.Get(signing.HeaderSignature), "timestamp": r.Get(signing.HeaderTimestamp), "id": r.Get(signing.HeaderID), "event": r.Get(signing.HeaderEventType)}
	r.Headers = slices.Clip(r.Headers)
	for _, h := range names {
		r.Headers = append(r.Headers, delivery.Header{Name: h.Name, Value: byKind[h.Value]})
	}
	return r
}

// otherHeaderNames sends the values under other names as well: first under all of
// them, then under half as many, until one is left that makes the difference.
func (i *investigation) otherHeaderNames() *report.Diagnosis {
	groups := i.nameGroups()
	requests := make([]delivery.Request, len(groups))
	for n, group := range groups {
		requests[n] = underNames(i.genuine(), group)
	}
	i.ahead(requests)
	for n, group := range groups {
		what, a := i.try(requests[n])
		present := what == nothing && a.Kind == delivery.Answered && a.print != i.facts.worthless.print && isRefusal(a.Status) && !i.facts.flickers
		if what != accepted && what != changed && !present {
			continue
		}
		needed := i.neededNames(group, a, i.genuine)
		if len(needed) <= 3 && !i.confirmed(func() delivery.Request { return underNames(i.genuine(), needed) }, a) && !i.over() {
			continue // by chance, as one instance of several takes any
		}
		if present {
			if d := i.mistakeUnder(signing.Mistakes(), needed); d != nil {
				return d
			}
		}
		if d := i.namesFound(needed, a); d != nil {
			return d
		}
	}
	return i.nameInAnswer()
}

// neededNames takes away what is not needed of names for the answer found, in ever
// smaller pieces: all but one kind of value at first.
func (i *investigation) neededNames(needed []delivery.Header, found answer, signed func() delivery.Request) []delivery.Header {
	fits := func(names []delivery.Header) bool {
		a := i.send(underNames(signed(), names))
		return a.Kind == delivery.Answered && (a.print == found.print || a.Accepted() && found.Accepted())
	}
	only := slices.DeleteFunc(slices.Clone(needed), func(h delivery.Header) bool { return h.Value != "signature" })
	if len(only) < len(needed) && len(only) > 0 && fits(only) {
		needed = only
	}
	for size := len(needed) / 2; size > 0; size /= 2 {
		for at := 0; at+size <= len(needed) && len(needed) > 1 && !i.over(); {
			if fewer := slices.Concat(needed[:at], needed[at+size:]); fits(fewer) {
				needed = fewer
			} else {
				at += size
			}
		}
	}
	return needed
}

func listOf(names []delivery.Header) (list string, all []string) {
	for _, h := range names {
		all = append(all, h.Name)
	}
	return strings.Join(all, " and "), all
}

// namesFound is the diagnosis of names that the receiver reads; nil for so many that
// they say nothing.
func (i *investigation) namesFound(needed []delivery.Header, a answer) *report.Diagnosis {
	list, names := listOf(needed)
	if len(needed) > 3 && !i.over() {
		return nil
	}
	i.note("with the values under the names "+list+" as well", a.Outcome)
	if len(needed) > 3 {
		return &report.Diagnosis{
			Cause:   "header-names",
			Summary: "the receiver reads another header than X-Webhook-ID, X-Webhook-Timestamp and X-Webhook-Signature: with the values under other names as well, the same delivery gets " + i.seen(a.Outcome) + " instead of " + i.seen(i.plain) + ". Which of them it reads there was no time to find out; it is among " + strings.Join(names, ", "),
			Fix:     "Read X-Webhook-Signature, X-Webhook-ID and X-Webhook-Timestamp.",
		}
	}
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

// nameGroups are the other names in groups that go into one request, for servers take a
// hundred headers at most: first those of known senders, then those that are made of
// a word and what the header holds.
func (i *investigation) nameGroups() [][]delivery.Header {
	known := i.candidateHeaders()
	var made []delivery.Header
	for _, word := range []string{"X-Event", "X-Hook", "X-Callback", "X-Message", "X-Request", "X-Delivery", "X-Notification", "X-Sent-DM", "X-SentDM", "Sent-DM", "SentDM", "Sent", "X-Api", "X_Webhook"} {
		join := "-"
		if strings.Contains(word, "_") {
			join = "_"
		}
		for _, h := range []delivery.Header{{Name: "Signature", Value: "signature"}, {Name: "Timestamp", Value: "timestamp"}, {Name: "Time", Value: "timestamp"}, {Name: "ID", Value: "id"}, {Name: "Hmac", Value: "signature"}} {
			made = append(made, delivery.Header{Name: word + join + h.Name, Value: h.Value})
		}
	}
	return [][]delivery.Header{known, made}
}

// candidateHeaders are the other names, those that the answer itself names among
// them. The value of each says which of the delivery's values it gets.
func (i *investigation) candidateHeaders() []delivery.Header {
	all := []delivery.Header{}
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
