package scenarios

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"github.com/sentsim/sentsim/scenarios/target"
)

// guard keeps hostile traffic away from public addresses that nobody named.
func guard(ctx context.Context, cfg Config) error {
	if cfg.Target.URL == "" {
		return nil
	}
	return target.CheckPublic(ctx, cfg.Target.URL, cfg.AllowPublic)
}

// listenAddress is where the stand-in for Sent's API listens: where a target
// that runs already was told to find it, if that is an address of this machine.
// In a network of containers it is the name of ours.
func listenAddress(ctx context.Context, baseURL string) string {
	u, err := url.Parse(baseURL)
	if err != nil || u.Port() == "" {
		return ""
	}
	if u.Hostname() == "localhost" {
		return u.Host
	}
	within, cancel := context.WithTimeout(ctx, resolveTime)
	defer cancel()
	addresses, err := net.DefaultResolver.LookupNetIP(within, "ip", u.Hostname())
	if err != nil {
		return ""
	}
	ours, err := net.InterfaceAddrs()
	if err != nil {
		return ""
	}
	for _, a := range addresses {
		a = a.Unmap()
		own := slices.ContainsFunc(ours, func(o net.Addr) bool {
			p, err := netip.ParsePrefix(o.String())
			return err == nil && p.Addr() == a
		})
		if own || a.IsLoopback() {
			return net.JoinHostPort(a.String(), u.Port())
		}
	}
	return ""
}

// resolveTime is how long a name may take to resolve.
const resolveTime = 3 * time.Second
