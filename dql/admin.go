package dql

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// maxPage bounds an answer over HTTP. A GraphQL schema is the largest thing that comes this way.
const maxPage = 64 << 20

func newHTTP(config *tls.Config, readOnly bool) *http.Client {
	transport := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		TLSClientConfig:     config.Clone(),
		TLSHandshakeTimeout: connectTimeout,
		ForceAttemptHTTP2:   true,
	}
	var through http.RoundTripper = transport
	if readOnly {
		through = readOnlyWeb{transport}
	}
	return &http.Client{
		Transport: through,
		// A redirect could carry the credentials to another host.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// admin sends a GraphQL request to an alpha's admin endpoint, and decodes the data of the answer.
func (c *Client) admin(ctx context.Context, what effect, query string, data any) error {
	return c.web(ctx, what, http.MethodPost, "/admin", adminBody(query), func(server string, page []byte) *Error {
		var answer struct {
			Data   json.RawMessage
			Errors []struct{ Message string }
		}
		if err := json.Unmarshal(page, &answer); err != nil {
			return notDgraph(server, c.quoter.clean(err))
		}
		if len(answer.Errors) > 0 {
			text := answer.Errors[0].Message
			return c.quoter.said(server, text, errors.New(c.quoter.redact(text)))
		}
		if err := json.Unmarshal(answer.Data, data); err != nil {
			return notDgraph(server, c.quoter.clean(err))
		}
		return nil
	})
}

// adminBody is the body of a GraphQL request without variables.
func adminBody(query string) []byte {
	text, err := json.Marshal(query)
	if err != nil {
		panic(err) // a string can be written
	}
	return slices.Concat([]byte(`{"query":`), text, []byte("}"))
}

// SchemaURL is where a GraphQL schema can be sent by hand; empty when the address of
// the HTTP side is not known. It has no user and no password.
func (c *Client) SchemaURL() string {
	if len(c.bases) == 0 {
		return ""
	}
	return c.bases[0].JoinPath("admin", "schema").String()
}

// web sends an HTTP request to the alphas in turn, with the rules of [Client.call], and hands the body of the
// answer to read.
func (c *Client) web(ctx context.Context, what effect, method, path string, body []byte, read func(server string, page []byte) *Error) error {
	if len(c.bases) == 0 {
		return &Error{Kind: Unreachable, Text: "the address of the HTTP side cannot be told from the alpha's; give it (--http)"}
	}
	e := c.repeat(ctx, what, &c.seen, func() *Error {
		var last *Error
		for _, base := range c.bases {
			token := c.login.current()
			last = c.fetch(ctx, base, method, path, body, token, read)
			if last != nil && last.stale && c.config.User != "" {
				if token, last = c.token(ctx, token); last == nil {
					last = c.fetch(ctx, base, method, path, body, token, read)
				}
			}
			if last == nil || last.Kind != Unreachable || !last.again(what) {
				break
			}
		}
		return last
	})
	if e != nil {
		return e
	}
	return nil
}

// fetch sends an HTTP request once.
func (c *Client) fetch(ctx context.Context, base *url.URL, method, path string, body []byte, token string, read func(string, []byte) *Error) *Error {
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	to, query, _ := strings.Cut(path, "?")
	target := base.JoinPath(to)
	target.RawQuery = query
	server := target.Scheme + "://" + target.Host
	req, err := http.NewRequestWithContext(ctx, method, target.String(), bytes.NewReader(body))
	if err != nil {
		return &Error{Server: server, Text: "the address cannot be used", cause: c.quoter.clean(err)}
	}
	c.identify(req.Header, token)
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return c.quoter.fromHTTP(ctx, server, err)
	}
	defer resp.Body.Close()
	c.seen.Store(true)
	page, err := io.ReadAll(io.LimitReader(resp.Body, maxPage+1))
	switch {
	case err != nil:
		return c.quoter.fromHTTP(ctx, server, err)
	case len(page) > maxPage:
		return &Error{Kind: TooLarge, Server: server, Text: fmt.Sprintf("the answer is larger than %d MiB", maxPage>>20)}
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		text := "it redirects elsewhere, and credentials are not sent there; give the address that it redirects to as HTTP address"
		if to, err := resp.Location(); err == nil {
			text = fmt.Sprintf("it redirects to %s, and credentials are not sent there; if that is right, give it as HTTP address", c.quoter.quote(to.Scheme+"://"+to.Host))
		}
		return &Error{Kind: WrongServer, Server: server, Text: text}
	case resp.StatusCode == http.StatusServiceUnavailable:
		e := c.quoter.said(server, string(page[:min(len(page), 4*maxText)]), nil)
		if e.Kind == Other {
			e.Kind, e.Text = Busy, "the server is not available now: "+e.Text
		}
		return e
	case resp.StatusCode == http.StatusUnauthorized:
		return &Error{Kind: Unauthenticated, Server: server, Text: "the credentials are missing or refused (HTTP status 401)"}
	case resp.StatusCode == http.StatusForbidden:
		return &Error{Kind: PermissionDenied, Server: server, Text: "this is forbidden (HTTP status 403)"}
	case resp.StatusCode >= 500:
		return &Error{Server: server, Unknown: true, Text: "the server cannot answer: " + c.quoter.quote(resp.Status)}
	case resp.StatusCode == http.StatusBadRequest && strings.Contains(string(page[:min(len(page), maxText)]), "HTTP request to an HTTPS server"):
		return &Error{Kind: BadTLS, Server: server, Text: httpsWanted}
	case resp.StatusCode != http.StatusOK && !json.Valid(page):
		return notDgraph(server, nil)
	}
	return read(server, page)
}

const httpsWanted = "the server speaks TLS, and plain text was sent; give the HTTP address with https://"

// spokeFirst is net/http's error for a connection on which bytes arrived before anything was asked, as a gRPC
// server sends them: the read that found them had no error, so a nil is wrapped. Whether it says this or that
// the answer is malformed depends on which side was faster.
const spokeFirst = "readLoopPeekFailLocked: %!w(<nil>)"

func notDgraph(server string, cause error) *Error {
	return &Error{Kind: WrongServer, Server: server, cause: cause, Text: "this does not answer like Dgraph; " +
		"give the URL of an alpha's HTTP port (8080 unless configured) as HTTP address"}
}

// fromHTTP is the error of a request that got no answer.
func (q *quoter) fromHTTP(ctx context.Context, server string, err error) *Error {
	if e := refusedHere(server, err); e != nil {
		return e
	}
	if ctx.Err() != nil {
		return stopped(server, ctx.Err())
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err // it names the URL, which we do too
	}
	text := err.Error()
	switch {
	case strings.Contains(text, "server gave HTTP response to HTTPS client"):
		return &Error{Kind: BadTLS, Server: server, cause: q.clean(err), Text: "the server does not speak TLS here; give the HTTP address with http://, or check the port"}
	case strings.Contains(text, "malformed HTTP response"), strings.Contains(text, "malformed HTTP status"):
		if strings.Contains(text, `\x15\x03`) {
			return &Error{Kind: BadTLS, Server: server, cause: q.clean(err), Text: httpsWanted}
		}
		return notDgraph(server, q.clean(err))
	case strings.Contains(text, spokeFirst):
		return notDgraph(server, q.clean(err))
	case strings.Contains(text, "tls: "), strings.Contains(text, "x509: "):
		return q.fromTLS(server, err)
	case strings.Contains(text, "dial "), strings.Contains(text, "lookup "):
		return q.unavailable(server, "connection error: "+text, q.clean(err))
	}
	e := &Error{Kind: Unreachable, Server: server, Unknown: true, cause: q.clean(err), Text: "the connection broke: " + q.quote(text)}
	return e
}
