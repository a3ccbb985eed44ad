package capture

import (
	"bytes"
	"fmt"
	"io"
	"net/http/httputil"
	"regexp"
	"strings"
)

// parseRaw reads an HTTP request as it goes over the wire, or as an editor saved
// it: the request line may be missing, lines may end with LF. What follows the
// first empty line is the body, to the last byte. line is where data begins.
func parseRaw(data []byte, line int) (Request, error) {
	requestLine := regexp.MustCompile(`^([A-Za-z]+) (\S+)( HTTP/[0-9.]+)?$`)
	r := Request{Method: "POST"}
	for first := true; len(data) > 0; first = false {
		whole := firstLine(data)
		data = data[len(whole):]
		text := strings.TrimSuffix(strings.TrimSuffix(string(whole), "\n"), "\r")
		if text == "" {
			r.Body = data
			break
		}
		if m := requestLine.FindStringSubmatch(text); first && m != nil {
			r.Method, r.URL = m[1], m[2]
		} else if first && strings.HasPrefix(text, "HTTP/") {
			return Request{}, fmt.Errorf("line %d: this is a response; give the request that it answers", line)
		} else if err := r.addLine(text); err != nil {
			return Request{}, fmt.Errorf("line %d: %w", line, err)
		}
		line++
	}
	if len(r.Headers) == 0 {
		return Request{}, fmt.Errorf("%w: line %d: a request line without any header", ErrNothing, line)
	}
	if strings.EqualFold(r.Get("Transfer-Encoding"), "chunked") {
		r.Body = unchunk(r.Body)
	}
	return r, nil
}

// firstLine is data up to its first LF, with it.
func firstLine(data []byte) []byte {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return data[:i+1]
	}
	return data
}

// addLine takes a header line, or one that continues the header before.
func (r *Request) addLine(text string) error {
	if text[0] == ' ' || text[0] == '\t' {
		if len(r.Headers) == 0 {
			return fmt.Errorf("%s is indented, but there is no header before it to continue", short(text))
		}
		last := &r.Headers[len(r.Headers)-1]
		last.Value = strings.TrimSpace(last.Value + " " + strings.TrimSpace(text))
		return nil
	}
	pseudo := strings.HasPrefix(text, ":") // of HTTP/2
	name, value, ok := strings.Cut(strings.TrimPrefix(text, ":"), ":")
	if !ok || !isToken(name) {
		return fmt.Errorf("%s is neither a header (Name: value) nor the empty line before the body", short(text))
	}
	value = strings.Trim(value, " \t")
	switch {
	case !pseudo:
		r.Headers = append(r.Headers, Header{name, value})
	case name == "method":
		r.Method = value
	case name == "path":
		r.URL = value
	}
	return nil
}

// isToken reports whether name can be the name of a header.
func isToken(name string) bool {
	for i := range len(name) {
		c := name[i]
		if c <= ' ' || c >= 0x7F || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return name != ""
}

// unchunk takes away the framing of chunks, if it is there from start to end:
// most tools that record a request have done so already.
func unchunk(body []byte) []byte {
	rest := bytes.NewBuffer(bytes.Clone(body))
	plain, err := io.ReadAll(httputil.NewChunkedReader(rest))
	if err != nil {
		return body
	}
	return plain
}
