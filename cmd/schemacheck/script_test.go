package main

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

var update = flag.Bool("update", false, "rewrite what the scripts expect")

func TestMain(m *testing.M) {
	testscript.Main(withServer{m}, map[string]func(){"schemacheck": main})
}

// withServer runs the tests with the server that they share.
type withServer struct{ *testing.M }

// Run runs the tests.
func (w withServer) Run() int { return dgraphtest.Run(w.M) }

// TestScripts runs the program as a user does: every file of testdata/script
// is a session with its files. The commands of our own are
//
//	exits CODE    the last command ended with that exit code
//	clean FILE    the file has no control character but line ends
//	valid FILE    the file is a report as cmd/docs/report.schema.json has it
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, scripts(t, "testdata/script"))
}

// scripts are the scripts of a folder, with the commands that all have.
func scripts(t *testing.T, dir string) testscript.Params {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile("../docs/report.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return testscript.Params{
		Dir:                dir,
		UpdateScripts:      *update,
		RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
			e.Setenv("GIT_CONFIG_SYSTEM", os.DevNull)
			for _, who := range []string{"AUTHOR", "COMMITTER"} {
				e.Setenv("GIT_"+who+"_NAME", "somebody")
				e.Setenv("GIT_"+who+"_EMAIL", "somebody@example.org")
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits,
			"clean": clean,
			"valid": func(ts *testscript.TestScript, neg bool, args []string) {
				if neg || len(args) != 1 {
					ts.Fatalf("usage: valid FILE")
				}
				doc, err := jsonschema.UnmarshalJSON(strings.NewReader(ts.ReadFile(args[0])))
				if err == nil {
					err = schema.Validate(doc)
				}
				if err != nil {
					ts.Fatalf("%s is no report: %v", args[0], err)
				}
			},
		},
	}
}

// exits runs the program and checks its exit code: exits CODE ARGUMENTS...
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: exits CODE ARGUMENTS...")
	}
	err := ts.Exec("sh", append([]string{"-c", `"$0" "$@"; code=$?; echo "exit $code" >exit.txt; exit 0`, "schemacheck"}, args[1:]...)...)
	if err != nil {
		ts.Fatalf("running schemacheck: %v", err)
	}
	if got := strings.TrimSpace(ts.ReadFile("exit.txt")); got != "exit "+args[0] {
		ts.Fatalf("schemacheck %s: %s, want %s", strings.Join(args[1:], " "), got, args[0])
	}
}

// clean checks that nothing in a file can steer a terminal.
func clean(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: clean FILE")
	}
	for i, r := range ts.ReadFile(args[0]) {
		if r < ' ' && r != '\n' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			ts.Fatalf("%s has the control character %U at byte %d", args[0], r, i)
		}
	}
}
