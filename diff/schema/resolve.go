package schema

import (
	"strings"

	"github.com/schemacheck/schemacheck/diff/sdl"
)

// Resolve reads src the way Dgraph does. It never fails: where Dgraph would
// refuse, the result is what comes closest.
func Resolve(src *sdl.Schema) *Schema {
	s := &Schema{Source: src, byName: make(map[string]*Type, len(src.Definitions))}
	s.collect(false)
	s.collect(true)
	for _, t := range s.Types {
		s.link(t)
	}
	for _, t := range s.Types {
		s.expand(t)
	}
	provided := s.provided()
	for _, t := range s.Types {
		t.Provided = provided[t.Name]
		s.name(t)
	}
	for _, t := range s.Types {
		s.invert(t)
	}
	return s
}

// collect adds the definitions, or else the extensions, in order.
func (s *Schema) collect(extensions bool) {
	for _, d := range s.Source.Definitions {
		if d.Extend != extensions {
			continue
		}
		t := &Type{Definition: d, Name: d.Name.Text, Kind: d.Kind, Stored: d.Name.Text}
		if v := sdl.Lookup(d.Directives, "dgraph").Arg("type"); v != nil {
			t.Stored = v.Raw
		}
		t.Extends = d.Extend && !t.Root() || t.Directive("extends") != nil
		t.Remote = t.Directive("remote") != nil
		s.Types = append(s.Types, t)
		if s.byName[t.Name] == nil {
			s.byName[t.Name] = t
		}
	}
}

func (s *Schema) link(t *Type) {
	for _, name := range t.Definition.Interfaces {
		if i := s.byName[name.Text]; i != nil && i.Kind == sdl.Interface {
			t.Interfaces = append(t.Interfaces, i)
			i.Implementors = append(i.Implementors, t)
		}
	}
}

// expand gives t its fields: inherited ones go before those that are already
// there, so that the interface listed last ends up first, and an inherited
// definition replaces the type's own. Source: expandSchema.
func (s *Schema) expand(t *Type) {
	written := make(map[string]*sdl.Field, len(t.Definition.Fields))
	fields := make([]*Field, 0, len(t.Definition.Fields))
	for _, d := range t.Definition.Fields {
		fields = append(fields, &Field{Owner: t, Name: d.Name.Text, Definition: d, Written: d})
		if written[d.Name.Text] == nil {
			written[d.Name.Text] = d
		}
	}
	if t.Kind == sdl.Object && len(t.Interfaces) > 0 {
		seen := map[string]bool{}
		for _, i := range t.Interfaces {
			var inherited []*Field
			for _, d := range i.Definition.Fields {
				name := d.Name.Text
				switch {
				case seen[name]:
					// A second interface with the field: Dgraph refuses that,
					// but for ID. The first one counts.
				case written[name] != nil:
					for _, f := range fields {
						if f.Name == name {
							f.Definition = d
							break
						}
					}
				default:
					inherited = append(inherited, &Field{Owner: t, Name: name, Definition: d})
				}
				seen[name] = true
			}
			fields = append(inherited, fields...)
		}
	}
	t.Fields = fields
	t.byName = make(map[string]*Field, len(fields))
	for _, f := range fields {
		if t.byName[f.Name] == nil {
			t.byName[f.Name] = f
		}
	}
}

// provided finds, per type, the fields that some @provides names: they are
// stored although they are @external. Source: NewHandler.
func (s *Schema) provided() map[string]map[string]bool {
	provided := map[string]map[string]bool{}
	for _, t := range s.Types {
		if t.Remote {
			continue
		}
		for _, d := range t.Definition.Fields {
			v := sdl.Lookup(d.Directives, "provides").Arg("fields")
			if v == nil {
				continue
			}
			of := d.Type.Named()
			if provided[of] == nil {
				provided[of] = map[string]bool{}
			}
			for _, name := range strings.Fields(v.Raw) {
				provided[of][name] = true
			}
		}
	}
	return provided
}

// name gives the fields and the secret of t their predicates.
func (s *Schema) name(t *Type) {
	if !t.Stores() {
		return
	}
	for _, f := range t.Fields {
		prefix := t.Stored
		if f.Source = t.sourceOf(f.Name); f.Source != nil {
			prefix = f.Source.Stored
		}
		if !f.stored() {
			continue
		}
		f.Predicate = prefix + "." + f.Name
		if v := f.Directive("dgraph").Arg("pred"); v != nil {
			f.Predicate = v.Raw
		}
		switch kind := s.Kind(f.Type().Named()); kind {
		case sdl.Object, sdl.Interface, sdl.Union:
			if rest, ok := strings.CutPrefix(f.Predicate, "~"); ok {
				f.Predicate, f.Reverse = rest, true
			}
		case sdl.Scalar:
			if base, language, ok := strings.Cut(f.Predicate, "@"); ok {
				f.Predicate, f.Language = base, language
			}
		}
	}
	t.Secret = s.secretOf(t)
}

// sourceOf is the first interface that has a field of that name, or nil.
func (t *Type) sourceOf(field string) *Type {
	for _, i := range t.Interfaces {
		for _, d := range i.Definition.Fields {
			if d.Name.Text == field {
				return i
			}
		}
	}
	return nil
}

// stored reports whether Dgraph keeps values for the field. Source:
// genDgSchema.
func (f *Field) stored() bool {
	if f.Computed() {
		return false
	}
	external := f.Has("external")
	if external && !f.Key() && !f.Owner.Provided[f.Name] {
		return false
	}
	return f.Type().Named() != "ID" || external && f.Key()
}

// secretOf finds the @secret that counts for t: the last one among its own and
// those of its interfaces. Sources: expandSchema, getPasswordField,
// parentInterfaceForPwdField.
func (s *Schema) secretOf(t *Type) *Secret {
	find := func(of *Type) *sdl.Directive {
		var last *sdl.Directive
		for _, d := range of.Definition.Directives {
			if d.Name.Text == "secret" && d.Arg("field") != nil {
				last = d
			}
		}
		return last
	}
	d := find(t)
	if t.Kind == sdl.Object {
		for _, i := range t.Interfaces {
			if inherited := find(i); inherited != nil {
				d = inherited
			}
		}
	}
	if d == nil {
		return nil
	}
	secret := &Secret{Directive: d, Field: d.Arg("field").Raw}
	prefix := t.Stored
	for _, i := range t.Interfaces {
		if of := find(i); of != nil && of.Arg("field").Raw == secret.Field {
			secret.Source, prefix = i, i.Stored
			break
		}
	}
	secret.Predicate = prefix + "." + secret.Field
	if v := d.Arg("pred"); v != nil {
		secret.Predicate = v.Raw
	}
	return secret
}

// invert links the fields of t with their other ends. Declaring @hasInverse on
// one side is enough. Source: hasInverseValidation.
func (s *Schema) invert(t *Type) {
	for _, f := range t.Fields {
		v := f.Directive("hasInverse").Arg("field")
		if v == nil {
			continue
		}
		target := s.byName[f.Type().Named()]
		if target == nil {
			continue
		}
		other := target.Field(v.Raw)
		if other == nil {
			continue
		}
		f.Inverse = other
		if other.Inverse == nil && !other.Has("hasInverse") {
			other.Inverse = f
		}
	}
}
