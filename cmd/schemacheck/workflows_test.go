package main

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"github.com/schemacheck/schemacheck/cmd/internal/report"
)

// workflow is what matters of a workflow of GitHub.
type workflow struct {
	Name        string
	On          yaml.MapSlice
	Permissions map[string]string
	Jobs        map[string]struct {
		If          string
		Permissions map[string]string
		Steps       []step
		Timeout     int    `yaml:"timeout-minutes"`
		RunsOn      string `yaml:"runs-on"`
	}
}

// rights are what each workflow of ours and each example may do at most: what its jobs have beside reading the repository.
var rights = map[string]string{
	"ci.yml":                  "",
	"chaos.yml":               "",
	"release.yml":             "contents: write, packages: write",
	"github-schema.yml":       "",
	"github-live.yml":         "actions: read, pull-requests: write, security-events: write",
	"github-facts.yml":        "actions: read",
	"github-fork.yml":         "",
	"github-fork-comment.yml": "actions: read, pull-requests: write",
	"workflow.yml":            "",
}

var (
	pinned = regexp.MustCompile(`^[A-Za-z0-9-]+/[A-Za-z0-9._/-]+@[0-9a-f]{40}$`)
	// untrusted are the parts of the context that a stranger writes.
	untrusted = regexp.MustCompile(`github\.(head_ref|event\.(pull_request\.(title|body|head\.(ref|label|repo))|issue|comment|review|commits|head_commit|workflow_run\.head))`)
	versioned = regexp.MustCompile(`uses: \S+@[0-9a-f]{40}( # v[0-9.]+)?\n`)
)

// workflowFiles are the workflows of the repository, the examples and what init writes.
func workflowFiles(t *testing.T) map[string]string {
	t.Helper()
	root := moduleRoot(t)
	files := map[string]string{}
	for _, pattern := range []string{".github/workflows/*.yml", "cmd/docs/examples/github-*.yml"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %v, %d files", pattern, err, len(found))
		}
		for _, f := range found {
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			files[filepath.Base(f)] = string(text)
		}
	}
	made, err := fromTemplate("init/workflow.yml", setup{Action: "main"})
	if err != nil {
		t.Fatal(err)
	}
	files["workflow.yml"] = string(made)
	return files
}

// TestWorkflows: workflows may do no more than they have to, take the actions of others by their commits, put nothing into
// scripts that somebody could have written, and give our action and program only what these know.
func TestWorkflows(t *testing.T) {
	t.Parallel()
	var action composite
	text, err := os.ReadFile(filepath.Join(moduleRoot(t), "action.yml"))
	if err == nil {
		err = yaml.Unmarshal(text, &action)
	}
	if err != nil {
		t.Fatal(err)
	}
	files := workflowFiles(t)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(rights)), slices.Sorted(maps.Keys(files))); diff != "" {
		t.Errorf("workflows (-table of rights +files):\n%s", diff)
	}
	for name, text := range files {
		var w workflow
		if err := yaml.Unmarshal([]byte(text), &w); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if w.Name == "" || len(w.On) == 0 || len(w.Jobs) == 0 || w.Permissions == nil {
			t.Errorf("%s has name %q, events %v, permissions %v, %d jobs", name, w.Name, w.On, w.Permissions, len(w.Jobs))
		}
		for _, event := range w.On {
			if event.Key == "pull_request_target" {
				t.Errorf("%s runs with the rights of the repository on what a stranger wrote", name)
			}
		}
		for _, m := range versioned.FindAllStringSubmatch(text, -1) {
			if m[1] == "" {
				t.Errorf("%s: a commit without its version: %s", name, m[0])
			}
		}
		may := map[string]bool{}
		grant := func(where string, all map[string]string) {
			for scope, level := range all {
				if right := scope + ": " + level; right != "contents: read" {
					may[right] = true
					if where == "" {
						t.Errorf("%s gives %s to all jobs", name, right)
					}
				}
			}
		}
		grant("", w.Permissions)
		for id, job := range w.Jobs {
			grant(id, job.Permissions)
			if job.Timeout == 0 || job.RunsOn == "" || len(job.Steps) == 0 {
				t.Errorf("%s: job %s has timeout %d, runs on %q, %d steps", name, id, job.Timeout, job.RunsOn, len(job.Steps))
			}
			for _, s := range job.Steps {
				checkStep(t, name, s)
				if strings.HasPrefix(s.Uses, "actions/checkout@") && s.With["persist-credentials"] != "false" {
					t.Errorf("%s: the checkout leaves its token for what runs after it", name)
				}
				if strings.HasPrefix(s.Uses, "actions/checkout@") && slices.ContainsFunc(w.On, func(e yaml.MapItem) bool { return e.Key == "workflow_run" }) {
					t.Errorf("%s checks out with rights that a pull request does not have", name)
				}
				for input := range s.With {
					if _, ok := action.Inputs[input]; strings.HasPrefix(s.Uses, ownAction) && !ok {
						t.Errorf("%s: the action has no input %s", name, input)
					}
				}
				for _, argument := range strings.Fields(s.With["args"]) {
					if strings.HasPrefix(s.Uses, ownAction) {
						promised(t, name, "schemacheck diff "+argument)
					}
				}
				for line := range strings.Lines(s.Run) {
					if strings.HasPrefix(strings.TrimSpace(line), "schemacheck ") {
						promised(t, name, strings.TrimSpace(line))
					}
				}
			}
		}
		if got := strings.Join(slices.Sorted(maps.Keys(may)), ", "); got != rights[name] {
			t.Errorf("%s may %q, want %q", name, got, rights[name])
		}
	}
}

// ownAction is how examples name the action of this repository.
const ownAction = "schemacheck/schemacheck@"

// checkStep holds a step of a workflow or of an action to what keeps strangers out of scripts.
func checkStep(t *testing.T, where string, s step) {
	t.Helper()
	switch {
	case s.Uses != "" && !pinned.MatchString(s.Uses) && s.Uses != ownAction+"main":
		t.Errorf("%s takes %s, not a commit of it", where, s.Uses)
	case s.Uses == "" && s.Run == "":
		t.Errorf("%s has a step that does nothing: %+v", where, s)
	case strings.Contains(s.Run, "${{"):
		t.Errorf("%s has an expression in a script: %s", where, s.Run)
	}
	for _, values := range []map[string]string{s.With, s.Env} {
		for name, value := range values {
			if untrusted.MatchString(value) {
				t.Errorf("%s: %s is what a stranger wrote: %s", where, name, value)
			}
			if strings.Contains(value, "secrets.") && name != "SCHEMACHECK_CREDS" && name != "HOMEBREW_TAP_TOKEN" {
				t.Errorf("%s gives a secret to %s", where, name)
			}
		}
	}
}

// promised checks that the program has the command, the flags and the formats that a line with it has.
func promised(t *testing.T, where, line string) {
	t.Helper()
	words := strings.Fields(line)
	root := program{}.root()
	cmd, rest, err := root.Find(words[1:])
	if err != nil || cmd == root {
		t.Errorf("%s: there is no command %q", where, line)
		return
	}
	for i, word := range rest {
		name, isFlag := strings.CutPrefix(word, "--")
		name, value, given := strings.Cut(name, "=")
		if !isFlag || name == "" {
			continue
		}
		if !flagOf(cmd, name) {
			t.Errorf("%s: %s has no flag --%s", where, cmd.CommandPath(), name)
			continue
		}
		if !given && i+1 < len(rest) {
			value = rest[i+1]
		}
		if format, _, _ := strings.Cut(value, "="); format != "" && (name == "format" || name == "report") {
			if _, ok := report.FormatNamed(format); !ok {
				t.Errorf("%s: there is no format %s", where, format)
			}
		}
	}
}

// TestGitLab: the template's job runs on merge requests, with all of the history, and keeps the reports that it writes.
func TestGitLab(t *testing.T) {
	t.Parallel()
	example, err := os.ReadFile("../docs/examples/gitlab-ci.yml")
	if err != nil {
		t.Fatal(err)
	}
	made, err := fromTemplate("init/gitlab.yml", setup{})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"the example": string(example), "what init writes": string(made)} {
		var w map[string]struct {
			Script    []string
			Image     struct{ Name string }
			Rules     []struct{ If string }
			Variables map[string]string
			Artifacts struct {
				When    string
				Reports map[string]string
			}
		}
		if err := yaml.Unmarshal([]byte(text), &w); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		job := w["schemacheck"]
		if job.Image.Name == "" || len(job.Rules) != 1 || !strings.Contains(job.Rules[0].If, "merge_request_event") || job.Variables["GIT_DEPTH"] != "0" || job.Artifacts.When != "always" || len(job.Script) != 1 {
			t.Errorf("%s: the job is %+v", name, job)
			continue
		}
		promised(t, name, job.Script[0])
		for of, format := range map[string]string{"codequality": "gitlab", "junit": "junit"} {
			if want := fmt.Sprintf("--report %s=%s", format, job.Artifacts.Reports[of]); job.Artifacts.Reports[of] == "" || !strings.Contains(job.Script[0], want) {
				t.Errorf("%s: %s does not write the artifact %s: %v", name, job.Script[0], of, job.Artifacts.Reports)
			}
		}
	}
}

// TestPreCommit: each hook compares what is to be committed with where the branch left the main branch, and refuses a
// commit that breaks something. With pre-commit on PATH it is what runs the hook.
func TestPreCommit(t *testing.T) {
	t.Parallel()
	root := moduleRoot(t)
	text, err := os.ReadFile(filepath.Join(root, ".pre-commit-hooks.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var hooks []struct {
		ID, Name, Description, Language, Entry, Files string
		PassFilenames                                 bool `yaml:"pass_filenames"`
		RequireSerial                                 bool `yaml:"require_serial"`
	}
	if err := yaml.UnmarshalWithOptions(text, &hooks, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	languages := map[string]string{}
	for _, h := range hooks {
		languages[h.ID] = h.Language
		if h.Name == "" || h.Description == "" || h.PassFilenames || !h.RequireSerial {
			t.Errorf("the hook is %+v", h)
		}
		promised(t, ".pre-commit-hooks.yaml", h.Entry)
		files := regexp.MustCompile(h.Files)
		for name, want := range map[string]bool{"schema.graphql": true, "api/a.gql": true, "x.graphqls": true, ".schemacheck.yaml": true, "api/.schemacheck.yaml": true,
			"a.graphql.md": false, "graphql": false, "my.schemacheck.yaml": false, "main.go": false} {
			if files.MatchString(name) != want {
				t.Errorf("%s: %s has it run: %v", h.ID, name, !want)
			}
		}
	}
	if diff := cmp.Diff(map[string]string{"schemacheck": "golang", "schemacheck-system": "system"}, languages); diff != "" {
		t.Fatalf("hooks (-want +got):\n%s", diff)
	}
	var example struct {
		Repos []struct {
			Repo, Rev string
			Hooks     []struct{ ID string }
		}
	}
	if text, err = os.ReadFile("../docs/examples/pre-commit-config.yaml"); err == nil {
		err = yaml.UnmarshalWithOptions(text, &example, yaml.Strict())
	}
	if err != nil || len(example.Repos) != 1 || len(example.Repos[0].Hooks) != 1 || languages[example.Repos[0].Hooks[0].ID] == "" {
		t.Errorf("the example is %+v, %v", example, err)
	}

	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	dir := t.TempDir()
	tools := filepath.Join(dir, "tools")
	work := filepath.Join(dir, "work")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string]string{
		filepath.Join(tools, "schemacheck"):        "#!/bin/sh\nSCHEMACHECK_TEST_ARGS=1 exec '" + self + "' -test.run='^TestActionProgram$' -- \"$@\"\n",
		filepath.Join(work, ".schemacheck.yaml"):   "schema: schema.graphql\n",
		filepath.Join(work, "schema.graphql"):      "type User { id: ID! name: String }\n",
		filepath.Join(work, ".git-hook"):           "#!/bin/sh\nexec schemacheck diff\n",
		filepath.Join(dir, "pre-commit-home", "x"): "",
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	run := func(name string, args ...string) (string, error) {
		cmd := exec.Command(name, args...)
		cmd.Dir = work
		cmd.Env = append(os.Environ(), "PATH="+tools+string(filepath.ListSeparator)+os.Getenv("PATH"), "GIT_CONFIG_GLOBAL="+os.DevNull, "PRE_COMMIT_HOME="+filepath.Join(dir, "pre-commit-home"),
			"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	must := func(name string, args ...string) {
		t.Helper()
		if out, err := run(name, args...); err != nil {
			t.Fatalf("%s %v: %v\n%s", name, args, err, out)
		}
	}
	must("git", "init", "-q", "-b", "main")
	if _, err := exec.LookPath("pre-commit"); err == nil {
		config := "repos:\n- repo: local\n  hooks:\n"
		for _, h := range hooks {
			if h.Language == "system" {
				config += fmt.Sprintf("  - {id: %s, name: %s, language: system, entry: %s, files: '%s', pass_filenames: false, require_serial: true}\n", h.ID, h.Name, h.Entry, h.Files)
			}
		}
		if err := os.WriteFile(filepath.Join(work, ".pre-commit-config.yaml"), []byte(config), 0o644); err != nil {
			t.Fatal(err)
		}
		must("git", "add", ".pre-commit-config.yaml")
		must("pre-commit", "install")
	} else {
		must("cp", ".git-hook", ".git/hooks/pre-commit")
	}
	must("git", "add", "schema.graphql", ".schemacheck.yaml")
	must("git", "commit", "-q", "--no-verify", "-m", "one")
	must("git", "checkout", "-q", "-b", "feature")
	change := func(text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(work, "schema.graphql"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		must("git", "add", "schema.graphql")
	}
	change("type User { id: ID! name: String age: Int }\n")
	must("git", "commit", "-m", "an addition")
	change("type User { id: ID! name: Int age: Int }\n")
	if out, err := run("git", "commit", "-m", "another type"); err == nil || !strings.Contains(out, "field-type-changed") {
		t.Errorf("a commit that breaks clients went through: %v\n%s", err, out)
	}
}
