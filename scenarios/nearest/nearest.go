// Package nearest guesses which known name a mistyped one meant, so that an
// error can offer it.
package nearest

import "strings"

// Name is the known name that text most likely meant, or "" when none is close
// enough to be worth offering. Case, and the difference between -, _ and a
// space, do not count.
func Name(text string, known []string) string {
	best, bestDistance := "", 1<<30
	t := fold(text)
	for _, name := range known {
		if d := distance(t, fold(name)); d < bestDistance {
			best, bestDistance = name, d
		}
	}
	if best == "" || bestDistance > max(1, (len(fold(best))+1)/3) {
		return ""
	}
	return best
}

// Hint is `, did you mean "name"?` for the nearest name, or "" for none: made to
// be put at the end of an error.
func Hint(text string, known []string) string {
	if name := Name(text, known); name != "" {
		return `, did you mean "` + name + `"?`
	}
	return ""
}

func fold(s string) string {
	return strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToLower(s))
}

// distance is the number of letters to insert, delete, replace or swap with
// their neighbour to make b of a.
func distance(a, b string) int {
	s, t := []rune(a), []rune(b)
	before, above, row := make([]int, len(t)+1), make([]int, len(t)+1), make([]int, len(t)+1)
	for j := range above {
		above[j] = j
	}
	for i := 1; i <= len(s); i++ {
		row[0] = i
		for j := 1; j <= len(t); j++ {
			cost := 1
			if s[i-1] == t[j-1] {
				cost = 0
			}
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+cost)
			if i > 1 && j > 1 && s[i-1] == t[j-2] && s[i-2] == t[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, above, row = above, row, before
	}
	return above[len(t)]
}
