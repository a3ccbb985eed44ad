package main

import (
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sentsim/sentsim/scenarios/config"
	"github.com/sentsim/sentsim/scenarios/target"
	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/api"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/metrics"
	"github.com/sentsim/sentsim/simulator/seed"
)

// serveConfig is what the flags, the environment and the config file come to.
func (a *app) serveConfig(cmd *cobra.Command, o serveOptions) (cfg api.Config, sender *delivery.Pool, err error) {
	flags := used(cmd)
	delete(flags, "forward-to") // a webhook here, and no target
	res, err := a.loadWith(cmd.Context(), flags)
	if err != nil {
		return cfg, nil, err
	}
	cfg = api.Config{
		APIKey: o.apiKey, AllowHosts: o.hosts, AllowTargets: o.targets, AnyTemplate: o.anyTemplate, Secret: res.Secret,
		Metrics: metrics.New(),
	}
	switch key := a.getenv(envServeKey); {
	case cfg.APIKey != "":
	case key != "":
		cfg.APIKey = key
	case slices.Contains(a.environ, envServeKey+"="):
		return cfg, nil, usage("%s is set but empty", envServeKey)
	default:
		cfg.APIKey = api.DefaultKey
	}
	chosen, err := serveClock(res)
	if err != nil {
		return cfg, nil, err
	}
	switch o.rateLimit {
	case "":
		if chosen != nil { // on the virtual clock a minute would not pass
			cfg.RateLimit = api.StandardLimit
		}
	case "off":
	default:
		if cfg.RateLimit, err = strconv.Atoi(o.rateLimit); err != nil || cfg.RateLimit < 1 {
			return cfg, nil, usage("--rate-limit %q: a number above 0, or off", o.rateLimit)
		}
	}
	if cfg.Logger, err = a.serveLogger(o); err != nil {
		return cfg, nil, err
	}
	authorities, err := target.TLS{CACert: res.CACert, Insecure: res.Insecure}.Pool()
	if err != nil {
		return cfg, nil, err
	}
	sender = delivery.NewPool(delivery.HTTP{RootCAs: authorities, Insecure: res.Insecure}) // it starts nothing
	cfg.Simulator = simulator.Config{Seed: res.Seed, Start: res.Start, Knobs: res.Knobs, Sender: sender, Clock: chosen}
	if !isGiven(res, "seed") { // else an app that remembers ids takes the next run for duplicates
		cfg.Simulator.Seed, cfg.NextSeed = seed.Random(), seed.Random
	}
	return cfg, sender, nil
}

// isGiven tells whether somebody gave a setting.
func isGiven(res config.Resolved, key string) bool {
	return slices.ContainsFunc(res.Values, func(v config.Value) bool { return v.Key == key && v.Origin != "default" })
}

// serveClock is the real clock unless somebody asked for another one. Nil is a
// virtual one.
func serveClock(res config.Resolved) (clock.Clock, error) {
	switch {
	case !isGiven(res, "clock"):
		return clock.Real{}, nil
	case res.Clock == "virtual":
		return nil, nil //nolint:nilnil // a reset makes a new one, which simulator.New does when it has none
	}
	start := res.Start
	if start.IsZero() {
		start = clock.Wall()
	}
	return clock.Parse(res.Clock, start)
}

func (a *app) serveLogger(o serveOptions) (*slog.Logger, error) {
	options := &slog.HandlerOptions{Level: slog.LevelWarn}
	if o.verbose {
		options.Level = slog.LevelDebug
	}
	switch o.logFormat {
	case "", "text":
		return slog.New(slog.NewTextHandler(a.stderr, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(a.stderr, options)), nil
	}
	return nil, usage("--log-format %q: use text or json", o.logFormat)
}

// checkListen keeps a server with a key that everybody knows on this machine.
func checkListen(listen, key string, remote bool) error {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return usage("--listen %q: write HOST:PORT", listen)
	}
	address, err := netip.ParseAddr(host)
	if host == "localhost" || err == nil && address.IsLoopback() {
		return nil
	}
	switch {
	case err != nil && host != "" && (strings.Contains(host, ":") || strings.Trim(host, "0123456789.") == ""): // else it may be a name
		return usage("--listen %s: %s is no address", listen, host)
	case !remote:
		return usage("--listen %s: other machines can reach that address; allow it with --allow-remote", listen)
	case key == api.DefaultKey:
		return usage("--listen %s: everybody knows the default API key; give one of your own in SENTSIM_API_KEY", listen)
	}
	return nil
}
