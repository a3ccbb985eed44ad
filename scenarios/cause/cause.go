// Package cause goes from what failed to the few mistakes behind it. It judges
// nothing: what it is given are a finished run's traits and verdicts, and what it
// names comes from evidence alone. A cause says how sure it is.
package cause

import (
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/sentsim/sentsim/scenarios/learn"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/simulator/contract"
)

// Facts are what a run came to.
type Facts struct {
	Traits    learn.Traits
	Rules     []report.Rule
	Diagnosis *report.Diagnosis // why genuine deliveries were refused; nil while none was
	Diagnosed string            // the rule whose refusal was diagnosed; "" where nothing genuine was taken
	Started   bool              // sentsim started the target, and gave it its secret
	SecretEnv string            // under this name, in its environment
	Handed    bool              // its secret was handed to the function that makes it
	Ignored   bool              // forged deliveries were accepted, and had no effect
	Copies    int               // of one event, sent one after another; 0: not tried
	Counted   int               // how many of them had an effect
	Forgets   int               // so many events of others made one be forgotten; 0: not seen
	// ForgetsAfter is how long that took, where it was seen at the end of a run.
	ForgetsAfter time.Duration
	// Of two statuses with the same timestamps the older one came last, and alone: the message
	// moves back to it, or stays where it is.
	MovesBack, Stays bool
	Lost             int // of many messages that were told of one after another, those that do not show all of it
	LostTexts        int // of many texts that came one after another, those that are not counted
}

// Explain is the causes behind what failed, the surest first. Each source of
// causes looks at the same facts and knows nothing of the others.
func Explain(f Facts) []report.Cause {
	var all []report.Cause
	for _, source := range []func(Facts) []report.Cause{diagnosed, learned, verifiesNothing} {
		all = append(all, source(f)...)
	}
	all = tried(f, recognised(f, everyForm(), all))
	order := []learn.Certainty{learn.Tried, learn.Matches, learn.Likely}
	slices.SortStableFunc(all, func(a, b report.Cause) int {
		return slices.Index(order, learn.Certainty(a.Certainty)) - slices.Index(order, learn.Certainty(b.Certainty))
	})
	return all
}

// tried puts what experiments with copies have shown in the place of what the failures
// look like: that only some of the copies are known, or not for long.
func tried(f Facts, all []report.Cause) []report.Cause {
	lost := slices.DeleteFunc(failed(f.Rules), func(id string) bool { return id != contract.IDEM2 && id != contract.IDEM6 })
	if f.Forgets > 0 && len(lost) > 0 {
		duplicates := []string{contract.IDEM1, contract.IDEM2, contract.IDEM5, contract.IDEM6}
		all = append(slices.DeleteFunc(all, func(c report.Cause) bool {
			return slices.ContainsFunc(c.Rules, func(id string) bool { return slices.Contains(duplicates, id) })
		}), report.Cause{ID: "forgotten-too-soon", Rules: lost, Certainty: string(learn.Tried), Summary: forgets(f), Fix: unique + " Retries come for hours: no LRU, no cache of so many keys, no key that expires before, and no time of the delivery in the key."})
	}
	all = lossTold(all, f.Lost, contract.ORD1, report.Cause{ID: "updates-lost", Summary: updatesLost, Fix: commitEvery})
	all = lossTold(all, f.LostTexts, contract.INB1, report.Cause{ID: "texts-lost", Summary: textsLost, Fix: commitEveryText})
	race, bySecond := "status-race", "ordered-by-the-second"
	if f.MovesBack || f.Stays {
		is, not := race, bySecond
		if f.MovesBack {
			is, not = bySecond, race
		}
		all = slices.DeleteFunc(all, func(c report.Cause) bool { return c.ID == not })
		for i := range all {
			if all[i].ID == is {
				all[i].Certainty = string(learn.Tried)
			}
		}
	}
	if f.Counted > 0 && f.Counted < f.Copies {
		all = someKnown(f, all)
	}
	return all
}

// lossTold names the cause of losses that were looked for and seen, in place of what the
// failures look like.
func lossTold(all []report.Cause, lost int, id string, told report.Cause) []report.Cause {
	if lost == 0 {
		return all
	}
	told.Rules, told.Certainty = []string{id}, string(learn.Tried)
	return append(slices.DeleteFunc(all, func(c report.Cause) bool { return c.ID == told.ID }), told)
}

// someKnown puts one cause in the place of those by which no copy would be known, or each.
func someKnown(f Facts, all []report.Cause) []report.Cause {
	some := report.Cause{
		ID: "some-duplicates-known", Certainty: string(learn.Likely),
		Summary: fmt.Sprintf("of %d copies of one event, sent one after another, %d had an effect: some duplicates are known, as where each of several processes or instances remembers for itself", f.Copies, f.Counted),
		Fix:     unique + " What one process remembers, the others don't know.",
	}
	others := slices.DeleteFunc(slices.Clone(all), func(c report.Cause) bool {
		if !slices.Contains([]string{"no-deduplication", "key-changes-with-the-attempt", "last-event-remembered"}, c.ID) {
			return false
		}
		some.Rules = append(some.Rules, c.Rules...)
		return true
	})
	if slices.Sort(some.Rules); len(some.Rules) == 0 {
		return all
	}
	some.Rules = slices.Compact(some.Rules)
	return append(others, some)
}

// forgets is what was seen of a copy that came later.
func forgets(f Facts) string {
	if f.ForgetsAfter == 0 {
		return fmt.Sprintf("what was processed is forgotten too soon, by number or by time: a copy that came at once had no effect, and one after %d events of others had its effect once more", f.Forgets)
	}
	return fmt.Sprintf("what was processed is forgotten too soon, by number or by time, or its key holds the time of arrival: a copy that came at once had no effect, and a retry after %s and %d deliveries of others had its effect once more",
		f.ForgetsAfter.Round(100*time.Millisecond), f.Forgets)
}

// Assign tells each failed rule the first cause that explains it.
func Assign(rules []report.Rule, causes []report.Cause) {
	for i := range rules {
		r := &rules[i]
		if r.Verdict != report.Failed && r.Verdict != report.Warned {
			continue
		}
		if c := slices.IndexFunc(causes, func(c report.Cause) bool { return slices.Contains(c.Rules, r.ID) }); c >= 0 {
			r.Cause, r.Fix = causes[c].ID, causes[c].Fix // which belongs to what was seen, not to the rule's usual suspect
		}
	}
}

// diagnosed is the one cause of a run in which nothing genuine was taken.
func diagnosed(f Facts) []report.Cause {
	if f.Diagnosis == nil {
		return nil
	}
	rules := failed(f.Rules)
	if f.Diagnosed != "" { // something is taken: what else fails may have other reasons
		rules = slices.DeleteFunc(rules, func(id string) bool {
			return !slices.Contains([]string{f.Diagnosed, contract.SIG1, contract.SIG9, contract.TOL5}, id)
		})
	}
	return []report.Cause{{
		ID: f.Diagnosis.Cause, Summary: f.Diagnosis.Summary, Fix: f.Diagnosis.Fix,
		Rules: rules, Certainty: string(learn.Matches),
	}}
}

// learned are the causes that learning has found by experiment.
func learned(f Facts) []report.Cause {
	var all []report.Cause
	for _, d := range f.Traits.Deviations {
		c := report.Cause{ID: d.ID, Summary: d.Reason, Fix: d.Fix, Rules: []string{}, Certainty: string(d.Certainty)}
		if slices.Contains(failed(f.Rules), d.Rule) {
			c.Rules = append(c.Rules, d.Rule)
		}
		all = append(all, c)
	}
	return all
}

// forgedRules is how many rules are about forged deliveries.
const forgedRules = 7

// fewest is how many forgeries must have been tried before all of them mean that
// nothing is verified.
const fewest = 8

// refusesInWords recognises what receivers say of a signature that does not fit.
var refusesInWords = regexp.MustCompile(`(?i)(invalid|bad|wrong|missing|no|failed|mismatch).{0,30}signature|signature.{0,40}(invalid|mismatch|failed|wrong|missing|not)|unauthori[sz]ed|forbidden|denied|"(ok|success|valid|verified)" ?: ?false|"status" ?: ?"?(error|fail|40[0-9])`)

// verifiesNothing is for a receiver that accepts every forged delivery, but for a
// few that it cannot even read: a body that was cut off is no JSON.
func verifiesNothing(f Facts) []report.Cause {
	tried, accepted, refused := 0, 0, 0 // refused: by what the answer says, not by its status
	words := ""
	rules, after := []string{}, []string{}
	for _, r := range f.Rules {
		if !slices.Contains([]string{contract.SIG2, contract.SIG3, contract.SIG4, contract.SIG5, contract.SIG6, contract.SIG7, contract.SIG10}, r.ID) {
			if r.ID == contract.ROT1 && bad(r.Verdict) {
				after = append(after, r.ID)
			}
			continue
		}
		for _, s := range r.Scenarios {
			switch s.Verdict {
			case report.Failed:
				tried++
				if shows(s) != "2xx" { // an error of the server is no acceptance
					continue
				}
				accepted++
				if line := said(s); refusesInWords.MatchString(line) {
					refused++
					words = line
				}
			case report.Passed:
				tried++
			case report.NotChecked, report.Warned, report.Errored:
			}
		}
		if r.Verdict == report.Failed {
			rules = append(rules, r.ID)
		}
	}
	if tried < fewest || accepted*10 < tried*9 || len(rules) < forgedRules { // what is no JSON any more, the parser refuses
		return nil
	}
	fix := "Verify every delivery before anything else is done with it, and refuse to start without a signing secret."
	switch {
	case f.Handed:
		fix = "Did it get its secret? It was handed to the function that makes the handler. A receiver without a secret must refuse every delivery. " + fix
	case f.Started:
		fix = fmt.Sprintf("Did it get its secret? It was given in the environment as %s; if the receiver reads it under another name, say so: --secret-env NAME (secret_env: NAME under target in the config file). A receiver without a secret must refuse to start, or refuse every delivery. ", f.SecretEnv) + fix
	default:
		fix = "Did it get its secret? Look how the receiver reads it (sentsim names the variable with --secret-env NAME where it starts the receiver itself). A receiver without a secret must refuse every delivery. " + fix
	}
	if refused*10 >= accepted*9 {
		return []report.Cause{{
			ID: "refused-with-2xx", Certainty: string(learn.Matches), Rules: append(rules, after...),
			Summary: fmt.Sprintf("the receiver refuses in words what it accepts by its status: %d of %d forgeries got a 2xx, which says %.80s", refused, tried, words),
			Fix:     "Answer 401 where the signature does not fit: Sent reads only the status. Look what genuine deliveries get: where they get this text too, they are lost, and Sent counts them as delivered; then compare the signing secrets.",
		}}
	}
	if f.Ignored {
		return []report.Cause{{
			ID: "refused-with-2xx", Certainty: string(learn.Matches), Rules: append(rules, after...),
			Summary: fmt.Sprintf("the receiver acknowledges what it refuses: %d of %d forgeries got a 2xx, and those that were looked for have no effect in its state", accepted, tried),
			Fix:     "Answer 401 where the signature does not fit: Sent reads only the status, and takes what gets a 2xx for delivered. With a wrong secret every event would be lost, and nobody would notice.",
		}}
	}
	return []report.Cause{{
		ID: "verifies-nothing", Certainty: string(learn.Matches), Fix: fix, Rules: append(rules, after...),
		Summary: fmt.Sprintf("the receiver verifies nothing: %d of %d forgeries were accepted", accepted, tried),
	}}
}

func failed(rules []report.Rule) []string {
	ids := []string{}
	for _, r := range rules {
		if r.Verdict == report.Failed || r.Verdict == report.Warned {
			ids = append(ids, r.ID)
		}
	}
	return ids
}
