package scenarios

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/sentsim/sentsim/scenarios/oracle"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/scenarios/steps"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/contract"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
)

// experiment runs the contract's own scenarios after a chaos run that met a
// violation. A chaos run sees that something is wrong; which rule it is, where
// several could be, only deliveries can tell that differ in one thing.
func (s *session) experiment(ctx context.Context, suspects []contract.ID) (map[string]report.Rule, error) {
	plans, err := selectScenarios(ctx, s.cfg)
	if err != nil {
		return nil, err
	}
	plans = slices.DeleteFunc(plans, func(p planned) bool { return !slices.Contains(suspects, p.rule.ID) })
	verdicts := newLedger(s, plans, unwatched{})
	s.carryOut(ctx, plans, verdicts)
	judged := map[string]report.Rule{}
	for _, r := range verdicts.report("").Rules {
		judged[r.ID] = r
	}
	return judged, nil
}

// state is the families that are about what the receiver makes of events: a
// mistake of one kind there shows as many others.
var state = []string{"ACK", "IDEM", "ORD", "RET", "INB", "TPL", "CON"} //nolint:gochecknoglobals // constant

// suspects are the rules that the violations of a run could be of: those that the
// run's statistics name, what else could explain them, and their families.
func suspects(findings oracle.Findings) []contract.ID {
	families := map[string]bool{}
	add := func(id contract.ID) {
		family, _, _ := strings.Cut(id, "-")
		families[family] = true
		if family == "SIG" {
			families["ROT"] = true // the old secret is one more forgery
		}
		for _, f := range state {
			if slices.Contains(state, family) {
				families[f] = true
			}
		}
	}
	for id, all := range findings.Violations {
		add(id)
		for _, v := range all {
			for _, other := range v.Could {
				add(other)
			}
		}
	}
	var ids []contract.ID
	for _, r := range rule.All() {
		if families[r.Code()] {
			ids = append(ids, r.ID)
		}
	}
	return ids
}

// attribution is which rule each violation of a chaos run is put down to.
type attribution struct {
	rule   map[string]string // from the rule that the run's statistics chose
	unsure map[string]string // rules that are neither passed nor failed, and why
}

// certain reports whether a violation can be of no other rule: a message that
// shows another's status, a digest in an answer, a reply to STOP.
func certain(v oracle.Violation) bool { return len(v.Could) == 0 }

// attribute decides by what the contract's scenarios showed. A violation stays
// with its rule where a scenario of that rule fails too; else it goes to a rule
// that could explain it and fails. Where only other rules fail, it may be their
// doing: the rule is not checked. Where nothing fails, it shows only in a run
// like this one, and stays.
func attribute(findings oracle.Findings, judged map[string]report.Rule) attribution {
	a := attribution{rule: map[string]string{}, unsure: map[string]string{}}
	fails := func(id string) bool { v := judged[id].Verdict; return v == report.Failed || v == report.Warned }
	broken := slices.DeleteFunc(slices.Sorted(maps.Keys(judged)), func(id string) bool { return !fails(id) })
	violated := slices.Sorted(maps.Keys(findings.Violated))
	for _, id := range violated {
		a.rule[id] = id
		if id == contract.ACK1 && judged[id].Verdict == report.Passed && !slices.ContainsFunc(findings.Violations[id], certain) {
			a.unsure[id] = "its answers come in time one at a time, and late while others are under way: how many it takes at once is for ACK-2"
			continue
		}
		others := reasons(findings.Violations[id], broken)
		if fails(id) || len(others) == 0 {
			continue
		}
		for _, v := range findings.Violations[id] {
			if i := slices.IndexFunc(v.Could, fails); i >= 0 && !fails(a.rule[id]) {
				a.rule[id] = v.Could[i]
			}
		}
		if a.rule[id] == id {
			own := "its own scenarios do not show one"
			if judged[id].Verdict == report.Passed {
				own = "its own scenarios pass"
			}
			a.unsure[id] = fmt.Sprintf("%d deliveries or readings of the run look like a violation of it, %s, and %s is broken: that may be why", findings.Violated[id], own, others[0])
		}
	}
	if len(broken) > 0 {
		return a
	}
	for _, id := range violated { // nothing tells the explanations apart
		for _, v := range findings.Violations[id] {
			for _, other := range v.Could {
				if findings.Violated[other] == 0 && judged[other].Verdict != report.Passed && a.unsure[other] == "" {
					a.unsure[other] = fmt.Sprintf("a violation of %s in this run could be one of it as well", id)
				}
			}
		}
	}
	return a
}

// reasons are the broken rules, in their order, that can be why a run has met the
// violations of another. Where one of the violations has no other reason, there are
// none: it can be of no other rule, or only IDEM-7 is broken and the target was not
// restarted while the violation came about.
func reasons(violations []oracle.Violation, broken []string) []string {
	all := broken
	for _, v := range violations {
		if certain(v) {
			return nil
		}
		if !v.Restarted {
			all = slices.DeleteFunc(slices.Clone(all), func(id string) bool { return id == contract.IDEM7 })
		}
	}
	return all
}

// inOrder are the rules whose scenarios are told by the order of events.
func inOrder() []contract.ID {
	return []contract.ID{contract.ORD1, contract.ORD2, contract.ORD3, contract.ORD4, contract.ORD5, contract.ORD6}
}

// occasions is what the scenarios of each rule send, in the words that package
// oracle notes it in when a chaos run has sent it, and how many times one of them
// does. Events of families that there are none of are not among it, nor texts on
// channels that the receiver does not handle.
func occasions(plans []planned, of chaos.Plan) map[contract.ID][]oracle.Occasion {
	families, texts, messages := of.Families, of.InboundChannels, len(of.Channels)
	if len(texts) == 0 {
		texts = event.Channels()
	}
	if messages == 0 {
		messages = len(event.Channels())
	}
	kinds := []string{oracle.NullText}
	for _, ch := range texts {
		kinds = append(kinds, oracle.TextOn(ch))
	}
	needed := map[contract.ID][]oracle.Occasion{}
	for i := range plans {
		p := &plans[i]
		often := func(name string, times int) {
			all := needed[p.rule.ID]
			n := slices.IndexFunc(all, func(o oracle.Occasion) bool { return o.Name == name })
			if n < 0 {
				needed[p.rule.ID] = append(all, oracle.Occasion{Name: name, Times: times})
				return
			}
			all[n].Times = max(all[n].Times, times)
		}
		add := func(name string) {
			if name != "" {
				often(name, 1)
			}
		}
		sequence, single, many := "", "", 1
		for _, st := range p.scenario.Steps {
			switch sends, said := steps.Read(st.Text); sends {
			case steps.Messages:
				if many = number(said[1]); said[0] == steps.OnEveryChannel {
					many = messages
				}
			case steps.Both:
				if said[3] == steps.InTurn {
					add(oracle.InASecond)
					continue
				}
				often(oracle.Pair, many)
			case steps.CopiesOfIts:
				often(oracle.Copies(chaos.AboutMessage), (number(said[0])-1)*many)
			case steps.Texts:
				switch n := number(said[0]) * len(texts); {
				case said[1] != "":
					often(oracle.Copies(chaos.AboutInbound), (number(said[1])-1)*n)
				case said[2] != "":
					often(oracle.TextPair, n)
				}
			case steps.TwoTexts:
				if said[1] == steps.SameText {
					add(oracle.TextAgain)
				}
			case steps.TextOfTwo:
				add(oracle.TextOfTwo)
			case steps.Burst:
				add(oracle.Burst(number(said[0])))
			case steps.Unanswered:
				if how, ok := steps.Losing(said[1]); ok {
					add(oracle.Unheard(how))
				}
			case steps.GivesUp:
				often(oracle.Unheard(delivery.HangUp), number(said[1]))
			case steps.Forged:
				if parent := event.Type(said[0]).Parent(); parent != event.ParentContact || families.Has(parent) {
					add(oracle.ForgedOf(said[1], said[0]))
				}
			case steps.ForgedEach:
				for _, forgery := range st.Listed() {
					add(oracle.ForgedOf(forgery, ""))
				}
			case steps.ForgedBefore:
				add(oracle.ForgedBefore)
			case steps.ItsEvents:
				sequence = said[0]
			case steps.ItsLateEvent:
				if sequence != "" {
					sequence += ", " + said[1]
				}
			case steps.AnEvent:
				single = said[0]
				if said[1] != "" {
					add(oracle.Skewed(said[1]))
				}
				if p.rule.ID == contract.TOL3 && families.Has(event.Type(single).Parent()) {
					add(oracle.Arrives(single))
				}
			case steps.Signals:
				if families.Has(event.ParentContact) {
					add(oracle.Signals(said[0]))
				}
			case steps.Outage:
				add(oracle.LongOutage)
			case steps.Changed:
				add(oracle.Changed(said[0], said[1]))
			case steps.NoObject:
				add(oracle.NoObject(said[0]))
			case steps.Valued:
				switch where, value, subType := said[1], said[2], said[3]; {
				case where == "field":
					add(oracle.Field(value))
				// Unknown statuses come under unknown sub-types as well, and SCHEDULED is one that
				// only an extended lifecycle has.
				case subType == "" && event.Status(value) != event.Scheduled:
					add(oracle.Status(value))
				}
			case steps.AText:
				if said[1] != "" {
					add(oracle.Text(said[1]))
				}
				if p.rule.ID == contract.INB1 && slices.Contains(kinds, said[2]) {
					add(said[2])
				}
			case steps.Again:
				switch {
				case single != "":
					add(oracle.Again(single))
				case len(said) > 1 && said[1] != "" && sequence != "" && !strings.HasSuffix(sequence, said[1]):
					add(oracle.AfterMore)
				}
			}
		}
		if sequence != "" && slices.Contains(inOrder(), p.rule.ID) {
			add(oracle.Sequence(strings.Split(sequence, ", ")))
		}
	}
	return needed
}

// number is a number in a sentence; 1 where there is none.
func number(said string) int {
	n, err := strconv.Atoi(said)
	if err != nil {
		return 1
	}
	return n
}
