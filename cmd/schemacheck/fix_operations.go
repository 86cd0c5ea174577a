package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/operations"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/fixes/rewrite"
)

// rewriting is how operations are rewritten while they are judged, and what came of that last.
type rewriting struct {
	options rewrite.Options
	schema  []*sdl.File // the files of the new one, that result is for
	result  *rewrite.Result
	// refusals are those of the old schema, which stays the same.
	refusals map[*operations.Operation][]string
}

// rewritten are the operations of the application, as the mended schema wants them.
type rewritten struct {
	rewrite.Result
	before, after []*sdl.File // those that change
}

// rewrites has the operations be rewritten whenever they are judged.
func (w *work) rewrites(noAlias bool) error {
	if w.operations == nil {
		return nil
	}
	debug.SetGCPercent(28) // they stay until the last schema is tried: with a little less room, ten thousand fit into 300 MiB, too
	variables, err := variablesOf(filesOf(w.operations))
	if err != nil {
		return err
	}
	w.rewriting = &rewriting{options: rewrite.Options{NoAlias: noAlias, Variables: variables, Unused: unused(w.operations)},
		refusals: map[*operations.Operation][]string{}}
	return nil
}

// unused are the fragments that no operation uses.
func unused(found *operations.Found) []*operations.Fragment {
	used := map[*operations.Fragment]bool{}
	for _, o := range found.Operations {
		for _, f := range o.Fragments {
			used[f] = true
		}
	}
	var all []*operations.Fragment
	for _, f := range found.Fragments {
		if !used[f] {
			all = append(all, f)
		}
	}
	return all
}

// rewritten are the operations for the schema in these files.
func (w *work) rewritten(files []*sdl.File) (*rewritten, error) {
	if w.operations == nil {
		return &rewritten{}, nil
	}
	if !slices.Equal(w.rewriting.schema, files) { // what was tried last was not good
		var schemas [2]*diff.Schema
		for i, side := range [][]*sdl.File{w.before, files} {
			parsed, err := sdl.Parse(side...)
			if err != nil {
				return nil, err
			}
			schemas[i] = diff.New(parsed)
		}
		w.judgeClients(w.compare(schemas[0], schemas[1]), nil, &report.Report{})
	}
	if w.rewriting.result == nil {
		return nil, errors.New("rewriting operations: two of them want one place to be different")
	}
	out := &rewritten{Result: *w.rewriting.result}
	seen := map[*sdl.File]bool{}
	for _, e := range out.Patch.Edits {
		if !seen[e.Span.File] {
			seen[e.Span.File] = true
			out.before = append(out.before, e.Span.File)
		}
	}
	var err error
	out.after, err = out.Patch.Apply(out.before)
	return out, err
}

// variablesOf are the files with variables beside files of GraphQL: list.json beside list.graphql.
func variablesOf(files []*sdl.File) (map[*sdl.File]*sdl.File, error) {
	const most = 16 << 20
	all := map[*sdl.File]*sdl.File{}
	read := map[string]*sdl.File{} // list.graphql and list.gql share one
	for _, f := range files {
		extension := path.Ext(f.Name)
		if f.Path == "" || extension != ".graphql" && extension != ".gql" {
			continue
		}
		at := strings.TrimSuffix(f.Path, filepath.Ext(f.Path)) + ".json"
		if read[at] != nil {
			all[f] = read[at]
			continue
		}
		if info, err := os.Stat(at); err != nil || !info.Mode().IsRegular() {
			continue
		}
		opened, err := os.Open(at)
		if err != nil {
			return nil, fmt.Errorf("reading variables: %w", err)
		}
		text, err := io.ReadAll(io.LimitReader(opened, most+1))
		opened.Close()
		switch {
		case err != nil:
			return nil, fmt.Errorf("reading variables: %w", err)
		case len(text) > most:
			return nil, fmt.Errorf("reading variables: %s has more than %d MiB", at, most>>20)
		}
		read[at] = &sdl.File{Name: strings.TrimSuffix(f.Name, extension) + ".json", Path: at, Text: string(text)}
		all[f] = read[at]
	}
	return all, nil
}

// conclusions say what comes of the operations. written are the names of the files that were written.
func (r *rewritten) conclusions(written []string) []string {
	if len(r.before) == 0 {
		return nil
	}
	would, where := " would be", fmt.Sprintf(" in %s: --write makes the edits.", number(len(r.before), "file", "files"))
	if len(written) > 0 {
		would, where = "", fmt.Sprintf(" in %s.", strings.Join(written, ", "))
	}
	what := number(len(r.Rewritten), "operation", "operations") + would + " rewritten"
	switch {
	case len(r.Rewritten) == 0:
		what = number(r.InPart, "operation", "operations") + would + " rewritten in part"
	case r.InPart > 0:
		what += fmt.Sprintf(", and %d in part,", r.InPart)
	}
	return []string{what + where}
}

// notes are what people have to see to themselves, each operation once. After many it is always the same.
func (r *rewritten) notes() []report.Note {
	var all []report.Note
	tell := func(verdict, name string, reasons []string, at sdl.Span) {
		all = append(all, report.Note{Kind: "warning", Message: verdict + " " + name + ": " + strings.Join(reasons, "; "), Location: location("", at)})
	}
	for _, l := range r.Left {
		name := l.Operation.Name
		if name == "" {
			name = "a " + l.Operation.Kind + " without a name"
		}
		verdict := "look at"
		if l.Broken {
			verdict = "still breaks:"
		}
		tell(verdict, name, l.Reasons, l.Operation.Span())
	}
	for _, u := range r.Unused {
		at, _ := u.Fragment.Document.Span(u.Fragment.Start, u.Fragment.End)
		tell("look at", "the fragment "+u.Fragment.Name, append([]string{"no operation here uses it, and it is left as it is"}, u.Reasons...), at)
	}
	if more := len(all) - mostProblems; more > 0 {
		all = append(all[:mostProblems], report.Note{Kind: "warning", Message: fmt.Sprintf("and %d more that somebody has to look at", more)})
	}
	return all
}
