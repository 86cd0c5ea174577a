package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPages: the commands of each page in cmd/docs are those that its script carries out, in the order of the page:
// testdata/script/page_NAME.txtar, or in testdata/live where it takes a Dgraph, or in testdata/review for a GitHub. What a page shows in a
// block marked sh is a command; the script may have others between.
func TestPages(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatalf("no pages: %v", err)
	}
	var written []string
	for _, page := range pages {
		name := strings.TrimSuffix(filepath.Base(page), ".md")
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		shown := shownCommands(string(text))
		if len(shown) == 0 {
			continue
		}
		written = append(written, "page_"+name+".txtar")
		var script []byte
		for _, dir := range pageScripts {
			if script, err = os.ReadFile(filepath.Join("testdata", dir, "page_"+name+".txtar")); !os.IsNotExist(err) {
				break
			}
		}
		if err != nil {
			t.Errorf("%s shows commands, and no script carries them out: %v", page, err)
			continue
		}
		var carried []string
		rest := shown
		for _, c := range carriedOut(string(script)) {
			if len(rest) > 0 && c == rest[0] {
				carried, rest = append(carried, c), rest[1:]
			}
		}
		if diff := cmp.Diff(shown, carried); diff != "" {
			t.Errorf("%s (-what it shows +what its script carries out in this order):\n%s", page, diff)
		}
	}
	for _, dir := range pageScripts {
		scripts, err := filepath.Glob(filepath.Join("testdata", dir, "page_*.txtar"))
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range scripts {
			if !slices.Contains(written, filepath.Base(s)) {
				t.Errorf("%s: there is no page with commands for it", s)
			}
		}
	}
}

// pageScripts are the folders of testdata that have scripts of pages.
var pageScripts = []string{"script", "live", "review"}

// shownCommands are the lines of a page's sh blocks, without remarks.
func shownCommands(page string) []string {
	var all []string
	in := false
	for line := range strings.Lines(page) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "```"):
			in = line == "```sh"
		case in && line != "" && !strings.HasPrefix(line, "#"):
			command, _, _ := strings.Cut(line, "  #")
			all = append(all, strings.TrimSpace(command))
		}
	}
	return all
}

// carriedOut are the commands of a script as a page shows them.
func carriedOut(script string) []string {
	var all []string
	for line := range strings.Lines(script) {
		if strings.HasPrefix(line, "-- ") {
			break // the files
		}
		command := strings.TrimSpace(line)
		if rest, ok := strings.CutPrefix(command, "exits "); ok {
			_, arguments, _ := strings.Cut(rest, " ")
			command = "schemacheck " + arguments
		}
		command = strings.TrimPrefix(command, "exec ")
		all = append(all, strings.NewReplacer("$ALPHA", "localhost:9080").Replace(command))
	}
	return all
}

// TestLinks: what the pages point to is there.
func TestLinks(t *testing.T) {
	t.Parallel()
	root := moduleRoot(t)
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	for _, pattern := range []string{"*.md", "cmd/docs/*.md", "rules/*.md", "fixes/*.md"} {
		pages, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(pages) == 0 {
			t.Errorf("%s: %v, %d pages", pattern, err, len(pages))
		}
		for _, page := range pages {
			text, err := os.ReadFile(page)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range link.FindAllStringSubmatch(string(text), -1) {
				to, _, _ := strings.Cut(m[1], "#")
				if to == "" || strings.Contains(to, "://") {
					continue
				}
				if _, err := os.Stat(filepath.Join(filepath.Dir(page), to)); err != nil {
					t.Errorf("%s points to %s, which is not there", page, m[1])
				}
			}
		}
	}
}
