package usage

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/schemacheck/schemacheck/diff/api"
	"github.com/schemacheck/schemacheck/diff/operations"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// Walk looks at all names of an operation. Where one denotes nothing in the API, what stands within it is not looked
// at: nobody knows what it would mean.
func (a *API) Walk(o *operations.Operation) *Walk { return a.walk(o, o.Clean()) }

// Check is Walk, and says whether Dgraph would refuse the operation.
func (a *API) Check(o *operations.Operation) *Walk {
	sent := o.Clean()
	found := a.walk(o, sent)
	if len(sent.Operations) > 0 {
		found.Refusals = a.refusals(sent)
	}
	return found
}

// WalkFragment looks at the names of a fragment alone, without those of the fragments that it uses.
func (a *API) WalkFragment(f *operations.Fragment) *Walk {
	w := &walker{API: a, sent: &ast.QueryDocument{}, operation: &ast.OperationDefinition{}, found: &Walk{}, document: f.Document}
	w.fragment(f.AST)
	return w.found
}

// walk looks at an operation as it is sent.
func (a *API) walk(o *operations.Operation, sent *ast.QueryDocument) *Walk {
	w := &walker{API: a, sent: sent, found: &Walk{Uses: make([]Use, 0, 32)}, document: o.Document}
	for _, operation := range sent.Operations {
		w.operation = operation
		w.root()
	}
	for _, f := range sent.Fragments {
		for _, written := range o.Fragments {
			if written.Name == f.Name {
				w.document = written.Document
			}
		}
		w.fragment(f)
	}
	return w.found
}

type walker struct {
	*API
	sent      *ast.QueryDocument
	operation *ast.OperationDefinition
	found     *Walk
	document  *operations.Document // that positions are in
	alone     int                  // values around, that stand alone where a list is expected
	removing  bool                 // within what an update takes away, which links only
}

func (w *walker) root() {
	root := w.Query
	switch w.operation.Operation {
	case ast.Mutation:
		root = w.Mutation
	case ast.Subscription:
		root = w.Subscription
	}
	for _, v := range w.operation.VariableDefinitions {
		w.variable(v)
	}
	w.directives(w.operation.Directives, nil)
	if len(root.Fields) == 0 {
		w.rootless(root.Name)
		return
	}
	for _, s := range w.operation.SelectionSet {
		if _, ok := s.(*ast.Field); !ok {
			at := w.document.Name(s.GetPosition())
			w.fault(Mismatch, root.Name, at, "Dgraph fails on fragments at the beginning of an operation")
		}
	}
	w.selections(w.meet(root.Name), w.operation.SelectionSet)
}

// rootless is about an operation of a kind that the API does not have.
func (w *walker) rootless(root string) {
	faults := len(w.found.Faults)
	for _, s := range w.operation.SelectionSet {
		if f, ok := s.(*ast.Field); ok {
			_, at := w.document.FieldName(f)
			w.fault(Unknown, root+"."+f.Name, at, fmt.Sprintf("there is no %s %s, nor any other", w.operation.Operation, f.Name))
		}
	}
	if len(w.found.Faults) == faults {
		w.fault(Unknown, root, w.document.Name(w.operation.Position), fmt.Sprintf("there is no %s at all", w.operation.Operation))
	}
}

// meet is the type of that name, or nil, and notes that it matters.
func (w *walker) meet(name string) *known {
	if !slices.Contains(w.found.Met, name) {
		w.found.Met = append(w.found.Met, name)
	}
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
	at := w.document.Name(named.Position)
	t := w.typeName(named.NamedType, at)
	if t == nil {
		return
	}
	switch t.Kind {
	case sdl.InputObject:
		w.found.Sent = append(w.found.Sent, Sent{v.Variable, t.Type, w.document, v.Position.Start, w.document.Name(v.Position).End})
	case sdl.Scalar, sdl.Enum:
	default:
		w.fault(Mismatch, t.Name, at, fmt.Sprintf("%s is %s, and no input", t.Name, article(t.Kind)))
		return
	}
	if v.DefaultValue != nil {
		w.value(v.DefaultValue, typeFrom(v.Type), t.Name)
	}
}

// typeName notes the use of a type and gives it, or nil.
func (w *walker) typeName(name string, at operations.Range) *known {
	t := w.meet(name)
	if t == nil {
		w.fault(Unknown, name, at, "there is no type "+name)
		return nil
	}
	w.use(Use{Kind: TypeName, Coordinate: name, Type: t.Type, Source: t.Source}, at)
	return t
}

func (w *walker) fragment(f *ast.FragmentDefinition) {
	t := w.condition(f.TypeCondition, w.document.FragmentType(f), nil)
	w.directives(f.Directives, t)
	if t != nil {
		w.selections(t, f.SelectionSet)
	}
}

// condition is the type of a type condition, within another one unless that is nil.
func (w *walker) condition(name string, at operations.Range, within *known) *known {
	t := w.typeName(name, at)
	switch {
	case t == nil:
	case !t.composite():
		w.fault(Mismatch, name, at, fmt.Sprintf("%s has no fields to select: it is %s", name, article(t.Kind)))
		return nil
	case within != nil && !w.overlap(within.Name, name):
		w.fault(Mismatch, name, at, fmt.Sprintf("nothing in %s is ever %s", within.Name, articled(name)))
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
				t = w.condition(s.TypeCondition, w.document.InlineType(s), of)
			}
			w.directives(s.Directives, t)
			if t != nil {
				w.selections(t, s.SelectionSet)
			}
		case *ast.FragmentSpread:
			w.directives(s.Directives, nil)
			f := w.sent.Fragments.ForName(s.Name)
			if f == nil {
				continue
			}
			// A condition that fits nowhere is told once, at the fragment.
			if t := w.meet(f.TypeCondition); t != nil && t.composite() && !w.overlap(of.Name, t.Name) {
				w.fault(Mismatch, t.Name, w.document.Name(s.Position), fmt.Sprintf("nothing in %s is ever %s", of.Name, articled(t.Name)))
			}
		}
	}
}

func (w *walker) field(of *known, s *ast.Field) {
	alias, at := w.document.FieldName(s)
	f := w.API.field(of, s.Name)
	if s.Name == typename.Name {
		f = typename
	}
	if f == nil {
		w.fault(Unknown, of.Name+"."+s.Name, at, fmt.Sprintf("%s has no field %s", of.Name, s.Name))
		return
	}
	coordinate := of.coordinate(s.Name)
	if f != typename {
		w.use(Use{Kind: Field, Coordinate: coordinate, Type: of.Type, Source: f.Source, Gives: f.Type, Aliased: alias.Start < alias.End}, at)
	}
	gives := w.meet(f.Type.Named())
	for _, x := range s.Arguments {
		at, coordinate := w.document.Name(x.Position), coordinate+"("+x.Name+":)"
		argument := f.Argument(x.Name)
		if argument == nil {
			w.fault(Unknown, coordinate, at, fmt.Sprintf("%s.%s has no argument %s", of.Name, s.Name, x.Name))
			continue
		}
		w.use(Use{Kind: Argument, Coordinate: coordinate, Type: of.Type, Source: argument.Source, Gives: argument.Type}, at)
		w.value(x.Value, argument.Type, coordinate)
		if f == introspectType {
			w.introspect(x.Value)
		}
	}
	for _, x := range f.Arguments {
		if x.Type.NonNull && s.Arguments.ForName(x.Name) == nil {
			w.fault(Missing, coordinate+"("+x.Name+":)", at, fmt.Sprintf("%s needs the argument %s: %s", coordinate, x.Name, x.Type))
		}
	}
	w.directives(s.Directives, gives)
	if gives == nil {
		return
	}
	switch composite := gives.composite(); {
	case composite && len(s.SelectionSet) == 0:
		w.fault(Mismatch, coordinate, at, fmt.Sprintf("%s is of type %s: its fields have to be selected", coordinate, f.Type))
	case !composite && len(s.SelectionSet) > 0:
		w.fault(Mismatch, coordinate, at, fmt.Sprintf("%s is of type %s, which has no fields to select", coordinate, f.Type))
	case composite:
		w.selections(gives, s.SelectionSet)
	}
}

// directives are those of what gives the type; nil where that is unknown or none.
func (w *walker) directives(all []*ast.Directive, gives *known) {
	for _, d := range all {
		at := w.document.Name(d.Position)
		of := w.API.directives[d.Name]
		if of == nil {
			w.fault(Unknown, "@"+d.Name, at, "there is no directive @"+d.Name)
			continue
		}
		w.use(Use{Kind: Directive, Coordinate: "@" + d.Name}, at)
		for _, x := range d.Arguments {
			at := w.document.Name(x.Position)
			coordinate := "@" + d.Name + "(" + x.Name + ":)"
			argument := argumentOf(of, x.Name)
			if argument == nil {
				w.fault(Unknown, coordinate, at, fmt.Sprintf("@%s has no argument %s", d.Name, x.Name))
				continue
			}
			w.use(Use{Kind: DirectiveArgument, Coordinate: coordinate, Gives: argument.Type}, at)
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
	if v.Kind == ast.Variable {
		w.found.Naming = append(w.found.Naming, Naming{v.Raw, of.Type})
		return
	}
	if v.Kind != ast.StringValue && v.Kind != ast.BlockValue {
		return
	}
	at := w.within(v)
	f := w.API.field(of, v.Raw)
	if f == nil {
		w.fault(Unknown, of.Name+"."+v.Raw, at, fmt.Sprintf("%s has no field %s", of.Name, v.Raw))
		return
	}
	w.use(Use{Kind: Field, Coordinate: of.coordinate(v.Raw), Type: of.Type, Source: f.Source, Gives: f.Type}, at)
}

// introspect looks at the name of a type in __type(name: "User"). That there is none is no fault: the answer is null.
func (w *walker) introspect(name *ast.Value) {
	switch name.Kind {
	case ast.Variable:
		w.found.Naming = append(w.found.Naming, Naming{name.Raw, nil})
	case ast.StringValue, ast.BlockValue:
		if t := w.Type(name.Raw); t != nil {
			w.use(Use{Kind: Introspected, Coordinate: t.Name, Type: t, Source: t.Source}, w.within(name))
		}
	}
}

// within is a string without its quotes.
func (w *walker) within(v *ast.Value) operations.Range {
	text, start := w.document.Text, v.Position.Start
	if v.Kind == ast.BlockValue {
		start = min(start+len(`"""`), len(text))
		return operations.Range{Start: start, End: start + max(strings.Index(text[start:], `"""`), 0)}
	}
	start = min(start+len(`"`), len(text))
	end := start
	for ; end < len(text) && text[end] != '"'; end++ {
		if text[end] == '\\' {
			end++
		}
	}
	return operations.Range{Start: start, End: min(end, len(text))}
}

func (w *walker) value(v *ast.Value, expected *sdl.Type, of string) {
	start := v.Position.Start
	mismatch := func(end int) {
		w.fault(Mismatch, of, operations.Range{Start: start, End: end}, fmt.Sprintf("%s is of type %s, which %s does not fit", of, expected, word(v)))
	}
	t := w.meet(expected.Named())
	if v.Kind == ast.Variable {
		d := w.operation.VariableDefinitions.ForName(v.Raw)
		if d != nil && w.known(d.Type.Name()) != nil && !d.Type.IsCompatible(formOf(expected)) {
			w.fault(Mismatch, of, operations.Range{Start: start, End: w.document.Name(v.Position).End}, fmt.Sprintf("%s is of type %s, and $%s of type %s", of, expected, v.Raw, d.Type))
		}
		return
	}
	if t == nil || takesAnything(v.Kind, expected) {
		return
	}
	if expected.Elem != nil && v.Kind != ast.ListValue {
		w.alone++
		defer func() { w.alone-- }()
	}
	switch v.Kind {
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
			w.fault(Unknown, t.Name+"."+v.Raw, w.document.Name(v.Position), fmt.Sprintf("%s has no value %s", t.Name, v.Raw))
		case t.Kind == sdl.Enum:
			w.use(Use{Kind: EnumValue, Coordinate: t.coordinate(v.Raw), Type: t.Type, Source: t.value(v.Raw).Source}, w.document.Name(v.Position))
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
	if w.adds(v, t) {
		w.found.Adds = append(w.found.Adds, Added{t.Type, w.document, start, start + 1})
	}
	for _, c := range v.Children {
		at := w.document.Name(c.Position)
		coordinate := t.coordinate(c.Name)
		f := w.API.field(t, c.Name)
		if f == nil {
			w.fault(Unknown, coordinate, at, fmt.Sprintf("%s has no field %s", t.Name, c.Name))
			continue
		}
		w.use(Use{Kind: InputField, Coordinate: coordinate, Type: t.Type, Source: f.Source, Gives: f.Type}, at)
		around := w.removing
		w.removing = around || c.Name == "remove" && t.Source.Type != nil && t.Name == "Update"+t.Source.Type.Name+"Input"
		w.value(c.Value, f.Type, coordinate)
		w.removing = around
	}
	for _, f := range t.Fields {
		if f.Type.NonNull && v.Children.ForName(f.Name) == nil {
			w.fault(Missing, t.Name+"."+f.Name, operations.Range{Start: start, End: start + 1}, fmt.Sprintf("%s needs the field %s: %s", t.Name, f.Name, f.Type))
		}
	}
}

// adds reports whether Dgraph makes a node from an object of an input by which other types link to one or create it. With
// an ID it never does; one with nothing but fields with @id is how clients link to a node, although Dgraph adds it where
// it is not there. Source: rewriteObject.
func (w *walker) adds(v *ast.Value, t *known) bool {
	of := t.Source.Type
	if w.operation.Operation != ast.Mutation || w.removing || of == nil || of.Kind != sdl.Object || t.Name != of.Name+"Ref" {
		return false
	}
	adds := false
	for _, c := range v.Children {
		f := w.API.field(t, c.Name)
		switch {
		case f == nil || f.Source.Field == nil:
		case f.Source.Field.Type().Named() == "ID":
			return false
		case !f.Source.Field.Has("id"):
			adds = true
		}
	}
	return adds
}

func (w *walker) use(u Use, at operations.Range) {
	u.Document, u.Start, u.End = w.document, at.Start, at.End
	w.found.Uses = append(w.found.Uses, u)
}

func (w *walker) fault(kind FaultKind, coordinate string, at operations.Range, message string) {
	w.found.Faults = append(w.found.Faults, Fault{kind, coordinate, message, w.document, at.Start, min(at.End, len(w.document.Text)), w.alone > 0})
}

// typeFrom is a type of an operation as schemas have it.
func typeFrom(t *ast.Type) *sdl.Type {
	if t.Elem != nil {
		return &sdl.Type{Elem: typeFrom(t.Elem), NonNull: t.NonNull}
	}
	return &sdl.Type{Name: t.NamedType, NonNull: t.NonNull}
}

// word is what a literal is. It tells nothing of what strings say: that can be a password.
func word(v *ast.Value) string {
	switch v.Kind {
	case ast.IntValue, ast.FloatValue:
		return "this number"
	case ast.StringValue, ast.BlockValue:
		return "a string"
	case ast.ListValue:
		return "a list"
	case ast.ObjectValue:
		return "an object"
	}
	return v.Raw
}

// article is the keyword of a kind with its article.
func article(k sdl.Kind) string { return articled(k.Keyword()) }

func articled(name string) string {
	if strings.ContainsRune("AEIOaeio", rune(name[0])) {
		return "an " + name
	}
	return "a " + name
}
