package diagnosis

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/simulator/delivery"
)

// saysAtOnce is for answers that ask for silence, or leave nothing to be tried.
func (i *investigation) saysAtOnce() *report.Diagnosis {
	if i.plain.Status != http.StatusTooManyRequests {
		return nil
	}
	wait := ""
	if after := i.plain.Header.Get("Retry-After"); after != "" {
		wait = " It says Retry-After: " + after + "."
	}
	return &report.Diagnosis{
		Cause:   "rate-limit",
		Summary: "the receiver, or something in front of it, has a rate limit and says too many requests to the first delivery: " + i.seen(i.plain),
		Fix:     "Take the limit off the webhook's path, or make it wide enough for a burst of 50 deliveries (ACK-2): Sent gives up after a few retries." + wait,
	}
}

// saying is a status that explains itself.
type saying struct {
	status     int
	cause, why string
	fix        string
}

func sayings() []saying {
	return []saying{
		{http.StatusPaymentRequired, "unpaid", "a plan's limit or a bill is in the way", "Look at the account of the platform that hosts the receiver."},
		{http.StatusProxyAuthRequired, "other-auth", "a proxy on the way wants credentials", "Send webhooks past that proxy."},
		{http.StatusNotAcceptable, "not-acceptable", "it offers no form of answer that the request accepts, or a firewall took it for an attack", "Answer webhooks whatever their Accept header says: Sent reads only the status. If a firewall writes this, except the webhook's path."},
		{http.StatusRequestTimeout, "request-timeout", "it waited for more of the request than came", "Read exactly as many bytes of the body as Content-Length says."},
		{http.StatusLengthRequired, "length-required", "it, or a proxy in front of it, wants a Content-Length and does not see one", "Sent sends Content-Length; a proxy that makes chunks of the body must not (proxy_request_buffering on in nginx)."},
		{http.StatusPreconditionFailed, "precondition", "a precondition of the request is not fulfilled", "Take the check of preconditions off the webhook's route."},
		{http.StatusRequestURITooLong, "uri-too-long", "the address is too long for it", "Register a shorter address."},
		{http.StatusExpectationFailed, "expectation-failed", "it does not fulfil an Expect header", "Take what adds Expect: 100-continue out of the way."},
		{http.StatusTeapot, "blocked", "418 is how some hosts say that they block automated requests", "Except the webhook's path from the check for bots."},
		{http.StatusMisdirectedRequest, "host-check", "the server does not serve this host name on this connection", "Send the name that it serves: in the URL, or with --header 'Host: NAME'."},
		{http.StatusUpgradeRequired, "upgrade-required", "it wants another protocol (426 Upgrade Required: HTTPS, HTTP/2 or a websocket)", "Give the address of the webhook, over https:// where TLS is wanted; Sent speaks HTTP/1.1."},
		{http.StatusPreconditionRequired, "precondition", "it wants a conditional request (If-Match)", "Take the check of preconditions off the webhook's route."},
		{http.StatusRequestHeaderFieldsTooLarge, "headers-too-large", "the request's headers are larger than it takes", "Raise its limit for headers (large_client_header_buffers in nginx, --max-http-header-size in Node); Sent's are about 500 bytes, so look for what adds to them."},
		{http.StatusUnavailableForLegalReasons, "blocked", "it, or something in front of it, blocks where the request comes from", "Let Sent's addresses in (for a test, this machine's as well)."},
		{http.StatusNotImplemented, "method-not-implemented", "what answers there does not implement POST", "Something else than the receiver listens there: give the receiver's own address and path."},
		{http.StatusHTTPVersionNotSupported, "http-version", "it does not take HTTP/1.1", "Sent speaks HTTP/1.1: let the receiver, or the proxy in front of it, take it."},
		{http.StatusInsufficientStorage, "full", "its disk is full", "Make room."},
		{http.StatusLoopDetected, "proxy-error", "its proxies send requests in a circle", "Look at what each proxy passes on to."},
		{http.StatusNetworkAuthenticationRequired, "login", "the network wants a login (a captive portal)", "Log in to that network, or test on another."},
		{http.StatusBadGateway, "proxy-error", "a proxy answers that cannot reach the receiver behind it", "Start the receiver, and compare its port with the proxy's configuration."},
		{http.StatusGatewayTimeout, "proxy-error", "a proxy answers that has waited in vain for the receiver behind it", "Look why the receiver does not answer: it must acknowledge at once and do the work afterwards."},
	}
}

// saysItsStatus is for statuses that leave no doubt.
func (i *investigation) saysItsStatus() *report.Diagnosis {
	switch i.plain.Status {
	case http.StatusMethodNotAllowed:
		return i.methodNotAllowed()
	case http.StatusRequestEntityTooLarge:
		return i.tooLarge()
	case http.StatusUnsupportedMediaType:
		return i.mediaType()
	}
	for _, s := range sayings() {
		if s.status == i.plain.Status && i.neverLooked() {
			if d := i.otherRequest(); d != nil {
				return d
			}
			return &report.Diagnosis{Cause: s.cause, Summary: "the answer speaks for itself: " + i.seen(i.plain) + " (" + s.why + ")", Fix: s.fix}
		}
	}
	return nil
}

func (i *investigation) methodNotAllowed() *report.Diagnosis {
	allow := i.plain.Header.Get("Allow")
	what := "what answers at this path takes no POST"
	if allow != "" {
		what += ", only " + allow
	}
	return &report.Diagnosis{
		Cause:   "method-not-allowed",
		Summary: what + ": " + i.seen(i.plain),
		Fix:     "Register the route for POST (app.post, @app.route(…, methods=['POST']), [HttpPost], export async function POST), or give the path of the webhook's route: this is another one." + pathHint,
	}
}

// tooLarge looks how large a body may be.
func (i *investigation) tooLarge() *report.Diagnosis {
	size := len(i.genuine().Body)
	taken, refused := 0, size
	for taken+16 < refused && !i.over() {
		n := max((taken+refused)/2, 9)
		body := []byte(`{"pad":"` + strings.Repeat("x", max(n-10, 0)) + `"}`)
		a := i.send(i.plainSigned(body, i.now()))
		if a.Kind != delivery.Answered {
			break
		}
		if a.Status == http.StatusRequestEntityTooLarge {
			refused = n
		} else {
			taken = n
		}
		if n <= 10 {
			break
		}
	}
	limit := ""
	if taken > 0 {
		limit = fmt.Sprintf(" (a body of %d bytes is not too large for it, one of %d bytes is; this event has %d)", taken, refused, size)
	}
	return &report.Diagnosis{
		Cause:   "body-too-large",
		Summary: "the body is too large for a size limit: " + i.seen(i.plain) + limit,
		Fix:     "Raise the body limit of the webhook's route to 64 KiB at least (TOL-8): express.raw({limit: '1mb'}), client_max_body_size in nginx, bodyLimit in Fastify, DATA_UPLOAD_MAX_MEMORY_SIZE in Django, http.MaxBytesReader in Go.",
	}
}

// mediaType looks which content type is taken.
func (i *investigation) mediaType() *report.Diagnosis {
	d := &report.Diagnosis{
		Cause:   "content-type",
		Summary: "the Content-Type application/json is not taken: " + i.seen(i.plain),
		Fix:     "Let the webhook's route take application/json (express.raw({type: 'application/json'}), consumes in Spring, [Consumes(\"application/json\")], a content type parser in Fastify), and read the body as bytes.",
	}
	for _, typ := range contentTypes() {
		a := i.send(i.genuine().With("Content-Type", typ))
		if a.Kind == delivery.Answered && a.Status != http.StatusUnsupportedMediaType {
			d.Summary += "; with " + typ + " it is (" + i.seen(a.Outcome) + ")"
			break
		}
	}
	return d
}

// speech is a text that says what is wrong, whatever the status.
type speech struct {
	cause, pattern, why, fix string
}

func speeches() []speech {
	return []speech{
		{
			"raw-body-missing", `payload must be provided as a string or a buffer|expected (the )?(payload|body) to be (of type )?(a )?string|without access to the original signed material|\bthe ["“]?data["”]? argument must be\b.{0,160}(undefined|instance of Object)|raw ?body.{0,20}(is |was )?(missing|undefined|null|not (available|set|found|defined))|(missing|no|requires?( the)?) raw ?(request )?body|(expected|requires?|needs?)( the| a)? raw (request )?body`,
			"it has not the raw body, over which the signature is made: something parsed it before",
			rawBytes,
		},
		{
			"missing-header", `(missing|no|required|absent|without|lacks?|expected|need|provide)\b.{0,40}\bheaders?\b|\bheaders?\b.{0,40}(missing|required|not (found|present|provided|set)|absent|empty)|missing (webhook )?signature|no (webhook )?signature( header)?( was| is)? (provided|present|given|sent|supplied)|signature (is )?(missing|required|not (found|present|provided))`,
			"it does not find a header that it looks for",
			"Sent sends X-Webhook-ID, X-Webhook-Timestamp and X-Webhook-Signature (and X-Webhook-Event-Type): read these, and look for a proxy or gateway that drops or renames them (nginx drops names with underscores).",
		},
		{
			"clock-skew", `timestamp|too old|expired|stale|replay|clock|skew|in the future|tolerance|too far|outside .{0,20}window`,
			"it speaks of time",
			"Compare the receiver's clock with this machine's (date -u on both), and look how it reads X-Webhook-Timestamp: Unix seconds, to be compared with the time now in seconds, within 300.",
		},
		{
			"event-refused", `not (been )?(yet )?(linked|known|found|registered|mapped|associated)|unknown (message|event|template|type|account|customer|contact|sender)|no such (message|record|row|entity)|does not exist|cannot find|unsupported event|unhandled event|(event|field|sub_type|type|payload|message_id|status)\b.{0,40}(required|missing|invalid|unknown|unexpected|not (valid|supported|allowed|recogni[sz]ed))|(required|missing|invalid|unknown|unexpected) .{0,30}(field|property|event|payload|parameter|value)|validation|schema|unprocessable|must be (a|an|one of)|foreign key|constraint`,
			"it speaks of the event, not of the signature",
			"Acknowledge every correctly signed event with a 2xx: also of a message that is not in your database (ORD-5), of a kind or status that you do not use (TOL-1, TOL-3), and with fields that you do not know (TOL-4).",
		},
		{
			"body-unreadable", `json|parse|pars(ing|er)|unexpected (token|end|character|eof)|malformed|decode|syntax|empty body|no body|body (is )?(empty|missing|required)|request body`,
			"it cannot read the body",
			"Read the body's bytes once, verify them, and parse them afterwards: a middleware that has read the stream before leaves nothing, and a parser for another content type leaves an empty object.",
		},
	}
}

// saysItself is for texts that say what is wrong. A text about the signature is
// left to what comes after.
func (i *investigation) saysItself() *report.Diagnosis {
	said := words(i.plain)
	for _, s := range speeches() {
		if isPage(i.plain) && s.cause != "raw-body-missing" {
			continue
		}
		if !regexp.MustCompile("(?is)" + s.pattern).MatchString(said) {
			continue
		}
		if s.cause != "missing-header" && s.cause != "clock-skew" && s.cause != "raw-body-missing" && ofSignature.MatchString(said) {
			continue
		}
		if s.cause == "clock-skew" && ofSignature.MatchString(said) && foundWrong.MatchString(said) {
			continue // “invalid or expired signature” may be either
		}
		if s.cause == "event-refused" && i.plain.Status == http.StatusNotFound && bareNotFound.MatchString(said) {
			continue // that may be the path, or hide any refusal
		}
		if s.cause == "missing-header" && i.headersAreSeen() {
			continue
		}
		return &report.Diagnosis{
			Cause:   s.cause,
			Summary: "the answer says why itself: " + i.seen(i.plain) + " (" + s.why + ")",
			Fix:     s.fix + i.lastLine(),
		}
	}
	return nil
}

// bareNotFound is a text that does not say what was not found, or says that it was the page.
var bareNotFound = regexp.MustCompile(`(?is)^\W*(\w*(error|message|status|code|details?|title)["':]\W*)?(404\W+)?((the )?(requested )?(page|url|route|path|resource|endpoint) )?(was )?not found\W*$`)

// foundWrong are words of a signature that was compared and does not fit.
var foundWrong = regexp.MustCompile(`(?i)invalid|mismatch|match|fail|wrong|bad`)

// headersAreSeen reports whether a request without the headers gets another answer: then none is missing.
func (i *investigation) headersAreSeen() bool {
	return i.facts.unsigned.print != "" && !i.same(i.facts.unsigned, i.facts.again)
}

// serverError is for a 5xx that nothing has explained.
func (i *investigation) serverError() *report.Diagnosis {
	where := "a request without a signature and one with a wrong one get the same: it fails before it looks at the signature, or throws where it does not fit, as it does when its signing secret differs"
	switch {
	case i.neverLooked():
		if i.everywhere() {
			where = "every request gets the same, also to a path that does not exist: it fails before it comes to the webhook"
		}
	case i.same(i.facts.again, i.facts.worthless):
		where = "a wrong signature gets the same and a missing one does not, so it fails in the check, or throws where a signature does not fit, as it does when its signing secret differs"
	default:
		where = "a request with a wrong signature gets another answer, so it fails after the check"
	}
	d := &report.Diagnosis{
		Cause:   "server-error",
		Summary: "the receiver fails on the genuine delivery: " + i.seen(i.plain) + "; " + where,
		Fix:     "Most likely an exception in the handler: its log says where." + i.lastLine(),
	}
	if slices.ContainsFunc(i.r.Log(), tracesException) {
		d.Cause = "crash"
	}
	return d
}

// tracesException recognises a line of an uncaught error.
func tracesException(line string) bool {
	return regexp.MustCompile(`(?i)panic:|traceback|exception|fatal|\berror\b|segmentation|unhandled|\bat .+:\d+`).MatchString(line)
}
