package api

import (
	"strings"

	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// DerivePair makes the APIs of two versions of a schema for comparing them.
// Both lack what Dgraph generates for objects and interfaces whose part of the
// API is the same in both: that costs most of the time. Everything else is as
// Derive makes it.
//
// What is generated for a type depends on its own definition, on those of its
// interfaces, and on a few facts about the types that its fields name. Where a
// schema is out of the ordinary, so that more could matter, both are whole.
func DerivePair(before, after *schema.Schema, options Options) (*Schema, *Schema) {
	only := differing(before, after)
	return derive(before, options, only), derive(after, options, only)
}

// differing are the names of the objects and interfaces whose part of the API
// can differ; nil means all.
func differing(before, after *schema.Schema) map[string]bool {
	if irregular(before) || irregular(after) {
		return nil
	}
	p := pairing{before, after, map[string]bool{}, map[string]bool{}}
	for _, s := range []*schema.Schema{before, after} {
		for _, t := range s.Types {
			p.look(s, t)
		}
	}
	if len(p.felt) > 0 {
		for _, s := range []*schema.Schema{before, after} {
			for _, t := range s.Types {
				if entityKind(t) && !p.only[t.Name] && p.feels(t) {
					p.only[t.Name] = true
				}
			}
		}
	}
	return p.only
}

// pairing finds out what differs between two schemas.
type pairing struct {
	before, after *schema.Schema
	// only are the objects and interfaces to derive.
	only map[string]bool
	// felt are the types by which the API of those that name them can differ.
	felt map[string]bool
}

// look decides about one type of s, which is one of the two.
func (p *pairing) look(s *schema.Schema, t *schema.Type) {
	b, a := p.before.Type(t.Name), p.after.Type(t.Name)
	switch {
	case b == nil || a == nil || b.Kind != a.Kind || b.Remote != a.Remote:
		p.only[t.Name], p.felt[t.Name] = true, true
	case entityKind(t) && s == p.before && changed(b, a):
		p.only[t.Name] = true
		if factsOf(b) != factsOf(a) {
			p.felt[t.Name] = true
		}
	}
	switch t.Kind {
	case sdl.Object, sdl.Interface:
		filled, reference := alive(s, t)
		if !filled {
			p.only[t.Name] = true
		}
		if !reference {
			p.felt[t.Name] = true
		}
	case sdl.Union:
		reference := false
		for _, m := range t.Definition.Members {
			_, ok := alive(s, s.Type(m.Text))
			reference = reference || ok
		}
		if !reference {
			p.felt[t.Name] = true
		}
	}
}

// feels reports whether t names a type that is felt.
func (p *pairing) feels(t *schema.Type) bool {
	for _, f := range t.Fields {
		if p.felt[f.Type().Named()] {
			return true
		}
	}
	return false
}

func entityKind(t *schema.Type) bool { return t.Kind == sdl.Object || t.Kind == sdl.Interface }

// changed reports whether two types of one name are written in other words, or
// inherit from what is.
func changed(b, a *schema.Type) bool {
	if b.Definition.Span.Text() != a.Definition.Span.Text() || len(b.Interfaces) != len(a.Interfaces) {
		return true
	}
	for n, i := range b.Interfaces {
		if i.Definition.Span.Text() != a.Interfaces[n].Definition.Span.Text() {
			return true
		}
	}
	return false
}

// facts are what the API of a type can depend on in the types that its fields
// name.
type facts struct{ id, xid, ordered bool }

func factsOf(t *schema.Type) facts {
	e := newEntity(written(t), t.Provided)
	return facts{e.id, e.xid, e.ordered}
}

// alive reports whether the inputs of t are sure to stay when those without
// fields are cleaned away, and whether TRef is, in any case that matters: an
// interface has it or not by its facts.
func alive(s *schema.Schema, t *schema.Type) (filled, reference bool) {
	if t.Remote {
		return false, false
	}
	reference = t.Kind == sdl.Interface
	for _, f := range t.Fields {
		if len(f.Definition.Directives) > 0 &&
			(f.Computed() || f.Has("external") || f.Has("dgraph")) {
			continue // it may be no input
		}
		of := f.Type().Named()
		if of == "ID" {
			reference = true
		} else if scalar(of) || s.Kind(of) == sdl.Enum {
			return true, true
		}
	}
	return false, reference
}

// irregular reports whether the API of a type could depend on more than
// differing looks at: federation, names that are taken twice, references to
// what does not exist, or an effect of the order of types.
func irregular(s *schema.Schema) bool {
	if len(s.Source.Roots) > 0 {
		return true
	}
	for _, t := range s.Types {
		if s.Type(t.Name) != t || t.Extends || t.Provided != nil ||
			schema.Builtin(t.Name) != 0 || scalar(t.Name) || t.Name == "Subscription" || strings.HasPrefix(t.Name, "_") ||
			contested(s, t) || len(t.Definition.Interfaces) != len(t.Interfaces) {
			return true
		}
		switch {
		case t.Root():
			if contestedOperations(s, t) {
				return true
			}
		case t.Kind == sdl.Object, t.Kind == sdl.Interface:
			if irregularFields(s, t) {
				return true
			}
		case t.Kind == sdl.Union:
			for _, m := range t.Definition.Members {
				if of := s.Type(m.Text); of == nil || of.Kind != sdl.Object || of.Root() {
					return true
				}
			}
		case t.Kind == sdl.InputObject:
			for _, f := range t.Fields {
				switch of := f.Type().Named(); s.Kind(of) {
				case sdl.Scalar, sdl.Enum, sdl.InputObject:
				default:
					return true
				}
			}
		}
	}
	return false
}

// irregularFields is irregular for the fields of an object or interface.
func irregularFields(s *schema.Schema, t *schema.Type) bool {
	answered, vector := false, false
	for _, f := range t.Fields {
		of := f.Type().Named()
		if !scalar(of) {
			user := s.Type(of)
			if user == nil && schema.Builtin(of) == 0 || user != nil && user.Root() {
				return true
			}
		}
		if len(f.Definition.Directives) == 0 {
			answered = true
			continue
		}
		if f.Has("external") || f.Has("provides") {
			return true
		}
		answered = answered || !f.Computed()
		vector = vector || f.Has("embedding")
	}
	// Filters exist, and whether lists can be ordered does not depend on which
	// type comes first.
	return !answered || vector && !newEntity(written(t), nil).ordered
}

// contested reports whether something generated has the name of t, or what is
// generated for t has the name of something else.
func contested(s *schema.Schema, t *schema.Type) bool {
	name := t.Name
	for _, suffix := range []string{"Ref", "Patch"} {
		// Dgraph cleans up what looks like an input, whatever it is.
		if strings.HasSuffix(name, suffix) && t.Kind != sdl.Enum {
			return true
		}
	}
	if stem, ok := strings.CutSuffix(name, "Type"); ok && s.Kind(stem) == sdl.Union {
		return true
	}
	for _, suffix := range []string{"Filter", "Order", "Orderable", "AggregateResult", "Embedding", "Ref", "Patch"} {
		if stem, ok := strings.CutSuffix(name, suffix); ok && (s.Type(stem) != nil || s.Type(strings.TrimSuffix(stem, "Has")) != nil) {
			return true
		}
	}
	if stem, ok := strings.CutSuffix(name, "Has"); ok && s.Type(stem) != nil {
		return true
	}
	for _, prefix := range []string{"Add", "Update", "Delete"} {
		stem, ok := strings.CutPrefix(name, prefix)
		if !ok {
			continue
		}
		for _, suffix := range []string{"Input", "Payload"} {
			stem, ok := strings.CutSuffix(stem, suffix)
			if ok && (s.Type(stem) != nil || suffix == "Input" && t.Kind != sdl.InputObject) {
				return true
			}
		}
	}
	return strings.HasPrefix(name, "Similar") || strings.Contains(name, "Filter_") ||
		strings.Contains(name, "_hash") || strings.Contains(name, "_exact")
}

// contestedOperations reports whether a query or mutation of the user's can
// have the name of a generated one, or fall to the cleaning.
func contestedOperations(s *schema.Schema, root *schema.Type) bool {
	prefixes := []string{"get", "query", "aggregate", "check"}
	if root.Name == "Mutation" {
		prefixes = []string{"add", "update", "delete"}
	}
	for _, f := range root.Fields {
		for _, prefix := range prefixes {
			stem, ok := strings.CutPrefix(f.Name, prefix)
			if ok && (s.Type(stem) != nil || s.Type(strings.TrimSuffix(stem, "Password")) != nil ||
				strings.HasPrefix(stem, "Similar") || root.Name == "Mutation" && !f.Has("custom")) {
				return true
			}
		}
	}
	return false
}
