package main

import (
	"fmt"
	"slices"

	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/fixes/migrate"
	"github.com/schemacheck/schemacheck/rules"
)

// keptInterfaces are the stored names of interfaces that only the edits put back, for
// who asks for them still.
func (m *mended) keptInterfaces() []string {
	stored := func(files []*sdl.File) []string {
		parsed, err := sdl.Parse(files...)
		if err != nil {
			return nil // never: the edits were tried
		}
		var all []string
		for _, t := range schema.Resolve(parsed).Types {
			if t.Kind == sdl.Interface && t.Stores() {
				all = append(all, t.Stored)
			}
		}
		return all
	}
	before := stored(m.before)
	return slices.DeleteFunc(stored(m.Files), func(name string) bool { return slices.Contains(before, name) })
}

// tagged is a fix that leaves the types of kept interfaces with the nodes: their
// queries would find these no longer. Nil when nothing else was in it; kept is then the
// interface.
func tagged(x *rules.Fix, interfaces []string) (left *rules.Fix, kept string) {
	if x.Migration == nil || len(interfaces) == 0 {
		return x, ""
	}
	untags := func(s migrate.Step) bool {
		return s.RemoveType != nil && slices.Contains(interfaces, s.RemoveType.Type)
	}
	if x.Migration.Need == nil {
		r, err := x.Migration.Build(nil)
		if i := -1; err == nil {
			if i = slices.IndexFunc(r.Steps, untags); i < 0 {
				return x, ""
			}
			if !slices.ContainsFunc(r.Steps, func(s migrate.Step) bool { return !untags(s) }) {
				return nil, r.Steps[i].RemoveType.Type
			}
		}
	}
	other := *x
	other.Migration = &migrate.Migration{Need: x.Migration.Need, Build: func(values []string) (*migrate.Recipe, error) {
		r, err := x.Migration.Build(values)
		if err != nil {
			return nil, err
		}
		less := *r
		less.Steps = slices.DeleteFunc(slices.Clone(r.Steps), untags)
		return &less, nil
	}}
	return &other, ""
}

// keptTags says that nodes keep the type of an interface.
func keptTags(f *rules.Finding, name string) string {
	return fmt.Sprintf("The nodes of %s keep the dgraph.type %s, since the interface is kept and its queries find them by that.", callName(f), name)
}
