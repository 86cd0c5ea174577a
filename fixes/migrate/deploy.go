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
	// Cause is why the new schema was refused, and Restoring why the old one was when it
	// was put back; nil when there was none.
	Cause, Restoring error
	// Old is the GraphQL schema that has to be served again; empty when there was
	// none. It can hold keys.
	Old string
	// Serves says which GraphQL schema is served now: "the old one", "the new one";
	// empty when that could not be asked.
	Serves string
	// Stands are the reasons for which Dgraph will refuse the old one as long as they
	// are so, of what is stored; nil when none is known.
	Stands []string
}

// Error says what happened, and how to go on.
func (b *Between) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "the database is between two schemas: %v", b.Cause)
	if b.Old == "" {
		text.WriteString("; there was no GraphQL schema before that could be put back. Mend what Dgraph refused, and deploy the new schema again")
		return text.String()
	}
	fmt.Fprintf(&text, "; and putting the old GraphQL schema back did not work either: %v", b.Restoring)
	if b.Serves != "" {
		fmt.Fprintf(&text, ". Served is %s, and what is stored fits neither", b.Serves)
	}
	if len(b.Stands) == 0 {
		text.WriteString(". Send the old schema again (curl --data-binary @FILE HOST:8080/admin/schema) until that succeeds")
		return text.String()
	}
	fmt.Fprintf(&text, ". Dgraph will refuse the old schema as long as this is so: %s. Either mend what was refused first, and deploy the new schema again; "+
		"or copy what is stored there to another predicate, drop it, and send the old schema again (curl --data-binary @FILE HOST:8080/admin/schema)", strings.Join(b.Stands, "; "))
	return text.String()
}

// Unwrap returns both.
func (b *Between) Unwrap() []error {
	return slices.DeleteFunc([]error{b.Cause, b.Restoring}, func(err error) bool { return err == nil })
}

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
	return deploy(ctx, c, text, func(string) {})
}

// deploy is [Deploy]; point is called at named points of it, by tests.
func deploy(ctx context.Context, c *dql.Client, text string, point func(name string)) (*Deployed, error) {
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
	made, err := unaided(ctx, c, served.Kept, parsed.Fingerprint(), live)
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
	back, err := alterFirst(ctx, c, next, live)
	if err != nil {
		return nil, err
	}
	point("before update")
	if err := c.UpdateGraphQLSchema(ctx, text); err != nil {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), serveTime)
		defer cancel()
		var half *dql.HalfDone
		switch {
		case errors.As(err, &half):
			return nil, restore(last, c, half, served.Kept, text)
		case back != "":
			if restoring := c.Alter(last, back); restoring != nil {
				return nil, fmt.Errorf("%w; and declaring in the stored schema again what was declared for it did not work either (%w): send this to /alter\n%s", err, restoring, back)
			}
		}
		return nil, err
	}
	if err := waitStored(ctx, c, next); err != nil {
		return nil, err
	}
	if d.PutBack, err = putBack(ctx, c, served.Kept, made); err != nil {
		return nil, fmt.Errorf("putting back what was added by hand to the stored schema: %w", err)
	}
	d.To = time.Now()
	return d, nil
}

// alterFirst makes edges of values and values of edges, where nothing is stored, before
// the new GraphQL schema is sent: of nodes whose values were deleted Dgraph can take
// something for stored that nobody can ask for (posting/index.go in Dgraph, hasEdges),
// and something may have been written since it was asked. So what it refuses it refuses
// before anything is saved, and never in one update with what cannot be taken back. back
// declares them again as they were; empty when nothing was altered.
func alterFirst(ctx context.Context, c *dql.Client, next *storage.Schema, live *dql.Stored) (back string, err error) {
	var names []string
	var lines, was strings.Builder
	for _, p := range next.Predicates {
		old := live.Predicate(p.Stored())
		if old == nil || p.Type == "" || (old.Type == "uid") == (p.Type == "uid") {
			continue
		}
		whole := declared(p).whole(nil)
		line, err := whole.Line()
		if err != nil {
			return "", err
		}
		before, err := old.Line()
		if err != nil {
			return "", err
		}
		names = append(names, old.Name)
		lines.WriteString(line + "\n")
		was.WriteString(before + "\n")
	}
	if len(names) == 0 {
		return "", nil
	}
	if err := c.Alter(ctx, lines.String()); err != nil {
		if !isOther(err) {
			return "", err
		}
		return "", &Refused{[]string{fmt.Sprintf("%s: %v (nothing was sent; values that were deleted can be in the way, too: drop what is stored there, or take another predicate)", strings.Join(names, ", "), err)}}
	}
	return was.String(), nil
}

// restore puts the old GraphQL schema back after Dgraph has saved the new one and refused
// what comes with it. It returns what came of that.
func restore(ctx context.Context, c *dql.Client, half *dql.HalfDone, old, text string) error {
	if old == "" {
		return &Between{Cause: half}
	}
	restoring := c.UpdateGraphQLSchema(ctx, old)
	if restoring == nil {
		return &Refused{[]string{half.Cause + " (the old schema was put back at once)"}}
	}
	if again := (*dql.HalfDone)(nil); errors.As(restoring, &again) {
		restoring = errors.New(again.Cause) // of the old schema it is no news that it is saved
	}
	b := &Between{Cause: half, Restoring: restoring, Old: old}
	if served, err := c.GraphQLSchema(ctx); err == nil {
		switch served.Kept {
		case old:
			b.Serves = "the old one"
		case text:
			b.Serves = "the new one"
		}
	}
	if parsed, err := sdl.Parse(&sdl.File{Name: "the old schema", Text: old}); err == nil {
		if live, err := c.Stored(ctx); err == nil {
			b.Stands, _ = refusals(ctx, c, storage.Derive(schema.Resolve(parsed)), live)
		}
	}
	return b
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
			held, err := holdsAny(ctx, c.Snapshot(), was)
			if err != nil {
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

// unaided is what is stored without what the declare steps of plans have added for their
// own work. Where the schema is sent once more that is served, a run did not see its
// update through, and what was added before that may still be there.
func unaided(ctx context.Context, c *dql.Client, old, next string, live *dql.Stored) (*dql.Stored, error) {
	all, err := addedBy(ctx, c, live, nil)
	if err != nil || len(all) == 0 {
		return live, err
	}
	parsed, err := sdl.Parse(&sdl.File{Name: "the old schema", Text: old})
	if err != nil {
		return live, nil // nothing is put back
	}
	if served := parsed.Fingerprint(); served != next {
		all = under(all, served)
	}
	made := *live
	made.Predicates = nil
	for _, p := range live.Predicates {
		made.Predicates = append(made.Predicates, handMade(p, all))
	}
	return &made, nil
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
