// Package sqlite is the driver that a file of package history is read and written
// with. It is a package of its own, imported for its effect alone, because it is
// large: a program that keeps everything in memory does without.
//
//	import _ "github.com/sentsim/sentsim/simulator/history/sqlite"
package sqlite

import _ "modernc.org/sqlite" // registers the driver "sqlite"
