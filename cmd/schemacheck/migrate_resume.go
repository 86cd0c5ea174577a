package main

import (
	"github.com/spf13/cobra"

	"github.com/schemacheck/schemacheck/fixes/migrate"
)

func (p program) migrateResumeCommand() *cobra.Command {
	o := &telling{wish: migrate.Wish{Resume: true}}
	return o.bind(p, &cobra.Command{
		Use:   "resume [PLAN]",
		Short: "Let a run go on that was paused",
		Long: `Let the run of a plan go on that migrate pause made wait. One that has ended meanwhile
goes on with migrate up.`,
		Example: `  schemacheck migrate resume user-phone --alpha localhost:9080
  schemacheck migrate resume --all

Exit codes: 0 told; 2 usage; 3 no run is at work that could be told.`,
	}, "it goes on", []string{"status"}, nil)
}
