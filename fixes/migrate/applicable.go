package migrate

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/dql"
)

// bound reports whether the plan is for certain schemas.
func (p *Plan) bound() bool { return p.From != "" || p.To != "" }

// settled reports whether a phase is over for good. One that found nothing to do
// is asked again as long as the schema is served that the plan comes from:
// something may be there by now. Where the plan leads to no other schema that says
// nothing, and what is there by now may be of the new form: of such a plan only
// phases are asked again that may be carried out twice.
func (p *Plan) settled(phase Phase, s State, served string) bool {
	switch {
	case s != NotApplicable:
		return s == Done
	case p.bound() && p.From != p.To:
		return served != p.From
	case p.bound() && served != p.From:
		return true
	}
	return slices.ContainsFunc(p.Steps, func(s Step) bool { return s.Phase == phase && !s.Convergent })
}

// applies reports whether a step has something to do here. An empty database, that
// of a new developer for example, has nothing for plans that are long done
// elsewhere.
func (r *run) applies(ctx context.Context, s *Step) (bool, error) {
	begun, err := below(ctx, r.client.Snapshot(), spanPrefix(r.file.ID, r.phase, ""))
	if len(begun) > 0 || err != nil {
		return true, err // the phase has begun to write, so that what is missing may be its work
	}
	return r.concerns(ctx, s)
}

// some reports whether a step that makes nodes by keys has something to do.
func (r *run) some(ctx context.Context) (bool, error) {
	for i := range r.file.Steps {
		s := &r.file.Steps[i]
		if s.Phase != r.phase || s.Transform == nil || len(s.Transform.Create) == 0 {
			continue
		}
		if some, err := findsNode(ctx, r.client.Snapshot(), s.Select); some || err != nil {
			return some, err
		}
	}
	return false, nil
}

// concerns reports whether there is anything that a step would change or has to
// declare.
func (r *run) concerns(ctx context.Context, s *Step) (bool, error) {
	t, err := r.options.taskOf(s)
	if err != nil {
		return false, err
	}
	if _, ok := t.(paged); ok {
		return findsNode(ctx, r.client.Snapshot(), s.Select)
	}
	c, ok := t.(concerned)
	if !ok {
		return true, nil
	}
	live, err := r.client.Stored(ctx)
	if err != nil {
		return false, err
	}
	if there, err := c.concerns(ctx, r.client.Snapshot(), live); there || err != nil {
		return there, err
	}
	// What is declared for steps that have something to do is needed.
	at := slices.IndexFunc(r.file.Steps, func(other Step) bool { return other.ID == s.ID })
	for _, later := range r.file.following(at) {
		if later.Select == nil || later.Phase != s.Phase && later.Phase == Contract {
			continue
		}
		if found, err := findsNode(ctx, r.client.Snapshot(), later.Select); found || err != nil {
			return found, err
		}
	}
	return false, nil
}

// afterAnew has phase after asked again when phase before begins: what it once found
// nothing of, in a database that served the new schema then, may be there by now.
func (r *run) afterAnew(ctx context.Context) error {
	if r.phase != Before || !r.file.has(After) {
		return nil
	}
	after := &run{client: r.client, file: r.file, phase: After, options: r.options, token: r.token, lease: r.lease}
	after.options.Progress = nil // it does not begin
	if err := after.begin(ctx); err != nil || after.status.State != NotApplicable {
		return err
	}
	after.status = Status{Plan: r.file.ID, Phase: After, State: Pending, Checksum: r.file.Checksum}
	return after.save(ctx)
}

// finds reports whether a step of a plan, in the phases that run by themselves, has
// something to do.
func (s *Series) finds(ctx context.Context, c *dql.Client, f File) (bool, error) {
	for i := range f.Steps {
		step := &f.Steps[i]
		if step.Phase == Contract {
			continue
		}
		r := &run{client: c, file: f, phase: step.Phase, options: s.Options}
		if some, err := r.concerns(ctx, step); some || err != nil {
			return some, err
		}
	}
	return false, nil
}

// concerned is a task that changes the DQL schema and knows whether there is
// anything that it concerns.
type concerned interface {
	concerns(ctx context.Context, tx asker, live *dql.Stored) (bool, error)
}

func (d *Declare) concerns(ctx context.Context, tx asker, live *dql.Stored) (bool, error) {
	for _, p := range d.Predicates {
		if there, err := holdsAny(ctx, tx, live.Predicate(p.Name)); there || err != nil {
			return there, err
		}
	}
	return false, nil
}

// One that is not there yet is made by the update of the schema.
func (r *Redeclare) concerns(_ context.Context, _ asker, live *dql.Stored) (bool, error) {
	old := live.Predicate(r.Predicate.Name)
	return old != nil && (old.Type != r.Predicate.Type || old.List != r.Predicate.List), nil
}

func (d *Drop) concerns(_ context.Context, _ asker, live *dql.Stored) (bool, error) {
	return slices.ContainsFunc(d.Predicates, func(name string) bool { return live.Predicate(name) != nil }) ||
		slices.ContainsFunc(d.Types, func(name string) bool { return live.Type(name) != nil }), nil
}

// holdsAny reports whether anything is stored under a predicate; nil is one that is
// not there.
func holdsAny(ctx context.Context, tx asker, p *dql.Predicate) (bool, error) {
	if p == nil {
		return false, nil
	}
	root, err := hasRoot(p.Name, p.Lang)
	if err != nil {
		return false, err
	}
	answer, err := tx.Query(ctx, "{q(func: "+root+", first: 1) {uid}}", nil)
	if err != nil {
		return false, err
	}
	held := false
	err = dql.Rows(answer, "q", func(dql.Row) error { held = true; return nil })
	return held, err
}

// findsNode reports whether a step finds any node.
func findsNode(ctx context.Context, tx asker, s *Select) (bool, error) {
	text := "{n(func: " + s.Root + ", first: 1)"
	if s.Filter != "" {
		text += " @filter(" + s.Filter + ")"
	}
	answer, err := tx.Query(ctx, text+" {uid}}", nil)
	if err != nil {
		return false, fmt.Errorf("looking for nodes of the step: %w", err)
	}
	found := false
	err = dql.Rows(answer, "n", func(dql.Row) error { found = true; return nil })
	return found, err
}

// countNodes is how many nodes a step goes through.
func countNodes(ctx context.Context, tx asker, s *Select) (uint64, error) {
	text := "{n(func: " + s.Root + ")"
	if s.Filter != "" {
		text += " @filter(" + s.Filter + ")"
	}
	answer, err := tx.Query(ctx, text+" {count(uid)}}", nil)
	if err != nil {
		return 0, fmt.Errorf("counting the nodes of the step: %w", err)
	}
	n := uint64(0)
	err = dql.Rows(answer, "n", func(row dql.Row) error { n = row.Count("count"); return nil })
	return n, err
}

var (
	quotedText = regexp.MustCompile(`"(\\.|[^"\\])*"`)
	firstOf    = regexp.MustCompile(`([\pL_]+)\s*\(\s*(<[^>]*>|[^\s(),<>@]+)\s*[,)@]`)
)

// namedIn are the predicates that the functions of a root or a filter ask for.
func namedIn(text string) []string {
	var names []string
	for _, f := range firstOf.FindAllStringSubmatch(quotedText.ReplaceAllString(text, `""`), -1) {
		if name := strings.Trim(f[2], "<>"); !slices.Contains([]string{"type", "uid", "val"}, strings.ToLower(f[1])) {
			names = append(names, name)
		}
	}
	return names
}

// readable refuses a phase when something of it may not be read: it would look as
// if it was not there, and of a filter Dgraph leaves out what asks for it
// (edgraph/access.go, removeFilters), so that all nodes pass.
func (r *run) readable(ctx context.Context) error {
	names := []string{dgraphType}
	for i := range r.file.Steps {
		s := &r.file.Steps[i]
		if s.Phase != r.phase {
			continue
		}
		names = append(names, s.Reads...)
		names = append(names, s.Writes...)
		if s.Select != nil {
			names = append(names, namedIn(s.Select.Root)...)
			names = append(names, namedIn(s.Select.Filter)...)
		}
	}
	slices.Sort(names)
	hidden, err := r.client.Unreadable(ctx, slices.Compact(names))
	if err != nil {
		return err
	}
	if len(hidden) > 0 {
		return &dql.Error{Kind: dql.PermissionDenied, Text: fmt.Sprintf("the user may not read %s, which would look as if nothing was there: "+
			"let a member of the group guardians run this, or grant read and write for what the plan reads and writes", strings.Join(hidden, ", "))}
	}
	return nil
}
