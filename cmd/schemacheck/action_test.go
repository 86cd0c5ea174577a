package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
)

// actionRun is a run of one of the scripts of action.yml.
type actionRun struct {
	code    int
	said    string
	argv    []string          // what the program was given
	outputs map[string]string // what GITHUB_OUTPUT has
	summary string
	dir     string
}

// stub records its arguments, writes the report that it is told to, and ends as it is told to.
const stub = `#!/usr/bin/env bash
printf '%s\0' "$@" >"$STUB_ARGV"
for a in "$@"; do
  case $a in
    --report=json=*) if [ -n "$STUB_REPORT" ]; then printf '%s' "$STUB_REPORT" >"${a#--report=json=}"; fi ;;
    --report=markdown=*) echo "# the summary" >"${a#--report=markdown=}" ;;
  esac
done
exit "$STUB_EXIT"
`

// action runs a script of .github/action in dir as a step of a composite action would, with only the environment given.
func action(t *testing.T, script, dir string, env map[string]string) actionRun {
	t.Helper()
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("bash is not installed")
	}
	work := t.TempDir()
	path := func(name string) string { return filepath.Join(work, name) }
	if err := os.WriteFile(path("stub"), []byte(stub), 0o755); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{
		"PATH": os.Getenv("PATH"), "HOME": work, "RUNNER_TEMP": path("runner temp"), "PROGRAM": path("stub"), "GIT_CONFIG_GLOBAL": os.DevNull,
		"GITHUB_OUTPUT": path("output"), "GITHUB_PATH": path("path"), "GITHUB_STEP_SUMMARY": path("summary"),
		"STUB_ARGV": path("argv"), "STUB_EXIT": "0",
	}
	if err := os.Mkdir(all["RUNNER_TEMP"], 0o755); err != nil {
		t.Fatal(err)
	}
	for name, value := range env {
		all[name] = value
	}
	cmd := exec.Command("bash", filepath.Join(moduleRoot(t), ".github", "action", script))
	cmd.Dir = dir
	for name, value := range all {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	said, _ := cmd.CombinedOutput()
	run := actionRun{code: cmd.ProcessState.ExitCode(), said: string(said), outputs: map[string]string{}, dir: work}
	if argv, err := os.ReadFile(path("argv")); err == nil {
		run.argv = strings.Split(strings.TrimSuffix(string(argv), "\x00"), "\x00")
	}
	outputs, _ := os.ReadFile(path("output"))
	for line := range strings.Lines(string(outputs)) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		run.outputs[name] = value
	}
	summary, _ := os.ReadFile(path("summary"))
	run.summary = string(summary)
	for i, a := range run.argv {
		run.argv[i] = regexp.MustCompile(regexp.QuoteMeta(all["RUNNER_TEMP"])+`/schemacheck\.[A-Za-z0-9]{6}`).ReplaceAllLiteralString(a, "TEMP")
		run.argv[i] = strings.ReplaceAll(run.argv[i], all["GITHUB_STEP_SUMMARY"], "SUMMARY")
	}
	return run
}

// TestActionArguments: each input is the one argument that it is meant to be, whatever is in it, and no text of a script.
func TestActionArguments(t *testing.T) {
	t.Parallel()
	const hostile = "a b \"c\" 'd' `touch pwned` $(touch pwned) ${PATH} ; touch pwned & * ~ \\ !x ::error::x"
	own := []string{"--format=github", "--report=json=TEMP/report.json", "--report=markdown=SUMMARY"}
	for _, c := range []struct {
		name string
		env  map[string]string
		want []string
	}{
		{"nothing", nil, append([]string{"diff"}, own...)},
		{"two schemas", map[string]string{"INPUT_OLD": "old.graphql", "INPUT_NEW": "new.graphql"}, slices.Concat([]string{"diff"}, own, []string{"--", "old.graphql", "new.graphql"})},
		{"schemas like flags", map[string]string{"INPUT_OLD": "--help", "INPUT_NEW": "-v"}, slices.Concat([]string{"diff"}, own, []string{"--", "--help", "-v"})},
		{"the served schema is the old one", map[string]string{"INPUT_NEW": "new.graphql", "INPUT_ALPHA": "db:9080"}, slices.Concat([]string{"diff", "--alpha=db:9080"}, own, []string{"--", "new.graphql"})},
		{"so it is with a connection in the environment", map[string]string{"INPUT_NEW": "new.graphql", "SCHEMACHECK_CONN_STR": "x"}, slices.Concat([]string{"diff"}, own, []string{"--", "new.graphql"})},
		{"everything", map[string]string{
			"INPUT_OLD": hostile + "1", "INPUT_NEW": hostile + "2", "INPUT_CONFIG": hostile + "3", "INPUT_FAIL_ON": hostile + "4", "INPUT_ALPHA": hostile + "5",
			"INPUT_DATA": hostile + "6", "INPUT_SAVE_DATA": hostile + "7\nsecond line", "INPUT_BASELINE": hostile + "8", "INPUT_FORMAT": hostile + "9", "INPUT_SARIF": hostile + "10",
			"INPUT_OPERATIONS": hostile + "11\n\n  **/*.graphql \r\n-", "INPUT_ARGS": "-v\n" + hostile + "12\n--set=a=b\n", "INPUT_SUMMARY": "false",
		}, []string{"diff", "--config=" + hostile + "3", "--fail-on=" + hostile + "4", "--alpha=" + hostile + "5", "--data=" + hostile + "6", "--save-data=" + hostile + "7\nsecond line",
			"--baseline=" + hostile + "8", "--format=" + hostile + "9", "--operations=" + hostile + "11", "--operations=  **/*.graphql ", "--operations=-", "--report=json=TEMP/report.json",
			"--report=sarif=" + hostile + "10", "-v", hostile + "12", "--set=a=b", "--", hostile + "1", hostile + "2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			run := action(t, "run.sh", dir, c.env)
			if d := cmp.Diff(c.want, run.argv); d != "" || run.code != 0 {
				t.Errorf("exit %d, %s\narguments (-want +got):\n%s", run.code, run.said, d)
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
				t.Errorf("an input was carried out, and made %v, %v", left, err)
			}
		})
	}
}

// TestActionRefuses: what cannot be meant ends before the program is run, and says so.
func TestActionRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, says string
		env        map[string]string
	}{
		{"old alone", "the input old needs the input new", map[string]string{"INPUT_OLD": "a"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			run := action(t, "run.sh", t.TempDir(), c.env)
			if run.code != 2 || run.argv != nil || run.outputs["exit-code"] != "2" || !strings.Contains(run.said, c.says) {
				t.Errorf("exit %d, arguments %q, outputs %v, said %s, want ...%s...", run.code, run.argv, run.outputs, run.said, c.says)
			}
		})
	}
}

// TestActionFindsOld: with the new schema alone, the old one is that of the commit where the pull request left its base,
// also where the pull request moves it. What git cannot tell ends with what to do about it.
func TestActionFindsOld(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	dir := t.TempDir()
	git := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	git("init", "-q", "-b", "main")
	write("schema.graphql", "type User {\n  id: ID!\n  name: String\n  age: Int\n}\n")
	git("add", "-A")
	git("commit", "-q", "-m", "base")
	git("update-ref", "refs/remotes/origin/release/1.x", "HEAD")
	if err := os.Mkdir(filepath.Join(dir, "api"), 0o755); err != nil {
		t.Fatal(err)
	}
	git("mv", "schema.graphql", "api/a b.graphql")
	write("api/a b.graphql", "type User {\n  id: ID!\n  name: String\n}\n")
	git("commit", "-q", "-a", "-m", "change")
	program, self := programScript(t)
	do := func(env map[string]string) actionRun {
		t.Helper()
		all := map[string]string{"PROGRAM": program, "TEST_BINARY": self, "INPUT_SUMMARY": "false", "INPUT_NEW": "api/a b.graphql"}
		for name, value := range env {
			all[name] = value
		}
		return action(t, "run.sh", dir, all)
	}
	for _, env := range []map[string]string{{"GITHUB_BASE_REF": "release/1.x"}, {"MERGE_GROUP_BASE": "refs/heads/release/1.x"}} {
		run := do(env)
		if run.code != 0 || run.outputs["exit-code"] != "1" || run.outputs["error"] != "1" || !strings.Contains(run.said, "title=field-removed User.age") {
			t.Errorf("exit %d, %v, %s", run.code, run.outputs, run.said)
		}
	}
	for _, c := range []struct {
		says string
		env  map[string]string
	}{
		{"fetch it first, with git fetch origin gone:refs/remotes/origin/gone", map[string]string{"GITHUB_BASE_REF": "gone"}},
		{"the old schema is missing", map[string]string{"GITHUB_BASE_REF": "release/1.x", "INPUT_NEW": "git:HEAD:schema.graphql"}},
		{"the old schema is missing", map[string]string{"GITHUB_BASE_REF": "release/1.x", "INPUT_NEW": "-"}},
	} {
		if run := do(c.env); run.code != 0 || run.outputs["exit-code"] != "2" || run.outputs["report"] != "" || !strings.Contains(run.said, c.says) {
			t.Errorf("%v: exit %d, outputs %v, said %s, want ...%s...", c.env, run.code, run.outputs, run.said, c.says)
		}
	}
}

// TestActionOutputs: the exit code, the counts and the report are outputs, also when there are findings, and a report that
// was not written is none.
func TestActionOutputs(t *testing.T) {
	t.Parallel()
	const text = `{"findings": [{"message": "\"summary\": {\"error\": 7}\nexit-code=0"}], "summary": {` + "\n  \"error\": 12,\n  \"warning\": 0,\n  \"info\": 3\n}}\n"
	run := action(t, "run.sh", t.TempDir(), map[string]string{"STUB_EXIT": "1", "STUB_REPORT": text})
	report := run.outputs["report"]
	delete(run.outputs, "report")
	if d := cmp.Diff(map[string]string{"exit-code": "1", "error": "12", "warning": "0", "info": "3"}, run.outputs); d != "" || run.code != 0 {
		t.Errorf("exit %d, outputs (-want +got):\n%s%s", run.code, d, run.said)
	}
	if written, err := os.ReadFile(report); err != nil || string(written) != text {
		t.Errorf("the report is %q, %v", written, err)
	}
	if run.summary != "# the summary\n" {
		t.Errorf("the summary is %q", run.summary)
	}
	run = action(t, "run.sh", t.TempDir(), map[string]string{"STUB_EXIT": "3", "INPUT_SUMMARY": "false"})
	if d := cmp.Diff(map[string]string{"exit-code": "3"}, run.outputs); d != "" || run.code != 0 || run.summary != "" {
		t.Errorf("exit %d, summary %q, outputs (-want +got):\n%s%s", run.code, run.summary, d, run.said)
	}
}

// TestActionWithProgram: the script and the real program understand each other.
func TestActionWithProgram(t *testing.T) {
	t.Parallel()
	program, self := programScript(t)
	run := action(t, "run.sh", moduleRoot(t), map[string]string{"PROGRAM": program, "TEST_BINARY": self, "INPUT_FORMAT": "json", "INPUT_SUMMARY": "false",
		"INPUT_OLD": "testdata/shop/old.graphql", "INPUT_NEW": "testdata/shop/new.graphql"})
	if run.code != 0 || run.outputs["exit-code"] != "1" || run.outputs["error"] != "2" || run.outputs["info"] != "1" {
		t.Errorf("exit %d, outputs %v, %s", run.code, run.outputs, run.said)
	}

	// The summary of a step has more room than a comment.
	dir := t.TempDir()
	var old, next strings.Builder
	for i := range 300 {
		fmt.Fprintf(&old, "type T%d {\n  id: ID!\n  name: String\n  age: Int\n}\n", i)
		fmt.Fprintf(&next, "type T%d {\n  id: ID!\n  name: String\n}\n", i)
	}
	for name, text := range map[string]string{"old.graphql": old.String(), "new.graphql": next.String()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	run = action(t, "run.sh", dir, map[string]string{"PROGRAM": program, "TEST_BINARY": self, "INPUT_OLD": "old.graphql", "INPUT_NEW": "new.graphql"})
	if run.outputs["error"] != "300" || len(run.summary) < 100_000 || strings.Contains(run.summary, "There is not room") {
		t.Errorf("exit %d, outputs %v, a summary of %d bytes: %.500s", run.code, run.outputs, len(run.summary), run.summary)
	}
}

// programScript is a program that starts this test binary as schemacheck, and the binary for its TEST_BINARY.
func programScript(t *testing.T) (program, self string) {
	t.Helper()
	program = filepath.Join(t.TempDir(), "schemacheck")
	if err := os.WriteFile(program, []byte("#!/bin/sh\nSCHEMACHECK_TEST_ARGS=1 exec \"$TEST_BINARY\" -test.run='^TestActionProgram$' -- \"$@\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return program, self
}

// TestActionProgram is the program for the tests above, in a process of its own.
func TestActionProgram(t *testing.T) {
	if os.Getenv("SCHEMACHECK_TEST_ARGS") == "" {
		t.Skip("only within tests of the action")
	}
	at := slices.Index(os.Args, "--")
	p := program{in: os.Stdin, out: os.Stdout, err: os.Stderr, env: func(name string) (string, bool) {
		return os.Getenv(name), name == "GITHUB_BASE_REF" || name == "GITHUB_STEP_SUMMARY"
	}}
	os.Exit(int(p.run(t.Context(), os.Args[at+1:])))
}

// TestActionInstalls: the program is built from the action's own source and named after its ref, or it is the release that
// was asked for, when the checksums say so.
func TestActionInstalls(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("needs programs that are scripts")
	}
	tools := t.TempDir()
	tool := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(tools, name), []byte("#!/usr/bin/env bash\n"+text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	// go writes a program that says how it was made.
	tool("go", `for a in "$@"; do last=$out; out=$a; if [ "$last" = -o ]; then to=$a; fi; done
printf '#!/bin/sh\ncat "$0.args"\n' >"$to"; chmod +x "$to"; printf '[%s]' "$@" >"$to.args"; echo " CGO_ENABLED=$CGO_ENABLED GOFLAGS=$GOFLAGS" >>"$to.args"
`)
	// curl has a release in the folder RELEASE.
	tool("curl", `while [ $# -gt 0 ]; do case $1 in --output) to=$2; shift ;; https://*) url=$1 ;; esac; shift; done
echo "$url" >>"$RELEASE/asked"
cp "$RELEASE/${url##*/}" "$to"
`)
	env := func(more map[string]string) map[string]string {
		all := map[string]string{"PATH": tools + string(filepath.ListSeparator) + os.Getenv("PATH"), "ACTION_PATH": "/action path", "RUNNER_OS": "Linux", "RUNNER_ARCH": "X64"}
		for name, value := range more {
			all[name] = value
		}
		return all
	}
	for ref, flags := range map[string]string{
		"v1.2.3":           "-s -w -X main.version=v1.2.3",
		"release/1.x":      "-s -w -X main.version=release/1.x",
		"":                 "-s -w",
		"a' -X main.x=y b": "-s -w",
	} {
		run := action(t, "install.sh", t.TempDir(), env(map[string]string{"ACTION_REF": ref}))
		want := "[build][-C][/action path][-trimpath][-buildvcs=false][-ldflags][" + flags + "][-o][" + run.outputs["program"] + "][./cmd/schemacheck] CGO_ENABLED=0 GOFLAGS=-mod=readonly"
		if run.code != 0 || !strings.Contains(run.said, want) || filepath.Base(run.outputs["program"]) != "schemacheck" {
			t.Errorf("ref %q: exit %d, %v, %s, want %s", ref, run.code, run.outputs, run.said, want)
		}
	}

	release := t.TempDir()
	pack := func(text string) {
		t.Helper()
		script := `printf '#!/bin/sh\necho "$0 ` + text + ` $1"\n' >schemacheck && chmod +x schemacheck && tar -czf schemacheck_1.2.3_linux_amd64.tar.gz schemacheck && rm schemacheck`
		cmd := exec.Command("bash", "-c", script)
		cmd.Dir = release
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	sums := func() {
		t.Helper()
		cmd := exec.Command("bash", "-c", "(sha256sum *.tar.gz || shasum -a 256 *.tar.gz) >checksums.txt; echo '0000  schemacheck_1.2.3_windows_amd64.zip' >>checksums.txt")
		cmd.Dir = release
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	pack("one")
	sums()
	version := env(map[string]string{"INPUT_VERSION": "v1.2.3", "RELEASE": release})
	run := action(t, "install.sh", t.TempDir(), version)
	if run.code != 0 || !strings.Contains(run.said, "one version") || run.outputs["program"] == "" {
		t.Errorf("a release: exit %d, %v, %s", run.code, run.outputs, run.said)
	}
	if asked, err := os.ReadFile(filepath.Join(release, "asked")); err != nil || !strings.HasPrefix(string(asked), "https://github.com/schemacheck/schemacheck/releases/download/v1.2.3/schemacheck_1.2.3_linux_amd64.tar.gz\n") {
		t.Errorf("it asked for %s, %v", asked, err)
	}
	refused := func(name string, env map[string]string, code int, says string) {
		t.Helper()
		run := action(t, "install.sh", t.TempDir(), env)
		if run.code != code || run.outputs["program"] != "" || !strings.Contains(run.said, says) || strings.Contains(run.said, "two version") {
			t.Errorf("%s: exit %d, %v, %s, want %d, ...%s...", name, run.code, run.outputs, run.said, code, says)
		}
	}
	pack("two")
	refused("another archive", version, 3, "is not what checksums.txt of v1.2.3 says")
	if err := os.WriteFile(filepath.Join(release, "checksums.txt"), []byte("0000  schemacheck_1.2.3_linux_amd64.tar.gz.old\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	refused("an archive without checksum", version, 3, "does not name schemacheck_1.2.3_linux_amd64.tar.gz")
	for _, v := range []string{"1.2.3", "v1.2", "v1.2.3/../../x", "v1.2.3\nx", "latest", "v1.2.3 $(touch x)"} {
		version["INPUT_VERSION"] = v
		refused("version "+v, version, 2, "the input version is no release such as v1.2.3")
	}
	version["INPUT_VERSION"], version["RUNNER_ARCH"] = "v1.2.3", "S390X"
	refused("another processor", version, 2, "there is no release for S390X")
}

// composite is what matters of action.yml.
type composite struct {
	Name, Description string
	Branding          struct{ Icon, Color string }
	Inputs            map[string]struct {
		Description string
		Default     *string
		Required    bool
	}
	Outputs map[string]struct{ Description, Value string }
	Runs    struct {
		Using string
		Steps []step
	}
}

// step is one of a workflow or an action.
type step struct {
	ID, Name, If, Uses, Run, Shell string
	With, Env                      map[string]string
}

// TestActionDefinition: action.yml says what each input and output is, and hands inputs over by the environment only, each
// under the name by which the scripts take it.
func TestActionDefinition(t *testing.T) {
	t.Parallel()
	root := moduleRoot(t)
	text, err := os.ReadFile(filepath.Join(root, "action.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var a composite
	if err := yaml.Unmarshal(text, &a); err != nil {
		t.Fatal(err)
	}
	if a.Name == "" || a.Description == "" || a.Branding.Icon == "" || a.Branding.Color == "" || a.Runs.Using != "composite" {
		t.Errorf("action.yml is %+v", a)
	}
	var scripts string
	for _, name := range []string{"install.sh", "run.sh"} {
		script, err := os.ReadFile(filepath.Join(root, ".github", "action", name))
		if err != nil {
			t.Fatal(err)
		}
		scripts += string(script)
	}
	given := map[string]bool{}
	for _, s := range a.Runs.Steps {
		checkStep(t, "action.yml", s)
		if rest, ok := strings.CutPrefix(s.Run, `"$PROGRAM" `); ok {
			promised(t, "action.yml", "schemacheck "+rest)
		}
		for name, value := range s.Env {
			given[name] = true
			input, ok := strings.CutPrefix(name, "INPUT_")
			if want := "${{ inputs." + strings.ReplaceAll(strings.ToLower(input), "_", "-") + " }}"; ok && value != want {
				t.Errorf("%s is %s, want %s", name, value, want)
			}
		}
	}
	used := map[string]bool{"from": true, "review": true, "working-directory": true} // by action.yml itself
	for _, name := range regexp.MustCompile(`INPUT_[A-Z_]+`).FindAllString(scripts, -1) {
		used[strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(name, "INPUT_")), "_", "-")] = true
		if !given[name] {
			t.Errorf("the scripts take %s, which action.yml does not give", name)
		}
	}
	for name, i := range a.Inputs {
		if i.Description == "" || i.Default == nil || i.Required || !used[name] {
			t.Errorf("the input %s is %+v, used %v", name, i, used[name])
		}
	}
	for name := range used {
		if _, ok := a.Inputs[name]; !ok {
			t.Errorf("there is no input %s", name)
		}
	}
	for name, o := range a.Outputs {
		if o.Description == "" || o.Value != "${{ steps.diff.outputs."+name+" }}" {
			t.Errorf("the output %s is %+v", name, o)
		}
	}
	// The flags that the script makes are those of diff.
	for _, m := range regexp.MustCompile(`(?m)^ *(?:if .*; then )?flag ([a-z-]+) |lines --([a-z-]+)=`).FindAllStringSubmatch(scripts, -1) {
		promised(t, "run.sh", "schemacheck diff --"+m[1]+m[2])
	}
}
