//go:build !unix

package target

import (
	"os"
	"syscall"
)

// ownGroup does nothing here: there are no process groups, so children of the
// target have to end by themselves.
func ownGroup() *syscall.SysProcAttr { return nil }

// terminateGroup ends the process at once: there is no polite way.
func terminateGroup(pid int) { killGroup(pid) }

// killGroup ends the process.
func killGroup(pid int) {
	if p, err := os.FindProcess(pid); err == nil {
		_ = p.Kill()
	}
}

// pauseGroup cannot be done here.
func pauseGroup(int) error { return ErrNoControl }

// resumeGroup has nothing to do.
func resumeGroup(int) error { return nil }
