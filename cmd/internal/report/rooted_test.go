package report

import (
	"fmt"
	"strings"
	"testing"
)

// TestRooted: platforms get the paths of files from the root of the repository, people those that they typed.
func TestRooted(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ folder, file, want string }{
		{"", "s.graphql", "s.graphql"},
		{"services/api/", "s.graphql", "services/api/s.graphql"},
		{"services/api/", "../web/s.graphql", "services/web/s.graphql"},
		{"api/", "../../else/s.graphql", "../../else/s.graphql"},
		{"api/", "/tmp/s.graphql", "/tmp/s.graphql"},
		{"api/", "C:/s.graphql", "C:/s.graphql"},
		{"api/", "<stdin>", "<stdin>"},
		{"api/", "dgraph://host:9080", "dgraph://host:9080"},
	} {
		r := compare(about1("a", Error, "T.a"))
		r.Findings[0].Location.File = test.file
		r.Findings[0].Fixes[0].Edits = []Edit{{Location{File: test.file, Line: 3, Column: 3, EndLine: 3, EndColumn: 3}, "x"}}
		r.Suppressed = []Suppressed{{Finding: Finding{Location: Location{File: test.file}}, Reason: "because"}}
		r.Notes = []Note{{Location: Location{File: test.file}}}
		r.Before, r.After = Source{Source: "git:main:s.graphql", Ref: "main"}, Source{Source: test.file}
		r.Looked(test.file, "", "x")
		before := fmt.Sprintf("%+v", *r)
		got := r.Rooted(test.folder)
		for what, file := range map[string]string{
			"location": got.Findings[0].Location.File, "edit": got.Findings[0].Fixes[0].Edits[0].At.File,
			"suppressed": got.Suppressed[0].Finding.Location.File, "note": got.Notes[0].Location.File, "source": got.After.Source,
		} {
			if file != test.want {
				t.Errorf("%s of %q in %q is %q, want %q", what, test.file, test.folder, file, test.want)
			}
		}
		if got.DigestOf(got.Findings[0].Location) != Digest("x") {
			t.Errorf("%q in %q has no digest any more", test.file, test.folder)
		}
		if got.Before.Source != "git:main:s.graphql" {
			t.Errorf("the name of a commit's file became %q", got.Before.Source)
		}
		if after := fmt.Sprintf("%+v", *r); after != before {
			t.Errorf("the report itself changed: %s", after)
		}
	}
	fixed := compare(about1("a", Error, "T.a"))
	x := &fixed.Findings[0].Fixes[0]
	x.Edits = []Edit{{Location{File: "s.graphql", Line: 1, Column: 1, EndLine: 1, EndColumn: 1}, "x"}}
	x.Diff = "--- s.graphql\n+++ s.graphql\n@@ -1 +1 @@\n--- s\n+++ other.graphql"
	fixed.Repairs = &Repairs{Diff: x.Diff}
	const want = "--- api/s.graphql\n+++ api/s.graphql\n@@ -1 +1 @@\n--- s\n+++ other.graphql"
	if got := fixed.Rooted("api/"); got.Findings[0].Fixes[0].Diff != want || got.Repairs.Diff != want || x.Diff == want || fixed.Repairs.Diff == want {
		t.Errorf("a patch is %q, all edits are %q", got.Findings[0].Fixes[0].Diff, got.Repairs.Diff)
	}
	for source, want := range map[string]string{
		"git:main:./s.graphql": "git:main:api/s.graphql", "git:main:./../web/s.graphql": "git:main:web/s.graphql", "git:main:../web": "git:main:web",
		"git:main:../../s.graphql": "git:main:../../s.graphql", "git:main:s/./x": "git:main:s/./x",
	} {
		r := compare()
		r.Before = Source{Source: source, Ref: "main"}
		if got := r.Rooted("api/").Before.Source; got != want {
			t.Errorf("%s from api/ is %s, want %s", source, got, want)
		}
	}
	r := compare(about1("a", Error, "T.a"))
	for format, want := range map[string]string{
		"github": "file=api/new.graphql,", "gitlab": `"path": "api/new.graphql"`, "sarif": `"uri": "api/new.graphql"`,
		"junit": `file="api/new.graphql"`, "text": "at new.graphql:3:3", "markdown": "(`api/new.graphql:3:3`)", "json": `"file": "new.graphql"`,
	} {
		if text := render(t, r, format, Options{Folder: "api/", Quiet: format == "markdown"}); !strings.Contains(text, want) {
			t.Errorf("%s has no %s:\n%s", format, want, text)
		}
	}
}
