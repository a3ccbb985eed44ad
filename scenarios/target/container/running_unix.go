//go:build unix

package container

import (
	"errors"
	"syscall"
)

// running tells whether there is a process of that number, ours or not.
func running(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}
