package main

import (
	"github.com/spf13/cobra"

	"github.com/schemacheck/schemacheck/fixes/migrate"
)

func (p program) migratePauseCommand() *cobra.Command {
	o := &telling{wish: migrate.Wish{Pause: true}}
	return o.bind(p, &cobra.Command{
		Use:   "pause [PLAN]",
		Short: "Let a run that is at work elsewhere wait",
		Long: `Leave word in the database for the run of a plan to wait after the batches that it is
at. It keeps the lock, so that nobody else begins, until migrate resume or migrate
cancel; should it be interrupted meanwhile, migrate up goes on later.`,
		Example: `  schemacheck migrate pause user-phone --alpha localhost:9080
  schemacheck migrate pause --all

Exit codes: 0 told; 2 usage; 3 no run is at work that could be told.`,
	}, "it waits after the batches that it is at", []string{"resume --all", "cancel --all"}, nil)
}
