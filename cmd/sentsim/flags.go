package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sentsim/sentsim/scenarios/config"
	"github.com/sentsim/sentsim/scenarios/input"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/simulator/event"
)

// defaultFile is the config file that is read when it is there.
const defaultFile = "sentsim.yaml"

const environment = `  SENTSIM_TARGET, SENTSIM_EXEC   the target, as --target and --exec
  SENTSIM_IMAGE, SENTSIM_DOCKERFILE   likewise, as --image and --dockerfile
  SENTSIM_CONFIG                 the config file, as --config (default sentsim.yaml, if there is one)
  SENTSIM_SEED, SENTSIM_STRICT   as --seed and --strict
  SENTSIM_EDITION                the edition of Sent, as --edition
  SENTSIM_TIME_LIMIT, SENTSIM_REQUIRE_ALL   as --time-limit and --require-all
  SENT_DM_WEBHOOK_SECRET         the signing secret, as --secret
  SENT_BASE_URL, SENT_DM_API_KEY where a receiver that runs already expects Sent's API, and its key
  NO_COLOR                       no colours
`

// targetFlags say what the receiver is. All of these are config's: their values
// are checked there.
func targetFlags(cmd *cobra.Command) {
	group(cmd, "Target", func(f *pflag.FlagSet) {
		f.String("target", "", "`URL` of a receiver that runs already, with the path of its webhook (8080/webhooks/sent is one of this machine)")
		f.StringP("forward-to", "f", "", "the same as --target (`URL`)")
		f.String("exec", "", "start the receiver with `CMD`; it gets PORT, its secret and SENT_BASE_URL")
		f.Bool("embedded", false, "the reference receiver inside sentsim; the default, but not where CI is set")
		f.String("image", "", "start a container of this image (`REF`), pulled if it is not here")
		f.String("dockerfile", "", "build the image of `DIR` and start a container of it")
		f.String("path", "", "`PATH` of the webhook of a receiver that sentsim starts (default /webhooks/sent)")
		f.String("port", "", "`PORT` that it shall listen on (default: a free one; in a container the one it exposes)")
		f.StringArray("env", nil, "`NAME=VALUE` for its environment; repeatable")
		f.String("secret-env", "", "`NAME` of the variable with its secret (default SENT_DM_WEBHOOK_SECRET)")
		f.String("ready", "", "`PATH` that answers 2xx once it is ready (default: when its port accepts connections)")
		f.String("ready-port", "", "or the `PORT` that it accepts connections at")
		f.String("ready-log", "", "or the `REGEXP` of a line that it prints")
		f.String("start-timeout", "", "how long it may take until then (`DURATION`, default 30s)")
		f.String("wait-for-target", "", "how long a receiver at a URL may take to accept connections (`DURATION`, default 0s)")
	})
}

func secretFlags(cmd *cobra.Command) {
	group(cmd, "Secret", func(f *pflag.FlagSet) {
		f.String("secret", "", "the webhook's signing `SECRET`, whsec_…; better given as below or in SENT_DM_WEBHOOK_SECRET")
		f.Bool("secret-stdin", false, "read the secret from the standard input")
	})
}

func deliveryFlags(cmd *cobra.Command) {
	group(cmd, "Delivery", func(f *pflag.FlagSet) {
		f.StringArrayP("header", "H", nil, "`'NAME: VALUE'` to send with every delivery, Host included; repeatable")
		f.String("timeout", "", "`DURATION` of one delivery attempt (default 10s)")
		f.String("cacert", "", "PEM `FILE` with the authority of an https receiver")
		f.BoolP("insecure", "k", false, "trust any certificate")
		f.StringArray("allow-public-target", nil, "`HOST:PORT` that hostile traffic may go to though it is public; repeatable")
	})
}

// eventFlags decide what events look like. seed is the default, which is the command's.
func eventFlags(cmd *cobra.Command, seed string) {
	group(cmd, "Simulation", func(f *pflag.FlagSet) {
		f.String("seed", "", "`N` that decides all that is drawn, or random (default "+seed+")")
		f.String("start", "", "`TIME` at which the simulation begins, as 2025-10-31T10:10:42Z (default: now)")
		f.String("edition", "", "`EDITION` of Sent: "+strings.Join(event.EditionNames(), ", ")+" (default the first; sentsim events describes it)")
		f.String("envelope", "", "`DIALECT` of the events: event, current or legacy (default: the edition's)")
		f.Bool("extended", false, "the extended set: scheduled, cancelled, filtered, blocked, reroutes")
		f.StringArray("knob", nil, "`NAME=VALUE` of any knob; repeatable (sentsim config --knobs lists them)")
	})
	_ = cmd.RegisterFlagCompletionFunc("edition", fixed(event.EditionNames()...))
	_ = cmd.RegisterFlagCompletionFunc("envelope", fixed(event.Envelopes()...))
	var knobs []string
	for _, k := range config.KnobTable() {
		knobs = append(knobs, k.Name+"=")
	}
	_ = cmd.RegisterFlagCompletionFunc("knob", fixed(knobs...))
}

// clockFlags say which clock it is. usual is the command's default.
func clockFlags(cmd *cobra.Command, usual string) {
	group(cmd, "Simulation", func(f *pflag.FlagSet) {
		f.String("clock", "", "`CLOCK`: virtual, real or scaled=N (default "+usual+")")
	})
	_ = cmd.RegisterFlagCompletionFunc("clock", fixed(config.Clocks()...))
}

// selectionFlags say what is judged, and how strictly.
func selectionFlags(cmd *cobra.Command) {
	group(cmd, "Selection", func(f *pflag.FlagSet) {
		f.StringArray("rule", nil, "only these `RULES`: ids and families with commas between, e.g. SIG,ACK-3; repeatable")
		f.StringArray("skip", nil, "all but these `RULES`; repeatable")
		f.String("tags", "", "only scenarios that match this tag `EXPRESSION`, e.g. '@SIG-1 or @ACK-1'")
		f.StringArray("feature", nil, "`FILE` with scenarios to run instead of the contract's, e.g. what replay --shrink writes; repeatable")
		f.Bool("strict", false, "SHOULD rules fail the run, and limits are tested closer")
		f.Bool("fail-fast", false, "stop after the first MUST rule that fails")
		f.String("settle", "", "how long state may lag behind the acknowledgement (`DURATION`, default 2s)")
	})
	_ = cmd.RegisterFlagCompletionFunc("rule", fixed(ruleNames()...))
	_ = cmd.RegisterFlagCompletionFunc("skip", fixed(ruleNames()...))
}

// limitFlags say when a run ends early, and how much of it must be checked.
func limitFlags(cmd *cobra.Command) {
	group(cmd, "Selection", func(f *pflag.FlagSet) {
		f.String("time-limit", "", "`DURATION` after which the run ends in good order, with what it knows; rules not reached are not checked (default: none)")
		f.Bool("require-all", false, "a MUST rule that was not checked fails the run")
	})
}

func configFlag(cmd *cobra.Command) {
	group(cmd, "Other", func(f *pflag.FlagSet) {
		f.String("config", "", "`FILE` with settings (default sentsim.yaml, if there is one)")
	})
}

func outputFlag(cmd *cobra.Command, output *string) {
	group(cmd, "Output", func(f *pflag.FlagSet) {
		f.StringVar(output, "output", "text", "`FORM` of what is printed: text or json (default text)")
		plainDefault(f, "output")
	})
	_ = cmd.RegisterFlagCompletionFunc("output", fixed("text", "json"))
}

// checkOutput tells whether JSON is asked for.
func checkOutput(output string) (asJSON bool, err error) {
	switch output {
	case "text":
		return false, nil
	case "json":
		return true, nil
	}
	return false, usage("--output %q: use text or json", output)
}

// plainDefault leaves the default to the flag's text, where it has no quotes.
func plainDefault(f *pflag.FlagSet, name string) { f.Lookup(name).DefValue = "" }

func ruleNames() []string {
	var names []string
	for _, f := range rule.Families() {
		names = append(names, f.Code)
	}
	for _, r := range rule.All() {
		names = append(names, r.ID)
	}
	return names
}

// fixed completes a fixed list. A value that ends with = goes on.
func fixed[T ~string](values ...T) cobra.CompletionFunc {
	var all []string
	directive := cobra.ShellCompDirectiveNoFileComp
	for _, v := range values {
		all = append(all, string(v))
		if strings.HasSuffix(string(v), "=") {
			directive |= cobra.ShellCompDirectiveNoSpace
		}
	}
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return all, directive
	}
}

// used are the flags that were given.
func used(cmd *cobra.Command) map[string]config.FlagValue {
	flags := map[string]config.FlagValue{}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if several, ok := f.Value.(pflag.SliceValue); ok {
			flags[f.Name] = several.GetSlice()
			return
		}
		flags[f.Name] = config.FlagValue{f.Value.String()}
	})
	return flags
}

// load resolves the configuration of a command that has a target.
func (a *app) load(cmd *cobra.Command) (config.Resolved, error) {
	res, err := config.Load(config.Input{
		Flags: used(cmd), Environ: a.environ, DefaultFile: defaultFile, Stdin: input.Until(cmd.Context(), a.stdin), ReadFile: settingsReader(cmd.Context()),
	})
	for _, text := range res.Notes {
		a.note("%s", text)
	}
	return res, err
}

// loadTargetless resolves the configuration of a command that needs none: the
// file, and CI, may be about one as they like.
func (a *app) loadTargetless(cmd *cobra.Command) (config.Resolved, error) {
	return a.loadWith(cmd.Context(), used(cmd))
}

func (a *app) loadWith(ctx context.Context, flags map[string]config.FlagValue) (config.Resolved, error) {
	flags["embedded"] = config.FlagValue{"true"}
	return config.Load(config.Input{
		Flags: flags, Environ: a.environ, DefaultFile: defaultFile, Stdin: input.Until(ctx, a.stdin), ReadFile: settingsReader(ctx),
	})
}

func settingsReader(ctx context.Context) func(name string) ([]byte, error) {
	return func(name string) ([]byte, error) { return input.Read(ctx, name, input.Settings) }
}

// readInput reads a file, or the standard input for "-".
func (a *app) readInput(ctx context.Context, name string, limit int64) ([]byte, error) {
	if name == "-" {
		return input.All(input.Until(ctx, a.stdin), "the standard input", limit)
	}
	return input.Read(ctx, name, limit)
}
