package migrate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/diff/storage"
	"github.com/schemacheck/schemacheck/dql"
)

// Deployed tells of an update of the GraphQL schema.
type Deployed struct {
	// From and To are when the update was sent, and when everything was as it has
	// to be: in between clients may have met either.
	From, To time.Time
	// PutBack are the predicates that got back what somebody had added to them by
	// hand and the update had taken away.
	PutBack []string
}

// indexesAtOnce bounds the predicates whose indexes are built at the same time:
// each takes some hundred megabytes of the server's memory.
const indexesAtOnce = 8

// serveTime bounds how long a saved schema may take to be served and indexed.
const serveTime = 10 * time.Minute

// Between is the error of a deployment that ended with a database between two
// schemas.
type Between struct {
	Cause, Restoring error
	// Old is the GraphQL schema that has to be served again; empty when there was
	// none. It can hold keys.
	Old string
}

// Error says how to go on.
func (b *Between) Error() string {
	return fmt.Sprintf("the database is between two schemas: %v; and putting the old GraphQL schema back did not work either: %v. "+
		"Send the old schema again (curl --data-binary @FILE HOST:8080/admin/schema) until that succeeds", b.Cause, b.Restoring)
}

// Unwrap returns both.
func (b *Between) Unwrap() []error { return []error{b.Cause, b.Restoring} }

// Refused is the error of a deployment that was not sent, or that was taken
// back: the old schema is served.
type Refused struct{ Reasons []string }

// Error lists the reasons.
func (r *Refused) Error() string {
	return "the new GraphQL schema cannot be deployed: " + strings.Join(r.Reasons, "; ")
}

// Deploy updates the GraphQL schema. It does not send what Dgraph would refuse
// half way, and puts the old schema back when Dgraph does so all the same.
func Deploy(ctx context.Context, c *dql.Client, text string) (*Deployed, error) {
	parsed, err := sdl.Parse(&sdl.File{Name: "the new schema", Text: text})
	if err != nil {
		return nil, err
	}
	next := storage.Derive(schema.Resolve(parsed))
	served, err := c.GraphQLSchema(ctx)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(served.ServedErr, served.KeptErr); err != nil {
		return nil, err
	}
	live, err := c.Stored(ctx)
	if err != nil {
		return nil, err
	}
	reasons, err := refusals(ctx, c, next, live)
	if err != nil {
		return nil, err
	}
	if len(reasons) > 0 {
		return nil, &Refused{reasons}
	}
	if err := buildIndexes(ctx, c, next, live); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	d := &Deployed{From: time.Now()}
	// What is sent is seen through, whoever gives up meanwhile: in between is no
	// state to leave.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), serveTime)
	defer cancel()
	if err := c.UpdateGraphQLSchema(ctx, text); err != nil {
		var half *dql.HalfDone
		if !errors.As(err, &half) {
			return nil, err
		}
		if served.Kept == "" {
			return nil, &Between{Cause: half, Restoring: errors.New("there was no GraphQL schema before")}
		}
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), serveTime)
		defer cancel()
		if restoring := c.UpdateGraphQLSchema(last, served.Kept); restoring != nil {
			return nil, &Between{half, restoring, served.Kept}
		}
		return nil, &Refused{[]string{half.Cause + " (the old schema was put back at once)"}}
	}
	if err := waitStored(ctx, c, next); err != nil {
		return nil, err
	}
	if d.PutBack, err = putBack(ctx, c, served.Kept, live); err != nil {
		return nil, fmt.Errorf("putting back what was added by hand to the stored schema: %w", err)
	}
	d.To = time.Now()
	return d, nil
}

// refusals are what Dgraph would refuse to alter (schema/schema.go and
// worker/mutation.go in Dgraph, checkSchema).
func refusals(ctx context.Context, c *dql.Client, next *storage.Schema, live *dql.Stored) ([]string, error) {
	var all []string
	for _, p := range next.Predicates {
		was := live.Predicate(p.Stored())
		if was == nil || p.Type == "" {
			continue
		}
		name := p.Stored()
		switch {
		case was.List && !p.List:
			all = append(all, fmt.Sprintf("%s is stored as a list, and Dgraph makes no single value of it, not even without data", name))
		case (was.Type == "password") != (p.Type == "password"):
			all = append(all, fmt.Sprintf("%s is stored as %s, and cannot become %s", name, was.Type, p.Type))
		case (was.Type == "uid") != (p.Type == "uid"):
			root, err := hasRoot(name, was.Lang)
			if err != nil {
				return nil, err
			}
			answer, err := c.Snapshot().Query(ctx, "{q(func: "+root+", first: 1) {uid}}", nil)
			if err != nil {
				return nil, err
			}
			held := false
			if err := dql.Rows(answer, "q", func(dql.Row) error { held = true; return nil }); err != nil {
				return nil, err
			}
			if held {
				all = append(all, fmt.Sprintf("%s holds data, stored as %s, and cannot become %s before that is removed", name, was.Type, p.Type))
			}
		}
	}
	return all, nil
}

// buildIndexes builds indexes that are new, some at a time, before the update
// would build them all at once.
func buildIndexes(ctx context.Context, c *dql.Client, next *storage.Schema, live *dql.Stored) error {
	var wanting []Declared
	for _, p := range next.Predicates {
		was := live.Predicate(p.Stored())
		if was == nil || was.Type != p.Type || was.List != p.List {
			continue
		}
		d := declared(p)
		if len(d.whole(was).Index) > len(was.Index) {
			wanting = append(wanting, Declared{Name: d.Name, Type: d.Type, List: d.List, Index: d.Index})
		}
	}
	if len(wanting) <= indexesAtOnce {
		return nil // the update does it
	}
	for chunk := range slices.Chunk(wanting, indexesAtOnce) {
		if err := (&Declare{Predicates: chunk}).alter(ctx, c, live); err != nil {
			return fmt.Errorf("building indexes before the update: %w", err)
		}
	}
	return nil
}

// waitStored waits until what is stored is what the schema derives.
func waitStored(ctx context.Context, c *dql.Client, next *storage.Schema) error {
	for {
		live, err := c.Stored(ctx)
		if err != nil {
			return err
		}
		missing := ""
		for _, p := range next.Predicates {
			if p.Type == "" {
				continue
			}
			is := live.Predicate(p.Stored())
			if is == nil || is.Type != p.Type || is.List != p.List || len(is.Index) < len(p.Tokenizers) {
				missing = p.Stored()
				break
			}
		}
		if missing == "" {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("after the update %s is not stored as the new schema demands: its index may not have been built; look at the server's log, and send the schema again", missing)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// putBack gives predicates back what somebody had added by hand to what the old
// schema derives.
func putBack(ctx context.Context, c *dql.Client, old string, was *dql.Stored) ([]string, error) {
	parsed, err := sdl.Parse(&sdl.File{Name: "the old schema", Text: old})
	if err != nil {
		return nil, nil // what it derived nobody can say, and so not what was added
	}
	derived := storage.Derive(schema.Resolve(parsed))
	live, err := c.Stored(ctx)
	if err != nil {
		return nil, err
	}
	var names []string
	var lines strings.Builder
	for i := range was.Predicates {
		before := &was.Predicates[i]
		now := live.Predicate(before.Name)
		if now == nil || now.Type != before.Type || now.List != before.List || strings.HasPrefix(before.Name, "dgraph.") {
			continue
		}
		added := byHandAdded(before, derived)
		whole := *now
		whole.Index = slices.Clone(now.Index)
		for _, t := range added.Index {
			if !slices.ContainsFunc(whole.Index, func(have dql.Tokenizer) bool { return have.Name == t.Name }) {
				whole.Index = append(whole.Index, t)
			}
		}
		whole.Reverse, whole.Count, whole.Lang = whole.Reverse || added.Reverse, whole.Count || added.Count, whole.Lang || added.Lang
		line, err := whole.Line()
		if err != nil {
			continue // it cannot be written, and was never touched
		}
		if is, err := now.Line(); err == nil && is != line {
			names = append(names, before.Name)
			lines.WriteString(line + "\n")
		}
	}
	if len(names) == 0 {
		return nil, nil
	}
	return names, c.Alter(ctx, lines.String())
}

// byHandAdded is what a stored predicate has beyond what its schema derives.
func byHandAdded(p *dql.Predicate, derived *storage.Schema) dql.Predicate {
	added := *p
	for _, d := range derived.Predicates {
		if d.Stored() != p.Name {
			continue
		}
		added.Index = slices.DeleteFunc(slices.Clone(p.Index), func(t dql.Tokenizer) bool {
			return slices.ContainsFunc(d.Tokenizers, func(text string) bool { name, _, _ := strings.Cut(text, "("); return name == t.Name })
		})
		added.Reverse, added.Lang = p.Reverse && !d.Reverse, p.Lang && !d.Lang
	}
	return added
}
