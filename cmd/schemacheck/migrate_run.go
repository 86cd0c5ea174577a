package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/schemacheck/schemacheck/cmd/internal/config"
	"github.com/schemacheck/schemacheck/fixes/migrate"
)

// paceOptions say how fast a run or its undoing is, and who else is told of it.
type paceOptions struct {
	pace        string
	rate        float64
	maxDuration time.Duration
	account     accountOptions
}

func (o *paceOptions) bind(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&o.pace, "pace", "gentle", "gentle makes way for those who read meanwhile; full does not, and neither does what says how fast it is to be")
	flags.Float64Var(&o.rate, "rate", 0, "at most `NODES` a second; 0 for no limit")
	flags.DurationVar(&o.maxDuration, "max-duration", 0, "end after this `TIME`, to go on later; 0 for no limit")
	o.account.bind(flags)
	complete(cmd, "pace", "gentle", "full")
}

// errRate is for rates that cannot be noted in the database.
var errRate = errors.New("--rate: expected a number of nodes, or 0 for no limit")

// check refuses what cannot be meant.
func (o *paceOptions) check(p program, flags *pflag.FlagSet) error {
	switch {
	case math.IsNaN(o.rate) || math.IsInf(o.rate, 0):
		return given(flags, "rate", errRate)
	case o.rate < 0 || o.maxDuration < 0:
		return errors.New("--rate and --max-duration: not less than 0")
	}
	return errors.Join(oneOf(flags, "pace", "gentle", "full"), o.account.check(p))
}

// oneOf refuses a flag that has none of some values.
func oneOf(flags *pflag.FlagSet, flag string, allowed ...string) error {
	if value := flags.Lookup(flag).Value.String(); value != "" && !slices.Contains(allowed, value) {
		return given(flags, flag, unknown("value for --"+flag, value, allowed))
	}
	return nil
}

// options are those of the engine.
func (o *paceOptions) options() migrate.Options {
	return migrate.Options{FullSpeed: o.pace == "full", Rate: o.rate, MaxDuration: o.maxDuration}
}

// runOptions say how plans are carried out, by migrate up and by fix --apply.
type runOptions struct {
	paceOptions
	batchSize, concurrency int
	singleTxn              bool
	onError, undo          string
	undoLimit              int64
	before, after          string // commands around batches
	acceptLeft             bool
	quiesced               quiesced
}

func (o *runOptions) bind(cmd *cobra.Command) {
	o.paceOptions.bind(cmd)
	flags := cmd.Flags()
	flags.IntVar(&o.batchSize, "batch-size", 0, "`NODES` in one transaction (default: by the plan, or by how long batches take)")
	flags.BoolVar(&o.singleTxn, "single-txn", false, fmt.Sprintf("each step in one transaction; for fewer than %d nodes", migrate.MostSingle))
	flags.IntVar(&o.concurrency, "concurrency", 1, "go through `N` ranges of nodes at once")
	flags.StringVar(&o.onError, "on-error", "stop", "when one node cannot be read or written: stop, skip or quarantine (skip, and name it)")
	flags.StringVar(&o.undo, "undo", "on", "keep what undoing needs: on or off")
	flags.Int64Var(&o.undoLimit, "undo-limit", 1<<30, "end when the log that undoing needs has so many `BYTES`")
	flags.StringVar(&o.before, "before-batch", "", "run `COMMAND` before each batch: a program, or a JSON array of its name and arguments; when it fails the run pauses")
	flags.StringVar(&o.after, "after-batch", "", "run `COMMAND` after each batch, likewise")
	flags.BoolVar(&o.acceptLeft, "accept-left", false, "deploy, and run phase contract, although nodes are left that could not be changed: nobody reads them, and what contract deletes of them is gone")
	o.quiesced.bind(flags)
	complete(cmd, "on-error", "stop", "skip", "quarantine")
	complete(cmd, "undo", "on", "off")
}

// runFlags are the flags of [runOptions].
var runFlags = []string{"pace", "rate", "max-duration", "metrics-file", "metrics-listen", "batch-size", "single-txn", "concurrency", "on-error", "undo", "undo-limit",
	"before-batch", "after-batch", "accept-left", "quiesced", "require-quiesced"}

// check refuses what cannot be meant.
func (o *runOptions) check(p program, flags *pflag.FlagSet) error {
	switch {
	case flags.Changed("batch-size") && o.batchSize < 1:
		return given(flags, "batch-size", errors.New("--batch-size: a batch has at least 1 node"))
	case o.concurrency < 1:
		return given(flags, "concurrency", errors.New("--concurrency: at least 1"))
	case o.undoLimit < 1:
		return given(flags, "undo-limit", errors.New("--undo-limit: at least 1 byte; --undo off keeps no log"))
	case flags.Changed("require-quiesced") && o.quiesced.watch < time.Second:
		return given(flags, "require-quiesced", errors.New("--require-quiesced: watch for a second at least"))
	case o.singleTxn && (flags.Changed("batch-size") || o.concurrency > 1 || o.rate > 0 || o.onError != "stop"):
		return errors.New("--single-txn is one transaction for all nodes: leave --batch-size, --concurrency, --rate and --on-error out")
	}
	for _, flag := range []struct{ name, text string }{{"before-batch", o.before}, {"after-batch", o.after}} {
		if _, err := argvOf(flag.text); err != nil {
			return given(flags, flag.name, fmt.Errorf("--%s: %w", flag.name, err))
		}
	}
	return errors.Join(o.paceOptions.check(p, flags), oneOf(flags, "on-error", "stop", "skip", "quarantine"), oneOf(flags, "undo", "on", "off"))
}

// options are those of the engine.
func (o *runOptions) options(p program, cfg *config.Config) migrate.Options {
	all := o.paceOptions.options()
	all.BatchSize, all.DefaultBatch, all.Concurrency, all.SingleTxn = o.batchSize, cfg.BatchSize, o.concurrency, o.singleTxn
	all.OnError, all.NoUndo, all.UndoLimit = migrate.OnError(o.onError), o.undo == "off", o.undoLimit
	all.BeforeBatch, all.AfterBatch = p.hook("--before-batch", o.before), p.hook("--after-batch", o.after)
	return all
}

// carryOut carries out plans, and says what came of it. begin is called before that,
// when nothing is in the way; nil is not.
func (p program) carryOut(ctx context.Context, m *migration, s migrate.Series, o *runOptions, quiet bool, begin func(migrate.Options) error) error {
	a, err := p.account(&o.account, quiet, m.files)
	if err != nil {
		return err
	}
	s.Progress, s.Silent, s.Deploying, s.AcceptLeft = a.see, a.silent, a.deploying, o.acceptLeft
	untouched, err := o.quiesced.begin(ctx, m, s, a.progress)
	if err == nil && begin != nil {
		err = begin(s.Options)
	}
	if err != nil {
		p.endAccount(ctx, a, err)
		return migrationFailed(ctx, err)
	}
	outcomes, err := migrate.Up(ctx, m.client, m.files, s)
	touched := p.compared(ctx, untouched, a.progress)
	p.endAccount(ctx, a, err)
	if err := p.told(ctx, m, outcomes, err); err != nil {
		return err
	}
	return touched
}
