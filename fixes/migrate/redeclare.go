package migrate

import (
	"context"
	"errors"
	"fmt"

	"github.com/schemacheck/schemacheck/dql"
)

// Redeclare changes the type of a predicate, or makes one value of a list. Where
// Dgraph refuses that, it drops the predicate and declares it anew at once: what
// is written in between would decide its type. Before, it looks whether each
// value is kept elsewhere.
type Redeclare struct {
	Predicate Declared `yaml:"predicate"`
	// Chosen and Copied are the step that has kept the values; one at most. Without
	// one nothing is dropped.
	Chosen *Choose `yaml:"chosen,omitempty"`
	Copied *Copy   `yaml:"copied,omitempty"`
}

func (r *Redeclare) check() error {
	if err := (&Declare{Predicates: []Declared{r.Predicate}}).check(); err != nil {
		return err
	}
	if r.Chosen != nil && r.Copied != nil {
		return errors.New("the values are chosen from or copied, not both")
	}
	keeper, from := r.keeper()
	if keeper == nil {
		return nil
	}
	if from != r.Predicate.Name {
		return fmt.Errorf("it drops %s, and the values that are kept are those of %s", r.Predicate.Name, from)
	}
	return keeper.check()
}

// keeper is what has kept the values, and of which predicate; nil when nothing
// is dropped.
func (r *Redeclare) keeper() (paged, string) {
	switch {
	case r.Chosen != nil:
		return r.Chosen, r.Chosen.From
	case r.Copied != nil:
		return r.Copied, r.Copied.From
	}
	return nil, ""
}

func (r *Redeclare) alter(ctx context.Context, c *dql.Client, live *dql.Stored) error {
	want := r.Predicate
	old := live.Predicate(want.Name)
	if old == nil || old.Type == want.Type && old.List == want.List {
		return (&Declare{Predicates: []Declared{want}}).alter(ctx, c, live)
	}
	whole := want.anew(old)
	line, err := whole.Line()
	if err != nil {
		return err
	}
	if refuses(old, want) {
		if err := r.drop(ctx, c, live, old); err != nil {
			return err
		}
	}
	return c.Alter(ctx, line)
}

// refuses reports whether Dgraph refuses to declare a stored predicate that way,
// even one without values.
func refuses(old *dql.Predicate, want Declared) bool {
	return old.List && !want.List || (old.Type == "uid") != (want.Type == "uid")
}

// drop removes the predicate, if nothing of it is lost.
func (r *Redeclare) drop(ctx context.Context, c *dql.Client, live *dql.Stored, old *dql.Predicate) error {
	keeper, _ := r.keeper()
	if keeper == nil {
		return fmt.Errorf("%s is stored as %s, and Dgraph makes %s of it only when it is dropped", old.Name,
			written(old.Type, old.List), written(r.Predicate.Type, r.Predicate.List))
	}
	root, err := hasRoot(old.Name, old.Lang)
	if err != nil {
		return err
	}
	pages := &reader{step: &Step{Select: &Select{Root: root}}, task: keeper, live: live}
	// A moment is read for one page only: a server forgets moments that are long over.
	if err := pages.kept(ctx, keeper, func() asker { return c.Snapshot() }); err != nil {
		return fmt.Errorf("%s is not dropped: %w", old.Name, err)
	}
	return c.DropPredicate(ctx, old.Name)
}

// kept goes through the nodes of a step that has kept values, and refuses what it would
// have to keep yet.
func (r *reader) kept(ctx context.Context, keeper paged, moment func() asker) error {
	size := defaultBatch
	for after := uint64(0); ; {
		p, at, err := r.page(ctx, moment(), after, size)
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case isTooLarge(err) && size > leastBatch:
			size = max(size/2, leastBatch)
			continue
		case isOther(err) && size > leastBatch: // one node is in the way, and is found by smaller pages
			size = max(size/10, leastBatch)
			continue
		default:
			err = r.unread(ctx, moment(), after, size, err)
			if late := (*ofNode)(nil); errors.As(err, &late) {
				return fmt.Errorf("node %s: %w", dql.Node(late.uid), err)
			}
			return err
		}
		if at.nodes == 0 {
			return nil
		}
		lost, err := keeper.judge(p)
		if err != nil {
			return err
		}
		switch {
		case len(lost.left) > 0:
			return fmt.Errorf("of node %s %s", dql.Node(lost.left[0].UID), lost.left[0].Reason)
		case lost.changed > 0:
			return errors.New("it has values that are kept nowhere else, since they were written meanwhile; " +
				"stop what writes them, and carry out the step before this one again")
		}
		after, size = at.last, min(2*size, defaultBatch)
	}
}

// anew is the predicate with its new type. Directives stay that say nothing
// about values of a type, and indexes where the type stays.
func (d Declared) anew(old *dql.Predicate) dql.Predicate {
	if old.Type == d.Type {
		was := *old
		was.List = d.List
		return d.whole(&was)
	}
	p := d.whole(nil)
	p.Count, p.NoConflict = old.Count, old.NoConflict
	return p
}
