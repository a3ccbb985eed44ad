package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/sentsim/sentsim/scenarios/config"
)

func (a *app) initCommand() *cobra.Command {
	var force, learn bool
	cmd := &cobra.Command{
		Use:   "init [FILE] [flags]",
		Short: "write a commented config file",
		Long: `Writes a config file with every key explained and all but the harmless defaults
commented out, to sentsim.yaml unless a FILE is named (- is the standard output).

With --learn the receiver is started or reached first, and the file says how it was
built: its edition, its channels, its own words for statuses. Flags and --config say
how it is reached and how its state is read.`,
		Args: atMostOne,
		RunE: func(cmd *cobra.Command, args []string) error {
			name := defaultFile
			if len(args) > 0 {
				name = args[0]
			}
			if name == "" {
				return usage("the file's name is empty")
			}
			if _, err := os.Lstat(name); err == nil && name != "-" && !force {
				return fmt.Errorf("%s is there already (--force replaces it)", name)
			}
			content := config.Template()
			if learn {
				res, err := a.load(cmd)
				if err != nil {
					return err
				}
				res.Target.Hurry = a.hurry
				if content, err = a.learnedConfig(cmd.Context(), res.Config); err != nil {
					return err
				}
			}
			if name == "-" {
				return a.print("%s", content)
			}
			mode := os.O_WRONLY | os.O_CREATE | os.O_EXCL
			if force {
				mode = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
			}
			f, err := os.OpenFile(name, mode, 0o644) //nolint:gosec // no secret is in it
			if errors.Is(err, fs.ErrExist) {
				return fmt.Errorf("%s is there already (--force replaces it)", name)
			}
			if err != nil {
				return err
			}
			_, err = f.WriteString(content)
			if err = errors.Join(err, f.Close()); err != nil {
				return exit(statusTrouble, err)
			}
			what := "uncomment what you need"
			if learn {
				what = "what was learned stands in it"
			}
			a.note("wrote %s: %s, and see what it comes to with sentsim config --config %s", name, what, name)
			return nil
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "replace a file that is there")
	cmd.Flags().BoolVar(&learn, "learn", false, "learn how the receiver was built, and write that")
	targetFlags(cmd)
	secretFlags(cmd)
	eventFlags(cmd, "1")
	deliveryFlags(cmd)
	configFlag(cmd)
	return cmd
}
