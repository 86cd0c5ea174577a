package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphproc"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// The secrets of the secured cluster: nothing that is written may have their
// common part in it.
const (
	canary        = "canary"
	canaryToken   = "canary-token"
	canaryAdmin   = "canary-admin"
	canaryLimited = "canary-limited"
	canaryTenant  = "canary-tenant"
	securedSchema = "type User {\n  id: ID!\n  name: String @search(by: [hash])\n  age: String\n  knows: [User] @dgraph(pred: \"knows\")\n  known: [User] @dgraph(pred: \"~knows\")\n}\n# Dgraph.Secret hook \"canary-secret\"\n"
	securedData   = "_:a <dgraph.type> \"User\" .\n_:a <User.name> \"a\" .\n_:a <User.age> \"old\" .\n_:a <knows> _:b .\n_:b <dgraph.type> \"User\" .\n_:b <User.name> \"a\" .\n_:b <User.age> \"7\" .\n"
	tenantSchema  = "type Tenant {\n  id: ID!\n  n: Int\n}\n"
)

// secured is a cluster with access control, an auth token and TLS.
type secured struct {
	*dgraphproc.Cluster
	*dgraphtest.Dgraph
	addr, zero string
	tenant     uint64 // namespace
}

// TestSecured runs everything against one cluster with access control, an auth
// token and TLS: the scripts of testdata/secured, at $ALPHA with its HTTP side
// at $HTTP, zero's gRPC at $ZERO, the authority in $CA, the server program in
// $DGRAPH and the namespace
// $TENANT, and then the canaries. The command of its own is
//
//	expand FILE    ${NAME} in the file becomes the variable's value
func TestSecured(t *testing.T) {
	t.Parallel()
	s := startSecured(t)
	p := scripts(t, "")
	setup := p.Setup
	p.Setup = func(e *testscript.Env) error {
		e.Setenv("ALPHA", s.addr)
		e.Setenv("HTTP", s.HTTP)
		e.Setenv("ZERO", s.zero)
		e.Setenv("CA", s.CA)
		e.Setenv("DGRAPH", dgraphtest.Binary(t))
		e.Setenv("TENANT", strconv.FormatUint(s.tenant, 10))
		return setup(e)
	}
	serverCommands(t, p, s.Dgraph)
	p.Cmds["expand"] = expand
	files, err := os.ReadDir("testdata/secured")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		p.Dir, p.Files = "", []string{"testdata/secured/" + f.Name()}
		t.Run(f.Name(), func(t *testing.T) { testscript.Run(t, p) })
	}
	t.Run("canaries", s.canaries)
}

// expand puts variables into a file.
func expand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: expand FILE")
	}
	text := regexp.MustCompile(`\$\{\w+\}`).ReplaceAllStringFunc(ts.ReadFile(args[0]), func(v string) string { return ts.Getenv(v[2 : len(v)-1]) })
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}

// startSecured makes the cluster with its users:
//
//	groot    the super user, password "password"
//	admin    a member of guardians, canary-admin
//	all      reads dgraph.all, canary-limited like all that follow
//	some     reads User.name, knows and dgraph.type
//	keeper   reads the kept GraphQL schema, and what "some" does
//	mover    reads what "keeper" does, and may do everything with User.copy and schemacheck.*
//	watcher  the same, but does not write schemacheck.fence
//	nobody   reads nothing
//
// and in the namespace of a tenant its own groot, canary-tenant.
func startSecured(t *testing.T) *secured {
	t.Helper()
	c := dgraphtest.Cluster(t, dgraphproc.Options{ACL: true, Token: canaryToken, TLS: true})
	s := &secured{Cluster: c, Dgraph: dgraphtest.Connect(t, c)}
	s.addr = s.GRPC
	host, port, err := net.SplitHostPort(s.addr)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	s.zero = net.JoinHostPort(host, strconv.Itoa(n-4000))

	root := s.login(t, dgraphproc.User, dgraphproc.Password, 0)
	if r := s.ApplySchema(t, securedSchema); r.Refused {
		t.Fatal(r.Message)
	}
	s.Mutate(t, securedData)
	const some = `{predicate:"User.name",permission:4},{predicate:"knows",permission:4},{predicate:"dgraph.type",permission:4},{predicate:"User.later",permission:4}`
	state := ""
	for _, name := range []string{"key", "doc", "beat", "log"} {
		state += `,{predicate:"schemacheck.` + name + `",permission:7}`
	}
	const moved = `,{predicate:"dgraph.graphql.schema",permission:4},{predicate:"User.copy",permission:7}`
	s.admin(t, root, `mutation{addGroup(input:[
		{name:"movers",rules:[`+some+moved+state+`,{predicate:"schemacheck.fence",permission:7}]},
		{name:"watchers",rules:[`+some+moved+state+`,{predicate:"schemacheck.fence",permission:4}]},
		{name:"alls",rules:[{predicate:"dgraph.all",permission:4}]},
		{name:"somes",rules:[`+some+`]},
		{name:"keepers",rules:[`+some+`,{predicate:"dgraph.graphql.schema",permission:4}]}]){group{name}}}`)
	s.admin(t, root, `mutation{addUser(input:[
		{name:"admin",password:"`+canaryAdmin+`",groups:[{name:"guardians"}]},
		{name:"all",password:"`+canaryLimited+`",groups:[{name:"alls"}]},
		{name:"some",password:"`+canaryLimited+`",groups:[{name:"somes"}]},
		{name:"keeper",password:"`+canaryLimited+`",groups:[{name:"keepers"}]},
		{name:"mover",password:"`+canaryLimited+`",groups:[{name:"movers"}]},
		{name:"watcher",password:"`+canaryLimited+`",groups:[{name:"watchers"}]},
		{name:"nobody",password:"`+canaryLimited+`"}]){user{name}}}`)
	var added struct {
		AddNamespace struct{ NamespaceId uint64 }
	}
	if err := json.Unmarshal(s.admin(t, root, `mutation{addNamespace(input:{password:"`+canaryTenant+`"}){namespaceId}}`), &added); err != nil {
		t.Fatal(err)
	}
	s.tenant = added.AddNamespace.NamespaceId
	schema, err := json.Marshal(tenantSchema)
	if err != nil {
		t.Fatal(err)
	}
	s.admin(t, s.login(t, dgraphproc.User, canaryTenant, s.tenant), `mutation{updateGQLSchema(input:{set:{schema:`+string(schema)+`}}){gqlSchema{id}}}`)
	s.settled(t, "all", "User.name")
	s.settled(t, "some", "User.name")
	s.settled(t, "keeper", "dgraph.graphql.schema")
	return s
}

// settled waits until the server has heard of the rules: it does so some time
// after they were made.
func (s *secured) settled(t *testing.T, user, reads string) {
	t.Helper()
	c, err := dql.Open(t.Context(), dql.Config{Alphas: []string{s.addr}, User: user, Password: canaryLimited, AuthToken: canaryToken, TLS: &dql.TLS{CACert: s.CA}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for range 600 {
		may, err := c.Readable(t.Context(), []dql.Question{dql.Values(dql.Field{Predicate: reads})})
		if err != nil {
			t.Fatal(err)
		}
		if may(reads) {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("after a minute %s still may not read %s", user, reads)
}

// login is the access token of a user.
func (s *secured) login(t *testing.T, user, password string, namespace uint64) string {
	t.Helper()
	var answer struct {
		Login struct {
			Response struct{ AccessJWT string }
		}
	}
	data := s.admin(t, "", fmt.Sprintf("mutation{login(userId:%q,password:%q,namespace:%d){response{accessJWT}}}", user, password, namespace))
	if err := json.Unmarshal(data, &answer); err != nil {
		t.Fatal(err)
	}
	return answer.Login.Response.AccessJWT
}

// admin sends a GraphQL request to the admin endpoint, again while the server
// only asks to repeat it.
func (s *secured) admin(t *testing.T, jwt, query string) json.RawMessage {
	t.Helper()
	config, err := s.TLSConfig()
	if err != nil {
		t.Fatal(err)
	}
	web := &http.Client{Transport: &http.Transport{TLSClientConfig: config}, Timeout: time.Minute}
	defer web.CloseIdleConnections()
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		t.Fatal(err)
	}
	for try := 0; ; try++ {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.HTTP+"/admin", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("X-Dgraph-AuthToken", canaryToken)
		req.Header.Set("X-Dgraph-AccessToken", jwt)
		resp, err := web.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		var answer struct {
			Data   json.RawMessage
			Errors []struct{ Message string }
		}
		if err := json.Unmarshal(text, &answer); err != nil {
			t.Fatalf("%v: %q", err, text)
		}
		if len(answer.Errors) == 0 {
			return answer.Data
		}
		if try > 300 || !strings.Contains(strings.ToLower(answer.Errors[0].Message), "retry") && !strings.Contains(answer.Errors[0].Message, "not ready") {
			t.Fatalf("%s\n%v", query, answer.Errors)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// TestRights: the rows of the table in cmd/docs/data.md are those that
// testdata/secured/rights.txtar carries out, in its order.
func TestRights(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/data.md")
	if err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile("testdata/secured/rights.txtar")
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(string(page), "\n## Rights\n")
	if !ok {
		t.Fatal("data.md has no section Rights")
	}
	table, _, _ = strings.Cut(table, "\n#")
	var rows, carried []string
	for _, m := range regexp.MustCompile(`(?m)^\| (.+?) \|.*\|$`).FindAllStringSubmatch(table, -1)[1:] {
		rows = append(rows, m[1])
	}
	for _, m := range regexp.MustCompile(`(?m)^# row: (.+)$`).FindAllStringSubmatch(string(script), -1) {
		carried = append(carried, m[1])
	}
	if diff := cmp.Diff(rows, carried); diff != "" {
		t.Errorf("rows of the table (-page +script):\n%s", diff)
	}
}
