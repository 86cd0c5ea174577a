package dql

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

const (
	// maxSchema bounds the answer that a stored schema is read from, in bytes. Dgraph itself does not get
	// there: 100,000 predicates are about 10 MB.
	maxSchema = 64 << 20
	// maxStoredName is the longest name that Dgraph stores (its key has 16 bits for the length).
	maxStoredName = 1<<16 - 1
)

// Stored is the DQL schema of a running Dgraph: what the logged-in user may read of it. Dgraph leaves out
// silently what a user who is no guardian may not read.
type Stored struct {
	Predicates []Predicate // by name
	Types      []Type      // by name
}

// Predicate is a stored predicate, Dgraph's own (dgraph.*) included.
type Predicate struct {
	Name string
	// Type is written as in a DQL schema ("string", "dateTime", "uid"), without brackets for a list.
	Type       string
	List       bool
	Index      []Tokenizer // nil without an index
	Reverse    bool
	Count      bool
	Lang       bool
	Upsert     bool
	Unique     bool
	NoConflict bool
}

// Tokenizer is one way in which a predicate is indexed.
type Tokenizer struct {
	Name    string
	Options []Option // of vector indexes ("hnsw"), in the order of the server
}

// Option is a setting of a tokenizer.
type Option struct{ Key, Value string }

// Type is a stored type. Fields are in their stored order.
type Type struct {
	Name   string
	Fields []string
}

// Predicate returns a predicate by name, or nil.
func (s *Stored) Predicate(name string) *Predicate {
	for i := range s.Predicates {
		if s.Predicates[i].Name == name {
			return &s.Predicates[i]
		}
	}
	return nil
}

// Type returns a type by name, or nil.
func (s *Stored) Type(name string) *Type {
	for i := range s.Types {
		if s.Types[i].Name == name {
			return &s.Types[i]
		}
	}
	return nil
}

// Stored reads the DQL schema. Errors of the server are an [*Error].
func (c *Client) Stored(ctx context.Context) (*Stored, error) {
	text, err := c.Snapshot().Query(ctx, "schema {}", nil)
	if err != nil {
		return nil, fmt.Errorf("reading the stored schema: %w", err)
	}
	s, err := decodeStored(text)
	if err != nil {
		return nil, fmt.Errorf("reading the stored schema: %w", err)
	}
	return s, nil
}

// storedAnswer is the answer to "schema {}" (edgraph, processQuery). Fields that are not listed here may come
// with newer servers.
type storedAnswer struct {
	Schema []struct {
		Predicate  string        `json:"predicate"`
		Type       string        `json:"type"`
		Tokenizer  []string      `json:"tokenizer"`
		List       bool          `json:"list"`
		Reverse    bool          `json:"reverse"`
		Count      bool          `json:"count"`
		Lang       bool          `json:"lang"`
		Upsert     bool          `json:"upsert"`
		Unique     bool          `json:"unique"`
		NoConflict bool          `json:"no_conflict"`
		IndexSpecs []vectorIndex `json:"index_specs"`
	} `json:"schema"`
	Types []struct {
		Name   string `json:"name"`
		Fields []struct {
			Name string `json:"name"`
		} `json:"fields"`
	} `json:"types"`
}

type vectorIndex struct {
	Name    string `json:"name"`
	Options []struct {
		Key   string `json:"key"`
		Value string `json:"value"`
	} `json:"options"`
}

func decodeStored(text []byte) (*Stored, error) {
	if len(text) > maxSchema {
		return nil, &Error{Kind: TooLarge, Text: fmt.Sprintf("it is larger than %d MiB", maxSchema>>20)}
	}
	var answer storedAnswer
	if err := json.Unmarshal(text, &answer); err != nil {
		return nil, &Error{Kind: WrongServer, Text: "the answer is not of the form that Dgraph's have", cause: err}
	}
	s := &Stored{}
	seen := map[string]bool{}
	for _, p := range answer.Schema {
		if err := checkStored("predicate", p.Predicate, seen); err != nil {
			return nil, err
		}
		typ := p.Type
		if typ == "datetime" { // the one that is told otherwise than it is written
			typ = "dateTime"
		}
		one := Predicate{Name: p.Predicate, Type: typ, List: p.List, Reverse: p.Reverse, Count: p.Count, Lang: p.Lang,
			Upsert: p.Upsert, Unique: p.Unique, NoConflict: p.NoConflict}
		for _, t := range p.Tokenizer {
			// A vector index stands here too, with its options in the name.
			name, _, _ := strings.Cut(t, "(")
			if !slices.ContainsFunc(p.IndexSpecs, func(v vectorIndex) bool { return v.Name == name }) {
				one.Index = append(one.Index, Tokenizer{Name: t})
			}
		}
		for _, spec := range p.IndexSpecs {
			one.Index = append(one.Index, spec.tokenizer())
		}
		s.Predicates = append(s.Predicates, one)
	}
	clear(seen)
	for _, t := range answer.Types {
		if err := checkStored("type", t.Name, seen); err != nil {
			return nil, err
		}
		one := Type{Name: t.Name}
		for _, f := range t.Fields {
			one.Fields = append(one.Fields, f.Name)
		}
		s.Types = append(s.Types, one)
	}
	return s, nil
}

func (v vectorIndex) tokenizer() Tokenizer {
	t := Tokenizer{Name: v.Name}
	for _, o := range v.Options {
		t.Options = append(t.Options, Option{o.Key, o.Value})
	}
	return t
}

// checkStored refuses what Dgraph cannot have stored: everything else is decided by these names.
func checkStored(kind, name string, seen map[string]bool) error {
	if name == "" || len(name) > maxStoredName || seen[name] {
		return &Error{Kind: WrongServer, Text: "the answer is not of the form that Dgraph's have",
			cause: errors.New("a " + kind + " without a proper name, or one that stands twice")}
	}
	seen[name] = true
	return nil
}

// GraphQLSchema is the GraphQL schema of a running Dgraph. After an update that Dgraph refused half way, what
// is kept and what is served differ for some milliseconds, longer only when something is wrong.
type GraphQLSchema struct {
	// Kept is the stored text, byte for byte as it was sent, and Served the one that the API is made of;
	// "" when there is none.
	Kept, Served string
	// KeptErr and ServedErr say why one could not be read; nil when it could.
	KeptErr, ServedErr error
}

// GraphQLSchema reads the GraphQL schema in both ways: the kept text over gRPC, the served one over HTTP. The
// error is set only when neither could be read.
func (c *Client) GraphQLSchema(ctx context.Context) (*GraphQLSchema, error) {
	s := &GraphQLSchema{}
	if s.Kept, s.KeptErr = c.kept(ctx); s.KeptErr != nil {
		s.KeptErr = fmt.Errorf("reading the kept GraphQL schema: %w", s.KeptErr)
	}
	if s.Served, s.ServedErr = c.served(ctx); s.ServedErr != nil {
		s.ServedErr = fmt.Errorf("reading the served GraphQL schema: %w", s.ServedErr)
	}
	if s.KeptErr != nil && s.ServedErr != nil {
		return nil, fmt.Errorf("%w; %w", s.KeptErr, s.ServedErr)
	}
	return s, nil
}

func (c *Client) kept(ctx context.Context) (string, error) {
	text, err := c.Snapshot().Query(ctx, "{q(func: has(dgraph.graphql.schema)) {uid dgraph.graphql.schema}}", nil)
	if err != nil {
		return "", err
	}
	return decodeKept(text)
}

// decodeKept takes the node that was added last, as Dgraph does when there are several (edgraph,
// GetGQLSchema). Nodes come by ascending uid.
func decodeKept(text []byte) (string, error) {
	var answer struct {
		Q *[]struct {
			Schema string `json:"dgraph.graphql.schema"`
		} `json:"q"`
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return "", &Error{Kind: WrongServer, Text: "the answer is not of the form that Dgraph's have", cause: err}
	}
	if answer.Q == nil {
		// Dgraph leaves out a block that the user may not ask.
		return "", &Error{Kind: PermissionDenied, Text: "the user may not read dgraph.graphql.schema; it takes a member of the group guardians, or a rule to read that"}
	}
	kept := ""
	for _, node := range *answer.Q {
		kept = node.Schema
	}
	return kept, nil
}

// servedQuery asks an alpha's admin endpoint for the GraphQL schema that is served.
const servedQuery = "{getGQLSchema{schema}}"

func (c *Client) served(ctx context.Context) (string, error) {
	var data struct {
		GetGQLSchema *struct{ Schema string }
	}
	if err := c.admin(ctx, reads, servedQuery, &data); err != nil {
		return "", err
	}
	if data.GetGQLSchema == nil {
		return "", nil
	}
	return data.GetGQLSchema.Schema, nil
}
