//go:build unix

package target

import "syscall"

// killGroup ends a process group.
func killGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }

// signal sends a signal to all of it: to the group, and to what has left it. One that is
// gone already is no error where it is to end.
func (p *process) signal(sig syscall.Signal) error {
	group := p.group()
	signalFamily(p.mark, group, sig)
	if group == 0 {
		return nil
	}
	return syscall.Kill(-group, sig)
}

// terminate asks it to end. There is nothing that we could do about an error.
func (p *process) terminate() {
	_ = p.signal(syscall.SIGTERM)
	_ = p.resume() // what is paused does not see its SIGTERM
}

// pause makes it stand still.
func (p *process) pause() error { return p.signal(syscall.SIGSTOP) }

// resume lets it go on. One that is not paused does not notice.
func (p *process) resume() error { return p.signal(syscall.SIGCONT) }
