package usage

import (
	"slices"

	"github.com/schemacheck/schemacheck/diff/api"
	"github.com/schemacheck/schemacheck/diff/operations"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// Pair is an API before and after a change.
type Pair struct {
	Before, After *API
	// Refusals is what Check finds of operations under Before. What it has it does not look for again; nil keeps nothing.
	Refusals map[*operations.Operation][]string
	same     map[string]bool // what was compared: types, fields by coordinate, and directives
}

// NewPair makes two APIs ready for operations.
func NewPair(before, after *api.Schema) *Pair {
	return &Pair{Before: New(before), After: New(after), same: map[string]bool{}}
}

// Outcome is how an operation fares under both APIs.
type Outcome struct {
	Before *Walk
	// After is nil where nothing that decides about the operation has changed: what Before says of it is true of both.
	After *Walk
}

// Check holds an operation against both APIs.
func (p *Pair) Check(o *operations.Operation) Outcome {
	out := Outcome{Before: p.before(o)}
	if !p.untouched(out.Before) {
		out.After = p.After.Check(o)
	}
	return out
}

func (p *Pair) before(o *operations.Operation) *Walk {
	if refusals, ok := p.Refusals[o]; ok {
		w := p.Before.Walk(o)
		w.Refusals = refusals
		return w
	}
	w := p.Before.Check(o)
	if p.Refusals != nil {
		p.Refusals[o] = w.Refusals
	}
	return w
}

// untouched reports whether all that decides about the validity of an operation is the same in both APIs: the types that
// it comes by, of inputs and enums with all that is in them, of others with the objects that they stand for, and the
// fields and directives that it uses.
func (p *Pair) untouched(w *Walk) bool {
	for _, name := range w.Met {
		if !p.compared(name, p.sameType) {
			return false
		}
	}
	for i := range w.Uses {
		u := &w.Uses[i]
		switch u.Kind {
		case Field:
			if !p.compared(u.Coordinate, func(string) bool { return p.sameField(u.Type.Name, u.Name()) }) {
				return false
			}
		case Directive:
			if !p.compared(u.Coordinate, p.sameDirective) {
				return false
			}
		}
	}
	// What was unknown can be known now.
	return len(w.Faults) == 0
}

func (p *Pair) compared(what string, compare func(string) bool) bool {
	same, ok := p.same[what]
	if !ok {
		same = compare(what)
		p.same[what] = same
	}
	return same
}

func (p *Pair) sameType(name string) bool {
	b, a := p.Before.known(name), p.After.known(name)
	if b == nil || a == nil {
		return b == nil && a == nil
	}
	if b.Kind != a.Kind || (len(b.Fields) == 0) != (len(a.Fields) == 0) {
		return false
	}
	switch b.Kind {
	case sdl.InputObject:
		return slices.EqualFunc(b.Fields, a.Fields, func(f, g *api.Field) bool {
			return f.Name == g.Name && f.Type.String() == g.Type.String()
		})
	case sdl.Enum:
		return slices.EqualFunc(b.Values, a.Values, func(v, w *api.Value) bool { return v.Name == w.Name })
	}
	return slices.Equal(p.Before.implementors[name], p.After.implementors[name])
}

func (p *Pair) sameField(of, name string) bool {
	b, a := p.Before.known(of), p.After.known(of)
	if b == nil || a == nil {
		return false
	}
	f, g := p.Before.field(b, name), p.After.field(a, name)
	if f == nil || g == nil || f.Type.String() != g.Type.String() {
		return false
	}
	return slices.EqualFunc(f.Arguments, g.Arguments, sameArgument)
}

func (p *Pair) sameDirective(coordinate string) bool {
	b, a := p.Before.directives[coordinate[1:]], p.After.directives[coordinate[1:]]
	return b != nil && a != nil && slices.EqualFunc(b.Arguments, a.Arguments, sameArgument) && slices.Equal(b.Locations, a.Locations)
}

func sameArgument(x, y *api.Argument) bool {
	return x.Name == y.Name && x.Type.String() == y.Type.String()
}
