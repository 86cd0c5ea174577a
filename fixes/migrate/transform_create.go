package migrate

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/fixes/expression"
)

// key is the field that names the nodes of a creation.
func (c *Creation) key() (string, Field) {
	for name := range c.Key {
		return name, c.Fields[name]
	}
	return "", Field{}
}

// keyOf is the key of what is made for a node; ok is false where nothing is.
func (t *transforming) keyOf(v *view, i int) (q dql.Quad, ok bool, err error) {
	c := &t.Create[i]
	what := "create " + c.Type + " "
	for _, condition := range []*expression.Program{v.when, v.create[i].when} {
		if holds, err := v.holds(t, condition); err != nil || !holds {
			return q, false, v.failed(what+"when", err)
		}
	}
	name, f := c.key()
	quads, there, err := v.quads(t, f, c.Key[name], v.create[i].key)
	switch {
	case err != nil:
	case there && quads[0].Data == "":
		err = errors.New("it is empty")
	case there:
		return quads[0], true, nil
	}
	return q, false, v.failed(what+"key "+name, err)
}

func unkeyed(predicate string) error {
	return fmt.Errorf("%s needs @upsert and an index for equality, so that the nodes that are made are found again; a step of kind declare gives it both", predicate)
}

// keyed refuses a phase, before anything of it is written, whose steps make nodes by
// keys that could not be found again, with what its steps declare before.
func (p *Plan) keyed(phase Phase, live *dql.Stored) error {
	for i := range p.Steps {
		s := &p.Steps[i]
		if s.Phase != phase {
			continue
		}
		if s.Declare != nil {
			live = with(live, s.Declare)
		}
		if s.Transform == nil {
			continue
		}
		for j := range s.Transform.Create {
			_, key := s.Transform.Create[j].key()
			if known := live.Predicate(key.Predicate); known == nil || !keyable(*known) {
				return &Unfit{fmt.Sprintf("step %s: %v; nothing was written", s.ID, unkeyed(key.Predicate))}
			}
		}
	}
	return nil
}

// existing finds the nodes that hold the keys of a creation, and what they hold
// under the edges that are written of them.
func (t *transforming) existing(f *formula, i int, p *page, put ask, known *company) error {
	c := &t.Create[i]
	keyed := map[string][]dql.Ref{}
	known.keyed = append(known.keyed, keyed)
	_, key := c.key()
	live := p.predicate(key.Predicate)
	if !keyable(live) {
		return unkeyed(key.Predicate)
	}
	vars := map[string]string{}
	var names, declared []string
	seen := map[string]bool{}
	for _, n := range p.nodes {
		q, ok, err := t.keyOf(&view{formula: f, page: p, node: n}, i)
		if err != nil {
			return err
		}
		if text := textOf(q.Data); ok && !seen[text] {
			seen[text] = true
			name := "$v" + strconv.Itoa(len(names))
			vars[name] = text
			names, declared = append(names, name), append(declared, name+": string")
		}
	}
	if len(names) == 0 {
		return nil
	}
	typ, err := dql.Quote(c.Type)
	if err != nil {
		return err
	}
	columns := []dql.Predicate{live}
	for _, name := range t.back(c) {
		columns = append(columns, p.predicate(name))
	}
	var text strings.Builder
	fmt.Fprintf(&text, "query q(%s) {\n  q(func: eq(%s, [%s])) @filter(type(%s)) { uid", strings.Join(declared, ", "), quote(key.Predicate), strings.Join(names, ", "), typ)
	all := uidList(p.nodes, func(*node) bool { return true })
	for k, column := range columns {
		restricted := ""
		if column.Type == "uid" && column.List {
			restricted = "@filter(uid(" + all + "))"
		}
		part, err := column.Column("c"+strconv.Itoa(k), restricted)
		if err != nil {
			return err
		}
		text.WriteString(" " + part)
	}
	answer, err := put(text.String()+" }\n}", vars)
	if err != nil {
		return err
	}
	return dql.Rows(answer, "q", func(row dql.Row) error {
		ref := dql.Node(row.UID)
		for k, column := range columns {
			quads, err := row.Quads("c"+strconv.Itoa(k), column)
			if err != nil {
				return err
			}
			if k > 0 {
				if known.edges[ref] == nil {
					known.edges[ref] = map[string][]dql.Quad{}
				}
				known.edges[ref][column.Name] = quads
				continue
			}
			for _, q := range quads {
				if q.Lang == "" {
					keyed[textOf(q.Data)] = append(keyed[textOf(q.Data)], ref)
				}
			}
		}
		return nil
	})
}

// back are the predicates of edges that are written from the nodes of a creation
// to the nodes that they are made for.
func (t *Transform) back(c *Creation) []string {
	var all []string
	for _, name := range c.Link {
		if back := t.Fields[name].Inverse; back != nil {
			all = append(all, back.Predicate)
		}
	}
	for _, name := range c.Back {
		all = append(all, c.Fields[name].Predicate)
	}
	return unique(all)
}

// cradle are the nodes of creations on a page, those that are made too.
type cradle struct {
	nodes []map[string]dql.Ref // by creation and key
	// edges are what they hold under edges that lead back to nodes of the page.
	edges map[dql.Ref]map[string][]dql.Quad
}

func (t *transforming) cradle(p *page) *cradle {
	b := &cradle{edges: map[dql.Ref]map[string][]dql.Quad{}}
	for range t.Create {
		b.nodes = append(b.nodes, map[string]dql.Ref{})
	}
	if known, ok := p.found.(*company); ok {
		for ref, held := range known.edges {
			b.edges[ref] = maps.Clone(held)
		}
	}
	return b
}

// bear makes the node of a creation for the node, or finds it, and links the two.
// The reason says why the node is left.
func (w *weighing) bear(b *cradle, i int) (reason string, err error) {
	t := w.transforming
	key, ok, err := t.keyOf(w.view, i)
	if err != nil || !ok {
		return "", err
	}
	c, text := &t.Create[i], textOf(key.Data)
	known, _ := w.page.found.(*company)
	ref := b.nodes[i][text]
	if ref == "" {
		ref = keyedNode(known.keyed[i][text], t, c, w.node)
	}
	if ref == "" {
		ref = dql.Blank("c" + strconv.Itoa(i) + "v" + strconv.Itoa(len(b.nodes[i])))
		w.born = append(w.born, ref)
		key.Subject = ref
		w.set = append(w.set, key)
		for _, name := range append([]string{c.Type}, c.Also...) {
			w.set = append(w.set, dql.Quad{Subject: ref, Predicate: dgraphType, Data: name, Type: "string"})
		}
		for _, name := range sorted(c.Set) {
			values, _, err := w.quads(t, c.Fields[name], c.Set[name], w.create[i].set[name])
			if err != nil {
				return "", w.failed("create "+c.Type+" set "+name, err)
			}
			for _, q := range values {
				q.Subject = ref
				w.set = append(w.set, q)
			}
		}
	}
	b.nodes[i][text] = ref
	return w.link(b, c, ref), nil
}

// keyedNode is the node for a key among those that are there: one that the node
// leads to already, or the first; "" when there is none.
func keyedNode(there []dql.Ref, t *transforming, c *Creation, n *node) dql.Ref {
	if len(there) == 0 {
		return ""
	}
	for _, name := range c.Link {
		for _, q := range n.quads[t.Fields[name].Predicate] {
			if slices.Contains(there, q.Object) {
				return q.Object
			}
		}
	}
	return there[0]
}

// link writes the edges between the node and one of a creation.
func (w *weighing) link(b *cradle, c *Creation, ref dql.Ref) (reason string) {
	self := dql.Node(w.node.uid)
	claim := func(predicate string, list bool) bool {
		held := b.edges[ref]
		if held == nil {
			held = map[string][]dql.Quad{}
			b.edges[ref] = held
		}
		leads := slices.ContainsFunc(held[predicate], func(q dql.Quad) bool { return q.Object == self })
		if !leads && !list && len(held[predicate]) > 0 {
			reason = fmt.Sprintf("%s of the node for it, %s, leads to another one already: two nodes have the same key", predicate, ref)
			return false
		}
		if !leads {
			held[predicate] = append(slices.Clone(held[predicate]), dql.Quad{Subject: ref, Predicate: predicate, Object: self, Type: "uid"})
		}
		return !leads
	}
	for _, name := range c.Link {
		f := w.Fields[name]
		if f.Inverse != nil {
			claim(f.Inverse.Predicate, f.Inverse.List)
		}
		q := dql.Quad{Subject: self, Predicate: f.Predicate, Object: ref, Type: "uid"}
		switch {
		case reason != "":
			return reason
		case f.List:
			w.enter(f, q)
		default:
			w.replace(f, []dql.Quad{q})
		}
	}
	for _, name := range c.Back {
		f := c.Fields[name]
		if claim(f.Predicate, f.List) {
			w.set = append(w.set, dql.Quad{Subject: ref, Predicate: f.Predicate, Object: self, Type: "uid"})
		}
	}
	return reason
}

// forget takes back what a node that is left would have made and claimed.
func (w *weighing) forget(b *cradle) {
	for _, nodes := range b.nodes {
		maps.DeleteFunc(nodes, func(_ string, ref dql.Ref) bool { return slices.Contains(w.born, ref) })
	}
	self := dql.Node(w.node.uid)
	for ref, held := range b.edges {
		for name, quads := range held {
			known, _ := w.page.found.(*company)
			if !slices.ContainsFunc(known.edges[ref][name], func(q dql.Quad) bool { return q.Object == self }) {
				held[name] = slices.DeleteFunc(slices.Clone(quads), func(q dql.Quad) bool { return q.Object == self })
			}
		}
	}
}
