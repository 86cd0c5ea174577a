package rules

import (
	"fmt"
	"slices"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/dql"
)

var fieldTypeChanged = &Rule{
	ID:       "field-type-changed",
	Severity: Error,
	Summary:  "A scalar or enum field gets another scalar or enum type.",
	Doc: Doc{
		Dgraph: "It accepts the change and rewrites nothing: every value keeps the form in which it was stored and is " +
			"converted on each read.",
		Clients: "One value that does not convert fails the whole query for everybody who selects the field. Values that " +
			"are no members of the new enum, or do not fit into 32 bits, read null with an error. Fractions are cut.",
		Before: "type Product {\n  id: ID!\n  price: String\n}\n",
		After:  "type Product {\n  id: ID!\n  price: Float\n}\n",
		Query:  `{ queryProduct { price } }`,
		Answer: `{
  "errors": [{"message": "Dgraph query failed because Dgraph execution failed because : strconv.ParseFloat: parsing \"on request\": invalid syntax"}],
  "data": null
}`,
		Question: "Which values do not convert, and which lose something?",
		WaysOut: []string{
			"Mend or remove the values that do not convert before the update: afterwards they cannot be read.",
			"A new predicate with @dgraph(pred:), filled with converted values.",
		},
		Reverse: "The old type reads every value as before, as long as it was not written in between.",
	},
	judge: on(func(p *pass, c diff.FieldTypeChanged) *Finding {
		b, a := c.Before, c.After
		if reference(b, p.Before) || reference(a, p.After) {
			return nil
		}
		return p.retyped(b, a)
	}),
}

// retyped is about a field whose values are read as another type.
func (p *pass) retyped(b, a *schema.Field) *Finding {
	f := aboutChanged(b, a)
	f.Impact = Impact{API: APIBreaking, Storage: p.storage(a)}
	f.Message = fmt.Sprintf("%s changes from %s to %s", b.Coordinate(), written(b), written(a))
	if b.Predicate == "" || a.Predicate == "" {
		nodeIDChanged(f, b, a)
		return f
	}
	if storedAs(b) != storedAs(a) {
		p.elsewhere(f, b, a)
		return f
	}
	kind := conversionOf(p.valueType(b, p.Before), p.valueType(a, p.After))
	switch {
	case p.includes(b, a):
		kind = included
	case storesOneOf(a):
		kind = manyOfOne
	case storesOneOf(b) && b.Type().Named() == a.Type().Named():
		kind = oneOfMany
	}
	f.Impact.Data = kind.data
	f.Consequence = kind.consequence
	if was, is := p.Before.Storage.Predicate(b.Predicate), p.After.Storage.Predicate(a.Predicate); was != nil && is != nil && !was.List && is.List {
		f.Reversible = false // a list never becomes one value again
	}
	if kind.data == DataNone {
		f.Severity = Warning
		return f
	}
	f.Question = fmt.Sprintf("Which values under %s %s?", b.Predicate, kind.question)
	f.ask(dql.Unfit(valuesOf(b, b.Owner), readAs(targetOf(p.After, a))))
	if kind.every {
		f.ask(held(b))
	}
	if storesOneOf(a) {
		f.Fixes = directive("keep-type", Safe, fmt.Sprintf("keep %s: for many values, let a list of nodes have one each", written(b)),
			p.edits.RestoreType(b, a))
		return f
	}
	f.Fixes = append(directive("new-predicate", Review, "give the field a new predicate with @dgraph(pred:) and fill it with converted values",
		p.edits.NewPredicate(p.sharing(a)...)),
		migration("convert-in-place", Review, "mend the values of "+b.Predicate+" before the update").by(p.converting(b, a)))
	return f
}

// sharing are all fields of a field's predicate, with it at the head.
func (p *pass) sharing(f *schema.Field) []*schema.Field {
	all := []*schema.Field{f}
	if stored := p.After.Storage.Predicate(f.Predicate); stored != nil {
		all = append(all, stored.Fields...)
	}
	return all
}

// storesOneOf reports whether Dgraph stores one value only of a field that is a
// list. Source: genDgSchema, which drops the list of geo types.
func storesOneOf(f *schema.Field) bool { return f.Type().List() && schema.Geo(f.Type().Named()) }

// elsewhere is about a field that moved to another predicate along with its
// change of type: the move is a finding of its own.
func (p *pass) elsewhere(f *Finding, b, a *schema.Field) {
	f.Severity = Warning
	f.Impact.Data = DataNone
	f.Consequence = fmt.Sprintf("The old schema stores nothing under %s; the values of %s must be converted when they are copied.", storedAs(a), storedAs(b))
	if p.inUse(a) {
		f.Consequence = fmt.Sprintf("The field reads what is stored as %s; the values of %s must be converted when they are copied there.", storedAs(a), storedAs(b))
	}
}

// nodeIDChanged is about a field that was the node's id or becomes it.
func nodeIDChanged(f *Finding, b, a *schema.Field) {
	if b.Predicate == "" {
		f.Impact.Data = DataHidden
		f.Message += ": it was the node's own id, which is stored nowhere else"
		f.Consequence = fmt.Sprintf("%s is a new, empty predicate: it reads %s for every node stored so far, and ids that clients kept no longer find anything.",
			storedAs(a), emptyRead(a))
		f.Fixes = []Fix{migration("fill-ids", Review, "fill "+a.Predicate+" for the existing nodes")}
		return
	}
	f.Impact.Data = DataOrphaned
	f.Message += ": from now on it is the node's own id"
	f.Consequence = fmt.Sprintf("The values stay under %s, out of reach of the API, and clients get other ids.", b.Predicate)
	f.Question = fmt.Sprintf("How many nodes have a value under %s?", b.Predicate)
	f.ask(held(b))
}

// includes reports whether two fields are of enums, the second of which has
// all values of the first.
func (p *pass) includes(b, a *schema.Field) bool {
	old, new := p.Before.Type(b.Type().Named()), p.After.Type(a.Type().Named())
	if old == nil || new == nil || old.Kind != sdl.Enum || new.Kind != sdl.Enum {
		return false
	}
	return !slices.ContainsFunc(old.Definition.Values, func(v *sdl.EnumValue) bool {
		return !slices.ContainsFunc(new.Definition.Values, func(w *sdl.EnumValue) bool { return w.Name.Text == v.Name.Text })
	})
}

// reference reports whether a field of that schema points to nodes.
func reference(f *schema.Field, s *diff.Schema) bool {
	named := f.Type().Named()
	switch s.Kind(named) {
	case sdl.Object, sdl.Interface, sdl.Union:
		return !schema.Geo(named)
	}
	return false
}

// valueType is the name that conversions know a field's values by.
func (p *pass) valueType(f *schema.Field, s *diff.Schema) string {
	named := f.Type().Named()
	switch {
	case f.Has("embedding"):
		return "vector"
	case s.Kind(named) == sdl.Enum:
		return "enum"
	}
	return named
}
