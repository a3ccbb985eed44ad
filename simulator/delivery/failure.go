package delivery

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/sentsim/sentsim/simulator/clock"
)

// phase is how far an attempt has come.
type phase int

const (
	connecting phase = iota
	handshaking
	exchanging // writing the request, waiting for the response
	inHead
	inBody
)

// failed is the outcome of an attempt that ended with err: the one place that
// tells the Kinds apart.
func (s *sending) failed(err error) Outcome {
	var protocol protocolError
	written := s.endWriting()
	switch {
	case s.stopped():
		return Outcome{Kind: Cancelled, Err: "stopped " + s.during()}
	case s.timeIsUp() && isTimeout(err), errors.Is(err, os.ErrDeadlineExceeded):
		return Outcome{Kind: Timeout, Err: s.notWithin()}
	case errors.As(err, &protocol):
		return Outcome{Kind: Malformed, Err: "the response is not HTTP/1.1: " + oneLine(err)}
	case s.phase == connecting:
		return connectFailure(err)
	case s.phase == handshaking:
		return Outcome{Kind: TLS, Err: "TLS handshake: " + oneLine(err) + alertHint(err)}
	case isTLS(err):
		return Outcome{Kind: TLS, Err: "TLS broke " + s.during() + ": " + oneLine(err) + alertHint(err)}
	case isEnd(err) && !isReset(written): // Linux reports a reset once, to whoever comes first
		return Outcome{Kind: Reset, Err: "the receiver closed the connection " + s.during() + s.onKept()}
	case isEnd(err) || isReset(err):
		return Outcome{Kind: Reset, Err: "the receiver reset the connection " + s.during() + s.onKept()}
	default:
		return Outcome{Kind: Malformed, Err: "the response is not HTTP/1.1: " + oneLine(err)}
	}
}

func connectFailure(err error) Outcome {
	switch {
	case isOneOf(err, syscall.ECONNREFUSED, windowsRefused):
		return Outcome{Kind: Refused, Err: "connection refused: nobody listens there"}
	case isOneOf(err, syscall.EMFILE, syscall.ENFILE, syscall.EADDRNOTAVAIL, syscall.ENOBUFS, syscall.ENOMEM):
		return Outcome{Kind: Cancelled, Err: "this machine could not connect: " + oneLine(err)}
	case isReset(err):
		return Outcome{Kind: Reset, Err: "the receiver reset the connection while connecting"}
	default:
		return Outcome{Kind: Unreached, Err: oneLine(err)}
	}
}

// stopped reports whether the caller's context ended. Deadlines are compared
// too: a blocked call may return a moment before its context knows.
func (s *sending) stopped() bool {
	deadline, ok := s.parent.Deadline()
	return s.parent.Err() != nil || (ok && !clock.Wall().Before(deadline))
}

func (s *sending) timeIsUp() bool { return !clock.Wall().Before(s.deadline) }

// during says where the attempt was, as the end of a sentence.
func (s *sending) during() string {
	switch s.phase {
	case connecting:
		return "while connecting"
	case handshaking:
		return "during the TLS handshake"
	case exchanging:
		if s.endWriting() != nil {
			return "before it had taken the whole request, without a response"
		}
		return "without a response"
	case inHead:
		return "in the middle of the response head"
	case inBody:
		return "in the middle of the response body"
	}
	return ""
}

// onKept is what must be said of a connection that had served before and ended
// with no part of a response.
func (s *sending) onKept() string {
	if s.phase != exchanging || s.link.requests == 0 {
		return ""
	}
	return "; it was kept from an earlier request, and the receiver may have closed it before it saw this one"
}

func (s *sending) notWithin() string {
	what := ""
	switch s.phase {
	case connecting:
		what = "no connection"
	case handshaking:
		what = "no end of the TLS handshake"
	case exchanging:
		what = "no response"
		if s.endWriting() != nil {
			what = "the request was not taken completely"
		}
	case inHead:
		what = "no complete response head"
	case inBody:
		what = "no complete response body"
	}
	return fmt.Sprintf("%s within %s%s", what, s.timeout, s.onlyInterim())
}

// What Windows calls a refused, a reset and an aborted connection. The numbers
// mean nothing elsewhere.
const (
	windowsRefused = syscall.Errno(10061)
	windowsReset   = syscall.Errno(10054)
	windowsAborted = syscall.Errno(10053)
)

// errNotWritten: the request was not even begun.
var errNotWritten = errors.New("not written")

func isReset(err error) bool {
	return isOneOf(err, syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNABORTED, windowsReset, windowsAborted, net.ErrClosed)
}

// isEnd reports whether the connection ended too early. Inside a chunked body's
// trailer net/http says so only in words.
func isEnd(err error) bool {
	return isOneOf(err, io.EOF, io.ErrUnexpectedEOF) || strings.Contains(err.Error(), "unexpected EOF")
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.Is(err, os.ErrDeadlineExceeded) || (errors.As(err, &timeout) && timeout.Timeout())
}

// isTLS reports whether err is crypto/tls's: it marks alerts, sent or received,
// by these operations only.
func isTLS(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && (op.Op == "remote error" || op.Op == "local error")
}

// alertHint says what an alert of the receiver means; crypto/tls tells them apart
// in words only.
func alertHint(err error) string {
	hints := []struct{ alert, hint string }{
		{"certificate required", "the receiver asks for a client certificate, and Sent has none"},
		{"bad certificate", "the receiver may be asking for a client certificate, and Sent has none"},
		{"handshake failure", "the receiver may be asking for a client certificate, and Sent has none, or it shares no cipher with us"},
		{"no application protocol", "the receiver does not offer HTTP/1.1 (ALPN)"},
		{"unrecognized name", "the receiver does not serve this host name (SNI)"},
		{"protocol version", "the receiver wants another version of TLS than 1.2 or 1.3"},
	}
	for _, h := range hints {
		if isTLS(err) && strings.Contains(err.Error(), "tls: "+h.alert) {
			return " (" + h.hint + ")"
		}
	}
	return ""
}

func isOneOf(err error, targets ...error) bool {
	for _, t := range targets {
		if errors.Is(err, t) {
			return true
		}
	}
	return false
}

// oneLine is err's text without line breaks and not too long.
func oneLine(err error) string {
	const most = 300
	text := strings.Join(strings.Fields(err.Error()), " ")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}
