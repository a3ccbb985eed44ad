package exchange_test

import (
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sentsim/sentsim/scenarios/capture"
	"github.com/sentsim/sentsim/scenarios/exchange"
	"github.com/sentsim/sentsim/simulator/delivery"
)

// What is printed is read back to the same request.
func TestCurlIsTheRequest(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := delivery.Request{
			URL:  "http://127.0.0.1:8080/webhooks/sent",
			Body: []byte(strings.ReplaceAll(string(rapid.SliceOf(rapid.Byte()).Draw(t, "body")), "\x00", "")),
		}
		if rapid.Bool().Draw(t, "text") {
			want.Body = []byte(strings.ReplaceAll(rapid.String().Draw(t, "text body"), "\x00", ""))
		}
		for _, name := range []string{"X-Webhook-ID", "X-Webhook-Signature"} {
			value := rapid.StringMatching(`([!-~]([ -~é]*[!-~])?)?`).Draw(t, name)
			want.Headers = append(want.Headers, delivery.Header{Name: name, Value: value})
		}
		command := exchange.Curl(want, exchange.CurlOptions{})
		got, err := capture.Parse([]byte(command))
		if err != nil || len(got) != 1 {
			t.Fatalf("%s\nis read as %v, %v", command, got, err)
		}
		if got[0].URL != want.URL || got[0].Method != "POST" || string(got[0].Body) != string(want.Body) {
			t.Fatalf("%s\nis read as %s %s with body %q, want %q", command, got[0].Method, got[0].URL, got[0].Body, want.Body)
		}
		for _, h := range want.Headers {
			if got[0].Get(h.Name) != h.Value {
				t.Fatalf("%s\nhas %s %q, want %q", command, h.Name, got[0].Get(h.Name), h.Value)
			}
		}
	})
}

func TestWhatCurlLeavesOut(t *testing.T) {
	t.Parallel()
	own := []delivery.Header{{Name: "Authorization", Value: "Bearer hunter2"}}
	r := delivery.Request{URL: "http://a/", Headers: append([]delivery.Header{{Name: "X-Empty"}}, own...), Body: []byte(strings.Repeat("x", 100))}
	for _, tt := range []struct {
		name         string
		o            exchange.CurlOptions
		body         string
		has, hasNone string
	}{
		{"nothing by default", exchange.CurlOptions{}, "", "hunter2", "***"},
		{"the user's own headers", exchange.CurlOptions{Private: []delivery.Header{{Name: "authorization"}}}, "", "'Authorization: ***'", "hunter2"},
		{"a long body", exchange.CurlOptions{MaxBody: 99}, "", "--data-binary @body # 100 bytes", strings.Repeat("x", 61)},
		{"not a body of the full length", exchange.CurlOptions{MaxBody: 100}, "", strings.Repeat("x", 100), "@body"},
		{"a NUL is piped", exchange.CurlOptions{}, "a\x00b", "echo YQBi | base64 -d | curl ", "--data-raw"},
		{"nothing of an empty header, which curl writes so", exchange.CurlOptions{}, "x", "-H 'X-Empty;'", "X-Empty:"},
		{"an at sign is no file", exchange.CurlOptions{}, "@secret", "--data-raw @secret", "--data-binary"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := r
			if tt.body != "" {
				r = r.WithBody([]byte(tt.body))
			}
			if got := exchange.Curl(r, tt.o); !strings.Contains(got, tt.has) || strings.Contains(got, tt.hasNone) {
				t.Errorf("got %s\nwant it with %q and without %q", got, tt.has, tt.hasNone)
			}
		})
	}
}

// A shell makes the same words of it again.
func TestQuotedForAShell(t *testing.T) {
	t.Parallel()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash here to ask")
	}
	words := []string{"", "plain", "two words", "it's", `back\slash`, "$HOME `id` \"x\"", "line\nfeed", "\x1b[31m\x07", "caf\u00e9", "a\u202eb", "\xff\xfe", "{\"a\":[1,2]}", "!", "a;b&c|d"}
	out, err := exec.CommandContext(t.Context(), bash, "-c", "printf '%s\\0' "+exchange.Join(words)).Output()
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
	if len(got) != len(words) {
		t.Fatalf("%d words came back of %d: %q", len(got), len(words), got)
	}
	for i := range words {
		if got[i] != words[i] {
			t.Errorf("%q was written %s and came back %q", words[i], exchange.Quote(words[i]), got[i])
		}
	}
}

// What would turn the text of a terminal around is not printed as it is.
func TestQuotedForATerminal(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]string{
		"a\u202eb": `$'a\xe2\x80\xaeb'`,
		"a\x1b[1m": `$'a\x1b[1m'`,
		"a\u0085b": `$'a\xc2\x85b'`,
		"é":        `'é'`,
	} {
		if got := exchange.Quote(word); got != want {
			t.Errorf("%q is written %s, want %s", word, got, want)
		}
	}
}

func TestResponse(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		o    delivery.Outcome
		want string
	}{
		{"status, telling headers and body", delivery.Outcome{
			Kind: delivery.Answered, Status: 401, Duration: 1234 * time.Microsecond, Body: []byte(" no\n"),
			Header: http.Header{"Date": {"now"}, "X-B": {"2"}, "Content-Type": {"text/plain"}},
		}, "401 Unauthorized after 1.2ms\nContent-Type: text/plain\nX-B: 2\n\nno"},
		{"a redirect says where to", delivery.Outcome{
			Kind: delivery.Answered, Status: 302, Header: http.Header{"Location": {"/login"}},
		}, "302 Found to /login after 0s\nLocation: /login"},
		{"a status without a name", delivery.Outcome{Kind: delivery.Answered, Status: 299}, "299 after 0s"},
		{"nothing came back", delivery.Outcome{Kind: delivery.Timeout, Duration: 2 * time.Second}, "no answer within 2s after 2s"},
		{"bytes that are no text", delivery.Outcome{Kind: delivery.Answered, Status: 200, Body: []byte{0xff, 1}}, "200 OK after 0s\n\nbase64:/wE="},
		{"a long text is cut between characters", delivery.Outcome{
			Kind: delivery.Answered, Status: 200, Body: []byte("x" + strings.Repeat("é", 300)),
		}, "200 OK after 0s\n\nx" + strings.Repeat("é", 199) + "… (601 bytes)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := exchange.Response(tt.o); got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}
