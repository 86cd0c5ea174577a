package migrate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/diff/storage"
	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/convert"
)

// Converting says which values are read under another type.
type Converting struct {
	// From and To are the predicates, as the old and the new schema derive them.
	From, To *storage.Predicate
	// Target is how the field of the new schema reads the values.
	Target convert.Target
	// Types leaves out nodes that have none of these stored types; nil takes all.
	Types []string
	// FromStays says that the new schema still uses From, so that it is not dropped
	// in the end.
	FromStays bool
}

// QuarantineOf is the predicate that has the values of another one that could
// not be converted.
func QuarantineOf(predicate string) string { return predicate + "__quarantine" }

// scalars reports whether all values can be read and written.
func (c Converting) scalars() bool {
	for _, p := range []*storage.Predicate{c.From, c.To} {
		if p.Type == "password" || p.Type == "uid" || p.Type == "" {
			return false
		}
	}
	return true
}

func (c Converting) task(rules Rules) *Convert {
	return &Convert{Predicate: c.From.Stored(), Reading: readingOf(c.Target), Lang: c.To.Lang, Rules: rules, Types: c.Types}
}

// rulesNeeded asks for rules.
func (c Converting) rulesNeeded(build func(Rules) (*Recipe, error)) *Migration {
	return &Migration{
		Need: &Need{What: rulesHelp, Several: true, Default: "trim"},
		Build: func(given []string) (*Recipe, error) {
			if len(given) == 0 {
				given = []string{"trim"}
			}
			rules, err := parseRules(given)
			if err != nil {
				return nil, err
			}
			if err := rules.lead(readingOf(c.Target)); err != nil {
				return nil, err
			}
			return build(rules)
		},
	}
}

// lead refuses mappings to what is no value of the new type.
func (r Rules) lead(to Reading) error {
	for _, m := range r.Map {
		if _, err := to.parse(m.New); err != nil {
			return fmt.Errorf("%q cannot be mapped to %q: %w", brief(m.Old), brief(m.New), err)
		}
	}
	return nil
}

// ConvertInPlace mends the values of a predicate whose type changes, before the
// update: afterwards one that does not convert fails every query, and cannot be
// read any more. Those that rules do not mend go to a predicate of their own.
func ConvertInPlace(c Converting) *Migration {
	if !c.scalars() || c.From.Stored() != c.To.Stored() || c.From.List && !c.To.List {
		return nil
	}
	return c.rulesNeeded(c.inPlace)
}

func (c Converting) inPlace(rules Rules) (*Recipe, error) {
	r := &recipe{}
	r.declare(declared(c.From), quarantine(c.From))
	if err := c.mend(r, rules); err != nil {
		return nil, err
	}
	return r.done()
}

// mend adds the steps that mend values in place.
func (c Converting) mend(r *recipe, rules Rules) error {
	name := c.From.Stored()
	task := c.task(rules)
	task.Quarantine = QuarantineOf(name)
	for _, m := range rules.Map {
		if _, is := task.inPlace(dql.Quad{Data: m.Old, Type: c.From.Type}); !is.mended {
			return fmt.Errorf("%q cannot be mapped to %q in place: %s", brief(m.Old), brief(m.New), is.reason)
		}
	}
	root, err := hasRoot(name, c.From.Lang)
	step := Step{
		ID:      "convert-" + name,
		Title:   fmt.Sprintf("Mend the values of %s that %s does not take (%s), and move what cannot be mended to %s", name, task.Reading.name(), rules, task.Quarantine),
		Convert: task, Convergent: true, Undo: UndoYes, Risk: "review",
	}
	r.each(Before, root, err, step)
	if c.sameStorage() {
		step.ID, step.Title = "sweep-"+name, fmt.Sprintf("Mend the values of %s that were written meanwhile (%s), and move what cannot be mended to %s", name, rules, task.Quarantine)
		r.each(After, root, err, step)
	}
	r.drop(Contract, Drop{Predicates: []string{task.Quarantine}})
	r.DualWrite = fmt.Sprintf("Until the new schema is deployed everywhere, the application must write to %s only what %s takes.", name, task.Reading.name())
	return nil
}

// ConvertUnreadable mends values that the served schema does not read: From is
// the form in which they were written. They cannot be read as long as the
// predicate has its new type, so that it gets the old one for as long as it
// takes.
func ConvertUnreadable(c Converting) *Migration {
	if !c.scalars() || c.From.Stored() != c.To.Stored() || c.From.List != c.To.List || c.sameStorage() {
		return nil
	}
	return c.rulesNeeded(func(rules Rules) (*Recipe, error) {
		r := &recipe{}
		r.declare(quarantine(c.From))
		readable := declared(c.From)
		readable.Index = nil // it would be built for nothing
		r.redeclare(readable)
		if err := c.mend(r, rules); err != nil {
			return nil, err
		}
		r.redeclare(declared(c.To))
		r.DualWrite = fmt.Sprintf("While this is carried out, the application must not read or write %s.", c.To.Stored())
		return r.done()
	})
}

// sameStorage reports whether values can be read after the update as before.
func (c Converting) sameStorage() bool {
	return c.From.Type == c.To.Type && c.From.List == c.To.List && (c.To.Lang || !c.From.Lang)
}

// quarantine is the predicate for the values of another one. A list, where Dgraph
// has lists of the type, takes what turns up later too.
func quarantine(p *storage.Predicate) Declared {
	lists := slices.Contains([]string{"string", "default", "int", "float", "dateTime"}, p.Type)
	return Declared{Name: QuarantineOf(p.Stored()), Type: p.Type, List: p.List || lists && !p.Lang, Lang: p.Lang}
}

// ConvertInto fills a new predicate with converted values. The old ones, and with
// them what rules do not mend, stay until phase contract.
func ConvertInto(c Converting) *Migration {
	if !c.scalars() || c.From.Stored() == c.To.Stored() {
		return nil
	}
	return c.rulesNeeded(c.into)
}

func (c Converting) into(rules Rules) (*Recipe, error) {
	from, to := c.From.Stored(), c.To.Stored()
	task := c.task(rules)
	task.Into = to
	r := &recipe{}
	r.declare(declared(c.To))
	root, err := hasRoot(from, c.From.Lang)
	step := Step{
		ID: "convert-" + from + "-to-" + to, Title: fmt.Sprintf("Fill %s with what is stored under %s, as %s (%s)", to, from, task.Reading.name(), rules),
		Convert: task, Convergent: true, Undo: UndoYes, Risk: "review",
	}
	r.each(Before, root, err, step)
	step.ID, step.Title = "sweep-"+from+"-to-"+to, fmt.Sprintf("Fill %s with what was written under %s meanwhile, as %s (%s)", to, from, task.Reading.name(), rules)
	r.each(After, root, err, step)
	if !c.FromStays {
		r.drop(Contract, Drop{Predicates: []string{from}})
	}
	r.DualWrite = fmt.Sprintf("Until the new schema is deployed everywhere, the application has to write %s wherever it writes %s.", to, from)
	return r.done()
}

// PutBack writes the values of a quarantine back as the type that the predicate
// has now, as far as rules mend them. The rest stays in quarantine.
func PutBack(c Converting) *Migration {
	if !c.scalars() {
		return nil
	}
	return c.rulesNeeded(func(rules Rules) (*Recipe, error) {
		name, into := QuarantineOf(c.From.Stored()), c.To.Stored()
		task := c.task(rules)
		task.Predicate, task.Into, task.Move = name, into, true
		r := &recipe{}
		root, err := hasRoot(name, c.From.Lang)
		r.each(After, root, err, Step{
			ID: "put-back-" + into, Title: fmt.Sprintf("Move the values of %s back to %s, as %s (%s)", name, into, task.Reading.name(), rules),
			Convert: task, Convergent: true, Undo: UndoYes, Risk: "review",
		})
		return r.done()
	})
}

// MapValues replaces members that an enum loses, before the update and once more
// what was written meanwhile after it. Removed are those members.
func MapValues(c Converting, removed []string) *Migration {
	if !c.scalars() || c.From.Stored() != c.To.Stored() || !c.sameStorage() || len(removed) == 0 {
		return nil
	}
	if len(removed) == 1 {
		return &Migration{
			Need:  &Need{What: "the member that " + removed[0] + " becomes", Options: c.Target.Enum},
			Build: func(given []string) (*Recipe, error) { return c.mapped(given, removed) },
		}
	}
	need := &Need{What: fmt.Sprintf("OLD=NEW for each value that is to be replaced, of %s by one of %s",
		strings.Join(removed, ", "), strings.Join(c.Target.Enum, ", ")), Several: true}
	if len(c.Target.Enum)*len(removed) <= 100 {
		for _, old := range removed {
			for _, member := range c.Target.Enum {
				need.Options = append(need.Options, old+"="+member)
			}
		}
	}
	return &Migration{Need: need, Build: func(given []string) (*Recipe, error) { return c.mapped(given, removed) }}
}

func (c Converting) mapped(given, removed []string) (*Recipe, error) {
	var rules Rules
	for _, text := range given {
		if len(removed) == 1 && !strings.Contains(text, "=") {
			text = removed[0] + "=" + text
		}
		m, err := parseMapping(text)
		if err != nil {
			return nil, fmt.Errorf("%q maps nothing; it takes OLD=NEW", brief(text))
		}
		if !slices.Contains(removed, m.Old) {
			return nil, fmt.Errorf("%q is none of the values that are removed: %s", brief(m.Old), strings.Join(removed, ", "))
		}
		if !slices.Contains(c.Target.Enum, m.New) {
			return nil, fmt.Errorf("%q is no member of %s; these are: %s", brief(m.New), c.Target.GraphQL, strings.Join(c.Target.Enum, ", "))
		}
		rules.Map = append(rules.Map, m)
	}
	if len(rules.Map) == 0 && len(removed) == 1 {
		return nil, fmt.Errorf("it takes the member that %s becomes, one of %s", removed[0], strings.Join(c.Target.Enum, ", "))
	}
	if len(rules.Map) == 0 {
		return nil, fmt.Errorf("it takes OLD=NEW for one of %s", strings.Join(removed, ", "))
	}
	if err := rules.check(); err != nil {
		return nil, err
	}
	if err := rules.lead(readingOf(c.Target)); err != nil {
		return nil, err
	}
	name := c.From.Stored()
	r := &recipe{}
	root, err := hasRoot(name, c.From.Lang)
	step := Step{
		ID: "map-" + name, Title: fmt.Sprintf("Replace values of %s (%s)", name, rules),
		Convert: c.task(rules), Convergent: true, Undo: UndoYes, Risk: "review",
	}
	var old []string
	for _, m := range rules.Map {
		old = append(old, literal(m.Old))
	}
	step.Precondition = counting(root, fmt.Sprintf("eq(%s, [%s])", quote(name), strings.Join(old, ", ")))
	step.Verify = step.Precondition
	r.each(Before, root, err, step)
	step.ID, step.Title = "sweep-"+name, fmt.Sprintf("Replace values of %s that were written meanwhile (%s)", name, rules)
	r.each(After, root, err, step)
	return r.done()
}

func (c *Convert) dql(s *Step) string {
	var b strings.Builder
	if c.Into != "" {
		fmt.Fprintf(&b, "# Each value is read, with its language and facets, converted to %s, and written to %s one by one.\n", c.Reading.name(), c.Into)
	} else {
		fmt.Fprintf(&b, "# Each value is read, with its language and facets. What %s does not take is replaced by the rules:\n"+
			"# single values are overwritten, of lists the one that was read is deleted.\n", c.Reading.name())
		if c.Quarantine != "" {
			fmt.Fprintf(&b, "# What no rule mends is deleted one by one and set under %s in the same transaction.\n", c.Quarantine)
		}
	}
	fmt.Fprintf(&b, "{\n  q(func: %s, first: 1000, after: 0x0) { uid dgraph.type %s @facets }\n}\n", s.Select.Root, quote(c.Predicate))
	for _, m := range c.Rules.Map {
		if c.Into == "" {
			fmt.Fprintf(&b, "# by hand for one node: delete { <uid> <%s> %s . } if it is a list, set { <uid> <%s> %s . }\n",
				c.Predicate, literal(m.Old), c.Predicate, literal(m.New))
		}
	}
	return b.String()
}
