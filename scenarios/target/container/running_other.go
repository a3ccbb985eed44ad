//go:build !unix

package container

import "os"

// running tells whether there is a process of that number.
func running(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	_ = p.Release()
	return true
}
