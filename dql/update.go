package dql

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// HalfDone is the error of an update of the GraphQL schema that Dgraph has saved, and serves, but whose DQL schema it
// then refused to alter: the new API works on the old storage.
type HalfDone struct {
	// Cause is what Dgraph says of the first thing that it refused.
	Cause string
}

// Error says what has to be done.
func (h *HalfDone) Error() string {
	return "Dgraph has saved the new GraphQL schema and serves it, and then refused to alter what is stored: " + h.Cause
}

// halfDone is how Dgraph begins the answer (graphql/admin/schema.go).
const halfDone = "succeeded in saving GraphQL schema but failed to alter Dgraph schema"

// UpdateGraphQLSchema sends a GraphQL schema, and waits until it is served. An update that Dgraph refused after saving
// it is a [*HalfDone]; one that it refused as a whole is an [*Error].
func (c *Client) UpdateGraphQLSchema(ctx context.Context, text string) error {
	saved := ""
	for {
		// The same schema a second time changes nothing.
		err := c.web(ctx, reads, http.MethodPost, "/admin/schema", []byte(text), func(server string, page []byte) *Error {
			var answer struct {
				Errors []struct{ Message string }
			}
			if err := json.Unmarshal(page, &answer); err != nil {
				return notDgraph(server, c.quoter.clean(err))
			}
			if len(answer.Errors) == 0 {
				return nil
			}
			said := answer.Errors[0].Message
			e := c.quoter.said(server, said, errors.New(c.quoter.redact(said)))
			if strings.Contains(said, halfDone) {
				_, cause, _ := strings.Cut(said, "may prevent any issues: ")
				saved = c.quoter.quote(cause)
				if e.Kind != Busy && e.Kind != Aborted { // those are worth repeating
					e.Kind = Other
				}
			}
			return e
		})
		if err == nil {
			break
		}
		if e := (*Error)(nil); errors.As(err, &e) && (e.Kind == Timeout || e.Kind == Unreachable && e.Unknown) && ctx.Err() == nil {
			// It may be at work yet: indexes take longer to build than a request may. One
			// that is sent again waits for that.
			continue
		}
		if saved != "" {
			return &HalfDone{saved}
		}
		return fmt.Errorf("updating the GraphQL schema: %w", err)
	}
	for {
		served, err := c.served(ctx)
		if err == nil && served == text {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting until the new GraphQL schema is served: %w", context.Cause(ctx))
		case <-time.After(20 * time.Millisecond):
		}
	}
}
