package migrate

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/schemacheck/schemacheck/dql/convert"
)

var update = flag.Bool("update", false, "write the JSON Schema of plans")

const schemaFile = "../../cmd/docs/plan.schema.json"

// words are the fields whose text is one of some words.
var words = map[string][]any{
	"Step.phase": {"before", "after", "contract"},
	"Step.undo":  {"yes", "partial", "no"},
	"Step.risk":  {"safe", "review", "destructive"},
}

// plain are one value, as YAML has them.
var plain = []any{map[string]any{"type": "string"}, map[string]any{"type": "number"}, map[string]any{"type": "boolean"}}

// special are the types that are not written as Go has them.
var special = map[reflect.Type]map[string]any{
	reflect.TypeFor[Value]():     {"anyOf": append(slices.Clone(plain), map[string]any{"type": "array", "items": map[string]any{"anyOf": plain}})},
	reflect.TypeFor[Condition](): {"anyOf": []any{map[string]any{"type": "string"}, map[string]any{"type": "boolean"}}},
	reflect.TypeFor[Unset](): {"anyOf": []any{
		map[string]any{"type": "array", "items": map[string]any{"type": "string"}},
		map[string]any{"type": "object", "additionalProperties": map[string]any{"type": "string"}},
	}},
	// A field has fields.
	reflect.TypeFor[Field](): {"$ref": "#/$defs/field"},
}

// describe makes the JSON Schema of a Go type by its yaml tags.
func describeType(t reflect.Type) map[string]any {
	if s := special[t]; s != nil {
		return s
	}
	return describeForm(t)
}

func describeForm(t reflect.Type) map[string]any {
	switch t.Kind() {
	case reflect.Pointer:
		return describeType(t.Elem())
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return map[string]any{"type": "integer"}
	case reflect.Uint64:
		return map[string]any{"type": "integer", "minimum": 0}
	case reflect.Slice:
		return map[string]any{"type": "array", "items": describeType(t.Elem())}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": describeType(t.Elem())}
	case reflect.Struct:
		properties, required := map[string]any{}, []string{}
		for i := range t.NumField() {
			f := t.Field(i)
			tag, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
			switch {
			case !f.IsExported() || tag == "-":
				continue
			case strings.Contains(options, "inline"):
				inner := describeType(f.Type)
				for name, p := range inner["properties"].(map[string]any) {
					properties[name] = p
				}
				required = append(required, inner["required"].([]string)...)
				continue
			}
			p := describeType(f.Type)
			if all := words[t.Name()+"."+tag]; all != nil {
				p["enum"] = all
			}
			properties[tag] = p
			if !strings.Contains(options, "omitempty") {
				required = append(required, tag)
			}
		}
		slices.Sort(required)
		return map[string]any{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
	}
	panic("no JSON Schema for " + t.String())
}

func planSchema(t *testing.T) []byte {
	t.Helper()
	s := describeType(reflect.TypeFor[Plan]())
	s["$defs"] = map[string]any{"field": describeForm(reflect.TypeFor[Field]())}
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["title"] = "A plan of schemacheck: a migration of the data that a Dgraph stores"
	steps := s["properties"].(map[string]any)["steps"].(map[string]any)["items"].(map[string]any)
	var names []any
	for _, k := range kinds {
		names = append(names, k.name)
		if steps["properties"].(map[string]any)[k.name] == nil {
			t.Errorf("the kind %s has no parameters of that name", k.name)
		}
	}
	steps["properties"].(map[string]any)["kind"].(map[string]any)["enum"] = names
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(text, '\n')
}

// TestPlanSchema holds the published JSON Schema to the Go types, and plans to it.
func TestPlanSchema(t *testing.T) {
	t.Parallel()
	want := planSchema(t)
	if *update {
		if err := os.WriteFile(schemaFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got; go test ./fixes/migrate -run PlanSchema -update writes it):\n%s", schemaFile, diff)
	}
	schema := publishedSchema(t)
	was, is := stored(t, "type A { id: ID! a: String b: [String] c: String }"), stored(t, "type A { id: ID! d: String b: String @dgraph(pred: \"A.e\") c: Int }")
	one := func(m *Migration, given ...string) *Recipe {
		r, err := m.Build(given)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	p, err := Assemble(Plan{ID: "20260102030405-test", Name: "A test", NotBefore: "2026-02-03"},
		one(CopyValues(Moving{From: was.Predicate("A.a"), To: is.Predicate("A.d")})),
		one(ListToSingle(Single{From: was.Predicate("A.b"), To: is.Predicate("A.e")}), "first"),
		one(FillDefault(Filling{Into: is.Predicate("A.d"), Target: convert.Target{GraphQL: "String", Type: "string"}, Type: "A"}), "x"),
	)
	if err != nil {
		t.Fatal(err)
	}
	text, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	valid := func(text string) error { return fitsSchema(t, schema, []byte(text)) }
	if err := valid(string(text)); err != nil {
		t.Errorf("%v\n%s", err, text)
	}
	for _, wrong := range []struct{ old, new string }{
		{"phase: before", "phase: later"}, {"kind: copy", "kind: copies"}, {"version: 1", "versions: 1"}, {"    from: A.a", "    form: A.a"},
	} {
		if broken := strings.Replace(string(text), wrong.old, wrong.new, 1); broken == string(text) || valid(broken) == nil {
			t.Errorf("%q for %q is valid", wrong.new, wrong.old)
		}
		if broken := strings.Replace(string(text), wrong.old, wrong.new, 1); func() error { _, err := Decode([]byte(broken)); return err }() == nil {
			t.Errorf("%q for %q is read", wrong.new, wrong.old)
		}
	}
}

// publishedSchema is the JSON Schema of plans.
func publishedSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(planSchema(t)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("plan.schema.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("plan.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// fitsSchema is why a text does not fit, nil when it does.
func fitsSchema(t *testing.T, schema *jsonschema.Schema, text []byte) error {
	t.Helper()
	asJSON, err := yaml.YAMLToJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		t.Fatal(err)
	}
	return schema.Validate(value)
}
