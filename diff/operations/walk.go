package operations

import "github.com/vektah/gqlparser/v2/ast"

// Syntax trees are at most as deep as the parser allows, so that walking them may recurse.

// eachField calls f with each field below a selection, in the order of the text.
func eachField(set ast.SelectionSet, f func(*ast.Field)) {
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			f(s)
			eachField(s.SelectionSet, f)
		case *ast.InlineFragment:
			eachField(s.SelectionSet, f)
		}
	}
}

// eachSpread calls f with each use of a fragment below a selection.
func eachSpread(set ast.SelectionSet, f func(*ast.FragmentSpread)) {
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			eachSpread(s.SelectionSet, f)
		case *ast.InlineFragment:
			eachSpread(s.SelectionSet, f)
		case *ast.FragmentSpread:
			f(s)
		}
	}
}

// visitor is what a walk over a document calls; functions can be nil.
type visitor struct {
	position func(*ast.Position)
	value    func(*ast.Value)
}

func eachPosition(d *ast.QueryDocument, f func(*ast.Position)) { visitor{position: f}.document(d) }
func eachValue(d *ast.QueryDocument, f func(*ast.Value))       { visitor{value: f}.document(d) }

func (v visitor) at(p *ast.Position) {
	if v.position != nil && p != nil {
		v.position(p)
	}
}

func (v visitor) document(d *ast.QueryDocument) {
	v.at(d.Position)
	for _, o := range d.Operations {
		v.at(o.Position)
		v.variables(o.VariableDefinitions)
		v.directives(o.Directives)
		v.selections(o.SelectionSet)
	}
	for _, f := range d.Fragments {
		v.at(f.Position)
		v.variables(f.VariableDefinition)
		v.directives(f.Directives)
		v.selections(f.SelectionSet)
	}
}

func (v visitor) variables(all ast.VariableDefinitionList) {
	for _, d := range all {
		v.at(d.Position)
		for t := d.Type; t != nil; t = t.Elem {
			v.at(t.Position)
		}
		v.any(d.DefaultValue)
		v.directives(d.Directives)
	}
}

func (v visitor) selections(set ast.SelectionSet) {
	for _, s := range set {
		v.at(s.GetPosition())
		switch s := s.(type) {
		case *ast.Field:
			v.arguments(s.Arguments)
			v.directives(s.Directives)
			v.selections(s.SelectionSet)
		case *ast.InlineFragment:
			v.directives(s.Directives)
			v.selections(s.SelectionSet)
		case *ast.FragmentSpread:
			v.directives(s.Directives)
		}
	}
}

func (v visitor) directives(all ast.DirectiveList) {
	for _, d := range all {
		v.at(d.Position)
		v.arguments(d.Arguments)
	}
}

func (v visitor) arguments(all ast.ArgumentList) {
	for _, a := range all {
		v.at(a.Position)
		v.any(a.Value)
	}
}

func (v visitor) any(a *ast.Value) {
	if a == nil {
		return
	}
	v.at(a.Position)
	if v.value != nil {
		v.value(a)
	}
	for _, c := range a.Children {
		v.at(c.Position)
		v.any(c.Value)
	}
}
