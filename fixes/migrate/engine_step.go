package migrate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/schemacheck/schemacheck/dql"
)

// step carries out one step.
func (r *run) step(ctx context.Context, s *Step) error {
	t, err := r.options.taskOf(s)
	if err != nil {
		return err
	}
	if p, ok := t.(paged); ok {
		return r.pages(ctx, s, p, s.ID)
	}
	a, ok := t.(altering)
	if !ok {
		return fmt.Errorf("the kind %s cannot be carried out", s.Kind)
	}
	live, err := r.client.Stored(ctx)
	if err != nil {
		return err
	}
	r.options.point("before alter")
	// An alter is in no transaction: one who was frozen must not do it again after
	// others went on.
	if err := r.holds(ctx, r.client.Txn()); err != nil {
		return err
	}
	return a.alter(ctx, r.client, live)
}

// holds returns ErrLeaseLost when the lock is somebody else's.
func (r *run) holds(ctx context.Context, tx asker) error {
	nodes, err := find(ctx, tx, lockKey)
	if err != nil {
		return err
	}
	var now lockHolder
	if err := nodes[0].decode(&now); err != nil {
		return err
	}
	if now.Token != r.token {
		return ErrLeaseLost
	}
	return nil
}

// exact refuses a step that would read floats and write them again on a server
// that rounds what it is asked for. One that fills what is missing writes what
// the plan has.
func (s *Step) exact(c *dql.Client, live *dql.Stored) error {
	if s.Fill != nil || !c.RoundsFloats() {
		return nil
	}
	for _, name := range s.Reads {
		if p := live.Predicate(name); p != nil && p.Type == "float" {
			return fmt.Errorf("this Dgraph rounds numbers of type float to six digits when it is asked for them, so that those of %s would not be copied as they are: "+
				"carry out this plan with Dgraph v25 or newer, or copy %s by hand with val() (schemacheck fix --format dql), which is exact", name, name)
		}
	}
	return nil
}

// pages goes through the nodes of a step, with cursors under a name: that of the
// step, or of another round of it.
func (r *run) pages(ctx context.Context, s *Step, p paged, name string) error {
	live, err := r.client.Stored(ctx)
	if err != nil {
		return err
	}
	if err := s.exact(r.client, live); err != nil {
		return err
	}
	before, err := r.writtenBefore(ctx, s)
	if err != nil {
		return err
	}
	w := &work{run: r, reader: &reader{written: before, step: s, task: p, live: live, began: r.status.Started}, name: name}
	if err := w.begin(ctx); err != nil {
		return err
	}
	r.options.point("before cursors")
	spans, err := r.fence(ctx, name)
	if err != nil {
		return err
	}
	if len(spans) == 0 {
		if spans, err = r.cut(ctx, s, name, w.nodes); err != nil {
			return err
		}
	}
	return w.all(ctx, spans)
}

// begin learns how large the step is, and refuses what cannot be as it is wanted.
func (w *work) begin(ctx context.Context) error {
	s := w.reader.step.Select
	n, err := countNodes(ctx, w.client.Snapshot(), s)
	if err != nil {
		return err
	}
	if w.options.SingleTxn && s.Filter != "" { // the page has those that it leaves out, too
		if n, err = countNodes(ctx, w.client.Snapshot(), &Select{Root: s.Root}); err != nil {
			return err
		}
	}
	if w.options.SingleTxn && n >= MostSingle {
		return &Stopped{Reason: fmt.Sprintf("it goes through %d nodes, and one transaction is for fewer than %d: leave --single-txn out", n, MostSingle)}
	}
	w.nodes, w.fixed, w.size = n, w.fixedSize(w.reader.step), w.firstSize(w.reader.step)
	w.mu.Lock()
	w.meter = meter{}
	w.mu.Unlock()
	return w.affordable(ctx)
}

// guess is how many nodes are looked at to guess how large the log of a step will be.
const guess = 200

// affordable refuses a step, before its first batch, whose log would be larger than
// the run may have, by the log of its first nodes.
func (w *work) affordable(ctx context.Context) error {
	if w.options.NoUndo || w.reader.step.Undo == UndoNo || w.nodes <= defaultBatch {
		return nil
	}
	p, _, err := w.reader.page(ctx, w.client.Snapshot(), 0, guess)
	if err != nil || len(p.nodes) == 0 {
		return err
	}
	c, err := w.reader.task.judge(p)
	if err != nil {
		return err
	}
	entry, err := logged(p, c)
	if err != nil {
		return nil // the batches are made smaller
	}
	if all := int64(float64(len(entry)) * float64(w.nodes) / float64(len(p.nodes))); all > w.options.UndoLimit {
		return &Stopped{Reason: fmt.Sprintf("the log that undoing needs would have about %d bytes for %d nodes, and a run may have %d: allow more (--undo-limit) or do without (--undo off); "+
			"nothing of this step was written", all, w.nodes, w.options.UndoLimit)}
	}
	return nil
}

// firstSize is the number of nodes of the first batch.
func (w *work) firstSize(s *Step) int {
	if n := w.fixedSize(s); n > 0 {
		return n
	}
	return defaultBatch
}

// fixedSize is the number of nodes of a batch that somebody wants; 0 when nobody
// has said it.
func (w *work) fixedSize(s *Step) int {
	switch {
	case w.options.SingleTxn:
		return MostSingle
	case w.tuned.size > 0:
		return w.tuned.size
	case s.BatchSize > 0:
		return s.BatchSize
	}
	return w.options.DefaultBatch
}

// fence makes the spans of a step this run's own, and reads them in the same
// transaction: whoever had them before writes nothing any more.
func (r *run) fence(ctx context.Context, step string) ([]*span, error) {
	for {
		tx := r.client.Txn()
		if err := r.holds(ctx, tx); err != nil {
			return nil, err
		}
		nodes, err := below(ctx, tx, spanPrefix(r.file.ID, r.phase, step))
		if err != nil {
			return nil, err
		}
		var spans []*span
		var quads []dql.Quad
		for _, n := range nodes {
			sp := &span{key: n.key, uid: n.uid}
			if err := n.decode(sp); err != nil {
				return nil, err
			}
			spans = append(spans, sp)
			quads = append(quads, text(dql.Node(n.uid), fencePredicate, r.token))
		}
		if len(spans) == 0 {
			return nil, nil
		}
		_, err = tx.Commit(ctx, quads, nil)
		if err == nil {
			return spans, nil
		}
		if !isAborted(err) && !isUnknown(err) {
			return nil, fmt.Errorf("taking over the cursors: %w", err)
		}
	}
}

// cut divides the nodes of a step into ranges of uids, one for each batch that
// may run at once, and notes them.
func (r *run) cut(ctx context.Context, s *Step, name string, nodes uint64) ([]*span, error) {
	bounds, err := r.bounds(ctx, s, nodes)
	if err != nil {
		return nil, err
	}
	var spans []*span
	after := r.begins(name)
	bounds = slices.DeleteFunc(bounds, func(upTo uint64) bool { return upTo <= after })
	for _, upTo := range append(bounds, math.MaxUint64) {
		spans = append(spans, &span{After: after, UpTo: upTo, key: spanPrefix(r.file.ID, r.phase, name) + fmt.Sprintf("%04d", len(spans))})
		after = upTo
	}
	var quads []dql.Quad
	for _, sp := range spans {
		k := &kept{key: sp.key}
		all, err := k.quads(sp, dql.Quad{Predicate: fencePredicate, Data: r.token, Type: "string"})
		if err != nil {
			return nil, err
		}
		quads = append(quads, all...)
	}
	for {
		tx := r.client.Txn()
		if err := r.holds(ctx, tx); err != nil {
			return nil, err
		}
		there, err := below(ctx, tx, spanPrefix(r.file.ID, r.phase, name))
		if err != nil {
			return nil, err
		}
		if len(there) > 0 { // an earlier attempt whose answer was lost
			return r.fence(ctx, name)
		}
		uids, err := tx.Commit(ctx, quads, nil)
		switch {
		case err == nil:
			for _, sp := range spans {
				k := &kept{key: sp.key}
				sp.uid = uids[strings.TrimPrefix(string(k.ref()), "_:")]
			}
			return spans, nil
		case !isAborted(err) && !isUnknown(err):
			return nil, fmt.Errorf("noting the ranges of the step: %w", err)
		}
	}
}

// bounds are the last uids of all ranges but the last one, so that each has as
// many of the nodes.
func (r *run) bounds(ctx context.Context, s *Step, nodes uint64) ([]uint64, error) {
	n := uint64(r.options.Concurrency)
	if n == 1 {
		return nil, nil
	}
	tx := r.client.Snapshot()
	if s.Select.Filter != "" { // pages are of those that it leaves out, too
		var err error
		if nodes, err = countNodes(ctx, tx, &Select{Root: s.Select.Root}); err != nil {
			return nil, err
		}
	}
	if nodes < 4*n || nodes >= math.MaxInt32 {
		return nil, nil
	}
	var bounds []uint64
	after := uint64(0)
	for range n - 1 {
		// A server counts what it passes over, so that each begins where the last one
		// ended.
		answer, err := tx.Query(ctx, fmt.Sprintf("{b(func: %s, first: 1, offset: %d, after: %s) {uid}}", s.Select.Root, nodes/n-1, dql.Node(after)), nil)
		if err != nil {
			return nil, fmt.Errorf("dividing the nodes of the step: %w", err)
		}
		if err := dql.Rows(answer, "b", func(row dql.Row) error { after = row.UID; return nil }); err != nil {
			return nil, err
		}
		if len(bounds) == 0 || after > bounds[len(bounds)-1] {
			bounds = append(bounds, after)
		}
	}
	return bounds, nil
}

// ends are the last uids of the ranges of a step but for the last one: of as many
// as may go at once, should an earlier run have made more.
func (r *run) ends(ctx context.Context, s *Step) ([]uint64, error) {
	nodes, err := below(ctx, r.client.Snapshot(), spanPrefix(r.file.ID, r.phase, s.ID))
	if err != nil {
		return nil, err
	}
	var ends []uint64
	for chunk := range slices.Chunk(nodes, max(1, (len(nodes)+r.options.Concurrency-1)/r.options.Concurrency)) {
		var sp span
		if err := chunk[len(chunk)-1].decode(&sp); err != nil {
			return nil, err
		}
		if sp.UpTo < math.MaxUint64 {
			ends = append(ends, sp.UpTo)
		}
	}
	return ends, nil
}

// work goes through the nodes of one step.
type work struct {
	*run
	reader *reader
	name   string // of the cursors

	nodes uint64 // of the step, when it began
	size  int    // of the next batch
	fixed int    // the size that somebody wants; 0 when nobody has said it
	total func() // brings the counts of the status up to date
}

// all goes through all ranges.
func (w *work) all(ctx context.Context, spans []*span) error {
	others, err := w.others(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	w.total = func() {
		var own Counts
		for _, sp := range spans {
			own.add(sp.Counts)
		}
		w.status.Counts = others
		w.status.Counts.add(own)
		w.paced(own.Nodes)
	}
	w.total()
	w.tell()
	var group sync.WaitGroup
	for chunk := range slices.Chunk(spans, (len(spans)+w.options.Concurrency-1)/w.options.Concurrency) {
		group.Go(func() {
			for _, sp := range chunk {
				if err := w.span(ctx, sp); err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	group.Wait()
	w.total()
	return context.Cause(ctx)
}

// others are the counts of what else was gone through in the phase.
func (w *work) others(ctx context.Context) (Counts, error) {
	var all Counts
	nodes, err := below(ctx, w.client.Snapshot(), "span/"+w.file.ID+"/"+string(w.phase)+"/")
	if err != nil {
		return all, err
	}
	own := spanPrefix(w.file.ID, w.phase, w.name)
	for _, n := range nodes {
		var sp span
		if err := n.decode(&sp); err != nil {
			return all, err
		}
		if !strings.HasPrefix(n.key, own) {
			all.add(sp.Counts)
		}
	}
	return all, nil
}

// span goes through one range.
func (w *work) span(ctx context.Context, sp *span) error {
	for !sp.Done {
		if err := w.mayGoOn(ctx); err != nil {
			return err
		}
		before := sp.Counts.Nodes
		if err := w.hook(ctx, w.options.BeforeBatch); err != nil {
			return err
		}
		if err := w.batch(ctx, sp); err != nil {
			return err
		}
		w.mu.Lock()
		w.total()
		w.tell()
		w.mu.Unlock()
		if err := w.hook(ctx, w.options.AfterBatch); err != nil {
			return err
		}
		if err := w.limit.wait(ctx, sp.Counts.Nodes-before); err != nil {
			return err
		}
	}
	return nil
}

// batch carries out the next batch of a range, as often as it takes.
func (w *work) batch(ctx context.Context, sp *span) error {
	size := w.batchSize()
	var unsure []Left // of an attempt whose answer did not come
	for failures := 0; ; failures++ {
		start := time.Now()
		next, left, err := w.try(ctx, sp, size)
		var late *atCommit
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
		case size > leastBatch && !w.options.SingleTxn && (late != nil && late.ofNode() || isOther(err)):
			// One node is in the way: it is found by smaller batches.
			size = max(size/10, leastBatch)
		case late != nil && late.ofNode() && w.options.OnError != Stop:
			if err := w.skip(ctx, sp, late); !isAborted(err) && !isUnknown(err) {
				return err
			}
		case late != nil && late.ofNode():
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

// atCommit is the error of writing a batch.
type atCommit struct {
	error
	uid uint64 // of its last node
}

// Error leaves values out that Dgraph quotes.
func (a *atCommit) Error() string {
	var known *dql.Error
	if errors.As(a.error, &known) && known.Kind == dql.Other {
		return inQuotes.ReplaceAllString(a.error.Error(), `"..."`)
	}
	return a.error.Error()
}

var inQuotes = regexp.MustCompile(`".*"`)

// Unwrap returns the whole error.
func (a *atCommit) Unwrap() error { return a.error }

// ofNode reports whether a single node can be the reason: what is to be written
// of it cannot be, or Dgraph refuses it.
func (a *atCommit) ofNode() bool {
	var known *dql.Error
	return !errors.As(a.error, &known) || known.Kind == dql.Other && !known.Unknown
}

// errTooMany is for a batch that would write too much.
var errTooMany = errors.New("a batch would write too much at once")

// errLog is for a node whose log alone is too much.
var errLog = fmt.Errorf("the log that undoing needs would have more than %d MiB for it alone; do without (--undo off)", mostLog>>20)

func isTooLarge(err error) bool {
	var known *dql.Error
	return errors.Is(err, errTooMany) || errors.As(err, &known) && (known.Kind == dql.TooLarge || known.Kind == dql.Timeout)
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
	nodes, err := find(ctx, tx, sp.key, wishKey)
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
	unheld, err := w.reader.unheld(ctx, tx, sp.After, sp.UpTo)
	if err != nil {
		return next, nil, err
	}
	p, at, err := w.reader.page(ctx, tx, sp.After, size, unheld...)
	if err != nil {
		return next, nil, err
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
			return next, nil, &atCommit{errLog, at.last}
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
		return next, c.left, &atCommit{err, at.last}
	}
	w.options.point("after commit")
	return next, c.left, nil
}

// pass moves the cursor behind a page.
func (sp *span) pass(at position, size int) {
	sp.Counts.Batches++
	sp.After = max(sp.After, min(at.last, sp.UpTo))
	sp.Done = at.nodes < uint64(size) || sp.After >= sp.UpTo
}

// skip moves the cursor behind a node that cannot be written, unless the node is
// gone or another one stands there now.
func (w *work) skip(ctx context.Context, sp *span, cause *atCommit) error {
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
	answer, err := tx.Query(ctx, fmt.Sprintf("{p(func: %s, first: 1, after: %s) {uid}}", w.reader.step.Select.Root, dql.Node(sp.After)), nil)
	if err != nil {
		return err
	}
	var at position
	if err := dql.Rows(answer, "p", func(row dql.Row) error { at = position{1, row.UID}; return nil }); err != nil {
		return err
	}
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

// batchSize is the size of the next batch. With a rate it is what a second allows,
// so that no pause is longer: in it nobody is obeyed.
func (w *work) batchSize() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := w.fixedSize(w.reader.step); n != w.fixed { // it was changed while this runs
		w.fixed, w.size = n, max(n, leastBatch)
		if n == 0 {
			w.size = defaultBatch
		}
	}
	if rate := w.tuned.rate; rate > 0 && !w.options.SingleTxn {
		return min(w.size, max(int(rate), leastBatch))
	}
	return w.size
}

func (w *work) shrink(size int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.size = min(w.size, size)
}

// took lets the size of batches follow the time that they take, unless somebody
// has said it.
func (w *work) took(size int, d time.Duration, failures int) {
	// Of several at once each waits for the others, and one that was smaller would
	// not be faster. All that are in memory together are bounded.
	ranges := w.options.Concurrency
	target := targetTime * time.Duration(ranges)
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.fixedSize(w.reader.step) > 0:
	case failures > 0 || d > 2*target:
		w.size = max(size/2, leastBatch)
	case d < target/2 && size == w.size:
		w.size = min(size+size/2+1, max(mostBatch/ranges, defaultBatch))
	}
}
