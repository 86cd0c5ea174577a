package rules_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/dgraph-io/dgo/v230/protos/api"
	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
	"github.com/schemacheck/schemacheck/rules"
)

// An auditCase is a folder testdata/RULE/NAME of a rule on data at rest, with
// schema.graphql and audit.txtar. As with other cases, one whose name begins
// with "silent" must not fire the rule.
//
// The sections of audit.txtar are carried out on an empty server in this order,
// those that are there: the schema old.graphql and its data old.rdf; then
// schema.graphql; drop.txt, with names of predicates, and the DQL schema
// alter.dql; data.graphql, data.rdf and delete.rdf; at last the client's
// query.graphql. What the server did is recorded behind them.
type auditCase struct {
	rule, name, dir string
	schema          string
	script          *txtar.Archive
}

func isAudit(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "audit.txtar"))
	return err == nil
}

func readAuditCase(t *testing.T, dir string) *auditCase {
	t.Helper()
	return &auditCase{
		rule: filepath.Base(filepath.Dir(dir)), name: filepath.Base(dir), dir: dir,
		schema: read(t, filepath.Join(dir, "schema.graphql")),
		script: txtar.Parse([]byte(read(t, filepath.Join(dir, "audit.txtar")))),
	}
}

func auditCases(t *testing.T) []*auditCase {
	t.Helper()
	dirs, err := filepath.Glob("testdata/*/*")
	if err != nil {
		t.Fatal(err)
	}
	var cases []*auditCase
	for _, dir := range dirs {
		if isAudit(dir) {
			cases = append(cases, readAuditCase(t, dir))
		}
	}
	return cases
}

func (c *auditCase) silent() bool { return strings.HasPrefix(c.name, "silent") }

func (c *auditCase) section(name string) string { return sectionOf(c.script, name) }

func (c *auditCase) derive(t *testing.T) *diff.Schema {
	t.Helper()
	return derive(t, "new.graphql", c.schema)
}

// TestAuditFindings: findings.txt of each case is all that could be, without a
// server.
func TestAuditFindings(t *testing.T) {
	t.Parallel()
	for _, c := range auditCases(t) {
		t.Run(c.rule+"/"+c.name, func(t *testing.T) {
			t.Parallel()
			if r := rules.Find(c.rule); r == nil || !r.AtRest() {
				t.Fatalf("there is no rule %s on data at rest", c.rule)
			}
			checkValid(t, c.dir+"/schema.graphql", c.schema)
			findings := rules.Audit(c.derive(t), nil)
			checkWhole(t, findings, c.schema)
			compareGolden(t, filepath.Join(c.dir, "findings.txt"), render(findings))
		})
	}
}

// TestAuditCases carries out the cases on a real Dgraph. The findings are
// compared with what was recorded, and what they claim with what a client gets.
func TestAuditCases(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	for _, c := range auditCases(t) {
		t.Run(c.rule+"/"+c.name, func(t *testing.T) {
			apply := c.store(t, d)
			client := open(t, d)
			defer client.Close()
			stored, err := client.Stored(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			findings := rules.Audit(c.derive(t), stored)
			settleBy(t, client, findings, dql.Options{ReadGeo: true})
			violated := rules.Violated(findings)
			checkWhole(t, violated, c.schema)
			query := c.section("query.graphql")
			got := ask(t, d, query)
			out := &txtar.Archive{Comment: c.script.Comment}
			for _, f := range c.script.Files {
				if f.Name != "apply" && f.Name != "findings" && f.Name != "answer.json" {
					out.Files = append(out.Files, f)
				}
			}
			if apply != "" {
				out.Files = append(out.Files, txtar.File{Name: "apply", Data: []byte(apply)})
			}
			out.Files = append(out.Files, txtar.File{Name: "findings", Data: []byte(renderEvidence(violated))})
			if query != "" {
				out.Files = append(out.Files, txtar.File{Name: "answer.json", Data: got.text(nil)})
			}
			compareGolden(t, filepath.Join(c.dir, "audit.txtar"), string(txtar.Format(out)))
			c.check(t, violated, rowsOf(t, d, query), got.Errors)
			checkMended(t, d, c, violated)
		})
	}
}

// store brings the data onto an empty server, and returns what came of the
// update where it was refused.
func (c *auditCase) store(t *testing.T, d *dgraphtest.Dgraph) (apply string) {
	t.Helper()
	d.DropAll(t)
	if old := c.section("old.graphql"); old != "" {
		if result := d.ApplySchema(t, old); result.Refused {
			t.Fatalf("the old schema is refused: %s", result.Message)
		}
	}
	mutate := func(section string, deletes bool) {
		text := []byte(c.section(section))
		if len(text) == 0 {
			return
		}
		m := &api.Mutation{SetNquads: text, CommitNow: true}
		if deletes {
			m = &api.Mutation{DelNquads: text, CommitNow: true}
		}
		if _, err := d.Client().NewTxn().Mutate(t.Context(), m); err != nil {
			t.Fatalf("%s: %v", section, err)
		}
	}
	mutate("old.rdf", false)
	if result := d.ApplySchema(t, c.schema); result.Refused {
		if !result.Saved {
			t.Fatalf("the schema is refused: %s", result.Message)
		}
		apply = "refused after saving\n"
	}
	for _, p := range strings.Fields(c.section("drop.txt")) {
		if err := d.Client().Alter(t.Context(), &api.Operation{DropAttr: p}); err != nil {
			t.Fatal(err)
		}
	}
	if text := c.section("alter.dql"); text != "" {
		d.Alter(t, text)
	}
	if text := c.section("data.graphql"); text != "" {
		if answer := d.GraphQL(t, text, nil); len(answer.Errors) > 0 {
			t.Fatalf("adding data: %v", answer.Errors)
		}
	}
	mutate("data.rdf", false)
	mutate("delete.rdf", true)
	return apply
}

// rows are the elements of an answer's lists, by the operation.
type rows map[string][]map[string]any

func rowsOf(t *testing.T, d *dgraphtest.Dgraph, query string) rows {
	t.Helper()
	all := rows{}
	if query == "" {
		return all
	}
	text := d.GraphQL(t, query, nil).Data
	if len(text) == 0 {
		return all // nothing but errors
	}
	var data map[string]json.RawMessage
	if err := json.Unmarshal(text, &data); err != nil {
		t.Fatal(err)
	}
	for operation, text := range data {
		var list []map[string]any
		if err := json.Unmarshal(text, &list); err == nil {
			all[operation] = list
		}
	}
	return all
}

func parseUID(text string) uint64 {
	n, err := strconv.ParseUint(text, 0, 64)
	if err != nil {
		panic(err) // the server wrote it
	}
	return n
}

// ids are those of the elements, as "id" has them.
func (r rows) ids(operation string) []uint64 {
	var all []uint64
	for _, row := range r[operation] {
		if id, ok := row["id"].(string); ok {
			all = append(all, parseUID(id))
		}
	}
	return all
}

// pairs are the edges under a field of the elements, which have to select "id".
func (r rows) pairs(operation, field string) map[[2]uint64]bool {
	all := map[[2]uint64]bool{}
	for _, row := range r[operation] {
		targets, isList := row[field].([]any)
		if !isList {
			targets = []any{row[field]}
		}
		for _, target := range targets {
			if target, ok := target.(map[string]any); ok {
				all[[2]uint64{parseUID(row["id"].(string)), parseUID(target["id"].(string))}] = true
			}
		}
	}
	return all
}

// check holds what is violated against what a client gets.
func (c *auditCase) check(t *testing.T, violated []*rules.Finding, got rows, errors []string) {
	t.Helper()
	fired, harm := false, false
	for _, f := range violated {
		if !f.Evidence.Complete {
			t.Errorf("%s: not complete: %s", identity(f), f.Evidence.Reason)
			continue
		}
		if len(f.Evidence.Samples) == 0 {
			t.Errorf("%s: %d violations without a sample", identity(f), f.Evidence.Violations)
		}
		fired = fired || f.Rule.ID == c.rule
		harm = harm || f.Severity == rules.Error || f.Impact.Data == rules.DataInvalid
		checkViolated(t, f, got, errors)
	}
	if fired == c.silent() {
		t.Errorf("the case is named %s, and %s fires: %v", c.name, c.rule, fired)
	}
	if !harm && len(errors) > 0 {
		t.Errorf("no finding tells of harm, but a client gets the errors %v", errors)
	}
	for operation, list := range got {
		if empty := slices.ContainsFunc(list, func(row map[string]any) bool { return row != nil && len(row) == 0 }); empty && !harm {
			t.Errorf("no finding tells of harm, but %s gives empty objects", operation)
		}
	}
}

// checkViolated holds one finding against what a client gets, who has to ask
// for the field or type that it is about.
func checkViolated(t *testing.T, f *rules.Finding, got rows, errors []string) {
	t.Helper()
	id := identity(f)
	owner, field, _ := strings.Cut(f.Coordinate, ".")
	fails := func(parts ...string) {
		t.Helper()
		if !slices.ContainsFunc(errors, func(e string) bool {
			return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(e, part) })
		}) {
			t.Errorf("%s: no error of the client has one of %q: %v", id, parts, errors)
		}
	}
	switch f.Rule.ID {
	case "missing-required":
		fails("Non-nullable field '" + field + "'")
	case "duplicate-id":
		fails("A list was returned, but")
	case "enum-out-of-range":
		fails("for field '" + field + "' to type ")
		whole := slices.ContainsFunc(got["query"+owner], func(row map[string]any) bool { return row == nil || row[field] == nil })
		if (f.Severity == rules.Error) != whole && strings.Contains(f.Consequence, "whole") {
			t.Errorf("%s is %s, and a node or list is lost: %v", id, f.Severity, whole)
		}
	case "unreadable-values":
		fails("for field '"+field+"' to type ", "Dgraph query failed", "marshal a valid JSON", " was returned, but GraphQL was expecting")
	case "dangling-edges":
		if f.Severity == rules.Error {
			fails("Non-nullable field")
		} else if len(errors) > 0 {
			t.Errorf("%s is %s, and a client gets %v", id, f.Severity, errors)
		}
	case "untyped-nodes", "undeclared-types":
		if f.Rule.ID == "undeclared-types" && f.Severity == rules.Error {
			empty := 0
			for _, row := range got["query"+owner] {
				if row != nil && len(row) == 0 {
					empty++
				}
			}
			if uint64(empty) != f.Evidence.Violations {
				t.Errorf("%s: %d violations, and %d objects without fields", id, f.Evidence.Violations, empty)
			}
			break
		}
		at := "query" + owner
		if f.Subject != "" && f.Coordinate != "" {
			at = "query" + f.Subject
		}
		for operation := range got {
			if f.Coordinate != "" && operation != at {
				continue
			}
			for _, s := range f.Evidence.Samples {
				if slices.Contains(got.ids(operation), s.UID) {
					t.Errorf("%s: a client sees %#x in %s", id, s.UID, operation)
				}
			}
		}
		if f.Coordinate != "" && got[at] == nil {
			t.Errorf("%s: the client does not ask for %s", id, at)
		}
	case "one-sided-inverse":
		if f.Severity == rules.Error {
			fails("Non-nullable field '" + field + "'")
			break
		}
		back := got.pairs("query"+owner, field)
		from := back
		if len(f.Affects) > 0 {
			owner, field, _ := strings.Cut(f.Affects[len(f.Affects)-1], ".")
			from = got.pairs("query"+owner, field)
		}
		lone := map[uint64]bool{}
		for pair := range from {
			if !back[[2]uint64{pair[1], pair[0]}] {
				lone[pair[0]] = true
			}
		}
		if uint64(len(lone)) != f.Evidence.Violations {
			t.Errorf("%s: %d violations, and a client sees edges of %d nodes on one side only", id, f.Evidence.Violations, len(lone))
		}
	}
}

// TestAuditEmpty: without data nothing is wrong.
func TestAuditEmpty(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	d.DropAll(t)
	client := open(t, d)
	defer client.Close()
	stored, err := client.Stored(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var all []*rules.Finding
	for _, c := range auditCases(t) {
		all = append(all, rules.Audit(c.derive(t), stored)...)
	}
	settleBy(t, client, all, dql.Options{ReadGeo: true})
	for _, f := range rules.Violated(all) {
		t.Errorf("%s: an empty server gives %+v", identity(f), f.Evidence)
	}
	if len(all) < 100 {
		t.Errorf("only %d findings were settled", len(all))
	}
}

// TestAuditStored is about what the stored schema says.
func TestAuditStored(t *testing.T) {
	t.Parallel()
	const text = `
interface Base { id: ID! key: String @id }
type A implements Base {
  text: String
  number: Int
  list: [String]
  node: B
  nodes: [B]
  color: Color
  code: String @id
  back: [B] @dgraph(pred: "~B.to")
}
type B {
  id: ID!
  a: A @hasInverse(field: node)
  to: A @dgraph(pred: "B.to")
}
enum Color { RED }
`
	predicate := func(name, typ string) dql.Predicate {
		typ, list := strings.CutPrefix(typ, "[")
		return dql.Predicate{Name: name, Type: typ, List: list}
	}
	for _, c := range []struct {
		name, predicate, typ string
		want                 string // findings about A.*, as "rule field", beside missing ones, in order
	}{
		{"not stored", "", "", "unreadable-values number, dangling-edges node, one-sided-inverse node, dangling-edges nodes, enum-out-of-range color, duplicate-id code"},
		{"as it should be", "A.text", "string", "unreadable-values number, dangling-edges node, one-sided-inverse node, dangling-edges nodes, enum-out-of-range color, duplicate-id code"},
		{"another type of value", "A.text", "int", "unreadable-values text, unreadable-values number, dangling-edges node, one-sided-inverse node, dangling-edges nodes, enum-out-of-range color, duplicate-id code"},
		{"nodes for values", "A.text", "uid", "unreadable-values text with nodes, unreadable-values number, dangling-edges node, one-sided-inverse node, dangling-edges nodes, enum-out-of-range color, duplicate-id code"},
		{"a password", "A.text", "password", "unreadable-values text with password, unreadable-values number, dangling-edges node, one-sided-inverse node, dangling-edges nodes, enum-out-of-range color, duplicate-id code"},
		{"a list for one", "A.number", "[int", "unreadable-values number with lists of int, dangling-edges node, one-sided-inverse node, dangling-edges nodes, enum-out-of-range color, duplicate-id code"},
		{"one for a list", "A.list", "string", "unreadable-values number, dangling-edges node, one-sided-inverse node, dangling-edges nodes, enum-out-of-range color, duplicate-id code"},
		{"values for a node", "A.node", "string", "unreadable-values number, unreadable-values node with string, dangling-edges nodes, enum-out-of-range color, duplicate-id code"},
		{"values for nodes", "A.nodes", "[string", "unreadable-values number, dangling-edges node, one-sided-inverse node, unreadable-values nodes with lists of string, enum-out-of-range color, duplicate-id code"},
		{"values at the other side", "B.a", "string", "unreadable-values number, dangling-edges node, dangling-edges nodes, enum-out-of-range color, duplicate-id code"},
		{"nodes for an enum", "A.color", "uid", "unreadable-values number, dangling-edges node, one-sided-inverse node, dangling-edges nodes, unreadable-values color with nodes, duplicate-id code"},
		{"nodes for an id", "A.code", "uid", "unreadable-values number, dangling-edges node, one-sided-inverse node, dangling-edges nodes, enum-out-of-range color, unreadable-values code with nodes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			stored := &dql.Stored{}
			if c.predicate != "" {
				stored.Predicates = append(stored.Predicates, predicate(c.predicate, c.typ))
			}
			var got []string
			for _, f := range rules.Audit(derive(t, "new.graphql", text), stored) {
				if field, ok := strings.CutPrefix(f.Coordinate, "A."); ok {
					line := f.Rule.ID + " " + field
					if _, what, ok := strings.Cut(f.Message, "the server stores "); ok {
						what, _, _ = strings.Cut(what, " under")
						line += " with " + what
					}
					got = append(got, line)
				}
			}
			if s := strings.Join(got, ", "); s != c.want {
				t.Errorf("%s\nwant %s", s, c.want)
			}
		})
	}
}

// TestAuditLeftovers: what the schema does not reach, and what is not the
// user's, with the types that name it.
func TestAuditLeftovers(t *testing.T) {
	t.Parallel()
	schema := derive(t, "new.graphql", `type A @secret(field: "pwd") { id: ID! name: String @dgraph(pred: "<näme>") en: String @dgraph(pred: "A.x@en") }`)
	var stored dql.Stored
	for _, name := range []string{"A.pwd", "A.x", "näme", "A.name", "dgraph.type", "schemacheck.at", "B.b"} {
		stored.Predicates = append(stored.Predicates, dql.Predicate{Name: name, Type: "string"})
	}
	for _, name := range []string{"A", "B", "dgraph.graphql", "schemacheck.Run"} {
		stored.Types = append(stored.Types, dql.Type{Name: name, Fields: []string{name + ".b"}})
	}
	var got []string
	for _, f := range rules.Audit(schema, &stored) {
		if f.Place.Anchor == rules.AnchorFile {
			got = append(got, identity(f)+": "+f.Message)
		}
	}
	want := []string{
		"leftover-values (A.name): no field of the schema reaches A.name",
		"leftover-values (B.b): no field of the schema reaches B.b, which the stored type B has",
		"undeclared-types: every node needs a dgraph.type that the schema has",
		"undeclared-types (B): the schema does not have the stored type B",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

// TestAuditPlaces: values of geo predicates are not read unless that is allowed,
// and what was not looked at stays a finding, but no error.
func TestAuditPlaces(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	d.DropAll(t)
	const text = "type A {\n  id: ID!\n  at: Point\n  none: [Polygon]\n}\n"
	d.ApplySchema(t, text)
	d.Mutate(t, `_:a <dgraph.type> "A" .
_:a <A.at> "{'type':'Polygon','coordinates':[[[1.5,2.5],[2.5,2.5],[2.5,3.5],[1.5,2.5]]]}"^^<geo:geojson> .`)
	client := open(t, d)
	defer client.Close()
	for _, c := range []struct {
		options dql.Options
		want    string
	}{ // of A.none nothing is said: it holds nothing, which can be asked without reading
		{dql.Options{}, "warning unreadable-values A.at: not asked, A.at holds places, and some values of that type end the server when they are read; --read-geo reads them\n"},
		{dql.Options{ReadGeo: true}, "error unreadable-values A.at: 1 of 1; 1 fail every query that reads them\n"},
	} {
		findings := rules.Audit(derive(t, "new.graphql", text), nil)
		findings = slices.DeleteFunc(findings, func(f *rules.Finding) bool { return f.Rule.ID == "leftover-values" })
		settleBy(t, client, findings, c.options)
		if got := renderEvidence(rules.Violated(findings)); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
}

// TestAuditUnasked: without the stored schema, and without asking, everything is
// left, and nothing looks clean.
func TestAuditUnasked(t *testing.T) {
	t.Parallel()
	findings := rules.Audit(derive(t, "new.graphql", libraryAfter), nil)
	if left := rules.Violated(findings); len(left) != len(findings) {
		t.Errorf("%d of %d findings are left", len(left), len(findings))
	}
	for _, f := range findings {
		if f.Rule.ID == "leftover-values" && (f.Evidence.Reason == "" || f.Evidence.Asked) {
			t.Errorf("%s: %+v", identity(f), f.Evidence)
		}
	}
	if len(rules.Audit(derive(t, "new.graphql", ""), nil)) != 2 {
		t.Error("under the empty schema there is more than what it does not reach")
	}
}

// TestAuditWhole is about what every finding of an audit has, under all schemas
// at hand.
func TestAuditWhole(t *testing.T) {
	eachPair(t, func(t *testing.T, c *testCase) {
		if !c.refused(t) {
			checkWhole(t, rules.Audit(derive(t, "new.graphql", c.new), nil), c.new)
		}
	})
}
