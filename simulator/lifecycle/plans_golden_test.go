package lifecycle_test

import (
	"bytes"
	"crypto/sha256"
	"flag"
	"fmt"
	"io"
	"os"
	"testing"

	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/lifecycle"
	"github.com/sentsim/sentsim/simulator/seed"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestPlansOfASeed holds plans to a file, so that a seed from a bug report names
// the same messages on every machine, and until the CHANGELOG says otherwise.
// The first plans are written out; the checksum stands for the rest.
func TestPlansOfASeed(t *testing.T) {
	const file = "testdata/plans.golden"
	var out bytes.Buffer
	for _, ch := range event.Channels() {
		for _, o := range []lifecycle.Options{
			{Channel: ch},
			{Channel: ch, Extended: true, Automatic: true},
		} {
			fmt.Fprintf(&out, "%s extended=%v\n", ch, o.Extended)
			writePlans(&out, 6, 1500, func(w io.Writer, n uint64) {
				for _, s := range lifecycle.PlanMessage(seed.Seed(1).Stream("message", n), o) {
					fmt.Fprintf(w, "  %v %s %s %q\n", s.After, s.Status, s.Channel, s.Reason)
				}
			})
			fmt.Fprintf(&out, "%s extended=%v, each outcome on request\n", ch, o.Extended)
			outcomes := lifecycle.Outcomes(ch, o.Extended)
			writePlans(&out, 0, uint64(len(outcomes)*40), func(w io.Writer, n uint64) {
				o.Outcome = outcomes[n%uint64(len(outcomes))]
				fmt.Fprintln(w, lifecycle.PlanMessage(seed.Seed(1).Stream("asked", n), o))
			})
		}
	}
	fmt.Fprintln(&out, "templates")
	writePlans(&out, 6, 1500, func(w io.Writer, n uint64) {
		for _, s := range lifecycle.PlanTemplate(seed.Seed(1).Stream("template", n), lifecycle.TemplateOptions{}) {
			reason := "-"
			if s.Reason != nil {
				reason = *s.Reason
			}
			fmt.Fprintf(w, "  %v %s %s %v %s\n", s.After, s.Status, s.Category, s.Approved, reason)
		}
	})
	if *update {
		if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(out.Bytes(), want) {
		t.Errorf("the plans of seed 1 are not those of %s: seeds in bug reports would name other runs.\n"+
			"If that is meant, say so in the CHANGELOG and run go test ./simulator/lifecycle -update. Now:\n%s", file, out.String())
	}
}

// writePlans writes the first plans and the checksum of n.
func writePlans(w io.Writer, first, n uint64, one func(w io.Writer, n uint64)) {
	sum := sha256.New()
	for i := range n {
		to := io.Writer(sum)
		if i < first {
			fmt.Fprintf(w, " %d\n", i+1)
			to = io.MultiWriter(sum, w)
		}
		one(to, i)
	}
	fmt.Fprintf(w, " sha256 of %d: %x\n", n, sum.Sum(nil)[:12])
}
