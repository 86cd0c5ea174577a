package rules

import (
	"fmt"
	"slices"

	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/dql"
)

var danglingEdges = &Rule{
	ID:       "dangling-edges",
	Severity: Error,
	Summary:  "References lead to nodes that were deleted, or that are of another type.",
	Doc: Doc{
		Dgraph: "An edge knows only the uid of its target, and a uid stays valid when the node is deleted: edges are not cleaned up, " +
			"but for those of @hasInverse, by GraphQL. No type is looked at on reads.",
		Clients: "The reference shows an object with the fields null that the target does not have. When one of these is non-null, the " +
			"reference is null, with an error, and what cannot do without it is lost with it; of a target of another type, an " +
			"interface or union shows an object without fields. It is an error where the referenced type has a non-null field " +
			"to lose, and a warning where it has none.",
		After: "type Post {\n  id: ID!\n  author: User\n}\ntype User {\n  id: ID!\n  name: String!\n}\n",
		Data:  "_:post <dgraph.type> \"Post\" .\n_:post <Post.author> _:gone .\n",
		Query: `{ queryPost { author { name } } }`,
		Answer: `{
  "errors": [{"message": "Non-nullable field 'name' (type String!) was not present in result from Dgraph ..."}],
  "data": {"queryPost": [{"author": null}]}
}`,
		Question: "How many nodes have edges whose target is not of the referenced type, and how many of these have no dgraph.type at all?",
		WaysOut: []string{
			"Write the dgraph.type, where the target is such a node that only lacks it.",
			"Delete the edges.",
		},
	},
	audit: func(a *audit) []*Finding {
		return a.eachReadable(func(f *schema.Field) *Finding {
			named := f.Type().Named()
			to := targets(a.Schema, named)
			if !reference(f, a.Schema) || len(to) == 0 {
				return nil
			}
			about := aboutField(f)
			about.Severity = Warning
			about.Message = fmt.Sprintf("edges of %s must lead to nodes of %s", f.Coordinate(), named)
			about.Consequence = fmt.Sprintf("An edge to something else shows a %s without its values.", named)
			if a.loses(named) {
				about.Severity = Error
				about.Consequence = fmt.Sprintf("An edge to something else shows null with an error where non-null fields of %s are selected, or an object without them.", named)
			}
			about.Question = fmt.Sprintf("How many edges of %s lead to nodes that are no %s?", storedAs(f), named)
			about.Fixes = []Fix{
				migration("tag-targets", Review, "write the dgraph.type to the targets that only lack it"),
				migration("delete-edges", Destructive, "delete the edges").by(unlinking(a.Schema, f.Predicate, storedTypes(f.Owner), to)),
			}
			about.ask(dql.Mistargeted(valuesOf(f, f.Owner), to...), dql.Dangling(valuesOf(f, f.Owner)))
			about.inquiry.sum = dangling
			return about
		})
	},
}

// dangling is the evidence on edges: those of the second answer are among those
// of the first.
func dangling(answers []dql.Answer) Evidence {
	e := together(answers)
	all, untyped := answers[0], answers[1]
	e.Violations, e.Samples = all.Violations, all.Samples
	if untyped.Violations > 0 {
		e.Remarks = append(e.Remarks, count(untyped.Violations, "node")+" with edges to what has no dgraph.type")
	}
	return e
}

// loses reports whether something non-null can be selected of a type or union,
// or of what implements it.
func (a *audit) loses(name string) bool {
	t := a.Type(name)
	some := func(t *schema.Type) bool { return slices.ContainsFunc(t.Fields, required) }
	if t.Kind != sdl.Union {
		return some(t) || slices.ContainsFunc(t.Implementors, some)
	}
	return slices.ContainsFunc(t.Definition.Members, func(m sdl.Name) bool {
		member := a.Type(m.Text)
		return member != nil && some(member)
	})
}
