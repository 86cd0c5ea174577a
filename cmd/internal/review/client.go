package review

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/google/go-github/v74/github"
)

// Config says how GitHub is reached.
type Config struct {
	// URL is that of the REST API; empty is that of github.com. GraphQL is that of the GraphQL API; empty is the one that
	// belongs to URL.
	URL, GraphQL string
	// Token is sent to that host and to no other one. It is never written anywhere.
	Token string
	// Agent names the program to GitHub.
	Agent string
}

// Client talks to one GitHub.
type Client struct {
	github  *github.Client
	graphQL string
	token   string
	// pause waits; tests do not.
	pause  func(context.Context, time.Duration) error
	waited time.Duration // for limits, in this run
	writes int
	met    *atomic.Bool // the server has answered
}

const (
	publicURL = "https://api.github.com"
	// timeout is that of one request: reviews with many comments take their time.
	timeout = time.Minute
	// patience is how long a run waits for limits to pass, all in all.
	patience = 10 * time.Minute
	// attempts is how often a request is made while the server fails, and strange that number for one that never answered:
	// most likely its address is wrong.
	attempts, strange = 5, 2
	// unnamed is how long to wait for a limit that does not say how long.
	unnamed = time.Minute
	// GitHub asks for a second between writes; a few in a row it lets pass.
	spacing, unspaced = time.Second, 10
	// maxAnswer is the number of bytes that are read of an answer.
	maxAnswer = 64 << 20
)

// Open makes a client. It sends nothing yet. Errors are about the addresses.
func Open(c Config) (*Client, error) {
	if c.URL == "" {
		c.URL = publicURL
	}
	base, err := address(c.URL)
	if err != nil {
		return nil, err
	}
	base.Path = strings.TrimSuffix(base.Path, "/") + "/"
	if c.GraphQL == "" {
		// Enterprise Server has the two side by side: /api/v3 and /api/graphql.
		graph := *base
		graph.Path = strings.TrimSuffix(base.Path, "v3/") + "graphql"
		c.GraphQL = graph.String()
	}
	graph, err := address(c.GraphQL)
	if err != nil {
		return nil, err
	}
	if graph.Host != base.Host || graph.Scheme != base.Scheme {
		return nil, fmt.Errorf("the GraphQL API %s is on another host than the REST API %s: the token is for one of them", graph.Host, base.Host)
	}
	met := &atomic.Bool{}
	client := github.NewClient(&http.Client{
		Timeout:   timeout,
		Transport: transport{base, c.Token, met},
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			if req.URL.Host != base.Host || req.URL.Scheme != base.Scheme || len(via) > 5 {
				return fmt.Errorf("GitHub sends us on to %s, where the token does not belong", req.URL.Host)
			}
			return nil
		},
	})
	client.BaseURL, client.UserAgent, client.DisableRateLimitCheck = base, c.Agent, true
	return &Client{github: client, graphQL: c.GraphQL, token: c.Token, pause: pause, met: met}, nil
}

// address is that of an API. Tokens are not sent over the network in plain text.
func address(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil, u.Host == "", u.User != nil, u.RawQuery != "", u.Fragment != "", u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("the address of GitHub's API is no URL such as https://github.example.com/api/v3")
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return nil, fmt.Errorf("the address of GitHub's API begins with http://, which would show the token to the network: use https://%s", u.Host)
	}
	return u, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// transport adds the token to requests to its host.
type transport struct {
	base  *url.URL
	token string
	met   *atomic.Bool
}

// RoundTrip sends a request.
func (t transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if t.token != "" && req.URL.Host == t.base.Host && req.URL.Scheme == t.base.Scheme {
		req = req.Clone(req.Context())
		req.Header.Set("Authorization", "Bearer "+t.token)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err == nil {
		t.met.Store(true)
		res.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(res.Body, maxAnswer), res.Body}
	}
	return res, err
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// The ways in which a request can fail that somebody handles.
var (
	// errUnsure says that a write may have been made, or not: whoever repeats it looks first.
	errUnsure = errors.New("it is not known whether it was done")
	// errMissing says that something is not there, or not to be seen.
	errMissing = errors.New("there is no such thing, or the token may not see it")
	// errRefused says that the API does not take what was sent.
	errRefused = errors.New("GitHub refuses it")
	// ErrForbidden says that the token may not do it.
	ErrForbidden = errors.New("the token may not do that")
	// ErrToken says that GitHub does not know the token.
	ErrToken = errors.New("GitHub does not accept the token")
)

// effect is what a request does when it is made twice.
type effect int

const (
	reads   effect = iota
	sets           // the second time changes nothing
	creates        // the second time makes another one
)

// call makes a request until it works or there is no use in going on. It waits for limits to pass, and makes requests again
// that the server or the network let fail; but one that creates something only where it was surely refused, else the
// error is errUnsure.
func (c *Client) call(ctx context.Context, what string, of effect, request func(context.Context) error) error {
	if of != reads {
		if c.writes++; c.writes > unspaced {
			if err := c.pause(ctx, spacing); err != nil {
				return err
			}
		}
	}
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval, pauses.MaxInterval, pauses.Multiplier = time.Second, 30*time.Second, 2
	for attempt := 1; ; attempt++ {
		err := request(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		wait, kind := failureOf(err)
		err = fmt.Errorf("%s: %w", what, c.told(err))
		switch {
		case kind != nil && kind != errUnsure:
			return fmt.Errorf("%w (%w)", err, kind)
		case wait > 0: // a limit: nothing was done
			if c.waited += wait; c.waited > patience {
				return fmt.Errorf("%w: the limit of requests is reached for %s more, which is not waited for", err, wait.Round(time.Second))
			}
			attempt--
		case of == creates:
			return fmt.Errorf("%w (%w)", err, errUnsure)
		case attempt == attempts || attempt == strange && !c.met.Load():
			return err
		default:
			wait = pauses.NextBackOff()
		}
		if err := c.pause(ctx, wait); err != nil {
			return err
		}
	}
}

// told is an error without the token, should a server send it back.
func (c *Client) told(err error) error {
	if c.token == "" || !strings.Contains(err.Error(), c.token) {
		return err
	}
	return errors.New(strings.ReplaceAll(err.Error(), c.token, "[redacted]"))
}

// failureOf says what kind of failure an error is, or how long to wait for a limit.
func failureOf(err error) (wait time.Duration, kind error) {
	var graph answered
	var limit *github.RateLimitError
	var abuse *github.AbuseRateLimitError
	var response *github.ErrorResponse
	switch {
	case errors.As(err, &graph):
		return graph.kind()
	case errors.As(err, &limit):
		return until(limit.Rate.Reset.Time), nil
	case errors.As(err, &abuse):
		if abuse.RetryAfter != nil {
			return max(*abuse.RetryAfter, time.Second), nil
		}
		return unnamed, nil
	case !errors.As(err, &response):
		return 0, errUnsure
	}
	said := strings.ToLower(response.Message)
	switch status := response.Response.StatusCode; {
	case status == http.StatusTooManyRequests,
		status == http.StatusForbidden && (strings.Contains(said, "rate limit") || strings.Contains(said, "abuse detection")):
		return waitOf(response.Response), nil
	case status == http.StatusUnauthorized:
		return 0, ErrToken
	case status == http.StatusForbidden:
		return 0, ErrForbidden
	case status == http.StatusNotFound, status == http.StatusGone:
		return 0, errMissing
	case status >= 400 && status < 500 && status != http.StatusRequestTimeout:
		return 0, errRefused
	}
	return 0, errUnsure
}

// waitOf is how long an answer asks to wait.
func waitOf(r *http.Response) time.Duration {
	if s, err := strconv.ParseInt(r.Header.Get("Retry-After"), 10, 32); err == nil && s > 0 {
		return time.Duration(s) * time.Second
	}
	if s, err := strconv.ParseInt(r.Header.Get("X-RateLimit-Reset"), 10, 64); err == nil && r.Header.Get("X-RateLimit-Remaining") == "0" {
		return until(time.Unix(s, 0))
	}
	return unnamed
}

// until is the time from now to the end of a limit; clocks differ by a little.
func until(end time.Time) time.Duration {
	if end.IsZero() {
		return unnamed
	}
	return max(time.Until(end)+time.Second, time.Second)
}

// answered are the errors in an answer of the GraphQL API, which come with status 200.
type answered struct {
	errors []answerError
	wait   time.Duration // if it is a limit
}

type answerError struct {
	Type    string `json:"type"`
	Message string `json:"message"`
}

// Error is what the API says.
func (a answered) Error() string {
	var all []string
	for _, e := range a.errors {
		all = append(all, e.Message)
	}
	return strings.Join(all, "; ")
}

func (a answered) kind() (time.Duration, error) {
	for _, e := range a.errors {
		switch said := strings.ToLower(e.Message); {
		case e.Type == "RATE_LIMITED" || strings.Contains(said, "rate limit"):
			return a.wait, nil
		case e.Type == "FORBIDDEN" || e.Type == "INSUFFICIENT_SCOPES" || strings.Contains(said, "not accessible by"):
			return 0, ErrForbidden
		case e.Type == "NOT_FOUND":
			return 0, errMissing
		case e.Type != "":
			return 0, errRefused
		}
	}
	return 0, errUnsure // "Something went wrong"
}

// ask sends a request to the GraphQL API. Its answer goes to data.
func (c *Client) ask(ctx context.Context, what string, of effect, query string, variables map[string]any, data any) error {
	return c.call(ctx, what, of, func(ctx context.Context) error {
		req, err := c.github.NewRequest(http.MethodPost, c.graphQL, map[string]any{"query": query, "variables": variables})
		if err != nil {
			return err
		}
		answer := struct {
			Data   any           `json:"data"`
			Errors []answerError `json:"errors"`
		}{Data: data}
		res, err := c.github.Do(ctx, req, &answer)
		if err == nil && len(answer.Errors) > 0 {
			err = answered{answer.Errors, waitOf(res.Response)}
		}
		return err
	})
}
