package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/schemacheck/schemacheck/fixes/migrate"
)

// defaultRetention is how long the logs that undoing needs are kept, unless the
// configuration says it.
const defaultRetention = 30 * 24 * time.Hour

func (p program) migratePruneCommand() *cobra.Command {
	var o migrateOptions
	var older time.Duration
	var agreed consent
	cmd := &cobra.Command{
		Use:   "prune [DIR|FILE...]",
		Short: "Remove the logs of what was done long ago",
		Long: `Remove the logs that undoing needs, of phases that were done before a time (default:
undoRetention of the configuration, or 30 days). They cannot be undone afterwards.
What is known of the runs stays.`,
		Example: `  schemacheck migrate prune --alpha localhost:9080 --yes
  schemacheck migrate prune --older-than 168h --yes`,
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := p.beginMigration(cmd, &o, args, func() error {
				if older < 0 {
					return given(cmd.Flags(), "older-than", errors.New("--older-than: not less than 0"))
				}
				return nil
			})
			if err != nil {
				return err
			}
			defer m.client.Close()
			if !cmd.Flags().Changed("older-than") && m.cfg.UndoRetention > 0 {
				older = m.cfg.UndoRetention
			}
			var what []string
			for _, f := range m.files {
				what = append(what, fmt.Sprintf("remove the logs of %s of what was done more than %v ago", f.ID, older))
			}
			if err := p.agree(&agreed, m.destination, what); err != nil {
				return err
			}
			ctx := cmd.Context()
			all, err := migrate.Prune(ctx, m.client, m.files, time.Now().Add(-older), migrate.Options{})
			for _, one := range all {
				fmt.Fprintf(p.out, "%s, phase %s: %d bytes of logs removed\n", one.Plan, one.Phase, one.Bytes)
			}
			if err == nil && len(all) == 0 {
				fmt.Fprintf(p.out, "there are no logs of what was done more than %v ago\n", older)
			}
			return migrationFailed(ctx, err)
		},
	}
	o.bind(cmd)
	cmd.Flags().DurationVar(&older, "older-than", defaultRetention, "of what was done this `TIME` ago or longer")
	agreed.bind(cmd.Flags())
	return cmd
}
