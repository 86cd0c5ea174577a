package dql

import (
	"context"
	"net/http"
	"sync/atomic"

	"github.com/dgraph-io/dgo/v230/protos/api"
	"google.golang.org/grpc/metadata"
)

// session is the login. It holds the access token only: a new one is had by logging in again, which also works
// when a refresh token would have expired as well.
type session struct {
	turn   chan struct{} // holds one value while somebody logs in
	access atomic.Pointer[string]
}

func newSession() *session { return &session{turn: make(chan struct{}, 1)} }

// current is the access token, "" before the login.
func (s *session) current() string {
	if t := s.access.Load(); t != nil {
		return *t
	}
	return ""
}

// token logs in, unless somebody else has done so since the old token was taken, and returns the access token.
func (c *Client) token(ctx context.Context, old string) (string, *Error) {
	select {
	case c.login.turn <- struct{}{}:
		defer func() { <-c.login.turn }()
	case <-ctx.Done():
		return "", stopped("", ctx.Err())
	}
	if t := c.login.current(); t != old {
		return t, nil
	}
	var got api.Jwt
	e := c.repeat(ctx, reads, &c.met, func() *Error {
		return c.around(reads, func(a *alpha) *Error {
			return c.once(ctx, a, "", func(ctx context.Context, a *alpha) error {
				resp, err := a.link.api().Login(ctx, &api.LoginRequest{
					Userid:    c.config.User,
					Password:  string(c.config.Password),
					Namespace: c.config.Namespace,
				})
				if err != nil {
					return err
				}
				return got.Unmarshal(resp.GetJson())
			})
		})
	})
	if e != nil {
		return "", e
	}
	if got.AccessJwt == "" {
		return "", &Error{Kind: WrongServer, Text: "the server answers a login without a token; is this a Dgraph?"}
	}
	c.login.access.Store(&got.AccessJwt)
	return got.AccessJwt, nil
}

// identified adds to a gRPC request what says who we are.
func (c *Client) identified(ctx context.Context, token string) context.Context {
	var pairs []string
	if token != "" {
		pairs = append(pairs, "accessJwt", token)
	}
	if c.config.AuthToken != "" {
		pairs = append(pairs, "auth-token", string(c.config.AuthToken))
	}
	if a := c.authorization(); a != "" {
		pairs = append(pairs, "authorization", a)
	}
	return metadata.AppendToOutgoingContext(ctx, pairs...)
}

// identify adds to an HTTP request what says who we are.
func (c *Client) identify(h http.Header, token string) {
	if token != "" {
		h.Set("X-Dgraph-AccessToken", token)
	}
	if c.config.AuthToken != "" {
		h.Set("X-Dgraph-AuthToken", string(c.config.AuthToken))
	}
	if c.config.APIKey != "" {
		h.Set("Dg-Auth", string(c.config.APIKey)) // where a hosted Dgraph looks for it
	}
	if a := c.authorization(); a != "" {
		h.Set("Authorization", a)
	}
}

// authorization is what Dgraph's Go client sends (dgo, WithDgraphAPIKey and WithBearerToken).
func (c *Client) authorization() string {
	if c.config.BearerToken != "" {
		return "Bearer " + string(c.config.BearerToken)
	}
	return string(c.config.APIKey)
}
