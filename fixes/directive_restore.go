package fixes

import (
	"fmt"
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// declarations are all places that write a field: Dgraph wants a type that
// writes a field of its interface again to write the same type.
func declarations(f *schema.Field) []*sdl.Field {
	owner := f.Owner
	if f.Source != nil {
		owner = f.Source
	}
	all := []*sdl.Field{f.Definition}
	for _, t := range owner.Implementors {
		if g := t.Field(f.Name); g != nil && g.Definition == f.Definition && g.Written != nil && g.Written != f.Definition {
			all = append(all, g.Written)
		}
	}
	return all
}

// MakeNullable takes the "!" from a field.
func MakeNullable(f *schema.Field) Patch {
	if f.Has("id") && slices.ContainsFunc(f.Owner.Fields, (*schema.Field).Computed) || f.Key() {
		return Patch{} // what is computed may need a field that is always there
	}
	var p Patch
	for _, d := range declarations(f) {
		at := d.Type.Span
		if !d.Type.NonNull || at.File.Text[at.End-1] != '!' {
			return Patch{}
		}
		at.Start = at.End - 1
		p.Edits = append(p.Edits, sdl.Edit{Span: at})
	}
	return apart(p.Edits)
}

// RestoreType gives a field its old type back.
func (x *Directives) RestoreType(before, after *schema.Field) Patch {
	var k kept
	replacements, ok := x.references(&k, &schema.Field{}, &sdl.Field{Type: before.Definition.Type})
	if !ok || len(k.types) > 0 {
		return Patch{}
	}
	text := rewrite(before.Definition.Type.Span, replacements)
	var p Patch
	for _, d := range declarations(after) {
		p.Edits = append(p.Edits, sdl.Edit{Span: d.Type.Span, New: text})
	}
	return apart(p.Edits)
}

// Separate puts an old field back where a new one of its name is, and gives the
// new one a name of its own. It stays nullable there, since no node has it yet.
func (x *Directives) Separate(before, after *schema.Field) Patch {
	d, owner := after.Written, after.Owner
	if d == nil || d != after.Definition || len(declarations(after)) > 1 || before.Written == nil || after.Inverse != nil || after.Reverse {
		return Patch{}
	}
	var k kept
	replacements, ok := x.references(&k, before, before.Written)
	if !ok || len(k.types)+len(k.fields) > 0 {
		return Patch{}
	}
	name := after.Name + strings.ToUpper(after.Type().Named()[:1]) + after.Type().Named()[1:]
	if after.Computed() {
		name = after.Name + "Computed"
	}
	for _, t := range append([]*schema.Type{owner}, owner.Implementors...) {
		if t.Field(name) != nil || t.Secret != nil && t.Secret.Field == name {
			return Patch{}
		}
	}
	if pred := owner.Stored + "." + name; x.d.Before.Storage.Predicate(pred) != nil || len(x.after(pred)) > 0 {
		return Patch{}
	}
	text := rewrite(fieldSpan(before.Written), replacements)
	moved := []sdl.Edit{{Span: d.Name.Span, New: name}}
	if at := d.Type.Span; d.Type.NonNull && !after.Computed() {
		at.Start = at.End - 1
		moved = append(moved, sdl.Edit{Span: at})
	}
	if e, ok := onField(d).dropArgument("dgraph", "pred"); ok {
		moved = append(moved, e)
	}
	moved = slices.DeleteFunc(moved, func(e sdl.Edit) bool { return !within(fieldSpan(d), e.Span) })
	return apart([]sdl.Edit{
		{Span: fieldSpan(d), New: withEnding(text, lineEnding(d.Span.File))},
		member(d.Span, rewrite(fieldSpan(d), moved)),
	})
}

// fieldSpan is a field without its description.
func fieldSpan(d *sdl.Field) sdl.Span { return d.Name.Span.To(d.Span) }

func within(outer, inner sdl.Span) bool {
	return inner.File == outer.File && inner.Start >= outer.Start && inner.End <= outer.End
}

// RestoreOnField gives a field an old directive back, as it was.
func (x *Directives) RestoreOnField(after *schema.Field, old *sdl.Directive) Patch {
	if old == nil || after.Source != nil {
		return Patch{} // the interface's field is that of other types too
	}
	text := withEnding(old.Span.Text(), lineEnding(after.Definition.Span.File))
	return apart([]sdl.Edit{onField(after.Definition).setDirective(old.Name.Text, text)})
}

// SetIDScope makes the @id of an interface's field unique over all types.
func (x *Directives) SetIDScope(after *schema.Field) Patch {
	return apart([]sdl.Edit{onField(after.Definition).setArgument("id", "interface", "true")})
}

// RestoreSearch makes @search of a field have the arguments that it lost, beside
// those that it has where Dgraph takes both.
func (x *Directives) RestoreSearch(before, after *schema.Field, lost []string) Patch {
	if p := x.d.After.Storage.Predicate(after.Predicate); p != nil && slices.ContainsFunc(p.Fields, func(u *schema.Field) bool { return u.Definition != after.Definition }) {
		return Patch{} // their indexes become one set
	}
	old, is := before.Directive("search"), after.Directive("search")
	if is == nil {
		return x.RestoreOnField(after, old)
	}
	has := x.arguments(after)
	all := slices.Clone(has)
	for _, l := range lost {
		if l != "none" && !slices.Contains(all, l) {
			all = append(all, l)
		}
	}
	if slices.Equal(has, all) || !x.together(after, all) {
		if old == nil {
			return Patch{}
		}
		return x.RestoreOnField(after, old)
	}
	var list []string
	for _, a := range all {
		if strings.ContainsFunc(a, func(r rune) bool {
			return r != '_' && !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9')
		}) {
			a = quote(a)
		}
		list = append(list, a)
	}
	if v := is.Arg("by"); v != nil && v.Kind == sdl.ListValue && len(v.List) > 0 && len(has) == len(v.List) {
		at := v.List[len(v.List)-1].Span
		return apart([]sdl.Edit{insertAt(at.File, at.End, ", "+strings.Join(list[len(has):], ", "))})
	}
	return apart([]sdl.Edit{onField(after.Definition).setArgument("search", "by", "["+strings.Join(list, ", ")+"]")})
}

// arguments are those of @search as they stand there, or what it means without.
func (x *Directives) arguments(f *schema.Field) []string {
	v := f.Directive("search").Arg("by")
	if v == nil {
		if x.d.After.Kind(f.Type().Named()) == sdl.Enum {
			return []string{"hash"}
		}
		if name := schema.DefaultSearch(f.Type().Named()); name != "" {
			return []string{name}
		}
		return nil
	}
	if v.Kind != sdl.ListValue {
		return []string{v.Raw}
	}
	var all []string
	for _, a := range v.List {
		all = append(all, a.Raw)
	}
	return all
}

// together reports whether Dgraph takes these arguments in one @search. Source:
// searchValidation.
func (x *Directives) together(f *schema.Field, all []string) bool {
	if f.Type().Named() != "String" && len(all) > 1 && x.d.After.Kind(f.Type().Named()) != sdl.Enum {
		return false
	}
	has := func(name string) bool {
		return slices.ContainsFunc(all, func(a string) bool { return schema.SearchName(a) == name })
	}
	return !(has("hash") && has("exact")) && !(has("trigram") && has("regexp"))
}

// MoveBehind writes a field of a type behind another one of it. Comments stay
// where they are.
func (x *Directives) MoveBehind(f, behind *schema.Field) Patch {
	if f.Owner != behind.Owner || f.Written == nil || behind.Written == nil || f.Source != nil || behind.Source != nil ||
		f.Written.Span.Start > behind.Written.Span.Start {
		return Patch{}
	}
	at := withBlanks(f.Written.Span)
	return apart([]sdl.Edit{{Span: at}, member(behind.Written.Span, f.Written.Span.Text())})
}

// RestoreInverse makes two fields of the new schema each other's inverse.
func (x *Directives) RestoreInverse(after, other *schema.Field) Patch {
	switch {
	case other == nil, after.Reverse, other.Reverse, after.Predicate == "", other.Predicate == "":
		return Patch{}
	case after.Type().Named() != other.Owner.Name, other.Type().Named() != after.Owner.Name:
		return Patch{}
	case other != after && other.Has("hasInverse"), other.Inverse != nil && other.Inverse != after:
		return Patch{}
	case after.Source != nil, other.Source != nil:
		return Patch{} // the interface says it for all its types
	}
	if now := after.Inverse; now != nil && now.Has("hasInverse") && now != after {
		return Patch{} // the other end says so
	}
	return apart([]sdl.Edit{onField(after.Definition).setArgument("hasInverse", "field", other.Name)})
}

// RestoreSecret gives a type its password back.
func (x *Directives) RestoreSecret(before, after *schema.Type) Patch {
	s := before.Secret
	if after.Secret != nil || sdl.Lookup(after.Definition.Directives, "secret") != nil {
		return Patch{}
	}
	for _, t := range append([]*schema.Type{after}, after.Implementors...) {
		if t.Field(s.Field) != nil || t.Secret != nil {
			return Patch{}
		}
	}
	if len(x.after(unquoted(s.Predicate))) > 0 {
		return Patch{}
	}
	text := withEnding(s.Directive.Span.Text(), lineEnding(after.Definition.Span.File))
	if s.Source != nil {
		text = fmt.Sprintf("@secret(field: %s, pred: %s)", quote(s.Field), quote(s.Predicate))
	}
	return apart([]sdl.Edit{onDefinition(after.Definition).add(text)})
}

// RestoreAuth gives a type its old rules for some operations back.
func (x *Directives) RestoreAuth(before, after *schema.Type, operations []string) Patch {
	old := before.Directive("auth")
	if old == nil || !x.ruleHolds(old) {
		return Patch{}
	}
	h := onDefinition(after.Definition)
	is := after.Directive("auth")
	var p Patch
	var added []string
	for _, o := range operations {
		v := old.Arg(o)
		if v == nil {
			return Patch{} // an interface had the rule
		}
		for _, i := range before.Interfaces {
			if i.Directive("auth").Arg(o) != nil && !slices.Contains(after.Interfaces, x.d.Survivor(i)) {
				return Patch{}
			}
		}
		text := withEnding(v.Span.Text(), lineEnding(after.Definition.Span.File))
		switch {
		case is.Arg(o) != nil:
			p.Edits = append(p.Edits, sdl.Edit{Span: is.Arg(o).Span, New: text})
		case is != nil && len(is.Arguments) > 0:
			p.Edits = append(p.Edits, addArgument(is, o, text))
		default:
			added = append(added, o+": "+text)
		}
	}
	if len(added) > 0 {
		p.Edits = append(p.Edits, h.setDirective("auth", "@auth("+strings.Join(added, ", ")+")"))
	}
	return apart(p.Edits)
}

// RestoreOperations turns operations of @generate on again: get, query,
// password, aggregate, add, update, delete.
func (x *Directives) RestoreOperations(after *schema.Type, operations []string) Patch {
	d := after.Directive("generate")
	var p Patch
	for _, o := range operations {
		argument := "query"
		if o == "add" || o == "update" || o == "delete" {
			argument = "mutation"
		}
		v := d.Arg(argument).Field(o)
		if v == nil || v.Kind != sdl.BooleanValue {
			return Patch{}
		}
		p.Edits = append(p.Edits, sdl.Edit{Span: v.Span, New: "true"})
	}
	return apart(p.Edits)
}

// RestoreSubscription lets clients subscribe to a type, or to a query when
// field is not nil.
func (x *Directives) RestoreSubscription(t *schema.Type, field *schema.Field) Patch {
	if field == nil {
		return apart([]sdl.Edit{onDefinition(t.Definition).add("@withSubscription")})
	}
	if field.Directive("custom").Arg("dql") == nil {
		return Patch{}
	}
	return apart([]sdl.Edit{onField(field.Definition).add("@withSubscription")})
}

// RestoreWebhook tells the webhook of a type of more mutations again.
func (x *Directives) RestoreWebhook(after *schema.Type, mutations []string) Patch {
	h, d := onDefinition(after.Definition), after.Directive("lambdaOnMutate")
	var p Patch
	var added []string
	for _, m := range mutations {
		switch v := d.Arg(m); {
		case v != nil:
			p.Edits = append(p.Edits, sdl.Edit{Span: v.Span, New: "true"})
		case d != nil && len(d.Arguments) > 0:
			p.Edits = append(p.Edits, addArgument(d, m, "true"))
		default:
			added = append(added, m+": true")
		}
	}
	if len(added) > 0 {
		p.Edits = append(p.Edits, h.setDirective("lambdaOnMutate", "@lambdaOnMutate("+strings.Join(added, ", ")+")"))
	}
	return apart(p.Edits)
}
