package main

import (
	"fmt"

	graphql "github.com/dgraph-io/dgraph/v25/graphql/schema"
	"github.com/dgraph-io/dgraph/v25/x"
)

// operation is a request to a GraphQL API.
type operation struct {
	Text      string         `json:"text"`
	Variables map[string]any `json:"variables"`
}

// operationsAnswer holds for each operation the reasons against it, none for one that would be carried out.
type operationsAnswer struct {
	Operations [][]string `json:"operations"`
	Refused    string     `json:"refused,omitempty"` // the schema
}

// judgeOperations takes the steps of requests to the API of a schema, up to the point where they would be carried out.
func judgeOperations(text string, all []operation) (a operationsAnswer, err error) {
	x.Config.GraphQL = graphqlFlags(true)
	var ignored answer
	h, err := newHandler(text, &ignored)
	if err != nil {
		return operationsAnswer{Refused: err.Error()}, nil
	}
	served, err := graphql.FromString(h.GQLSchema(), x.RootNamespace)
	if err != nil {
		return operationsAnswer{Refused: err.Error()}, nil
	}
	for _, o := range all {
		a.Operations = append(a.Operations, refusals(served, o))
	}
	return a, nil
}

func refusals(served graphql.Schema, o operation) (reasons []string) {
	defer func() {
		if p := recover(); p != nil {
			reasons = []string{fmt.Sprintf("panic: %v", p)}
		}
	}()
	_, err := served.Operation(&graphql.Request{Query: o.Text, Variables: o.Variables})
	if err == nil {
		return []string{}
	}
	for _, p := range problems(err) {
		reasons = append(reasons, p.Message)
	}
	return reasons
}
