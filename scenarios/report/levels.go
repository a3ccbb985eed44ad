package report

import (
	"slices"

	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/simulator/contract"
)

// Level is what a run proves of a receiver as a whole.
type Level struct {
	ID       string   `json:"id"` // signature-safe, at-least-once-safe, chaos-safe
	Doc      string   `json:"doc"`
	Reached  bool     `json:"reached"`
	Messages int      `json:"messages"` // of chaos-safe: how many were sent
	Rules    []string `json:"rules"`    // that state it
	Missing  []string `json:"missing"`  // those that did not pass
}

// Name is the level as people read it: "chaos-safe with 300 messages".
func (l Level) Name() string {
	if l.Messages > 0 {
		return l.ID + " with " + count(l.Messages, "message", "messages")
	}
	return l.ID
}

// Levels are what the report proves, and what it does not. Each is stated by the
// MUST rules of some families, all of which passed, and none of which was seen
// only in part.
func Levels(rep Report) []Level {
	all := []Level{
		level(rep, "signature-safe", "takes what Sent signed and nothing else: every MUST rule of SIG", rulesOf("SIG")),
		level(rep, "at-least-once-safe", "each event counts once, however often and in whatever order it arrives: "+
			"every MUST rule of SIG, IDEM, ORD and RET", rulesOf("SIG", "IDEM", "ORD", "RET")),
	}
	if rep.Chaos != nil {
		all = append(all, chaosLevel(rep))
	}
	return all
}

// chaosLevel is of a chaos run that sent all of its plan. The rules that a chaos
// run cannot judge (raw bytes, upper and lower case, an outage of minutes) are not
// among those that state it.
func chaosLevel(rep Report) Level {
	ids := slices.DeleteFunc(rulesOf("SIG", "ACK", "IDEM", "ORD", "RET"), func(id string) bool {
		return slices.Contains([]string{contract.SIG9, contract.SIG11, contract.RET2}, id)
	})
	l := level(rep, "chaos-safe", "keeps the MUST rules of SIG, ACK, IDEM, ORD and RET through a whole chaos run, without a violation", ids)
	l.Messages = rep.Chaos.Begun
	whole := rep.Chaos.Stopped == "" && rep.Chaos.Fell == "" && rep.Chaos.Begun >= rep.Chaos.Messages
	l.Reached = l.Reached && whole && rep.Chaos.Violated == 0 && Summarise(rep.Rules).Failed == 0
	return l
}

func level(rep Report, id, doc string, ids []string) Level {
	l := Level{ID: id, Doc: doc, Rules: ids, Missing: []string{}}
	for _, id := range ids {
		i := slices.IndexFunc(rep.Rules, func(r Rule) bool { return r.ID == id })
		if i < 0 || rep.Rules[i].Verdict != Passed || partUnseen(rep.Rules[i]) {
			l.Missing = append(l.Missing, id)
		}
	}
	l.Reached = len(l.Missing) == 0
	return l
}

// partUnseen tells whether a part of the rule could have been checked and was not.
// What a receiver does not do, such as a channel, has no remedy and needs none.
func partUnseen(r Rule) bool {
	return slices.ContainsFunc(r.Scenarios, func(s Scenario) bool { return s.Partial && s.Verdict == NotChecked && s.Remedy != "" })
}

// rulesOf are the MUST rules of families.
func rulesOf(families ...string) []string {
	var ids []string
	for _, r := range rule.All() {
		if r.Level == rule.Must && slices.Contains(families, r.Code()) {
			ids = append(ids, r.ID)
		}
	}
	return ids
}

// reached are the names of the levels that the report proves.
func reached(rep Report) []string {
	var names []string
	for _, l := range Levels(rep) {
		if l.Reached {
			names = append(names, l.Name())
		}
	}
	return names
}
