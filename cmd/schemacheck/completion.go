package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/schemacheck/schemacheck/cmd/internal/report"
)

// shell is one that completes command lines.
type shell struct {
	name  string
	write func(root *cobra.Command, to io.Writer, descriptions bool) error
}

// shells are those that there are scripts for.
var shells = []shell{
	{"bash", func(root *cobra.Command, to io.Writer, descriptions bool) error {
		return root.GenBashCompletionV2(to, descriptions)
	}},
	{"zsh", func(root *cobra.Command, to io.Writer, descriptions bool) error {
		if !descriptions {
			return root.GenZshCompletionNoDesc(to)
		}
		return root.GenZshCompletion(to)
	}},
	{"fish", func(root *cobra.Command, to io.Writer, descriptions bool) error {
		return root.GenFishCompletion(to, descriptions)
	}},
	{"powershell", func(root *cobra.Command, to io.Writer, descriptions bool) error {
		if !descriptions {
			return root.GenPowerShellCompletion(to)
		}
		return root.GenPowerShellCompletionWithDesc(to)
	}},
}

func (p program) completionCommand() *cobra.Command {
	var names []string
	for _, s := range shells {
		names = append(names, s.name)
	}
	bare := false
	cmd := &cobra.Command{
		Use:   "completion SHELL",
		Short: "Print the script that lets a shell complete command lines",
		Long: `Print the script by which a shell completes commands, flags, and values such as the
names of rules: for bash, zsh, fish or powershell. Packages bring it along. In bash
it needs the package bash-completion, in zsh a line "autoload -U compinit; compinit"
in ~/.zshrc. A new shell has it.`,
		Example: `  source <(schemacheck completion bash)        # for this shell only
  schemacheck completion bash > /etc/bash_completion.d/schemacheck
  schemacheck completion zsh > "${fpath[1]}/_schemacheck"
  schemacheck completion fish > ~/.config/fish/completions/schemacheck.fish
  schemacheck completion powershell >> $PROFILE`,
		Args:              arguments(1, 1, "the name of a shell: bash, zsh, fish or powershell"),
		ValidArgsFunction: cobra.FixedCompletions(names, cobra.ShellCompDirectiveNoFileComp),
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, s := range shells {
				if s.name != args[0] {
					continue
				}
				if err := s.write(cmd.Root(), p.out, !bare); err != nil {
					return &problem{exitUnfinished, fmt.Errorf("writing the script: %w", err)}
				}
				return nil
			}
			return unknown("shell", args[0], names)
		},
	}
	cmd.Flags().BoolVar(&bare, "no-descriptions", false, "offer names without saying what they are")
	return cmd
}

// complete names the values of a flag to the shell.
func complete(cmd *cobra.Command, flag string, values ...string) {
	err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
	if err != nil {
		panic(err) // the flag does not exist, or has values already
	}
}

// completeReport does so for the flags of commands with a report.
func completeReport(cmd *cobra.Command) {
	complete(cmd, "fail-on", string(report.Error), string(report.Warning), string(report.Info), string(report.Never))
	complete(cmd, "format", report.FormatNames()...)
	complete(cmd, "color", "auto", "always", "never")
}
