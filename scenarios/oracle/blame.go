package oracle

import (
	"math"
	"slices"

	"github.com/sentsim/sentsim/simulator/chaos"
)

// Feature is something that a delivery, or a subject's story, has and that could
// be the reason why a receiver gets it wrong.
type Feature struct {
	Name string
	Rule string // that the receiver then breaks
}

// odds is how often a receiver got wrong what has a feature.
type odds struct{ all, wrong int }

// blame finds, among the features of what went wrong, the one that explains it:
// what has it goes wrong, and what does not have it goes well.
type blame struct {
	total odds
	with  map[string]*odds
}

func newBlame() *blame { return &blame{with: map[string]*odds{}} }

func (b *blame) add(features []Feature, wrong bool) {
	count := func(o *odds) {
		o.all++
		if wrong {
			o.wrong++
		}
	}
	count(&b.total)
	seen := map[string]bool{}
	for _, f := range features {
		if seen[f.Name] {
			continue
		}
		seen[f.Name] = true
		o := b.with[f.Name]
		if o == nil {
			o = new(odds)
			b.with[f.Name] = o
		}
		count(o)
	}
}

const (
	// explains is from when on a feature explains a failure: what has it must
	// fail that much more often than what does not.
	explains = 0.75
	// unlikely is by how many standard deviations more must fail than would
	// without the feature.
	unlikely = 3
	// alike is how close to the best a feature is that explains as well.
	alike = 0.04
)

// rule is that of the feature that explains best, or base. Of several that
// explain as well it is the one with which more goes wrong, and then the first.
func (b *blame) rule(features []Feature, base string) string {
	best, bestScore, bestShare := base, explains, 0.0
	for _, f := range features {
		o := b.with[f.Name]
		if o == nil || o.wrong == 0 {
			continue
		}
		share := float64(o.wrong) / (float64(o.all) + 0.5)
		others := float64(b.total.wrong-o.wrong) / math.Max(float64(b.total.all-o.all), 1)
		score := share / (share + others)
		expected := others * float64(o.all)
		if float64(o.wrong)-expected < unlikely*math.Sqrt(expected*(1-others)) {
			continue // it may be chance
		}
		if score > bestScore+alike || score > bestScore-alike && share > bestShare+alike {
			best, bestScore, bestShare = f.Rule, math.Max(score, bestScore), share
		}
	}
	return best
}

// open is a violation whose rule is found once everything is known.
type open struct {
	v        Violation
	features []Feature
	base     string
}

// maxOpen is how many violations of a kind are explained; the others are
// counted with the first feature's rule.
const maxOpen = 2000

// suspect notes a violation to be explained at the end. The lock is held.
func (o *Oracle) suspect(list *[]open, v Violation, features []Feature, base string) {
	v.Could = []string{base}
	for _, f := range features {
		if !slices.Contains(v.Could, f.Rule) {
			v.Could = append(v.Could, f.Rule)
		}
	}
	if len(*list) < maxOpen {
		*list = append(*list, open{v, features, base})
		return
	}
	v.Rule = base
	o.book.broken(v)
}

// explain closes the violations that are open. The lock is held.
func (o *Oracle) explain() {
	for _, x := range []struct {
		list *[]open
		by   *blame
	}{{&o.answers, o.answerBlame}, {&o.states, o.stateBlame}, {&o.many, o.manyBlame}, {&o.few, o.fewBlame}} {
		for _, s := range *x.list {
			base := s.base
			if o.book.Violated["ORD-7"] > 0 && s.v.Step == 0 && s.v.Subject.Kind == chaos.AboutMessage {
				base = "ORD-7" // messages do get mixed up
			}
			s.v.Rule = x.by.rule(s.features, base)
			o.book.broken(s.v)
		}
		*x.list = nil
	}
}

func has(s chaos.Step, f chaos.Fault) bool {
	for _, x := range s.Faults {
		if x == f {
			return true
		}
	}
	return false
}
