package rules

import (
	"fmt"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/schema"
)

var generateChanged = &Rule{
	ID:       "generate-changed",
	Severity: Error,
	Summary:  "@generate asks for other queries and mutations.",
	Doc: Doc{
		Dgraph:  "Nothing is stored otherwise. It generates the operations that @generate does not turn off.",
		Clients: "An operation that is turned off is gone: \"Cannot query field getUser on type Query\".",
		Before:  "type User {\n  id: ID!\n  name: String\n}\n",
		After:   "type User @generate(mutation: {delete: false}) {\n  id: ID!\n  name: String\n}\n",
		Query:   `mutation { deleteUser(filter: {}) { numUids } }`,
		Answer: `{
  "errors": [{"message": "Cannot query field \"deleteUser\" on type \"Mutation\". Did you mean \"updateUser\"?"}],
  "data": null
}`,
		Question: "None: data is not concerned.",
		WaysOut:  []string{"Turn the operation off only when no client uses it."},
		Reverse:  "The old schema brings the operations back.",
	},
	judge: on(func(p *pass, c diff.GenerateChanged) *Finding {
		f := aboutDirective(c.Before, c.After, "generate")
		lost, gained := generated(c.Lost, c.Before.Name), generated(c.Gained, c.After.Name)
		if len(lost) == 0 {
			f.Severity, f.Addition = Info, true
			f.Message = fmt.Sprintf("%s gains %s by @generate", c.Before.Name, list(gained))
			f.Consequence = "Clients get new operations; nothing stored is concerned."
			return f
		}
		f.Impact.API = APIBreaking
		f.Message = fmt.Sprintf("%s loses %s by @generate", c.Before.Name, list(lost))
		if len(gained) > 0 {
			f.Message += " and gains " + list(gained)
		}
		f.Consequence = fmt.Sprintf("Clients that use %s get an error.", list(lost))
		f.Fixes = directive("restore-operations", Safe, "turn them on again in @generate of "+c.After.Name, p.edits.RestoreOperations(c.After, c.Lost))
		return f
	}),
}

// generated are the names of the operations of a type.
func generated(operations []string, of string) []string {
	var all []string
	for _, o := range operations {
		if o == "password" {
			all = append(all, "check"+of+"Password")
		} else {
			all = append(all, o+of)
		}
	}
	return all
}

var subscriptionRemoved = &Rule{
	ID:       "subscription-removed",
	Severity: Error,
	Summary:  "A type or a query can no longer be subscribed to.",
	Doc: Doc{
		Dgraph:  "Nothing is stored otherwise. The subscriptions that @withSubscription or @generate(subscription: true) asked for are gone.",
		Clients: "Open subscriptions end, and new ones are refused as unknown.",
		Before:  "type User @withSubscription {\n  id: ID!\n  name: String\n}\n",
		After:   "type User {\n  id: ID!\n  name: String\n}\n",
		Query:   `subscription { queryUser { name } }`,
		Answer: `{
  "errors": [{"message": "Not resolving subscription because schema doesn't have any fields defined for subscription operation."}],
  "data": null
}`,
		Question: "None: data is not concerned.",
		WaysOut:  []string{"Keep @withSubscription until no client subscribes."},
		Reverse:  "The old schema brings the subscriptions back.",
	},
	judge: on(func(p *pass, c diff.SubscriptionRemoved) *Finding {
		f := aboutElement(c.Before, c.After)
		f.Place = Place{AnchorSelf, c.After.Span()}
		f.Previous = subscription(c.Before).Span
		f.Impact.API = APIBreaking
		f.Message = c.Before.Coordinate() + " can no longer be subscribed to"
		f.Consequence = "Clients that subscribe get an error."
		f.Fixes = directive("restore-subscription", Safe, "put @withSubscription back on "+c.After.Coordinate(),
			p.edits.RestoreSubscription(c.After.Type, c.After.Field))
		return f
	}),
}

var subscriptionAdded = &Rule{
	ID:       "subscription-added",
	Severity: Info,
	Summary:  "A type or a query can be subscribed to.",
	Doc: Doc{
		Dgraph:   "Nothing is stored otherwise. It generates subscriptions beside the queries.",
		Clients:  "New subscriptions.",
		Before:   "type User {\n  id: ID!\n  name: String\n}\n",
		After:    "type User @withSubscription {\n  id: ID!\n  name: String\n}\n",
		Question: "None.",
		WaysOut:  []string{"Nothing needs to be done."},
		Reverse:  "Going back is subscription-removed.",
	},
	judge: on(func(p *pass, c diff.SubscriptionAdded) *Finding {
		f := aboutElement(c.Before, c.After)
		f.Addition = true
		f.Place = subscription(c.After)
		f.Message = c.Before.Coordinate() + " can be subscribed to"
		f.Consequence = "Clients get new subscriptions; nothing stored is concerned."
		return f
	}),
}

// subscription is where an element says that it can be subscribed to.
func subscription(e diff.Element) Place {
	if e.Directive("withSubscription") != nil {
		return onDirective(e, "withSubscription")
	}
	return onDirective(e, "generate")
}

// onDirective places a finding on a directive, or else on the element.
func onDirective(e diff.Element, name string) Place {
	if d := e.Directive(name); d != nil {
		return Place{AnchorSelf, d.Span}
	}
	return Place{AnchorSelf, e.Span()}
}

// aboutDirective is what findings on a directive of a type have in common.
func aboutDirective(b, a *schema.Type, name string) *Finding {
	return &Finding{
		Coordinate: b.Name,
		To:         renamedTo(b, a),
		Place:      onDirective(diff.Element{Type: a}, name),
		Previous:   onDirective(diff.Element{Type: b}, name).Span,
		Reversible: true,
	}
}

// aboutElement is what the rules on elements of every kind have in common.
func aboutElement(b, a diff.Element) *Finding {
	f := &Finding{
		Coordinate: b.Coordinate(),
		Place:      Place{AnchorSelf, a.Span()},
		Previous:   b.Span(),
		Reversible: true,
	}
	if to := a.Coordinate(); to != f.Coordinate {
		f.To = to
	}
	return f
}
