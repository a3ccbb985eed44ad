package chart

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-analyze/charts"
)

// What the drawing library takes for colours: each stands for a variable of the
// page. They differ from each other, which is all that they need to do.
const (
	inkGrid = iota + 1
	inkAxis
	inkText
	inkBackground
	inkSeries // and those after it
)

func ink(n int) charts.Color { return charts.Color{R: 1, G: 2, B: uint8(n), A: 255} } //nolint:gosec // a handful

func theme(tones []Tone) charts.ColorPalette {
	var series []charts.Color
	for _, t := range tones {
		series = append(series, ink(inkSeries+int(t)))
	}
	return charts.MakeTheme(charts.ThemeOption{
		AxisStrokeColor: ink(inkAxis), AxisSplitLineColor: ink(inkGrid), BackgroundColor: ink(inkBackground),
		TextColor: ink(inkText), SeriesColors: series,
	})
}

// onPage is what a colour of the library becomes.
func onPage(color string) string {
	var n int
	if _, err := fmt.Sscanf(color, "rgb(1,2,%d)", &n); err != nil {
		return "none"
	}
	switch n {
	case inkGrid:
		return "var(--line)"
	case inkAxis:
		return "var(--edge)"
	case inkText:
		return "var(--dim)"
	case inkBackground:
		return "none"
	}
	return "var(" + Tone(n-inkSeries).variable() + ")"
}

// themed writes the library's picture anew: only lines, areas and text, without
// style attributes, which a page's policy forbids.
func themed(title string, drawn []byte) (string, error) {
	var out bytes.Buffer
	dec := xml.NewDecoder(bytes.NewReader(drawn))
	var keep []bool // of the elements that are open
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return out.String(), nil
		}
		if err != nil {
			return "", fmt.Errorf("chart %q: %w", title, err)
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			kept := element(&out, title, tok)
			keep = append(keep, kept)
		case xml.EndElement:
			if keep[len(keep)-1] {
				fmt.Fprintf(&out, "</%s>", tok.Name.Local)
			}
			keep = keep[:len(keep)-1]
		case xml.CharData:
			if len(keep) > 0 && keep[len(keep)-1] {
				_ = xml.EscapeText(&out, bytes.TrimSpace(tok)) // a buffer never fails
			}
		}
	}
}

// element writes the beginning of an element, unless it is invisible.
func element(out *bytes.Buffer, title string, e xml.StartElement) (kept bool) {
	attrs := map[string]string{}
	for _, a := range e.Attr {
		if a.Name.Local == "style" {
			for decl := range strings.SplitSeq(a.Value, ";") {
				name, value, _ := strings.Cut(decl, ":")
				attrs[name] = value
			}
			continue
		}
		attrs[a.Name.Local] = a.Value
	}
	var names []string
	switch e.Name.Local {
	case "svg":
		fmt.Fprintf(out, `<svg class="chart" viewBox="%s" role="img" aria-label="`, attrs["viewBox"])
		_ = xml.EscapeText(out, []byte(title)) // a buffer never fails
		out.WriteString(`">`)
		return true
	case "path":
		names = []string{"d", "stroke-width"}
	case "text":
		names = []string{"x", "y", "transform"}
	default:
		return false
	}
	fill, stroke := onPage(attrs["fill"]), onPage(attrs["stroke"])
	if fill == "none" && stroke == "none" {
		return false
	}
	fmt.Fprintf(out, "<%s", e.Name.Local)
	for _, name := range names {
		if value := strings.Join(strings.Fields(attrs[name]), " "); value != "" {
			fmt.Fprintf(out, ` %s="`, name)
			_ = xml.EscapeText(out, []byte(value)) // a buffer never fails
			out.WriteByte('"')
		}
	}
	if stroke != "none" {
		fmt.Fprintf(out, ` stroke="%s"`, stroke)
	}
	fmt.Fprintf(out, ` fill="%s">`, fill)
	return true
}
