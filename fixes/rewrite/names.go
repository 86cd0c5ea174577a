package rewrite

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/api"
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/diff/usage"
)

// names says what the elements of the old API are called in the new one.
type names struct {
	diff  *diff.Diff
	apis  *usage.Pair
	types map[string]*api.Type // by their old names; nil when there is none any more
	// likely are the types, fields and values of the old schema whose renames nobody declared, with their new names.
	likelyTypes  map[*schema.Type]string
	likelyFields map[*schema.Field]string
	likelyValues map[enumValue]string
	values       map[enumValue]string // new names of values that have one
	becomes      map[element]string   // what become says: most names are used again and again
	renamed      []*schema.Type       // old types with another name
}

// enumValue is a value of an enum of the old schema.
type enumValue struct {
	of   *schema.Type
	name string
}

// element is one of the old API.
type element struct {
	kind       usage.Kind
	coordinate string
}

func newNames(d *diff.Diff, apis *usage.Pair) *names {
	n := &names{
		diff: d, apis: apis, types: map[string]*api.Type{}, likelyTypes: map[*schema.Type]string{},
		likelyFields: map[*schema.Field]string{}, likelyValues: map[enumValue]string{}, values: map[enumValue]string{},
		becomes: map[element]string{},
	}
	for _, c := range d.Changes {
		switch c := c.(type) {
		case diff.TypeRenamed:
			n.renamed = append(n.renamed, c.Before)
			if c.Confidence == diff.Likely {
				n.likelyTypes[c.Before] = c.After.Name
			}
		case diff.FieldRenamed:
			if c.Confidence == diff.Likely {
				n.likelyFields[c.Before] = c.After.Name
			}
		case diff.EnumValueRenamed:
			v := enumValue{c.Before, c.From.Name.Text}
			n.values[v] = c.To.Name.Text
			if c.Confidence == diff.Likely {
				n.likelyValues[v] = c.To.Name.Text
			}
		}
	}
	return n
}

// guess says which rename that nobody declared stands behind an element of the old API; "" when none does.
func (n *names) guess(s api.Source, value string) string {
	if s.Type == nil {
		return ""
	}
	if to := n.likelyTypes[s.Type]; to != "" {
		return s.Type.Name + " looks renamed to " + to
	}
	if to := n.likelyValues[enumValue{s.Type, value}]; to != "" {
		return s.Type.Name + "." + value + " looks renamed to " + to
	}
	if s.Field == nil {
		return ""
	}
	for f, to := range n.likelyFields {
		if f.Name == s.Field.Name && (f.Owner == s.Field.Owner || f.Owner == s.Field.Source) {
			return f.Coordinate() + " looks renamed to " + to
		}
	}
	return ""
}

// typeOf is the type of the new API that one of the old API has become; nil when it is gone.
func (n *names) typeOf(old *api.Type) *api.Type {
	if t, ok := n.types[old.Name]; ok {
		return t
	}
	t := n.findType(old)
	n.types[old.Name] = t
	return t
}

func (n *names) findType(old *api.Type) *api.Type {
	after := n.apis.After
	for _, root := range [][2]*api.Type{{n.apis.Before.Query, after.Query}, {n.apis.Before.Mutation, after.Mutation}, {n.apis.Before.Subscription, after.Subscription}} {
		if old == root[0] {
			return root[1]
		}
	}
	of := old.Source.Type
	if of == nil {
		return after.Type(old.Name)
	}
	survivor := n.diff.Survivor(of)
	if survivor == nil {
		return nil
	}
	for _, name := range append([]string{old.Name}, forms(old.Name, of.Name, survivor.Name)...) {
		if t := after.Type(name); t != nil && t.Source.Type == survivor && t.Origin == old.Origin && t.Kind == old.Kind {
			return t
		}
	}
	return nil
}

// forms are the names that a generated name can have become where what it is made of got another name: AddUserInput,
// with User and Member, AddMemberInput.
func forms(generated, from, to string) []string {
	if from == to || to == "" {
		return nil
	}
	var all []string
	for _, piece := range [][2]string{{from, to}, {lower(from), lower(to)}} {
		for at := 0; at < len(generated); {
			i := strings.Index(generated[at:], piece[0])
			if i < 0 {
				break
			}
			name := generated[:at+i] + piece[1] + generated[at+i+len(piece[0]):]
			if !slices.Contains(all, name) {
				all = append(all, name)
			}
			at += i + 1
		}
	}
	return all
}

func lower(name string) string {
	r, size := utf8.DecodeRuneInString(name)
	return string(unicode.ToLower(r)) + name[size:]
}

// same reports whether an element of the new API comes from what one of the old API came from.
func (n *names) same(old, now api.Source) bool {
	if old.Type == nil || now.Type == nil {
		return old.Type == nil && now.Type == nil
	}
	if n.diff.Survivor(old.Type) != now.Type || (old.Field == nil) != (now.Field == nil) {
		return false
	}
	return old.Field == nil || n.counterpart(old.Field) == now.Field.Name
}

// counterpart is the new name of a field, "" when it is gone.
func (n *names) counterpart(f *schema.Field) string {
	if now := n.diff.Counterpart(f); now != nil {
		return now.Name
	}
	return ""
}

// candidates are what an element that comes from s can be called now, likeliest first. Whether it is, its source tells:
// where two fields swap their names, an element of the same name is another one.
func (n *names) candidates(name string, s api.Source) []string {
	all := []string{name}
	switch {
	case s.Type == nil:
	case s.Field != nil:
		all = append(all, forms(name, s.Field.Name, n.counterpart(s.Field))...)
	default:
		if survivor := n.diff.Survivor(s.Type); survivor != nil {
			all = append(all, forms(name, s.Type.Name, survivor.Name)...)
			if was, is := s.Type.Secret, survivor.Secret; was != nil && is != nil && was.Field == name && was.Predicate == is.Predicate {
				all = append(all, is.Field)
			}
		}
		if s.Type.Kind == sdl.Union { // what is generated for its members has their names
			for _, t := range n.renamed {
				all = append(all, forms(name, t.Name, n.diff.Survivor(t).Name)...)
			}
		}
	}
	return all
}

// fieldOf is the field of the new API that one of a type of the old API has become; nil when it is gone.
func (n *names) fieldOf(of *api.Type, f *api.Field) *api.Field {
	now := n.typeOf(of)
	if now == nil {
		return nil
	}
	for _, name := range n.candidates(f.Name, f.Source) {
		if g := now.Field(name); g != nil && n.same(f.Source, g.Source) {
			return g
		}
	}
	return nil
}

// argumentOf is the new name of an argument of a field of the old API that is now another one; "" when it is gone.
func (n *names) argumentOf(now *api.Field, a *api.Argument) string {
	for _, name := range n.candidates(a.Name, a.Source) {
		if b := now.Argument(name); b != nil && n.same(a.Source, b.Source) {
			return b.Name
		}
	}
	return ""
}

// valueOf is the new name of a value of an enum of the old API; "" when it is gone.
func (n *names) valueOf(of *api.Type, v *api.Value) string {
	now := n.typeOf(of)
	if now == nil {
		return ""
	}
	candidates := n.candidates(v.Name, v.Source)
	if of.Origin == api.Written {
		candidates = []string{cmp.Or(n.values[enumValue{of.Source.Type, v.Name}], v.Name)}
	}
	for _, name := range candidates {
		for _, w := range now.Values {
			if w.Name == name && n.same(v.Source, w.Source) {
				return name
			}
		}
	}
	return ""
}

// become is the new name of what a use denotes; "" when it is gone.
func (n *names) become(u *usage.Use) string {
	if u.Type == nil {
		return u.Name() // directives
	}
	of := element{u.Kind, u.Coordinate}
	to, ok := n.becomes[of]
	if !ok {
		to = n.find(u)
		n.becomes[of] = to
	}
	return to
}

func (n *names) find(u *usage.Use) string {
	if u.Kind == usage.TypeName || u.Kind == usage.Introspected {
		if t := n.typeOf(u.Type); t != nil {
			return t.Name
		}
		return ""
	}
	_, name, _ := strings.Cut(u.Coordinate, ".")
	if n.apis.Before.Type(u.Type.Name) == nil || strings.HasPrefix(name, "__") {
		return u.Name() // what introspection asks
	}
	if u.Kind == usage.EnumValue {
		for _, v := range u.Type.Values {
			if v.Name == name {
				return n.valueOf(u.Type, v)
			}
		}
		return ""
	}
	name, argument, isArgument := strings.Cut(strings.TrimSuffix(name, ":)"), "(")
	f := u.Type.Field(name)
	if f == nil {
		return ""
	}
	now := n.fieldOf(u.Type, f)
	switch {
	case now == nil:
		return ""
	case !isArgument:
		return now.Name
	}
	if a := f.Argument(argument); a != nil {
		return n.argumentOf(now, a)
	}
	return ""
}
