package report

import (
	"bytes"
	"fmt"
	"html"
	"io"
	"unicode/utf8"
)

// Badge writes the result as a small picture: SVG, with nothing in it that a page
// would have to load. It says kept only of what was seen.
func Badge(w io.Writer, rep Report) error {
	text, color := badgeText(rep)
	const (
		label    = "Sent webhooks"
		perRune  = 6.6 // pixels, about, of a character at 11 px
		padding  = 10
		height   = 20
		baseline = 14
	)
	width := func(s string) int { return int(float64(utf8.RuneCountInString(s))*perRune) + 2*padding }
	left, right := width(label), width(text)
	title := html.EscapeString(Printable(fmt.Sprintf("sentsim %s: %s; edition %s, seed %d, %s",
		rep.Sentsim, Meaning(rep), or(rep.Edition, "unknown"), rep.Seed, or(rep.Started, "no date"))))
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" role="img" aria-label="%s: %s">`+"\n", left+right, height, label, text)
	fmt.Fprintf(&b, "<title>%s</title>\n", title)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" rx="3" fill="%s"/>`+"\n", left+right, height, color)
	fmt.Fprintf(&b, `<path d="M3 0h%dv%dH3a3 3 0 0 1-3-3V3a3 3 0 0 1 3-3z" fill="#3b3f46"/>`+"\n", left-3, height)
	fmt.Fprintf(&b, `<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">`+"\n")
	fmt.Fprintf(&b, `<text x="%d" y="%d" textLength="%d">%s</text>`+"\n", left/2, baseline, left-2*padding, label)
	fmt.Fprintf(&b, `<text x="%d" y="%d" textLength="%d">%s</text>`+"\n</g>\n</svg>\n", left+right/2, baseline, right-2*padding, text)
	return put(w, "badge", &b)
}

// badgeText is the result in a few words, and its colour: green only where all was
// seen and kept.
func badgeText(rep Report) (text, color string) {
	const green, olive, amber, red, grey = "#1a7f37", "#5b7a1f", "#9a6700", "#cf222e", "#6e7781"
	s := Summarise(rep.Rules)
	switch {
	case rep.ExitStatus == ExitKept && AllSeen(rep):
		text, color = fmt.Sprintf("%d of %d kept", s.Passed, s.Total()), green
		if s.Warned > 0 {
			color = amber
		}
	case rep.ExitStatus == ExitKept:
		text, color = fmt.Sprintf("%d of %d kept as far as seen", s.Passed, s.Total()), olive
	case rep.ExitStatus == ExitBroken && s.Failed > 0:
		return count(s.Failed, "rule", "rules") + " broken", red
	case rep.ExitStatus == ExitBroken:
		return count(s.NotChecked, "rule", "rules") + " not checked", red
	default:
		return "no verdict", grey
	}
	if names := reached(rep); len(names) > 0 {
		text = names[len(names)-1] + " · " + text
	}
	return text, color
}

func or(text, instead string) string {
	if text == "" {
		return instead
	}
	return text
}
