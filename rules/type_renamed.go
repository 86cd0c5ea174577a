package rules

import (
	"fmt"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/dql"
)

var typeRenamed = &Rule{
	ID:       "type-renamed",
	Severity: Error,
	Summary:  "A type goes by another name; its nodes stay stored under the old one.",
	Doc: Doc{
		Dgraph: "It accepts the schema and creates a new type and new predicates beside the old ones. Existing nodes keep the " +
			"old dgraph.type and their values stay under the old predicates. With @dgraph(type: \"Old\") on the new type " +
			"nothing changes in storage: the type's name and the prefix of its predicates both stay.",
		Clients:  "Without the directive, queries of the new type return [] and references to it read null. With it, data is complete; only the names of the API change.",
		Before:   "type UserEmails {\n  id: ID!\n  address: String!\n  verified: Boolean\n}\n",
		After:    "type UserEmail {\n  id: ID!\n  address: String!\n  verified: Boolean\n}\n",
		Query:    `{ queryUserEmail { address verified } }`,
		Answer:   `{"data": {"queryUserEmail": []}}`,
		Question: "How many nodes are of the old type?",
		WaysOut: []string{
			"Keep what is stored: @dgraph(type: \"Old\") on the new type. When the old type had a @dgraph(type:) of its own, keep its value.",
			"Retag the nodes and copy their values to the new predicates.",
		},
		Reverse: "The old name brings everything back, as long as nothing was written under the new one.",
	},
	judge: on(func(p *pass, c diff.TypeRenamed) *Finding {
		b, a := c.Before, c.After
		f := &Finding{
			Coordinate: b.Name,
			To:         a.Name,
			Place:      onType(a),
			Previous:   b.Definition.Name.Span,
			Impact:     Impact{API: APIBreaking},
			Reversible: true,
			Confidence: string(c.Confidence),
			Reasons:    c.Reasons,
			Message:    fmt.Sprintf("%s %s is renamed to %s", kindWord(b), b.Name, a.Name),
		}
		if c.Confidence == diff.Likely {
			f.Message = fmt.Sprintf("%s %s looks renamed to %s", kindWord(b), b.Name, a.Name)
		}
		if !b.Stores() || !a.Stores() || b.Stored == a.Stored {
			f.Severity = Info
			f.Consequence = "Stored data is not concerned; the names in the API change."
			if a.Stores() && b.Stored == a.Stored {
				f.Message += fmt.Sprintf(", and still stored as %s", b.Stored)
				f.Consequence = "All data stays reachable; the names in the API change, so clients must follow."
			}
			return f
		}
		f.Affects = affectedByType(b)
		f.Predicates = predicates(append(ownPredicates(b), ownPredicates(a)...)...)
		f.Impact.Data = DataHidden
		f.Question = "How many nodes are of type " + b.Stored + "?"
		f.ask(dql.Nodes(b.Stored))
		f.Consequence = fmt.Sprintf("Every %s stored so far disappears from the API: queries of %s find %s, because the nodes are stored as %s.",
			b.Name, a.Name, p.foundIn(a), b.Stored)
		f.Fixes = append(p.pinType(a, b.Stored),
			migration("retag-and-copy", Review, fmt.Sprintf("retag the nodes of %s as %s and copy their values", b.Stored, a.Stored)).by(p.retagging(b, a)))
		return f
	}),
}

// foundIn is what queries of a type that is stored elsewhere now find.
func (p *pass) foundIn(t *schema.Type) string {
	if p.Before.Storage.Type(t.Stored) != nil {
		return "what is stored as " + t.Stored + " instead"
	}
	return "nothing"
}

// pinType is the directive that keeps a type where its nodes are stored. In
// chains and swaps another type is stored there now, and two types cannot be.
func (p *pass) pinType(t *schema.Type, stored string) []Fix {
	patch := p.edits.PinType(t, stored)
	risk, title := Safe, fmt.Sprintf("add @dgraph(type: %q) to %s", stored, t.Name)
	if t.Name == stored {
		title = fmt.Sprintf("remove @dgraph(type:) from %s: its nodes are stored as %s", t.Name, stored)
	}
	if there := p.After.Storage.Type(stored); there != nil {
		risk = Review
		title += fmt.Sprintf(", and in the same update another one to %s, which is stored as %s now", there.Sources[0].Name, stored)
	} else if len(patch.Edits) > 1 {
		risk = Review
		title += ", and directives to what hangs together with it"
	}
	return directive("pin-type", risk, title, patch)
}

// ownPredicates are those of the fields that the type does not inherit.
func ownPredicates(t *schema.Type) []string {
	var all []string
	for _, f := range t.Fields {
		if f.Source == nil {
			all = append(all, f.Predicate)
		}
	}
	if t.Secret != nil && t.Secret.Source == nil {
		all = append(all, t.Secret.Predicate)
	}
	return predicates(all...)
}

// affectedByType are the coordinates that change along with a type's stored
// name: its own stored fields, and the types that implement it.
func affectedByType(t *schema.Type) []string {
	var all []string
	for _, f := range t.Fields {
		if f.Source == nil && f.Predicate != "" {
			all = append(all, f.Coordinate())
		}
	}
	if t.Kind == sdl.Interface {
		all = append(all, names(t.Implementors)...)
	}
	return all
}
