package main

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/cmd/internal/report"
)

// attempt is one way to give credentials, good or bad.
type attempt struct {
	name   string
	flags  string // with blanks between
	env    map[string]string
	config string // of .schemacheck.yaml
	schema string // OLD, when it is a Dgraph
	code   exit   // of doctor, or of diff where there is a schema
	warns  bool   // of secrets on the command line
}

// canaries gives every credential in every way, and looks for it in all that
// is written: standard output and error, reports and saved facts.
func (s *secured) canaries(t *testing.T) {
	const wrong = "user=admin;password=canary-wrong"
	good := "user=admin;password=" + canaryAdmin
	tls := " --tls ca-cert=" + s.CA + " "
	at := "-a " + s.addr + tls
	other := "-a " + s.GRPC + " "
	environments := func(of string) string { return "environments:\n  prod:\n    alpha: " + s.addr + "\n" + of }
	attempts := []attempt{
		{name: "flags", flags: at + "--auth-token " + canaryToken + " --creds " + good, code: exitOK, warns: true},
		{name: "files", flags: at + "--auth-token @token.txt --creds @admin.txt", code: exitOK},
		{name: "variables", flags: at, env: map[string]string{"SCHEMACHECK_AUTH_TOKEN": canaryToken, "SCHEMACHECK_CREDS": good}, code: exitOK},
		{name: "limited", flags: at + "--auth-token @token.txt", env: map[string]string{"SCHEMACHECK_CREDS": "user=some;password=" + canaryLimited}, code: exitFindings},
		{name: "configuration", flags: "--env prod", env: map[string]string{"TOKEN": canaryToken},
			config: environments("    tls: ca-cert=" + s.CA + "\n    creds: '@admin.txt'\n    authToken: $TOKEN\n"), code: exitOK},
		{name: "wrong password", flags: at + "--auth-token @token.txt --creds " + wrong, code: exitUnfinished, warns: true},
		{name: "wrong token", flags: at + "--auth-token canary-wrong --creds @admin.txt", code: exitUnfinished, warns: true},
		{name: "wrong file", flags: at + "--auth-token @token.txt --creds @token.txt", code: exitUsage},
		{name: "plain text", flags: other + "--auth-token @token.txt --creds @admin.txt", code: exitUnfinished},
		{name: "wrong name", flags: "-a " + s.addr + " --tls server-name=db.example.org --auth-token @token.txt --creds @admin.txt", code: exitUnfinished},
		{name: "zero", flags: "-a " + s.zero + tls + "--auth-token @token.txt --creds @admin.txt", code: exitUnfinished},
		{name: "nobody there", flags: "-a 127.0.0.1:1 --auth-token @token.txt --creds @admin.txt", code: exitUnfinished},
		{name: "API key", flags: at + "--auth-token @token.txt --creds @admin.txt --api-key canary-key", code: exitOK, warns: true},
		{name: "API key in plain text", flags: other + "--api-key canary-key", code: exitUsage, warns: true},
		{name: "a token with a line end", flags: at, env: map[string]string{"SCHEMACHECK_AUTH_TOKEN": "canary\nx"}, code: exitUsage},
		{name: "a token that looks like a variable", flags: other + "--auth-token $canary", code: exitUnfinished, warns: true},
		{name: "not credentials", flags: other + "--creds canary", code: exitUsage, warns: true},
		{name: "unknown credentials", flags: other + "--creds user=a;canary=canary", code: exitUsage, warns: true},
		{name: "credentials with a semicolon", flags: other + "--creds user=a;password=a;canary", code: exitUsage, warns: true},
		{name: "no such namespace", flags: other + "--creds user=a;password=canary;namespace=canary", code: exitUsage, warns: true},
		{name: "user info of the URL", flags: at + "--http https://u:canary@" + s.addr, code: exitUsage},
		{name: "query of the URL", flags: at + "--http https://" + s.addr + "?key=canary", code: exitUsage},
		{name: "an address with user info", flags: "-a u:canary@" + s.addr, code: exitUsage},
		{name: "connection string", flags: "--conn-str dgraph://admin:" + canaryAdmin + "@" + s.addr + "?sslmode=require", code: exitUnfinished, warns: true},
		{name: "connection string in a file", flags: "--conn-str @conn.txt", code: exitUnfinished},
		{name: "connection string, wrong", flags: "--conn-str dgraph://admin:ca%zznary-canary@" + s.addr, code: exitUsage, warns: true},
		{name: "connection string with a slash", flags: "--conn-str dgraph://admin:1/canary@" + s.addr, code: exitUsage, warns: true},
		{name: "connection string with keys", flags: "--conn-str dgraph://" + s.addr + "?apikey=canary&bearertoken=canary", code: exitUsage, warns: true},
		{name: "bearer token in plain text", flags: "--conn-str dgraph://" + s.addr + "?bearertoken=canary", code: exitUsage, warns: true},
		{name: "bearer token", flags: "--conn-str dgraph://" + s.addr + "?sslmode=require&bearertoken=canary-bearer", code: exitUnfinished, warns: true},
		{name: "connection string and more", flags: "--conn-str dgraph://a:canary@" + s.addr + " --creds canary", code: exitUsage, warns: true},
		{name: "schema", schema: "dgraph://admin:" + canaryAdmin + "@" + s.addr + "?sslmode=require", flags: at + "--auth-token @token.txt --creds @admin.txt", code: exitUnfinished, warns: true},
		{name: "schema, flags", schema: "dgraph://" + s.addr, flags: at + "--auth-token @token.txt --creds @admin.txt", code: exitFindings},
		{name: "schema, wrong", schema: "dgraph://admin:canary/@" + s.addr, flags: at + "--auth-token @token.txt --creds @admin.txt", code: exitUsage, warns: true},
		{name: "schema of another scheme", schema: "https://admin:canary@" + s.addr, flags: at + "--auth-token @token.txt --creds @admin.txt", code: exitUsage},
		{name: "schema in capitals", schema: "DGRAPH://admin:canary@" + s.addr + "?sslmode=require", flags: at + "--auth-token @token.txt --creds @admin.txt", code: exitUnfinished, warns: true},
		{name: "secrets in the configuration", flags: "--env prod", config: environments("    creds: user=a;password=canary\n    authToken: canary\n"), code: exitUsage},
		{name: "a connection string in the configuration", flags: "--env prod", config: "environments:\n  prod:\n    connStr: dgraph://a:canary@b:1\n", code: exitUsage},
		{name: "a broken configuration", flags: "--env prod", config: environments("    creds: \"user=a;password=canary\n"), code: exitUsage},
		{name: "a connection string of a variable", flags: "--env prod", env: map[string]string{"CONN": "dgraph://a:canary%@b:1"}, config: "environments:\n  prod:\n    connStr: $CONN\n", code: exitUsage},
	}
	for i, a := range attempts {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			format := report.FormatNames()[i%len(report.FormatNames())]
			reports := []string{"new.graphql", "-v", "--format", format, "--report", "json=report.json", "--show-values"}
			runs := [][]string{{"doctor"}, append([]string{"audit"}, reports...), append([]string{"diff", "--save-data", "facts.json"}, reports...), {"show", "dgraph://" + s.addr, "--storage"}}
			if a.schema != "" {
				runs = [][]string{slices.Insert(runs[2], 3, a.schema), {"audit", a.schema}, {"show", a.schema, "--api"}}
			}
			for _, args := range runs {
				s.flies(t, a, append(args, strings.Fields(a.flags)...))
			}
		})
	}
}

// flies runs the program and looks for canaries.
func (s *secured) flies(t *testing.T, a attempt, args []string) {
	t.Helper()
	dir := t.TempDir()
	given := map[string]string{
		"token.txt": canaryToken + "\n", "admin.txt": "user=admin;password=" + canaryAdmin,
		"conn.txt":    "dgraph://admin:" + canaryAdmin + "@" + s.addr + "?sslmode=require",
		"new.graphql": strings.ReplaceAll(securedSchema, "age: String", "age: Int"),
	}
	if a.config != "" {
		given[".schemacheck.yaml"] = a.config
	}
	for name, text := range given {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out, talk strings.Builder
	p := program{in: strings.NewReader(""), out: &out, err: &talk, dir: dir, env: func(name string) (string, bool) { v, ok := a.env[name]; return v, ok }}
	code := p.run(context.Background(), args)
	want := a.code
	switch {
	case args[0] == "show" || args[0] == "audit" && (want == exitOK || want == exitFindings) && code <= exitFindings:
		want = code // it is not about this
	case args[0] == "diff" && want == exitOK:
		want = exitFindings // one value is no number
	case args[0] == "diff" && a.name == "limited":
		want = exitUnfinished // it may not read the old schema
	}
	if code != want {
		t.Errorf("%s: exit %d, want %d\n%s%s", args[0], code, want, talk.String(), out.String())
	}
	warning := strings.Count(talk.String(), "command line can be seen")
	if a.warns && warning != 1 || !a.warns && warning != 0 {
		t.Errorf("%s: warned %d times of secrets:\n%s", args[0], warning, talk.String())
	}
	if want == exitUsage || want == exitUnfinished {
		lines := strings.Split(strings.TrimSpace(talk.String()), "\n")
		if lines = lines[warning:]; len(lines) != 1 && a.config == "" || out.String() != "" {
			t.Errorf("%s: not one sentence:\n%s%s", args[0], talk.String(), out.String())
		}
	}
	silent := func(name, text string) {
		if at := strings.Index(text, canary); at >= 0 {
			t.Errorf("%s: %s has a canary in it: ...%s...", args[0], name, text[max(0, at-100):min(len(text), at+30)])
		}
	}
	silent("standard output", out.String())
	silent("standard error", talk.String())
	written := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || given[d.Name()] != "" {
			return err
		}
		text, err := os.ReadFile(path)
		silent(d.Name(), string(text))
		written++
		return err
	})
	wants := 0
	if code <= exitFindings {
		for _, flag := range []string{"--report", "--save-data"} {
			if slices.Contains(args, flag) {
				wants++
			}
		}
	}
	if err != nil || written != wants {
		t.Errorf("%s: %d files were written (%v), want %d", args[0], written, err, wants)
	}
}
