package review

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/schemacheck/schemacheck/cmd/internal/review/githubtest"
)

// TestLimits: what GitHub does not let pass now is asked again when it says, and nothing is done twice.
func TestLimits(t *testing.T) {
	t.Parallel()
	const reset = "in 90 seconds"
	for name, limit := range map[string]struct {
		fault       githubtest.Fault
		least, most time.Duration
	}{
		"primary": {githubtest.Fault{Status: 403, Header: map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset},
			Body: `{"message":"API rate limit exceeded for installation ID 1."}`}, 60 * time.Second, 95 * time.Second},
		"primary 429": {githubtest.Fault{Status: 429, Header: map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset},
			Body: `{"message":"API rate limit exceeded"}`}, 60 * time.Second, 95 * time.Second},
		"secondary": {githubtest.Fault{Status: 403, Header: map[string]string{"Retry-After": "17"},
			Body: `{"message":"You have exceeded a secondary rate limit.","documentation_url":"https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits"}`},
			17 * time.Second, 17 * time.Second},
		"secondary without a link": {githubtest.Fault{Status: 403, Header: map[string]string{"Retry-After": "17"},
			Body: `{"message":"You have exceeded a secondary rate limit and have been temporarily blocked from content creation."}`}, 17 * time.Second, 17 * time.Second},
		"secondary 429": {githubtest.Fault{Status: 429, Body: `{"message":"slow down"}`}, time.Minute, time.Minute},
		"graph":         {githubtest.Fault{Status: 200, Body: `{"errors":[{"type":"RATE_LIMITED","message":"API rate limit exceeded"}]}`}, time.Minute, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			seen := map[string]bool{}
			limited := 0
			w.Before = func(method, path, body string) *githubtest.Fault {
				key := method + path
				if name == "graph" {
					key = "graph"
				}
				if seen[key] || name == "graph" && path != "/graphql" || name != "graph" && path == "/graphql" {
					return nil
				}
				seen[key] = true
				limited++
				fault := limit.fault
				if fault.Header = maps.Clone(fault.Header); fault.Header["X-RateLimit-Reset"] == reset {
					fault.Header["X-RateLimit-Reset"] = fmt.Sprint(time.Now().Add(90 * time.Second).Unix())
				}
				return &fault
			}
			r := request(at("id-added", "Customer.email", 4), renamed())
			out, _ := w.run(r)
			if out.Posted != 2 || limited == 0 || len(w.waits) != limited {
				t.Errorf("%s; %d limits, waits %v", out, limited, w.waits)
			}
			for _, d := range w.waits {
				if d < limit.least || d > limit.most {
					t.Errorf("it waited %s, want %s to %s", d, limit.least, limit.most)
				}
			}
			w.want("api/schema.graphql RIGHT 0-4: id-added", "api/schema.graphql RIGHT 0-5: field-renamed")
			w.quiet(r)
		})
	}
}

func TestPatience(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Before = func(method, path, body string) *githubtest.Fault {
		return &githubtest.Fault{Status: 403, Header: map[string]string{"Retry-After": "3600"}, Body: `{"message":"secondary rate limit"}`}
	}
	_, err := w.client.Review(t.Context(), request())
	if err == nil || !strings.Contains(err.Error(), "1h0m0s") || len(w.waits) > 0 {
		t.Errorf("a limit of an hour: %v, waits %v", err, w.waits)
	}
}

// TestLost: a request fails after it was done, or before. Whichever, the end is the same one, and nothing is there twice.
func TestLost(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]githubtest.Fault{
		"error after":  {Status: 502, Body: "<html>Bad Gateway</html>", Done: true},
		"error before": {Status: 503, Body: `{"message":"unavailable"}`},
		"cut after":    {Done: true, Cut: true},
		"cut before":   {Cut: true},
		"no JSON":      {Status: 200, Body: `{"id":`, Done: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for fail := 1; ; fail++ {
				w := newWorld(t)
				n := 0
				// The state has something to post, to edit, to settle, to remove and to open again.
				w.run(request(at("id-added", "Customer.email", 4), at("a", "Customer.a", 4), at("b", "Customer.b", 4), at("c", "Customer.c", 4)))
				w.run(request(at("id-added", "Customer.email", 4), at("a", "Customer.a", 4), at("b", "Customer.b", 4)))
				w.Before = func(method, path, body string) *githubtest.Fault {
					if n++; n == fail {
						return &fault
					}
					return nil
				}
				edited := at("a", "Customer.a", 4)
				edited.Message = "another"
				r := request(edited, at("b", "Customer.b", 5), at("c", "Customer.c", 4), at("d", "Customer.d", 4))
				w.run(r)
				w.Before = nil
				w.want("api/schema.graphql RIGHT 0-4: a", "api/schema.graphql RIGHT 0-5: b", "api/schema.graphql RIGHT 0-4: c", "api/schema.graphql RIGHT 0-4: d")
				if s := w.Summaries(); len(s) != 1 {
					t.Errorf("%d summaries", len(s))
				}
				w.quiet(r)
				if t.Failed() {
					t.Fatalf("when request %d fails", fail)
				}
				if n < fail {
					if fail < 10 {
						t.Errorf("only %d requests were tried", fail)
					}
					return
				}
			}
		})
	}
}

// TestDown: a server that stays down is given up.
func TestDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, only := range []string{"", http.MethodPost} {
		n := 0
		w.Before = func(method, path, body string) *githubtest.Fault {
			if only != "" && (method != only || path == "/graphql") {
				return nil
			}
			n++
			return &githubtest.Fault{Status: 500, Body: `{"message":"down"}`}
		}
		_, err := w.client.Review(t.Context(), request(at("id-added", "Customer.email", 4)))
		if err == nil || n > 20 || !strings.Contains(err.Error(), "500") {
			t.Errorf("%d requests, then %v", n, err)
		}
	}
	w.Before = func(method, path, body string) *githubtest.Fault { return nil }
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.client.Review(ctx, request()); !errors.Is(err, context.Canceled) {
		t.Errorf("a run that is called off: %v", err)
	}
}

// TestRefusedLine: a line that GitHub does not take, whatever the patch says, costs no other comment.
func TestRefusedLine(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Before = func(method, path, body string) *githubtest.Fault {
		if method == http.MethodPost && strings.Contains(body, `"line":4`) {
			if strings.HasSuffix(path, "/reviews") {
				return &githubtest.Fault{Status: 422, Body: `{"message":"Unprocessable Entity","errors":["Pull request review thread line must be part of the diff"]}`}
			}
			return &githubtest.Fault{Status: 422, Body: `{"message":"Validation Failed","errors":[{"resource":"PullRequestReviewComment","code":"custom","field":"pull_request_review_thread.line","message":"pull_request_review_thread.line must be part of the diff"}]}`}
		}
		return nil
	}
	out, _ := w.run(request(at("id-added", "Customer.email", 4), renamed()))
	if out.Posted != 1 || !strings.Contains(w.Summaries()[0].Body, "1 finding is on no line") {
		t.Errorf("%s\n%s", out, w.Summaries()[0].Body)
	}
	w.want("api/schema.graphql RIGHT 0-5: field-renamed")
	w.Before = func(method, path, body string) *githubtest.Fault {
		if method == http.MethodPost && path != "/graphql" {
			return &githubtest.Fault{Status: 422, Body: `{"message":"Unprocessable Entity","errors":["User can only have one pending review per pull request"]}`}
		}
		return nil
	}
	if _, err := w.client.Review(t.Context(), request(at("other", "Customer.email", 4))); err == nil || !strings.Contains(err.Error(), "one pending review") {
		t.Errorf("a refusal for another reason: %v", err)
	}
}

// TestAtOnce: two runs that see nothing there post both, and come to the same end.
func TestAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var waiting atomic.Int32
	both := make(chan struct{})
	var once sync.Once
	w.Before = func(method, path, body string) *githubtest.Fault {
		if strings.HasSuffix(path, "/reviews") {
			if waiting.Add(1) == 2 {
				once.Do(func() { close(both) })
			}
			select {
			case <-both:
			case <-time.After(10 * time.Second):
			}
		}
		return nil
	}
	r := request(at("id-added", "Customer.email", 4), renamed(), removed())
	var all sync.WaitGroup
	for range 2 {
		c, err := Open(Config{URL: w.URL, Token: token, Agent: "schemacheck-test"})
		if err != nil {
			t.Fatal(err)
		}
		c.pause = func(context.Context, time.Duration) error { return nil }
		all.Go(func() {
			if _, err := c.Review(t.Context(), r); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	w.Before = nil
	if waiting.Load() < 2 {
		t.Fatal("the runs were not at once")
	}
	if _, broken := w.Calls(); len(broken) > 0 {
		t.Error(broken)
	}
	w.quiet(r)
	w.want("api/schema.graphql RIGHT 0-4: id-added", "api/schema.graphql RIGHT 0-5: field-renamed", "api/schema.graphql LEFT 0-5: field-removed")
	if s := w.Summaries(); len(s) != 1 {
		t.Errorf("%d summaries", len(s))
	}
	for _, c := range w.Threads() {
		if c.ID > 3_000_000_003 {
			t.Errorf("the comment %d stays, which is not the first one of its finding", c.ID)
		}
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := request(at("id-added", "Customer.email", 4))
	w.Allow(token, githubtest.Account{Login: bot, ReadOnly: true})
	if _, err := w.client.Review(t.Context(), r); !errors.Is(err, ErrForbidden) {
		t.Errorf("a token that may only read: %v", err)
	}
	stranger, err := Open(Config{URL: w.URL, Token: "nobodys", Agent: "x"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stranger.Review(t.Context(), r); !errors.Is(err, ErrToken) {
		t.Errorf("a token that is none: %v", err)
	}
	w.Before = func(method, path, body string) *githubtest.Fault {
		return &githubtest.Fault{Status: 400, Body: `{"message":"you sent ` + token + `"}`}
	}
	if _, err := w.client.Review(t.Context(), r); err == nil || strings.Contains(err.Error(), token) {
		t.Errorf("a server that repeats the token: %v", err)
	}
	var leaked atomic.Bool
	elsewhere := githubtest.New()
	defer elsewhere.Close()
	elsewhere.Before = func(method, path, body string) *githubtest.Fault {
		leaked.Store(true)
		return nil
	}
	w.Before = func(method, path, body string) *githubtest.Fault {
		return &githubtest.Fault{Status: 301, Header: map[string]string{"Location": elsewhere.URL + path}}
	}
	if _, err := w.client.Review(t.Context(), r); err == nil || leaked.Load() {
		t.Errorf("a server that sends us elsewhere: %v", err)
	}
	// Were a request sent elsewhere all the same, it would not have the token.
	seen := make(chan string, 1)
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen <- r.Header.Get("Authorization") }))
	defer other.Close()
	base, err := url.Parse(w.URL)
	if err != nil {
		t.Fatal(err)
	}
	res, err := (&http.Client{Transport: transport{base, token, &atomic.Bool{}}}).Get(other.URL)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if got := <-seen; got != "" {
		t.Errorf("another host gets %q", got)
	}
	for _, bad := range []Config{{URL: "http://github.example.com"}, {URL: "github.example.com"}, {URL: "https://a:b@github.example.com"},
		{URL: "https://github.example.com", GraphQL: "https://other.example.com/graphql"}, {URL: "ftp://x"}} {
		if _, err := Open(bad); err == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
	for base, graph := range map[string]string{"": "https://api.github.com/graphql", "https://github.example.com/api/v3": "https://github.example.com/api/graphql"} {
		if c, err := Open(Config{URL: base}); err != nil || c.graphQL != graph {
			t.Errorf("the GraphQL API of %q is %v, %v", base, c, err)
		}
	}
}
