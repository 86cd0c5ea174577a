package api

import (
	"strings"
	"sync"

	"github.com/schemacheck/schemacheck/diff/sdl"
)

// static is what is in the API of every schema, or of every federated one.
// It is shared by all schemas and never changed.
type static struct {
	types      []*Type
	directives []*Directive
	// filters is where in types the search filters begin: Dgraph prints the
	// directives before them.
	filters int
	// hidden are the types of introspection: fields may have them as types, but
	// they are not printed.
	hidden []*Type
	// federated stands in APIs with @key only.
	federated []*Type
	// federatedDirectives, too.
	federatedDirectives []*Directive
}

var newestStatic = sync.OnceValue(func() *static { return newStatic(true) })
var staticBeforeNgram = sync.OnceValue(func() *static { return newStatic(false) })

// scalarDescriptions stand before the scalars that Dgraph adds.
var scalarDescriptions = map[string]string{
	"Int64": "\nA whole number of 64 bits with a sign, from -2^63 to 2^63-1.\n",
	"DateTime": "\nA moment as RFC 3339 writes it, with a time zone or in UTC:\n" +
		"\"2006-01-02T15:04:05Z\".\n",
}

// newStatic builds the tables. Sources: schemaInputs, directiveDefs,
// filterInputs, apolloSchemaExtras.
func newStatic(ngram bool) *static {
	s := &static{}
	add := func(kind sdl.Kind, name, fields string) {
		s.types = append(s.types, staticType(kind, name, fields))
	}
	for _, name := range []string{"Int64", "DateTime"} {
		add(sdl.Scalar, name, "")
		s.types[len(s.types)-1].Description = scalarDescriptions[name]
	}
	for _, of := range []string{"Int", "Float", "Int64", "DateTime", "String"} {
		add(sdl.InputObject, of+"Range", "min "+of+"!, max "+of+"!")
	}
	const (
		object, input, enum = sdl.Object, sdl.InputObject, sdl.Enum
		position            = "longitude Float!, latitude Float!"
		near                = "near NearFilter, within WithinFilter"
	)
	add(enum, "DgraphIndex", "int, int64, float, bool, hash, exact, term, fulltext, trigram, regexp, year, month, day, hour, geo, hnsw")
	add(input, "AuthRule", "and [AuthRule], or [AuthRule], not AuthRule, rule String")
	add(enum, "HTTPMethod", "GET, POST, PUT, PATCH, DELETE")
	add(enum, "Mode", "BATCH, SINGLE")
	add(input, "CustomHTTP", "url String!, method HTTPMethod!, body String, graphql String, mode Mode, "+
		"forwardHeaders [String!], secretHeaders [String!], introspectionHeaders [String!], skipIntrospection Boolean")
	add(input, "DgraphDefault", "value String")
	add(object, "Point", position)
	add(input, "PointRef", position)
	add(input, "NearFilter", "distance Float!, coordinate PointRef!")
	add(input, "PointGeoFilter", near)
	add(object, "PointList", "points [Point!]!")
	add(input, "PointListRef", "points [PointRef!]!")
	add(object, "Polygon", "coordinates [PointList!]!")
	add(input, "PolygonRef", "coordinates [PointListRef!]!")
	add(object, "MultiPolygon", "polygons [Polygon!]!")
	add(input, "MultiPolygonRef", "polygons [PolygonRef!]!")
	add(input, "WithinFilter", "polygon PolygonRef!")
	add(input, "ContainsFilter", "point PointRef, polygon PolygonRef")
	add(input, "IntersectsFilter", "polygon PolygonRef, multiPolygon MultiPolygonRef")
	add(input, "PolygonGeoFilter", near+", contains ContainsFilter, intersects IntersectsFilter")
	add(input, "GenerateQueryParams", "get Boolean, query Boolean, password Boolean, aggregate Boolean")
	add(input, "GenerateMutationParams", "add Boolean, update Boolean, delete Boolean")

	s.filters = len(s.types)
	sorted := func(of string) string {
		return strings.ReplaceAll("eq %, in [%], le %, lt %, ge %, gt %, between %Range", "%", of)
	}
	for _, of := range []string{"Int", "Int64", "Float", "DateTime"} {
		add(input, of+"Filter", sorted(of))
	}
	add(input, "StringTermFilter", "allofterms String, anyofterms String")
	add(input, "StringRegExpFilter", "regexp String")
	if ngram {
		add(input, "StringNgramFilter", "ngram String")
	}
	add(input, "StringFullTextFilter", "alloftext String, anyoftext String")
	add(input, "StringExactFilter", sorted("String"))
	add(input, "StringHashFilter", "eq String, in [String]")

	s.directives = staticDirectives(
		"hasInverse|field String!|FIELD_DEFINITION",
		"search|by [String!]|FIELD_DEFINITION",
		"embedding||FIELD_DEFINITION",
		"dgraph|type String, pred String|OBJECT, INTERFACE, FIELD_DEFINITION",
		"id|interface Boolean|FIELD_DEFINITION",
		"default|add DgraphDefault, update DgraphDefault|FIELD_DEFINITION",
		"withSubscription||OBJECT, INTERFACE, FIELD_DEFINITION",
		"secret|field String!, pred String|OBJECT, INTERFACE",
		"auth|password AuthRule, query AuthRule, add AuthRule, update AuthRule, delete AuthRule|OBJECT, INTERFACE",
		"custom|http CustomHTTP, dql String|FIELD_DEFINITION",
		"remote||OBJECT, INTERFACE, UNION, INPUT_OBJECT, ENUM",
		"remoteResponse|name String|FIELD_DEFINITION",
		"cascade|fields [String]|FIELD",
		"lambda||FIELD_DEFINITION",
		"lambdaOnMutate|add Boolean, update Boolean, delete Boolean|OBJECT, INTERFACE",
		"cacheControl|maxAge Int!|QUERY",
		"generate|query GenerateQueryParams, mutation GenerateMutationParams, subscription Boolean|OBJECT, INTERFACE",
	)
	s.federated = []*Type{
		staticType(sdl.Scalar, "_Any", ""),
		staticType(sdl.Scalar, "_FieldSet", ""),
		staticType(sdl.Object, "_Service", "sdl String"),
	}
	for _, t := range s.federated {
		t.Origin = Federated
	}
	s.federatedDirectives = staticDirectives(
		"external||FIELD_DEFINITION",
		"requires|fields _FieldSet!|FIELD_DEFINITION",
		"provides|fields _FieldSet!|FIELD_DEFINITION",
		"key|fields _FieldSet!|OBJECT, INTERFACE",
		"extends||OBJECT, INTERFACE",
	)
	s.hidden = hiddenTypes()
	return s
}

// hiddenTypes are the objects of introspection, with the fields that decide
// what Dgraph generates for a field of such a type.
func hiddenTypes() []*Type {
	var types []*Type
	for _, t := range []string{
		"__Schema|types [__Type!]!",
		"__Type|kind __TypeKind!, name String, description String",
		"__Field|name String!, description String",
		"__InputValue|name String!, description String",
		"__EnumValue|name String!, description String",
		"__Directive|name String!, description String",
	} {
		name, fields, _ := strings.Cut(t, "|")
		types = append(types, staticType(sdl.Object, name, fields))
	}
	for _, name := range []string{"__TypeKind", "__DirectiveLocation"} {
		types = append(types, staticType(sdl.Enum, name, ""))
	}
	return types
}

// staticType reads "name Type, name Type" or, for an enum, "value, value".
func staticType(kind sdl.Kind, name, fields string) *Type {
	t := &Type{Name: name, Kind: kind, Origin: Static}
	if fields == "" {
		return t
	}
	for item := range strings.SplitSeq(fields, ", ") {
		if kind == sdl.Enum {
			t.Values = append(t.Values, &Value{Name: item})
			continue
		}
		field, typ, _ := strings.Cut(item, " ")
		t.Fields = append(t.Fields, &Field{Name: field, Type: typeOf(typ)})
	}
	return t
}

// staticDirectives reads "name|name Type, name Type|LOCATION, LOCATION".
func staticDirectives(definitions ...string) []*Directive {
	var directives []*Directive
	for _, def := range definitions {
		parts := strings.Split(def, "|")
		d := &Directive{Name: parts[0], Locations: strings.Split(parts[2], ", ")}
		for _, f := range staticType(sdl.InputObject, "", parts[1]).Fields {
			d.Arguments = append(d.Arguments, &Argument{Name: f.Name, Type: f.Type})
		}
		directives = append(directives, d)
	}
	return directives
}

// typeOf reads a reference to a type: "[String!]!".
func typeOf(s string) *sdl.Type {
	t := &sdl.Type{}
	s, t.NonNull = strings.CutSuffix(s, "!")
	if inner, ok := strings.CutPrefix(s, "["); ok {
		t.Elem = typeOf(strings.TrimSuffix(inner, "]"))
	} else {
		t.Name = s
	}
	return t
}

func named(name string) *sdl.Type    { return &sdl.Type{Name: name} }
func required(name string) *sdl.Type { return &sdl.Type{Name: name, NonNull: true} }
func listOf(elem *sdl.Type) *sdl.Type {
	return &sdl.Type{Elem: elem}
}

// nonNull is t with the given nullability.
func nonNull(t *sdl.Type, yes bool) *sdl.Type {
	if t.NonNull == yes {
		return t
	}
	changed := *t
	changed.NonNull = yes
	return &changed
}
