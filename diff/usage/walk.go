package usage

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/schemacheck/schemacheck/diff/api"
	"github.com/schemacheck/schemacheck/diff/operations"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// Walk looks at all names of an operation. Where one denotes nothing in the API, what stands within it is not looked
// at: nobody knows what it would mean.
func (a *API) Walk(o *Operation) *Walk {
	w := &walker{API: a, operation: o, found: &Walk{}, met: map[string]bool{}}
	w.in(o.Document)
	root, keyword := a.Query, "query"
	switch o.Definition.Operation {
	case ast.Mutation:
		root, keyword = a.Mutation, "mutation"
	case ast.Subscription:
		root, keyword = a.Subscription, "subscription"
	}
	for _, v := range o.Definition.VariableDefinitions {
		w.variable(v)
	}
	w.directives(o.Definition.Directives, nil)
	if len(root.Fields) == 0 {
		at := w.at(o.Definition.Position)
		w.fault(Unknown, root.Name, at, at+w.name(at), "the API has no "+keyword)
	} else {
		w.selections(w.meet(root.Name), o.Definition.SelectionSet)
	}
	for _, f := range o.Fragments {
		w.fragment(f)
	}
	w.found.Met = make([]string, 0, len(w.met))
	for name := range w.met {
		w.found.Met = append(w.found.Met, name)
	}
	slices.Sort(w.found.Met)
	return w.found
}

type walker struct {
	*API
	operation *Operation
	found     *Walk
	met       map[string]bool
	document  *operations.Document
	ascii     bool // of the document
}

// in says which document the next positions are in.
func (w *walker) in(d *operations.Document) {
	w.document = d
	w.ascii = true
	for i := range len(d.Text) {
		if d.Text[i] >= utf8.RuneSelf {
			w.ascii = false
			return
		}
	}
}

// meet is the type of that name, or nil, and notes that it matters.
func (w *walker) meet(name string) *known {
	w.met[name] = true
	return w.known(name)
}

func (w *walker) variable(v *ast.VariableDefinition) {
	for _, d := range v.Directives {
		w.directives([]*ast.Directive{d}, nil)
	}
	named := v.Type
	for named.Elem != nil {
		named = named.Elem
	}
	start := w.at(named.Position)
	t := w.typeName(named.NamedType, start)
	if t == nil {
		return
	}
	switch t.Kind {
	case sdl.InputObject:
		if !slices.Contains(w.found.Sent, t.Type) {
			w.found.Sent = append(w.found.Sent, t.Type)
		}
	case sdl.Scalar, sdl.Enum:
	default:
		w.fault(Mismatch, t.Name, start, start+len(t.Name), fmt.Sprintf("%s is a %s, and no input", t.Name, t.Kind.Keyword()))
		return
	}
	if v.DefaultValue != nil {
		w.value(v.DefaultValue, typeFrom(v.Type), t.Name)
	}
}

// typeName notes the use of a type and gives it, or nil.
func (w *walker) typeName(name string, start int) *known {
	t := w.meet(name)
	if t == nil {
		w.fault(Unknown, name, start, start+len(name), "there is no type "+name)
		return nil
	}
	w.use(Use{Kind: TypeName, Coordinate: name, Type: t.Type, Source: t.Source, Start: start, End: start + len(name)})
	return t
}

func (w *walker) fragment(f Fragment) {
	w.in(f.Document)
	at := w.afterWord(w.at(f.Definition.Position)) // "fragment"
	at = w.afterWord(at)                           // its name
	if at < len(w.document.Text) && w.document.Text[at] == '(' {
		at = w.afterParens(at)
	}
	t := w.condition(f.Definition.TypeCondition, w.afterWord(at), nil) // "on"
	w.directives(f.Definition.Directives, t)
	if t != nil {
		w.selections(t, f.Definition.SelectionSet)
	}
}

// condition is the type of a type condition, within another one unless that is nil.
func (w *walker) condition(name string, start int, within *known) *known {
	t := w.typeName(name, start)
	switch {
	case t == nil:
	case !t.composite():
		w.fault(Mismatch, name, start, start+len(name), fmt.Sprintf("%s has no fields to select: it is %s", name, article(t.Kind)))
		return nil
	case within != nil && !w.overlap(within.Name, name):
		w.fault(Mismatch, name, start, start+len(name), fmt.Sprintf("nothing in %s is ever %s", within.Name, articled(name)))
	}
	return t
}

// overlap reports whether an object can be of both types.
func (w *walker) overlap(a, b string) bool {
	return slices.ContainsFunc(w.implementors[a], func(name string) bool { return slices.Contains(w.implementors[b], name) })
}

func (w *walker) selections(of *known, set ast.SelectionSet) {
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			w.field(of, s)
		case *ast.InlineFragment:
			t := of
			if s.TypeCondition != "" {
				t = w.condition(s.TypeCondition, w.afterWord(w.at(s.Position)), of)
			}
			w.directives(s.Directives, t)
			if t != nil {
				w.selections(t, s.SelectionSet)
			}
		case *ast.FragmentSpread:
			w.directives(s.Directives, nil)
			for _, f := range w.operation.Fragments {
				if f.Definition.Name != s.Name {
					continue
				}
				// A condition that fits nowhere is told once, at the fragment.
				if t := w.meet(f.Definition.TypeCondition); t != nil && t.composite() && !w.overlap(of.Name, t.Name) {
					at := w.at(s.Position)
					w.fault(Mismatch, t.Name, at, at+len(s.Name), fmt.Sprintf("nothing in %s is ever %s", of.Name, articled(t.Name)))
				}
				break
			}
		}
	}
}

func (w *walker) field(of *known, s *ast.Field) {
	start := w.at(s.Position)
	aliased := false
	if after := w.skip(start + w.name(start)); after < len(w.document.Text) && w.document.Text[after] == ':' {
		start, aliased = w.skip(after+1), true
	}
	end := start + len(s.Name)
	f := w.API.field(of, s.Name)
	if s.Name == typename.Name {
		f = typename
	}
	if f == nil {
		w.fault(Unknown, of.Name+"."+s.Name, start, end, fmt.Sprintf("%s has no field %s", of.Name, s.Name))
		return
	}
	coordinate := of.Name + "." + s.Name
	if f != typename {
		w.use(Use{Kind: Field, Coordinate: coordinate, Type: of.Type, Source: f.Source, Gives: f.Type, Start: start, End: end, Aliased: aliased})
	}
	gives := w.meet(f.Type.Named())
	for _, x := range s.Arguments {
		at := w.at(x.Position)
		argument := f.Argument(x.Name)
		if argument == nil {
			w.fault(Unknown, coordinate+"("+x.Name+":)", at, at+len(x.Name), fmt.Sprintf("%s has no argument %s", coordinate, x.Name))
			continue
		}
		w.use(Use{Kind: Argument, Coordinate: coordinate + "(" + x.Name + ":)", Type: of.Type, Source: argument.Source, Gives: argument.Type, Start: at, End: at + len(x.Name)})
		w.value(x.Value, argument.Type, coordinate+"("+x.Name+":)")
	}
	for _, x := range f.Arguments {
		if x.Type.NonNull && s.Arguments.ForName(x.Name) == nil {
			w.fault(Missing, coordinate+"("+x.Name+":)", start, end, fmt.Sprintf("%s needs the argument %s: %s", coordinate, x.Name, x.Type))
		}
	}
	w.directives(s.Directives, gives)
	if gives == nil {
		return
	}
	switch composite := gives.composite(); {
	case composite && len(s.SelectionSet) == 0:
		w.fault(Mismatch, coordinate, start, end, fmt.Sprintf("%s is of type %s: its fields have to be selected", coordinate, f.Type))
	case !composite && len(s.SelectionSet) > 0:
		w.fault(Mismatch, coordinate, start, end, fmt.Sprintf("%s is of type %s, which has no fields to select", coordinate, f.Type))
	case composite:
		w.selections(gives, s.SelectionSet)
	}
}

// directives are those of what gives the type; nil where that is unknown or none.
func (w *walker) directives(all []*ast.Directive, gives *known) {
	for _, d := range all {
		start := w.at(d.Position)
		of := w.API.directives[d.Name]
		if of == nil {
			w.fault(Unknown, "@"+d.Name, start, start+len(d.Name), "there is no directive @"+d.Name)
			continue
		}
		w.use(Use{Kind: Directive, Coordinate: "@" + d.Name, Start: start, End: start + len(d.Name)})
		for _, x := range d.Arguments {
			at := w.at(x.Position)
			coordinate := "@" + d.Name + "(" + x.Name + ":)"
			argument := argumentOf(of, x.Name)
			if argument == nil {
				w.fault(Unknown, coordinate, at, at+len(x.Name), fmt.Sprintf("@%s has no argument %s", d.Name, x.Name))
				continue
			}
			w.use(Use{Kind: DirectiveArgument, Coordinate: coordinate, Gives: argument.Type, Start: at, End: at + len(x.Name)})
			w.value(x.Value, argument.Type, coordinate)
			if d.Name == "cascade" && x.Name == "fields" && gives != nil {
				w.cascade(x.Value, gives)
			}
		}
	}
}

func argumentOf(d *api.Directive, name string) *api.Argument {
	for _, x := range d.Arguments {
		if x.Name == name {
			return x
		}
	}
	return nil
}

// cascade looks at the names of fields in @cascade(fields: ["phone"]). Source: directiveArgumentsCheck.
func (w *walker) cascade(v *ast.Value, of *known) {
	if v.Kind == ast.ListValue {
		for _, c := range v.Children {
			w.cascade(c.Value, of)
		}
		return
	}
	if v.Kind != ast.StringValue && v.Kind != ast.BlockValue {
		return
	}
	start, end := w.within(v)
	f := w.API.field(of, v.Raw)
	if f == nil {
		w.fault(Unknown, of.Name+"."+v.Raw, start, end, fmt.Sprintf("%s has no field %s", of.Name, v.Raw))
		return
	}
	w.use(Use{Kind: Field, Coordinate: of.Name + "." + v.Raw, Type: of.Type, Source: f.Source, Gives: f.Type, Start: start, End: end})
}

// within is a string without its quotes.
func (w *walker) within(v *ast.Value) (start, end int) {
	start = w.at(v.Position)
	if quotes := 1; v.Kind == ast.StringValue {
		start += quotes
		for end = start; end < len(w.document.Text) && w.document.Text[end] != '"'; end++ {
			if w.document.Text[end] == '\\' {
				end++
			}
		}
		return start, min(end, len(w.document.Text))
	}
	start += len(`"""`)
	length := strings.Index(w.document.Text[min(start, len(w.document.Text)):], `"""`)
	return start, start + max(length, 0)
}

func (w *walker) value(v *ast.Value, expected *sdl.Type, of string) {
	start := w.at(v.Position)
	mismatch := func(end int) {
		w.fault(Mismatch, of, start, end, fmt.Sprintf("%s is of type %s, which %s does not fit", of, expected, clip(v.String())))
	}
	t := w.meet(expected.Named())
	if t == nil {
		return
	}
	if takesAnything(v.Kind, expected) {
		return
	}
	switch v.Kind {
	case ast.Variable:
		d := w.operation.Definition.VariableDefinitions.ForName(v.Raw)
		if d != nil && w.known(d.Type.Name()) != nil && !d.Type.IsCompatible(formOf(expected)) {
			w.fault(Mismatch, of, start, start+len("$")+len(v.Raw), fmt.Sprintf("%s is of type %s, and $%s of type %s", of, expected, v.Raw, d.Type))
		}
	case ast.NullValue:
		if expected.NonNull || t.Name == "Int64" {
			mismatch(start + len("null"))
		}
	case ast.ListValue:
		if expected.Elem == nil {
			if t.Kind != sdl.Scalar || scalars[t.Name] != nil {
				mismatch(start + 1)
			}
			return
		}
		for _, c := range v.Children {
			w.value(c.Value, expected.Elem, of)
		}
	case ast.ObjectValue:
		if t.Kind == sdl.InputObject {
			w.object(v, t, start)
		} else if t.Name == "Int" || t.Name == "Int64" || len(v.Children) > 0 && (t.Kind != sdl.Scalar || scalars[t.Name] != nil) {
			mismatch(start + 1) // without fields the validator takes it
		}
	case ast.EnumValue:
		switch {
		case t.Kind == sdl.Enum && t.value(v.Raw) == nil:
			w.fault(Unknown, t.Name+"."+v.Raw, start, start+len(v.Raw), fmt.Sprintf("%s has no value %s", t.Name, v.Raw))
		case t.Kind == sdl.Enum:
			w.use(Use{Kind: EnumValue, Coordinate: t.Name + "." + v.Raw, Type: t.Type, Source: t.value(v.Raw).Source, Start: start, End: start + len(v.Raw)})
		case !fits(v.Kind, t):
			mismatch(start + len(v.Raw))
		}
	default:
		if !fits(v.Kind, t) || !inRange(v.Raw, t.Name) {
			mismatch(start + 1)
		}
	}
}

// inRange reports whether a number is one for the type. Source: intRangeCheck.
func inRange(number, of string) bool {
	bits := map[string]int{"Int": 32, "Int64": 64}[of]
	if bits == 0 {
		return true
	}
	_, err := strconv.ParseInt(number, 10, bits)
	return err == nil
}

// fits reports whether a literal can be a value of the type. Sources: ValuesOfCorrectType, listInputCoercion,
// intRangeCheck; the latter two are Dgraph's own.
func fits(k ast.ValueKind, t *known) bool {
	if t.Kind != sdl.Scalar {
		return false
	}
	switch t.Name {
	case "Int", "Int64":
		return k == ast.IntValue || t.Name == "Int64" && k == ast.StringValue
	case "Float":
		return k == ast.IntValue || k == ast.FloatValue
	case "String":
		return k == ast.StringValue || k == ast.BlockValue
	case "Boolean":
		return k == ast.BooleanValue
	}
	return true
}

func (w *walker) object(v *ast.Value, t *known, start int) {
	for _, c := range v.Children {
		at := w.at(c.Position)
		coordinate := t.Name + "." + c.Name
		f := w.API.field(t, c.Name)
		if f == nil {
			w.fault(Unknown, coordinate, at, at+len(c.Name), fmt.Sprintf("%s has no field %s", t.Name, c.Name))
			continue
		}
		w.use(Use{Kind: InputField, Coordinate: coordinate, Type: t.Type, Source: f.Source, Gives: f.Type, Start: at, End: at + len(c.Name)})
		w.value(c.Value, f.Type, coordinate)
	}
	for _, f := range t.Fields {
		if f.Type.NonNull && v.Children.ForName(f.Name) == nil {
			w.fault(Missing, t.Name+"."+f.Name, start, start+1, fmt.Sprintf("%s needs the field %s: %s", t.Name, f.Name, f.Type))
		}
	}
}

func (w *walker) use(u Use) {
	u.Document = w.document
	w.found.Uses = append(w.found.Uses, u)
}

func (w *walker) fault(kind FaultKind, coordinate string, start, end int, message string) {
	end = min(end, len(w.document.Text))
	w.found.Faults = append(w.found.Faults, Fault{kind, coordinate, message, w.document, min(start, end), end})
}

// at is the byte at which a token begins: the parser counts in runes.
func (w *walker) at(p *ast.Position) int {
	if p == nil {
		return 0
	}
	if w.ascii {
		return min(p.Start, len(w.document.Text))
	}
	runes := 0
	for i := range w.document.Text {
		if runes == p.Start {
			return i
		}
		runes++
	}
	return len(w.document.Text)
}

// name is the length of the name that begins at a byte.
func (w *walker) name(at int) int {
	n := 0
	for at+n < len(w.document.Text) {
		c := w.document.Text[at+n]
		if c != '_' && (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') {
			break
		}
		n++
	}
	return n
}

// afterWord is where the token after a name begins.
func (w *walker) afterWord(at int) int { return w.skip(at + w.name(at)) }

// skip passes what means nothing: white space, commas, comments and byte order marks.
func (w *walker) skip(at int) int {
	text := w.document.Text
	for at < len(text) {
		switch c := text[at]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ',':
			at++
		case c == '#':
			for at < len(text) && text[at] != '\n' && text[at] != '\r' {
				at++
			}
		case strings.HasPrefix(text[at:], "\ufeff"):
			at += len("\ufeff")
		default:
			return at
		}
	}
	return at
}

// afterParens is where the token after a list in parentheses begins.
func (w *walker) afterParens(at int) int {
	text := w.document.Text
	for at < len(text) && text[at] != ')' {
		switch text[at] {
		case '"':
			for at++; at < len(text) && text[at] != '"'; at++ {
				if text[at] == '\\' {
					at++
				}
			}
			at++
		case '#':
			at = w.skip(at)
		default:
			at++
		}
	}
	return w.skip(min(at+1, len(text)))
}

// typeFrom is a type of an operation as schemas have it.
func typeFrom(t *ast.Type) *sdl.Type {
	if t.Elem != nil {
		return &sdl.Type{Elem: typeFrom(t.Elem), NonNull: t.NonNull}
	}
	return &sdl.Type{Name: t.NamedType, NonNull: t.NonNull}
}

// clip cuts a literal short, for a message.
func clip(text string) string {
	const most = 40
	if len(text) <= most {
		return text
	}
	cut := most
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "..."
}

// article is the keyword of a kind with its article.
func article(k sdl.Kind) string { return articled(k.Keyword()) }

func articled(name string) string {
	if strings.ContainsRune("AEIOaeio", rune(name[0])) {
		return "an " + name
	}
	return "a " + name
}
