package explain_test

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/sentsim/sentsim/scenarios/explain"
)

// pairs are captures of two deliveries in one file.
func pairs(a, b delivery) map[string]string {
	whole := func(d delivery) string { return d.http(length(len(d.body))) }
	plain := func(d delivery) string { return strings.ReplaceAll(d.http(), "\r", "") }
	line := func(d delivery) string {
		return fmt.Sprintf("WARN refused x-webhook-id=%s x-webhook-timestamp=%s x-webhook-signature=%s body=%s\n", d.id, d.stamp, d.signature, strconv.Quote(d.body))
	}
	item := func(d delivery) string {
		return `<item><request base64="true">` + base64.StdEncoding.EncodeToString([]byte(whole(d))) + "</request></item>"
	}
	file := func(d delivery) string {
		return "POST http://a/h" + plain(d)[strings.Index(plain(d), "\n"):] + "\n\n###\n\n"
	}
	return map[string]string{
		"one after another":     whole(a) + whole(b),
		"with their answers":    whole(a) + "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" + whole(b) + "HTTP/1.1 401 Unauthorized\r\n\r\n",
		"a line between them":   plain(a) + "\n\n----\n\n" + plain(b),
		"an .http file":         file(a) + file(b),
		"no request lines":      plain(a)[strings.Index(plain(a), "\n")+1:] + "\n###\n" + plain(b)[strings.Index(plain(b), "\n")+1:],
		"a prefix at each line": "web-1 | " + strings.ReplaceAll(plain(a)+"\n"+plain(b), "\n", "\nweb-1 | ") + "\n",
		"lines of a log":        line(a) + line(b),
		"blocks of a log":       strings.ReplaceAll(line(a)+line(b), " body", "\nbody"),
		"an export of Burp":     "<items>" + item(a) + item(b) + "</items>",
	}
}

// Of several requests in one file each is judged, and the wrong one is not lost
// behind a right one.
func TestSeveralRequests(t *testing.T) {
	right := signed(t, secretText)
	wrong := right.with(func(d *delivery) {
		d.body = strings.Replace(body, "sms", "rcs", 1)
		d.signature = "v1," + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("not a hash ", 3))[:32])
	})
	for n, of := range []map[string]string{pairs(right, wrong), pairs(wrong, right)} {
		for name, text := range of {
			found := judge(t, text)
			if len(found) != 2 || found[n].Verdict != explain.Right || found[1-n].Verdict != explain.Wrong {
				t.Errorf("%s, the wrong one is number %d: %+v", name, 2-n, found)
			}
		}
	}
}

// Where it cannot be told which signature belongs to which body, one that fits says
// nothing of the others.
func TestSignaturesThatCannotBeSplit(t *testing.T) {
	d := signed(t, secretText)
	other := of(t, otherText, body, body)
	text := fmt.Sprintf("refused: id %s at %s, x-webhook-signature=%s, and once more x-webhook-signature=%s with %s", d.id, d.stamp, d.signature, other.signature, strconv.Quote(body))
	found := judge(t, text)
	if len(found) != 1 || found[0].Cause != "several-requests" || found[0].Verdict != explain.CannotTell || !strings.Contains(found[0].Summary, "2 different signatures") {
		t.Errorf("%+v", found)
	}
}

// A secret that is right for one request of a webhook is not blamed for another.
func TestSecretThatIsRightForAnotherRequest(t *testing.T) {
	right := signed(t, secretText)
	other := right.with(func(d *delivery) {
		d.body = strings.Replace(body, "5 €", "6 €", 1)
		d.signature = of(t, otherText, d.body, d.body).signature
	})
	for name, text := range pairs(right, other) {
		if found := judge(t, text); found[len(found)-1].Cause != "changed" {
			t.Errorf("%s: %+v", name, found)
		}
	}
	gone := pairs(right, other.with(func(d *delivery) { d.id = "92316c62-9ac9-4251-9ad2-ca90b60eb3c2" }))["one after another"]
	if found := judge(t, gone); found[1].Cause != "another-secret" {
		t.Errorf("of another webhook: %+v", found[1])
	}
}
