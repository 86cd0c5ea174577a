package sdl

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
)

// Fingerprint identifies what the schema says: "sha256:" and the hash of its
// tokens. Comments, descriptions, commas, layout, the order of definitions and
// the division into files do not count, and neither do the settings in
// comments, which can hold secrets.
func (s *Schema) Fingerprint() string {
	definitions := slices.Clone(s.Definitions)
	slices.SortStableFunc(definitions, func(a, b *Definition) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), strings.Compare(a.Name.Text, b.Name.Text), extensionsLast(a.Extend, b.Extend))
	})
	w := &tokens{}
	for _, d := range definitions {
		w.definition(d)
	}
	directives := slices.Clone(s.Directives)
	slices.SortStableFunc(directives, func(a, b *DirectiveDefinition) int {
		return strings.Compare(a.Name.Text, b.Name.Text)
	})
	for _, d := range directives {
		w.add("directive", "@", d.Name.Text)
		w.inputs(d.Arguments)
		w.add("on")
		w.names("|", d.Locations)
	}
	roots := slices.Clone(s.Roots)
	slices.SortStableFunc(roots, func(a, b *RootDefinition) int { return extensionsLast(a.Extend, b.Extend) })
	for _, r := range roots {
		w.extend(r.Extend)
		w.add("schema")
		w.directives(r.Directives)
		for _, op := range r.Operations {
			w.add(op.Operation.Text, ":", op.Type.Text)
		}
	}
	sum := sha256.Sum256([]byte(w.text.String()))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// extensionsLast orders what a definition and its extensions say, as Dgraph
// does. The extensions of one type keep their order: it is that of the fields.
func extensionsLast(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// tokens writes the significant tokens, one a line.
type tokens struct{ text strings.Builder }

func (w *tokens) add(tokens ...string) {
	for _, t := range tokens {
		w.text.WriteString(t)
		w.text.WriteByte('\n')
	}
}

func (w *tokens) extend(extend bool) {
	if extend {
		w.add("extend")
	}
}

func (w *tokens) names(separator string, names []Name) {
	for _, n := range names {
		w.add(separator, n.Text)
	}
}

func (w *tokens) definition(d *Definition) {
	w.extend(d.Extend)
	w.add(d.Kind.Keyword(), d.Name.Text)
	w.names("&", d.Interfaces)
	w.directives(d.Directives)
	w.add("{")
	for _, f := range d.Fields {
		w.add(f.Name.Text)
		w.inputs(f.Arguments)
		w.add(":", f.Type.String())
		w.defaultValue(f.Default)
		w.directives(f.Directives)
	}
	for _, v := range d.Values {
		w.add(v.Name.Text)
		w.directives(v.Directives)
	}
	w.names("|", d.Members)
	w.add("}")
}

func (w *tokens) inputs(inputs []*Input) {
	if len(inputs) == 0 {
		return
	}
	w.add("(")
	for _, in := range inputs {
		w.add(in.Name.Text, ":", in.Type.String())
		w.defaultValue(in.Default)
		w.directives(in.Directives)
	}
	w.add(")")
}

func (w *tokens) defaultValue(v *Value) {
	if v != nil {
		w.add("=")
		w.value(v)
	}
}

func (w *tokens) directives(directives []*Directive) {
	for _, d := range directives {
		w.add("@", d.Name.Text)
		if len(d.Arguments) > 0 || !d.Parens.IsZero() {
			w.add("(")
			w.arguments(d.Arguments)
			w.add(")")
		}
	}
}

func (w *tokens) arguments(arguments []*Argument) {
	for _, a := range arguments {
		w.add(a.Name.Text, ":")
		w.value(a.Value)
	}
}

func (w *tokens) value(v *Value) {
	switch v.Kind {
	case ListValue:
		w.add("[")
		for _, item := range v.List {
			w.value(item)
		}
		w.add("]")
	case ObjectValue:
		w.add("{")
		w.arguments(v.Fields)
		w.add("}")
	case StringValue:
		w.add(strconv.Quote(v.Raw))
	case BlockValue: // another token than the string that says the same
		w.add(`""` + strconv.Quote(v.Raw) + `""`)
	default:
		w.add(v.Raw)
	}
}
