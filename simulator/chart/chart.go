// Package chart makes pictures of numbers: data in, SVG out, for the dashboard and
// for reports. A chart takes the width that it is given and its text keeps its
// size, so it can be read on a phone. It has no colours of its own: it names the
// variables of package style, and it holds nothing that a strict content security
// policy forbids.
package chart

import (
	"fmt"
	"html"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Tone is what a colour stands for.
type Tone int

// The tones, as in package style.
const (
	Passed Tone = iota
	Failed
	Warned
	Off
	Accent
)

// variable is the name of the tone's colour on the page.
func (t Tone) variable() string {
	switch t {
	case Passed:
		return "--passed"
	case Failed:
		return "--failed"
	case Warned:
		return "--warned"
	case Off:
		return "--edge"
	case Accent:
		return "--accent"
	}
	return "--text"
}

// Series is one row of numbers, one for each label.
type Series struct {
	Name   string
	Tone   Tone
	Values []float64
}

// What a chart measures, in CSS pixels. Widths are percentages of what the page
// gives it; style.css leaves the gutter to the left of them.
const (
	plotHeight = 132 // of the bars
	plotTop    = 8   // above the highest line
	labelLine  = 20  // the height of the labels below
	narrowest  = 280 // the width of the bars on the smallest phone
	charWidth  = 6.6 // of a label's character, about
	rowHeight  = 40
	barHeight  = 8
)

// Bars stacks the series over each label, in their order from the bottom. title
// is what a screen reader says. Without labels there is nothing to draw, and the
// picture is "".
func Bars(title string, labels []string, series ...Series) (string, error) {
	return bars(title, "", labels, series)
}

// bars draws Bars; unit stands before the labels, for all of them.
func bars(title, unit string, labels []string, series []Series) (string, error) {
	if len(labels) == 0 || len(series) == 0 {
		return "", nil
	}
	sums := make([]float64, len(labels))
	for _, s := range series {
		if err := s.check(title, len(labels)); err != nil {
			return "", err
		}
		for i, v := range s.Values {
			sums[i] += v
		}
	}
	top := roof(maximum(sums))
	floor := float64(plotTop + plotHeight)
	var b strings.Builder
	begin(&b, "columns", title, plotTop+plotHeight+labelLine)
	for _, v := range []float64{0, top / 2, top} {
		y := floor - v/top*plotHeight
		stroke := "--line"
		if v == 0 {
			stroke = "--edge"
		}
		fmt.Fprintf(&b, `<line x1="0" x2="100%%" y1="%s" y2="%s" stroke="var(%s)"></line>`, num(y), num(y), stroke)
		text(&b, "-8", y+4, "end", short(v))
	}
	slot := 100 / float64(len(labels))
	for i := range labels {
		from := floor
		for _, s := range series {
			v := s.Values[i]
			if v == 0 {
				continue
			}
			h := max(v/top*plotHeight, 1)
			from = max(from-h, 0)
			fmt.Fprintf(&b, `<rect x="%s%%" width="%s%%" y="%s" height="%s" fill="var(%s)"><title>%s</title></rect>`,
				num((float64(i)+.15)*slot), num(.7*slot), num(from), num(h), s.Tone.variable(), html.EscapeString(printable(hint(labels[i], unit)+", "+s.Name+": "+number(v))))
		}
	}
	if unit != "" {
		text(&b, "-8", floor+16, "end", unit)
	}
	for _, i := range labelled(labels) {
		text(&b, num((float64(i)+.5)*slot)+"%", floor+16, "middle", labels[i])
	}
	b.WriteString("</svg>")
	return b.String(), nil
}

// Rows draws one horizontal bar for each label, the first at the top, with its
// number at its end.
func Rows(title string, labels []string, s Series) (string, error) {
	if len(labels) == 0 {
		return "", nil
	}
	if err := s.check(title, len(labels)); err != nil {
		return "", err
	}
	top := max(maximum(s.Values), math.SmallestNonzeroFloat64)
	var b strings.Builder
	begin(&b, "rows", title, rowHeight*len(labels))
	for i, label := range labels {
		y := float64(i * rowHeight)
		text(&b, "0", y+13, "start", cut(label))
		text(&b, "100%", y+13, "end", number(s.Values[i]))
		fmt.Fprintf(&b, `<rect x="0" width="100%%" y="%s" height="%d" fill="var(--line)"></rect>`, num(y+20), barHeight)
		if s.Values[i] > 0 {
			fmt.Fprintf(&b, `<rect x="0" width="%s%%" y="%s" height="%d" fill="var(%s)"></rect>`, num(max(s.Values[i]/top*100, .5)), num(y+20), barHeight, s.Tone.variable())
		}
	}
	b.WriteString("</svg>")
	return b.String(), nil
}

func (s Series) check(title string, labels int) error {
	if len(s.Values) != labels {
		return fmt.Errorf("chart %q: %d values of %q for %d labels", title, len(s.Values), s.Name, labels)
	}
	for _, v := range s.Values {
		if v < 0 || math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("chart %q: %v is no number of things", title, v)
		}
	}
	return nil
}

func begin(b *strings.Builder, form, title string, height int) {
	fmt.Fprintf(b, `<svg class="chart %s" width="100%%" height="%d" role="img" aria-label="%s">`, form, height, html.EscapeString(printable(title)))
}

// hint is what a bar says of itself when it is pointed at.
func hint(label, unit string) string {
	if _, err := strconv.ParseFloat(label, 64); unit == "" || err != nil {
		return label
	}
	return "up to " + label + " " + unit
}

func text(b *strings.Builder, x string, y float64, anchor, label string) {
	fmt.Fprintf(b, `<text x="%s" y="%s" text-anchor="%s" fill="var(--dim)">%s</text>`, x, num(y), anchor, html.EscapeString(printable(label)))
}

// printable leaves out what XML has no place for.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0xfffe || r == 0xffff || r == utf8.RuneError {
			return ' '
		}
		return r
	}, s)
}

// labelled are the labels that are shown: as many as stand beside each other on a
// phone, in even steps.
func labelled(labels []string) []int {
	widest := 0
	for _, l := range labels {
		widest = max(widest, utf8.RuneCountInString(l))
	}
	slot := narrowest / float64(len(labels))
	half := float64(widest) * charWidth / 2
	step := max(int(math.Ceil((2*half+10)/slot)), 1)
	var shown []int
	for i := 0; i < len(labels); i += step {
		if (float64(i)+.5)*slot+half <= narrowest+8 || i == 0 {
			shown = append(shown, i)
		}
	}
	return shown
}

// cut keeps a name from taking the whole width.
func cut(label string) string {
	const most = 34
	r := []rune(label)
	if len(r) <= most {
		return label
	}
	return strings.TrimSpace(string(r[:most-1])) + "…"
}

func maximum(values []float64) float64 {
	m := 0.0
	for _, v := range values {
		m = max(m, v)
	}
	return m
}

// roof is the end of an axis that goes up to v in two even steps: 2, 4, 10, 20, 40, 100 …
func roof(v float64) float64 {
	for unit := 1.0; ; unit *= 10 {
		for _, n := range []float64{2, 4, 10} {
			if v <= n*unit {
				return n * unit
			}
		}
	}
}

// short writes a number as an axis has room for it: 1200 is 1.2k.
func short(v float64) string {
	for _, u := range []struct {
		from float64
		name string
	}{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if v >= u.from {
			return number(v/u.from) + u.name
		}
	}
	return number(v)
}

// number writes a number with at most one digit behind the point.
func number(v float64) string { return strings.TrimSuffix(strconv.FormatFloat(v, 'f', 1, 64), ".0") }

// num writes a coordinate.
func num(v float64) string { return strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64) }
