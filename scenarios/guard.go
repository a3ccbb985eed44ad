package scenarios

import (
	"context"
	"net"
	"net/url"

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
// that runs already was told to find it, if that is on this machine.
func listenAddress(baseURL string) string {
	u, err := url.Parse(baseURL)
	if err != nil || u.Port() == "" {
		return ""
	}
	if ip := net.ParseIP(u.Hostname()); u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return ""
	}
	return u.Host
}
