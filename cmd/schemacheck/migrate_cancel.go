package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/schemacheck/schemacheck/fixes/migrate"
)

func (p program) migrateCancelCommand() *cobra.Command {
	var o migrateOptions
	var all, pause bool
	cmd := &cobra.Command{
		Use:   "cancel [PLAN]",
		Short: "End a run that is at work elsewhere",
		Long: `Leave word in the database for the run of a plan to end. It ends after the batches
that it is at; what it has done stays, and migrate up goes on from there.`,
		Example: `  schemacheck migrate cancel 20260131120000-user-phone --alpha localhost:9080
  schemacheck migrate cancel --all`,
		Args: arguments(0, 1, "the id of a plan, or --all"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if (len(args) == 1) == all {
				return errors.New("name the plan whose run is to end, or give --all")
			}
			m, err := p.beginMigration(cmd, &o, o.folders(), nil)
			if err != nil {
				return err
			}
			defer m.client.Close()
			files := m.files
			if !all {
				f, err := m.one(args[0])
				if err != nil {
					return err
				}
				files = []migrate.File{f}
			}
			host, err := os.Hostname()
			if err != nil {
				host = "unknown host"
			}
			wish, done := migrate.WishCancel, "cancelled"
			if pause {
				wish, done = migrate.WishPause, "paused"
			}
			for _, f := range files {
				if err := migrate.Tell(cmd.Context(), m.client, f.ID, wish, host); err != nil {
					return migrationFailed(cmd.Context(), err)
				}
				fmt.Fprintf(p.out, "%s: a run that is at work will be %s after its batch\n", f.ID, done)
			}
			fmt.Fprintf(p.out, "next: schemacheck migrate status, and schemacheck migrate up to go on\n")
			return nil
		},
	}
	o.bind(cmd)
	cmd.Flags().BoolVar(&all, "all", false, "end the runs of all plans")
	cmd.Flags().BoolVar(&pause, "pause", false, "pause instead of cancel")
	o.bindFolder(cmd)
	return cmd
}
