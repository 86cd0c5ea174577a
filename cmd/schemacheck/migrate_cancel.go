package main

import (
	"github.com/spf13/cobra"

	"github.com/schemacheck/schemacheck/fixes/migrate"
)

func (p program) migrateCancelCommand() *cobra.Command {
	o := &telling{wish: migrate.Wish{Cancel: true}}
	return o.bind(p, &cobra.Command{
		Use:   "cancel [PLAN]",
		Short: "End a run that is at work elsewhere",
		Long: `Leave word in the database for the run of a plan to end. It ends after the batches
that it is at, and the plans after it are not begun; what it has done stays, and
migrate up goes on from there. Neither the plan's file nor the machine that it runs
on is needed.`,
		Example: `  schemacheck migrate cancel user-phone --alpha localhost:9080
  schemacheck migrate cancel --all

Exit codes: 0 told; 2 usage; 3 no run is at work that could be told.`,
	}, "it ends after the batches that it is at", []string{"status", "up"}, nil)
}
