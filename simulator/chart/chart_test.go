package chart_test

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sentsim/sentsim/simulator/chart"
	"github.com/sentsim/sentsim/simulator/style"
)

func outcomes(t *testing.T) string {
	t.Helper()
	svg, err := chart.Bars("12 delivered, 3 failed", []string{"09:00", "09:05", "09:10"},
		chart.Series{Name: "delivered", Tone: chart.Passed, Values: []float64{4, 8, 0}},
		chart.Series{Name: "failed", Tone: chart.Failed, Values: []float64{0, 1, 2}})
	if err != nil {
		t.Fatal(err)
	}
	return svg
}

// parts are the elements of a picture, and its text.
func parts(t *testing.T, svg string) (elements map[string]int, text []string) {
	t.Helper()
	elements = map[string]int{}
	dec := xml.NewDecoder(strings.NewReader(svg))
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return elements, text
		}
		if err != nil {
			t.Fatalf("%v in %s", err, svg)
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			elements[tok.Name.Local]++
		case xml.CharData:
			text = append(text, string(tok))
		}
	}
}

// A chart has the page's colours only, and nothing that its policy forbids.
func TestChartsTakeThePagesColours(t *testing.T) {
	t.Parallel()
	svg := outcomes(t)
	for _, bad := range []string{"style", "rgb", "#", "href", "script", "font"} {
		if strings.Contains(svg, bad) {
			t.Errorf("%q in %s", bad, svg)
		}
	}
	for _, name := range []string{"--passed", "--failed", "--line", "--edge", "--dim"} {
		if !strings.Contains(svg, "var("+name+")") {
			t.Errorf("no %s in %s", name, svg)
		}
	}
	for _, use := range regexp.MustCompile(`var\((--[a-z]+)\)`).FindAllStringSubmatch(svg, -1) {
		if !strings.Contains(style.CSS(), use[1]+":") {
			t.Errorf("%s is no variable of the page", use[1])
		}
	}
	if !strings.Contains(svg, `role="img" aria-label="12 delivered, 3 failed"`) {
		t.Errorf("a screen reader is told nothing: %.120s", svg)
	}
	if !strings.Contains(svg, "<title>09:05, delivered: 8</title>") {
		t.Errorf("a bar does not say what it is: %s", svg)
	}
	_, text := parts(t, svg)
	if got := strings.Join(text, " "); !strings.Contains(got, "09:00") || !strings.Contains(got, "09:10") {
		t.Errorf("labels: %s", got)
	}
}

// Names come from outside.
func TestHostileLabels(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../style/testdata/hostile.txt")
	if err != nil {
		t.Fatal(err)
	}
	draw := func(name string) map[string]int {
		svg, err := chart.Rows("retries of "+name, []string{name, "b"}, chart.Series{Name: name, Tone: chart.Warned, Values: []float64{1, 2}})
		if err != nil {
			t.Fatal(err)
		}
		elements, _ := parts(t, svg)
		return elements
	}
	want := draw("harmless")
	for line := range strings.SplitSeq(string(data), "\n") {
		if got := draw(line); line != "" && (got["svg"] != want["svg"] || got["rect"] != want["rect"] || got["text"] != want["text"] || len(got) != len(want)) {
			t.Errorf("%s\nchanged the picture: %v, want %v", line, got, want)
		}
	}
}

func TestNothingToDraw(t *testing.T) {
	t.Parallel()
	if svg, err := chart.Bars("x", nil); svg != "" || err != nil {
		t.Errorf("%q, %v", svg, err)
	}
	if svg, err := new(chart.Latencies).Bars("x"); svg != "" || err != nil {
		t.Errorf("%q, %v", svg, err)
	}
	if _, err := chart.Bars("x", []string{"a"}, chart.Series{Name: "s", Values: []float64{1, 2}}); err == nil {
		t.Error("two values for one label are no error")
	}
	if _, err := chart.Bars("x", []string{"a"}, chart.Series{Name: "s", Values: []float64{-1}}); err == nil {
		t.Error("a negative number of things is no error")
	}
}

func TestLatencies(t *testing.T) {
	t.Parallel()
	var l chart.Latencies
	l.Add(2*time.Millisecond, 5)
	l.Add(3*time.Millisecond, 1)
	l.Add(time.Minute, 2)
	var again chart.Latencies
	for _, c := range l.Classes() {
		if c.UpTo == 0 {
			c.UpTo = chart.Beyond
		}
		again.Add(c.UpTo, c.N)
	}
	if again != l {
		t.Errorf("its classes %v do not make %v but %v", l.Classes(), l, again)
	}
	svg, err := l.Bars("answers")
	if err != nil {
		t.Fatal(err)
	}
	_, text := parts(t, svg)
	got := strings.Join(text, " ")
	if !strings.Contains(svg, "<title>up to 3 ms, answers: 6</title>") || !strings.Contains(svg, "<title>more, answers: 2</title>") {
		t.Errorf("the bars do not say what they are: %s", svg)
	}
	if !strings.Contains(" "+got+" ", " ms 1 ") {
		t.Errorf("labels %s: milliseconds, from 1", got)
	}
}

// On the narrowest phone no label touches its neighbour or leaves the picture,
// and one text is one unit.
func TestLabelsHaveRoom(t *testing.T) {
	t.Parallel()
	const width, char = 280, 6.6
	at := regexp.MustCompile(`<text x="([\d.]+)%" y="156" text-anchor="middle"[^>]*>([^<]*)<`)
	for _, label := range []string{"1", "30000", "15:04", "15:04:05", "2 Jan 15:04", "31 Oct 15:04"} {
		for n := 1; n <= 60; n++ {
			svg, err := chart.Bars("x", slices.Repeat([]string{label}, n), chart.Series{Name: "s", Values: make([]float64, n)})
			if err != nil {
				t.Fatal(err)
			}
			shown := at.FindAllStringSubmatch(svg, -1)
			if len(shown) == 0 {
				t.Fatalf("no label on %d bars: %s", n, svg)
			}
			end := -42.0 // the gutter
			for _, m := range shown {
				x, err := strconv.ParseFloat(m[1], 64)
				if err != nil {
					t.Fatal(err)
				}
				half := char * float64(len(label)) / 2
				if from := x/100*width - half; from < end {
					t.Fatalf("%d bars: %q at %v %% begins %.0f pixels too early", n, label, x, end-from)
				}
				end = x/100*width + half + 6
			}
			if end-6 > width+8 && n > 1 {
				t.Fatalf("%d bars: the last %q ends at %.0f of %d", n, label, end-6, width)
			}
		}
	}
}

func TestRows(t *testing.T) {
	t.Parallel()
	svg, err := chart.Rows("retries", []string{"a name that is much longer than anybody reads on a phone", "b"}, chart.Series{Name: "retries", Tone: chart.Warned, Values: []float64{1234.56, 0}})
	if err != nil {
		t.Fatal(err)
	}
	elements, text := parts(t, svg)
	if got := strings.Join(text, "|"); got != "a name that is much longer than a…|1234.6|b|0" {
		t.Errorf("says %s", got)
	}
	if elements["rect"] != 3 { // two tracks, and no bar for nothing
		t.Errorf("%d rectangles: %s", elements["rect"], svg)
	}
}

// Whatever the numbers are, the picture is well-formed and stays within its frame.
func TestAnyNumbers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		n := rapid.IntRange(1, 60).Draw(r, "labels")
		labels := make([]string, n)
		for i := range labels {
			labels[i] = rapid.String().Draw(r, "label")
		}
		values := rapid.SliceOfN(rapid.Float64Range(0, 1e9), n, n)
		svg, err := chart.Bars("any", labels,
			chart.Series{Name: "a", Tone: chart.Passed, Values: values.Draw(r, "a")}, chart.Series{Name: "b", Tone: chart.Off, Values: values.Draw(r, "b")})
		if err != nil {
			r.Fatal(err)
		}
		if err := xml.Unmarshal([]byte(svg), new(struct{})); err != nil {
			r.Fatalf("%v: %s", err, svg)
		}
		for _, m := range regexp.MustCompile(`(?:x|y|width|height)="([^"]*)"`).FindAllStringSubmatch(svg, -1) {
			if v, err := strconv.ParseFloat(strings.TrimSuffix(m[1], "%"), 64); err != nil || (v < 0 && m[1] != "-8") || v > 160 {
				r.Fatalf("%s is outside of the frame", m[0])
			}
		}
	})
}
