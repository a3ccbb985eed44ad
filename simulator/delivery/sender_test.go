package delivery_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
)

const (
	long  = 2 * time.Minute        // a timeout that must not be reached
	short = 200 * time.Millisecond // one that must
)

// TestOutcomes sends to receivers that behave in every way a receiver can. How
// the connection came about makes no difference.
func TestOutcomes(t *testing.T) {
	chunked := "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	sized := "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
	// What says something on an idle connection, or closes it, never gets a second request over it.
	impatient := map[string]bool{"answer before the request is read": true, "closed at once": true}
	for _, c := range []struct {
		name    string
		serve   func(net.Conn)
		timeout time.Duration
		want    string
		body    string // of the response
	}{
		{"content length", says(sized + "hello"), long, "answered 200", "hello"},
		{"response in pieces", says("HT", "TP/1.1 2", "01 Created\r\nConte", "nt-Length: 2\r\n", "\r\no", "k"), long, "answered 201", "ok"},
		{"connection stays open", saysAndWaits(sized + "hello"), long, "answered 200", "hello"},
		{"no content", saysAndWaits("HTTP/1.1 204 No Content\r\n\r\n"), long, "answered 204", ""},
		{"HTTP/1.0, ended by close", says("HTTP/1.0 200 OK\r\n\r\nhello"), long, "answered 200", "hello"},
		{"chunked", saysAndWaits(chunked + "2\r\nhe\r\n3;ext=1\r\nllo\r\n0\r\nTrailer: x\r\n\r\n"), long, "answered 200", "hello"},
		{"no reason phrase", says("HTTP/1.1 202\r\nContent-Length: 0\r\n\r\n"), long, "answered 202", ""},
		{"interim responses", says("HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", sized+"hello"), long, "answered 200", "hello"},
		{"redirect", says("HTTP/1.1 307 Temporary Redirect\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"), long, "answered 307", ""},
		{"rejection", says("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"), long, "answered 401", ""},
		{"server error", says("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"), long, "answered 503", ""},
		{"odd status", says("HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n"), long, "answered 999", ""},
		{"answer before the request is read", func(c net.Conn) { _, _ = io.WriteString(c, sized+"hello") }, long, "answered 200", "hello"},

		{"closed at once", func(net.Conn) {}, long, "reset: the receiver * the connection * a response", ""},
		{"closed without an answer", says(), long, "reset: the receiver closed the connection without a response", ""},
		{"closed after an interim response", says("HTTP/1.1 100 Continue\r\n\r\n"), long, "reset: the receiver closed the connection without a response", ""},
		{"closed in the middle of the version", says("HTT"), long, "reset: the receiver closed the connection without a response", ""},
		{"closed in the head", says("HTTP/1.1 200 OK\r\nContent-"), long, "reset: the receiver closed the connection in the middle of the response head", ""},
		{"closed in the body", says(sized + "hel"), long, "reset 200: the receiver closed the connection in the middle of the response body", "hel"},
		{"closed in a chunk", says(chunked + "5\r\nhel"), long, "reset 200: the receiver closed the connection in the middle of the response body", "hel"},
		{"closed between chunks", says(chunked + "3\r\nhel\r\n"), long, "reset 200: the receiver closed the connection in the middle of the response body", "hel"},
		{"closed before the trailer's end", says(chunked + "3\r\nhel\r\n0\r\n"), long, "reset 200: the receiver closed the connection in the middle of the response body", "hel"},
		{"reset without an answer", func(c net.Conn) { says()(c); resets(c) }, long, "reset: the receiver reset the connection without a response", ""},
		{"reset in the head", func(c net.Conn) { says("HTTP/1.1 200 OK\r\n")(c); resetsOnceRead(c) }, long, "reset: the receiver reset the connection in the middle of the response head", ""},
		{"reset in the body", func(c net.Conn) { says(sized + "hel")(c); resetsOnceRead(c) }, long, "reset 200: the receiver reset the connection in the middle of the response body", "hel"},

		{"garbage", saysAndWaits("\x00\x01\x02 garbage"), long, `malformed: the response is not HTTP/1.1: it begins with "\x00\x01\x02 g"`, ""},
		{"another protocol", saysAndWaits("220 mail.example.com ESMTP\r\n"), long, `malformed: the response is not HTTP/1.1: it begins with "220 m"`, ""},
		{"TLS alert", saysAndWaits("\x15\x03\x01\x00\x02\x02\x46"), long, `malformed: the response is not HTTP/1.1: it begins with "\x15\x03\x01\x00\x02", which is TLS: is the endpoint's URL https?`, ""},
		{"garbage, cut short", says("ga"), long, `malformed: the response is not HTTP/1.1: it begins with "ga"`, ""},
		{"HTTP/2", saysAndWaits("HTTP/2.0 200 OK\r\n\r\n"), long, "malformed: the response is not HTTP/1.1: a response in HTTP/2.0", ""},
		{"no status", saysAndWaits("HTTP/1.1 OK\r\n\r\n"), long, `malformed: the response is not HTTP/1.1: malformed HTTP status code "OK"`, ""},
		{"status below 100", saysAndWaits("HTTP/1.1 099 Odd\r\n\r\n"), long, "malformed: the response is not HTTP/1.1: status 99, which nobody asked for", ""},
		{"switching protocols", saysAndWaits("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"), long, "malformed: the response is not HTTP/1.1: status 101, which nobody asked for", ""},
		{"broken header", saysAndWaits("HTTP/1.1 200 OK\r\nno colon\r\n\r\n"), long, `malformed: the response is not HTTP/1.1: malformed MIME header: missing colon: "no colon"`, ""},
		{"broken length", saysAndWaits("HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\n"), long, `malformed: the response is not HTTP/1.1: bad Content-Length "five"`, ""},
		{"broken chunk", saysAndWaits(chunked + "zz\r\n"), long, "malformed 200: the response is not HTTP/1.1: invalid byte in chunk length", ""},
		{"endless head", func(c net.Conn) {
			readRequest(c)
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n")
			for {
				if _, err := io.WriteString(c, "X-Long: "+strings.Repeat("x", 1000)+"\r\n"); err != nil {
					return
				}
			}
		}, long, "malformed: the response is not HTTP/1.1: a response head of more than 1 MiB", ""},

		{"never reads nor answers", func(c net.Conn) { waitForSender(c) }, short, "timeout: no response within 200ms", ""},
		{"never answers", saysAndWaits(), short, "timeout: no response within 200ms", ""},
		{"only an interim response", saysAndWaits("HTTP/1.1 102 Processing\r\n\r\n"), short, "timeout: no response within 200ms; an interim response (1xx) came", ""},
		{"a flood of interim responses", func(c net.Conn) {
			readRequest(c)
			for {
				if _, err := io.WriteString(c, "HTTP/1.1 103 Early Hints\r\n\r\n"); err != nil {
					return
				}
			}
		}, long, "malformed: the response is not HTTP/1.1: 100 interim responses (1xx) and no final one", ""},
		{"endless interim responses", trickles("", "HTTP/1.1 102 Processing\r\n\r\n"), short, "timeout: no *response* within 200ms* interim responses (1xx) came", ""},
		{"stops in the version", saysAndWaits("HTT"), short, "timeout: no response within 200ms", ""},
		{"stops in the head", saysAndWaits("HTTP/1.1 200 OK\r\nX-"), short, "timeout: no complete response head within 200ms", ""},
		{"head trickles", trickles("HTTP/1.1 200 OK\r\nX-Slow: ", "x"), short, "timeout: no complete response head within 200ms", ""},
		{"stops in the body", saysAndWaits(sized + "hel"), short, "timeout 200: no complete response body within 200ms", "hel"},
		{"body trickles", trickles(chunked, "1\r\nx\r\n"), short, "timeout 200: no complete response body within 200ms", "*"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			inEachWay(t, func(t *testing.T, w way) {
				t.Helper()
				if w.kept && impatient[c.name] {
					return
				}
				s := w.server(t, c.serve)
				o := w.sender.Send(t.Context(), small(s.url()), c.timeout)
				checkLike(t, o, w.said(c.want))
				if string(o.Body) != c.body && c.body != "*" {
					t.Errorf("response body %q, want %q", o.Body, c.body)
				}
				if o.Duration > 5*time.Second || (c.timeout == short && o.Duration < short) {
					t.Errorf("took %s", o.Duration)
				}
				if p, ok := w.sender.(*delivery.Pool); ok {
					p.Close() // else the receiver waits for more
				}
				s.wait(t)
				if n := s.connections.Load(); n != 1 {
					t.Errorf("%d connections for one Send", n)
				}
			})
		})
	}
}

// checkLike is check with * in want for anything.
func checkLike(t *testing.T, o delivery.Outcome, want string) {
	t.Helper()
	parts := strings.Split(want, "*")
	rest := o.Err
	for _, p := range parts[1:] {
		if i := strings.Index(rest, p); i >= 0 {
			rest = rest[i+len(p):]
		} else {
			check(t, o, want)
			return
		}
	}
	if len(parts) > 1 {
		want = string(o.Kind) + ": " + o.Err // its parts were found
		if !strings.HasPrefix(want, parts[0]) {
			want = parts[0]
		}
	}
	check(t, o, want)
}

// resetsOnceRead resets c after the sender had time to read what was written:
// a reset may overtake data.
func resetsOnceRead(c net.Conn) {
	<-time.After(50 * time.Millisecond)
	resets(c)
}

func waitForSender(c net.Conn) {
	b := make([]byte, 1)
	for {
		if _, err := c.Read(b); err != nil {
			return
		}
	}
}

func TestNobodyThere(t *testing.T) {
	s := newServer(t, func(net.Conn) {})
	url := s.url()
	_ = s.Close()
	for _, sender := range []delivery.Sender{delivery.HTTP{}, newPool(t, delivery.HTTP{})} {
		check(t, sender.Send(t.Context(), small(url), long), "refused: connection refused: nobody listens there")

		o := sender.Send(t.Context(), small("http://nosuchhost.invalid/"), long)
		if o.Kind != delivery.Unreached || !strings.Contains(o.Err, "nosuchhost.invalid") {
			t.Errorf("got %s: %s", o.Kind, o.Err)
		}
	}
}

func TestStoppedByTheCaller(t *testing.T) {
	inEachWay(t, func(t *testing.T, w way) {
		t.Helper()
		w.testStopped(t)
	})
}

func (w way) testStopped(t *testing.T) {
	t.Helper()
	arrived := make(chan struct{}, 1)
	hears := func(c net.Conn) {
		readRequest(c)
		arrived <- struct{}{}
		_, _ = io.Copy(io.Discard, c)
	}
	s := w.server(t, hears)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	check(t, w.sender.Send(ctx, small(s.url()), long), "cancelled: stopped without a response")
	check(t, w.sender.Send(ctx, small(s.url()), long), "cancelled: stopped while connecting")
	s = w.server(t, hears)
	ctx, cancel = context.WithTimeout(t.Context(), short)
	defer cancel()
	check(t, w.sender.Send(ctx, small(s.url()), long), "cancelled: stopped without a response")
}

func TestBigRequests(t *testing.T) {
	refusal := "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno"
	for _, c := range []struct {
		name    string
		serve   func(net.Conn) // nil: reads nothing until Send has returned
		timeout time.Duration
		want    string
	}{
		{"read to its end", says("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), long, "answered 200"},
		{"refused before it is read, then closed", func(c net.Conn) {
			_, _ = io.WriteString(c, refusal)
		}, long, "answered 413"},
		{"refused before it is read, then ignored", func(c net.Conn) {
			_, _ = io.WriteString(c, refusal)
			<-time.After(2 * short)
		}, long, "answered 413"},
		{"reset while it is read", func(c net.Conn) {
			_, _ = io.ReadFull(c, make([]byte, 1000))
			resets(c)
		}, long, "reset: the receiver reset the connection before it had taken the whole request, without a response"},
		// Long enough that a busy machine has connected before it is over.
		{"never read", nil, 5 * short, "timeout: the request was not taken completely within 1s"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			inEachWay(t, func(t *testing.T, w way) {
				t.Helper()
				if w.kept && strings.HasPrefix(c.name, "refused") {
					return // said on an idle connection
				}
				serve, returned := c.serve, make(chan struct{})
				if serve == nil {
					serve = func(net.Conn) { <-returned }
				}
				r := huge("") // before the connection that is kept becomes too old
				s := w.server(t, serve)
				r.URL = s.url()
				out := w.sender.Send(t.Context(), r, c.timeout)
				for range 5 { // a busy machine may find it too old all the same, or connect too late
					tooOld := w.kept && s.connections.Load() > 1
					if !tooOld && !strings.Contains(out.Err, "no connection") {
						break
					}
					s = w.server(t, serve)
					r.URL = s.url()
					out = w.sender.Send(t.Context(), r, c.timeout)
				}
				close(returned)
				check(t, out, w.said(c.want))
				s.wait(t)
				if n := s.connections.Load(); n != 1 {
					t.Errorf("%d connections for one Send", n)
				}
			})
		})
	}
}

func TestBigResponses(t *testing.T) {
	inEachWay(t, func(t *testing.T, w way) {
		t.Helper()
		w.testBigResponses(t)
	})
}

func (w way) testBigResponses(t *testing.T) {
	t.Helper()
	body := bytes.Repeat([]byte("0123456789abcdef"), delivery.MaxResponseBody/16)
	for _, c := range []struct {
		name      string
		extra     int
		truncated bool
	}{{"just fits", 0, false}, {"a byte too long", 1, true}, {"much too long", 3 << 20, true}} {
		t.Run(c.name, func(t *testing.T) {
			s := w.server(t, func(conn net.Conn) {
				says("HTTP/1.1 200 OK\r\n\r\n", string(body), strings.Repeat("x", c.extra))(conn)
			})
			o := w.sender.Send(t.Context(), small(s.url()), long)
			if o.Kind != delivery.Answered || o.Truncated != c.truncated || !bytes.Equal(o.Body, body) {
				t.Errorf("%s: %s; truncated %v, %d bytes", o.Kind, o.Err, o.Truncated, len(o.Body))
			}
		})
	}
	t.Run("cut short beyond what is kept", func(t *testing.T) {
		s := w.server(t, says("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", string(body), "x"))
		o := w.sender.Send(t.Context(), small(s.url()), long)
		if o.Kind != delivery.Reset || !o.Truncated || o.Accepted() {
			t.Errorf("%s: %s", o.Kind, o.Err)
		}
	})
	t.Run("endless", func(t *testing.T) {
		s := w.server(t, func(conn net.Conn) {
			says("HTTP/1.1 200 OK\r\n\r\n")(conn)
			for {
				if _, err := conn.Write(body); err != nil {
					return
				}
			}
		})
		check(t, w.sender.Send(t.Context(), small(s.url()), long), "answered 200")
	})
}

func TestHangUp(t *testing.T) {
	got := make(chan []byte, 1)
	s := newServer(t, func(c net.Conn) {
		body := readRequest(c)
		got <- body
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	})
	r := small(s.url())
	r.HangUp = true
	check(t, send(t, r, long), "reset: the sender hung up as soon as the request was written")
	if body := <-got; !bytes.Equal(body, r.Body) {
		t.Errorf("the receiver got %q", body)
	}
	check(t, delivery.HTTP{}.SendAndHangUp(t.Context(), small(s.url()), long), "reset: the sender hung up as soon as the request was written")
	<-got

	returned := make(chan struct{})
	s = newServer(t, func(net.Conn) { <-returned })
	r = huge(s.url())
	r.HangUp = true
	o := send(t, r, 5*short)
	close(returned)
	check(t, o, "timeout: the request was not taken completely within 1s")
}

func TestTLS(t *testing.T) {
	good := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.TLS.NegotiatedProtocol != "http/1.1" && r.TLS.NegotiatedProtocol != "" {
			w.WriteHeader(http.StatusHTTPVersionNotSupported)
		}
		_, _ = io.Copy(w, r.Body)
	}))
	good.Config.ErrorLog = log.New(io.Discard, "", 0) // of handshakes that are meant to fail
	good.StartTLS()
	t.Cleanup(good.Close)
	pool := x509.NewCertPool()
	pool.AddCert(good.Certificate())
	trusting := delivery.HTTP{RootCAs: pool}

	for _, w := range ways(t, trusting) {
		for range 3 { // the pool: over the same connection
			o := w.sender.Send(t.Context(), small(good.URL), long)
			if check(t, o, "answered 200"); string(o.Body) != `{"field":"message"}` {
				t.Errorf("%s: body %q", w.name, o.Body)
			}
		}
	}
	check(t, delivery.HTTP{Insecure: true}.Send(t.Context(), small(good.URL), long), "answered 200")
	check(t, trusting.Send(t.Context(), small(good.URL).WithBody(make([]byte, 4<<20)), long), "answered 200")

	untrusted := delivery.HTTP{}.Send(t.Context(), small(good.URL), long)
	if untrusted.Kind != delivery.TLS || !strings.Contains(untrusted.Err, "certificate") {
		t.Errorf("unknown authority: %s: %s", untrusted.Kind, untrusted.Err)
	}
	_, port, _ := net.SplitHostPort(good.Listener.Addr().String())
	wrongName := trusting.Send(t.Context(), small("https://localhost:"+port), long)
	if wrongName.Kind != delivery.TLS || !strings.Contains(wrongName.Err, "localhost") {
		t.Errorf("certificate for another name: %s: %s", wrongName.Kind, wrongName.Err)
	}

	secure := func(s *server) string { return "https://" + s.Addr().String() }
	plain := newServer(t, func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n") })
	check(t, trusting.Send(t.Context(), small(secure(plain)), long), "tls: TLS handshake: tls: first record does not look like a TLS handshake")
	closes := newServer(t, func(c net.Conn) { _, _ = c.Read(make([]byte, 4096)) })
	check(t, trusting.Send(t.Context(), small(secure(closes)), long), "tls: TLS handshake: EOF")
	silent := newServer(t, waitForSender)
	check(t, trusting.Send(t.Context(), small(secure(silent)), short), "timeout: no end of the TLS handshake within 200ms")

	cfg := &tls.Config{Certificates: good.TLS.Certificates, ClientAuth: tls.RequireAnyClientCert}
	picky := newServer(t, func(c net.Conn) { _ = tls.Server(c, cfg).HandshakeContext(context.Background()) })
	o := trusting.Send(t.Context(), small(secure(picky)), long)
	if o.Kind != delivery.TLS || !strings.Contains(o.Err, "certificate required") || !strings.Contains(o.Err, "Sent has none") {
		t.Errorf("client certificate wanted: %s: %s", o.Kind, o.Err)
	}
	old := &tls.Config{Certificates: good.TLS.Certificates, ClientAuth: tls.RequireAnyClientCert, MaxVersion: tls.VersionTLS12}
	older := newServer(t, func(c net.Conn) { _ = tls.Server(c, old).HandshakeContext(context.Background()) })
	if o := trusting.Send(t.Context(), small(secure(older)), long); o.Kind != delivery.TLS || !strings.Contains(o.Err, "client certificate, and Sent has none") {
		t.Errorf("client certificate wanted in TLS 1.2: %s: %s", o.Kind, o.Err)
	}
	h2 := &tls.Config{Certificates: good.TLS.Certificates, NextProtos: []string{"acme-tls/1"}}
	modern := newServer(t, func(c net.Conn) { _ = tls.Server(c, h2).HandshakeContext(context.Background()) })
	if o := trusting.Send(t.Context(), small(secure(modern)), long); o.Kind != delivery.TLS || !strings.Contains(o.Err, "HTTP/1.1 (ALPN)") {
		t.Errorf("another protocol wanted: %s: %s", o.Kind, o.Err)
	}
}

// TestTimeoutOverTLSIsNotExceeded: the goodbye of TLS must not wait, five
// seconds, for a receiver that reads nothing.
func TestTimeoutOverTLSIsNotExceeded(t *testing.T) {
	cert := httptest.NewTLSServer(nil)
	t.Cleanup(cert.Close)
	returned := make(chan struct{})
	s := newServer(t, func(c net.Conn) {
		_ = tls.Server(c, &tls.Config{Certificates: cert.TLS.Certificates}).HandshakeContext(context.Background())
		<-returned
	})
	wall := clock.Wall()
	o := delivery.HTTP{Insecure: true}.Send(t.Context(), huge("https://"+s.Addr().String()), 2*short)
	took := clock.Wall().Sub(wall)
	close(returned)
	check(t, o, "timeout: the request was not taken completely within 400ms")
	if took > 4*time.Second {
		t.Errorf("Send returned after %s", took)
	}
}

// TestNoSecondSend: a receiver that takes a request and drops the connection
// must not get it again.
func TestNoSecondSend(t *testing.T) {
	for _, w := range ways(t, delivery.HTTP{}) {
		t.Run(w.name, func(t *testing.T) {
			var bodies [][]byte
			var s *server
			for range 20 {
				s = w.server(t, func(c net.Conn) {
					bodies = append(bodies, readRequest(c))
					resets(c)
				})
				if o := w.sender.Send(t.Context(), small(s.url()), long); o.Kind != delivery.Reset {
					t.Errorf("%s: %s", o.Kind, o.Err)
				}
				s.wait(t)
			}
			if len(bodies) != 20 {
				t.Errorf("the receiver got %d requests of 20 Sends", len(bodies))
			}
		})
	}
}
