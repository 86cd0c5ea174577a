package operations

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/schemacheck/schemacheck/diff/sdl"
)

// maxChain is how many fragments can use each other in a row: whoever follows them recurses.
const maxChain = 1000

// Join takes documents apart, and finds for each operation the fragments that it uses, in all documents: those of the same
// document come first, then those of the same file, then those that the host puts in or imports, then the nearest.
// Documents that define types are left out.
func Join(documents ...*Document) *Found {
	parsed := make([]parsed, len(documents))
	for i, d := range documents {
		parsed[i] = d.read()
	}
	return join(parsed, nil)
}

// parsed is what came of a document.
type parsed struct {
	operations []*Operation
	fragments  []*Fragment
	problem    *Problem
}

// read takes d apart.
func (d *Document) read() parsed {
	if isSchema(d.Text) {
		return parsed{}
	}
	operations, fragments, err := d.parse()
	if err != nil {
		return parsed{problem: problemOf(err)}
	}
	return parsed{operations, fragments, nil}
}

func problemOf(err error) *Problem {
	if e, ok := err.(*sdl.Error); ok {
		return &Problem{Unreadable, e.Span, e.Message}
	}
	return &Problem{Kind: Unreadable, What: plain(err.Error())}
}

// join ties what is parsed together. Imports are the names of files that a file imports.
func join(all []parsed, imports func(file string) []string) *Found {
	j := joiner{imports: imports, byName: map[string][]*Fragment{}, inFile: map[inFile][]*Fragment{}, inDocument: map[inDocument]*Fragment{},
		nearest: map[nearKey]choice{}, putIn: map[*Document]map[*Document]bool{}, missing: map[string]*lack{}, told: map[string]bool{}, reached: map[*Fragment]bool{}}
	found := &Found{}
	for _, p := range all {
		found.Operations = append(found.Operations, p.operations...)
		found.Fragments = append(found.Fragments, p.fragments...)
		if p.problem != nil {
			j.problems = append(j.problems, *p.problem)
		}
	}
	for _, f := range found.Fragments {
		if key := (inDocument{f.Document, f.Name}); j.inDocument[key] == nil {
			j.inDocument[key] = f
		}
		if !f.Document.alone {
			j.byName[f.Name] = append(j.byName[f.Name], f)
			key := inFile{f.Document.File, f.Name}
			j.inFile[key] = append(j.inFile[key], f)
		}
	}
	for _, o := range found.Operations {
		j.close(o)
	}
	for _, f := range found.Fragments {
		if !j.reached[f] {
			j.close(&Operation{Document: f.Document, spreads: f.spreads})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(j.missing)) {
		l := j.missing[name]
		what := "there is no fragment " + plain(name) + " in these files"
		if l.more > 0 {
			what += fmt.Sprintf(" (%d other uses)", l.more)
		}
		j.problems = append(j.problems, Problem{Missing, l.span, what + ": name the file that has it too"})
	}
	found.Problems = sortedProblems(j.problems)
	return found
}

func sortedProblems(all []Problem) []Problem {
	slices.SortStableFunc(all, func(a, b Problem) int {
		name := func(p Problem) string {
			if p.Span.IsZero() {
				return ""
			}
			return p.Span.File.Name
		}
		return cmp.Or(cmp.Compare(name(a), name(b)), cmp.Compare(a.Span.Start, b.Span.Start), cmp.Compare(a.What, b.What))
	})
	return all
}

type joiner struct {
	imports    func(file string) []string
	byName     map[string][]*Fragment
	inFile     map[inFile][]*Fragment
	inDocument map[inDocument]*Fragment // the first one
	nearest    map[nearKey]choice
	putIn      map[*Document]map[*Document]bool
	missing    map[string]*lack
	told       map[string]bool // what is told once
	reached    map[*Fragment]bool
	problems   []Problem
}

// inFile and inDocument are a name in one of these.
type (
	inFile struct {
		file *sdl.File
		name string
	}
	inDocument struct {
		document *Document
		name     string
	}
)

// nearKey is a folder, and what is looked for from there.
type nearKey struct{ folder, name string }

// choice is a fragment, and another one that it might have been.
type choice struct{ taken, other *Fragment }

// lack is where a fragment is missing.
type lack struct {
	span  sdl.Span
	where map[*ast.FragmentSpread]bool
	more  int
}

// close finds the fragments of an operation.
func (j *joiner) close(o *Operation) {
	byName := map[string]*Fragment{}
	done := map[*Fragment]bool{}
	var chain []*Fragment
	var follow func(d *Document, spreads []*ast.FragmentSpread)
	follow = func(d *Document, spreads []*ast.FragmentSpread) {
		var in *Fragment
		if len(chain) > 0 {
			in = chain[len(chain)-1]
		}
		for _, s := range spreads {
			f := byName[s.Name]
			if f == nil {
				if f = j.find(d, s); f == nil {
					continue
				}
				byName[s.Name] = f
				o.Fragments = append(o.Fragments, f)
			}
			at := slices.Index(chain, f)
			if at < 0 && len(chain) < maxChain {
				if !done[f] {
					j.reached[f] = true
					chain = append(chain, f)
					follow(f.Document, f.spreads)
					chain = chain[:len(chain)-1]
					done[f] = true
				}
				continue
			}
			if o.cut == nil {
				o.cut = map[spread]bool{}
			}
			o.cut[spread{in, f}] = true
			if at < 0 {
				j.tell("chain", d, s, fmt.Sprintf("more than %d fragments use each other in a row", maxChain))
				continue
			}
			j.tellCycle(d, s, chain[at:])
		}
	}
	follow(o.Document, o.spreads)
}

// tell notes a problem at a use of a fragment, once for each key.
func (j *joiner) tell(key string, d *Document, s *ast.FragmentSpread, what string) {
	if j.told[key] {
		return
	}
	j.told[key] = true
	j.problems = append(j.problems, Problem{Circular, d.spanOf(d.Name(s.Position)), what})
}

func (d *Document) spanOf(r Range) sdl.Span {
	at, _ := d.Span(r.Start, r.End)
	return at
}

// tellCycle notes a circle once, wherever it is entered.
func (j *joiner) tellCycle(d *Document, s *ast.FragmentSpread, circle []*Fragment) {
	var names []string
	for _, f := range circle {
		names = append(names, plain(f.Name))
	}
	what := "the fragment " + names[0] + " uses itself"
	if len(names) > 1 {
		what += " by way of " + strings.Join(names[1:min(len(names), 5)], ", ")
	}
	slices.Sort(names)
	j.tell("circle "+strings.Join(names, " "), d, s, what+": no server takes that")
}

// find is the fragment that a spread in a document means; nil when there is none.
func (j *joiner) find(d *Document, s *ast.FragmentSpread) *Fragment {
	if f := j.inDocument[inDocument{d, s.Name}]; f != nil {
		return f
	}
	if d.alone {
		j.lacks(d, s)
		return nil
	}
	all := j.byName[s.Name]
	switch len(all) {
	case 0:
		j.lacks(d, s)
		return nil
	case 1:
		return all[0]
	}
	every := func(*Fragment) bool { return true }
	c := choose(j.inFile[inFile{d.File, s.Name}], every)
	if (c.taken == nil || c.other != nil) && len(d.prefers) > 0 {
		put := j.putIn[d]
		if put == nil {
			put = d.putIn()
			j.putIn[d] = put
		}
		if better := choose(all, func(f *Fragment) bool { return put[f.Document] }); better.taken != nil {
			c = better
		}
	}
	if c.taken == nil && j.imports != nil {
		imported := j.imports(d.File.Name)
		if len(imported) > 0 {
			c = choose(all, func(f *Fragment) bool { return slices.Contains(imported, f.Document.File.Name) })
		}
	}
	if c.taken == nil {
		key := nearKey{path.Dir(d.File.Name), s.Name}
		near, ok := j.nearest[key]
		if !ok {
			near = nearestOf(all, key.folder)
			j.nearest[key] = near
		}
		c = near
	}
	if c.other != nil && !j.told["choice "+s.Name] {
		j.told["choice "+s.Name] = true
		at, other := c.taken.Document.spanOf(Range{c.taken.Start, c.taken.Start}), c.other.Document.spanOf(Range{c.other.Start, c.other.Start})
		j.problems = append(j.problems, Problem{Guessed, d.spanOf(d.Name(s.Position)), fmt.Sprintf(
			"there are several fragments %s, and nothing says which is meant: %s is taken, not %s", plain(s.Name), place(at), place(other))})
	}
	return c.taken
}

func place(at sdl.Span) string { return fmt.Sprintf("%s:%d", plain(at.File.Name), at.Begin().Line) }

func (j *joiner) lacks(d *Document, s *ast.FragmentSpread) {
	l := j.missing[s.Name]
	if l == nil {
		l = &lack{span: d.spanOf(d.Name(s.Position)), where: map[*ast.FragmentSpread]bool{}}
		j.missing[s.Name] = l
	} else if !l.where[s] {
		l.more++
	}
	l.where[s] = true
}

// choose is the first fragment that is fit, and the first of these that says something else.
func choose(all []*Fragment, fit func(*Fragment) bool) choice {
	var c choice
	for _, f := range all {
		switch {
		case !fit(f):
		case c.taken == nil:
			c.taken = f
		case !same(c.taken, f):
			c.other = f
			return c
		}
	}
	return c
}

// same reports whether two fragments say the same, but for white space.
func same(a, b *Fragment) bool {
	x, y := a.Document.Text[a.Start:a.End], b.Document.Text[b.Start:b.End]
	return x == y || slices.Equal(strings.Fields(x), strings.Fields(y))
}

// nearestOf are the fragments in files that are the fewest folders away.
func nearestOf(all []*Fragment, folder string) choice {
	least := -1
	away := make([]int, len(all))
	for i, f := range all {
		away[i] = steps(folder, path.Dir(f.Document.File.Name))
		if least < 0 || away[i] < least {
			least = away[i]
		}
	}
	near := map[*Fragment]bool{}
	for i, f := range all {
		near[f] = away[i] == least
	}
	return choose(all, func(f *Fragment) bool { return near[f] })
}

// steps are the folders between two, up and down.
func steps(from, to string) int {
	a, b := elements(from), elements(to)
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return len(a) + len(b) - 2*n
}

func elements(folder string) []string {
	if folder == "." {
		return nil
	}
	return strings.Split(folder, "/")
}

// putIn are the documents that the host puts into d, and into those.
func (d *Document) putIn() map[*Document]bool {
	all := map[*Document]bool{}
	for next := slices.Clone(d.prefers); len(next) > 0; {
		p := next[len(next)-1]
		next = next[:len(next)-1]
		if !all[p] {
			all[p] = true
			next = append(next, p.prefers...)
		}
	}
	return all
}
