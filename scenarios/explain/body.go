package explain

import (
	"bytes"
	"encoding/json"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/sentsim/sentsim/scenarios/capture"
	"github.com/sentsim/sentsim/simulator/signing"
)

// candidate is a body that may have been signed, and what was undone to get it.
type candidate struct {
	bytes   []byte
	changes []change
	last    bool // nothing more is undone of it
}

// Bounds of the search for what was signed.
const (
	mostChanges    = 4
	mostCandidates = 220
	mostFormed     = 500     // more of them, to which Sent's form was given back
	largeBody      = 1 << 18 // beyond it only what costs little is tried, and not much of it
	mostLarge      = 16
)

// step undoes one change of a body; it gives the bodies that it may have been
// before, none where it shows no trace of that change. The step without undo
// gives a body Sent's form back: each body that it makes says what was undone.
type step struct {
	change
	cheap bool // also for large bodies
	undo  func(r capture.Request, body []byte) [][]byte
}

// before are the bodies that c may have been before this change.
func (s step) before(r capture.Request, c candidate) (all []candidate) {
	if s.undo == nil {
		for _, before := range restoring(r, c.bytes) {
			before.changes = slices.Concat(c.changes, before.changes)
			all = append(all, before)
		}
		return all
	}
	for _, before := range s.undo(r, c.bytes) {
		all = append(all, candidate{bytes: before, changes: append(slices.Clone(c.changes), s.change)})
	}
	return all
}

// bodies are all bodies that may have been signed, those with the fewest changes
// first: the body as captured, and then what it was before one change, two …
func bodies(r capture.Request) iter.Seq[candidate] {
	return func(yield func(candidate) bool) {
		seen := map[string]bool{}
		queue := []candidate{{bytes: r.Body}}
		for _, other := range r.Others {
			queue = append(queue, candidate{bytes: other})
		}
		steps := steps(r)
		total, formed, most := 0, 0, mostCandidates
		if len(r.Body) > largeBody {
			most = mostLarge
		}
		for len(queue) > 0 && total < most {
			c := queue[0]
			queue = queue[1:]
			if seen[string(c.bytes)] {
				continue
			}
			seen[string(c.bytes)] = true
			if !c.last {
				total++
			} else if formed++; formed > mostFormed {
				continue
			}
			if !yield(c) {
				return
			}
			if len(c.changes) == mostChanges {
				continue
			}
			for _, s := range steps {
				if len(c.bytes) > largeBody && !s.cheap || s.undo == nil && formed > mostFormed || !c.mayUndo(s) {
					continue
				}
				for _, before := range s.before(r, c) {
					if !seen[string(before.bytes)] {
						queue = append(queue, before)
					}
				}
			}
		}
	}
}

// mayUndo keeps the search small: no change is undone twice but those that may
// be there twice, and nothing after another printing of the JSON, which is last.
func (c candidate) mayUndo(s step) bool {
	if c.last {
		return false
	}
	for _, done := range c.changes {
		again := s.cause == "body-base64" || s.cause == "body-json-string" || s.cause == "body-escaped"
		if done.cause == s.cause && !again || printing(done.cause) {
			return false
		}
	}
	return true
}

// printing reports whether a change is another printing of the same JSON.
func printing(cause string) bool {
	return strings.HasPrefix(cause, "body-reserialised") || cause == "body-pretty-printed" || cause == "body-lost" || cause == "body-line-break-lost"
}

// declared is how long the body is, as the capture says; 0 when it does not.
func declared(r capture.Request) int {
	if n, err := strconv.Atoi(strings.TrimSpace(firstPart(r.Get("Content-Length")))); err == nil && n > 0 {
		return n
	}
	if n, err := strconv.Atoi(firstPart(r.Get("CONTENT_LENGTH"))); err == nil && n > 0 {
		return n
	}
	if r.Length > 0 && r.Length < capture.MaxBytes {
		return int(r.Length)
	}
	return 0
}

func firstPart(text string) string {
	first, _, _ := strings.Cut(text, ",")
	return strings.Trim(first, " \"'")
}

// steps are all changes that are known, the likeliest first.
func steps(r capture.Request) []step {
	all := slices.Concat(framing(), characters(), encodings(r), printings(r), []step{{}})
	const raw = "Verify the raw bytes, before anything parses, trims or decodes the body."
	for _, c := range signing.BodyChanges() {
		// Line ends, blanks and byte order marks are an editor's; so is JSON that is
		// printed anew where the capture has it as a value.
		ofEditor := slices.Contains([]string{"body-line-break-added", "body-line-break-lost", "body-space-added", "body-line-ends-changed", "body-bom-added"}, c.Cause)
		printed := strings.HasPrefix(c.Cause, "body-reserialised")
		said := strings.TrimSuffix(strings.TrimPrefix(c.Summary, "the signature is right for "), ": the body was changed after it was signed")
		if c.Cause == "body-lost" {
			said, ofEditor = "it was made over an empty body", false
		} else {
			said = "it is right for " + said
		}
		fix := c.Fix
		if fix == "" {
			fix = raw
		}
		all = append(all, step{change{c.Cause, said, fix, ofEditor || printed && r.Parsed}, ofEditor, func(_ capture.Request, b []byte) [][]byte {
			if before, ok := c.Undo(b); ok {
				return [][]byte{before}
			}
			return nil
		}})
	}
	return append(all, surroundings())
}

// settled is the body as it was sent, as far as that can be told without its
// signature: decoded where it is JSON inside, cut where its length says so.
func settled(r capture.Request) []byte {
	if n := declared(r); n > 0 && n < len(r.Body) && json.Valid(r.Body[:n]) {
		r.Body = r.Body[:n]
	}
	tried := 0
	var unchanged, best []byte
	for c := range bodies(r) {
		if c.last {
			continue
		}
		if tried++; tried > 120 {
			break
		}
		if trimmed := bytes.TrimSpace(c.bytes); len(trimmed) == 0 || trimmed[0] != '{' || !json.Valid(trimmed) || reshaped(c) {
			continue
		}
		if best == nil {
			best = c.bytes
		}
		if !slices.ContainsFunc(c.changes, func(x change) bool { return !x.note }) {
			unchanged = c.bytes
			break
		}
	}
	switch {
	case unchanged != nil && declared(r) != len(unchanged):
		return bytes.TrimSpace(unchanged) // Sent's have no blanks around them, an editor's file has
	case unchanged != nil:
		return unchanged
	case best != nil:
		return best
	}
	return r.Body
}

// reshaped reports whether c is what was taken out of a JSON that is one itself:
// that may be a part of the body, and only a signature tells that it is not.
func reshaped(c candidate) bool {
	return slices.ContainsFunc(c.changes, func(x change) bool {
		return x.cause == "body-wrapped" || x.cause == "body-around" || x.cause == "body-lost"
	})
}
