package rules

import (
	"fmt"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/fixes"
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
		if !a.Reverse {
			f.Question = fmt.Sprintf("How many nodes have a value under %s, and is there any under %s?", storedAs(b), storedAs(a))
			there := valuesOf(a, a.Owner)
			there.Types = nil // the nodes can be of a type that is renamed too
			f.ask(held(b), dql.Values(there))
			f.inquiry.sum = besides(func(e *Evidence, new dql.Answer) {
				switch {
				case new.Violations > 0 && f.underway:
					e.Remarks = append(e.Remarks, fmt.Sprintf("%s with a value under %s already, which a plan writes that has begun", count(new.Violations, "node"), storedAs(a)))
				case new.Violations > 0:
					e.Remarks = append(e.Remarks, fmt.Sprintf("%s with a value under %s already", count(new.Violations, "node"), storedAs(a)))
				case c.Confidence == diff.Likely:
					e.Reasons = append(e.Reasons, fmt.Sprintf("there are values under %s and none under %s", storedAs(b), storedAs(a)))
				default:
					e.Remarks = append(e.Remarks, "no value under "+storedAs(a))
				}
			})
		}
		f.Consequence = fmt.Sprintf("The stored values are no longer found: they stay under %s, and %s reads %s.",
			storedAs(b), a.Coordinate(), p.reads(a))
		f.Fixes = append(p.pinPredicate(a, b),
			migration("copy-values", Review, fmt.Sprintf("copy the values of %s to %s", storedAs(b), storedAs(a))).by(p.copying(b, a)))
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
// nothing where they could not be read there as what the field is now.
func (p *pass) pinPredicate(after, before *schema.Field) []Fix {
	pred, at := storedAs(before), after.Coordinate()
	if after.Source != nil {
		at = after.Source.Name + "." + after.Name
	}
	risk, title := Safe, fmt.Sprintf("add @dgraph(pred: %q) to %s", pred, at)
	if before.Language == "" && !before.Reverse && after.Source == nil && pred == after.Owner.Stored+"."+after.Name {
		title = fmt.Sprintf("remove @dgraph(pred:) from %s: its values are under %s", at, pred)
	}
	for _, u := range p.reaching[pred] {
		if u.owner == after.Owner && u.coordinate != at {
			risk = Review
			title += fmt.Sprintf(", and in the same update another one to %s, which uses %s now", u.coordinate, pred)
			break
		}
	}
	patch := p.edits.PinFields(fixes.Move{Before: before, After: after})
	if len(patch.Edits) > 1 || required(after) && !required(before) {
		risk = Review // more changes, or nodes without a value cannot be read
	}
	return directive("pin-predicate", risk, title, patch)
}

// readable reports whether all values of an old field can be read as those of a
// new one.
func (p *pass) readable(b, a *schema.Field) bool {
	if before, after := reference(b, p.Before), reference(a, p.After); before || after {
		old, new := b.Type().Named(), a.Type().Named()
		t := p.Before.Type(old)
		return before && after && (t == nil && old == new || t != nil && p.Survivor(t) != nil && p.Survivor(t).Name == new || p.wider(old, new))
	}
	if storesOneOf(b) != storesOneOf(a) {
		return false
	}
	from, to := p.valueType(b, p.Before), p.valueType(a, p.After)
	if from == "enum" && to == "enum" {
		old := p.Before.Type(b.Type().Named())
		return p.includes(b, a) || p.Survivor(old) != nil && p.Survivor(old).Name == a.Type().Named() // what it lost is told of it
	}
	return from == to || conversionOf(from, to).data == DataNone
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
