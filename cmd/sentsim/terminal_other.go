//go:build !unix

package main

import "os"

// columns is 0: how wide a terminal is cannot be asked here.
func columns(*os.File) int { return 0 }
