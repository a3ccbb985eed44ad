package scenarios

import (
	"regexp"
	"slices"
	"strings"

	"github.com/sentsim/sentsim/scenarios/oracle"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/simulator/event"
)

// The sentences of the contract that name what a chaos run must have sent before
// it can say that a rule was kept.
var (
	forgedOf  = regexp.MustCompile(`^a delivery of a "([^"]+)" event arrives, forged as "([^"]+)"$`)
	forgedAs  = regexp.MustCompile(`^a delivery arrives, forged as "([^"]+)"$`)
	itsEvents = regexp.MustCompile(`^Sent (?:delivers|has delivered) its "([A-Z, ]+)" events`)
	itsLate   = regexp.MustCompile(`^its "([A-Z]+)" event arrives late$`)
	deliversA = regexp.MustCompile(`^Sent delivers a "([^"]+)" event$`)
	signalsOf = regexp.MustCompile(`^Sent delivers the signals "([^"]+)" of a contact$`)
	itAgain   = regexp.MustCompile(`^(?:the same delivery arrives again|Sent retries that delivery)$`)
)

// inOrder are the rules whose scenarios are told by the order of events.
func inOrder() []rule.ID {
	return []rule.ID{rule.ORD1, rule.ORD2, rule.ORD3, rule.ORD4, rule.ORD5, rule.ORD6}
}

// occasions is what the scenarios of each rule send, in the words that package
// oracle notes it in when a chaos run has sent it. Events of families that there
// are none of are not among it.
func occasions(plans []planned, families event.Families) map[rule.ID][]string {
	needed := map[rule.ID][]string{}
	for i := range plans {
		p := &plans[i]
		add := func(name string) {
			if name != "" && !slices.Contains(needed[p.rule.ID], name) {
				needed[p.rule.ID] = append(needed[p.rule.ID], name)
			}
		}
		sequence, single := "", ""
		for _, st := range p.scenario.Steps {
			switch {
			case forgedOf.MatchString(st.Text):
				of := forgedOf.FindStringSubmatch(st.Text)
				add(oracle.ForgedOf(of[2], of[1]))
			case forgedAs.MatchString(st.Text):
				add(oracle.ForgedOf(forgedAs.FindStringSubmatch(st.Text)[1], ""))
			case itsEvents.MatchString(st.Text):
				sequence = itsEvents.FindStringSubmatch(st.Text)[1]
			case itsLate.MatchString(st.Text):
				sequence += ", " + itsLate.FindStringSubmatch(st.Text)[1]
			case deliversA.MatchString(st.Text):
				single = deliversA.FindStringSubmatch(st.Text)[1]
				if p.rule.ID == rule.TOL3 && families.Has(event.Type(single).Parent()) {
					add(oracle.Arrives(single))
				}
			case signalsOf.MatchString(st.Text) && families.Has(event.ParentContact):
				add(oracle.Signals(signalsOf.FindStringSubmatch(st.Text)[1]))
			case itAgain.MatchString(st.Text) && single != "":
				add(oracle.Again(single))
			}
		}
		if sequence != "" && slices.Contains(inOrder(), p.rule.ID) {
			add(oracle.Sequence(strings.Split(sequence, ", ")))
		}
	}
	return needed
}
