package validity

import (
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator/core"

	"github.com/schemacheck/schemacheck/diff/api"
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// authQuery checks the query of an @auth rule of t against the generated API.
// The operation is the argument of @auth that the rule belongs to ("query"),
// the rule is the string in the schema. The document was parsed from it: it
// has one operation, a query, which selects the field "query"+t.Name and
// nothing else; fragments are not looked at yet. Source: gqlValidateRule.
func (c *checker) authQuery(t *schema.Type, operation string, rule *sdl.Value, document *ast.QueryDocument) {
	at := newRuleText(rule)
	report := func(p *ast.Position, format string, args ...any) {
		c.problem(at.span(p), t.Name, "the %s rule of @auth on %s "+format, append([]any{operation, t.Name}, args...)...)
	}
	if found := newSyntax(document); found != nil {
		report(found, "has a description, which Dgraph does not read in queries: make it a comment")
		return
	}
	if c.authAPI == nil {
		c.authAPI = newAuthAPI(api.Derive(c.schema, api.Options{}))
	}
	if c.authAPI.broken {
		return // what breaks it is reported of its own
	}
	errors := c.fit("query"+t.Name, document)
	for _, e := range errors[:min(len(errors), maxRuleErrors)] {
		report(e.at, "does not fit the API that Dgraph generates: %s", shorten(e.message))
	}
	if len(errors) > 0 {
		return
	}
	selection := document.Operations[0].SelectionSet[0].(*ast.Field).SelectionSet
	if v := unresolved(selection, document.Fragments, map[string]bool{}); v != nil {
		report(v.Position, "has $%s in @skip or @include, and Dgraph crashes on it: it reads rules without values, so give the variable a default", v.Raw)
	}
}

// shorten bounds a message that quotes the schema.
func shorten(message string) string {
	const most = 300
	for i := range message {
		if i > most {
			return message[:i] + "..."
		}
	}
	return message
}

// ruleError is one reason why a query does not fit.
type ruleError struct {
	message string
	at      *ast.Position // nil when it has no place
}

// maxRuleErrors bounds how many reasons are told of one rule.
const maxRuleErrors = 10

// fit holds a document with one query, which selects the field of that name,
// against the API. Source: Validate of Dgraph's GraphQL parser.
func (c *checker) fit(query string, document *ast.QueryDocument) []ruleError {
	for _, op := range document.Operations {
		for _, v := range op.VariableDefinitions {
			v.Directives = nil // not looked at
		}
	}
	var errors []ruleError
	observers := &core.Events{}
	for _, rule := range c.queryRules() {
		rule(observers, func(options ...core.ErrorOption) {
			e := &gqlerror.Error{}
			for _, option := range options {
				option(e)
			}
			found := ruleError{message: e.Message}
			if len(e.Locations) > 0 {
				found.at = &ast.Position{Line: e.Locations[0].Line, Column: e.Locations[0].Column}
			}
			errors = append(errors, found)
		})
	}
	core.Walk(c.authAPI.withRoot(query), document, observers)
	if a, b := (&overlaps{api: c.authAPI, seen: map[fieldPair]bool{}}).find(document); a != nil {
		errors = append(errors, ruleError{
			"the fields " + strconv.Quote(a.Name) + " and " + strconv.Quote(b.Name) + " answer under the same name and are not the same: give one an alias",
			b.Position,
		})
	}
	return errors
}

// newSyntax is the place of a description in the document, which is newer than
// Dgraph's parser, or nil.
func newSyntax(document *ast.QueryDocument) *ast.Position {
	for _, op := range document.Operations {
		if op.Description != "" {
			return op.Position
		}
		for _, v := range op.VariableDefinitions {
			if v.Description != "" {
				return v.Position
			}
		}
	}
	for _, f := range document.Fragments {
		if f.Description != "" {
			return f.Position
		}
	}
	return nil
}

// unresolved is a variable without a default that decides whether a selection
// is included, or nil. Source: recursivelyExpandFragmentSelections.
func unresolved(set ast.SelectionSet, fragments ast.FragmentDefinitionList, seen map[string]bool) *ast.Value {
	for _, s := range set {
		var directives ast.DirectiveList
		var inner ast.SelectionSet
		switch s := s.(type) {
		case *ast.Field:
			directives, inner = s.Directives, s.SelectionSet
		case *ast.InlineFragment:
			directives, inner = s.Directives, s.SelectionSet
		case *ast.FragmentSpread:
			directives = s.Directives
			if f := fragments.ForName(s.Name); f != nil && !seen[s.Name] {
				seen[s.Name] = true
				inner = f.SelectionSet
			}
		}
		included := true
		for _, name := range []string{"skip", "include"} {
			d := directives.ForName(name)
			if d == nil {
				continue
			}
			v := d.Arguments.ForName("if").Value
			if v.Kind == ast.Variable {
				if v.VariableDefinition == nil || v.VariableDefinition.DefaultValue == nil {
					return v
				}
				v = v.VariableDefinition.DefaultValue
			}
			included = included && (v.Raw == "true") == (name == "include")
		}
		if !included {
			continue
		}
		if v := unresolved(inner, fragments, seen); v != nil {
			return v
		}
	}
	return nil
}
