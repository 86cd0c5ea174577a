package main

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestHostileFacts: whoever wrote a file of facts, what is told of the Dgraph
// stays bounded, is made of known rules, and steers no terminal.
func TestHostileFacts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := func(args ...string) (exit, string, string) {
		var out, talk strings.Builder
		p := program{in: strings.NewReader(""), out: &out, err: &talk, dir: dir, env: func(string) (string, bool) { return "", false }}
		code := p.run(t.Context(), append([]string{"diff", "old.graphql", "new.graphql"}, args...))
		return code, out.String(), talk.String()
	}
	write("old.graphql", "type User {\n  id: ID!\n  name: String\n}\n")
	write("new.graphql", "type User {\n  id: ID!\n  name: String\n  sizes: Int\n}\n")
	var plain struct{ Before, After struct{ Fingerprint string } }
	_, out, _ := run("--format", "json")
	if err := json.Unmarshal([]byte(out), &plain); err != nil {
		t.Fatal(err)
	}
	type object = map[string]any
	facts := func(change object) string {
		all := object{"dataVersion": 2, "before": plain.Before.Fingerprint, "after": plain.After.Fingerprint, "alpha": "host:9080",
			"readTs": []int{1, 1}, "duration": "1s", "complete": true, "findings": []any{}, "drift": []any{}, "leftovers": []any{}, "notChecked": []any{}}
		maps.Copy(all, change)
		text, err := json.Marshal(all)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	drift := object{"subject": "User.name", "message": "m", "consequence": "c"}
	for _, c := range []struct {
		name, facts string
		code        exit
		says        string
	}{
		{"nothing", facts(nil), exitOK, "0 errors, 0 warnings, 1 info"},
		{"of before", facts(object{"dataVersion": 1}), exitUsage, "save it anew"},
		{"a leftover", facts(object{"leftovers": []any{object{"predicate": "User.sizes", "type": "int", "list": true}}}), exitFindings, "error[update-refused] User.sizes"},
		{"a leftover of the old schema", facts(object{"leftovers": []any{object{"predicate": "User.name", "type": "int", "list": true}}}), exitOK, "0 errors, 0 warnings, 1 info"},
		{"a drift", facts(object{"drift": []any{drift}}), exitOK, "new.graphql:3:3"},
		{"a drift twice", facts(object{"drift": []any{drift, drift}}), exitUsage, "told twice"},
		{"another rule", facts(object{"drift": []any{object{"rule": "id-added", "subject": "x", "message": "m"}}}), exitUsage, "no file of --save-data"},
		{"what could not be looked at", facts(object{"notChecked": []any{"whether it runs"}}), exitOK, "not checked: whether it runs"},
		{"escapes", facts(object{"drift": []any{object{"subject": "x\x1b[2J", "message": "\x1b]0;\u202em", "consequence": "\r\n::error::"}}, "notChecked": []any{"\x1b[2J"}}), exitOK, `\x1b`},
		{"a long text", facts(object{"drift": []any{object{"subject": "x", "message": strings.Repeat("m", 1<<17)}}}), exitUsage, "longer than 64 KiB"},
		{"many", facts(object{"leftovers": make([]object, 100_001)}), exitUsage, "100000 is the most"},
	} {
		write("facts.json", c.facts)
		code, out, talk := run("--data", "facts.json")
		if code != c.code || !strings.Contains(out+talk, c.says) || strings.ContainsAny(out+talk, "\x1b\r\u202e") || strings.Contains(out, "\n::") {
			t.Errorf("%s: exit %d, want %d and %q\n%q%q", c.name, code, c.code, c.says, out, talk)
		}
	}
}
