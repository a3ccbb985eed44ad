package event_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/sentsim/sentsim/simulator/event"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestGolden holds every event of every edition, one file each, and lets no file
// stand that is of none. Run it with -update after a change that is meant, and
// read the difference.
func TestGolden(t *testing.T) {
	var files []string
	for _, edition := range event.Editions() {
		for _, k := range event.Catalogue() {
			if !edition.Families.Has(k.Parent()) {
				continue
			}
			file := filepath.Join("testdata", edition.Name, k.Name+".json")
			files = append(files, file)
			t.Run(edition.Name+"/"+k.Name, func(t *testing.T) {
				holds(t, file, append(sample(t, k.Name).Encode(edition.Format()), '\n'))
			})
		}
	}
	found, err := filepath.Glob("testdata/*/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range found {
		if !slices.Contains(files, file) {
			t.Errorf("%s is of no event and edition that there is", file)
		}
	}
}

// TestGoldenKnobs holds one event of each shape in every format, which single
// knobs can make of any edition.
func TestGoldenKnobs(t *testing.T) {
	for _, name := range []string{"message.failed", "message.received", "templates.approved", "contact.opt_out"} {
		e := sample(t, name)
		var got bytes.Buffer
		for _, f := range formats() {
			fmt.Fprintf(&got, "# envelope=%s numbers=%s inbound_shape=%s outbound_shape=%s\n%s\n",
				f.Envelope, f.Numbers, f.InboundShape, f.OutboundShape, e.Encode(f))
		}
		holds(t, filepath.Join("testdata", "knobs", name+".golden"), got.Bytes())
	}
}

// holds compares with a golden file.
func holds(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v: run the test with -update to make it", err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s:\ngot:\n%s\nwant:\n%s", file, got, want)
	}
}
