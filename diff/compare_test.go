package diff_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

var update = flag.Bool("update", false, "rewrite the changes in testdata/*.txtar")

func load(t testing.TB, name, text string) *diff.Schema {
	t.Helper()
	parsed, err := sdl.Parse(&sdl.File{Name: name, Text: text})
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return diff.New(parsed)
}

func compare(t testing.TB, before, after string, renames map[string]string) *diff.Diff {
	t.Helper()
	return diff.Compare(load(t, "old.graphql", before), load(t, "new.graphql", after), diff.Options{Renames: renames})
}

// TestCompare holds pairs of schemas against their changes. A case is an
// archive of old, new, the renames that the user declares (one "from to" a
// line), and the changes.
func TestCompare(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) < 100 {
		t.Fatalf("%d cases (%v)", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			part := func(name string) *txtar.File {
				for i := range archive.Files {
					if archive.Files[i].Name == name {
						return &archive.Files[i]
					}
				}
				return &txtar.File{}
			}
			renames := map[string]string{}
			for line := range strings.Lines(string(part("renames").Data)) {
				from, to, ok := strings.Cut(strings.TrimSpace(line), " ")
				if !ok {
					t.Fatalf("renames: %q", line)
				}
				renames[from] = to
			}
			got := lines(compare(t, string(part("old").Data), string(part("new").Data), renames))
			if *update {
				part("changes").Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want := string(part("changes").Data); want != got {
				t.Errorf("-want +got (go test ./diff -update accepts it)\n%s", cmp.Diff(want, got))
			}
		})
	}
}

// lines writes the changes of a diff, one a line.
func lines(d *diff.Diff) string {
	var b strings.Builder
	for _, c := range d.Changes {
		b.WriteString(line(c))
		b.WriteByte('\n')
	}
	return b.String()
}

// line is a change in one line that tells everything of it but the likeness.
func line(c diff.Change) string {
	switch c := c.(type) {
	case diff.TypeAdded:
		return "type added: " + named(c.Type)
	case diff.TypeRemoved:
		return "type removed: " + named(c.Type)
	case diff.TypeRenamed:
		return fmt.Sprintf("type renamed, %s: %s -> %s", c.Confidence, named(c.Before), named(c.After))
	case diff.TypeKindChanged:
		return fmt.Sprintf("kind changed: %s -> %s", kind(c.Before)+" "+named(c.Before), kind(c.After)+" "+named(c.After))
	case diff.StoredTypeChanged:
		return fmt.Sprintf("stored type changed: %s -> %s", named(c.Before), named(c.After))
	case diff.InterfaceAdded:
		return fmt.Sprintf("interface added: %s implements %s", c.After.Name, c.Interface.Name) + moves(c.Moved) + list("gained", coordinates(c.Gained))
	case diff.InterfaceRemoved:
		return fmt.Sprintf("interface removed: %s implements %s", c.Before.Name, c.Interface.Name) + moves(c.Moved) + list("lost", coordinates(c.Lost))
	case diff.UnionMemberAdded:
		return "member added: " + c.After.Name + " | " + c.Member.Text
	case diff.UnionMemberRemoved:
		return "member removed: " + c.Before.Name + " | " + c.Member.Text
	case diff.EnumValueAdded:
		return "value added: " + c.After.Name + "." + c.Value.Name.Text
	case diff.EnumValueRenamed:
		return fmt.Sprintf("value renamed, %s: %s.%s -> %s.%s", c.Confidence, c.Before.Name, c.From.Name.Text, c.After.Name, c.To.Name.Text)
	case diff.EnumValueRemoved:
		return "value removed: " + c.Before.Name + "." + c.Value.Name.Text
	case diff.FieldAdded:
		var had []string
		for _, t := range c.Moved {
			had = append(had, t.Name)
		}
		return fmt.Sprintf("field added to %s: %s", c.Owner.Name, field(c.Field)) + list("had by", had)
	case diff.FieldRemoved:
		return fmt.Sprintf("field removed from %s: %s", c.Owner.Name, field(c.Field))
	case diff.FieldRenamed:
		return fmt.Sprintf("field renamed, %s: %s -> %s", c.Confidence, field(c.Before), field(c.After))
	case diff.PredicateChanged:
		return "predicate changed: " + pair(c.Before, c.After)
	case diff.FieldTypeChanged:
		return fmt.Sprintf("type changed: %s %s -> %s", c.Before.Coordinate(), c.Before.Type(), c.After.Type())
	case diff.BecameList:
		return "became list: " + pair(c.Before, c.After)
	case diff.MadeRequired:
		return "made required: " + pair(c.Before, c.After)
	case diff.MadeOptional:
		return "made optional: " + pair(c.Before, c.After)
	case diff.IDAdded:
		return "id added: " + pair(c.Before, c.After)
	case diff.IDRemoved:
		return "id removed: " + pair(c.Before, c.After)
	case diff.IDScopeChanged:
		return "id scope changed: " + pair(c.Before, c.After)
	case diff.InverseAdded:
		var was []string
		for _, f := range c.Before {
			if f == nil {
				was = append(was, "new")
			} else {
				was = append(was, f.Coordinate())
			}
		}
		return fmt.Sprintf("inverse added: %s and %s", c.Field.Coordinate(), c.Field.Inverse.Coordinate()) + list("before", was)
	case diff.InverseRemoved:
		return fmt.Sprintf("inverse removed: %s and %s", c.Field.Coordinate(), c.Field.Inverse.Coordinate()) + list("now", []string{c.After.Coordinate()})
	case diff.InverseChanged:
		return fmt.Sprintf("inverse changed: %s and %s -> %s and %s", c.Before.Coordinate(), c.Before.Inverse.Coordinate(),
			c.After.Coordinate(), c.After.Inverse.Coordinate())
	case diff.ComputedChanged:
		return fmt.Sprintf("computed changed: %s, in %s", pair(c.Before, c.After), c.Owner.Name)
	case diff.ComputationChanged:
		return "computation changed: " + pair(c.Before, c.After)
	case diff.PredicateReused:
		return "predicate reused: " + field(c.Field) + list("of", coordinates(c.Users))
	case diff.LanguageChanged:
		return "language changed: " + pair(c.Before, c.After)
	case diff.LanguageLost:
		return fmt.Sprintf("language lost: %s, read by %s", c.Before.Stored(), field(c.Field))
	case diff.EmbeddingChanged:
		return fmt.Sprintf("embedding changed: %s %s, %v -> %s, %v", c.Before.Coordinate(), c.Before.Type(), c.Before.Has("embedding"), c.After.Type(), c.After.Has("embedding"))
	case diff.SearchAdded:
		return "search added: " + pair(c.Before, c.After) + list("gained", c.Gained)
	case diff.SearchRemoved:
		return "search removed: " + pair(c.Before, c.After) + list("lost", c.Lost)
	case diff.SearchChanged:
		return "search changed: " + pair(c.Before, c.After) + list("lost", c.Lost) + list("gained", c.Gained)
	case diff.DefaultChanged:
		return "default changed: " + pair(c.Before, c.After)
	case diff.SecretAdded:
		return fmt.Sprintf("secret added to %s: %s", c.Before.Name, secret(c.After))
	case diff.SecretRemoved:
		return fmt.Sprintf("secret removed from %s: %s", c.After.Name, secret(c.Before))
	case diff.SecretChanged:
		return fmt.Sprintf("secret changed: %s -> %s", secret(c.Before), secret(c.After))
	case diff.AuthChanged:
		how := "closes"
		if c.Opens {
			how = "opens"
		}
		return fmt.Sprintf("auth changed: %s %s", c.After.Name, how) + list("for", c.Operations) + list("bare", c.Bare)
	case diff.AuthorizationChanged:
		return fmt.Sprintf("authorization changed: %v -> %v, opens %v", c.Before != nil, c.After != nil, c.Opens)
	case diff.GenerateChanged:
		return "generate changed: " + c.After.Name + list("lost", c.Lost) + list("gained", c.Gained)
	case diff.SettingsChanged:
		return fmt.Sprintf("settings changed: %s, %d -> %d, lost %d, gained %d", c.Kind, len(c.Before), len(c.After), c.Lost, c.Gained)
	case diff.WebhookChanged:
		return "webhook changed: " + c.After.Name + list("lost", c.Lost) + list("gained", c.Gained)
	case diff.SubscriptionAdded:
		return "subscription added: " + c.After.Coordinate()
	case diff.SubscriptionRemoved:
		return "subscription removed: " + c.Before.Coordinate()
	case diff.DeprecationChanged:
		return "deprecation changed: " + c.Before.Coordinate() + " -> " + c.After.Coordinate()
	case diff.DescriptionChanged:
		return "description changed: " + c.Before.Coordinate() + " -> " + c.After.Coordinate()
	case diff.PredicateRefused:
		of := func(f *schema.Field, t *schema.Type) string {
			switch {
			case f != nil:
				return f.Coordinate()
			case t != nil:
				return "the secret of " + t.Name
			}
			return "nothing"
		}
		return fmt.Sprintf("refused, %s: %s, %s -> %s", c.Refusal, c.Before.Stored(), of(c.FieldBefore, c.TypeBefore), of(c.FieldAfter, c.TypeAfter))
	}
	panic(fmt.Sprintf("unknown change %T", c))
}

func named(t *schema.Type) string {
	if t.Stored != t.Name {
		return t.Name + " (" + t.Stored + ")"
	}
	return t.Name
}

// secret is a type's password with its predicate.
func secret(t *schema.Type) string {
	return fmt.Sprintf("%s.%s (%s)", t.Name, t.Secret.Field, t.Secret.Predicate)
}

func kind(t *schema.Type) string {
	if t.Remote {
		return "remote " + t.Kind.Keyword()
	}
	return t.Kind.Keyword()
}

// field is a field with its predicate, "-" for none.
func field(f *schema.Field) string {
	s := f.Predicate
	switch {
	case s == "":
		s = "-"
	case f.Reverse:
		s = "~" + s
	}
	if f.Language != "" {
		s += "@" + f.Language
	}
	return f.Coordinate() + " (" + s + ")"
}

func pair(b, a *schema.Field) string {
	if field(b) == field(a) {
		return field(b)
	}
	return field(b) + " -> " + field(a)
}

func moves(moved []diff.Move) string {
	var all []string
	for _, m := range moved {
		all = append(all, pair(m.Before, m.After))
	}
	return list("moved", all)
}

func coordinates(fields []*schema.Field) []string {
	var all []string
	for _, f := range fields {
		all = append(all, f.Coordinate())
	}
	return all
}

func list(what string, items []string) string {
	if len(items) == 0 {
		return ""
	}
	return "; " + what + " " + strings.Join(items, ", ")
}
