package validity

import (
	"strings"

	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// key checks @key. Source: apolloKeyValidation.
func (c *checker) key(t *schema.Type) {
	var keys []*sdl.Directive
	for _, d := range t.Definition.Directives {
		if d.Name.Text == "key" {
			keys = append(keys, d)
		}
	}
	if len(keys) == 0 || t.Kind != sdl.Object && t.Kind != sdl.Interface {
		return
	}
	if t.Kind == sdl.Interface {
		c.problem(keys[0].Span, t.Name, "%s is an interface and has @key, and Dgraph crashes on that: only types can be entities", t.Name)
		return
	}
	if len(keys) > 1 {
		c.problem(keys[1].Span, t.Name, "%s has more than one @key: a type has one at most", t.Name)
		return
	}
	v := keys[0].Arg("fields")
	if v == nil || v.Raw == "" {
		c.problem(keys[0].Span, t.Name, "@key on %s names no field: write @key(fields: \"...\")", t.Name)
		return
	}
	f := t.Field(v.Raw)
	switch {
	case f == nil && c.schema.Type(t.Name) != t:
		// A second declaration, which is reported as such.
	case f == nil:
		c.problem(v.Span, t.Name, "@key on %s names the field %q, which the type does not have%s", t.Name, clip(v.Raw), nearest(v.Raw, keyCandidates(t)))
	case f.Type().Named() != "ID" && !f.Has("id"):
		c.problem(v.Span, t.Name, "@key on %s names %s, which is neither of type ID nor has @id", t.Name, f.Coordinate())
	case t.Remote:
		c.problem(keys[0].Span, t.Name, "%s has both @key and @remote: an entity must be stored", t.Name)
	}
}

func keyCandidates(t *schema.Type) []string {
	var names []string
	for _, f := range t.Fields {
		if f.Type().Named() == "ID" || f.Has("id") {
			names = append(names, f.Name)
		}
	}
	return names
}

// external checks @external; for @hasInverse see inverses. Source:
// apolloExternalValidation.
func (c *checker) external(f *schema.Field, d *sdl.Directive) {
	if c.directives["external"] == nil {
		return
	}
	if !f.Owner.Extends {
		c.problem(d.Span, f.Coordinate(), "%s has @external, but %s is no extension: write \"extend type\" or @extends", f.Coordinate(), f.Owner.Name)
		return
	}
	if f.Computed() {
		c.problem(d.Span, f.Coordinate(), "%s has @external and is computed by @custom or @lambda: keep one", f.Coordinate())
		return
	}
	if f.Key() {
		return
	}
	for _, name := range []string{"search", "dgraph", "id"} {
		if other := f.Directive(name); other != nil {
			c.problem(other.Span, f.Coordinate(), "%s is @external and not the @key, so that it cannot have @%s", f.Coordinate(), name)
			return
		}
	}
}

// requires checks @requires. Source: apolloRequiresValidation.
func (c *checker) requires(f *schema.Field, d *sdl.Directive) {
	if c.directives["requires"] == nil {
		return
	}
	if !f.Owner.Extends {
		c.problem(d.Span, f.Coordinate(), "%s has @requires, but %s is no extension: write \"extend type\" or @extends", f.Coordinate(), f.Owner.Name)
		return
	}
	v := d.Arg("fields")
	if v == nil || v.Raw == "" {
		c.problem(d.Span, f.Coordinate(), "@requires on %s names no field: write @requires(fields: \"...\")", f.Coordinate())
		return
	}
	for _, name := range strings.Fields(v.Raw) {
		g := f.Owner.Field(name)
		if g == nil {
			c.problem(v.Span, f.Coordinate(), "@requires on %s names the field %q, which %s does not have", f.Coordinate(), clip(name), f.Owner.Name)
			return
		}
		if !g.Has("external") {
			c.problem(v.Span, f.Coordinate(), "@requires on %s names %s, which is not @external", f.Coordinate(), g.Coordinate())
			return
		}
	}
}

// provides checks @provides. Sources: apolloProvidesValidation, NewHandler.
func (c *checker) provides(f *schema.Field, d *sdl.Directive) {
	if c.directives["provides"] == nil {
		return
	}
	v := d.Arg("fields")
	target := c.schema.Type(f.Type().Named())
	switch {
	case v == nil && !f.Owner.Remote:
		c.problem(d.Span, f.Coordinate(), "@provides on %s lacks its argument fields, and Dgraph crashes on that: write @provides(fields: \"...\")", f.Coordinate())
	case target == nil || target.Directive("key") == nil:
		c.problem(d.Span, f.Coordinate(), "%s has @provides, but its type %s has no @key", f.Coordinate(), f.Type().Named())
	case v == nil || v.Raw == "":
		c.problem(d.Span, f.Coordinate(), "@provides on %s names no field: write @provides(fields: \"...\")", f.Coordinate())
	default:
		for _, name := range strings.Fields(v.Raw) {
			if target.Field(name) == nil {
				c.problem(v.Span, f.Coordinate(), "@provides on %s names the field %q, which %s does not have", f.Coordinate(), clip(name), target.Name)
				return
			}
		}
	}
}

// remoteResponse checks @remoteResponse. Source: remoteResponseValidation.
func (c *checker) remoteResponse(f *schema.Field, d *sdl.Directive) {
	if !f.Owner.Remote {
		c.problem(d.Span, f.Coordinate(), "%s has @remoteResponse, but %s is no @remote type", f.Coordinate(), f.Owner.Name)
		return
	}
	if v := d.Arg("name"); v == nil || v.Raw == "" {
		c.problem(d.Span, f.Coordinate(), "@remoteResponse on %s names nothing: write @remoteResponse(name: \"...\")", f.Coordinate())
	}
}
