// Package reach is whether something answers at an address, and how to wait until
// it does. Its errors are for people.
package reach

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/sentsim/sentsim/simulator/clock"
)

// The pause between two looks at a target that is not ready yet grows from
// lookFirst to lookLast.
const (
	lookFirst = 10 * time.Millisecond
	lookLast  = 200 * time.Millisecond
)

// LookTime is how long one look at a target takes at most.
const LookTime = 2 * time.Second

// ErrExited ends a wait for a process that is over.
var ErrExited = errors.New("it ended")

// Await looks until it succeeds, ctx ends or exited is closed (nil: never). The
// error of the last look says why it never did.
func Await(ctx context.Context, exited <-chan struct{}, look func(context.Context) error) error {
	var why error
	for pause := lookFirst; ; pause = min(2*pause, lookLast) {
		one, cancel := context.WithTimeout(ctx, LookTime)
		err := look(one)
		cancel()
		if err == nil {
			return nil
		}
		if ctx.Err() == nil || why == nil {
			why = err // not the one that our own giving up causes
		}
		one, cancel = context.WithTimeout(ctx, pause)
		err = clock.Real{}.Wait(one, exited)
		cancel()
		if err == nil {
			return ErrExited
		}
		if ctx.Err() != nil {
			return why
		}
	}
}

// Loopbacks are the addresses on which a target that we started may listen:
// "localhost" is the second one to some runtimes.
func Loopbacks() []string { return []string{"127.0.0.1", "::1"} }

// DialLoopback finds the loopback address on which port accepts connections.
func DialLoopback(ctx context.Context, port int) (host string, err error) {
	for _, host := range Loopbacks() {
		dialErr := Dial(ctx, net.JoinHostPort(host, strconv.Itoa(port)))
		if dialErr == nil {
			return host, nil
		}
		if err == nil {
			err = dialErr
		}
	}
	return "", fmt.Errorf("port %d: %w", port, err)
}

// Dial opens a connection and closes it again.
func Dial(ctx context.Context, address string) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return Reason(err)
	}
	return conn.Close()
}

// Get asks for url and wants a 2xx.
func Get(ctx context.Context, rt http.RoundTripper, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := rt.RoundTrip(req)
	if err != nil {
		return fmt.Errorf("GET %s: %w", url, Reason(err))
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // only the status counts
	_ = resp.Body.Close()
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return &StatusError{url: url, status: resp.StatusCode}
	}
	return nil
}

// StatusError is an answer that is not a 2xx.
type StatusError struct {
	url    string
	status int
}

func (e *StatusError) Error() string { return fmt.Sprintf("GET %s answered %d", e.url, e.status) }

// Reason is the part of a network error that a user can do something about.
func Reason(err error) error {
	var errno syscall.Errno
	var dns *net.DNSError
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return errors.New("timed out")
	case errors.As(err, &dns) && dns.IsNotFound:
		return fmt.Errorf("there is no host %q", dns.Name)
	case errors.As(err, &dns):
		return fmt.Errorf("the name %q does not resolve: %s", dns.Name, dns.Err)
	case errors.As(err, &errno):
		return errno
	}
	return err
}
