package rules

import (
	"fmt"
	"slices"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/fixes"
)

const nonNullClients = "A query that selects the field gets an error for each node without a value, and null instead of the node; " +
	"a list of non-null elements is lost as a whole. Queries that do not select it work."

var requiredFieldAdded = &Rule{
	ID:       "required-field-added",
	Severity: Error,
	Summary:  "A type gains a non-null field, which no stored node has.",
	Doc: Doc{
		Dgraph:  "It accepts the change without a look at the data. @default fills a value when a node is added or updated, never for nodes that exist.",
		Clients: nonNullClients + " Adding a node requires the field from now on, unless it has @default(add:).",
		Before:  "type User {\n  id: ID!\n  name: String\n}\n",
		After:   "type User {\n  id: ID!\n  name: String\n  email: String!\n}\n",
		Query:   `{ queryUser { name email } }`,
		Answer: `{
  "errors": [{"message": "Non-nullable field 'email' (type String!) was not present in result from Dgraph ..."}],
  "data": {"queryUser": [null]}
}`,
		Question: "How many nodes of the type, implementing types included, have no value?",
		WaysOut: []string{
			"Keep the field nullable until every node has a value.",
			"Fill a value for the nodes that lack it, before the update.",
		},
		Reverse: "The old schema brings everything back.",
	},
	judge: on(func(p *pass, c diff.FieldAdded) *Finding {
		a := c.Field
		if !required(a) || p.alreadyThere(a) || p.refused[unquoted(a.Predicate)] != "" {
			return nil
		}
		affects := inherits(a)
		for _, t := range c.Moved {
			at := t.Name + "." + a.Name
			affects = slices.DeleteFunc(affects, func(s string) bool { return s == at })
		}
		if len(c.Moved) > 0 && len(affects) == 0 {
			return nil // the implementing types had the field: they are reported as moved
		}
		f := &Finding{
			Coordinate: a.Coordinate(),
			Place:      place(a),
			Affects:    affects,
			Predicates: predicates(a.Predicate),
			Impact:     Impact{API: APIBreaking, Storage: p.storage(a), Data: DataInvalid},
			Reversible: true,
			Message:    fmt.Sprintf("%s is new and required (%s)", a.Coordinate(), written(a)),
		}
		aboutMissing(p.After, f, a)
		f.ask(dql.Missing(valuesOf(a, c.Owner)))
		return f
	}),
}

var fieldMadeRequired = &Rule{
	ID:       "field-made-required",
	Severity: Error,
	Summary:  "A nullable field becomes non-null.",
	Doc: Doc{
		Dgraph:  "It accepts the change without a look at the data. Lists are never concerned: without values they read as [].",
		Clients: nonNullClients + " Adding a node requires the field from now on.",
		Before:  "type User {\n  id: ID!\n  name: String\n}\n",
		After:   "type User {\n  id: ID!\n  name: String!\n}\n",
		Query:   `{ queryUser { name } }`,
		Answer: `{
  "errors": [{"message": "Non-nullable field 'name' (type String!) was not present in result from Dgraph ..."}],
  "data": {"queryUser": [null, {"name": "Ann"}]}
}`,
		Question: "How many nodes of the type, implementing types included, have no value?",
		WaysOut: []string{
			"Keep the field nullable until every node has a value.",
			"Fill a value for the nodes that lack it, before the update.",
		},
		Reverse: "The old schema brings everything back.",
	},
	judge: on(func(p *pass, c diff.MadeRequired) *Finding {
		a := c.After
		movesWithType := c.Before.Owner.Stored != a.Owner.Stored && c.Before.Source == nil && a.Source == nil
		if !required(a) || storedAs(a) != storedAs(c.Before) && !movesWithType {
			return nil // at another predicate no node has a value: that is reported as the move
		}
		f := aboutChanged(c.Before, a)
		f.Impact = Impact{API: APIBreaking, Data: DataInvalid}
		f.Message = fmt.Sprintf("%s becomes required: %s instead of %s", c.Before.Coordinate(), written(a), written(c.Before))
		if storedAs(a) != storedAs(c.Before) {
			f.Severity = Warning
			f.Impact = Impact{API: APINone, Data: DataNone}
			f.Consequence = fmt.Sprintf("Nodes without a value under %s cannot be read as %s, once they are moved there.", storedAs(c.Before), a.Owner.Name)
			f.Question = fmt.Sprintf("How many nodes of %s have no value under %s?", c.Before.Owner.Stored, storedAs(c.Before))
			f.Fixes = keepNullable(a)
			f.ask(dql.Missing(valuesOf(c.Before, c.Before.Owner)))
			return f
		}
		aboutMissing(p.After, f, a)
		f.ask(dql.Missing(valuesOf(a, c.Before.Owner)))
		return f
	}),
}

// aboutMissing is what both rules say of nodes without a value.
func aboutMissing(s *diff.Schema, f *Finding, a *schema.Field) {
	f.Question = fmt.Sprintf("How many nodes of %s have no value under %s?", a.Owner.Stored, storedAs(a))
	f.Consequence = "A query that selects the field gets an error and null instead of every node that has no value."
	f.Fixes = keepNullable(a)
	if v := a.Directive("default").Arg("add").Field("value"); v != nil {
		f.Impact.API = APINone
		f.Message += "; its @default counts for new nodes only"
		f.Fixes = append(f.Fixes, migration("fill-default", Safe, fmt.Sprintf("fill the nodes that lack a value with %q, as @default does", v.Raw)).by(filling(s, a)))
		return
	}
	f.Fixes = append(f.Fixes, migration("fill-default", Review, "fill the nodes that lack a value").by(filling(s, a)))
}

// keepNullable is the way out for both.
func keepNullable(a *schema.Field) []Fix {
	return directive("keep-nullable", Safe, "write "+a.Coordinate()+" without \"!\" until every node has a value", fixes.MakeNullable(a))
}

// alreadyThere reports whether the old schema reached the field's predicate
// from the field's type, by a field of another name: the values exist.
func (p *pass) alreadyThere(a *schema.Field) bool {
	was := p.Origin(a.Owner)
	return was != nil && slices.ContainsFunc(was.Fields, func(f *schema.Field) bool {
		return storedAs(f) == storedAs(a) && required(f)
	})
}

var fieldMadeOptional = &Rule{
	ID:       "field-made-optional",
	Severity: Info,
	Summary:  "A non-null field becomes nullable.",
	Doc: Doc{
		Dgraph:   "Nothing: nullability is not stored.",
		Clients:  "They may meet null where there was always a value.",
		Before:   "type User {\n  id: ID!\n  name: String!\n}\n",
		After:    "type User {\n  id: ID!\n  name: String\n}\n",
		Question: "None: every node fits.",
		WaysOut:  []string{"Tell clients."},
		Reverse:  "Going back is field-made-required: check that no node lacks a value by then.",
	},
	judge: on(func(p *pass, c diff.MadeOptional) *Finding {
		f := aboutChanged(c.Before, c.After)
		f.Impact.API = APIDangerous
		f.Message = fmt.Sprintf("%s becomes optional: %s instead of %s", c.Before.Coordinate(), written(c.After), written(c.Before))
		f.Consequence = "Clients may meet null where there was always a value."
		return f
	}),
}
