package signing

import "bytes"

// BodyChange is what may have happened to a body between signing and capture.
// Undo gives the body as it was; false when this one shows no trace of it.
type BodyChange struct {
	Cause, Summary, Fix string
	Undo                func(body []byte) ([]byte, bool)
}

// BodyChanges are the changes that keep a body what it is, but for some
// characters: line ends, spaces, escapes, the printing of its JSON.
func BodyChanges() []BodyChange {
	const raw = "Keep the raw bytes: verify before anything parses, trims or decodes the body, and save a capture without an editor that adds a line break (curl --data-binary, not --data)."
	was := func(what string) string {
		return "the signature is right for " + what + ": the body was changed after it was signed"
	}
	changes := []BodyChange{
		{"body-line-break-added", was("the body without the line break at its end"), raw, func(b []byte) ([]byte, bool) {
			without, ok := bytes.CutSuffix(b, []byte("\n"))
			return bytes.TrimSuffix(without, []byte("\r")), ok
		}},
		{"body-line-break-lost", was("the body with a line break at its end"), raw, func(b []byte) ([]byte, bool) {
			return append(bytes.Clone(b), '\n'), true
		}},
		{"body-line-break-lost", was("the body with a CRLF at its end"), raw, func(b []byte) ([]byte, bool) {
			return append(bytes.Clone(b), '\r', '\n'), true
		}},
		{"body-space-added", was("the body without the whitespace around it"), raw, func(b []byte) ([]byte, bool) {
			return bytes.TrimSpace(b), true
		}},
		{"body-line-ends-changed", was("the body with LF where it has CRLF"), raw, func(b []byte) ([]byte, bool) {
			return bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")), bytes.Contains(b, []byte("\r\n"))
		}},
		{"body-line-ends-changed", was("the body with CRLF where it has LF"), raw, func(b []byte) ([]byte, bool) {
			return bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n")), bytes.Contains(b, []byte("\n"))
		}},
		{"body-bom-added", was("the body without the byte order mark before it"), raw, func(b []byte) ([]byte, bool) {
			return bytes.CutPrefix(b, []byte("\xEF\xBB\xBF"))
		}},
		{"body-reencoded", was("the body before its UTF-8 was read as Latin-1 and encoded again"), raw, fromLatin1},
		{"body-unescaped", was("the body with its backslashes doubled"), raw, func(b []byte) ([]byte, bool) {
			return bytes.ReplaceAll(b, []byte(`\`), []byte(`\\`)), bytes.Contains(b, []byte(`\`))
		}},
	}
	for _, p := range printers() {
		// Which of the two was printed anew the signature cannot tell.
		changes = append(changes, BodyChange{
			"body-" + p.name,
			"the signature is right for this body parsed and printed anew (" + p.name[len("reserialised-"):] + " style): either it was signed so, or it was changed after it was signed",
			"Sign and send the same bytes, and verify the bytes that arrive: never parse and print JSON between the two.", p.print,
		})
	}
	return append(changes, BodyChange{"body-lost", was("an empty body"), raw, func([]byte) ([]byte, bool) { return nil, true }})
}

// explainBody is for a signature that is right for a body that looks like this one.
func explainBody(s Secret, h Headers, body []byte) (Finding, bool) {
	for _, c := range BodyChanges() {
		was, ok := c.Undo(body)
		if ok && s.verifySignature(h, was) == nil {
			return Finding{Cause: c.Cause, Summary: c.Summary, Fix: c.Fix}, true
		}
	}
	return Finding{}, false
}

// fromLatin1 undoes latin1; false when b has a character beyond it.
func fromLatin1(b []byte) ([]byte, bool) {
	out := make([]byte, 0, len(b))
	for _, r := range string(b) {
		if r > 0xFF {
			return nil, false
		}
		out = append(out, byte(r))
	}
	return out, true
}
