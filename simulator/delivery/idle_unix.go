//go:build unix

package delivery

import (
	"errors"
	"syscall"
)

// turn is how a request goes over a connection that was idle. It asks the kernel
// whether the receiver has left the connection alone: neither closed nor reset
// it, nor said anything. Only then it writes the request, and then it waits for
// the response. All that is one step for the poller, which needs not look for a
// response that cannot be there yet.
type turn struct {
	step    func(fd uintptr) bool // made once, because making it takes memory
	request []byte
	begun   bool // the request was written as far as the kernel took it
	written int
	err     error // of writing
}

// take writes the request if the link is good, and reports whether it was. What
// it did not write is left to the caller. The error is of writing, or says that
// the link's deadline has passed before.
func (l *link) take(request []byte) (good bool, written int, err error) {
	if l.raw == nil {
		return false, 0, nil
	}
	t := &l.turn
	if t.step == nil {
		t.step = t.next
	}
	t.request, t.begun, t.written, t.err = request, false, 0, nil
	err = l.raw.Read(t.step)
	if t.begun {
		err = t.err // whoever reads the response meets the other one again
	}
	t.request = nil
	return t.begun, t.written, err
}

// next returns false to be called again once there is something to read.
func (t *turn) next(fd uintptr) bool {
	if t.begun {
		return true
	}
	var b [1]byte
	if _, err := syscall.Read(int(fd), b[:]); err != syscall.EAGAIN {
		return true
	}
	t.begun = true
	if len(t.request) == 0 {
		return true
	}
	t.written, t.err = syscall.Write(int(fd), t.request)
	t.written = max(t.written, 0)
	if errors.Is(t.err, syscall.EAGAIN) || errors.Is(t.err, syscall.EINTR) {
		t.err = nil // the caller writes the rest
	}
	return t.err != nil || t.written < len(t.request)
}
