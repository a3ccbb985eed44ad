package delivery_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sentsim/sentsim/simulator/delivery"
)

func TestMain(m *testing.M) {
	// net/http lets a connection whose request it did not read linger for half a
	// second after its server was closed.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"))
}

// server is a TCP server that may misbehave: serve does what it likes with each
// connection, which is closed when it returns.
type server struct {
	net.Listener
	connections atomic.Int64
	handled     chan struct{} // told after each connection
}

func newServer(tb testing.TB, serve func(c net.Conn)) *server {
	tb.Helper()
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	s := &server{Listener: l, handled: make(chan struct{}, 1000)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.connections.Add(1)
			serve(c)
			_ = c.Close()
			select {
			case s.handled <- struct{}{}:
			default: // nobody counts that far
			}
		}
	}()
	tb.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return s
}

func (s *server) url() string { return "http://" + s.Addr().String() + "/webhooks/sent" }

// readRequest reads one request from c to its end, and returns its body.
func readRequest(c net.Conn) (body []byte) {
	r, err := http.ReadRequest(bufio.NewReader(c))
	if err != nil {
		return nil
	}
	body, _ = io.ReadAll(r.Body)
	return body
}

// says reads the request and answers with these pieces, one write each.
func says(pieces ...string) func(net.Conn) {
	return func(c net.Conn) {
		readRequest(c)
		for _, p := range pieces {
			_, _ = io.WriteString(c, p)
		}
	}
}

// saysAndWaits keeps the connection open after that, until the sender closes it.
func saysAndWaits(pieces ...string) func(net.Conn) {
	return func(c net.Conn) {
		says(pieces...)(c)
		_, _ = io.Copy(io.Discard, c)
	}
}

// resets makes c's end a reset.
func resets(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0) }

// trickles sends text byte by byte, faster than any timeout, and never ends.
func trickles(head, text string) func(net.Conn) {
	return func(c net.Conn) {
		readRequest(c)
		_, _ = io.WriteString(c, head)
		for {
			if _, err := io.WriteString(c, text); err != nil {
				return
			}
			<-time.After(5 * time.Millisecond)
		}
	}
}

// small is a plain request for url.
func small(url string) delivery.Request {
	return delivery.Request{URL: url, Headers: []delivery.Header{{Name: "Content-Type", Value: "application/json"}}, Body: []byte(`{"field":"message"}`)}
}

// huge is a request that no socket buffer holds.
func huge(url string) delivery.Request { return small(url).WithBody(make([]byte, 16<<20)) }

func send(tb testing.TB, r delivery.Request, timeout time.Duration) delivery.Outcome {
	tb.Helper()
	return delivery.HTTP{}.Send(context.Background(), r, timeout)
}

// check compares an outcome's kind and status, and finds words in its error.
func check(tb testing.TB, o delivery.Outcome, want string) {
	tb.Helper()
	got := string(o.Kind)
	if o.Status != 0 {
		got += fmt.Sprint(" ", o.Status)
	}
	if o.Err != "" {
		got += ": " + o.Err
	}
	if got != want {
		tb.Errorf("got  %s\nwant %s", got, want)
	}
	if o.Start.IsZero() || o.Duration <= 0 {
		tb.Errorf("no start (%v) or duration (%v)", o.Start, o.Duration)
	}
	if o.Accepted() && o.Rejected() {
		tb.Error("both accepted and rejected")
	}
}
