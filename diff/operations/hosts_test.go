package operations

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/diff/sdl"
)

// TestOneEntry: another language is one entry of the table. All that is common to hosts comes with it: folders and globs
// name its files, fragments of other hosts are found, places are those of its files, and what nobody wrote is left out.
//
// It changes the table, so that it does not run beside others.
func TestOneEntry(t *testing.T) {
	heredoc := regexp.MustCompile(`<<~GRAPHQL\n((?s:.*?))\n *GRAPHQL\b`)
	before := hosts
	defer func() { hosts = before }()
	hosts = append(slices.Clone(hosts), host{
		extensions: []string{".rb"},
		maxSize:    maxWritten,
		written:    true,
		marks:      func(*Options) []string { return []string{"<<~GRAPHQL"} },
		extract: func(f *sdl.File, _ *Options) extraction {
			var all extraction
			for _, m := range heredoc.FindAllStringSubmatchIndex(f.Text, -1) {
				all.documents = append(all.documents, literal{file: f, start: m[2], end: m[3]}.document())
			}
			return all
		},
	})
	dir := t.TempDir()
	const ruby = "# Grüße\r\nUsers = Client.parse <<~GRAPHQL\n  query Users { queryUser { ...Card phone } }\n  GRAPHQL\n"
	write(t, filepath.Join(dir, "lib", "users.RB"), ruby)
	write(t, filepath.Join(dir, "lib", "none.rb"), "puts 1\n")
	write(t, filepath.Join(dir, "lib", "packed.rb"), "<<~GRAPHQL"+strings.Repeat("x", maxLine))
	write(t, filepath.Join(dir, "lib", "broken.rb"), "<<~GRAPHQL\nquery { a\nGRAPHQL\n")
	write(t, filepath.Join(dir, "card.graphql"), "fragment Card on User { name }\n")
	found := find(t, dir, ".")
	if len(found.Operations) != 1 || found.Files != 5 {
		t.Fatalf("%d operations in %d files: %v", len(found.Operations), found.Files, found.Problems)
	}
	o := found.Operations[0]
	phone := strings.Index(o.Document.Text, "phone")
	at, exact := o.Document.Span(phone, phone+len("phone"))
	if !exact || at.File.Name != "lib/users.RB" || int(at.Start) != strings.Index(ruby, "phone") || at.Begin() != (sdl.Position{Line: 3, Column: 37}) {
		t.Errorf("phone stands at %v, exactly: %v", at.Begin(), exact)
	}
	if len(o.Fragments) != 1 || o.Fragments[0].Document.File.Name != "card.graphql" {
		t.Errorf("it uses %v", o.Fragments)
	}
	var told []string
	for _, p := range found.Problems {
		told = append(told, string(p.Kind)+" "+p.Span.File.Name)
	}
	if want := []string{"unreadable lib/broken.rb", "skipped lib/packed.rb"}; !slices.Equal(told, want) {
		t.Errorf("told: %v, want %v", told, want)
	}
	if len(find(t, dir, "lib/*.RB").Operations) != 1 {
		t.Error("a glob does not name it")
	}
	if _, err := Find(t.Context(), sdl.Loader{Dir: t.TempDir()}, Options{Patterns: []string{"."}}); err == nil || !strings.Contains(err.Error(), " .rb ") && !strings.Contains(err.Error(), " .rb is") {
		t.Errorf("a folder without files has the error %v", err)
	}
}
