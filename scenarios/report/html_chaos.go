package report

import (
	"fmt"
	"html/template"
	"time"

	"github.com/sentsim/sentsim/simulator/chart"
)

// htmlChaos is what a chaos run did and found.
type htmlChaos struct {
	Profile          string
	Facts, Notes     []htmlFact
	Answers, Latency template.HTML
	Odds             []Probability
	Violations       []Violation
	Others           string
}

type htmlFact struct{ Name, Text string }

func newHTMLChaos(c *Chaos) *htmlChaos {
	if c == nil {
		return nil
	}
	out := &htmlChaos{Profile: Printable(c.Profile), Facts: []htmlFact{
		{"Messages", fmt.Sprintf("%d of %d", c.Begun, c.Messages)},
		{"Deliveries", fmt.Sprint(c.Sent)},
		{"A second", fmt.Sprintf("%.0f", c.PerSecond)},
		{"Wrong answers", fmt.Sprint(c.Failed)},
		{"Violations", fmt.Sprint(c.Violated)},
		{"Profile", Printable(c.Profile)},
	}}
	answers := []float64{float64(c.Accepted), float64(c.Refused), float64(c.Failed), float64(c.Lost)}
	out.Answers = picture(chart.Rows(fmt.Sprintf("%d accepted, %d refused as they had to be, %d wrong answers, %d lost on purpose", c.Accepted, c.Refused, c.Failed, c.Lost),
		[]string{"accepted", "rightly refused", "wrong answer", "lost on purpose"}, chart.Series{Name: "deliveries", Tone: chart.Accent, Values: answers}))
	l := c.LatencyMS
	if l.Max > 0 {
		out.Latency = picture(chart.Rows(fmt.Sprintf("Half of the answers came within %g ms, 95 %% within %g ms, 99 %% within %g ms, the slowest after %g ms", l.P50, l.P95, l.P99, l.Max),
			[]string{"half", "95 %", "99 %", "the slowest"}, chart.Series{Name: "milliseconds", Tone: chart.Accent, Values: []float64{l.P50, l.P95, l.P99, l.Max}}))
	}
	if c.Skipped > 0 {
		out.Notes = append(out.Notes, htmlFact{"Skipped", count(c.Skipped, "step", "steps") + " that this target cannot be subjected to"})
	}
	for _, n := range []htmlFact{{"Stopped early", c.Stopped}, {"It fell over", c.Fell}, {"The run is recorded in", c.Trace}} {
		if n.Text != "" {
			out.Notes = append(out.Notes, htmlFact{n.Name, Printable(n.Text)})
		}
	}
	for _, text := range c.Trouble {
		out.Notes = append(out.Notes, htmlFact{"Trouble on sentsim’s side", Printable(text)})
	}
	for _, p := range c.Probabilities {
		out.Odds = append(out.Odds, Probability{Name: Printable(p.Name), Of: p.Of, Per: Printable(p.Per), Doc: Printable(p.Doc)})
	}
	for _, v := range c.Violations {
		if len(v.Story) == 0 {
			continue // its rule says all there is to it
		}
		out.Violations = append(out.Violations, Violation{
			Rule: Printable(v.Rule), Summary: Printable(v.Summary), Expected: Printable(v.Expected), Seen: Printable(v.Seen),
			Subject: Printable(v.Subject), Step: v.Step, Story: printable(v.Story),
		})
	}
	if more := c.Violated - len(out.Violations); more > 0 {
		out.Others = count(more, "violation", "violations") + " in all besides these: their rules below say how many each."
	}
	return out
}

// htmlAnswers draws how long answers took.
func htmlAnswers(classes []Answers) (svg template.HTML, answered string) {
	var l chart.Latencies
	n := 0
	for _, c := range classes {
		upTo := time.Duration(c.UpToMS) * time.Millisecond
		if c.UpToMS == 0 {
			upTo = chart.Beyond
		}
		l.Add(upTo, c.Count)
		n += c.Count
	}
	answered = count(n, "answer", "answers")
	return picture(l.Bars("How long " + answered + " took")), answered
}

// picture takes a chart as markup: package chart has escaped what is in it. One
// that cannot be drawn is left out: its numbers stand beside it.
func picture(svg string, err error) template.HTML {
	if err != nil {
		return ""
	}
	return template.HTML(svg) //nolint:gosec // see above
}
