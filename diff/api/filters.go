package api

import (
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// filterOf is the input by which the index of a @search argument is asked.
// Source: builtInFilters. No HNSWSearchFilter exists: where it is not cleaned
// away, Dgraph refuses its own result.
var filterOf = map[string]string{
	"bool":         "Boolean",
	"int":          "IntFilter",
	"int64":        "Int64Filter",
	"float":        "FloatFilter",
	"year":         "DateTimeFilter",
	"month":        "DateTimeFilter",
	"day":          "DateTimeFilter",
	"hour":         "DateTimeFilter",
	"term":         "StringTermFilter",
	"trigram":      "StringRegExpFilter",
	"regexp":       "StringRegExpFilter",
	"ngram":        "StringNgramFilter",
	"fulltext":     "StringFullTextFilter",
	"exact":        "StringExactFilter",
	"hash":         "StringHashFilter",
	"point":        "PointGeoFilter",
	"polygon":      "PolygonGeoFilter",
	"multiPolygon": "PolygonGeoFilter",
	"hnsw":         "HNSWSearchFilter",
}

// searches are the arguments of @search that count for the field, sorted; nil
// when it cannot be searched. Source: getSearchArgs.
func searches(f *Field) []string {
	search, id := sdl.Lookup(f.Directives, "search"), sdl.Lookup(f.Directives, "id")
	byDefault := schema.DefaultSearch(f.Type.Named())
	if byDefault == "" {
		byDefault = "hash" // an enum
	}
	if search == nil {
		switch {
		case id == nil:
			return nil
		case f.Type.Named() == "String":
			return []string{"hash"}
		}
		return []string{byDefault}
	}
	by := search.Arg("by")
	if by == nil || len(by.List) == 0 {
		return []string{byDefault}
	}
	names := make([]string, 0, len(by.List)+1)
	for _, v := range by.List {
		names = append(names, v.Raw)
	}
	if id != nil && !slices.Contains(names, "hash") && !slices.Contains(names, "exact") {
		names = append(names, "hash")
	}
	slices.Sort(names)
	return names
}

// filters are the inputs by which the field can be searched. Those of enums
// are made here. Source: getFilterTypes.
func (d *deriver) filters(f *Field) []string {
	names := searches(f)
	filters := make([]string, len(names))
	for i, name := range names {
		// hnsw has options behind its name.
		name, _, _ = strings.Cut(name, "(")
		name = strings.TrimSpace(name)
		filters[i] = filterOf[name]
		if enum := d.types[f.Type.Named()]; enum != nil && enum.Kind == sdl.Enum && (name == "hash" || name == "exact") {
			filters[i] = d.enumFilter(enum, name, filters[i]).Name
		}
	}
	return filters
}

// enumFilter is the filter for strings with the enum in place of String.
func (d *deriver) enumFilter(enum *Type, search, model string) *Type {
	filter := d.generate(sdl.InputObject, enum.Name+"_"+search, enum.Source)
	for _, f := range d.types[model].Fields {
		typ := named(enum.Name)
		if f.Type.List() {
			typ = listOf(typ)
		}
		filter.Fields = append(filter.Fields, &Field{Name: f.Name, Type: typ, Source: enum.Source})
	}
	return filter
}

// addFilter adds TFilter. Sources: addFilterType, mergeAndAddFilters.
func (d *deriver) addFilter(e *entity, inputs []*Field) {
	filter := &Type{Name: e.Name + "Filter", Kind: sdl.InputObject, Origin: Generated, Source: e.Source}
	add := func(name string, typ *sdl.Type, source Source) {
		filter.Fields = append(filter.Fields, &Field{Name: name, Type: typ, Source: source})
	}
	for _, f := range e.Fields {
		if e.foreign(f) {
			continue
		}
		if isID(f) {
			add(f.Name, listOf(required("ID")), e.source(f))
			continue
		}
		filters := d.filters(f)
		if len(filters) == 0 {
			continue
		}
		name := strings.Join(filters, "_")
		add(f.Name, named(name), e.source(f))
		if len(filters) > 1 {
			d.merge(name, f, filters)
		}
	}
	if len(inputs) > 0 || slices.ContainsFunc(e.Fields, func(f *Field) bool { return d.writable(e, f) }) {
		add("has", listOf(named(e.Name+"HasFilter")), e.Source)
	}
	self := named(filter.Name)
	if n := len(filter.Fields); n > 1 || n == 1 && !isID(filter.Fields[0]) {
		add("and", listOf(self), e.Source)
		add("or", listOf(self), e.Source)
	}
	add("not", self, e.Source)
	d.types[filter.Name] = filter
}

// merge makes one filter of several, for a field with several indexes. All
// fields with the same indexes share it; only one that knows an enum's members has a source: those for parts of
// names are the same for all enums and String.
func (d *deriver) merge(name string, f *Field, filters []string) {
	var source Source
	if of := d.types[f.Type.Named()]; of != nil && of.Kind == sdl.Enum &&
		slices.ContainsFunc(filters, func(filter string) bool { return strings.HasPrefix(filter, of.Name+"_") }) {
		source = of.Source
	}
	merged := d.generate(sdl.InputObject, name, source)
	for _, f := range filters {
		if t := d.types[f]; t != nil {
			merged.Fields = append(merged.Fields, t.Fields...)
		}
	}
}

// addHasFilter adds THasFilter, the enum of the fields that may be absent.
// Source: addTypeHasFilter.
func (d *deriver) addHasFilter(e *entity) {
	var values []*Value
	for _, f := range e.Fields {
		if !isID(f) && !computed(f) && !multilingual(f) && !e.foreign(f) {
			values = append(values, &Value{Name: f.Name, Source: e.source(f)})
		}
	}
	if len(values) > 0 {
		d.generate(sdl.Enum, e.Name+"HasFilter", e.Source).Values = values
	}
}

// addOrder adds TOrder and TOrderable. Source: addTypeOrderable.
func (d *deriver) addOrder(e *entity) {
	var values []*Value
	for _, f := range e.Fields {
		if ordered(f, e.key, e.provided) {
			values = append(values, &Value{Name: f.Name, Source: e.source(f)})
		}
	}
	if len(values) == 0 {
		return
	}
	order := d.generate(sdl.InputObject, e.Name+"Order", e.Source)
	orderable := named(e.Name + "Orderable")
	order.Fields = []*Field{
		{Name: "asc", Type: orderable, Source: e.Source},
		{Name: "desc", Type: orderable, Source: e.Source},
		{Name: "then", Type: named(order.Name), Source: e.Source},
	}
	d.generate(sdl.Enum, orderable.Name, e.Source).Values = values
}

// addFilterArgument lets the user filter what f answers: nodes of the type.
// Source: addFilterArgumentForField.
func (d *deriver) addFilterArgument(f *Field, typeName string, source Source) {
	if scalar(typeName) {
		return
	}
	if d.kind(typeName) == sdl.Union || d.filterable(typeName) {
		f.Arguments = append(f.Arguments, &Argument{Name: "filter", Type: named(typeName + "Filter"), Source: source})
	}
}

// addListArguments lets the user filter, order and page through what f
// answers. Sources: addOrderArgument, addPaginationArguments.
func (d *deriver) addListArguments(f *Field, typeName string, provided map[string]bool, source Source) {
	d.addFilterArgument(f, typeName, source)
	if d.ordered(typeName, provided) {
		f.Arguments = append(f.Arguments, &Argument{Name: "order", Type: named(typeName + "Order"), Source: source})
	}
	f.Arguments = append(f.Arguments,
		&Argument{Name: "first", Type: named("Int"), Source: source},
		&Argument{Name: "offset", Type: named("Int"), Source: source})
}

// addFieldArguments gives the fields of e the arguments of queries. Source:
// addFieldFilters.
func (d *deriver) addFieldArguments(e *entity) {
	for _, f := range e.Fields {
		if computed(f) || multilingual(f) {
			continue
		}
		of := f.Type.Named()
		if f.Type.List() && !scalar(of) && d.kind(of) != sdl.Enum {
			d.addListArguments(f, of, e.provided, e.source(f))
		} else {
			d.addFilterArgument(f, of, e.source(f))
		}
	}
}

// completeUnion adds the inputs and the enum of a union. Sources:
// addUnionReferenceType, addUnionFilterType, addUnionMemberTypeEnum.
func (d *deriver) completeUnion(union *Type) {
	reference := d.generate(sdl.InputObject, union.Name+"Ref", union.Source)
	filter := d.generate(sdl.InputObject, union.Name+"Filter", union.Source)
	enum := d.generate(sdl.Enum, union.Name+"Type", union.Source)
	add := func(to *Type, name string, typ *sdl.Type) {
		to.Fields = append(to.Fields, &Field{Name: name, Type: typ, Source: union.Source})
	}
	add(filter, "memberTypes", listOf(required(enum.Name)))
	for _, m := range union.Members {
		add(reference, lowerFirst(m)+"Ref", named(m+"Ref"))
		add(filter, lowerFirst(m)+"Filter", named(m+"Filter"))
		enum.Values = append(enum.Values, &Value{Name: m, Source: union.Source})
	}
}
