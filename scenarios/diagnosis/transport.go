package diagnosis

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sentsim/sentsim/scenarios/exchange"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/simulator/delivery"
)

// transport is for a receiver that gave no HTTP answer, or one after which nothing
// more may be sent.
func (i *investigation) transport() *report.Diagnosis {
	switch i.plain.Kind {
	case delivery.Answered:
		if saysTLS(i.plain) {
			return first(i.otherScheme, i.saysHTTPS)
		}
		return i.challengeAtOnce()
	case delivery.Timeout:
		return first(i.secondTaken, i.timeout)
	case delivery.TLS, delivery.Malformed, delivery.Reset:
		if d := i.otherScheme(); d != nil {
			return d
		}
	case delivery.Refused, delivery.Unreached:
		if d := i.otherAddress(); d != nil {
			return d
		}
	case delivery.Cancelled:
		return i.cannotTell("nothing was sent: " + i.plain.Err)
	}
	switch i.plain.Kind {
	case delivery.TLS:
		return &report.Diagnosis{
			Cause:   "tls",
			Summary: "the TLS handshake fails: " + i.plain.Err,
			Fix:     "Use a certificate for this host name, or name its authority with --cacert FILE (--insecure skips the check).",
		}
	case delivery.Malformed:
		return &report.Diagnosis{
			Cause:   "not-http",
			Summary: "what listens there does not speak HTTP/1.1: " + i.plain.Err,
			Fix:     "Check host and port: something else than the receiver may listen there.",
		}
	case delivery.Refused, delivery.Unreached:
		return i.nobody()
	case delivery.Answered, delivery.Timeout, delivery.Reset, delivery.Cancelled:
	}
	return first(i.secondTaken, i.dropped)
}

// secondTaken is for a receiver that gave no answer once, and accepts a second delivery.
func (i *investigation) secondTaken() *report.Diagnosis {
	if i.died() != nil {
		return nil
	}
	i.r.Timeout = min(i.r.Timeout, 3*time.Second)
	if i.facts.again = i.tell("a second genuine delivery", i.genuine()); i.facts.again.Accepted() {
		return i.intermittent()
	}
	return nil
}

// timeout is for a receiver that does not answer in time.
func (i *investigation) timeout() *report.Diagnosis {
	i.r.Timeout = min(i.r.Timeout, 3*time.Second)
	quick := i.tell("the same without signature headers", unsigned(i.genuine()))
	d := &report.Diagnosis{
		Cause:   "hang",
		Summary: "the receiver takes the connection but does not answer: " + exchange.Seen(i.plain),
		Fix:     "Answer with a 2xx as soon as the delivery is stored, and do the work afterwards. Check that the handler reads the body once, exactly as many bytes as Content-Length says, and always sends a response.",
	}
	if quick.Kind == delivery.Timeout {
		if agent := i.otherAgent(); agent != nil {
			return agent
		}
	}
	if quick.Kind == delivery.Answered {
		d.Summary += fmt.Sprintf("; one without a signature is answered at once (%s), so it is the handler that does not end", i.seen(quick.Outcome))
	}
	if waited := i.plain.Duration.Round(time.Second); i.r.SentWaits > waited+time.Second {
		d.Summary += fmt.Sprintf(". Sent would have waited for %s (timeout_seconds), so it may have taken the answer", i.r.SentWaits)
		d.Fix += fmt.Sprintf(" To wait as long as Sent does: --timeout %s.", i.r.SentWaits)
	} else {
		d.Fix += " To wait longer: --timeout DURATION."
	}
	return d
}

// otherScheme tries TLS on a plain port, and plain HTTP on a port of TLS.
func (i *investigation) otherScheme() *report.Diagnosis {
	u, err := url.Parse(i.r.URL)
	if err != nil {
		return nil
	}
	r := i.genuine()
	if u.Scheme == "http" {
		u.Scheme = "https"
		r.URL = u.String()
		o := delivery.HTTP{Insecure: true}.Send(i.ctx, r, 5*time.Second)
		i.note("the same over https, whatever its certificate", o)
		if o.Kind != delivery.Answered {
			return nil
		}
		d := &report.Diagnosis{
			Cause:   "speaks-tls",
			Summary: "the receiver speaks TLS on this port, and http:// was sent to it: over https it answers " + i.seen(o),
			Fix:     "Give its https:// address: --target " + u.String() + " with --cacert FILE or --insecure where its certificate is your own.",
		}
		if i.r.Started {
			d.Fix = "sentsim talks plain HTTP to what it starts: let it listen without TLS for the test, or start it yourself and give its https:// address with --target https://127.0.0.1:PORT/… and --cacert FILE or --insecure."
		}
		return d
	}
	u.Scheme = "http"
	r.URL = u.String()
	o := i.attempt(r, 5*time.Second)
	i.note("the same over plain http", o)
	if o.Kind != delivery.Answered || saysTLS(o) {
		return nil
	}
	return &report.Diagnosis{
		Cause:   "speaks-plain-http",
		Summary: "the receiver speaks plain HTTP on this port, and https:// was sent to it: over http it answers " + i.seen(o),
		Fix:     "Give its http:// address: --target " + u.String() + " . What ends TLS in front of it listens on another port.",
	}
}

// saysHTTPS is for an answer with which servers of TLS tell that plain HTTP came, where
// https is not answered: that port has TLS behind something else, or a certificate of
// the client or a name is wanted. No request was looked at.
func (i *investigation) saysHTTPS() *report.Diagnosis {
	u, err := url.Parse(i.r.URL)
	if err != nil || u.Scheme != "http" || i.plain.Status < 400 {
		return nil
	}
	u.Scheme = "https"
	return &report.Diagnosis{
		Cause:   "https-required",
		Summary: "the answer says that this port is for https, and plain HTTP came there: " + i.seen(i.plain) + ". No request was looked at, and its signature was not either",
		Fix:     "Give the https:// address, " + u.String() + " , with --cacert FILE or --insecure where its certificate is your own. If a proxy stands in between, let it pass requests on over https (proxy_pass https://… in nginx), or to the receiver's plain port.",
	}
}

// saysTLS recognises how servers of TLS answer a plain request.
func saysTLS(o delivery.Outcome) bool {
	said := strings.ToLower(text(o))
	return strings.Contains(said, "plain http") && strings.Contains(said, "https") || strings.Contains(said, "http request to an https server") || strings.Contains(said, "plain http to an ssl-enabled server port")
}

// otherAddress tries the other loopback addresses.
func (i *investigation) otherAddress() *report.Diagnosis {
	u, err := url.Parse(i.r.URL)
	if err != nil || u.Port() == "" || !loopback(u.Hostname()) {
		return nil
	}
	for _, host := range []string{"127.0.0.1", "::1"} {
		if host == u.Hostname() {
			continue
		}
		r := i.genuine()
		u.Host = net.JoinHostPort(host, u.Port())
		r.URL = u.String()
		o := i.attempt(r, 5*time.Second)
		if o.Kind == delivery.Refused || o.Kind == delivery.Unreached {
			continue
		}
		i.note("the same to "+u.Host, o)
		return &report.Diagnosis{
			Cause:   "other-loopback",
			Summary: "nobody listens at that address (" + exchange.Seen(i.plain) + "), but somebody does at " + u.Host + ": " + exchange.Seen(o),
			Fix:     "Give that address: --target " + u.String() + " . “localhost” is 127.0.0.1 to some programs and ::1 to others; listening on 0.0.0.0 and [::] serves both.",
		}
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (i *investigation) nobody() *report.Diagnosis {
	if d := i.died(); d != nil {
		return d
	}
	return &report.Diagnosis{
		Cause:   "nobody-listens",
		Summary: "nobody takes connections there: " + exchange.Seen(i.plain),
		Fix:     "Start the receiver, and check host and port." + i.lastLine(),
	}
}

// died is for a receiver that is gone, or whose output shows an uncaught error.
func (i *investigation) died() *report.Diagnosis {
	const why = "It most likely crashed while handling the delivery: the last lines of its output say where."
	gone := i.r.Alive != nil && !i.r.Alive(i.ctx)
	if !gone && !slices.ContainsFunc(i.r.Log(), tracesException) {
		return nil
	}
	what := "its output shows an error"
	if gone {
		what = "it takes no more connections"
	}
	return &report.Diagnosis{
		Cause:   "crash",
		Summary: "the receiver dropped the genuine delivery (" + exchange.Seen(i.plain) + "), and " + what,
		Fix:     why + i.lastLine(),
	}
}

// dropped is for a connection that was closed without an answer.
func (i *investigation) dropped() *report.Diagnosis {
	if d := i.died(); d != nil {
		return d
	}
	if d := i.otherAgent(); d != nil {
		return d
	}
	bare := i.tell("the same without signature headers", unsigned(i.genuine()))
	d := &report.Diagnosis{
		Cause:   "no-answer",
		Summary: "the receiver closed the connection without an answer: " + exchange.Seen(i.plain),
		Fix:     "Every delivery needs an HTTP answer: look for a handler that ends without one, a proxy or firewall that drops the request (444 in nginx), or something else than an HTTP server on this port." + i.lastLine(),
	}
	switch bare.Kind {
	case delivery.Answered:
		d.Summary += "; one without a signature gets " + i.seen(bare.Outcome)
	case delivery.Reset:
		d.Summary += "; one without a signature gets none either"
		nowhere := i.genuine()
		nowhere.URL = withPath(nowhere.URL, nowherePath)
		if o := i.tell("a genuine delivery to a path that does not exist", nowhere); o.Kind == delivery.Answered {
			d.Summary += ", but a path that does not exist gets " + i.seen(o.Outcome) + ": it is the webhook's own code that hangs up, as it may where a signature does not fit"
			d.Fix = "Answer what is refused with a 401 and not by closing the connection. If this one should have been taken, compare the receiver's signing secret with sentsim's: " + i.secretHint() + i.lastLine()
		}
	case delivery.Timeout, delivery.Refused, delivery.Unreached, delivery.TLS, delivery.Malformed, delivery.Cancelled:
	}
	return d
}

// otherAgent is for a delivery without an answer, as a rule against some clients makes
// it (444 in nginx): with another User-Agent the same one gets an answer, each time.
func (i *investigation) otherAgent() *report.Diagnosis {
	for _, c := range i.changes() {
		if c.header != "User-Agent" {
			continue
		}
		var a answer
		const times = 2
		for n := range times {
			if a = i.send(i.genuine().With(c.header, c.value)); a.Kind != delivery.Answered {
				break
			}
			if without := i.send(i.genuine()); without.Kind != i.plain.Kind {
				return nil // it answers now and then
			}
			if n == times-1 {
				i.note("with "+c.name, a.Outcome)
				return &report.Diagnosis{
					Cause:   c.cause,
					Summary: "it drops requests by their User-Agent: the delivery gets no answer (" + exchange.Seen(i.plain) + "), and the same with " + c.name + " gets " + i.seen(a.Outcome),
					Fix:     c.fix,
				}
			}
		}
	}
	return nil
}
