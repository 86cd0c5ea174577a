package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/fixes/migrate"
)

func (p program) migrateVerifyCommand() *cobra.Command {
	o := migrateOptions{optional: true}
	cmd := &cobra.Command{
		Use:   "verify [DIR|FILE...]",
		Short: "Ask whether what plans did still holds",
		Long: `Ask the closing question of each step that was done, or that found nothing to do:
whether there are nodes that it would change if it ran now, because they came later
or were changed since.
What the server counts by itself is held against it, and the step's own question
(verify in the plan) when that is a count. Steps that alter the stored schema are
asked whether it is as they left it. Nothing is written. Run it again after the
new schema is deployed.`,
		Example: `  schemacheck migrate verify --alpha localhost:9080

Exit codes: 0 everything holds, or there are no plans; 1 something does not; 2 usage; 3 could not finish.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := p.beginMigration(cmd, &o, args, nil)
			if err != nil {
				return err
			}
			defer m.client.Close()
			if m.none != nil {
				p.nothing(m.none)
				return nil
			}
			ctx := cmd.Context()
			all, err := migrate.Statuses(ctx, m.client, m.files)
			if err != nil {
				return migrationFailed(ctx, err)
			}
			var open, undone []string // the plans of which something does not hold, and those of them that a run would mend
			for _, s := range all {
				if !s.State.Over() {
					fmt.Fprintf(p.out, "%s, phase %s: %s\n", s.Plan, s.Phase, s.State)
					continue
				}
				f, err := m.one(s.Plan)
				if err != nil {
					return err
				}
				checks, err := migrate.Verify(ctx, m.client, f.Plan, s, m.after(f, all)...)
				if err != nil {
					return migrationFailed(ctx, err)
				}
				fmt.Fprintf(p.out, "%s, phase %s: %s\n", s.Plan, s.Phase, s.State)
				for _, c := range checks {
					p.events().Info("verified", "plan", s.Plan, "phase", s.Phase, "step", c.Step, "nodes", c.Nodes, "open", c.Open, "left", c.Left)
					fmt.Fprintf(p.out, "  %s\n", report.Escape(c.String()))
					if !c.Clean() && !slices.Contains(open, f.ID) {
						open = append(open, f.ID)
					}
					if !c.Clean() && (c.Left == 0 || c.Open > 0) {
						undone = append(undone, f.ID)
					}
				}
			}
			if len(open) > 0 {
				next := "mend what is left, then " + m.command("verify", m.spelt)
				if len(undone) > 0 {
					next = m.mending(undone[0], all)
				}
				fmt.Fprintf(p.out, "next: %s\n", next)
				return &problem{code: exitFindings}
			}
			return nil
		},
	}
	o.bind(cmd)
	return cmd
}

// mending is how a plan is gone on with of which something does not hold.
func (m *migration) mending(plan string, all []migrate.Status) string {
	i := slices.IndexFunc(all, func(s migrate.Status) bool {
		return s.Plan == plan && s.Phase == migrate.After && !s.State.Over()
	})
	switch {
	case i < 0:
		return m.command("up", plan, "--reset") + " (begins anew: steps do what is still to be done; what undoing needs is forgotten)"
	case all[i].State == migrate.Waiting:
		return "deploy the new schema, then " + m.command("up", plan) + " (phase after does what is still to be done)"
	}
	return m.command("up", plan) + " (phase after does what is still to be done)"
}

// after are the plans that were carried out after one, in part at least.
func (m *migration) after(f migrate.File, all []migrate.Status) []*migrate.Plan {
	var later []*migrate.Plan
	for _, other := range m.files {
		if other.ID > f.ID && slices.ContainsFunc(all, func(s migrate.Status) bool { return s.Plan == other.ID && s.State == migrate.Done }) {
			later = append(later, other.Plan)
		}
	}
	return later
}
