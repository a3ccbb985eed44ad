package mutant

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"sync"

	"github.com/sentsim/sentsim/scenarios/receiver"
)

// caseSensitive takes away signature headers that are not spelled as in the
// documentation. net/http hides how they were spelled, so it listens in on the
// connection; that works where Serve serves, not behind somebody else's server.
func caseSensitive(r *receiver.Receiver, _ receiver.Config) error {
	r.Listen = func(s *http.Server, l net.Listener) net.Listener {
		s.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, wireKey{}, c)
		}
		return overheard{l}
	}
	next := r.Handler
	r.Handler = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if c, ok := req.Context().Value(wireKey{}).(*overheardConn); ok {
			defer c.forget()
			head := c.head()
			for _, name := range []string{"X-Webhook-ID", "X-Webhook-Timestamp", "X-Webhook-Signature"} {
				if !bytes.Contains(head, []byte("\n"+name+":")) {
					req.Header.Del(name)
				}
			}
		}
		next.ServeHTTP(w, req)
	})
	return nil
}

// wireKey is the key under which a request carries its connection.
type wireKey struct{}

type overheard struct{ net.Listener }

func (l overheard) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &overheardConn{Conn: c}, nil
}

// overheardConn keeps what was read of a request until its head is asked for.
type overheardConn struct {
	net.Conn

	mu  sync.Mutex
	got []byte
}

func (c *overheardConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.got = append(c.got, p[:n]...)
	return n, err
}

// head is the request line and the headers of the request that is being handled.
func (c *overheardConn) head() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	head, _, _ := bytes.Cut(c.got, []byte("\r\n\r\n"))
	return bytes.Clone(head)
}

// forget is called when a request was read to its end.
func (c *overheardConn) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.got = nil
}
