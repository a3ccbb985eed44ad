package target

import "syscall"

// ownGroup makes a process lead a group of its own, and die with us even where
// we cannot stop it: when a test binary is killed, say.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
