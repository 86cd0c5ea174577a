package migrate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/schemacheck/schemacheck/diff/storage"
)

// Migration is a way out that changes stored data.
type Migration struct {
	// Need is what somebody has to say before it can be built; nil when nothing.
	Need *Need
	// Build makes the steps from what was said: the values given for Need, in
	// their order, or none. An error says which value is wrong and what would be
	// right.
	Build func(given []string) (*Recipe, error)
}

// Need is something that only people can know.
type Need struct {
	// What completes the sentence "it has to know ...": "a value for the nodes
	// that have none".
	What string
	// Options are the answers that are possible; nil when any text is.
	Options []string
	// Several allows more than one value.
	Several bool
	// Default is what counts when nothing is said; empty demands an answer.
	Default string
}

// Recipe is what a migration does.
type Recipe struct {
	// Steps are in the order in which they run, those of each phase.
	Steps []Step
	// DualWrite says what the application has to do from the phase before to the
	// deploy, in one sentence; empty when nothing.
	DualWrite string
}

// always is a migration that needs no answers.
func always(r *Recipe, err error) *Migration {
	return &Migration{Build: func([]string) (*Recipe, error) { return r, err }}
}

// recipe collects steps.
type recipe struct {
	Recipe
	err error
}

// done is the finished recipe. The first thing that did not work is its error.
func (r *recipe) done() (*Recipe, error) {
	if r.err != nil {
		return nil, r.err
	}
	return &r.Recipe, nil
}

// declare adds predicates to the DQL schema before anything is written.
func (r *recipe) declare(predicates ...Declared) {
	r.declareAll(Before, Declare{Predicates: predicates})
}

// declareAll adds predicates and types to the DQL schema.
func (r *recipe) declareAll(phase Phase, d Declare) {
	var names, types []string
	for _, p := range d.Predicates {
		names = append(names, p.Name)
	}
	id, title := strings.Join(names, "-"), "Declare "+strings.Join(names, ", ")+" in the stored schema"
	for _, t := range d.Types {
		types = append(types, t.Name)
	}
	if len(types) > 0 {
		title += ", as fields of " + strings.Join(types, ", ")
	}
	if len(types) > 0 && len(names) > 1 {
		id = "type-" + strings.Join(types, "-") // which have many
	}
	r.add(phase, Step{ID: "declare-" + id, Title: title, Declare: &d, Convergent: true, Undo: UndoNo, Risk: "safe"})
}

// drop removes predicates and types for good.
func (r *recipe) drop(phase Phase, d Drop) {
	names, id := slices.Clone(d.Predicates), strings.Join(d.Predicates, "-")
	for _, t := range d.Types {
		names, id = append(names, "the type "+t), "type-"+t
	}
	r.add(phase, Step{
		ID: "drop-" + id, Title: "Remove " + strings.Join(names, ", ") + " with all that is stored there",
		Drop: &d, Convergent: true, Undo: UndoNo, Risk: "destructive",
	})
}

// each adds a step that goes through the nodes under a root, as [typeRoot] and
// [hasRoot] make it.
func (r *recipe) each(phase Phase, root string, err error, s Step) {
	r.fail(err)
	s.Select = &Select{Root: root}
	r.add(phase, s)
}

// fail notes an error, of which the first one counts.
func (r *recipe) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// add completes a step. What it reads and writes is what its task says.
func (r *recipe) add(phase Phase, s Step) {
	s.Phase, s.Kind = phase, kindOf(&s)
	s.ID = idOf(s.ID)
	if t, err := s.task(); err == nil {
		if p, ok := t.(paged); ok {
			s.Reads, s.Writes = unique(p.reads()), unique(p.writes())
		}
	}
	r.Steps = append(r.Steps, s)
}

func unique(names []string) []string {
	names = slices.Clone(names)
	slices.Sort(names)
	return slices.Compact(names)
}

// idOf is a text as it can stand in an id.
func idOf(text string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '/' || r == '~' || !unicode.IsPrint(r) {
			return '-'
		}
		return r
	}, text)
}

// declared is how a schema declares a predicate.
func declared(p *storage.Predicate) Declared {
	return Declared{Name: p.Stored(), Type: p.Type, List: p.List, Index: slices.Clone(p.Tokenizers), Lang: p.Lang, Upsert: p.Upsert, Reverse: p.Reverse}
}

// Assemble makes one plan of several recipes: all declarations come first, and
// steps of one ID that are equal become one.
func Assemble(p Plan, recipes ...*Recipe) (*Plan, error) {
	p.Version = PlanVersion
	var steps, declares []Step
	var writes []string
	for _, r := range recipes {
		for _, s := range r.Steps {
			if s.Declare != nil && s.Phase == Before {
				declares = append(declares, s)
			} else {
				steps = append(steps, s)
			}
		}
		if r.DualWrite != "" && !slices.Contains(writes, r.DualWrite) {
			writes = append(writes, r.DualWrite)
		}
	}
	p.DualWrite = strings.Join(writes, " ")
	at := map[string]int{}
	for _, phase := range []Phase{Before, After, Contract} {
		all := steps
		if phase == Before {
			all = slices.Concat(declares, steps)
		}
		for _, s := range all {
			if s.Phase == phase {
				p.add(s, at)
			}
		}
	}
	for i := range p.Steps {
		p.Steps[i].describe()
	}
	return &p, p.check()
}

// add takes a step that is not there yet, with an ID that is unique. Where each is, by its ID, says at.
func (p *Plan) add(s Step, at map[string]int) {
	id := s.ID
	for n := 2; ; n++ {
		i, ok := at[s.ID]
		if !ok {
			at[s.ID] = len(p.Steps)
			p.Steps = append(p.Steps, s)
			return
		}
		if sameStep(p.Steps[i], s) {
			return
		}
		s.ID = id + "-" + strconv.Itoa(n)
	}
}

// sameStep reports whether two steps do the same.
func sameStep(a, b Step) bool {
	a.Finding, b.Finding = "", ""
	return fmt.Sprintf("%+v", wire(a)) == fmt.Sprintf("%+v", wire(b))
}
