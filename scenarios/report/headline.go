package report

import (
	"fmt"
	"strings"

	"github.com/sentsim/sentsim/scenarios/rule"
)

// Meaning says in a few words what the report's exit status means: "broken: 2
// MUST rules failed". It says kept only of what was seen.
func Meaning(rep Report) string {
	switch rep.ExitStatus {
	case ExitKept:
		return keptMeaning(rep)
	case ExitBroken:
		must, should := ofLevel(rep.Rules, Failed, rule.Must), ofLevel(rep.Rules, Failed, rule.Should)
		switch {
		case must == 0 && should == 0 && unmet(rep) > 0:
			return "not proven: " + count(unmet(rep), "MUST rule was", "MUST rules were") + " not checked" + inBrackets(whyUnseen(rep.Rules)) + " and all are required"
		case should == 0:
			return "broken: " + count(must, "MUST rule", "MUST rules") + " failed"
		case must == 0:
			return "broken: " + count(should, "SHOULD rule", "SHOULD rules") + " failed (--strict)"
		}
		return "broken: " + count(must, "MUST", "MUST") + " and " + count(should, "SHOULD rule", "SHOULD rules") + " failed (--strict)"
	case ExitNothing:
		if len(rep.Rules) == 0 {
			return "nothing judged: no rule was selected"
		}
		return "nothing judged: no MUST rule passed or failed"
	case 3:
		return "no verdict: the target could not be reached or started"
	case ExitErrored:
		if errored := Summarise(rep.Rules).Errored; errored > 0 {
			return "no verdict: " + count(errored, "rule", "rules") + " errored, which is sentsim's own trouble"
		}
		return "no verdict: " + or(endedByTrouble(rep), "sentsim had trouble of its own")
	case 130:
		return "interrupted: this is the report so far"
	case 143:
		return "terminated: this is the report so far"
	}
	return fmt.Sprintf("exit status %d", rep.ExitStatus)
}

// endedByTrouble is the trouble of ours that ended a chaos run before it had judged
// what it should, or "".
func endedByTrouble(rep Report) string {
	if rep.ExitStatus == ExitErrored && Summarise(rep.Rules).Errored == 0 && rep.Chaos != nil {
		return rep.Chaos.Stopped
	}
	return ""
}

// keptMeaning is what a run without a failure proved: "kept: 48 of 48 rules", or
// "kept as far as seen: 36 of 48 rules; 12 not checked (no probe: state is invisible)".
func keptMeaning(rep Report) string {
	s := Summarise(rep.Rules)
	word := "kept"
	if !AllSeen(rep) {
		word = "kept as far as seen"
	}
	text := fmt.Sprintf("%s: %d of %s", word, s.Passed, count(s.Total(), "rule", "rules"))
	var rest []string
	if s.Warned > 0 {
		rest = append(rest, fmt.Sprintf("%d warned", s.Warned))
	}
	why := inBrackets(whyUnseen(rep.Rules))
	if s.NotChecked > 0 {
		rest = append(rest, fmt.Sprintf("%d not checked", s.NotChecked)+why)
		why = ""
	}
	if n := inPart(rep.Rules); n > 0 {
		rest = append(rest, fmt.Sprintf("%d only in part", n)+why)
	}
	if len(rest) > 0 {
		text += "; " + strings.Join(rest, ", ")
	}
	return text
}

// AllSeen tells whether all that was selected was seen, down to its parts.
func AllSeen(rep Report) bool {
	return Summarise(rep.Rules).NotChecked == 0 && inPart(rep.Rules) == 0
}

// inPart is how many rules have a verdict though a part of them was not checked.
func inPart(rules []Rule) int {
	n := 0
	for _, g := range groupUnseen(rules) {
		n += len(g.parts)
	}
	return n
}

// whyUnseen is the two reasons, in a few words each, that most rules were not
// checked for; "" where all were.
func whyUnseen(rules []Rule) string {
	var reasons []string
	weight := map[string]int{}
	for _, g := range groupUnseen(rules) {
		reason := shortReason(g.reason)
		if weight[reason] == 0 {
			reasons = append(reasons, reason)
		}
		weight[reason] += len(g.ids) + len(g.parts)
	}
	if len(reasons) == 0 {
		return ""
	}
	first := 0
	for i, r := range reasons {
		if weight[r] > weight[reasons[first]] {
			first = i
		}
	}
	switch others := len(reasons) - 1; others {
	case 0:
		return reasons[first]
	case 1:
		return reasons[first] + "; " + reasons[1-first]
	default:
		return reasons[first] + "; " + count(others, "other reason", "other reasons")
	}
}

// shortReason is a reason in a headline.
func shortReason(reason string) string {
	const room = 70
	for _, n := range rule.Needs() {
		if reason == n.Missing() {
			return n.Short()
		}
	}
	if strings.HasPrefix(reason, "the receiver sent no reply") {
		return rule.ObservedReplies.Short()
	}
	return cut(oneLine(reason), room)
}

func inBrackets(text string) string {
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}
