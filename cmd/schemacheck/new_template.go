package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/diff/storage"
	"github.com/schemacheck/schemacheck/fixes/migrate"
)

// patterns are the templates of migrations, and what they are for.
var patterns = []struct{ name, about string }{
	{"default", "a skeleton with everything that a step can do"},
	{"copy", "copy one field to another"},
	{"convert", "make numbers of text"},
	{"split", "make a node of its own of a part of others"},
	{"dedupe", "make the values of a field unique"},
	{"delete-orphans", "delete nodes that nothing is left for"},
	{"bulk-rename", "replace a part of values"},
	{"enum-map", "map members of an enum"},
}

func patternNames() []string {
	var all []string
	for _, p := range patterns {
		all = append(all, p.name)
	}
	return all
}

// cast are the parts of a schema that a template speaks of. What a type does not
// have is empty.
type cast struct {
	Type, Predicate     string
	Text, Text2, Number string // fields
	Enum, Map, MapKeys  string
	Edge                string // leads to one node
	Other, Key          string // the type at its end, and its field with @id
	Required            string // what a new node of it has to have, as YAML
	unique              string // a field to make unique
}

// castOf looks for the parts in one type.
func castOf(t *schema.Type, s *schema.Schema) cast {
	c := cast{Type: t.Name}
	take := func(into *string, name string) {
		if *into == "" {
			*into = name
		}
	}
	for _, f := range t.Fields {
		typ := f.Type()
		if f.Predicate == "" || f.Reverse || strings.ContainsAny(f.Language, ":.") {
			continue
		}
		target := s.Type(typ.Named())
		switch {
		case typ.Elem != nil:
		case target != nil && target.Kind == sdl.Enum:
			if c.Enum == "" {
				c.enum(f.Name, target)
			}
		case target != nil:
			if c.Edge == "" && target.Stores() && target.Kind == sdl.Object {
				c.Edge, c.Other = f.Name, target.Name
				c.keyOf(target)
			}
		case typ.Named() == "String" && f.Has("id"):
			take(&c.unique, f.Name)
		case typ.Named() == "String":
			if c.Text != "" {
				take(&c.Text2, f.Name)
			} else {
				c.Predicate = f.Predicate
			}
			take(&c.Text, f.Name)
			take(&c.unique, f.Name)
		case typ.Named() == "Int" || typ.Named() == "Int64":
			take(&c.Number, f.Name)
		}
	}
	return c
}

func (c *cast) enum(field string, t *schema.Type) {
	var names []string
	for _, v := range t.Definition.Values {
		names = append(names, v.Name.Text)
	}
	if len(names) > 1 {
		c.Enum = field
		c.MapKeys = "[" + strconv.Quote(names[0]) + "]"
		c.Map = "{" + strconv.Quote(names[0]) + ": " + strconv.Quote(names[1]) + "}"
	}
}

// keyOf finds what makes a node of a type unique, and what it has to have besides.
func (c *cast) keyOf(t *schema.Type) {
	var required []string
	for _, f := range t.Fields {
		typ := f.Type()
		switch {
		case f.Has("id") && typ.Named() == "String" && c.Key == "":
			c.Key = f.Name
		case typ.NonNull && f.Predicate != "" && typ.Elem == nil && typ.Named() == "String":
			required = append(required, f.Name+`: '=node.uid'`)
		}
	}
	c.Required = strings.Join(required, ", ")
}

// wants is what a template needs of a type that it does not have; empty when it
// has all.
func (c *cast) wants(template string) string {
	var missing []string
	need := func(has, what string) {
		if has == "" {
			missing = append(missing, what)
		}
	}
	switch template {
	case "default", "bulk-rename":
		need(c.Text, "a field of type String")
	case "copy":
		need(c.Text2, "two fields of type String")
	case "convert":
		need(c.Text, "a field of type String")
		need(c.Number, "a field of type Int")
	case "split":
		need(c.Edge, "a field that leads to one node of another type")
		if c.Edge != "" {
			need(c.Key, "a field of type String with @id in "+c.Other)
		}
	case "dedupe":
		need(c.unique, "a field of type String")
	case "delete-orphans":
		need(c.Edge, "a field that leads to one node")
	case "enum-map":
		need(c.Enum, "a field of an enum with two members")
	}
	return strings.Join(missing, " and ")
}

// play finds the type for a template: the one that is named, or the first that
// has what it takes.
func play(template, name string, s *schema.Schema) (*schema.Type, cast, error) {
	var names []string
	var lacking string
	for _, t := range s.Types {
		if t.Kind != sdl.Object || !t.Stores() {
			continue
		}
		names = append(names, t.Name)
		if name != "" && t.Name != name {
			continue
		}
		c := castOf(t, s)
		if lacking = c.wants(template); lacking == "" {
			return t, c, nil
		}
	}
	switch {
	case name != "" && !slices.Contains(names, name):
		return nil, cast{}, unknown("type", name, names)
	case name != "":
		return nil, cast{}, fmt.Errorf("the template %s takes %s, and %s has none: name another type with --type, or write a draft (--draft)", template, lacking, name)
	}
	return nil, cast{}, fmt.Errorf("the template %s takes a type with what no type of the schema has: %s", template, lacking)
}

// dedupe is the recipe that makes the values of a field unique.
func dedupe(t *schema.Type, c cast, derived *storage.Schema) (*migrate.Recipe, error) {
	u := migrate.Uniqueness{Types: []string{t.Stored}, Fields: map[string]*storage.Predicate{}}
	for _, f := range t.Fields {
		p := derived.Predicate(f.Predicate)
		switch {
		case p == nil || f.Reverse:
		case f.Name == c.unique:
			u.Predicate, u.NonNull = p, f.Type().NonNull
		case !p.List && f.Language == "" && p.Type != "uid" && p.Type != "password":
			u.Fields[f.Name] = p
		}
	}
	return migrate.MakeUnique(u).Build([]string{"suffix"})
}
