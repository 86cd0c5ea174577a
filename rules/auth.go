package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

var authWeakened = &Rule{
	ID:       "auth-weakened",
	Severity: Error,
	Summary:  "Requests may be let through that @auth kept out before.",
	Doc: Doc{
		Dgraph: "It stores nothing of it: the rules count from the moment of the update. A type has its own rules and those of its " +
			"interfaces, and a request must pass them all; an operation without a rule is open to everybody.",
		Clients:  "Whoever was kept out may read or change nodes.",
		Before:   "type Note @auth(query: {rule: \"{$ROLE: {eq: \\\"ADMIN\\\"}}\"}) {\n  id: ID!\n  text: String\n}\n",
		After:    "type Note {\n  id: ID!\n  text: String\n}\n",
		Query:    `{ queryNote { text } }`,
		Answer:   `{"data": {"queryNote": [{"text": "salaries"}]}}`,
		Question: "None: rules are not stored. Who may do what is for a person to decide.",
		WaysOut:  []string{"Put the rule back.", "Say in an ignore comment why it can go."},
		Reverse:  "The old schema closes the door again; what was read meanwhile was read.",
	},
	judge: func(p *pass, c diff.Change) *Finding {
		switch c := c.(type) {
		case diff.AuthChanged:
			if !c.Opens {
				return nil
			}
			f := aboutAuth(c)
			f.Consequence = "Requests that were kept out may be let through, from the moment of the update."
			f.Message = fmt.Sprintf("@auth of %s guards %s otherwise than before", c.Before.Name, list(c.Operations))
			if len(c.Bare) > 0 {
				f.Message = fmt.Sprintf("%s loses its @auth rule for %s", c.Before.Name, list(c.Bare))
				f.Consequence = fmt.Sprintf("Everybody is let through for %s, from the moment of the update.", list(c.Bare))
			}
			if len(c.Bare) < len(c.Operations) {
				f.Impact.API = APIDangerous
				if len(c.Bare) > 0 {
					f.Message += fmt.Sprintf(" and guards %s otherwise than before", list(others(c.Operations, c.Bare)))
				}
			}
			f.Fixes = directive("restore-auth", Safe, fmt.Sprintf("put the old rule for %s back on %s", list(c.Operations), c.After.Name),
				p.edits.RestoreAuth(c.Before, c.After, c.Operations))
			return f
		case diff.AuthorizationChanged:
			if !c.Opens {
				return nil
			}
			f := p.aboutAuthorization(c)
			f.Message = "ClosedByDefault is no longer true in the Dgraph.Authorization line"
			f.Consequence = "Requests without a token are let through for every type without @auth rules."
			return f
		}
		return nil
	},
}

var authChanged = &Rule{
	ID:       "auth-changed",
	Severity: Warning,
	Summary:  "@auth keeps out requests that were let through before, or other tokens count.",
	Doc: Doc{
		Dgraph:   "It stores nothing of it: the rules count from the moment of the update.",
		Clients:  "Who does not pass gets [] and null without an error, and changes nothing; a non-null reference to a node that is hidden becomes an error. With another Dgraph.Authorization line, tokens can become invalid; with ClosedByDefault in it, every request without a valid one gets an error.",
		Before:   "type Note {\n  id: ID!\n  text: String\n}\n",
		After:    "type Note @auth(query: {rule: \"{$ROLE: {eq: \\\"ADMIN\\\"}}\"}) {\n  id: ID!\n  text: String\n}\n",
		Query:    `{ queryNote { text } }`,
		Answer:   `{"data": {"queryNote": []}}`,
		Question: "None: rules are not stored.",
		WaysOut:  []string{"Give clients the claims that they need before the update."},
		Reverse:  "The old schema lets them through again.",
	},
	judge: func(p *pass, c diff.Change) *Finding {
		switch c := c.(type) {
		case diff.AuthChanged:
			if c.Opens {
				return nil
			}
			f := aboutAuth(c)
			f.Impact.API = APIDangerous
			f.Message = fmt.Sprintf("@auth of %s lets fewer requests through for %s", c.Before.Name, list(c.Operations))
			f.Consequence = "Clients that do not pass find nothing, without an error; a non-null reference to a hidden node fails."
			return f
		case diff.AuthorizationChanged:
			if c.Opens {
				return nil
			}
			f := p.aboutAuthorization(c)
			f.Impact.API = APIDangerous
			switch {
			case c.Before == nil:
				f.Message = "a Dgraph.Authorization line is new"
				f.Consequence = "Tokens are verified from now on; what they claim counts in @auth rules."
			case c.After == nil:
				f.Message = "the Dgraph.Authorization line is gone"
				f.Consequence = "Tokens are no longer read: @auth rules that need a claim let nobody through."
			default:
				f.Message = "the Dgraph.Authorization line differs (its value is not shown)"
				f.Consequence = "Tokens that clients hold can become invalid, and others valid."
			}
			if c.Closes {
				f.Impact.API = APIBreaking
				f.Message += ", with ClosedByDefault"
				f.Consequence = "Every request without a valid token gets an error, for types without @auth rules too."
			}
			return f
		}
		return nil
	},
}

func aboutAuth(c diff.AuthChanged) *Finding {
	f := aboutDirective(c.Before, c.After, "auth")
	f.Subject = strings.Join(c.Operations, ", ")
	f.Affects = names(c.After.Implementors)
	return f
}

// aboutAuthorization is placed on nothing but the beginning of the line: what
// stands in it must not be shown.
func (p *pass) aboutAuthorization(c diff.AuthorizationChanged) *Finding {
	f := &Finding{Subject: string(sdl.MetaAuthorization), Place: p.onFile(), Reversible: true}
	if c.After != nil {
		f.Place = Place{AnchorFile, beginning(c.After)}
	}
	if c.Before != nil {
		f.Previous = beginning(c.Before)
	}
	return f
}

func beginning(m *sdl.Meta) sdl.Span {
	return sdl.Span{File: m.Span.File, Start: m.Span.Start, End: m.Span.Start}
}

// others are those of all that are not in some.
func others(all, some []string) []string {
	var rest []string
	for _, s := range all {
		if !slices.Contains(some, s) {
			rest = append(rest, s)
		}
	}
	return rest
}
