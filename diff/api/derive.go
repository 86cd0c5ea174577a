package api

import (
	"slices"
	"strconv"
	"strings"

	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// Derive makes the API of s. It accepts any schema that parses; for one that
// Dgraph would refuse, the result is what comes closest. Sources: NewHandler,
// completeSchema, cleanSchema.
func Derive(s *schema.Schema, options Options) *Schema { return derive(s, options, nil) }

// derive derives the API, and of objects and interfaces the part of those only
// unless only is nil.
func derive(s *schema.Schema, options Options, only map[string]bool) *Schema {
	size := len(s.Types)
	if only != nil {
		size = len(only)
	}
	d := &deriver{
		user:    s,
		only:    only,
		version: versionOf(options.DgraphVersion),
		types:   make(map[string]*Type, 16*size+64),
		// Dgraph works on the types in the order of the text and changes them
		// as it goes, so what comes early does not see what comes late.
		entities: make(map[string]*entity, size),
	}
	d.prepare()
	for _, t := range s.Types {
		// A later definition or a generated type may have taken the name.
		if d.derives(t) && (!t.Remote || t.Kind == sdl.Enum || t.Kind == sdl.InputObject) {
			d.complete(t)
		}
	}
	d.shareFilters()
	d.clean()
	return d.finish()
}

// version is the first two numbers of a version.
type version struct{ major, minor int }

func (v version) before(major, minor int) bool {
	return v.major < major || v.major == major && v.minor < minor
}

func versionOf(text string) version {
	parts := strings.SplitN(strings.TrimPrefix(text, "v"), ".", 3)
	if len(parts) < 2 {
		return version{25, 3}
	}
	major, err := strconv.Atoi(parts[0])
	if err != nil {
		return version{25, 3}
	}
	minor, err := strconv.Atoi(parts[1])
	if err != nil {
		return version{25, 3}
	}
	return version{major, minor}
}

// deriver is the API while it grows.
type deriver struct {
	user *schema.Schema
	// only are the objects and interfaces to derive; nil means all.
	only    map[string]bool
	version version
	static  *static
	// types are all that exist at the moment, by name. What Dgraph generates
	// under a name that is taken replaces what was there.
	types    map[string]*Type
	entities map[string]*entity // of the user's objects and interfaces

	query, mutation, subscription *Type
	// federation says that some type has @key.
	federation bool
	// exposed says that the fields of introspection are those of a type that is
	// stored.
	exposed bool
}

// entity is an object or interface of the user's, with what the derivation
// asks again and again.
type entity struct {
	*Type
	provided map[string]bool
	// key is the field that @key names, "" without @key.
	key string
	// id, xid and embedding say that some field has the type ID, @id,
	// @embedding.
	id, xid, embedding bool
	// ordered says that results can be ordered by some field.
	ordered bool
}

// prepare fills in what is there before anything is generated.
func (d *deriver) prepare() {
	d.static = newestStatic()
	if d.version.before(25, 0) {
		d.static = staticBeforeNgram()
	}
	for _, types := range [][]*Type{d.static.types, d.static.hidden} {
		for _, t := range types {
			d.types[t.Name] = t
		}
	}
	for _, t := range d.user.Types {
		if d.user.Type(t.Name) == t && d.derives(t) {
			d.types[t.Name] = written(t)
		}
	}
	if d.only != nil {
		d.addNeighbours()
	} else {
		d.invert()
	}
	d.federate()
	d.addIntrospection()
	for _, t := range d.user.Types {
		if made := d.types[t.Name]; made != nil && (made.Kind == sdl.Object || made.Kind == sdl.Interface) {
			d.entities[t.Name] = newEntity(made, t.Provided)
		}
	}
	root := func(name string) *Type {
		if t := d.types[name]; t != nil {
			t.Kind = sdl.Object
			return t
		}
		return &Type{Name: name, Kind: sdl.Object, Origin: Generated}
	}
	d.query, d.mutation = root("Query"), root("Mutation")
	d.subscription = &Type{Name: "Subscription", Kind: sdl.Object, Origin: Generated}
}

// derives reports whether the part of the API that is t's is wanted.
func (d *deriver) derives(t *schema.Type) bool {
	return d.only == nil || d.only[t.Name] || !entityKind(t) || t.Root()
}

// addNeighbours adds the types that others are derived with but that are not
// wanted themselves, each with a reference that is sure to stay.
func (d *deriver) addNeighbours() {
	reference := &Type{Kind: sdl.InputObject, Origin: Static, Fields: []*Field{{Name: "id", Type: named("ID")}}}
	add := func(name string) {
		t := d.user.Type(name)
		if t == nil || d.derives(t) || d.types[name] != nil {
			return
		}
		made := written(t)
		d.types[name] = made
		if e := newEntity(made, nil); !t.Remote && (t.Kind == sdl.Object || e.id || e.xid) {
			d.types[name+"Ref"] = reference
		}
	}
	for _, t := range d.user.Types {
		switch {
		case t.Kind == sdl.Union:
			for _, m := range t.Definition.Members {
				add(m.Text)
			}
		case d.only[t.Name]:
			for _, f := range t.Fields {
				if of := f.Type().Named(); !scalar(of) {
					add(of)
				}
			}
		}
	}
}

// shareFilters makes the filters that wanted types can have in common with
// those that are not: they stay as long as anybody uses them.
func (d *deriver) shareFilters() {
	for _, t := range d.user.Types {
		if d.derives(t) || t.Remote {
			continue
		}
		for _, f := range t.Fields {
			directives := f.Definition.Directives
			search := sdl.Lookup(directives, "search")
			if search == nil && !f.Has("id") {
				continue
			}
			if by := search.Arg("by"); (by == nil || len(by.List) < 2 && !f.Has("id")) && scalar(f.Type().Named()) {
				continue // one filter, that every schema has
			}
			made := &Field{Name: f.Name, Type: f.Type(), Directives: directives}
			if filters := d.filters(made); len(filters) > 1 {
				d.merge(strings.Join(filters, "_"), made, filters)
			}
		}
	}
}

// written is the user's type, with inherited fields and secrets. Source:
// expandSchema.
func written(t *schema.Type) *Type {
	def := t.Definition
	w := &Type{
		Name: t.Name, Kind: t.Kind, Origin: Written, Description: text(def.Description),
		Directives: known(def.Directives), Source: Source{Type: t},
	}
	if def.Extend && t.Name != "Query" && t.Name != "Mutation" {
		w.Directives = append(w.Directives, &sdl.Directive{Name: sdl.Name{Text: "extends"}})
	}
	for _, i := range def.Interfaces {
		w.Interfaces = append(w.Interfaces, i.Text)
	}
	if t.Kind == sdl.Object {
		for _, i := range t.Interfaces {
			if secret := i.Directive("secret"); secret != nil {
				w.Directives = append(w.Directives, secret)
			}
		}
	}
	for _, f := range t.Fields {
		field := &Field{
			Name: f.Name, Type: f.Type(), Default: f.Definition.Default,
			Directives: known(f.Definition.Directives), Source: Source{t, f},
		}
		if f.Written != nil {
			// An inherited field has no description, unless the type writes it
			// again: then it has that of the interface.
			field.Description = text(f.Definition.Description)
		}
		for _, a := range f.Definition.Arguments {
			field.Arguments = append(field.Arguments,
				&Argument{Name: a.Name.Text, Type: a.Type, Default: a.Default, Source: Source{t, f}})
		}
		w.Fields = append(w.Fields, field)
	}
	for _, v := range def.Values {
		w.Values = append(w.Values, &Value{Name: v.Name.Text, Description: text(v.Description), Source: Source{Type: t}})
	}
	for _, m := range def.Members {
		w.Members = append(w.Members, m.Text)
	}
	return w
}

func text(d *sdl.Description) string {
	if d == nil {
		return ""
	}
	return d.Text
}

// invert adds @hasInverse at the ends where the user left it out, as Dgraph
// does while it validates. Source: hasInverseValidation.
func (d *deriver) invert() {
	for _, t := range d.user.Types {
		made := d.types[t.Name]
		if made.Source.Type != t {
			continue
		}
		for _, f := range made.Fields {
			for _, dir := range f.Directives {
				if dir.Name.Text != "hasInverse" {
					continue
				}
				target := d.user.Type(f.Type.Named())
				field := dir.Arg("field")
				if target == nil || field == nil {
					continue
				}
				d.addInverse(target, field.Raw, f.Name)
			}
		}
	}
}

// addInverse says at target.name that its other end is the field back.
func (d *deriver) addInverse(target *schema.Type, name, back string) {
	other := d.types[target.Name].Field(name)
	if other == nil || has(other, "hasInverse") {
		return
	}
	inverse := &sdl.Directive{
		Name: sdl.Name{Text: "hasInverse"},
		Arguments: []*sdl.Argument{{
			Name:  sdl.Name{Text: "field"},
			Value: &sdl.Value{Kind: sdl.EnumLiteral, Raw: back},
		}},
	}
	other.Directives = append(other.Directives, inverse)
	for _, t := range target.Implementors {
		// Added even where the implementor's field has one.
		if f := d.types[t.Name].Field(name); f != nil {
			f.Directives = append(f.Directives, inverse)
		}
	}
}

// federate adds what Apollo Federation asks of a service, when some type has
// @key. Source: expandSchemaWithApolloExtras.
func (d *deriver) federate() {
	entity := &Type{Name: "_Entity", Kind: sdl.Union, Origin: Federated}
	for _, t := range d.user.Types {
		if t.Directive("key") != nil {
			entity.Members = append(entity.Members, t.Name)
		}
	}
	if len(entity.Members) == 0 {
		return
	}
	d.federation = true
	d.types[entity.Name] = entity
	for _, t := range d.static.federated {
		d.types[t.Name] = t
	}
	query := d.types["Query"]
	if query == nil {
		query = &Type{Name: "Query", Kind: sdl.Object, Origin: Generated}
		d.types["Query"] = query
	}
	query.Fields = append(query.Fields,
		&Field{
			Name:      "_entities",
			Arguments: []*Argument{{Name: "representations", Type: typeOf("[_Any!]!")}},
			Type:      typeOf("[_Entity]!"),
		},
		&Field{Name: "_service", Type: required("_Service")},
	)
}

// addIntrospection gives the root of queries its two fields of introspection.
// They are never printed, but where `schema { query: T }` names a type that is
// stored they count among its fields. Source: ValidateSchemaDocument.
func (d *deriver) addIntrospection() {
	name := "Query"
	for _, extensions := range []bool{false, true} {
		for _, r := range d.user.Source.Roots {
			for _, op := range r.Operations {
				if r.Extend == extensions && op.Operation.Text == "query" && d.types[op.Type.Text] != nil {
					name = op.Type.Text
				}
			}
		}
	}
	if t := d.types[name]; t != nil && (t.Origin == Written || t.Origin == Generated) {
		d.exposed = name != "Query"
		t.Fields = append(t.Fields, &Field{Name: "__schema", Type: required("__Schema")}, &Field{
			Name: "__type", Type: named("__Type"), Arguments: []*Argument{{Name: "name", Type: required("String")}},
		})
	}
}

// hidden reports whether Dgraph leaves the name out when it prints.
func hidden(name string) bool { return strings.HasPrefix(name, "__") }

// complete generates the part of the API that is the user's type t. The order
// of the steps matters: some add fields to t, and those before do not see
// them. Source: completeSchema.
func (d *deriver) complete(t *schema.Type) {
	made := d.types[t.Name]
	switch {
	case made == nil:
		return
	case t.Name == "Query":
		for _, f := range made.Fields {
			if has(f, "withSubscription") && has(f, "custom") {
				d.subscription.Fields = append(d.subscription.Fields, f)
			}
		}
		return
	case t.Name == "Mutation":
		return
	case made.Kind == sdl.Union:
		d.completeUnion(made)
		return
	}
	e := d.entities[t.Name]
	if e == nil || e.Type != made {
		return
	}
	on := generateOf(made)
	inputs := d.inputs(e)
	d.addReference(e, inputs)
	if on.update {
		d.addPatch(e, inputs)
	}
	if on.delete {
		d.addDeletePayload(e)
	}
	if on.add && e.Kind == sdl.Object {
		d.addAddInput(e, inputs)
	}
	d.addMutations(e, on)
	d.addFilter(e, inputs)
	d.addOrder(e)
	d.addFieldArguments(e)
	d.addAggregateResult(e)
	d.addQueries(e, on)
	d.addHasFilter(e)
	d.addAggregateFields(e)
}

// finish puts the types into the order in which they are printed.
func (d *deriver) finish() *Schema {
	s := &Schema{
		Query: d.query, Mutation: d.mutation, Subscription: d.subscription,
		byName: make(map[string]*Type, len(d.types)), static: d.static,
	}
	add := func(t *Type) {
		if s.byName[t.Name] == nil {
			s.Types = append(s.Types, t)
			s.byName[t.Name] = t
		}
	}
	roots := map[string]bool{"Query": true, "Mutation": true}
	for _, t := range d.user.Types {
		switch made := d.types[t.Name]; {
		case !d.derives(t):
		case roots[t.Name] || s.byName[t.Name] != nil:
		case made == nil:
			s.Lost = append(s.Lost, t)
		default:
			add(made)
		}
	}
	s.written = len(s.Types)
	for _, t := range d.static.types {
		add(t)
	}
	s.Directives = d.static.directives
	if d.federation {
		s.Directives = slices.Concat(s.Directives, d.static.federatedDirectives)
		add(d.types["_Entity"])
		for _, t := range d.static.federated {
			add(t)
		}
	}
	var generated []*Type
	for _, t := range d.types {
		if t.Origin == Generated && !roots[t.Name] && s.byName[t.Name] == nil {
			generated = append(generated, t)
		}
	}
	rank := map[sdl.Kind]int{sdl.Object: 1, sdl.Enum: 2, sdl.InputObject: 3}
	slices.SortFunc(generated, func(a, b *Type) int {
		if byKind := rank[a.Kind] - rank[b.Kind]; byKind != 0 {
			return byKind
		}
		return strings.Compare(a.Name, b.Name)
	})
	for _, t := range generated {
		add(t)
	}
	for _, t := range []*Type{d.query, d.mutation, d.subscription} {
		t.withoutHidden()
		if len(t.Fields) > 0 {
			add(t)
		}
	}
	if d.exposed {
		for _, t := range s.Types {
			if t.Origin == Written || t.Origin == Generated {
				t.withoutHidden()
			}
		}
	}
	return s
}

// withoutHidden takes out what Dgraph does not print.
func (t *Type) withoutHidden() {
	t.Fields = slices.DeleteFunc(t.Fields, func(f *Field) bool { return hidden(f.Name) })
	t.Values = slices.DeleteFunc(t.Values, func(v *Value) bool { return hidden(v.Name) })
}
