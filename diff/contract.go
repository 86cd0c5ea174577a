package diff

import (
	"fmt"
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/diff/api"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// ContractChange is one difference between two generated APIs that clients can
// feel. What is only new is none.
type ContractChange struct {
	Kind ContractKind
	// Coordinate is the GraphQL schema coordinate in the generated API, of the
	// old one for what is removed: "UserFilter.phone", "Query.getUser(id:)".
	Coordinate string
	// What says it in a word or two, for people: "removed", "now String!".
	What string
	// Before and After are the elements of the two schemas that it comes from;
	// zero on the side where the element is not.
	Before, After api.Source
}

// ContractKind is how a change of the API meets clients.
type ContractKind uint8

// The kinds, worst first. The zero ContractKind is invalid.
const (
	// Removed: operations that name the element are no longer valid.
	Removed ContractKind = iota + 1
	// Required: operations that leave the element out are no longer valid.
	Required
	// TypeChanged: operations that use the element can be invalid, or get
	// something of another form.
	TypeChanged
	// Dangerous: operations stay valid and can behave otherwise, as where a
	// default changes or null can come.
	Dangerous
)

// Breaking reports whether operations can become invalid.
func (k ContractKind) Breaking() bool { return k != Dangerous }

// Contract compares two generated APIs as clients see them, in the order of
// the old one.
func Contract(before, after *api.Schema) []ContractChange {
	c := &contract{after: after}
	for _, b := range before.Types {
		if b.Origin == api.Static {
			continue // the same in every schema
		}
		a := after.Type(b.Name)
		switch {
		case a == nil:
			c.add(Removed, b.Name, "removed", b.Source, api.Source{})
		case a.Kind != b.Kind:
			c.add(TypeChanged, b.Name, fmt.Sprintf("now %s instead of %s", a.Kind.Keyword(), b.Kind.Keyword()), b.Source, a.Source)
		default:
			c.types(b, a)
		}
	}
	for _, pair := range [][2]*api.Type{{before.Query, after.Query}, {before.Mutation, after.Mutation}, {before.Subscription, after.Subscription}} {
		if !slices.Contains(before.Types, pair[0]) {
			c.types(pair[0], pair[1])
		}
	}
	return c.changes
}

type contract struct {
	after   *api.Schema
	changes []ContractChange
}

func (c *contract) add(kind ContractKind, coordinate, what string, before, after api.Source) {
	c.changes = append(c.changes, ContractChange{kind, coordinate, what, before, after})
}

// types compares two types of one name and kind.
func (c *contract) types(b, a *api.Type) {
	switch b.Kind {
	case sdl.Enum:
		c.values(b, a)
	case sdl.Union:
		for _, m := range b.Members {
			if !slices.Contains(a.Members, m) {
				c.add(Removed, b.Name, "no longer "+m, b.Source, a.Source)
			}
		}
		for _, m := range a.Members {
			if !slices.Contains(b.Members, m) {
				c.add(Dangerous, b.Name, "can be "+m, b.Source, a.Source)
			}
		}
	default:
		for _, i := range b.Interfaces {
			if !slices.Contains(a.Interfaces, i) {
				c.add(Removed, b.Name, "no longer implements "+i, b.Source, a.Source)
			}
		}
		for _, i := range a.Interfaces {
			if !slices.Contains(b.Interfaces, i) {
				c.add(Dangerous, b.Name, "implements "+i, b.Source, a.Source)
			}
		}
		c.fields(b, a)
	}
}

func (c *contract) values(b, a *api.Type) {
	after := map[string]*api.Value{}
	for _, v := range a.Values {
		after[v.Name] = v
	}
	for _, v := range b.Values {
		if after[v.Name] == nil {
			c.add(Removed, b.Name+"."+v.Name, "removed", v.Source, api.Source{})
		}
		delete(after, v.Name)
	}
	if b.Origin != api.Written {
		return // clients send these and never receive them
	}
	for _, v := range a.Values {
		if after[v.Name] != nil {
			c.add(Dangerous, b.Name+"."+v.Name, "added", api.Source{}, v.Source)
		}
	}
}

func (c *contract) fields(b, a *api.Type) {
	after := make(map[string]*api.Field, len(a.Fields))
	for _, f := range a.Fields {
		after[f.Name] = f
	}
	input := b.Kind == sdl.InputObject
	before := make(map[string]bool, len(b.Fields))
	for _, f := range b.Fields {
		at := b.Name + "." + f.Name
		before[f.Name] = true
		g := after[f.Name]
		switch {
		case g == nil:
			c.add(Removed, at, "removed", f.Source, api.Source{})
		case input:
			c.input(at, f.Type, g.Type, f.Default, g.Default, f.Source, g.Source)
		default:
			c.output(at, f.Type, g.Type, f.Source, g.Source)
			c.arguments(at, f, g)
		}
	}
	if !input {
		return
	}
	for _, g := range a.Fields {
		if !before[g.Name] && g.Type.NonNull && g.Default == nil {
			c.add(Required, b.Name+"."+g.Name, "new and required", api.Source{}, g.Source)
		}
	}
}

func (c *contract) arguments(at string, b, a *api.Field) {
	for _, x := range b.Arguments {
		name := fmt.Sprintf("%s(%s:)", at, x.Name)
		if y := a.Argument(x.Name); y == nil {
			c.add(Removed, name, "removed", x.Source, api.Source{})
		} else {
			c.input(name, x.Type, y.Type, x.Default, y.Default, x.Source, y.Source)
		}
	}
	for _, y := range a.Arguments {
		if b.Argument(y.Name) == nil && y.Type.NonNull && y.Default == nil {
			c.add(Required, fmt.Sprintf("%s(%s:)", at, y.Name), "new and required", api.Source{}, y.Source)
		}
	}
}

// output compares the types of what clients receive: more "!" is harmless,
// less can surprise.
func (c *contract) output(at string, b, a *sdl.Type, before, after api.Source) {
	switch {
	case b.String() == a.String(), narrower(b, a):
	case narrower(a, b):
		c.add(Dangerous, at, "now "+a.String(), before, after)
	default:
		c.add(TypeChanged, at, "now "+a.String(), before, after)
	}
}

// input compares the types and defaults of what clients send: less "!" is
// harmless, more is a demand.
func (c *contract) input(at string, b, a *sdl.Type, bDefault, aDefault *sdl.Value, before, after api.Source) {
	switch {
	case b.String() == a.String():
		if literal(bDefault) != literal(aDefault) {
			kind, what := Dangerous, "other default"
			if aDefault == nil && a.NonNull {
				kind, what = Required, "no default any more"
			}
			c.add(kind, at, what, before, after)
		}
	case narrower(a, b):
	case narrower(b, a):
		c.add(Required, at, "now "+a.String(), before, after)
	default:
		c.add(TypeChanged, at, "now "+a.String(), before, after)
	}
}

func literal(v *sdl.Value) string {
	if v == nil {
		return ""
	}
	if !v.Span.IsZero() {
		return strings.Join(strings.Fields(v.Span.Text()), " ")
	}
	return fmt.Sprint(v.Kind, v.Raw)
}

// narrower reports whether b is a with one or more "!" added, and nothing else.
func narrower(a, b *sdl.Type) bool {
	if a.NonNull && !b.NonNull || (a.Elem == nil) != (b.Elem == nil) {
		return false
	}
	if a.Elem != nil {
		return narrower(a.Elem, b.Elem)
	}
	return a.Name == b.Name
}
