package diagnosis

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
)

const (
	// prompt is how fast a refusal is when one experiment after another is no loss of time.
	prompt = 40 * time.Millisecond
	// slowToRefuse is from when on the likeliest mistakes are tried before all else.
	slowToRefuse = 250 * time.Millisecond
	// sideBySide is how many experiments are made at once with a receiver that is not prompt.
	sideBySide = 24
	// mostAtOnce is how many of them a slow one is sent that has answered so many in one round.
	mostAtOnce = 48
)

// pace is how long the receiver takes for one refusal, as far as that is known. The
// spoilt delivery of a slow one is sent with others, and may have waited for them.
func (i *investigation) pace() time.Duration {
	return min(i.plain.Duration, i.facts.worthless.Duration)
}

func (i *investigation) slow() bool { return i.pace() >= slowdown*slowToRefuse }

// measure sends the first experiments of a receiver that is slow to refuse side by
// side, keeps the answers for send, and learns from how long they took how many
// requests it works on at once.
func (i *investigation) measure(requests []delivery.Request) {
	if i.width = sideBySide; i.plain.Duration < slowdown*slowToRefuse {
		return
	}
	i.known = map[string]delivery.Outcome{}
	i.sendAhead(requests)
}

// sendAhead sends requests side by side and keeps the answers. It reports whether one of
// them is another than the usual refusal: that may be what is looked for.
func (i *investigation) sendAhead(requests []delivery.Request) (odd bool) {
	together := make([]driver.Planned, len(requests))
	for n, r := range requests {
		together[n] = driver.Planned{Request: r, Timeout: max(i.left(), time.Second)}
	}
	var longest time.Duration
	usual := 0 // how many took as long as a refusal does
	for _, x := range i.r.SendTogether(i.ctx, together) {
		o := x.Outcome
		i.known[keyOf(x.Request)] = o
		longest = max(longest, o.Duration)
		if o.Duration >= i.plain.Duration/2 {
			usual++
		}
		odd = odd || o.Status == http.StatusTooManyRequests || o.Kind == delivery.Answered && printOf(o, x.Request.URL) != i.facts.worthless.print
	}
	// Where they were worked on in several rounds, the next are as many as one round holds.
	switch one := max(i.plain.Duration, prompt); {
	case longest > one+one/2+100*time.Millisecond:
		rounds := int((longest + one/2) / one)
		i.width = max(1, min(i.width, (usual+rounds-1)/rounds))
	case len(requests) == i.width && i.slow():
		i.width = min(2*i.width, mostAtOnce)
	}
	return odd
}

// ahead sends requests side by side where the receiver is not prompt to refuse, and
// keeps the answers for send: one after another, they would outlast the budget. It does
// nothing where the receiver answers one request after another.
func (i *investigation) ahead(requests []delivery.Request) {
	if i.facts.worthless.Duration < prompt {
		return
	}
	if i.width == 0 { // nobody has measured it
		i.width = sideBySide
	}
	i.known = map[string]delivery.Outcome{}
	for len(requests) > 0 && i.width > 1 && !i.over() {
		some := requests[:min(i.width, len(requests))]
		requests = requests[len(some):]
		if i.sendAhead(some) {
			return
		}
	}
}

// question is one that the experiments ask. A question without a subject looks at
// answers that are there already.
type question struct {
	about string
	ask   func() *report.Diagnosis
}

// inOrder asks one question after another until one has an answer, and notes which had
// the time to be asked to their end.
func (i *investigation) inOrder(questions []question) *report.Diagnosis {
	for _, q := range questions {
		before := i.over()
		d := q.ask()
		if d != nil {
			return d
		}
		switch {
		case q.about == "":
		case before:
			i.untried = append(i.untried, q.about)
		case i.over():
			i.untried = append(i.untried, q.about+" (begun)")
		default:
			i.asked = append(i.asked, q.about)
		}
	}
	return nil
}

// account says what was tried and what was not, where the experiments have ended early.
func (i *investigation) account() string {
	if len(i.untried) == 0 {
		return ""
	}
	text := "not tried: " + strings.Join(i.untried, ", ")
	if len(i.asked) > 0 {
		text = "tried without an effect: " + strings.Join(i.asked, ", ") + "; " + text
	}
	return text
}

// left is how much of the budget is left. What this machine had no time for is not
// counted, up to twice the budget in all.
func (i *investigation) left() time.Duration {
	left := i.until.Sub(clock.Wall())
	if i.r.Starved != nil {
		left += min(i.r.Starved(i.until.Add(-i.budget)), i.budget)
	}
	return left
}

// over reports whether no more experiments are to be made.
func (i *investigation) over() bool {
	if i.ended == "" && i.left() < 0 {
		why := fmt.Sprintf("after %s nothing more was tried", i.budget.Round(time.Second))
		if i.slow() {
			why += fmt.Sprintf(" (each answer took about %s)", i.pace().Round(100*time.Millisecond))
		}
		i.timeUp = true
		i.end(why)
	}
	return i.ended != "" || i.ctx.Err() != nil
}

func (i *investigation) end(why string) {
	i.ended = why
	i.tried = append(i.tried, why)
}
