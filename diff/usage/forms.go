package usage

import (
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/schemacheck/schemacheck/diff/api"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// The validator's schema is built as operations ask for it, for two reasons: a whole API has a hundred times as many
// elements as the operations of an application use, and the validator looks for fields one by one, which takes long in
// a Query of thousands. It finds in objects the fields that some operation has asked for, which are all that it can ask
// for itself.

// kinds are the validator's names of them.
var kinds = map[sdl.Kind]ast.DefinitionKind{
	sdl.Scalar: ast.Scalar, sdl.Object: ast.Object, sdl.Interface: ast.Interface, sdl.Union: ast.Union,
	sdl.Enum: ast.Enum, sdl.InputObject: ast.InputObject,
}

// shape gives a type its form: of inputs and enums whole, since values are held against all of it.
func (a *API) shape(k *known) {
	k.form = &ast.Definition{Kind: kinds[k.Kind], Name: k.Name}
	k.shown = map[string]bool{}
	a.forms.Types[k.Name] = k.form
	switch k.Kind {
	case sdl.InputObject:
		for _, f := range k.Fields {
			k.show(f)
			a.hold(f.Type.Named())
		}
	case sdl.Enum:
		for _, v := range k.Values {
			k.form.EnumValues = append(k.form.EnumValues, &ast.EnumValueDefinition{Name: v.Name})
		}
	case sdl.Interface, sdl.Union, sdl.Object:
		for _, name := range a.implementors[k.Name] {
			// Only the names of possible types are compared.
			a.forms.PossibleTypes[k.Name] = append(a.forms.PossibleTypes[k.Name], &ast.Definition{Kind: ast.Object, Name: name})
		}
	}
}

// show adds a field to the type's form. What Dgraph serves is what it prints, and that is without defaults.
func (k *known) show(f *api.Field) {
	if k.shown[f.Name] {
		return
	}
	k.shown[f.Name] = true
	form := &ast.FieldDefinition{Name: f.Name, Type: formOf(f.Type)}
	for _, x := range f.Arguments {
		form.Arguments = append(form.Arguments, &ast.ArgumentDefinition{Name: x.Name, Type: formOf(x.Type)})
	}
	k.form.Fields = append(k.form.Fields, form)
}

// hold holds the place of a type that nothing has come by, or that is missing in a schema that is not valid: the validator
// wants to find the type of every field.
func (a *API) hold(name string) {
	if a.forms.Types[name] == nil {
		a.forms.Types[name] = &ast.Definition{Kind: ast.Scalar, Name: name}
	}
}

func (a *API) direct(d *api.Directive) {
	a.directives[d.Name] = d
	form := &ast.DirectiveDefinition{Name: d.Name, Position: &ast.Position{}}
	for _, x := range d.Arguments {
		form.Arguments = append(form.Arguments, &ast.ArgumentDefinition{Name: x.Name, Type: formOf(x.Type)})
	}
	for _, l := range d.Locations {
		form.Locations = append(form.Locations, ast.DirectiveLocation(l))
	}
	a.forms.Directives[d.Name] = form
}

func formOf(t *sdl.Type) *ast.Type {
	if t.Elem != nil {
		return &ast.Type{Elem: formOf(t.Elem), NonNull: t.NonNull}
	}
	return &ast.Type{NamedType: t.Name, NonNull: t.NonNull}
}
