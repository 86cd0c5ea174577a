package migrate

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/diff/storage"
)

// Uniqueness says what is to be unique.
type Uniqueness struct {
	// Predicate is that of the field with @id, as the new schema derives it.
	Predicate *storage.Predicate
	// Before is it as the old schema derives it; nil when that has the same type.
	Before *storage.Predicate
	// Types are the stored types in each of which a value may be there once: that
	// of the field's type, or for @id(interface: true) that of the interface.
	Types []string
	// Fields are the fields of the type that may decide who keeps a value, by
	// their names.
	Fields map[string]*storage.Predicate
	// NonNull says that the new schema demands a value.
	NonNull bool
	// Merged are what merging takes; nil when nodes cannot be merged.
	Merged *Merging
}

// MakeUnique leaves each value of a field with one node only, before the schema
// with @id is deployed, and once more after it.
func MakeUnique(u Uniqueness) *Migration {
	options := "suffix (adds -2, -3, ... to the value), clear (deletes the value)"
	if u.numbers() {
		options = "clear (deletes the value)"
	}
	if u.Merged != nil {
		options += ", merge (into the node that keeps it)"
	}
	return &Migration{
		Need: &Need{
			What: "what becomes of the nodes whose value another one keeps: " + options +
				"; and, if not the lowest uid decides who keeps it, first:FIELD or last:FIELD",
			Several: true,
		},
		Build: u.build,
	}
}

// choice is who keeps a value, and what becomes of the others.
type choice struct {
	keep, by, losers string
}

func (u Uniqueness) choose(given []string) (choice, error) {
	var c choice
	for _, answer := range given {
		keep, field, _ := strings.Cut(answer, ":")
		switch {
		case answer == losersSuffix && u.numbers():
			return c, fmt.Errorf("%s has whole numbers, which take no suffix; clear or merge would do", u.Predicate.Stored())
		case answer == losersMerge && u.Merged == nil:
			return c, fmt.Errorf("the nodes with %s cannot be merged; suffix or clear would do", u.Predicate.Stored())
		case (answer == losersSuffix || answer == losersClear || answer == losersMerge) && c.losers == "":
			c.losers = answer
		case answer == keepLowest && c.keep == "":
			c.keep = keepLowest
		case (keep == keepFirst || keep == keepLast) && c.keep == "":
			by := u.Fields[field]
			if by == nil || by.List || !slices.Contains(orderly, by.Type) {
				return c, fmt.Errorf("%q is no field that nodes can be ordered by; %s", field, u.orderly())
			}
			c.keep, c.by = keep, by.Stored()
		default:
			return c, fmt.Errorf("%q is not one of suffix, clear, merge, lowest, first:FIELD, last:FIELD, or is the second of its kind", answer)
		}
	}
	if c.losers == "" {
		return c, errors.New("it takes one of suffix, clear, merge")
	}
	if c.keep == "" {
		c.keep = keepLowest
	}
	return c, nil
}

// orderly names the fields that can decide.
func (u Uniqueness) orderly() string {
	var names []string
	for _, name := range sortedKeys(u.Fields) {
		if p := u.Fields[name]; !p.List && slices.Contains(orderly, p.Type) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return "there is none"
	}
	return "these can: " + strings.Join(names, ", ")
}

func (u Uniqueness) build(given []string) (*Recipe, error) {
	name := u.Predicate.Stored()
	if u.Predicate.List || u.Predicate.Type != "string" && u.Predicate.Type != "int" {
		return nil, fmt.Errorf("%s is stored as %s; only a single string or int can be unique", name, written(u.Predicate.Type, u.Predicate.List))
	}
	chosen, err := u.choose(given)
	if err != nil {
		return nil, err
	}
	r := &recipe{}
	r.declare(u.indexed())
	if chosen.losers == losersMerge {
		u.merge(r, chosen)
		return r.done()
	}
	for _, phase := range []Phase{Before, After} {
		for _, stored := range u.Types {
			u.step(r, phase, stored, chosen)
		}
	}
	r.DualWrite = u.manners()
	return r.done()
}

// manners is what the application must not do.
func (u Uniqueness) manners() string {
	return fmt.Sprintf("Until the new schema is deployed everywhere, the application must not write a value of %s that another node has.", u.Predicate.Stored())
}

// numbers reports whether the values are whole numbers, before the update or
// after it.
func (u Uniqueness) numbers() bool {
	return u.Predicate.Type == "int" || u.Before != nil && u.Before.Type == "int"
}

// indexed declares the predicate with an index that finds equal values, as it is
// stored before the update.
func (u Uniqueness) indexed() Declared {
	d := declared(u.Predicate)
	if u.Before != nil {
		d = declared(u.Before)
	}
	d.Upsert = true
	exact := []string{"hash", "exact"}
	if d.Type == "int" {
		exact = []string{"int"}
	}
	if !slices.ContainsFunc(d.Index, func(t string) bool { return slices.Contains(exact, t) }) {
		d.Index = append(d.Index, exact[0])
	}
	return d
}

// step takes values from all nodes of a type but one.
func (u Uniqueness) step(r *recipe, phase Phase, stored string, chosen choice) {
	name := u.Predicate.Stored()
	s := Step{
		ID:         strings.Join([]string{chosen.losers, name, "of", stored, string(phase)}, "-"),
		Unique:     &Unique{Predicate: name, Type: stored, Keep: chosen.keep, By: chosen.by, Losers: chosen.losers},
		Convergent: true, Undo: UndoYes, Risk: "review",
	}
	keeper := "the lowest uid"
	if chosen.by != "" {
		keeper = fmt.Sprintf("the %s %s", chosen.keep, chosen.by)
	}
	all := fmt.Sprintf("all nodes of type %s with the same %s but that with %s", stored, name, keeper)
	switch chosen.losers {
	case losersSuffix:
		s.Title = fmt.Sprintf("Add -2, -3, ... to the value of %s", all)
	case losersClear:
		s.Title, s.Risk = fmt.Sprintf("Delete the value of %s", all), "destructive"
		if u.NonNull {
			s.Title += "; the new schema demands a value, so that they have to get another one before it is deployed"
		}
	case losersMerge:
		s.Unique.Mark = u.mark()
		s.Title = fmt.Sprintf("Note at %s that they are to be merged into it", all)
	}
	root, err := typeRoot(stored)
	r.each(phase, root, err, s)
}
