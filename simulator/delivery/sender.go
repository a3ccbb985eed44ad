package delivery

import (
	"context"
	"crypto/x509"
	"io"
	"time"

	"github.com/sentsim/sentsim/simulator/clock"
)

// HTTP is the Sender that speaks HTTP/1.1 to a real receiver. It does so over
// its own connection, one for each attempt, because net/http would correct the
// spelling of headers, refuse bytes that a hostile sender would send, and send a
// request again on its own when a kept connection turns out to be dead: here one
// Send is one request, whatever happens. Redirects are not followed, proxies
// from the environment not used. The zero value is ready to use. Pool does the
// same over connections that it keeps.
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
	s := begin(ctx, timeout)
	e, err := parseEndpoint(r.URL)
	if err == nil {
		err = r.check()
	}
	if err != nil {
		return s.nothingSent(err)
	}
	out := s.overNewLink(ctx, h, e, r)
	s.close(out.Kind == Answered)
	return s.took(out)
}

// SendAndHangUp is Send for r with HangUp set.
func (h HTTP) SendAndHangUp(ctx context.Context, r Request, timeout time.Duration) Outcome {
	r.HangUp = true
	return h.Send(ctx, r, timeout)
}

// sending is one Send on its way.
type sending struct {
	parent   context.Context //nolint:containedctx // lives as long as the call; when it ends, we stopped
	start    time.Time
	deadline time.Time // when the time is up
	timeout  time.Duration
	phase    phase
	link     *link
	keep     bool    // the link is meant to be used again
	interim  int     // responses (1xx) that preceded the final one
	complete bool    // nothing of the response is left on the link, and more may follow
	writer   *writer // of a big request, or of a slow sender's
	hurry    func()  // ends the slow sender's pauses
	written  error   // of a small one
}

func begin(ctx context.Context, timeout time.Duration) sending {
	start := clock.Wall()
	return sending{parent: ctx, start: start, deadline: start.Add(timeout), timeout: timeout, written: errNotWritten}
}

// nothingSent is the outcome of a request that cannot be sent at all.
func (s *sending) nothingSent(err error) Outcome {
	return Outcome{Kind: Cancelled, Err: "nothing was sent: " + err.Error(), Start: s.start}
}

func (s *sending) took(out Outcome) Outcome {
	out.Start, out.Duration = s.start, clock.Wall().Sub(s.start)
	return out
}

func (s *sending) overNewLink(ctx context.Context, h HTTP, e *endpoint, r Request) Outcome {
	if err := s.connect(ctx, h, e); err != nil {
		return s.failed(err)
	}
	_ = s.link.tcp.SetDeadline(s.deadline)
	return s.exchange(e, r)
}

// exchange sends the request over the link, whose deadline is set, and waits for the answer.
func (s *sending) exchange(e *endpoint, r Request) Outcome {
	s.link.use(s.parent)
	defer s.link.rest()
	s.phase = exchanging
	request := s.encode(e, r)
	if r.Cut {
		return s.cut(request, len(r.Body))
	}
	if r.HangUp {
		if _, err := s.link.conn.Write(request); err != nil {
			return s.failed(err)
		}
		_ = s.link.conn.Close()
		return Outcome{Kind: Reset, Err: "the sender hung up as soon as the request was written"}
	}
	if r.Dawdle > 0 {
		ctx, cancel := context.WithDeadline(s.parent, s.deadline)
		defer cancel()
		s.hurry = cancel
		s.writer = startWriting(dawdler{s.link.conn, ctx, r.Dawdle}, request)
		return s.read()
	}
	s.write(request)
	return s.read()
}

// encode is the request as bytes. They stay as they are until the link is used again.
func (s *sending) encode(e *endpoint, r Request) []byte {
	request := r.append(s.link.request[:0], e, s.keep)
	if s.link.request = request; cap(request) > maxKept {
		s.link.request = nil
	}
	return request
}

// write writes a request, or begins to. The response is read while the request is
// still being written: a receiver may refuse a request before it has read all of
// it, and its answer counts even when the rest can then no longer be written. A
// small one the kernel takes without waiting for the receiver.
func (s *sending) write(request []byte) {
	if len(request) > small {
		s.writer = startWriting(s.link.conn, request)
		return
	}
	_, s.written = s.link.conn.Write(request)
}

const (
	// small is the size of requests that an idle connection's send buffer holds.
	small = 8 << 10
	// maxKept is how big a buffer for requests may be to be kept with its link.
	maxKept = 64 << 10
)

// endWriting stops whoever still writes and returns why the request was not
// written completely, nil if it was.
func (s *sending) endWriting() error {
	if s.writer == nil {
		return s.written
	}
	if !s.writer.finished() {
		s.link.interrupt()
		if s.hurry != nil {
			s.hurry()
		}
		<-s.writer.done
	}
	return s.writer.err
}

// close ends the connection. Over TLS it says goodbye first, unless the
// connection is in a state in which that may block.
func (s *sending) close(answered bool) {
	if s.link != nil {
		s.link.close(s.endWriting() == nil && answered)
	}
}

// writer writes a request in the background.
type writer struct {
	done chan struct{}
	err  error // once done
}

func startWriting(conn io.Writer, request []byte) *writer {
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
