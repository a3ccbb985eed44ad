package probe

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/theory/jsonpath"

	"github.com/sentsim/sentsim/scenarios/target"
)

// endpoint is a checked Endpoint.
type endpoint struct {
	kind        Kind
	cfg         Endpoint
	placeholder string          // "{message_id}"
	command     *target.Command // nil: the URL is read
	status      *path
	effects     *path
	count       *path
	optedOut    *path
}

// path is a JSONPath, parsed anew for each reading if it has a placeholder.
type path struct {
	text     string
	parsed   *jsonpath.Path
	template bool
}

func placeholderOf(kind Kind) string {
	switch kind {
	case KindMessage:
		return "{message_id}"
	case KindInbound, KindContact:
		return "{from}"
	case KindTemplate:
		return "{template_id}"
	}
	return ""
}

// compile checks one endpoint's config; the errors name their keys.
func compile(kind Kind, cfg Endpoint) (*endpoint, []error) {
	e := &endpoint{kind: kind, cfg: cfg, placeholder: placeholderOf(kind)}
	var problems []error
	problem := func(key, format string, args ...any) {
		problems = append(problems, fmt.Errorf("probe.%s.%s: %w", kind, key, fmt.Errorf(format, args...)))
	}

	source := "url"
	if cfg.Exec != "" {
		source = "exec"
	}
	switch {
	case cfg.Exec == "":
		if err := e.checkURL(); err != nil {
			problem("url", "%w", err)
		}
	case cfg.URL != "":
		problem("exec", "there is a url too; the state of a %s is read in one way", kind)
	default:
		var err error
		if e.command, err = target.NewCommand(cfg.Exec, e.placeholder); err != nil {
			problem("exec", "%w", err)
		}
	}
	wanted, keys := map[string]**path{"status": &e.status, "effects": &e.effects}, "status or effects"
	switch kind {
	case KindInbound:
		wanted, keys = map[string]**path{"count": &e.count}, "count"
	case KindContact:
		wanted, keys = map[string]**path{"opted_out": &e.optedOut}, "opted_out"
	case KindMessage, KindTemplate:
	}
	if kind != KindMessage && len(cfg.Statuses)+len(cfg.Channels) > 0 {
		problem("statuses", "and channels stand under probe.message")
	}
	given := 0
	for _, p := range []struct{ key, text string }{{"status", cfg.Status}, {"effects", cfg.Effects}, {"count", cfg.Count}, {"opted_out", cfg.OptedOut}} {
		if p.text == "" {
			continue
		}
		given++
		slot, ok := wanted[p.key]
		if !ok {
			problem(p.key, "has no meaning here; probe.%s takes %s", kind, keys)
			continue
		}
		parsed, err := jsonpath.Parse(p.text)
		if err != nil {
			problem(p.key, "%q is not a JSONPath (RFC 9535), e.g. $.%s: %w", p.text, p.key, err)
			continue
		}
		*slot = &path{text: p.text, parsed: parsed, template: strings.Contains(p.text, e.placeholder)}
	}
	if given == 0 {
		problem(strings.Fields(keys)[0], "nothing to read; give a JSONPath as %s", keys)
	}
	if !strings.Contains(cfg.URL+cfg.Exec+cfg.Status+cfg.Effects+cfg.Count+cfg.OptedOut, e.placeholder) {
		problem(source, "%q does not say which %s to read; write %s where its id belongs", cfg.URL+cfg.Exec, kind, e.placeholder)
	}
	return e, problems
}

func (e *endpoint) checkURL() error {
	text := e.cfg.URL
	if text == "" {
		return fmt.Errorf("is empty; write a path on the target, e.g. /state/%ss/%s, or an absolute URL; or give a command as exec", e.kind, e.placeholder)
	}
	if err := checkPlaceholders(text, e.placeholder); err != nil {
		return err
	}
	if strings.HasPrefix(text, "/") && !strings.HasPrefix(text, "//") {
		_, err := parseURL(strings.ReplaceAll(text, e.placeholder, "x"))
		return err
	}
	u, err := parseURL(strings.ReplaceAll(text, e.placeholder, "x"))
	if err != nil {
		return err
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return fmt.Errorf("%q is neither a path on the target, which begins with /, nor an absolute http:// or https:// URL", text)
	}
	return nil
}

// parseURL parses without repeating text in the error: the caller has named it.
func parseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err
		}
		return nil, fmt.Errorf("is not a URL: %w", err)
	}
	return u, nil
}

// checkPlaceholders refuses every {…} but the known one. A literal brace cannot
// stand in a URL, so there is nothing else that it could mean.
func checkPlaceholders(text, known string) error {
	rest := strings.ReplaceAll(text, known, "")
	open := strings.IndexByte(rest, '{')
	end := strings.IndexByte(rest, '}')
	switch {
	case open < 0 && end < 0:
		return nil
	case open < 0 || end < open:
		return fmt.Errorf("%q has an unmatched brace; the placeholder here is %s", text, known)
	default:
		return fmt.Errorf("unknown placeholder %s; known here: %s", rest[open:end+1], known)
	}
}

// resolve is the URL to read for id, on base's host if the endpoint is relative.
func (e *endpoint) resolve(base, id string) (*url.URL, error) {
	// In a path as in a query, %2B is a plus and %20 a space whoever decodes it.
	escaped := strings.ReplaceAll(url.QueryEscape(id), "+", "%20")
	u, err := parseURL(strings.ReplaceAll(e.cfg.URL, e.placeholder, escaped))
	if err != nil {
		return nil, err
	}
	u.Fragment = ""
	if u.Host != "" {
		return u, nil
	}
	b, err := parseURL(base)
	if err != nil {
		return nil, fmt.Errorf("the target's URL %w", err)
	}
	if b.Host == "" {
		return nil, fmt.Errorf("is relative, and the target has no URL to look it up on")
	}
	u.Scheme, u.Host, u.User = b.Scheme, b.Host, b.User
	return u, nil
}

// forID is the JSONPath to use for id.
func (p *path) forID(placeholder, id string) (*jsonpath.Path, error) {
	if !p.template {
		return p.parsed, nil
	}
	return jsonpath.Parse(strings.ReplaceAll(p.text, placeholder, literal(id)))
}

// literal is id as it stands inside a JSONPath string literal of either quote.
func literal(id string) string {
	var b strings.Builder
	for _, r := range id {
		if r < 0x20 || r == '"' || r == '\'' || r == '\\' {
			fmt.Fprintf(&b, `\u%04x`, r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}
