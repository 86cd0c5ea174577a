package migrate

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/convert"
)

// Reading is how a field reads the values of a predicate.
type Reading struct {
	// Type is the DQL type, of the elements for a list.
	Type string `yaml:"type"`
	// GraphQL is the type of the field, of the elements for a list and without
	// "!"; empty for values that no field reads.
	GraphQL string `yaml:"graphql,omitempty"`
	// Enum are the members, when GraphQL is an enum.
	Enum []string `yaml:"enum,omitempty"`
}

func (r Reading) target() convert.Target {
	return convert.Target{Type: r.Type, GraphQL: r.GraphQL, Enum: r.Enum}
}

func (r Reading) check() error {
	if r.Type == "" {
		return errors.New("the DQL type that values are read as is missing")
	}
	return nil
}

// name is the type for people.
func (r Reading) name() string {
	if r.GraphQL != "" {
		return r.GraphQL
	}
	return r.Type
}

// parse reads a text that somebody wrote as a value of the type.
func (r Reading) parse(text string) (any, error) {
	data, outcome, reason := r.of(text, "string")
	switch {
	case text == everything:
		return nil, fmt.Errorf("%q cannot be written: it stands for everything that is stored", everything)
	case outcome == convert.Unknown || outcome > convert.Converts:
		return nil, fmt.Errorf("%q is no %s that Dgraph reads back: %s", brief(text), r.name(), reason)
	}
	return data, nil
}

// everything stands for all values in what is written to Dgraph (x.Star).
const everything = "_STAR_ALL"

// of is what a stored value of a type is read as, how it comes through, and why
// it does not.
func (r Reading) of(data any, typ string) (any, convert.Outcome, string) {
	outcome, detail := convert.Of(convert.Value{Data: data, Type: typ}, r.target())
	switch outcome {
	case convert.Same:
		return data, outcome, ""
	case convert.Converts, convert.Truncated:
		d := json.NewDecoder(strings.NewReader(detail))
		d.UseNumber()
		var read any
		if err := d.Decode(&read); err != nil {
			return nil, convert.Unknown, "what Dgraph makes of it is not known"
		}
		return read, outcome, "it is read as " + detail
	}
	return nil, outcome, detail
}

// brief bounds a text of somebody's in a message.
func brief(text string) string {
	const most = 60
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "..."
}

// declared refuses to write a predicate that the DQL schema has not: Dgraph
// would make one, of a type that the first value decides.
func (p *page) declared(name string) error {
	if p.live.Predicate(name) == nil {
		return fmt.Errorf("%s is not declared in the stored schema", name)
	}
	return nil
}

// tell notes a value that is left, or that is where nobody expects it.
func (c *change) tell(n *node, q dql.Quad, format string, args ...any) *Left {
	left := Left{UID: n.uid, Reason: fmt.Sprintf(format, args...), Predicate: q.Predicate, Data: q.Data}
	if q.Object != "" {
		left.Data = string(q.Object)
	}
	c.left = append(c.left, left)
	return &c.left[len(c.left)-1]
}

// placing is what becomes of a quad beside those that are there.
type placing int

const (
	missing  placing = iota // it is to be set
	present                 // it is there, with all that is noted at it
	conflict                // something else is in its place
)

// placed says what becomes of a quad under a predicate that holds others. Facets
// are added to a value or an edge that has none, and never replace others.
func placed(there []dql.Quad, q dql.Quad, list bool) placing {
	for _, t := range there {
		if sameObject(t, q) {
			switch {
			case len(q.Facets) == 0 || sameFacets(t.Facets, q.Facets):
				return present
			case len(t.Facets) == 0:
				return missing
			}
			return conflict
		}
	}
	if !list {
		for _, t := range there {
			if t.Lang == q.Lang {
				return conflict
			}
		}
	}
	return missing
}

// put notes a quad that will be there.
func put(there []dql.Quad, q dql.Quad) []dql.Quad { return append(without(there, q), q) }

// without leaves out the value or the edge of a quad.
func without(there []dql.Quad, q dql.Quad) []dql.Quad {
	var rest []dql.Quad
	for _, t := range there {
		if t.Predicate != q.Predicate || !sameObject(t, q) {
			rest = append(rest, t)
		}
	}
	return rest
}
