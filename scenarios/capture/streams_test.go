package capture_test

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/sentsim/sentsim/scenarios/capture"
)

const (
	heldBody = `{"field":"message","event":"message.sent","payload":{"text":"it's \"é\" \n5 €"}}`
	heldHead = "POST /webhooks/sent HTTP/1.1\r\nX-Webhook-ID: 38b6f40b-bf9f-4fff-8a22-030b5a757901\r\nX-Webhook-Timestamp: 1790856003\r\nX-Webhook-Signature: v1,K7dR2mC0p1q8xYw3nS6tUvZaBcDeFgHiJkLmNoPqRsE=\r\n\r\n"
	answered = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno"
)

// holds checks that the request that all captures here are of is what a capture has.
func holds(t *testing.T, in string) {
	t.Helper()
	got, err := capture.Parse([]byte(in))
	if err != nil || len(got) != 1 || string(got[0].Body) != heldBody || got[0].Get("X-Webhook-Signature") != "v1,K7dR2mC0p1q8xYw3nS6tUvZaBcDeFgHiJkLmNoPqRsE=" || got[0].Get("X-Webhook-Timestamp") != "1790856003" {
		t.Errorf("%q:\n got %+v, %v", in, got, err)
	}
}

// segment is a packet of IP with TCP in it, from one of the two sides.
func segment(from byte, number uint32, payload string) []byte {
	b := append([]byte{0x45, 0, 0, 0, 0, 1, 0, 0, 64, 6, 0, 0, 10, 0, 0, from, 10, 0, 0, 3 - from, 0xCF, 0xDA, 0x1F, 0x90}, make([]byte, 16)...)
	b = append(b, payload...)
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	binary.BigEndian.PutUint32(b[24:], number)
	b[32] = 0x50
	return b
}

// inHexLines is a dump of bytes, as tcpdump -X prints it.
func inHexLines(indent string, b []byte) string {
	var out strings.Builder
	for i := 0; i < len(b); i += 16 {
		fmt.Fprintf(&out, "%s0x%04x:  % x  text\n", indent, i, b[i:min(i+16, len(b))])
	}
	return out.String()
}

// A request that was sent in several packets is put together again, and what the
// other side sent is no part of it.
func TestPacketsOfOneStream(t *testing.T) {
	t.Parallel()
	whole := heldHead + heldBody
	first, second := segment(1, 0xFFFFFFF0, whole[:150]), segment(1, 150-16, whole[150:])
	ethernet := append([]byte{1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6, 8, 0}, first...)
	const head = "12:00:03.1 IP 10.0.0.1.53210 > 10.0.0.2.8080: Flags [P.], length 9\n"
	for _, packets := range [][][]byte{
		{first, second},
		{second, first},
		{first, first, second},
		{segment(1, 0xFFFFFFF0-1, ""), first, segment(2, 7, "HTTP/1.1 100 Continue\r\n\r\n"), second, segment(2, 32, answered)},
		{ethernet, second},
		{append(first, 0, 0, 0), second}, // the card's padding
	} {
		var in strings.Builder
		for _, p := range packets {
			in.WriteString(head + inHexLines("\t", p))
		}
		holds(t, in.String())
	}
	if got, err := capture.Parse([]byte(head + inHexLines("\t", first) + head + inHexLines("\t", segment(1, 0, whole[100:])))); err != nil || strings.HasSuffix(string(got[0].Body), "}") {
		t.Errorf("a packet is missing: got %+v, %v", got, err)
	}
	holds(t, inHexLines("", []byte(whole))+inHexLines("    ", []byte(answered)))
	yaml := func(peer int, data string) string {
		return fmt.Sprintf("  - packet: 4\n    peer: %d\n    index: 0\n    timestamp: 1790856003.1\n    data: !!binary |\n      %s\n", peer, base64.StdEncoding.EncodeToString([]byte(data)))
	}
	holds(t, "peers:\n  - peer: 0\n    host: 10.0.0.1\n    port: 53210\npackets:\n"+yaml(0, whole[:120])+yaml(0, whole[120:])+yaml(1, answered))
}

// Of system calls those count that are in the request's direction, on its file.
func TestSystemCalls(t *testing.T) {
	t.Parallel()
	quoted := func(text string) string {
		var out strings.Builder
		for _, c := range []byte(text) {
			fmt.Fprintf(&out, `\x%02x`, c)
		}
		return `"` + out.String() + `"`
	}
	octal := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\r", `\r`, "\n", `\n`, "é", `\303\251`, "€", `\342\202\254`).Replace
	whole := heldHead + heldBody
	holds(t, `[pid  7] 12:00:03 read(9, "`+octal(whole[:200])+`", 200) = 200`+"\nread(8, \"other\", 5) = 5\n"+`[pid  7] read(9, "`+octal(whole[200:])+"\", 65536) = 9\nwrite(9, \"HTTP/1.1 401 Unauthorized\\r\\n\\r\\n\", 28) = 28\n")
	holds(t, "recvfrom(9, "+quoted(whole)+", 65536, 0, NULL, NULL) = 9\n")
	holds(t, `writev(5, [{iov_base="`+octal(heldHead)+`", iov_len=9}, {iov_base="`+octal(heldBody)+`", iov_len=9}], 2) = 18`+"\n")
	if got, err := capture.Parse([]byte("close(3)\n" + `read(9, "POST /webhooks/sent HTTP/1.1\r\nHo"..., 65536) = 900` + "\n")); err == nil || !strings.Contains(err.Error(), "line 2: strace has cut") {
		t.Errorf("got %+v, %v", got, err)
	}
}

// What asciinema and script record is read as it stands on the screen.
func TestRecordingsOfATerminal(t *testing.T) {
	t.Parallel()
	shown := "$ cat request\r\n\x1b[?2004l\x1b]0;a title\x07" + strings.ReplaceAll(heldHead, "X-Webhook", "\x1b[1;36mX-Webhook\x1b[0m") + heldBody + "\x1b(B\x1b[m\r\n\r\n$ "
	text := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	lines, stdout := `{"version": 2, "width": 80}`+"\n", []any{}
	for i := 0; i < len(shown); i += 70 {
		part := strings.ToValidUTF8(shown[i:min(i+70, len(shown))], "")
		if i+70 < len(shown) && part != shown[i:i+70] {
			t.Skip("the text is cut within a character")
		}
		lines += text([]any{0.1, "o", part}) + "\n" + text([]any{0.2, "i", "x"}) + "\n"
		stdout = append(stdout, []any{0.1, part})
	}
	for _, in := range []string{lines, text(map[string]any{"version": 1, "stdout": stdout})} {
		got, err := capture.Parser{}.Readings([]byte(in))
		if err != nil || !strings.HasPrefix(string(got[0].Requests[0].Body), heldBody) {
			t.Errorf("%q:\n got %+v, %v", in, got, err)
		}
	}
}

// Colours stay colours where their first byte is written out or was lost.
func TestColoursOfATerminal(t *testing.T) {
	t.Parallel()
	for _, escape := range []string{"\x1b", "^[", "␛", `\x1b`, `\u001b`, `\033`, `\e`, ""} {
		colour := func(n, text string) string { return escape + "[" + n + "m" + text + escape + "[39;49;00m" }
		in := strings.NewReplacer("POST", colour("32", "POST"), "X-Webhook-ID", colour("36", "X-Webhook-ID"), "X-Webhook-Signature", colour("38;5;33", "X-Webhook-Signature"), "v1,K7dR2mC0p1q8xYw3nS6tUvZaBcDeFgHiJkLmNoPqRsE=", colour("33", "v1,K7dR2mC0p1q8xYw3nS6tUvZaBcDeFgHiJkLmNoPqRsE=")).Replace(heldHead)
		readings, err := capture.Parser{}.Readings([]byte(in + heldBody))
		if err != nil {
			t.Errorf("%q: %v", escape, err)
			continue
		}
		if got := readings[0].Requests[0]; string(got.Body) != heldBody || got.Get("X-Webhook-Signature") != "v1,K7dR2mC0p1q8xYw3nS6tUvZaBcDeFgHiJkLmNoPqRsE=" {
			t.Errorf("%q: got %+v", escape, got)
		}
	}
}

// A text that a program prints in pieces is one.
func TestTextsInPieces(t *testing.T) {
	t.Parallel()
	values := "headers: {'X-Webhook-ID': '38b6f40b-bf9f-4fff-8a22-030b5a757901', 'X-Webhook-Timestamp': '1790856003', 'X-Webhook-Signature': 'v1,K7dR2mC0p1q8xYw3nS6tUvZaBcDeFgHiJkLmNoPqRsE='},\n"
	begin, end := heldBody[:60], heldBody[60:]
	double := func(text string) string {
		return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
	}
	single := func(text string) string {
		return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text) + "'"
	}
	for name, in := range map[string]string{
		"Node.js":             "body: " + single(begin) + " +\n    " + double(end) + "\n",
		"a line before":       "body: " + double(begin) + "\n    + " + double(end) + "\n",
		"PHP":                 "'body' => " + single(begin) + " . " + single(end) + ",\n",
		"Python":              "'body': (" + single(begin) + "\n          " + double(end) + ")\n",
		"Python, bytes":       "'body': (b" + single(begin) + "\n          b" + strings.NewReplacer("é", `\xc3\xa9`, "€", `\xe2\x82\xac`).Replace(double(end)) + ")\n",
		"backslash":           "body = " + double(begin) + " \\\n  " + double(end) + "\n",
		"Go, as %#v":          "http.Header{\"X-Webhook-Id\":[]string{\"38b6f40b-bf9f-4fff-8a22-030b5a757901\"}, \"X-Webhook-Timestamp\":[]string{\"1790856003\"}, \"X-Webhook-Signature\":[]string{\"v1,K7dR2mC0p1q8xYw3nS6tUvZaBcDeFgHiJkLmNoPqRsE=\"}} body " + double(heldBody),
		"Go, in backticks":    "req, _ := http.NewRequest(\"POST\", \"http://a/\", strings.NewReader(`" + begin + "` + " + double(end) + "))\nreq.Header.Set(\"X-Webhook-ID\", \"38b6f40b-bf9f-4fff-8a22-030b5a757901\")\nreq.Header.Set(\"X-Webhook-Signature\", \"v1,K7dR2mC0p1q8xYw3nS6tUvZaBcDeFgHiJkLmNoPqRsE=\")\n",
		"one text, no pieces": "body: " + single(heldBody),
	} {
		if name[:2] != "Go" {
			in = values + in
		}
		readings, err := capture.Parser{}.Readings([]byte(in))
		found := false
		for _, r := range readings {
			q := r.Requests[0]
			found = found || string(q.Body) == heldBody && q.Get("X-Webhook-Signature") == "v1,K7dR2mC0p1q8xYw3nS6tUvZaBcDeFgHiJkLmNoPqRsE=" && len(q.Get("X-Webhook-ID")) == 36
		}
		if !found {
			t.Errorf("%s: got %+v, %v", name, readings, err)
		}
	}
}

// Recorders write a body as an object of their own, with its bytes under a name; what
// else is an object may be what a relay put around it.
func TestBodiesInObjects(t *testing.T) {
	t.Parallel()
	packed := base64.StdEncoding.EncodeToString([]byte(heldBody))
	printed, err := json.Marshal(heldBody)
	if err != nil {
		t.Fatal(err)
	}
	request := func(body string) string {
		return `{"request":{"headers":{"X-Webhook-ID":["38b6f40b-bf9f-4fff-8a22-030b5a757901"],"X-Webhook-Timestamp":["1790856003"],"X-Webhook-Signature":["v1,K7dR2mC0p1q8xYw3nS6tUvZaBcDeFgHiJkLmNoPqRsE="]},"body":` + body + `}}`
	}
	for _, body := range []string{
		`{"encoding":"utf-8","base64_string":"` + packed + `"}`, `{"encoding":"ASCII-8BIT","string":"` + packed + `"}`,
		`{"truncated":false,"as_bytes":"` + packed + `"}`, `{"truncated":false,"as_string":` + string(printed) + `}`,
	} {
		holds(t, request(body))
	}
	if got, err := capture.Parse([]byte(request(`{"relay":"a","event":` + string(printed) + `}`))); err != nil || string(got[0].Body) == heldBody {
		t.Errorf("an envelope: got %+v, %v", got, err)
	}
}

// A log puts a time in brackets before its JSON, and escapes slashes as PHP does it;
// telemetry wraps each value of a list.
func TestHeadersThatAProgramWrapped(t *testing.T) {
	t.Parallel()
	printed, err := json.Marshal(heldBody)
	if err != nil {
		t.Fatal(err)
	}
	const values = `{"X-Webhook-ID":["38b6f40b-bf9f-4fff-8a22-030b5a757901"],"X-Webhook-Timestamp":["1790856003"],"X-Webhook-Signature":["v1,K7dR2mC0p1q8xYw3nS6tUvZaBcDeFgHiJkLmNoPqRsE="]}`
	for _, before := range []string{"", "[2026-10-01 12:00:03] local.INFO: a webhook ", "[7] [a] {b "} {
		in := before + `{"headers":` + values + `,"body":` + string(printed) + "}\n"
		holds(t, in)
		if readings, err := (capture.Parser{}).Readings([]byte(in)); err != nil || readings[0].Loose {
			t.Errorf("%q: got %+v, %v", in, readings, err)
		}
	}
	wrapped := func(name, value string) string {
		return `{"key":"http.request.header.` + name + `","value":{"arrayValue":{"values":[{"stringValue":"` + value + `"}]}}}`
	}
	spans := `{"attributes":[` + wrapped("X-Webhook-ID", "38b6f40b-bf9f-4fff-8a22-030b5a757901") + "," + wrapped("X-Webhook-Timestamp", "1790856003") + "," + wrapped("X-Webhook-Signature", "v1,K7dR2mC0p1q8xYw3nS6tUvZaBcDeFgHiJkLmNoPqRsE=") +
		`,{"key":"http.request.body","value":{"stringValue":` + string(printed) + `}}]}`
	got, err := capture.Parse([]byte(spans))
	if err != nil || got[0].Get("http.request.header.X-Webhook-Signature") != "v1,K7dR2mC0p1q8xYw3nS6tUvZaBcDeFgHiJkLmNoPqRsE=" || string(got[0].Body) != heldBody {
		t.Errorf("telemetry: got %+v, %v", got, err)
	}
	loose := "warn id x_webhook_signature: \"v1,K7dR2mC0\\/1q8xYw3nS6tUvZaBcDeFgHiJkLmNoPqRsE\\u003d\" body " + heldBody
	readings, err := capture.Parser{}.Readings([]byte(loose))
	if err != nil || readings[0].Requests[0].Get("x_webhook_signature") != `v1,K7dR2mC0\/1q8xYw3nS6tUvZaBcDeFgHiJkLmNoPqRsE\u003d` {
		t.Errorf("escapes: got %+v, %v", readings, err)
	}
}
