package main

import (
	"cmp"
	"errors"
	"log/slog"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sentsim/sentsim/scenarios/receiver"
	"github.com/sentsim/sentsim/scenarios/receiver/mutant"
)

func (a *app) receiverCommand() *cobra.Command {
	var listen, data, path, mistake string
	var verbose bool
	cmd := &cobra.Command{
		Use:   "receiver [flags]",
		Short: "run the reference receiver, to try the other commands on",
		Long: `Runs the reference receiver, which keeps every rule, until it is interrupted.
It prints its address once it takes deliveries. With --mutant it makes one mistake
that people make, so that you can see what the other commands say to it: with this
in one terminal and sentsim verify --target http://127.0.0.1:8080/webhooks/sent in
another, both with the same SENT_DM_WEBHOOK_SECRET, verify shows what is broken. It
knows how to read this receiver's state.`,
		Example: `  SENT_DM_WEBHOOK_SECRET=whsec_… sentsim receiver --listen 127.0.0.1:8080 --mutant last-write-wins
  sentsim receiver --secret-stdin --data events.db < secret.txt
  sentsim verify --exec 'sentsim receiver --mutant check-then-insert'`,
		Args: noArgs,
		Annotations: map[string]string{helpEnvironment: `  SENT_DM_WEBHOOK_SECRET         the signing secret, as --secret
  PORT, STATE_FILE               as --listen 127.0.0.1:PORT and --data
  SENT_BASE_URL, SENT_DM_API_KEY Sent's API, to reply through
  SENTSIM_MUTANT                 as --mutant
`, helpStatuses: "  0  stopped\n  2  configuration\n  4  it could not run, e.g. the address is taken\n"},
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, name := range []string{"listen", "data", "path", "mutant"} {
				if f := cmd.Flags().Lookup(name); f.Changed && f.Value.String() == "" {
					return usage("--%s is given but empty", name)
				}
			}
			if mistake == "list" {
				return a.print("%s", mutant.List())
			}
			flags := used(cmd)
			delete(flags, "path") // the receiver's own, not a target's
			res, err := a.loadWith(cmd.Context(), flags)
			if err != nil {
				return err
			}
			cfg := receiver.Config{Listen: listen}
			cfg.Secret, cfg.File, cfg.Path = res.Secret.Reveal(), data, path
			level := slog.LevelInfo
			if verbose {
				level = slog.LevelDebug
			}
			cfg.Logger = slog.New(slog.NewTextHandler(a.stderr, &slog.HandlerOptions{Level: level}))
			if err = cfg.FromEnv(a.getenv); err == nil {
				err = mutant.Apply(&cfg, cmp.Or(mistake, a.getenv("SENTSIM_MUTANT")))
			}
			if err == nil {
				err = receiver.Serve(cmd.Context(), cfg, a.stdout)
			}
			if err != nil && !errors.Is(err, receiver.ErrConfig) {
				return exit(statusTrouble, err)
			}
			return err
		},
	}
	group(cmd, "Receiver", func(f *pflag.FlagSet) {
		f.StringVar(&listen, "listen", "", "`HOST:PORT` to listen on (default "+receiver.DefaultListen+")")
		f.StringVar(&path, "path", "", "`PATH` of the webhook (default "+receiver.DefaultPath+")")
		f.StringVar(&data, "data", "", "keep events in the SQLite database `FILE` (default: in memory)")
		f.StringVar(&mistake, "mutant", "", "make the mistake `NAME` on purpose; list shows them all")
		f.BoolVarP(&verbose, "verbose", "v", false, "log every delivery")
	})
	names := []string{"list"}
	for _, m := range mutant.All() {
		names = append(names, m.Name)
	}
	_ = cmd.RegisterFlagCompletionFunc("mutant", fixed(names...))
	secretFlags(cmd)
	configFlag(cmd)
	return cmd
}
