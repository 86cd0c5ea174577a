package rewrite

import (
	"fmt"
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/diff/api"
	"github.com/schemacheck/schemacheck/diff/operations"
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/diff/usage"
)

// answers tells what no alias hides: names that come in answers, and those in variables that a program makes.
func (w *Rewriter) answers(out *outcome, o *operations.Operation, before *usage.Walk) {
	if len(w.renamed) > 0 && slices.Contains(o.Fields(), "__typename") {
		for _, t := range w.renamed {
			if now := w.diff.Survivor(t); now != nil && t.Kind == sdl.Object && w.met(t, before.Met) {
				out.reason(fmt.Sprintf("__typename answers %q where it was %q", now.Name, t.Name))
			}
		}
	}
	for i := range before.Uses {
		u := &before.Uses[i]
		if to := w.become(u); u.Kind == usage.Introspected && to != "" && to != u.Type.Name {
			out.reason(fmt.Sprintf("__type answers with the name %q, and what is in it has its new names, too", to))
		}
		if u.Gives == nil || u.Kind != usage.Field {
			continue
		}
		for _, v := range w.renamedValues(u.Gives.Named()) {
			out.reason(fmt.Sprintf("%s answers %s", u.Coordinate, v))
		}
	}
	for _, n := range before.Naming {
		if n.Type == nil {
			for _, t := range w.renamed {
				out.reason(fmt.Sprintf("$%s names a type for __type; of these, %s is now %s", n.Variable, t.Name, w.diff.Survivor(t).Name))
			}
			continue
		}
		for _, f := range n.Type.Fields {
			if g := w.fieldOf(n.Type, f); g != nil && g.Name != f.Name {
				out.reason(fmt.Sprintf("$%s names fields for @cascade; of these, %s.%s is now %s", n.Variable, n.Type.Name, f.Name, g.Name))
			}
		}
	}
	for _, v := range o.AST.VariableDefinitions {
		if out.kept[v.Variable] {
			continue // it is rewritten where it stands
		}
		if changes := w.within(v.Type.Name()); changes != "" {
			out.reason(fmt.Sprintf("$%s is made elsewhere; in it, %s", v.Variable, changes))
		}
	}
}

// met reports whether answers can have objects of the type, where these types decide about an operation.
func (w *Rewriter) met(t *schema.Type, names []string) bool {
	if slices.Contains(names, t.Name) {
		return true
	}
	for _, name := range names {
		if of := w.apis.Before.Type(name); of != nil && (of.Kind == sdl.Union && slices.Contains(of.Members, t.Name) ||
			slices.ContainsFunc(t.Interfaces, func(i *schema.Type) bool { return i.Name == name })) {
			return true
		}
	}
	return false
}

// renamedValues are the values of an enum that go by other names, as in "B instead of A".
func (w *Rewriter) renamedValues(enum string) []string {
	of := w.apis.Before.Type(enum)
	if of == nil || of.Kind != sdl.Enum || of.Origin != api.Written {
		return nil
	}
	var all []string
	for _, v := range of.Values {
		if to := w.values[enumValue{of.Source.Type, v.Name}]; to != "" {
			all = append(all, to+" instead of "+v.Name)
		}
	}
	return all
}

// within says which elements of an input, and of all inputs in it, go by other names; "" when none do.
func (w *Rewriter) within(input string) string {
	if said, ok := w.inputs[input]; ok {
		return said
	}
	const most = 5
	all := w.elements(input)
	said := strings.Join(all[:min(len(all), most)], ", ")
	if len(all) > most {
		said += fmt.Sprintf(", and %d more", len(all)-most)
	}
	w.inputs[input] = said
	return said
}

func (w *Rewriter) elements(input string) []string {
	var all []string
	seen := map[string]bool{}
	var look func(name string)
	look = func(name string) {
		of := w.apis.Before.Type(name)
		if of == nil || seen[name] {
			return
		}
		seen[name] = true
		for _, v := range of.Values {
			if to := w.valueOf(of, v); of.Kind == sdl.Enum && to != "" && to != v.Name {
				all = append(all, fmt.Sprintf("%s.%s is now %s", name, v.Name, to))
			}
		}
		if of.Kind != sdl.InputObject {
			return
		}
		for _, f := range of.Fields {
			if g := w.fieldOf(of, f); g != nil && g.Name != f.Name {
				all = append(all, fmt.Sprintf("%s.%s is now %s", name, f.Name, g.Name))
			}
			look(f.Type.Named())
		}
	}
	look(input)
	return all
}
