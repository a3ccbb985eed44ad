package delivery_test

import (
	"fmt"
	"net"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
)

// fullListener is a listener that does not accept, as a file descriptor, and its
// URL. Its queue is full. net.Listen cannot make the queue short, so this takes
// system calls.
func fullListener(t *testing.T) (listener int, url string) {
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
	return fd, "http://" + address
}

func TestConnectTimeout(t *testing.T) {
	_, url := fullListener(t)
	check(t, send(t, small(url), short), "timeout: no connection within 200ms")
}

// The kernel asks a server whose queue was full again after a second; with
// Redial the sender is through as soon as the server accepts again.
func TestRedial(t *testing.T) {
	for name, c := range map[string]struct {
		redial time.Duration
		want   delivery.Kind
	}{
		"left to the kernel": {0, delivery.Timeout},
		"asking again":       {20 * time.Millisecond, delivery.Answered},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fd, url := fullListener(t)
			var accepting sync.WaitGroup
			accepting.Go(func() {
				// The first question must have gone unheard.
				_ = clock.Real{}.Sleep(t.Context(), 100*time.Millisecond)
				acceptAll(fd)
			})
			out := delivery.HTTP{Redial: c.redial}.Send(t.Context(), small(url), 900*time.Millisecond)
			_ = syscall.Shutdown(fd, syscall.SHUT_RDWR) // ends acceptAll
			accepting.Wait()
			if out.Kind != c.want {
				t.Errorf("%s: %s, want %s", out.Kind, out.Err, c.want)
			}
		})
	}
}

// acceptAll answers every connection, also those that ask nothing.
func acceptAll(listener int) {
	for {
		fd, _, err := syscall.Accept(listener)
		if err != nil {
			return
		}
		_, _ = syscall.Write(fd, []byte("HTTP/1.1 204 No Content\r\n\r\n"))
		_ = syscall.Shutdown(fd, syscall.SHUT_WR)
		_ = syscall.Close(fd)
	}
}
