package migrate

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
)

// wire is a step as it stands in a file.
func wire(s Step) string {
	text, err := yaml.Marshal(s)
	if err != nil {
		return s.ID // the plan cannot be written either
	}
	return string(text)
}

// byHand is a task that people can carry out themselves.
type byHand interface {
	task
	// dql is what they send, for the nodes under a root.
	dql(s *Step) string
}

// describe fills in the DQL of a step.
func (s *Step) describe() {
	t, err := s.task()
	if err != nil {
		return // the check of the plan says so
	}
	if h, ok := t.(byHand); ok {
		s.DQL = h.dql(s)
	}
	if s.Select == nil {
		return
	}
	if s.Precondition == "" {
		s.Precondition = counting(s.Select.Root, "")
	}
	if t, ok := t.(countable); ok && s.Verify == "" {
		s.Verify = counting(s.Select.Root, t.unmet(s.Select.Root))
	}
}

// upsert is an upsert block for the nodes of one page: what is read of them, and
// what is set or deleted for them all. It is to be repeated with the last uid
// of each answer for 0x0, until n is 0.
func upsert(root, filter, columns, set, del string) string {
	var b strings.Builder
	b.WriteString("upsert {\n  query {\n")
	fmt.Fprintf(&b, "    p as var(func: %s, first: 1000, after: 0x0)\n", root)
	b.WriteString("    n(func: uid(p)) { count(uid) }\n    l(func: uid(p), first: -1) { uid }\n    v as var(func: uid(p))")
	if filter != "" {
		b.WriteString(" @filter(" + filter + ")")
	}
	if columns != "" {
		b.WriteString(" { " + columns + " }")
	}
	b.WriteString("\n  }\n  mutation @if(gt(len(v), 0)) {\n")
	if del != "" {
		b.WriteString("    delete {\n      " + del + "\n    }\n")
	}
	if set != "" {
		b.WriteString("    set {\n      " + set + "\n    }\n")
	}
	b.WriteString("  }\n}\n")
	return b.String()
}

// counting is a question that counts the nodes under a root that pass a filter,
// or all of them.
func counting(root, filter string) string {
	if filter == "" {
		return "{\n  q(func: " + root + ") { count(uid) }\n}\n"
	}
	return "{\n  q(func: " + root + ") @filter(" + filter + ") { count(uid) }\n}\n"
}

// preface is the comment at the head of a plan's file.
func (p *Plan) preface() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n#\n", oneLine(p.Name))
	if p.DualWrite != "" {
		fmt.Fprintf(&b, "# %s\n#\n", oneLine(p.DualWrite))
	}
	for _, phase := range []struct {
		phase Phase
		when  string
	}{
		{Before, "Before the new schema is deployed:"},
		{After, "After it is deployed:"},
		{Contract, "Later, and only when asked for by name (--phase contract), since it deletes:"},
	} {
		first := true
		for _, s := range p.Steps {
			if s.Phase != phase.phase {
				continue
			}
			if first {
				b.WriteString("# " + phase.when + "\n")
			}
			first = false
			fmt.Fprintf(&b, "#   %s%s\n", oneLine(s.Title), s.estimate())
		}
	}
	b.WriteString("#\n# Carry it out: schemacheck migrate up FILE --alpha HOST:PORT (with --dry-run first)\n\n")
	return b.String()
}

// estimate is what is known of a step's size and of its way back.
func (s *Step) estimate() string {
	var all []string
	if s.Nodes != nil {
		all = append(all, nodes(*s.Nodes))
	}
	switch s.Undo {
	case UndoNo:
		if s.Declare == nil {
			all = append(all, "cannot be undone")
		}
	case UndoPartial:
		all = append(all, "can be undone in part")
	}
	if len(all) == 0 {
		return ""
	}
	return " (" + strings.Join(all, ", ") + ")"
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
