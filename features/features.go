// Package features holds Sent's webhook contract as Gherkin: what a receiver
// owes in this folder, one file per rule family, and what Sent's side does in
// simulator/. The tests of this package run all of it.
package features

import "embed"

// FS holds the feature files.
//
//go:embed *.feature simulator/*.feature
var FS embed.FS
