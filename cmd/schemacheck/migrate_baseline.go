package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/schemacheck/schemacheck/fixes/migrate"
)

func (p program) migrateBaselineCommand() *cobra.Command {
	var o migrateOptions
	var agreed consent
	cmd := &cobra.Command{
		Use:   "baseline [DIR|FILE|PLAN...]",
		Short: "Note plans as done without carrying them out",
		Long: `Note plans as done in the database without carrying them out: for one where what they
do was done by hand, or that was made with the newest schema and filled since. All of
their phases count as done then, those that delete too. On an empty database this is
not needed: migrate up notes there by itself that plans are not applicable.

migrate up --reset forgets it again.`,
		Example: `  schemacheck migrate baseline --alpha localhost:9080
  schemacheck migrate baseline 20260131120000-user-phone --yes

Exit codes: 0 noted, or nothing to note; 2 usage, or a plan that has begun to run; 3
another run is at work, or no Dgraph was reached.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := p.beginMigration(cmd, &o, args, nil)
			if err != nil {
				return err
			}
			defer m.client.Close()
			ctx := cmd.Context()
			all, err := migrate.Statuses(ctx, m.client, m.files)
			if err != nil {
				return migrationFailed(ctx, err)
			}
			var what []string
			for _, s := range all {
				if s.State != migrate.Done {
					what = append(what, fmt.Sprintf("note phase %s of the plan %s as done, without carrying it out", s.Phase, s.Plan))
				}
			}
			if len(what) == 0 {
				fmt.Fprintln(p.out, "there is nothing to note: all of them are done")
				return nil
			}
			if err := p.agree(&agreed, m.destination, what); err != nil {
				return err
			}
			noted, err := migrate.Baseline(ctx, m.client, m.files, migrate.Options{})
			for _, s := range noted {
				fmt.Fprintf(p.out, "%s, phase %s: noted as done\n", s.Plan, s.Phase)
			}
			fmt.Fprintf(p.out, "next: %s\n", m.command("status", m.spelt))
			return migrationFailed(ctx, err)
		},
	}
	o.bind(cmd)
	agreed.bind(cmd.Flags())
	return cmd
}
