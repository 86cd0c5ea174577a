package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/schemacheck/schemacheck/fixes/migrate"
)

func (p program) migrateUndoCommand() *cobra.Command {
	var o migrateOptions
	var phase string
	var agreed consent
	var pace paceOptions
	cmd := &cobra.Command{
		Use:   "undo PLAN",
		Short: "Take back what a plan changed",
		Long: `Take back what one phase of a plan changed, from the last batch to the first. What
somebody has changed since stays as it is, and is told. It can be interrupted, and
begun again. It makes way for those who read meanwhile unless --pace or --rate say
otherwise. It needs the log that runs keep unless --undo is off, and the schema
that was served then.`,
		Example: `  schemacheck migrate undo 20260131120000-user-phone --alpha localhost:9080
  schemacheck migrate undo user-phone --phase before --yes`,
		Args: arguments(1, 1, "the id of a plan, or the beginning of it"),
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := p.beginMigration(cmd, &o, o.folders(), func() error { return pace.check(p, cmd.Flags()) })
			if err != nil {
				return err
			}
			defer m.client.Close()
			ctx := cmd.Context()
			f, err := m.one(args[0])
			if err != nil {
				return err
			}
			all, err := migrate.Statuses(ctx, m.client, []migrate.File{f})
			if err != nil {
				return migrationFailed(ctx, err)
			}
			at, err := lastRun(all, migrate.Phase(phase))
			if err != nil {
				return err
			}
			what := inWords([]migrate.File{f}, []migrate.Status{at})
			for i := range what {
				what[i] = "take back: " + what[i]
			}
			if err := p.agree(&agreed, m.destination, what); err != nil {
				return err
			}
			a, err := p.account(&pace.account, o.quiet, m)
			if err != nil {
				return err
			}
			options := pace.options()
			options.Progress, options.Silent = a.see, a.silent
			r, err := migrate.Undo(ctx, m.client, f, at.Phase, options)
			p.endAccount(ctx, a, err)
			if err != nil {
				if r != nil { // it was begun
					fmt.Fprintf(p.out, "next: %s (it goes on where it stopped)\n", m.command("undo", f.ID, "--phase", string(at.Phase), repeated(cmd.Flags(), "dir")))
				}
				return migrationFailed(ctx, err)
			}
			fmt.Fprintf(p.out, "%s, phase %s: taken back\n%s%s", f.ID, at.Phase, leftInWords(r.Left), m.nextOfUndo(cmd.Flags(), f, at.Phase, all))
			if len(r.Left) > 0 {
				return &problem{code: exitFindings}
			}
			return nil
		},
	}
	o.bind(cmd)
	cmd.Flags().StringVar(&phase, "phase", "", "take back this `PHASE` (default: the last that ran)")
	o.bindFolder(cmd)
	agreed.bind(cmd.Flags())
	pace.bind(cmd)
	return cmd
}

// nextOfUndo says how to go on once a phase was taken back: with the one before it,
// which ran under the old schema, or forward again.
func (m *migration) nextOfUndo(flags *pflag.FlagSet, f migrate.File, phase migrate.Phase, all []migrate.Status) string {
	named, dir := f.ID, repeated(flags, "dir")
	if dir != "" {
		named = spelt(filepath.Join(flags.Lookup("dir").Value.String(), filepath.Base(m.paths[f.ID])))
	}
	again := m.command("up", named)
	earlier, err := lastRun(slices.DeleteFunc(slices.Clone(all), func(s migrate.Status) bool { return s.Phase == phase }), "")
	if err != nil {
		return fmt.Sprintf("next: %s (carries it out again)\n", again)
	}
	back := m.command("undo", f.ID, "--phase", string(earlier.Phase), dir)
	if f.From != f.To {
		back = "deploy the old schema, then " + back
	}
	return fmt.Sprintf("next: %s\n      %s (carries it out again)\n", back, again)
}

// lastRun is the phase that is to be taken back.
func lastRun(all []migrate.Status, phase migrate.Phase) (migrate.Status, error) {
	var last *migrate.Status
	for i := range all {
		if s := &all[i]; s.Phase == phase || phase == "" && s.State.Begun() {
			last = s
		}
	}
	if last == nil {
		return migrate.Status{}, errors.New("nothing of this plan has run here: there is nothing to undo")
	}
	return *last, nil
}
