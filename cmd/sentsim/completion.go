package main

import (
	"github.com/spf13/cobra"

	"github.com/sentsim/sentsim/scenarios/nearest"
)

func (a *app) completionCommand() *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:   "completion SHELL",
		Short: "print a script that completes commands, flags, events and rules",
		Long:  "Prints a completion script for bash, zsh, fish or powershell.",
		Example: `  source <(sentsim completion bash)
  sentsim completion zsh > "${fpath[1]}/_sentsim"
  sentsim completion fish > ~/.config/fish/completions/sentsim.fish`,
		ValidArgs: shells,
		Args:      atMostOne,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("which shell? bash, zsh, fish or powershell")
			}
			root, err := cmd.Root(), error(nil)
			switch args[0] {
			case "bash":
				err = root.GenBashCompletionV2(a.stdout, true)
			case "zsh":
				err = root.GenZshCompletion(a.stdout)
			case "fish":
				err = root.GenFishCompletion(a.stdout, true)
			case "powershell":
				err = root.GenPowerShellCompletionWithDesc(a.stdout)
			default:
				return usage("unknown shell %q%s: there are bash, zsh, fish and powershell", args[0], nearest.Hint(args[0], shells))
			}
			if err != nil {
				return exit(statusTrouble, err)
			}
			return nil
		},
	}
}
