package migrate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/dql"
)

// bound reports whether the plan is for certain schemas.
func (p *Plan) bound() bool { return p.From != "" || p.To != "" }

// settled reports whether a phase is over for good. One that found nothing to do
// is asked again as long as the schema is served that the plan comes from:
// something may be there by now.
func (p *Plan) settled(s State, served string) bool {
	return s == Done || s == NotApplicable && p.bound() && served != p.From
}

// applies reports whether a step has something to do here. An empty database, that
// of a new developer for example, has nothing for plans that are long done
// elsewhere.
func (r *run) applies(ctx context.Context, s *Step) (bool, error) {
	if r.status.Counts.Batches > 0 {
		return true, nil // the phase has begun to write
	}
	t, err := r.options.taskOf(s)
	if err != nil {
		return false, err
	}
	if _, ok := t.(paged); ok {
		return findsNode(ctx, r.client.Snapshot(), s.Select)
	}
	c, ok := t.(concerned)
	if !ok {
		return true, nil
	}
	live, err := r.client.Stored(ctx)
	if err != nil {
		return false, err
	}
	if there, err := c.concerns(ctx, r.client.Snapshot(), live); there || err != nil {
		return there, err
	}
	// What is declared for steps that have something to do is needed.
	at := slices.IndexFunc(r.file.Steps, func(other Step) bool { return other.ID == s.ID })
	for i := range r.file.Steps[at+1:] {
		later := &r.file.Steps[at+1+i]
		if later.Select == nil || later.Phase != s.Phase {
			continue
		}
		if found, err := findsNode(ctx, r.client.Snapshot(), later.Select); found || err != nil {
			return found, err
		}
	}
	return false, nil
}

// finds reports whether a step of the phases that run by themselves finds a node.
func (p *Plan) finds(ctx context.Context, c *dql.Client) (bool, error) {
	for i := range p.Steps {
		s := &p.Steps[i]
		if s.Select == nil || s.Phase == Contract {
			continue
		}
		if found, err := findsNode(ctx, c.Snapshot(), s.Select); found || err != nil {
			return found, err
		}
	}
	return false, nil
}

// concerned is a task that changes the DQL schema and knows whether there is
// anything that it concerns.
type concerned interface {
	concerns(ctx context.Context, tx asker, live *dql.Stored) (bool, error)
}

func (d *Declare) concerns(ctx context.Context, tx asker, live *dql.Stored) (bool, error) {
	for _, p := range d.Predicates {
		if there, err := holdsAny(ctx, tx, live.Predicate(p.Name)); there || err != nil {
			return there, err
		}
	}
	return false, nil
}

// One that is not there yet is made by the update of the schema.
func (r *Redeclare) concerns(_ context.Context, _ asker, live *dql.Stored) (bool, error) {
	old := live.Predicate(r.Predicate.Name)
	return old != nil && (old.Type != r.Predicate.Type || old.List != r.Predicate.List), nil
}

func (d *Drop) concerns(_ context.Context, _ asker, live *dql.Stored) (bool, error) {
	return slices.ContainsFunc(d.Predicates, func(name string) bool { return live.Predicate(name) != nil }) ||
		slices.ContainsFunc(d.Types, func(name string) bool { return live.Type(name) != nil }), nil
}

// holdsAny reports whether anything is stored under a predicate; nil is one that is
// not there.
func holdsAny(ctx context.Context, tx asker, p *dql.Predicate) (bool, error) {
	if p == nil {
		return false, nil
	}
	root, err := hasRoot(p.Name, p.Lang)
	if err != nil {
		return false, err
	}
	answer, err := tx.Query(ctx, "{q(func: "+root+", first: 1) {uid}}", nil)
	if err != nil {
		return false, err
	}
	held := false
	err = dql.Rows(answer, "q", func(dql.Row) error { held = true; return nil })
	return held, err
}

// findsNode reports whether a step finds any node.
func findsNode(ctx context.Context, tx asker, s *Select) (bool, error) {
	text := "{n(func: " + s.Root + ", first: 1)"
	if s.Filter != "" {
		text += " @filter(" + s.Filter + ")"
	}
	answer, err := tx.Query(ctx, text+" {uid}}", nil)
	if err != nil {
		return false, fmt.Errorf("looking for nodes of the step: %w", err)
	}
	found := false
	err = dql.Rows(answer, "n", func(dql.Row) error { found = true; return nil })
	return found, err
}

// countNodes is how many nodes a step goes through.
func countNodes(ctx context.Context, tx asker, s *Select) (uint64, error) {
	text := "{n(func: " + s.Root + ")"
	if s.Filter != "" {
		text += " @filter(" + s.Filter + ")"
	}
	answer, err := tx.Query(ctx, text+" {count(uid)}}", nil)
	if err != nil {
		return 0, fmt.Errorf("counting the nodes of the step: %w", err)
	}
	n := uint64(0)
	err = dql.Rows(answer, "n", func(row dql.Row) error { n = row.Count("count"); return nil })
	return n, err
}

// readable refuses a phase when something of it may not be read: it would look as
// if it was not there.
func (r *run) readable(ctx context.Context) error {
	names := []string{dgraphType}
	for i := range r.file.Steps {
		s := &r.file.Steps[i]
		if s.Phase != r.phase {
			continue
		}
		names = append(names, s.Reads...)
		names = append(names, s.Writes...)
		if s.Select != nil {
			if name, ok := strings.CutPrefix(s.Select.Root, "has("); ok {
				names = append(names, strings.Trim(strings.TrimSuffix(strings.TrimSuffix(name, ")"), "@."), "<>"))
			}
		}
	}
	slices.Sort(names)
	hidden, err := r.client.Unreadable(ctx, slices.Compact(names))
	if err != nil {
		return err
	}
	if len(hidden) > 0 {
		return &dql.Error{Kind: dql.PermissionDenied, Text: fmt.Sprintf("the user may not read %s, which would look as if nothing was there: "+
			"let a member of the group guardians run this, or grant read and write for what the plan reads and writes", strings.Join(hidden, ", "))}
	}
	return nil
}
