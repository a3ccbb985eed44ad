package delivery

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
)

// known is the last answer over a link. A receiver says nearly always what it
// said before, but for the second in Date: a head that is the same, byte for
// byte, as one that net/http has parsed means the same, and need not be parsed
// or kept again.
type known struct {
	head   []byte // up to and with its empty line; empty: nothing is known
	status int
	header http.Header
	length int // of the body that follows
	body   []byte
}

// learn takes note of resp, which was parsed from the beginning of buffered; rest
// is how much of it was left. Only what tells the length of its body and leaves
// the connection open is worth it.
func (k *known) learn(buffered []byte, rest int, resp *http.Response) {
	k.head = k.head[:0]
	end := []byte("\r\n\r\n")
	n := bytes.Index(buffered, end) + len(end)
	if n < len(end) || n != len(buffered)-rest || resp.Close || resp.ContentLength < 0 || resp.ContentLength > MaxResponseBody {
		return
	}
	k.head = append(k.head, buffered[:n]...)
	k.status, k.header, k.length = resp.StatusCode, resp.Header, int(resp.ContentLength)
	k.body = nil
}

// follows reports whether the known head comes next, and then takes it out of br.
func (k *known) follows(br *bufio.Reader) bool {
	if len(k.head) == 0 {
		return false
	}
	buffered, _ := br.Peek(br.Buffered())
	if !bytes.HasPrefix(buffered, k.head) {
		return false
	}
	_, _ = br.Discard(len(k.head)) // it is in the buffer
	return true
}

// readBody reads the body after the known head; on an error, as much of it as came.
func (k *known) readBody(br *bufio.Reader) ([]byte, error) {
	if k.body != nil {
		if next, _ := br.Peek(min(br.Buffered(), k.length)); bytes.Equal(next, k.body) {
			_, _ = br.Discard(k.length)
			return k.body, nil
		}
	}
	body := make([]byte, k.length)
	n, err := io.ReadFull(br, body)
	if err != nil {
		return body[:n], err
	}
	k.body = body
	return body, nil
}
