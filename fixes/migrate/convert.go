package migrate

import (
	"errors"
	"fmt"
	"slices"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/convert"
)

// Convert makes values readable under another type. Those that Dgraph reads
// under that type as they are stay as they are; the others are mended by rules.
//
// In place, before the type changes, what cannot be mended is put in quarantine.
// Into another predicate everything is written as it is read under the new type,
// and what cannot be mended stays where it is.
type Convert struct {
	Predicate string  `yaml:"predicate"`
	Reading   Reading `yaml:"reading"`
	// Lang says that values may have a language under the new type.
	Lang  bool  `yaml:"lang,omitempty"`
	Rules Rules `yaml:"rules,omitempty"`
	// Quarantine is the predicate to which values are moved that cannot be
	// mended; empty leaves them.
	Quarantine string `yaml:"quarantine,omitempty"`
	// Into is the predicate that the values are written to; empty mends them in
	// place.
	Into string `yaml:"into,omitempty"`
	// Move deletes the values that were written to Into.
	Move bool `yaml:"move,omitempty"`
	// Types leaves out nodes that have none of these stored types; empty takes
	// all.
	Types []string `yaml:"types,omitempty"`
}

func (c *Convert) check() error {
	switch {
	case c.Predicate == "" || c.Predicate == c.Into || c.Predicate == c.Quarantine:
		return errors.New("values are converted under one predicate, or to another one")
	case c.Into != "" && c.Quarantine != "":
		return errors.New("what is converted to another predicate needs no quarantine: it stays where it is")
	case c.Into == "" && c.Move:
		return errors.New("values are moved to another predicate, which is missing")
	}
	if err := c.Rules.check(); err != nil {
		return err
	}
	return c.Reading.check()
}

func (c *Convert) others() []string {
	var names []string
	for _, name := range []string{c.Into, c.Quarantine} {
		if name != "" {
			names = append(names, name)
		}
	}
	return names
}

func (c *Convert) reads() []string { return append(c.others(), c.Predicate) }

func (c *Convert) writes() []string {
	if c.Into != "" && !c.Move {
		return []string{c.Into}
	}
	return append(c.others(), c.Predicate)
}

func (c *Convert) ignoresTypes() bool { return len(c.Types) == 0 }

func (c *Convert) judge(p *page) (*change, error) {
	for _, name := range c.others() {
		if err := p.declared(name); err != nil {
			return nil, err
		}
	}
	result := &change{}
	for _, n := range p.nodes {
		switch {
		case len(c.Types) > 0 && !slices.ContainsFunc(c.Types, n.is):
		case c.Into != "":
			c.transform(p, n, result)
		default:
			c.mend(p, n, result)
		}
	}
	return result, nil
}

// transform writes the values of a node to another predicate. It never
// overwrites.
func (c *Convert) transform(p *page, n *node, result *change) {
	into := p.predicate(c.Into)
	there := n.quads[c.Into]
	var set, del []dql.Quad
	for _, q := range n.quads[c.Predicate] {
		data, reason := c.converted(q)
		if reason != "" {
			result.tell(n, q, "%s", reason)
			continue
		}
		to := q
		to.Predicate, to.Data, to.Type = c.Into, data, c.Reading.Type
		switch placed(there, to, into.List) {
		case conflict:
			result.tell(n, q, "%s holds something else already", c.Into).differs = true
			continue
		case missing:
			set, there = put(set, to), put(there, to)
		}
		if c.Move {
			del = append(del, q)
		}
	}
	result.write(set, del)
}

// converted is a value as it is written under the new type, or the reason why it
// cannot be.
func (c *Convert) converted(q dql.Quad) (any, string) {
	if reason := c.foreign(q); reason != "" {
		return nil, reason
	}
	m := c.Rules.mend(q, c.Reading)
	if m.reason != "" {
		return nil, m.reason
	}
	if !m.mended {
		data, _, _ := c.Reading.of(q.Data, q.Type)
		return data, ""
	}
	data, err := c.Reading.parse(m.text)
	if err != nil {
		return nil, err.Error()
	}
	return data, ""
}

// foreign says why a value has no place under the new type, whatever it is.
func (c *Convert) foreign(q dql.Quad) string {
	if q.Lang != "" && !c.Lang {
		return fmt.Sprintf("it is in the language %s, and values of type %s have none", q.Lang, c.Reading.name())
	}
	return ""
}

// mend makes the values of a node readable where they are.
func (c *Convert) mend(p *page, n *node, result *change) {
	here := p.predicate(c.Predicate)
	stay, aside := n.quads[c.Predicate], n.quads[c.Quarantine]
	again := false
	var set, del []dql.Quad
	for _, q := range n.quads[c.Predicate] {
		data, m := c.inPlace(q)
		reason := m.reason
		if m.readable {
			result.tell(n, q, "%s", reason)
		}
		if m.readable || reason == "" && !m.mended {
			continue
		}
		if reason == "" && !here.List {
			q.Data = data
			set = append(set, q) // overwrites
			continue
		}
		rest := without(stay, q)
		if reason == "" {
			to := q
			to.Data = data
			switch placed(rest, to, true) {
			case conflict:
				reason = "the list has the value that it is converted to already, with other facets"
			case missing:
				set, rest = put(set, to), put(rest, to)
			}
		}
		if reason != "" {
			to := q
			to.Predicate = c.Quarantine
			switch c.quarantine(p, n, to, aside, reason, result) {
			case conflict:
				continue
			case missing:
				set, aside = append(set, to), put(aside, to)
			case present:
				again = true
			}
		}
		del, stay = append(del, q), rest
	}
	switch {
	case !here.List:
		// Dgraph ignores a deletion by value, without a word, where the value was
		// stored while the predicate had another type or none. "S P *" finds it, but
		// takes those in all languages too, and nothing may be set in its place.
		none := len(del) == len(n.quads[c.Predicate])
		for i := range del {
			del[i].All = none || del[i].Lang != ""
		}
	case again:
		// It was in quarantine before and is still here, perhaps since it was stored
		// under another type, which a deletion by value does not find.
		for _, q := range stay {
			set = put(set, q)
		}
		if len(del) > 0 {
			del[0].All = true
			del = del[:1]
		}
	}
	result.write(set, del)
}

// inPlace is what a value is overwritten with so that it reads well under the
// new type, if that is to be done.
func (c *Convert) inPlace(q dql.Quad) (any, mending) {
	if reason := c.foreign(q); reason != "" {
		return nil, mending{reason: reason}
	}
	m := c.Rules.mend(q, c.Reading)
	if !m.mended {
		return nil, m
	}
	data, err := Reading{Type: q.Type}.parse(m.text)
	if err != nil {
		return nil, mending{reason: err.Error()}
	}
	if _, outcome, reason := c.Reading.of(data, q.Type); outcome != convert.Same && outcome != convert.Converts {
		return nil, mending{reason: fmt.Sprintf("%q is not kept when it is stored as %s first: %s", brief(m.text), q.Type, reason)}
	}
	return data, m
}

// quarantine tells where a value goes that cannot be mended. One that is in
// conflict stays.
func (c *Convert) quarantine(p *page, n *node, q dql.Quad, aside []dql.Quad, reason string, result *change) placing {
	if c.Quarantine == "" {
		q.Predicate = c.Predicate
		result.tell(n, q, "%s", reason)
		return conflict
	}
	at := placed(aside, q, p.predicate(c.Quarantine).List)
	if at == conflict {
		q.Predicate = c.Predicate
		result.tell(n, q, "%s; it is not in quarantine, since %s holds something else of this node already", reason, c.Quarantine)
		return conflict
	}
	result.tell(n, q, "%s; it is in quarantine under %s", reason, c.Quarantine)
	return at
}
