package delivery_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
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

// wait waits until a connection is handled.
func (s *server) wait(tb testing.TB) {
	tb.Helper()
	select {
	case <-s.handled:
	case <-time.After(long):
		tb.Fatal("the receiver has had no connection, or is still busy with it")
	}
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

// way is a Sender and what came before its attempt.
type way struct {
	name   string
	sender delivery.Sender
	kept   bool // the attempt goes over a connection that has served before
}

// ways are all ways in which outcomes must be the same.
func ways(tb testing.TB, h delivery.HTTP) []way {
	tb.Helper()
	return []way{{"HTTP", h, false}, {"Pool", newPool(tb, h), false}, {"Pool, kept connection", newPool(tb, h), true}}
}

// inEachWay runs f for all ways, side by side.
func inEachWay(t *testing.T, f func(t *testing.T, w way)) {
	t.Helper()
	var all sync.WaitGroup
	for _, w := range ways(t, delivery.HTTP{}) {
		all.Go(func() { t.Run(w.name, func(t *testing.T) { f(t, w) }) })
	}
	all.Wait()
}

func newPool(tb testing.TB, h delivery.HTTP) *delivery.Pool {
	tb.Helper()
	p := delivery.NewPool(h)
	tb.Cleanup(p.Close)
	return p
}

// server is newServer, ready for w's attempt: the first request of each
// connection was something else when it is kept.
func (w way) server(tb testing.TB, serve func(c net.Conn)) *server {
	tb.Helper()
	if !w.kept {
		return newServer(tb, serve)
	}
	s := newServer(tb, func(c net.Conn) {
		says(nothing)(c)
		serve(c)
	})
	check(tb, w.sender.Send(context.Background(), small(s.url()), long), "answered 204")
	return s
}

// nothing is an answer after which the connection stays open.
const nothing = "HTTP/1.1 204 No Content\r\n\r\n"

// said is want as it reads in way w.
func (w way) said(want string) string {
	if w.kept && strings.HasPrefix(want, "reset:") && strings.HasSuffix(want, "without a response") {
		want += onKept
	}
	return want
}

const onKept = "; it was kept from an earlier request, and the receiver may have closed it before it saw this one"

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
