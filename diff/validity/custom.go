package validity

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// lambda checks @lambda, which Dgraph treats as a @custom with all fields in
// its body. Source: lambdaDirectiveValidation.
func (c *checker) lambda(f *schema.Field, d *sdl.Directive) {
	if !c.options.Lambda {
		c.unchecked(d.Span, f.Coordinate(), "@lambda on %s needs an alpha that was started with a lambda-url (--graphql)", f.Coordinate())
	}
	c.computed(f, d)
	c.computedID(f, d)
}

// computed checks what @custom and @lambda have in common.
func (c *checker) computed(f *schema.Field, d *sdl.Directive) {
	for _, name := range []string{"search", "dgraph"} {
		if other := f.Directive(name); other != nil {
			c.problem(other.Span, f.Coordinate(), "%s has @%s and @%s: what is computed is not stored, remove one", f.Coordinate(), d.Name.Text, name)
		}
	}
	if f.Owner.Root() {
		return
	}
	if id, xid := c.identifiers(f.Owner); id == nil && xid == nil {
		c.problem(d.Span, f.Coordinate(), "%s has @%s, for which %s needs a field of type ID or with @id", f.Coordinate(), d.Name.Text, f.Owner.Name)
	}
}

// computedID refuses @custom and @lambda on what identifies the type.
func (c *checker) computedID(f *schema.Field, d *sdl.Directive) {
	if id, xid := c.identifiers(f.Owner); !f.Owner.Root() && (f == id || f == xid) {
		c.problem(d.Span, f.Coordinate(), "%s identifies %s and cannot have @%s", f.Coordinate(), f.Owner.Name, d.Name.Text)
	}
}

// custom checks @custom. Source: customDirectiveValidation.
func (c *checker) custom(f *schema.Field, d *sdl.Directive) {
	c.computed(f, d)
	http, dql := d.Arg("http"), d.Arg("dql")
	switch {
	case http == nil && dql == nil:
		c.problem(d.Span, f.Coordinate(), "@custom on %s has neither http nor dql: write one of them", f.Coordinate())
	case len(d.Arguments) > 1:
		c.problem(d.Span, f.Coordinate(), "@custom on %s has %d arguments: write one of http and dql", f.Coordinate(), len(d.Arguments))
	}
	switch {
	case dql != nil:
		c.customDQL(f, dql)
	case http != nil:
		(&request{c: c, f: f, d: d, v: http}).check()
	}
}

func (c *checker) customDQL(f *schema.Field, v *sdl.Value) {
	switch {
	case f.Owner.Name != "Query":
		c.problem(v.Span, f.Coordinate(), "%s has @custom(dql:), which works for fields of Query only", f.Coordinate())
	case v.Kind != sdl.StringValue && v.Kind != sdl.BlockValue:
		c.problem(v.Span, f.Coordinate(), "the argument dql of @custom on %s is %s: write the query as a string", f.Coordinate(), valueName(v))
	case strings.TrimSpace(v.Raw) == "":
		c.problem(v.Span, f.Coordinate(), "the argument dql of @custom on %s is empty", f.Coordinate())
	}
	for _, a := range f.Definition.Arguments {
		if a.Type.List() || schema.Scalar(a.Type.Name) == "" {
			c.problem(a.Type.Span, f.Coordinate()+"("+a.Name.Text+":)", "the argument %s of %s has the type %s: queries in DQL take single scalars only", a.Name.Text, f.Coordinate(), a.Type)
		}
	}
}

// request is a @custom(http:) under inspection.
type request struct {
	c *checker
	f *schema.Field
	d *sdl.Directive
	v *sdl.Value // the object of http

	batch      bool
	parameters bool     // the URL has parameters
	required   []string // fields of the type that body or graphql use
	failed     int      // problems so far, to know whether there are any
}

func (r *request) problem(v *sdl.Value, format string, args ...any) {
	r.failed++
	span := r.d.Span
	if v != nil {
		span = v.Span
	}
	r.c.problem(span, r.f.Coordinate(), "@custom on %s: "+format, append([]any{r.f.Coordinate()}, args...)...)
}

func (r *request) check() {
	if r.v.Kind != sdl.ObjectValue {
		r.problem(r.v, "http is %s: write an object with url and method", valueName(r.v))
		return
	}
	before := len(r.c.result.Problems)
	r.address()
	r.method()
	body, graphql := r.v.Field("body"), r.v.Field("graphql")
	r.combination(body, graphql)
	if body != nil {
		r.body(body, graphql == nil)
	}
	parsed := true
	if graphql != nil {
		parsed = r.graphql(graphql)
	}
	if !r.f.Owner.Root() {
		r.c.computedID(r.f, r.d)
		if parsed && (body != nil || graphql != nil) {
			r.fields(body, graphql)
		}
	}
	skip := false
	if body != nil || graphql != nil {
		skip = r.headers()
	}
	if graphql != nil && !skip && parsed && r.failed == 0 && len(r.c.result.Problems) == before {
		r.introspection(graphql)
	}
}

// argument is the argument of an operation or the field of a type that "$name"
// means.
func (r *request) argument(name string) (t *sdl.Type, what string) {
	if !r.f.Owner.Root() {
		if g := r.f.Owner.Field(name); g != nil {
			return g.Type(), "field"
		}
		return nil, "field"
	}
	for _, a := range r.f.Definition.Arguments {
		if a.Name.Text == name {
			return a.Type, "argument"
		}
	}
	return nil, "argument"
}

func (r *request) address() {
	v := r.v.Field("url")
	if v == nil {
		r.problem(nil, "the url is missing")
		return
	}
	u, err := url.ParseRequestURI(v.Raw)
	if err != nil {
		r.problem(v, "the url cannot be read: write it in full, like http://host/path")
		return
	}
	parameter := func(text string, path bool) {
		name, ok := strings.CutPrefix(text, "$")
		if !ok {
			return
		}
		r.parameters = true
		t, what := r.argument(name)
		switch {
		case t == nil:
			r.problem(v, "the url uses $%s, but there is no such %s", clip(name), what)
		case path && !t.NonNull:
			r.problem(v, "the path of the url uses $%s, but the %s can be null: make it required", clip(name), what)
		}
	}
	for _, element := range strings.Split(u.Path, "/") {
		parameter(element, true)
	}
	query := u.Query()
	keys := make([]string, 0, len(query))
	for key := range query {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		for _, value := range query[key] {
			parameter(value, false)
		}
	}
}

func (r *request) method() {
	methods := []string{"GET", "POST", "PUT", "PATCH", "DELETE"}
	if v := r.v.Field("method"); v == nil {
		r.problem(nil, "the method is missing: write one of %s", oneOf(methods))
	} else if !slices.Contains(methods, v.Raw) {
		r.problem(v, "the method %q is none of %s%s", clip(v.Raw), allOf(methods), nearest(v.Raw, methods))
	}
	mode := r.v.Field("mode")
	if mode == nil {
		return
	}
	r.batch = mode.Raw == "BATCH"
	switch {
	case r.f.Owner.Root():
		r.problem(mode, "a mode is for fields of types only, not for operations")
	case !r.batch && mode.Raw != "SINGLE":
		r.problem(mode, "the mode is %q: it can be SINGLE or BATCH", clip(mode.Raw))
	case r.batch && r.parameters:
		r.problem(mode, "the url has parameters, which mode BATCH excludes")
	}
}

func (r *request) combination(body, graphql *sdl.Value) {
	if graphql == nil {
		return
	}
	if r.parameters {
		r.problem(graphql, "the url has parameters, which graphql excludes")
	}
	if m := r.v.Field("method"); m != nil && m.Raw != "POST" {
		r.problem(m, "graphql needs the method POST")
	}
	switch {
	case !r.batch && body != nil:
		r.problem(body, "there are both body and graphql: that is for mode BATCH only")
	case r.batch && body == nil:
		r.problem(graphql, "mode BATCH with graphql needs a body too")
	}
}

func (r *request) body(v *sdl.Value, strict bool) {
	if strings.TrimSpace(v.Raw) == "" {
		return
	}
	t, err := parseTemplate(v.Raw, strict)
	if err != nil {
		r.problem(v, "the body cannot be read: %s", clip(err.Error()))
		return
	}
	r.required = t.variables
	if r.f.Owner.Root() {
		for _, name := range t.variables {
			if t, _ := r.argument(name); t == nil {
				r.problem(v, "the body uses $%s, but there is no such argument", clip(name))
			}
		}
	}
}

// graphql checks the operation for the remote server and reports whether it
// could be read.
func (r *request) graphql(v *sdl.Value) bool {
	document, err := parseOperation(v.Raw)
	if err != nil {
		r.problem(v, "graphql cannot be read: %s", clip(err.Error()))
		return false
	}
	if n := len(document.Operations); n != 1 {
		r.problem(v, "graphql has %d operations: it must have one", n)
		return false
	}
	op := document.Operations[0]
	if op.Operation != ast.Query && op.Operation != ast.Mutation {
		r.problem(v, "graphql is a %s: it can be a query or a mutation", op.Operation)
	}
	if op.Name != "" {
		r.problem(v, "the operation in graphql has a name: leave it out")
	}
	if op.VariableDefinitions != nil {
		names := make([]string, 0, len(op.VariableDefinitions))
		for _, definition := range op.VariableDefinitions {
			if slices.Contains(names, definition.Variable) {
				continue
			}
			names = append(names, definition.Variable)
			if t, _ := r.argument(definition.Variable); r.f.Owner.Root() && t == nil {
				r.problem(v, "graphql uses $%s, but there is no such argument", clip(definition.Variable))
			}
		}
		if !r.f.Owner.Root() && !r.batch {
			r.required = names
		}
	}
	if op.Directives != nil {
		r.problem(v, "the operation in graphql has directives: remove them")
	}
	if n := len(op.SelectionSet); n != 1 {
		r.problem(v, "the operation in graphql selects %d fields: it must select one", n)
	}
	field, ok := op.SelectionSet[0].(*ast.Field)
	if !ok {
		r.problem(v, "the operation in graphql selects a fragment, and Dgraph crashes on that: select a field")
		return false
	}
	if field.Alias != field.Name {
		r.problem(v, "the field in graphql has an alias: remove it")
	}
	if field.Directives != nil {
		r.problem(v, "the field in graphql has directives: remove them")
	}
	if len(field.SelectionSet) != 0 {
		r.problem(v, "the field in graphql has a selection: leave it out, Dgraph adds what the client asks for")
	}
	r.variables(v, op, field)
	return true
}

// variables checks the arguments of the remote field.
func (r *request) variables(v *sdl.Value, op *ast.OperationDefinition, field *ast.Field) {
	if len(field.Arguments) == 0 {
		return
	}
	uses := &template{seen: map[string]bool{}}
	if r.batch {
		if len(field.Arguments) != 1 || field.Arguments[0].Value.Kind != ast.Variable {
			r.problem(v, "in mode BATCH the field in graphql takes one argument, which is a variable")
			return
		}
		uses.variables = []string{field.Arguments[0].Value.Raw}
	} else {
		for _, a := range field.Arguments {
			if err := uses.read(a.Value, false); err != nil || !reprints(a.Value) {
				r.problem(v, "the argument %s in graphql cannot be read", clip(a.Name))
				return
			}
		}
	}
	for _, name := range uses.variables {
		if op.VariableDefinitions.ForName(name) == nil {
			r.problem(v, "graphql uses $%s without declaring it", clip(name))
		}
	}
}

// reprints reports whether Dgraph's printed form of v can be read again.
func reprints(v *ast.Value) bool {
	if v.Kind == ast.StringValue || v.Kind == ast.BlockValue {
		return printable(v.Raw)
	}
	for _, child := range v.Children {
		if !reprints(child.Value) {
			return false
		}
	}
	return true
}

// fields checks the fields of the type that body or graphql use.
func (r *request) fields(body, graphql *sdl.Value) {
	at, what := body, "the body"
	if body == nil {
		at, what = graphql, "graphql"
	}
	id, xid := r.c.identifiers(r.f.Owner)
	identified := false
	for _, name := range r.required {
		g := r.f.Owner.Field(name)
		if name == r.f.Name {
			r.problem(at, "%s uses the field itself", what)
		}
		if g == nil {
			r.problem(at, "%s uses $%s, but %s has no such field", what, clip(name), r.f.Owner.Name)
			continue
		}
		if schema.Scalar(g.Type().Named()) == "" {
			r.problem(at, "%s uses %s of type %s: only scalars can be used", what, g.Coordinate(), g.Type())
		}
		if g.Computed() {
			r.problem(at, "%s uses %s, which is itself computed", what, g.Coordinate())
		}
		if id != nil && name == id.Name || xid != nil && name == xid.Name {
			identified = true
		}
	}
	if !identified {
		r.problem(at, "%s must use a field of type ID or with @id", what)
	}
}

// headers checks the lists of headers and reports whether introspection is
// skipped.
func (r *request) headers() (skip bool) {
	if v := r.v.Field("skipIntrospection"); v != nil {
		var err error
		if skip, err = strconv.ParseBool(v.Raw); err != nil {
			r.problem(v, "skipIntrospection is %q: it can be true or false", clip(v.Raw))
		}
	}
	forwarded := map[string]bool{}
	for _, name := range []string{"forwardHeaders", "secretHeaders", "introspectionHeaders"} {
		list := r.v.Field(name)
		if list == nil {
			continue
		}
		for _, h := range children(list) {
			parts := strings.Split(h.Raw, ":")
			switch {
			case len(parts) > 2:
				r.problem(h, "a header in %s has more than one colon: write \"name\" or \"remote:local\"", name)
				return skip
			case name == "forwardHeaders":
				forwarded[parts[0]] = true
			case name == "secretHeaders" && forwarded[parts[0]]:
				r.problem(h, "the header %q is in forwardHeaders and in secretHeaders: keep one", clip(parts[0]))
				return skip
			}
		}
	}
	return skip
}

// introspection is what Dgraph does last: it asks the remote server for its
// schema. All that can be said without the network is said here.
func (r *request) introspection(graphql *sdl.Value) {
	if list := r.v.Field("introspectionHeaders"); list != nil {
		// Of headers with the same remote name the last one counts.
		last := map[string]*sdl.Value{}
		for _, h := range children(list) {
			name, _, _ := strings.Cut(h.Raw, ":")
			last[name] = h
		}
		for _, h := range children(list) {
			name, secret, ok := strings.Cut(h.Raw, ":")
			if !ok {
				secret = name
			}
			if last[name] == h && !r.c.secrets[secret] {
				r.problem(h, "the introspection header needs the secret %q, which no line with Dgraph.Secret declares", clip(secret))
				return
			}
		}
	}
	address := r.v.Field("url")
	u, err := url.ParseRequestURI(address.Raw)
	switch {
	case err != nil:
	case u.RawQuery != "":
		r.problem(address, "the url has a query, which introspection for graphql excludes: remove it or set skipIntrospection")
	default:
		r.c.unchecked(graphql.Span, r.f.Coordinate(), "@custom on %s: Dgraph asks the remote server whether the operation fits (skipIntrospection: true spares that)", r.f.Coordinate())
	}
}
