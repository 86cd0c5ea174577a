package migrate

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/dql"
)

// MergeValues gives the node that a marked node is merged into what it lacks:
// list values and edges, and single values where it has none. Nothing is
// overwritten, and the marked node keeps all it has.
type MergeValues struct {
	// Mark is the predicate with the edge to the node that one is merged into.
	Mark       string   `yaml:"mark"`
	Predicates []string `yaml:"predicates"`
}

func (m *MergeValues) check() error {
	if len(m.Predicates) == 0 {
		return errors.New("it takes the predicates that are merged")
	}
	return checkMark(m.Mark)
}

func checkMark(mark string) error {
	if !strings.HasPrefix(mark, ownPrefix) {
		return fmt.Errorf("a mark is under %s, not under %q", ownPrefix, mark)
	}
	_, err := dql.Quote(mark)
	return err
}

func (m *MergeValues) reads() []string  { return append([]string{m.Mark}, m.Predicates...) }
func (m *MergeValues) writes() []string { return m.Predicates }

// merged says into which node one is merged in the end. Those that stay are not
// there, nor those whose node was deleted since.
type merged map[dql.Ref]dql.Ref

// of is the node that stands for one.
func (m merged) of(ref dql.Ref) dql.Ref {
	if into, ok := m[ref]; ok {
		return into
	}
	return ref
}

// askMerged follows the marks of some nodes to the end. Marks form no circles: a
// node is marked once, with one that has no mark at that moment.
func askMerged(refs []dql.Ref, mark string, put ask) (merged, error) {
	name, err := dql.Quote(mark)
	if err != nil {
		return nil, err
	}
	next := map[dql.Ref]dql.Ref{}
	for open := refs; len(open) > 0; {
		answer, err := put(fmt.Sprintf("{q(func: uid(%s)) @filter(has(%s)) {uid into: %[2]s {uid}}}", refList(open), name), nil)
		if err != nil {
			return nil, err
		}
		open = nil
		if err := dql.Rows(answer, "q", func(row dql.Row) error {
			for _, uid := range row.UIDs("into") {
				next[dql.Node(row.UID)] = dql.Node(uid)
				open = append(open, dql.Node(uid))
			}
			return nil
		}); err != nil {
			return nil, err
		}
		open = slices.DeleteFunc(open, func(r dql.Ref) bool { _, known := next[r]; return known })
	}
	all := merged{}
	for ref, into := range next {
		for range next {
			further, ok := next[into]
			if !ok {
				break
			}
			into = further
		}
		if _, circle := next[into]; circle {
			return nil, fmt.Errorf("the marks under %s lead from %s in a circle", mark, ref)
		}
		all[ref] = into
	}
	return all, all.drop(put)
}

// drop leaves out those that are merged into a node that is none any more.
func (m merged) drop(put ask) error {
	var into []dql.Ref
	for _, ref := range m {
		into = append(into, ref)
	}
	if len(into) == 0 {
		return nil
	}
	slices.Sort(into)
	answer, err := put("{q(func: uid("+refList(slices.Compact(into))+")) @filter(has(dgraph.type)) {uid}}", nil)
	if err != nil {
		return err
	}
	there := map[dql.Ref]bool{}
	if err := dql.Rows(answer, "q", func(row dql.Row) error { there[dql.Node(row.UID)] = true; return nil }); err != nil {
		return err
	}
	for ref, to := range m {
		if !there[to] {
			delete(m, ref)
		}
	}
	return nil
}

// survivors is what is known of the nodes that those of a page are merged into.
type survivors struct {
	merged merged
	// quads are what they hold, by node and predicate. Of edges only those to
	// targets that matter.
	quads map[dql.Ref]map[string][]dql.Quad
	// secret are the nodes of the page that have a password, by predicate.
	secret map[string][]uint64
}

func (m *MergeValues) inquire(p *page, put ask) error {
	known := &survivors{quads: map[dql.Ref]map[string][]dql.Quad{}, secret: map[string][]uint64{}}
	p.found = known
	var refs []dql.Ref
	for _, n := range p.nodes {
		refs = append(refs, dql.Node(n.uid))
		for _, name := range m.Predicates {
			for _, q := range n.quads[name] {
				if q.Object != "" {
					refs = append(refs, q.Object)
				}
			}
		}
	}
	slices.Sort(refs)
	var err error
	if known.merged, err = askMerged(slices.Compact(refs), m.Mark, put); err != nil {
		return err
	}
	return m.askSurvivors(p, known, put)
}

// askSurvivors reads what the nodes hold that those of a page are merged into.
func (m *MergeValues) askSurvivors(p *page, known *survivors, put ask) error {
	var into []dql.Ref
	for _, n := range p.nodes {
		into = append(into, known.merged.of(dql.Node(n.uid)))
	}
	slices.Sort(into)
	into = slices.Compact(into)
	var columns, blocks []string
	var read []dql.Predicate
	for k, name := range m.Predicates {
		live := p.live.Predicate(name)
		switch {
		case live == nil:
		case live.Type == "password":
			root, err := hasRoot(name, false)
			if err != nil {
				return err
			}
			blocks = append(blocks, fmt.Sprintf("s%d(func: uid(%s)) @filter(%s) { uid }", k, uidList(p.nodes, func(*node) bool { return true }), root))
		default:
			column, err := live.Column(fmt.Sprintf("c%d", len(read)), m.edges(p, *live, known.merged))
			if err != nil {
				return err
			}
			columns = append(columns, column)
			read = append(read, *live)
		}
	}
	blocks = append(blocks, fmt.Sprintf("q(func: uid(%s)) {\n    uid\n    %s\n  }", refList(into), strings.Join(columns, "\n    ")))
	answer, err := put("{\n  "+strings.Join(blocks, "\n  ")+"\n}", nil)
	if err != nil {
		return err
	}
	for k, name := range m.Predicates {
		if err := dql.Rows(answer, fmt.Sprintf("s%d", k), func(row dql.Row) error {
			known.secret[name] = append(known.secret[name], row.UID)
			return nil
		}); err != nil {
			return err
		}
	}
	return dql.Rows(answer, "q", func(row dql.Row) error {
		held := map[string][]dql.Quad{}
		known.quads[dql.Node(row.UID)] = held
		for k, live := range read {
			quads, err := row.Quads(fmt.Sprintf("c%d", k), live)
			if err != nil {
				return err
			}
			held[live.Name] = quads
		}
		return nil
	})
}

// edges restricts the edges that are read of a node to targets that matter: a
// node may have very many.
func (m *MergeValues) edges(p *page, live dql.Predicate, known merged) string {
	if live.Type != "uid" || !live.List {
		return ""
	}
	targets := []dql.Ref{"0x0"} // no node
	for _, n := range p.nodes {
		for _, q := range n.quads[live.Name] {
			targets = append(targets, known.of(q.Object))
		}
	}
	slices.Sort(targets)
	return "@filter(uid(" + refList(slices.Compact(targets)) + "))"
}

func (m *MergeValues) judge(p *page) (*change, error) {
	known, _ := p.found.(*survivors)
	c := &change{}
	for _, n := range p.nodes {
		into, ok := known.merged[dql.Node(n.uid)]
		if !ok {
			c.leave(n, "the node that it is to be merged into is not there any more")
			continue
		}
		held := known.quads[into]
		var set []dql.Quad
		for _, name := range m.Predicates {
			live := p.predicate(name)
			if slices.Contains(known.secret[name], n.uid) {
				c.left = append(c.left, Left{UID: n.uid, Predicate: name, Reason: fmt.Sprintf("it has a password, which cannot be given to %s", into)})
			}
			for _, q := range n.quads[name] {
				q.Subject = into
				if q.Object != "" {
					q.Object = known.merged.of(q.Object)
				}
				write, conflict := unite(live, held[name], q)
				if conflict != "" {
					c.left = append(c.left, Left{UID: n.uid, Predicate: name, Data: dataOf(q), Reason: fmt.Sprintf("%s of %s, into which it is merged", conflict, into)})
				}
				if write {
					set = append(set, q)
					held[name] = append(slices.DeleteFunc(slices.Clone(held[name]), func(h dql.Quad) bool { return sameObject(h, q) }), q)
				}
			}
		}
		c.write(set, nil)
	}
	return c, nil
}

// unite decides whether a quad is added to those that a node has, and says what
// is against it.
func unite(live dql.Predicate, there []dql.Quad, q dql.Quad) (write bool, conflict string) {
	i := slices.IndexFunc(there, func(h dql.Quad) bool { return sameObject(h, q) })
	switch {
	case i >= 0 && (len(q.Facets) == 0 || sameFacets(there[i].Facets, q.Facets)):
		return false, ""
	case i >= 0 && len(there[i].Facets) > 0:
		return false, "its facets under " + q.Predicate + " are not those"
	case i < 0 && !live.List && slices.ContainsFunc(there, func(h dql.Quad) bool { return h.Lang == q.Lang }):
		return false, "its " + q.Predicate + " is not that"
	}
	return true, ""
}

// dataOf is what a quad says, for people.
func dataOf(q dql.Quad) any {
	if q.Object != "" {
		return string(q.Object)
	}
	return q.Data
}

// Repoint leads the edges to marked nodes to the nodes that those are merged
// into, with their facets.
type Repoint struct {
	Mark      string `yaml:"mark"`
	Predicate string `yaml:"predicate"`
}

func (r *Repoint) check() error {
	if r.Predicate == "" {
		return errors.New("it takes the predicate of the edges")
	}
	return checkMark(r.Mark)
}

func (r *Repoint) reads() []string  { return []string{r.Predicate} }
func (r *Repoint) writes() []string { return []string{r.Predicate} }

func (r *Repoint) inquire(p *page, put ask) error {
	var refs []dql.Ref
	for _, n := range p.nodes {
		for _, q := range n.quads[r.Predicate] {
			refs = append(refs, q.Object)
		}
	}
	slices.Sort(refs)
	known, err := askMerged(slices.Compact(refs), r.Mark, put)
	p.found = known
	return err
}

func (r *Repoint) judge(p *page) (*change, error) {
	known, _ := p.found.(merged)
	live := p.predicate(r.Predicate)
	c := &change{}
	for _, n := range p.nodes {
		held := slices.Clone(n.quads[r.Predicate])
		var set, del []dql.Quad
		for _, q := range n.quads[r.Predicate] {
			into, ok := known[q.Object]
			if !ok {
				continue
			}
			if live.List {
				del = append(del, q) // of a single edge the new one takes the place
				held = slices.DeleteFunc(held, func(h dql.Quad) bool { return h.Object == q.Object })
			} else {
				held = nil
			}
			from := q.Object
			q.Object = into
			write, conflict := unite(live, held, q)
			if conflict != "" {
				c.leave(n, "%s of its edge to %s, which %s is merged into: %s", conflict, into, from, facetsText(q.Facets))
			}
			if write {
				set = append(slices.DeleteFunc(set, func(s dql.Quad) bool { return s.Object == into }), q)
				held = append(slices.DeleteFunc(held, func(h dql.Quad) bool { return h.Object == into }), q)
			}
		}
		c.write(set, del)
	}
	return c, nil
}

// facetsText are facets for people.
func facetsText(facets []dql.Facet) string {
	var all []string
	for _, f := range facets {
		all = append(all, f.Key+"="+textOf(f.Data))
	}
	return strings.Join(all, ", ")
}

// Retire takes their types from marked nodes, so that nobody finds them any more.
// It leaves those whose value is not that of the node that they are merged into
// any more.
type Retire struct {
	Mark string `yaml:"mark"`
	// Predicate is that whose value made the nodes one.
	Predicate string   `yaml:"predicate"`
	Types     []string `yaml:"types"`
}

func (r *Retire) check() error {
	if r.Predicate == "" || len(r.Types) == 0 {
		return errors.New("it takes the predicate with the common value, and the types that are taken")
	}
	return checkMark(r.Mark)
}

func (r *Retire) reads() []string  { return []string{dgraphType, r.Mark, r.Predicate} }
func (r *Retire) writes() []string { return []string{dgraphType} }

// inquire reads the values of the nodes that those of the page are merged into.
func (r *Retire) inquire(p *page, put ask) error {
	m := &MergeValues{Mark: r.Mark, Predicates: []string{r.Predicate}}
	return m.inquire(p, put)
}

func (r *Retire) judge(p *page) (*change, error) {
	known, _ := p.found.(*survivors)
	c := &change{}
	for _, n := range p.nodes {
		into, ok := known.merged[dql.Node(n.uid)]
		var del []dql.Quad
		for _, stored := range n.types {
			if ok && slices.Contains(r.Types, stored) {
				del = append(del, typeQuad(n, stored))
			}
		}
		theirs := known.quads[into][r.Predicate]
		differs := slices.ContainsFunc(n.quads[r.Predicate], func(q dql.Quad) bool {
			return !slices.ContainsFunc(theirs, func(t dql.Quad) bool { return sameObject(t, q) })
		})
		if differs && len(del) > 0 {
			c.leave(n, "its %s is no longer that of %s, into which it was merged", r.Predicate, into)
			continue
		}
		c.write(nil, del)
	}
	return c, nil
}

func (m *MergeValues) dql(s *Step) string {
	var columns []string
	for _, name := range m.Predicates {
		columns = append(columns, quote(name)+" @facets")
	}
	both := strings.Join(columns, " ")
	return "# What a node holds goes to that which it is merged into, where that lacks it: all of lists and edges, single\n" +
		"# values only where there is none. Edges are asked with { uid }, languages with @*.\n" +
		fmt.Sprintf("{\n  q(func: %s, first: 1000, after: 0x0) {\n    uid %s\n    %s { uid %[2]s }\n  }\n}\n", s.Select.Root, both, quote(m.Mark))
}

func (r *Repoint) dql(s *Step) string {
	name, mark := quote(r.Predicate), quote(r.Mark)
	return "# Of each edge that is found, the one to the marked node is deleted, and one with the same facets set to the node\n" +
		"# that it is merged into, pair by pair; of a single edge only set.\n" +
		fmt.Sprintf("{\n  q(func: %s, first: 1000, after: 0x0) @cascade {\n    uid\n    %s @facets @filter(has(%s)) { uid %[3]s { uid } }\n  }\n}\n", s.Select.Root, name, mark)
}

func (r *Retire) dql(s *Step) string {
	var lines []string
	for _, stored := range r.Types {
		lines = append(lines, fmt.Sprintf("uid(v) <dgraph.type> %s .", literal(stored)))
	}
	return "# Only of nodes that still have the value of " + oneLine(r.Predicate) + " of the node that they are merged into.\n" +
		upsert(s.Select.Root, "", "", "", strings.Join(lines, "\n      "))
}
