package migrate

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/schemacheck/schemacheck/dql"
)

// company is what a transform learns of other nodes than those of the page.
type company struct {
	// quads are what related nodes hold, by node and predicate.
	quads map[dql.Ref]map[string][]dql.Quad
	// keyed are the nodes that hold a key, by creation and key.
	keyed []map[string][]dql.Ref
	// edges are what those hold under the edges that lead back to nodes of the
	// page.
	edges map[dql.Ref]map[string][]dql.Quad
}

// mostRelated bounds the related nodes of a page, which are in memory.
const mostRelated = 100_000

// relatedAtOnce is how many nodes are named in one question.
const relatedAtOnce = 1000

// inquire reads the nodes that the expressions look at besides those of the page,
// and finds those that are to be made and are there already.
func (t *transforming) inquire(p *page, put ask) error {
	f, err := t.compiled()
	if err != nil {
		return err
	}
	if err := t.declared(p.live); err != nil {
		return err
	}
	known := &company{quads: map[dql.Ref]map[string][]dql.Quad{}, edges: map[dql.Ref]map[string][]dql.Quad{}}
	p.found = known
	held := map[dql.Ref]map[string][]dql.Quad{}
	for _, n := range p.nodes {
		held[dql.Node(n.uid)] = n.quads
	}
	if err := known.read(p.live, put, t.Fields, held); err != nil {
		return err
	}
	for i := range t.Create {
		if err := t.existing(f, i, p, put, known); err != nil {
			return err
		}
	}
	return nil
}

// declared refuses fields that the stored schema has not, or has otherwise: what
// is read of them would look as if nothing were there.
func (t *Transform) declared(live *dql.Stored) error {
	var check func(fields map[string]Field) error
	check = func(fields map[string]Field) error {
		for _, name := range sorted(fields) {
			f := fields[name]
			if f.isID() {
				continue
			}
			stored := live.Predicate(f.Predicate)
			switch {
			case stored == nil:
				return fmt.Errorf("%s, where the field %s is, is not declared in the stored schema", f.Predicate, name)
			case (stored.Type == "uid") != (f.Type == "uid") || stored.Type == "password":
				return fmt.Errorf("%s is stored as %s, not as %s", f.Predicate, stored.Type, f.Type)
			case f.Lang != "" && !stored.Lang:
				return fmt.Errorf("%s is stored without @lang, and the field %s is in the language %s", f.Predicate, name, f.Lang)
			case f.List != stored.List:
				return fmt.Errorf("%s is stored as %s, not as %s", f.Predicate, written(stored.Type, stored.List), written(f.Type, f.List))
			}
			if f.Inverse != nil && live.Predicate(f.Inverse.Predicate) == nil {
				return fmt.Errorf("%s, which leads back from %s, is not declared in the stored schema", f.Inverse.Predicate, name)
			}
			if err := check(f.Fields); err != nil {
				return err
			}
		}
		return nil
	}
	if err := check(t.Fields); err != nil {
		return err
	}
	for i := range t.Create {
		if err := check(t.Create[i].Fields); err != nil {
			return err
		}
	}
	return nil
}

// read reads what edges lead to, level by level.
func (c *company) read(live *dql.Stored, put ask, fields map[string]Field, from map[dql.Ref]map[string][]dql.Quad) error {
	for _, name := range sorted(fields) {
		edge := fields[name]
		if len(edge.Fields) == 0 {
			continue
		}
		var targets []dql.Ref
		for _, held := range from {
			for _, q := range held[edge.Predicate] {
				targets = append(targets, q.Object)
			}
		}
		slices.Sort(targets)
		targets = slices.Compact(targets)
		if len(c.quads)+len(targets) > mostRelated {
			return fmt.Errorf("the nodes of a batch lead to more than %d others by %s: %w", mostRelated, edge.Predicate, errTooMany)
		}
		var columns []dql.Predicate
		for _, inner := range sorted(edge.Fields) {
			f := edge.Fields[inner]
			if f.isID() || slices.ContainsFunc(columns, func(have dql.Predicate) bool { return have.Name == f.Predicate }) {
				continue
			}
			if stored := live.Predicate(f.Predicate); stored != nil {
				columns = append(columns, *stored)
			}
		}
		level := map[dql.Ref]map[string][]dql.Quad{}
		for chunk := range slices.Chunk(targets, relatedAtOnce) {
			if err := c.ask(put, columns, chunk, level); err != nil {
				return err
			}
		}
		if err := c.read(live, put, edge.Fields, level); err != nil {
			return err
		}
	}
	return nil
}

// ask reads what some nodes hold under some predicates.
func (c *company) ask(put ask, columns []dql.Predicate, nodes []dql.Ref, level map[dql.Ref]map[string][]dql.Quad) error {
	var text strings.Builder
	text.WriteString("{q(func: uid(" + refList(nodes) + ")) {uid")
	for i, p := range columns {
		column, err := p.Column("c"+strconv.Itoa(i), "")
		if err != nil {
			return err
		}
		text.WriteString(" " + column)
	}
	text.WriteString("}}")
	answer, err := put(text.String(), nil)
	if err != nil {
		return err
	}
	noted := map[string][]*node{}
	if err := dql.Rows(answer, "q", func(row dql.Row) error {
		at := dql.Node(row.UID)
		if c.quads[at] == nil {
			c.quads[at] = map[string][]dql.Quad{}
		}
		level[at] = c.quads[at]
		for i, p := range columns {
			quads, err := row.Quads("c"+strconv.Itoa(i), p)
			if err != nil {
				return err
			}
			c.quads[at][p.Name] = quads
			if p.Lang && row.Noted("c"+strconv.Itoa(i)) {
				noted[p.Name] = append(noted[p.Name], &node{uid: row.UID, quads: c.quads[at]})
			}
		}
		return nil
	}); err != nil {
		return err
	}
	for _, p := range columns {
		if err := tagFacets(context.Background(), asking(put), p, noted[p.Name]); err != nil {
			return err
		}
	}
	return nil
}

// asking asks within the transaction of a page, whatever the context: the
// transaction has its own.
type asking ask

// Query asks.
func (a asking) Query(_ context.Context, text string, vars map[string]string) ([]byte, error) {
	return a(text, vars)
}
