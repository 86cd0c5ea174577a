package rules

import (
	"fmt"
	"slices"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/dql"
)

var idAdded = &Rule{
	ID:       "id-added",
	Severity: Error,
	Summary:  "A field gets @id, which stored values may violate.",
	Doc: Doc{
		Dgraph: "It accepts the change, builds an index and looks at no value. The directive is kept by GraphQL mutations only, " +
			"from then on.",
		Clients: "A get query by a value that two nodes hold answers null with an error; every add, upsert or nested reference with " +
			"that value fails. Empty values cannot be used.",
		Before: "type User {\n  id: ID!\n  email: String!\n}\n",
		After:  "type User {\n  id: ID!\n  email: String! @id\n}\n",
		Query:  `{ getUser(email: "ann@example.org") { email } }`,
		Answer: `{
  "errors": [{"message": "A list was returned, but GraphQL was expecting just one item ..."}],
  "data": {"getUser": null}
}`,
		Question: "Which values do several nodes hold, and which nodes have none or an empty one?",
		WaysOut: []string{
			"Make the values unique before the update: keep the oldest, add suffixes, merge the nodes, or clear the duplicates.",
			"Use @search(by: [hash]) instead, when uniqueness is not meant.",
		},
		Reverse: "The old schema brings everything back; duplicates stay as they are.",
	},
	judge: on(func(p *pass, c diff.IDAdded) *Finding {
		f := p.aboutID(c.Before, c.After)
		f.Impact.Data = DataInvalid
		f.Message = fmt.Sprintf("%s gets @id: stored values must be unique and not empty", c.Before.Coordinate())
		f.Question = fmt.Sprintf("Which values of %s do several nodes hold, and which nodes have none?", storedAs(c.After))
		f.Consequence = "For a value that several nodes hold, get queries answer null with an error, and adds and upserts fail."
		f.Fixes = []Fix{migration("make-unique", Review, "make the values of "+storedAs(c.After)+" unique before the update").by(uniqueness(p.After, c.After, scopesOf(c.After), p.Before.Storage.Predicate(c.After.Predicate)))}
		f.askUnique(p.duplicates(c.After, c.Before.Owner), c.After, c.Before.Owner)
		if storedAs(c.Before) != storedAs(c.After) && !p.inUse(c.After) {
			f.Severity = Warning
			f.Impact.Data = DataNone
			f.Consequence = fmt.Sprintf("%s is another predicate; uniqueness starts there, with what an older schema left.", c.After.Predicate)
			f.Question, f.Fixes, f.inquiry = "", nil, nil
		}
		return f
	}),
}

var idRemoved = &Rule{
	ID:       "id-removed",
	Severity: Warning,
	Summary:  "A field loses @id.",
	Doc: Doc{
		Dgraph:  "It drops the index and @upsert, unless @search keeps the index. Values stay.",
		Clients: "The get query by that field is gone, upserts too, and two nodes can take the same value from now on.",
		Before:  "type User {\n  id: ID!\n  email: String! @id\n}\n",
		After:   "type User {\n  id: ID!\n  email: String!\n}\n",
		Query:   `{ getUser(email: "ann@example.org") { email } }`,
		Answer: `{
  "errors": [
    {
      "message": "Field \"getUser\" argument \"id\" of type \"ID!\" is required but not provided."
    },
    {
      "message": "Unknown argument \"email\" on field \"getUser\" of type \"Query\"."
    }
  ],
  "data": null
}`,
		Question: "None: every value fits.",
		WaysOut:  []string{"Keep @id."},
		Reverse:  "Going back is id-added: duplicates that came meanwhile must be mended first.",
	},
	judge: on(func(p *pass, c diff.IDRemoved) *Finding {
		f := p.aboutID(c.Before, c.After)
		f.Message = fmt.Sprintf("%s loses @id", c.Before.Coordinate())
		f.Consequence = fmt.Sprintf("get%s no longer takes %s, and two nodes can hold the same value from now on.", c.After.Owner.Name, c.Before.Name)
		if !slices.ContainsFunc(c.After.Owner.Fields, func(x *schema.Field) bool { return x.Type().Named() == "ID" || x.Has("id") }) {
			f.Consequence = fmt.Sprintf("get%s and upserts are gone, and two nodes can hold the same value from now on.", c.After.Owner.Name)
		}
		if t := c.After.Type(); t.Named() == c.Before.Type().Named() && !t.List() && !c.After.Has("default") {
			f.Fixes = directive("restore-id", Safe, "put @id back on "+c.After.Coordinate(), p.edits.RestoreOnField(c.After, c.Before.Directive("id")))
		}
		return f
	}),
}

var idScopeChanged = &Rule{
	ID:       "id-scope-changed",
	Severity: Error,
	Summary:  "An @id becomes unique over all types of an interface, or stops to be.",
	Doc: Doc{
		Dgraph:  "Nothing changes in storage, so that a comparison of stored schemas does not show it. No value is looked at.",
		Clients: "With interface: true, a value that nodes of two implementing types hold makes the interface's get query answer null with an error, and adds of that value fail.",
		Before:  "interface Item {\n  id: ID!\n  sku: String! @id\n}\ntype Book implements Item {\n  pages: Int\n}\ntype Disc implements Item {\n  minutes: Int\n}\n",
		After:   "interface Item {\n  id: ID!\n  sku: String! @id(interface: true)\n}\ntype Book implements Item {\n  pages: Int\n}\ntype Disc implements Item {\n  minutes: Int\n}\n",
		Query:   `{ getItem(sku: "A-1") { sku } }`,
		Answer: `{
  "errors": [{"message": "A list was returned, but GraphQL was expecting just one item ..."}],
  "data": {"getItem": null}
}`,
		Question: "Which values do nodes of several implementing types hold?",
		WaysOut:  []string{"Make the values unique over all implementing types before the update."},
		Reverse:  "The old schema brings everything back.",
	},
	judge: on(func(p *pass, c diff.IDScopeChanged) *Finding {
		f := p.aboutID(c.Before, c.After)
		if !interfaceWide(c.After) {
			f.Severity = Warning
			f.Impact.API = APIDangerous
			f.Message = fmt.Sprintf("%s is unique only within each implementing type from now on", c.Before.Coordinate())
			f.Consequence = fmt.Sprintf("Nodes of different types can hold the same value, and get%s answers null with an error for it.", c.After.Owner.Name)
			f.Fixes = directive("restore-id", Safe, "put @id(interface: true) back on "+c.After.Coordinate(), p.edits.SetIDScope(c.After))
			return f
		}
		f.Impact.API = APINone
		f.Impact.Data = DataInvalid
		f.Message = fmt.Sprintf("%s must be unique over all implementing types from now on", c.Before.Coordinate())
		f.Consequence = fmt.Sprintf("For a value that nodes of different types hold, get%s answers null with an error, and adds fail.", c.After.Owner.Name)
		f.Question = fmt.Sprintf("Which values of %s do nodes of several types hold?", c.Before.Predicate)
		across := valuesOf(c.Before)
		for _, t := range c.Before.Owner.Implementors {
			across.Types = append(across.Types, t.Stored)
		}
		f.inquiry = &inquiry{questions: []dql.Question{dql.DuplicatesAcross(across)}, sum: unique}
		f.Fixes = []Fix{migration("make-unique", Review, "make the values of "+c.Before.Predicate+" unique over all types before the update").by(uniqueness(p.After, c.After, scopesOf(c.After), p.Before.Storage.Predicate(c.After.Predicate)))}
		return f
	}),
}

// askUnique asks about a field that gets @id: duplicates, empty values, and
// missing ones where the field must have one.
func (f *Finding) askUnique(duplicates dql.Question, a *schema.Field, owner *schema.Type) {
	f.inquiry = &inquiry{questions: []dql.Question{duplicates}, sum: unique}
	if required(a) {
		f.inquiry.questions = append(f.inquiry.questions, dql.Missing(valuesOf(a, owner)))
	}
}

// unique is the evidence on values that must differ: the nodes with duplicates,
// those with an empty value, and those without one.
func unique(answers []dql.Answer) Evidence {
	e := added(answers)
	d := answers[0]
	e.Violations += d.Empty
	if d.Groups > 0 && len(answers) > 1 && answers[1].Violations > 0 {
		e.Remarks = append(e.Remarks, count(answers[1].Violations, "node")+" without a value")
	}
	if d.Empty > 0 {
		e.Remarks = append(e.Remarks, count(d.Empty, "node")+" with an empty value")
	}
	if d.Variants > 0 {
		e.Remarks = append(e.Remarks, count(d.Variants, "set")+" of values that differ only by case or blanks")
	}
	return e
}

// count is a number with its noun.
func count(n uint64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// aboutID is what the rules on @id have in common.
func (p *pass) aboutID(b, a *schema.Field) *Finding {
	f := aboutChanged(b, a)
	f.Impact = Impact{API: APIBreaking, Storage: p.storage(a)}
	if a.Has("id") && !b.Has("id") {
		f.Impact.API = APINone
	}
	return f
}

func interfaceWide(f *schema.Field) bool {
	v := f.Directive("id").Arg("interface")
	return v != nil && v.Raw == "true"
}
