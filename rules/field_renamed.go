package rules

import (
	"fmt"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/schema"
)

var fieldRenamed = &Rule{
	ID:       "field-renamed",
	Severity: Error,
	Summary:  "A field goes by another name; its values stay stored under the old one.",
	Doc: Doc{
		Dgraph: "It accepts the schema and creates a new predicate beside the old one. The values stay under the old " +
			"predicate. With @dgraph(pred: \"User.phone\") on the new field nothing changes in storage.",
		Clients:  "Without the directive the new field reads null for every node, or fails when it is non-null. With it, data is complete; only the name in the API changes.",
		Before:   "type User {\n  id: ID!\n  phone: String @search(by: [hash])\n}\n",
		After:    "type User {\n  id: ID!\n  phoneNumber: String @search(by: [hash])\n}\n",
		Query:    `{ queryUser { phoneNumber } }`,
		Answer:   `{"data": {"queryUser": [{"phoneNumber": null}]}}`,
		Question: "How many nodes have a value under the old predicate, and is there any under the new one?",
		WaysOut: []string{
			"@dgraph(pred: \"User.phone\") on the new field.",
			"Copy the values to the new predicate.",
		},
		Reverse: "The old name brings everything back, as long as nothing was written under the new one.",
	},
	judge: on(func(p *pass, c diff.FieldRenamed) *Finding {
		b, a := c.Before, c.After
		f := &Finding{
			Coordinate: b.Coordinate(),
			To:         a.Coordinate(),
			Place:      place(a),
			Previous:   previous(b),
			Affects:    inherits(a),
			Predicates: predicates(b.Predicate, a.Predicate),
			Impact:     Impact{API: APIBreaking, Storage: p.storage(a)},
			Reversible: true,
			Confidence: string(c.Confidence),
			Reasons:    c.Reasons,
			Message:    fmt.Sprintf("%s is renamed to %s", b.Coordinate(), a.Name),
		}
		if c.Confidence == diff.Likely {
			f.Message = fmt.Sprintf("%s looks renamed to %s", b.Coordinate(), a.Name)
		}
		if a.Predicate == "" || b.Predicate == "" || storedAs(b) == storedAs(a) {
			f.Severity = Info
			f.Consequence = "Stored data is not concerned; the name in the API changes, so clients must follow."
			if b.Predicate != "" && a.Predicate != "" {
				f.Message += ", and still stored as " + storedAs(b)
				f.Consequence = "All values stay reachable; the name in the API changes, so clients must follow."
				if p.refused[unquoted(b.Predicate)] != "" {
					f.Consequence = "The name in the API changes, so clients must follow; for another reason the update is refused."
				}
			}
			return f
		}
		f.Impact.Data = DataHidden
		f.Question = fmt.Sprintf("How many nodes have a value under %s?", storedAs(b))
		f.ask(held(b))
		f.Consequence = fmt.Sprintf("The stored values are no longer found: they stay under %s, and %s reads %s.",
			storedAs(b), a.Coordinate(), p.reads(a))
		f.Fixes = append(p.pinPredicate(a, b),
			Fix{"copy-values", Migration, Review, fmt.Sprintf("copy the values of %s to %s", storedAs(b), storedAs(a))})
		return f
	}),
}

// reads is what a query of a field gets that looks for its values elsewhere
// now.
func (p *pass) reads(f *schema.Field) string {
	if p.inUse(f) {
		return "what is stored as " + storedAs(f) + " instead"
	}
	return emptyRead(f)
}

// emptyRead is what a query of a field without values gets.
func emptyRead(f *schema.Field) string {
	switch {
	case f.Type().List():
		return "[]"
	case f.Type().NonNull:
		return "as an error that nulls the whole node"
	}
	return "null"
}

// pinPredicate is the directive that keeps a field's values where they are, or
// nothing where Dgraph would refuse the change of type that it brings.
func (p *pass) pinPredicate(after, before *schema.Field) []Fix {
	was, is := p.Before.Storage.Predicate(before.Predicate), p.After.Storage.Predicate(after.Predicate)
	if was != nil && is != nil && !before.Reverse && !after.Reverse &&
		(was.List && !is.List || (was.Type == "uid") != (is.Type == "uid")) {
		return nil
	}
	pred, at := storedAs(before), after.Coordinate()
	if after.Source != nil {
		at = after.Source.Name + "." + after.Name
	}
	f := Fix{"pin-predicate", Directive, Safe, fmt.Sprintf("add @dgraph(pred: %q) to %s", pred, at)}
	if before.Language == "" && !before.Reverse && after.Source == nil && pred == after.Owner.Stored+"."+after.Name {
		f.Title = fmt.Sprintf("remove @dgraph(pred:) from %s: its values are under %s", at, pred)
	}
	for _, u := range p.reaching[pred] {
		if u.owner == after.Owner && u.coordinate != at {
			f.Risk = Review
			f.Title += fmt.Sprintf(", and in the same update another one to %s, which uses %s now", u.coordinate, pred)
			break
		}
	}
	return []Fix{f}
}

// storedAs is the predicate as @dgraph(pred:) would name it.
func storedAs(f *schema.Field) string {
	s := unquoted(f.Predicate)
	if f.Reverse {
		s = "~" + s
	}
	if f.Language != "" {
		s += "@" + f.Language
	}
	return s
}
