package cause

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/sentsim/sentsim/scenarios/report"
)

// Sign is a scenario that failed, and how that showed.
type Sign struct {
	Rule, Scenario string
	Shows          string // the class of the answer (2xx, 5xx; 429 apart), "none" without one, "state" where that is wrong, "more" or "fewer" where it has so many effects, "some" where that of a few of many is
}

// fromFeature reports whether it is one of the contract's scenarios. Deviations
// that were learned have causes of their own, and what a chaos run saw by chance
// has another name each time.
func fromFeature(s report.Scenario) bool { return strings.Contains(s.File, ".feature") }

// Signs are the scenarios of a run that failed, in the order of the report.
func Signs(rules []report.Rule) []Sign {
	var all []Sign
	for _, r := range rules {
		for _, s := range r.Scenarios {
			if bad(s.Verdict) && fromFeature(s) {
				all = append(all, Sign{Rule: r.ID, Scenario: s.Name, Shows: shows(s)})
			}
		}
	}
	return all
}

func bad(v report.Verdict) bool { return v == report.Failed || v == report.Warned }

// shows is the class of what a failed scenario rests on.
func shows(s report.Scenario) string {
	if len(s.Evidence) == 0 {
		return "none"
	}
	e := s.Evidence[0]
	if e.State != "" {
		return counted(s.Reason)
	}
	if strings.HasPrefix(e.Response, tooMany) {
		return tooMany
	}
	if len(e.Response) > 2 && e.Response[0] >= '1' && e.Response[0] <= '5' {
		return e.Response[:1] + "xx"
	}
	return "none"
}

// tooMany is how an answer begins that is about how many requests come, and never
// about what is sent: no mistake of the dictionary looks like that.
const tooMany = "429"

const maxSaid = 100

var (
	manyOf = regexp.MustCompile(`^(?:.*: )?(\d+) (?:effects|inbound messages|messages) .*(?:has|not|to) (\d+)\b`)
	fewOf  = regexp.MustCompile(`^(\d+) of (\d+) messages do not end`)
	added  = regexp.MustCompile(`had \d+ effects more`)
)

// counted says of a state that is wrong whether it holds more than it should, or
// fewer, as the reason says it.
func counted(reason string) string {
	if added.MatchString(reason) {
		return "more"
	}
	if m := fewOf.FindStringSubmatch(reason); m != nil {
		lost, _ := strconv.Atoi(m[1])
		if all, _ := strconv.Atoi(m[2]); lost < all/4 { // what races loses more
			return "some"
		}
	}
	m := manyOf.FindStringSubmatch(reason)
	if m == nil {
		return "state"
	}
	is, _ := strconv.Atoi(m[1])
	should, _ := strconv.Atoi(m[2])
	switch {
	case is > should:
		return "more"
	case is < should:
		return "fewer"
	}
	return "state"
}

// answered is the answer where a scenario failed, in a few words.
func answered(s report.Scenario) string {
	if len(s.Evidence) == 0 || !refusal(shows(s)) {
		return ""
	}
	if shows(s) == "none" {
		return "no answer"
	}
	status := s.Evidence[0].Response[:3]
	line := said(s)
	if line == "" {
		return status
	}
	if r := []rune(line); len(r) > maxSaid {
		line = string(r[:maxSaid]) + "…"
	}
	return status + " (" + line + ")"
}

// said is the first line of what the receiver answered where a scenario failed,
// without the status.
func said(s report.Scenario) string {
	if len(s.Evidence) == 0 {
		return ""
	}
	_, body, _ := strings.Cut(s.Evidence[0].Response, "\n\n")
	line, _, _ := strings.Cut(body, "\n")
	return line
}
