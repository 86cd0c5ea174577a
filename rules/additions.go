package rules

import (
	"fmt"

	"github.com/schemacheck/schemacheck/diff"
)

const additionReverse = "Going back leaves what was stored meanwhile behind."

var typeAdded = &Rule{
	ID:       "type-added",
	Severity: Info,
	Summary:  "A type, interface, union, enum or input is new.",
	Doc: Doc{
		Dgraph:   "It creates the type and its predicates. Data that an older schema left under the same names comes back.",
		Clients:  "New queries and mutations.",
		Before:   "type User {\n  id: ID!\n  name: String\n}\n",
		After:    "type User {\n  id: ID!\n  name: String\n}\ntype Invoice {\n  id: ID!\n  total: Float\n}\n",
		Question: "Does the database hold nodes of that type already?",
		WaysOut:  []string{"Nothing needs to be done."},
		Reverse:  additionReverse,
	},
	judge: on(func(p *pass, c diff.TypeAdded) *Finding {
		t := c.Type
		f := &Finding{
			Coordinate:  t.Name,
			Addition:    true,
			Place:       onType(t),
			Reversible:  true,
			Message:     fmt.Sprintf("%s %s is new", kindWord(t), t.Name),
			Consequence: "Clients get new elements.",
		}
		if t.Stores() {
			f.Predicates = ownPredicates(t)
			f.Consequence = fmt.Sprintf("Clients get new elements; they are empty unless an older schema left nodes of %s.", t.Stored)
		}
		return f
	}),
}

var fieldAdded = &Rule{
	ID:       "field-added",
	Severity: Info,
	Summary:  "A field is new and need not have a value.",
	Doc: Doc{
		Dgraph:   "It creates the predicate. Values that an older schema left under the same name come back.",
		Clients:  "A new field that reads null, or [] for a list, until somebody writes it.",
		Before:   "type User {\n  id: ID!\n  name: String\n}\n",
		After:    "type User {\n  id: ID!\n  name: String\n  nick: String\n}\n",
		Question: "Does the database hold values under that predicate already?",
		WaysOut:  []string{"Nothing needs to be done."},
		Reverse:  additionReverse,
	},
	judge: on(func(p *pass, c diff.FieldAdded) *Finding {
		if requiredFieldAdded.judge(p, c) != nil {
			return nil
		}
		a := c.Field
		if p.refused[unquoted(a.Predicate)] != "" {
			return nil // the field cannot be had: that is told of its predicate
		}
		if p.reused[a] {
			return nil // it is told what the field reads
		}
		f := &Finding{
			Coordinate:  a.Coordinate(),
			Addition:    true,
			Affects:     inherits(a),
			Place:       place(a),
			Predicates:  predicates(a.Predicate),
			Reversible:  true,
			Message:     fmt.Sprintf("%s is new (%s)", a.Coordinate(), written(a)),
			Consequence: "Clients get a new field.",
		}
		if a.Predicate != "" {
			f.Consequence = fmt.Sprintf("Clients get a new field; it is empty unless an older schema left values under %s.", storedAs(a))
		}
		if p.inUse(a) {
			f.Addition = false
			f.Impact.Storage = p.storage(a)
			f.Message += ", stored as " + storedAs(a) + ", which is already in use"
			f.Consequence = fmt.Sprintf("It reads and writes the values that are stored under %s already.", storedAs(a))
			if a.Reverse {
				f.Consequence = fmt.Sprintf("It reads the edges that are stored under %s already, from their other end.", forward(a))
			}
		}
		return f
	}),
}

var enumValueAdded = &Rule{
	ID:       "enum-value-added",
	Severity: Info,
	Summary:  "An enum gains a value.",
	Doc: Doc{
		Dgraph:   "Nothing: enums are stored as strings.",
		Clients:  "They may meet a value that they do not know.",
		Before:   "type Shirt {\n  id: ID!\n  color: Color\n}\nenum Color { RED BLUE }\n",
		After:    "type Shirt {\n  id: ID!\n  color: Color\n}\nenum Color { RED GREEN BLUE }\n",
		Question: "None.",
		WaysOut:  []string{"Nothing needs to be done."},
		Reverse:  "Going back is enum-value-removed.",
	},
	judge: on(func(p *pass, c diff.EnumValueAdded) *Finding {
		return &Finding{
			Coordinate:  c.Before.Name + "." + c.Value.Name.Text,
			Addition:    true,
			Place:       Place{AnchorSelf, c.Value.Name.Span.To(c.Value.Span)},
			Reversible:  true,
			Message:     fmt.Sprintf("%s gains the value %s", c.Before.Name, c.Value.Name.Text),
			Consequence: "Clients may meet a value that they do not know.",
		}
	}),
}
