package main

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sentsim/sentsim/scenarios/target"
	"github.com/sentsim/sentsim/simulator/api"
	"github.com/sentsim/sentsim/simulator/dashboard"
	"github.com/sentsim/sentsim/simulator/history"
	"github.com/sentsim/sentsim/simulator/seed"
	"github.com/sentsim/sentsim/simulator/signing"
)

// defaultServeListen is where serve listens: reachable from this machine only.
const defaultServeListen = "127.0.0.1:8700"

// envServeKey is serve's variable for its API key.
const envServeKey = "SENTSIM_API_KEY"

type serveOptions struct {
	listen, apiKey, rateLimit, logFormat string
	data, keep, forwardTo, color         string
	remote, anyTemplate, verbose, quiet  bool
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

It prints a line for each attempt to deliver; sentsim resend ID delivers one again.

Time is real, unless --clock says otherwise; on the virtual clock it stands still until a
test moves it on. Everything is drawn from a new seed at each start and each reset, unless
--seed says otherwise. GET /_sentsim lists the calls with which a test moves the clock and
makes things happen.`,
		Example: `  sentsim serve
  sentsim serve --forward-to http://127.0.0.1:8080/webhooks/sent --secret "$SENT_DM_WEBHOOK_SECRET"
  sentsim serve --listen 127.0.0.1:0 --clock virtual --seed 7
  SENTSIM_API_KEY=… sentsim serve --listen 0.0.0.0:8700 --allow-remote`,
		Args: noArgs,
		Annotations: map[string]string{helpEnvironment: `  SENTSIM_API_KEY                as --api-key
  SENTSIM_SEED, SENTSIM_CONFIG   as --seed and --config
  SENT_DM_WEBHOOK_SECRET         as --secret
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
		f.StringVar(&o.rateLimit, "rate-limit", "", "requests a minute of the simulation's time (`N`), or off (default "+strconv.Itoa(api.StandardLimit)+", as Sent; off on the virtual clock)")
		f.BoolVar(&o.anyTemplate, "any-template", false, "take messages with templates that were not created here")
		f.StringVar(&o.logFormat, "log-format", "", "`FORM` of the log on stderr: text or json (default text)")
		f.BoolVarP(&o.verbose, "verbose", "v", false, "log every request and every attempt")
		f.BoolVarP(&o.quiet, "quiet", "q", false, "print the address, and no line for each attempt")
	})
	_ = cmd.RegisterFlagCompletionFunc("log-format", fixed("text", "json"))
	colorFlag(cmd, &o.color)
	group(cmd, "Webhook", func(f *pflag.FlagSet) {
		f.StringVarP(&o.forwardTo, "forward-to", "f", "", "register a webhook for all events at once, that points to `URL` (8080/webhooks/sent is one of this machine)")
	})
	secretFlags(cmd)
	eventFlags(cmd, "random")
	clockFlags(cmd, "real")
	group(cmd, "Delivery", func(f *pflag.FlagSet) {
		f.String("cacert", "", "PEM `FILE` with the authority of https receivers")
		f.BoolP("insecure", "k", false, "trust any certificate")
	})
	configFlag(cmd)
	return cmd
}

func (a *app) serve(cmd *cobra.Command, o serveOptions) error {
	for _, name := range []string{"listen", "api-key", "rate-limit", "log-format", "data", "keep", "forward-to"} {
		if f := cmd.Flags().Lookup(name); f.Changed && f.Value.String() == "" {
			return usage("--%s is given but empty", name)
		}
	}
	if err := checkColor(o.color); err != nil {
		return err
	}
	o.forwardTo = target.FullURL(o.forwardTo)
	if f := o.forwardTo; f != "" && !strings.HasPrefix(f, "http://") && !strings.HasPrefix(f, "https://") {
		return usage("--forward-to %q: give a URL that begins with http:// or https://, or a port of this machine and a path: 8080/webhooks/sent", f)
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
	s := &serving{serveOptions: o, address: listen, cfg: cfg, data: data, lines: newAttemptLines(), secret: cfg.Secret}
	s.cfg.Reset = s.hasReset
	var feed *dashboard.Feed
	if s.server, feed, err = newServer(s.cfg, s.lines.watch); err != nil {
		return errors.Join(err, data.close())
	}
	defer context.AfterFunc(cmd.Context(), feed.Close)() // open pages must not keep it from stopping
	if seed := s.server.Simulator().Seed(); cfg.NextSeed == nil && seed != cfg.Simulator.Seed {
		a.note("%s goes on with the seed that it was begun with, %s: %s is for a new file, or after a reset", o.data, seed, cfg.Simulator.Seed)
	}
	return a.serveOn(cmd.Context(), s)
}

// serving is everything that belongs to a server that runs.
type serving struct {
	serveOptions
	address string
	cfg     api.Config
	server  *api.Server
	data    *dataFile
	lines   *attemptLines
	secret  signing.Secret // of the webhook of --forward-to
}

// hasReset is told of a reset. It took the webhook of --forward-to with it.
func (s *serving) hasReset(next seed.Seed) {
	s.lines.say("reset: seed %s", next)
	if _, err := s.forward(); err != nil {
		s.lines.say("%v", err)
	}
}

// serveOn serves until ctx ends, and closes everything.
func (a *app) serveOn(ctx context.Context, s *serving) (err error) {
	defer func() { //nolint:contextcheck // what is pending is written though ctx has ended
		if closeErr := s.data.close(); err == nil && closeErr != nil {
			err = exit(statusTrouble, closeErr)
		}
	}()
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.address)
	if err != nil {
		_ = s.server.Close()
		return listenError(err)
	}
	if err := a.announce(s, "http://"+l.Addr().String()); err != nil {
		_ = l.Close()
		_ = s.server.Close()
		return err
	}
	if !s.quiet {
		defer s.lines.printTo(a.stdout, a.style(a.stdout, false, s.color).Color)()
	}
	if err := s.server.Serve(ctx, l, a.hurry); err != nil {
		return exit(statusTrouble, err)
	}
	return nil
}

// announce prints where the server is, and what an app needs to know of it. A key
// and a secret that somebody gave are not printed.
func (a *app) announce(s *serving, url string) error {
	key, export := "the one you gave", "export SENT_DM_API_KEY=…   # the API key that you gave"
	if s.cfg.APIKey == api.DefaultKey {
		key, export = api.DefaultKey, "export SENT_DM_API_KEY="+api.DefaultKey
	}
	if err := a.print("listening on %s (API key: %s; seed %s)\n", url, key, s.server.Simulator().Seed()); err != nil {
		return err
	}
	forward, err := s.forward()
	if err != nil || s.quiet {
		return err
	}
	return a.print("dashboard    %s/\n\nexport SENT_BASE_URL=%s\n%s\n%s\n", url, url, export, forward)
}
