package validity

import (
	"errors"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
)

// maxTokens bounds the operations inside a schema: the parser recurses.
const maxTokens = 20_000

// parseOperation reads a GraphQL operation that stands in a schema. The error
// is the parser's message without its place, which is inside the string.
func parseOperation(text string) (*ast.QueryDocument, error) {
	text, err := olderSyntax(text)
	if err != nil {
		return nil, err
	}
	document, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: text}, maxTokens)
	if err != nil {
		var g *gqlerror.Error
		if errors.As(err, &g) {
			return nil, errors.New(g.Message)
		}
		return nil, err
	}
	return document, nil
}

// template is a parsed body of @custom.
type template struct {
	variables []string // in order of appearance, without "$"
	seen      map[string]bool
}

// parseTemplate reads the body of @custom: a GraphQL value with variables.
// Strict says that it must be JSON apart from its variables. Source:
// parseBodyTemplate.
func parseTemplate(body string, strict bool) (*template, error) {
	t := &template{seen: map[string]bool{}}
	document, err := parseOperation("query { dummy(input:" + body + ") }")
	if err != nil {
		return nil, err
	}
	field, ok := document.Operations[0].SelectionSet[0].(*ast.Field)
	if !ok || len(field.Arguments) == 0 {
		return nil, errors.New("it is no value")
	}
	return t, t.read(field.Arguments[0].Value, strict)
}

// read collects the variables of v.
func (t *template) read(v *ast.Value, strict bool) error {
	switch v.Kind {
	case ast.ObjectValue, ast.ListValue:
		for _, child := range v.Children {
			if err := t.read(child.Value, strict); err != nil {
				return err
			}
		}
	case ast.Variable:
		if !t.seen[v.Raw] {
			t.seen[v.Raw] = true
			t.variables = append(t.variables, v.Raw)
		}
	case ast.IntValue:
		if _, err := strconv.ParseInt(v.Raw, 10, 64); err != nil {
			return errors.New("the number " + clip(v.Raw) + " is too large")
		}
	case ast.FloatValue:
		if _, err := strconv.ParseFloat(v.Raw, 64); err != nil {
			return errors.New("the number " + clip(v.Raw) + " is too large")
		}
	case ast.BlockValue, ast.EnumValue:
		if strict {
			return errors.New(strconv.Quote(clip(v.Raw)) + " is no JSON value: strings need double quotes")
		}
	}
	return nil
}
