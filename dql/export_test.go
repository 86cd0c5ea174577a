package dql

import "context"

// What tests need to do and see from outside the package, which is where TestMain is.

// Admin sends a GraphQL mutation to the admin endpoint.
func (c *Client) Admin(ctx context.Context, query string, data any) error {
	return c.admin(ctx, writes, query, data)
}

// Write sends a request that must not be sent twice.
func (c *Client) Write(ctx context.Context, request func(ctx context.Context) error) error {
	return c.call(ctx, writes, func(ctx context.Context, _ *alpha) error { return request(ctx) })
}

// Token is the access token of the login.
func (c *Client) Token() string { return c.login.current() }

// DecodeStored reads the answer to "schema {}".
var DecodeStored = decodeStored

// DecodeKept reads the answer to the question for the kept GraphQL schema.
var DecodeKept = decodeKept
