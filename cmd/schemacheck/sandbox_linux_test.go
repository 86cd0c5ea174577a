package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/schemacheck/schemacheck/dql/dgraphtest"
	"github.com/schemacheck/schemacheck/rules"
)

// TestSandbox: the commands that a sandbox prints work as they are printed, every rule that it promises fires, and it
// leaves nothing behind.
func TestSandbox(t *testing.T) {
	t.Parallel()
	s := begin(t, "sandbox", "--dgraph", dgraphtest.Binary(t))
	s.start(t)
	tour := s.until(t, "Ctrl-C ends it")
	var dir string
	var commands []string
	for line := range strings.Lines(tour) {
		line = strings.TrimSpace(line)
		if at, ok := strings.CutPrefix(line, "cd "); ok {
			dir = at
		}
		if c, ok := strings.CutPrefix(line, "schemacheck "); ok && !strings.HasPrefix(line, "schemacheck:") {
			commands = append(commands, c)
		}
	}
	if info, err := os.Stat(dir); err != nil || !strings.HasPrefix(dir, s.temp) || info.Mode().Perm()&0o022 != 0 {
		t.Fatalf("the folder %q: %v\n%s", dir, err, tour)
	}
	p := program{in: strings.NewReader(""), env: func(string) (string, bool) { return "", false }, dir: dir}
	run := func(command string, more ...string) (exit, string) {
		var out, talk strings.Builder
		p.out, p.err = &out, &talk
		args := append(strings.Fields(command), more...)
		code := p.run(t.Context(), args)
		if talk.Len() > 0 {
			t.Logf("%s\n%s", command, talk.String())
		}
		return code, out.String()
	}
	fired := map[string]bool{}
	done := 0
	for _, c := range commands {
		want, more := exitOK, []string(nil)
		switch name, _, _ := strings.Cut(c, " "); name {
		case "diff", "audit":
			want, more = exitFindings, []string{"--format", "json"}
		case "doctor":
			want = exitFindings // somebody altered a predicate by hand
		case "fix":
			if !strings.Contains(c, "--fail-on") {
				want = exitFindings
			}
		case "rehearse":
			want, more = exitFindings, []string{"--dgraph", dgraphtest.Binary(t), "-q"} // a query asks for a field that is renamed
		}
		code, out := run(c, more...)
		if code != want {
			t.Errorf("schemacheck %s: exit %d, want %d\n%s", c, code, want, out)
		}
		switch {
		case strings.HasPrefix(c, "diff"), strings.HasPrefix(c, "audit"):
			var r struct{ Findings []struct{ Rule string } }
			if err := json.Unmarshal([]byte(out), &r); err != nil {
				t.Fatal(err)
			}
			for _, f := range r.Findings {
				fired[f.Rule] = true
			}
		case strings.HasPrefix(c, "rehearse"):
			if !strings.Contains(out, "0 violations, 1 of 3 operations to look at") {
				t.Errorf("rehearsed:\n%s", out)
			}
		}
		done++
	}
	if done != 10 {
		t.Errorf("%d commands were printed:\n%s", done, tour)
	}
	for _, id := range rules.IDs() {
		if promised := !slices.Contains(notInSandbox, id); fired[id] != promised {
			t.Errorf("%s fires: %t, promised: %t", id, fired[id], promised)
		}
	}
	s.ends(t, syscall.SIGINT)
	if code := s.cmd.ProcessState.ExitCode(); code != int(exitOK) {
		t.Errorf("exit %d", code)
	}
}

// TestSandboxFolder: a named folder stays, and has to be empty. What is killed leaves nothing else.
func TestSandboxFolder(t *testing.T) {
	t.Parallel()
	s := begin(t, "sandbox", "--dgraph", dgraphtest.Binary(t), "--dir", "mine", "--port-offset", "19950")
	s.start(t)
	tour := s.until(t, "Ctrl-C ends it")
	if !strings.Contains(tour, "127.0.0.1:29030") {
		t.Errorf("it does not listen where it should:\n%s", tour)
	}
	s.ends(t, syscall.SIGKILL)
	var names []string
	entries, err := os.ReadDir(filepath.Join(s.dir, "mine"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if d := cmp.Diff([]string{".schemacheck.yaml", "new.graphql", "next.graphql", "old.graphql", "operations.graphql", "operations.json"}, names); d != "" {
		t.Error(d)
	}
	var out, talk strings.Builder
	p := program{in: strings.NewReader(""), out: &out, err: &talk, env: func(string) (string, bool) { return "", false }, dir: s.dir}
	if code := p.run(t.Context(), []string{"sandbox", "--dgraph", dgraphtest.Binary(t), "--dir", "mine"}); code != exitUsage || !strings.Contains(talk.String(), "there are files in it") {
		t.Errorf("exit %d: %s", code, talk.String())
	}
}
