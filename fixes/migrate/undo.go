package migrate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/schemacheck/schemacheck/dql"
)

// Undo takes back what a phase of a plan changed, batch by batch from the last
// one on, as far as it was logged. What somebody has changed since stays, and is
// told. It can be interrupted and begun again. Of the options, those for the size and
// the number of batches mean nothing here: they are as they were logged.
func Undo(ctx context.Context, c *dql.Client, f File, phase Phase, o Options) (*Result, error) {
	o = o.filled()
	if err := prepareState(ctx, c); err != nil {
		return nil, err
	}
	held, l, err := acquire(ctx, c, fmt.Sprintf("undoing plan %s, phase %s", f.ID, phase), o)
	if err != nil {
		return nil, err
	}
	defer l.releaseAfter(ctx)
	if err := l.at(held, l.me.Doing, runKey(f.ID, phase)); err != nil {
		return nil, err
	}
	u := &undoing{run: &run{client: c, file: f, phase: phase, options: o, token: l.token, lease: l, started: l.began}}
	u.tuned = tuned{rate: o.Rate}
	u.limit.begin(o.Rate)
	held, cancel := context.WithCancel(held)
	defer u.courtesy.end.Wait()
	defer cancel()
	return u.all(held)
}

type undoing struct{ *run }

func (u *undoing) all(ctx context.Context) (*Result, error) {
	if err := u.begin(ctx); err != nil {
		return nil, err
	}
	if u.status.State == Pending {
		return nil, &Unfit{fmt.Sprintf("phase %s of the plan %s has not run here: there is nothing to undo", u.phase, u.file.ID)}
	}
	if u.status.Baseline {
		return nil, &Unfit{fmt.Sprintf("phase %s of the plan %s was noted as done (schemacheck migrate baseline) and never ran here: there is nothing to undo", u.phase, u.file.ID)}
	}
	served, err := servedFingerprint(ctx, u.client)
	if err != nil {
		return nil, err
	}
	if u.status.Served != "" && served != u.status.Served {
		return nil, &Unfit{"another GraphQL schema is served than the one that the plan ran under: deploy that one again first, since undoing would write what the served one does not read"}
	}
	if err := u.last(ctx); err != nil {
		return nil, err
	}
	if err := u.possible(ctx); err != nil {
		return nil, err
	}
	// From here on the cursors do not say any more what was done: nothing goes on
	// from them.
	u.status.State, u.status.Who, u.status.Error, u.status.Ended = Undoing, u.options.Who, "", time.Time{}
	if err := u.save(ctx); err != nil {
		return nil, err
	}
	for i := len(u.file.Steps) - 1; i >= 0; i-- {
		s := &u.file.Steps[i]
		if s.Phase != u.phase {
			continue
		}
		if err := u.step(ctx, s); err != nil {
			return &u.result, u.ended(ctx, s, err)
		}
	}
	if err := u.withdraw(ctx, u.status.Added, nil, served); err != nil {
		return nil, fmt.Errorf("taking back what was added to the stored schema: %w", err)
	}
	if err := u.forget(ctx); err != nil {
		return nil, err
	}
	// What of the schema stays is still not hand-made.
	u.status = Status{Plan: u.file.ID, Phase: u.phase, State: Pending, Checksum: u.file.Checksum, Begins: u.status.Begins, Added: u.status.Added}
	if err := u.save(ctx); err != nil {
		return nil, err
	}
	u.result.Status = u.status
	return &u.result, nil
}

// ended notes that nobody goes on by himself, and why.
func (u *undoing) ended(ctx context.Context, s *Step, err error) error {
	if errors.Is(err, ErrLeaseLost) {
		return err // the state is somebody else's
	}
	if !errors.As(err, new(*Stopped)) && ctx.Err() == nil {
		u.status.Error = err.Error()
	}
	u.status.Ended = time.Now().UTC().Truncate(time.Second)
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if saved := u.save(last); saved != nil {
		err = fmt.Errorf("%w (and that could not be noted in the database: %w)", err, saved)
	}
	return fmt.Errorf("undoing step %s: %w", s.ID, err)
}

// last refuses to take back what a later phase stands on: it goes on from what this one
// wrote, and would still count as done.
func (u *undoing) last(ctx context.Context) error {
	for _, phase := range phases[slices.Index(phases, u.phase)+1:] {
		nodes, err := find(ctx, u.client.Txn(), runKey(u.file.ID, phase))
		if err != nil {
			return err
		}
		later := Status{State: Pending}
		if err := nodes[0].decode(&later); err != nil {
			return err
		}
		switch {
		case later.State == Pending, later.State == NotApplicable, later.Baseline:
		case phase == Contract:
			return &Unfit{fmt.Sprintf("phase contract of the plan %[1]s has run here (%[2]s), and stands on phase %[3]s: what it deleted may be nowhere else; "+
				"take it back first, if it can be (schemacheck migrate undo %[1]s --phase contract)", u.file.ID, later.State, u.phase)}
		default:
			return &Unfit{fmt.Sprintf("phase %[4]s of the plan %[1]s has run here (%[2]s), and stands on phase %[3]s: take it back first (schemacheck migrate undo %[1]s --phase %[4]s)",
				u.file.ID, later.State, u.phase, phase)}
		}
	}
	return nil
}

// possible refuses, before anything is written, what could be taken back in part
// only: what a step kept may be the only copy of what a later one dropped.
func (u *undoing) possible(ctx context.Context) error {
	for i := range u.file.Steps {
		s := &u.file.Steps[i]
		if s.Phase != u.phase || s.Declare != nil { // what was declared is in nobody's way
			continue
		}
		begun := slices.Contains(u.status.Finished, s.ID) || u.status.Step == s.ID
		if s.Undo == UndoNo && s.Select == nil && begun {
			return &Unfit{fmt.Sprintf("step %s cannot be undone: what it dropped or declared anew is gone, and the steps before it hold what was kept", s.ID)}
		}
		for round := range mostSweeps + 1 {
			nodes, err := below(ctx, u.client.Txn(), spanPrefix(u.file.ID, u.phase, roundName(s, round)))
			if err != nil {
				return err
			}
			for _, n := range nodes {
				var sp span
				if err := n.decode(&sp); err != nil {
					return err
				}
				switch {
				case sp.Unlogged > 0 && s.Undo == UndoNo:
					return &Unfit{fmt.Sprintf("step %s cannot be undone", s.ID)}
				case sp.Unlogged > 0:
					return &Unfit{fmt.Sprintf("step %s ran without the log that undoing needs (--undo off), or the log was removed", s.ID)}
				}
			}
		}
	}
	return nil
}

// step takes one step back, its rounds too.
func (u *undoing) step(ctx context.Context, s *Step) error {
	for round := mostSweeps; round >= 0; round-- {
		spans, err := u.fence(ctx, roundName(s, round))
		if err != nil {
			return err
		}
		if len(spans) > 0 {
			u.stepBegins(s)
		}
		changed := uint64(0)
		for _, sp := range spans {
			changed += sp.Counts.Changed
		}
		if changed > courteousFrom {
			u.courteous().start(ctx, u.lookUp(s))
		}
		for _, sp := range spans {
			for sp.Logs > 0 {
				if err := u.between(ctx); err != nil {
					return err
				}
				rest := u.courteous().work()
				nodes, err := u.batch(ctx, s, sp)
				if err != nil {
					return err
				}
				u.options.point("batch undone")
				u.paced(s, spans)
				if err := u.throttle(ctx, nodes); err != nil {
					return err
				}
				if err := rest(ctx); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// paced tells how far undoing a step is. The logs do not say for how many nodes
// they are before they are read, so that these are counted by batches.
func (u *undoing) paced(s *Step, spans []*span) {
	u.mu.Lock()
	defer u.mu.Unlock()
	var changed, undone, logged uint64
	for _, sp := range spans {
		changed += sp.Counts.Changed
		undone += sp.Undone
		logged += sp.Undone + sp.Logs
	}
	nodes := uint64(float64(changed) * float64(undone) / float64(logged)) // a batch was undone
	u.goes(Pace{Step: s.ID, Nodes: nodes, Total: changed, Rate: u.meter.note(time.Now(), nodes), Limit: u.tuned.rate})
	u.tell()
}

// forget removes the cursors, so that the plan can run again.
func (u *undoing) forget(ctx context.Context) error {
	return u.remove(ctx, spanPrefix(u.file.ID, u.phase, ""))
}

// courteous is what makes way for readers, by rests: batches are as large as they were
// logged.
func (u *undoing) courteous() *courtesy {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.options.FullSpeed || u.tuned.rate > 0 {
		return nil
	}
	return &u.courtesy
}

// batch takes the last batch of a range back that is logged, and returns how many
// nodes it had changed.
func (u *undoing) batch(ctx context.Context, s *Step, sp *span) (nodes uint64, err error) {
	var unsure []Left // of an attempt whose answer did not come
	for failures := 0; ; failures++ {
		tx := u.client.Txn()
		state, err := find(ctx, tx, sp.key)
		if err != nil {
			return 0, err
		}
		if state[0].fence != u.token {
			return 0, ErrLeaseLost
		}
		next := span{key: sp.key, uid: sp.uid}
		if err := state[0].decode(&next); err != nil {
			return 0, err
		}
		if next.Undone != sp.Undone {
			u.undone(sp, next, unsure)
			return nodes, nil
		}
		key := logKey(sp.key, next.Logs-1)
		log, stored, err := logAt(ctx, tx, key)
		if err != nil {
			return 0, err
		}
		e, err := unpacked(stored)
		if err != nil {
			return 0, err
		}
		nodes = e.nodes()
		set, del, left, err := u.reversal(ctx, tx, s, e)
		if err != nil {
			return 0, err
		}
		next.Logs--
		next.Undone++
		cursor, err := state[0].quads(&next, dql.Quad{Predicate: fencePredicate, Data: u.token, Type: "string"})
		if err != nil {
			return 0, err
		}
		del = append(del, dql.Quad{Subject: log.ref(), Predicate: keyPredicate, All: true}, dql.Quad{Subject: log.ref(), Predicate: logPredicate, All: true})
		u.options.point("before commit")
		_, err = tx.Commit(ctx, append(set, cursor...), del)
		switch {
		case err == nil:
			u.undone(sp, next, left)
			return nodes, nil
		case isUnknown(err) && failures < mostFailures:
			unsure = left // the next attempt sees whether it was written
		case !isAborted(err):
			return 0, err
		case failures >= mostFailures:
			return 0, fmt.Errorf("others write the same nodes all the time, so that %d attempts in a row had to be given up: %w", failures+1, err)
		}
		if err := sleep(ctx, jitter(failures)); err != nil {
			return 0, err
		}
	}
}

// undone notes where a range is.
func (u *undoing) undone(sp *span, next span, left []Left) {
	*sp = next
	u.result.Left = append(u.result.Left, left[:min(len(left), mostLeft-len(u.result.Left))]...)
}

var errNoLog = errors.New("is not in the database any more")

// logAt reads a log.
func logAt(ctx context.Context, tx asker, key string) (*kept, string, error) {
	answer, err := tx.Query(ctx, "query q($k: string) {q(func: eq("+keyPredicate+", $k)) {uid "+logPredicate+"}}", map[string]string{"$k": key})
	if err != nil {
		return nil, "", err
	}
	k, stored := &kept{key: key}, ""
	err = dql.Rows(answer, "q", func(r dql.Row) error {
		k.uid = r.UID
		if texts := r.Texts(logPredicate); len(texts) == 1 {
			stored = texts[0]
		}
		return nil
	})
	if err == nil && stored == "" {
		err = fmt.Errorf("the log %s that undoing needs %w", key, errNoLog)
	}
	return k, stored, err
}

// spot is where quads are: a predicate of a node.
type spot struct{ subject, predicate string }

// reversal is what brings the nodes of a batch back: where it is as the batch
// left it.
func (u *undoing) reversal(ctx context.Context, tx asker, s *Step, e *entry) (set, del []dql.Quad, left []Left, err error) {
	live, err := u.client.Stored(ctx)
	if err != nil {
		return nil, nil, nil, err
	}
	before, after := map[spot][]dql.Quad{}, map[spot][]dql.Quad{}
	var places []spot
	at := func(q dql.Quad) spot {
		p := spot{string(q.Subject), q.Predicate}
		if !slices.Contains(places, p) {
			places = append(places, p)
		}
		return p
	}
	for _, l := range e.Before {
		q := l.quad()
		p := at(q)
		before[p] = append(before[p], q)
	}
	sets, dels := map[spot][]dql.Quad{}, map[spot][]dql.Quad{}
	for _, l := range e.Delete {
		q := l.quad()
		p := at(q)
		dels[p] = append(dels[p], q)
	}
	for _, l := range e.Set {
		q := l.quad()
		if strings.HasPrefix(string(q.Subject), "_:") {
			continue // a new node stays, with nothing that leads to it
		}
		p := at(q)
		sets[p] = append(sets[p], q)
	}
	for _, p := range places {
		after[p] = applied(before[p], sets[p], dels[p], live.Predicate(p.predicate))
	}
	now, err := u.current(ctx, tx, s, live, places)
	if err != nil {
		return nil, nil, nil, err
	}
	if err := u.name(ctx, tx, s, live, e, before, after, now); err != nil {
		return nil, nil, nil, err
	}
	for _, p := range places {
		if !slices.Contains(s.Writes, p.predicate) {
			return nil, nil, nil, fmt.Errorf("the log names %s, which step %s does not write: it was tampered with", p.predicate, s.ID)
		}
		stored := live.Predicate(p.predicate)
		if stored != nil && stored.List {
			// Each value of a list is one by itself, whatever others have added.
			for _, q := range after[p] {
				if !in(before[p], q) && in(now[p], q) {
					del = append(del, q)
				}
			}
			for _, b := range before[p] {
				if !in(after[p], b) && !in(now[p], b) {
					set = append(set, b)
				}
			}
		} else if !sameQuads(now[p], after[p]) {
			left = append(left, Left{UID: dql.Ref(p.subject).UID(), Reason: p.predicate + " was changed since, and stays as it is", Predicate: p.predicate})
			continue
		} else {
			for _, q := range after[p] {
				if !slices.ContainsFunc(before[p], func(b dql.Quad) bool { return b.Lang == q.Lang }) { // else it is overwritten
					del = append(del, q)
				}
			}
			for _, b := range before[p] {
				if !in(after[p], b) {
					set = append(set, b)
				}
			}
		}
		for _, b := range before[p] { // only what is noted at it has changed
			if in(now[p], b) && slices.ContainsFunc(after[p], func(q dql.Quad) bool { return sameObject(b, q) && !sameFacets(b.Facets, q.Facets) }) {
				set = append(set, b)
			}
		}
	}
	return set, del, left, nil
}

// name puts the nodes that a batch made in place of the names that it gave them:
// of what an edge leads to now, those that hold what the batch gave them.
func (u *undoing) name(ctx context.Context, tx asker, s *Step, live *dql.Stored, e *entry, before, after, now map[spot][]dql.Quad) error {
	born := map[dql.Ref][]dql.Quad{}
	for _, l := range e.Set {
		if strings.HasPrefix(l.Subject, "_:") {
			born[dql.Ref(l.Subject)] = append(born[dql.Ref(l.Subject)], l.quad())
		}
	}
	if len(born) == 0 {
		return nil
	}
	var children []spot
	for p := range after {
		for _, q := range now[p] {
			if q.Object != "" && !in(before[p], q) {
				children = append(children, spot{subject: string(q.Object)})
			}
		}
	}
	held, err := u.current(ctx, tx, s, live, children)
	if err != nil {
		return err
	}
	is := func(node dql.Ref, quads []dql.Quad) bool {
		return !slices.ContainsFunc(quads, func(q dql.Quad) bool { return !in(held[spot{string(node), q.Predicate}], q) })
	}
	for p, quads := range after {
		for i, q := range quads {
			if made := born[q.Object]; made != nil {
				for _, have := range now[p] {
					if !in(before[p], have) && is(have.Object, made) {
						quads[i].Object = have.Object
					}
				}
			}
		}
	}
	return nil
}

// current reads what is stored at places now.
func (u *undoing) current(ctx context.Context, tx asker, s *Step, live *dql.Stored, places []spot) (map[spot][]dql.Quad, error) {
	now := map[spot][]dql.Quad{}
	var uids []string
	for _, p := range places {
		if !slices.Contains(uids, p.subject) {
			uids = append(uids, p.subject)
		}
	}
	if len(uids) == 0 {
		return now, nil
	}
	r := &reader{step: s, task: writing(s.Writes), live: live}
	columns := r.columns()
	var text strings.Builder
	text.WriteString("{q(func: uid(" + strings.Join(uids, ", ") + ")) {uid " + dgraphType)
	for i, p := range columns {
		column, err := p.Column("c"+strconv.Itoa(i), "")
		if err != nil {
			return nil, err
		}
		text.WriteString(" " + column)
	}
	text.WriteString("}}")
	answer, err := tx.Query(ctx, text.String(), nil)
	if err != nil {
		return nil, err
	}
	return now, dql.Rows(answer, "q", func(row dql.Row) error {
		subject := string(dql.Node(row.UID))
		for _, name := range row.Texts(dgraphType) {
			p := spot{subject, dgraphType}
			now[p] = append(now[p], dql.Quad{Subject: dql.Ref(subject), Predicate: dgraphType, Data: name, Type: "string"})
		}
		for i, c := range columns {
			quads, err := row.Quads("c"+strconv.Itoa(i), c)
			if err != nil {
				return err
			}
			now[spot{subject, c.Name}] = quads
		}
		return nil
	})
}

// writing is a task that reads what a step writes.
type writing []string

func (writing) check() error                 { return nil }
func (w writing) reads() []string            { return w }
func (w writing) writes() []string           { return w }
func (writing) judge(*page) (*change, error) { return &change{}, nil }

// in reports whether some quads say what one says.
func in(all []dql.Quad, q dql.Quad) bool {
	return slices.ContainsFunc(all, func(have dql.Quad) bool { return sameObject(have, q) })
}

// sameQuads reports whether two sets of quads say the same.
func sameQuads(a, b []dql.Quad) bool {
	return !slices.ContainsFunc(a, func(q dql.Quad) bool { return !in(b, q) }) &&
		!slices.ContainsFunc(b, func(q dql.Quad) bool { return !in(a, q) })
}
