package validity

import (
	"strings"

	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// roots checks the schema blocks. Dgraph reads them and then serves Query and
// Mutation all the same.
func (c *checker) roots() {
	blocks := 0
	for _, r := range c.schema.Source.Roots {
		if !r.Extend {
			if blocks++; blocks > 1 {
				c.problem(r.Span, "", "there is more than one schema block: keep one")
			}
		}
		if !r.Extend && len(r.Operations) == 0 {
			continue
		}
		for _, op := range r.Operations {
			if c.kind(op.Type.Text) == 0 && !(op.Type.Text == "Query" && c.federated) {
				c.problem(op.Type.Span, "", "the schema block names %q as its %s type, which does not exist%s", clip(op.Type.Text), op.Operation.Text, c.nearestType(op.Type.Text))
			}
		}
	}
}

// extension checks "extend". Dgraph makes a type with @extends of it, which
// only Apollo federation knows: everywhere else it crashes.
func (c *checker) extension(t *schema.Type) {
	if !t.Definition.Extend || rootName(t.Name) {
		if d := t.Directive("extends"); d != nil && c.directives["extends"] != nil && t.Directive("key") == nil {
			c.problem(d.Span, t.Name, "%s has @extends and no @key: an extension needs the @key of the type that it extends", t.Name)
		} else if d != nil && t.Remote {
			c.problem(d.Span, t.Name, "%s has both @extends and @remote: keep one", t.Name)
		}
		return
	}
	span := t.Definition.Name.Span
	switch {
	case t.Kind != sdl.Object && t.Kind != sdl.Interface:
		c.problem(span, t.Name, "Dgraph can extend types and interfaces only, and crashes on \"extend %s\": write %s as one definition", t.Kind.Keyword(), t.Name)
	case t.Directive("key") == nil && !c.federated:
		c.problem(span, t.Name, "Dgraph crashes on an extension where no type has @key: \"extend\" is for Apollo federation, write the fields of %s into its definition", t.Name)
	case t.Directive("key") == nil:
		c.problem(span, t.Name, "the extension of %s has no @key: an extension needs the @key of the type that it extends", t.Name)
	case t.Remote:
		c.problem(span, t.Name, "%s is an extension and has @remote: that is not possible together", t.Name)
	}
}

// contents checks that a type has what its kind needs.
func (c *checker) contents(t *schema.Type) {
	span := t.Definition.Name.Span
	switch t.Kind {
	case sdl.Object, sdl.Interface, sdl.InputObject:
		if len(t.Fields) == 0 && !(t.Name == "Query" && c.federated) {
			c.problem(span, t.Name, "the %s %s has no fields: it needs at least one", t.Kind.Keyword(), t.Name)
			return
		}
	case sdl.Enum:
		if len(t.Definition.Values) == 0 {
			c.problem(span, t.Name, "the enum %s has no values: it needs at least one", t.Name)
		}
	}
	// What a second declaration of a name lacks, the first one may have: that
	// there are two is what is wrong.
	again := c.schema.Type(t.Name) != t
	if t.Kind == sdl.Object && !rootName(t.Name) && !t.Remote && !again && !c.rootQuery(t) {
		for _, f := range t.Fields {
			if f.Type().Named() != "ID" && !f.Computed() {
				return
			}
		}
		c.problem(span, t.Name, "%s has nothing to store: it needs a field that is neither of type ID nor computed by @custom or @lambda", t.Name)
	}
}

// rootQuery reports whether a schema block makes t the type of queries: then
// the parser gives it introspection fields, which count as fields.
func (c *checker) rootQuery(t *schema.Type) bool { return c.queryRoot != "" && c.queryRoot == t.Name }

// members checks the members of a union.
func (c *checker) members(t *schema.Type) {
	if t.Kind != sdl.Union {
		return
	}
	for _, m := range t.Definition.Members {
		switch k := c.kind(m.Text); k {
		case sdl.Object:
		case 0:
			c.problem(m.Span, t.Name, "the union %s has the member %q, which does not exist%s", t.Name, clip(m.Text), c.nearestType(m.Text))
		default:
			c.problem(m.Span, t.Name, "the union %s has the member %s, which is %s: members are object types", t.Name, m.Text, kindName(k))
		}
	}
}

// implements checks the interfaces of a type. Sources: expandSchema,
// validateImplements.
func (c *checker) implements(t *schema.Type) {
	for _, name := range t.Definition.Interfaces {
		switch k := c.kind(name.Text); k {
		case sdl.Interface:
		case 0:
			c.problem(name.Span, t.Name, "%s implements %q, which does not exist%s", t.Name, clip(name.Text), c.nearestType(name.Text))
		default:
			c.problem(name.Span, t.Name, "%s implements %s, which is %s: only interfaces can be implemented", t.Name, name.Text, kindName(k))
		}
	}
	if t.Kind != sdl.Object || len(t.Interfaces) == 0 {
		return
	}
	written := make(map[string]*sdl.Field, len(t.Definition.Fields))
	for _, f := range t.Definition.Fields {
		if written[f.Name.Text] == nil {
			written[f.Name.Text] = f
		}
	}
	type source struct {
		of    *schema.Type
		field *sdl.Field
	}
	seen := map[string]source{}
	for _, i := range t.Interfaces {
		for _, f := range i.Definition.Fields {
			name := f.Name.Text
			own, before := written[name], seen[name]
			seen[name] = source{i, f}
			switch {
			case own != nil && own.Type.String() != f.Type.String():
				c.problem(own.Type.Span, t.Name+"."+name, "%s.%s has the type %s, but the interface %s has %s: write exactly that, or leave the field out, it is inherited", t.Name, name, own.Type, i.Name, f.Type)
			case before.of == nil:
			case f.Type.Name != "ID" && before.of == i:
				c.problem(c.interfaceName(t, i), t.Name, "%s inherits the field %s twice from %s", t.Name, name, i.Name)
			case f.Type.Name != "ID":
				c.problem(c.interfaceName(t, i), t.Name, "%s inherits the field %s from both %s and %s: Dgraph allows that for ID fields only", t.Name, name, before.of.Name, i.Name)
			case own == nil && f.Type.String() != t.Field(name).Type().String():
				c.problem(c.interfaceName(t, i), t.Name, "%s inherits the field %s as %s and, from %s, as %s: the types must be the same", t.Name, name, t.Field(name).Type(), i.Name, f.Type)
			default:
				c.sameArguments(t, i, f, t.Field(name))
			}
		}
	}
}

// interfaceName is where t names the interface, the last time.
func (c *checker) interfaceName(t, i *schema.Type) sdl.Span {
	span := t.Definition.Name.Span
	for _, n := range t.Definition.Interfaces {
		if n.Text == i.Name {
			span = n.Span
		}
	}
	return span
}

// sameArguments checks that the effective field has the arguments that the
// interface's has. It can differ only for ID fields of several interfaces.
func (c *checker) sameArguments(t, i *schema.Type, want *sdl.Field, have *schema.Field) {
	find := func(inputs []*sdl.Input, name string) *sdl.Input {
		for _, in := range inputs {
			if in.Name.Text == name {
				return in
			}
		}
		return nil
	}
	for _, a := range want.Arguments {
		b := find(have.Definition.Arguments, a.Name.Text)
		if b == nil || !compatible(a.Type, b.Type) {
			c.problem(c.interfaceName(t, i), t.Name, "the field %s of %s lacks the argument %s that the interface %s gives it", want.Name.Text, t.Name, a.Name.Text, i.Name)
		}
	}
	for _, b := range have.Definition.Arguments {
		if find(want.Arguments, b.Name.Text) == nil && b.Type.NonNull && b.Default == nil {
			c.problem(c.interfaceName(t, i), t.Name, "the field %s of %s requires the argument %s, which the interface %s does not know", want.Name.Text, t.Name, b.Name.Text, i.Name)
		}
	}
}

// compatible reports whether a value of type a can go where b is expected, as
// Dgraph's parser sees it.
func compatible(a, b *sdl.Type) bool {
	for {
		if a.Name != b.Name || a.List() != b.List() || b.NonNull && !a.NonNull {
			return false
		}
		if !a.List() {
			return true
		}
		a, b = a.Elem, b.Elem
	}
}

// oneID refuses a second field of type ID. Source: idCountCheck, which looks
// at every kind of type, Query included.
func (c *checker) oneID(t *schema.Type) {
	var first *schema.Field
	for _, f := range t.Fields {
		switch {
		case f.Type().Named() != "ID":
		case first == nil:
			first = f
		default:
			c.problem(f.Definition.Name.Span, f.Coordinate(), "%s has the type ID, and so has %s: a type has one such field at most", f.Coordinate(), first.Coordinate())
		}
	}
}

// remote checks @remote. Sources: conflictingDirectiveValidation,
// remoteTypeValidation.
func (c *checker) remote(t *schema.Type) {
	if t.Root() {
		return
	}
	if t.Remote {
		for _, name := range []string{"auth", "withSubscription"} {
			if d := t.Directive(name); d != nil {
				c.problem(d.Span, t.Name, "%s has both @%s and @remote: nothing of a remote type is stored, remove one", t.Name, name)
				break
			}
		}
		for _, f := range t.Fields {
			if f.Computed() {
				c.problem(f.Definition.Name.Span, f.Coordinate(), "%s is computed by @custom or @lambda, which fields of a @remote type cannot be", f.Coordinate())
			}
		}
	} else {
		for _, f := range t.Fields {
			of := c.schema.Type(f.Type().Named())
			if of != nil && of.Remote && !f.Computed() {
				c.problem(f.Definition.Type.Span, f.Coordinate(), "%s has the @remote type %s: such a field needs @custom or @lambda, or a type that is stored", f.Coordinate(), of.Name)
			}
		}
	}
	for _, i := range t.Interfaces {
		switch {
		case t.Remote && !i.Remote:
			c.problem(c.interfaceName(t, i), t.Name, "%s has @remote, but the interface %s has not: both or none", t.Name, i.Name)
		case !t.Remote && i.Remote:
			c.problem(c.interfaceName(t, i), t.Name, "the interface %s has @remote, but %s has not: both or none", i.Name, t.Name)
		}
	}
}

// generate checks the arguments of @generate. Source:
// generateDirectiveValidation.
func (c *checker) generate(t *schema.Type) {
	d := t.Directive("generate")
	if d == nil {
		return
	}
	for _, part := range []struct{ argument, switches string }{
		{"query", "get query password aggregate"},
		{"mutation", "add update delete"},
	} {
		v := d.Arg(part.argument)
		if v == nil {
			continue
		}
		switches := strings.Fields(part.switches)
		if v.Kind != sdl.ObjectValue {
			c.problem(v.Span, t.Name, "the argument %s of @generate on %s is %s: write an object with %s", part.argument, t.Name, valueName(v), allOf(switches))
			continue
		}
		for _, name := range switches {
			if s := v.Field(name); s != nil && s.Kind != sdl.BooleanValue {
				c.problem(s.Span, t.Name, "%s in @generate on %s is %s: it can only be true or false", name, t.Name, valueName(s))
			}
		}
	}
	if v := d.Arg("subscription"); v != nil && v.Kind != sdl.BooleanValue {
		c.problem(v.Span, t.Name, "the argument subscription of @generate on %s is %s: it can only be true or false", t.Name, valueName(v))
	}
}

// lambdaOnMutate checks the directive of that name.
func (c *checker) lambdaOnMutate(t *schema.Type) {
	d := t.Directive("lambdaOnMutate")
	if d == nil {
		return
	}
	if !c.options.Lambda {
		c.unchecked(d.Span, t.Name, "@lambdaOnMutate on %s needs an alpha that was started with a lambda-url (--graphql)", t.Name)
	}
	if t.Remote {
		c.problem(d.Span, t.Name, "%s has both @lambdaOnMutate and @remote: a remote type has no mutations", t.Name)
	}
	for _, a := range d.Arguments {
		if a.Value.Kind != sdl.BooleanValue {
			c.problem(a.Value.Span, t.Name, "the argument %s of @lambdaOnMutate on %s is %s: it can only be true or false", a.Name.Text, t.Name, valueName(a.Value))
		}
	}
}

// secret checks @secret, also where it is inherited. Source:
// passwordDirectiveValidation.
func (c *checker) secret(t *schema.Type) {
	own := 0
	var last *sdl.Directive
	check := func(d *sdl.Directive, of *schema.Type) {
		if d.Name.Text != "secret" {
			return
		}
		v := d.Arg("field")
		switch {
		case v == nil:
			c.problem(d.Span, of.Name, "@secret on %s lacks its argument field, and Dgraph crashes on that: write @secret(field: \"...\")", of.Name)
		case v.Raw == "":
			c.problem(v.Span, of.Name, "@secret on %s names no field: write the name of the password field, as a string", of.Name)
		default:
			own++
			last = d
		}
	}
	for _, d := range t.Definition.Directives {
		check(d, t)
	}
	declared := own
	if t.Kind == sdl.Object {
		for _, i := range t.Interfaces {
			if d := i.Directive("secret"); d != nil {
				check(d, i)
			}
		}
	}
	switch {
	case own > 1 && declared == own:
		c.problem(last.Span, t.Name, "%s has more than one @secret: a type has one at most", t.Name)
	case own > 1:
		c.problem(t.Definition.Name.Span, t.Name, "%s has more than one @secret, its own and inherited ones counted together: a type has one at most", t.Name)
	case own == 1:
		name := last.Arg("field").Raw
		if f := t.Field(name); f != nil {
			span := last.Span
			if declared == 0 {
				span = f.Definition.Name.Span
			}
			c.problem(span, t.Name, "@secret on %s has the name of the field %s: choose another name, or remove the field", t.Name, f.Coordinate())
		}
	}
}
