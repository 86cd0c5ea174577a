package rules

import (
	"fmt"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/dql"
)

var secretChanged = &Rule{
	ID:       "secret-changed",
	Severity: Error,
	Summary:  "@secret came, went, or keeps the password elsewhere.",
	Doc: Doc{
		Dgraph: "It keeps hashes, which nothing can read or copy. With another field name they are looked for under another " +
			"predicate, unless @secret(pred:) names the old one; without @secret they stay behind.",
		Clients: "After a change of name the check query answers null for everybody, as if every password were wrong. With a new " +
			"@secret, add mutations require the password. Without it, the check query and the input field are gone.",
		Before:   "type User @secret(field: \"pwd\") {\n  name: String! @id\n}\n",
		After:    "type User @secret(field: \"password\") {\n  name: String! @id\n}\n",
		Query:    `{ checkUserPassword(name: "Ann", password: "open sesame") { name } }`,
		Answer:   `{"data": {"checkUserPassword": null}}`,
		Question: "How many nodes have a password?",
		WaysOut: []string{
			"@secret(field: \"password\", pred: \"User.pwd\"): the new name over the old predicate.",
			"Let users set their passwords again: hashes cannot be copied.",
		},
		Reverse: "The old @secret brings the old passwords back; those set meanwhile are left behind.",
	},
	judge: func(p *pass, c diff.Change) *Finding {
		switch c := c.(type) {
		case diff.SecretAdded:
			return p.secretAdded(c.Before, c.After)
		case diff.SecretRemoved:
			return p.secretRemoved(c.Before, c.After)
		case diff.SecretChanged:
			return p.secretElsewhere(c.Before, c.After)
		}
		return nil
	},
}

func (p *pass) secretAdded(b, a *schema.Type) *Finding {
	s := a.Secret
	if p.refused[unquoted(s.Predicate)] == diff.ToPassword {
		return nil // that is told of the predicate
	}
	f := &Finding{
		Coordinate:  b.Name,
		To:          renamedTo(b, a),
		Subject:     s.Field,
		Place:       Place{AnchorSelf, secretSpan(a)},
		Predicates:  predicates(s.Predicate),
		Impact:      Impact{API: APIBreaking},
		Reversible:  true,
		Message:     fmt.Sprintf("%s gets a password, %s", b.Name, s.Field),
		Consequence: fmt.Sprintf("Adding %s requires %s from now on; for the nodes stored so far, the check query answers null.", a.Name, s.Field),
		Question:    fmt.Sprintf("How many nodes are of type %s?", a.Stored),
		Fixes:       []Fix{migration("set-passwords", Review, "set a password for the nodes that have none, after the update")},
	}
	f.ask(dql.Missing(dql.Field{Types: storedTypes(b), Predicate: unquoted(s.Predicate)}))
	return f
}

func (p *pass) secretRemoved(b, a *schema.Type) *Finding {
	s := b.Secret
	if p.refused[unquoted(s.Predicate)] == diff.FromPassword {
		return nil // that is told of the predicate
	}
	f := &Finding{
		Coordinate:  b.Name,
		To:          renamedTo(b, a),
		Subject:     s.Field,
		Place:       onOwner(a),
		Previous:    secretSpan(b),
		Predicates:  predicates(s.Predicate),
		Impact:      Impact{API: APIBreaking, Data: DataOrphaned},
		Reversible:  true,
		Message:     fmt.Sprintf("%s loses its password, %s", b.Name, s.Field),
		Consequence: fmt.Sprintf("The check query and the input field are gone; the hashes stay under %s and outlive their nodes.", unquoted(s.Predicate)),
		Question:    fmt.Sprintf("How many nodes have a password under %s?", unquoted(s.Predicate)),
		Fixes: append(directive("restore-secret", Safe, fmt.Sprintf("put @secret(field: %q) back on %s", s.Field, a.Name), p.edits.RestoreSecret(b, a)),
			migration("delete-values", Destructive, "delete the hashes under "+unquoted(s.Predicate)).by(discarding(unquoted(s.Predicate)))),
	}
	f.ask(dql.Values(anyValues(s.Predicate)))
	return f
}

func (p *pass) secretElsewhere(b, a *schema.Type) *Finding {
	was, is := b.Secret, a.Secret
	f := &Finding{
		Coordinate: b.Name,
		To:         renamedTo(b, a),
		Subject:    was.Field,
		Place:      Place{AnchorSelf, secretSpan(a)},
		Previous:   secretSpan(b),
		Predicates: predicates(was.Predicate, is.Predicate),
		Reversible: true,
	}
	for _, t := range a.Implementors {
		if t.Secret != nil && t.Secret.Source == a {
			f.Affects = append(f.Affects, t.Name)
		}
	}
	if was.Field != is.Field {
		f.Impact.API = APIBreaking
		f.Message = fmt.Sprintf("the password %s of %s is renamed to %s", was.Field, b.Name, is.Field)
	} else {
		f.Message = fmt.Sprintf("the password %s of %s was stored as %s and is looked for as %s", was.Field, b.Name, unquoted(was.Predicate), unquoted(is.Predicate))
	}
	if unquoted(was.Predicate) == unquoted(is.Predicate) {
		f.Severity = Warning
		f.Message += ", and still stored as " + unquoted(was.Predicate)
		f.Consequence = "All passwords stay valid; the name in the API changes, so clients must follow."
		return f
	}
	f.Impact.Data = DataHidden
	f.Consequence = fmt.Sprintf("Every password stored so far counts as wrong: the hashes stay under %s and cannot be copied.", unquoted(was.Predicate))
	f.Question = fmt.Sprintf("How many nodes have a password under %s?", unquoted(was.Predicate))
	f.ask(dql.Values(anyValues(was.Predicate)))
	at := a
	if is.Source != nil {
		at = is.Source
	}
	f.Fixes = directive("pin-predicate", Safe, fmt.Sprintf("write @secret(field: %q, pred: %q) on %s", is.Field, unquoted(was.Predicate), at.Name),
		p.edits.PinSecret(b, a))
	return f
}

// secretSpan is where a type says that it has a password.
func secretSpan(t *schema.Type) sdl.Span {
	if t.Secret.Source != nil {
		return t.Definition.Name.Span
	}
	return t.Secret.Directive.Span
}

// renamedTo is the new name of a type that has another one, else empty.
func renamedTo(b, a *schema.Type) string {
	if b.Name == a.Name {
		return ""
	}
	return a.Name
}
