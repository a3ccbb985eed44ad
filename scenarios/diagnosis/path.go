package diagnosis

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/simulator/delivery"
)

const pathHint = " In the URL of --target, or with --path for a target that sentsim starts."

// withPath is a URL with another path.
func withPath(target, path string) string {
	u, err := url.Parse(target)
	if err != nil {
		return target
	}
	u.Path, u.RawPath = path, ""
	return u.String()
}

// otherPaths is where the webhook may be when it is not where the user said: with
// or without the slash first, then below a prefix, then where webhooks often live.
func otherPaths(path string) []string {
	bare := strings.TrimRight(path, "/")
	all := []string{bare + "/", bare, "/api" + bare, strings.TrimPrefix(bare, "/api"), "/v1" + bare, "/api/v1" + bare}
	all = append(all, "/webhooks/sent", "/webhook", "/webhooks", "/webhook/sent", "/api/webhooks/sent", "/api/webhook", "/api/webhooks", "/sent/webhook", "/sent", "/hooks/sent", "/hook", "/webhooks/sent-dm", "/webhooks/sentdm", "/sent-webhook", "/api/sent/webhook", "/callback", "/")
	seen := map[string]bool{path: true, "": true}
	var out []string
	for _, p := range all {
		if !seen[p] {
			seen[p] = true
			out = append(out, p)
		}
	}
	return out
}

// wantsSlash is what Django says of a path without the slash at its end.
var wantsSlash = regexp.MustCompile(`(?i)APPEND_SLASH|URL doesn't end in a slash`)

func noRoute(status int) bool {
	return status == http.StatusNotFound || status == http.StatusGone || status == http.StatusMethodNotAllowed
}

// otherPath is for a path that nobody serves.
func (i *investigation) otherPath() *report.Diagnosis {
	u, err := url.Parse(i.r.URL)
	slash := wantsSlash.MatchString(text(i.plain))
	if !noRoute(i.plain.Status) && !slash || err != nil || !i.neverLooked() {
		return nil
	}
	if i.plain.Status == http.StatusNotFound && i.facts.nowhere.print != "" && !i.same(i.facts.nowhere, i.facts.again) {
		return nil // a path that does not exist gets another 404: this one exists
	}
	for _, path := range otherPaths(u.Path) {
		r := i.genuine()
		r.URL = withPath(r.URL, path)
		what, a := i.try(r)
		if slash && strings.TrimRight(path, "/") != strings.TrimRight(u.Path, "/") {
			break
		}
		exists := what == accepted || what == changed ||
			strings.TrimRight(path, "/") == strings.TrimRight(u.Path, "/") && a.Kind == delivery.Answered && !noRoute(a.Status) && a.Status/100 != 3
		if !exists {
			continue
		}
		i.note("the same at "+path, a.Outcome)
		return &report.Diagnosis{
			Cause:   "wrong-path",
			Summary: fmt.Sprintf("nothing takes a webhook at %s (%s), but %s does: it answers %s", u.Path, i.seen(i.plain), path, i.seen(a.Outcome)),
			Fix:     "Use that path, slash included: --target " + withPath(i.r.URL, path) + " , or --path " + path + " for a target that sentsim starts. Register the same address with Sent.",
		}
	}
	if i.plain.Status == http.StatusMethodNotAllowed || slash {
		return nil
	}
	if d := i.otherEvents(); d != nil {
		return d
	}
	if d, ok := doorOf(i.plain, i.everywhere()); ok {
		return &report.Diagnosis{Cause: d.cause, Summary: "nothing takes a POST at " + u.Path + ": " + i.seen(i.plain) + "; it looks as if " + d.who + " had written that", Fix: d.fix}
	}
	// The webhook's own code may hide a refusal behind the same words.
	if !i.r.Secret.IsZero() && bareNotFound.MatchString(words(i.plain)) {
		if d := first(i.likeliest, i.knownMistake); d != nil {
			return d
		}
	}
	return &report.Diagnosis{
		Cause:   "wrong-path",
		Summary: fmt.Sprintf("nothing takes a POST at %s: %s", u.Path, i.seen(i.plain)),
		Fix:     "Give the path of the webhook's route." + pathHint,
	}
}

// redirect is for a receiver that sends deliveries elsewhere.
func (i *investigation) redirect() *report.Diagnosis {
	if i.plain.Status/100 != 3 {
		return nil
	}
	to := i.plain.Header.Get("Location")
	d := &report.Diagnosis{
		Cause:   "redirect",
		Summary: "the receiver answers with a redirect: " + i.seen(i.plain),
		Fix:     "Sent follows no redirect: the webhook's route must answer by itself. Find out what redirects it (a slash at the end, https, www, a language, a login) and except this path.",
	}
	from, err := url.Parse(i.r.URL)
	if err != nil || to == "" {
		return d
	}
	loc, err := from.Parse(to)
	if err != nil {
		return d
	}
	switch {
	case loc.Scheme == "https" && from.Scheme == "http" && loc.Hostname() == from.Hostname():
		d.Cause = "https-required"
		if i.takesForwarded() {
			d.Summary += "; with X-Forwarded-Proto: https, as a proxy sets it, the delivery is taken"
			d.Fix = "It wants https. Sent calls the https:// address; for this test send what the proxy would: --header 'X-Forwarded-Proto: https'."
			return d
		}
		d.Fix = "It wants https: give its https:// address (with --insecure or --cacert where its certificate is your own), or turn the redirect off for this test."
		return d
	case loc.Host != from.Host:
		d.Fix = "Sent follows no redirect. If " + loc.String() + " is the webhook itself under another name, register that; if it is a page for people, except the webhook's path from what redirects."
		return d
	}
	r := i.genuine()
	r.URL = loc.String()
	what, a := i.try(r)
	i.note("the same at "+loc.RequestURI(), a.Outcome)
	if what == accepted || what == changed {
		d.Summary += "; there the delivery is taken"
		d.Fix = "Sent follows no redirect: register the address that takes deliveries, " + loc.String() + " ."
	}
	return d
}

// takesForwarded reports whether the receiver takes a delivery that a proxy seems to have had over https.
func (i *investigation) takesForwarded() bool {
	a := i.send(i.genuine().With("X-Forwarded-Proto", "https").With("X-Forwarded-Port", "443"))
	return a.Kind == delivery.Answered && a.Status/100 != 3
}
