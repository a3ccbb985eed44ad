package delivery

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
)

const (
	maxHead  = 1 << 20 // of a response's head, interim responses included
	maxDrain = 1 << 20 // of a response's body, beyond MaxResponseBody
)

// These are reported as malformed responses.
var (
	errHeadTooLong    = errors.New("a response head of more than 1 MiB")
	errTooManyInterim = fmt.Errorf("%d interim responses (1xx) and no final one", maxInterim)
)

// maxInterim is how many interim responses may precede the final one: a receiver
// that sends nothing else would otherwise look slow.
const maxInterim = 100

// read waits for the final response.
func (s *sending) read() Outcome {
	br, limit := s.link.br, &s.link.limit
	limit.left, limit.err, s.interim = maxHead, nil, 0
	for {
		if err := sniff(br); err != nil {
			return s.failed(err)
		}
		s.phase = inHead
		if s.keep && s.link.answers.follows(br) {
			limit.left = math.MaxInt
			return s.readAgain()
		}
		buffered, _ := br.Peek(br.Buffered())
		//nolint:bodyclose // Close would read an endless body to its end; the connection is closed instead
		resp, err := http.ReadResponse(br, &http.Request{Method: http.MethodPost})
		switch {
		case err != nil && limit.left == 0:
			return s.failed(protocolError{errHeadTooLong})
		case limit.err != nil && err != nil:
			return s.failed(limit.err) // the parser only saw half a line
		case err != nil:
			return s.failed(err)
		case resp.ProtoMajor != 1:
			return s.failed(protocolError{fmt.Errorf("a response in %s", resp.Proto)})
		case resp.StatusCode < 100 || resp.StatusCode == http.StatusSwitchingProtocols:
			return s.failed(protocolError{fmt.Errorf("status %d, which nobody asked for", resp.StatusCode)})
		}
		if resp.StatusCode >= 200 {
			limit.left = math.MaxInt
			if s.keep {
				s.link.answers.learn(buffered, br.Buffered(), resp)
			}
			return s.readBody(resp)
		}
		s.phase = exchanging // an interim response: the real one follows
		if s.interim++; s.interim == maxInterim {
			return s.failed(protocolError{errTooManyInterim})
		}
	}
}

// onlyInterim says what came instead of a response, if anything did.
func (s *sending) onlyInterim() string {
	switch s.interim {
	case 0:
		return ""
	case 1:
		return "; an interim response (1xx) came"
	}
	return fmt.Sprintf("; %d interim responses (1xx) came", s.interim)
}

// sniff waits for the first bytes and refuses at once what is not HTTP: whoever
// talks another protocol may wait for us to speak next, for ever.
func sniff(br *bufio.Reader) error {
	want := []byte("HTTP/")
	got, err := br.Peek(len(want))
	switch {
	case !bytes.HasPrefix(want, got):
		return protocolError{fmt.Errorf("it begins with %q%s", got, tlsHint(got))}
	case err != nil && len(got) > 0 && errors.Is(err, io.EOF):
		return io.ErrUnexpectedEOF
	default:
		return err
	}
}

func tlsHint(got []byte) string {
	if len(got) > 1 && (got[0] == 0x15 || got[0] == 0x16) && got[1] == 3 {
		return ", which is TLS: is the endpoint's URL https?"
	}
	return ""
}

// readBody reads the rest of the response. Its status is known from here on,
// but only a complete response is an answer.
func (s *sending) readBody(resp *http.Response) Outcome {
	s.phase = inBody
	out := Outcome{Kind: Answered, Status: resp.StatusCode, Header: resp.Header}
	body, err := io.ReadAll(io.LimitReader(resp.Body, MaxResponseBody+1))
	s.complete = err == nil && !resp.Close
	if len(body) > MaxResponseBody {
		body, out.Truncated = body[:MaxResponseBody], true
		// Let the receiver finish, within reason: then we have its answer.
		_, err = io.CopyN(io.Discard, resp.Body, maxDrain)
		s.complete = errors.Is(err, io.EOF) && !resp.Close
		if errors.Is(err, io.EOF) {
			err = nil
		}
	}
	return s.answered(out, body, err)
}

// readAgain reads a response whose head is the one that the link knows.
func (s *sending) readAgain() Outcome {
	s.phase = inBody
	k := &s.link.answers
	out := Outcome{Kind: Answered, Status: k.status, Header: k.header}
	body, err := k.readBody(s.link.br)
	s.complete = err == nil
	return s.answered(out, body, err)
}

// answered is the outcome of a response whose head was read; err ended its body early.
func (s *sending) answered(out Outcome, body []byte, err error) Outcome {
	out.Body = body
	if err != nil {
		broken := s.failed(err)
		out.Kind, out.Err = broken.Kind, broken.Err
	}
	return out
}

// protocolError is about what came back, not about the connection.
type protocolError struct{ error }

// headLimit reads from the connection until left bytes are read, which then
// looks like its end.
type headLimit struct {
	conn net.Conn
	left int
	err  error // the connection's first: it may tell only once that it was reset
}

func (l *headLimit) Read(p []byte) (int, error) {
	if l.left == 0 {
		return 0, io.EOF
	}
	n, err := l.conn.Read(p[:min(len(p), l.left)])
	l.left -= n
	if l.err == nil {
		l.err = err
	}
	return n, err
}
