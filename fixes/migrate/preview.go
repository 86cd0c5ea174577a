package migrate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/dql"
)

// Sample is what a step would make of what a node holds under one predicate.
type Sample struct {
	UID           uint64
	Predicate     string
	Before, After []dql.Quad
}

// Preview looks at the first nodes of a recipe's steps before the update, and
// tells what they would make of some of them. Nothing is written. Steps whose
// predicates are still to be declared see them as they will be.
func Preview(ctx context.Context, c *dql.Client, r *Recipe, most int) ([]Sample, error) {
	live, err := c.Stored(ctx)
	if err != nil {
		return nil, err
	}
	for i := range r.Steps {
		if d := r.Steps[i].Declare; d != nil {
			live = live.With(d.wholes(live))
		}
	}
	var all []Sample
	for i := range r.Steps {
		s := &r.Steps[i]
		if s.Phase != Before || s.Select == nil || len(all) >= most {
			continue
		}
		t, err := s.task()
		if err != nil {
			return nil, err
		}
		p, _, err := (&reader{step: s, task: t.(paged), live: live}).page(ctx, c.Snapshot(), 0, defaultBatch)
		if err != nil {
			return nil, fmt.Errorf("previewing step %s: %w", s.ID, err)
		}
		change, err := t.(paged).judge(p)
		if err != nil {
			return nil, fmt.Errorf("previewing step %s: %w", s.ID, err)
		}
		all = append(all, samples(p, change, most-len(all))...)
	}
	return all, nil
}

// samples are what a change makes of the first nodes.
func samples(p *page, c *change, most int) []Sample {
	var all []Sample
	for _, n := range p.nodes {
		subject := dql.Node(n.uid)
		of := func(quads []dql.Quad) []dql.Quad {
			return slices.DeleteFunc(slices.Clone(quads), func(q dql.Quad) bool { return q.Subject != subject })
		}
		set, del := of(c.set), of(c.del)
		for _, name := range unique(predicatesOf(set, del)) {
			if len(all) == most {
				return all
			}
			under := func(quads []dql.Quad) []dql.Quad {
				return slices.DeleteFunc(slices.Clone(quads), func(q dql.Quad) bool { return q.Predicate != name })
			}
			before := n.holds(name)
			all = append(all, Sample{n.uid, name, before, applied(before, under(set), under(del), name == dgraphType || p.predicate(name).List)})
		}
	}
	return all
}

func predicatesOf(all ...[]dql.Quad) []string {
	var names []string
	for _, quads := range all {
		for _, q := range quads {
			names = append(names, q.Predicate)
		}
	}
	return names
}

// holds are the quads of a node under a predicate, its types among them.
func (n *node) holds(predicate string) []dql.Quad {
	if predicate != dgraphType {
		return n.quads[predicate]
	}
	var all []dql.Quad
	for _, name := range n.types {
		all = append(all, typeQuad(n, name))
	}
	return all
}

// applied is what is there after some quads under one predicate of a node were
// deleted and others set.
func applied(before, set, del []dql.Quad, list bool) []dql.Quad {
	after := slices.DeleteFunc(slices.Clone(before), func(have dql.Quad) bool {
		return slices.ContainsFunc(del, func(q dql.Quad) bool { return q.All && (q.Lang == "" || q.Lang == have.Lang) || sameObject(have, q) })
	})
	for _, q := range set {
		after = slices.DeleteFunc(after, func(have dql.Quad) bool { return sameObject(have, q) || !list && have.Lang == q.Lang })
		after = append(after, q)
	}
	return after
}

// InWords writes quads for people: their values in JSON with languages, or their
// targets.
func InWords(quads []dql.Quad) string {
	var all []string
	for _, q := range quads {
		switch {
		case q.Object != "":
			all = append(all, string(q.Object))
		case q.Lang != "":
			all = append(all, fmt.Sprintf("%q@%s", textOf(q.Data), q.Lang))
		default:
			all = append(all, fmt.Sprintf("%q", textOf(q.Data)))
		}
	}
	if len(all) == 0 {
		return "nothing"
	}
	return strings.Join(all, ", ")
}
