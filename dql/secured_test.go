//go:build unix

package dql_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphproc"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// TestSecured is one cluster with access control, an auth token, TLS, and logins that last two seconds.
func TestSecured(t *testing.T) {
	t.Parallel()
	dir, token := t.TempDir(), "token-canary"
	cluster := dgraphtest.Cluster(t, dgraphproc.Options{ACL: true, Token: token, TLS: true, Dir: dir,
		ExtraAlphaFlags: []string{"--acl=secret-file=" + dir + "/acl-secret;access-ttl=2s;"}})
	addr := cluster.Alphas()[0].GRPC
	admin := dql.Config{
		Alphas: []string{addr}, User: dgraphproc.User, Password: dgraphproc.Password, AuthToken: dql.Secret(token),
		TLS: &dql.TLS{CACert: cluster.CA, NoSystemCA: true},
	}
	c := open(t, admin)
	ctx := t.Context()

	refused(t, "wrong password", change(admin, func(c *dql.Config) { c.Password = "pass-canary" }), dql.Unauthenticated, "the login is refused")
	refused(t, "wrong namespace", change(admin, func(c *dql.Config) { c.Namespace = 7 }), dql.Unauthenticated, "the login is refused")
	refused(t, "no auth token", change(admin, func(c *dql.Config) { c.AuthToken = "" }), dql.Unauthenticated, "demands its auth token")
	refused(t, "wrong auth token", change(admin, func(c *dql.Config) { c.AuthToken = "other-canary" }), dql.Unauthenticated, "not the one that the server was started with")
	refused(t, "plain text", change(admin, func(c *dql.Config) { c.TLS = nil }), dql.BadTLS, "speaks TLS")
	refused(t, "unknown authority", change(admin, func(c *dql.Config) { c.TLS = &dql.TLS{} }), dql.BadTLS, "ca-cert")
	refused(t, "no authority at all", change(admin, func(c *dql.Config) { c.TLS = &dql.TLS{NoSystemCA: true} }), dql.BadTLS, "ca-cert")
	refused(t, "other name", change(admin, func(c *dql.Config) { c.TLS.ServerName = "db.example.com" }), dql.BadTLS, "is for localhost, 127.0.0.1, ::1, not for db.example.com")
	refused(t, "the HTTP port", change(admin, func(c *dql.Config) { c.Alphas = []string{shifted(t, addr, -1000)} }), dql.WrongServer, "gRPC port of an alpha")
	refused(t, "TLS to zero's gRPC port", change(admin, func(c *dql.Config) { c.Alphas = []string{shifted(t, addr, -4000)} }), dql.BadTLS, "does not speak TLS here")
	refused(t, "TLS to zero's HTTP port", change(admin, func(c *dql.Config) { c.Alphas = []string{shifted(t, addr, -3000)} }), dql.WrongServer, "HTTP server answers here")
	named := open(t, change(admin, func(c *dql.Config) { c.TLS.ServerName = "localhost" }))
	if _, err := named.Stored(ctx); err != nil {
		t.Errorf("by the name localhost: %v", err)
	}
	unverified := open(t, change(admin, func(c *dql.Config) { c.TLS = &dql.TLS{SkipVerify: true} }))
	if _, err := unverified.GraphQLSchema(ctx); err != nil {
		t.Errorf("without verification: %v", err)
	}

	// Nobody logs in without credentials, and is told so at the first question.
	anonymous := open(t, change(admin, func(c *dql.Config) { c.User, c.Password = "", "" }))
	_, err := anonymous.Snapshot().Query(ctx, "{q(func: has(a)) {uid}}", nil)
	wants(t, "no login", err, dql.Unauthenticated, "nobody is logged in")
	wrongHTTP := open(t, change(admin, func(c *dql.Config) { c.HTTP = "http://" + shifted(t, addr, -1000) }))
	s, err := wrongHTTP.GraphQLSchema(ctx)
	if err != nil {
		t.Fatal(err)
	}
	wants(t, "http:// to https", s.ServedErr, dql.BadTLS, "https://")

	// A schema, for what follows.
	apply(t, c, schema)
	got, err := c.GraphQLSchema(ctx)
	if err != nil || got.Kept != schema || got.Served != schema {
		t.Fatalf("the GraphQL schema reads %+v (%v)", got, err)
	}
	limited(t, c, admin)
	otherNamespace(t, c, admin)

	// One snapshot outlives the login that it began with.
	snapshot := c.Snapshot()
	query(t, snapshot, "{q(func: has(User.name)) {uid}}")
	ts, before := snapshot.ReadTs(), c.Token()
	time.Sleep(3 * time.Second)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { query(t, snapshot, "{q(func: has(User.name)) {uid}}") })
	}
	all.Wait()
	if snapshot.ReadTs() != ts || c.Token() == before {
		t.Errorf("after the login expired: moment %d, was %d; same token: %v", snapshot.ReadTs(), ts, c.Token() == before)
	}
	time.Sleep(3 * time.Second)
	if got, err := c.GraphQLSchema(ctx); err != nil || got.ServedErr != nil {
		t.Errorf("over HTTP after the login expired: %+v (%v)", got, err)
	}
	time.Sleep(3 * time.Second)
	if h := c.Health(ctx); h.MembersErr != nil || len(h.Members) < 2 || h.Alphas[0].Err != nil || !strings.HasPrefix(h.Version(), "v25") {
		t.Errorf("after the login expired health is %+v", h)
	}
}

// limited is a user who may read one predicate.
func limited(t *testing.T, c *dql.Client, admin dql.Config) {
	t.Helper()
	ctx := t.Context()
	for _, q := range []string{
		`mutation{addGroup(input:[{name:"readers",rules:[{predicate:"User.name",permission:4},{predicate:"User.later",permission:4}]}]){group{name}}}`,
		`mutation{addUser(input:[{name:"reader",password:"reader-canary",groups:[{name:"readers"}]}]){user{name}}}`,
	} {
		if err := c.Admin(ctx, q, &struct{}{}); err != nil {
			t.Fatal(err)
		}
	}
	reader := open(t, change(admin, func(c *dql.Config) { c.User, c.Password = "reader", "reader-canary" }))
	var stored *dql.Stored
	for range 300 { // the server hears of new rules some time later
		var err error
		if stored, err = reader.Stored(ctx); err != nil {
			t.Fatal(err)
		}
		if stored.Predicate("User.name") != nil {
			break
		}
		time.Sleep(200 * time.Millisecond)
	}
	if stored.Predicate("User.name") == nil || stored.Predicate("User.friends") != nil {
		t.Errorf("the reader sees %+v", stored.Predicates)
	}
	_, err := reader.GraphQLSchema(ctx)
	wants(t, "GraphQL schema as a reader", err, dql.PermissionDenied, "guardians")
	if !strings.Contains(err.Error(), "kept") || !strings.Contains(err.Error(), "served") {
		t.Errorf("the reader does not hear of both: %v", err)
	}
	// What may be read is told by the server, for what is there and what is not.
	questions := []dql.Question{
		dql.Values(dql.Field{Predicate: "User.name"}), dql.Values(dql.Field{Predicate: "User.friends"}), dql.Values(dql.Field{Predicate: "~User.name"}),
		dql.Nodes("User"), dql.Values(dql.Field{Predicate: "User.later"}), dql.Values(dql.Field{Predicate: "a\"b"}),
	}
	may, err := reader.Readable(ctx, questions)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"User.name": true, "User.later": true, "User.friends": false, "~User.name": false, "dgraph.type": false, "else": false} {
		if may(name) != want {
			t.Errorf("the reader may read %s: %v, want %v", name, !want, want)
		}
	}
	if all, err := reader.ReadsAll(ctx); all || err != nil {
		t.Errorf("the reader reads all: %v (%v)", all, err)
	}
	may, err = c.Readable(ctx, questions)
	if all, allErr := c.ReadsAll(ctx); err != nil || allErr != nil || !all || !may("~User.name") || !may("User.friends") || !may("dgraph.type") {
		t.Errorf("the super user reads all: %v (%v, %v)", all, allErr, err)
	}
	answers, _, err := dql.Ask(ctx, func(context.Context) (dql.Reader, error) { return reader.Snapshot(), nil },
		[]dql.Question{dql.Values(dql.Field{Predicate: "User.friends"}), dql.Values(dql.Field{Predicate: "User.name"})}, dql.Options{})
	if err != nil || answers[0].Asked || answers[0].Complete || !strings.Contains(answers[0].Reason, "no permission") || !answers[1].Complete {
		t.Errorf("what the server leaves out looks asked: %+v (%v)", answers, err)
	}
	h := reader.Health(ctx)
	if h.MembersErr != nil || len(h.Members) != 1 || h.Members[0].Instance != "alpha" {
		t.Errorf("health as a reader: %+v", h)
	}
	refused(t, "limited user, wrong password", change(admin, func(c *dql.Config) { c.User, c.Password = "reader", "wrong-canary" }), dql.Unauthenticated, "the login is refused")
}

// otherNamespace has a schema of its own, and names without prefix.
func otherNamespace(t *testing.T, c *dql.Client, admin dql.Config) {
	t.Helper()
	ctx := t.Context()
	var added struct {
		AddNamespace struct{ NamespaceId uint64 }
	}
	if err := c.Admin(ctx, `mutation{addNamespace(input:{password:"tenant-canary"}){namespaceId}}`, &added); err != nil {
		t.Fatal(err)
	}
	tenant := open(t, change(admin, func(c *dql.Config) { c.Namespace, c.Password = added.AddNamespace.NamespaceId, "tenant-canary" }))
	if s, err := tenant.GraphQLSchema(ctx); err != nil || s.Kept != "" || s.Served != "" || s.ServedErr != nil || s.KeptErr != nil {
		t.Errorf("a new namespace has the GraphQL schema %+v (%v)", s, err)
	}
	apply(t, tenant, "type Tenant { id: ID! n: Int }")
	stored, err := tenant.Stored(ctx)
	if err != nil || stored.Predicate("Tenant.n") == nil || stored.Predicate("User.name") != nil {
		t.Errorf("the namespace's schema is %+v (%v)", stored, err)
	}
	_, err = tenant.Snapshot().Query(ctx, "{q(func: ge(Tenant.n, 1)) {uid}}", nil)
	wants(t, "unindexed in a namespace", err, dql.Other, "Predicate Tenant.n is not indexed")
}

// TestMutualTLS ends with a server that hangs and one that is gone.
func TestMutualTLS(t *testing.T) {
	t.Parallel()
	cluster := dgraphtest.Cluster(t, dgraphproc.Options{TLS: true, RequireClientCert: true})
	alpha := cluster.Alphas()[0]
	config := dql.Config{
		Alphas: []string{alpha.GRPC}, Timeout: 5 * time.Second, Patience: time.Second,
		TLS: &dql.TLS{CACert: cluster.CA, ClientCert: cluster.ClientCert, ClientKey: cluster.ClientKey},
	}
	c := open(t, config)
	if s, err := c.GraphQLSchema(t.Context()); err != nil || s.KeptErr != nil || s.ServedErr != nil {
		t.Errorf("with a client certificate: %+v (%v)", s, err)
	}
	refused(t, "no client certificate", change(config, func(c *dql.Config) { c.TLS.ClientCert, c.TLS.ClientKey = "", "" }), dql.BadTLS, "client-cert and client-key")
	refused(t, "login without access control", change(config, func(c *dql.Config) { c.User, c.Password = "groot", "pass-canary" }), dql.Unauthenticated, "no access control")

	stopped := c.Snapshot()
	query(t, stopped, "{q(func: has(a)) {uid}}")
	if err := syscall.Kill(alpha.Pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond) // its threads do not stop at once
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	start := time.Now()
	_, err := stopped.Query(ctx, "{q(func: has(a)) {uid}}", nil)
	wants(t, "a stopped server", err, dql.Timeout, "no answer in time")
	if took := time.Since(start); took > 30*time.Second || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("after %v: %v", took, err)
	}
	canceled, cancel := context.WithCancel(t.Context())
	time.AfterFunc(200*time.Millisecond, cancel)
	_, err = c.Stored(canceled)
	wants(t, "interrupted", err, dql.Canceled, "interrupted")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v does not wrap the context's error", err)
	}
	refused(t, "opening a stopped server", change(config, func(c *dql.Config) { c.Timeout = time.Second }), dql.Timeout, "no answer in time")
	if err := syscall.Kill(alpha.Pid, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	query(t, stopped, "{q(func: has(a)) {uid}}")

	time.AfterFunc(300*time.Millisecond, func() { _ = syscall.Kill(alpha.Pid, syscall.SIGKILL) })
	for err = nil; err == nil; {
		_, err = c.Stored(t.Context())
	}
	wants(t, "a killed server", err, dql.Unreachable, "")
	_, err = c.Stored(t.Context())
	wants(t, "a server that is gone", err, dql.Unreachable, "nothing listens there")
	refused(t, "opening a server that is gone", config, dql.Unreachable, "nothing listens there")
	s, err := c.GraphQLSchema(t.Context())
	wants(t, "its GraphQL schema", err, dql.Unreachable, "nothing listens there")
	if s != nil {
		t.Errorf("there is a GraphQL schema: %+v", s)
	}
	h := c.Health(t.Context())
	wants(t, "its health", h.Alphas[0].Err, dql.Unreachable, "nothing listens there")
	wants(t, "its members", h.MembersErr, dql.Unreachable, "nothing listens there")
}

func TestThreeAlphas(t *testing.T) {
	t.Parallel()
	cluster := dgraphtest.Cluster(t, dgraphproc.Options{Alphas: 3, Groups: 2})
	d := dgraphtest.Connect(t, cluster)
	d.Alter(t, "a: int .\nb: int .\nc: int .\nd: int .\n")
	d.Mutate(t, "_:x <a> \"1\" .\n_:x <b> \"1\" .\n_:x <c> \"1\" .\n_:x <d> \"1\" .")
	var config dql.Config
	for _, a := range cluster.Alphas() {
		config.Alphas = append(config.Alphas, a.GRPC)
	}
	nobody := "127.0.0.1:1" // a port that nothing listens on
	config.Alphas = append(config.Alphas, nobody)
	c := open(t, config)

	h := c.Health(t.Context())
	if len(h.Alphas) != 4 || h.MembersErr != nil {
		t.Fatalf("health is %+v", h)
	}
	for i, a := range h.Alphas {
		if a.Addr != config.Alphas[i] || (a.Err == nil) == (a.Addr == nobody) || (a.Version != "") != (a.Err == nil) {
			t.Errorf("alpha %d: %+v", i, a)
		}
	}
	groups := map[string]int{}
	for _, m := range h.Members {
		groups[m.Instance+m.Group]++
	}
	if groups["alpha1"] != 2 || groups["alpha2"] != 1 || groups["zero0"] == 0 {
		t.Errorf("the members are %v", groups)
	}

	// One snapshot speaks of one moment, whichever alpha answers, while others write.
	snapshot := c.Snapshot()
	const all = "{q(func: has(a)) {a b c d}}"
	want := query(t, snapshot, all)
	ts := snapshot.ReadTs()
	if ts == 0 || want != `{"q":[{"a":1,"b":1,"c":1,"d":1}]}` {
		t.Fatalf("at %d: %s", ts, want)
	}
	var asking sync.WaitGroup
	for i := range 12 {
		d.Mutate(t, fmt.Sprintf("_:x <a> \"%d\" .\n_:x <d> \"7\" .", i))
		asking.Go(func() {
			if got := query(t, snapshot, all); got != want {
				t.Errorf("later the snapshot shows %s", got)
			}
		})
	}
	asking.Wait()
	if snapshot.ReadTs() != ts {
		t.Errorf("the snapshot moved from %d to %d", ts, snapshot.ReadTs())
	}
	// Also when the first questions are asked at the same time.
	fresh := c.Snapshot()
	seen := make(chan uint64, 12)
	for range 12 {
		asking.Go(func() {
			query(t, fresh, all)
			seen <- fresh.ReadTs()
		})
	}
	asking.Wait()
	close(seen)
	for ts := range seen {
		if ts != fresh.ReadTs() || ts == 0 {
			t.Errorf("moments %d and %d in one snapshot", ts, fresh.ReadTs())
		}
	}
}

func TestOtherServers(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	site := httptest.NewServer(nil)
	defer site.Close()
	secure := httptest.NewTLSServer(nil)
	defer secure.Close()
	first := listen(t, func(c net.Conn) { c.Write([]byte("220 ready\r\n")) }) // may come before the question
	silent, closing := listen(t, func(net.Conn) {}), listen(t, func(c net.Conn) { c.Close() })
	at := func(addr string) dql.Config { return dql.Config{Alphas: []string{addr}, Timeout: 5 * time.Second} }
	encrypted := func(addr string) dql.Config {
		return change(at(addr), func(c *dql.Config) { c.TLS = &dql.TLS{SkipVerify: true} })
	}
	refused(t, "an HTTP server", at(host(site.URL)), dql.WrongServer, "HTTP server answers here")
	refused(t, "an HTTPS server, plain", at(host(secure.URL)), dql.BadTLS, "speaks TLS")
	refused(t, "an HTTPS server", encrypted(host(secure.URL)), dql.WrongServer, "gRPC port of an alpha")
	refused(t, "an HTTP server, TLS", encrypted(host(site.URL)), dql.WrongServer, "HTTP server answers here")
	refused(t, "the alpha's HTTP port", at(host(d.HTTP)), dql.WrongServer, "HTTP server answers here")
	refused(t, "zero's gRPC port", at(shifted(t, d.GRPC, -4000)), dql.WrongServer, "this is no alpha")
	refused(t, "TLS to a plain alpha", encrypted(d.GRPC), dql.BadTLS, "does not speak TLS here")
	refused(t, "a silent server", at(silent), dql.Timeout, "no answer in time")
	refused(t, "a server that closes", at(closing), dql.Unreachable, "closed at once")
	refused(t, "nothing", at("127.0.0.1:1"), dql.Unreachable, "nothing listens there")
	const unknown = "no-such-host.invalid"
	var answer *net.DNSError
	asking, enough := context.WithTimeout(t.Context(), 2*time.Second)
	defer enough()
	if _, err := net.DefaultResolver.LookupHost(asking, unknown); errors.As(err, &answer) && answer.IsNotFound {
		refused(t, "an unknown host", at(unknown+":9080"), dql.Unreachable, "the host is not known")
	} else {
		t.Logf("nobody to ask for hosts: %v", err)
	}

	for name, c := range map[string]struct {
		url, says string
		kind      dql.Kind
	}{
		"another site":     {site.URL, "does not answer like Dgraph", dql.WrongServer},
		"https to http":    {strings.Replace(d.HTTP, "http:", "https:", 1), "does not speak TLS here", dql.BadTLS},
		"http to https":    {strings.Replace(secure.URL, "https:", "http:", 1), "with https://", dql.BadTLS},
		"the gRPC port":    {"http://" + d.GRPC, "does not answer like Dgraph", dql.WrongServer},
		"who speaks first": {"http://" + first, "does not answer like Dgraph", dql.WrongServer},
		"nothing":          {"http://127.0.0.1:1", "nothing listens there", dql.Unreachable},
		"a silent server":  {"http://" + silent, "no answer in time", dql.Timeout},
		"zero's HTTP port": {"http://" + shifted(t, host(d.HTTP), -2000), "does not answer like Dgraph", dql.WrongServer},
	} {
		client := open(t, change(at(d.GRPC), func(cfg *dql.Config) { cfg.HTTP = c.url }))
		s, err := client.GraphQLSchema(t.Context())
		if err != nil || s.KeptErr != nil {
			t.Errorf("%s: %v, %+v", name, err, s)
			continue
		}
		wants(t, "HTTP: "+name, s.ServedErr, c.kind, c.says)
	}
}
