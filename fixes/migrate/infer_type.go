package migrate

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/dql"
)

// InferType gives nodes without type the one type that has all their
// predicates. Nodes for which there is none, or more than one, are left.
type InferType struct {
	Candidates []Candidate `yaml:"candidates"`
}

// Candidate is a type that a node may be of.
type Candidate struct {
	// Types are what nodes of the type have as dgraph.type: the stored type, then
	// those of its interfaces.
	Types []string `yaml:"types"`
	// Predicates are all those of the type, inherited ones too.
	Predicates []string `yaml:"predicates"`
}

func (i *InferType) check() error {
	if len(i.Candidates) == 0 {
		return errors.New("it takes the types that a node may be of")
	}
	for _, c := range i.Candidates {
		if len(c.Types) == 0 || len(c.Predicates) == 0 || slices.Contains(c.Types, "") {
			return errors.New("a candidate has no type or no predicates")
		}
	}
	return nil
}

func (i *InferType) reads() []string  { return []string{dgraphType} }
func (i *InferType) writes() []string { return []string{dgraphType} }

// holds are the predicates under which the nodes of a page hold something.
type holds map[uint64][]string

// inquire finds out under which predicates the nodes without type hold
// something.
func (i *InferType) inquire(p *page, put ask) error {
	held := holds{}
	p.found = held
	uids := uidList(p.nodes, func(n *node) bool { return len(n.types) == 0 })
	if uids == "" {
		return nil
	}
	var names []string
	var b strings.Builder
	fmt.Fprintf(&b, "{\n  v as var(func: uid(%s))\n", uids)
	for _, live := range p.live.Predicates {
		if strings.HasPrefix(live.Name, "dgraph.") || strings.HasPrefix(live.Name, ownPrefix) {
			continue
		}
		root, err := hasRoot(live.Name, live.Lang)
		if err != nil {
			return err // what a node holds there cannot be seen
		}
		fmt.Fprintf(&b, "  h%d(func: uid(v)) @filter(%s) { uid }\n", len(names), root)
		names = append(names, live.Name)
	}
	b.WriteString("  " + witness(nobodys) + "\n}")
	if len(names) == 0 {
		return nil
	}
	answer, err := put(b.String(), nil)
	if err != nil {
		return err
	}
	if err := testify(answer); err != nil {
		return err
	}
	for k, name := range names {
		if err := dql.Rows(answer, fmt.Sprintf("h%d", k), func(row dql.Row) error { held[row.UID] = append(held[row.UID], name); return nil }); err != nil {
			return err
		}
	}
	return nil
}

func (i *InferType) judge(p *page) (*change, error) {
	held, _ := p.found.(holds)
	c := &change{}
	for _, n := range p.nodes {
		has := held[n.uid]
		if len(n.types) > 0 || len(has) == 0 {
			continue
		}
		var fit []Candidate
		var names []string
		for _, t := range i.Candidates {
			if !slices.ContainsFunc(has, func(name string) bool { return !slices.Contains(t.Predicates, name) }) {
				fit = append(fit, t)
				names = append(names, t.Types[0])
			}
		}
		switch len(fit) {
		case 0:
			c.leave(n, "no type has all its predicates: %s", shown(has))
		case 1:
			var set []dql.Quad
			for _, stored := range fit[0].Types {
				set = append(set, typeQuad(n, stored))
			}
			c.write(set, nil)
		default:
			c.leave(n, "it may be of any of the types %s", shown(names))
		}
	}
	return c, nil
}

// shown are the first of some names.
func shown(names []string) string {
	const most = 5
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
}

// ownPrefix begins the names of the predicates that this program keeps.
const ownPrefix = "schemacheck."

func (i *InferType) dql(s *Step) string {
	return "# Nodes without type, for each of which it is to be seen what else it holds. Those that the one type T has\n" +
		"# all predicates of get it, with its interfaces, as <NODE> <dgraph.type> \"T\" .\n" +
		fmt.Sprintf("{\n  q(func: %s, first: 1000, after: 0x0) @filter(NOT has(dgraph.type)) { uid }\n}\n", s.Select.Root)
}
