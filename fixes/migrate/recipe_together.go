package migrate

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/diff/storage"
)

// Together is one migration that does what several do, nil ones left out. What
// people have to say is said once, for all of them.
func Together(all ...*Migration) *Migration {
	var some []*Migration
	for _, m := range all {
		if m != nil {
			some = append(some, m)
		}
	}
	switch len(some) {
	case 0:
		return nil
	case 1:
		return some[0]
	}
	together := &Migration{Build: func(given []string) (*Recipe, error) {
		r := &Recipe{}
		for _, m := range some {
			said := given
			if m.Need == nil {
				said = nil
			}
			one, err := m.Build(said)
			if err != nil {
				return nil, err
			}
			r.Steps = append(r.Steps, one.Steps...)
			if r.DualWrite == "" {
				r.DualWrite = one.DualWrite
			} else if one.DualWrite != "" && one.DualWrite != r.DualWrite {
				r.DualWrite += " " + one.DualWrite
			}
		}
		return r, nil
	}}
	for _, m := range some {
		if together.Need == nil {
			together.Need = m.Need
		}
	}
	return together
}

// Apart is one migration that does what several do, each of which has to know
// something of its own, said as NAME=VALUE; nil when one of them is.
func Apart(names []string, all []*Migration) *Migration {
	if slices.Contains(all, nil) || len(all) == 0 {
		return nil
	}
	if len(all) == 1 {
		return all[0]
	}
	need := &Need{What: "NAME=VALUE for each of " + strings.Join(names, ", "), Several: true}
	return &Migration{Need: need, Build: func(given []string) (*Recipe, error) {
		said := map[string][]string{}
		for _, text := range given {
			name, value, ok := strings.Cut(text, "=")
			if !ok || !slices.Contains(names, name) {
				return nil, fmt.Errorf("%q is no NAME=VALUE with one of the names %s", brief(text), strings.Join(names, ", "))
			}
			said[name] = append(said[name], value)
		}
		var told []*Migration
		for i, m := range all {
			if len(said[names[i]]) == 0 && m.Need != nil && m.Need.Default == "" {
				return nil, fmt.Errorf("it takes %s=VALUE: %s", names[i], m.Need.What)
			}
			told = append(told, m.Saying(said[names[i]]...))
		}
		return Together(told...).Build(nil)
	}}
}

// Saying is a migration for which everything has been said.
func (m *Migration) Saying(given ...string) *Migration {
	if m == nil {
		return nil
	}
	return &Migration{Build: func([]string) (*Recipe, error) { return m.Build(given) }}
}

// Demanding is a migration that takes no default: what it has to know has to be
// said.
func (m *Migration) Demanding() *Migration {
	if m == nil || m.Need == nil {
		return m
	}
	need := *m.Need
	need.Default = ""
	return &Migration{Need: &need, Build: m.Build}
}

// BuildIndexes builds the index of a predicate before the update would, so that
// its filters work from the first moment, and not all indexes are built at once.
// Before is the predicate as the old schema derives it, if it does. There is
// nothing to build where Dgraph takes only the old index or the new one.
func BuildIndexes(before, p *storage.Predicate) *Migration {
	r := &recipe{}
	if p == nil || len(p.Tokenizers) == 0 || before != nil && before.Type != p.Type {
		return nil
	}
	if before != nil && slices.ContainsFunc(before.Tokenizers, func(t string) bool { return slices.Contains(calendar, t) }) {
		return nil
	}
	r.declare(declared(p))
	return always(r.done())
}

// Nodes says which nodes go, with what they hold.
type Nodes struct {
	Type string
	// Predicates are those of the type. Of those that the new schema still uses
	// only the values of these nodes go.
	Predicates []*storage.Predicate
	// Used are the names of the predicates that the new schema still uses.
	Used map[string]bool
	// Interfaces are the other types that the nodes have, each with the types
	// that have it too in the new schema.
	Interfaces map[string][]string
}

// RemoveNodes deletes what the nodes of a stored type hold, and then the type
// itself, in phase contract. Edges that lead to them stay; the next audit tells
// them as dangling.
func RemoveNodes(n Nodes) *Migration {
	if n.Type == "" {
		return always(nil, errors.New("the nodes of a type have one"))
	}
	var all []*Migration
	for _, p := range n.Predicates {
		l := Leftover{Predicate: p}
		if n.Used[p.Stored()] {
			l.Types = []string{n.Type}
		}
		all = append(all, RemoveValues(l))
	}
	r := &recipe{}
	for _, i := range sortedKeys(n.Interfaces) {
		r.leaves(n.Type, i, n.Interfaces[i])
	}
	root, err := typeRoot(n.Type)
	r.each(Contract, root, err, Step{
		ID: "remove-type-" + n.Type, Title: fmt.Sprintf("Take the type %s from its nodes", n.Type),
		RemoveType: &RemoveType{Type: n.Type}, Convergent: true, Undo: UndoYes, Risk: "destructive",
	})
	r.drop(Contract, Drop{Types: []string{n.Type}})
	return Together(append(all, always(r.done()))...)
}
