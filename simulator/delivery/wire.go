package delivery

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// endpoint is what a URL says about where requests go.
type endpoint struct {
	secure  bool   // https
	address string // host:port, the port the scheme's when the URL names none
	name    string // of the host, without port
	line    string // the request line
	host    string // the Host header: an IPv6 zone means nothing to the receiver
}

func parseEndpoint(text string) (*endpoint, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, fmt.Errorf("%q is no http or https URL", text)
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	host := strings.TrimSuffix(u.Host, ":")
	if before, rest, ok := strings.Cut(u.Host, "%"); ok {
		_, after, _ := strings.Cut(rest, "]")
		host = before + "]" + after
	}
	return &endpoint{
		secure: u.Scheme == "https", address: net.JoinHostPort(u.Hostname(), port), name: u.Hostname(),
		line: "POST " + u.RequestURI() + " HTTP/1.1\r\n", host: host,
	}, nil
}

// append appends the request as bytes: the headers as they are spelled and in
// their order, preceded by Host and followed by Content-Length and, unless the
// connection is kept, Connection: close, where the request has none of its own.
func (r Request) append(b []byte, e *endpoint, keep bool) []byte {
	own := r.own()
	b = append(slices.Grow(b, 512+len(r.Body)), e.line...)
	if !own.host {
		b = appendHeader(b, "Host", e.host)
	}
	for _, h := range r.Headers {
		b = appendHeader(b, h.Name, h.Value)
	}
	if !own.length {
		b = append(b, "Content-Length: "...)
		b = strconv.AppendInt(b, int64(len(r.Body)), 10)
		b = append(b, "\r\n"...)
	}
	if !own.connection && !keep {
		b = appendHeader(b, "Connection", "close")
	}
	b = append(b, "\r\n"...)
	return append(b, r.Body...)
}

func appendHeader(b []byte, name, value string) []byte {
	b = append(b, name...)
	b = append(b, ": "...)
	b = append(b, value...)
	return append(b, "\r\n"...)
}

// own is which headers that concern the connection a request brings itself.
type own struct{ host, length, connection, other bool }

func (r Request) own() (o own) {
	for _, h := range r.Headers {
		switch {
		case is(h.Name, "Host"):
			o.host = true
		case is(h.Name, "Content-Length"):
			o.length = true
		case is(h.Name, "Connection"):
			o.connection = true
		case is(h.Name, "Transfer-Encoding"), is(h.Name, "Expect"), is(h.Name, "Upgrade"), is(h.Name, "TE"), is(h.Name, "Trailer"), is(h.Name, "Keep-Alive"):
			o.other = true
		}
	}
	return o
}

func is(name, header string) bool {
	return len(name) == len(header) && strings.EqualFold(name, header)
}

// check refuses what would not stay one header on the wire. Values may hold any
// byte from 0x20 on and tabs, so that a forged signature can be non-ASCII; line
// breaks and other controls would change what is a header.
func (r Request) check() error {
	for _, h := range r.Headers {
		if err := h.check(); err != nil {
			return err
		}
	}
	return nil
}

func (h Header) check() error {
	if h.Name == "" {
		return errors.New("a header has no name")
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
