package main

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/fixes/migrate"
)

func (p program) migrateStatusCommand() *cobra.Command {
	var o migrateOptions
	var asJSON bool
	var watch time.Duration
	cmd := &cobra.Command{
		Use:   "status [DIR|FILE...]",
		Short: "Tell how far plans are",
		Long: `Tell for each phase of the plans how far it is: pending, running, paused, failed,
cancelled or done, with counts, who runs it and what went wrong. It only reads,
and disturbs no run.`,
		Example: `  schemacheck migrate status --alpha localhost:9080
  schemacheck migrate status --watch 5s
  schemacheck migrate status --json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := p.beginMigration(cmd, &o, args, nil)
			if err != nil {
				return err
			}
			defer m.client.Close()
			ctx := cmd.Context()
			for {
				all, err := migrate.Statuses(ctx, m.client, m.files)
				if err != nil {
					return migrationFailed(ctx, err)
				}
				if err := p.statuses(all, asJSON); err != nil || watch <= 0 {
					return err
				}
				select {
				case <-ctx.Done():
					return ctx.Err()
				case <-time.After(watch):
				}
			}
		},
	}
	o.bind(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	cmd.Flags().DurationVar(&watch, "watch", 0, "look again every `TIME`")
	return cmd
}

// statuses writes where plans are.
func (p program) statuses(all []migrate.Status, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(p.out)
		e.SetIndent("", "  ")
		return e.Encode(all)
	}
	for _, s := range all {
		fmt.Fprintf(p.out, "%-40s %-9s %s", report.Escape(s.Plan), s.Phase, s.State)
		if s.Counts.Batches > 0 {
			fmt.Fprintf(p.out, "; %d nodes, %d changed, %d left, %d batches", s.Counts.Nodes, s.Counts.Changed, s.Counts.Left, s.Counts.Batches)
		}
		if s.Step != "" {
			fmt.Fprintf(p.out, "; step %s", report.Escape(s.Step))
		}
		if s.Who != "" {
			fmt.Fprintf(p.out, "; by %s since %s", report.Escape(s.Who), s.Started.Format(time.RFC3339))
		}
		fmt.Fprintln(p.out)
		if s.Error != "" {
			fmt.Fprintf(p.out, "  %s\n", report.Escape(s.Error))
		}
	}
	return nil
}
