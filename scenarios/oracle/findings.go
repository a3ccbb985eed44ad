package oracle

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/sentsim/sentsim/simulator/chaos"
)

func itoa(n int) string { return strconv.Itoa(n) }

// Violation is one thing that a correct receiver does not do.
type Violation struct {
	Rule     string        `json:"rule"`
	Could    []string      `json:"could,omitempty"` // the rules that could explain it, of which the run's statistics chose Rule
	By       string        `json:"by,omitempty"`    // what explains it, such as "the same request again"; "" for nothing else
	Summary  string        `json:"summary"`         // one sentence
	Expected string        `json:"expected"`
	Seen     string        `json:"seen,omitempty"` // the state as it was read, or ""
	Subject  chaos.Subject `json:"subject,omitzero"`
	// Restarted says that a restart of the target could be the reason: it lies
	// between the subject's deliveries, or between them and what was seen.
	Restarted bool     `json:"restarted,omitempty"`
	Step      int      `json:"step,omitempty"`  // the delivery that was answered wrongly; 0 for a wrong state
	Story     []string `json:"story,omitempty"` // what happened to the subject

	// Of the delivery that was answered wrongly.
	Request  string `json:"request,omitempty"`
	Response string `json:"response,omitempty"`
}

// About names the subject, or is "".
func (v Violation) About() string {
	if v.Subject.Kind == "" {
		return ""
	}
	return name(v.Subject)
}

// simultaneous is how many of the story's deliveries came together with others:
// the fewer, the surer is it to happen again.
func (v Violation) simultaneous() int {
	n := 0
	for _, line := range v.Story {
		if strings.Contains(line, atOnce) {
			n++
		}
	}
	return n
}

// maxKept is how many violations of a rule are kept; the others are counted.
const maxKept = 20

// Findings is what was judged, by rule.
type Findings struct {
	Checked    map[string]int         `json:"checked"` // how often a rule was looked at
	Violated   map[string]int         `json:"violated"`
	Violations map[string][]Violation `json:"violations"`
	Occasions  map[string]int         `json:"occasions"` // how often what the contract's scenarios send was sent
}

// NewFindings are those of a run in which nothing was judged.
func NewFindings() Findings {
	return Findings{Checked: map[string]int{}, Violated: map[string]int{}, Violations: map[string][]Violation{}, Occasions: map[string]int{}}
}

// Add adds what another run judged. Of a rule's violations those of the plan's
// earliest messages are kept, whichever is added first.
func (b *Findings) Add(o Findings) {
	for id, n := range o.Checked {
		b.Checked[id] += n
	}
	for id, n := range o.Violated {
		b.Violated[id] += n
	}
	for id, all := range o.Violations {
		together := slices.Concat(b.Violations[id], all)
		slices.SortStableFunc(together, func(x, y Violation) int {
			return cmp.Or(cmp.Compare(x.Subject.Index, y.Subject.Index), cmp.Compare(x.Step, y.Step), cmp.Compare(x.Summary, y.Summary))
		})
		b.Violations[id] = together[:min(len(together), maxKept)]
	}
	for name, n := range o.Occasions {
		b.Occasions[name] += n
	}
}

func (b *Findings) kept(rule string) {
	if rule != "" {
		b.Checked[rule]++
	}
}

func (b *Findings) broken(v Violation) {
	b.Checked[v.Rule]++
	b.Violated[v.Rule]++
	if len(b.Violations[v.Rule]) < maxKept {
		b.Violations[v.Rule] = append(b.Violations[v.Rule], v)
	}
}

// Kept notes that the receiver kept a rule once.
func (o *Oracle) Kept(rule string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.findings.kept(rule)
}

// Broken notes a violation.
func (o *Oracle) Broken(v Violation) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.findings.broken(v)
}

// Violated is how many violations there are so far.
func (o *Oracle) Violated() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := 0
	for _, of := range o.findings.Violated {
		n += of
	}
	return n + len(o.answers) + len(o.states) + len(o.contacts) + len(o.many) + len(o.few)
}

// Findings is what was judged. Nothing more may be told to the oracle.
func (o *Oracle) Findings() Findings {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.explain()
	for _, all := range o.findings.Violations {
		slices.SortStableFunc(all, func(a, b Violation) int { return cmp.Compare(a.simultaneous(), b.simultaneous()) })
	}
	return o.findings
}
