package main

import (
	"github.com/spf13/cobra"
)

var completionShells = []string{"bash", "zsh", "fish", "powershell"}

func newCompletionCmd(io streams) *cobra.Command {
	return &cobra.Command{
		Use:   "completion SHELL",
		Short: "Print the completion script of a shell",
		Long:  `Print the completion script for bash, zsh, fish or powershell.`,
		Example: `  source <(ssolab completion bash)
  ssolab completion zsh > "${fpath[1]}/_ssolab"
  ssolab completion fish > ~/.config/fish/completions/ssolab.fish
  ssolab completion powershell | Out-String | Invoke-Expression`,
		ValidArgs: completionShells,
		Args:      cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
		RunE:      func(cmd *cobra.Command, args []string) error { return runCompletion(cmd.Root(), io, args[0]) },
	}
}

func runCompletion(root *cobra.Command, io streams, shell string) error {
	switch shell {
	case "bash":
		return root.GenBashCompletionV2(io.Out, true)
	case "zsh":
		return root.GenZshCompletion(io.Out)
	case "fish":
		return root.GenFishCompletion(io.Out, true)
	default:
		return root.GenPowerShellCompletionWithDesc(io.Out)
	}
}
