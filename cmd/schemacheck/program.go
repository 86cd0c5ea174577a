package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/schemacheck/schemacheck/cmd/internal/config"
)

// exit is what the process tells its caller.
type exit int

// The exit codes of every command.
const (
	exitOK          exit = 0
	exitFindings    exit = 1   // findings at or above --fail-on
	exitUsage       exit = 2   // usage, configuration, unreadable or invalid schema
	exitUnfinished  exit = 3   // could not finish
	exitBetween     exit = 4   // the database is between two schemas
	exitInterrupted exit = 130 // by a signal
)

// program is a run of schemacheck: everything it touches, so that tests run
// it whole.
type program struct {
	in       io.Reader
	out, err io.Writer
	env      func(string) (string, bool)
	// dir is the working directory, empty for the process's own.
	dir string
	// timeout and patience are those of requests to a Dgraph; 0 is the default.
	timeout, patience time.Duration
	// readOnly has all connections refuse what could write.
	readOnly bool
}

// problem is an error that decides the exit code. Errors that are no problem
// are mistakes in usage.
type problem struct {
	code exit
	err  error // nil when everything was said already
}

func (p *problem) Error() string {
	if p.err == nil {
		return fmt.Sprintf("exit %d", p.code)
	}
	return p.err.Error()
}

func (p *problem) Unwrap() error { return p.err }

// run is the whole program.
func (p program) run(ctx context.Context, args []string) exit {
	said := &talk{to: p.err}
	p.err = said
	root := p.root()
	root.SetArgs(args)
	root.SetIn(p.in)
	root.SetOut(p.out)
	root.SetErr(p.err)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	code := exitUsage
	var known *problem
	if errors.As(err, &known) {
		code = known.code
	}
	if ctx.Err() != nil && code != exitBetween {
		said.failed(exitInterrupted, "interrupted")
		return exitInterrupted
	}
	if known != nil && known.err == nil {
		return code
	}
	said.failed(code, err.Error())
	return code
}

const about = `schemacheck tells what a change of a Dgraph GraphQL schema does, before it is
deployed: which stored data disappears, which queries fail, what Dgraph
refuses, and how to get there safely.`

func (p program) root() *cobra.Command {
	version := false
	root := &cobra.Command{
		Use:               "schemacheck",
		Short:             "Lint and repair Dgraph GraphQL schema migrations",
		Long:              about,
		SilenceErrors:     true,
		SilenceUsage:      true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return p.speak(cmd) },
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknown("command", shown(args[0]), commandNames(cmd))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if version {
				return p.printVersion()
			}
			return cmd.Help()
		},
		Example: `  schemacheck diff old.graphql new.graphql
  schemacheck diff git:main:schema.graphql schema.graphql
  schemacheck fix old.graphql new.graphql
  schemacheck show schema.graphql --storage
  schemacheck explain id-added`,
	}
	root.SetGlobalNormalizationFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		return pflag.NormalizedName(strings.ReplaceAll(name, "_", "-"))
	})
	root.SetFlagErrorFunc(flagError)
	root.Flags().BoolVar(&version, "version", false, "print the version")
	root.AddCommand(p.acceptCommand(), p.auditCommand(), p.completionCommand(), p.diffCommand(), p.doctorCommand(), p.explainCommand(),
		p.fixCommand(), p.initCommand(), p.manCommand(), p.migrateCommand(), p.planCommand(), p.rehearseCommand(), p.reviewCommand(), p.sandboxCommand(),
		p.showCommand(), p.versionCommand())
	return root
}

func commandNames(cmd *cobra.Command) []string {
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	return names
}

// unknown is the error about a name that does not exist, with the nearest one
// that does.
func unknown(what, name string, known []string) error {
	if nearest := config.Nearest(name, known); nearest != "" {
		return fmt.Errorf("unknown %s %q: did you mean %q?", what, name, nearest)
	}
	return fmt.Errorf("unknown %s %q: there are %s", what, name, strings.Join(known, ", "))
}

// flagError says what is wrong with a flag, and how it is meant to be written.
func flagError(cmd *cobra.Command, err error) error {
	var missing *pflag.NotExistError
	if !errors.As(err, &missing) {
		if better := badValue(err); better != err {
			return better
		}
		return fmt.Errorf("%w (see %s --help)", err, cmd.CommandPath())
	}
	name, dashes := missing.GetSpecifiedName(), "--"
	if missing.GetSpecifiedShortnames() != "" {
		dashes = "-"
	}
	for _, sub := range cmd.Commands() {
		flag := sub.Flags().Lookup(name)
		if dashes == "-" {
			flag = sub.Flags().ShorthandLookup(name)
		}
		if flag != nil && sub.IsAvailableCommand() {
			return fmt.Errorf("the flag %s goes after the name of the command: %s COMMAND %[1]s", dashes+name, cmd.CommandPath())
		}
	}
	if dashes == "--" {
		var known []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
		if nearest := config.Nearest(name, known); nearest != "" {
			return fmt.Errorf("unknown flag --%s: did you mean --%s?", name, nearest)
		}
	}
	return fmt.Errorf("unknown flag %s%s: see %s --help", dashes, name, cmd.CommandPath())
}

// arguments checks the number of arguments and says what they are.
func arguments(least, most int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) >= least && len(args) <= most {
			return nil
		}
		given := fmt.Sprintf("%d were given", len(args))
		if len(args) == 1 {
			given = "1 was given"
		}
		return fmt.Errorf("%s takes %s, %s: see %s --help", cmd.CommandPath(), what, given, cmd.CommandPath())
	}
}

// workDir is the folder that relative names count from.
func (p program) workDir() (string, error) {
	if p.dir != "" {
		return p.dir, nil
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("finding the working directory: %w", err)
	}
	return dir, nil
}
