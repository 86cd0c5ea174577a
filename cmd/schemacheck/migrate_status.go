package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mattn/go-runewidth"
	"github.com/spf13/cobra"

	"github.com/schemacheck/schemacheck/fixes/migrate"
)

// statusOptions are what migrate status was asked.
type statusOptions struct {
	migrateOptions
	json  bool
	watch time.Duration // 0 looks once
	limit int           // plans; 0 for all
}

// watchTime is how often --watch looks unless it says so.
const watchTime = 2 * time.Second

func (p program) migrateStatusCommand() *cobra.Command {
	o := &statusOptions{migrateOptions: migrateOptions{optional: true}}
	cmd := &cobra.Command{
		Use:   "status [DIR|FILE...]",
		Short: "Tell how far plans are",
		Long: `Tell for each phase of the plans how far it is, how fast, who runs it, what went
wrong, and which commands go on from there. Without arguments that is for the plans
in the folder migrations, and for those that ran on this database and whose files
are not here. It only reads, and disturbs no run.

The states: pending, nothing has run; running; paused, it waits for migrate resume
or ended and goes on with migrate up; waiting-for-schema, phase after waits until
the new schema is served; failed, a step could not go on, and the error says why;
cancelled by migrate cancel; done; undoing, migrate undo has begun and not ended;
not-applicable, no step found anything to do.

With --watch it looks again and again, on a terminal in place. With --json it
writes one document, and with --watch one in each line.`,
		Example: `  schemacheck migrate status --alpha localhost:9080
  schemacheck migrate status user-phone --watch
  schemacheck migrate status --watch 10s --limit 3
  schemacheck migrate status --json

Exit codes: 0 told; 2 usage; 3 no Dgraph was reached, or the state of migrations may
not be read; 130 interrupted, also with
--watch.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			args = o.watched(cmd, args)
			m, err := p.beginMigration(cmd, &o.migrateOptions, args, func() error { return o.check(cmd) })
			if err != nil {
				return err
			}
			defer m.client.Close()
			return p.status(cmd.Context(), m, o, len(args) == 0 || m.none != nil)
		},
	}
	o.bind(cmd)
	flags := cmd.Flags()
	flags.BoolVar(&o.json, "json", false, "as JSON")
	flags.DurationVar(&o.watch, "watch", 0, "look again every `TIME`, or every "+watchTime.String()+" when it is left out")
	flags.Lookup("watch").NoOptDefVal = watchTime.String()
	flags.IntVar(&o.limit, "limit", 0, "the latest `N` plans only; 0 for all")
	return cmd
}

// watched takes the time of --watch from the argument after it.
func (o *statusOptions) watched(cmd *cobra.Command, args []string) []string {
	if !cmd.Flags().Changed("watch") || o.watch != watchTime {
		return args
	}
	return slices.DeleteFunc(slices.Clone(args), func(arg string) bool {
		d, err := time.ParseDuration(arg)
		if err == nil {
			o.watch = d
		}
		return err == nil
	})
}

func (o *statusOptions) check(cmd *cobra.Command) error {
	switch flags := cmd.Flags(); {
	case flags.Changed("watch") && o.watch <= 0:
		return given(flags, "watch", fmt.Errorf("--watch %v: expected a time such as 5s", o.watch))
	case o.limit < 0:
		return given(flags, "limit", fmt.Errorf("--limit %d: not less than 0", o.limit))
	}
	return nil
}

// status looks once, or until somebody has seen enough. others says that plans
// without files are wanted too.
func (p program) status(ctx context.Context, m *migration, o *statusOptions, others bool) error {
	show := p.shower(o)
	for first := true; ; first = false {
		l, err := m.look(ctx, o.limit, others)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && (first || o.watch == 0):
			return migrationFailed(ctx, err)
		case err != nil: // the server may come back
			l = &look{Time: time.Now(), Error: err.Error()}
		}
		if err := show(l); err != nil {
			return &problem{exitUnfinished, fmt.Errorf("writing: %w", err)}
		}
		if o.watch == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(o.watch):
		}
	}
}

// shower writes looks: as text, on a terminal in place of the one before; or as
// JSON.
func (p program) shower(o *statusOptions) func(*look) error {
	e := json.NewEncoder(p.out)
	if o.watch == 0 {
		e.SetIndent("", "  ")
	}
	screen := newScreen(p.out)
	return func(l *look) error {
		switch {
		case o.json:
			return e.Encode(l)
		case o.watch == 0 || !screen.IsTerminal():
			for _, line := range l.lines() {
				fmt.Fprintln(p.out, line)
			}
			return nil
		}
		width, height, err := screen.GetTermSize()
		if err != nil {
			return err
		}
		lines := l.lines()
		if room := max(height-1, 1); len(lines) > room {
			lines = lines[len(lines)-room:] // what is last is the latest, and how to go on
		}
		for _, line := range lines {
			fmt.Fprintln(screen, runewidth.Truncate(line, width-1, "…"))
		}
		return screen.Flush(len(lines))
	}
}

// look is what was seen at one time.
type look struct {
	Time   time.Time `json:"time"`
	Phases []phaseAt `json:"phases"`
	// AtWork is who is at work on the database, whatever at; nil when nobody is, or he
	// has given no sign of life for so long that the next one takes over.
	AtWork *migrate.Worker `json:"atWork,omitempty"`
	// Next are the commands to go on with.
	Next  []string `json:"next"`
	Error string   `json:"error,omitempty"`

	none *noPlans // why no plans are here, where that is so
}

// phaseAt is where a phase of a plan is.
type phaseAt struct {
	migrate.Status
	// StepNumber of Steps is the one that runs or ran last; both are 0 where the file
	// of the plan is not here, or no step has begun.
	StepNumber int `json:"stepNumber,omitempty"`
	Steps      int `json:"steps,omitempty"`
	// LeftSeconds is how long the step may still take; nil while that is not known.
	LeftSeconds *float64 `json:"leftSeconds,omitempty"`
	// SilentSeconds is how long the run has not given a sign of life; nil while it
	// gives them.
	SilentSeconds *float64 `json:"silentSeconds,omitempty"`
	// NoFile says that the file of the plan is not here.
	NoFile bool `json:"noFile,omitempty"`
}

// silence is how long a run gives no sign of life before that is told: some times
// as long as it usually takes.
const silence = 10 * time.Second

// look sees where the plans are.
func (m *migration) look(ctx context.Context, limit int, others bool) (*look, error) {
	l := &look{Time: time.Now().UTC().Truncate(time.Millisecond), Phases: []phaseAt{}, Next: []string{}, none: m.none}
	all, err := migrate.Statuses(ctx, m.client, m.files)
	if err != nil {
		return nil, err
	}
	here := map[string]*migrate.File{}
	for i := range m.files {
		here[m.files[i].ID] = &m.files[i]
	}
	if others {
		history, err := migrate.History(ctx, m.client, "")
		if err != nil {
			return nil, err
		}
		all = append(all, slices.DeleteFunc(history, func(s migrate.Status) bool { return here[s.Plan] != nil })...)
		slices.SortStableFunc(all, func(a, b migrate.Status) int { return strings.Compare(a.Plan, b.Plan) })
	}
	all = latest(all, limit)
	for _, s := range all {
		at := phaseAt{Status: s, NoFile: here[s.Plan] == nil}
		if !at.NoFile {
			at.StepNumber, at.Steps = placeOf(here[s.Plan].Plan, s)
		}
		if p := s.Pace; p != nil {
			if left := p.Left(); left > 0 {
				seconds := left.Seconds()
				at.LeftSeconds = &seconds
			}
			if quiet := l.Time.Sub(p.At).Truncate(time.Second); !p.At.IsZero() && quiet > silence {
				seconds := quiet.Seconds()
				at.SilentSeconds = &seconds
			}
		}
		l.Phases = append(l.Phases, at)
	}
	w, err := migrate.AtWork(ctx, m.client)
	if err != nil {
		return nil, err
	}
	if w != nil && l.Time.Sub(w.Sign) < migrate.DefaultLease {
		l.AtWork = w
	}
	l.Next = m.nexts(l)
	return l, nil
}

// latest are the phases of the last plans.
func latest(all []migrate.Status, plans int) []migrate.Status {
	seen := 0
	for i := len(all) - 1; i >= 0 && plans > 0; i-- {
		if i == len(all)-1 || all[i].Plan != all[i+1].Plan {
			seen++
		}
		if seen > plans {
			return all[i+1:]
		}
	}
	return all
}
