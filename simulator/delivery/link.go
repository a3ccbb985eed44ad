package delivery

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"syscall"
	"time"
)

// link is a connection to a receiver, with what is worth keeping beside it.
type link struct {
	tcp  net.Conn
	conn net.Conn // tcp, or TLS over it

	limit    headLimit // reads from conn
	br       *bufio.Reader
	request  []byte    // room for the next request
	answers  known     // what the receiver said before
	requests int       // answered so far
	idle     time.Time // since when

	mu        sync.Mutex
	used      bool            // a request is under way
	watched   <-chan struct{} // the context of the last use: its Done
	stopWatch func() bool

	raw  syscall.RawConn // of tcp; nil: it has none
	turn turn
}

func newLink(tcp net.Conn) *link {
	l := &link{tcp: tcp, conn: tcp}
	if c, ok := tcp.(syscall.Conn); ok {
		if raw, err := c.SyscallConn(); err == nil {
			l.raw = raw
		}
	}
	return l
}

// connect makes s.link, with TLS if the endpoint wants it.
func (s *sending) connect(ctx context.Context, h HTTP, e *endpoint) error {
	s.phase = connecting
	ctx, cancel := context.WithDeadline(ctx, s.deadline)
	defer cancel()
	conn, err := h.dial(ctx, e.address)
	if err != nil {
		return err
	}
	s.link = newLink(conn)
	if e.secure {
		s.phase = handshaking
		secure := tls.Client(conn, &tls.Config{
			ServerName:         e.name,
			NextProtos:         []string{"http/1.1"},
			RootCAs:            h.RootCAs,
			InsecureSkipVerify: h.Insecure, //nolint:gosec // only where the user asks for it
		})
		if err := secure.HandshakeContext(ctx); err != nil {
			return err
		}
		s.link.conn = secure
	}
	s.link.limit.conn = s.link.conn
	s.link.br = bufio.NewReader(&s.link.limit)
	return nil
}

func (h HTTP) dial(ctx context.Context, addr string) (net.Conn, error) {
	var d net.Dialer
	if h.Redial <= 0 {
		return d.DialContext(ctx, "tcp", addr)
	}
	for patience := h.Redial; ; patience += patience / 2 {
		once, cancel := context.WithTimeout(ctx, patience)
		conn, err := d.DialContext(once, "tcp", addr)
		cancel()
		// The dialer's deadline may come a moment before the context's, so it is
		// the error that tells.
		var waited net.Error
		if err == nil || ctx.Err() != nil || !errors.As(err, &waited) || !waited.Timeout() {
			return conn, err
		}
	}
}

// use marks the link as in use until ctx ends or rest is called: whatever blocks
// on it when ctx ends returns at once. The link keeps watching the context of its
// last use, because the next one is nearly always the same, and a new watch takes
// longer than signing.
func (l *link) use(ctx context.Context) {
	done := ctx.Done()
	l.mu.Lock()
	l.used = true
	same := l.watched == done
	l.watched = done
	l.mu.Unlock()
	if !same {
		l.unwatch()
		if done != nil {
			l.stopWatch = context.AfterFunc(ctx, func() { l.ended(done) })
		}
	}
	if ctx.Err() != nil { // the watch may have come and gone
		l.interrupt()
	}
}

// rest ends a use: from here on no watch interrupts the link.
func (l *link) rest() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.used = false
}

// ended is told when a watched context ends.
func (l *link) ended(done <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.used && l.watched == done {
		l.interrupt()
	}
}

func (l *link) unwatch() {
	if l.stopWatch != nil {
		l.stopWatch()
		l.stopWatch = nil
	}
}

// interrupt makes everything that blocks on the connection return.
func (l *link) interrupt() { _ = l.tcp.SetDeadline(time.Unix(1, 0)) }

// close ends the connection; over TLS with a goodbye if politely, which may block.
func (l *link) close(politely bool) {
	l.unwatch()
	if politely {
		_ = l.conn.Close()
	}
	_ = l.tcp.Close()
}
