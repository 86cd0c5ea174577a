package dql_test

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dgraph-io/dgo/v230/protos/api"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/schemacheck/schemacheck/dql"
)

// open connects for one test.
func open(t *testing.T, config dql.Config) *dql.Client {
	t.Helper()
	c, err := dql.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// fake is an alpha that says what a test wants. A real one does not do so at will.
type fake struct {
	api.UnimplementedDgraphServer
	addr    string
	query   func(ctx context.Context, r *api.Request) (*api.Response, error)
	login   func(ctx context.Context, r *api.LoginRequest) (*api.Response, error)
	queries atomic.Int32
	logins  atomic.Int32
}

func (f *fake) CheckVersion(context.Context, *api.Check) (*api.Version, error) {
	return &api.Version{Tag: "v0"}, nil
}

func (f *fake) Query(ctx context.Context, r *api.Request) (*api.Response, error) {
	f.queries.Add(1)
	return f.query(ctx, r)
}

func (f *fake) Login(ctx context.Context, r *api.LoginRequest) (*api.Response, error) {
	f.logins.Add(1)
	return f.login(ctx, r)
}

// start serves until the test ends.
func (f *fake) start(t *testing.T, options ...grpc.ServerOption) *fake {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer(options...)
	api.RegisterDgraphServer(s, f)
	go s.Serve(l)
	t.Cleanup(s.Stop)
	f.addr = l.Addr().String()
	return f
}

func answer(text string) (*api.Response, error) {
	return &api.Response{Json: []byte(text), Txn: &api.TxnContext{StartTs: 7, Hash: "h"}}, nil
}

func TestRepeated(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err   error
		kind  dql.Kind
		again bool // a question is asked again
		twice bool // so is a request that writes
		says  string
	}{
		{errors.New("Please retry again, server is not ready to accept requests"), dql.NotReady, true, true, "the server is starting"},
		{errors.New("errIndexingInProgress. Please retry"), dql.Busy, true, true, "an index is being built"},
		{errors.New(": Pending transactions found. Please retry operation"), dql.Busy, true, true, "other transactions"},
		{errors.New("429 Too Many Requests. Please throttle your requests"), dql.Busy, true, true, "too many requests"},
		{errors.New("Server overloaded with pending proposals. Please retry later"), dql.Busy, true, true, "overloaded"},
		{errors.New("something new. Please retry"), dql.Busy, true, true, "something new. Please retry"},
		{status.Error(codes.Aborted, "Transaction has been aborted. Please retry"), dql.Aborted, true, true, "another transaction was first"},
		{errors.New("Transaction conflict, please retry"), dql.Aborted, true, true, "another transaction was first"},
		{status.Error(codes.Unavailable, "error reading from server: EOF"), dql.Unreachable, true, false, "the connection broke"},
		{status.Error(codes.ResourceExhausted, "stream terminated"), dql.Busy, true, true, "overloaded"},
		{status.Error(codes.ResourceExhausted, "grpc: received message larger than max (9 vs. 4)"), dql.TooLarge, false, false, "256 MiB"},
		{status.Error(codes.DeadlineExceeded, "too slow"), dql.Timeout, false, false, "no answer in time"},
		{errors.New("while lexing {q at line 1 column 2: Unclosed action"), dql.Other, false, false, "Unclosed action"},
		{errors.New(": Predicate 0-User.name is not indexed"), dql.Other, false, false, ": Predicate User.name is not indexed"},
		{status.Error(codes.PermissionDenied, "unauthorized to query"), dql.PermissionDenied, false, false, "not permitted: unauthorized to query"},
		{errors.New("unauthorized ip address: 10.0.0.1"), dql.PermissionDenied, false, false, "whitelist"},
		{errors.New("No Auth Token found. Token needed for Admin operations."), dql.Unauthenticated, false, false, "demands its auth token"},
		{errors.New("v1.0-beta 0-a,0-b [0-größe] \"0-x\" 10-y"), dql.Other, false, false, ": v1.0-beta a,b [größe] \"x\" 10-y"},
		{errors.New("line one\n\tline\x1b[31mtwo " + strings.Repeat("x", 9999) + " the reason"), dql.Other, false, false, "the reason"},
	} {
		t.Run(strings.Fields(c.says)[0]+"/"+c.kind.String(), func(t *testing.T) {
			t.Parallel()
			fails := 2
			f := (&fake{query: func(context.Context, *api.Request) (*api.Response, error) {
				if fails--; fails >= 0 {
					return nil, c.err
				}
				return answer("{}")
			}}).start(t)
			client := open(t, dql.Config{Alphas: []string{f.addr}, Patience: 5 * time.Second})
			_, err := client.Snapshot().Query(t.Context(), "{}", nil)
			if c.again != (err == nil) || c.again && f.queries.Load() != 3 || !c.again && f.queries.Load() != 1 {
				t.Errorf("asked %d times: %v", f.queries.Load(), err)
			}
			if !c.again {
				wants(t, "the error", err, c.kind, c.says)
			}
			written := 0
			err = client.Write(t.Context(), func(context.Context) error {
				if written++; written > 2 {
					return nil
				}
				return c.err
			})
			if c.twice != (err == nil) || c.twice && written != 3 || !c.twice && written != 1 {
				t.Errorf("written %d times: %v", written, err)
			}

			// Without patience the error comes at once, and says the same.
			hasty := open(t, dql.Config{Alphas: []string{f.addr}, Patience: -1})
			fails = 1
			_, err = hasty.Snapshot().Query(t.Context(), "{}", nil)
			wants(t, "without patience", err, c.kind, c.says)
			var e *dql.Error
			if unknown := c.kind == dql.Unreachable || c.kind == dql.Timeout; errors.As(err, &e) && e.Unknown != unknown {
				t.Errorf("the outcome is unknown: %v, want %v", e.Unknown, unknown)
			}
		})
	}
}

// TestLoginRenewed has a server that gives tokens, and takes only the newest.
func TestLoginRenewed(t *testing.T) {
	t.Parallel()
	f := &fake{}
	var valid atomic.Int32
	valid.Store(1)
	f.login = func(context.Context, *api.LoginRequest) (*api.Response, error) {
		text, err := (&api.Jwt{AccessJwt: fmt.Sprint(f.logins.Load())}).Marshal()
		return &api.Response{Json: text}, err
	}
	f.query = func(ctx context.Context, _ *api.Request) (*api.Response, error) {
		md, _ := metadata.FromIncomingContext(ctx)
		if got := md.Get("accessjwt"); len(got) != 1 || got[0] != fmt.Sprint(valid.Load()) {
			return nil, status.Error(codes.Unauthenticated, "unable to parse jwt token: token has invalid claims: Token is expired")
		}
		return answer("{}")
	}
	f.start(t)
	client := open(t, dql.Config{Alphas: []string{f.addr}, User: "u", Password: "p"})
	query(t, client.Snapshot(), "{}")
	if n := f.logins.Load(); n != 1 {
		t.Errorf("logged in %d times before anything expired", n)
	}
	valid.Store(2)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() { query(t, client.Snapshot(), "{}") })
	}
	all.Wait()
	if n := f.logins.Load(); n != 2 {
		t.Errorf("logged in %d times, want once more for all", n)
	}
	valid.Store(99) // a token that no login gives
	_, err := client.Snapshot().Query(t.Context(), "{}", nil)
	wants(t, "a login that does not help", err, dql.Unauthenticated, "could not be renewed")
	if n := f.logins.Load(); n != 3 {
		t.Errorf("logged in %d times, want one more try", n)
	}
}

func TestPatienceHonoursContext(t *testing.T) {
	t.Parallel()
	f := (&fake{query: func(context.Context, *api.Request) (*api.Response, error) {
		return nil, errors.New("errIndexingInProgress. Please retry")
	}}).start(t)
	client := open(t, dql.Config{Alphas: []string{f.addr}})
	for try := 1; ; try++ {
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		start, before := time.Now(), f.queries.Load()
		_, err := client.Snapshot().Query(ctx, "{}", nil)
		cancel()
		took, asked := time.Since(start), f.queries.Load()-before
		if late := new(dql.Error); try < 10 && (asked < 2 || errors.As(err, &late) && late.Kind == dql.Timeout) {
			continue // a busy machine got to no second question, or its answer was on its way
		}
		if took > 20*time.Second || asked < 2 { // by itself it waits for half a minute
			t.Errorf("ended after %v and %d questions", took, asked)
		}
		wants(t, "the last reason", err, dql.Busy, "an index is being built")
		break
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(300*time.Millisecond, cancel)
	_, err := client.Snapshot().Query(ctx, "{}", nil)
	wants(t, "interrupted", err, dql.Canceled, "interrupted")
}

func TestAlphasTakeTurns(t *testing.T) {
	t.Parallel()
	ok := func(context.Context, *api.Request) (*api.Response, error) { return answer("{}") }
	a, b := (&fake{query: ok}).start(t), (&fake{query: ok}).start(t)
	client := open(t, dql.Config{Alphas: []string{a.addr, "127.0.0.1:1", b.addr}})
	start := time.Now()
	for range 30 {
		if _, err := client.Snapshot().Query(t.Context(), "{}", nil); err != nil {
			t.Fatal(err)
		}
	}
	if n, m := a.queries.Load(), b.queries.Load(); n+m != 30 || n < 8 || m < 8 {
		t.Errorf("the alphas were asked %d and %d times", n, m)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("a dead alpha cost %v", took)
	}
	refused(t, "two dead alphas", dql.Config{Alphas: []string{"127.0.0.1:1", "127.0.0.1:2"}}, dql.Unreachable, "nothing listens there")
}

func TestSnapshotSendsItsMoment(t *testing.T) {
	t.Parallel()
	var asked []*api.Request
	f := (&fake{query: func(_ context.Context, r *api.Request) (*api.Response, error) {
		asked = append(asked, r)
		if len(asked) == 1 {
			return nil, errors.New("no such luck")
		}
		return answer(`{"q":[]}`)
	}}).start(t)
	s := open(t, dql.Config{Alphas: []string{f.addr}}).Snapshot()
	if s.ReadTs() != 0 {
		t.Errorf("a snapshot begins at %d", s.ReadTs())
	}
	if _, err := s.Query(t.Context(), "a", nil); err == nil || s.ReadTs() != 0 {
		t.Errorf("after an error the moment is %d (%v)", s.ReadTs(), err)
	}
	for range 2 {
		got, err := s.Query(t.Context(), "b", map[string]string{"$v": "w"})
		if err != nil || string(got) != `{"q":[]}` || s.ReadTs() != 7 {
			t.Errorf("got %s at %d (%v)", got, s.ReadTs(), err)
		}
	}
	if len(asked) != 3 || asked[1].StartTs != 0 || asked[2].StartTs != 7 || asked[2].Hash != "h" || !asked[2].ReadOnly || asked[2].Vars["$v"] != "w" {
		t.Errorf("asked %v", asked)
	}
}

func TestLargeAnswer(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("x", 20<<20)
	f := (&fake{query: func(context.Context, *api.Request) (*api.Response, error) { return answer(large) }}).start(t)
	got, err := open(t, dql.Config{Alphas: []string{f.addr}}).Snapshot().Query(t.Context(), "{}", nil)
	if err != nil || len(got) != len(large) {
		t.Errorf("got %d bytes: %v", len(got), err)
	}
}

// canary is what no text may show.
const canary = "CANARY"

// TestCanary has servers that quote everything they were sent in their errors.
func TestCanary(t *testing.T) {
	t.Parallel()
	echo := func(what string, ctx context.Context) error {
		md, _ := metadata.FromIncomingContext(ctx)
		return fmt.Errorf("%s of %v", what, md)
	}
	jwt, err := (&api.Jwt{AccessJwt: "eyJhbGciOi.eyJ1c2VyaWQi.CANARY-signature", RefreshJwt: "eyJ.eyJ.CANARY"}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	var sent atomic.Pointer[metadata.MD]
	f := &fake{
		query: func(ctx context.Context, _ *api.Request) (*api.Response, error) {
			md, _ := metadata.FromIncomingContext(ctx)
			sent.Store(&md)
			return nil, echo("a question", ctx)
		},
		login: func(context.Context, *api.LoginRequest) (*api.Response, error) { return &api.Response{Json: jwt}, nil },
	}
	var header atomic.Pointer[http.Header]
	site := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header.Store(&r.Header)
		fmt.Fprintf(w, `{"errors":[{"message":"%s %s"}]}`, r.Header.Get("X-Dgraph-AuthToken"),
			strings.NewReplacer("\"", "", "\\", "").Replace(fmt.Sprint(r.Header)))
	}))
	defer site.Close()
	f.start(t, grpc.Creds(credentials.NewTLS(&tls.Config{Certificates: site.TLS.Certificates, NextProtos: []string{"h2"}})))
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: site.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}

	for name, set := range map[string]func(*dql.Config){
		"API key":      func(c *dql.Config) { c.APIKey = "key-" + canary },
		"bearer token": func(c *dql.Config) { c.BearerToken = "bearer-" + canary },
		"login":        func(c *dql.Config) { c.User, c.Password = "groot", "pass-"+canary },
	} {
		config := dql.Config{Alphas: []string{f.addr}, HTTP: site.URL, AuthToken: "token-" + canary, TLS: &dql.TLS{CACert: ca}}
		set(&config)
		client := open(t, config)
		_, err := client.Stored(t.Context())
		keeps(t, name, err)
		_, err = client.GraphQLSchema(t.Context())
		keeps(t, name, err)
		h := client.Health(t.Context())
		keeps(t, name, h.MembersErr)
		keeps(t, name, fmt.Errorf("%v %+v %#v %v %s", client, client, client, config, client))

		md, hd := *sent.Load(), *header.Load()
		if got := md.Get("auth-token"); len(got) != 1 || got[0] != "token-"+canary || hd.Get("X-Dgraph-AuthToken") != "token-"+canary {
			t.Errorf("%s: the auth token arrives as %v and %v", name, got, hd)
		}
		want := map[string]string{"API key": "key-" + canary, "bearer token": "Bearer bearer-" + canary}[name]
		if got := strings.Join(md.Get("authorization"), ","); got != want || hd.Get("Authorization") != want {
			t.Errorf("%s: the authorization arrives as %q and %q", name, got, hd.Get("Authorization"))
		}
		if name == "API key" != (hd.Get("Dg-Auth") != "") {
			t.Errorf("%s: Dg-Auth is %q", name, hd.Get("Dg-Auth"))
		}
		if name == "login" != (len(md.Get("accessjwt")) == 1 && hd.Get("X-Dgraph-AccessToken") != "") {
			t.Errorf("%s: the access token arrives as %v and %v", name, md, hd)
		}
	}
	if n := f.logins.Load(); n != 1 {
		t.Errorf("logged in %d times, want once: only with credentials", n)
	}
	f.login = func(context.Context, *api.LoginRequest) (*api.Response, error) {
		return nil, errors.New("invalid username or password")
	}
	refused(t, "a password that is a word of the error", dql.Config{Alphas: []string{f.addr}, User: "groot", Password: "password",
		TLS: &dql.TLS{CACert: ca}}, dql.Unauthenticated, "the login is refused")
	f.login = func(_ context.Context, r *api.LoginRequest) (*api.Response, error) {
		return nil, fmt.Errorf("no: %v", r)
	}
	_, err = dql.Open(t.Context(), dql.Config{Alphas: []string{f.addr}, User: "groot", Password: "pass-" + canary,
		TLS: &dql.TLS{CACert: ca}})
	keeps(t, "refused login", err)
}

// keeps checks that an error and all that it wraps show no secret.
func keeps(t *testing.T, what string, err error) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error", what)
		return
	}
	var walk func(error)
	walk = func(err error) {
		if err == nil {
			return
		}
		for _, text := range []string{err.Error(), fmt.Sprintf("%+v", err)} {
			if strings.Contains(text, canary) {
				t.Errorf("%s: the error shows a secret: %s", what, text)
			}
		}
		switch e := err.(type) {
		case interface{ Unwrap() error }:
			walk(e.Unwrap())
		case interface{ Unwrap() []error }:
			for _, e := range e.Unwrap() {
				walk(e)
			}
		}
	}
	walk(err)
}

func TestHTTPBounds(t *testing.T) {
	t.Parallel()
	f := (&fake{query: func(context.Context, *api.Request) (*api.Response, error) { return answer(`{"q":[]}`) }}).start(t)
	var elsewhere atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	var handle sync.Map
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, _ := handle.Load(strings.Split(r.URL.Path, "/")[1])
		h.(func(http.ResponseWriter))(w)
	}))
	defer site.Close()
	for name, c := range map[string]struct {
		answer  func(http.ResponseWriter)
		kind    dql.Kind
		says    string
		timeout time.Duration
	}{
		"redirect": {func(w http.ResponseWriter) {
			w.Header().Set("Location", other.URL+"/admin?x="+canary)
			w.WriteHeader(http.StatusTemporaryRedirect)
		}, dql.WrongServer, "it redirects to " + other.URL + ", and credentials are not sent there", 0},
		"endless": {func(w http.ResponseWriter) {
			for range 1000 {
				if _, err := w.Write(make([]byte, 1<<20)); err != nil {
					return
				}
			}
		}, dql.TooLarge, "larger than 64 MiB", 0},
		"nothing":    {func(http.ResponseWriter) {}, dql.WrongServer, "does not answer like Dgraph", 0},
		"other JSON": {func(w http.ResponseWriter) { io.WriteString(w, `[1]`) }, dql.WrongServer, "does not answer like Dgraph", 0},
		"no data":    {func(w http.ResponseWriter) { io.WriteString(w, `{}`) }, dql.WrongServer, "does not answer like Dgraph", 0},
		"cut off": {func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, `{"da`)
		}, dql.Unreachable, "the connection broke", 0},
		"starting": {func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusServiceUnavailable)
			io.WriteString(w, "Please retry again, server is not ready to accept requests")
		}, dql.NotReady, "the server is starting", 0},
		"forbidden":    {func(w http.ResponseWriter) { w.WriteHeader(http.StatusForbidden) }, dql.PermissionDenied, "forbidden", 0},
		"unauthorized": {func(w http.ResponseWriter) { w.WriteHeader(http.StatusUnauthorized) }, dql.Unauthenticated, "credentials", 0},
		"broken":       {func(w http.ResponseWriter) { w.WriteHeader(http.StatusBadGateway) }, dql.Other, "502 Bad Gateway", 0},
		"late": {func(w http.ResponseWriter) {
			w.(http.Flusher).Flush()
			time.Sleep(3 * time.Second)
		}, dql.Timeout, "no answer in time", time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			key := strings.ReplaceAll(name, " ", "-")
			handle.Store(key, c.answer)
			client := open(t, dql.Config{Alphas: []string{f.addr}, HTTP: site.URL + "/" + key, AuthToken: "token-" + canary,
				Timeout: c.timeout, Patience: -1})
			s, err := client.GraphQLSchema(t.Context())
			if err != nil || s.KeptErr != nil {
				t.Fatal(err, s)
			}
			wants(t, name, s.ServedErr, c.kind, c.says)
			keeps(t, name, s.ServedErr)
		})
	}
	if elsewhere.Load() != 0 {
		t.Error("a redirect was followed")
	}
	nowhere := open(t, dql.Config{Alphas: []string{f.addr, f.addr}, HTTP: "http://127.0.0.1:1/sub/path"})
	if s, err := nowhere.GraphQLSchema(t.Context()); err != nil || s.ServedErr == nil {
		t.Errorf("without HTTP: %+v (%v)", s, err)
	}
}

func TestHealthNames(t *testing.T) {
	t.Parallel()
	f := (&fake{}).start(t)
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery == "all" {
			io.WriteString(w, `{"errors":[{"message":"Only guardians are allowed access. User 'u' is not a member of guardians group."}]}`)
			return
		}
		io.WriteString(w, `[{"instance":"alpha","address":"localhost:7080","status":"healthy","group":"1","version":"v25.3.8","uptime":90,
			"ongoing":["opIndexing"],"indexing":["0-User.name","0-2-x","7-User.name"],"something_new":[1]}]`)
	}))
	defer site.Close()
	h := open(t, dql.Config{Alphas: []string{f.addr}, HTTP: site.URL}).Health(t.Context())
	if h.MembersErr != nil || len(h.Members) != 1 || h.Version() != "v0" {
		t.Fatalf("health is %+v", h)
	}
	m := h.Members[0]
	if m.Uptime != 90*time.Second || m.Group != "1" || m.Version != "v25.3.8" || m.Ongoing[0] != "opIndexing" {
		t.Errorf("the member is %+v", m)
	}
	if got := strings.Join(h.Indexing(), " "); got != "User.name 2-x 7-User.name" {
		t.Errorf("indexing %s", got)
	}
}
