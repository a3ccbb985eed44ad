// Package zoo holds no code but tests: the mutants of package mutant, each the
// reference receiver with one mistake that people make, go through verify and
// through chaos. Between them they must fail each on the rules that state its
// mistake and on no rule that it does not name.
package zoo
