package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/fixes/migrate"
)

// telling is a command that leaves word for a run that is at work elsewhere.
type telling struct {
	migrateOptions
	all  bool
	wish migrate.Wish
}

// bind gives the command the flags of all of them. verb is what the run does then,
// and next are commands that may come after it.
func (o *telling) bind(p program, cmd *cobra.Command, verb string, next []string, check func() error) *cobra.Command {
	o.planless = true
	cmd.Args = arguments(0, 1, "the id of a plan, the beginning of it, or --all")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if (len(args) == 1) == o.all {
			return errors.New("name the plan whose run is meant, or give --all for the one that is at work, whichever it is")
		}
		m, err := p.beginMigration(cmd, &o.migrateOptions, nil, check)
		if err != nil {
			return err
		}
		defer m.client.Close()
		id := ""
		if !o.all {
			id = args[0]
		}
		told, err := migrate.Tell(cmd.Context(), m.client, id, o.wish, whoIsThis())
		if err != nil {
			fmt.Fprintf(p.out, "next: %s\n", m.command("status"))
			return migrationFailed(cmd.Context(), err)
		}
		fmt.Fprintf(p.out, "%s, by %s: %s\n", report.Escape(told.Doing), report.Escape(told.Who), verb)
		lead := "next: "
		for _, command := range next {
			name, args, _ := strings.Cut(command, " ")
			fmt.Fprintf(p.out, "%s%s\n", lead, m.command(name, args))
			lead = "      "
		}
		return nil
	}
	o.migrateOptions.bind(cmd)
	cmd.Flags().BoolVar(&o.all, "all", false, "the run that is at work, whatever plan it is at")
	return cmd
}

// whoIsThis is told to others.
func whoIsThis() string {
	host, err := os.Hostname()
	if err != nil {
		return "unknown host"
	}
	return host
}
