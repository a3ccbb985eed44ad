package report

import (
	"bytes"
	"regexp"
)

// The commands that CI runners read out of what a program prints: a line that
// begins with ::error or ::stop-commands:: (GitHub), and ##[error], ##vso[…] and
// ##teamcity[…] anywhere in a line (GitHub, Azure, TeamCity).
var (
	lineCommand    = regexp.MustCompile(`(?m)^([ \t]*)::`)
	bracketCommand = regexp.MustCompile(`##(\w*)\[`)
)

// muted takes the commands for a CI runner out of text: one of their characters
// becomes an escape such as \x3a, so that a receiver cannot speak to the runner
// through its answers and its log. It works on finished text as well, for a line
// may be broken where a command begins.
func muted(b []byte) []byte {
	if bytes.Contains(b, []byte("::")) {
		b = lineCommand.ReplaceAll(b, []byte(`${1}\x3a:`))
	}
	if bytes.Contains(b, []byte("##")) {
		b = bracketCommand.ReplaceAll(b, []byte(`##${1}\x5b`))
	}
	return b
}

// mutedJSON is muted for finished JSON, whose value stays the same.
func mutedJSON(b []byte) []byte {
	if !bytes.Contains(b, []byte("##")) {
		return b
	}
	return bracketCommand.ReplaceAll(b, []byte(`##${1}\u005b`))
}
