package diagnosis_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/sentsim/sentsim/scenarios/diagnosis"
	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/scenarios/zoo"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/signing"
)

// faulty is a receiver with one fault. Its parts are right where they are left out.
type faulty struct {
	secret   signing.Secret
	path     string                                                    // "" is /webhooks/sent; * is every path
	ahead    time.Duration                                             // of its clock
	body     func([]byte) []byte                                       // what is verified of the body
	header   string                                                    // where the signature is read
	before   func(w http.ResponseWriter, r *http.Request) bool         // answers before the check
	after    func(w http.ResponseWriter, r *http.Request, body []byte) // and after it
	refusal  string                                                    // "" is "invalid signature"
	refused  int
	lockedAt int64
}

func (f faulty) handler() http.Handler {
	var bad atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		if f.before != nil && f.before(w, r) {
			return
		}
		if path := f.path; path != "*" && r.URL.Path != "/webhooks/sent" && path == "" || path != "" && path != "*" && r.URL.Path != path {
			http.Error(w, "no such page", http.StatusNotFound)
			return
		}
		h := signing.HeadersFrom(r.Header.Get)
		if f.header != "" {
			h.Signature = r.Header.Get(f.header)
		}
		signed := body
		if f.body != nil {
			signed = f.body(body)
		}
		if f.secret.Verify(h, signed, clock.Wall().Add(f.ahead)) != nil {
			if f.lockedAt > 0 && bad.Add(1) > f.lockedAt {
				http.Error(w, "slow down", http.StatusTooManyRequests)
				return
			}
			status, text := f.refused, f.refusal
			if status == 0 {
				status = http.StatusUnauthorized
			}
			if text == "" {
				text = "invalid signature"
			}
			http.Error(w, text, status)
			return
		}
		if f.after != nil {
			f.after(w, r, body)
		}
	})
}

func answers(status int, text string, header ...string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, _ *http.Request) bool {
		for n := 0; n+1 < len(header); n += 2 {
			w.Header().Set(header[n], header[n+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
		return true
	}
}

// unless answers like that to requests of which ok is not true.
func unless(ok func(*http.Request) bool, status int, text string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool { return !ok(r) && answers(status, text)(w, r) }
}

// behindHeaders answers like that to requests that have the signature's headers.
func behindHeaders(status int, text string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get(signing.HeaderSignature) == "" {
			return answers(http.StatusBadRequest, "missing headers")(w, r)
		}
		return answers(status, text)(w, r)
	}
}

// lockout refuses so many and then turns everything away.
func lockout(after int64) func(http.ResponseWriter, *http.Request) bool {
	var n atomic.Int64
	return func(w http.ResponseWriter, r *http.Request) bool {
		if n.Add(1) > after {
			return answers(http.StatusForbidden, "you are blocked")(w, r)
		}
		return answers(http.StatusUnauthorized, "invalid signature")(w, r)
	}
}

func payload(body []byte) []byte {
	var e struct {
		Payload json.RawMessage `json:"payload"`
	}
	_ = json.Unmarshal(body, &e)
	return e.Payload
}

// Each kind of fault is found, with a text that names it, and the secret is blamed
// where it is wrong and nowhere else.
func TestFaultsAreFound(t *testing.T) {
	t.Parallel()
	takesLong(t)
	ours := secret(t)
	theirs, err := signing.ParseSecret("whsec_" + base64.StdEncoding.EncodeToString([]byte("the key of somebody else's webhook")))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name        string
		f           faulty
		cause, says string
	}{
		{"a wrong secret", faulty{secret: theirs}, "wrong-secret", "speaks of the signature"},
		{"a wrong secret, every path", faulty{secret: theirs, path: "*"}, "wrong-secret", "another secret"},
		{"a wrong secret, few words", faulty{secret: theirs, refusal: "Forbidden", refused: 403}, "wrong-secret", "a path that does not exist"},
		{"a wrong secret, nothing shows", faulty{secret: theirs, path: "*", refusal: "Unauthorized"}, "never-looked", "same answer"},
		{"a framework's error around it", faulty{secret: theirs, refusal: `{"timestamp":"2026-11-28T12:00:00Z","status":401,"error":"Unauthorized"}`}, "wrong-secret", ""},
		{"a door with a name", faulty{before: answers(419, "Page Expired")}, "csrf", "Laravel"},
		{"a door without a name", faulty{before: answers(403, "Nope")}, "never-looked", "“Nope”"},
		{"a login", faulty{before: answers(302, "", "Location", "/login?next=/webhooks/sent")}, "login", "log"},
		{"another redirect", faulty{before: answers(302, "", "Location", "/elsewhere")}, "redirect", "302"},
		{"a redirect to the slash", faulty{secret: ours, path: "/webhooks/sent/", before: func(w http.ResponseWriter, r *http.Request) bool {
			return r.URL.Path == "/webhooks/sent" && answers(308, "", "Location", "/webhooks/sent/")(w, r)
		}}, "redirect", "there the delivery is taken"},
		{"only with the slash", faulty{secret: ours, path: "/webhooks/sent/"}, "wrong-path", "/webhooks/sent/ does"},
		{"below a prefix", faulty{secret: ours, path: "/api/webhooks/sent"}, "wrong-path", "/api/webhooks/sent does"},
		{"nowhere", faulty{before: answers(404, "no such page")}, "wrong-path", "nothing takes a POST"},
		{"only GET", faulty{before: answers(405, "", "Allow", "GET")}, "method-not-allowed", "only GET"},
		{"a User-Agent", faulty{secret: ours, before: unless(func(r *http.Request) bool { return !strings.Contains(r.UserAgent(), "sentsim") }, 403, "Forbidden")}, "user-agent", "User-Agent"},
		{"a host name", faulty{secret: ours, before: unless(func(r *http.Request) bool { return strings.HasPrefix(r.Host, "localhost") }, 421, "")}, "host-check", "Host localhost"},
		{"https behind a proxy", faulty{secret: ours, before: unless(func(r *http.Request) bool { return r.Header.Get("X-Forwarded-Proto") == "https" }, 403, "TLS only")}, "https-required", "X-Forwarded-Proto"},
		{"a content type", faulty{secret: ours, before: unless(func(r *http.Request) bool { return r.Header.Get("Content-Type") == "text/plain" }, 415, "")}, "content-type", "with text/plain it is"},
		{"a token", faulty{secret: ours, before: func(w http.ResponseWriter, r *http.Request) bool {
			text := "Unauthorized"
			if r.Header.Get("Authorization") != "" {
				text = "malformed"
			}
			return r.URL.Path == "/webhooks/sent" && answers(401, text)(w, r)
		}}, "other-auth", "Authorization"},
		{"a small body limit", faulty{secret: ours, before: unless(func(r *http.Request) bool { return r.ContentLength < 150 }, 413, "")}, "body-too-large", "145 bytes"},
		{"a rate limit", faulty{before: answers(429, "later", "Retry-After", "30")}, "rate-limit", "“later”"},
		{"a status that speaks", faulty{before: answers(451, "not here")}, "blocked", "“not here”"},
		{"no secret, and it says so", faulty{before: answers(500, `{"error":"webhook secret is not configured"}`)}, "secret-not-configured", "not configured"},
		{"an exception in a library", faulty{before: answers(500, "TypeError: Cannot read properties of undefined (reading 'replace')")}, "secret-not-configured", "reading"},
		{"an exception", faulty{before: answers(500, "")}, "server-error", "before it comes to the webhook"},
		{"another header", faulty{secret: ours, header: "X-Sent-Signature"}, "header-names", "X-Sent-Signature"},
		{"a header that is named", faulty{before: answers(400, "Missing X-Acme-Webhook-Mac header")}, "header-names", "X-Acme-Webhook-Mac"},
		{"a header that got lost", faulty{before: answers(400, "required header missing")}, "missing-header", "required header missing"},
		{"base64", faulty{secret: ours, body: func(b []byte) []byte { return base64.StdEncoding.AppendEncode(nil, b) }}, "body-as-base64", "base64"},
		{"HTML-escaped", faulty{secret: ours, body: func(b []byte) []byte { return []byte(html.EscapeString(string(b))) }}, "body-html-escaped-go", "escape"},
		{"the payload", faulty{secret: ours, body: payload}, "payload-only", "payload"},
		{"an own way of printing", faulty{secret: ours, body: func(b []byte) []byte {
			if bytes.Contains(b, []byte("payload")) {
				return append([]byte("MODEL"), b...)
			}
			return b
		}}, "body-changed", "something changes the body"},
		{"a filter that leaves nothing", faulty{secret: ours, refused: 400, body: func([]byte) []byte { return nil }, after: func(w http.ResponseWriter, _ *http.Request, _ []byte) {
			http.Error(w, "Unexpected end of JSON input", http.StatusBadRequest)
		}}, "body-empty", "something else had read"},
		{"all but the last byte", faulty{secret: ours, body: func(b []byte) []byte { return b[:max(len(b)-1, 0)] }}, "body-cut", "last byte"},
		{"all but the first byte", faulty{secret: ours, body: func(b []byte) []byte { return b[min(len(b), 1):] }}, "body-cut", "first byte"},
		{"UTF-16, big-endian", faulty{secret: ours, body: func(b []byte) []byte {
			var out []byte
			for _, unit := range utf16.Encode([]rune(string(b))) {
				out = append(out, byte(unit>>8), byte(unit))
			}
			return out
		}}, "body-as-utf16be", "big-endian"},
		{"another body where there is one", faulty{secret: ours, body: func(b []byte) []byte { return bytes.Repeat(b, 3) }}, "body-changed", "an empty body is found right"},
		{"the first bytes", faulty{secret: ours, body: func(b []byte) []byte { return b[:min(len(b), 200)] }}, "body-cut", "only the first 200 bytes"},
		{"compressed", faulty{secret: ours, body: func(b []byte) []byte {
			if string(b) != "{}" {
				return append([]byte("\x1f\x8b"), b...)
			}
			printed, _ := hex.DecodeString("1f8b0800000000000003abae050043bfa6a302000000") // by zlib.gzipSync("{}") of Node
			return printed
		}}, "body-compressed", "gzip"},
		{"a fast clock", faulty{secret: ours, ahead: 400 * time.Second}, "clock-skew", " fast"},
		{"a slow clock", faulty{secret: ours, ahead: -1000 * time.Second}, "clock-skew", "slow"},
		{"a time zone", faulty{secret: ours, ahead: -2 * time.Hour}, "time-zone", "time zone"},
		{"milliseconds", faulty{before: func(w http.ResponseWriter, r *http.Request) bool {
			h := signing.HeadersFrom(r.Header.Get)
			ms, _ := strconv.ParseInt(h.Timestamp, 10, 64)
			body, _ := io.ReadAll(r.Body)
			fits := ours.SignContent([]byte(h.ID+"."+h.Timestamp+"."+string(body))) == h.Signature
			return clock.Wall().Sub(time.UnixMilli(ms)).Abs() > time.Minute && answers(401, "expired")(w, r) || !fits && answers(401, "invalid signature")(w, r) || answers(200, "")(w, r)
		}}, "timestamp-milliseconds", "milliseconds"},
		{"the event", faulty{secret: ours, after: func(w http.ResponseWriter, _ *http.Request, b []byte) {
			if bytes.Contains(b, []byte("QUEUED")) {
				http.Error(w, "not been linked yet", http.StatusServiceUnavailable)
			}
		}}, "event-refused", "not been linked yet"},
		{"every event", faulty{secret: ours, after: func(w http.ResponseWriter, _ *http.Request, _ []byte) {
			http.Error(w, "no tenant", http.StatusUnprocessableEntity)
		}}, "event-refused", "no tenant"},
		{"the handler", faulty{secret: ours, after: func(w http.ResponseWriter, _ *http.Request, _ []byte) {
			http.Error(w, "oops", http.StatusInternalServerError)
		}}, "handler-fails", "oops"},
		{"a wrong secret, thrown", faulty{secret: theirs, refusal: "The signature is invalid.", refused: 500}, "wrong-secret", "speaks of the signature"},
		{"a wrong secret, and perhaps its time", faulty{secret: theirs, refusal: "invalid or expired signature"}, "wrong-secret", ""},
		{"a wrong secret, slowly", faulty{secret: theirs, before: func(http.ResponseWriter, *http.Request) bool {
			time.Sleep(100 * time.Millisecond)
			return false
		}}, "wrong-secret", ""},
		{"a wrong secret, or an exception in the check", faulty{secret: theirs, refused: 500, refusal: "oops", before: unless(func(r *http.Request) bool { return r.Header.Get(signing.HeaderSignature) != "" }, 400, "no")}, "server-error", "fails in the check"},
		{"a wrong secret, Flask's page", faulty{secret: theirs, refused: 403, refusal: "<!doctype html>\n<html lang=en>\n<title>403 Forbidden</title>\n<h1>Forbidden</h1>\n<p>You don&#39;t have the permission to access the requested resource. It is either read-protected or not readable by the server.</p>"}, "wrong-secret", "a path that does not exist"},
		{"a wrong secret, in Portuguese", faulty{secret: theirs, refusal: `{"erro":"assinatura inválida"}`, path: "*"}, "wrong-secret", "speaks of the signature"},
		{"a plan that ended", faulty{secret: theirs, refused: 403, refusal: "Your trial has ended. Please upgrade your plan."}, "unpaid", "“Your trial"},
		{"a token whose signature is wrong", faulty{before: answers(401, "JWT signature does not match locally computed signature.")}, "other-auth", "bearer tokens"},
		{"a token, after a look at the headers", faulty{before: func(w http.ResponseWriter, r *http.Request) bool {
			if r.Header.Get(signing.HeaderSignature) == "" {
				return answers(400, "missing headers")(w, r)
			}
			return answers(401, "jwt expired")(w, r)
		}}, "other-auth", "a delivery with a wrong signature gets the same"},
		{"a signed URL", faulty{before: unless(func(r *http.Request) bool { return r.URL.Path != "/webhooks/sent" }, 403, `{"message":"Invalid signature.","exception":"Illuminate\\Routing\\Exceptions\\InvalidSignatureException"}`)}, "signed-url", "signed URLs"},
		{"an error that Spring writes for a controller", faulty{secret: theirs, before: func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Cache-Control", "no-cache, no-store, max-age=0, must-revalidate")
			return false
		}, refused: 403, refusal: `{"timestamp":"2026-11-28T12:00:00Z","status":403,"error":"Forbidden","path":"/webhooks/sent"}`}, "wrong-secret", "a path that does not exist"},
		{"Spring Security", faulty{before: func(w http.ResponseWriter, r *http.Request) bool {
			return answers(403, `{"timestamp":"2026-11-28T12:00:00Z","status":403,"error":"Forbidden","path":"`+r.URL.Path+`"}`, "Cache-Control", "no-cache, no-store, max-age=0, must-revalidate")(w, r)
		}}, "csrf", "Spring Security"},
		{"a workflow that is not active", faulty{before: answers(404, `{"code":404,"message":"The requested webhook \"POST sent\" is not registered."}`)}, "platform-error", "production URL"},
		{"a challenge in the place of a rate limit", faulty{before: answers(429, "Vercel Security Checkpoint", "X-Vercel-Mitigated", "challenge")}, "waf-challenge", "Bypass"},
		{"a token that a route asks for", faulty{secret: theirs, refusal: "No authorization token was found"}, "other-auth", "token"},
		{"a token of what kind", faulty{secret: theirs, refusal: "Invalid token"}, "cannot-tell", "do not show"},
		{"a body that was parsed", faulty{secret: theirs, refusal: "Webhook payload must be provided as a string or a Buffer. Signature verification is impossible without access to the original signed material.", refused: 400}, "raw-body-missing", "raw body"},
		{"a body that is not there, on a page", faulty{secret: theirs, refusal: "<!doctype html><title>Error</title><pre>TypeError: The &quot;data&quot; argument must be of type string. Received undefined at Hmac.update</pre>", refused: 500}, "raw-body-missing", "“TypeError"},
		{"only with the slash, and it says so", faulty{secret: ours, path: "/webhooks/sent/", before: unless(func(r *http.Request) bool { return r.URL.Path != "/webhooks/sent" }, 500, "the URL doesn't end in a slash and you have APPEND_SLASH set")}, "wrong-path", "/webhooks/sent/ does"},
		{"a clock of three days ago", faulty{secret: ours, ahead: -72 * time.Hour}, "clock-skew", "slow"},
		{"times in another form", faulty{secret: ours, body: func(b []byte) []byte {
			var e struct{ Field, Timestamp string }
			if json.Unmarshal(b, &e) != nil || e.Timestamp == "" {
				return nil
			}
			return bytes.Replace(b, []byte(e.Timestamp), []byte(strings.TrimSuffix(e.Timestamp, "Z")+".000Z"), 1)
		}}, "reserialised-timestamp-milliseconds", "12:00:00.000Z"},
		{"the event's id", faulty{before: func(w http.ResponseWriter, r *http.Request) bool {
			h := signing.HeadersFrom(r.Header.Get)
			h.ID = r.Header.Get("X-Webhook-Event-ID")
			body, _ := io.ReadAll(r.Body)
			return ours.Verify(h, body, clock.Wall()) != nil && answers(401, "invalid signature")(w, r) || answers(200, "")(w, r)
		}}, "event-id-signed", "X-Webhook-Event-ID"},
		{"a lockout", faulty{secret: theirs, lockedAt: 5}, "cannot-tell", "ended before"},
		{"a lockout at once", faulty{before: lockout(1)}, "locked-out", "does not show any more"},
		{"a wrong secret, hidden", faulty{secret: theirs, refused: 404, refusal: " "}, "wrong-secret", "a path that does not exist"},
		{"a wrong secret, an exception for every one", faulty{secret: theirs, refused: 500, refusal: "oops"}, "server-error", "throws where it does not fit"},
		{"a page that is not found, in other words than others", faulty{before: unless(func(r *http.Request) bool { return r.URL.Path != "/webhooks/sent" }, 404, "page not found")}, "cannot-tell", "may be the path"},
		{"a message that is not found", faulty{before: unless(func(r *http.Request) bool { return r.URL.Path != "/webhooks/sent" }, 404, "message not found")}, "event-refused", "message not found"},
		{"headers, then a lookup", faulty{before: behindHeaders(404, `{"error":"unknown webhook"}`)}, "cannot-tell", webhookID},
		{"headers, then a key", faulty{before: behindHeaders(409, `{"error":"already processed"}`)}, "cannot-tell", "whoever deduplicates by it"},
		{"headers, then an account", faulty{before: behindHeaders(403, `{"error":"account suspended"}`)}, "cannot-tell", "nothing shows that it was compared"},
	} {
		if !zoo.Tests(tt.name) {
			continue
		}
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := diagnosed(t, tt.f.handler())
			if d == nil {
				t.Fatal("it takes the plain delivery")
			}
			said := d.Summary + "\n" + d.Fix
			if d.Cause != tt.cause || !strings.Contains(said, tt.says) {
				t.Errorf("%s: %s\n%s", d.Cause, said, strings.Join(d.Evidence, "\n"))
			}
			if blames := strings.Contains(said+strings.Join(d.Evidence, ""), "another secret"); blames != (tt.cause == "wrong-secret") {
				t.Errorf("blames the secret: %v\n%s", blames, said)
			}
			if d.Fix == "" || len(d.Evidence) == 0 || strings.Contains(said, secretText) {
				t.Errorf("fix or evidence is missing, or the secret shows: %+v", d)
			}
		})
	}
}

// A body that is normalised shows only where it makes a difference.
func TestAChangedBodyIsFoundWhereOrdinaryOnesPass(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, text, into, cause, says string
		after                         string // what a right receiver says to it
	}{
		{"NFC", "e\u0301", "\u00e9", "body-normalised", "NFC", ""},
		{"escaped", "a&b", "a&amp;b", "body-escaped", "HTML", ""},
		{"printed", `a\/b`, "a/b", "body-reserialised", "parsed and printed", ""},
		{"cut", strings.Repeat("x", 900), "", "body-cut", "only the first 500 bytes", ""},
		{"not the signature", "\u0000", "\u0000", "", "", "cannot store this"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := faulty{
				secret: secret(t),
				body: func(b []byte) []byte {
					if tt.name == "cut" {
						return b[:min(len(b), 500)]
					}
					return bytes.ReplaceAll(b, []byte(strings.Trim(tt.text, "ab")), []byte(strings.Trim(tt.into, "ab")))
				},
				after: func(w http.ResponseWriter, _ *http.Request, b []byte) {
					if tt.after != "" && bytes.Contains(b, []byte(tt.text)) {
						http.Error(w, tt.after, http.StatusInternalServerError)
					}
				},
			}
			srv := httptest.NewServer(f.handler())
			defer srv.Close()
			r := under(t, srv.URL+"/webhooks/sent")
			body := []byte(`{"field":"message","payload":{"text":"` + tt.text + `"}}`)
			req := r.Sign(event.Event{Type: "message.received"}, body, 0)
			o := r.Send(t.Context(), driver.Planned{Request: req}).Outcome
			if o.Accepted() {
				t.Fatal("accepted")
			}
			d := diagnosis.BodyRefused(t.Context(), r, req, o)
			switch {
			case tt.cause == "":
				if d != nil {
					t.Errorf("%+v", d)
				}
			case d == nil || d.Cause != tt.cause || !strings.Contains(d.Summary, tt.says) || !strings.Contains(d.Fix, "raw bytes"):
				t.Errorf("%+v", d)
			}
		})
	}
}

// Experiments stop when the receiver says that there are too many, and when the
// run is stopped.
func TestExperimentsEnd(t *testing.T) {
	t.Parallel()
	theirs, err := signing.ParseSecret("whsec_" + base64.StdEncoding.EncodeToString([]byte("the key of somebody else's webhook")))
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int64
	f := faulty{secret: theirs, lockedAt: 10}
	h := f.handler()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		h.ServeHTTP(w, r)
	}))
	defer srv.Close()
	r := under(t, srv.URL+"/webhooks/sent")
	plain := plainOutcome(t.Context(), r)
	diagnosis.Of(t.Context(), r, plain)
	if n := asked.Load(); n > 14 {
		t.Errorf("%d requests to a receiver that turned them away after 10", n)
	}
	before := asked.Load()
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if d := diagnosis.Of(stopped, r, plain); d.Cause == "wrong-secret" || asked.Load() != before {
		t.Errorf("%d requests after the stop; %+v", asked.Load()-before, d)
	}
}

// What is only named by its answer is named without a request.
func TestNamed(t *testing.T) {
	if d := diagnosis.Named(delivery.Outcome{Kind: delivery.Answered, Status: 419, Body: []byte("Page Expired")}); d == nil || d.Cause != "csrf" {
		t.Errorf("%+v", d)
	}
	if d := diagnosis.Named(delivery.Outcome{Kind: delivery.Answered, Status: 401, Body: []byte("invalid signature")}); d != nil {
		t.Errorf("%+v", d)
	}
}

// takesLong leaves a test out of make test, which is to answer soon. CI runs it.
func takesLong(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("it takes long: make test SHORT= runs it")
	}
}
