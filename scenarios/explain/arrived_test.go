package explain_test

import (
	"testing"

	"github.com/sentsim/sentsim/scenarios/explain"
)

// What an editor adds to a capture is a note. What Content-Length counts has
// arrived, and a receiver that verifies those bytes refuses them.
func TestWhatContentLengthCounts(t *testing.T) {
	d := signed(t, secretText)
	for _, r := range []struct{ name, before, after, cause string }{
		{"a byte order mark", "\ufeff", "", "body-bom-added"},
		{"a line break", "", "\n", "body-line-break-added"},
		{"a line break of Windows", "", "\r\n", "body-line-break-added"},
		{"a blank", " ", "", "body-space-added"},
		{"NUL bytes", "", "\x00\x00", "body-nul"},
	} {
		arrived := d.with(func(d *delivery) { d.body = r.before + d.body + r.after })
		f := judge(t, arrived.http(length(len(arrived.body))))[0]
		if f.Cause != r.cause || f.Verdict != explain.Wrong || f.Fix == "" {
			t.Errorf("%s that arrived: %d %s: %s", r.name, f.Verdict, f.Cause, f.Summary)
		}
		for _, capture := range []string{arrived.http(), arrived.http(length(len(d.body)))} {
			if r.before != "" && capture != arrived.http() {
				continue // the length is that of another body
			}
			if f := judge(t, capture)[0]; f.Verdict != explain.Right {
				t.Errorf("%s of an editor: %d %s: %s", r.name, f.Verdict, f.Cause, f.Summary)
			}
		}
	}
}
