package capture_test

import (
	"strings"
	"testing"

	"github.com/sentsim/sentsim/scenarios/capture"
)

// A log of requests has nothing to judge by: the error says which log it is, and
// what to record.
func TestLogsOfRequests(t *testing.T) {
	for in, want := range map[string]string{
		"Started POST \"/webhooks/sent\" for 1.2.3.4 at 2026-10-01 12:00:03 +0000\nProcessing by WebhooksController#sent as JSON\n  Parameters: {\"field\"=>\"message\"}\nCompleted 401 Unauthorized in 2ms\n": "line 1: this is a log of Rails",
		"noise\nI, [2026-10-01T12:00:03.1 #1]  INFO -- : Started POST \"/webhooks/sent\" for 1.2.3.4 at 2026-10-01\n":                                                                                          "line 1: this is a log of Rails",
		"1.2.3.4 - - [01/Oct/2026:12:00:03 +0000] \"POST /webhooks/sent HTTP/1.1\" 401 17 \"-\" \"Sent-Webhooks/1.0\"\n":                                                                                       "an access log (nginx, Apache)",
		"hooks.example.com:443 1.2.3.4 - me [01/Oct/2026:12:00:03 +0000] \"POST /webhooks/sent HTTP/2.0\" 401 17\n":                                                                                            "an access log (nginx, Apache)",
		"#Software: Microsoft Internet Information Services 10.0\n#Fields: date time cs-method cs-uri-stem sc-status\n2026-10-01 12:00:03 POST /webhooks/sent 401\n":                                           "a log of IIS",
		"#Fields: date time cs-method cs-uri-stem sc-status\n2026-10-01 12:00:03 POST /webhooks/sent 401\n":                                                                                                    "a log of IIS",
		"2026-10-01T12:00:03+00:00 heroku[router]: at=info method=POST path=\"/webhooks/sent\" status=401\n":                                                                                                   "a log of Heroku's router",
		"INFO:     1.2.3.4:53210 - \"POST /webhooks/sent HTTP/1.1\" 401 Unauthorized\n":                                                                                                                        "the log of a web server",
	} {
		_, err := capture.Parse([]byte(in))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "neither the signature headers nor the body") || !strings.Contains(err.Error(), "raw body") {
			t.Errorf("%q: got %v, want %q", in, err, want)
		}
	}
}

// What a text without a form of its own is called is true of it.
func TestKindsOfTexts(t *testing.T) {
	const (
		id, stamp, signature = "38b6f40b-bf9f-4fff-8a22-030b5a757901", "1790856003", "v1,K7dR2mC0p1q8xYw3nS6tUvZaBcDeFgHiJkLmNoPqRsE="
		body                 = `{"field":"message","event":"message.sent","payload":{"a":"1","b":"2"}}`
	)
	headers := func(before, between, after string) string {
		return before + "X-Webhook-ID" + between + id + after + before + "X-Webhook-Timestamp" + between + stamp + after + before + "X-Webhook-Signature" + between + signature + after
	}
	for want, in := range map[string]string{
		"a request of Bruno":                       "meta {\n  name: sent\n}\n\nheaders {\n" + headers("  ", ": ", "\n") + "}\n\nbody:json {\n  " + body + "\n}\n",
		"what print_r of PHP prints":               "Array\n(\n" + headers("    [", "] => Array\n        (\n            [0] => ", "\n        )\n\n") + ")\n" + body + "\n",
		"what var_dump of PHP prints":              "array(3) {\n" + headers("  [\"", "\"]=>\n  string(9) \"", "\"\n") + "}\n" + body + "\n",
		"what Python prints for its values":        "{'method': 'POST', 'headers': {" + headers("'", "': '", "', ") + "}, 'body': '" + body + "'}\n",
		"what Java prints for a map":               "2026-10-01 12:00:03 WARN refused headers={" + headers("", "=[", "], ") + "} body=" + body + "\n",
		"what Go prints for its values":            "headers: map[" + headers("", ":[", "] ") + "] body: " + body + "\n",
		"what Data::Dumper of Perl prints":         "$VAR1 = {\n" + headers("  '", "' => '", "',\n") + "  'body' => '" + body + "'\n};\n",
		"what tcpdump prints":                      "12:00:03.123456 IP 1.2.3.4.53210 > 10.0.0.1.8080: Flags [P.], length 899: HTTP: POST / HTTP/1.1\nE..x.@.@.\nPOST / HTTP/1.1\n" + headers("", ": ", "\n") + "\n" + body + "\n",
		"what console.log of Node.js prints":       "2026-10-01T12:00:03.123Z INFO {\n  version: '2.0',\n  headers: {\n" + headers("    '", "': '", "',\n") + "  },\n  body: '" + body + "'\n}\n",
		"a line of the system's log":               "Oct 01 12:00:03 web-1 hooks[812]: refused headers=" + headers("", ": ", ", ") + " body=" + body + "\n",
		"a row of a table as a database's client":  "-[ RECORD 1 ]-----\n" + headers("", " | ", "\n") + "body | " + body + "\n",
		"a row of a table (CSV or SQL)":            "id,ts,sig,body\n" + id + "," + stamp + ",\"" + signature + "\",\"" + strings.ReplaceAll(body, `"`, `""`) + "\"\n",
		"a row of a table (CSV or SQL); headers":   "INSERT INTO deliveries VALUES ('" + id + "', " + stamp + ", '" + signature + "', '" + body + "');\n",
		"a log or a text":                          "level=warn x_webhook_id=" + id + " x_webhook_timestamp=" + stamp + " x_webhook_signature=\"" + signature + "\" body=" + body + "\n",
		"a log or a text; headers":                 "Hello, world, again\n" + headers("  ", ": \"", "\"\n") + "\n" + body + "\n",
		"what print_r of PHP prints; headers":      "Illuminate\\Http\\Request Object\n(\n" + headers("    [", "] => ", "\n") + ")\n" + body + "\n",
		"JavaScript (fetch or the like)":           "import http from 'k6/http';\nhttp.post('http://a/', '" + body + "', { headers: {" + headers("'", "': '", "', ") + "} });\n",
		"what Python prints for its values; heade": "INFO:hooks:headers={" + headers("'", "': '", "', ") + "} body=b'" + body + "'\n",
	} {
		readings, err := capture.Parser{}.Readings([]byte(in))
		if err != nil {
			t.Errorf("%s: %v", want, err)
			continue
		}
		found := false
		var notes []string
		for _, r := range readings {
			for _, q := range r.Requests {
				notes = append(notes, q.Notes...)
				found = found || r.Loose && strings.Contains(strings.Join(q.Notes, "\n"), "the capture is "+want)
			}
		}
		if !found {
			t.Errorf("%s: the notes are %q", want, notes)
		}
	}
}
