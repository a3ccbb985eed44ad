package cause

import (
	"regexp"
	"slices"
	"strings"
)

// mistake is one that people make, with what it looks like from outside.
type mistake struct {
	id, summary string // with {answer}, what was answered, and {what}, what was sent
	fix         string
	mutants     []string // that make it: their signs in the dictionary are its signs
	like        []string // signs of a form that no mutant has, as in the dictionary; * in a name is any text; refused is any refusal
	with        []string // rules that must have failed
	without     []string // rules that must not have failed
	needs       []string // signs that must all be there
	absent      []string // signs of which none may be there
	tried       bool     // learning finds it: what it explains besides is added, where it was found
	covers      []string // rules that need no other cause, where this is one
	plain       bool     // its signs can mean nothing else, though no mutant shows them
	answer      string   // a regular expression: an answer that gives it away
	on          []string // rules whose answers do
}

// knownMistakes is the dictionary's side that is written by hand: what each
// mistake is called and how it is mended.
func knownMistakes() []mistake {
	return slices.Concat(knownOfSignatures(), knownOfDuplicates(), knownOfOrder(), knownOfTolerance())
}

// form is one set of signs that a mistake shows.
type form struct {
	of    *mistake
	signs []Sign
	said  *regexp.Regexp // instead of signs: failed answers on the mistake's rules that match
}

// proven reports whether a mistake is certain where a form fits: a mutant makes
// it, or an answer says it, or nothing else can look like that.
func (f form) proven() bool { return len(f.of.mutants) > 0 || f.said != nil || f.of.plain }

// loose reports whether a form takes any scenario of a rule.
func (f form) loose() bool {
	return !slices.ContainsFunc(f.signs, func(s Sign) bool { return !strings.Contains(s.Scenario, "*") })
}

// forms is every form of every known mistake.
func forms(known []mistake, dictionary map[string][]Sign) []form {
	var all []form
	for i := range known {
		m := &known[i]
		for _, name := range m.mutants {
			if signs := dictionary[name]; len(signs) > 0 {
				all = append(all, form{of: m, signs: signs})
			}
		}
		if len(m.like) > 0 {
			all = append(all, form{of: m, signs: parseSigns(m.like)})
		}
		if m.answer != "" {
			all = append(all, form{of: m, said: regexp.MustCompile("(?i)" + m.answer)})
		}
	}
	return all
}

func parseSigns(lines []string) []Sign {
	all := make([]Sign, len(lines))
	for i, line := range lines {
		all[i], _ = parseSign(line)
	}
	return all
}

func parseSign(line string) (Sign, bool) {
	id, rest, _ := strings.Cut(strings.TrimSpace(line), " | ")
	cut := strings.LastIndex(rest, " | ")
	if cut < 0 {
		return Sign{}, false
	}
	return Sign{Rule: id, Scenario: rest[:cut], Shows: rest[cut+3:]}, true
}
