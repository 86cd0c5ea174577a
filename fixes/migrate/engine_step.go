package migrate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

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
	if d, ok := a.(*Declare); ok {
		if err := r.note(ctx, d, live); err != nil {
			return err
		}
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
	_, err := heldBy(ctx, tx, r.token)
	return err
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
		if spans, err = w.cut(ctx, s); err != nil {
			return err
		}
	}
	m, ok := p.(amending)
	w.plain = ok && m.amends() && s.Convergent && name == s.ID && w.nodes >= worthPlain*uint64(w.size*len(spans))
	return w.all(ctx, spans)
}

// worthPlain is how many batches a range has on the average where it is worth while
// to read pages without facets: the first of each is read in both ways.
const worthPlain = 4

// begin learns how large the step is, and refuses what cannot be as it is wanted.
func (w *work) begin(ctx context.Context) error {
	s := w.reader.step.Select
	n, err := w.measure(ctx)
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
	if n > courteousFrom {
		w.courteous(w.reader.step).start(ctx, w.lookUp(w.reader.step))
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
	if isOther(err) || isTooLarge(err) || err == nil && len(p.nodes) == 0 {
		return nil // the batches find the node that is in the way, or are made smaller
	}
	if err != nil {
		return err
	}
	c, err := w.reader.task.judge(p)
	if errors.As(err, new(*ofNode)) {
		return nil
	}
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

// work goes through the nodes of one step.
type work struct {
	*run
	reader *reader
	name   string // of the cursors

	nodes uint64 // of the step, when it began
	size  int    // of the next batch
	fixed int    // the size that somebody wants; 0 when nobody has said it
	total func() // brings the counts of the status up to date
	plain bool   // whether pages may be read without facets
	// bounds are the last uids of ranges but for the last one, as they were estimated;
	// nil when the nodes were counted.
	bounds []uint64
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
	if w.bounds != nil && context.Cause(ctx) == nil {
		w.nodes = 0 // as many as there were
	}
	w.total()
	return context.Cause(ctx)
}

// others are the counts of what else was gone through in the phase.
func (w *work) others(ctx context.Context) (Counts, error) {
	nodes, err := below(ctx, w.client.Snapshot(), spanPrefix(w.file.ID, w.phase, ""))
	if err != nil {
		return Counts{}, err
	}
	return countsOf(nodes, spanPrefix(w.file.ID, w.phase, w.name))
}

// countsOf are the counts of ranges together, but for those whose key begins with a
// prefix; empty leaves none out.
func countsOf(spans []*kept, but string) (Counts, error) {
	var all Counts
	for _, n := range spans {
		var sp span
		if err := n.decode(&sp); err != nil {
			return all, err
		}
		if but == "" || !strings.HasPrefix(n.key, but) {
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
		rest := w.courteous(w.reader.step).work()
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
		if err := w.throttle(ctx, sp.Counts.Nodes-before); err != nil {
			return err
		}
		if err := rest(ctx); err != nil {
			return err
		}
	}
	return nil
}
