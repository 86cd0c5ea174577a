package rules

import (
	"fmt"
	"slices"

	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/fixes/migrate"
)

var untypedNodes = &Rule{
	ID:       "untyped-nodes",
	Severity: Warning,
	Summary:  "Nodes hold values of a type without its dgraph.type, or lack that of its interface.",
	Doc: Doc{
		Dgraph: "It finds the nodes of a type by their dgraph.type alone. GraphQL mutations write it, with those of all interfaces; " +
			"loaders and DQL mutations store what they are told. A delete by GraphQL takes the dgraph.type and leaves the values " +
			"of fields that the schema no longer has.",
		Clients: "Queries, updates and deletes of the type, or of the interface, do not see the nodes. References to them still " +
			"show them. Values of an @id can be taken again.",
		After:    "type User {\n  id: ID!\n  name: String\n}\n",
		Data:     "_:ann <dgraph.type> \"User\" .\n_:ann <User.name> \"Ann\" .\n_:bob <User.name> \"Bob\" .\n",
		Query:    `{ queryUser { name } }`,
		Answer:   `{"data": {"queryUser": [{"name": "Ann"}]}}`,
		Question: "How many nodes have something under the predicates of the type and no dgraph.type, and how many nodes of the type lack that of its interface?",
		WaysOut: []string{
			"Write the missing dgraph.type.",
			"Delete the values, where the nodes were deleted and this is what was left.",
		},
	},
	audit: func(a *audit) []*Finding {
		var findings []*Finding
		seen := map[string]bool{}
		for _, t := range a.Types {
			if !t.Stores() {
				continue
			}
			own := slices.DeleteFunc(ownPredicates(t), func(p string) bool { return seen[p] })
			for _, p := range own {
				seen[p] = true
			}
			if len(own) > 0 {
				findings = append(findings, a.untyped(t, own))
			}
			for _, i := range t.Interfaces {
				findings = append(findings, lacksInterface(t, i))
			}
		}
		return findings
	},
}

// untyped is about nodes with predicates that tell of a type.
func (a *audit) untyped(t *schema.Type, own []string) *Finding {
	f := &Finding{
		Coordinate: t.Name,
		Place:      onType(t),
		Predicates: own,
		Impact:     Impact{Data: DataHidden},
		Message:    fmt.Sprintf("nodes with values of %s need a dgraph.type", t.Name),
		Consequence: fmt.Sprintf("Queries, updates and deletes of %s do not see nodes without a dgraph.type; references to them still show them.",
			t.Name),
		Question: fmt.Sprintf("How many nodes have something under %s and no dgraph.type?", list(own)),
		Fixes: []Fix{
			migration("tag-nodes", Review, fmt.Sprintf("write the dgraph.type %q to the nodes that lack it", t.Stored)).by(typing(a.Schema, t, own).Saying("type")),
			migration("delete-values", Destructive, "delete the values, where the nodes were deleted and these were left").by(typing(a.Schema, t, own).Saying("delete")),
		},
	}
	if t.Kind == sdl.Interface {
		f.Affects = names(t.Implementors)
		f.Fixes[0].Title = fmt.Sprintf("write the dgraph.type %q and that of an implementing type to the nodes that lack them", t.Stored)
	}
	f.ask(dql.Untyped(own...))
	f.inquiry.sum = histogram(func(predicate, n string) string { return n + " with " + predicate })
	return f
}

// lacksInterface is about nodes of a type that are older than its interface, or
// were not written by GraphQL.
func lacksInterface(t, i *schema.Type) *Finding {
	f := &Finding{
		Coordinate:  t.Name,
		Subject:     i.Name,
		Place:       onType(t),
		Impact:      Impact{Data: DataHidden},
		Message:     fmt.Sprintf("nodes of %s need the dgraph.type %q too", t.Name, i.Stored),
		Consequence: fmt.Sprintf("Queries, updates and deletes of %s do not see nodes of %s without it.", i.Name, t.Name),
		Question:    fmt.Sprintf("How many nodes of %s lack the dgraph.type %q?", t.Stored, i.Stored),
		Fixes:       []Fix{migration("tag-nodes", Safe, fmt.Sprintf("write the dgraph.type %q to the nodes of %s", i.Stored, t.Stored)).by(migrate.AddInterfaceType(t.Stored, i.Stored, false))},
	}
	f.ask(dql.Untagged(i.Stored, t.Stored))
	return f
}

var undeclaredTypes = &Rule{
	ID:       "undeclared-types",
	Severity: Error,
	Summary:  "Nodes have a dgraph.type, but none that the schema has, or only that of an interface.",
	Doc: Doc{
		Dgraph: "It keeps nodes, and their dgraph.type, when a type goes from the schema or is renamed. An interface's query finds " +
			"nodes by the interface's dgraph.type, and then looks for the type that each of them is.",
		Clients: "Nodes of types that the schema does not have are out of reach: that is a warning. When they still have the " +
			"dgraph.type of an interface, queries of the interface return {} for each, without an error and without the fields " +
			"that are non-null, and that is an error: clients break on it.",
		After: "interface Animal {\n  id: ID!\n  name: String!\n}\ntype Dog implements Animal {\n  breed: String\n}\n",
		Data: "_:rex <dgraph.type> \"Animal\" .\n_:rex <dgraph.type> \"Dog\" .\n_:rex <Animal.name> \"Rex\" .\n" +
			"_:tom <dgraph.type> \"Animal\" .\n_:tom <dgraph.type> \"Cat\" .\n_:tom <Animal.name> \"Tom\" .\n",
		Query:    `{ queryAnimal { name } }`,
		Answer:   `{"data": {"queryAnimal": [{"name": "Rex"}, {}]}}`,
		Question: "How many nodes have only types that the schema does not have, and how many of an interface have none that implements it?",
		WaysOut: []string{
			"Declare the type again, or name it with @dgraph(type:) where it was renamed.",
			"Write the dgraph.type of a type that the schema has.",
			"Delete the nodes.",
		},
	},
	audit: func(a *audit) []*Finding {
		declared := a.declared()
		var findings []*Finding
		known := slices.Clone(declared)
		if a.stored != nil {
			for _, t := range a.stored.Types {
				if slices.Contains(known, t.Name) {
					continue
				}
				known = append(known, t.Name)
				if !kept(t.Name) {
					findings = append(findings, a.undeclared(t.Name, dql.Lone(t.Name, declared...)))
				}
			}
		}
		findings = append(findings, a.undeclared("", dql.Undeclared(known...)))
		for _, t := range a.Types {
			if t.Kind == sdl.Interface && t.Stores() {
				findings = append(findings, a.bare(t))
			}
		}
		return findings
	},
}

// undeclared is about nodes without any type of the schema: those of a stored
// type, or of types that are not even stored ones.
func (a *audit) undeclared(stored string, q dql.Question) *Finding {
	f := &Finding{
		Severity:    Warning,
		Subject:     stored,
		Place:       start(a.Schema),
		Impact:      Impact{Data: DataHidden},
		Message:     "every node needs a dgraph.type that the schema has",
		Consequence: "Nodes whose types the schema does not have are out of reach of the API.",
		Question:    "How many nodes have a dgraph.type, and none that the schema has?",
		Fixes: []Fix{
			migration("retag-nodes", Review, "write the dgraph.type of a type that the schema has to the nodes"),
			migration("delete-nodes", Destructive, "delete the nodes"),
		},
	}
	if stored != "" {
		f.Message = fmt.Sprintf("the schema does not have the stored type %s", stored)
		f.Consequence = fmt.Sprintf("Nodes of %s that are of no other type are out of reach of the API.", stored)
		f.Question = fmt.Sprintf("How many nodes of %s have no dgraph.type that the schema has?", stored)
	}
	f.ask(q)
	f.inquiry.sum = histogram(func(name, n string) string {
		if name == stored {
			return ""
		}
		return fmt.Sprintf("%s of type %q", n, name)
	})
	return f
}

// bare is about nodes of an interface that no type claims.
func (a *audit) bare(i *schema.Type) *Finding {
	f := &Finding{
		Coordinate:  i.Name,
		Place:       onType(i),
		Affects:     names(i.Implementors),
		Impact:      Impact{Data: DataInvalid},
		Message:     fmt.Sprintf("nodes of %s need the dgraph.type of a type that implements it", i.Name),
		Consequence: fmt.Sprintf("Queries of %s return an object without fields for each node without one, also where fields are non-null.", i.Name),
		Question:    fmt.Sprintf("How many nodes of %s are of no type that implements it?", i.Stored),
		Fixes: []Fix{
			migration("retag-nodes", Review, "write the dgraph.type of an implementing type to the nodes"),
			migration("delete-nodes", Destructive, "delete the nodes"),
		},
	}
	claiming := storedTypes(i)[1:]
	if like := a.like(i); len(like) > 0 {
		claiming = append(claiming, like...)
		f.Question = fmt.Sprintf("How many nodes of %s are of no type that implements it or has its fields?", i.Stored)
	}
	f.ask(dql.Lone(i.Stored, claiming...))
	f.inquiry.sum = histogram(func(name, n string) string {
		if name == i.Stored {
			return ""
		}
		return fmt.Sprintf("%s of type %q", n, name)
	})
	return f
}

// like are the stored types that do not implement an interface and have all its fields: a type that
// has left it, whose nodes are still shown whole. Source: field.IncludeAbstractField.
func (a *audit) like(i *schema.Type) []string {
	var all []string
	for _, t := range a.Types {
		if t.Kind != sdl.Object || !t.Stores() || slices.Contains(i.Implementors, t) {
			continue
		}
		if !slices.ContainsFunc(i.Fields, func(f *schema.Field) bool { return f.Predicate != "" && t.Field(f.Name) == nil }) {
			all = append(all, t.Stored)
		}
	}
	return all
}
