package scenarios

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"sort"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/steps"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/signing"
)

const (
	maxStory        = 12   // exchanges in the evidence of one scenario
	maxBodyShown    = 8192 // bytes of a request's body that are printed
	maxReplyShown   = 400  // bytes of a response's body that are printed
	bodyPlaceholder = "@body"
)

// evidence is what a failure rests on: the delivery in question first, then, if
// the receiver's state is what is wrong, the deliveries that led there.
func (s *session) evidence(p *planned, f *steps.Failure, w *steps.World) []report.Evidence {
	var out []report.Evidence
	if f.At != nil {
		e := s.exchange(p, *f.At)
		e.Expected = f.Expected
		if f.Seen != "" {
			e.Response += "\nstate: " + s.redact(oneLine(f.Seen))
		}
		out = append(out, e)
	} else {
		out = append(out, report.Evidence{Response: "state: " + s.redact(oneLine(f.Seen)), Expected: f.Expected, Reproduce: s.reproduceRule(p)})
	}
	if f.Seen == "" {
		return out
	}
	story := w.Exchanges()
	if len(story) > maxStory {
		story = story[:maxStory]
	}
	for i, x := range story {
		e := s.exchange(p, x)
		e.Expected = fmt.Sprintf("step %d of the story: %s", i+1, x.What)
		e.Reproduce = ""
		out = append(out, e)
	}
	return out
}

func (s *session) exchange(p *planned, x steps.Exchange) report.Evidence {
	e := report.Evidence{
		Request:   s.redact(curl(x.Request, s.cfg.Headers)),
		Response:  s.redact(response(x.Outcome)),
		Reproduce: s.reproduceRule(p),
	}
	if x.Trigger != nil {
		e.Reproduce = "sentsim trigger " + quoteAll(x.Trigger) + " " + s.subject.Reproduce
	}
	return e
}

// reproduceRule is the command that judges the rule again, with the same ids.
func (s *session) reproduceRule(p *planned) string {
	cmd := fmt.Sprintf("sentsim verify --rule %s --seed %s", p.rule.ID, s.cfg.Seed)
	if s.cfg.Strict {
		cmd += " --strict"
	}
	return cmd + " " + s.subject.Reproduce
}

// reproduce names the target as the command line does.
func reproduce(cfg Config) string {
	t := cfg.Target
	switch {
	case t.URL != "":
		return "--target " + quote(t.URL)
	case t.Exec != "":
		cmd := "--exec " + quote(t.Exec)
		if t.Path != "" {
			cmd += " --path " + quote(t.Path)
		}
		return cmd
	case cfg.Embedded:
		return "--embedded"
	}
	return ""
}

// redact takes the signing secret out of what is printed. A receiver may have
// put it into an answer (SIG-14).
func (s *session) redact(text string) string {
	secret := s.subject.Env.Secret.Reveal()
	bare := strings.TrimRight(strings.TrimPrefix(secret, signing.SecretPrefix), "=")
	if bare == "" {
		return text
	}
	text = strings.ReplaceAll(text, secret, signing.SecretPrefix+"***")
	return strings.ReplaceAll(text, bare, "***")
}

// curl is the exact request as a command. Its signature is only good for the
// five minutes after its timestamp. What the user's own headers hold is theirs.
func curl(r delivery.Request, own []delivery.Header) string {
	private := map[string]bool{}
	for _, h := range own {
		private[strings.ToLower(h.Name)] = true
	}
	var b strings.Builder
	fmt.Fprintf(&b, "curl -X POST %s", quote(r.URL))
	for _, h := range r.Headers {
		value := h.Value
		if private[strings.ToLower(h.Name)] {
			value = "***"
		}
		if value == "" {
			fmt.Fprintf(&b, " -H %s", quote(h.Name+";")) // how curl sends an empty header
			continue
		}
		fmt.Fprintf(&b, " -H %s", quote(h.Name+": "+value))
	}
	if len(r.Body) > maxBodyShown {
		fmt.Fprintf(&b, " --data-binary %s # %d bytes that begin with %s", bodyPlaceholder, len(r.Body), quote(string(r.Body[:60])))
	} else {
		fmt.Fprintf(&b, " --data-binary %s", quote(string(r.Body)))
	}
	return b.String()
}

// response is what came back: status line, the headers that tell something, and
// the beginning of the body.
func response(o delivery.Outcome) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s after %s", steps.Seen(o), o.Duration.Round(time.Millisecond/10))
	names := make([]string, 0, len(o.Header))
	for name := range o.Header {
		switch name {
		case "Date", "Connection", "Keep-Alive", "Content-Length", "Transfer-Encoding":
		default:
			names = append(names, name)
		}
	}
	sort.Strings(names)
	for _, name := range names {
		fmt.Fprintf(&b, "\n%s: %s", name, strings.Join(o.Header[name], ", "))
	}
	if body := bytes.TrimSpace(o.Body); len(body) > 0 {
		b.WriteString("\n\n" + excerpt(body))
	}
	return b.String()
}

func excerpt(body []byte) string {
	more := ""
	if len(body) > maxReplyShown {
		more = fmt.Sprintf("… (%d bytes)", len(body))
		body = body[:maxReplyShown]
		for len(body) > 0 && !utf8.Valid(body) && len(body) > maxReplyShown-utf8.UTFMax {
			body = body[:len(body)-1]
		}
	}
	if !utf8.Valid(body) {
		return "base64:" + base64.StdEncoding.EncodeToString(body) + more
	}
	return string(body) + more
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

func quoteAll(args []string) string {
	quoted := make([]string, len(args))
	for i, a := range args {
		quoted[i] = quote(a)
	}
	return strings.Join(quoted, " ")
}

// quote writes a shell word: as it is, in quotes, or as $'…' when it holds what
// a terminal would swallow.
func quote(word string) string {
	plain := word != ""
	special := !utf8.ValidString(word)
	for _, r := range word {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("-_./:=@,+%", r):
		case r < ' ' || r == 0x7f || r == utf8.RuneError:
			special = true
		default:
			plain = false
		}
	}
	switch {
	case special:
		var b strings.Builder
		b.WriteString("$'")
		for i := range len(word) {
			switch c := word[i]; {
			case c == '\'' || c == '\\':
				b.WriteString(`\` + string(c))
			case c < ' ' || c >= 0x7f:
				fmt.Fprintf(&b, `\x%02x`, c)
			default:
				b.WriteByte(c)
			}
		}
		return b.String() + "'"
	case plain:
		return word
	default:
		return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
}
