package migrate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/diff/storage"
	"github.com/schemacheck/schemacheck/dql"
)

// Moving says from where to where values are moved.
type Moving struct {
	// From and To are the predicates, as the old and the new schema derive them.
	From, To *storage.Predicate
	// Types leaves out nodes that have none of these stored types; nil takes all.
	Types []string
	// FromStays says that the new schema still uses From, so that it is not
	// dropped in the end but emptied for the nodes that were moved, or left.
	FromStays bool
}

// check refuses what copying values cannot do, and says what can.
func (m Moving) check() error {
	from, to := m.From.Stored(), m.To.Stored()
	switch {
	case m.From.Type == "password" || m.To.Type == "password":
		return fmt.Errorf("passwords under %s cannot be moved to %s: nobody can read them, and a hash that is written is taken for a new password; "+
			"@secret(field: ..., pred: %q) on the type keeps them where they are", from, to, from)
	case strings.HasPrefix(from, "~") || strings.HasPrefix(to, "~"):
		return fmt.Errorf("nothing is stored under %s or %s that could be moved: edges that are read backwards are stored under the predicate without ~", from, to)
	case m.From.Type != m.To.Type:
		return fmt.Errorf("%s is stored as %s and %s as %s: it takes a conversion, or another predicate of the type %s", from, m.From.Type, to, m.To.Type, m.From.Type)
	case m.From.List && !m.To.List:
		return fmt.Errorf("a node can hold several values under %s and only one under %s: it takes a policy which of them stays", from, to)
	case m.From.Lang && !m.To.Lang:
		return fmt.Errorf("%s holds values in languages and %s takes none: it takes a field with @dgraph(pred: %q), or the values in languages have to be removed before", from, to, to+"@en")
	}
	return nil
}

// owners are the stored types that have a field with the predicate that values
// move to. They are declared with it, so that a node that is deleted before the
// new schema is deployed takes its copy with it.
func (m Moving) owners() []DeclaredType {
	var types []DeclaredType
	for _, f := range m.To.Fields {
		t := DeclaredType{f.Owner.Stored, []string{m.To.Stored()}}
		if !slices.ContainsFunc(types, func(have DeclaredType) bool { return have.Name == t.Name }) {
			types = append(types, t)
		}
	}
	return types
}

// CopyValues copies what is stored under one predicate to another one before
// the new schema is deployed, once more what was written meanwhile after it,
// and removes the old values only in phase contract.
func CopyValues(m Moving) *Migration {
	if err := m.check(); err != nil {
		return always(nil, err)
	}
	r := &recipe{}
	from, to := m.From.Stored(), m.To.Stored()
	r.declareAll(Before, Declare{Predicates: []Declared{declared(m.To)}, Types: m.owners()})
	root, err := hasRoot(from, m.From.Lang)
	step := Step{
		ID: "copy-" + from + "-to-" + to, Title: fmt.Sprintf("Copy what is stored under %s to %s", from, to),
		Copy: &Copy{From: from, To: to, Types: m.Types}, Convergent: true, Undo: UndoYes, Risk: "review",
	}
	r.each(Before, root, err, step)
	step.ID, step.Title = "sweep-"+from+"-to-"+to, fmt.Sprintf("Copy what was written under %s meanwhile to %s", from, to)
	r.each(After, root, err, step)
	if !m.FromStays {
		r.drop(Contract, Drop{Predicates: []string{from}})
	}
	r.DualWrite = fmt.Sprintf("Until the new schema is deployed everywhere, the application has to write %s wherever it writes %s.", to, from)
	return always(r.done())
}

func (c *Copy) dql(s *Step) string {
	from, err := dql.Quote(c.From)
	if err != nil {
		return ""
	}
	return "# Single values without language and facets; lists, edges, languages and facets are read, and\n" +
		"# written one by one.\n" +
		upsert(s.Select.Root, "NOT has("+quote(c.To)+")", "x as "+from, "uid(v) <"+c.To+"> val(x) .", "")
}

func (a *AddType) dql(s *Step) string {
	filter := "NOT type(" + quote(a.Type) + ")"
	if a.Of == "" {
		filter = "NOT has(dgraph.type)"
	}
	return upsert(s.Select.Root, filter, "", fmt.Sprintf("uid(v) <dgraph.type> %s .", literal(a.Type)), "")
}

func (r *RemoveType) dql(s *Step) string {
	var filter []string
	if r.Keep != "" {
		filter = append(filter, "type("+quote(r.Keep)+")")
	}
	for _, t := range r.Unless {
		filter = append(filter, "NOT type("+quote(t)+")")
	}
	return upsert(s.Select.Root, strings.Join(filter, " AND "), "", "", fmt.Sprintf("uid(v) <dgraph.type> %s .", literal(r.Type)))
}

func (d *Declare) dql(*Step) string {
	var b strings.Builder
	for _, p := range d.Predicates {
		line, err := p.whole(nil).Line()
		if err != nil {
			return "" // the check of the plan says so
		}
		b.WriteString(line + "\n")
	}
	for _, t := range d.Types {
		lines, err := t.whole(nil).lines()
		if err != nil {
			return ""
		}
		b.WriteString(lines)
	}
	return "# To /alter, with what is declared of these already:\n" + b.String()
}

func (d *Drop) dql(*Step) string {
	var b strings.Builder
	b.WriteString("# To /alter, one by one:\n")
	for _, name := range d.Predicates {
		fmt.Fprintf(&b, "{\"drop_attr\": %q}\n", name)
	}
	for _, name := range d.Types {
		fmt.Fprintf(&b, "{\"drop_op\": \"TYPE\", \"drop_value\": %q}\n", name)
	}
	return b.String()
}

// quote writes a name that has passed a check.
func quote(name string) string {
	quoted, err := dql.Quote(name)
	if err != nil {
		return "<" + name + ">"
	}
	return quoted
}

// literal is a text as an RDF literal.
func literal(text string) string { return dql.Literal(text) }
