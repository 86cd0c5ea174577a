package usage

import (
	"strings"

	"github.com/schemacheck/schemacheck/diff/api"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// introspection are the types by which clients ask for the API itself, as in the version of GraphQL that Dgraph knows.
// Source: validator.Prelude.
var introspection = tables(
	"__Schema|types [__Type!]!, queryType __Type!, mutationType __Type, subscriptionType __Type, directives [__Directive!]!",
	"__Type|kind __TypeKind!, name String, description String, fields(includeDeprecated) [__Field!], interfaces [__Type!], "+
		"possibleTypes [__Type!], enumValues(includeDeprecated) [__EnumValue!], inputFields [__InputValue!], ofType __Type",
	"__Field|name String!, description String, args [__InputValue!]!, type __Type!, isDeprecated Boolean!, deprecationReason String",
	"__InputValue|name String!, description String, type __Type!, defaultValue String",
	"__EnumValue|name String!, description String, isDeprecated Boolean!, deprecationReason String",
	"__Directive|name String!, description String, locations [__DirectiveLocation!]!, args [__InputValue!]!",
	"__TypeKind|", "__DirectiveLocation|",
)

// scalars are those of GraphQL itself.
var scalars = func() map[string]*api.Type {
	types := map[string]*api.Type{}
	for _, name := range []string{"Int", "Float", "String", "Boolean", "ID"} {
		types[name] = &api.Type{Name: name, Kind: sdl.Scalar, Origin: api.Static}
	}
	return types
}()

// introspective are the fields by which queries begin to ask for the API.
var introspective = []*api.Field{
	{Name: "__schema", Type: typeOf("__Schema!")},
	introspectType,
}

var introspectType = &api.Field{Name: "__type", Type: typeOf("__Type"), Arguments: []*api.Argument{{Name: "name", Type: typeOf("String!")}}}

// typename can be asked of everything that has fields.
var typename = &api.Field{Name: "__typename", Type: typeOf("String")}

// builtin are the directives of GraphQL itself. Source: validator.Prelude.
var builtin = []*api.Directive{
	{Name: "include", Arguments: conditional, Locations: selections},
	{Name: "skip", Arguments: conditional, Locations: selections},
	{Name: "deprecated", Arguments: []*api.Argument{{Name: "reason", Type: typeOf("String")}},
		Locations: []string{"FIELD_DEFINITION", "ENUM_VALUE"}},
}

var (
	conditional = []*api.Argument{{Name: "if", Type: typeOf("Boolean!")}}
	selections  = []string{"FIELD", "FRAGMENT_SPREAD", "INLINE_FRAGMENT"}
)

// tables reads "Name|field Type, field(includeDeprecated) Type"; without fields it is an enum.
func tables(lines ...string) map[string]*api.Type {
	types := map[string]*api.Type{}
	for _, line := range lines {
		name, fields, _ := strings.Cut(line, "|")
		t := &api.Type{Name: name, Kind: sdl.Object, Origin: api.Static}
		types[name] = t
		if fields == "" {
			t.Kind = sdl.Enum
			continue
		}
		for text := range strings.SplitSeq(fields, ", ") {
			field, of, _ := strings.Cut(text, " ")
			f := &api.Field{Name: field, Type: typeOf(of)}
			if before, ok := strings.CutSuffix(field, "(includeDeprecated)"); ok {
				f.Name = before
				f.Arguments = []*api.Argument{{Name: "includeDeprecated", Type: typeOf("Boolean")}}
			}
			t.Fields = append(t.Fields, f)
		}
	}
	return types
}

// typeOf reads "Name", "Name!" or "[Name!]!".
func typeOf(text string) *sdl.Type {
	text, nonNull := strings.CutSuffix(text, "!")
	if inner, ok := strings.CutPrefix(text, "["); ok {
		return &sdl.Type{Elem: typeOf(strings.TrimSuffix(inner, "]")), NonNull: nonNull}
	}
	return &sdl.Type{Name: text, NonNull: nonNull}
}
