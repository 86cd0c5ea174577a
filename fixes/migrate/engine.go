package migrate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/schemacheck/schemacheck/dql"
)

// Options say how plans are carried out. The zero value is the default.
type Options struct {
	// BatchSize is the number of nodes of one transaction; 0 takes that of the
	// step, or lets it follow the time that batches take.
	BatchSize int
	// DefaultBatch is for steps that do not say it, instead of a size that follows
	// the time; 0 is none.
	DefaultBatch int
	// FullSpeed leaves out to make way for those who read beside the run. Nobody is
	// made way for either where somebody says the size of batches, the rate, or that
	// several ranges are gone through at once.
	FullSpeed bool
	// Concurrency is the number of ranges of uids that are gone through at once;
	// 0 means 1.
	Concurrency int
	// SingleTxn carries out each step in one transaction. Steps of [MostSingle] nodes
	// or more are refused.
	SingleTxn bool
	// Rate bounds the nodes a second, of all ranges together; 0 does not.
	Rate float64
	// MaxDuration ends the run after the batches that run then, so that it can be
	// resumed; 0 does not. The runs of a series have it together.
	MaxDuration time.Duration
	// From is where a plan begins that has not run yet: of what is before it, [Up]
	// takes earlier phases for done, too. nil is its beginning.
	From *Cursor
	// BeforeBatch and AfterBatch are called around each batch, one at a time; an
	// error ends the run so that it can be resumed. Nil are not.
	BeforeBatch, AfterBatch func(ctx context.Context, s Status) error
	// OnError says what happens when a node alone cannot be written.
	OnError OnError
	// NoUndo leaves the log out that undoing needs.
	NoUndo bool
	// UndoLimit bounds the log of a run, in bytes; 0 means 1 GiB.
	UndoLimit int64
	// Who is told to others that wait; empty means host and process.
	Who string
	// Beat and Lease are the times between signs of life, and after which a lock
	// without any is taken over; 0 means 2 and 20 seconds.
	Beat, Lease time.Duration
	// Silent is told of a holder of the lock who gives no sign of life, and is taken
	// over unless he does within the time of the lease; nil means nobody.
	Silent func(*Busy)
	// Progress is told how far it is, by one goroutine at a time; nil means
	// nobody.
	Progress func(Status)
	// point is called at named points of the run, by tests.
	point func(name string)
	// taskOf is what a step does; tests have steps of their own.
	taskOf func(*Step) (task, error)
	// foreign is why the plan may only be noted as not applicable; nil when it may
	// be carried out.
	foreign *Foreign
}

// OnError says what happens when a node alone cannot be written.
type OnError string

// The ways: end the run; go on without the node and count it; or go on and name
// it in the list of what is left.
const (
	Stop       OnError = "stop"
	Skip       OnError = "skip"
	Quarantine OnError = "quarantine"
)

const (
	// defaultBatch is the size that batches begin with, and grow back to. Larger ones
	// are little faster, and who reads beside them waits much longer.
	defaultBatch = 1000
	leastBatch   = 1
	// MostSingle bounds the nodes of a step that is carried out in one transaction.
	MostSingle = 5000
	// targetTime is how long a batch should take: long ones meet more of what
	// others write.
	targetTime = 250 * time.Millisecond
	// mostQuads bounds what is written in one transaction. Dgraph refuses a
	// million (worker/server_state.go, LimitDefaults).
	mostQuads = 100_000
)

func (o Options) filled() Options {
	if o.Concurrency <= 0 {
		o.Concurrency = 1
	}
	if o.OnError == "" {
		o.OnError = Stop
	}
	if o.UndoLimit <= 0 {
		o.UndoLimit = 1 << 30
	}
	if o.Beat <= 0 {
		o.Beat = defaultBeat
	}
	if o.Lease <= 0 {
		o.Lease = DefaultLease
	}
	if o.Who == "" {
		host, err := os.Hostname()
		if err != nil {
			host = "unknown host"
		}
		o.Who = fmt.Sprintf("%s (process %d)", host, os.Getpid())
	}
	if o.point == nil {
		o.point = func(string) {}
	}
	if o.taskOf == nil {
		o.taskOf = (*Step).task
	}
	return o
}

// File is a plan with the checksum of its text.
type File struct {
	*Plan
	Checksum string
}

// Result is what carrying out a phase of a plan came to.
type Result struct {
	Status Status
	// Left are the nodes that were not changed although they should have been, at
	// most [mostLeft]; Status counts them all.
	Left []Left
	// Unclean are the steps whose closing question found something.
	Unclean []Check
	// Already says that the phase was done before.
	Already bool
	// Mended says that what an earlier run left, which Status counts, was asked for again
	// and is as it should be by now.
	Mended bool
}

// mostLeft bounds the nodes that are kept by name.
const mostLeft = 10_000

// Stopped is the error of a run that ended before its end, but can go on.
type Stopped struct {
	Reason string
	// Cancelled says that somebody does not want it to go on by itself.
	Cancelled bool
}

// Error says why.
func (s *Stopped) Error() string { return s.Reason }

// Run carries out one phase of a plan. What an earlier run did is not done again: the place where it stopped stands in
// the database, and was written in the same transaction as the data. When ctx
// ends the batches that run are finished or abandoned, and the error is its
// cause.
func Run(ctx context.Context, c *dql.Client, f File, phase Phase, o Options) (*Result, error) {
	o = o.filled()
	if err := prepareState(ctx, c); err != nil {
		return nil, err
	}
	held, l, err := acquire(ctx, c, doingOf(f, phase), o)
	if err != nil {
		return nil, err
	}
	defer l.releaseAfter(ctx)
	return l.carryOut(held, f, phase, o)
}

func doingOf(f File, phase Phase) string { return fmt.Sprintf("plan %s, phase %s", f.ID, phase) }

// carryOut is [Run] for whoever holds the lock already. Options are filled.
func (l *lease) carryOut(ctx context.Context, f File, phase Phase, o Options) (*Result, error) {
	if err := l.at(ctx, doingOf(f, phase), runKey(f.ID, phase)); err != nil {
		return nil, err
	}
	r := &run{client: l.client, file: f, phase: phase, options: o, token: l.token, lease: l, started: l.began}
	r.tuned = tuned{rate: o.Rate, size: o.BatchSize}
	r.limit.begin(o.Rate)
	ctx, cancel := context.WithCancel(ctx)
	defer r.courtesy.end.Wait()
	defer cancel()
	return r.all(ctx)
}

// run is one call of [Run].
type run struct {
	client   *dql.Client
	file     File
	phase    Phase
	options  Options
	token    string
	lease    *lease
	started  time.Time
	limit    limiter
	courtesy courtesy

	node   *kept // where status is kept
	status Status
	result Result

	mu     sync.Mutex // of what follows, while ranges are gone through at once
	logged int64      // bytes of this run's log
	tuned  tuned
	meter  meter
	hooks  sync.Mutex // one at a time
}

// all carries out the steps of the phase.
func (r *run) all(ctx context.Context) (*Result, error) {
	r.options.point("locked")
	defer r.options.point("before unlock")
	err := r.begin(ctx)
	if err != nil {
		return nil, err
	}
	if r.status.State == Undoing {
		return nil, &HalfUndone{Plan: r.file.ID, Phase: r.phase}
	}
	served, err := servedFingerprint(ctx, r.client)
	if err != nil {
		return nil, err
	}
	aimed := r.options.From != nil && r.options.From.of(r.file) // which says that there is something
	if r.file.settled(r.phase, r.status.State, served) && !(aimed && r.status.State == NotApplicable) {
		r.result.Status, r.result.Already = r.status, true
		return &r.result, nil
	}
	if err := r.readable(ctx); err != nil {
		return nil, err
	}
	live, err := r.client.Stored(ctx)
	if err != nil {
		return nil, err
	}
	// Where nothing is that the plan would change, nothing has to be declared either.
	if some, err := r.some(ctx); err != nil {
		return nil, err
	} else if some {
		if err := r.file.keyed(r.phase, live); err != nil {
			return nil, err
		}
	}
	if r.status.State == NotApplicable { // something may be there now
		r.status.Finished, r.status.NotApplicable = nil, nil
	}
	if err := r.from(); err != nil {
		return nil, err
	}
	r.status.State, r.status.Who, r.status.Error, r.status.Served, r.status.Ended = Running, r.options.Who, "", served, time.Time{}
	if r.status.Started.IsZero() {
		r.status.Started = time.Now().UTC().Truncate(time.Second)
		if err := r.keepText(ctx); err != nil {
			return nil, err
		}
	}
	if err := r.afterAnew(ctx); err != nil {
		return nil, err
	}
	for i := range r.file.Steps {
		s := &r.file.Steps[i]
		if s.Phase != r.phase || slices.Contains(r.status.Finished, s.ID) {
			continue
		}
		r.status.Step = s.ID
		if err := r.save(ctx); err != nil {
			return nil, err
		}
		if err := r.one(ctx, s); err != nil {
			return r.failed(ctx, s, err)
		}
		r.status.Finished = append(r.status.Finished, s.ID)
	}
	if err := r.tidy(ctx, served); err != nil {
		return nil, err
	}
	r.status.State = Done
	if len(r.status.NotApplicable) == len(r.status.Finished) {
		r.status.State = NotApplicable
	}
	r.status.Step, r.status.Ended = "", time.Now().UTC().Truncate(time.Second)
	if err := r.save(ctx); err != nil {
		return nil, err
	}
	r.result.Status = r.status
	return &r.result, nil
}

// one carries out a step and asks its closing question, or notes that it finds
// nothing to do.
func (r *run) one(ctx context.Context, s *Step) error {
	if err := r.between(ctx); err != nil {
		return err
	}
	applies, err := r.applies(ctx, s)
	switch {
	case err != nil:
		return err
	case !applies:
		r.status.NotApplicable = append(r.status.NotApplicable, s.ID)
		return nil
	case r.options.foreign != nil:
		return r.options.foreign
	}
	r.stepBegins(s)
	if err := r.step(ctx, s); err != nil {
		return err
	}
	r.options.point("step done")
	return r.close(ctx, s)
}

// close asks the closing question of a step, and carries a convergent one out
// again for what came while it ran.
func (r *run) close(ctx context.Context, s *Step) error {
	t, err := r.options.taskOf(s)
	if err != nil {
		return err
	}
	p, ok := t.(paged)
	if !ok {
		return r.closeAltered(ctx, s)
	}
	if !s.Convergent {
		return nil
	}
	for round := 1; ; round++ {
		live, err := r.client.Stored(ctx)
		if err != nil {
			return err
		}
		before, err := r.writtenBefore(ctx, s)
		if err != nil {
			return err
		}
		ends, err := r.ends(ctx, s)
		if err != nil {
			return err
		}
		check, err := proved(ctx, r.client, &reader{step: s, task: p, live: live, written: before, ends: ends, courtesy: r.courteous(s)}, r.between)
		if err != nil {
			return err
		}
		if check.Open == 0 || round > mostSweeps {
			if !check.Clean() {
				r.result.Unclean = append(r.result.Unclean, check)
			}
			return nil
		}
		if err := r.pages(ctx, s, p, roundName(s, round)); err != nil {
			return err
		}
	}
}

// roundName names the cursors of a step, and of what it does again.
func roundName(s *Step, round int) string {
	if round == 0 {
		return s.ID
	}
	return fmt.Sprintf("%s~%d", s.ID, round)
}

// begin reads where an earlier run stopped.
func (r *run) begin(ctx context.Context) error {
	nodes, err := find(ctx, r.client.Txn(), runKey(r.file.ID, r.phase))
	if err != nil {
		return err
	}
	r.node = nodes[0]
	r.status = Status{Plan: r.file.ID, Phase: r.phase, State: Pending, Checksum: r.file.Checksum}
	if err := r.node.decode(&r.status); err != nil {
		return err
	}
	spans, err := below(ctx, r.client.Snapshot(), spanPrefix(r.file.ID, r.phase, ""))
	if err != nil {
		return err
	}
	if r.status.Counts, err = countsOf(spans, ""); err != nil { // what is noted can be older
		return err
	}
	if r.status.State == Pending || r.status.State == NotApplicable { // it was undone, or nothing was written
		r.status.Checksum = r.file.Checksum
		if at, err := ParseCursor(r.status.Begins); err != nil || !at.of(r.file) {
			r.status.Begins = ""
		}
	}
	if r.status.Checksum != r.file.Checksum {
		return r.file.edited(ctx, r.client, r.status)
	}
	return nil
}

// HalfUndone is the error for a phase that somebody began to undo.
type HalfUndone struct {
	Plan  string
	Phase Phase
}

// Error says what to do.
func (h *HalfUndone) Error() string {
	return fmt.Sprintf("undoing phase %s of the plan %s was begun and not ended: end it first (schemacheck migrate undo %[2]s --phase %[1]s)", h.Phase, h.Plan)
}

// save writes the status.
func (r *run) save(ctx context.Context) error {
	noted := r.status
	noted.Pace, noted.Cursor = nil, "" // of these, others keep account
	for {
		tx := r.client.Txn()
		if err := r.holds(ctx, tx); err != nil {
			return err
		}
		nodes, err := find(ctx, tx, runKey(r.file.ID, r.phase))
		if err != nil {
			return err
		}
		r.node = nodes[0]
		quads, err := r.node.quads(noted)
		if err != nil {
			return err
		}
		_, err = tx.Commit(ctx, quads, nil)
		if err == nil {
			r.tell()
			return nil
		}
		if !isAborted(err) && !isUnknown(err) {
			return fmt.Errorf("saving the state in the database: %w", err)
		}
		if err := sleep(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
}

func (r *run) tell() {
	if r.options.Progress != nil {
		r.options.Progress(r.status)
	}
}

// failed notes why the run ends.
func (r *run) failed(ctx context.Context, s *Step, err error) (*Result, error) {
	var stopped *Stopped
	switch {
	case errors.Is(err, ErrLeaseLost):
		return nil, err // the state is somebody else's
	case errors.As(err, &stopped) && stopped.Cancelled:
		r.status.State = Cancelled
	case errors.As(err, &stopped), ctx.Err() != nil:
		r.status.State = Paused
	default:
		r.status.State, r.status.Error = Failed, err.Error()
	}
	r.status.Ended = time.Now().UTC().Truncate(time.Second)
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if saved := r.save(last); saved != nil {
		err = fmt.Errorf("%w (and that could not be noted in the database: %w)", err, saved)
	}
	r.result.Status = r.status
	return &r.result, fmt.Errorf("step %s: %w", s.ID, err)
}
