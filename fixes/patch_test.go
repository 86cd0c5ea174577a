package fixes_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/fixes"
)

func edit(f *sdl.File, start, end int32, text string) fixes.Patch {
	return fixes.Patch{Edits: []sdl.Edit{{Span: sdl.Span{File: f, Start: start, End: end}, New: text}}}
}

func TestJoin(t *testing.T) {
	t.Parallel()
	f := &sdl.File{Name: "s.graphql", Text: "0123456789"}
	for _, c := range []struct {
		name    string
		patches []fixes.Patch
		want    string // empty: a conflict
	}{
		{"none", nil, "0123456789"},
		{"apart", []fixes.Patch{edit(f, 8, 9, ""), edit(f, 2, 4, "ab")}, "01ab45679"},
		{"the same", []fixes.Patch{edit(f, 2, 2, " @id"), edit(f, 2, 2, " @id")}, "01 @id23456789"},
		{"two directives at one place", []fixes.Patch{edit(f, 2, 2, " @id"), edit(f, 2, 2, " @search")}, "01 @id @search23456789"},
		{"two arguments at one place", []fixes.Patch{edit(f, 2, 2, `, type: "a"`), edit(f, 2, 2, `, pred: "b"`)}, `01, type: "a", pred: "b"23456789`},
		{"two types at one place", []fixes.Patch{edit(f, 2, 2, "\n\"one\"\ntype A{}"), edit(f, 2, 2, "\n\"one\" type B{}")}, "01\n\"one\"\ntype A{}\n\"one\" type B{}23456789"},
		{"two members at one place", []fixes.Patch{edit(f, 2, 2, " | A"), edit(f, 2, 2, " | B")}, "01 | A | B23456789"},
		{"a member, then a directive", []fixes.Patch{edit(f, 2, 2, "\n  a: Int"), edit(f, 2, 2, " @id")}, "01 @id\n  a: Int23456789"},
		{"one directive twice", []fixes.Patch{edit(f, 2, 2, ` @dgraph(pred: "a")`), edit(f, 2, 2, ` @dgraph(pred: "b")`)}, ""},
		{"one argument twice", []fixes.Patch{edit(f, 2, 2, `, pred: "a"`), edit(f, 2, 2, `, pred: "b"`)}, ""},
		{"one value twice", []fixes.Patch{edit(f, 2, 4, "a"), edit(f, 2, 4, "b")}, ""},
		{"one field twice", []fixes.Patch{edit(f, 2, 2, "\n  a: Int"), edit(f, 2, 2, "\n  a: String")}, ""},
		{"one described field twice", []fixes.Patch{edit(f, 2, 2, "\n  \"\"\"x\"\"\" a: Int"), edit(f, 2, 2, "\n  a: String")}, ""},
		{"overlapping", []fixes.Patch{edit(f, 2, 5, ""), edit(f, 4, 6, "")}, ""},
		{"inside", []fixes.Patch{edit(f, 2, 5, ""), edit(f, 3, 3, "x")}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			joint, err := fixes.Join(c.patches...)
			if c.want == "" {
				if !errors.Is(err, fixes.ErrConflict) || !strings.Contains(err.Error(), "s.graphql:1:") {
					t.Errorf("no conflict with a place, but %v, %v", joint, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			files, err := joint.Apply([]*sdl.File{f})
			if err != nil || files[0].Text != c.want {
				t.Errorf("got %q, %v, want %q", files[0].Text, err, c.want)
			}
		})
	}
}

func TestApplyOtherFiles(t *testing.T) {
	t.Parallel()
	f, other := &sdl.File{Name: "a", Text: "0123"}, &sdl.File{Name: "a", Text: "0123"}
	if _, err := edit(f, 1, 2, "x").Apply([]*sdl.File{other}); err == nil {
		t.Error("a patch for other files was applied")
	}
	files, err := edit(f, 1, 2, "x").Apply([]*sdl.File{other, f})
	if err != nil || files[0] != other || files[1].Text != "0x23" || f.Text != "0123" {
		t.Errorf("got %v, %v", files, err)
	}
}

func write(t *testing.T, path, text string, mode os.FileMode) *sdl.File {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	return &sdl.File{Name: filepath.Base(path), Path: path, Text: text}
}

func with(f *sdl.File, text string) *sdl.File {
	return &sdl.File{Name: f.Name, Ref: f.Ref, Path: f.Path, Text: text}
}

func TestWrite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a := write(t, filepath.Join(dir, "a.graphql"), "old\r\n", 0o640)
	b := write(t, filepath.Join(dir, "b.graphql"), "stays\n", 0o644)
	real := write(t, filepath.Join(dir, "real"), "old too", 0o600)
	link := filepath.Join(dir, "link.graphql")
	if err := os.Symlink(real.Path, link); err != nil {
		t.Skip(err)
	}
	l := &sdl.File{Name: "link.graphql", Path: link, Text: real.Text}
	names, err := fixes.Write([]*sdl.File{a, b, l}, []*sdl.File{with(a, "new\r\n"), b, with(l, "new too")})
	if err != nil || fmt.Sprint(names) != "[a.graphql link.graphql]" {
		t.Fatalf("%v, %v", names, err)
	}
	for path, want := range map[string]string{a.Path: "new\r\n", b.Path: "stays\n", real.Path: "new too"} {
		if got, err := os.ReadFile(path); err != nil || string(got) != want {
			t.Errorf("%s has %q, %v, want %q", path, got, err, want)
		}
	}
	if info, err := os.Stat(a.Path); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("the mode is %v, %v", info.Mode(), err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Error("the link is a file now")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 4 {
		t.Errorf("files are left: %v", left)
	}
}

// TestWriteRefuses: when one file cannot be written, none is.
func TestWriteRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		second func(dir string) *sdl.File
		want   string
	}{
		"changed": {func(dir string) *sdl.File {
			f := write(t, filepath.Join(dir, "b.graphql"), "old", 0o644)
			write(t, f.Path, "somebody else's", 0o644)
			return f
		}, "b.graphql changed since it was read, and nothing was written: run the command again"},
		"gone": {func(dir string) *sdl.File {
			return &sdl.File{Name: "b.graphql", Path: filepath.Join(dir, "b.graphql"), Text: "old"}
		}, "writing b.graphql: no such file or directory; nothing was written"},
		"stdin": {func(string) *sdl.File { return &sdl.File{Name: sdl.Stdin, Text: "old"} },
			"a schema from standard input cannot be written: name its file"},
		"git": {func(string) *sdl.File { return &sdl.File{Name: "b.graphql", Ref: "main", Text: "old"} },
			"b.graphql is read from git at main and cannot be written: name the file in the work tree"},
		"live": {func(string) *sdl.File { return &sdl.File{Name: "dgraph://localhost:9080", Text: "old"} },
			"dgraph://localhost:9080 is no file and cannot be written: name a schema file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			a, b := write(t, filepath.Join(dir, "a.graphql"), "old", 0o644), c.second(dir)
			names, err := fixes.Write([]*sdl.File{a, b}, []*sdl.File{with(a, "new"), with(b, "new")})
			if err == nil || err.Error() != c.want || len(names) > 0 {
				t.Errorf("%v, %v, want %s", names, err, c.want)
			}
			if text, err := os.ReadFile(a.Path); err != nil || string(text) != "old" {
				t.Errorf("the other file was written: %q, %v", text, err)
			}
			if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// patchText does what a patch program does with a unified diff.
func patchText(text, unified string) (string, error) {
	var out strings.Builder
	lines := strings.SplitAfter(text, "\n")
	at := 0
	removed := false // the line before is only in the old text
	for _, line := range strings.SplitAfter(unified, "\n") {
		switch {
		case line == "", strings.HasPrefix(line, "--- "), strings.HasPrefix(line, "+++ "):
		case strings.HasPrefix(line, "@@"):
			var first int
			if _, err := fmt.Sscanf(line, "@@ -%d", &first); err != nil {
				return "", err
			}
			if strings.Contains(strings.SplitN(line, "+", 2)[0], ",0 ") {
				first++
			}
			for ; at < first-1; at++ {
				out.WriteString(lines[at])
			}
		case strings.HasPrefix(line, "\\"):
			if removed {
				continue
			}
			cut := strings.TrimSuffix(out.String(), "\n")
			out.Reset()
			out.WriteString(cut)
		case line[0] == '+':
			removed = false
			out.WriteString(line[1:])
		default:
			removed = line[0] == '-'
			if at >= len(lines) || strings.TrimSuffix(lines[at], "\n") != strings.TrimSuffix(line[1:], "\n") {
				return "", fmt.Errorf("line %d is not %q", at+1, line[1:])
			}
			if !removed {
				out.WriteString(line[1:])
			}
			at++
		}
	}
	for ; at < len(lines); at++ {
		out.WriteString(lines[at])
	}
	return out.String(), nil
}

// FuzzDirectives makes all edits that can be made between two schemas. The
// result parses, and the diff leads from the one text to the other.
func FuzzDirectives(f *testing.F) {
	cases, err := filepath.Glob("../rules/testdata/*/*/old.graphql")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range cases {
		before, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		after, err := os.ReadFile(filepath.Join(filepath.Dir(path), "new.graphql"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(before), string(after))
		f.Add(string(after), strings.ReplaceAll(string(before), "\n", "\r\n"))
	}
	f.Fuzz(func(t *testing.T, old, new string) {
		before, err := sdl.Parse(&sdl.File{Name: "old.graphql", Text: old})
		if err != nil {
			return
		}
		file := &sdl.File{Name: "new.graphql", Text: new}
		after, err := sdl.Parse(file)
		if err != nil {
			return
		}
		d := diff.Compare(diff.New(before), diff.New(after), diff.Options{})
		x := fixes.NewDirectives(d, fixes.Options{Readable: func(b, a *schema.Field) bool { return b.Type().Named() == a.Type().Named() }})
		var all []fixes.Patch
		for _, b := range d.Before.Types {
			all = append(all, x.KeepType(b))
			a := d.Survivor(b)
			if a != nil && a.Stores() && b.Stores() {
				all = append(all, x.PinType(a, b.Stored), x.RestoreSubscription(a, nil), x.RestoreWebhook(a, []string{"add", "delete"}),
					x.RestoreAuth(b, a, []string{"query", "add"}), x.RestoreOperations(a, []string{"get", "delete"}))
				if b.Secret != nil {
					all = append(all, x.RestoreSecret(b, a))
				}
			}
			for _, bf := range b.Fields {
				af := d.Counterpart(bf)
				if af == nil {
					if b.Stores() {
						all = append(all, x.KeepField(bf))
					}
					continue
				}
				all = append(all, x.PinFields(fixes.Move{Before: bf, After: af}), fixes.MakeNullable(af), x.RestoreType(bf, af),
					x.RestoreOnField(af, bf.Directive("default")))
				if af.Predicate != "" {
					all = append(all, x.NewPredicate(af), x.Separate(bf, af), x.RestoreSearch(bf, af, []string{"hash"}))
				}
			}
		}
		for _, p := range all {
			files, err := p.Apply([]*sdl.File{file})
			if err != nil {
				t.Fatalf("%v\n%s", err, p.Diff())
			}
			if _, err := sdl.Parse(files...); err != nil {
				t.Fatalf("%v\n%s", err, p.Diff())
			}
			if p.Diff() == "" && slices.ContainsFunc(strings.SplitAfter(new, "\n"), func(line string) bool { return len(line) > 4<<10 }) {
				continue
			}
			if got, err := patchText(new, p.Diff()); err != nil || got != files[0].Text {
				t.Fatalf("the diff leads elsewhere: %v\n%q\n%q\n%s", err, got, files[0].Text, p.Diff())
			}
		}
	})
}

// TestLongLines: what a diff would show of lines beyond 4 KiB is left out with all of it, and what has short lines around it
// is shown.
func TestLongLines(t *testing.T) {
	t.Parallel()
	long, short := strings.Repeat("x", 4<<10+1), strings.Repeat("x", 4<<10)
	for _, c := range []struct {
		name, text string
		shown      bool
	}{
		{"short lines", "type A {\n  f: Int\n}\n", true},
		{"the line", "type A { f: Int } # " + long + "\n", false},
		{"the line begins far before", "# " + long + " f: Int\n", false},
		{"one line that is not ended", "f: Int # " + long, false},
		{"the longest line", "f: Int #" + short[8:] + "\n", true},
		{"a line before it", long + "\nf: Int\n", false},
		{"a line behind it", "f: Int\n" + long + "\n", false},
		{"three lines before it", long + "\n\n\nf: Int\n", false},
		{"three lines behind it", "f: Int\n\n\n" + long + "\n", false},
		{"four lines before it", long + "\n\n\n\nf: Int\n", true},
		{"four lines behind it", "f: Int\n\n\n\n" + long + "\n", true},
		{"the longest lines around it", short + "\n" + short + "\nf: Int\n" + short + "\n" + short, true},
	} {
		at := strings.Index(c.text, "f: Int")
		f := &sdl.File{Name: "a.graphql", Text: c.text}
		p := fixes.Patch{Edits: []sdl.Edit{{Span: sdl.Span{File: f, Start: int32(at), End: int32(at + 1)}, New: "g"}}}
		if got := p.Diff(); (got != "") != c.shown {
			t.Errorf("%s: %.200q", c.name, got)
		} else if want, _ := p.Apply([]*sdl.File{f}); c.shown {
			if text, err := patchText(c.text, got); err != nil || text != want[0].Text {
				t.Errorf("%s: the diff leads elsewhere: %v", c.name, err)
			}
		}
	}
}
