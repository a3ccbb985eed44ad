package diagnosis_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/sentsim/sentsim/scenarios/diagnosis"
	"github.com/sentsim/sentsim/simulator/signing"
)

// Who makes a known mistake and prints the body anew as well is told both, and the
// secret is not blamed.
func TestAMistakeAndAChangedBodyAreFoundTogether(t *testing.T) {
	t.Parallel()
	s := secret(t)
	indented := func(body []byte) []byte {
		var out bytes.Buffer
		_ = json.Indent(&out, body, "", "  ")
		return out.Bytes()
	}
	odd := func(body []byte) []byte {
		if len(body) > 2 {
			return append([]byte("MODEL"), body...)
		}
		return body
	}
	for _, tt := range []struct {
		name, mistake string
		print         func([]byte) []byte
		cause, says   string
	}{
		{"the text as key, indented", "prefix-kept", indented, "prefix-kept-and-body-reserialised", "an indentation of 2"},
		{"its payload, indented", "", func(body []byte) []byte {
			if len(body) == 0 {
				return []byte("no JSON")
			}
			return indented(payload(body))
		}, "body-reserialised", "reduced to its payload, printed with an indentation of 2"},
		{"the text as key, in a form of its own", "prefix-kept", odd, "prefix-kept-and-body-changed", "something changes the body"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var made signing.Mistake
			for _, m := range signing.Mistakes() {
				if m.Name == tt.mistake {
					made = m
				}
			}
			r := under(t, "http://receiver/webhooks/sent")
			r.Sender = inProcess{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				r.Body = io.NopCloser(bytes.NewReader(tt.print(body)))
				if !takes(made, s, r) {
					http.Error(w, "invalid signature", http.StatusUnauthorized)
				}
			})}
			d := diagnosis.Of(t.Context(), r, plainOutcome(t.Context(), r))
			if d.Cause != tt.cause || !strings.Contains(d.Summary, tt.says) || strings.Contains(d.Summary+d.Fix, "another secret") {
				t.Errorf("%+v", d)
			}
		})
	}
}
