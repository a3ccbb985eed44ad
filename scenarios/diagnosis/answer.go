package diagnosis

import (
	"bytes"
	"fmt"
	"html"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sentsim/sentsim/simulator/delivery"
)

// What differs from answer to answer and says nothing: times, ids, counters, nonces.
var (
	uuids   = regexp.MustCompile(`(?i)\b[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\b`)
	times   = regexp.MustCompile(`\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?|(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} \w{3}`)
	tokens  = regexp.MustCompile(`[A-Za-z0-9+/_=-]*[0-9][A-Za-z0-9+/_=-]*`)
	numbers = regexp.MustCompile(`\d{2,}(\.\d+)?`)
	scripts = regexp.MustCompile(`(?is)<(script|style)\b.*?</(script|style)>|<!--.*?-->`)
	tags    = regexp.MustCompile(`(?s)<[^>]*>`)
	titles  = regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`)
)

// varying are headers whose values differ from answer to answer.
func varying(name string) bool {
	name = strings.ToLower(name)
	for _, part := range []string{"request-id", "requestid", "trace", "correlation", "cf-ray", "ratelimit", "rate-limit", "timing", "runtime", "nonce", "csp", "content-security", "amz", "iinfo", "x-cdn", "fly-", "railway", "vercel-id", "-duration", "response-time", "report-to"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return slices.Contains([]string{"date", "connection", "keep-alive", "content-length", "transfer-encoding", "etag", "age", "expires", "last-modified", "retry-after", "via", "nel"}, name)
}

// printOf is an answer in a form in which two that mean the same are equal; ""
// where there was none.
func printOf(o delivery.Outcome, target string) string {
	if o.Kind != delivery.Answered {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d\n", o.Status)
	for _, name := range slices.Sorted(maps.Keys(o.Header)) {
		if varying(name) {
			continue
		}
		value := strings.Join(o.Header[name], ",")
		if name == "Set-Cookie" {
			value = "" // a session of its own for each request
		}
		b.WriteString(name + ": " + steady(value, target) + "\n")
	}
	body := o.Body
	if looksLikeHTML(body) {
		body = tags.ReplaceAll(scripts.ReplaceAll(body, nil), nil)
	}
	b.WriteString("\n" + steady(string(body), target))
	return b.String()
}

// steady takes out of text what differs from request to request, its path included.
func steady(text, target string) string {
	if u, err := url.Parse(target); err == nil && len(u.Path) > 1 {
		for _, path := range []string{u.Path, url.QueryEscape(u.Path), strings.ReplaceAll(u.Path, "/", `\/`), html.EscapeString(u.Path)} {
			text = strings.ReplaceAll(text, path, "PATH")
		}
	}
	text = times.ReplaceAllString(text, "TIME")
	text = uuids.ReplaceAllString(text, "ID")
	text = tokens.ReplaceAllStringFunc(text, func(t string) string {
		const token = 16 // characters from which on a word with a digit in it is one
		if len(t) >= token {
			return "TOKEN"
		}
		return t
	})
	return strings.Join(strings.Fields(numbers.ReplaceAllString(text, "N")), " ")
}

func looksLikeHTML(body []byte) bool {
	start := bytes.ToLower(bytes.TrimSpace(body[:min(len(body), 512)]))
	return bytes.HasPrefix(start, []byte("<!doctype")) || bytes.HasPrefix(start, []byte("<html")) || bytes.Contains(start, []byte("<head")) || bytes.Contains(start, []byte("<body"))
}

// text is what an answer says to people: its body without markup.
func text(o delivery.Outcome) string {
	body := o.Body
	if !utf8.Valid(body) {
		return ""
	}
	if looksLikeHTML(body) {
		title := ""
		if m := titles.FindSubmatch(body); m != nil {
			title = string(m[1]) + "\n"
		}
		body = tags.ReplaceAll(scripts.ReplaceAll(titles.ReplaceAll(body, nil), nil), []byte("\n"))
		return html.UnescapeString(title + string(body))
	}
	return string(body)
}

// frames are fields that frameworks put around every error they write.
var frames = regexp.MustCompile(`(?i)"(timestamp|path|status|status_?code|code|trace_?id|request_?id|time|date|instance|type)"\s*:\s*("[^"]*"|\d+|null)`)

// words is text without the fields that stand around every error: a time within
// one does not speak of time.
func words(o delivery.Outcome) string { return frames.ReplaceAllString(text(o), "") }

// quote is the first line of what an answer says, in quotation marks; "" for nothing.
func quote(o delivery.Outcome) string {
	const most = 160 // characters
	said := strings.TrimSpace(text(o))
	said = strings.TrimPrefix(said, "Error\n") // the title of Express's pages
	for line := range strings.Lines(said) {
		line = strings.Join(strings.Fields(line), " ")
		if line == "" || line == "{" || line == "[" {
			continue
		}
		if n := utf8.RuneCountInString(line); n > most {
			line = string([]rune(line)[:most]) + "…"
		}
		return "“" + line + "”"
	}
	return ""
}
