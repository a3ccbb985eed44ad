package dashboard

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
)

// functions are what the pages can call.
func functions(a assets) template.FuncMap {
	return template.FuncMap{
		"asset": a.url, "tone": tone, "word": word, "ago": ago, "clock": stamp, "time": timeOfDay, "span": span, "pretty": pretty, "plain": plain,
		"short": short,
		"lower": func(s any) string { return strings.ToLower(fmt.Sprint(s)) },
		"add":   func(a, b int) int { return a + b },
		"upto": func(n int) []int {
			all := make([]int, n)
			for i := range all {
				all[i] = i + 1
			}
			return all
		},
		"list": navigation,
		"dict": func(pairs ...any) (map[string]any, error) {
			m := map[string]any{}
			for i := 0; i+1 < len(pairs); i += 2 {
				key, ok := pairs[i].(string)
				if !ok {
					return nil, fmt.Errorf("%v is no key", pairs[i])
				}
				m[key] = pairs[i+1]
			}
			return m, nil
		},
	}
}

// short is the beginning of an id, by which people tell things apart.
func short(id uuid.UUID) string { return id.String()[:8] }

// entry is one of the navigation.
type entry struct{ Key, Path, Name string }

func navigation(words ...string) []entry {
	var all []entry
	for ; len(words) >= 3; words = words[3:] {
		all = append(all, entry{words[0], words[1], words[2]})
	}
	return all
}

// tone is the class that colours a status.
func tone(status any) string {
	switch fmt.Sprint(status) {
	case string(delivery.Delivered), string(event.Read), "APPROVED":
		return "passed"
	case string(delivery.Failed), "REJECTED", string(event.Blocked), string(event.Filtered), "DISABLED":
		return "failed"
	case string(delivery.Retrying), "PAUSED", "CATEGORY_UPDATED":
		return "warned"
	}
	return "not_checked"
}

// word is a status as people read it: "category updated".
func word(status any) string {
	return strings.ToLower(strings.ReplaceAll(fmt.Sprint(status), "_", " "))
}

// ago says how long before now t was, in one unit.
func ago(now, t time.Time) string {
	d := now.Sub(t)
	switch {
	case t.IsZero():
		return "never"
	case d < -time.Second:
		return "in " + span(-d)
	case d < time.Second:
		return "just now"
	case d < time.Minute:
		return fmt.Sprintf("%d s ago", int(d/time.Second))
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", int(d/time.Minute))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h ago", int(d/time.Hour))
	}
	return fmt.Sprintf("%d d ago", int(d/(24*time.Hour)))
}

// span writes a duration with at most two units: 340 ms, 3.2 s, 4 min 30 s, 2 h, 3 d 4 h.
func span(d time.Duration) string {
	two := func(a int64, unitA string, b int64, unitB string) string {
		if b == 0 {
			return fmt.Sprintf("%d %s", a, unitA)
		}
		return fmt.Sprintf("%d %s %d %s", a, unitA, b, unitB)
	}
	switch s := int64(d.Round(time.Second) / time.Second); {
	case d < 10*time.Millisecond:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", float64(d)/float64(time.Millisecond)), ".0") + " ms"
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 10*time.Second:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", d.Seconds()), ".0") + " s"
	case s < 60:
		return fmt.Sprintf("%d s", s)
	case s < 3600:
		return two(s/60, "min", s%60, "s")
	case s < 86400:
		return two(s/3600, "h", s%3600/60, "min")
	default:
		return two(s/86400, "d", s%86400/3600, "h")
	}
}

// stamp is a time in full.
func stamp(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format("2 Jan 2006, 15:04:05 UTC")
}

func timeOfDay(t time.Time) string { return t.UTC().Format("15:04:05.000") }

// pretty is a body to read: JSON is broken into lines, anything else stays as it is.
func pretty(body []byte) string {
	var b bytes.Buffer
	if len(body) > 0 && json.Indent(&b, body, "", "  ") == nil {
		return plain(b.String())
	}
	return plain(string(body))
}

// plain makes what nobody could see visible: control characters, direction marks
// and broken UTF-8 become escapes.
func plain(s string) string {
	if !strings.ContainsFunc(s, hidden) && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case hidden(r) && r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		case hidden(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}

func hidden(r rune) bool {
	return r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029')
}
