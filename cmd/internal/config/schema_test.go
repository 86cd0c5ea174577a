package config

import (
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

const schemaFile = "../../docs/config.schema.json"

func TestSchemaAgrees(t *testing.T) {
	t.Parallel()
	schema, err := jsonschema.NewCompiler().Compile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	validate := func(text string) error {
		var doc any
		if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		// Through JSON, so that the validator meets the types that it knows.
		data, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		plain, err := jsonschema.UnmarshalJSON(strings.NewReader(string(data)))
		if err != nil {
			t.Fatal(err)
		}
		return schema.Validate(plain)
	}
	good := []string{
		full, "{}", "rules:\nrenames:\nschema:\nalpha:\nenvironments:\noperations:\noperationTags:\noperationCalls:\nusage:\nmigrations:\nbatchSize:\nfixes:\nundoRetention:\ndeprecationGrace:\nbaseline:\naccept:\nfailOn:\ndgraphVersion:\n",
		"dgraphVersion: v24.1.2-rc1", "dgraphVersion: '25'", "dgraphVersion: 25", "alpha: a:1,b:2", "operations: '*.graphql'",
		"environments: {a: , b: {connStr: '@file', protected: true}, c: {connStr: $CONN}}", "undoRetention: 12h", "batchSize: 1",
		"renames: {_a: B9, A.b: C.d}", "failOn: never", "deprecationGrace: 720h", "baseline: 'reports/known.json'",
		"rules: {id-added: {severity: , types: , paths: }, id-removed: {}, field-removed: {types: {'A.*': , '{B,C}': info}}}",
	}
	for _, text := range good {
		if _, err := Parse("c.yaml", []byte(text), nil); err != nil {
			t.Errorf("%q is meant to be good: %v", text, err)
		}
		if err := validate(text); err != nil {
			t.Errorf("%q: the schema refuses it: %v", text, err)
		}
	}
	for _, c := range bad {
		if !c.byEye && validate(c.text) == nil {
			t.Errorf("%q: the schema accepts it", c.text)
		}
	}
}

// TestSchemaKeys holds the keys of the reader, of the structs and of the
// published schema together.
func TestSchemaKeys(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	type object struct {
		Properties map[string]any
	}
	var schema struct {
		object
		Definitions map[string]object
	}
	if err := json.Unmarshal(data, &schema); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name     string
		read     []key
		listed   object
		of       any
		elsewise []string // fields that are no keys
	}{
		{"Config", new(Config).keys(nil), schema.object, Config{}, []string{"File", "Text"}},
		{"Environment", new(Environment).keys(), schema.Definitions["environment"], Environment{}, nil},
		{"Acceptance", new(Acceptance).keys(nil), schema.Definitions["acceptance"], Acceptance{}, []string{"Line", "Column"}},
		{"Rule", new(Rule).keys(""), schema.Definitions["rule"], Rule{}, nil},
	} {
		var read, fields []string
		for _, k := range c.read {
			read = append(read, k.name)
		}
		slices.Sort(read)
		if listed := slices.Sorted(maps.Keys(c.listed.Properties)); !slices.Equal(read, listed) {
			t.Errorf("%s: read   %v\nlisted %v", c.name, read, listed)
		}
		for field := range reflect.TypeOf(c.of).Fields() {
			if !slices.Contains(c.elsewise, field.Name) {
				fields = append(fields, strings.ToLower(field.Name))
			}
		}
		slices.Sort(fields)
		lower := strings.Split(strings.ToLower(strings.Join(read, " ")), " ")
		slices.Sort(lower)
		if !slices.Equal(lower, fields) {
			t.Errorf("%s: read   %v\nfields %v", c.name, lower, fields)
		}
	}
}
