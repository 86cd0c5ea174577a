package migrate

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/dql"
)

// Unlink deletes edges that lead to nothing useful, as it is at the moment when
// they are read.
type Unlink struct {
	Predicate string `yaml:"predicate"`
	// Types are the stored types of which a target has to have one. Empty deletes
	// only edges to nodes under which nothing is stored at all.
	Types []string `yaml:"types,omitempty"`
	// Of leaves alone nodes that have none of these stored types; empty takes all.
	Of []string `yaml:"of,omitempty"`
}

func (u *Unlink) check() error {
	if u.Predicate == "" {
		return errors.New("it takes the predicate of the edges")
	}
	for _, name := range slices.Concat(u.Types, u.Of) {
		if _, err := dql.Quote(name); err != nil {
			return err
		}
	}
	return nil
}

func (u *Unlink) reads() []string  { return []string{u.Predicate} }
func (u *Unlink) writes() []string { return []string{u.Predicate} }

// question finds the targets of the page's edges that are not wanted.
func (u *Unlink) question(p *page) (string, map[string]string, error) {
	from := uidList(p.nodes, func(n *node) bool { return u.concerns(n) && len(n.quads[u.Predicate]) > 0 })
	if from == "" {
		return "", nil, nil
	}
	wanted, seen := anyType(u.Types), dgraphType
	if len(u.Types) == 0 {
		seen = nobodys
		var err error
		if wanted, err = anything(p.live); err != nil {
			return "", nil, err
		}
	}
	name, err := dql.Quote(u.Predicate)
	if err != nil {
		return "", nil, err
	}
	return fmt.Sprintf("{\n  var(func: uid(%s)) { t as %s }\n  q(func: uid(t)) @filter(NOT %s) { uid }\n  %s\n}", from, name, wanted, witness(seen)), nil, nil
}

// nobodys is a predicate that no rule names: who may read it may read all.
const nobodys = ownPrefix + "nobodys"

// witness is a block that only those get an answer to who may read a predicate.
// For others Dgraph takes filters by it silently out of a question.
func witness(predicate string) string {
	return "w(func: has(" + predicate + "), first: 1) { count(uid) }"
}

// testify refuses an answer to somebody who does not see what is there.
func testify(answer []byte) error {
	seen := false
	if err := dql.Rows(answer, "w", func(dql.Row) error { seen = true; return nil }); err != nil {
		return err
	}
	if !seen {
		return errors.New("the user may not read everything, so that a node that seems to hold nothing may hold something; it takes a member of the group guardians")
	}
	return nil
}

// anything is a filter for nodes that hold something, of whatever predicate. The
// name of a predicate that no question can name is an error: what is there
// cannot be seen.
func anything(live *dql.Stored) (string, error) {
	all := []string{"has(dgraph.type)"}
	for _, p := range live.Predicates {
		if p.Name == dgraphType {
			continue
		}
		root, err := hasRoot(p.Name, p.Lang)
		if err != nil {
			return "", err
		}
		all = append(all, root)
	}
	return "(" + strings.Join(all, " OR ") + ")", nil
}

func (u *Unlink) concerns(n *node) bool { return len(u.Of) == 0 || slices.ContainsFunc(u.Of, n.is) }

func (u *Unlink) judge(p *page) (*change, error) {
	c := &change{}
	if p.answer == nil {
		return c, nil
	}
	if err := testify(p.answer); err != nil {
		return nil, err
	}
	unwanted := map[dql.Ref]bool{}
	if err := dql.Rows(p.answer, "q", func(row dql.Row) error { unwanted[dql.Node(row.UID)] = true; return nil }); err != nil {
		return nil, err
	}
	for _, n := range p.nodes {
		if !u.concerns(n) {
			continue
		}
		var del []dql.Quad
		for _, q := range n.quads[u.Predicate] {
			if unwanted[q.Object] {
				del = append(del, q)
			}
		}
		c.write(nil, del)
	}
	return c, nil
}

func (u *Unlink) dql(s *Step) string {
	wanted, more := "has(dgraph.type)", "# It takes OR has(...) for each predicate of the stored schema besides.\n"
	if len(u.Types) > 0 {
		wanted, more = anyType(u.Types), ""
	}
	return "# What is found goes back to /mutate as {\"delete\": ...}, edge by edge.\n" + more +
		fmt.Sprintf("{\n  q(func: %s, first: 1000, after: 0x0) @cascade {\n    uid\n    %s @filter(NOT (%s)) { uid }\n  }\n}\n", s.Select.Root, quote(u.Predicate), wanted)
}
