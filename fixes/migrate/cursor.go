package migrate

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// Cursor is a place in a step of a plan: all nodes with uids up to After are done,
// and so are the steps before it, those of earlier phases too.
type Cursor struct {
	// Checksum is that of the plan's text, or its beginning.
	Checksum string
	Step     string
	After    uint64
}

// cursorSum is how much of the checksum a cursor shows.
const cursorSum = 12

// String writes the cursor for [ParseCursor].
func (c Cursor) String() string {
	return fmt.Sprintf("%.*s/%s/0x%x", cursorSum, c.Checksum, c.Step, c.After)
}

// ParseCursor reads a cursor as migrate status shows it.
func ParseCursor(text string) (*Cursor, error) {
	parts := strings.Split(text, "/") // which no id has
	if len(parts) == 3 && len(parts[0]) >= cursorSum && parts[1] != "" {
		if uid, err := strconv.ParseUint(strings.TrimPrefix(parts[2], "0x"), 16, 64); err == nil && strings.HasPrefix(parts[2], "0x") {
			return &Cursor{Checksum: parts[0], Step: parts[1], After: uid}, nil
		}
	}
	return nil, fmt.Errorf("%q is no cursor such as 1a2b3c4d5e6f/copy-phone/0x2710: schemacheck migrate status shows them", text)
}

// of reports whether the cursor is one of a plan's text.
func (c *Cursor) of(f File) bool { return strings.HasPrefix(f.Checksum, c.Checksum) }

// phase is that of a plan which the cursor is in; empty when it is in none of it, or
// there is no cursor.
func (c *Cursor) phase(f File) Phase {
	if c == nil || !c.of(f) {
		return ""
	}
	for _, s := range f.Steps {
		if s.ID == c.Step {
			return s.Phase
		}
	}
	return ""
}

// passed reports whether a phase of a plan is over for the cursor, which is in a later
// one.
func (c *Cursor) passed(f File, phase Phase) bool {
	at := c.phase(f)
	return at != "" && nth(phase) < nth(at)
}

// pass notes the phases as done that are before the one in which the cursor is that
// somebody gave: where it comes from they were.
func (s *series) pass(ctx context.Context, f File, states states, served string) error {
	at := s.From.phase(f)
	if at == "" || s.Phase != "" && s.Phase != at {
		return nil
	}
	if f.bound() && at != Before && served != f.To {
		return &Unfit{fmt.Sprintf("the cursor is in phase %s of the plan %s, which is for the new GraphQL schema, and that is not served: deploy it first", at, f.ID)}
	}
	for _, phase := range phases {
		state, has := states[phase]
		if !has || !s.From.passed(f, phase) || state == Done {
			continue
		}
		if state != Pending && state != NotApplicable {
			return &Unfit{fmt.Sprintf("the cursor is in phase %s of the plan %s, and phase %s is %s here: end it first, or add --reset to begin anew", at, f.ID, phase, state)}
		}
		if err := s.lock(ctx, doingOf(f, phase)); err != nil {
			return err
		}
		r := &run{client: s.client, file: f, phase: phase, options: s.Options, token: s.lease.token, lease: s.lease}
		if err := r.begin(s.held); err != nil {
			return err
		}
		if err := r.baseline(s.held); err != nil {
			return err
		}
		states[phase] = Done
	}
	return nil
}

// from lets the phase begin at the cursor that somebody gave, when it is one in
// it.
func (r *run) from() error {
	at := r.options.From
	again := r.status.State == Pending || r.status.State == NotApplicable
	if at == nil && again { // what was undone, or found nothing, begins where it began
		at, _ = ParseCursor(r.status.Begins)
	}
	if at == nil || !at.of(r.file) {
		return nil
	}
	var before []string
	for _, s := range r.file.Steps {
		if s.Phase != r.phase {
			continue
		}
		if s.ID == at.Step {
			if !again {
				return &Unfit{fmt.Sprintf("phase %s of the plan %s is %s, and has a cursor of its own in the database: leave --from-cursor out to go on from there, "+
					"or add --reset to begin anew", r.phase, r.file.ID, r.status.State)}
			}
			r.status.Finished, r.status.Begins = before, at.String()
			return nil
		}
		before = append(before, s.ID)
	}
	return nil
}

// begins is where a step begins: behind the cursor that somebody gave for it, to
// this run or to an earlier one that did not come as far.
func (r *run) begins(step string) uint64 {
	if at, err := ParseCursor(r.status.Begins); err == nil && at.Step == step {
		return at.After
	}
	return 0
}

// place is where a step of a plan stands to a cursor: before it in its phase, or
// the one that it is in, and where that begins. Nil is no cursor.
func (c *Cursor) place(f File, s *Step) (before bool, begins uint64) {
	if c == nil || !c.of(f) {
		return false, 0
	}
	if s.ID == c.Step {
		return false, c.After
	}
	for i := range f.Steps {
		switch other := &f.Steps[i]; {
		case other.ID == s.ID:
			before = true
		case other.ID == c.Step:
			return before && other.Phase == s.Phase, 0
		}
	}
	return false, 0
}

// fits refuses a cursor that is in none of the plans.
func (c *Cursor) fits(files []File) error {
	for _, f := range files {
		if !c.of(f) {
			continue
		}
		for _, s := range f.Steps {
			if s.ID == c.Step {
				if s.Select == nil {
					return &Unfit{fmt.Sprintf("the cursor is in the step %s, which goes through no nodes", s.ID)}
				}
				return nil
			}
		}
		return &Unfit{fmt.Sprintf("the cursor is in a step %s, which the plan %s does not have", c.Step, f.ID)}
	}
	return &Unfit{fmt.Sprintf("the cursor was made for a plan with the checksum %.12s, and none of these has it: the plan was changed since, or another one is meant", c.Checksum)}
}
