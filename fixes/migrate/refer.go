package migrate

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/schemacheck/schemacheck/dql"
)

// Refer makes a node of each value under a predicate, the same one for equal
// values, and an edge to it with the value's facets. Nodes of the type that
// have the value already are taken.
type Refer struct {
	From string `yaml:"from"`
	To   string `yaml:"to"`
	// Types leaves out nodes that have none of these stored types; empty takes
	// all.
	Types []string `yaml:"types,omitempty"`
	// Key is the predicate of the new nodes that takes the value. It needs an
	// index for equality, to find them again, and @upsert, so that two
	// transactions cannot make a node of the same value.
	Key string `yaml:"key"`
	// Target are the stored types of the new nodes. Nodes of the first are
	// taken.
	Target []string `yaml:"target"`
}

func (r *Refer) check() error {
	if r.From == "" || r.To == "" || r.Key == "" || len(r.Target) == 0 || slices.Contains(r.Target, "") {
		return errors.New("it takes the predicates of the value, of the edge and of the key, and the types of the nodes that are made")
	}
	if r.From == r.To || r.To == r.Key || r.From == r.Key {
		return errors.New("the value, the edge and the key of the new nodes take three predicates")
	}
	for _, t := range r.Target {
		if strings.HasPrefix(t, "dgraph.") {
			return fmt.Errorf("the type %s belongs to Dgraph", t)
		}
	}
	return nil
}

func (r *Refer) reads() []string  { return []string{r.From, r.To} }
func (r *Refer) writes() []string { return []string{r.To, r.Key, dgraphType} }

// values are what of a node becomes nodes, and what does not, since a reference
// is in no language.
func (r *Refer) values(n *node) (values []dql.Quad, tagged bool) {
	if len(r.Types) > 0 && !slices.ContainsFunc(r.Types, n.is) {
		return nil, false
	}
	for _, q := range n.quads[r.From] {
		if q.Lang != "" {
			tagged = true
			continue
		}
		values = append(values, q)
	}
	return values, tagged
}

// question asks for the nodes that have the values of the page.
func (r *Refer) question(p *page) (string, map[string]string, error) {
	live := p.predicate(r.Key)
	if !keyable(live) {
		return "", nil, fmt.Errorf("%s needs @upsert and an index for equality, so that the nodes of values are found again; the step that declares them has to run before", r.Key)
	}
	column, err := live.Column("c", "")
	if err != nil {
		return "", nil, err
	}
	typ, err := dql.Quote(r.Target[0])
	if err != nil {
		return "", nil, err
	}
	vars := map[string]string{}
	var names, declared []string
	seen := map[string]bool{}
	for _, n := range p.nodes {
		values, _ := r.values(n)
		for _, q := range values {
			if text := textOf(q.Data); !seen[text] {
				seen[text] = true
				name := "$v" + strconv.Itoa(len(names))
				vars[name] = text
				names, declared = append(names, name), append(declared, name+": string")
			}
		}
	}
	if len(names) == 0 {
		return "", nil, nil
	}
	return fmt.Sprintf("query q(%s) {\n  q(func: eq(%s, [%s])) @filter(type(%s)) { uid %s }\n}",
		strings.Join(declared, ", "), quote(r.Key), strings.Join(names, ", "), typ, column), vars, nil
}

// equalities are the indexes that find equal values, by the type that they
// index.
var equalities = map[string][]string{
	"string":   {"hash", "exact"},
	"int":      {"int"},
	"float":    {"float"},
	"bool":     {"bool"},
	"dateTime": {"hour", "day", "month", "year"},
}

// keyable reports whether nodes can be made by the values of a predicate, the same
// one for equal values.
func keyable(p dql.Predicate) bool {
	return p.Upsert && slices.ContainsFunc(p.Index, func(t dql.Tokenizer) bool { return slices.Contains(equalities[p.Type], t.Name) })
}

func (r *Refer) judge(p *page) (*change, error) {
	nodes := map[string][]dql.Ref{} // by the value
	if p.answer != nil {
		key := p.predicate(r.Key)
		if err := dql.Rows(p.answer, "q", func(row dql.Row) error {
			quads, err := row.Quads("c", key)
			for _, q := range quads {
				if q.Lang == "" {
					nodes[textOf(q.Data)] = append(nodes[textOf(q.Data)], q.Subject)
				}
			}
			return err
		}); err != nil {
			return nil, err
		}
	}
	to := p.predicate(r.To)
	c := &change{}
	for _, n := range p.nodes {
		values, tagged := r.values(n)
		var edges []dql.Quad
		for _, q := range values {
			text := textOf(q.Data)
			if len(nodes[text]) == 0 {
				made := dql.Blank("v" + strconv.Itoa(len(nodes)))
				nodes[text] = []dql.Ref{made}
				c.set = append(c.set, r.birth(made, q)...)
			}
			edges = append(edges, dql.Quad{Subject: q.Subject, Predicate: r.To, Object: r.one(nodes[text], n), Type: "uid", Facets: q.Facets})
		}
		set, differs := arranged(edges, n.quads[r.To], to)
		if differs {
			c.leave(n, "%s leads to another node than that of the value of %s", r.To, r.From).differs = true
		}
		if tagged {
			c.leave(n, "%s has values in a language, and a reference is in none", r.From)
		}
		c.write(set, nil)
	}
	return c, nil
}

// one is the node for a value: one that n refers to already, or the first.
func (r *Refer) one(nodes []dql.Ref, n *node) dql.Ref {
	for _, q := range n.quads[r.To] {
		if slices.Contains(nodes, q.Object) {
			return q.Object
		}
	}
	return nodes[0]
}

// birth is what makes a node of a value.
func (r *Refer) birth(made dql.Ref, value dql.Quad) []dql.Quad {
	quads := []dql.Quad{{Subject: made, Predicate: r.Key, Data: value.Data, Type: value.Type}}
	for _, t := range r.Target {
		quads = append(quads, dql.Quad{Subject: made, Predicate: dgraphType, Data: t, Type: "string"})
	}
	return quads
}

// Take writes what the nodes that an edge leads to hold under one predicate to a
// predicate of the node itself, with the facets of the edge. It never
// overwrites.
type Take struct {
	// From is the edge, Field the predicate of the nodes it leads to.
	From  string `yaml:"from"`
	Field string `yaml:"field"`
	To    string `yaml:"to"`
	// Types leaves out nodes that have none of these stored types; empty takes
	// all.
	Types []string `yaml:"types,omitempty"`
}

func (t *Take) check() error {
	if t.From == "" || t.Field == "" || t.To == "" || t.From == t.To || t.From == t.Field {
		return errors.New("it takes an edge, a predicate of the nodes that it leads to, and one for the values")
	}
	return nil
}

func (t *Take) reads() []string  { return []string{t.From, t.To} }
func (t *Take) writes() []string { return []string{t.To} }

// takes reports whether a node is one of those that are concerned.
func (t *Take) takes(n *node) bool { return len(t.Types) == 0 || slices.ContainsFunc(t.Types, n.is) }

// question asks for the values of the nodes that the page's edges lead to.
func (t *Take) question(p *page) (string, map[string]string, error) {
	if p.live.Predicate(t.Field) == nil {
		return "", nil, nil
	}
	column, err := p.predicate(t.Field).Column("c", "")
	if err != nil {
		return "", nil, err
	}
	var uids []string
	for _, n := range p.nodes {
		if t.takes(n) {
			for _, q := range n.quads[t.From] {
				uids = append(uids, string(q.Object))
			}
		}
	}
	if len(uids) == 0 {
		return "", nil, nil
	}
	return "{q(func: uid(" + strings.Join(unique(uids), ", ") + ")) { uid " + column + " }}", nil, nil
}

func (t *Take) judge(p *page) (*change, error) {
	values := map[dql.Ref][]dql.Quad{} // by the node that holds them
	to := p.predicate(t.To)
	if p.answer != nil {
		field := p.predicate(t.Field)
		if err := dql.Rows(p.answer, "q", func(row dql.Row) error {
			quads, err := row.Quads("c", field)
			for _, q := range quads {
				if q.Lang == "" || to.Lang {
					values[q.Subject] = append(values[q.Subject], q)
				}
			}
			return err
		}); err != nil {
			return nil, err
		}
	}
	c := &change{}
	for _, n := range p.nodes {
		if !t.takes(n) {
			continue
		}
		var quads []dql.Quad
		var without []string
		for _, edge := range n.quads[t.From] {
			if len(values[edge.Object]) == 0 {
				without = append(without, string(edge.Object))
			}
			for _, q := range values[edge.Object] {
				q.Subject, q.Facets = edge.Subject, edge.Facets
				quads = append(quads, q)
			}
		}
		set, differs := arranged(quads, n.quads[t.To], to)
		if differs {
			c.leave(n, "%s holds another value than %s of the node that %s leads to", t.To, t.Field, t.From).differs = true
		}
		if len(without) > 0 {
			c.leave(n, "%s leads to nodes without %s: %s", t.From, t.Field, someOf(without))
		}
		c.write(set, nil)
	}
	return c, nil
}

// someOf are the first of some uids.
func someOf(uids []string) string {
	const most = 5
	if len(uids) > most {
		return strings.Join(uids[:most], ", ") + fmt.Sprintf(" and %d more", len(uids)-most)
	}
	return strings.Join(uids, ", ")
}

func (r *Refer) dql(s *Step) string {
	types := ""
	for _, t := range r.Target {
		types += fmt.Sprintf("      _:n <dgraph.type> %s .\n", literal(t))
	}
	filter := "eq(" + quote(r.From) + ", \"VALUE\")"
	if len(r.Types) > 0 {
		var of []string
		for _, t := range r.Types {
			of = append(of, "type("+quote(t)+")")
		}
		filter += " AND (" + strings.Join(of, " OR ") + ")"
	}
	return "# For each VALUE one by one: a blank node is one node for all that a mutation names. Facets are copied, too.\n" +
		"upsert {\n  query {\n" +
		"    t as var(func: eq(" + quote(r.Key) + ", \"VALUE\"), first: 1) @filter(type(" + quote(r.Target[0]) + "))\n" +
		"    v as var(func: " + s.Select.Root + ") @filter(" + filter + ")\n  }\n" +
		"  mutation @if(gt(len(v), 0) AND gt(len(t), 0)) {\n    set {\n      uid(v) <" + r.To + "> uid(t) .\n    }\n  }\n" +
		"  mutation @if(gt(len(v), 0) AND eq(len(t), 0)) {\n    set {\n      uid(v) <" + r.To + "> _:n .\n" +
		"      _:n <" + r.Key + "> \"VALUE\" .\n" + types + "    }\n  }\n}\n"
}

func (t *Take) dql(s *Step) string {
	return "# What is read is written one by one, the values of the nodes of each edge under " + t.To + ".\n" +
		"{\n  q(func: " + s.Select.Root + ", first: 100, after: 0x0) {\n    uid\n    dgraph.type\n    " +
		quote(t.From) + " @facets { uid " + quote(t.Field) + " }\n    " + quote(t.To) + "\n  }\n}\n"
}
