package rules

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/fixes"
)

// Chosen is a finding and the one of its fixes that is taken.
type Chosen struct {
	Finding *Finding
	Fix     Fix
}

// Repaired is what came of the edits of chosen fixes.
type Repaired struct {
	// Files are those of the new schema with the edits. Nothing was written.
	Files []*sdl.File
	// Done are the fixes that are in Files, and Failed those that are not.
	Done   []Chosen
	Failed []Failure
	// Left are the findings about Files.
	Left []*Finding
}

// Failure is a fix that could not be made, and why.
type Failure struct {
	Chosen
	Err error
}

// Repair makes the edits of fixes and looks at what comes of them: the schema
// must be valid, each finding that was fixed must be gone or no longer offer its
// fix, and nothing else may have appeared or got worse. findings are those about
// the files, and judge gives those about others, or says why Dgraph would refuse
// them.
//
// All edits are tried at once. Where they are in each other's way, or something
// is wrong with the result, they are tried in smaller parts, each on what the
// parts before it left, so that one fix that fails does not stop the others.
//
// A fix can have others come up: a field that has its values back lacks some,
// and a type that is back can be referred to. more chooses among the findings
// that are left so far, until it chooses nothing new; nil chooses nothing.
func Repair(files []*sdl.File, findings []*Finding, chosen []Chosen, judge func([]*sdl.File) ([]*Finding, error), more func(so Repaired) []Chosen) Repaired {
	r := repair{Repaired{Files: files, Left: findings}, judge}
	type attempt struct {
		of  known
		fix string
	}
	tried := map[attempt]bool{}
	for len(chosen) > 0 {
		for _, c := range chosen {
			tried[attempt{knownAs(c.Finding), c.Fix.ID}] = true
		}
		r.attempt(chosen)
		if more == nil {
			break
		}
		chosen = slices.DeleteFunc(more(r.Repaired), func(c Chosen) bool { return tried[attempt{knownAs(c.Finding), c.Fix.ID}] })
	}
	return r.Repaired
}

type repair struct {
	Repaired
	judge func([]*sdl.File) ([]*Finding, error)
}

func (r *repair) attempt(chosen []Chosen) {
	chosen = r.current(chosen)
	if len(chosen) == 0 {
		return
	}
	files, left, each, err := r.try(chosen)
	var good, bad []Chosen
	for i, c := range chosen {
		if each == nil || each[i] == nil {
			good = append(good, c)
		} else {
			bad = append(bad, c)
		}
	}
	switch {
	case err == nil && len(bad) == 0:
		r.Files, r.Left, r.Done = files, left, append(r.Done, chosen...)
	case len(chosen) == 1:
		if err == nil {
			err = each[0]
		}
		r.Failed = append(r.Failed, Failure{chosen[0], err})
	case len(good) > 0 && len(bad) > 0:
		r.attempt(good)
		r.attempt(bad)
	default:
		r.attempt(chosen[:len(chosen)/2])
		r.attempt(chosen[len(chosen)/2:])
	}
}

// try makes some fixes. The error of each is at its place, and what belongs to
// none is the last result.
func (r *repair) try(chosen []Chosen) ([]*sdl.File, []*Finding, []error, error) {
	var patches []fixes.Patch
	for _, c := range chosen {
		patches = append(patches, c.Fix.Patch)
	}
	patch, err := fixes.Join(patches...)
	if err != nil {
		return nil, nil, nil, err
	}
	files, err := patch.Apply(r.Files)
	if err != nil {
		return nil, nil, nil, err
	}
	left, err := r.judge(files)
	if err != nil {
		return nil, nil, nil, err
	}
	each, err := unsettled(chosen, r.Left, left)
	return files, left, each, err
}

// current are the fixes as the findings that are left have them. One whose
// finding is gone, or offers it no longer, was made along with another.
func (r *repair) current(chosen []Chosen) []Chosen {
	is := make(map[known]*Finding, len(r.Left))
	for _, f := range r.Left {
		is[knownAs(f)] = f
	}
	var all []Chosen
	for _, c := range chosen {
		f, at := is[knownAs(c.Finding)], -1
		if f != nil {
			at = slices.IndexFunc(f.Fixes, func(x Fix) bool { return x.ID == c.Fix.ID && x.Kind == Directive })
		}
		if at < 0 {
			r.Done = append(r.Done, c)
		} else {
			all = append(all, Chosen{f, f.Fixes[at]})
		}
	}
	return all
}

// unsettled says what is wrong with the findings that are left once the new
// schema has the patches of some fixes. What a fix leaves to do about its own
// element is no surprise, unless it is a safe one. The error of each fix is at
// its place in the list, and what belongs to none of them is the second result.
func unsettled(chosen []Chosen, before, after []*Finding) (each []error, other error) {
	each = make([]error, len(chosen))
	was := make(map[known]*Finding, len(before))
	told := map[string]bool{}
	for _, f := range before {
		was[knownAs(f)] = f
		for _, c := range f.API {
			told[c.Coordinate] = true
		}
	}
	is := make(map[known]*Finding, len(after))
	for _, f := range after {
		is[knownAs(f)] = f
	}
	about := map[string][]int{} // the fixes, by the coordinates and predicates of their findings
	for i, c := range chosen {
		left := is[knownAs(c.Finding)]
		if left != nil && slices.ContainsFunc(left.Fixes, func(x Fix) bool { return x.ID == c.Fix.ID && x.Kind == Directive }) {
			each[i] = fmt.Errorf("it leaves the finding as it is: %s", left.Message)
		}
		for _, coordinate := range slices.Concat([]string{c.Finding.Coordinate, c.Finding.To, c.Finding.Subject}, c.Finding.Affects, c.Finding.Predicates) {
			if coordinate != "" {
				about[coordinate] = append(about[coordinate], i)
			}
		}
	}
	for _, f := range after {
		old := was[knownAs(f)]
		if old != nil && weight(f.Severity) <= weight(cmp.Or(old.offline, old.Severity)) || f.Severity == Info {
			continue
		}
		if (contractOnly(f) || f.Confidence == string(diff.Likely)) && slices.ContainsFunc(before, func(old *Finding) bool {
			return (old.Coordinate == f.Coordinate || old.To == f.Coordinate) && weight(old.Severity) >= weight(f.Severity)
		}) {
			continue // it says otherwise what was told of that element before
		}
		if len(f.API) > 0 && !slices.ContainsFunc(f.API, func(c APIChange) bool { return !told[c.Coordinate] }) && f.Impact.Data == DataNone {
			continue // clients had that before, told along with what was fixed
		}
		blamed := blame(about, f)
		expected := slices.ContainsFunc(blamed, func(i int) bool { return old != nil || chosen[i].Fix.Risk != Safe })
		if expected {
			continue
		}
		err := fmt.Errorf("it leads to %s %s: %s", f.Rule.ID, f.Coordinate, f.Message)
		for _, i := range blamed {
			if each[i] == nil {
				each[i] = err
			}
		}
		if len(blamed) == 0 && other == nil {
			other = fmt.Errorf("together they lead to %s %s: %s", f.Rule.ID, f.Coordinate, f.Message)
		}
	}
	return each, other
}

// blame are the fixes whose elements a finding is about.
func blame(about map[string][]int, f *Finding) []int {
	coordinates := slices.Concat([]string{f.Coordinate, f.To}, f.Affects, f.Predicates)
	if f.Subject != "" {
		coordinates = append(coordinates, f.Coordinate+"."+f.Subject) // a password
	}
	for _, coordinate := range coordinates {
		owner, _, _ := strings.Cut(coordinate, ".")
		for _, name := range []string{coordinate, owner} {
			if blamed := about[name]; name != "" && len(blamed) > 0 {
				return blamed
			}
		}
	}
	return nil
}

// known is what fingerprints are made of.
type known struct {
	rule                    *Rule
	coordinate, to, subject string
}

func knownAs(f *Finding) known { return known{f.Rule, f.Coordinate, f.To, f.Subject} }

func weight(s Severity) int {
	switch s {
	case Error:
		return 2
	case Warning:
		return 1
	}
	return 0
}

// contractOnly reports whether a finding is about the generated API alone.
func contractOnly(f *Finding) bool {
	return f.Rule == apiRemoved || f.Rule == apiRequired || f.Rule == apiTypeChanged || f.Rule == apiDangerous
}
