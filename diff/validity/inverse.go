package validity

import (
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// inverses checks @hasInverse, and what excludes it, in Dgraph's order, which
// matters: checking one side writes the directive on the other. Source:
// hasInverseValidation.
func (c *checker) inverses() {
	for _, t := range c.schema.Types {
		for _, f := range t.Fields {
			implied, has := c.inverse[f]
			for _, d := range f.Definition.Directives {
				switch d.Name.Text {
				case "hasInverse":
					v := d.Arg("field")
					name := ""
					if v != nil {
						name = v.Raw
					}
					c.oneInverse(f, d, v != nil, name)
				case "dgraph":
					c.backwards(f, d)
				case "external":
					if _, has := c.inverseOf(f); has && f.Owner.Extends && !f.Key() {
						c.problem(d.Span, f.Coordinate(), "%s is @external and not the @key, so that it cannot have @hasInverse, its own or that of the other side", f.Coordinate())
					}
				}
			}
			if has {
				c.oneInverse(f, nil, true, implied)
			}
		}
	}
}

// inverseOf is what the first @hasInverse of the field says, declared or
// implied.
func (c *checker) inverseOf(f *schema.Field) (name string, has bool) {
	if d := f.Directive("hasInverse"); d != nil {
		if v := d.Arg("field"); v != nil {
			return v.Raw, true
		}
		return "", true
	}
	name, has = c.inverse[f]
	return name, has
}

// oneInverse checks one directive; d is nil for an implied one.
func (c *checker) oneInverse(f *schema.Field, d *sdl.Directive, named bool, name string) {
	span := f.Definition.Name.Span
	if d != nil {
		span = d.Span
		if v := d.Arg("field"); v != nil {
			span = v.Span
		}
	}
	typeName := f.Type().Named()
	kind := c.kind(typeName)
	if kind == 0 {
		return
	}
	if kind != sdl.Object && kind != sdl.Interface {
		c.problem(span, f.Coordinate(), "%s has @hasInverse, but its type %s is %s: only references to types and interfaces have an inverse", f.Coordinate(), typeName, kindName(kind))
		return
	}
	if !named {
		c.problem(span, f.Coordinate(), "@hasInverse on %s lacks its argument field: name the field of %s that leads back", f.Coordinate(), typeName)
		return
	}
	target := c.schema.Type(typeName)
	if target == nil {
		c.problem(span, f.Coordinate(), "%s has @hasInverse, but its type %s is one of Dgraph's own, which no field leads back from", f.Coordinate(), typeName)
		return
	}
	other := target.Field(name)
	if other == nil {
		var candidates []string
		for _, g := range c.suggestable(target) {
			if g.Type().Named() == f.Owner.Name {
				candidates = append(candidates, g.Name)
			}
		}
		hint := nearest(name, candidates)
		if hint == "" && len(candidates) > 0 && len(candidates) < 4 {
			hint = " (candidates: " + oneOf(candidates) + ")"
		}
		c.problem(span, f.Coordinate(), "@hasInverse on %s names the field %q, which %s does not have%s", f.Coordinate(), clip(name), typeName, hint)
		return
	}
	// The directive may come from the interface: then the other side must
	// lead to the interface.
	want := f.Owner.Name
	if i := c.source(f.Owner, f.Name); i != nil {
		if _, has := c.inverseOf(i.Field(f.Name)); has {
			want = i.Name
		}
	}
	if back := other.Type().Named(); back != want {
		c.problem(span, f.Coordinate(), "@hasInverse links %s with %s, which has the type %s: it must be %s", f.Coordinate(), other.Coordinate(), other.Type(), want)
		return
	}
	back, has := c.inverseOf(other)
	if has && back != f.Name {
		c.problem(span, f.Coordinate(), "@hasInverse links %s with %s, whose own inverse is %s.%s: a field has one inverse only", f.Coordinate(), other.Coordinate(), want, clip(back))
		return
	}
	if has {
		return
	}
	c.inverse[other] = f.Name
	if target.Kind == sdl.Interface {
		for _, t := range target.Implementors {
			g := t.Field(name)
			if g == nil {
				continue
			}
			if _, set := c.inverse[g]; !set {
				c.inverse[g] = f.Name
			}
		}
	}
}

// suggestable are the fields of t, or none when there were enough suggestions.
func (c *checker) suggestable(t *schema.Type) []*schema.Field {
	if !c.suggest() {
		return nil
	}
	return t.Fields
}
