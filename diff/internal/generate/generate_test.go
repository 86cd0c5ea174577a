package generate_test

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/diff/internal/generate"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// TestSchemaIsValid asks Dgraph. SCHEMACHECK_RANDOM=n asks about n schemas
// instead of 300, SCHEMACHECK_SEED=n begins with another seed.
func TestSchemaIsValid(t *testing.T) {
	t.Parallel()
	oracle := dgraphtest.Oracle(t)
	first, count := number(t, "SCHEMACHECK_SEED", 1), number(t, "SCHEMACHECK_RANDOM", 300)
	lambda := dgraphtest.SchemaOptions{LambdaURL: true}
	for seed := first; seed < first+count; seed++ {
		v := oracle.Schema(generate.Schema(generate.Rand(seed), generate.Options{}), lambda)
		if !v.Accepted() {
			t.Errorf("seed %d: %s %s %v", seed, v.Stage, v.Panic, v.Errors)
		}
		v = oracle.Schema(generate.Schema(generate.Rand(seed), generate.Options{Odd: true}), lambda)
		if v.DQL == "" {
			t.Errorf("seed %d, odd: %s %s %v", seed, v.Stage, v.Panic, v.Errors)
		}
	}
}

func TestSchemaIsRepeatable(t *testing.T) {
	t.Parallel()
	one, again := generate.Schema(generate.Rand(7), generate.Options{}), generate.Schema(generate.Rand(7), generate.Options{})
	if one != again {
		t.Error("seed 7 gave two schemas")
	}
	if one == generate.Schema(generate.Rand(8), generate.Options{}) {
		t.Error("seeds 7 and 8 gave the same schema")
	}
}

// TestSchemaCovers holds the generator to what its users count on.
func TestSchemaCovers(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	for seed := range uint64(300) {
		all.WriteString(generate.Schema(generate.Rand(seed), generate.Options{}) + "\n")
	}
	text := all.String()
	for _, want := range []string{
		`implements\s+(&\s+)?\w+\s*&`, `union \w+\s*=`, `(?s)enum \w+`, `input \w+`, `extend\s+type`, `\r\n`, `"""`,
		`type\s+Query`, `type\s+Mutation`, `# Dgraph.Authorization`, `# Dgraph.Secret`,
		`: *\[Point`, `\[MultiPolygon`, `\[DateTime`, `\[Int64`, `\[Float!?\]`, `Boolean`,
		`@search\(by:\s*\[\]`, `"?ngram`, `"?regexp`, `"?fulltext`, `"?exact`, `hnsw\(`, `"hnsw"`, `"?day`,
		`@id\(interface: true`, `@id\b`, `@hasInverse\(field:\s*"`, `@hasInverse\(field: \w`, `@default\(add`, `\$now`,
		`@dgraph\(type`, `pred:\s*"<`, `pred:\s*"~`, `pred:\s*"<~`, `@en"`, `@en:fr"`, `@\."`,
		`@secret\(field: "\w+"\)`, `@secret\(field: "\w+", pred`, `@withSubscription`, `@generate\(query`,
		`@generate\(mutation`, `subscription: true`, `@custom\(dql`, `mode: BATCH`, `graphql: "query`, `@lambda\b`,
		`@lambdaOnMutate`, `@remote\b`, `@remoteResponse`, `@key`, `@extends`, `@external`, `@provides`, `@requires`,
		`@embedding`, `@deprecated`, `@auth\(\)`, `query\(\$USER`, `\{ not:`, `\{ or:`, `arg0`,
	} {
		if !regexp.MustCompile(want).MatchString(text) {
			t.Errorf("300 schemas hold no %s", want)
		}
	}
}

func TestOptionsLeaveOut(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		options generate.Options
		without string
	}{
		{generate.Options{NoLambda: true}, `@lambda`},
		{generate.Options{NoCustom: true}, `@custom|@remote\b|type\s+(Query|Mutation)`},
		{generate.Options{NoAuth: true}, `@auth|Dgraph.Authorization`},
		{generate.Options{NoFederation: true}, `@key|@extends|@external|extend\s+type\s+[^QM\s]`},
		{generate.Options{NoNgram: true}, `ngram`},
	} {
		for seed := range uint64(100) {
			if found := regexp.MustCompile(c.without).FindString(generate.Schema(generate.Rand(seed), c.options)); found != "" {
				t.Errorf("seed %d, %+v: holds %q", seed, c.options, found)
			}
		}
	}
}

func number(t *testing.T, variable string, otherwise uint64) uint64 {
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("reading %s: %v", variable, err)
	}
	return n
}
