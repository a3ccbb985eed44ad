package delivery

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/url"
	"time"

	"github.com/sentsim/sentsim/simulator/clock"
)

// HTTP is the Sender that speaks HTTP/1.1 to a real receiver. It does so over
// its own connection, one for each attempt, because net/http would correct the
// spelling of headers, refuse bytes that a hostile sender would send, and send a
// request again on its own when a kept connection turns out to be dead: here one
// Send is one request, whatever happens. Redirects are not followed, proxies
// from the environment not used. The zero value is ready to use.
type HTTP struct {
	RootCAs  *x509.CertPool // whom to trust on https; nil: the system's authorities
	Insecure bool           // trust any certificate
	// Redial gives up a connection that is not there after this time, and tries
	// again with half as much patience more, until the attempt's own timeout. 0 dials
	// once and leaves it to the kernel, which asks again after 1, 3 and 7 s: long
	// for a receiver that is only behind with accepting. Nothing was sent by then.
	Redial time.Duration
}

// Send makes one attempt: connect, write the request while reading the
// response, close. timeout is wall time and covers all of it, to the last byte
// of the response.
func (h HTTP) Send(ctx context.Context, r Request, timeout time.Duration) Outcome {
	u, request, err := r.wire()
	start := clock.Wall()
	if err != nil {
		return Outcome{Kind: Cancelled, Err: "nothing was sent: " + err.Error(), Start: start}
	}
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	s := sending{parent: ctx, ctx: limited, timeout: timeout}
	out := s.run(h, u, request, r)
	out.Start, out.Duration = start, clock.Wall().Sub(start)
	s.close(out.Kind == Answered)
	return out
}

// SendAndHangUp is Send for r with HangUp set.
func (h HTTP) SendAndHangUp(ctx context.Context, r Request, timeout time.Duration) Outcome {
	r.HangUp = true
	return h.Send(ctx, r, timeout)
}

// sending is one Send on its way.
type sending struct {
	parent  context.Context //nolint:containedctx // lives as long as the call; when it ends, we stopped
	ctx     context.Context //nolint:containedctx // likewise; when only it ends, the time is up
	timeout time.Duration
	phase   phase
	tcp     net.Conn
	conn    net.Conn // tcp, or TLS over it
	writer  *writer
}

func (s *sending) run(h HTTP, u *url.URL, request []byte, r Request) Outcome {
	if err := s.connect(h, u); err != nil {
		return s.failed(err)
	}
	// Whatever blocks on the connection when the time is up returns at once.
	stop := context.AfterFunc(s.ctx, s.interrupt)
	defer stop()
	s.phase = exchanging
	if r.Cut {
		return s.cut(request, len(r.Body))
	}
	if r.Dawdle > 0 {
		s.conn = dawdler{s.conn, s.ctx, r.Dawdle}
	}
	if r.HangUp {
		if _, err := s.conn.Write(request); err != nil {
			return s.failed(err)
		}
		_ = s.conn.Close()
		return Outcome{Kind: Reset, Err: "the sender hung up as soon as the request was written"}
	}
	// The response is read while the request is still being written: a receiver
	// may refuse a request before it has read all of it, and its answer counts
	// even when the rest can then no longer be written.
	s.writer = startWriting(s.conn, request)
	return s.read()
}

func (s *sending) connect(h HTTP, u *url.URL) error {
	s.phase = connecting
	conn, err := h.dial(s.ctx, address(u))
	if err != nil {
		return err
	}
	s.tcp, s.conn = conn, conn
	if u.Scheme != "https" {
		return nil
	}
	s.phase = handshaking
	secure := tls.Client(conn, &tls.Config{
		ServerName:         u.Hostname(),
		NextProtos:         []string{"http/1.1"},
		RootCAs:            h.RootCAs,
		InsecureSkipVerify: h.Insecure, //nolint:gosec // only where the user asks for it
	})
	if err := secure.HandshakeContext(s.ctx); err != nil {
		return err
	}
	s.conn = secure
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

// interrupt makes everything that blocks on the connection return.
func (s *sending) interrupt() { _ = s.tcp.SetDeadline(time.Unix(1, 0)) }

// endWriting stops whoever still writes and returns why the request was not
// written completely, nil if it was.
func (s *sending) endWriting() error {
	if s.writer == nil {
		return errNotWritten
	}
	if !s.writer.finished() {
		s.interrupt()
		<-s.writer.done
	}
	return s.writer.err
}

// errNotWritten: the request was not even begun, or was written by a sender that
// hangs up and got no further.
var errNotWritten = errors.New("not written")

// close ends the connection. Over TLS it says goodbye first, unless the
// connection is in a state in which that may block.
func (s *sending) close(answered bool) {
	if s.tcp == nil {
		return
	}
	if s.endWriting() == nil && answered {
		_ = s.conn.Close()
	}
	_ = s.tcp.Close()
}

// writer writes a request in the background.
type writer struct {
	done chan struct{}
	err  error // once done
}

func startWriting(conn net.Conn, request []byte) *writer {
	w := &writer{done: make(chan struct{})}
	go func() {
		defer close(w.done)
		_, w.err = conn.Write(request)
	}()
	return w
}

func (w *writer) finished() bool {
	select {
	case <-w.done:
		return true
	default:
		return false
	}
}

// address is host:port of a URL, the port its scheme's when it names none.
func address(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}
