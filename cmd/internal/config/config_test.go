package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const (
	printA = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	printB = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
)

var ruleIDs = []string{"id-added", "id-removed", "field-removed", "schema-invalid"}

// full sets every key.
const full = `# what counts
failOn: warning
rules:
  id-added: off
  field-removed: "info"
  id-removed:
    severity: warning
    types: {Legacy*: off, Audit.*: info}
    paths:
      schema/internal/**: error
renames:
  "User.phone": User.tel
  User: Account
schema: schema/schema.graphql
alpha: [localhost:9080, "[::1]:9081, other:9082"]
environments:
  production: &cluster
    alpha: db:9080
    http: https://db:8443/graph
    tls: ca-cert=ca.pem; server-name=db
    creds: "@/run/secrets/dgraph"
    authToken: $AUTH_TOKEN
    apiKey: "@key"
    protected: true
  staging: *cluster
  cloud:
    connStr: dgraph://user@host:443?sslmode=verify-ca
dgraphVersion: 25.10
operations:
  - "app/**/*.graphql"
  - web/{a,b}/*.gql
operationTags: apollo
operationCalls: [client.Query, run]
usage: downgrade-unused
migrations: migrations
fixes:
  prefer: migration
  choose:
    User.phone: copy-values
  set:
    User.plan: basic
    Color: [RED=CRIMSON, "BLUE=NAVY"]
    User.email:make-unique: suffix
undoRetention: 30d
deprecationGrace: 36h
baseline: known.json
batchSize: 250
accept:
  - fingerprint: ` + printA + `
    rule: field-removed
    reason: |
      the app reads
      both fields
    until: 2027-01-31
  - {reason: known, fingerprint: ` + printB + `}
`

func fullConfig() *Config {
	cluster := Environment{
		Alpha: []string{"db:9080"}, HTTP: "https://db:8443/graph", TLS: "ca-cert=ca.pem; server-name=db",
		Creds: "@/run/secrets/dgraph", AuthToken: "$AUTH_TOKEN", APIKey: "@key", Protected: true,
	}
	return &Config{
		File: "c.yaml", FailOn: "warning",
		Rules: map[string]Rule{"id-added": {Severity: "off"}, "field-removed": {Severity: "info"}, "id-removed": {
			Severity: "warning", Types: []Override{{"Legacy*", "off"}, {"Audit.*", "info"}}, Paths: []Override{{"schema/internal/**", "error"}},
		}},
		Renames: []Rename{{"User.phone", "User.tel", 12, 3}, {"User", "Account", 13, 3}},
		Schema:  "schema/schema.graphql", Alpha: []string{"localhost:9080", "[::1]:9081", "other:9082"},
		Environments: map[string]Environment{
			"production": cluster, "staging": cluster,
			"cloud": {ConnStr: "dgraph://user@host:443?sslmode=verify-ca"},
		},
		DgraphVersion: "25.10", Operations: []string{"app/**/*.graphql", "web/{a,b}/*.gql"},
		Fixes: Fixes{Prefer: "migration", Choose: []string{"User.phone=copy-values"},
			Set: []string{"User.plan=basic", "Color=RED=CRIMSON", "Color=BLUE=NAVY", "User.email:make-unique=suffix"}},
		Usage: "downgrade-unused", OperationTags: []string{"apollo"}, OperationCalls: []string{"client.Query", "run"},
		Migrations: "migrations", UndoRetention: 30 * 24 * time.Hour, BatchSize: 250,
		DeprecationGrace: 36 * time.Hour, Baseline: "known.json",
		Accept: []Acceptance{
			{printA, "field-removed", "the app reads both fields", time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC), 49, 5},
			{printB, "", "known", time.Time{}, 55, 5},
		},
	}
}

// TestManyBlocks: text over several lines does not count as depth.
func TestManyBlocks(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	text.WriteString("accept:\n")
	for i := range 100 {
		fmt.Fprintf(&text, "  - fingerprint: %s%02x\n    reason: |\n      one\n      two\n", printA[:len(printA)-2], i)
	}
	c, err := Parse("c.yaml", []byte(text.String()), nil)
	if err != nil || len(c.Accept) != 100 {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"LF": full, "CRLF": strings.ReplaceAll(full, "\n", "\r\n"), "BOM": "\ufeff" + full, "document mark": "---\n" + full[len("# what counts\n"):],
	} {
		got, err := Parse("c.yaml", []byte(text), ruleIDs)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want := fullConfig()
		want.Text = text
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	for _, text := range []string{"", "# nothing\n", "---\n", "{}", "rules:\nrenames:\nschema:\nalpha:\naccept:\nenvironments:\n"} {
		got, err := Parse("c.yaml", []byte(text), nil)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if diff := cmp.Diff(&Config{File: "c.yaml", Text: text}, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

// bad are wrong configurations with every problem that is told. byEye is for
// what a JSON Schema cannot see.
var bad = []struct {
	text  string
	want  []string
	byEye bool
}{
	{text: "falOn: error\nrulez: {}\nnonsense: 1\n", want: []string{
		`1:1: "falOn" is not a key of the configuration; did you mean failOn?`,
		`2:1: "rulez" is not a key of the configuration; did you mean rules?`,
		`3:1: "nonsense" is not a key of the configuration`,
	}},
	{text: "failOn: fatal", want: []string{`1:9: failOn is "fatal", but has to be one of error, warning, info, never`}},
	{text: "usage: never", want: []string{`1:8: usage is "never", but has to be one of downgrade-unused`}},
	{text: "failOn: true", want: []string{`1:9: failOn is true or false, but text is needed here; put it into quotes`}},
	{text: "failOn: [error]", want: []string{`1:9: failOn is a list, but text is needed here; put it into quotes`}},
	{text: "rules:\n  id-aded: off\n  id-added: never\n  id-removed: 1", byEye: false, want: []string{
		`2:3: there is no rule "id-aded"; did you mean id-added?`,
		`3:13: rules: "id-added" is "never", but has to be one of error, warning, info, off`,
		`4:15: rules: "id-removed" is a number, but text is needed here; put it into quotes`,
	}},
	{text: "rules:\n  id-added: {severty: off, types: {A: fatal, 'b[': off, a b: off, A/b: off}, paths: [x]}\n  id-removed: {severity: 1, types: , paths: {'[': info, '': off}}", want: []string{
		`2:14: "severty" is not a key of rules: "id-added"; did you mean severity?`,
		`2:39: rules: "id-added": types: "A" is "fatal", but has to be one of error, warning, info, off`,
		`2:46: "b[" is not a pattern of types or coordinates such as Legacy* or User.old*`,
		`2:57: "a b" is not a pattern of types or coordinates such as Legacy* or User.old*`,
		`2:67: "A/b" is not a pattern of types or coordinates such as Legacy* or User.old*`,
		`2:85: rules: "id-added": paths is a list, but keys with values are needed here`,
		`3:26: rules: "id-removed": severity is a number, but text is needed here; put it into quotes`,
		`3:46: "[" is not a pattern of file names`,
		`3:57: "" is not a pattern of file names`,
	}},
	{text: "deprecationGrace: 1w", want: []string{`1:19: deprecationGrace is "1w", but has to be a number of days or hours such as 30d or 12h`}},
	{text: "rules: [id-added]", want: []string{`1:8: rules is a list, but keys with values are needed here`}},
	{text: "schema: a\nfailOn: info\nschema: b", byEye: true, want: []string{`3:1: "schema" stands twice in the configuration, first in line 1`}},
	{text: "schema: ''", want: []string{`1:9: schema is empty`}},
	{text: "schema: 7", want: []string{`1:9: schema is a number, but text is needed here; put it into quotes`}},
	{text: "schema: \"a\\eb\"", byEye: true, want: []string{`1:9: schema has a control character in it`}},
	{text: "renames:\n  User.phone: Tel\n  A b: C\n  B: 1x\n  C: C\n  D: F\n  E: F", want: []string{
		`2:15: "User.phone" cannot become "Tel": one is a type, the other a field`,
		`3:3: "A b" is neither a type nor Type.field`,
		`4:6: "1x" is neither a type nor Type.field`,
		`5:6: "C" is renamed to itself`,
		`7:6: "D" and "E" cannot both become "F"`,
	}},
	{text: "alpha: localhost", want: []string{`1:8: an address of alpha has to be host:port, such as localhost:9080`}},
	{text: "alpha: [a:1, 'b:sesame']", want: []string{`1:14: an address of alpha has to be host:port, such as localhost:9080`}},
	{text: "alpha: user:sesame@host:9080", want: []string{`1:8: an address of alpha has to be host:port, such as localhost:9080`}},
	{text: "environments:\n  a b: {}\n  prod:\n    alfa: x:1\n    protected: yes please\n", want: []string{
		`2:3: "a b" is not a name of an environment: letters, digits, dots, dashes and underscores`,
		`4:5: "alfa" is not a key of an environment; did you mean alpha?`,
		`5:16: protected is text, but has to be true or false`,
	}},
	{text: "environments:\n  prod:\n    creds: user=groot;password=sesame\n    authToken: sesame\n    apiKey: sesame\n    http: http://u:sesame@host\n", want: []string{
		`3:12: creds is a secret and does not belong into this file; name a file that holds it ("@PATH") or an environment variable ("$NAME")`,
		`4:16: authToken is a secret and does not belong into this file; name a file that holds it ("@PATH") or an environment variable ("$NAME")`,
		`5:13: apiKey is a secret and does not belong into this file; name a file that holds it ("@PATH") or an environment variable ("$NAME")`,
		`6:11: http has to be a URL such as http://localhost:8080, without user info`,
	}},
	{text: "environments:\n  a: {connStr: 'dgraph://u:sesame@h:1'}\n  b: {connStr: 'dgraph://h:1?apikey=sesame'}\n  c: {connStr: 'dgraph://h:1?bearertoken=sesame'}", byEye: true, want: []string{
		`2:16: connStr has a secret in it, which does not belong into this file; name a file that holds it ("@PATH") or an environment variable ("$NAME")`,
		`3:16: connStr has a secret in it, which does not belong into this file; name a file that holds it ("@PATH") or an environment variable ("$NAME")`,
		`4:16: connStr has a secret in it, which does not belong into this file; name a file that holds it ("@PATH") or an environment variable ("$NAME")`,
	}},
	{text: "environments:\n  a: {connStr: 'http://sesame'}\n  b: {connStr: $C, alpha: 'x:1'}", want: []string{
		`2:16: connStr has to look like dgraph://host:port`,
		`3:3: connStr of "b" says everything about the connection; no other key but protected may stand beside it`,
	}},
	{text: "dgraphVersion: latest", want: []string{`1:16: dgraphVersion has to look like 25.3.8`}},
	{text: "dgraphVersion: [25]", want: []string{`1:16: dgraphVersion has to look like 25.3.8`}},
	{text: "operations: [a, 'b[', 3]", want: []string{
		`1:17: "b[" is not a pattern of file names`,
		`1:23: operations is a number, but text is needed here; put it into quotes`,
	}},
	{text: "operationTags: [gql, 'a b', '`']\noperationCalls: a.b.c", want: []string{
		`1:22: "a b" is not a name in a program, such as gql`,
		"1:29: \"`\" is not a name in a program, such as gql",
		`2:17: "a.b.c" is not a name in a program, such as graphql.NewRequest`,
	}},
	{text: "undoRetention: 0d", want: []string{`1:16: undoRetention is "0d", but has to be a number of days or hours such as 30d or 12h`}},
	{text: "batchSize: 0", want: []string{`1:12: batchSize has to be a number of nodes from 1 to 10000`}},
	{text: "batchSize: '10'", want: []string{`1:12: batchSize has to be a number of nodes from 1 to 10000`}},
	{text: "batchSize: 10001", want: []string{`1:12: batchSize has to be a number of nodes from 1 to 10000`}},
	{text: "undoRetention: 30", want: []string{`1:16: undoRetention is a number, but text is needed here; put it into quotes`}},
	{text: "accept: {}", want: []string{`1:9: accept is a mapping, but a list is needed here`}},
	{text: "accept:\n  - fingerprint: " + printA + "\n  - reason: why\n  - fingerprint: " + printB + "\n    reason: '  '\n    until: 2027-02-30\n  - id: x\n  - nothing", want: []string{
		`2:5: an entry of accept without a reason; say why this finding is accepted`,
		`3:5: an entry of accept without a fingerprint; the json report has it`,
		`5:13: reason is empty`,
		`6:12: until is "2027-02-30", but has to be a day such as 2027-01-31`,
		`7:5: "id" is not a key of an entry of accept`,
		`8:5: an entry of accept is text, but keys with values are needed here`,
	}},
	{text: "accept:\n- fingerprint: sha256:" + printA + "\n  reason: x", want: []string{
		`2:16: "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…" is not a fingerprint: 64 of the signs 0-9 and a-f, as in the json report`,
	}},
	{text: "accept:\n- {fingerprint: " + printA + ", reason: x}\n- {fingerprint: " + printA + ", reason: y}", byEye: true, want: []string{
		`3:3: this fingerprint is accepted twice, first in line 2`,
	}},
	{text: "environments:\n  a: &a {alfa: 1}\n  b: *a\n", byEye: true, want: []string{`2:10: "alfa" is not a key of an environment; did you mean alpha?`}},
	{text: "schema: &a\n  *a\n", byEye: true, want: []string{`2:3: nested more than 32 levels deep, aliases followed`}},
	{text: "schema: *nowhere", byEye: true, want: []string{`1:9: alias of "nowhere", which no anchor before it defines`}},
	{text: "environments:\n  a: &a {alpha: 'x:1'}\n  b:\n    <<: *a", byEye: true, want: []string{`4:5: merge keys (<<) are not supported; write the keys out`}},
	{text: "schema: !!str 5", byEye: true, want: []string{`1:9: tags such as "!!str" are not supported; put text into quotes instead`}},
	{text: "? [a]\n: b", byEye: true},
	{text: "schema", want: []string{`1:1: the configuration is text, but keys with values are needed here`}},
	{text: "schema: a\n---\nschema: b", byEye: true, want: []string{`3:1: a second YAML document; the configuration is a single one`}},
	{text: "schema: [", byEye: true},
	{text: "schema:\n\tx: 1", byEye: true},
	{text: "schema: \xff", byEye: true, want: []string{`not UTF-8 text`}},
	{text: "\x1b[31m: \x1b", want: []string{`1:1: "\x1b[31m" is not a key of the configuration`}},
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	for _, c := range bad {
		got, err := Parse("c.yaml", []byte(c.text), ruleIDs)
		var all Errors
		if !errors.As(err, &all) || got != nil {
			t.Errorf("%q: error %v and %v, want problems and no configuration", c.text, err, got)
			continue
		}
		var lines []string
		for _, one := range all {
			lines = append(lines, strings.TrimPrefix(strings.TrimPrefix(one.Error(), "c.yaml:"), " "))
			if one.File != "c.yaml" {
				t.Errorf("%q: a problem of file %q", c.text, one.File)
			}
		}
		if c.want == nil { // the parser's own words
			if !strings.Contains(all[0].Message, "not valid YAML: ") || all[0].Line == 0 {
				t.Errorf("%q: %v, want a syntax error with its place", c.text, err)
			}
		} else if diff := cmp.Diff(c.want, lines); diff != "" {
			t.Errorf("%q (-want +got):\n%s", c.text, diff)
		}
		if strings.Contains(err.Error(), "sesame") {
			t.Errorf("%q: the error repeats a secret: %v", c.text, err)
		}
		if strings.ContainsAny(err.Error(), "\x1b\t\x00") {
			t.Errorf("%q: a control character in %q", c.text, err)
		}
		var first *Error
		if !errors.As(err, &first) || first != all[0] {
			t.Errorf("%q: errors.As does not find the first problem", c.text)
		}
	}
}

func TestParseWithoutRules(t *testing.T) {
	t.Parallel()
	got, err := Parse("c.yaml", []byte("rules: {any-rule: off}"), nil)
	if err != nil || got.Rules["any-rule"].Severity != "off" {
		t.Errorf("rules are checked against nothing: %v, %v", got, err)
	}
}

func TestSeverities(t *testing.T) {
	t.Parallel()
	c, err := Parse("c.yaml", []byte("rules:\n  id-added:\n    severity: warning\n    types: {Legacy*: off, '*.secret': error, Audit.*: info}\n"+
		"    paths: {a/**: off, '**/*.gql': error}\n  id-removed: {types: {'{A,B}': info}}\n  field-removed: {types: {'*': off}}\n"), ruleIDs)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ rule, coordinate, path, want string }{
		{"id-added", "User", "", "warning"},
		{"id-added", "LegacyUser", "", "off"},
		{"id-added", "LegacyUser.secret", "", "off"}, // the first one
		{"id-added", "Audit.secret", "", "error"},
		{"id-added", "Audit.at", "", "info"},
		{"id-added", "Audit", "", "warning"}, // a field is meant
		{"id-added", "", "", "warning"},
		{"id-added", "", "a/b/c.graphql", "off"},
		{"id-added", "User", "a/b.gql", "off"},
		{"id-added", "User", "b.gql", "error"},
		{"id-added", "User", "b/a/x.graphql", "warning"},
		{"id-added", "Audit.at", "a/b.gql", "info"}, // types come first
		{"id-removed", "A", "", "info"},
		{"id-removed", "B.c", "", "info"},
		{"id-removed", "C", "a", ""},
		{"field-removed", "C", "a", "off"},
		{"field-removed", "", "a", ""}, // about no type
	} {
		if got := c.Rules[test.rule].For(test.coordinate, test.path); got != test.want {
			t.Errorf("%s of %q in %q is %q, want %q", test.rule, test.coordinate, test.path, got, test.want)
		}
	}
}

func TestExpired(t *testing.T) {
	t.Parallel()
	a := Acceptance{Until: time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC)}
	last := time.Date(2027, 1, 31, 23, 59, 59, 0, time.UTC)
	if a.Expired(last) || !a.Expired(last.Add(time.Second)) {
		t.Error("an acceptance is good for its whole last day, and not for the next")
	}
	if (Acceptance{}).Expired(last) {
		t.Error("an acceptance without a day expires")
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	make := func(path string) {
		t.Helper()
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	make(".schemacheck.yaml") // above every work tree
	make("tree/.git/HEAD")
	make("tree/a/b/x")
	make("tree/c/.schemacheck.yaml")
	make("tree/c/d/x")
	make("linked/.git") // a file, as in a linked work tree
	make("linked/e/x")
	make("linked/.schemacheck.yaml")
	make("loose/f/x")
	for start, want := range map[string]string{
		"tree/a/b":    "",
		"tree":        "",
		"tree/c":      "tree/c/.schemacheck.yaml",
		"tree/c/d":    "tree/c/.schemacheck.yaml",
		"linked/e":    "linked/.schemacheck.yaml",
		"loose/f":     "",
		".":           ".schemacheck.yaml",
		"tree/no/way": "",
	} {
		got, err := Find(filepath.Join(root, start))
		if err != nil {
			t.Errorf("%s: %v", start, err)
		}
		if want != "" {
			want = filepath.Join(root, want)
		}
		if got != want {
			t.Errorf("Find(%s) = %q, want %q", start, got, want)
		}
	}
	for _, c := range []struct{ start, dir, want string }{
		{"tree/a/b", "tree/a", "tree/a"}, {"tree/a/b", "tree", "tree"}, {"tree/a/b", "tree/a/b", "tree/a/b"},
		{"tree/a/b", ".", "tree/a/b"}, {"tree/a/b", "tree/c", "tree/a/b"}, {"loose/f", "loose", "loose/f"}, {"loose/f", "tree", "loose/f"},
	} {
		got, err := Home(filepath.Join(root, c.start), filepath.Join(root, c.dir))
		if err != nil || got != filepath.Join(root, c.want) {
			t.Errorf("Home(%s, %s) = %q, %v, want %q", c.start, c.dir, got, err, c.want)
		}
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), Name)
	if _, err := Load(path, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if err := os.WriteFile(path, []byte("failOn: info\nrules: {x: off}"), 0o644); err != nil {
		t.Fatal(err)
	}
	if c, err := Load(path, []string{"x"}); err != nil || c.FailOn != "info" || c.File != path {
		t.Errorf("Load = %+v, %v", c, err)
	}
	if _, err := Load(path, []string{"y"}); err == nil || !strings.HasPrefix(err.Error(), path+":2:9: ") {
		t.Errorf("an unknown rule: %v", err)
	}
	if err := os.WriteFile(path, []byte("# "+strings.Repeat("x", maxSize)), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path, nil); err == nil || !strings.HasSuffix(err.Error(), ": larger than 1048576 bytes") {
		t.Errorf("a large file: %v", err)
	}
	if _, err := Load(filepath.Dir(path), nil); err == nil {
		t.Error("a folder is no configuration")
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	known := []string{"field-removed", "field-renamed", "id-added", "alpha", "--fail-on", "tls"}
	for name, want := range map[string]string{
		"field-removd": "field-removed", "FIELD_RENAMED": "field-renamed", "idadded": "id-added", "alfa": "alpha", "fail_on": "--fail-on",
		"zzz": "", "": "", "a": "", "ids": "", "field-re": "", strings.Repeat("alpha", 1000): "",
		"field-rem0ved": "field-removed", "alphb": "alpha", "tsl": "", "tks": "tls", "s": "", "TLS": "tls",
	} {
		if got := Nearest(name, known); got != want {
			t.Errorf("Nearest(%.20q) = %q, want %q", name, got, want)
		}
	}
}
