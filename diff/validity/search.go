package validity

import (
	"maps"
	"slices"
	"strings"

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
	for _, name := range slices.Sorted(maps.Keys(schema.Searches)) {
		if schema.Searches[name].Type == typeName {
			names = append(names, name)
		}
	}
	return names
}

// search checks @search. Sources: searchValidation, validateSearchArg.
func (c *checker) search(f *schema.Field) {
	for _, d := range f.Definition.Directives {
		if d.Name.Text == "search" {
			c.oneSearch(f, d)
		}
	}
}

func (c *checker) oneSearch(f *schema.Field, d *sdl.Directive) {
	typeName := f.Type().Named()
	kind := c.kind(typeName)
	by := d.Arg("by")
	allowed := searchesOf(typeName)
	if kind == sdl.Enum {
		allowed = enumSearches
	}
	if by == nil {
		if kind != sdl.Enum && !schema.Geo(typeName) && (kind != sdl.Scalar || typeName == "ID") {
			c.problem(d.Span, f.Coordinate(), "%s has @search, which fields of type %s cannot have", f.Coordinate(), typeName)
		}
		return
	}
	if by.Kind != sdl.ListValue {
		c.problem(by.Span, f.Coordinate(), "the argument by of @search on %s is %s: write a list, like [\"hash\"]", f.Coordinate(), valueName(by))
		return
	}
	before := map[string]string{}
	for _, v := range by.List {
		name := searchName(v.Raw)
		s, known := schema.Searches[name]
		switch {
		case !known && len(allowed) == 0:
			c.problem(v.Span, f.Coordinate(), "%s has @search, which fields of type %s cannot have", f.Coordinate(), typeName)
			return
		case !known:
			c.problem(v.Span, f.Coordinate(), "@search on %s does not know %q: fields of type %s can be searched by %s%s",
				f.Coordinate(), clip(v.Raw), typeName, oneOf(allowed), nearest(name, allowed))
			return
		case kind != sdl.Enum && s.Type != typeName && len(allowed) == 0:
			c.problem(v.Span, f.Coordinate(), "%s has @search, which fields of type %s cannot have", f.Coordinate(), typeName)
			return
		case kind != sdl.Enum && s.Type != typeName:
			c.problem(v.Span, f.Coordinate(), "%q on %s is a search for the type %s: fields of type %s can be searched by %s", name, f.Coordinate(), s.Type, typeName, oneOf(allowed))
			return
		case kind == sdl.Enum && !slices.Contains(enumSearches, v.Raw):
			c.problem(v.Span, f.Coordinate(), "%q on %s is no search for enums: these can be searched by %s", clip(v.Raw), f.Coordinate(), oneOf(enumSearches))
			return
		case name == "hnsw" && !f.Has("embedding"):
			c.problem(v.Span, f.Coordinate(), "%s is searched by hnsw, which needs @embedding on the field too", f.Coordinate())
			return
		case name == "hnsw":
			if _, ok := searchOptions(v.Raw); !ok {
				c.problem(v.Span, f.Coordinate(), "the options of hnsw on %s cannot be read: write them like hnsw(metric: euclidean, exponent: 4)", f.Coordinate())
				return
			}
		}
		filter := filters[name]
		if other, taken := before[filter]; taken {
			if typeName == "String" || kind == sdl.Enum {
				c.problem(v.Span, f.Coordinate(), "%s is searched by %s and %s, which are the same filter: keep one", f.Coordinate(), other, name)
			} else {
				c.problem(v.Span, f.Coordinate(), "%s is searched by %s and %s: fields of type %s can have one search only", f.Coordinate(), other, name, typeName)
			}
			return
		}
		if other, taken := before[map[string]string{"StringHashFilter": "StringExactFilter", "StringExactFilter": "StringHashFilter"}[filter]]; taken {
			c.problem(v.Span, f.Coordinate(), "%s is searched by both %s and %s, which exclude each other: keep exact, it does what hash does", f.Coordinate(), other, name)
			return
		}
		before[filter] = name
	}
}

// searchName is the argument of @search without its options. Source:
// parseSearchType.
func searchName(argument string) string {
	if name, _, ok := strings.Cut(argument, "("); ok {
		return strings.TrimSpace(name)
	}
	return argument
}

// searchOption is an option of a search, as in hnsw(metric: euclidean).
type searchOption struct{ name, value string }

// searchOptions reads the options of an argument of @search and reports
// whether they are well-formed. Source: getSearchOptions.
func searchOptions(argument string) ([]searchOption, bool) {
	argument = strings.TrimSpace(argument)
	open := strings.IndexByte(argument, '(')
	closed := strings.HasSuffix(argument, ")")
	if open < 0 && !closed {
		return nil, true
	}
	if open < 0 || !closed || open+1 == len(argument)-1 {
		return nil, false
	}
	var options []searchOption
	for _, pair := range strings.Split(argument[open+1:len(argument)-1], ",") {
		name, value, ok := strings.Cut(pair, ":")
		if !ok && strings.TrimSpace(pair) == "" {
			continue
		}
		if !ok || value == "" || value[0] != ' ' && value[0] != '\t' {
			return nil, false
		}
		name, value = unquote(strings.TrimSpace(name)), unquote(strings.TrimSpace(value))
		if name == "" || value == "" || value == "null" || value == "~" || strings.ContainsAny(name+value, "{}[]\n") ||
			slices.ContainsFunc(options, func(o searchOption) bool { return o.name == name }) {
			return nil, false
		}
		options = append(options, searchOption{strings.TrimSpace(name), strings.TrimSpace(value)})
	}
	return options, true
}

func unquote(s string) string {
	for _, q := range []string{`"`, "'"} {
		if len(s) >= 2 && strings.HasPrefix(s, q) && strings.HasSuffix(s, q) {
			return s[1 : len(s)-1]
		}
	}
	return s
}
