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
	var force bool
	cmd := &cobra.Command{
		Use:   "init [FILE] [flags]",
		Short: "write a commented config file",
		Long: `Writes a config file with every key explained and all but the harmless defaults
commented out, to sentsim.yaml unless a FILE is named (- is the standard output).`,
		Args: atMostOne,
		RunE: func(_ *cobra.Command, args []string) error {
			name := defaultFile
			if len(args) > 0 {
				name = args[0]
			}
			switch name {
			case "":
				return usage("the file's name is empty")
			case "-":
				return a.print("%s", config.Template())
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
			_, err = f.WriteString(config.Template())
			if err = errors.Join(err, f.Close()); err != nil {
				return exit(statusTrouble, err)
			}
			a.note("wrote %s: uncomment what you need, and see what it comes to with sentsim config --config %s", name, name)
			return nil
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "replace a file that is there")
	return cmd
}
