package delivery_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
)

// answers serves one connection: the nth answer to the nth request, and then it
// waits until the sender closes the connection.
func answers(all ...string) func(net.Conn) {
	return func(c net.Conn) {
		br := bufio.NewReader(c)
		for _, text := range all {
			r, err := http.ReadRequest(br)
			if err != nil {
				return
			}
			_, _ = io.Copy(io.Discard, r.Body)
			_, _ = io.WriteString(c, text)
		}
		_, _ = io.Copy(io.Discard, br)
	}
}

// TestOneConnection: whatever is complete leaves its connection for the next
// attempt, and each attempt gets its own answer.
func TestOneConnection(t *testing.T) {
	ok := "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: b\r\n\r\n"
	long100 := strings.Repeat("0123456789", 10000)
	said := []struct{ text, want, body string }{
		{ok + "ok", "answered 200", "ok"},
		{ok + "ok", "answered 200", "ok"},
		{ok + "no", "answered 200", "no"},
		{ok + "no", "answered 200", "no"},
		{"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX-A: b\r\n\r\nyes", "answered 200", "yes"},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX: y\r\n\r\n", "answered 200", "a"},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nb\r\n0\r\nX: y\r\n\r\n", "answered 200", "b"},
		{"HTTP/1.1 100 Continue\r\n\r\n" + ok + "ok", "answered 200", "ok"},
		{"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", "answered 503", ""},
		{"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", "answered 503", ""},
		{nothing, "answered 204", ""},
		{nothing, "answered 204", ""},
		{"HTTP/1.1 307 Temporary Redirect\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", "answered 307", ""},
		{"HTTP/1.1 200 OK\nContent-Length: 12\n\nab\r\n\r\ncdefgh", "answered 200", "ab\r\n\r\ncdefgh"},
		{"HTTP/1.1 200 OK\nContent-Length: 12\n\nab\r\n\r\nCDEFGH", "answered 200", "ab\r\n\r\nCDEFGH"},
		{"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", "answered 200", "ok"},
		{fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(long100), long100), "answered 200", long100[:delivery.MaxResponseBody]},
		{fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(long100), long100), "answered 200", long100[:delivery.MaxResponseBody]},
		{ok + "ok", "answered 200", "ok"},
	}
	var texts []string
	for _, c := range said {
		texts = append(texts, c.text)
	}
	s := newServer(t, answers(texts...))
	p := newPool(t, delivery.HTTP{})
	for i, c := range said {
		o := p.Send(t.Context(), small(s.url()), long)
		check(t, o, c.want)
		if string(o.Body) != c.body || o.Truncated != (len(c.text) > len(long100)) {
			t.Errorf("answer %d: body %.100q, truncated %v; want %.100q", i+1, o.Body, o.Truncated, c.body)
		}
		if strings.Contains(c.text, "X-A") && o.Header.Get("X-A") != "b" {
			t.Errorf("answer %d: header %v", i+1, o.Header)
		}
	}
	if n := s.connections.Load(); n != 1 {
		t.Errorf("%d connections", n)
	}
}

// TestKnownHeadBrokenBody: a head that is known says nothing about the body after it.
func TestKnownHeadBrokenBody(t *testing.T) {
	ok := "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
	for _, c := range []struct{ name, last, want, body string }{
		{"closed in the body", ok + "hel", "reset 200: the receiver closed the connection in the middle of the response body", "hel"},
		{"closed before the body", ok, "reset 200: the receiver closed the connection in the middle of the response body", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newServer(t, func(conn net.Conn) {
				says(ok + "hello")(conn)
				says(c.last)(conn)
			})
			p := newPool(t, delivery.HTTP{})
			check(t, p.Send(t.Context(), small(s.url()), long), "answered 200")
			o := p.Send(t.Context(), small(s.url()), long)
			if check(t, o, c.want); string(o.Body) != c.body {
				t.Errorf("body %q", o.Body)
			}
		})
	}
	s := newServer(t, answers(ok+"hello", ok+"hel"))
	p := newPool(t, delivery.HTTP{})
	check(t, p.Send(t.Context(), small(s.url()), long), "answered 200")
	check(t, p.Send(t.Context(), small(s.url()), short), "timeout 200: no complete response body within 200ms")
}

// TestStaleConnection: what happened to a connection while it was idle is
// noticed before a request is written to it. The receiver gets each request once.
func TestStaleConnection(t *testing.T) {
	for name, end := range map[string]func(net.Conn){
		"closed": func(net.Conn) {},
		"reset":  resets,
		"closed with a word": func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
		},
	} {
		t.Run(name, func(t *testing.T) {
			requests, answered := 0, make(chan struct{})
			s := newServer(t, func(c net.Conn) {
				if readRequest(c) != nil {
					requests++
				}
				_, _ = io.WriteString(c, nothing)
				<-answered
				end(c)
			})
			p := newPool(t, delivery.HTTP{})
			for range 20 {
				check(t, p.Send(t.Context(), small(s.url()), long), "answered 204")
				answered <- struct{}{}
				s.wait(t)
			}
			if n := s.connections.Load(); n != 20 || requests != 20 {
				t.Errorf("%d connections and %d requests for 20 Sends", n, requests)
			}
		})
	}
}

// TestNotKept: a connection that is not in order is closed at once.
func TestNotKept(t *testing.T) {
	for _, c := range []struct {
		name    string
		serve   func(net.Conn)
		r       func(url string) delivery.Request
		timeout time.Duration
		want    string
	}{
		{"the receiver says so", answers("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"), small, long, "answered 200"},
		{"HTTP/1.0", answers("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"), small, long, "answered 200"},
		{"something follows the answer", answers(nothing + "HTTP/1.1"), small, long, "answered 204"},
		{"an endless body", answers("HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n" + strings.Repeat("x", 2<<20)), small, long, "answered 200"},
		{"no answer in time", answers(""), small, short, "timeout: no response within 200ms"},
		{"half an answer in time", answers("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n123"), small, short, "timeout 200: no complete response body within 200ms"},
		{"its own length", answers(nothing), func(url string) delivery.Request { return small(url).With("content-length", "5") }, long, "answered 204"},
		{"its own connection", answers(nothing), func(url string) delivery.Request { return small(url).With("Connection", "keep-alive") }, long, "answered 204"},
		{"chunked", answers(nothing), func(url string) delivery.Request {
			return small(url).With("Transfer-Encoding", "chunked").WithBody([]byte("0\r\n\r\n"))
		}, long, "answered 204"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			closed := make(chan time.Time, 2)
			s := newServer(t, func(conn net.Conn) {
				c.serve(conn)
				closed <- clock.Wall()
			})
			p := newPool(t, delivery.HTTP{})
			check(t, p.Send(t.Context(), c.r(s.url()), c.timeout), c.want)
			returned := clock.Wall()
			if kept := (<-closed).Sub(returned); kept > 450*time.Millisecond {
				t.Errorf("the connection was kept for %s", kept)
			}
			check(t, p.Send(t.Context(), c.r(s.url()), c.timeout), c.want)
			if n := s.connections.Load(); n != 2 {
				t.Errorf("%d connections for two Sends", n)
			}
		})
	}
}

// TestRefusedUnread: once the answer is there, nothing is written any more.
func TestRefusedUnread(t *testing.T) {
	returned, rest := make(chan struct{}), make(chan int64, 1)
	s := newServer(t, func(c net.Conn) {
		_, _ = c.Read(make([]byte, 1000))
		_, _ = io.WriteString(c, nothing)
		<-returned
		n, _ := io.Copy(io.Discard, c)
		rest <- n
	})
	r := huge(s.url())
	check(t, newPool(t, delivery.HTTP{}).Send(t.Context(), r, long), "answered 204")
	close(returned)
	if n := <-rest; n > int64(len(r.Body))*9/10 {
		t.Errorf("after the answer, the receiver still got %d of %d bytes", n, len(r.Body))
	}
}

// TestNoTimeLeft: a time that is up before anything is written says nothing
// against the connection's receiver, and no other connection is made.
func TestNoTimeLeft(t *testing.T) {
	s := newServer(t, answers(nothing))
	p := newPool(t, delivery.HTTP{})
	check(t, p.Send(t.Context(), small(s.url()), long), "answered 204")
	check(t, p.Send(t.Context(), small(s.url()), 1), "timeout: the request was not taken completely within 1ns")
	if n := s.connections.Load(); n != 1 {
		t.Errorf("%d connections", n)
	}
}

// TestClosedWhileItIsWritten: when the receiver closes a kept connection as the
// request comes, nobody knows whether it was read: it is not sent again.
func TestClosedWhileItIsWritten(t *testing.T) {
	s := newServer(t, func(c net.Conn) {
		says(nothing)(c)
		_, _ = c.Read(make([]byte, 1)) // the first byte of the next request
	})
	p := newPool(t, delivery.HTTP{})
	check(t, p.Send(t.Context(), small(s.url()), long), "answered 204")
	o := p.Send(t.Context(), small(s.url()), long)
	checkLike(t, o, "reset: the receiver * the connection without a response"+onKept)
	if n := s.connections.Load(); n != 1 {
		t.Errorf("%d connections", n)
	}
}

func TestIdleConnectionsAreClosed(t *testing.T) {
	t.Parallel()
	s := newServer(t, answers(nothing))
	p := newPool(t, delivery.HTTP{})
	check(t, p.Send(t.Context(), small(s.url()), long), "answered 204")
	start := clock.Wall()
	s.wait(t)
	if took := clock.Wall().Sub(start); took < 400*time.Millisecond || took > 10*time.Second {
		t.Errorf("closed after %s", took)
	}
	check(t, p.Send(t.Context(), small(s.url()), long), "answered 204")
	start = clock.Wall()
	p.Close()
	s.wait(t)
	if took := clock.Wall().Sub(start); took > 400*time.Millisecond {
		t.Errorf("Close closed after %s", took)
	}
	check(t, p.Send(t.Context(), small(s.url()), long), "answered 204")
	start = clock.Wall()
	s.wait(t)
	if took := clock.Wall().Sub(start); took > 400*time.Millisecond {
		t.Errorf("after Close, a connection was kept for %s", took)
	}
	p.Close()
}

// TestManyReceivers: a pool that has met more endpoints than it remembers leaves
// no connection behind.
func TestManyReceivers(t *testing.T) {
	var open atomic.Int64
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			open.Add(1)
		case http.StateClosed:
			open.Add(-1)
		case http.StateActive, http.StateIdle, http.StateHijacked:
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	p := newPool(t, delivery.HTTP{})
	for i := range 1030 {
		for range 2 {
			check(t, p.Send(t.Context(), small(fmt.Sprintf("%s/%d", s.URL, i)), long), "answered 200")
		}
	}
	p.Close()
	for deadline := clock.Wall().Add(long); open.Load() > 0; <-time.After(time.Millisecond) {
		if clock.Wall().After(deadline) {
			t.Fatalf("%d connections are open", open.Load())
		}
	}
}

// TestBytesOfThePool: it says nothing of the connection, so HTTP/1.1 keeps it.
func TestBytesOfThePool(t *testing.T) {
	s, raw := rawServer(t)
	host := s.Addr().String()
	r := delivery.Request{URL: "http://" + host + "/a?q=1", Body: []byte("{}~"), Headers: []delivery.Header{{Name: "x-webhook-ID", Value: "1"}}}
	check(t, newPool(t, delivery.HTTP{}).Send(t.Context(), r, long), "answered 200")
	want := "POST /a?q=1 HTTP/1.1\r\nHost: " + host + "\r\nx-webhook-ID: 1\r\nContent-Length: 3\r\n\r\n{}~"
	if got := <-raw; got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// TestAnswersAreNeverMixedUp: many attempts at once over few connections, some
// stopped, some out of time, against a receiver that echoes: whoever gets an
// answer gets its own, and the receiver gets no request twice.
func TestAnswersAreNeverMixedUp(t *testing.T) {
	var mu sync.Mutex
	got := map[string]int{}
	echo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		got[string(body)]++
		n := len(got)
		mu.Unlock()
		switch n % 7 {
		case 0:
			<-time.After(time.Duration(n%5) * time.Millisecond)
		case 1:
			w.Header().Set("Connection", "close")
		case 2:
			_, _ = w.Write(body[:1])
			_ = http.NewResponseController(w).Flush() // chunked
			body = body[1:]
		}
		_, _ = w.Write(body)
	}))
	t.Cleanup(echo.Close)
	p := newPool(t, delivery.HTTP{})
	var all sync.WaitGroup
	for worker := range 32 {
		all.Go(func() {
			chance := rand.New(rand.NewPCG(1, uint64(worker)))
			for i := range 100 {
				ctx, cancel := context.WithCancel(t.Context())
				timeout := long
				switch chance.IntN(6) {
				case 0:
					stop := time.AfterFunc(time.Duration(chance.IntN(1500))*time.Microsecond, cancel)
					defer stop.Stop()
				case 1:
					timeout = time.Duration(chance.IntN(2000)) * time.Microsecond
				}
				body := fmt.Sprintf("%04d-%04d", worker, i)
				o := p.Send(ctx, small(echo.URL).WithBody([]byte(body)), timeout)
				switch {
				case o.Kind == delivery.Answered && string(o.Body) != body:
					t.Errorf("%s got the answer %q", body, o.Body)
				case o.Kind == delivery.Cancelled && ctx.Err() == nil, o.Kind == delivery.Timeout && timeout == long:
					t.Errorf("%s: %s: %s", body, o.Kind, o.Err)
				case o.Kind != delivery.Answered && o.Kind != delivery.Cancelled && o.Kind != delivery.Timeout:
					t.Errorf("%s: %s: %s", body, o.Kind, o.Err)
				}
				cancel()
			}
		})
	}
	all.Wait()
	echo.Close() // whoever was stopped may still be served
	for body, n := range got {
		if n != 1 {
			t.Errorf("the receiver got %s %d times", body, n)
		}
	}
	if len(got) < 2000 {
		t.Errorf("the receiver got only %d of 3200 requests", len(got))
	}
}

// TestKeptOverTLS: a connection that the receiver ended with TLS's goodbye is noticed too.
func TestKeptOverTLS(t *testing.T) {
	cert := httptest.NewTLSServer(nil)
	t.Cleanup(cert.Close)
	s := newServer(t, func(c net.Conn) {
		secure := tls.Server(c, &tls.Config{Certificates: cert.TLS.Certificates})
		says(nothing)(secure)
		says(nothing)(secure)
		_ = secure.Close()
	})
	p := newPool(t, delivery.HTTP{Insecure: true})
	for range 3 {
		for range 2 {
			check(t, p.Send(t.Context(), small("https://"+s.Addr().String()), long), "answered 204")
		}
		s.wait(t)
	}
	if n := s.connections.Load(); n != 3 {
		t.Errorf("%d connections for 3 times 2 Sends", n)
	}
}
