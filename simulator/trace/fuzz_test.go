package trace_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/sentsim/sentsim/simulator/trace"
)

// FuzzRead: whatever a file holds, reading it ends with a trace that can be
// written and read again, or with an error that has a place and one line. With
// reseal its lines get the sums that they should have, so that what is behind
// the sums is met too.
func FuzzRead(f *testing.F) {
	file := written(f, sample())
	f.Add(file, false)
	f.Add(file, true)
	f.Add(file[:len(file)/2], false)
	f.Add(bytes.Replace(file, []byte("SENT"), []byte("READ"), 1), false)
	f.Add([]byte(`{"kind":"run","trace":2}`+"\n"), true)
	f.Add([]byte("\n\n"), false)
	f.Fuzz(func(t *testing.T, file []byte, reseal bool) {
		if reseal {
			file = trace.Reseal(file)
		}
		got, err := trace.Read(bytes.NewReader(file))
		if err != nil {
			var p *trace.Problem
			if !errors.As(err, &p) || p.Line < 1 || p.Byte < 1 || strings.ContainsAny(err.Error(), "\r\n") {
				t.Fatalf("no place, or more than one line: %q", err)
			}
			if (got != nil) && !errors.Is(err, trace.ErrCut) {
				t.Fatalf("a trace with %v", err)
			}
		}
		if got == nil {
			return
		}
		once := written(t, trace.Trace{Run: got.Run, Steps: got.Steps})
		again, err := trace.Read(bytes.NewReader(once))
		if !errors.Is(err, trace.ErrCut) {
			t.Fatalf("written and read again: %v", err)
		}
		if twice := written(t, trace.Trace{Run: again.Run, Steps: again.Steps}); !bytes.Equal(once, twice) {
			t.Fatalf("written once:\n%s\nand twice:\n%s", once, twice)
		}
	})
}
