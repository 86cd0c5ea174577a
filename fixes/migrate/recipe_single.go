package migrate

import (
	"fmt"
	"strings"

	"github.com/schemacheck/schemacheck/diff/storage"
)

// Single says which list becomes a single value, or reference.
type Single struct {
	// From and To are the predicates, as the old and the new schema derive them.
	From, To *storage.Predicate
	// Types leaves out nodes that have none of these stored types; nil takes all.
	// In place all are concerned.
	Types []string
	// FromStays says that the new schema still uses From, so that it is not dropped
	// in the end.
	FromStays bool
}

// policies are the answers that are possible, and the policy that each is.
func (s Single) policies() (options []string, policy map[string]string) {
	if s.From.Type == "uid" {
		return []string{"lowest", "only"}, map[string]string{"lowest": smallest, "only": only}
	}
	return []string{"first", "smallest", "largest", "only"}, map[string]string{"first": smallest, "smallest": smallest, "largest": largest, "only": only}
}

// what completes "it takes ...".
func (s Single) what() string {
	if s.From.Type == "uid" {
		return "which of several references stays: that to the lowest uid; only leaves and tells nodes that have more than one"
	}
	return "which of several values stays: the first in sort order, which is the smallest, or the largest; only leaves and tells nodes that have more than one"
}

func (s Single) wrong() error {
	options, _ := s.policies()
	return fmt.Errorf("it takes one of %s: %s", strings.Join(options, ", "), s.what())
}

// chosen is a migration that takes a policy.
func (s Single) chosen(build func(policy string) (*Recipe, error)) *Migration {
	options, policies := s.policies()
	return &Migration{Need: &Need{What: s.what(), Options: options}, Build: func(given []string) (*Recipe, error) {
		if len(given) != 1 || policies[given[0]] == "" {
			return nil, s.wrong()
		}
		return build(policies[given[0]])
	}}
}

// possible reports whether a list of what can be read and written becomes a
// single value of the same type.
func (s Single) possible() bool {
	return s.From.Type == s.To.Type && s.From.Type != "password" && s.From.List && !s.To.List
}

// ListToSingle chooses a value of each list for a new predicate, which the field
// then reads by @dgraph(pred:). The list goes in phase contract.
func ListToSingle(s Single) *Migration {
	if !s.possible() || s.From.Stored() == s.To.Stored() {
		return nil
	}
	return s.chosen(func(policy string) (*Recipe, error) {
		from, to := s.From.Stored(), s.To.Stored()
		r := &recipe{}
		r.declare(declared(s.To))
		root, err := hasRoot(from, false)
		step := Step{
			ID: "choose-" + to, Title: fmt.Sprintf("Write %s of each list under %s to %s", picked(policy), from, to),
			Choose: &Choose{From: from, To: to, Policy: policy, Types: s.Types}, Convergent: true, Undo: UndoYes, Risk: "review",
		}
		r.each(Before, root, err, step)
		step.ID, step.Title = "sweep-"+to, fmt.Sprintf("Write %s of each list that was written under %s meanwhile to %s", picked(policy), from, to)
		r.each(After, root, err, step)
		if !s.FromStays {
			r.drop(Contract, Drop{Predicates: []string{from}})
		}
		r.DualWrite = fmt.Sprintf("Until the new schema is deployed everywhere, the application has to write %s wherever it writes %s.", to, from)
		return r.done()
	})
}

// picked is a policy in a title.
func picked(policy string) string {
	if policy == only {
		return "the only value"
	}
	return "the " + policy + " value"
}

// ListToSingleInPlace makes a single value of a list under the same predicate:
// Dgraph refuses that as long as the predicate is there, even without values.
func ListToSingleInPlace(s Single) *Migration {
	if !s.possible() || s.From.Stored() != s.To.Stored() {
		return nil
	}
	return s.chosen(func(policy string) (*Recipe, error) {
		r := &recipe{}
		name := s.To.Stored()
		r.singled(s.From.Type, declared(s.To), policy)
		r.restore(name, Step{Copy: &Copy{From: stagedOf(name), To: name}})
		return r.done()
	})
}

// stagedOf and othersOf are the predicates that keep the values of one while it
// is dropped: the chosen ones, and the others.
func stagedOf(predicate string) string { return predicate + "__staged" }
func othersOf(predicate string) string { return predicate + "__others" }

// singled makes a list a single predicate without values. The chosen values are
// staged, and the others kept until contract.
func (r *recipe) singled(typ string, to Declared, policy string) {
	name := to.Name
	choose := &Choose{From: name, To: stagedOf(name), Rest: othersOf(name), Policy: policy, Overwrite: true}
	r.declare(Declared{Name: choose.To, Type: typ}, Declared{Name: choose.Rest, Type: typ, List: true})
	root, err := hasRoot(name, false)
	r.each(Before, root, err, Step{
		ID: "stage-" + name, Title: fmt.Sprintf("Keep %s of each list under %s in %s, and the others in %s", picked(policy), name, choose.To, choose.Rest),
		Choose: choose, Convergent: true, Undo: UndoYes, Risk: "safe",
	})
	r.add(Before, Step{
		ID: "drop-" + name + "-and-declare",
		Title: fmt.Sprintf("Drop %s, whose values are kept, and declare it as %s at once: until they are written back and the new schema is "+
			"deployed, it reads empty, with an error, and nothing may write it", name, written(to.Type, to.List)),
		Redeclare: &Redeclare{Predicate: to, Chosen: choose}, Convergent: true, Undo: UndoNo, Risk: "destructive",
	})
	r.drop(Contract, Drop{Predicates: []string{choose.To, choose.Rest}})
	r.DualWrite = fmt.Sprintf("From the phase before to the deploy, the application must not write %s.", name)
}

// restore adds the step that writes the staged values of a predicate back.
func (r *recipe) restore(name string, s Step) {
	s.ID, s.Title = "restore-"+name, fmt.Sprintf("Write the values of %s back to %s", stagedOf(name), name)
	s.Convergent, s.Undo, s.Risk = true, UndoYes, "safe"
	root, err := hasRoot(stagedOf(name), false)
	r.each(Before, root, err, s)
}

func (c *Choose) dql(s *Step) string {
	return fmt.Sprintf("# The values are read with their facets, and one of each node is written to %s: of numbers and times by\n"+
		"# value, of texts by code point. Of edges, with { uid } after the name, it is the one to the lowest uid.\n"+
		"{\n  q(func: %s, first: 1000, after: 0x0) { uid dgraph.type %s @facets }\n}\n", c.To, s.Select.Root, quote(c.From))
}

func (r *Redeclare) dql(*Step) string {
	line, err := r.Predicate.whole(nil).Line()
	if err != nil {
		return "" // the check of the plan says so
	}
	drop := ""
	if name := r.Predicate.Name; r.Chosen != nil || r.Copied != nil {
		drop = fmt.Sprintf("# To /alter, when all values are kept, and if it is of another type or a list:\n{\"drop_attr\": %q}\n# and at once\n", name)
	}
	return drop + "# To /alter:\n" + line + "\n"
}
