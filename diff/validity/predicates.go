package validity

import (
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// storedName checks @dgraph on types. Source: dgraphDirectiveTypeValidation.
func (c *checker) storedName(t *schema.Type) {
	d := t.Directive("dgraph")
	if d == nil {
		return
	}
	v := d.Arg("type")
	switch {
	case v == nil || v.Raw == "":
		c.problem(d.Span, t.Name, "@dgraph on %s names no stored type: write @dgraph(type: \"...\") or remove the directive", t.Name)
	case v.Kind != sdl.StringValue:
		c.problem(v.Span, t.Name, "the argument type of @dgraph on %s is %s: write it as a plain string", t.Name, valueName(v))
	case reservedWord(v.Raw):
		c.problem(v.Span, t.Name, "@dgraph on %s names the stored type %q, which is a reserved name", t.Name, v.Raw)
	}
}

// reverse reports whether a predicate is read backwards, and which one. Dgraph
// strips the characters from both ends.
func reverse(pred string) (forward string, ok bool) {
	if strings.HasPrefix(pred, "~") || strings.HasPrefix(pred, "<~") {
		return strings.Trim(pred, "<~>"), true
	}
	return "", false
}

// predicate checks @dgraph on fields. Source: dgraphDirectiveValidation.
func (c *checker) predicate(f *schema.Field, d *sdl.Directive) {
	if f.Type().Named() == "ID" {
		c.problem(d.Span, f.Coordinate(), "%s has @dgraph, but fields of type ID are not stored: remove the directive", f.Coordinate())
		return
	}
	v := d.Arg("pred")
	switch {
	case v == nil || v.Raw == "":
		c.problem(d.Span, f.Coordinate(), "@dgraph on %s names no predicate: write @dgraph(pred: \"...\") or remove the directive", f.Coordinate())
		return
	case v.Kind != sdl.StringValue:
		c.problem(v.Span, f.Coordinate(), "the argument pred of @dgraph on %s is %s: write it as a plain string", f.Coordinate(), valueName(v))
		return
	case reservedWord(v.Raw):
		c.problem(v.Span, f.Coordinate(), "@dgraph on %s names the predicate %q, which is a reserved name", f.Coordinate(), v.Raw)
		return
	}
	if _, ok := reverse(v.Raw); ok {
		return // see inverses
	}
	if strings.Contains(v.Raw, "@") {
		c.languagePredicate(f, v)
	}
}

// backwards checks a field that reads a predicate backwards. An interface's own
// field is not looked at, only what types make of it.
func (c *checker) backwards(f *schema.Field, d *sdl.Directive) {
	v := d.Arg("pred")
	if v == nil || v.Kind != sdl.StringValue || f.Owner.Kind == sdl.Interface || f.Type().Named() == "ID" || c.kind(f.Type().Named()) == 0 {
		return
	}
	forward, ok := reverse(v.Raw)
	if ok && c.reversePredicate(f, v, forward) && strings.Contains(v.Raw, "@") {
		c.languagePredicate(f, v)
	}
}

// reversePredicate checks a field that reads the predicate forward backwards.
func (c *checker) reversePredicate(f *schema.Field, v *sdl.Value, forward string) bool {
	typeName := f.Type().Named()
	target := c.schema.Type(typeName)
	kind := c.kind(typeName)
	_, inverse := c.inverseOf(f)
	switch {
	case inverse:
		c.problem(v.Span, f.Coordinate(), "%s reads the predicate %q backwards and has @hasInverse: keep one of the two", f.Coordinate(), forward)
		return false
	case kind != sdl.Object && kind != sdl.Interface:
		c.problem(v.Span, f.Coordinate(), "%s reads the predicate %q backwards, but its type %s is %s: only references can be read backwards", f.Coordinate(), forward, typeName, kindName(kind))
		return false
	case !f.Type().List():
		c.problem(v.Span, f.Coordinate(), "%s reads the predicate %q backwards, which gives a list: the type must be [%s]", f.Coordinate(), forward, typeName)
		return false
	}
	if target != nil {
		if g := c.forward(target, forward); g != nil {
			return c.forwardFits(f, g, v)
		}
	}
	c.problem(v.Span, f.Coordinate(), "%s reads the predicate %q backwards, but no field of %s has @dgraph(pred: %q)", f.Coordinate(), clip(forward), typeName, clip(forward))
	return false
}

// forwardFits checks the field g whose predicate f reads backwards.
func (c *checker) forwardFits(f, g *schema.Field, v *sdl.Value) bool {
	back := g.Type().Named()
	_, inverse := c.inverseOf(g)
	switch {
	case back != f.Owner.Name && !slices.ContainsFunc(f.Owner.Definition.Interfaces, func(n sdl.Name) bool { return n.Text == back }):
		c.problem(v.Span, f.Coordinate(), "%s reads the predicate of %s backwards, but %s has the type %s: it must lead to %s", f.Coordinate(), g.Coordinate(), g.Coordinate(), g.Type(), f.Owner.Name)
	case inverse:
		c.problem(v.Span, f.Coordinate(), "%s reads the predicate of %s backwards, but %s has @hasInverse: keep one of the two", f.Coordinate(), g.Coordinate(), g.Coordinate())
	default:
		return true
	}
	return false
}

// languagePredicate checks a predicate with a language tag.
func (c *checker) languagePredicate(f *schema.Field, v *sdl.Value) {
	parts := strings.Split(v.Raw, "@")
	switch tag := parts[1]; {
	case f.Type().Named() != "String":
		c.problem(f.Type().Span, f.Coordinate(), "%s is stored under a language tag and has the type %s: only String has languages", f.Coordinate(), f.Type())
	case f.Has("id"):
		c.problem(f.Directive("id").Span, f.Coordinate(), "%s is stored under a language tag and cannot have @id", f.Coordinate())
	case f.Has("search") && strings.Contains(tag, ":"):
		c.problem(f.Directive("search").Span, f.Coordinate(), "%s reads several languages and cannot have @search: put it on the fields of the single languages", f.Coordinate())
	case tag == "*":
		c.problem(v.Span, f.Coordinate(), "%s asks for all languages with \"*\", which GraphQL on Dgraph cannot: name them, like @en:fr", f.Coordinate())
	case tag == "":
		c.problem(v.Span, f.Coordinate(), "the language tag of %s is empty: write one after the \"@\", or remove it", f.Coordinate())
	case len(parts) > 2:
		c.problem(v.Span, f.Coordinate(), "the predicate of %s has more than one \"@\": separate languages with colons, like @en:fr", f.Coordinate())
	}
}

// user is who stores under a predicate.
type user struct {
	owner      *schema.Type
	field      *schema.Field // nil for a password
	span       sdl.Span
	typ        string // without "!"
	id, secret bool
}

func (u user) coordinate() string {
	if u.field == nil {
		return u.owner.Name
	}
	return u.field.Coordinate()
}

// sharedPredicates checks predicates that several fields use: they must agree
// on the type, and fields of a type and of its interface must not share.
// Source: dgraphDirectivePredicateValidation.
func (c *checker) sharedPredicates() {
	first := make(map[string]user, 8*len(c.schema.Types))
	own := map[*schema.Type]map[string]bool{}
	var types []*schema.Type
	for _, t := range c.schema.Types {
		if t.Kind == sdl.Interface {
			types = append(types, t)
		}
	}
	for _, t := range c.schema.Types {
		if t.Kind == sdl.Object {
			types = append(types, t)
		}
	}
	for _, t := range types {
		if t.Kind == sdl.Interface {
			own[t] = map[string]bool{}
		} else {
			c.interfacesShare(t, own)
		}
		for _, f := range t.Fields {
			if f.Type().Named() == "ID" || c.source(t, f.Name) != nil {
				continue
			}
			pred := t.Stored + "." + f.Name
			span := f.Definition.Name.Span
			if v := f.Directive("dgraph").Arg("pred"); v != nil {
				pred, span = v.Raw, v.Span
			}
			if t.Kind == sdl.Interface {
				own[t][pred] = true
			}
			if _, backwards := reverse(pred); backwards {
				continue
			}
			typ := f.Type().Named()
			if f.Type().List() {
				typ = "[" + typ + "]"
			}
			c.share(first, pred, user{t, f, span, typ, f.Has("id"), false})
		}
		c.shareSecret(first, t)
	}
}

// share compares a user of a predicate with its first one.
func (c *checker) share(first map[string]user, pred string, u user) {
	before, taken := first[pred]
	if !taken {
		first[pred] = u
		return
	}
	switch {
	case before.secret:
		c.problem(u.span, u.coordinate(), "%s is stored in the predicate %q, which holds the password of %s: use another predicate", u.coordinate(), clip(pred), before.coordinate())
	case before.typ != u.typ:
		c.problem(u.span, u.coordinate(), "%s has the type %s and shares the predicate %q with %s of type %s: use the same type or another predicate", u.coordinate(), u.typ, clip(pred), before.coordinate(), before.typ)
	}
	if before.id != u.id {
		with, without := before.coordinate(), u.coordinate()
		if u.id {
			with, without = without, with
		}
		c.problem(u.span, u.coordinate(), "%s has @id and %s has not, but both share the predicate %q: both or none, or another predicate", with, without, clip(pred))
	}
	c.shareWithInterface(u, before, pred)
}

func (c *checker) shareWithInterface(u, before user, pred string) {
	if u.owner.Kind == sdl.Object && slices.ContainsFunc(u.owner.Definition.Interfaces, func(n sdl.Name) bool { return n.Text == before.owner.Name }) {
		c.problem(u.span, u.coordinate(), "%s shares the predicate %q with %s of the interface that %s implements: use another predicate", u.coordinate(), clip(pred), before.coordinate(), u.owner.Name)
	}
}

// shareSecret compares a password's predicate, when it is named, with others.
func (c *checker) shareSecret(first map[string]user, t *schema.Type) {
	d, i := secretOf(t)
	v := d.Arg("pred")
	if v == nil || i != nil {
		return
	}
	u := user{owner: t, span: v.Span, typ: "String", secret: true}
	before, taken := first[v.Raw]
	if !taken {
		first[v.Raw] = u
		return
	}
	if !before.secret {
		c.problem(u.span, u.coordinate(), "the password of %s is stored in the predicate %q, which %s uses: use another predicate", t.Name, clip(v.Raw), before.coordinate())
	}
	c.shareWithInterface(u, before, v.Raw)
}

// secretOf is the @secret that counts for t and the interface that it comes
// from, if any. Sources: getPasswordField, parentInterfaceForPwdField.
func secretOf(t *schema.Type) (*sdl.Directive, *schema.Type) {
	last := func(of *schema.Type) (found *sdl.Directive) {
		for _, d := range of.Definition.Directives {
			if d.Name.Text == "secret" && d.Arg("field") != nil {
				found = d
			}
		}
		return found
	}
	d := last(t)
	if t.Kind != sdl.Object {
		return d, nil
	}
	for _, i := range t.Interfaces {
		if inherited := i.Directive("secret"); inherited != nil && inherited.Arg("field") != nil {
			d = inherited
		}
	}
	if d == nil {
		return nil, nil
	}
	for _, i := range t.Interfaces {
		if of := last(i); of != nil && of.Arg("field").Raw == d.Arg("field").Raw {
			return d, i
		}
	}
	return d, nil
}

// interfacesShare refuses that two interfaces of a type use one predicate.
func (c *checker) interfacesShare(t *schema.Type, own map[*schema.Type]map[string]bool) {
	if len(t.Interfaces) < 2 {
		return
	}
	seen := map[string]*schema.Type{}
	for _, i := range t.Interfaces {
		for _, f := range i.Fields {
			pred := i.Stored + "." + f.Name
			if v := f.Directive("dgraph").Arg("pred"); v != nil {
				pred = v.Raw
			}
			if !own[i][pred] {
				continue
			}
			if before := seen[pred]; before != nil && before != i {
				c.problem(c.interfaceName(t, i), t.Name, "%s implements %s and %s, which both store in the predicate %q: they must use different predicates", t.Name, before.Name, i.Name, clip(pred))
			}
			seen[pred] = i
		}
	}
}
