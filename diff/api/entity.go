package api

import (
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

func newEntity(t *Type, provided map[string]bool) *entity {
	e := &entity{Type: t, provided: provided, key: keyOf(t)}
	for _, f := range t.Fields {
		e.ordered = e.ordered || ordered(f, e.key, nil)
		if has(f, "external") && !e.isKey(f) {
			continue
		}
		e.id = e.id || isID(f)
		e.xid = e.xid || has(f, "id")
		e.embedding = e.embedding || has(f, "embedding")
	}
	return e
}

// keyOf is the field that @key names, "" without @key. Source: isKeyField.
func keyOf(t *Type) string {
	if key := sdl.Lookup(t.Directives, "key"); key != nil && len(key.Arguments) > 0 {
		return key.Arguments[0].Value.Raw
	}
	return ""
}

func (e *entity) isKey(f *Field) bool { return e.key != "" && f.Name == e.key }

// foreign reports whether another service of the federation keeps the field.
// Source: externalAndNonKeyField.
func (e *entity) foreign(f *Field) bool {
	return has(f, "external") && !e.isKey(f) && !e.provided[f.Name]
}

// source is the Source of what the field f causes.
func (e *entity) source(f *Field) Source { return Source{e.Source.Type, f.Source.Field} }

func (e *entity) directive(name string) *sdl.Directive { return sdl.Lookup(e.Directives, name) }

func has(f *Field, directive string) bool { return sdl.Lookup(f.Directives, directive) != nil }

func isID(f *Field) bool { return f.Type.Named() == "ID" }

// computed reports whether values come from elsewhere. Source:
// hasCustomOrLambda.
func computed(f *Field) bool { return has(f, "custom") || has(f, "lambda") }

// languages is what follows the "@" in the predicate of the field. Source:
// isMultiLangField.
func languages(f *Field) string {
	v := sdl.Lookup(f.Directives, "dgraph").Arg("pred")
	if v == nil {
		return ""
	}
	_, rest, _ := strings.Cut(v.Raw, "@")
	rest, _, _ = strings.Cut(rest, "@")
	return rest
}

// multilingual reports whether the field reads several languages.
func multilingual(f *Field) bool { return strings.Contains(languages(f), ":") }

// backwards reports whether the field reads a predicate in reverse.
func backwards(f *Field) bool {
	v := sdl.Lookup(f.Directives, "dgraph").Arg("pred")
	return v != nil && (strings.HasPrefix(v.Raw, "~") || strings.HasPrefix(v.Raw, "<~"))
}

// ordered reports whether results can be ordered by f, a field of the type
// with that key. Source: isOrderable.
func ordered(f *Field, key string, provided map[string]bool) bool {
	if has(f, "external") {
		return key != "" && f.Name == key || provided[f.Name]
	}
	switch f.Type.Name {
	case "Int", "Int64", "Float", "String", "DateTime":
		return !computed(f) && !multilingual(f)
	}
	return false
}

// summable reports whether values of f can be added up. Source: isSummable.
func (e *entity) summable(f *Field) bool {
	switch f.Type.Name {
	case "Int", "Int64", "Float":
		return !e.foreign(f) && !computed(f)
	}
	return false
}

// ordered reports whether lists of the type can be ordered. The fields that
// @provides names are asked for by the type that has the list, which is how
// Dgraph does it. Source: hasOrderables.
func (d *deriver) ordered(typeName string, provided map[string]bool) bool {
	t := d.types[typeName]
	if t == nil {
		return false
	}
	e := d.entities[typeName]
	if e != nil && e.Type == t {
		if e.ordered || len(provided) == 0 {
			return e.ordered
		}
	}
	key := keyOf(t)
	return slices.ContainsFunc(t.Fields, func(f *Field) bool { return ordered(f, key, provided) })
}

// filterable reports whether the type has a filter. Source: hasFilterable.
func (d *deriver) filterable(typeName string) bool {
	t := d.types[typeName]
	return t != nil && slices.ContainsFunc(t.Fields, func(f *Field) bool {
		return isID(f) || !computed(f) || !multilingual(f) || len(searches(f)) > 0
	})
}

// scalar reports whether values of the type are stored as such: also points
// and shapes.
func scalar(typeName string) bool { return schema.Scalar(typeName) != "" }

func (d *deriver) kind(typeName string) sdl.Kind {
	if t := d.types[typeName]; t != nil {
		return t.Kind
	}
	return 0
}

func (d *deriver) generate(kind sdl.Kind, name string, source Source) *Type {
	t := &Type{Name: name, Kind: kind, Origin: Generated, Source: source}
	d.types[name] = t
	return t
}

// lowerFirst is the name with its first letter small. Source: CamelCase.
func lowerFirst(name string) string {
	if name == "" {
		return ""
	}
	return strings.ToLower(name[:1]) + name[1:]
}

// generation says which operations Dgraph generates for a type.
type generation struct {
	get, query, password, aggregate, add, update, delete, subscription bool
}

// generateOf reads @generate and @withSubscription. Source:
// parseGenerateDirectiveParams.
func generateOf(t *Type) generation {
	dir := sdl.Lookup(t.Directives, "generate")
	on := func(v *sdl.Value, otherwise bool) bool {
		if v == nil || v.Kind != sdl.BooleanValue {
			return otherwise
		}
		return v.Raw == "true"
	}
	query, mutation := dir.Arg("query"), dir.Arg("mutation")
	return generation{
		get:          on(query.Field("get"), true),
		query:        on(query.Field("query"), true),
		password:     on(query.Field("password"), true),
		aggregate:    on(query.Field("aggregate"), true),
		add:          on(mutation.Field("add"), true),
		update:       on(mutation.Field("update"), true),
		delete:       on(mutation.Field("delete"), true),
		subscription: on(dir.Arg("subscription"), false) || sdl.Lookup(t.Directives, "withSubscription") != nil,
	}
}
