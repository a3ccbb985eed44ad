package trace

import (
	"bytes"
	"testing"
)

// Seal makes the line that follows line of any content, with the right sum.
func Seal(tb testing.TB, line, content string) string {
	tb.Helper()
	_, before, ok := unseal([]byte(line))
	if !ok {
		tb.Fatalf("%s has no sum", line)
	}
	sealed, _ := seal(before, []byte(content))
	return string(sealed[:len(sealed)-1])
}

// Reseal gives every line of a file the sum that it should have.
func Reseal(file []byte) (out []byte) {
	before := ""
	for line := range bytes.Lines(file) {
		content, _, ok := unseal(bytes.TrimRight(line, "\r\n"))
		if !ok {
			out = append(out, line...)
			continue
		}
		line, before = seal(before, content)
		out = append(out, line...)
	}
	return out
}
