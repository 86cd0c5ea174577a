package convert_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/dgraph-io/dgo/v230/protos/api"

	"github.com/schemacheck/schemacheck/dql/convert"
	"github.com/schemacheck/schemacheck/dql/dgraphproc"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

func TestMain(m *testing.M) { dgraphtest.Main(m) }

// kind is a type that a field can have.
type kind struct {
	name     string // as in the names of the test's types and fields
	graphql  string // as in a schema
	dql      string
	selected string   // in a query
	values   []string // JSON, as in a DQL mutation
}

var kinds = []kind{
	{name: "String", graphql: "String", dql: "string", values: quoted(borderline...)},
	{name: "Color", graphql: "Color", dql: "string", values: quoted("RED", "BLUE", "T", "GREEN", "red", "", "12", "null", "2006", `"RED"`)},
	{name: "Int", graphql: "Int", dql: "int", values: []string{"0", "1", "-1", "5", "2006", "16777216", "16777217", "2147483647", "-2147483648"}},
	{name: "Int64", graphql: "Int64", dql: "int", values: []string{"0", "1", "-1", "7", "1000000", "2147483647", "2147483648", "-2147483648", "-2147483649",
		"9007199254740992", "9007199254740993", "-9007199254740993", "9223372036854775807", "-9223372036854775808",
		"253402300799", "253402300800", "-62167219200", "-62167219201", "1577934245"}},
	{name: "Float", graphql: "Float", dql: "float", values: []string{"0", "-0.0", "1", "2", "3.7", "-0.5", "0.1", "1e6", "1e7", "1e21", "1e300", "5e-324", "1e39", "3.4028235e38",
		"2147483648", "9007199254740993", "9223372036854774784", "9223372036854775807", "-9223372036854775808", "1e19", "253402300799.5", "253402300800", "-62167219200.5",
		"1577934245.123456", "1577934245.5", "16777217", "3.14159265358979"}},
	{name: "Boolean", graphql: "Boolean", dql: "bool", values: []string{"true", "false"}},
	{name: "DateTime", graphql: "DateTime", dql: "datetime", values: quoted("2006", "2006-01", "2006-01-02", "2006-01-02T15:04:05", "2006-01-02T15:04:05Z", "2006-01-02T15:04:05.5+01:00",
		"2006-01-02T15:04:05.123456789Z", "2006-01-02T15:04:05.123456Z", "2006-01-02 15:04:05 -0700 MST", "2006-01-02T15:04:05+23:59", "2006-01-02T15:04:05+24:00", "2006-01-02T15:04:05-24:30",
		"1600-02-29", "1677-09-21T00:12:43Z", "1677-09-21T00:12:44Z", "1969-12-31T23:59:59.5Z", "1970-01-01", "2038-01-19T03:14:07Z", "2038-01-19T03:14:08Z", "2262-04-11T23:47:16Z", "2262-04-11T23:47:17Z", "2300-01-01",
		"0000-01-01", "0001-01-01", "9999-12-31T23:59:59.999999999Z")},
	{name: "Point", graphql: "Point", dql: "geo", selected: "{longitude latitude}", values: geometries},
	{name: "Polygon", graphql: "Polygon", dql: "geo", selected: "{coordinates {points {longitude latitude}}}", values: geometries},
	{name: "MultiPolygon", graphql: "MultiPolygon", dql: "geo", selected: "{polygons {coordinates {points {longitude latitude}}}}", values: geometries},
	{name: "Vector", graphql: "[Float!] @embedding", dql: "float32vector", values: quoted("[1.5, 2.5]", "[0]", "[1e30, -1e-30]", "[16777217]")},
	// Types that only DQL has.
	{name: "Default", dql: "default"},
	{name: "Bigfloat", dql: "bigfloat"},
}

var geometries = []string{
	`{"type":"Point","coordinates":[1.5,2.5]}`,
	`{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]}`,
	`{"type":"MultiPolygon","coordinates":[[[[0,0],[1,0],[1,1],[0,0]]]]}`,
	`{"type":"LineString","coordinates":[[1,2],[3,4]]}`,
	`{"type":"MultiPoint","coordinates":[[1,2],[3,4]]}`,
	`{"type":"MultiLineString","coordinates":[[[1,2],[3,4]]]}`,
	`{"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[1,2]}]}`,
}

func quoted(texts ...string) []string {
	var all []string
	for _, s := range texts {
		text, err := json.Marshal(s)
		if err != nil {
			panic(err)
		}
		all = append(all, string(text))
	}
	return all
}

// matrix writes a schema in which every type T<kind> has a field to<kind> for every kind.
func matrix(typeOf func(from, to kind) string) string {
	s := "enum Color { " + strings.Join(colors, " ") + " }\n"
	for _, from := range kinds {
		if from.values == nil {
			continue
		}
		// Dgraph refuses a type that has nothing but vectors.
		s += "type T" + from.name + " {\n id: ID!\n other: Int\n"
		for _, to := range kinds {
			s += " to" + to.name + ": " + typeOf(from, to) + "\n"
		}
		s += "}\n"
	}
	return s
}

// TestConvertMatrix stores values under every type, gives the fields every other type, and reads each
// value alone.
func TestConvertMatrix(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	d.DropAll(t)
	if r := d.ApplySchema(t, matrix(func(from, _ kind) string { return from.graphql })); r.Refused {
		t.Fatal(r.Message)
	}
	type node struct {
		from   kind
		uid    string
		stored json.RawMessage
	}
	var nodes []node
	for _, from := range kinds {
		var uids []string
		for _, value := range from.values {
			if uid := add(t, d, from, value); uid != "" {
				uids = append(uids, uid)
			}
		}
		if uids == nil {
			continue
		}
		var shown struct {
			Q []struct {
				UID string
				V   json.RawMessage
			}
		}
		answer := d.Query(t, fmt.Sprintf("{q(func: uid(%s)) {uid v: T%s.toString}}", strings.Join(uids, ", "), from.name))
		if err := json.Unmarshal(answer, &shown); err != nil {
			t.Fatal(err)
		}
		for _, n := range shown.Q {
			nodes = append(nodes, node{from, n.UID, n.V})
		}
		t.Logf("%s: %d values of %d are stored", from.name, len(shown.Q), len(from.values))
	}
	if r := d.ApplySchema(t, matrix(func(from, to kind) string {
		if to.graphql == "" {
			return from.graphql
		}
		return to.graphql
	})); r.Refused {
		t.Fatal(r.Message)
	}
	altered := ""
	for _, from := range kinds {
		for _, to := range kinds {
			if from.values != nil && to.graphql == "" {
				altered += fmt.Sprintf("T%s.to%s: %s .\n", from.name, to.name, to.dql)
			}
		}
	}
	d.Alter(t, altered)

	compared, seen := 0, map[convert.Outcome]int{}
	for _, n := range nodes {
		for _, to := range kinds {
			target := to.target()
			outcome, detail := convert.Of(convert.Value{Type: n.from.dql, Data: decoded(string(n.stored))}, target)
			if outcome == convert.Crashes {
				continue // shown by TestConvertCrashes
			}
			compared++
			seen[outcome]++
			got, text := readAlone(t, d, n.from, to, n.uid)
			ok := got == outcome
			switch {
			case got != convert.Converts: // it shows no value
			case outcome == convert.Same:
				ok = target.Type == "geo" || sameJSON(text, string(n.stored))
			default:
				ok = (outcome == convert.Converts || outcome == convert.Truncated) && (target.Type == "geo" || sameJSON(text, detail))
			}
			if !ok {
				t.Errorf("%s %s as %s: %s (%s), but the server: %s %s", n.from.name, n.stored, to.name, outcome, detail, got, text)
			}
		}
	}
	t.Logf("compared %d readings: %v", compared, seen)
}

func (k kind) target() convert.Target {
	to := convert.Target{Type: k.dql, GraphQL: k.graphql}
	switch k.name {
	case "Color":
		to.Enum = colors
	case "Vector":
		to.GraphQL = "Float"
	}
	return to
}

// add stores a value in all fields of a node: through GraphQL where that takes it, and otherwise, as
// another client could, through DQL. It returns "" for what neither takes.
func add(t *testing.T, d *dgraphtest.Dgraph, from kind, value string) string {
	t.Helper()
	typ := "T" + from.name
	if from.dql != "geo" && from.dql != "float32vector" {
		input := map[string]any{}
		for _, to := range kinds {
			input["to"+to.name] = json.RawMessage(value)
		}
		r := d.GraphQL(t, fmt.Sprintf("mutation($in: [Add%sInput!]!) {add%[1]s(input: $in) {%s {id}}}", typ, strings.ToLower(typ[:1])+typ[1:]), map[string]any{"in": []any{input}})
		var answer map[string]map[string][]struct{ ID string }
		if len(r.Errors) == 0 && json.Unmarshal(r.Data, &answer) == nil {
			for _, list := range answer["add"+typ] {
				return list[0].ID
			}
		}
	}
	node := map[string]any{"uid": "_:n", "dgraph.type": typ}
	for _, to := range kinds {
		node[typ+".to"+to.name] = json.RawMessage(value)
	}
	text, err := json.Marshal(node)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := d.Client().NewTxn().Mutate(context.Background(), &api.Mutation{SetJson: text, CommitNow: true})
	if err != nil {
		return ""
	}
	return resp.Uids["n"]
}

// readAlone returns what a query for one value shows: Converts with the value, or why there is none.
func readAlone(t *testing.T, d *dgraphtest.Dgraph, from, to kind, uid string) (convert.Outcome, string) {
	t.Helper()
	typ, field := "T"+from.name, "to"+to.name
	if to.graphql == "" {
		resp, err := d.Client().NewReadOnlyTxn().Query(context.Background(), fmt.Sprintf("{q(func: uid(%s)) {%s.%s}}", uid, typ, field))
		if err != nil {
			return convert.Fails, err.Error()
		}
		var list struct{ Q []map[string]json.RawMessage }
		if err := json.Unmarshal(resp.Json, &list); err != nil {
			return convert.Fails, err.Error()
		}
		if len(list.Q) == 0 {
			return convert.Absent, ""
		}
		return convert.Converts, string(list.Q[0][typ+"."+field])
	}
	r := d.GraphQL(t, fmt.Sprintf("{get%s(id: %q) {%s %s}}", typ, uid, field, to.selected), nil)
	message := strings.Join(r.Errors, "\n")
	var answer map[string]map[string]json.RawMessage
	if len(r.Data) > 0 {
		if err := json.Unmarshal(r.Data, &answer); err != nil {
			t.Fatal(err)
		}
	}
	switch text := string(answer["get"+typ][field]); {
	case text == "":
		return convert.Fails, message
	case text != "null" && text != "[]":
		return convert.Converts, text
	case message != "":
		return convert.Null, message
	default:
		return convert.Absent, ""
	}
}

// sameJSON compares two values; numbers have to be printed the same.
func sameJSON(a, b string) bool {
	return fmt.Sprintf("%#v", decoded(a)) == fmt.Sprintf("%#v", decoded(b))
}

// TestConvertLists shows how far an outcome reaches, which one value alone does not.
func TestConvertLists(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	d.DropAll(t)
	const schema = "enum Color { RED }\ntype L { id: ID! name: String! @id ints: [%s] floats: [%s] colors: [%s] strict: [%s] }"
	if r := d.ApplySchema(t, fmt.Sprintf(schema, "String", "String", "String", "String")); r.Refused {
		t.Fatal(r.Message)
	}
	if r := d.GraphQL(t, `mutation {addL(input: [
		{name: "bad", ints: ["5", "x"], floats: ["1.5", "Inf"], colors: ["RED", "BLUE"], strict: ["RED", "BLUE"]},
		{name: "good", ints: ["5"], floats: ["1.5"], colors: ["RED"], strict: ["RED"]}
	]) {numUids}}`, nil); r.Errors != nil {
		t.Fatal(r.Errors)
	}
	if r := d.ApplySchema(t, fmt.Sprintf(schema, "Int", "Float", "Color", "Color!")); r.Refused {
		t.Fatal(r.Message)
	}
	for _, c := range []struct {
		field, data string
		errors      int
		value       string
		target      convert.Target
		outcome     convert.Outcome
	}{
		{"ints", `null`, 1, "x", convert.Target{Type: "int", GraphQL: "Int"}, convert.Fails},
		{"floats", `{"queryL":[{"floats":[1.5]},{"floats":[1.5]}]}`, 0, "Inf", convert.Target{Type: "float", GraphQL: "Float"}, convert.Absent},
		{"colors", `{"queryL":[{"colors":["RED",null]},{"colors":["RED"]}]}`, 1, "BLUE", convert.Target{Type: "string", GraphQL: "Color", Enum: []string{"RED"}}, convert.Null},
		{"strict", `{"queryL":[{"strict":null},{"strict":["RED"]}]}`, 1, "BLUE", convert.Target{Type: "string", GraphQL: "Color", Enum: []string{"RED"}}, convert.Null},
	} {
		if o, why := convert.Of(convert.Value{Type: "string", Data: c.value}, c.target); o != c.outcome {
			t.Errorf("%s under %s: %s (%s), want %s", c.value, c.target.GraphQL, o, why, c.outcome)
		}
		r := d.GraphQL(t, "{queryL(order: {asc: name}) {"+c.field+"}}", nil)
		if string(r.Data) == `{"queryL":null}` || string(r.Data) == `{"queryL":[]}` || len(r.Data) == 0 {
			r.Data = json.RawMessage("null")
		}
		if string(r.Data) != c.data && !reordered(string(r.Data), c.data) || len(r.Errors) != c.errors {
			t.Errorf("%s: %s and %q, want %s and %d errors", c.field, r.Data, r.Errors, c.data, c.errors)
		}
	}
}

// reordered says that two texts have the same characters: lists have no order.
func reordered(a, b string) bool {
	x, y := []byte(a), []byte(b)
	slices.Sort(x)
	slices.Sort(y)
	return string(x) == string(y)
}

// TestConvertCrashes needs a server of its own, which does not survive.
func TestConvertCrashes(t *testing.T) {
	t.Parallel()
	c := dgraphtest.Cluster(t, dgraphproc.Options{})
	d := dgraphtest.Connect(t, c)
	if r := d.ApplySchema(t, "type C { id: ID! n: Int p: String }"); r.Refused {
		t.Fatal(r.Message)
	}
	if r := d.GraphQL(t, `mutation {addC(input: [{n: 1, p: " null\t"}]) {numUids}}`, nil); r.Errors != nil {
		t.Fatal(r.Errors)
	}
	if r := d.ApplySchema(t, "type C { id: ID! n: Int p: Point }"); r.Refused {
		t.Fatal(r.Message)
	}
	if o, why := convert.Of(convert.Value{Type: "string", Data: " null\t"}, convert.Target{Type: "geo", GraphQL: "Point"}); o != convert.Crashes {
		t.Errorf("%s (%s)", o, why)
	}
	if r := d.GraphQL(t, "{queryC {n}}", nil); string(r.Data) != `{"queryC":[{"n":1}]}` {
		t.Fatalf("before: %s %q", r.Data, r.Errors)
	}
	ask := func(query string) error {
		resp, err := http.Post(d.HTTP+"/graphql", "application/graphql", strings.NewReader(query))
		if err == nil {
			resp.Body.Close()
		}
		return err
	}
	if err := ask("{queryC {p {latitude}}}"); err == nil {
		t.Error("the query was answered")
	}
	if err := ask("{queryC {n}}"); err == nil {
		t.Error("the alpha is still there")
	}
}
