//go:build unix

package target

import "syscall"

// terminateGroup asks a process group to end. One that is gone already is no
// error, and there is no other that we could do something about.
func terminateGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGTERM) }

// killGroup ends a process group.
func killGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }

// pauseGroup makes a process group stand still.
func pauseGroup(pid int) error { return syscall.Kill(-pid, syscall.SIGSTOP) }

// resumeGroup lets it go on. One that is not paused does not notice.
func resumeGroup(pid int) error { return syscall.Kill(-pid, syscall.SIGCONT) }
