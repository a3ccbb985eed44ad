package target

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// resolveTime is how long a name may take to resolve.
const resolveTime = 3 * time.Second

// CheckPublic refuses a URL on the public internet, and one of a cloud machine's
// metadata: a run sends forged and malformed requests, bursts and megabytes, which
// are for one's own receiver only. Loopback, private, carrier-grade NAT and unique
// local addresses pass, but for those of metadata, and names (localhost, host.docker.internal, a container's) of
// which every address does. allowed are the exceptions that the user named, as
// HOST:PORT. A name that does not resolve passes: connecting will fail.
func CheckPublic(ctx context.Context, rawURL string, allowed []string) error {
	return checkPublic(ctx, net.DefaultResolver.LookupNetIP, rawURL, allowed)
}

type lookupFunc func(ctx context.Context, network, host string) ([]netip.Addr, error)

func checkPublic(ctx context.Context, look lookupFunc, rawURL string, allowed []string) error {
	u, err := parseTargetURL(rawURL)
	if err != nil {
		return fmt.Errorf("target %w", err)
	}
	at := hostPort(u)
	for _, entry := range allowed {
		host, port, err := net.SplitHostPort(entry)
		if err != nil || host == "" || port == "" {
			return fmt.Errorf("--allow-public-target %q: write HOST:PORT", entry)
		}
		if canonical(net.JoinHostPort(host, port)) == canonical(at) {
			return nil
		}
	}
	host := strings.TrimSuffix(u.Hostname(), ".")
	addresses := []netip.Addr{}
	if a, err := netip.ParseAddr(host); err == nil {
		addresses = append(addresses, a)
	} else {
		ctx, cancel := context.WithTimeout(ctx, resolveTime)
		defer cancel()
		if addresses, err = look(ctx, "ip", host); err != nil {
			return nil // nothing will be sent to it; connecting says so better
		}
	}
	for _, a := range addresses {
		if kind := notOnesOwn(a); kind != "" {
			what := a.String() + " is " + kind
			if a.String() != host {
				what = host + " is " + a.String() + ", " + kind
			}
			return fmt.Errorf("target %s://%s: %s, and a run sends forged and malformed requests; if that receiver is yours, allow it with --allow-public-target %s", u.Scheme, at, what, at)
		}
	}
	return nil
}

// canonical makes two spellings of an address comparable.
func canonical(hostPort string) string {
	host, port, err := net.SplitHostPort(hostPort)
	if err != nil {
		return hostPort
	}
	if a, err := netip.ParseAddr(host); err == nil {
		host = a.Unmap().String()
	}
	return net.JoinHostPort(strings.ToLower(strings.TrimSuffix(host, ".")), port)
}

// notOnesOwn says what an address is that is not one of one's own network; "": it is.
func notOnesOwn(a netip.Addr) string {
	a = a.Unmap().WithZone("")
	shared := netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64}), 10) // carrier-grade NAT, RFC 6598
	switch {
	case slices.Contains(metadata(), a.String()):
		return "where a cloud keeps the credentials of this machine"
	case a.IsLinkLocalUnicast():
		return "a link-local address, which may be anybody's on this network"
	case a.IsLoopback(), a.IsPrivate(), a.IsUnspecified(), shared.Contains(a):
		return ""
	}
	return "a public address"
}

// metadata are the addresses at which clouds tell a machine about itself.
func metadata() []string {
	return []string{
		"169.254.169.254", "169.254.170.2", "169.254.170.23", // nearly everywhere; containers on AWS
		"fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", // AWS, Google
		"100.100.100.200", "168.63.129.16", "192.0.0.192", // Alibaba, Azure, Oracle
	}
}
