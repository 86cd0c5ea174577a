// Command oracle answers what Dgraph's own packages make of a schema or a query, so that tests can hold
// schemacheck's derivations against them. It reads one JSON request per line from stdin and writes one
// JSON answer per line to stdout, until stdin ends. It never touches a network.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
)

// request asks for exactly one of schema, dql, dqlSchema and convert.
type request struct {
	Schema *string `json:"schema"` // GraphQL schema, as sent to /admin/schema
	// Operations are requests to the API of the schema, which is then only the ground for them.
	Operations []operation       `json:"operations"`
	DQL        *string           `json:"dql"`       // DQL query
	DQLSchema  *string           `json:"dqlSchema"` // DQL schema, as sent to /alter
	Convert    *conversion       `json:"convert"`   // a stored value and the type that it is read under
	Vars       map[string]string `json:"vars"`      // values of the query's variables
	LambdaURL  bool              `json:"lambdaURL"` // judge as a server that was started with a lambda-url
}

// answer tells how far the text got. No stage means that Dgraph accepts it.
type answer struct {
	Stage   string    `json:"stage"`
	DQL     string    `json:"dql,omitempty"`
	API     string    `json:"api,omitempty"`
	Errors  []problem `json:"errors,omitempty"`
	Panic   string    `json:"panic,omitempty"`
	Network bool      `json:"network,omitempty"`
}

// problem is one error. Line and Column are 0 when Dgraph gives none.
type problem struct {
	Message string `json:"message"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
}

func main() {
	answers := os.Stdout
	// Dgraph's packages print to stdout on some schemas; only answers may go there.
	os.Stdout = os.Stderr
	closeNetwork()
	// A text that is deep enough to overflow the stack should not take a gigabyte first.
	debug.SetMaxStack(256 << 20)
	if err := serve(os.Stdin, answers); err != nil {
		fmt.Fprintln(os.Stderr, "oracle:", err)
		os.Exit(1)
	}
}

func serve(requests io.Reader, answers io.Writer) error {
	in := json.NewDecoder(bufio.NewReaderSize(requests, 1<<20))
	out := bufio.NewWriterSize(answers, 1<<20)
	enc := json.NewEncoder(out)
	for {
		var r request
		if err := in.Decode(&r); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("reading a request: %w", err)
		}
		a, err := r.answer()
		if err != nil {
			return err
		}
		if err := enc.Encode(a); err != nil {
			return fmt.Errorf("writing an answer: %w", err)
		}
		if err := out.Flush(); err != nil {
			return fmt.Errorf("writing an answer: %w", err)
		}
	}
}

func (r request) answer() (any, error) {
	asked := 0
	for _, is := range []bool{r.Schema != nil, r.DQL != nil, r.DQLSchema != nil, r.Convert != nil} {
		if is {
			asked++
		}
	}
	switch {
	case asked != 1:
		return nil, errors.New("a request asks for exactly one of schema, dql, dqlSchema and convert")
	case r.Schema != nil && r.Operations != nil:
		return judgeOperations(*r.Schema, r.Operations)
	case r.Schema != nil:
		return judgeSchema(*r.Schema, r.LambdaURL), nil
	case r.DQL != nil:
		return judgeQuery(*r.DQL, r.Vars), nil
	case r.DQLSchema != nil:
		return judgeDQLSchema(*r.DQLSchema), nil
	}
	return r.Convert.answer()
}
