package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestRequirements holds the table of what people expect of migrations: each expectation of the four texts has a row, and
// the commands, flags, files and tests that it names are there.
func TestRequirements(t *testing.T) {
	t.Parallel()
	root := moduleRoot(t)
	text, err := os.ReadFile(filepath.Join(root, "fixes", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	tests, scripts := testNames(t, root)
	seen := map[string]int{}
	for _, row := range regexp.MustCompile(`(?m)^\| ((?:GC|CX-P|CX|DG|RW)\d+) \| (.+) \| (.+) \| (.+) \|$`).FindAllStringSubmatch(string(text), -1) {
		id, how, shown := row[1], row[3], row[4]
		seen[id]++
		for _, span := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(how, -1) {
			if err := spoken(span[1]); err != nil {
				t.Errorf("%s: %v", id, err)
			}
		}
		for _, link := range regexp.MustCompile(`\]\(([^)#]+)\)`).FindAllStringSubmatch(how, -1) {
			if _, err := os.Stat(filepath.Join(root, "fixes", filepath.FromSlash(link[1]))); err != nil {
				t.Errorf("%s: %v", id, err)
			}
		}
		named := regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(shown, -1)
		if len(named) == 0 {
			t.Errorf("%s: no test shows it", id)
		}
		for _, span := range named {
			if name := span[1]; !tests[name] && !scripts[name] {
				t.Errorf("%s: there is no test %s", id, name)
			}
		}
	}
	for prefix, last := range map[string]int{"GC": 17, "CX-P": 12, "CX": 29, "DG": 15, "RW": 13} {
		for n := 1; n <= last; n++ {
			if id := fmt.Sprint(prefix, n); seen[id] != 1 {
				t.Errorf("%s has %d rows", id, seen[id])
			}
		}
	}
}

// spoken refuses a command or flag of the program that is not there. What is neither is anything else.
func spoken(text string) error {
	words := strings.Fields(text)
	cmd := program{}.root()
	switch {
	case words[0] == "schemacheck":
		words = words[1:]
	case strings.HasPrefix(text, "--"):
		// A flag alone is one of migrate up, or of migrate status.
		for _, of := range []string{"up", "status"} {
			if at, _, err := cmd.Find([]string{"migrate", of}); err == nil && at.Flags().Lookup(strings.TrimPrefix(words[0], "--")) != nil {
				return nil
			}
		}
		return fmt.Errorf("there is no flag %s", text)
	default:
		return nil
	}
	at, rest, err := cmd.Find(words)
	if err != nil || at == cmd {
		return fmt.Errorf("there is no command %q", text)
	}
	for _, word := range rest {
		name, isFlag := strings.CutPrefix(word, "--")
		if isFlag && flagOf(at, name) {
			continue
		}
		if isFlag || !strings.Contains(word, "=") {
			return fmt.Errorf("%s has no %s", at.CommandPath(), word)
		}
	}
	return nil
}

func flagOf(cmd *cobra.Command, name string) bool {
	return cmd.Flags().Lookup(name) != nil || cmd.InheritedFlags().Lookup(name) != nil
}

// testNames are the tests of the module, and the files of its scripts.
func testNames(t *testing.T, root string) (tests, scripts map[string]bool) {
	t.Helper()
	tests, scripts = map[string]bool{}, map[string]bool{}
	function := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch {
		case d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != root:
			return filepath.SkipDir
		case strings.HasSuffix(path, ".txtar"):
			scripts[d.Name()] = true
		case strings.HasSuffix(path, "_test.go"):
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, m := range function.FindAllStringSubmatch(string(text), -1) {
				tests[m[1]] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return tests, scripts
}
