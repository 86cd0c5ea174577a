package main

import (
	"context"
	"fmt"

	"github.com/schemacheck/schemacheck/fixes/migrate"
)

// resetting is what --reset forgets: the plans that are named, and all that come
// after the first of them, whether their files are here or not. what says it for
// people, with what is begun anew.
func (m *migration) resetting(ctx context.Context) (ids, what []string, err error) {
	first := m.files[0].ID
	history, err := migrate.History(ctx, m.client, first)
	if err != nil {
		return nil, nil, err
	}
	for _, st := range history {
		if len(ids) == 0 || ids[len(ids)-1] != st.Plan {
			ids = append(ids, st.Plan)
		}
		what = append(what, fmt.Sprintf("forget that phase %s of the plan %s is %s (%s changed), and what undoing it needs", st.Phase, st.Plan, st.State, number(st.Counts.Changed, "node", "nodes")))
	}
	for _, f := range m.files {
		for _, s := range f.Steps {
			line := fmt.Sprintf("carry out anew: %s, %s: %s", f.ID, s.Phase, s.Title)
			switch {
			case s.Phase == migrate.Contract:
				continue
			case !s.Convergent:
				line += " (what it has done already it does a second time)"
			}
			what = append(what, line)
		}
	}
	return ids, what, nil
}
