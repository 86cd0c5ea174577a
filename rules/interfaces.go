package rules

import (
	"fmt"
	"slices"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/fixes"
	"github.com/schemacheck/schemacheck/fixes/migrate"
)

var interfaceAdded = &Rule{
	ID:       "interface-added",
	Severity: Error,
	Summary:  "A type starts to implement an interface.",
	Doc: Doc{
		Dgraph: "Fields that the interface has are stored under the interface's predicates, so the type's own values of those " +
			"fields are left behind under the old ones. Existing nodes do not get the interface's dgraph.type.",
		Clients: "Moved fields read null, or fail when they are non-null. Queries of the interface do not find the nodes that existed before.",
		Before:  "interface Animal {\n  id: ID!\n  name: String!\n}\ntype Dog {\n  id: ID!\n  name: String!\n}\n",
		After:   "interface Animal {\n  id: ID!\n  name: String!\n}\ntype Dog implements Animal {\n  breed: String\n}\n",
		Query:   `{ queryDog { name } queryAnimal { name } }`,
		Answer: `{
  "errors": [{"message": "Non-nullable field 'name' (type String!) was not present in result from Dgraph ..."}],
  "data": {"queryAnimal": [], "queryDog": [null]}
}`,
		Question: "How many nodes of the type lack the interface's dgraph.type, and how many have values under the " +
			"old predicates?",
		WaysOut: []string{
			"When only one type has data: @dgraph(pred: \"Dog.name\") on the field of the interface. On the field of the type it is ignored.",
			"Add the interface's dgraph.type to the nodes and copy their values to the interface's predicates.",
		},
		Reverse: "The old schema brings everything back.",
	},
	judge: on(func(p *pass, c diff.InterfaceAdded) *Finding {
		t, i := c.After, c.Interface
		if !t.Stores() || !i.Stores() {
			return nil
		}
		f := &Finding{
			Coordinate: c.Before.Name,
			Subject:    i.Name,
			Place:      Place{AnchorSelf, interfaceName(t, i)},
			Previous:   c.Before.Definition.Name.Span,
			Impact:     Impact{API: APINone, Data: DataHidden},
			Reversible: true,
			Severity:   Warning,
			Message:    fmt.Sprintf("%s starts to implement %s", t.Name, i.Name),
			Question:   fmt.Sprintf("How many nodes of %s lack the dgraph.type %q?", c.Before.Stored, i.Stored),
			Consequence: fmt.Sprintf("Queries of %s do not find the %s nodes stored so far: they lack the dgraph.type %q.",
				i.Name, t.Name, i.Stored),
			Fixes: []Fix{migration("add-interface-type", Safe, fmt.Sprintf("add the dgraph.type %q to the nodes of %s", i.Stored, c.Before.Stored)).
				by(migrate.AddInterfaceType(c.Before.Stored, i.Stored, p.Before.Storage.Type(i.Stored) != nil))},
		}
		f.ask(dql.Untagged(i.Stored, c.Before.Stored))
		required := requiredOf(c.Gained)
		also, fill := "", p.fillingGained(c)
		if fill != nil {
			also = ", and fill " + list(required)
			f.Fixes[0].Risk, f.Fixes[0].Title = Review, f.Fixes[0].Title+also
			f.Fixes[0] = f.Fixes[0].by(migrate.Together(f.Fixes[0].Migration, fill))
		}
		switch {
		case len(c.Moved) > 0:
			f.Severity = Error
			f.askHeld(c.Before, movedFrom(c.Moved)...) // nodes that have the type already lose these too
			f.Question = fmt.Sprintf("How many nodes of %s lack the dgraph.type %q, and how many have values under %s?", c.Before.Stored, i.Stored, list(oldPredicates(c.Moved)))
			f.Affects, f.Predicates = moves(c.Moved)
			f.Message += ": " + readElsewhere(f.Affects)
			f.Consequence = fmt.Sprintf("The stored values of %s are no longer found (they stay under %s), and queries of %s miss these nodes.",
				list(f.Affects), list(oldPredicates(c.Moved)), i.Name)
			f.Fixes = append(p.pinInterface(c.Moved), migration("copy-and-retag", Review,
				fmt.Sprintf("copy the values to the predicates of %s and add its dgraph.type%s", i.Name, also)).
				by(migrate.Together(migrate.MoveIntoInterface(p.crossing(c.Before, i, c.Moved)), fill)))
		case len(required) > 0:
			f.Severity = Error
			f.Impact.Data = DataInvalid
			f.Message += fmt.Sprintf(", which requires %s", list(required))
			f.Consequence = fmt.Sprintf("Every %s stored so far lacks %s: a query that selects it gets an error and null instead of the node. Queries of %s miss these nodes.",
				t.Name, list(required), i.Name)
		}
		if len(required) > 0 {
			f.Impact.API = APIBreaking
			f.Affects = append(f.Affects, required...)
			f.Predicates = predicates(append(f.Predicates, predicatesOf(c.Gained)...)...)
		}
		if len(required) > 0 && len(c.Moved) > 0 {
			f.Message += fmt.Sprintf("; it requires %s too", list(required))
			f.Consequence += fmt.Sprintf(" Every %s stored so far lacks %s.", t.Name, list(required))
		}
		return f
	}),
}

// fillingGained fills what an interface requires of its new members; nil when
// that is nothing, or something that no plan can fill.
func (p *pass) fillingGained(c diff.InterfaceAdded) *migrate.Migration {
	var names []string
	var all []*migrate.Migration
	for _, f := range c.Gained {
		if required(f) {
			names, all = append(names, f.Name), append(all, fillingIn(p.After, f, c.Before.Stored))
		}
	}
	return migrate.Apart(names, all)
}

var interfaceRemoved = &Rule{
	ID:       "interface-removed",
	Severity: Error,
	Summary:  "A type stops implementing an interface.",
	Doc: Doc{
		Dgraph: "Fields that came from the interface are stored under the type's own predicates from now on, so the values so " +
			"far are left behind under the interface's. Existing nodes keep the interface's dgraph.type.",
		Clients: "Moved fields read null, or fail when they are non-null. When the interface stays, its queries still return " +
			"the nodes, and its delete mutation deletes them.",
		Before: "interface Animal {\n  id: ID!\n  name: String!\n}\ntype Dog implements Animal {\n  breed: String\n}\n",
		After:  "interface Animal {\n  id: ID!\n  name: String!\n}\ntype Dog {\n  id: ID!\n  name: String!\n  breed: String\n}\n",
		Query:  `{ queryDog { breed name } queryAnimal { name } }`,
		Answer: `{
  "errors": [{"message": "Non-nullable field 'name' (type String!) was not present in result from Dgraph ..."}],
  "data": {"queryAnimal": [{"name": "Rex"}], "queryDog": [null]}
}`,
		Question: "How many nodes of the type keep the interface's dgraph.type, and how many have values under its predicates?",
		WaysOut: []string{
			"@dgraph(pred: \"Animal.name\") on the field of the type.",
			"Copy the values to the type's predicates and remove the interface's dgraph.type from the nodes.",
		},
		Reverse: "The old schema brings everything back.",
	},
	judge: on(func(p *pass, c diff.InterfaceRemoved) *Finding {
		t, i := c.After, c.Interface
		if !t.Stores() || !i.Stores() {
			return nil
		}
		f := &Finding{
			Coordinate: c.Before.Name,
			Subject:    i.Name,
			Place:      onType(t),
			Previous:   interfaceName(c.Before, i),
			Impact:     Impact{API: APIBreaking, Data: DataOrphaned},
			Reversible: true,
			Severity:   Warning,
			Message:    fmt.Sprintf("%s stops implementing %s", c.Before.Name, i.Name),
			Question:   fmt.Sprintf("How many nodes of %s have the dgraph.type %q?", c.Before.Stored, i.Stored),
			Consequence: fmt.Sprintf("The %s nodes stored so far keep the dgraph.type %q: queries and deletes of %s still find them.",
				c.Before.Name, i.Stored, i.Name),
			Fixes: []Fix{migration("remove-interface-type", Review, fmt.Sprintf("remove the dgraph.type %q from the nodes of %s", i.Stored, c.Before.Stored)).
				by(migrate.RemoveInterfaceType(c.Before.Stored, i.Stored, p.implementing(i, t)))},
		}
		f.ask(dql.Tagged(i.Stored, c.Before.Stored))
		crossing := p.crossing(c.Before, i, c.Moved)
		switch survivor := p.Survivor(i); {
		case survivor != nil && survivor.Kind == sdl.Interface && survivor.Stored == i.Stored && len(crossing.Others) == 0:
			// What nothing implements stays for the sake of the nodes that have its type.
			crossing.Kept = true
			f.Fixes[0].Title += ", once nothing queries " + survivor.Name
			f.Fixes[0].Waits = fmt.Sprintf("the nodes of %s keep the dgraph.type %s, since the interface is kept and its queries find them by that", t.Name, i.Stored)
		case survivor == nil:
			f.Consequence = fmt.Sprintf("The %s nodes stored so far keep the dgraph.type %q, which nothing uses any more.", c.Before.Name, i.Stored)
		}
		gone := movedFrom(c.Moved)
		var lost []string
		for _, field := range c.Lost {
			if field.Predicate != "" {
				gone, lost = append(gone, field), append(lost, field.Coordinate())
				f.Predicates = predicates(append(f.Predicates, field.Predicate)...)
			}
		}
		if len(gone) > 0 {
			f.Question = fmt.Sprintf("How many nodes of %s have the dgraph.type %q, and how many have values under its predicates?", c.Before.Stored, i.Stored)
			f.askHeld(c.Before, gone...) // nodes that never had the type lose these too
		}
		switch {
		case len(c.Moved) > 0:
			f.Severity = Error
			f.Impact.Data = DataHidden
			affects, moved := moves(c.Moved)
			f.Affects, f.Predicates = append(affects, lost...), predicates(append(moved, f.Predicates...)...)
			f.Message += ": " + readElsewhere(affects)
			if len(lost) > 0 {
				f.Message += fmt.Sprintf("; it loses %s", list(lost))
			}
			f.Consequence = fmt.Sprintf("The stored values of %s are no longer found: they stay under %s.",
				list(affects), list(oldPredicates(c.Moved)))
			f.Fixes = slices.Concat(directive("pin-predicate", Safe, fmt.Sprintf("add @dgraph(pred: %q) to %s, and so for each moved field",
				c.Moved[0].Before.Predicate, c.Moved[0].After.Coordinate()), p.edits.PinFields(pins(c.Moved)...)),
				[]Fix{migration("copy-values", Review, fmt.Sprintf("copy the values to the predicates of %s", t.Name)).by(migrate.MoveOutOfInterface(crossing))},
				f.Fixes)
		case len(lost) > 0:
			f.Severity = Error
			f.Affects = lost
			f.Message += fmt.Sprintf(" and loses %s", list(lost))
			f.Consequence = fmt.Sprintf("The stored values of %s stay in the database, out of reach of %s.", list(lost), t.Name)
		}
		return f
	}),
}

// interfaceName is where a type names an interface that it implements.
func interfaceName(t, i *schema.Type) sdl.Span {
	for _, n := range t.Definition.Interfaces {
		if n.Text == i.Name {
			return n.Span
		}
	}
	return t.Definition.Name.Span
}

// readElsewhere says that fields read other predicates.
func readElsewhere(fields []string) string {
	if len(fields) == 1 {
		return fields[0] + " now reads another predicate"
	}
	return list(fields) + " now read other predicates"
}

// predicatesOf are the predicates of the fields whose lack nulls a node.
func predicatesOf(fields []*schema.Field) []string {
	var all []string
	for _, f := range fields {
		if required(f) {
			all = append(all, f.Predicate)
		}
	}
	return all
}

// askHeld asks, beside what is asked of the nodes of a type already, for their
// values of fields.
func (f *Finding) askHeld(of *schema.Type, fields ...*schema.Field) {
	for _, field := range fields {
		f.inquiry.questions = append(f.inquiry.questions, dql.Values(valuesOf(field, of)))
	}
	f.inquiry.sum = largestOfSame
}

func movedFrom(moved []diff.Move) []*schema.Field {
	var all []*schema.Field
	for _, m := range moved {
		all = append(all, m.Before)
	}
	return all
}

// moves are the old coordinates of moved fields, and their predicates, old
// ones first.
func moves(moved []diff.Move) (coordinates, all []string) {
	var before, after []string
	for _, m := range moved {
		coordinates = append(coordinates, m.Before.Coordinate())
		before = append(before, m.Before.Predicate)
		after = append(after, m.After.Predicate)
	}
	return coordinates, predicates(append(before, after...)...)
}

func oldPredicates(moved []diff.Move) []string {
	var all []string
	for _, m := range moved {
		all = append(all, m.Before.Predicate)
	}
	return predicates(all...)
}

// pinInterface is the directive on the interface's field that keeps the values
// where they are. It can serve one source only, so there is none when another
// type already implements the interface.
func (p *pass) pinInterface(moved []diff.Move) []Fix {
	m := moved[0]
	if m.After.Source == nil || len(m.After.Source.Implementors) > 1 {
		return nil
	}
	return directive("pin-predicate", Review, fmt.Sprintf("add @dgraph(pred: %q) to %s.%s, and so for each moved field",
		m.Before.Predicate, m.After.Source.Name, m.After.Name), p.edits.PinFields(pins(moved)...))
}

// pins are moves as edits know them.
func pins(moved []diff.Move) []fixes.Move {
	var all []fixes.Move
	for _, m := range moved {
		all = append(all, fixes.Move(m))
	}
	return all
}

// requiredOf are the coordinates of the fields whose lack nulls a node.
func requiredOf(fields []*schema.Field) []string {
	var all []string
	for _, f := range fields {
		if required(f) {
			all = append(all, f.Coordinate())
		}
	}
	return all
}

// required reports whether a node without a value for f cannot be read: a
// list without values reads as [], so it is never missing.
func required(f *schema.Field) bool {
	return f.Predicate != "" && f.Type().NonNull && !f.Type().List()
}
