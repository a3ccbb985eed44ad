package learn

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/sentsim/sentsim/scenarios/driver"
)

// Answers that give a defect away without a probe.
var (
	saysDuplicate = regexp.MustCompile(`(?i)\bduplicate|already[ _-]?(processed|handled|seen|received|exists)`)
	saysUnknown   = regexp.MustCompile(`(?i)(message|order|notification)[ _-]?(was |is )?(not[ _-]?found|unknown|not[ _-]?ours)|unknown[ _-]?message|no[ _-]?such[ _-]?(message|order|row)|not[ _-]?linked`)
	saysIgnored   = regexp.MustCompile(`(?i)\b(ignor(ed|ing)|skipp(ed|ing)|unhandled|not[ _-]?handled|no[ _-]?handler|unsupported)\b`)
)

// seen notes what an answer to a new event gives away.
func (l *Learner) seen(x driver.Exchange) {
	if l.Seen != nil {
		l.Seen(x)
	}
	if !x.Outcome.Accepted() {
		return
	}
	l.mu.Lock()
	if l.quickest == 0 || x.Outcome.Duration < l.quickest {
		l.quickest = x.Outcome.Duration
	}
	l.mu.Unlock()
	body := string(x.Outcome.Body)
	note := ""
	for _, s := range []struct {
		says *regexp.Regexp
		what string
	}{{saysDuplicate, "a new event is taken for a duplicate"}, {saysUnknown, "the event is of an unknown message"}, {saysIgnored, "a genuine event is ignored"}} {
		if said := affirmed(s.says, body); said != "" {
			note = fmt.Sprintf("%s: the answer to %s says %q", s.what, x.What, said)
			l.mu.Lock()
			if !slices.ContainsFunc(slices.Collect(maps.Keys(l.notes)), func(n string) bool { return strings.HasPrefix(n, s.what) }) {
				l.notes[note] = true
			}
			l.mu.Unlock()
			return
		}
	}
}

// denial is what stands behind the name of a JSON field that says no.
var denial = regexp.MustCompile(`^[\w -]*"\s*:\s*(?:(?i:false|null)|0+(?:\.0+)?|"\s*"|"(?i:false|no|0)"|\[\s*\]|\{\s*\})\s*(?:[,}\]]|$)`)

// affirmed is what an answer says, unless it is the name of a field whose value says
// no: {"duplicate": false}.
func affirmed(says *regexp.Regexp, body string) string {
	for _, at := range says.FindAllStringIndex(body, -1) {
		if !denial.MatchString(body[at[1]:]) {
			return body[at[0]:at[1]]
		}
	}
	return ""
}

func (l *Learner) sortedNotes() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Sorted(maps.Keys(l.notes))
}

// answerOf is the first answer of a round, as it was seen.
func (l *Learner) answerOf(*round) string {
	if notes := l.sortedNotes(); len(notes) > 0 {
		return notes[0]
	}
	return ""
}
