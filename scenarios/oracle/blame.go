package oracle

import (
	"math"
	"slices"

	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/contract"
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
	// unlikely is by how many standard deviations more of what fails must have the
	// feature than would by chance.
	unlikely = 2.5
	// alike is how close to the best a feature is that explains as well.
	alike = 0.1
)

// score is how well a feature explains failures: 1 where only what has it fails,
// a half where it makes no difference. share is how much of what has it fails.
// ok is false where that may be chance.
func (b *blame) score(name string) (score, share float64, ok bool) {
	o := b.with[name]
	if o == nil || o.wrong == 0 {
		return 0, 0, false
	}
	share = float64(o.wrong) / (float64(o.all) + 0.5)
	others := float64(b.total.wrong-o.wrong) / math.Max(float64(b.total.all-o.all), 1)
	// Failures that had nothing to do with it would have it as often as anything.
	part, wrong := float64(o.all)/float64(b.total.all), float64(b.total.wrong)
	if float64(o.wrong)-wrong*part < unlikely*math.Sqrt(wrong*part*(1-part)) {
		return 0, 0, false
	}
	return share / (share + others), share, true
}

// best is the feature that explains most clearly what is open. Of several that
// explain as well it is the one with which more goes wrong, and then the first.
func (b *blame) best(list []open) (best Feature, ok bool) {
	bestScore, bestShare := explains, 0.0
	tried := map[string]bool{}
	for _, x := range list {
		for _, f := range x.features {
			if tried[f.Name] {
				continue
			}
			tried[f.Name] = true
			score, share, sure := b.score(f.Name)
			if !sure {
				continue
			}
			if score > bestScore+alike || score > bestScore-alike && score >= explains && share > bestShare+alike/2 {
				best, bestScore, bestShare, ok = f, math.Max(score, bestScore), share, true
			}
		}
	}
	return best, ok
}

// remove takes a failure out of the counts: it has been explained.
func (b *blame) remove(features []Feature) {
	b.total.all--
	b.total.wrong--
	seen := map[string]bool{}
	for _, f := range features {
		if o := b.with[f.Name]; o != nil && !seen[f.Name] {
			o.all--
			o.wrong--
		}
		seen[f.Name] = true
	}
}

// explain gives each violation the rule of what explains it. The clearest cause
// comes first; what it explains is no evidence for or against another one.
func (b *blame) explain(list []open, done func(v Violation, rule string, base bool)) {
	for len(list) > 0 {
		f, ok := b.best(list)
		if !ok {
			break
		}
		var left []open
		for _, x := range list {
			if !slices.Contains(x.features, f) {
				left = append(left, x)
				continue
			}
			b.remove(x.features)
			x.v.By = f.Name
			done(x.v, f.Rule, false)
		}
		list = left
	}
	for _, x := range list {
		done(x.v, x.base, true)
	}
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
	o.findings.broken(v)
}

// explain closes the violations that are open. The lock is held.
func (o *Oracle) explain() {
	for _, x := range []struct {
		list *[]open
		by   *blame
	}{{&o.answers, o.answerBlame}, {&o.states, o.stateBlame}, {&o.contacts, o.contactBlame}, {&o.many, o.manyBlame}, {&o.few, o.fewBlame}} {
		x.by.explain(*x.list, func(v Violation, id contract.ID, base bool) {
			v.Rule = id
			if base && o.findings.Violated[contract.ORD7] > 0 && v.Step == 0 && v.Subject.Kind == chaos.AboutMessage {
				v.Rule = contract.ORD7 // messages do get mixed up
			}
			o.findings.broken(v)
		})
		*x.list = nil
	}
}

func has(s chaos.Step, f chaos.Fault) bool {
	return slices.Contains(s.Faults, f)
}
