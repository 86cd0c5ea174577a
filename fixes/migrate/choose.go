package migrate

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/schemacheck/schemacheck/dql"
)

// The policies by which one value of several is chosen: numbers and times in
// their order, texts by their code points, false before true, and nodes by uid.
const (
	smallest = "smallest"
	largest  = "largest"
	// only chooses where there is one, and leaves nodes that have more.
	only = "only"
)

// Choose writes one of the values or edges that a node has under a predicate to
// another one.
type Choose struct {
	From   string `yaml:"from"`
	To     string `yaml:"to"`
	Policy string `yaml:"policy"`
	// Rest is a list that takes the values that were not chosen; empty leaves
	// them.
	Rest string `yaml:"rest,omitempty"`
	// Overwrite replaces what To holds, which goes to the rest too: nobody else
	// writes there.
	Overwrite bool `yaml:"overwrite,omitempty"`
	// Types leaves out nodes that have none of these stored types; empty takes
	// all.
	Types []string `yaml:"types,omitempty"`
}

func (c *Choose) check() error {
	if c.From == "" || c.To == "" || c.From == c.To || c.Rest == c.From || c.Rest == c.To {
		return errors.New("a value is chosen from one predicate for another, and the rest goes to a third")
	}
	if c.Overwrite && c.Rest == "" {
		return errors.New("what is overwritten has to go to the rest, which is missing")
	}
	if !slices.Contains([]string{smallest, largest, only}, c.Policy) {
		return fmt.Errorf("%q is no policy; it takes smallest, largest or only", brief(c.Policy))
	}
	return nil
}

func (c *Choose) reads() []string { return append(c.writes(), c.From) }

func (c *Choose) writes() []string {
	if c.Rest != "" {
		return []string{c.To, c.Rest}
	}
	return []string{c.To}
}

func (c *Choose) ignoresTypes() bool { return len(c.Types) == 0 }

func (c *Choose) judge(p *page) (*change, error) {
	for _, name := range c.writes() {
		if err := p.declared(name); err != nil {
			return nil, err
		}
	}
	to := p.predicate(c.To)
	result := &change{}
	for _, n := range p.nodes {
		all := slices.Clone(n.quads[c.From])
		if len(all) == 0 || len(c.Types) > 0 && !slices.ContainsFunc(c.Types, n.is) {
			continue
		}
		if len(all) > 1 && c.Policy == only {
			result.leave(n, "it has %d values under %s", len(all), c.From)
			continue
		}
		slices.SortFunc(all, order)
		if c.Policy == largest {
			slices.Reverse(all)
		}
		var set []dql.Quad
		chosen, others := all[0], all[1:]
		chosen.Predicate, chosen.Type = c.To, to.Type
		switch placed(n.quads[c.To], chosen, false) {
		case missing:
			set = append(set, chosen)
		case conflict:
			if !c.Overwrite {
				result.tell(n, all[0], "%s holds something else already", c.To).differs = true
				continue
			}
			set = append(set, chosen)
			for _, old := range n.quads[c.To] {
				if !sameObject(old, chosen) {
					others = append(others, old)
				}
			}
		}
		result.write(append(set, c.rest(n, others, result)...), nil)
	}
	return result, nil
}

// rest are the values that were not chosen, as far as they are not kept yet.
func (c *Choose) rest(n *node, others []dql.Quad, result *change) []dql.Quad {
	if c.Rest == "" {
		return nil
	}
	var set []dql.Quad
	there := n.quads[c.Rest]
	for _, q := range others {
		q.Predicate = c.Rest
		switch placed(there, q, true) {
		case missing:
			set, there = append(set, q), put(there, q)
		case conflict:
			result.tell(n, q, "%s holds it with other facets", c.Rest)
		}
	}
	return set
}

// order is that of values of one type, and of edges.
func order(a, b dql.Quad) int {
	n := 0
	switch a.Type {
	case "":
		if a.Object.UID() < b.Object.UID() {
			return -1
		}
		return 1
	case "int", "float":
		n = compareNumbers(a.Data, b.Data)
	case "dateTime":
		s, err := time.Parse(time.RFC3339, textOf(a.Data))
		t, err2 := time.Parse(time.RFC3339, textOf(b.Data))
		if err == nil && err2 == nil {
			n = s.Compare(t)
		}
	}
	if n == 0 {
		return strings.Compare(textOf(a.Data), textOf(b.Data))
	}
	return n
}

// compareNumbers compares integers exactly, and other numbers as floats.
func compareNumbers(a, b any) int {
	s, t := textOf(a), textOf(b)
	if n, ok := a.(json.Number); ok {
		s = n.String()
	}
	if n, ok := b.(json.Number); ok {
		t = n.String()
	}
	i, err := strconv.ParseInt(s, 10, 64)
	j, err2 := strconv.ParseInt(t, 10, 64)
	if err == nil && err2 == nil {
		switch {
		case i < j:
			return -1
		case i > j:
			return 1
		}
		return 0
	}
	f, _ := strconv.ParseFloat(s, 64)
	g, _ := strconv.ParseFloat(t, 64)
	switch {
	case f < g:
		return -1
	case f > g:
		return 1
	}
	return 0
}
