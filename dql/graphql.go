package dql

import (
	"context"
	"encoding/json"
	"net/http"
)

// GraphQLAnswer is what the GraphQL API answers to an operation.
type GraphQLAnswer struct {
	// Data is JSON as it came: null when there is none, and nil when the answer has no such key.
	Data json.RawMessage
	// Errors are the messages, in the order of the server. They can hold stored values.
	Errors []string
}

// GraphQL sends an operation to the API of the served GraphQL schema, as nobody in particular: without a token of
// that API's own. The text has one operation; variables are by their names, nil for none. What GraphQL refuses is
// in the answer; errors are an [*Error].
func (c *Client) GraphQL(ctx context.Context, text string, variables map[string]json.RawMessage) (*GraphQLAnswer, error) {
	body, err := json.Marshal(map[string]any{"query": text, "variables": variables})
	if err != nil {
		return nil, err
	}
	var got *GraphQLAnswer
	err = c.web(ctx, writes, http.MethodPost, "/graphql", body, func(server string, page []byte) *Error {
		var answer struct {
			Data   json.RawMessage
			Errors []struct{ Message string }
		}
		if err := json.Unmarshal(page, &answer); err != nil {
			return notDgraph(server, c.quoter.clean(err))
		}
		got = &GraphQLAnswer{Data: answer.Data}
		for _, e := range answer.Errors {
			got.Errors = append(got.Errors, c.quoter.redact(e.Message))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return got, nil
}
