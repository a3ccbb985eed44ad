package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sentsim/sentsim/scenarios/config"
	"github.com/sentsim/sentsim/scenarios/target"
	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/api"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/history"
)

// defaultServeListen is where serve listens: reachable from this machine only.
const defaultServeListen = "127.0.0.1:8700"

// envServeKey is serve's variable for its API key.
const envServeKey = "SENTSIM_API_KEY"

type serveOptions struct {
	listen, apiKey, rateLimit, logFormat string
	data, keep                           string
	remote, anyTemplate, verbose         bool
	hosts, targets                       []string
}

func (a *app) serveCommand() *cobra.Command {
	var o serveOptions
	cmd := &cobra.Command{
		Use:   "serve [flags]",
		Short: "a local Sent: its API, with deliveries to the webhooks registered there",
		Long: `Answers Sent's API until it is interrupted, and delivers what happens to the webhooks
that are registered there. An app that uses the official client talks to it unchanged:
set SENT_BASE_URL to the address that serve prints, and SENT_DM_API_KEY to its key.

The same address in a browser is a dashboard: webhooks and their health, deliveries,
messages, templates, and a form to send any event.

Time is real, unless --clock says otherwise; on the virtual clock it stands still until a
test moves it on. Tests find what they need under /_sentsim (see the README).`,
		Example: `  sentsim serve
  sentsim serve --listen 127.0.0.1:0 --clock virtual --seed 7
  SENTSIM_API_KEY=… sentsim serve --listen 0.0.0.0:8700 --allow-remote`,
		Args: noArgs,
		Annotations: map[string]string{helpEnvironment: `  SENTSIM_API_KEY                as --api-key
  SENTSIM_SEED, SENTSIM_CONFIG   as --seed and --config
`, helpStatuses: "  0  stopped\n  2  usage or configuration\n  4  it could not run, e.g. the address is taken\n"},
		RunE: func(cmd *cobra.Command, _ []string) error { return a.serve(cmd, o) },
	}
	group(cmd, "Server", func(f *pflag.FlagSet) {
		f.StringVar(&o.listen, "listen", "", "`HOST:PORT` to listen on; port 0 takes a free one (default "+defaultServeListen+")")
		f.StringVar(&o.apiKey, "api-key", "", "`KEY` that clients send in x-api-key (default "+api.DefaultKey+"; better given in SENTSIM_API_KEY)")
		f.BoolVar(&o.remote, "allow-remote", false, "listen on an address that other machines can reach; it needs an API key of your own")
		f.StringArrayVar(&o.hosts, "allow-host", nil, "further `NAME` of this server in the Host header; repeatable")
		f.StringArrayVar(&o.targets, "allow-target", nil, "`HOST[:PORT]` that webhooks may point to; repeatable (default: anywhere)")
		f.StringVar(&o.data, "data", "", "keep everything in the SQLite database `FILE` (default: in memory)")
		f.StringVar(&o.keep, "keep", "", "how many deliveries of each webhook, and messages, are kept (`N`, default "+strconv.Itoa(history.DefaultLimit)+")")
		f.StringVar(&o.rateLimit, "rate-limit", "", "requests a minute (`N`), or off (default "+strconv.Itoa(api.StandardLimit)+", as Sent)")
		f.BoolVar(&o.anyTemplate, "any-template", false, "take messages with templates that were not created here")
		f.StringVar(&o.logFormat, "log-format", "", "`FORM` of the log on stderr: text or json (default text)")
		f.BoolVarP(&o.verbose, "verbose", "v", false, "log every request and every attempt")
	})
	eventFlags(cmd)
	group(cmd, "Simulation", func(f *pflag.FlagSet) {
		f.String("clock", "", "`CLOCK`: real, virtual or scaled=N (default real)")
	})
	group(cmd, "Delivery", func(f *pflag.FlagSet) {
		f.String("cacert", "", "PEM `FILE` with the authority of https receivers")
		f.Bool("insecure", false, "trust any certificate")
	})
	configFlag(cmd)
	return cmd
}

func (a *app) serve(cmd *cobra.Command, o serveOptions) error {
	for _, name := range []string{"listen", "api-key", "rate-limit", "log-format", "data", "keep"} {
		if f := cmd.Flags().Lookup(name); f.Changed && f.Value.String() == "" {
			return usage("--%s is given but empty", name)
		}
	}
	cfg, sender, err := a.serveConfig(cmd, o)
	if err != nil {
		return err
	}
	listen := o.listen
	if listen == "" {
		listen = defaultServeListen
	}
	if err := checkListen(listen, cfg.APIKey, o.remote); err != nil {
		return err
	}
	cfg.PagesKey = o.remote
	defer sender.Close()
	data, err := openData(cmd.Context(), o, &cfg)
	if err != nil {
		return err
	}
	if cfg.Simulator.Clock, err = data.clock(cfg.Simulator.Clock, cfg.Simulator.Start); err != nil {
		return errors.Join(err, data.close())
	}
	server, feed, err := newServer(cfg)
	if err != nil {
		return errors.Join(err, data.close())
	}
	defer context.AfterFunc(cmd.Context(), feed.Close)() // open pages must not keep it from stopping
	return a.serveOn(cmd.Context(), listen, cfg, server, data)
}

// serveOn serves until ctx ends, and closes everything.
func (a *app) serveOn(ctx context.Context, listen string, cfg api.Config, server *api.Server, data *dataFile) (err error) {
	defer func() { //nolint:contextcheck // what is pending is written though ctx has ended
		if closeErr := data.close(); err == nil && closeErr != nil {
			err = exit(statusTrouble, closeErr)
		}
	}()
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", listen)
	if err != nil {
		_ = server.Close()
		return listenError(err)
	}
	key := "the one you gave"
	if cfg.APIKey == api.DefaultKey {
		key = api.DefaultKey
	}
	if err := a.print("listening on http://%s (API key: %s; seed %s)\n", l.Addr(), key, cfg.Simulator.Seed); err != nil {
		_ = l.Close()
		_ = server.Close()
		return err
	}
	if err := server.Serve(ctx, l, a.hurry); err != nil {
		return exit(statusTrouble, err)
	}
	return nil
}

// serveConfig is what the flags, the environment and the config file come to.
func (a *app) serveConfig(cmd *cobra.Command, o serveOptions) (cfg api.Config, sender *delivery.Pool, err error) {
	res, err := a.loadTargetless(cmd)
	if err != nil {
		return cfg, nil, err
	}
	cfg = api.Config{APIKey: o.apiKey, AllowHosts: o.hosts, AllowTargets: o.targets, AnyTemplate: o.anyTemplate}
	switch key := a.getenv(envServeKey); {
	case cfg.APIKey != "":
	case key != "":
		cfg.APIKey = key
	case slices.Contains(a.environ, envServeKey+"="):
		return cfg, nil, usage("%s is set but empty", envServeKey)
	default:
		cfg.APIKey = api.DefaultKey
	}
	switch o.rateLimit {
	case "":
		cfg.RateLimit = api.StandardLimit
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
	cfg.Simulator = simulator.Config{Seed: res.Seed, Start: res.Start, Knobs: res.Knobs, Sender: sender}
	cfg.Simulator.Clock, err = serveClock(res)
	return cfg, sender, err
}

// serveClock is the real clock unless somebody asked for another one. Nil is a
// virtual one.
func serveClock(res config.Resolved) (clock.Clock, error) {
	chosen := slices.ContainsFunc(res.Values, func(v config.Value) bool { return v.Key == "clock" && v.Origin != "default" })
	switch {
	case !chosen:
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
	if a, err := netip.ParseAddr(host); host == "localhost" || err == nil && a.IsLoopback() {
		return nil
	}
	switch {
	case !remote:
		return usage("--listen %s: other machines can reach that address; allow it with --allow-remote", listen)
	case key == api.DefaultKey:
		return usage("--listen %s: everybody knows the default API key; give one of your own in SENTSIM_API_KEY", listen)
	}
	return nil
}
