package diff

import (
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// usage says which types of a schema clients can meet in answers and which,
// with what Dgraph generates as a reference to them, in what they send. It says
// so rather too often than too rarely: every stored type counts as having
// queries and mutations.
type usage struct {
	schema  *schema.Schema
	out, in map[string]bool
	// answered and sent are the types to look into.
	answered, sent []*schema.Type
}

func usageOf(s *schema.Schema) *usage {
	u := &usage{schema: s, out: map[string]bool{}, in: map[string]bool{}}
	for _, t := range s.Types {
		switch {
		case t.Stores():
			u.answer(t.Name)
		case t.Root():
			u.fields(t)
		}
	}
	for i := 0; i < len(u.answered); i++ { // it grows
		t := u.answered[i]
		for _, i := range t.Interfaces {
			u.answer(i.Name)
		}
		for _, i := range t.Implementors {
			u.answer(i.Name)
		}
		for _, m := range t.Definition.Members {
			u.answer(m.Text)
		}
		u.fields(t)
	}
	for i := 0; i < len(u.sent); i++ {
		t := u.sent[i]
		for _, m := range t.Definition.Members {
			u.send(m.Text)
		}
		if t.Kind == sdl.InputObject {
			for _, f := range t.Fields {
				u.send(f.Type().Named())
			}
		}
	}
	return u
}

// answer notes that clients can meet a type in answers.
func (u *usage) answer(name string) {
	if t := u.schema.Type(name); t != nil && !u.out[name] {
		u.out[name] = true
		u.answered = append(u.answered, t)
	}
}

// send notes that clients can send a type, or a reference to it.
func (u *usage) send(name string) {
	if t := u.schema.Type(name); t != nil && !u.in[name] {
		u.in[name] = true
		u.sent = append(u.sent, t)
	}
}

// fields notes what the fields of an answer lead to.
func (u *usage) fields(t *schema.Type) {
	for _, f := range t.Fields {
		u.answer(f.Type().Named())
		for _, x := range f.Definition.Arguments {
			u.send(x.Type.Named())
		}
		if t.Stores() && !f.Computed() {
			u.send(f.Type().Named())
		}
	}
}
