package diagnosis

import (
	"context"
	"net/http"
	"regexp"
	"slices"

	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/simulator/delivery"
)

// marksOfDoors are headers that only what stands in front of a receiver writes, and
// only into an answer of its own.
var marksOfDoors = regexp.MustCompile(`(?i)^(cf-mitigated: challenge|x-vercel-mitigated: |x-vercel-challenge|x-amzn-waf-action: |ngrok-error-code: |x-goog-iap-generated-response: |x-sucuri-block: |x-dd-b: |x-datadome: protected)`)

// pageOfDoor are words of pages that ask people, or their browsers, for something.
var pageOfDoor = regexp.MustCompile(`(?is)just a moment\.\.\.|enable javascript and cookies|cf-chl|challenge-platform|_incapsula_resource|captcha|verify (that )?you are (a )?human|checking your browser|security check(point)?|request rejected.{0,300}support id|you are about to visit|ngrok-skip-browser-warning|bypass-tunnel-reminder|captive portal|accept the terms|(type|name)=["']?password|\b(log|sign) ?in\b.{0,400}<form|<form.{0,400}\b(log|sign) ?in\b`)

// saysNoInside are texts of an answer whose status takes a delivery and whose words do not.
var saysNoInside = regexp.MustCompile(`(?i)method[ _]not[ _]allowed|cannot post\b|\bonly (get|head) requests?\b|post (is )?not (allowed|supported)|(page|route|endpoint|resource) (was )?not found|(please|must) (log|sign) ?in|login[ _]required`)

// AcceptedByDoor finds out whether a 2xx to a genuine delivery was given by something in
// front of the receiver: a challenge, a login, a website's page. Nil where the answer has
// nothing of that, or depends on what is sent: the receiver itself has taken it then. A
// bare 2xx, or a short text, says nothing of a door.
func AcceptedByDoor(ctx context.Context, r Receiver, plain delivery.Outcome) *report.Diagnosis {
	who, fix, sure := suspect(plain)
	if !plain.Accepted() || who == "" {
		return nil
	}
	i := begin(ctx, r, plain)
	given := printOf(plain, i.r.URL)
	for _, x := range []struct {
		what    string
		request delivery.Request
	}{{"the same with a spoilt signature", spoilt(i.genuine())}, {"the same without signature headers", unsigned(i.genuine())}} {
		if i.tell(x.what, x.request).print != given {
			return nil
		}
	}
	proof := "a delivery with a wrong signature and one without any get the same"
	nowhere := i.genuine()
	nowhere.URL = withPath(nowhere.URL, nowherePath)
	switch elsewhere := i.tell("a genuine delivery to a path that does not exist", nowhere); {
	case elsewhere.print == given:
		proof = "a delivery with a wrong signature, one without any and one to a path that does not exist get the same"
	case !sure:
		return nil
	}
	return &report.Diagnosis{
		Cause: "door-takes-deliveries",
		Summary: upper(who) + " answers in front of the receiver, with a status that Sent takes for an acknowledgement: " + i.seen(plain) + "; " + proof +
			". So deliveries are lost, and nothing shows that the webhook's own code was reached: what it does with a forged delivery was not seen",
		Fix:      fix,
		Evidence: i.tried,
	}
}

// suspect tells what seems to have given an answer; "" where nothing speaks for anything
// but the receiver. It is sure where no receiver writes such an answer itself.
func suspect(o delivery.Outcome) (who, fix string, sure bool) {
	const past = "Let the webhook's path past it, or give the receiver's own address. An answer that is no acknowledgement of the receiver must not be a 2xx: Sent does not send again what got one."
	marked := slices.ContainsFunc(headerLines(o), marksOfDoors.MatchString)
	page := isPage(o)
	if marked || page {
		for _, d := range slices.Concat(wafDoors(), tunnelDoors()) { // others are recognised by their status, too
			header, body := d.shows(o)
			if header && body || !d.needBoth && (header && marked || body && page) {
				return d.who, d.fix + " " + past, true
			}
		}
	}
	switch {
	case marked:
		return "a firewall, a login or a tunnel", past, true
	case page && pageOfDoor.Match(o.Body):
		return "a page that asks a person or a browser for something (a challenge, a login, a warning)", past, true
	case page:
		return "a website, with the same page for every request,", past + " A server for a site's files or its router must not answer a POST to the webhook's path.", false
	case o.Status == http.StatusOK && saysNoInside.MatchString(text(o)):
		return "something that says no in its text and takes the delivery by its status", past, true
	}
	return "", "", false
}
