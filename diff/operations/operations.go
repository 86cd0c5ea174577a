// Package operations finds GraphQL operations in files of GraphQL and of programs, and takes them apart. It knows no
// schema: whether one has the fields that an operation asks for is not its question.
package operations

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"

	"github.com/schemacheck/schemacheck/diff/sdl"
)

// The kinds of operations.
const (
	Query        = "query"
	Mutation     = "mutation"
	Subscription = "subscription"
)

// Operation is one of the operations of a document. It is immutable.
type Operation struct {
	// Name is "" for one without.
	Name string
	Kind string
	// Document is where it stands; Start and End are its bytes in the text of that.
	Document   *Document
	Start, End int
	// AST is the operation as it is written. Its positions are bytes in the text of Document, and so are those of
	// fragments in the texts of theirs: Start and End are offsets, Line is 1 and Column is Start+1. Validators write into
	// what they validate: give them Clean.
	AST *ast.OperationDefinition
	// Fragments are those that it uses, directly or through others, each name once, in the order in which they are
	// first used.
	Fragments []*Fragment

	spreads []*ast.FragmentSpread
	cut     map[spread]bool // where a fragment is used again within itself
}

// Fragment is a fragment that a document defines. It is immutable.
type Fragment struct {
	Name       string
	Document   *Document
	Start, End int
	AST        *ast.FragmentDefinition

	spreads []*ast.FragmentSpread
}

// spread is the use of a fragment in another.
type spread struct{ in, of *Fragment }

// Found is what files have.
type Found struct {
	// Files is the number of files that were looked at.
	Files int
	// Operations and Fragments are in the order of files, and of places in them.
	Operations []*Operation
	Fragments  []*Fragment
	// Problems are in that order too; those without a file come first.
	Problems []Problem
}

// Problem is what could not be read, or not as it is written. The rest was.
type Problem struct {
	Kind ProblemKind
	// Span is where. It is zero when no file is meant.
	Span sdl.Span
	// What is a sentence without its period, in plain ASCII.
	What string
}

// ProblemKind is what is wrong.
type ProblemKind string

// The kinds of problems. Nothing is wrong with what is of the kinds Skipped and Guessed: it was left out, or not certain.
const (
	Unreadable ProblemKind = "unreadable" // a file, or a document that is none
	Computed   ProblemKind = "computed"   // a document that is only known when the program runs
	Missing    ProblemKind = "missing"    // a fragment
	Circular   ProblemKind = "circular"   // a fragment that uses itself
	Skipped    ProblemKind = "skipped"    // a file that people did not write, or that leads elsewhere
	Guessed    ProblemKind = "guessed"    // which of several fragments is meant
)

// Note reports whether nothing is wrong.
func (p Problem) Note() bool { return p.Kind == Skipped || p.Kind == Guessed }

// Span is the place of the operation in its file.
func (o *Operation) Span() sdl.Span {
	at, _ := o.Document.Span(o.Start, o.End)
	return at
}

// Spliced reports whether it, or a fragment that it uses, is put together of several strings of a program, so that other
// operations can have some of them, too.
func (o *Operation) Spliced() bool {
	return len(o.Document.pieces) > 1 || slices.ContainsFunc(o.Fragments, func(f *Fragment) bool { return len(f.Document.pieces) > 1 })
}

// Line is where the operation begins in its file, from 1.
func (o *Operation) Line() int {
	at, _ := o.Document.Span(o.Start, o.Start)
	return at.Begin().Line
}

// Text is what a client sends for the operation: it with the fragments that it uses, and nothing else. It is empty when
// the client asks no server.
func (o *Operation) Text() string {
	sent := o.copied(false)
	if len(sent.Operations) == 0 {
		return ""
	}
	var b strings.Builder
	formatter.NewFormatter(&b).FormatQueryDocument(sent)
	return b.String()
}

// Fields are the names of all fields in the operation and its fragments, sorted.
func (o *Operation) Fields() []string {
	var all []string
	note := func(f *ast.Field) { all = append(all, f.Name) }
	eachField(o.AST.SelectionSet, note)
	for _, f := range o.Fragments {
		eachField(f.AST.SelectionSet, note)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Wanting are the variables that need a value, without the $, in their order.
func (o *Operation) Wanting() []string {
	var all []string
	for _, v := range o.AST.VariableDefinitions {
		if v.Type.NonNull && v.DefaultValue == nil {
			all = append(all, v.Variable)
		}
	}
	return all
}
