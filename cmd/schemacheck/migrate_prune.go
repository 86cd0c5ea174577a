package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/fixes/migrate"
)

// defaultRetention is how long the logs that undoing needs are kept, unless the
// configuration says it.
const defaultRetention = 30 * 24 * time.Hour

func (p program) migratePruneCommand() *cobra.Command {
	var o migrateOptions
	var gone forgetting
	var older time.Duration
	var agreed consent
	cmd := &cobra.Command{
		Use:   "prune [DIR|FILE...]",
		Short: "Remove the logs of what was done long ago",
		Long: `Remove the logs that undoing needs, of phases that were done before a time (default:
undoRetention of the configuration, or 30 days). They cannot be undone afterwards.
What is known of the runs stays.

Of a plan whose file is gone --forget removes all that is in the database: where it
is, and its logs. It is named by its id or the beginning of it, as migrate status
shows it; the data stay as they are. Should its file come back, it would run
from the first node on. A phase that is not over, such as one that was begun to be
undone, is refused unless --unfinished is added, and one at work always.`,
		Example: `  schemacheck migrate prune --alpha localhost:9080 --yes
  schemacheck migrate prune --older-than 168h --yes
  schemacheck migrate prune --forget 20250131120000-user-phone --yes`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.optional = len(gone.plans) > 0
			m, err := p.beginMigration(cmd, &o, args, func() error {
				if err := gone.check(cmd.Flags()); err != nil {
					return err
				}
				if older < 0 {
					return given(cmd.Flags(), "older-than", errors.New("--older-than: not less than 0"))
				}
				return nil
			})
			if err != nil {
				return err
			}
			defer m.client.Close()
			if len(gone.plans) > 0 {
				return p.forget(cmd.Context(), m, &gone, &agreed)
			}
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
				fmt.Fprintf(p.out, "%s, phase %s: %s of logs removed\n", one.Plan, one.Phase, number(one.Bytes, "byte", "bytes"))
			}
			if err == nil && len(all) == 0 {
				fmt.Fprintf(p.out, "there are no logs of what was done more than %v ago\n", older)
			}
			return migrationFailed(ctx, err)
		},
	}
	o.bind(cmd)
	cmd.Flags().DurationVar(&older, "older-than", defaultRetention, "of what was done this `TIME` ago or longer")
	cmd.Flags().StringArrayVar(&gone.plans, "forget", nil, "remove all that is known of `PLAN`, whose file is gone, and its logs; can be repeated")
	cmd.Flags().BoolVar(&gone.unfinished, "unfinished", false, "with --forget: of phases that are not over, too")
	agreed.bind(cmd.Flags())
	return cmd
}

// forgetting are the plans of which nothing is to be known any more.
type forgetting struct {
	plans      []string
	unfinished bool
}

// check refuses what cannot be meant.
func (g *forgetting) check(flags *pflag.FlagSet) error {
	switch {
	case len(g.plans) == 0 && g.unfinished:
		return given(flags, "unfinished", errors.New("--unfinished is for --forget"))
	case len(g.plans) > 0 && flags.Changed("older-than"):
		return errors.New("--forget removes all that is known of a plan, however old it is: leave --older-than out")
	case slices.Contains(g.plans, ""):
		return given(flags, "forget", errors.New("--forget: expected the id of a plan, or the beginning of it"))
	}
	return nil
}

// forget removes what is known of plans whose files are gone.
func (p program) forget(ctx context.Context, m *migration, g *forgetting, agreed *consent) error {
	known, err := migrate.Known(ctx, m.client, "")
	if err != nil {
		return migrationFailed(ctx, err)
	}
	var ids, what []string
	for _, name := range g.plans {
		id, err := planOf(known, name)
		if err != nil {
			return fmt.Errorf("--forget %s: %w", name, err)
		}
		if i := slices.IndexFunc(m.files, func(f migrate.File) bool { return f.ID == id }); i >= 0 {
			return fmt.Errorf("--forget %s: the file of the plan %s is here, and the plan would run once more; migrate up --reset begins it anew", name, id)
		}
		if slices.Contains(ids, id) {
			continue
		}
		ids = append(ids, id)
		for _, st := range known {
			if st.Plan != id {
				continue
			}
			line := fmt.Sprintf("forget that phase %s of the plan %s is %s (%s changed), and what undoing it needs",
				st.Phase, st.Plan, st.State, number(st.Counts.Changed, "node", "nodes"))
			if st.State != migrate.Pending && !st.State.Over() {
				line += "; it is not over, and nobody can go on with it afterwards"
			}
			what = append(what, line)
		}
	}
	if err := p.agree(agreed, m.destination, what); err != nil {
		return err
	}
	if err := migrate.Forget(ctx, m.client, ids, g.unfinished, migrate.Options{}); err != nil {
		return migrationFailed(ctx, err)
	}
	for _, id := range ids {
		fmt.Fprintf(p.out, "%s: forgotten\n", report.Escape(id))
	}
	return nil
}

// planOf is the plan among those that are known whose id is that, or begins so.
func planOf(known []migrate.Status, name string) (string, error) {
	var found, ids []string
	for _, st := range known {
		switch {
		case slices.Contains(ids, st.Plan):
			continue
		case st.Plan == name:
			return name, nil
		case migrate.Named(st.Plan, name):
			found = append(found, st.Plan)
		}
		ids = append(ids, st.Plan)
	}
	switch len(found) {
	case 0:
		return "", unknown("plan", name, ids)
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf("it fits several plans: give more of the id of %s", found[0])
}
