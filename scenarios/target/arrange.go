package target

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/sentsim/sentsim/scenarios/nearest"
)

// Arrange is how an app that knows only messages which it sent itself is made to
// send one: a request to it, or a command. The zero value is neither. All of it
// may hold the placeholders {message_id}, {to}, {from} and {channel}.
type Arrange struct {
	Method  string            // of the request; default POST
	URL     string            // a path on the target ("/test/orders") or an absolute URL
	Body    string            // JSON, a form, or anything else
	Headers map[string]string // a Content-Type is added that fits the body
	Exec    string            // a command line, in place of all the above
	Dir     string            // where it runs; "" is the current directory
}

// IsZero reports whether nothing is arranged.
func (a Arrange) IsZero() bool {
	return a.URL == "" && a.Exec == "" && a.Method == "" && a.Body == "" && len(a.Headers) == 0
}

// The placeholders of an arrangement.
const (
	placeID      = "{message_id}"
	placeTo      = "{to}"
	placeFrom    = "{from}"
	placeChannel = "{channel}"
)

func arrangePlaces() []string { return []string{placeID, placeTo, placeFrom, placeChannel} }

// says reports whether the placeholder stands in what the app is asked.
func (a Arrange) says(place string) bool {
	asked := append(slices.Collect(maps.Values(a.Headers)), a.URL, a.Body, a.Exec)
	return slices.ContainsFunc(asked, func(text string) bool { return strings.Contains(text, place) })
}

// check finds what is wrong; the errors begin with the key within target.
func (a Arrange) check() []error {
	if a.IsZero() {
		return nil
	}
	var problems []error
	problem := func(key, format string, args ...any) {
		problems = append(problems, fmt.Errorf("target.arrange.%s: %w", key, fmt.Errorf(format, args...)))
	}
	if a.Exec != "" {
		if a.URL != "" || a.Method != "" || a.Body != "" || len(a.Headers) > 0 {
			problem("exec", "there is a request too; a message is arranged in one way")
		}
		if _, err := NewCommand(a.Exec, arrangePlaces()...); err != nil {
			problem("exec", "%w", err)
		}
		return problems
	}
	if a.URL == "" {
		problem("url", "is missing; write a path on the target, e.g. /test/orders, or give a command as exec")
	} else if err := a.checkURL(); err != nil {
		problem("url", "%w", err)
	}
	if !slices.Contains([]string{"", http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodGet, http.MethodDelete}, strings.ToUpper(a.Method)) {
		problem("method", "%q is none of POST, PUT, PATCH, GET, DELETE", a.Method)
	}
	if a.Body != "" && strings.EqualFold(a.Method, http.MethodGet) {
		problem("body", "a GET has none; put what it says into the url")
	}
	if err := checkPlaces(a.Body); err != nil {
		problem("body", "%w", err)
	} else if a.Body != "" && isJSON(a.contentType()) && !json.Valid([]byte(a.fillJSON(sampleValues()))) {
		problem("body", "is not JSON, as its content type (%s) says", a.contentType())
	}
	for _, name := range sortedKeys(a.Headers) {
		value := a.Headers[name]
		switch err := checkPlaces(value); {
		case !headerName.MatchString(name):
			problem("headers", "%q is not a header name", name)
		case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }):
			problem("headers."+name, "the value has a control character in it")
		case err != nil:
			problem("headers."+name, "%w", err)
		}
	}
	return problems
}

var headerName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")

func (a Arrange) checkURL() error {
	if err := checkPlaces(a.URL); err != nil {
		return err
	}
	text := a.fillURL(sampleValues())
	if strings.HasPrefix(text, "/") && !strings.HasPrefix(text, "//") {
		if _, err := url.Parse(text); err != nil {
			return fmt.Errorf("%q is not a path", a.URL)
		}
		return nil
	}
	if !strings.HasPrefix(text, "http://") && !strings.HasPrefix(text, "https://") {
		return fmt.Errorf("%q is neither a path on the target, which begins with /, nor an absolute http:// or https:// URL", a.URL)
	}
	_, err := parseTargetURL(text)
	return err
}

// checkPlaces refuses what looks like a placeholder and is none.
func checkPlaces(text string) error {
	for _, name := range placeholderLike.FindAllString(text, -1) {
		if slices.Contains(arrangePlaces(), name) {
			continue
		}
		hint := nearest.Hint(name, arrangePlaces())
		if hint == "" {
			hint = "; known here: " + strings.Join(arrangePlaces(), " ")
		}
		return fmt.Errorf("unknown placeholder %s%s", name, hint)
	}
	return nil
}

func sampleValues() map[string]string {
	return map[string]string{placeID: "7d5f4e0c-2f57-4e3a-9c55-0d6f4d4f3a11", placeTo: "+15550001111", placeFrom: "+15550002222", placeChannel: "sms"}
}

// The content types that a body gets when the config names none.
const (
	typeJSON = "application/json"
	typeForm = "application/x-www-form-urlencoded"
)

// contentType is what the config says, or what the body looks like.
func (a Arrange) contentType() string {
	for name, value := range a.Headers {
		if strings.EqualFold(name, "Content-Type") {
			return value
		}
	}
	body := strings.TrimSpace(a.Body)
	switch {
	case body == "":
		return ""
	case strings.HasPrefix(body, "{") || strings.HasPrefix(body, "["):
		return typeJSON
	case formLike.MatchString(body):
		return typeForm
	}
	return "text/plain; charset=utf-8"
}

var formLike = regexp.MustCompile(`^[^\s=&]+=[^\s&]*(&[^\s=&]+=[^\s&]*)*$`)

func isJSON(contentType string) bool {
	mediaType, _, _ := strings.Cut(strings.ToLower(contentType), ";")
	mediaType = strings.TrimSpace(mediaType)
	return mediaType == typeJSON || strings.HasSuffix(mediaType, "+json")
}

// fillBody is the body with values in it, written as its content type wants.
func (a Arrange) fillBody(values map[string]string) string {
	switch contentType := a.contentType(); {
	case isJSON(contentType):
		return a.fillJSON(values)
	case strings.HasPrefix(strings.ToLower(contentType), typeForm):
		return fillWith(a.Body, values, url.QueryEscape)
	default:
		return fillWith(a.Body, values, func(v string) string { return v })
	}
}

// fillURL escapes what a URL would read as something else: %2B is a plus in a
// path as in a query.
func (a Arrange) fillURL(values map[string]string) string {
	return fillWith(a.URL, values, func(v string) string { return strings.ReplaceAll(url.QueryEscape(v), "+", "%20") })
}

func fillWith(text string, values map[string]string, escape func(string) string) string {
	var pairs []string
	for _, place := range arrangePlaces() {
		pairs = append(pairs, place, escape(values[place]))
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// fillJSON escapes the values for the JSON strings that they stand in; one that
// stands outside of a string becomes a string of its own.
func (a Arrange) fillJSON(values map[string]string) string {
	var b strings.Builder
	inString, rest := false, a.Body
	for rest != "" {
		place := ""
		for _, p := range arrangePlaces() {
			if strings.HasPrefix(rest, p) {
				place = p
			}
		}
		switch {
		case place != "":
			quoted, err := json.Marshal(values[place])
			if err != nil { // a string has no such
				panic(err)
			}
			if inString {
				quoted = quoted[1 : len(quoted)-1]
			}
			b.Write(quoted)
			rest = rest[len(place):]
			continue
		case inString && rest[0] == '\\' && len(rest) > 1:
			b.WriteString(rest[:2])
			rest = rest[2:]
			continue
		case rest[0] == '"':
			inString = !inString
		}
		b.WriteByte(rest[0])
		rest = rest[1:]
	}
	return b.String()
}
