package delivery_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/signing"
)

// rawServer hands over the bytes of each request as they came; a body ends with ~.
func rawServer(tb testing.TB) (*server, chan string) {
	tb.Helper()
	raw := make(chan string, 1)
	return newServer(tb, func(c net.Conn) {
		_ = c.SetReadDeadline(time.Now().Add(long))
		var b strings.Builder
		chunk := make([]byte, 4096)
		for !strings.HasSuffix(b.String(), "~") {
			n, err := c.Read(chunk)
			if err != nil {
				break
			}
			b.Write(chunk[:n])
		}
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		raw <- b.String()
	}), raw
}

func TestBytesOnTheWire(t *testing.T) {
	s, raw := rawServer(t)
	host := s.Addr().String()
	for _, c := range []struct {
		name string
		r    delivery.Request
		want string
	}{
		{
			"spelling and order are kept",
			delivery.Request{URL: "http://" + host + "/a%20b?q=1#fragment", Body: []byte("{}~"), Headers: []delivery.Header{
				{Name: "x-webhook-ID", Value: "1"}, {Name: "Content-TYPE", Value: "application/json"}, {Name: "X-webhook-id", Value: "2"},
			}},
			"POST /a%20b?q=1 HTTP/1.1\r\nHost: " + host + "\r\nx-webhook-ID: 1\r\nContent-TYPE: application/json\r\nX-webhook-id: 2\r\nContent-Length: 3\r\nConnection: close\r\n\r\n{}~",
		},
		{
			"any bytes in values",
			delivery.Request{URL: "http://" + host, Body: []byte("~"), Headers: []delivery.Header{
				{Name: "X-Webhook-Signature", Value: "v1,\xff\xfe\u00e9\u2028 \t\x7f"}, {Name: "X-Empty", Value: ""},
			}},
			"POST / HTTP/1.1\r\nHost: " + host + "\r\nX-Webhook-Signature: v1,\xff\xfe\u00e9\u2028 \t\x7f\r\nX-Empty: \r\nContent-Length: 1\r\nConnection: close\r\n\r\n~",
		},
		{
			"its own host, length and connection",
			delivery.Request{URL: "http://" + host + "/", Body: []byte("~"), Headers: []delivery.Header{
				{Name: "HOST", Value: "sent.example"}, {Name: "content-length", Value: "01"}, {Name: "Connection", Value: "keep-alive"},
			}},
			"POST / HTTP/1.1\r\nHOST: sent.example\r\ncontent-length: 01\r\nConnection: keep-alive\r\n\r\n~",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			check(t, send(t, c.r, long), "answered 200")
			if got := <-raw; got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestNothingIsSentOfABrokenRequest(t *testing.T) {
	s := newServer(t, func(net.Conn) { t.Error("a connection was made") })
	for _, c := range []struct {
		name string
		r    delivery.Request
		want string
	}{
		{"line break in a value", small(s.url()).With("X-A", "b\r\nX-C: d"), "header X-A: byte 2 of its value is a control character (0x0d)"},
		{"zero byte in a value", small(s.url()).With("X-A", "\x00"), "header X-A: byte 1 of its value is a control character (0x00)"},
		{"no name", small(s.url()).With("", "b"), "a header has no name"},
		{"space in a name", small(s.url()).With("X A", "b"), `header name "X A": character 2 (0x20) cannot stand in a name`},
		{"colon in a name", small(s.url()).With("X:", "b"), `header name "X:": character 2 (0x3a) cannot stand in a name`},
		{"non-ASCII name", small(s.url()).With("Xé", "b"), `header name "Xé": character 2 (0xc3) cannot stand in a name`},
		{"no scheme", small("127.0.0.1:80/x"), `"127.0.0.1:80/x" is no http or https URL`},
		{"other scheme", small("ftp://127.0.0.1/"), `"ftp://127.0.0.1/" is no http or https URL`},
		{"no host", small("http:///x"), `"http:///x" is no http or https URL`},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := delivery.HTTP{}.Send(context.Background(), c.r, long)
			if o.Kind != delivery.Cancelled || o.Err != "nothing was sent: "+c.want {
				t.Errorf("%s: %s", o.Kind, o.Err)
			}
		})
	}
}

func TestNewRequest(t *testing.T) {
	secret, err := signing.GenerateSecret(strings.NewReader(strings.Repeat("k", 64)))
	if err != nil {
		t.Fatal(err)
	}
	body, id := []byte(`{"field":"message"}`), uuid.MustParse("5f1c1b9e-7f0a-4c27-9d36-0d5f6a7b8c90")
	r := delivery.NewRequest("http://127.0.0.1/", "the-id", secret, delivery.EventHeaders{Type: "message.sent", ID: id}, body, 1761905442)
	var got []string
	for _, h := range r.Headers {
		got = append(got, h.Name+": "+h.Value)
	}
	want := []string{
		"Content-Type: application/json", "User-Agent: " + delivery.UserAgent, "X-Webhook-ID: the-id",
		"X-Webhook-Timestamp: 1761905442", "X-Webhook-Signature: " + secret.Sign("the-id", 1761905442, body),
		"X-Webhook-Event-Type: message.sent", "X-Webhook-Event-ID: " + id.String(),
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if bare := delivery.NewRequest("http://127.0.0.1/", "the-id", secret, delivery.EventHeaders{}, body, 1); len(bare.Headers) != 5 {
		t.Errorf("without an event: %v", bare.Headers)
	}
}

func TestChangedRequestsLeaveTheOriginalAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom([]string{"A", "b", "B", "C"})
		var r delivery.Request
		for range rapid.IntRange(0, 5).Draw(t, "headers") {
			r.Headers = append(r.Headers, delivery.Header{Name: name.Draw(t, "name"), Value: rapid.StringN(0, 3, 5).Draw(t, "value")})
		}
		before := append([]delivery.Header(nil), r.Headers...)
		n := name.Draw(t, "changed")
		with, without := r.With(n, "new"), r.Without(n)
		if with.Get(n) != "new" || without.Get(n) != "" {
			t.Fatalf("with: %v, without: %v", with.Headers, without.Headers)
		}
		count := 0
		for _, h := range with.Headers {
			if strings.EqualFold(h.Name, n) {
				count++
			}
		}
		if count != 1 || len(without.Headers) != len(with.Headers)-1 {
			t.Fatalf("%d headers named %s in %v; without: %v", count, n, with.Headers, without.Headers)
		}
		for i := range before {
			if r.Headers[i] != before[i] {
				t.Fatal("the original changed")
			}
		}
	})
}

// BenchmarkSend is one whole attempt over loopback, with the receiver's work in
// it: over a connection of its own, and over one that is kept.
func BenchmarkSend(b *testing.B) {
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	b.Cleanup(s.Close)
	r := small(s.URL)
	for _, w := range ways(b, delivery.HTTP{})[:2] {
		b.Run(w.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if o := w.sender.Send(b.Context(), r, long); !o.Accepted() {
					b.Fatal(o)
				}
			}
		})
	}
}
