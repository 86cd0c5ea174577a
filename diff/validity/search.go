package validity

import (
	"slices"

	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// enumSearches are the arguments of @search that apply to enums. Source:
// enumDirectives.
var enumSearches = []string{"exact", "hash", "ngram", "regexp", "trigram"}

// filters are the generated filters behind the arguments of @search: two
// arguments with the same filter exclude each other. Source: builtInFilters.
var filters = map[string]string{
	"bool": "Boolean", "int": "IntFilter", "int64": "Int64Filter", "float": "FloatFilter",
	"year": "DateTimeFilter", "month": "DateTimeFilter", "day": "DateTimeFilter", "hour": "DateTimeFilter",
	"term": "StringTermFilter", "trigram": "StringRegExpFilter", "regexp": "StringRegExpFilter",
	"ngram": "StringNgramFilter", "fulltext": "StringFullTextFilter", "exact": "StringExactFilter", "hash": "StringHashFilter",
	"point": "PointGeoFilter", "polygon": "PolygonGeoFilter", "multiPolygon": "PolygonGeoFilter", "hnsw": "HNSWSearchFilter",
}

// searchesOf are the arguments of @search that apply to a type, sorted.
func searchesOf(typeName string) []string {
	var names []string
	for name, s := range schema.Searches {
		if s.Type == typeName {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// search checks @search. Of several uses each one is looked at, and the
// arguments of the first one count. Sources: searchValidation,
// validateSearchArg.
func (c *checker) search(f *schema.Field, d *sdl.Directive) {
	typeName := f.Type().Named()
	kind := c.kind(typeName)
	by := d.Arg("by")
	if by == nil {
		if kind != sdl.Enum && !schema.Geo(typeName) && (kind != sdl.Scalar || typeName == "ID") {
			c.unsearchable(f, d.Span)
		}
		return
	}
	if by.Kind != sdl.ListValue {
		c.problem(by.Span, f.Coordinate(), "the argument by of @search on %s is %s: write a list, like [\"hash\"]", f.Coordinate(), valueName(by))
		return
	}
	var arguments []*sdl.Value
	if v := f.Directive("search").Arg("by"); v != nil {
		arguments = children(v)
	}
	if len(arguments) == 0 {
		if kind != sdl.Enum && schema.DefaultSearch(typeName) == "" {
			c.unsearchable(f, d.Span)
		}
		return
	}
	if f.Has("id") && typeName != "String" {
		c.problem(by.Span, f.Coordinate(), "%s has @id and the type %s, so that @search takes no arguments: write @search alone", f.Coordinate(), typeName)
		return
	}
	before := map[string]string{}
	for _, v := range arguments {
		if !c.searchArgument(f, v) || !c.searchTogether(f, v, before) {
			return
		}
	}
}

func (c *checker) unsearchable(f *schema.Field, span sdl.Span) {
	c.problem(span, f.Coordinate(), "%s has @search, which fields of type %s cannot have", f.Coordinate(), f.Type().Named())
}

// searchArgument checks one argument of @search.
func (c *checker) searchArgument(f *schema.Field, v *sdl.Value) bool {
	typeName := f.Type().Named()
	enum := c.kind(typeName) == sdl.Enum
	name := schema.SearchName(v.Raw)
	s, known := schema.Searches[name]
	switch {
	case !enum && schema.DefaultSearch(typeName) == "":
		c.unsearchable(f, v.Span)
	case !known:
		allowed := enumSearches
		if !enum {
			allowed = searchesOf(typeName)
		}
		c.problem(v.Span, f.Coordinate(), "@search on %s does not know %q: fields of type %s can be searched by %s%s",
			f.Coordinate(), clip(v.Raw), typeName, oneOf(allowed), nearest(name, allowed))
	case enum && !slices.Contains(enumSearches, v.Raw):
		c.problem(v.Span, f.Coordinate(), "%q on %s is no search for enums: these can be searched by %s", clip(v.Raw), f.Coordinate(), oneOf(enumSearches))
	case !enum && s.Type != typeName:
		c.problem(v.Span, f.Coordinate(), "%q on %s is a search for the type %s: fields of type %s can be searched by %s", name, f.Coordinate(), s.Type, typeName, oneOf(searchesOf(typeName)))
	case name == "hnsw" && !f.Has("embedding"):
		c.problem(v.Span, f.Coordinate(), "%s is searched by hnsw, which needs @embedding on the field too", f.Coordinate())
	case name == "hnsw":
		_, ok := schema.SearchOptions(v.Raw)
		if !ok {
			c.problem(v.Span, f.Coordinate(), "the options of hnsw on %s cannot be read: write them like hnsw(metric: euclidean, exponent: 4)", f.Coordinate())
		}
		return ok
	default:
		return true
	}
	return false
}

// searchTogether checks an argument of @search against those before it, which
// it knows by their filters.
func (c *checker) searchTogether(f *schema.Field, v *sdl.Value, before map[string]string) bool {
	typeName := f.Type().Named()
	name := schema.SearchName(v.Raw)
	filter := filters[name]
	if other, taken := before[filter]; taken {
		if typeName == "String" || c.kind(typeName) == sdl.Enum {
			c.problem(v.Span, f.Coordinate(), "%s is searched by %s and %s, which are the same filter: keep one", f.Coordinate(), other, name)
		} else {
			c.problem(v.Span, f.Coordinate(), "%s is searched by %s and %s: fields of type %s can have one search only", f.Coordinate(), other, name, typeName)
		}
		return false
	}
	excluded := map[string]string{"StringHashFilter": "StringExactFilter", "StringExactFilter": "StringHashFilter"}[filter]
	if other, taken := before[excluded]; taken && excluded != "" {
		c.problem(v.Span, f.Coordinate(), "%s is searched by both %s and %s, which exclude each other: keep exact, it does what hash does", f.Coordinate(), other, name)
		return false
	}
	before[filter] = name
	return true
}
