// Package rewrite brings client operations, and files with their variables, to the names that a schema change gives to
// types, fields, arguments and values of enums.
package rewrite

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/operations"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/diff/usage"
	"github.com/schemacheck/schemacheck/fixes"
)

// Options are what is wanted of rewritten operations.
type Options struct {
	// NoAlias lets answers have the new names. Without it a field that goes by another name is asked for under the old
	// one (phone: tel), so that whoever reads the answer need not change.
	NoAlias bool
	// Variables are JSON files with variables for the operations of a file: {"OPERATION": {"VARIABLE": value}}, or
	// {"VARIABLE": value} for a file with one operation.
	Variables map[*sdl.File]*sdl.File
	// Unused are the fragments that no operation uses. They are left as they are: who uses them elsewhere is not known.
	Unused []*operations.Fragment
}

// Result is what came of some operations.
type Result struct {
	// Patch has the edits of all files, those with variables too.
	Patch fixes.Patch
	// Rewritten are the operations that are changed, and valid for the new API afterwards.
	Rewritten []Rewritten
	// InPart is how many operations are changed, and not valid for the new API all the same: they are among Left.
	InPart int
	// Left are the operations that somebody has to look at, in their order, each with all that is to be known of it.
	Left []Left
	// Unused are the fragments of Options.Unused that have old names.
	Unused []Unused
}

// Unused is a fragment that is left as it is.
type Unused struct {
	Fragment *operations.Fragment
	// Reasons are sentences without periods.
	Reasons []string
}

// Rewritten is an operation that is changed.
type Rewritten struct {
	Operation *operations.Operation // as in Left
	// Patch has its edits, those of the fragments that it uses, and of its variables.
	Patch fixes.Patch
}

// Left is an operation, or part of one, that cannot be rewritten safely, or whose answer changes in spite of it.
type Left struct {
	// Operation is without its tree and its fragments: these are most of what an operation has in memory.
	Operation *operations.Operation
	// Broken says that the operation is not valid for the new API when the patch is made.
	Broken bool
	// Reasons are sentences without periods.
	Reasons []string
}

// Operations rewrites operations for declared and certain renames; see New.
func Operations(d *diff.Diff, apis *usage.Pair, all []*operations.Operation, o Options) (*Result, error) {
	w := New(d, apis, all, o)
	for _, operation := range all {
		w.Add(operation, apis.Check(operation))
	}
	return w.Result()
}

// Rewriter rewrites operations one after the other.
type Rewriter struct {
	Options
	*names
	done   []outcome
	inFile map[*sdl.File]int // how many operations a file has
	// wanted is what shall stand where several operations can have a part in common, and torn where they want different things.
	wanted map[sdl.Span]string
	torn   map[sdl.Span]bool
	inputs map[string]string // what within says
}

// New rewrites for declared and certain renames. APIs are complete ones, of the two schemas of d. All are the operations
// whose files and parts those that are added can share; none of them is kept.
func New(d *diff.Diff, apis *usage.Pair, all []*operations.Operation, o Options) *Rewriter {
	w := &Rewriter{Options: o, names: newNames(d, apis), inFile: map[*sdl.File]int{}, wanted: map[sdl.Span]string{}, torn: map[sdl.Span]bool{}, inputs: map[string]string{}}
	for _, operation := range all {
		w.inFile[operation.Document.File]++
		w.note(operation)
	}
	return w
}

// place is a name in a document.
type place struct {
	document   *operations.Document
	start, end int
}

// edit is what stands at a place afterwards.
type edit struct {
	text string
	at   sdl.Span
}

// outcome is what came of an operation.
type outcome struct {
	operation *operations.Operation // as in Left
	fragments []fragment            // that it uses
	edits     []sdl.Edit
	broken    bool
	reasons   []string
	kept      map[string]bool // variables whose values stand in a file
	waits     bool            // a rename has to be declared first
	holds     []sdl.Span      // what is not edited for that
	edited    []fragment
}

// nothing reports whether an operation stays as it is, and well: so do nearly all, and nobody asks about them.
func (o *outcome) nothing() bool {
	return !o.broken && !o.waits && len(o.edits)+len(o.reasons)+len(o.holds) == 0
}

// fragment is which one is meant, without its tree.
type fragment struct {
	document *operations.Document
	start    int
	name     string
}

func fragmentOf(f *operations.Fragment) fragment { return fragment{f.Document, f.Start, f.Name} }

// note notes what an operation wants of the strings that it is put together of: "id name" can be part of operations on two
// types, and who edits it for one of them changes the other one.
func (w *Rewriter) note(o *operations.Operation) {
	if !o.Spliced() {
		return
	}
	before := w.apis.Before.Walk(o)
	for i := range before.Uses {
		u := &before.Uses[i]
		at, exact := u.Span()
		if !exact {
			continue
		}
		text := u.Name()
		if to := w.become(u); to != "" && to != text && w.guessed(u) == "" {
			text = w.text(u, to)
		}
		if other, ok := w.wanted[at]; ok && other != text {
			w.torn[at] = true
		}
		w.wanted[at] = text
	}
}

// Add rewrites an operation, of which is known how it fares under both APIs. One that is not valid for the old API is left
// alone: where it is valid for the new one, it is rewritten already, and else nobody knows what it means. It gives the
// operation by which Result knows it, nil for one that it will not have.
func (w *Rewriter) Add(o *operations.Operation, fares usage.Outcome) *operations.Operation {
	out := w.add(o, fares)
	if out == nil || out.nothing() {
		return nil
	}
	out.operation = &operations.Operation{Name: o.Name, Kind: o.Kind, Document: o.Document, Start: o.Start, End: o.End}
	for _, f := range o.Fragments {
		out.fragments = append(out.fragments, fragmentOf(f))
	}
	w.done = append(w.done, *out)
	return out.operation
}

// add is what comes of an operation; nil where nothing can.
func (w *Rewriter) add(o *operations.Operation, fares usage.Outcome) *outcome {
	before := fares.Before
	was := cmp.Or(fares.After, before)                     // as it is, under the new API
	if len(before.Refusals) > 0 || len(before.Uses) == 0 { // without uses, it asks no server
		return nil
	}
	out := &outcome{}
	edits := map[place]edit{}
	silent := 0 // edits of what the new API does not refuse, and has not
	whole := true
	for i := range before.Uses {
		u := &before.Uses[i]
		to := w.become(u)
		if to == "" || to == u.Name() {
			continue // what is gone, the new API tells
		}
		if guess := w.guessed(u); guess != "" {
			out.reason(guess + ": declare the rename, and it is rewritten")
			whole, out.waits = false, true
			continue
		}
		at, exact := u.Span()
		if w.torn[at] {
			out.reason(fmt.Sprintf("%s is now %s, but what stands at %s is also part of operations where it means something else", u.Name(), to, where(at)))
			whole = false
			continue
		}
		if !exact {
			out.reason(fmt.Sprintf("%s is now %s, but is not written out in one piece at %s", u.Name(), to, where(at)))
			whole = false
			continue
		}
		if generated(at.File) {
			out.reason("it is in a list of operations that is made from others, with ids that depend on its text: rewrite those, and make the list anew")
			return out.leave(was)
		}
		edits[place{u.Document, u.Start, u.End}] = edit{w.text(u, to), at}
		if u.Kind == usage.Introspected && w.apis.After.Type(u.Coordinate) == nil {
			silent++
		}
	}
	if !whole {
		// Half rewritten, it would fit neither schema, and nothing could be done for it once the reason is gone.
		for _, e := range edits {
			out.holds = append(out.holds, e.at)
		}
		return out.leave(was)
	}
	if len(edits) > silent && len(was.Refusals) == 0 {
		// The names are there with other meanings: once rewritten, it looks as before.
		out.reason("the new schema has its names too, for something else, so that nobody can tell whether it is rewritten already")
		return out.leave(was)
	}
	after := was
	if len(edits) > 0 {
		rewritten, err := w.apply(o, edits)
		if err != nil {
			out.reason("it cannot be read any more when it is rewritten: " + err.Error())
			return out.leave(was)
		}
		after = w.apis.After.Check(rewritten)
	}
	if len(edits) > 0 && len(after.Refusals) > 0 && len(after.Faults) == 0 {
		// All names are right, and what comes of them is not: two answers of one name.
		out.reason("rewritten, it would be refused: " + strings.TrimSuffix(after.Refusals[0], "."))
		return out.leave(was)
	}
	out.judge(after)
	for _, e := range edits {
		out.edits = append(out.edits, sdl.Edit{Span: e.at, New: e.text})
	}
	for _, f := range o.Fragments {
		for at := range edits {
			if at.document == f.Document && f.Start <= at.start && at.end <= f.End {
				out.edited = append(out.edited, fragmentOf(f))
				break
			}
		}
	}
	w.variables(out, o)
	w.answers(out, o, before)
	return out
}

// leave leaves an operation as it is.
func (o *outcome) leave(was *usage.Walk) *outcome {
	o.judge(was)
	return o
}

// judge says what is wrong with an operation under the new API.
func (o *outcome) judge(after *usage.Walk) {
	if len(after.Refusals) > 0 {
		o.broken = true
		for _, f := range after.Faults {
			o.reason(f.Message)
		}
		if len(after.Faults) == 0 {
			o.reason(after.Refusals[0])
		}
	}
}

// guessed is which rename that nobody declared stands behind a use.
func (w *Rewriter) guessed(u *usage.Use) string {
	value := ""
	if u.Kind == usage.EnumValue {
		value = u.Name()
	}
	return w.guess(u.Source, value)
}

// text is what stands for a use: a field keeps its name in the answer.
func (w *Rewriter) text(u *usage.Use, to string) string {
	quoted := u.Start > 0 && u.Document.Text[u.Start-1] == '"' // in @cascade(fields:)
	if u.Kind == usage.Field && !u.Aliased && !quoted && !w.NoAlias {
		return u.Name() + ": " + to
	}
	return to
}

// generated reports whether the file is a list of persisted operations.
func generated(f *sdl.File) bool { return strings.HasSuffix(strings.ToLower(f.Name), ".json") }

// apply is the operation after its edits, with its fragments and in a document of its own.
func (w *Rewriter) apply(o *operations.Operation, edits map[place]edit) (*operations.Operation, error) {
	var b strings.Builder
	part := func(d *operations.Document, start, end int) {
		var here []place
		for at := range edits {
			if at.document == d && start <= at.start && at.end <= end {
				here = append(here, at)
			}
		}
		slices.SortFunc(here, func(a, b place) int { return cmp.Compare(a.start, b.start) })
		for _, at := range here {
			b.WriteString(d.Text[start:at.start] + edits[at].text)
			start = at.end
		}
		b.WriteString(d.Text[start:end] + "\n")
	}
	part(o.Document, o.Start, o.End)
	for _, f := range o.Fragments {
		part(f.Document, f.Start, f.End)
	}
	found := operations.Join(operations.Whole(&sdl.File{Name: o.Document.File.Name, Text: b.String()}))
	for _, p := range found.Problems {
		if p.Kind == operations.Unreadable {
			return nil, errors.New(p.What)
		}
	}
	if len(found.Operations) != 1 {
		return nil, fmt.Errorf("%d operations came of one", len(found.Operations))
	}
	return found.Operations[0], nil
}

// wait has operations wait for those that wait, where both use a fragment or a string of a program that would be edited: what
// waits fits the old schema only.
func (w *Rewriter) wait() {
	held, heldAt := map[fragment]string{}, map[sdl.Span]string{} // by whom
	for more := true; more; {
		more = false
		for i := range w.done {
			o := &w.done[i]
			shared, of := "", ""
			if n := slices.IndexFunc(o.edited, func(f fragment) bool { return held[f] != "" }); n >= 0 {
				shared, of = "the fragment "+o.edited[n].name, held[o.edited[n]]
			} else if n := slices.IndexFunc(o.edits, func(e sdl.Edit) bool { return heldAt[e.Span] != "" }); n >= 0 {
				shared, of = "what stands at "+where(o.edits[n].Span), heldAt[o.edits[n].Span]
			}
			if of != "" {
				o.reason(fmt.Sprintf("it shares %s with %s, which waits for a rename to be declared", shared, of))
				for _, e := range o.edits {
					o.holds = append(o.holds, e.Span)
				}
				o.edits, o.edited, o.waits, o.broken = nil, nil, true, true // as it is, the new API refuses it
			}
			if !o.waits {
				continue
			}
			name := cmp.Or(o.operation.Name, "a "+o.operation.Kind)
			for _, f := range o.fragments {
				if held[f] == "" {
					held[f], more = name, true
				}
			}
			for _, at := range o.holds {
				if heldAt[at] == "" {
					heldAt[at], more = name, true
				}
			}
		}
	}
}

// Result is what came of the operations that were added.
func (w *Rewriter) Result() (*Result, error) {
	w.wait()
	w.agree()
	r := &Result{}
	var all []fixes.Patch
	for _, o := range w.done {
		patch, err := fixes.Join(fixes.Patch{Edits: o.edits})
		if err != nil {
			return nil, fmt.Errorf("rewriting operations: %w", err)
		}
		all = append(all, patch)
		switch {
		case patch.Empty():
		case o.broken:
			r.InPart++
		default:
			r.Rewritten = append(r.Rewritten, Rewritten{o.operation, patch})
		}
		if len(o.reasons) > 0 {
			r.Left = append(r.Left, Left{o.operation, o.broken, o.reasons})
		}
	}
	for _, f := range w.Unused {
		if reasons := w.unused(f); len(reasons) > 0 && !generated(f.Document.File) {
			r.Unused = append(r.Unused, Unused{f, reasons})
		}
	}
	var err error
	if r.Patch, err = fixes.Join(all...); err != nil {
		return nil, fmt.Errorf("rewriting operations: %w", err)
	}
	return r, nil
}

// unused says which names of a fragment are old ones.
func (w *Rewriter) unused(f *operations.Fragment) []string {
	var reasons []string
	walk := w.apis.Before.WalkFragment(f)
	for i := range walk.Uses {
		u := &walk.Uses[i]
		if to := w.become(u); to != "" && to != u.Name() {
			if reason := u.Coordinate + " is now " + to; !slices.Contains(reasons, reason) {
				reasons = append(reasons, reason)
			}
		}
	}
	return reasons
}

// agree leaves out the variables of operations that want a text to be different which they share with one before them: a
// file can be for two.
func (w *Rewriter) agree() {
	wanted := map[sdl.Span]string{}
	for i := range w.done {
		o := &w.done[i]
		for _, e := range o.edits {
			if other, ok := wanted[e.Span]; ok && other != e.New {
				o.reason(fmt.Sprintf("%s at %s has to be %s for it, and %s for another operation: its variables are left as they are",
					e.Span.Text(), where(e.Span), e.New, other))
				o.edits = slices.DeleteFunc(o.edits, func(e2 sdl.Edit) bool { return e2.Span.File == e.Span.File })
				break
			}
		}
		for _, e := range o.edits {
			wanted[e.Span] = e.New
		}
	}
}

func (o *outcome) reason(text string) {
	if !slices.Contains(o.reasons, text) {
		o.reasons = append(o.reasons, text)
	}
}

func where(at sdl.Span) string {
	begin := at.Begin()
	return fmt.Sprintf("%s:%d:%d", at.File.Name, begin.Line, begin.Column)
}
