//go:build unix

package delivery

import "syscall"

// quiet reports whether the receiver has left the idle connection alone: neither
// closed nor reset it, nor said anything. It must be asked before a connection is
// used again, with its deadline ahead. It asks the kernel and waits for nothing.
func (l *link) quiet() bool {
	if l.raw == nil {
		return false
	}
	if l.look == nil {
		l.look = func(fd uintptr) bool {
			var b [1]byte
			_, err := syscall.Read(int(fd), b[:])
			l.silent = err == syscall.EAGAIN
			return true
		}
	}
	l.silent = false
	err := l.raw.Read(l.look)
	return err == nil && l.silent
}
