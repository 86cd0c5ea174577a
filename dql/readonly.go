package dql

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/dgraph-io/dgo/v230/protos/api"
	"google.golang.org/grpc"
)

// ErrReadOnly is why a [Client] with [Config.ReadOnly] does not send a request. Errors wrap it.
var ErrReadOnly = errors.New("this connection only reads, and what would be sent can write: it was not sent")

// readOnlyCalls lets calls to an alpha pass that cannot write, and no others: a call that nobody knows yet is refused.
// Every call of a connection goes through it.
func readOnlyCalls(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, send grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	switch r := req.(type) {
	case *api.Check, *api.LoginRequest:
	case *api.Request:
		// The text of a question cannot write: see Snapshot.Query.
		if !r.ReadOnly || r.CommitNow || len(r.Mutations) > 0 {
			return fmt.Errorf("%s: %w", method, ErrReadOnly)
		}
	default:
		return fmt.Errorf("%s: %w", method, ErrReadOnly)
	}
	return send(ctx, method, req, reply, conn, opts...)
}

// readOnlyStreams refuses streams: of those that Dgraph has none only reads.
func readOnlyStreams(_ context.Context, _ *grpc.StreamDesc, _ *grpc.ClientConn, method string, _ grpc.Streamer, _ ...grpc.CallOption) (grpc.ClientStream, error) {
	return nil, fmt.Errorf("%s: %w", method, ErrReadOnly)
}

// readOnlyWeb lets requests over HTTP pass that ask for health, for the served GraphQL schema or for the members of the
// cluster, byte for byte, and no others.
type readOnlyWeb struct{ *http.Transport }

// RoundTrip is what every request goes through.
func (w readOnlyWeb) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/health") {
		return w.Transport.RoundTrip(r)
	}
	if r.Body == nil {
		return nil, fmt.Errorf("%s %s: %w", r.Method, r.URL.Path, ErrReadOnly)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if err := r.Body.Close(); err != nil {
		return nil, err
	}
	if r.Method != http.MethodPost || !slices.ContainsFunc(readingBodies, func(b []byte) bool { return bytes.Equal(body, b) }) {
		return nil, fmt.Errorf("%s %s: %w", r.Method, r.URL.Path, ErrReadOnly)
	}
	again := r.Clone(r.Context())
	again.Body = io.NopCloser(bytes.NewReader(body))
	return w.Transport.RoundTrip(again)
}

// readingBodies are the requests to the admin endpoint that only read.
var readingBodies = [][]byte{adminBody(servedQuery), adminBody(stateQuery)}

// refusedHere is the error for what was not sent; nil for others.
func refusedHere(server string, err error) *Error {
	if !errors.Is(err, ErrReadOnly) {
		return nil
	}
	return &Error{Server: server, Text: err.Error(), cause: ErrReadOnly}
}
