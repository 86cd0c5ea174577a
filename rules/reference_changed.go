package rules

import (
	"fmt"
	"slices"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/dql"
)

var referenceChanged = &Rule{
	ID:       "reference-changed",
	Severity: Error,
	Summary:  "A field that points to nodes of one type points to another.",
	Doc: Doc{
		Dgraph:  "It accepts the change: an edge does not know the type of its target, and no check is made on reads.",
		Clients: "Old targets come out as nodes of the new type, with null in every field that they do not have; a non-null field among these turns the reference into an error.",
		Before:  "type Post {\n  id: ID!\n  author: User\n}\ntype User {\n  id: ID!\n  name: String!\n}\ntype Editor {\n  id: ID!\n  desk: String!\n}\n",
		After:   "type Post {\n  id: ID!\n  author: Editor\n}\ntype User {\n  id: ID!\n  name: String!\n}\ntype Editor {\n  id: ID!\n  desk: String!\n}\n",
		Query:   `{ queryPost { author { __typename desk } } }`,
		Answer: `{
  "errors": [{"message": "Non-nullable field 'desk' (type String!) was not present in result from Dgraph ..."}],
  "data": {"queryPost": [{"author": null}]}
}`,
		Question: "How many edges lead to nodes that lack the new type?",
		WaysOut: []string{
			"A new field for the new type; keep the old one and mark it @deprecated.",
			"Retag the targets, or lead the edges to nodes of the new type.",
		},
		Reverse: "The old type brings everything back.",
	},
	judge: on(func(p *pass, c diff.FieldTypeChanged) *Finding {
		b, a := c.Before, c.After
		before, after := reference(b, p.Before), reference(a, p.After)
		if !before && !after {
			return nil
		}
		f := aboutChanged(b, a)
		f.Impact = Impact{API: APIBreaking, Data: DataInvalid}
		f.Message = fmt.Sprintf("%s changes from %s to %s", b.Coordinate(), written(b), written(a))
		if storedAs(b) != storedAs(a) {
			p.elsewhere(f, b, a)
			return f
		}
		old, new := b.Type().Named(), a.Type().Named()
		if p.wider(old, new) {
			f.Severity = Warning
			f.Impact = Impact{API: APIDangerous}
			f.Consequence = fmt.Sprintf("Nodes of %s are nodes of %s too, so targets stay readable; clients may meet other types.", old, new)
			return f
		}
		f.Consequence = fmt.Sprintf("Stored edges still lead to nodes of %s, which come out as %s with empty fields, or as errors.", old, new)
		f.Question = fmt.Sprintf("How many edges of %s lead to nodes that are no %s?", b.Predicate, new)
		if targets := targets(p.After, new); before && after && len(targets) > 0 {
			f.ask(dql.Mistargeted(valuesOf(b, b.Owner), targets...))
		} else {
			f.ask(held(b))
		}
		f.Fixes = append(directive("new-field", Review, "keep the field as it is and add a new one for "+new, p.edits.Separate(b, a)),
			migration("retag-targets", Review, fmt.Sprintf("retag the targets of %s as %s", b.Predicate, new)))
		return f
	}),
}

// targets are the stored types of the nodes that a reference to a type or union
// of the schema can lead to.
func targets(s *diff.Schema, name string) []string {
	t := s.Type(name)
	if t == nil {
		return nil
	}
	if t.Kind != sdl.Union {
		return storedTypes(t)
	}
	var all []string
	for _, m := range t.Definition.Members {
		if member := s.Type(m.Text); member != nil {
			all = append(all, member.Stored)
		}
	}
	return all
}

// wider reports whether every node of the old type is one of the new: an
// interface that it implements, also when it starts to, since a node comes out
// as its own type; or a union of which it is a member.
func (p *pass) wider(old, new string) bool {
	b, a := p.Before.Type(old), p.After.Type(new)
	if b == nil || a == nil {
		return false
	}
	switch a.Kind {
	case sdl.Interface:
		survivor := p.Survivor(b)
		return survivor != nil && slices.Contains(survivor.Interfaces, a)
	case sdl.Union:
		return slices.ContainsFunc(a.Definition.Members, func(m sdl.Name) bool {
			member := p.After.Type(m.Text)
			return member != nil && p.Origin(member) == b
		})
	}
	return false
}
