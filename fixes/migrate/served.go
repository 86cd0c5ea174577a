package migrate

import (
	"context"

	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/dql"
)

// servedFingerprint identifies the GraphQL schema that is served; "" when there
// is none.
func servedFingerprint(ctx context.Context, c *dql.Client) (string, error) {
	s, err := c.GraphQLSchema(ctx)
	if err != nil {
		return "", err
	}
	text := s.Served
	if s.ServedErr != nil {
		if s.KeptErr != nil {
			return "", s.KeptErr
		}
		text = s.Kept
	}
	if text == "" {
		return "", nil
	}
	parsed, err := sdl.Parse(&sdl.File{Name: "served.graphql", Text: text})
	if err != nil {
		return "", err
	}
	return parsed.Fingerprint(), nil
}
