package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/convert"
)

var unreadableValues = &Rule{
	ID:       "unreadable-values",
	Severity: Error,
	Summary:  "Stored values cannot be read as the field's type.",
	Doc: Doc{
		Dgraph: "A value keeps the form in which it was stored, whatever type the predicate gets later, and is converted on each read. " +
			"GraphQL has limits of its own: Int has 32 bits in it and 64 in storage, and all shapes are stored alike.",
		Clients: "One value that does not convert makes every query that selects the field fail, for all nodes. Numbers beyond 32 bits " +
			"read null with an error. A shape of another kind makes the whole answer an error, and so do values where the schema " +
			"wants nodes, or nodes where it wants values. All are errors; only shapes are a warning as long as they were not " +
			"looked at, since a look can end a server that holds certain broken ones.",
		After: "type Page {\n  id: ID!\n  visits: Int\n}\n",
		Data:  "_:a <dgraph.type> \"Page\" .\n_:a <Page.visits> \"3000000000\" .\n_:b <dgraph.type> \"Page\" .\n_:b <Page.visits> \"7\" .\n",
		Query: `{ queryPage { visits } }`,
		Answer: `{
  "errors": [{"message": "Error coercing value '3000000000' for field 'visits' to type Int."}],
  "data": {"queryPage": [{"visits": 7}, {"visits": null}]}
}`,
		Question: "Which values does the server fail to read, which do not convert to the field's type, and which does GraphQL refuse?",
		WaysOut: []string{
			"Give the field a type that all values have: Int64 for large numbers, String for everything.",
			"Mend or delete the values. Those that the server cannot read become readable when the predicate is a string for a while.",
		},
	},
	audit: func(a *audit) []*Finding {
		return a.eachField(func(f *schema.Field) *Finding {
			to, was := targetOf(a.Schema, f), a.found(f)
			about := aboutField(f)
			about.Message = fmt.Sprintf("values of %s must read as %s", f.Coordinate(), written(f))
			switch {
			case a.otherKind(f):
				about.Message = fmt.Sprintf("%s is %s, and the server stores %s under %s", f.Coordinate(), written(f), asStored(was), was.Name)
				about.Consequence = "Nothing that is stored there can be read, and Dgraph does not turn one into the other."
				about.Question = fmt.Sprintf("How many nodes have something under %s?", was.Name)
				about.ask(dql.Values(anyValues(f.Predicate)))
				about.Fixes = []Fix{migration("rebuild", Destructive, fmt.Sprintf("keep what is stored, drop %s and declare it as the schema wants it", was.Name)).
					by(rebuilding(a.Schema, was, a.Storage.Predicate(f.Predicate)))}
				return about
			case storesOneOf(f):
				about.Consequence = manyOfOne.consequence
				about.Question = fmt.Sprintf("How many nodes have a value under %s?", storedAs(f))
				about.ask(held(f))
				return about
			case reference(f, a.Schema) || to.Enum != nil:
				return nil // no value, or one that enum-out-of-range is about
			case to.Type == "string" && (was == nil || was.Type == "string"):
				return nil // whatever was stored reads as text
			case schema.Geo(to.GraphQL):
				about.Severity = Warning
			}
			about.Fixes = mending(a.Schema, f)
			about.Consequence = "One value that does not convert makes every query that selects the field fail, for all nodes."
			if to.GraphQL == "Int" {
				about.Consequence += " Numbers beyond 32 bits read null with an error; where the field is non-null, the node is lost with them."
			}
			if schema.Geo(to.GraphQL) {
				about.Consequence = "One value of another shape makes the whole answer of every query that selects the field an error."
			}
			about.Question = fmt.Sprintf("Which values under %s cannot be read as %s?", storedAs(f), written(f))
			about.ask(dql.Unfit(valuesOf(f, f.Owner), readAs(to)))
			about.inquiry.sum = histogram(unfit)
			about.inquiry.found = func(f *Finding) {
				f.Severity = Error
				if slices.ContainsFunc(f.Evidence.Remarks, func(r string) bool { return strings.Contains(r, unreadable) }) && len(f.Fixes) > 1 {
					f.Fixes = slices.DeleteFunc(slices.Clone(f.Fixes), func(x Fix) bool { return x.ID == "convert-in-place" })
				}
			}
			return about
		})
	},
}

// unreadable is what is said of values that the server does not read.
const unreadable = " fail every query that reads them"

// found is how the server stores a field; nil when nothing is there, or nobody
// knows.
func (a *audit) found(f *schema.Field) *dql.Predicate {
	if a.stored == nil {
		return nil
	}
	return a.stored.Predicate(unquoted(f.Predicate))
}

// otherKind reports whether the server stores something under a field's
// predicate that never becomes what the field has. Source: checkSchema in
// worker/mutation.go.
func (a *audit) otherKind(f *schema.Field) bool {
	is, was := a.Storage.Predicate(f.Predicate), a.found(f)
	if was == nil || is == nil {
		return false
	}
	return was.List && !is.List || (was.Type == "uid") != (is.Type == "uid") || was.Type == "password"
}

// asStored names what a predicate holds.
func asStored(p *dql.Predicate) string {
	what := p.Type
	if what == "uid" {
		what = "nodes"
	}
	if p.List {
		return "lists of " + what
	}
	return what
}

// unfit puts the verdicts of readAs in words.
func unfit(verdict, n string) string {
	switch verdict {
	case convert.Truncated.String():
		return n + " read as something less"
	case convert.Absent.String():
		return n + " left out where they are read"
	case convert.Null.String():
		return n + " read null with an error"
	case convert.Crashes.String():
		return n + " end the server that reads them"
	}
	return n + unreadable
}
