package fixes_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/fixes"
)

var update = flag.Bool("update", false, "rewrite the diffs that the cases expect")

// TestDirectives makes the edits of testdata/*.txtar. The first line of a case
// names a constructor and its arguments, old.graphql is the old schema, all
// other files whose names end so are the new one, and "diff" is the patch, or
// says that there is none. Each case is tried with CRLF too.
func TestDirectives(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal("no cases", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			c := txtar.Parse(data)
			patch, files := patched(t, c, "\n")
			got := patch.Diff()
			if patch.Empty() {
				got = "no safe edit\n"
			}
			last := &c.Files[len(c.Files)-1]
			if *update {
				last.Data = []byte(got)
				if err := os.WriteFile(path, txtar.Format(c), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if d := cmp.Diff(string(last.Data), got); d != "" || last.Name != "diff" {
				t.Errorf("%s (-want +got):\n%s", path, d)
			}
			if _, err := sdl.Parse(files...); err != nil {
				t.Errorf("the result does not parse: %v", err)
			}
			_, windows := patched(t, c, "\r\n")
			for i, f := range files {
				if want := strings.ReplaceAll(f.Text, "\n", "\r\n"); windows[i].Text != want {
					t.Errorf("with CRLF: %s", cmp.Diff(want, windows[i].Text))
				}
			}
		})
	}
}

// patched is the patch of a case and the files with it.
func patched(t *testing.T, c *txtar.Archive, ending string) (fixes.Patch, []*sdl.File) {
	t.Helper()
	var old, new []*sdl.File
	for _, f := range c.Files {
		file := &sdl.File{Name: f.Name, Text: strings.ReplaceAll(string(f.Data), "\n", ending)}
		switch {
		case f.Name == "old.graphql":
			old = append(old, file)
		case strings.HasSuffix(f.Name, ".graphql"):
			new = append(new, file)
		}
	}
	parse := func(files []*sdl.File) *diff.Schema {
		s, err := sdl.Parse(files...)
		if err != nil {
			t.Fatal(err)
		}
		return diff.New(s)
	}
	line, _, _ := strings.Cut(string(c.Comment), "\n")
	command, declared, _ := strings.Cut(line, " # ")
	renames := map[string]string{}
	for r := range strings.FieldsSeq(declared) {
		from, to, _ := strings.Cut(r, ">")
		renames[from] = to
	}
	d := diff.Compare(parse(old), parse(new), diff.Options{Renames: renames})
	x := fixes.NewDirectives(d, fixes.Options{Readable: func(b, a *schema.Field) bool {
		named := b.Type().Named()
		if t := d.Before.Type(named); t != nil && d.Survivor(t) != nil {
			named = d.Survivor(t).Name
		}
		return named == a.Type().Named()
	}})
	p := construct(t, d, x, strings.Fields(command))
	files, err := p.Apply(new)
	if err != nil {
		t.Fatal(err)
	}
	return p, files
}

func construct(t *testing.T, d *diff.Diff, x *fixes.Directives, args []string) fixes.Patch {
	t.Helper()
	field := func(s *diff.Schema, i int) *schema.Field {
		owner, name, _ := strings.Cut(args[i], ".")
		if typ := s.Type(owner); typ != nil && typ.Field(name) != nil {
			return typ.Field(name)
		}
		t.Fatalf("there is no field %s", args[i])
		return nil
	}
	typ := func(s *diff.Schema, i int) *schema.Type {
		if typ := s.Type(args[i]); typ != nil {
			return typ
		}
		t.Fatalf("there is no type %s", args[i])
		return nil
	}
	before := func(i int) *schema.Field { return field(d.Before, i) }
	after := func(i int) *schema.Field { return field(d.After, i) }
	switch args[0] {
	case "PinFields":
		var moves []fixes.Move
		for i := 1; i < len(args); i += 2 {
			moves = append(moves, fixes.Move{Before: before(i), After: after(i + 1)})
		}
		return x.PinFields(moves...)
	case "PinType":
		return x.PinType(typ(d.After, 1), args[2])
	case "PinSecret":
		return x.PinSecret(typ(d.Before, 1), typ(d.After, 2))
	case "NewPredicate":
		var all []*schema.Field
		for i := 1; i < len(args); i++ {
			all = append(all, after(i))
		}
		return x.NewPredicate(all...)
	case "NewSecretPredicate":
		return x.NewSecretPredicate(typ(d.After, 1))
	case "KeepField":
		return x.KeepField(before(1))
	case "KeepType":
		return x.KeepType(typ(d.Before, 1))
	case "KeepValue":
		for _, v := range typ(d.Before, 1).Definition.Values {
			if v.Name.Text == args[3] {
				return x.KeepValue(typ(d.Before, 1), typ(d.After, 2), v)
			}
		}
	case "KeepMember":
		return x.KeepMember(typ(d.After, 1), args[2])
	case "MakeNullable":
		return fixes.MakeNullable(after(1))
	case "RestoreType":
		return x.RestoreType(before(1), after(2))
	case "Separate":
		return x.Separate(before(1), after(2))
	case "RestoreOnField":
		return x.RestoreOnField(after(2), before(1).Directive(args[3]))
	case "SetIDScope":
		return x.SetIDScope(after(1))
	case "RestoreSearch":
		return x.RestoreSearch(before(1), after(2), args[3:])
	case "MoveBehind":
		return x.MoveBehind(after(1), after(2))
	case "RestoreInverse":
		return x.RestoreInverse(after(1), after(2))
	case "RestoreSecret":
		return x.RestoreSecret(typ(d.Before, 1), typ(d.After, 2))
	case "RestoreAuth":
		return x.RestoreAuth(typ(d.Before, 1), typ(d.After, 2), args[3:])
	case "RestoreOperations":
		return x.RestoreOperations(typ(d.After, 1), args[2:])
	case "RestoreSubscription":
		return x.RestoreSubscription(typ(d.After, 1), nil)
	case "RestoreWebhook":
		return x.RestoreWebhook(typ(d.After, 1), args[2:])
	}
	t.Fatalf("unknown constructor in %q", args)
	return fixes.Patch{}
}
