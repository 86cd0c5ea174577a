package api

import (
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/diff/sdl"
)

// clean removes the inputs that are empty, or would be once the empty ones are
// gone, with the fields and mutations that use them. Dgraph walks from each
// input whose name looks generated, and over everything that can be reached
// from there; that finds the largest set of types that keep each other alive.
// Here the dead are found first, then removed, in linear time. Sources:
// cleanSchema, cleanupInput.
func (d *deriver) clean() {
	reached := d.reachable()
	users := map[string][]*Type{} // who has a field of the type
	support := make(map[*Type]int, len(reached))
	var dead []*Type
	for _, t := range reached {
		for _, f := range t.Fields {
			of := f.Type.Named()
			used := d.types[of]
			if scalar(of) || used != nil {
				support[t]++
			}
			if !scalar(of) && used != nil && used.Kind != sdl.Enum {
				users[of] = append(users[of], t)
			}
		}
		if support[t] == 0 {
			dead = append(dead, t)
		}
	}
	gone := map[string]bool{}
	for len(dead) > 0 {
		t := dead[len(dead)-1]
		dead = dead[:len(dead)-1]
		gone[t.Name] = true
		for _, user := range users[t.Name] {
			if support[user]--; support[user] == 0 {
				dead = append(dead, user)
			}
		}
	}
	for name := range gone {
		delete(d.types, name)
	}
	for _, t := range reached {
		lost := func(f *Field) bool { return !scalar(f.Type.Named()) && d.types[f.Type.Named()] == nil }
		if t.Origin != Static && t.Origin != Federated && slices.ContainsFunc(t.Fields, lost) {
			t.Fields = slices.DeleteFunc(slices.Clone(t.Fields), lost)
		}
		if d.onlyFilter(t) {
			delete(d.types, t.Name)
		}
	}
	d.cleanMutations()
}

// reachable are the types that Dgraph looks at when it cleans up.
func (d *deriver) reachable() []*Type {
	var reached []*Type
	seen := map[*Type]bool{}
	reach := func(t *Type) {
		if t != nil && !seen[t] && t.Kind != sdl.Enum {
			seen[t] = true
			reached = append(reached, t)
		}
	}
	for name, t := range d.types {
		input := strings.HasSuffix(name, "Input") && (strings.HasPrefix(name, "Add") || strings.HasPrefix(name, "Update"))
		if input || strings.HasSuffix(name, "Ref") || strings.HasSuffix(name, "Patch") {
			reach(t)
		}
	}
	for i := 0; i < len(reached); i++ {
		for _, f := range reached[i].Fields {
			if of := f.Type.Named(); !scalar(of) {
				reach(d.types[of])
			}
		}
	}
	return reached
}

// onlyFilter reports whether t is an UpdateTInput that can change nothing.
func (d *deriver) onlyFilter(t *Type) bool {
	rest, update := strings.CutPrefix(t.Name, "Update")
	rest, input := strings.CutSuffix(rest, "Input")
	if !update || !input || len(t.Fields) != 1 {
		return false
	}
	of := d.types[rest]
	return of != nil && (of.Kind == sdl.Object || of.Kind == sdl.Interface) && sdl.Lookup(of.Directives, "remote") == nil
}

// cleanMutations drops the mutations whose input is gone. That hits mutations
// of the user's too, when they are not @custom and their name begins with
// "add" or "update".
func (d *deriver) cleanMutations() {
	kept := d.mutation.Fields[:0:0]
	for _, f := range d.mutation.Fields {
		input := ""
		if of, ok := strings.CutPrefix(f.Name, "add"); ok {
			input = "Add" + of + "Input"
		} else if of, ok := strings.CutPrefix(f.Name, "update"); ok {
			input = "Update" + of + "Input"
		}
		if input == "" || d.types[input] != nil || has(f, "custom") {
			kept = append(kept, f)
		}
	}
	d.mutation.Fields = kept
}
