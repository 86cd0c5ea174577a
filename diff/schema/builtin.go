package schema

import (
	"strings"

	"github.com/schemacheck/schemacheck/diff/sdl"
)

// Builtin is the kind of a type that every Dgraph schema has without writing
// it, 0 when there is none of that name. Sources: schemaInputs, filterInputs,
// apolloSchemaExtras and the prelude of Dgraph's GraphQL parser.
func Builtin(name string) sdl.Kind { return builtins[name] }

var builtins = func() map[string]sdl.Kind {
	kinds := map[string]sdl.Kind{}
	for kind, names := range map[sdl.Kind]string{
		sdl.Scalar: "Int Float String Boolean ID Int64 DateTime",
		sdl.Object: "Point PointList Polygon MultiPolygon " +
			"__Schema __Type __Field __InputValue __EnumValue __Directive",
		sdl.Enum: "DgraphIndex HTTPMethod Mode __TypeKind __DirectiveLocation",
		sdl.InputObject: "IntRange FloatRange Int64Range DateTimeRange StringRange AuthRule CustomHTTP DgraphDefault " +
			"PointRef NearFilter PointGeoFilter PointListRef PolygonRef MultiPolygonRef WithinFilter ContainsFilter " +
			"IntersectsFilter PolygonGeoFilter GenerateQueryParams GenerateMutationParams IntFilter Int64Filter " +
			"FloatFilter DateTimeFilter StringTermFilter StringRegExpFilter StringNgramFilter StringFullTextFilter " +
			"StringExactFilter StringHashFilter",
	} {
		for _, n := range strings.Fields(names) {
			kinds[n] = kind
		}
	}
	return kinds
}()

// Scalar is the DQL type that stores the built-in GraphQL type of that name,
// "" when it is none that Dgraph stores as a value. ID is "uid". Source:
// inbuiltTypeToDgraph.
func Scalar(name string) string { return scalars[name] }

var scalars = map[string]string{
	"ID":           "uid",
	"Boolean":      "bool",
	"Int":          "int",
	"Int64":        "int",
	"Float":        "float",
	"String":       "string",
	"DateTime":     "dateTime",
	"Password":     "password",
	"Point":        "geo",
	"Polygon":      "geo",
	"MultiPolygon": "geo",
}

// Geo reports whether values of the type are points or shapes.
func Geo(name string) bool {
	return name == "Point" || name == "Polygon" || name == "MultiPolygon"
}

// Search is what one argument of @search asks for.
type Search struct {
	Type  string // the GraphQL type that it applies to
	Index string // the DQL tokenizer
}

// Searches are the arguments that @search knows. Source: supportedSearches.
var Searches = map[string]Search{
	"int":          {"Int", "int"},
	"int64":        {"Int64", "int"},
	"float":        {"Float", "float"},
	"bool":         {"Boolean", "bool"},
	"hash":         {"String", "hash"},
	"exact":        {"String", "exact"},
	"term":         {"String", "term"},
	"fulltext":     {"String", "fulltext"},
	"trigram":      {"String", "trigram"},
	"regexp":       {"String", "trigram"},
	"ngram":        {"String", "ngram"},
	"year":         {"DateTime", "year"},
	"month":        {"DateTime", "month"},
	"day":          {"DateTime", "day"},
	"hour":         {"DateTime", "hour"},
	"point":        {"Point", "geo"},
	"polygon":      {"Polygon", "geo"},
	"multiPolygon": {"MultiPolygon", "geo"},
	"hnsw":         {"Float", "hnsw"},
}

// DefaultSearch is the argument that a bare @search stands for on a field of
// that type, "" when there is none (an enum's is "hash"). Source:
// defaultSearches.
func DefaultSearch(typeName string) string { return defaultSearches[typeName] }

var defaultSearches = map[string]string{
	"Boolean":      "bool",
	"Int":          "int",
	"Int64":        "int64",
	"Float":        "float",
	"String":       "term",
	"DateTime":     "year",
	"Point":        "point",
	"Polygon":      "polygon",
	"MultiPolygon": "multiPolygon",
}
