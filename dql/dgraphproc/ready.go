package dgraphproc

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

const (
	pollInterval   = 50 * time.Millisecond
	requestTimeout = 10 * time.Second
	maxAnswer      = 1 << 20
)

// ready waits until every alpha serves.
func (c *Cluster) ready(ctx context.Context) error {
	config, err := c.TLSConfig()
	if err != nil {
		return err
	}
	transport := &http.Transport{TLSClientConfig: config}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: requestTimeout}
	for _, a := range c.Alphas() {
		for {
			err := c.serves(ctx, client, a)
			if err == nil {
				break
			}
			if pause(ctx, pollInterval) != nil {
				return fmt.Errorf("alpha at %s: %w", a.HTTP, err)
			}
		}
	}
	return nil
}

// serves asks an alpha for everything that users of a cluster need, the quickest to come first.
func (c *Cluster) serves(ctx context.Context, client *http.Client, a Alpha) error {
	header := http.Header{"Content-Type": {"application/json"}}
	if c.options.Token != "" {
		header.Set("X-Dgraph-AuthToken", c.options.Token)
	}
	ask := func(path, body string, into any) error {
		return ask(ctx, client, a.HTTP+path, header, body, into)
	}
	if err := ask("/health", "", nil); err != nil {
		return err
	}
	if c.options.ACL {
		var login struct {
			Login struct {
				Response struct{ AccessJWT string }
			}
		}
		query := fmt.Sprintf(`{"query":"mutation{login(userId:\"%s\",password:\"%s\"){response{accessJWT}}}"}`, User, Password)
		if err := ask("/admin", query, &login); err != nil {
			return err
		}
		header.Set("X-Dgraph-AccessToken", login.Login.Response.AccessJWT)
	}
	// Until the alpha has read its GraphQL schema for the first time, it refuses to tell or update it.
	if err := ask("/admin", `{"query":"{getGQLSchema{id}}"}`, nil); err != nil {
		return err
	}
	if err := ask("/query", `{"query":"{q(func:has(dgraph.graphql.schema)){uid}}"}`, nil); err != nil {
		return err
	}
	// Dropping a type that is not there changes nothing, and takes the leaders of all groups to agree.
	err := ask("/alter", `{"drop_op":"TYPE","drop_value":"schemacheck.ready"}`, nil)
	if err != nil && strings.Contains(err.Error(), "No mutations allowed") {
		return nil // ExtraAlphaFlags may have asked for a read-only cluster
	}
	return err
}

// ask sends a body by POST, or nothing by GET, and reads the data of a GraphQL answer. Dgraph reports most
// errors with status 200.
func ask(ctx context.Context, client *http.Client, url string, header http.Header, body string, into any) error {
	method := http.MethodPost
	if body == "" {
		method = http.MethodGet
	}
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader([]byte(body)))
	if err != nil {
		return err
	}
	req.Header = header
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("reading the answer of %s: %w", url, err)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %q", url, resp.Status)
	}
	if body == "" {
		return nil
	}
	var answer struct {
		Data   json.RawMessage
		Errors []struct{ Message string }
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return fmt.Errorf("reading the answer of %s: %w", url, err)
	}
	if len(answer.Errors) > 0 {
		return fmt.Errorf("%s answers %q", url, answer.Errors[0].Message)
	}
	if into == nil {
		return nil
	}
	if len(answer.Data) == 0 {
		return errors.New(url + " answers no data")
	}
	return json.Unmarshal(answer.Data, into)
}
