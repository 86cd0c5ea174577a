package migrate

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/dql"
)

// DeleteValues deletes what nodes hold under predicates.
type DeleteValues struct {
	Predicates []string `yaml:"predicates"`
	// Types leaves alone nodes that have none of these stored types; empty takes
	// all.
	Types []string `yaml:"types,omitempty"`
	// Keep leaves alone nodes that have one of these stored types.
	Keep []string `yaml:"keep,omitempty"`
	// Untyped leaves alone nodes that have a type.
	Untyped bool `yaml:"untyped,omitempty"`
	// Unread deletes without reading: values that cannot be read as the type that
	// their predicate has now, and lists with values from before its type was
	// changed, which are not found by what is read of them.
	Unread bool `yaml:"unread,omitempty"`
}

func (d *DeleteValues) check() error {
	if len(d.Predicates) == 0 {
		return errors.New("it takes the predicates whose values are deleted")
	}
	if d.Untyped && len(d.Types)+len(d.Keep) > 0 {
		return errors.New("nodes without type have none of the types that are named")
	}
	for _, name := range d.Predicates {
		if strings.HasPrefix(name, "dgraph.") {
			return fmt.Errorf("%s belongs to Dgraph", name)
		}
	}
	return nil
}

func (d *DeleteValues) reads() []string {
	if d.Unread {
		return nil
	}
	return d.Predicates
}

func (d *DeleteValues) writes() []string { return d.Predicates }

// holders are the nodes of a page that hold something that is not read, by
// predicate.
type holders map[string][]uint64

// inquire finds the nodes that hold something that is deleted without reading,
// and makes sure that the types of nodes can be seen where not having one decides.
func (d *DeleteValues) inquire(p *page, put ask) error {
	held := holders{}
	p.found = held
	uids := uidList(p.nodes, d.concerns)
	if uids == "" {
		return nil
	}
	if d.Untyped || len(d.Keep) > 0 {
		answer, err := put("{"+witness(dgraphType)+"}", nil)
		if err == nil {
			err = testify(answer)
		}
		if err != nil {
			return err
		}
	}
	for _, name := range d.Predicates {
		live := p.live.Predicate(name)
		if live == nil || !d.unread(*live) {
			continue
		}
		root, err := hasRoot(name, live.Lang)
		if err != nil {
			return err
		}
		answer, err := put("{q(func: uid("+uids+")) @filter("+root+") {uid}}", nil)
		if err != nil {
			return err
		}
		if err := dql.Rows(answer, "q", func(row dql.Row) error { held[name] = append(held[name], row.UID); return nil }); err != nil {
			return err
		}
	}
	return nil
}

func (d *DeleteValues) unread(p dql.Predicate) bool { return d.Unread || p.Type == "password" }

func (d *DeleteValues) concerns(n *node) bool {
	switch {
	case d.Untyped:
		return len(n.types) == 0
	case slices.ContainsFunc(d.Keep, n.is):
		return false
	}
	return len(d.Types) == 0 || slices.ContainsFunc(d.Types, n.is)
}

func (d *DeleteValues) judge(p *page) (*change, error) {
	held, _ := p.found.(holders)
	c := &change{}
	for _, n := range p.nodes {
		if !d.concerns(n) {
			continue
		}
		var del []dql.Quad
		for _, name := range d.Predicates {
			live := p.predicate(name)
			if !d.unread(live) {
				del = append(del, deletion(live, n.quads[name])...)
			} else if slices.Contains(held[name], n.uid) {
				del = append(del, dql.Quad{Subject: dql.Node(n.uid), Predicate: name, All: true})
			}
		}
		c.write(nil, del)
	}
	return c, nil
}

// deletion deletes what was read of a node under a predicate.
//
// Of lists and of edges these are the values that were read, so that one that is
// added meanwhile stays. A single value is deleted whatever it is: Dgraph ignores
// the deletion of a value that is not stored byte for byte as it is sent, which
// no value is that was stored before the type of its predicate was changed, and
// no time whose zone was written as +00:00. Nothing is lost by it, since a write
// at the same moment conflicts.
func deletion(p dql.Predicate, quads []dql.Quad) []dql.Quad {
	if len(quads) == 0 {
		return nil
	}
	if !p.List && p.Type != "uid" {
		return []dql.Quad{{Subject: quads[0].Subject, Predicate: quads[0].Predicate, All: true}}
	}
	var all []dql.Quad
	for _, q := range quads {
		all = append(all, q)
		if text, ok := q.Data.(string); ok && p.Type == "dateTime" && strings.HasSuffix(text, "Z") {
			q.Data = strings.TrimSuffix(text, "Z") + "+00:00" // read the same, and stored otherwise
			all = append(all, q)
		}
	}
	return all
}

// uidList are the uids of some nodes as they stand in uid(...), "" when there
// are none.
func uidList(nodes []*node, of func(*node) bool) string {
	var all []string
	for _, n := range nodes {
		if of(n) {
			all = append(all, string(dql.Node(n.uid)))
		}
	}
	return strings.Join(all, ", ")
}

func (d *DeleteValues) dql(s *Step) string {
	var filters, lines []string
	if d.Untyped {
		filters = append(filters, "NOT has(dgraph.type)")
	}
	if len(d.Types) > 0 {
		filters = append(filters, anyType(d.Types))
	}
	if len(d.Keep) > 0 {
		filters = append(filters, "NOT "+anyType(d.Keep))
	}
	for _, name := range d.Predicates {
		lines = append(lines, "uid(v) <"+name+"> * .")
	}
	return "# Of lists and edges only the values that were read are deleted, one by one.\n" +
		upsert(s.Select.Root, strings.Join(filters, " AND "), "", "", strings.Join(lines, "\n      "))
}

// anyType is a filter for nodes that have one of several stored types.
func anyType(types []string) string {
	var all []string
	for _, name := range types {
		all = append(all, "type("+quote(name)+")")
	}
	if len(all) == 1 {
		return all[0]
	}
	return "(" + strings.Join(all, " OR ") + ")"
}
