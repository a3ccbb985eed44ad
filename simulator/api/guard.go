package api

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/sentsim/sentsim/simulator/delivery"
)

// guard keeps web pages out: a page that the user happens to look at must be
// able to reach nothing here, neither by sending a request across origins nor by
// having its own name resolve to this machine.
type guard struct{ hosts []string }

func newGuard(hosts []string) guard {
	g := guard{}
	for _, host := range hosts {
		if host == "" {
			continue
		}
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		g.hosts = append(g.hosts, strings.ToLower(strings.TrimSuffix(host, ".")))
	}
	return g
}

// ownDelivery refuses our own deliveries: a webhook that points at this server
// would make every event the cause of another one.
func ownDelivery(r *http.Request) error {
	if !strings.HasPrefix(r.UserAgent(), delivery.UserAgent) {
		return nil
	}
	return refusal(http.StatusLoopDetected, codeLoop, "this is a delivery of sentsim's own: a webhook's endpoint_url points at the simulator instead of at a receiver")
}

// check refuses a request whose Host nobody would use on purpose, or that a
// page of another origin sent.
func (g guard) check(r *http.Request) error {
	if err := ownDelivery(r); err != nil {
		return err
	}
	if !g.knows(r.Host) {
		return refusal(http.StatusForbidden, codeHostRefused,
			"the host %q is not one of this server's names; allow it with --allow-host", printable(r.Host))
	}
	for _, origin := range r.Header.Values("Origin") {
		u, err := url.Parse(origin)
		if err != nil || !strings.EqualFold(u.Host, r.Host) {
			return refusal(http.StatusForbidden, codeOriginRefused, "web pages of another origin must not use this server")
		}
	}
	switch site := r.Header.Get("Sec-Fetch-Site"); site {
	case "", "none", "same-origin":
	default:
		// Following a link to a page of ours is no attack; it shows the answer to
		// the user and not to the page that had the link.
		if r.Method != http.MethodGet || r.Header.Get("Sec-Fetch-Dest") != "document" {
			return refusal(http.StatusForbidden, codeOriginRefused, "web pages of another origin must not use this server")
		}
	}
	return nil
}

// knows tells whether a host is a name of this server. Names that an attacker
// could have resolve to this machine have a public domain; addresses, localhost,
// single words (a container's name) and .internal cannot be had.
func (g guard) knows(hostPort string) bool {
	host := strings.ToLower(hostPort)
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.TrimSuffix(host, ".")
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return true
	}
	switch {
	case host == "":
		return false
	case slices.Contains(g.hosts, host):
		return true
	case host == "localhost", strings.HasSuffix(host, ".localhost"), strings.HasSuffix(host, ".internal"):
		return true
	}
	return !strings.Contains(host, ".")
}

// apiKey is the key that requests must carry. Only its hash is kept, so that
// comparing takes as long whatever is wrong, the length included.
type apiKey [sha256.Size]byte

func newAPIKey(text string) apiKey { return sha256.Sum256([]byte(text)) }

func (k apiKey) check(r *http.Request) error {
	given := r.Header.Get("X-Api-Key")
	if given == "" {
		return refusal(http.StatusUnauthorized, codeNoKey, "the x-api-key header is missing")
	}
	if !k.is(given) {
		return refusal(http.StatusUnauthorized, codeBadKey, "the API key in x-api-key is not the one that this server was started with")
	}
	return nil
}

func (k apiKey) is(given string) bool {
	hash := newAPIKey(given)
	return subtle.ConstantTimeCompare(hash[:], k[:]) == 1
}

// printable is text that may stand in a message: short, and nothing that a
// terminal would act upon.
func printable(text string) string {
	if len(text) > 100 {
		text = text[:100]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, text)
}
