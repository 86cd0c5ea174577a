package validity

import (
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/schemacheck/schemacheck/diff/api"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// authAPI is the generated API in the form in which queries are validated.
type authAPI struct {
	schema ast.Schema
	// broken says that the API uses types that do not exist.
	broken bool
}

func newAuthAPI(s *api.Schema) *authAPI {
	a := &authAPI{schema: ast.Schema{
		Types:         make(map[string]*ast.Definition, len(s.Types)),
		Directives:    map[string]*ast.DirectiveDefinition{},
		PossibleTypes: map[string][]*ast.Definition{},
		Implements:    map[string][]*ast.Definition{},
	}}
	for _, name := range []string{"Int", "Float", "String", "Boolean", "ID"} {
		a.schema.Types[name] = &ast.Definition{Kind: ast.Scalar, Name: name}
	}
	for _, t := range s.Types {
		a.schema.Types[t.Name] = definition(t)
	}
	if len(s.Query.Fields) > 0 {
		a.schema.Query = a.schema.Types["Query"]
	}
	for _, t := range s.Types {
		a.link(a.schema.Types[t.Name])
	}
	for _, d := range s.Directives {
		def := &ast.DirectiveDefinition{Name: d.Name, Arguments: arguments(d.Arguments)}
		for _, l := range d.Locations {
			def.Locations = append(def.Locations, ast.DirectiveLocation(l))
		}
		a.schema.Directives[d.Name] = def
	}
	for _, name := range []string{"skip", "include"} {
		a.schema.Directives[name] = &ast.DirectiveDefinition{
			Name:      name,
			Arguments: ast.ArgumentDefinitionList{{Name: "if", Type: ast.NonNullNamedType("Boolean", nil)}},
			Locations: []ast.DirectiveLocation{ast.LocationField, ast.LocationFragmentSpread, ast.LocationInlineFragment},
		}
	}
	a.schema.Directives["deprecated"] = &ast.DirectiveDefinition{
		Name:      "deprecated",
		Arguments: ast.ArgumentDefinitionList{{Name: "reason", Type: ast.NamedType("String", nil)}},
		Locations: []ast.DirectiveLocation{ast.LocationFieldDefinition, ast.LocationEnumValue},
	}
	return a
}

// definition is the type without what queries do not see. There are no
// defaults: Dgraph reads the API from a text in which it does not print them.
func definition(t *api.Type) *ast.Definition {
	def := &ast.Definition{Name: t.Name, Kind: kindNames[t.Kind], Interfaces: t.Interfaces, Types: t.Members}
	for _, f := range t.Fields {
		def.Fields = append(def.Fields, &ast.FieldDefinition{
			Name: f.Name, Arguments: arguments(f.Arguments), Type: typeReference(f.Type),
		})
	}
	for _, v := range t.Values {
		def.EnumValues = append(def.EnumValues, &ast.EnumValueDefinition{Name: v.Name})
	}
	return def
}

var kindNames = map[sdl.Kind]ast.DefinitionKind{
	sdl.Scalar:      ast.Scalar,
	sdl.Object:      ast.Object,
	sdl.Interface:   ast.Interface,
	sdl.Union:       ast.Union,
	sdl.Enum:        ast.Enum,
	sdl.InputObject: ast.InputObject,
}

func arguments(list []*api.Argument) ast.ArgumentDefinitionList {
	var args ast.ArgumentDefinitionList
	for _, a := range list {
		args = append(args, &ast.ArgumentDefinition{Name: a.Name, Type: typeReference(a.Type)})
	}
	return args
}

func typeReference(t *sdl.Type) *ast.Type {
	if t.Elem != nil {
		return &ast.Type{Elem: typeReference(t.Elem), NonNull: t.NonNull}
	}
	return &ast.Type{NamedType: t.Name, NonNull: t.NonNull}
}

// link tells which objects an interface or union stands for, and looks for
// types that do not exist.
func (a *authAPI) link(def *ast.Definition) {
	known := func(name string) *ast.Definition {
		t := a.schema.Types[name]
		a.broken = a.broken || t == nil
		return t
	}
	for _, f := range def.Fields {
		known(f.Type.Name())
		for _, arg := range f.Arguments {
			known(arg.Type.Name())
		}
	}
	switch def.Kind {
	case ast.Object:
		a.schema.AddPossibleType(def.Name, def)
		for _, i := range def.Interfaces {
			if of := known(i); of != nil {
				a.schema.AddPossibleType(i, def)
				a.schema.AddImplements(def.Name, of)
			}
		}
	case ast.Union:
		for _, m := range def.Types {
			if member := known(m); member != nil {
				a.schema.AddPossibleType(def.Name, member)
				a.schema.AddImplements(m, def)
			}
		}
	}
}

// withRoot is the schema with a type of queries that has that query only, if
// it exists: rules can use no other.
func (a *authAPI) withRoot(query string) *ast.Schema {
	s := a.schema
	if s.Query != nil {
		root := &ast.Definition{Kind: ast.Object, Name: "Query"}
		if f := s.Query.Fields.ForName(query); f != nil {
			root.Fields = ast.FieldList{f}
		}
		s.Query = root
	}
	return &s
}
