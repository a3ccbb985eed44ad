// Package zoo holds no code but tests: the mutants of package receiver, each the
// reference receiver with one mistake that people make, go through verify and
// through chaos. Verify must fail each on the rules that it declares and on no
// other; chaos must find every one whose mistake shows in the receiver's state.
package zoo
