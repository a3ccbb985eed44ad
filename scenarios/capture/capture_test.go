package capture_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/sentsim/sentsim/scenarios/capture"
)

const event = `{"field":"message","payload":{"text":"it's \"1\" é"}}`

// want is a request in a form that is short to write and to print.
func show(r capture.Request) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s %s\n", r.Method, r.URL)
	for _, h := range r.Headers {
		fmt.Fprintf(&out, "%s: %s\n", h.Name, h.Value)
	}
	return out.String() + "\n" + string(r.Body)
}

func TestParse(t *testing.T) {
	tests := []struct {
		name, in string
		want     []string
	}{
		{
			"curl, copied in Chrome", "curl 'http://localhost:8080/webhooks/sent' \\\n  -H 'X-Webhook-ID: a' \\\n  -H 'x-webhook-signature: v1,b=' \\\n  --data-raw $'{\"text\":\"it\\'s \\u0021\\n\"}' \\\n  --compressed ;\n",
			[]string{"POST http://localhost:8080/webhooks/sent\nX-Webhook-ID: a\nx-webhook-signature: v1,b=\n\n{\"text\":\"it's !\n\"}"},
		},
		{
			"curl, copied in Firefox", "curl 'http://a/' -X POST -H 'A: b' --data-raw $'\\u00e9 \\ud83d\\ude00 \\x41\\102'",
			[]string{"POST http://a/\nA: b\n\né 😀 AB"},
		},
		{"curl, lines end with CRLF", "curl http://a/ \\\r\n  -H 'A: b' \\\r\n  -d 'x'\r\n", []string{"POST http://a/\nA: b\n\nx"}},
		{"curl, line breaks within quotes are kept", "curl http://a/ --data-binary '{\r\n}\n'", []string{"POST http://a/\n\n{\r\n}\n"}},
		{"curl, double quotes", `curl "http://a/" -H "A: \"b\" \$x \n" -d "c\
d"`, []string{"POST http://a/\nA: \"b\" $x \\n\n\ncd"}},
		{"curl, prompt, path, flags in one", `$ curl -sSLXPUT -H"A:b" -dx=1 -d y=2 --url=http://a/`, []string{"PUT http://a/\nA: b\n\nx=1&y=2"}},
		{"curl, options of no interest", `curl -o /dev/null -w '%{http_code}' --max-time 5 --no-compressed -k http://a/ > out.txt 2>&1`, []string{"GET http://a/\n\n"}},
		{"curl, piped on", "curl http://a/ -d 1 2>/dev/null | jq \\\n  .", []string{"POST http://a/\n\n1"}},
		{"curl, at sign in raw data", `curl http://a/ --data-raw @file`, []string{"POST http://a/\n\n@file"}},
		{"curl, empty data", `curl http://a/ -d ''`, []string{"POST http://a/\n\n"}},
		{"curl, empty and removed headers", `curl http://a/ -H 'A;' -H 'Accept:' -A me -b c=d -e r`, []string{"GET http://a/\nA: \nUser-Agent: me\nCookie: c=d\nReferer: r\n\n"}},
		{"curl, --json", `curl --json '{"a":' --json '1}' http://a/`, []string{"POST http://a/\nContent-Type: application/json\nAccept: application/json\n\n{\"a\":1}"}},
		{"curl, --data-urlencode and -G", `curl -G http://a/?x --data-urlencode 'a=b c/é' --data-urlencode '=~'`, []string{"GET http://a/?x&a=b%20c%2F%C3%A9&~\n\n"}},
		{"curl, --next and several commands", "curl http://a/ -d 1 --next http://b/ -I &&\n# a comment\ncurl http://c/ # another", []string{"POST http://a/\n\n1", "HEAD http://b/\n\n", "GET http://c/\n\n"}},
		{"curl, all escapes of C quotes", `curl http://a/ -d $'\a\b\e\E\f\n\r\t\v\\\'\"\?\x4\xe9\0\101\u20ac\U1f600\q'`, []string{"POST http://a/\n\n\a\b\x1b\x1b\f\n\r\t\v\\'\"?\x04\xe9\x00A€😀\\q"}},
		{"curl, dollar that is none", `curl http://a/ -d $ -d "a$" -d 'b$c'`, []string{"POST http://a/\n\n$&a$&b$c"}},
		{"raw", "POST /hook HTTP/1.1\r\nHost: a\r\nX-Webhook-Signature:v1,b=\r\n\r\n" + event + "\r\n", []string{"POST /hook\nHost: a\nX-Webhook-Signature: v1,b=\n\n" + event + "\r\n"}},
		{"raw, LF, no request line, no body", "\n\nX-Webhook-ID: a\nFolded: b\n\tc\n", []string{"POST \nX-Webhook-ID: a\nFolded: b c\n\n"}},
		{"raw, empty lines in the body", "PUT /x HTTP/2\nA: b\n\n\n\nc\n\n", []string{"PUT /x\nA: b\n\n\n\nc\n\n"}},
		{"raw, HTTP/2's own headers", ":method: POST\n:path: /hook\na: b\n\nc", []string{"POST /hook\na: b\n\nc"}},
		{"raw, byte order mark", "\xEF\xBB\xBFA: b\n\n\xEF\xBB\xBFc", []string{"POST \nA: b\n\n\xEF\xBB\xBFc"}},
		{"raw, bytes that are no text", "A: b\r\n\r\n\xff\x00\r\n", []string{"POST \nA: b\n\n\xff\x00\r\n"}},
		{"raw, chunked", "A: b\nTransfer-Encoding: chunked\n\n3\r\nabc\r\n1;x=y\r\nd\r\n0\r\n\r\n", []string{"POST \nA: b\nTransfer-Encoding: chunked\n\nabcd"}},
		{"raw, chunks put together already", "A: b\nTransfer-Encoding: chunked\n\n{}", []string{"POST \nA: b\nTransfer-Encoding: chunked\n\n{}"}},
		{"HAR", `{"log":{"version":"1.2","creator":{"name":"x"},"entries":[
			{"request":{"method":"GET","url":"http://a/","headers":[]}},
			{"startedDateTime":"x","request":{"method":"POST","url":"http://b/","headers":[{"name":":path","value":"/"},{"name":"x-webhook-signature","value":"v1,b="}],"postData":{"mimeType":"application/json","text":"{\"a\":\"\u00e9\"}\n"}},"response":{}},
			{"request":{"method":"POST","url":"http://c/","headers":[{"name":"X-Webhook-Signature","value":"v1,c="}],"postData":{"text":"` + base64.StdEncoding.EncodeToString([]byte("\xff\r\n")) + `","encoding":"base64"}}},
			{"request":{"url":"http://d/","headers":[{"name":"X-Webhook-Signature","value":"v1,d="}],"bodySize":0}}
		]}}`, []string{"POST http://b/\nx-webhook-signature: v1,b=\n\n{\"a\":\"é\"}\n", "POST http://c/\nX-Webhook-Signature: v1,c=\n\n\xff\r\n", "POST http://d/\nX-Webhook-Signature: v1,d=\n\n"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			requests, err := capture.Parse([]byte(tt.in))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range requests {
				got = append(got, show(r))
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("\n got %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"empty", " \n", "the input is empty"},
		{"single quote never closed", "curl http://a/ \\\n -d '{}", "line 2: a single quote (') is opened and never closed"},
		{"double quote never closed", "curl http://a/ \\\n -d \"{}\n\n", "line 2: a double quote (\") is opened and never closed"},
		{"C quote never closed", "\n\ncurl $'a\\'", "line 3: $' is opened and never closed"},
		{"Windows' cmd", "curl ^\"http://a/^\" ^\n -d 1", "line 1: this command is written for Windows' cmd"},
		{"ends with a backslash", "curl http://a/ \\", "ends with a backslash"},
		{"unknown option", "curl http://a/ \\\n --frobnicate 1", `line 2: curl option "--frobnicate" is not known`},
		{"unknown letter", "curl -sW http://a/", `line 1: curl option "-W" is not known`},
		{"no value", "curl http://a/ -H", "line 1: curl option --header has no value"},
		{"not a header", "curl http://a/ -H 'nothing'", "has no colon"},
		{"odd name", "curl http://a/ -H 'a b: c'", "cannot be the name of a header"},
		{"line break in a header", "curl http://a/ -H 'a: b\nc: d'", "has a line break"},
		{"multipart", "curl http://a/ -F a=b", "multipart"},
		{"upload", "curl http://a/ -T file", "--upload-file reads a file"},
		{"second URL", "curl http://a/ -H 'A: b' c", `line 1: "c" is a second URL`},
		{"curl alone", "curl", "curl is called with nothing"},
		{"HAR without a signature", `{"log":{"entries":[{"request":{}},{}]}}`, "none of the 2 entries of this HAR file carries X-Webhook-Signature"},
		{"file of headers", "curl http://a/ -H @h", "--header @h: it is not read here"},
		{"JSON, a body alone", `{"field":"message"}`, "line 1: this is the body of a delivery alone"},
		{"JSON list", `[1]`, "line 1: this is JSON, but no part of it has the headers"},
		{"entries is no list", `{"log":{"entries":{}}}`, "no part of it has the headers"},
		{"HAR cut off", "{\"log\":{\n\"entries\":[\n{", "line 3: the JSON ends too early"},
		{"HAR broken", "{\"log\":{\n\"entries\":[\n{]", "line 3: this is not JSON"},
		{"a picture", "\x89PNG\r\n", "this is a picture (PNG)"},
		{"a packet capture", "\xD4\xC3\xB2\xA1 ", "follow its HTTP stream"},
		{"response", "HTTP/1.1 200 OK\nA: b\n\n", "line 1: this is a response"},
		{"no header", "POST / HTTP/1.1\nA: b\nnothing of the sort\n\n", `line 3: "nothing of the sort" is neither a header`},
		{"continues nothing", "POST / HTTP/1.1\n a: b\n", "line 2: \" a: b\" is indented"},
		{"request line alone", "POST / HTTP/1.1\n\nbody", "without any header"},
		{"some text", "hello, world!", "line 1: \"hello, world!\" is neither"},
		{"long text is cut", strings.Repeat("abc ", 100), `abc abc "... is neither`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := capture.Parse([]byte(tt.in))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, %v; want an error that says %q", got, err, tt.want)
			}
		})
	}
	if _, err := capture.Parse(nil); !errors.Is(err, capture.ErrNothing) {
		t.Errorf("got %v, want ErrNothing", err)
	}
}

func TestReadFile(t *testing.T) {
	p := capture.Parser{ReadFile: func(name string) ([]byte, error) {
		if name == "gone" {
			return nil, errors.New("no such file")
		}
		return []byte("a: 1\r\nb: 2\n"), nil
	}}
	for in, want := range map[string]string{
		"curl http://a/ -d @f":                    "POST http://a/\n\na: 1b: 2",
		"curl http://a/ --data-binary @f":         "POST http://a/\n\na: 1\r\nb: 2\n",
		"curl http://a/ -H @f":                    "GET http://a/\na: 1\nb: 2\n\n",
		"curl http://a/ --data-urlencode x@f":     "POST http://a/\n\nx=a%3A%201%0D%0Ab%3A%202%0A",
		"curl http://a/ --data-raw 1 --json @f":   "POST http://a/\n\n1a: 1\r\nb: 2\n",
		"curl http://a/ --data-raw '@f' --head":   "HEAD http://a/\n\n@f",
		"curl 'http://a/' --data @f --data-raw c": "POST http://a/\n\na: 1b: 2&c",
	} {
		got, err := p.Parse([]byte(in))
		if err != nil || len(got) != 1 || show(got[0]) != want {
			t.Errorf("%s:\n got %+v, %v\nwant %q", in, got, err, want)
		}
	}
	if got, err := p.Parse([]byte("curl http://a/ \\\n -d @gone")); err != nil || !strings.Contains(got[0].Lost, "from @gone") {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestGet(t *testing.T) {
	r := capture.Request{Headers: []capture.Header{{"x-webhook-id", "a"}, {"X-Webhook-ID", "b"}}}
	if r.Get("X-Webhook-ID") != "a" || r.Get("X-Other") != "" {
		t.Errorf("got %q and %q", r.Get("X-Webhook-ID"), r.Get("X-Other"))
	}
}
