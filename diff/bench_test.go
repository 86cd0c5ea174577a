package diff_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// shape writes a schema of n types with ten fields each. name and field give
// the names; with ring, each type refers to the next one.
func shape(n int, ring bool, name, field func(i int) string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "type %s {\n  id: ID!\n  name: String @search(by: [term])\n", name(i))
		for j := range 7 {
			fmt.Fprintf(&b, "  %s: %s\n", field(10*i+j), []string{"Int", "String", "Float", "DateTime"}[(i+j)%4])
		}
		of := "[String]"
		if ring {
			of = name((i + 1) % n)
		}
		fmt.Fprintf(&b, "  next: %s\n}\n", of)
	}
	return b.String()
}

func numbered(word string) func(int) string {
	return func(i int) string { return fmt.Sprint(word, i) }
}

// letters makes names without digits, no two alike in their words.
func letters(first string) func(int) string {
	return func(i int) string {
		var b strings.Builder
		b.WriteString(first)
		for i++; i > 0; i /= 26 {
			b.WriteByte(byte('a' + i%26))
		}
		return b.String()
	}
}

type comparison struct{ name, before, after string }

func comparisons(n int) []comparison {
	own := func(i int) string { return fmt.Sprint("f", i%10) }
	flat := shape(n, false, numbered("Type"), own)
	ring := shape(n, true, numbered("Type"), own)
	few := strings.NewReplacer("type Type7 ", "type Seventh ", "type Type9 {", "type Type9 { more: Int ", ": Type7\n", ": Seventh\n")
	return []comparison{
		{"flat", flat, few.Replace(flat)},
		{"ring", ring, few.Replace(ring)},
		// All types have new names, which say something or nothing.
		{"renamed", ring, shape(n, true, numbered("RenamedType"), own)},
		{"rewritten", ring, shape(n, true, letters("X"), own)},
		// All fields have new names too, shared by a few types each.
		{"shared", shape(n, true, letters("T"), func(i int) string { return fmt.Sprint("field", i/400, "x", i%7) }),
			shape(n, true, letters("X"), func(i int) string { return fmt.Sprint("field", i/400, "x", i%7) })},
		// The types stay, and all their fields are new.
		{"fields", ring, shape(n, true, numbered("Type"), func(i int) string { return fmt.Sprint("newField", i%10) })},
	}
}

func BenchmarkCompare(b *testing.B) {
	for _, n := range []int{100, 1000, 10000} {
		for _, c := range comparisons(n) {
			b.Run(fmt.Sprintf("%s/%d", c.name, n), func(b *testing.B) {
				before, after := parsed(b, c.before), parsed(b, c.after)
				b.ReportAllocs()
				for b.Loop() {
					d := diff.Compare(diff.New(before), diff.New(after), diff.Options{})
					if len(d.Changes) == 0 {
						b.Fatal("no changes")
					}
				}
			})
		}
	}
}

// BenchmarkWide compares one type whose thousands of fields are all renamed.
func BenchmarkWide(b *testing.B) {
	for _, n := range []int{100, 1000, 10000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			wide := func(field func(int) string) *sdl.Schema {
				var s strings.Builder
				s.WriteString("type T {\n")
				for i := range n {
					s.WriteString("  " + field(i) + ": String\n")
				}
				return parsed(b, s.String()+"}")
			}
			before, after := wide(letters("f")), wide(letters("g"))
			b.ReportAllocs()
			for b.Loop() {
				diff.Compare(diff.New(before), diff.New(after), diff.Options{})
			}
		})
	}
}

func parsed(b *testing.B, text string) *sdl.Schema {
	b.Helper()
	s, err := sdl.Parse(&sdl.File{Name: "schema.graphql", Text: text})
	if err != nil {
		b.Fatal(err)
	}
	return s
}
