// Package zoo holds the mutants of package mutant, each the reference receiver with
// one mistake that people make, to verify and to chaos. Between them they must fail
// each on the rules that state its mistake and on no rule that it does not name.
// There is no code but tests, and what they share with other long tables.
package zoo

import (
	"hash/fnv"
	"os"
)

// Whole reports whether long tables of receivers are tested as a whole (make zoo),
// which takes minutes.
func Whole() bool { return os.Getenv("SENTSIM_ZOO") == "all" }

// Tests reports whether a row of a long table is tested: each of them in a whole
// test, else about one in four, always the same.
func Tests(row string) bool {
	h := fnv.New32a()
	_, _ = h.Write([]byte(row)) // never fails
	return Whole() || h.Sum32()%4 == 0
}
