package diagnosis

import (
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/simulator/delivery"
)

// door is something that answers ahead of the webhook's code, and how its answer
// is recognised: by the status and then by one of its headers or by its text, or
// by both where needBoth says so.
type door struct {
	cause    string
	who      string // as in "… answers before the signature is looked at"
	status   []int  // none: any but a 2xx
	header   string // expression for one line "Name: value"
	body     string // expression for the text or the markup
	needBoth bool   // header and body must both fit
	fix      string

	// sure is for an answer that no check of a webhook's signature gives. It counts
	// before any experiment, also where it has the word signature in it (a token's, a
	// URL's), or where a request without the signature headers gets another answer.
	sure bool
	// everyPath is for an answer that the webhook's own code may give as well. It
	// counts only where a path that does not exist gets the same.
	everyPath bool
}

// knownDoors are tried in this order: what names a product before what only names a kind.
func knownDoors() []door {
	return slices.Concat(csrfDoors(), wafDoors(), functionDoors(), tunnelDoors(), platformDoors(), storageDoors(), gatewayDoors(), hostDoors(),
		modelDoors(), signedElsewhereDoors(), sessionDoors(), loginDoors(), accessDoors(), proxyDoors())
}

func (d door) fits(o delivery.Outcome) bool {
	if o.Kind != delivery.Answered || o.Status/100 == 2 || len(d.status) > 0 && !slices.Contains(d.status, o.Status) {
		return false
	}
	header, body := d.shows(o)
	if d.needBoth {
		return header && body
	}
	return header || body
}

// shows tells by which part of an answer the door is recognised, whatever its status.
func (d door) shows(o delivery.Outcome) (header, body bool) {
	header = d.header != "" && slices.ContainsFunc(headerLines(o), regexp.MustCompile("(?i)"+d.header).MatchString)
	body = d.body != "" && regexp.MustCompile("(?is)"+d.body).MatchString(string(o.Body)+"\n"+text(o))
	return header, body
}

func headerLines(o delivery.Outcome) []string {
	var lines []string
	for name, values := range o.Header {
		for _, v := range values {
			lines = append(lines, name+": "+v)
		}
	}
	return lines
}

// doorOf is the known door that gave this answer; false for none. everywhere says
// that a path that does not exist gets the same answer.
func doorOf(o delivery.Outcome, everywhere bool) (door, bool) {
	for _, d := range knownDoors() {
		if d.fits(o) && (everywhere || !d.everyPath) {
			return d, true
		}
	}
	return door{}, false
}

// weak doors are recognised by words that a webhook's own code may write too:
// they count only once no experiment has explained the refusal.
func (d door) weak(status int) bool {
	if d.sure {
		return false
	}
	switch d.cause {
	case "login", "other-auth", "ip-allow-list", "host-check", "maintenance", "proxy-page", "static-server":
		return status/100 != 3
	}
	return false
}

// Named recognises what stands in front of a receiver by one answer alone,
// without any experiment; nil where the answer names nothing.
func Named(o delivery.Outcome) *report.Diagnosis {
	d, ok := doorOf(o, false)
	if !ok {
		return nil
	}
	said := quote(o)
	if said != "" {
		said = " (" + said + ")"
	}
	return &report.Diagnosis{
		Cause:   d.cause,
		Summary: "it looks as if " + d.who + " had answered, ahead of the webhook's own code" + said,
		Fix:     d.fix,
	}
}

// weakDoor is namedDoor once everything else was tried.
func (i *investigation) weakDoor() *report.Diagnosis {
	i.weakToo = true
	return i.namedDoor()
}

// namedDoor is for answers that do not depend on the signature and say who gave them.
func (i *investigation) namedDoor() *report.Diagnosis {
	d, ok := doorOf(i.plain, i.everywhere())
	if !ok || d.weak(i.plain.Status) && (!i.weakToo || ofSignature.MatchString(text(i.plain))) {
		return nil
	}
	proof := "a delivery without a signature gets the same"
	switch {
	case i.everywhere():
		proof = "a delivery without a signature and one to a path that does not exist get the same"
	case i.neverLooked():
	case d.sure && i.same(i.facts.again, i.facts.worthless):
		proof = "a delivery with a wrong signature gets the same"
	default:
		return nil
	}
	return &report.Diagnosis{
		Cause:   d.cause,
		Summary: upper(d.who) + " answers in front of the receiver, before the signature is looked at: " + i.seen(i.plain) + "; " + proof,
		Fix:     d.fix,
	}
}

// challengeAtOnce is for a challenge to browsers with the status 429. It is no rate
// limit, and like one it asks for silence: no experiment is made.
func (i *investigation) challengeAtOnce() *report.Diagnosis {
	if d, ok := doorOf(i.plain, false); ok && i.plain.Status == http.StatusTooManyRequests && d.cause == "waf-challenge" {
		return Named(i.plain)
	}
	return nil
}

func upper(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
