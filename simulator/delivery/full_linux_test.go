package delivery_test

import (
	"fmt"
	"net"
	"syscall"
	"testing"
	"time"
)

// fullListener is the URL of a listener that never accepts and whose queue is
// full. net.Listen cannot make the queue short, so this takes system calls.
func fullListener(t *testing.T) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	address := fmt.Sprintf("127.0.0.1:%d", name.(*syscall.SockaddrInet4).Port)
	for range 4 {
		dialer := net.Dialer{Timeout: 200 * time.Millisecond}
		c, err := dialer.DialContext(t.Context(), "tcp", address)
		if err != nil {
			break // full
		}
		t.Cleanup(func() { _ = c.Close() })
	}
	return "http://" + address
}

func TestConnectTimeout(t *testing.T) {
	check(t, send(t, small(fullListener(t)), short), "timeout: no connection within 200ms")
}
