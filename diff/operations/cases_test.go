package operations

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/schemacheck/schemacheck/diff/sdl"
)

var update = flag.Bool("update", false, "write what is expected anew; it is to be read afterwards")

// TestFind: projects, with what is found in them.
func TestFind(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("testdata/find/*.txtar")
	if err != nil || len(paths) < 9 {
		t.Fatalf("%d cases, %v", len(paths), err)
	}
	for _, at := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(at), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(at)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			var want *txtar.File
			for i := range archive.Files {
				f := &archive.Files[i]
				if f.Name == "want" {
					want = f
					continue
				}
				write(t, filepath.Join(dir, f.Name), string(f.Data))
			}
			found, err := Find(context.Background(), sdl.Loader{Dir: dir}, Options{Patterns: []string{"."}})
			if err != nil {
				t.Fatal(err)
			}
			checkFound(t, found)
			got := told(found)
			if *update {
				want.Data = []byte(got)
				if err := os.WriteFile(at, txtar.Format(archive), 0o666); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := cmp.Diff(string(bytes.ReplaceAll(want.Data, []byte("\r\n"), []byte("\n"))), got); d != "" {
				t.Error(d)
			}
		})
	}
}

func write(t testing.TB, at, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(at), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(at, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// told is all that was found, for people.
func told(found *Found) string {
	var b strings.Builder
	for _, o := range found.Operations {
		start, _ := o.Document.Span(o.Start, o.Start)
		at := start.Begin()
		name, exact := o.Document.Span(o.Document.OperationName(o.AST).Start, o.Document.OperationName(o.AST).End)
		fmt.Fprintf(&b, "%s:%d:%d %s %s %v\n\t%s\n", start.File.Name, at.Line, at.Column, o.Kind, name.Text(), exact,
			strings.Join(strings.Fields(o.Document.Text[o.Start:o.End]), " "))
		for _, f := range o.Fragments {
			at, _ := f.Document.Span(f.Start, f.Start)
			fmt.Fprintf(&b, "\t%s:%d %s\n", at.File.Name, at.Begin().Line, strings.Join(strings.Fields(f.Document.Text[f.Start:f.End]), " "))
		}
	}
	for _, p := range found.Problems {
		fmt.Fprintf(&b, "%v\n", &sdl.Error{Span: p.Span, Message: string(p.Kind) + ": " + p.What})
	}
	return b.String()
}

// checkFound holds all places to the files.
func checkFound(t *testing.T, found *Found) {
	t.Helper()
	seen := map[*Document]bool{}
	see := func(d *Document) bool {
		was := seen[d]
		seen[d] = true
		return !was
	}
	for _, o := range found.Operations {
		if see(o.Document) {
			checkPieces(t, o.Document)
		}
		checkNames(t, o.Document, []*Operation{o}, o.Document.fragmentsOf(found))
		for _, f := range o.Fragments {
			if f.AST.Position.Src != f.Document.source {
				t.Fatalf("the fragment %s is of another document", f.Name)
			}
		}
		if clean := o.Clean(); len(clean.Operations) > 1 {
			t.Fatal("several operations")
		}
	}
	for _, f := range found.Fragments {
		if see(f.Document) {
			checkPieces(t, f.Document)
		}
	}
	files := map[string]*sdl.File{}
	for d := range seen {
		if files[d.File.Name] == nil {
			files[d.File.Name] = d.File
		}
		if files[d.File.Name] != d.File {
			t.Fatalf("%s is there twice", d.File.Name)
		}
	}
	for _, p := range found.Problems {
		if !p.Span.IsZero() && (p.Span.Start < 0 || p.Span.End < p.Span.Start || int(p.Span.End) > len(p.Span.File.Text)) {
			t.Fatalf("%+v is out of its file", p)
		}
		if strings.ContainsFunc(p.What, func(r rune) bool { return r < ' ' || r > '~' }) || p.What == "" {
			t.Fatalf("%q is not plain", p.What)
		}
	}
}

func (d *Document) fragmentsOf(found *Found) []*Fragment {
	var all []*Fragment
	for _, f := range found.Fragments {
		if f.Document == d {
			all = append(all, f)
		}
	}
	return all
}

// checkPieces holds what is said to stand in the file as it is against the file, and looks for places that are not.
func checkPieces(t *testing.T, d *Document) {
	t.Helper()
	last := 0
	for _, p := range d.pieces {
		file := d.File
		if p.file != nil {
			file = p.file
		}
		if p.start < last || p.end <= p.start && d.Text != "" || p.end > len(d.Text) || p.at < 0 || p.at+p.end-p.start > len(file.Text) {
			t.Fatalf("a piece %+v after %d, of %d in %d", p, last, len(d.Text), len(file.Text))
		}
		last = p.end
		if is, want := file.Text[p.at:p.at+p.end-p.start], d.Text[p.start:p.end]; is != want {
			t.Fatalf("the file has %q for %q", is, want)
		}
	}
	for at := range d.Text {
		for _, end := range []int{at, at + 1, min(at+5, len(d.Text)), len(d.Text)} {
			span, exact := d.Span(at, end)
			known := span.File == d.File || slices.ContainsFunc(d.pieces, func(p piece) bool { return p.file == span.File })
			if !known || span.Start < 0 || span.End < span.Start || int(span.End) > len(span.File.Text) {
				t.Fatalf("%d is at %d to %d", at, span.Start, span.End)
			}
			if exact && span.Text() != d.Text[at:end] {
				t.Fatalf("%q is %q", d.Text[at:end], span.Text())
			}
		}
		if at > 2000 {
			break
		}
	}
}
