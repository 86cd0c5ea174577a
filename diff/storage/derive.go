package storage

import (
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// Derive derives the DQL schema. It takes linear time. Source: genDgSchema.
func Derive(src *schema.Schema) *Schema {
	d := &deriver{
		source:     src,
		root:       root(src),
		predicates: make(map[string]*predicate, 8*len(src.Types)),
	}
	s := &Schema{types: make(map[string]*Type, len(src.Types))}
	for _, t := range src.Types {
		if !t.Stores() {
			continue
		}
		typ := &Type{Name: t.Stored}
		d.uses = append(d.uses, d.collect(t))
		s.Types = append(s.Types, typ)
		if s.types[typ.Name] == nil {
			s.types[typ.Name] = typ
		}
		s.types[typ.Name].Sources = append(s.types[typ.Name].Sources, t)
	}
	s.predicates = make(map[string]*Predicate, len(d.predicates))
	for i, t := range s.Types {
		t.Sources = s.types[t.Name].Sources
		d.print(s, t, d.uses[i])
	}
	d.readers(s)
	return s
}

// deriver keeps Dgraph's intermediate state: all that is said about each
// predicate, and what each type uses.
type deriver struct {
	source     *schema.Schema
	root       string // the type of queries that a schema block names, or ""
	predicates map[string]*predicate
	uses       [][]use
}

// predicate gathers what the fields say about one predicate.
type predicate struct {
	typ           string   // with brackets
	indexes       []string // of all fields, repeated
	upsert        bool
	reverse, lang bool
}

// use is a predicate in a type. The one that is not inherited brings the line
// that declares it.
type use struct {
	name      string
	inherited bool
}

// collect goes through the fields of t.
func (d *deriver) collect(t *schema.Type) []use {
	uses := make([]use, 0, len(t.Fields)+1)
	// Dgraph names the password after whatever owned the last field it saw.
	prefix := t.Stored
	for _, f := range t.Fields {
		if f.Predicate == "" {
			continue
		}
		inherited := f.Source != nil
		prefix = t.Stored
		if inherited {
			prefix = f.Source.Stored
		}
		name := f.Predicate
		switch kind := d.source.Kind(f.Type().Named()); kind {
		case sdl.Object, sdl.Interface, sdl.Union:
			if f.Reverse {
				name = "~" + name
			}
			d.object(f, name)
		case sdl.Scalar:
			if !inherited {
				d.scalar(f)
			} else if f.Language != "" {
				name += "@" + f.Language // which is no predicate
			}
		case sdl.Enum:
			if !inherited {
				d.say(name, list(f, "string"), false, false, d.indexes(f, []string{"hash"}))
			}
		default:
			continue
		}
		uses = append(uses, use{name, inherited})
	}
	if t.Name == d.root {
		// The parser gives the fields of introspection to the root type, and
		// Dgraph takes those of a stored type for its own.
		prefix = t.Stored
		for _, field := range []string{"__schema", "__type"} {
			d.existing(prefix + "." + field).typ = "uid"
			uses = append(uses, use{prefix + "." + field, false})
		}
	}
	if t.Secret != nil {
		uses = append(uses, d.secret(t, prefix))
	}
	return uses
}

// root is the type that `schema { query: ... }` names, "" when there is no
// such block. Source: ValidateSchemaDocument of Dgraph's GraphQL parser.
func root(src *schema.Schema) string {
	root := ""
	for _, extensions := range []bool{false, true} {
		for _, r := range src.Source.Roots {
			if r.Extend != extensions {
				continue
			}
			for _, o := range r.Operations {
				if o.Operation.Text == "query" {
					root = o.Type.Text
				}
			}
		}
	}
	return root
}

// say records what a field says about its predicate. Type and upsert count
// from the first field, indexes from all, and the language from the last.
// Source: getUpdatedPred.
func (d *deriver) say(name, typ string, upsert, lang bool, indexes []string) *predicate {
	p := d.predicates[name]
	if p == nil {
		p = &predicate{typ: typ, upsert: upsert}
		d.predicates[name] = p
	}
	p.indexes = append(p.indexes, indexes...)
	p.lang = lang
	return p
}

// existing is the predicate of that name, which it makes when there is none.
func (d *deriver) existing(name string) *predicate {
	p := d.predicates[name]
	if p == nil {
		p = &predicate{}
		d.predicates[name] = p
	}
	return p
}

// object is about fields of object, interface, union and geo types.
func (d *deriver) object(f *schema.Field, name string) {
	of := f.Type().Named()
	typ := list(f, "uid")
	if schema.Geo(of) {
		// Lists of geo values are not stored as lists.
		typ = schema.Scalar(of)
		var indexes []string
		if f.Has("search") {
			indexes = []string{schema.Searches[schema.DefaultSearch(of)].Index}
		}
		d.say(name, typ, false, false, indexes)
	}
	switch {
	case f.Source != nil:
	case f.Reverse:
		d.existing(f.Predicate).reverse = true
	default:
		// A name like "<~p>" is a predicate of its own.
		d.existing(name).typ = typ
	}
}

// scalar is about fields of scalar types that are not inherited.
func (d *deriver) scalar(f *schema.Field) {
	of := f.Type().Named()
	typ := schema.Scalar(of)
	if typ == "uid" {
		typ = "string" // the key of an entity of another service
	}
	typ = list(f, typ)
	indexes := d.indexes(f, nil)
	upsert := f.Has("id") || of == "ID"
	if upsert {
		switch of {
		case "Int", "Int64":
			indexes = append(indexes, "int")
		case "String", "ID":
			if !slices.Contains(indexes, "exact") {
				indexes = append(indexes, "hash")
			}
		}
	}
	if f.Has("embedding") {
		typ = "float32vector"
	}
	d.say(f.Predicate, typ, upsert, f.Language != "", indexes)
}

// indexes are those that @search asks for, and otherwise those given. Source:
// getAllSearchIndexes.
func (d *deriver) indexes(f *schema.Field, otherwise []string) []string {
	search := f.Directive("search")
	if search == nil {
		return otherwise
	}
	by := search.Arg("by")
	if by == nil {
		if d.source.Kind(f.Type().Named()) == sdl.Enum {
			return otherwise
		}
		return []string{schema.Searches[schema.DefaultSearch(f.Type().Named())].Index}
	}
	indexes := make([]string, len(by.List))
	for i, v := range by.List {
		indexes[i] = schema.Searches[schema.SearchName(v.Raw)].Index + options(v.Raw)
	}
	return indexes
}

// options writes the options of an argument of @search as DQL does. Source:
// getSearchOptions.
func options(argument string) string {
	options, _ := schema.SearchOptions(argument)
	if len(options) == 0 {
		return ""
	}
	var b strings.Builder
	for i, o := range options {
		b.WriteString([]string{"(", ", "}[min(i, 1)])
		b.WriteString(o.Name + `: "` + o.Value + `"`)
	}
	b.WriteByte(')')
	return b.String()
}

// secret is about the password of t. Unless its predicate is written or its
// interface's, prefix decides: here Dgraph's storage and its API disagree,
// when the last field of t is inherited.
func (d *deriver) secret(t *schema.Type, prefix string) use {
	if t.Secret.Source != nil {
		prefix = t.Secret.Source.Stored
	}
	name := prefix + "." + t.Secret.Field
	if v := t.Secret.Directive.Arg("pred"); v != nil {
		name = v.Raw
	}
	if t.Secret.Source == nil {
		d.predicates[name] = &predicate{typ: "password"}
	}
	return use{name, t.Secret.Source != nil}
}

func list(f *schema.Field, typ string) string {
	if f.Type().List() {
		return "[" + typ + "]"
	}
	return typ
}

// print lists what the type uses, and declares what no type before it has.
func (d *deriver) print(s *Schema, t *Type, uses []use) {
	listed := make(map[string]bool, len(uses))
	for _, u := range uses {
		p := d.predicates[u.name]
		if p == nil || listed[u.name] {
			continue
		}
		listed[u.name] = true
		t.Predicates = append(t.Predicates, u.name)
		if u.inherited || s.predicates[u.name] != nil {
			continue
		}
		declared := p.declare(u.name)
		s.predicates[u.name] = declared
		s.Predicates = append(s.Predicates, declared)
		t.declares = append(t.declares, declared)
	}
}

func (p *predicate) declare(name string) *Predicate {
	declared := &Predicate{Name: name, Type: p.typ, Upsert: p.upsert, Reverse: p.reverse, Lang: p.lang}
	if inner, ok := strings.CutPrefix(p.typ, "["); ok {
		declared.Type, declared.List = strings.TrimSuffix(inner, "]"), true
	}
	slices.Sort(p.indexes)
	declared.Tokenizers = slices.Compact(p.indexes)
	return declared
}

// readers tells each predicate who reads and writes it.
func (d *deriver) readers(s *Schema) {
	i := 0
	for _, t := range d.source.Types {
		if !t.Stores() {
			continue
		}
		for _, f := range t.Fields {
			if p := s.predicates[f.Predicate]; p != nil {
				p.Fields = append(p.Fields, f)
			}
		}
		if t.Secret != nil {
			uses := d.uses[i]
			if p := s.predicates[uses[len(uses)-1].name]; p != nil {
				p.Secrets = append(p.Secrets, t)
			}
		}
		i++
	}
}
