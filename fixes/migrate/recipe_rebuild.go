package migrate

import (
	"fmt"

	"github.com/schemacheck/schemacheck/diff/storage"
	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/convert"
)

// Rebuilding says what is stored in another form than the served schema has.
type Rebuilding struct {
	// Live is the predicate as it is stored, and Want as the served schema derives
	// it.
	Live dql.Predicate
	Want *storage.Predicate
	// Target is how the field reads the values.
	Target convert.Target
}

// Rebuild gives a predicate the form that the served schema has, which an update
// that failed half way has not given it.
func Rebuild(b Rebuilding) *Migration {
	live, want := b.Live, b.Want
	sameType := live.Type == want.Type
	switch {
	case live.Type == "password" || want.Type == "password":
		return nil
	case !sameType && (live.Type == "float32vector" || want.Type == "float32vector"):
		return nil // a list of numbers is one vector
	case !sameType && (live.Type == "uid" || want.Type == "uid"):
		return always(b.aside())
	case live.List && !want.List:
		return b.single()
	case sameType:
		return always(b.again())
	}
	c := Converting{From: b.from(), To: want, Target: b.Target}
	return c.rulesNeeded(func(rules Rules) (*Recipe, error) {
		mended, err := c.inPlace(rules)
		if err != nil {
			return nil, err
		}
		r := &recipe{Recipe: *mended}
		r.redeclare(declared(want))
		return r.done()
	})
}

// from is what is stored as an old schema would derive it.
func (b Rebuilding) from() *storage.Predicate {
	return &storage.Predicate{Name: b.Want.Name, Type: b.Live.Type, List: b.Live.List, Lang: b.Live.Lang, Upsert: b.Live.Upsert, Reverse: b.Live.Reverse}
}

// redeclare adds the step that changes a type where Dgraph accepts it.
func (r *recipe) redeclare(to Declared) {
	r.add(Before, Step{
		ID: "declare-" + to.Name + "-as-" + to.Type, Title: fmt.Sprintf("Declare %s as %s in the stored schema", to.Name, written(to.Type, to.List)),
		Redeclare: &Redeclare{Predicate: to}, Convergent: true, Undo: UndoNo, Risk: "review",
	})
}

// again declares what Dgraph accepts at once.
func (b Rebuilding) again() (*Recipe, error) {
	r := &recipe{}
	r.redeclare(declared(b.Want))
	return r.done()
}

// aside moves values where references are expected, or the other way, out of the
// way.
func (b Rebuilding) aside() (*Recipe, error) {
	name, kept := b.Want.Stored(), quarantine(b.from())
	r := &recipe{}
	r.declare(kept)
	keep := &Copy{From: name, To: kept.Name}
	root, err := hasRoot(name, b.Live.Lang)
	r.each(Before, root, err, Step{
		ID: "keep-" + name, Title: fmt.Sprintf("Keep what is stored under %s in %s", name, kept.Name),
		Copy: keep, Convergent: true, Undo: UndoYes, Risk: "safe",
	})
	to := declared(b.Want)
	r.add(Before, Step{
		ID:        "drop-" + name + "-and-declare",
		Title:     fmt.Sprintf("Drop %s, which is stored as %s, and declare it as %s at once", name, written(b.Live.Type, b.Live.List), written(to.Type, to.List)),
		Redeclare: &Redeclare{Predicate: to, Copied: keep}, Convergent: true, Undo: UndoNo, Risk: "destructive",
	})
	r.drop(Contract, Drop{Predicates: []string{kept.Name}})
	r.DualWrite = fmt.Sprintf("While this is carried out, the application must not write %s.", name)
	return r.done()
}

// single makes one value of a list, and converts it where the type differs too.
// What does not convert stays staged.
func (b Rebuilding) single() *Migration {
	chosen := Single{From: b.from(), To: b.Want}
	return chosen.chosen(func(policy string) (*Recipe, error) {
		name := b.Want.Stored()
		r := &recipe{}
		r.singled(b.Live.Type, declared(b.Want), policy)
		if b.Live.Type == b.Want.Type {
			r.restore(name, Step{Copy: &Copy{From: stagedOf(name), To: name}})
		} else {
			r.restore(name, Step{Convert: &Convert{Predicate: stagedOf(name), Reading: readingOf(b.Target), Lang: b.Want.Lang, Rules: Rules{Trim: true}, Into: name}})
		}
		return r.done()
	})
}
