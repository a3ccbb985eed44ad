package vectors_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sentsim/sentsim/scenarios/vectors"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/signing"
)

func document(t *testing.T, edition event.Edition) vectors.Document {
	t.Helper()
	d, err := vectors.Make(edition)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestVectors: package signing, which shares no code with the examples, agrees
// with what each vector says a receiver must answer, in every edition.
func TestVectors(t *testing.T) {
	for _, edition := range event.Editions() {
		d := document(t, edition)
		if again := document(t, edition); !reflect.DeepEqual(d, again) {
			t.Errorf("edition %s: two runs differ", edition.Name)
		}
		seen := map[string]int{}
		ids := map[string]bool{}
		for _, v := range d.Vectors {
			if ids[v.ID] {
				t.Errorf("%s is there twice", v.ID)
			}
			ids[v.ID] = true
			secret, err := signing.ParseSecret(v.Secret)
			if err != nil || v.Body == nil {
				t.Fatalf("%s: %v, body %v", v.ID, err, v.Body)
			}
			get := func(name string) string {
				for n, value := range v.Headers {
					if strings.EqualFold(n, name) {
						return value
					}
				}
				return ""
			}
			accepted := secret.Verify(signing.HeadersFrom(get), []byte(*v.Body), time.Unix(v.Now, 0)) == nil
			if accepted != (v.Expect == vectors.Accept) {
				t.Errorf("edition %s, %s: accepted is %t, the vector says %s", edition.Name, v.ID, accepted, v.Expect)
			}
			seen[v.Rule]++
		}
		for _, f := range chaos.Forgeries() {
			if !ids["forged-"+f.Name] {
				t.Errorf("edition %s has no vector of the forgery %s", edition.Name, f.Name)
			}
		}
		for _, rule := range []string{"SIG-1", "SIG-2", "SIG-3", "SIG-4", "SIG-5", "SIG-6", "SIG-7", "SIG-8", "SIG-9", "SIG-10", "SIG-11", "SIG-12"} {
			if seen[rule] == 0 {
				t.Errorf("edition %s has no vector of %s", edition.Name, rule)
			}
		}
	}
}

// TestExamples: the examples find all vectors right, and one that says the
// opposite of what is so wrong.
func TestExamples(t *testing.T) {
	d := document(t, event.NewestEdition())
	right := write(t, d)
	d.Vectors = append([]vectors.Vector(nil), d.Vectors...)
	d.Vectors[0].Expect = vectors.Reject
	wrong := write(t, d)
	for _, command := range [][]string{{"go", "run", "testdata/verify.go"}, {"node", "testdata/verify.mjs"}, {"python3", "testdata/verify.py"}} {
		t.Run(command[0], func(t *testing.T) {
			if _, err := exec.LookPath(command[0]); err != nil {
				if os.Getenv("CI") != "" {
					t.Fatalf("CI is set, and there is no %s", command[0])
				}
				t.Skipf("SKIPPED: %s is not installed, so its example was not run", command[0])
			}
			if out, err := run(t, append(command, right)); err != nil || !strings.Contains(out, "right") {
				t.Errorf("%v: %v\n%s", command, err, out)
			}
			if out, err := run(t, append(command, wrong)); err == nil || !strings.Contains(out, d.Vectors[0].ID) {
				t.Errorf("%v finds a wrong vector right: %s", command, out)
			}
		})
	}
}

func run(t *testing.T, command []string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, command[0], command[1:]...).CombinedOutput()
	return string(out), err
}

func write(t *testing.T, d vectors.Document) string {
	t.Helper()
	data, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "vectors.json")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
