package steps

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
)

func TestOtherWritingsAreTheSameJSON(t *testing.T) {
	body := []byte(`{"field":"message","timestamp":"2025-10-31T10:10:42Z","payload":{"text":"a \"b\": {c}, [d] é","n":null,"status":"SENT"}}`)
	writings := map[string]func([]byte) []byte{
		"spread":        spread,
		"escapeStrings": escapeStrings,
		"duplicateKey":  duplicateKey,
		"reorder": func(b []byte) []byte {
			out, err := reorder(b)
			if err != nil {
				t.Fatal(err)
			}
			return out
		},
	}
	var want any
	if err := json.Unmarshal(body, &want); err != nil {
		t.Fatal(err)
	}
	for name, write := range writings {
		t.Run(name, func(t *testing.T) {
			out := write(bytes.Clone(body))
			var got any
			if err := json.Unmarshal(out, &got); err != nil {
				t.Fatalf("%v in %s", err, out)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s means something else than %s", out, body)
			}
			var compact bytes.Buffer
			if err := json.Compact(&compact, out); err != nil {
				t.Fatal(err)
			}
			if bytes.Equal(out, body) {
				t.Errorf("nothing was changed")
			}
		})
	}
}
