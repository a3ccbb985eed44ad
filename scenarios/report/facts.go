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
		{"learned", learnedFacts(rep.Learned)},
		{"notes", strings.Join(rep.Notes, "; ")},
	}
	return withText(all)
}

// learnedFacts is what was learned of the receiver, in a line.
func learnedFacts(l *Learned) string {
	if l == nil {
		return ""
	}
	var parts []string
	if len(l.Channels) > 0 {
		parts = append(parts, "shows messages on "+strings.Join(l.Channels, ", "))
	}
	if l.OwnMessagesOnly != nil && *l.OwnMessagesOnly {
		parts = append(parts, "keeps only messages that it sent itself")
	}
	if l.InboundShape != nil {
		parts = append(parts, "reads "+*l.InboundShape+" inbound texts")
	}
	if l.Unseen != "" {
		parts = append(parts, l.Unseen)
	}
	return strings.Join(append(parts, l.Notes...), "; ")
}
