package api

import (
	"slices"

	"github.com/schemacheck/schemacheck/diff/sdl"
)

// addQueries adds the queries for e. Source: addQueries.
func (d *deriver) addQueries(e *entity, on generation) {
	if on.get {
		d.addGet(e, on)
		if e.embedding {
			d.addSimilar(e)
		}
	}
	if on.password {
		d.addCheckPassword(e)
	}
	if on.query {
		q := &Field{Name: "query" + e.Name, Type: listOf(named(e.Name)), Source: e.Source}
		d.addListArguments(q, e.Name, e.provided, e.Source)
		d.addQuery(q, on)
	}
	if on.aggregate {
		q := &Field{Name: "aggregate" + e.Name, Type: named(e.Name + "AggregateResult"), Source: e.Source}
		d.addFilterArgument(q, e.Name, e.Source)
		d.addQuery(q, on)
	}
}

func (d *deriver) addQuery(q *Field, on generation) {
	d.query.Fields = append(d.query.Fields, q)
	if on.subscription {
		d.subscription.Fields = append(d.subscription.Fields, q)
	}
}

// addIdentity adds the arguments by which one node of e is found: what is the
// only way is required. Source: addGetQuery.
func (d *deriver) addIdentity(q *Field, e *entity) {
	if e.id {
		q.Arguments = append(q.Arguments, &Argument{
			Name: e.idField().Name, Type: nonNull(named("ID"), !e.xid), Source: e.source(e.idField()),
		})
	}
	if !e.xid {
		return
	}
	var xids []*Field
	everywhere := true // all values are unique across the interface
	for _, f := range e.Fields {
		if id := sdl.Lookup(f.Directives, "id"); id != nil {
			xids = append(xids, f)
			v := id.Arg("interface")
			everywhere = everywhere && v != nil && v.Kind == sdl.BooleanValue && v.Raw == "true"
		}
	}
	for _, f := range xids {
		q.Arguments = append(q.Arguments, &Argument{
			Name: f.Name, Type: nonNull(named(f.Type.Named()), !e.id && len(xids) <= 1), Source: e.source(f),
		})
	}
	if e.Kind == sdl.Interface && !everywhere {
		q.Directives = []*sdl.Directive{{
			Name: sdl.Name{Text: "deprecated"},
			Arguments: []*sdl.Argument{{
				Name:  sdl.Name{Text: "reason"},
				Value: &sdl.Value{Kind: sdl.StringValue, Raw: deprecatedIdentity},
			}},
		}}
	}
}

// deprecatedIdentity is the reason that a query by @id on an interface is
// deprecated.
const deprecatedIdentity = "an @id without (interface: true) is unique within each type only: " +
	"a later Dgraph will not find nodes of the interface by it"

// Source: addGetQuery.
func (d *deriver) addGet(e *entity, on generation) {
	if !e.id && !e.xid {
		return
	}
	q := &Field{Name: "get" + e.Name, Type: named(e.Name), Source: e.Source}
	d.addIdentity(q, e)
	d.addQuery(q, on)
}

// addSimilar adds the two queries by likeness, and the field that tells the
// distance. Sources: addSimilarByIdQuery, addSimilarByEmbeddingQuery.
func (d *deriver) addSimilar(e *entity) {
	if e.Field("vector_distance") == nil {
		vector := slices.IndexFunc(e.Fields, func(f *Field) bool { return has(f, "embedding") })
		e.Fields = append(e.Fields, &Field{Name: "vector_distance", Type: named("Float"), Source: e.source(e.Fields[vector])})
		// From here on lists of e can be ordered, says Dgraph, even where it
		// has made no TOrder.
		e.ordered = true
	}
	enum := d.generate(sdl.Enum, e.Name+"Embedding", e.Source)
	for _, f := range e.Fields {
		if has(f, "embedding") {
			enum.Values = append(enum.Values, &Value{Name: f.Name, Source: e.source(f)})
		}
	}
	add := func(suffix string, identity func(*Field), vector ...*Argument) {
		q := &Field{Name: "querySimilar" + e.Name + suffix, Type: listOf(named(e.Name)), Source: e.Source}
		identity(q)
		q.Arguments = append(q.Arguments,
			&Argument{Name: "by", Type: required(enum.Name), Source: e.Source},
			&Argument{Name: "topK", Type: required("Int"), Source: e.Source})
		q.Arguments = append(q.Arguments, vector...)
		if !d.version.before(25, 1) {
			q.Arguments = append(q.Arguments,
				&Argument{Name: "ef", Type: named("Int"), Source: e.Source},
				&Argument{Name: "distance_threshold", Type: named("Float"), Source: e.Source})
		}
		d.addFilterArgument(q, e.Name, e.Source)
		d.query.Fields = append(d.query.Fields, q)
	}
	if e.id || e.xid {
		add("ById", func(q *Field) { d.addIdentity(q, e) })
	}
	add("ByEmbedding", func(*Field) {},
		&Argument{Name: "vector", Type: nonNull(listOf(required("Float")), true), Source: e.Source})
}

// addCheckPassword adds checkTPassword for types with @secret. Source:
// addPasswordQuery.
func (d *deriver) addCheckPassword(e *entity) {
	password := e.password()
	if password == nil || !e.id && !e.xid {
		return
	}
	id := e.idField()
	if !e.id {
		id = e.xidField()
	}
	d.query.Fields = append(d.query.Fields, &Field{
		Name: "check" + e.Name + "Password",
		Type: named(e.Name),
		Arguments: []*Argument{
			{Name: id.Name, Type: id.Type, Source: id.Source},
			{Name: password.Name, Type: required("String"), Source: e.Source},
		},
		Source: e.Source,
	})
}

// addAggregateResult adds TAggregateResult. Source: addAggregationResultType.
func (d *deriver) addAggregateResult(e *entity) {
	result := d.generate(sdl.Object, e.Name+"AggregateResult", e.Source)
	result.Fields = []*Field{{Name: "count", Type: named("Int"), Source: e.Source}}
	for _, f := range e.Fields {
		add := func(suffix, typ string) {
			result.Fields = append(result.Fields, &Field{Name: f.Name + suffix, Type: named(typ), Source: e.source(f)})
		}
		if ordered(f, e.key, e.provided) || multilingual(f) {
			add("Min", f.Type.Name)
			add("Max", f.Type.Name)
		}
		if e.summable(f) {
			add("Sum", f.Type.Name)
			add("Avg", "Float")
		}
	}
}

// addAggregateFields adds, for each list of nodes, the field that aggregates
// it. Source: addAggregateFields.
func (d *deriver) addAggregateFields(e *entity) {
	for _, f := range e.Fields {
		of := f.Type.Named()
		if kind := d.kind(of); !f.Type.List() || scalar(of) || computed(f) || kind != sdl.Object && kind != sdl.Interface {
			continue
		}
		aggregate := &Field{Name: f.Name + "Aggregate", Type: named(of + "AggregateResult"), Source: e.source(f)}
		d.addFilterArgument(aggregate, of, e.source(f))
		e.Fields = append(e.Fields, aggregate)
	}
}
