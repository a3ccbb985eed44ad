package main

import (
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// target is one piece of code whose tests are put to the test.
type target struct {
	dir   string   // package folder, relative to the module's root
	files []string // base names; none: every non-test file of the folder
	tests string   // -test.run pattern for the package's own tests; empty: all
	first string   // -test.run pattern of tests that find most and are quick; they run before the others
	skip  string   // -test.skip pattern: slow tests about other files
	extra []string // further package folders whose tests count
}

// defaultTargets are the decisions everything else rests on: a mistake in them
// would make the simulator accuse a good receiver, or acquit a bad one.
func defaultTargets() []target {
	return []target{
		{
			dir:   "simulator/signing",
			files: []string{"redact.go", "secret.go", "signing.go", "verify.go"},
			first: "Verify|Sign|Parse|Byte|Padding|Stands|Header",
			skip:  "Mistake|Explain",
		},
		{dir: "simulator/lifecycle", first: "PlansOfASeed|Allowed|Terminal|Resolve|Order|Precede|Validate"},
		{dir: "simulator/delivery", files: []string{"schedule.go"}, tests: "Schedule|Delay|Backoff"},
		{dir: "simulator/webhook", files: []string{"health.go"}},
	}
}

// targetOf reads a file or folder given on the command line; what the default
// targets say about its package holds for it too.
func targetOf(arg string) target {
	arg = path.Clean(filepath.ToSlash(arg))
	t := target{dir: arg}
	if strings.HasSuffix(arg, ".go") {
		t = target{dir: path.Dir(arg), files: []string{path.Base(arg)}}
	}
	for _, d := range defaultTargets() {
		if d.dir == t.dir {
			t.extra, t.first = d.extra, d.first
			if len(t.files) == 1 && slices.Contains(d.files, t.files[0]) {
				t.tests, t.skip = d.tests, d.skip
			}
		}
	}
	return t
}

// withTarget adds t; files of one package are one target.
func withTarget(all []target, t target) []target {
	for i := range all {
		if all[i].dir == t.dir && len(all[i].files) > 0 && len(t.files) > 0 && all[i].tests == t.tests && all[i].skip == t.skip {
			all[i].files = append(all[i].files, t.files...)
			return all
		}
	}
	return append(all, t)
}
