package migrate

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/schemacheck/schemacheck/dql"
)

// batch carries out the next batch of a range, as often as it takes.
func (w *work) batch(ctx context.Context, sp *span) error {
	size := w.batchSize()
	var unsure []Left // of an attempt whose answer did not come
	for failures := 0; ; failures++ {
		start := time.Now()
		next, left, err := w.try(ctx, sp, size)
		var late *ofNode
		var held *heldUp
		if errors.As(err, &held) {
			if err := w.hold(ctx, held.who); err != nil {
				return err
			}
			failures--
			size = w.batchSize()
			continue
		}
		if err != nil && !isAborted(err) && ctx.Err() == nil {
			w.mu.Lock()
			sp.Counts.Retries++
			w.mu.Unlock()
		}
		switch {
		case err == nil:
			w.took(size, time.Since(start), failures)
			w.reached(sp, next, left)
			w.options.point("batch done")
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, errMoved):
			w.reached(sp, next, unsure)
			return nil
		case failures >= mostFailures && isAborted(err):
			return fmt.Errorf("others write the same nodes all the time, so that %d attempts in a row had to be given up: %w", failures+1, err)
		case failures >= mostFailures && size == leastBatch && errors.As(err, &late):
			return fmt.Errorf("node %s: %w", dql.Node(late.uid), err)
		case failures >= mostFailures:
			return err
		case w.options.SingleTxn && isTooLarge(err):
			return &Stopped{Reason: fmt.Sprintf("it does not go into one transaction: %v; leave --single-txn out", err)}
		case errors.As(err, &late) && isUnknown(err):
			// The next attempt sees by the cursor whether it was written, and should it
			// be written only after that, that attempt is aborted.
			unsure = left
			if isTooLarge(err) && size > leastBatch && !w.options.SingleTxn {
				size = max(size/2, leastBatch)
				w.shrink(size)
			}
			if err := sleep(ctx, jitter(failures)); err != nil {
				return err
			}
		case isAborted(err):
			w.mu.Lock()
			sp.Counts.Aborts++
			w.mu.Unlock()
			if failures >= 2 && !w.options.SingleTxn {
				size = max(size/2, leastBatch)
			}
			if err := sleep(ctx, jitter(failures)); err != nil {
				return err
			}
		case isTooLarge(err) && size > leastBatch:
			size = max(size/2, leastBatch)
			w.shrink(size)
		case isTimeout(err) && failures < mostSilent:
			if err := sleep(ctx, jitter(failures)); err != nil {
				return err
			}
		case size > leastBatch && w.options.SingleTxn && (late != nil && late.alone() || isOther(err)):
			return fmt.Errorf("one of the nodes is in the way: %w; leave --single-txn out, so that it is found", &ofNode{error: err})
		case size > leastBatch && !w.options.SingleTxn && (late != nil && late.alone() || isOther(err)):
			// One node is in the way: it is found by smaller batches.
			size = max(size/10, leastBatch)
		case late != nil && late.alone() && w.options.OnError != Stop:
			if err := w.skip(ctx, sp, late); !isAborted(err) && !isUnknown(err) {
				return err
			}
		case late != nil && late.alone():
			return fmt.Errorf("node %s: %w", dql.Node(late.uid), err)
		default:
			return err
		}
	}
}

// reached notes where a range is.
func (w *work) reached(sp *span, next span, left []Left) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.logged += next.LogBytes - sp.LogBytes
	*sp = next
	w.result.Left = append(w.result.Left, left[:min(len(left), mostLeft-len(w.result.Left))]...)
}

// mostFailures is how often a batch is repeated, because others write the same or
// no answer comes.
const mostFailures = 30

// mostSilent is how often a batch of one node is tried again that gets no answer.
const mostSilent = 5

func isTimeout(err error) bool {
	var known *dql.Error
	return errors.As(err, &known) && known.Kind == dql.Timeout
}

// errMoved is for an attempt that finds that an earlier one was written, whose
// answer was lost.
var errMoved = errors.New("the batch was written before")

// ofNode is the error of a batch at whose end a node is, and which it is when the
// batch has only that: it cannot be read, or written.
type ofNode struct {
	error
	uid uint64 // of its last node
}

// Error leaves values out that Dgraph quotes.
func (a *ofNode) Error() string {
	var known *dql.Error
	if errors.As(a.error, &known) && known.Kind == dql.Other {
		return inQuotes.ReplaceAllString(a.error.Error(), `"..."`)
	}
	return a.error.Error()
}

var inQuotes = regexp.MustCompile(`".*"`)

// Unwrap returns the whole error.
func (a *ofNode) Unwrap() error { return a.error }

// alone reports whether a single node can be the reason: what is to be written
// of it cannot be, Dgraph refuses it, or it is too large.
func (a *ofNode) alone() bool {
	var known *dql.Error
	return !errors.As(a.error, &known) || known.Kind == dql.Other && !known.Unknown
}

// errTooMany is for a batch that would write too much.
var errTooMany = errors.New("a batch would write too much at once")

// errLog is for a node whose log alone is too much.
var errLog = fmt.Errorf("the log that undoing needs would have more than %d MiB for it alone; do without (--undo off)", mostLog>>20)

// errRead and errWritten are for a node of which less cannot be asked for, or written.
var (
	errRead    = errors.New("what is read of it alone is too large for one answer")
	errWritten = errors.New("what is written of it alone is too large for one transaction")
)

func isTooLarge(err error) bool {
	var known *dql.Error
	return errors.Is(err, errTooMany) || errors.As(err, &known) && (known.Kind == dql.TooLarge || known.Kind == dql.Timeout)
}

// isOversized reports whether an answer or a request is too large, and not only late.
func isOversized(err error) bool {
	var known *dql.Error
	return errors.As(err, &known) && known.Kind == dql.TooLarge
}

func isOther(err error) bool {
	var known *dql.Error
	return errors.As(err, &known) && known.Kind == dql.Other
}

// try carries out one batch in one transaction: it reads the page, and writes
// the data with the cursor. It returns what the span is then.
func (w *work) try(ctx context.Context, sp *span, size int) (span, []Left, error) {
	next := span{key: sp.key, uid: sp.uid}
	tx := w.client.Txn()
	holders, err := w.reader.holders(sp.After)
	if err != nil {
		return next, nil, err
	}
	nodes, answer, err := findBeside(ctx, tx, holders, sp.key, wishKey)
	if err != nil {
		return next, nil, err
	}
	if nodes[0].fence != w.token {
		return next, nil, ErrLeaseLost
	}
	if err := nodes[0].decode(&next); err != nil {
		return next, nil, err
	}
	next.Counts.Aborts, next.Counts.Retries = max(next.Counts.Aborts, sp.Counts.Aborts), max(next.Counts.Retries, sp.Counts.Retries)
	if next.Counts.Batches != sp.Counts.Batches {
		return next, nil, errMoved
	}
	if err := w.heed(nodes[1]); err != nil {
		return next, nil, err
	}
	unheld, err := w.reader.unheld(answer, sp.UpTo)
	if err != nil {
		return next, nil, err
	}
	p, at, err := w.read(ctx, tx, sp, size, unheld)
	if err != nil {
		return next, nil, w.reader.unread(ctx, tx, sp.After, size, err)
	}
	if w.options.SingleTxn && at.nodes >= MostSingle {
		return next, nil, &Stopped{Reason: "it has become too large for one transaction: leave --single-txn out"}
	}
	p.upTo(sp.UpTo)
	c, err := w.reader.task.judge(p)
	if err != nil {
		return next, nil, err
	}
	if err := w.reader.step.within(c, w.reader.live); err != nil {
		return next, nil, err
	}
	if len(c.set)+len(c.del) > mostQuads && size > leastBatch {
		return next, nil, errTooMany
	}
	next.pass(at, size)
	next.Counts.Nodes += uint64(len(p.nodes))
	next.Counts.Changed += uint64(c.changed)
	next.Counts.Left += uint64(len(c.left))
	set := slices.Clone(c.set)
	switch {
	case c.changed == 0:
	case w.options.NoUndo || w.reader.step.Undo == UndoNo:
		next.Unlogged += uint64(c.changed)
	default:
		entry, err := logged(p, c)
		switch {
		case errors.Is(err, errTooMany) && size == leastBatch:
			return next, nil, &ofNode{errLog, at.last}
		case err != nil:
			return next, nil, err
		}
		k := &kept{key: logKey(sp.key, next.Logs)}
		quads, err := k.quads(nil, dql.Quad{Predicate: logPredicate, Data: entry, Type: "string"})
		if err != nil {
			return next, nil, err
		}
		set = append(set, quads...)
		next.Logs++
		next.LogBytes += int64(len(entry))
	}
	state, err := nodes[0].quads(&next, dql.Quad{Predicate: fencePredicate, Data: w.token, Type: "string"})
	if err != nil {
		return next, nil, err
	}
	w.options.point("before commit")
	if _, err := tx.Commit(ctx, append(set, state...), c.del); err != nil {
		if isOversized(err) && size == leastBatch {
			err = errWritten
		}
		return next, c.left, &ofNode{err, at.last}
	}
	w.options.point("after commit")
	return next, c.left, nil
}

// sampled is how many of the pages of a range that are read without facets are
// read with them, too: one of so many, and the first one.
const sampled = 16

// read reads the page of a batch. Where nothing is to be compared with it, that is
// without facets until a page shows that it has some, or other values when all is
// read: what was overlooked the closing question finds, which reads everything.
func (w *work) read(ctx context.Context, tx asker, sp *span, size int, unheld []string) (*page, position, error) {
	how := manner{unheld: unheld}
	for _, p := range w.reader.writable() {
		if !slices.Contains(unheld, p.Name) {
			return w.reader.pageBy(ctx, tx, sp.After, size, how)
		}
	}
	w.mu.Lock()
	how.plain = w.plain
	w.mu.Unlock()
	p, at, err := w.reader.pageBy(ctx, tx, sp.After, size, how)
	if err != nil || !how.plain || sp.Counts.Batches%sampled > 0 && p.single() {
		return p, at, err
	}
	how.plain = false
	whole, at, err := w.reader.pageBy(ctx, tx, sp.After, size, how)
	if err == nil && !p.equal(whole) {
		w.mu.Lock()
		w.plain = false
		w.mu.Unlock()
	}
	return whole, at, err
}

// pass moves the cursor behind a page.
func (sp *span) pass(at position, size int) {
	sp.Counts.Batches++
	sp.After = max(sp.After, min(at.last, sp.UpTo))
	sp.Done = at.nodes < uint64(size) || sp.After >= sp.UpTo
}

// skip moves the cursor behind a node that cannot be written, unless the node is
// gone or another one stands there now.
func (w *work) skip(ctx context.Context, sp *span, cause *ofNode) error {
	tx := w.client.Txn()
	nodes, err := find(ctx, tx, sp.key)
	if err != nil {
		return err
	}
	if nodes[0].fence != w.token {
		return ErrLeaseLost
	}
	next := span{key: sp.key, uid: sp.uid}
	if err := nodes[0].decode(&next); err != nil {
		return err
	}
	if next.Counts.Batches != sp.Counts.Batches {
		w.reached(sp, next, nil) // an earlier attempt to skip it, whose answer was lost
		return nil
	}
	next.Counts.Aborts, next.Counts.Retries = max(next.Counts.Aborts, sp.Counts.Aborts), max(next.Counts.Retries, sp.Counts.Retries)
	uid, err := w.reader.next(ctx, tx, sp.After)
	if err != nil {
		return err
	}
	at := position{1, uid}
	if at.last != cause.uid || at.last > sp.UpTo {
		return nil
	}
	next.pass(at, 1)
	next.Counts.Nodes++
	next.Counts.Left++
	quads, err := nodes[0].quads(&next, dql.Quad{Predicate: fencePredicate, Data: w.token, Type: "string"})
	if err != nil {
		return err
	}
	if _, err := tx.Commit(ctx, quads, nil); err != nil {
		return err
	}
	w.reached(sp, next, []Left{{UID: at.last, Reason: cause.Error()}})
	return nil
}
