//go:build !linux

package target

import "syscall"

// family cannot be found here: what leaves its process group has to end by itself.
func family(string) []int { return nil }

// ending cannot be seen here.
func ending(int, []int) bool { return false }

func signalFamily(string, int, syscall.Signal) {}

func killFamily(string) {}
