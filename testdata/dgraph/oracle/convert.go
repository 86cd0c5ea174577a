package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	_ "unsafe" // for go:linkname

	graphql "github.com/dgraph-io/dgraph/v25/graphql/schema"
	"github.com/dgraph-io/dgraph/v25/protos/pb"
	_ "github.com/dgraph-io/dgraph/v25/query" // holds the functions that are linked below
	"github.com/dgraph-io/dgraph/v25/types"
	_ "github.com/dgraph-io/dgraph/v25/worker" // as above
	"github.com/dgraph-io/dgraph/v25/x"
)

// conversion asks how a value that is stored under one type is read under another.
type conversion struct {
	From    string   `json:"from"`  // DQL type, lower case
	Value   string   `json:"value"` // as in a mutation, before it is converted to From
	To      string   `json:"to"`
	GraphQL string   `json:"graphql"` // type of the field; "" asks only what DQL prints
	Enum    []string `json:"enum"`    // members of GraphQL
}

// converted is the answer. Of Refused, Failed, Panic and Null at most one is filled.
type converted struct {
	Stored  string `json:"stored"`            // what a query under From prints; "" for nothing
	Read    string `json:"read"`              // what a query under To prints; "" for nothing
	Refused string `json:"refused,omitempty"` // From does not take the value
	Failed  string `json:"failed,omitempty"`  // the query under To fails
	Panic   string `json:"panic,omitempty"`   // the query under To panics
	Null    string `json:"null,omitempty"`    // the error that GraphQL puts in the value's place
}

// The path of a value through a server, in its order: worker and query are its two halves.

//go:linkname convertToType github.com/dgraph-io/dgraph/v25/worker.convertToType
func convertToType(v types.Val, typ types.TypeID) (*pb.TaskValue, error)

//go:linkname convertWithBestEffort github.com/dgraph-io/dgraph/v25/query.convertWithBestEffort
func convertWithBestEffort(tv *pb.TaskValue, attr string) (types.Val, error)

//go:linkname valToBytes github.com/dgraph-io/dgraph/v25/query.valToBytes
func valToBytes(v types.Val) ([]byte, error)

//go:linkname cantCoerceScalar github.com/dgraph-io/dgraph/v25/query.cantCoerceScalar
func cantCoerceScalar(val []byte, field graphql.Field) bool

//go:linkname completeGeoObject github.com/dgraph-io/dgraph/v25/query.completeGeoObject
func completeGeoObject(path []any, field graphql.Field, val map[string]any, buf *bytes.Buffer) *x.GqlError

func (c conversion) answer() (a converted, err error) {
	from, ok := types.TypeForName(c.From)
	to, okTo := types.TypeForName(c.To)
	if !ok || !okTo {
		return a, fmt.Errorf("unknown type in %s to %s", c.From, c.To)
	}
	stored, err := c.store(from)
	if err != nil {
		a.Refused = err.Error()
		return a, nil
	}
	if a.Stored, err = read(stored, from); err != nil {
		return a, fmt.Errorf("reading %q back as %s: %w", c.Value, c.From, err)
	}
	defer func() {
		if p := recover(); p != nil {
			a.Read, a.Panic = "", fmt.Sprint(p)
		}
	}()
	if a.Read, err = read(stored, to); err != nil {
		a.Failed = err.Error()
		return a, nil
	}
	if !json.Valid([]byte(a.Read)) && a.Read != "" {
		a.Read, a.Failed = "", "not JSON: "+a.Read
		return a, nil
	}
	if c.GraphQL != "" && a.Read != "" {
		return a, c.complete(&a)
	}
	return a, nil
}

// store makes the value of a posting, as a mutation does.
func (c conversion) store(from types.TypeID) (types.Val, error) {
	v, err := types.Convert(types.Val{Tid: types.StringID, Value: []byte(c.Value)}, from)
	if err != nil {
		return v, err
	}
	if v.Value == nil {
		return v, errors.New("no value")
	}
	binary := types.ValueForType(types.BinaryID)
	if err := types.Marshal(v, &binary); err != nil {
		return v, err
	}
	return types.Val{Tid: from, Value: binary.Value.([]byte)}, nil
}

// read returns what DQL prints. Vectors are printed number by number (query, encoder.AddListValue).
func read(stored types.Val, as types.TypeID) (string, error) {
	tv, err := convertToType(stored, as)
	if err != nil {
		return "", err
	}
	v, err := convertWithBestEffort(tv, "p")
	if err != nil {
		return "", err
	}
	if vector, ok := v.Value.([]float32); ok {
		var numbers []string
		for _, f := range vector {
			numbers = append(numbers, strconv.FormatFloat(float64(f), 'E', -1, 32))
		}
		if numbers == nil {
			return "", nil
		}
		return "[" + strings.Join(numbers, ",") + "]", nil
	}
	text, err := valToBytes(v)
	if err != nil {
		return "", nil // the server leaves the value out and says nothing
	}
	return string(text), nil
}

// complete lets GraphQL look at what DQL printed.
func (c conversion) complete(a *converted) error {
	field, err := c.field()
	if err != nil {
		return err
	}
	if field.Type().IsGeo() {
		var value map[string]any
		if err := json.Unmarshal([]byte(a.Read), &value); err != nil {
			return err
		}
		var buf bytes.Buffer
		if err := completeGeoObject(nil, field, value, &buf); err != nil {
			a.Null = err.Error()
		} else if !json.Valid(buf.Bytes()) {
			a.Failed = "not JSON: " + buf.String()
		}
		return nil
	}
	if cantCoerceScalar([]byte(a.Read), field) {
		a.Null = "error coercing value " + a.Read
	}
	return nil
}

// fields are those that complete has asked for, by type.
var fields = map[string]graphql.Field{}

func (c conversion) field() (graphql.Field, error) {
	key := c.GraphQL + " " + strings.Join(c.Enum, " ")
	if f := fields[key]; f != nil {
		return f, nil
	}
	text := "type T { id: ID! f: " + c.GraphQL + " }\n"
	if len(c.Enum) > 0 {
		text += "enum " + c.GraphQL + " { " + strings.Join(c.Enum, " ") + " }\n"
	}
	x.Config.GraphQL = graphqlFlags(false)
	h, err := graphql.NewHandler(text, false)
	if err != nil {
		return nil, fmt.Errorf("a schema with a field of type %s: %w", c.GraphQL, err)
	}
	schema, err := graphql.FromString(h.GQLSchema(), x.RootNamespace)
	if err != nil {
		return nil, err
	}
	selected := map[string]string{
		"Point":        "{longitude latitude}",
		"Polygon":      "{coordinates {points {longitude latitude}}}",
		"MultiPolygon": "{polygons {coordinates {points {longitude latitude}}}}",
	}[c.GraphQL]
	op, err := schema.Operation(&graphql.Request{Query: "{queryT {f " + selected + "}}"})
	if err != nil {
		return nil, err
	}
	fields[key] = op.Queries()[0].SelectionSet()[0]
	return fields[key], nil
}
