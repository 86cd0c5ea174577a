package rules_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
	"github.com/schemacheck/schemacheck/fixes/migrate"
	"github.com/schemacheck/schemacheck/rules"
)

// A way is how fixes are chosen where a finding has several.
type way struct {
	name string
	// first is the fix of a finding that is taken, or -1.
	first func(*rules.Finding) int
}

// ways are those that lead to different plans: what is taken by itself, what
// --prefer migration takes, and what deletes or drops.
var ways = []way{
	{"by itself", func(f *rules.Finding) int { return first(f, "") }},
	{"--prefer migration", func(f *rules.Finding) int {
		if i := first(f, rules.Migration); i >= 0 {
			return i
		}
		return first(f, "")
	}},
	{"another way", func(f *rules.Finding) int {
		for i := len(f.Fixes) - 1; i >= 0; i-- {
			// What only takes an interface away leaves what it had hidden.
			if f.Fixes[i].Risk != rules.Destructive && f.Fixes[i].ID != "remove-interface-type" {
				return i
			}
		}
		return first(f, "")
	}},
	{"what deletes", func(f *rules.Finding) int {
		if i := slices.IndexFunc(f.Fixes, func(x rules.Fix) bool { return x.Risk == rules.Destructive }); i >= 0 {
			return i
		}
		return first(f, "")
	}},
}

// first is the fix of a kind that the program takes: what deletes never, and
// what only people can do last.
func first(f *rules.Finding, kind rules.FixKind) int {
	fits := func(x rules.Fix) bool { return x.Risk != rules.Destructive && (kind == "" || x.Kind == kind) }
	if i := slices.IndexFunc(f.Fixes, func(x rules.Fix) bool { return fits(x) && (x.Kind == rules.Directive || x.Migration != nil) }); i >= 0 || kind != "" {
		return i
	}
	return slices.IndexFunc(f.Fixes, fits)
}

// checkMigrated carries out the migrations of a case on the server: the old
// schema and its data, phase before, the new schema, phases after and contract.
// It looks at what clients get, at what the rules say of the data then, and that
// nothing else was written.
//
// It does so for the examples, for what once went wrong, and for the first plan
// with the same kinds of steps; with SCHEMACHECK_RANDOM set, for all.
func checkMigrated(t *testing.T, d *dgraphtest.Dgraph, c *testCase, script *txtar.Archive, r *liveRun, seen map[string]bool) {
	t.Helper()
	if r.backRefused && r.apply.Refused && !r.apply.Saved || c.refused(t) {
		return
	}
	var done []string
	for _, w := range ways {
		m := migrated(t, c, w)
		if m == nil || slices.Contains(done, m.work()) {
			continue
		}
		done = append(done, m.work())
		kinds := strings.Join(m.kinds(), " ")
		if seen[kinds] && c.name != "example" && !slices.Contains(wrongOnce, c.rule+"/"+c.name) && os.Getenv("SCHEMACHECK_RANDOM") == "" {
			continue
		}
		seen[kinds] = true
		if !t.Run(w.name, func(t *testing.T) { m.carryOut(t, d, c, script, r) }) {
			t.Logf("%s, with %v:\n%s", w.name, m.given, m.text)
		}
	}
}

// wrongOnce are cases that found mistakes which others like them did not.
var wrongOnce = []string{
	"field-type-changed/int-narrowed", "field-type-changed/point-to-polygon", "id-added/at-another-predicate", "id-added/retyped-into-one",
	"interface-added/two-required-fields", "type-removed/implementing", "update-refused/list-to-single",
}

// migration is what a case is to be migrated by.
type migration struct {
	plan    *migrate.Plan
	text    string           // the new schema, with edits
	taken   []string         // the fixes
	given   []string         // what was said
	mended  []*rules.Finding // those that phase before settles
	deletes bool             // a fix does not bring back what the update hides
}

// work tells plans apart.
func (m *migration) work() string {
	all := []string{m.text}
	for _, s := range m.plan.Steps {
		all = append(all, string(s.Phase)+" "+s.Title)
	}
	return strings.Join(all, "\n")
}

// harms reports whether a finding is about data that clients lose.
func harms(f *rules.Finding) bool {
	return f.Impact.Data != rules.DataNone || f.Impact.Storage == rules.StorageRefused
}

// migrated makes the plan of a case, or none: where no fix changes stored data,
// or something that harms data has no fix.
func migrated(t *testing.T, c *testCase, w way) *migration {
	t.Helper()
	before, after := derive(t, "old.graphql", c.old), derive(t, "new.graphql", c.new)
	findings := rules.Judge(diff.Compare(before, after, diff.Options{Renames: c.renames}))
	edits := func(findings []*rules.Finding) []rules.Chosen {
		var all []rules.Chosen
		for _, f := range findings {
			if i := w.first(f); i >= 0 && f.Fixes[i].Kind == rules.Directive && f.Severity != rules.Info {
				all = append(all, rules.Chosen{Finding: f, Fix: f.Fixes[i]})
			}
		}
		return all
	}
	mended := rules.Repair(after.Source.Files, findings, edits(findings), judging(before, c.renames),
		func(so rules.Repaired) []rules.Chosen { return edits(so.Left) })
	if len(mended.Failed) > 0 {
		t.Fatalf("%s: %v", w.name, mended.Failed[0].Err)
	}
	m := &migration{text: mended.Files[0].Text}
	for _, done := range mended.Done {
		m.taken = append(m.taken, done.Fix.ID+" of "+identity(done.Finding))
	}
	var recipes []*migrate.Recipe
	for _, f := range mended.Left {
		i := w.first(f)
		if i < 0 || f.Fixes[i].Migration == nil || f.Severity == rules.Info {
			if harms(f) && f.Severity != rules.Info {
				why := "has no fix"
				if i >= 0 {
					why = "has no migration in " + f.Fixes[i].ID
				}
				t.Logf("%s: not migrated: %s %s", w.name, identity(f), why)
				return nil
			}
			continue
		}
		x := f.Fixes[i]
		recipe, given := said(t, f, x)
		if recipe == nil {
			return nil
		}
		recipes = append(recipes, recipe)
		m.taken, m.given = append(m.taken, x.ID+" of "+identity(f)), append(m.given, given...)
		for _, prefix := range []string{"delete-", "remove-"} {
			m.deletes = m.deletes || strings.HasPrefix(x.ID, prefix)
		}
		if (f.Impact.Data == rules.DataInvalid || f.Impact.Data == rules.DataOneSided) && f.Impact.Storage != rules.StorageRefused && x.Risk != rules.Destructive {
			m.mended = append(m.mended, f)
		}
	}
	if len(recipes) == 0 {
		return nil
	}
	var err error
	m.plan, err = migrate.Assemble(migrate.Plan{
		ID: "20260101000000-" + c.rule, Name: c.name, From: before.Source.Fingerprint(), To: derive(t, "new.graphql", m.text).Source.Fingerprint(), NotBefore: "2026-01-01",
	}, recipes...)
	if err != nil {
		t.Errorf("%s: %v: %v", w.name, m.taken, err)
		return nil
	}
	return m
}

// answers are what tests say where only people know, first what fits first.
var answers = []string{"suffix", "merge", "GREEN=RED", "trim", "clear", "filled", "7", "2026-01-02T03:04:05Z", "true", `{"type":"Point","coordinates":[1.5,2.5]}`}

// said builds a fix with the answers that it takes. Its own are the first.
func said(t *testing.T, f *rules.Finding, x rules.Fix) (*migrate.Recipe, []string) {
	t.Helper()
	need := x.Migration.Need
	tries := [][]string{nil}
	if need != nil {
		tries = nil
		if need.Default != "" {
			tries = append(tries, []string{need.Default})
		}
		for _, text := range slices.Concat(need.Options, answers) {
			tries = append(tries, []string{text})
		}
		tries = append(tries, []string{"age=7", "breed=Pug"})
	}
	var err error
	for _, given := range tries {
		var r *migrate.Recipe
		if r, err = x.Migration.Build(given); err == nil {
			return r, given
		}
	}
	t.Logf("%s of %s: %v", x.ID, identity(f), err)
	return nil, nil
}

// run carries out a phase. Nothing but what its steps name is written, and what is
// not mended is told.
func (m *migration) run(t *testing.T, d *dgraphtest.Dgraph, client *dql.Client, phase migrate.Phase) []migrate.Left {
	t.Helper()
	was := stored(t, d)
	result, err := migrate.Run(t.Context(), client, migrate.File{Plan: m.plan, Checksum: "x"}, phase, migrate.Options{})
	if err != nil {
		t.Fatalf("phase %s: %v", phase, err)
	}
	is := stored(t, d)
	for name := range was {
		if !slices.Contains(m.writes(phase), name) && was[name] != is[name] {
			t.Errorf("phase %s changed %s, which it is not to write:\n%s", phase, name, cmp.Diff(was[name], is[name]))
		}
	}
	checks, err := migrate.Verify(t.Context(), client, m.plan, migrate.Status{Phase: phase})
	if err != nil {
		t.Fatalf("phase %s: %v", phase, err)
	}
	for _, check := range checks {
		if check.Open > 0 || check.Left > 0 && len(result.Left) == 0 || !check.Clean() && check.Left == 0 {
			t.Errorf("phase %s: %s; told are %v", phase, check, result.Left)
		}
	}
	return result.Left
}

func (m *migration) carryOut(t *testing.T, d *dgraphtest.Dgraph, c *testCase, script *txtar.Archive, r *liveRun) {
	t.Log(strings.Join(m.taken, ", "))
	begin(t, d, c, script)
	client := open(t, d)
	defer client.Close()
	told := m.run(t, d, client, migrate.Before)
	settle(t, d, m.mended)
	for _, f := range m.mended {
		// Nodes get the type of an interface that is served already when they can be
		// read as it, and values that are the same only as those of the new type
		// differ once that is there: in phase after.
		later := f.Rule.ID == "interface-added" || f.Rule.ID == "id-added" && slices.Contains(m.kinds(), "convert")
		if f.Evidence.Violations > 0 && len(told) == 0 && !later {
			t.Errorf("a second look still tells %s: %d violations", identity(f), f.Evidence.Violations)
		}
	}
	if _, err := migrate.Deploy(t.Context(), client, m.text); err != nil {
		t.Fatalf("deploying the new schema: %v", err)
	}
	if applied := d.ApplySchema(t, m.text); applied.Refused { // which waits until it is served
		t.Fatalf("the new schema is refused: %s", applied.Message)
	}
	told = append(told, m.run(t, d, client, migrate.After)...)
	again, err := migrate.Verify(t.Context(), client, m.plan, migrate.Status{Phase: migrate.Before})
	if err != nil {
		t.Fatalf("phase before, verified again: %v", err)
	}
	for _, check := range again {
		if !check.Clean() && len(told) == 0 {
			t.Errorf("phase before, verified again: %s", check)
		}
	}
	now := m.clients(t, d, c, script, r, told)
	m.run(t, d, client, migrate.Contract)
	is := stored(t, d)
	for _, s := range m.plan.Steps {
		if s.Drop == nil || s.Phase != migrate.Contract {
			continue
		}
		for _, name := range s.Drop.Predicates {
			if text := is[name]; text != "" && text != "[]" {
				t.Errorf("%s is still there after phase contract: %s", name, text)
			}
		}
	}
	if query := sectionOf(script, "query-new.graphql"); query != "" && !m.deletes {
		// Nodes leave an interface that their type left.
		if gone := nowhere(now, ask(t, d, query)); len(gone) > 0 && !slices.Contains(m.kinds(), "remove-type") {
			t.Errorf("phase contract takes from clients %v", gone)
		}
	}
	m.audit(t, client)
}

// audit looks at what is stored as a later check would.
func (m *migration) audit(t *testing.T, client *dql.Client) {
	t.Helper()
	for _, f := range audited(t, client, derive(t, "new.graphql", m.text)) {
		if f.Severity != rules.Info {
			t.Errorf("an audit tells %s: %s", identity(f), f.Message)
		}
	}
}

// audited are the findings about what is stored.
func audited(t *testing.T, client *dql.Client, s *diff.Schema) []*rules.Finding {
	t.Helper()
	stored, err := client.Stored(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	findings := rules.Audit(s, stored)
	settleBy(t, client, findings, dql.Options{ReadGeo: true})
	return rules.Violated(findings)
}

// checkMended carries out the migrations for what an audit found: afterwards it
// finds nothing more.
func checkMended(t *testing.T, d *dgraphtest.Dgraph, c *auditCase, violated []*rules.Finding) {
	t.Helper()
	var done []string
	for _, w := range ways {
		m := &migration{text: c.schema}
		var recipes []*migrate.Recipe
		var mended []string
		for _, f := range violated {
			i := w.first(f)
			if i < 0 || f.Fixes[i].Migration == nil {
				t.Logf("%s: not mended: %s", w.name, identity(f))
				continue
			}
			recipe, given := said(t, f, f.Fixes[i])
			if recipe == nil {
				continue
			}
			recipes, mended = append(recipes, recipe), append(mended, identity(f))
			m.taken, m.given = append(m.taken, f.Fixes[i].ID+" of "+identity(f)), append(m.given, given...)
		}
		if len(recipes) == 0 {
			continue
		}
		var err error
		if m.plan, err = migrate.Assemble(migrate.Plan{ID: "20260101000000-" + c.rule, Name: c.name, NotBefore: "2026-01-01"}, recipes...); err != nil {
			t.Errorf("%s: %v: %v", w.name, m.taken, err)
			continue
		}
		if slices.Contains(done, m.work()) {
			continue
		}
		done = append(done, m.work())
		ok := t.Run(w.name, func(t *testing.T) {
			c.store(t, d)
			client := open(t, d)
			defer client.Close()
			var told []migrate.Left
			for _, phase := range []migrate.Phase{migrate.Before, migrate.After, migrate.Contract} {
				told = append(told, m.run(t, d, client, phase)...)
			}
			for _, f := range audited(t, client, c.derive(t)) {
				if slices.Contains(mended, identity(f)) && len(told) == 0 || !slices.ContainsFunc(violated, func(old *rules.Finding) bool { return identity(old) == identity(f) }) {
					t.Errorf("a second look tells %s: %s", identity(f), f.Message)
				}
			}
		})
		if !ok {
			t.Logf("%s: %s, with %v\n%s", w.name, strings.Join(m.taken, ", "), m.given, m.text)
		}
	}
}

// writes are the predicates that a phase may change.
func (m *migration) writes(phase migrate.Phase) []string {
	var all []string
	for _, s := range m.plan.Steps {
		if s.Phase != phase {
			continue
		}
		all = append(all, s.Writes...)
		if s.Drop != nil {
			all = append(all, s.Drop.Predicates...)
		}
		if s.Redeclare != nil {
			all = append(all, s.Redeclare.Predicate.Name)
		}
	}
	return all
}

// clients looks at what clients get by the new schema.
func (m *migration) clients(t *testing.T, d *dgraphtest.Dgraph, c *testCase, script *txtar.Archive, r *liveRun, told []migrate.Left) answer {
	t.Helper()
	var now answer
	var gone []string
	for i, name := range []string{"query-new.graphql", "query-old.graphql"} {
		query := sectionOf(script, name)
		if query == "" || strings.HasPrefix(strings.TrimSpace(query), "mutation") {
			break
		}
		got := ask(t, d, query)
		if i == 0 {
			now = got
		}
		if got.Data == nil && slices.ContainsFunc(got.Errors, invalidOperation.MatchString) {
			return now // that is told of the API
		}
		gone = m.missing(c, r, got)
		if len(gone) == 0 && (len(got.Errors) == 0 || m.deletes) {
			return now
		}
	}
	if len(gone) > 0 && len(told) == 0 || len(now.Errors) > 0 {
		t.Errorf("clients miss %v, with the errors %v; told are %v", gone, now.Errors, told)
	}
	return now
}

// missing are the values that clients got and get no longer, but for those that
// the fixes change.
func (m *migration) missing(c *testCase, r *liveRun, got answer) []string {
	was := r.old
	if m.deletes {
		was = r.new
	}
	kinds := m.kinds()
	if slices.Contains(kinds, "choose") {
		was = answer{Data: single(was.Data, got.Data)}
	}
	// The query of an example is that of the documentation, with the new names, and
	// a value that becomes a node has another path.
	gone := lost(was, got)
	if c.name == "example" || slices.Contains(kinds, "refer") || slices.Contains(kinds, "take") {
		gone = nowhere(was, got)
	}
	is := got.values()
	var anywhere []string
	for path, values := range is {
		if path != "" {
			anywhere = append(anywhere, values...)
		}
	}
	is[""] = anywhere
	counts := was.values()
	return slices.DeleteFunc(gone, func(g string) bool {
		path, v, ok := strings.Cut(g, "=")
		if !ok {
			path, v = "", g
		}
		for _, s := range m.plan.Steps {
			switch {
			case s.Unique != nil && s.Unique.Losers == "clear":
				return true
			case s.Unique != nil && s.Unique.Losers == "merge":
				return len(is[path]) > 0
			case s.Unique != nil:
				return slices.ContainsFunc(is[path], func(other string) bool { return strings.HasPrefix(other, v+"-") })
			case s.Convert != nil:
				for _, r := range s.Convert.Rules.Map {
					if r.Old == v && slices.Contains(is[path], r.New) {
						return true
					}
				}
				// It has another form now.
				if path == "" || len(is[path]) == len(counts[path]) {
					return true
				}
			}
		}
		return false
	})
}

// kinds are the kinds of the plan's steps, each once.
func (m *migration) kinds() []string {
	var all []string
	for _, s := range m.plan.Steps {
		all = append(all, s.Kind)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// single is an answer in which each list that is one no more has only the one
// of its elements that is left, or the first in order.
func single(was, is any) any {
	switch w := was.(type) {
	case map[string]any:
		i, ok := is.(map[string]any)
		if !ok {
			return was
		}
		all := map[string]any{}
		for k := range w {
			all[k] = single(w[k], i[k])
		}
		return all
	case []any:
		if i, ok := is.([]any); ok {
			all := slices.Clone(w)
			for n := range all {
				if n < len(i) {
					all[n] = single(all[n], i[n])
				}
			}
			return all
		}
		if len(w) == 0 {
			return nil
		}
		if _, ok := is.(map[string]any); ok {
			for _, v := range w {
				if cmp.Equal(v, is) {
					return v
				}
			}
		}
		return w[0]
	}
	return was
}

// stored is all that a server holds, by predicate.
func stored(t *testing.T, d *dgraphtest.Dgraph) map[string]string {
	t.Helper()
	var schema struct {
		Schema []struct {
			Predicate, Type string
			Lang            bool
		}
	}
	if err := json.Unmarshal(d.Query(t, "schema {type lang}"), &schema); err != nil {
		t.Fatal(err)
	}
	var blocks strings.Builder
	names := map[string]string{}
	for i, p := range schema.Schema {
		if strings.HasPrefix(p.Predicate, "schemacheck.") || strings.HasPrefix(p.Predicate, "dgraph.") && p.Predicate != "dgraph.type" {
			continue
		}
		name, value := "<"+p.Predicate+">", ""
		switch {
		case p.Type == "uid":
			value = "v: " + name + " @facets {uid}"
		case p.Lang:
			value, name = name+"@*", name+"@."
		case p.Type != "password":
			value = "v: " + name + " @facets"
		}
		q := fmt.Sprintf("q%d", i)
		names[q] = p.Predicate
		fmt.Fprintf(&blocks, "%s(func: has(%s)) {uid %s}\n", q, name, value)
	}
	all := map[string]string{}
	ask := func(blocks string) error {
		response, err := d.Client().NewReadOnlyTxn().Query(t.Context(), "{"+blocks+"}")
		if err != nil {
			return err
		}
		var rows map[string]json.RawMessage
		if err := json.Unmarshal(response.Json, &rows); err != nil {
			return err
		}
		for q, text := range rows {
			all[names[q]] = string(text)
		}
		return nil
	}
	if ask(blocks.String()) == nil {
		return all
	}
	for block := range strings.Lines(blocks.String()) { // one of them cannot be read
		if err := ask(block); err != nil {
			q, _, _ := strings.Cut(block, "(")
			all[names[q]] = err.Error()
		}
	}
	return all
}
