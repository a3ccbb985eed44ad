package delivery

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// wire is the request as bytes, and where they go: the headers as they are spelled and in their
// order, preceded by Host and followed by Content-Length and Connection: close
// unless the request has its own.
//
// Values may hold any byte from 0x20 on and tabs, so that a forged signature can
// be non-ASCII; line breaks and other controls would change what is a header.
func (r Request) wire() (*url.URL, []byte, error) {
	u, err := url.Parse(r.URL)
	if err != nil || u.Hostname() == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, nil, fmt.Errorf("%q is no http or https URL", r.URL)
	}
	b := make([]byte, 0, 512+len(r.Body))
	b = append(b, "POST "...)
	b = append(b, u.RequestURI()...)
	b = append(b, " HTTP/1.1\r\n"...)
	if !r.has("Host") {
		b = appendHeader(b, Header{"Host", host(u)})
	}
	for _, h := range r.Headers {
		if err := h.check(); err != nil {
			return nil, nil, err
		}
		b = appendHeader(b, h)
	}
	if !r.has("Content-Length") {
		b = appendHeader(b, Header{"Content-Length", strconv.Itoa(len(r.Body))})
	}
	if !r.has("Connection") {
		b = appendHeader(b, Header{"Connection", "close"})
	}
	b = append(b, "\r\n"...)
	return u, append(b, r.Body...), nil
}

func appendHeader(b []byte, h Header) []byte {
	b = append(b, h.Name...)
	b = append(b, ": "...)
	b = append(b, h.Value...)
	return append(b, "\r\n"...)
}

// check refuses what would not stay one header on the wire.
func (h Header) check() error {
	if h.Name == "" {
		return fmt.Errorf("a header has no name")
	}
	for i := range len(h.Name) {
		if c := h.Name[i]; c <= ' ' || c == ':' || c >= 0x7f {
			return fmt.Errorf("header name %q: character %d (0x%02x) cannot stand in a name", h.Name, i+1, c)
		}
	}
	for i := range len(h.Value) {
		if c := h.Value[i]; c < ' ' && c != '\t' {
			return fmt.Errorf("header %s: byte %d of its value is a control character (0x%02x)", h.Name, i+1, c)
		}
	}
	return nil
}

func (r Request) has(name string) bool {
	for _, h := range r.Headers {
		if strings.EqualFold(h.Name, name) {
			return true
		}
	}
	return false
}

// host is the Host header for u: an IPv6 zone means nothing to the receiver.
func host(u *url.URL) string {
	if before, rest, ok := strings.Cut(u.Host, "%"); ok {
		_, after, _ := strings.Cut(rest, "]")
		return before + "]" + after
	}
	return strings.TrimSuffix(u.Host, ":")
}
