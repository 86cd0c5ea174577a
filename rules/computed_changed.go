package rules

import (
	"fmt"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/dql"
)

var computedChanged = &Rule{
	ID:       "computed-changed",
	Severity: Error,
	Summary:  "A stored field becomes computed by @custom or @lambda, or the reverse; or it is computed otherwise.",
	Doc: Doc{
		Dgraph: "A computed field has no predicate: the stored values stay behind, out of reach. A field that is stored from now " +
			"on begins with an empty predicate.",
		Clients: "Values come from elsewhere. A field that becomes computed is gone from inputs, filters and orders; one that " +
			"becomes stored reads null, or fails when it is non-null, until somebody writes it.",
		Before: "type User {\n  id: ID!\n  name: String\n  rating: Float\n}\n",
		After: "type User {\n  id: ID!\n  name: String\n  rating: Float @custom(http: {\n" +
			"    url: \"https://example.org/rating\", method: POST, body: \"{id: $id}\"\n  })\n}\n",
		Query: `{ queryUser(order: {desc: rating}) { name } }`,
		Answer: `{
  "errors": [{"message": "Expected type UserOrderable, found rating."}],
  "data": null
}`,
		Question: "How many nodes have a value under the predicate?",
		WaysOut: []string{
			"A new name for the new field; keep the old one and mark it @deprecated.",
			"Fill the predicate before the update, or delete the values that stay behind.",
		},
		Reverse: "The old schema brings stored values back.",
	},
	judge: func(p *pass, c diff.Change) *Finding {
		switch c := c.(type) {
		case diff.ComputedChanged:
			f := aboutComputed(c.Before, c.After)
			if c.After.Computed() {
				p.becomesComputed(f, c.Before, c.After, c.Owner)
			} else {
				p.becomesStored(f, c.Before, c.After)
			}
			return f
		case diff.ComputationChanged:
			f := aboutComputed(c.Before, c.After)
			f.Severity = Warning
			f.Impact.API = APIDangerous
			f.Message = c.Before.Coordinate() + " is computed otherwise than before"
			f.Consequence = "Clients get what the new @custom, @lambda or @remoteResponse leads to, from the moment of the update; Dgraph does not try it out."
			return f
		}
		return nil
	},
}

// aboutComputed is what the findings on computed fields have in common.
func aboutComputed(b, a *schema.Field) *Finding {
	f := aboutChanged(b, a)
	f.Impact.API = APIBreaking
	return f
}

func (p *pass) becomesComputed(f *Finding, b, a *schema.Field, owner *schema.Type) {
	name := forward(b)
	if b.Predicate == "" {
		f.Message = b.Coordinate() + " was the node's own id and is computed from now on"
		f.Consequence = "Ids that clients kept no longer find anything."
		return
	}
	f.Message = b.Coordinate() + " was stored and is computed from now on"
	f.Fixes = directive("new-field", Safe, fmt.Sprintf("keep %s as it is, and give the computed field a name of its own", b.Coordinate()),
		p.edits.Separate(b, a))
	for _, u := range p.reaching[name] {
		if u.owner == owner {
			f.Message += fmt.Sprintf("; %s still uses %s", u.coordinate, name)
			f.Consequence = fmt.Sprintf("The field reads what is computed; its stored values stay reachable through %s.", u.coordinate)
			return
		}
	}
	f.Impact.Data = DataOrphaned
	f.Question = fmt.Sprintf("How many nodes have a value under %s?", name)
	f.ask(held(b))
	f.Consequence = fmt.Sprintf("The values of %s stay in the database, out of reach of the API; inputs, filters and orders by it are gone.", name)
	f.Fixes = append(f.Fixes, migration("delete-values", Destructive, "delete the values of "+name).by(p.removing(b)))
}

func (p *pass) becomesStored(f *Finding, b, a *schema.Field) {
	f.Message = b.Coordinate() + " was computed and is stored from now on"
	switch {
	case a.Predicate == "":
		f.Message = b.Coordinate() + " was computed and is the node's own id from now on"
		f.Consequence = "Clients get the ids of the nodes instead of what was computed."
	case p.refused[unquoted(a.Predicate)] != "":
		f.Consequence = "The values come from storage, and for another reason the update is refused."
	case required(a) && !p.alreadyThere(a):
		f.Impact.Storage = p.storage(a)
		f.Impact.Data = DataInvalid
		aboutMissing(p.After, f, a)
		f.ask(dql.Missing(valuesOf(a, b.Owner)))
	default:
		f.Severity = Warning
		f.Impact.API = APIDangerous
		f.Impact.Storage = p.storage(a)
		f.Consequence = fmt.Sprintf("%s reads %s, until somebody writes it.", a.Coordinate(), emptyRead(a))
		if p.inUse(a) {
			f.Consequence = fmt.Sprintf("%s reads %s.", a.Coordinate(), p.reads(a))
		}
		f.Question = fmt.Sprintf("How many nodes have a value under %s?", storedAs(a))
		f.ask(dql.Missing(valuesOf(a, b.Owner)))
		f.Fixes = []Fix{migration("fill-values", Review, "fill "+storedAs(a)+" with what was computed")}
	}
}
