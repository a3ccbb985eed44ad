//go:build !unix

package target

import (
	"os"
	"syscall"
)

// ownGroup does nothing here: there are no process groups, so children of the
// target have to end by themselves.
func ownGroup() *syscall.SysProcAttr { return nil }

// terminate ends the process at once: there is no polite way.
func (p *process) terminate() { killGroup(p.cmd.Process.Pid) }

// killGroup ends the process.
func killGroup(pid int) {
	if p, err := os.FindProcess(pid); err == nil {
		_ = p.Kill()
	}
}

// pause cannot be done here.
func (*process) pause() error { return ErrNoControl }

// resume has nothing to do.
func (*process) resume() error { return nil }
