package report

import (
	"strings"
)

// facts are what a reader must know of a run to know what its result is worth:
// when and where it ran, of what, and what it proves.
func facts(rep Report) []field {
	all := []field{
		{"proven", strings.Join(reached(rep), ", ")},
		{"edition", rep.Edition},
		{"image", rep.Image},
		{"started", rep.Started},
		{"host", rep.Host},
		{"notes", strings.Join(rep.Notes, "; ")},
	}
	return withText(all)
}
