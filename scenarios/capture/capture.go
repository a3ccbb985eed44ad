// Package capture reads a captured request in the form that a user has at hand:
// a curl command line as a browser or a proxy copies it, a HAR file, or the raw
// HTTP request. It looks at bytes only: it sends nothing, and opens no file
// unless it is given a way to.
package capture

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/sentsim/sentsim/simulator/signing"
)

// Request is one captured request.
type Request struct {
	Method  string // POST where the capture does not say
	URL     string // as captured: for raw HTTP the request target, which may be a path, or ""
	Headers []Header
	Body    []byte // exactly the bytes of the body
}

// Header is one request header, its name spelled as captured.
type Header struct{ Name, Value string }

// Get is the value of the first header of that name in any case, or "".
func (r Request) Get(name string) string {
	for _, h := range r.Headers {
		if strings.EqualFold(h.Name, name) {
			return h.Value
		}
	}
	return ""
}

// ErrNothing is returned when there is no request in what was given, or none
// that carries a signature where there are many.
var ErrNothing = errors.New("no captured request")

// Parser reads captures. The zero value opens no files.
type Parser struct {
	// ReadFile gives the content of a file that a curl command names (-d @body.json);
	// nil refuses such a command.
	ReadFile func(name string) ([]byte, error)
}

// Parse reads data with a Parser that opens no files.
func Parse(data []byte) ([]Request, error) { return Parser{}.Parse(data) }

// Parse tells the form of data by how it begins, and returns its requests, at
// least one: all of a command line, of a HAR file those with an
// X-Webhook-Signature header, of raw HTTP the one. Errors name the line, from 1.
func (p Parser) Parse(data []byte) ([]Request, error) {
	data = bytes.TrimPrefix(data, []byte("\xEF\xBB\xBF"))
	start := bytes.TrimLeft(data, " \t\r\n")
	line := 1 + bytes.Count(data[:len(data)-len(start)], []byte("\n"))
	switch {
	case len(start) == 0:
		return nil, fmt.Errorf("%w: the input is empty; give a curl command, a HAR file or a raw HTTP request", ErrNothing)
	case start[0] == '{' || start[0] == '[':
		return parseHAR(start, line)
	case isCurl(start):
		return p.parseCurl(string(start), line)
	}
	r, err := parseRaw(start, line)
	if err != nil {
		return nil, err
	}
	return []Request{r}, nil
}

// isCurl reports whether data begins with a call of curl, perhaps after a prompt.
func isCurl(data []byte) bool {
	rest := bytes.TrimLeft(bytes.TrimPrefix(data, []byte("$ ")), " ")
	for _, name := range []string{"curl", "curl.exe"} {
		if after, ok := bytes.CutPrefix(rest, []byte(name)); ok && (len(after) == 0 || bytes.ContainsAny(after[:1], " \t\r\n\\")) {
			return true
		}
	}
	return false
}

// short quotes text for an error, without filling the screen.
func short(text string) string {
	const most = 40
	if len(text) > most {
		return fmt.Sprintf("%q...", text[:most])
	}
	return fmt.Sprintf("%q", text)
}

// signed reports whether r carries a signature at all.
func (r Request) signed() bool { return r.Get(signing.HeaderSignature) != "" }
