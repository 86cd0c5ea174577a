package migrate

import (
	"fmt"
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

// CopyValues copies what is stored under one predicate to another one before
// the new schema is deployed, once more what was written meanwhile after it,
// and removes the old values only in phase contract.
func CopyValues(m Moving) *Migration {
	if m.From.Type == "password" || m.To.Type == "password" {
		return nil // @secret(pred:) is the only way
	}
	r := &recipe{}
	from, to := m.From.Stored(), m.To.Stored()
	r.declare(declared(m.To))
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
	return upsert(s.Select.Root, "NOT type("+quote(a.Type)+")", "", fmt.Sprintf("uid(v) <dgraph.type> %s .", literal(a.Type)), "")
}

func (r *RemoveType) dql(s *Step) string {
	filter := ""
	if r.Keep != "" {
		filter = "type(" + quote(r.Keep) + ")"
	}
	return upsert(s.Select.Root, filter, "", "", fmt.Sprintf("uid(v) <dgraph.type> %s .", literal(r.Type)))
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
	return "# To /alter, with what is declared of these predicates already:\n" + b.String()
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
