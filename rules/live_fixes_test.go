package rules_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
	"github.com/schemacheck/schemacheck/rules"
)

// aside are the directive fixes that leave data where it is and the field
// elsewhere, to be filled: a query gets nothing back by them alone.
var aside = []string{"new-predicate"}

// checkFixed carries out the first fixes of a case on the server, which has the
// old schema and its data: it takes the mended schema, and where each harm to
// data has such a fix, clients get all that they got, without errors, by the old
// query or by the new one.
func checkFixed(t *testing.T, d *dgraphtest.Dgraph, c *testCase, script *txtar.Archive, r *liveRun) {
	t.Helper()
	if r.backRefused || c.refused(t) {
		return
	}
	before, after := derive(t, "old.graphql", c.old), derive(t, "new.graphql", c.new)
	findings := rules.Judge(diff.Compare(before, after, diff.Options{Renames: c.renames}))
	whole := true
	for _, f := range findings {
		if len(f.Fixes) > 0 && f.Fixes[0].Kind == rules.Directive {
			whole = whole && !slices.Contains(aside, f.Fixes[0].ID)
		} else if f.Impact.Data != rules.DataNone {
			whole = false
		}
	}
	chosen := safest(findings)
	if len(chosen) == 0 || !slices.ContainsFunc(chosen, func(c rules.Chosen) bool { return c.Finding.Impact.Data != rules.DataNone }) {
		return
	}
	mended := rules.Repair(after.Source.Files, findings, chosen, judging(before, c.renames),
		func(so rules.Repaired) []rules.Chosen { return safest(so.Left) })
	text := mended.Files[0].Text
	if len(mended.Failed) > 0 {
		t.Fatalf("%d fixes failed, the first: %v", len(mended.Failed), mended.Failed[0].Err)
	}
	refused := slices.ContainsFunc(mended.Left, func(f *rules.Finding) bool { return f.Impact.Storage == rules.StorageRefused })
	if applied := d.ApplySchema(t, text); applied.Refused != refused {
		t.Errorf("the mended schema is refused, %v: %s\n%s", applied.Refused, applied.Message, text)
		return
	}
	if !whole || refused || len(r.old.values()) == 0 {
		return
	}
	var gone []string
	var errors []string
	for _, name := range []string{"query-new.graphql", "query-old.graphql"} {
		query := sectionOf(script, name)
		if query == "" || strings.HasPrefix(strings.TrimSpace(query), "mutation") {
			return
		}
		now := ask(t, d, query)
		if c.name == "example" { // its query is that of the documentation, with the new names
			gone = nowhere(r.old, now)
		} else {
			gone = lost(r.old, now)
		}
		if errors = now.Errors; len(gone) == 0 && len(errors) == 0 {
			return
		}
	}
	t.Errorf("with the fixes clients miss %v, with the errors %v; the schema is\n%s", gone, errors, text)
}

// nowhere are the values of the old answer that the new one has nowhere.
func nowhere(before, after answer) []string {
	var is, gone []string
	for _, values := range after.values() {
		is = append(is, values...)
	}
	for _, values := range before.values() {
		for _, v := range values {
			if i := slices.Index(is, v); i >= 0 {
				is = slices.Delete(is, i, i+1)
			} else {
				gone = append(gone, v)
			}
		}
	}
	return gone
}
