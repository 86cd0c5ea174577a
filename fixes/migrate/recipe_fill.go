package migrate

import (
	"errors"
	"fmt"
	"strings"

	"github.com/schemacheck/schemacheck/diff/storage"
	"github.com/schemacheck/schemacheck/dql/convert"
)

// Filling says where values are missing.
type Filling struct {
	// Into is the predicate, as the new schema derives it, and Target how the
	// field reads its values.
	Into   *storage.Predicate
	Target convert.Target
	// Type is the stored type whose nodes need a value.
	Type string
	// Lang is the language in which the field reads; empty for none.
	Lang string
	// Default is the value of @default(add:), as it is written there; nil when the
	// field has none.
	Default *string
}

// now is what @default calls the time at which a node is added.
const now = "$now"

// FillDefault gives the nodes of a type that have no value the same one: one
// that people name, or the default of the schema.
func FillDefault(f Filling) *Migration {
	switch {
	case f.Into.Type == "password" || f.Into.Type == "uid":
		return nil
	case f.Into.Upsert:
		return nil // an @id: all nodes would have the same one
	}
	need := &Need{What: fmt.Sprintf("a value for the nodes of type %s that have none under %s", f.Type, f.Into.Stored()), Several: f.Into.List}
	if f.Into.Type == "bool" {
		need.Options = []string{"true", "false"}
	}
	if f.Target.Enum != nil {
		need.Options = f.Target.Enum
	}
	if f.Default != nil {
		need.Default = *f.Default
	}
	return &Migration{Need: need, Build: f.build}
}

func (f Filling) build(given []string) (*Recipe, error) {
	into := f.Into.Stored()
	fill := &Fill{Predicate: into, Type: f.Type, Reading: readingOf(f.Target), Values: given, Lang: f.Lang}
	if len(given) == 0 && f.Default != nil {
		fill.Values = []string{*f.Default}
	}
	switch {
	case len(fill.Values) == 0:
		return nil, fmt.Errorf("it takes a value for %s", into)
	case len(fill.Values) > 1 && !f.Into.List:
		return nil, fmt.Errorf("%s has one value, and %d are given", into, len(fill.Values))
	case f.Into.Type == "dateTime" && len(fill.Values) == 1 && fill.Values[0] == now:
		fill.Values, fill.Now = nil, true
	}
	if err := fill.check(); err != nil {
		return nil, fmt.Errorf("filling %s: %w", into, err)
	}
	for i, text := range fill.Values {
		for _, other := range fill.Values[:i] {
			if text == other {
				return nil, errors.New("filling " + into + ": a list has no value twice")
			}
		}
	}
	what := strings.Join(quoted(fill.Values), ", ")
	if fill.Now {
		what = "the time at which this step runs"
	}
	r := &recipe{}
	r.declare(declared(f.Into))
	root, err := typeRoot(f.Type)
	step := Step{
		ID: "fill-" + into, Title: fmt.Sprintf("Fill %s with %s in the nodes of type %s that have none", into, what, f.Type),
		Fill: fill, Convergent: true, Undo: UndoYes, Risk: "review",
	}
	step.Precondition = counting(root, fill.missing())
	step.Verify = step.Precondition
	r.each(Before, root, err, step)
	step.ID, step.Title = "sweep-"+into, fmt.Sprintf("Fill %s with %s in the nodes of type %s that were added without one meanwhile", into, what, f.Type)
	r.each(After, root, err, step)
	return r.done()
}

// missing is a filter for the nodes that have no value.
func (f *Fill) missing() string { return "NOT has(" + quote(f.Predicate) + f.tag() + ")" }

// tag is the language as it follows a name or a literal.
func (f *Fill) tag() string {
	if f.Lang == "" {
		return ""
	}
	return "@" + f.Lang
}

func (f *Fill) dql(s *Step) string {
	var set []string
	for _, text := range f.Values {
		set = append(set, fmt.Sprintf("uid(v) <%s> %s%s .", f.Predicate, literal(text), f.tag()))
	}
	if f.Now {
		set = append(set, fmt.Sprintf("uid(v) <%s> \"(the time of the run)\" .", f.Predicate))
	}
	return upsert(s.Select.Root, f.missing(), "", strings.Join(set, "\n      "), "")
}

func readingOf(t convert.Target) Reading {
	return Reading{Type: dqlType(t.Type), GraphQL: t.GraphQL, Enum: t.Enum}
}

// dqlType is a type as a DQL schema writes it.
func dqlType(name string) string {
	if name == "datetime" { // in answers
		return "dateTime"
	}
	return name
}

// quoted are texts for a title.
func quoted(texts []string) []string {
	var all []string
	for _, t := range texts {
		all = append(all, fmt.Sprintf("%q", brief(t)))
	}
	return all
}
