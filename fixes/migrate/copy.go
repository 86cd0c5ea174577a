package migrate

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/schemacheck/schemacheck/dql"
)

// Copy writes what a node holds under one predicate to another one: values of
// every language and edges, with their facets. A single value that is there and
// differs is overwritten only when an earlier phase of the plan wrote it; else it
// is left and told.
type Copy struct {
	From string `yaml:"from"`
	To   string `yaml:"to"`
	// Types leaves out nodes that have none of these stored types; empty takes
	// all.
	Types []string `yaml:"types,omitempty"`
}

func (c *Copy) check() error {
	if c.From == "" || c.To == "" || c.From == c.To {
		return errors.New("a copy is from one predicate to another")
	}
	return nil
}

func (c *Copy) reads() []string  { return []string{c.From, c.To} }
func (c *Copy) writes() []string { return []string{c.To} }

func (c *Copy) ignoresTypes() bool { return len(c.Types) == 0 }

// amends is so since a value without its facets is no other value: it is set again
// with them.
func (c *Copy) amends() bool { return true }

func (c *Copy) judge(p *page) (*change, error) {
	to := p.predicate(c.To)
	if p.predicate(c.From).Type == "password" || to.Type == "password" {
		return nil, fmt.Errorf("%s to %s: a password cannot be copied: nobody can read it", c.From, c.To)
	}
	result := &change{}
	for _, n := range p.nodes {
		if len(c.Types) > 0 && !slices.ContainsFunc(c.Types, n.is) {
			continue
		}
		there := n.quads[c.To]
		if !to.List && p.written != nil {
			// What an earlier phase wrote, and nobody has changed since, is ours to
			// overwrite: the value was written anew under the old predicate.
			ours := p.written.ours(there)
			there = slices.DeleteFunc(slices.Clone(there), func(q dql.Quad) bool {
				return slices.ContainsFunc(ours, func(o dql.Quad) bool { return sameObject(o, q) }) &&
					!slices.ContainsFunc(n.quads[c.From], func(f dql.Quad) bool { return sameObject(f, q) })
			})
		}
		set, differs := arranged(n.quads[c.From], there, to)
		if differs {
			result.leave(n, "%s and %s hold different values", c.From, c.To).differs = true
		}
		result.write(set, nil)
	}
	return result, nil
}

// arranged is what of a node's quads is still to be written under a predicate,
// where some are there. A single value or edge is never overwritten: differs
// says that another one is there, or that there is more than one to write. Of
// equal ones the first counts, with its facets.
func arranged(quads, there []dql.Quad, to dql.Predicate) (set []dql.Quad, differs bool) {
	there = slices.Clone(there)
	for n, q := range quads {
		same := func(t dql.Quad) bool { return sameObject(t, q) }
		if slices.ContainsFunc(quads[:n], same) {
			continue
		}
		q.Predicate, q.Type = to.Name, to.Type
		switch i := slices.IndexFunc(there, same); {
		case i >= 0 && sameFacets(there[i].Facets, q.Facets):
		case i < 0 && !to.List && slices.ContainsFunc(there, func(t dql.Quad) bool { return t.Lang == q.Lang }):
			differs = true
		default:
			set, there = append(set, q), append(there, q)
		}
	}
	return set, differs
}

// sameObject reports whether two quads say the same value in the same language,
// or the same edge.
func sameObject(a, b dql.Quad) bool {
	return a.Lang == b.Lang && a.Object == b.Object && textOf(a.Data) == textOf(b.Data)
}

func sameFacets(a, b []dql.Facet) bool {
	return slices.EqualFunc(a, b, func(a, b dql.Facet) bool { return a.Key == b.Key && textOf(a.Data) == textOf(b.Data) })
}

// textOf is a value as text; equal values of one type have equal texts.
func textOf(data any) string {
	if s, ok := data.(string); ok {
		return s
	}
	text, err := json.Marshal(data)
	if err != nil {
		return "" // never: it comes from JSON
	}
	return string(text)
}
