package main

import (
	"fmt"
	"strconv"

	"github.com/google/uuid"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sentsim/sentsim/scenarios/exchange"
	"github.com/sentsim/sentsim/scenarios/input"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/signing"
)

const signingHelp = `  SENT_DM_WEBHOOK_SECRET  the signing secret, as --secret
  SENTSIM_CONFIG          the config file, as --config
`

func (a *app) signCommand() *cobra.Command {
	var bodyFile, id, timestamp, url string
	cmd := &cobra.Command{
		Use:   "sign --body-file FILE --id UUID [flags]",
		Short: "print the signature headers of a body",
		Long: `Prints the three headers that Sent would send with a body: one a line, or with
--curl as the whole request. The body is signed as it is, to the last byte.`,
		Example: `  sentsim sign --body-file body.json --id 5f1c1b9e-7f0a-4c27-9d36-0d5f6a7b8c90
  sentsim sign --body-file - --id 5f1c1b9e-7f0a-4c27-9d36-0d5f6a7b8c90 --timestamp 1761905442 < body.json
  sentsim sign --body-file body.json --id 5f1c1b9e-7f0a-4c27-9d36-0d5f6a7b8c90 --curl http://127.0.0.1:8080/webhooks/sent`,
		Args:        noArgs,
		Annotations: map[string]string{helpEnvironment: signingHelp, helpStatuses: "  0  signed\n  2  usage or configuration\n"},
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case bodyFile == "":
				return usage("which body? --body-file FILE, or - for the standard input")
			case id == "":
				return usage("of which webhook? --id UUID, the value of %s", signing.HeaderID)
			case bodyFile == "-" && cmd.Flags().Changed("secret-stdin"):
				return usage("--body-file - and --secret-stdin: the standard input can be only one of them")
			case cmd.Flags().Changed("curl") && url == "":
				return usage("--curl is given but empty")
			}
			if _, err := uuid.Parse(id); err != nil {
				return usage("--id %q is not a UUID", id)
			}
			at := clock.Wall().Unix()
			if cmd.Flags().Changed("timestamp") {
				var err error
				if at, err = strconv.ParseInt(timestamp, 10, 64); err != nil {
					return usage("--timestamp %q: write it in Unix seconds", timestamp)
				}
			}
			secret, err := a.secret(cmd)
			if err != nil {
				return err
			}
			body, err := a.readInput(cmd.Context(), bodyFile, input.Data)
			if err != nil {
				return fmt.Errorf("--body-file: %w", err)
			}
			if url != "" {
				return a.print("%s\n", exchange.Curl(delivery.NewRequest(url, id, secret, delivery.EventHeaders{}, body, at), exchange.CurlOptions{}))
			}
			return a.print("%s: %s\n%s: %d\n%s: %s\n",
				signing.HeaderID, id, signing.HeaderTimestamp, at, signing.HeaderSignature, secret.Sign(id, at, body))
		},
	}
	group(cmd, "Signature", func(f *pflag.FlagSet) {
		f.StringVar(&bodyFile, "body-file", "", "sign the bytes of `FILE` (- is the standard input)")
		f.StringVar(&id, "id", "", "`UUID` of the webhook")
		f.StringVar(&timestamp, "timestamp", "", "sign as of `N`, in Unix seconds (default: now)")
		f.StringVar(&url, "curl", "", "print a curl command that sends it to `URL`")
	})
	secretFlags(cmd)
	configFlag(cmd)
	return cmd
}

// secret is the signing secret of a command that cannot do without.
func (a *app) secret(cmd *cobra.Command) (signing.Secret, error) {
	res, err := a.loadTargetless(cmd)
	if err != nil {
		return signing.Secret{}, err
	}
	if res.Secret.IsZero() {
		return signing.Secret{}, fmt.Errorf("the signing secret is needed: --secret whsec_…, --secret-stdin, SENT_DM_WEBHOOK_SECRET, or target.secret in the config file")
	}
	return res.Secret, nil
}
