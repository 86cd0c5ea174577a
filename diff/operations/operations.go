// Package operations takes files of GraphQL operations apart. It knows no schema: whether one has the fields that an
// operation asks for is not its question.
package operations

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"
	"github.com/vektah/gqlparser/v2/parser"
)

// maxTokens bounds a file: the parser recurses.
const maxTokens = 200_000

// The kinds of operations.
const (
	Query        = "query"
	Mutation     = "mutation"
	Subscription = "subscription"
)

// Operation is one of the operations of a file.
type Operation struct {
	// Name is "" for one without.
	Name string
	Kind string
	// Line is where it begins, from 1.
	Line int
	// Text is the operation with the fragments that it uses, and nothing else.
	Text string
	// Fields are the names of all fields in it, sorted.
	Fields []string
	// Wanting are the variables that need a value, without the $, in their order.
	Wanting []string
}

// Parse reads a file. Errors say where.
func Parse(file, text string) ([]Operation, error) {
	document, err := parser.ParseQueryWithTokenLimit(&ast.Source{Name: file, Input: text}, maxTokens)
	if err != nil {
		return nil, err
	}
	var all []Operation
	for _, o := range document.Operations {
		used, err := usedBy(document, o.SelectionSet)
		if err != nil {
			return nil, fmt.Errorf("%s: the operation %q: %w", file, o.Name, err)
		}
		one := Operation{Name: o.Name, Kind: string(o.Operation), Line: o.Position.Line, Fields: used.fields}
		for _, v := range o.VariableDefinitions {
			if v.Type.NonNull && v.DefaultValue == nil {
				one.Wanting = append(one.Wanting, v.Variable)
			}
		}
		var b strings.Builder
		formatter.NewFormatter(&b).FormatQueryDocument(&ast.QueryDocument{Operations: ast.OperationList{o}, Fragments: used.fragments})
		one.Text = b.String()
		all = append(all, one)
	}
	return all, nil
}

// used is what a selection needs.
type used struct {
	fields    []string
	fragments ast.FragmentDefinitionList
}

func usedBy(document *ast.QueryDocument, set ast.SelectionSet) (used, error) {
	var u used
	var walk func(ast.SelectionSet) error
	walk = func(set ast.SelectionSet) error {
		for _, s := range set {
			switch s := s.(type) {
			case *ast.Field:
				u.fields = append(u.fields, s.Name)
				if err := walk(s.SelectionSet); err != nil {
					return err
				}
			case *ast.InlineFragment:
				if err := walk(s.SelectionSet); err != nil {
					return err
				}
			case *ast.FragmentSpread:
				f := document.Fragments.ForName(s.Name)
				if f == nil {
					return fmt.Errorf("there is no fragment %s in the file", s.Name)
				}
				if slices.Contains(u.fragments, f) {
					continue
				}
				u.fragments = append(u.fragments, f)
				if err := walk(f.SelectionSet); err != nil {
					return err
				}
			}
		}
		return nil
	}
	if err := walk(set); err != nil {
		return used{}, err
	}
	slices.Sort(u.fields)
	u.fields = slices.Compact(u.fields)
	return u, nil
}
