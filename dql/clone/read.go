package clone

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/schemacheck/schemacheck/dql"
)

const (
	// allEdges asks for all edges of a node.
	allEdges = 0
	// columnsAtOnce bounds the predicates of one question.
	columnsAtOnce = 100
)

// read reads what nodes hold under predicates, at most some edges of each, and calls with it. What cannot be read is
// counted, and nothing else is lost by it: one bad value fails a whole question.
func (c *copying) read(ctx context.Context, uids []uint64, predicates []dql.Predicate, edges int, each func(context.Context, []dql.Quad) error) error {
	for chunk := range slices.Chunk(predicates, columnsAtOnce) {
		if err := c.readSome(ctx, uids, chunk, edges, each); err != nil {
			return err
		}
	}
	return nil
}

func (c *copying) readSome(ctx context.Context, uids []uint64, predicates []dql.Predicate, edges int, each func(context.Context, []dql.Quad) error) error {
	if len(uids) == 0 || len(predicates) == 0 {
		return nil
	}
	quads, err := c.ask(ctx, uids, predicates, edges)
	var known *dql.Error
	divide := errors.As(err, &known) && (known.Kind == dql.Other || known.Kind == dql.TooLarge)
	switch {
	case err == nil:
		return each(ctx, quads)
	case !divide || ctx.Err() != nil:
		return err
	case len(uids) > 1:
		half := len(uids) / 2
		return errors.Join(c.readSome(ctx, uids[:half], predicates, edges, each), c.readSome(ctx, uids[half:], predicates, edges, each))
	case len(predicates) > 1:
		half := len(predicates) / 2
		return errors.Join(c.readSome(ctx, uids, predicates[:half], edges, each), c.readSome(ctx, uids, predicates[half:], edges, each))
	}
	c.copied.Unreadable++
	return nil
}

// ask asks for quads.
func (c *copying) ask(ctx context.Context, uids []uint64, predicates []dql.Predicate, edges int) ([]dql.Quad, error) {
	page := ""
	if edges != allEdges {
		page = fmt.Sprintf("(first: %d)", edges)
	}
	var columns, blocks strings.Builder
	for i, p := range predicates {
		alias := "c" + strconv.Itoa(i)
		if p.Type == "password" {
			name, err := dql.Quote(p.Name)
			if err != nil {
				return nil, err
			}
			fmt.Fprintf(&blocks, " %s(func: uid(%s)) @filter(has(%s)) {uid}", alias, list(uids), name)
			continue
		}
		column, err := p.Column(alias, page)
		if err != nil {
			return nil, err
		}
		columns.WriteString(" " + column)
	}
	answer, err := c.query(ctx, fmt.Sprintf("{q(func: uid(%s)) {uid%s}%s}", list(uids), columns.String(), blocks.String()))
	if err != nil {
		return nil, err
	}
	var all []dql.Quad
	noted := map[int][]uint64{} // nodes with facets at values in languages, by the column
	err = dql.Rows(answer, "q", func(row dql.Row) error {
		for i, p := range predicates {
			alias := "c" + strconv.Itoa(i)
			if p.Type == "password" {
				continue
			}
			quads, err := row.Quads(alias, p)
			if err != nil {
				return err
			}
			all = append(all, quads...)
			if p.Lang && row.Noted(alias) {
				noted[i] = append(noted[i], row.UID)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i, p := range predicates {
		if p.Type != "password" {
			continue
		}
		if err := dql.Rows(answer, "c"+strconv.Itoa(i), func(row dql.Row) error {
			all = append(all, dql.Quad{Subject: dql.Node(row.UID), Predicate: p.Name, Type: p.Type, Data: dql.NoPassword{}})
			return nil
		}); err != nil {
			return nil, err
		}
	}
	for i, nodes := range noted {
		if err := c.tagFacets(ctx, predicates[i], nodes, all); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// tagFacets adds the facets at values in languages to the quads of some nodes.
func (c *copying) tagFacets(ctx context.Context, p dql.Predicate, nodes []uint64, quads []dql.Quad) error {
	var tags []string
	at := map[dql.Ref][]int{} // quads of a node
	for i, q := range quads {
		if q.Predicate == p.Name && slices.Contains(nodes, q.Subject.UID()) {
			tags = append(tags, q.Lang)
			at[q.Subject] = append(at[q.Subject], i)
		}
	}
	slices.Sort(tags)
	tags = slices.Compact(tags)
	columns, err := p.TagColumns("c", tags)
	if err != nil {
		return err
	}
	answer, err := c.query(ctx, fmt.Sprintf("{q(func: uid(%s)) {uid %s}}", list(nodes), columns))
	if err != nil {
		return err
	}
	return dql.Rows(answer, "q", func(row dql.Row) error {
		for _, i := range at[dql.Node(row.UID)] {
			facets, err := row.TagFacets("c", slices.Index(tags, quads[i].Lang))
			if err != nil {
				return err
			}
			quads[i].Facets = facets
		}
		return nil
	})
}

// list are uids as DQL wants them.
func list(uids []uint64) string {
	var b strings.Builder
	for i, uid := range uids {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(string(dql.Node(uid)))
	}
	return b.String()
}
