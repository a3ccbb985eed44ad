package signing_test

import (
	"testing"

	"github.com/sentsim/sentsim/simulator/signing"
)

// Each printing is what its program prints, and none of them is another one's.
func TestPrintings(t *testing.T) {
	t.Parallel()
	const body = `{"field":"message","payload":{"text":"é, \"a\": b","n":1}}`
	want := map[string]string{
		"printed by JSON.stringify with an indentation of 2":                       "{\n  \"field\": \"message\",\n  \"payload\": {\n    \"text\": \"é, \\\"a\\\": b\",\n    \"n\": 1\n  }\n}",
		"printed by Python's json.dumps, with blanks after , and :":                `{"field": "message", "payload": {"text": "\u00e9, \"a\": b", "n": 1}}`,
		"printed with sorted keys":                                                 `{"field":"message","payload":{"n":1,"text":"é, \"a\": b"}}`,
		"reduced to its payload":                                                   `{"text":"é, \"a\": b","n":1}`,
		"reduced to its payload, printed by Python's json.dumps":                   `{"text": "\u00e9, \"a\": b", "n": 1}`,
		"printed with sorted keys and a line break behind it":                      `{"field":"message","payload":{"n":1,"text":"é, \"a\": b"}}` + "\n",
		"reduced to its payload, printed with an indentation of 2":                 "{\n  \"text\": \"é, \\\"a\\\": b\",\n  \"n\": 1\n}",
		"printed by Python's json.dumps with sort_keys, with blanks after , and :": `{"field": "message", "payload": {"n": 1, "text": "\u00e9, \"a\": b"}}`,
	}
	seen := map[string]string{}
	for _, p := range signing.Printings() {
		printed := string(p.Print([]byte(body)))
		if expected, ok := want[p.Name]; ok && printed != expected {
			t.Errorf("%s: got %q, want %q", p.Name, printed, expected)
		}
		if other, ok := seen[printed]; ok {
			t.Errorf("%s is what %s is", p.Name, other)
		}
		seen[printed] = p.Name
		delete(want, p.Name)
		if p.Print([]byte(`{"a":`)) != nil || p.Print(nil) != nil {
			t.Errorf("%s: prints what is no JSON", p.Name)
		}
	}
	for name := range want {
		t.Errorf("%s is missing", name)
	}
}
