package validity

import (
	"regexp"
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// Dgraph reads the API that it generated as a schema of its own, and refuses
// the user's schema when that fails. This file finds what fails then. Source:
// completeSchema and what it calls.

// completed reports whether Dgraph generates an API for t.
func completed(t *schema.Type) bool {
	return t != nil && (t.Kind == sdl.Object || t.Kind == sdl.Interface) && !t.Remote && !rootName(t.Name)
}

// generates reports what a switch of @generate says; all but subscription are
// on when they are not written.
func generates(t *schema.Type, argument, name string) bool {
	v := t.Directive("generate").Arg(argument).Field(name)
	return v == nil || v.Raw != "false"
}

// foreign reports whether the values of the field belong to another service.
// Source: externalAndNonKeyField.
func (c *checker) foreign(f *schema.Field) bool {
	return f.Has("external") && !f.Key() && !f.Owner.Provided[f.Name]
}

// languages reports whether the field reads several languages. Source:
// isMultiLangField.
func languages(f *schema.Field, input bool) bool {
	v := f.Directive("dgraph").Arg("pred")
	if v == nil {
		return false
	}
	_, tag, ok := strings.Cut(v.Raw, "@")
	if !ok {
		return false
	}
	tag, _, _ = strings.Cut(tag, "@")
	return strings.Contains(tag, ":") || input && tag == "."
}

func hasSecret(t *schema.Type) bool { d, _ := secretOf(t); return d != nil }

// inputs counts the fields that mutations of t take, or, when not adding, that
// the filter "has" knows. Source: getFieldsWithoutIDType.
func (c *checker) inputs(t *schema.Type, adding bool) int {
	n := 0
	for _, f := range t.Fields {
		if f.Type().Named() == "ID" || c.foreign(f) || f.Computed() || adding && languages(f, true) {
			continue
		}
		if v := f.Directive("dgraph").Arg("pred"); v != nil {
			if _, backwards := reverse(v.Raw); backwards {
				continue
			}
		}
		if of := c.schema.Type(f.Type().Named()); of != nil && of.Kind == sdl.Interface {
			if id, xid := c.identifiers(of); id == nil && xid == nil {
				continue
			}
		}
		n++
	}
	if hasSecret(t) {
		n++
	}
	if c.rootQuery(t) {
		n += 2
	}
	return n
}

// orderable reports whether results can be sorted by the field, for a type
// that provides the named fields. Source: isOrderable.
func orderable(f *schema.Field, provided map[string]bool) bool {
	if f.Has("external") {
		return f.Key() || provided[f.Name]
	}
	switch f.Type().Name {
	case "Int", "Int64", "Float", "String", "DateTime":
		return !f.Computed() && !languages(f, false)
	}
	return false
}

func anyOrderable(t *schema.Type, provided map[string]bool) bool {
	return slices.ContainsFunc(t.Fields, func(f *schema.Field) bool { return orderable(f, provided) })
}

// distance is the field that types with an embedding get.
const distance = "vector_distance"

// similar reports whether t gets queries by similarity, and with them the
// field for the distance.
func similar(t *schema.Type) bool {
	return generates(t, "query", "get") && slices.ContainsFunc(t.Fields, func(f *schema.Field) bool {
		return f.Has("embedding") && !(f.Has("external") && !f.Key())
	})
}

// generatedTypes checks the types that Dgraph generates.
func (c *checker) generatedTypes() {
	order := make(map[*schema.Type]int, len(c.schema.Types))
	sorted := make(map[*schema.Type]bool, len(c.schema.Types)) // has TOrder
	vector := make(map[*schema.Type]bool)                      // gets the field for the distance
	for i, t := range c.schema.Types {
		order[t] = i
		if completed(t) && t.Field(distance) == nil && similar(t) {
			vector[t] = true
		}
		sorted[t] = completed(t) && anyOrderable(t, t.Provided)
	}
	for _, t := range c.schema.Types {
		if c.trouble[t.Name] {
			continue
		}
		switch {
		case t.Kind == sdl.Union && !t.Remote:
			c.generatedUnion(t)
		case completed(t):
			c.generatedFilter(t)
			c.generatedPayloads(t)
			c.generatedDistance(t)
			c.generatedPassword(t)
			if vector[t] && !sorted[t] && generates(t, "query", "query") {
				c.problem(t.Definition.Name.Span, t.Name, "%s has an embedding and no other field to sort by, which breaks the API that Dgraph generates: add a field of type String, Int, Int64, Float or DateTime", t.Name)
				continue
			}
			for _, f := range t.Fields {
				c.generatedArguments(t, f, order, sorted, vector)
			}
		}
	}
}

// generatedArguments checks the arguments that a field gets for filtering and
// sorting. Source: addFieldFilters.
func (c *checker) generatedArguments(t *schema.Type, f *schema.Field, order map[*schema.Type]int, sorted, vector map[*schema.Type]bool) {
	name := f.Type().Named()
	kind := c.kind(name)
	if f.Computed() || schema.Scalar(name) != "" || kind != sdl.Object && kind != sdl.Interface && kind != sdl.Union {
		return
	}
	of := c.schema.Type(name)
	if of == nil || rootName(name) {
		c.problem(f.Type().Span, f.Coordinate(), "%s has the type %s, which is not stored: such a field needs @custom or @lambda, or another type", f.Coordinate(), name)
		return
	}
	if of.Remote || of.Kind == sdl.Union || !f.Type().List() || sorted[of] {
		return
	}
	late := vector[of] && order[of] < order[t]
	provided := t.Provided
	if late || len(provided) > 0 && anyOrderable(of, provided) {
		c.problem(f.Type().Span, f.Coordinate(), "%s is a list of %s, which has no field to sort by: that breaks the API that Dgraph generates, add a field of type String, Int, Int64, Float or DateTime to %s", f.Coordinate(), name, name)
	}
}

// generatedUnion checks what is generated for a union.
func (c *checker) generatedUnion(t *schema.Type) {
	if len(t.Definition.Members) == 0 {
		c.problem(t.Definition.Name.Span, t.Name, "the union %s has no members: it needs at least one", t.Name)
	}
	seen := map[string]string{}
	for _, m := range t.Definition.Members {
		camel := strings.ToLower(m.Text[:1]) + m.Text[1:]
		switch other := seen[camel]; {
		case other == m.Text:
			c.problem(m.Span, t.Name, "the union %s has the member %s twice", t.Name, m.Text)
		case other != "":
			c.problem(m.Span, t.Name, "the union %s has the members %s and %s, which differ in the first letter's case only: the generated filter cannot have both", t.Name, other, m.Text)
		case !completed(c.schema.Type(m.Text)) && c.kind(m.Text+"Filter") == 0:
			c.problem(m.Span, t.Name, "the union %s has the member %s, which is not stored: members of a stored union are stored types", t.Name, m.Text)
		}
		seen[camel] = m.Text
	}
}

// generatedFilter checks the type TFilter. Source: addFilterType.
func (c *checker) generatedFilter(t *schema.Type) {
	has := c.inputs(t, false) > 0
	// What an update can reach is cleaned of what does not exist.
	cleaned := generates(t, "mutation", "update") && c.inputs(t, true) > 0
	var names []*schema.Field
	known := false // THasFilter has a value
	for _, f := range t.Fields {
		if c.foreign(f) {
			continue
		}
		if f.Type().Named() != "ID" && !f.Computed() && !languages(f, false) && !strings.HasPrefix(f.Name, "__") {
			known = true
		}
		if v := vectorSearch(f); v != nil {
			c.generatedVector(t, f, v, cleaned)
			continue
		}
		if f.Type().Named() == "ID" || f.Has("search") || f.Has("id") {
			names = append(names, f)
		}
	}
	if !known && (has && !cleaned || c.rootQuery(t)) {
		c.problem(t.Definition.Name.Span, t.Name, "%s has no field of its own that a filter could ask for, which breaks the API that Dgraph generates: add a plain field", t.Name)
	}
	count := len(names)
	if has {
		count++
	}
	combined := count > 1 || count == 1 && (len(names) == 0 || names[0].Type().Named() != "ID")
	for _, f := range names {
		switch {
		case f.Name == "not", f.Name == "has" && has, (f.Name == "and" || f.Name == "or") && combined:
			c.problem(f.Definition.Name.Span, f.Coordinate(), "the field %s can be searched, and its name collides with the %q of the generated filter: choose another name, and keep stored data with @dgraph(pred:)", f.Coordinate(), f.Name)
		}
	}
}

// vectorSearch is the list of searches when hnsw is among them, or nil.
func vectorSearch(f *schema.Field) *sdl.Value {
	v := f.Directive("search").Arg("by")
	if v == nil || !slices.ContainsFunc(v.List, func(v *sdl.Value) bool { return schema.SearchName(v.Raw) == "hnsw" }) {
		return nil
	}
	return v
}

// generatedVector checks a search for which Dgraph names a filter that does not
// exist, and counts on cleaning it away.
func (c *checker) generatedVector(t *schema.Type, f *schema.Field, v *sdl.Value, cleaned bool) {
	switch {
	case len(v.List) > 1:
		c.problem(v.Span, f.Coordinate(), "%s is searched by hnsw and something else, and Dgraph crashes on that: keep hnsw alone", f.Coordinate())
	case !cleaned:
		c.problem(v.Span, f.Coordinate(), "%s is searched by hnsw, and @generate on %s leaves out the update mutation: without it the API that Dgraph generates is broken", f.Coordinate(), t.Name)
	}
}

// generatedPayloads refuses types whose name collides with a field of the
// payloads that carry it.
func (c *checker) generatedPayloads(t *schema.Type) {
	var field string
	deletes := generates(t, "mutation", "delete")
	adds := t.Kind == sdl.Object && generates(t, "mutation", "add") && c.inputs(t, true) > 0
	updates := generates(t, "mutation", "update") && c.inputs(t, true) > 0
	switch t.Name {
	case "NumUids", "numUids":
		if adds || updates || deletes {
			field = "numUids"
		}
	case "Msg", "msg":
		if deletes {
			field = "msg"
		}
	}
	if field != "" {
		c.problem(t.Definition.Name.Span, t.Name, "the name of the type %s collides with the field %s of the generated payloads: choose another name, and keep stored data with @dgraph(type:)", t.Name, field)
	}
}

// generatedPassword checks that the name of the password field, which is a
// string in the schema, can stand as a name in the generated API.
func (c *checker) generatedPassword(t *schema.Type) {
	d, i := secretOf(t)
	id, xid := c.identifiers(t)
	printed := t.Kind == sdl.Object || generates(t, "mutation", "update") || generates(t, "query", "password") && (id != nil || xid != nil)
	if d == nil || i != nil || !printed {
		return
	}
	name := d.Arg("field").Raw
	if !graphQLName.MatchString(name) {
		c.problem(d.Arg("field").Span, t.Name, "the password field %q of %s is no GraphQL name: use letters, digits and \"_\"", clip(name), t.Name)
	} else if strings.HasPrefix(name, "__") {
		c.problem(d.Arg("field").Span, t.Name, "the password field %q of %s begins with two underscores, which GraphQL keeps for introspection", clip(name), t.Name)
	}
}

var graphQLName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// generatedDistance checks that a type has the distance field that its
// interface gets.
func (c *checker) generatedDistance(t *schema.Type) {
	for _, i := range t.Interfaces {
		if !similar(i) || i.Field(distance) != nil {
			continue
		}
		f := t.Field(distance)
		if f == nil && similar(t) || f != nil && f.Type().Name == "Float" {
			continue
		}
		c.problem(c.interfaceName(t, i), t.Name, "Dgraph adds the field %s of type Float to the interface %s for its embedding, and %s does not have it: leave the generated get query on, and the name free", distance, i.Name, t.Name)
	}
}

// generatedOperations checks the names of generated operations against each
// other and the user's.
func (c *checker) generatedOperations() {
	taken := map[string]string{}
	if q := c.schema.Type("Query"); q != nil {
		for _, f := range q.Fields {
			if c.federated && (f.Name == "_entities" || f.Name == "_service") {
				c.problem(f.Definition.Name.Span, f.Coordinate(), "the name %s belongs to Apollo federation: choose another one", f.Name)
			}
			taken[f.Name] = f.Coordinate()
		}
	}
	for _, t := range c.schema.Types {
		if !completed(t) || c.trouble[t.Name] {
			continue
		}
		for _, name := range c.queries(t) {
			if other := taken[name]; other != "" {
				c.problem(t.Definition.Name.Span, t.Name, "Dgraph generates the query %s for %s, a name that %s takes already: choose another name for one of the two", name, t.Name, other)
				continue
			}
			taken[name] = "the type " + t.Name
		}
	}
}

// queries are the names of the queries that are generated for t. Source:
// addQueries.
func (c *checker) queries(t *schema.Type) []string {
	var names []string
	id, xid := c.identifiers(t)
	identified := id != nil || xid != nil
	if generates(t, "query", "get") {
		if identified {
			names = append(names, "get"+t.Name)
		}
		if similar(t) {
			if identified {
				names = append(names, "querySimilar"+t.Name+"ById")
			}
			names = append(names, "querySimilar"+t.Name+"ByEmbedding")
		}
	}
	if generates(t, "query", "password") && identified && hasSecret(t) {
		names = append(names, "check"+t.Name+"Password")
	}
	if generates(t, "query", "query") {
		names = append(names, "query"+t.Name)
	}
	if generates(t, "query", "aggregate") {
		names = append(names, "aggregate"+t.Name)
	}
	return names
}

// emptyAPI refuses a schema for which nothing is generated.
func (c *checker) emptyAPI() {
	if len(c.schema.Types) == 0 || c.federated {
		return
	}
	for _, t := range c.schema.Types {
		switch {
		case t.Name == "Query":
			return
		case t.Name == "Mutation":
			for _, f := range t.Fields {
				input := ""
				if name, ok := strings.CutPrefix(f.Name, "add"); ok {
					input = "Add" + name + "Input"
				} else if name, ok := strings.CutPrefix(f.Name, "update"); ok {
					input = "Update" + name + "Input"
				}
				if f.Has("custom") || input == "" || c.kind(input) != 0 {
					return
				}
			}
		case completed(t):
			if len(c.queries(t)) > 0 || generates(t, "mutation", "delete") ||
				t.Kind == sdl.Object && generates(t, "mutation", "add") && c.inputs(t, true) > 0 ||
				generates(t, "mutation", "update") && c.inputs(t, true) > 0 {
				return
			}
		}
	}
	c.problem(c.schema.Types[0].Definition.Name.Span, c.schema.Types[0].Name, "Dgraph would generate neither a query nor a mutation for this schema: it needs a type that is stored, with an operation left on, or an operation of its own")
}

// crashes finds what Dgraph crashes on when it reads the generated API.
func (c *checker) crashes() {
	for _, t := range c.schema.Types {
		if t.Kind != sdl.Object && t.Kind != sdl.Interface || c.trouble[t.Name] || rootName(t.Name) {
			continue
		}
		for _, prefix := range []string{"Update", "Delete"} {
			rest, ok := strings.CutPrefix(t.Name, prefix)
			if !ok || !strings.HasSuffix(t.Name, "Payload") {
				continue
			}
			if of := strings.TrimSuffix(rest, "Payload"); c.kind(of) == 0 && !c.generatedName(of) {
				c.problem(t.Definition.Name.Span, t.Name, "Dgraph takes a type named %s for one that it generates, and crashes where there is no type %q: choose another name", t.Name, of)
			}
		}
	}
	c.cleanedUnions()
}

// generatedName reports whether Dgraph generates a type of that name.
func (c *checker) generatedName(name string) bool {
	if c.generatedNames == nil {
		c.generatedNames = c.reservedTypeNames()
	}
	return c.generatedNames[name] != ""
}

// cleanedUnions finds unions that Dgraph throws away as empty inputs: those
// that can be reached from a type whose name looks like that of a generated
// input. Source: cleanSchema, cleanupInput.
func (c *checker) cleanedUnions() {
	visited := map[*schema.Type]bool{}
	for _, start := range c.schema.Types {
		n := start.Name
		if !strings.HasSuffix(n, "Ref") && !strings.HasSuffix(n, "Patch") &&
			!((strings.HasPrefix(n, "Add") || strings.HasPrefix(n, "Update")) && strings.HasSuffix(n, "Input")) {
			continue
		}
		todo := []*schema.Type{start}
		for len(todo) > 0 {
			t := todo[len(todo)-1]
			todo = todo[:len(todo)-1]
			if visited[t] {
				continue
			}
			visited[t] = true
			if t.Kind == sdl.Union {
				c.problem(start.Definition.Name.Span, start.Name, "Dgraph takes %s for an input that it generates, because of its name, then throws away the union %s that its fields lead to, and crashes: choose another name", start.Name, t.Name)
				continue
			}
			for _, f := range t.Fields {
				if next := c.schema.Type(f.Type().Named()); next != nil && next.Kind != sdl.Enum {
					todo = append(todo, next)
				}
			}
		}
	}
}
