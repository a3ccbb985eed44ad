package api

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/signing"
)

// targetList is where webhooks may point to. An empty one allows everything.
type targetList []target

type target struct{ host, port string } // port "": any

func newTargetList(entries []string) (targetList, error) {
	var list targetList
	for _, entry := range entries {
		host, port, err := net.SplitHostPort(entry)
		if err != nil {
			host, port = strings.Trim(entry, "[]"), ""
		}
		if _, err := strconv.ParseUint(port, 10, 16); port != "" && err != nil || host == "" || strings.ContainsAny(host, "/@ ") {
			return nil, fmt.Errorf("allowed target %q: write HOST or HOST:PORT", entry)
		}
		list = append(list, target{canonicalHost(host), port})
	}
	return list, nil
}

func canonicalHost(host string) string { return strings.ToLower(strings.TrimSuffix(host, ".")) }

// allows reports whether a URL is allowed. One that cannot be parsed is for
// others to complain about.
func (l targetList) allows(rawURL string) bool {
	u, err := url.Parse(rawURL)
	if err != nil || len(l) == 0 {
		return true
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	for _, t := range l {
		if t.host == canonicalHost(u.Hostname()) && (t.port == "" || t.port == port) {
			return true
		}
	}
	return false
}

// AllowsTarget reports whether webhooks may point to a URL.
func (s *Server) AllowsTarget(url string) bool { return s.targets.allows(url) }

// sender is how attempts leave: counted, and only to where they may go.
func (s *Server) sender(next delivery.Sender) delivery.Sender {
	if next == nil {
		next = delivery.HTTP{}
	}
	return sender{s, next}
}

// How much of a response is kept, in bytes: a million error pages must not fill
// the memory.
const (
	keptBody   = 4 << 10
	keptHeader = 2 << 10
)

// trim drops what is too much of a response.
func trim(o *delivery.Outcome) {
	if len(o.Body) > keptBody {
		o.Body, o.Truncated = slices.Clone(o.Body[:keptBody]), true
	}
	size := 0
	for name, values := range o.Header {
		size += len(name) + len(strings.Join(values, ""))
	}
	if size > keptHeader {
		o.Header = http.Header{"Content-Type": o.Header.Values("Content-Type")[:min(1, len(o.Header.Values("Content-Type")))]}
	}
}

type sender struct {
	server *Server
	next   delivery.Sender
}

// Send implements delivery.Sender.
func (s sender) Send(ctx context.Context, r delivery.Request, timeout time.Duration) delivery.Outcome {
	if !s.server.targets.allows(r.URL) { // a webhook of an earlier run, with another list
		return delivery.Outcome{Kind: delivery.Refused, Err: "nothing was sent: the target is not one that this server allows"}
	}
	var out delivery.Outcome
	if f, ok := s.server.takeFault(r.Get(signing.HeaderID), eventTypeOf(r)); ok {
		out = s.faulty(ctx, f, r, timeout)
	} else {
		out = s.next.Send(ctx, r, timeout)
	}
	s.server.metrics.Attempted(out)
	trim(&out)
	s.server.log.DebugContext(ctx, "attempt", "webhook_id", r.Get(signing.HeaderID), "outcome", string(out.Kind), "status", out.Status, "took", out.Duration)
	return out
}
