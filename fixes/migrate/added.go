package migrate

import (
	"context"
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/diff/storage"
	"github.com/schemacheck/schemacheck/dql"
)

// Added is what the declare steps of a plan have added to a predicate for their own
// work, and nobody had before: it is not hand-made.
type Added struct {
	Predicate string `json:"predicate"`
	// Index are the names of tokenizers.
	Index   []string `json:"index,omitempty"`
	Reverse bool     `json:"reverse,omitempty"`
	Lang    bool     `json:"lang,omitempty"`
	Upsert  bool     `json:"upsert,omitempty"`
	// Served is the fingerprint of the GraphQL schema that was served then: an update
	// takes away what it does not derive itself, and what is there later is somebody
	// else's.
	Served string `json:"served"`
}

// beyond is what a predicate has that it had not before.
func beyond(was, is *dql.Predicate) Added {
	a := Added{Predicate: is.Name, Reverse: is.Reverse && !was.Reverse, Lang: is.Lang && !was.Lang, Upsert: is.Upsert && !was.Upsert}
	for _, t := range is.Index {
		name, _, _ := strings.Cut(t.Name, "(")
		if !slices.ContainsFunc(was.Index, func(have dql.Tokenizer) bool { return have.Name == name }) {
			a.Index = append(a.Index, name)
		}
	}
	return a
}

// none reports whether nothing was added.
func (a Added) none() bool { return len(a.Index) == 0 && !a.Reverse && !a.Lang && !a.Upsert }

// off is a predicate without what was added.
func (a Added) off(p dql.Predicate) dql.Predicate {
	p.Index = slices.DeleteFunc(slices.Clone(p.Index), func(t dql.Tokenizer) bool { return slices.Contains(a.Index, t.Name) })
	p.Reverse, p.Lang, p.Upsert = p.Reverse && !a.Reverse, p.Lang && !a.Lang, p.Upsert && !a.Upsert
	return p
}

// handMade is a predicate without what plans have added to it.
func handMade(p dql.Predicate, all []Added) dql.Predicate {
	for _, a := range all {
		if a.Predicate == p.Name {
			p = a.off(p)
		}
	}
	return p
}

// under leaves what was added under a GraphQL schema.
func under(all []Added, served string) []Added {
	return slices.DeleteFunc(slices.Clone(all), func(a Added) bool { return a.Served != served })
}

// addedBy is what plans have added, of the phases in the database that count; nil has all
// of them count.
func addedBy(ctx context.Context, c *dql.Client, live *dql.Stored, counts func(Status) bool) ([]Added, error) {
	if undeclared(live) != "" {
		return nil, nil // nothing has run here
	}
	nodes, err := below(ctx, c.Snapshot(), "run/")
	if err != nil {
		return nil, err
	}
	var all []Added
	for _, n := range nodes {
		var st Status
		if err := n.decode(&st); err != nil {
			return nil, err
		}
		if counts == nil || counts(st) {
			all = append(all, st.Added...)
		}
	}
	return all, nil
}

// note notes what a step is about to add, before it does so: ended in between, nobody
// could say any more whose it is. What other plans have added it adds as well, so that
// it stays as long as one of them needs it. A plan without schemas is as good as a
// hand: what it declares is there to stay.
func (r *run) note(ctx context.Context, d *Declare, live *dql.Stored) error {
	if !r.file.bound() {
		return nil
	}
	all, err := addedBy(ctx, r.client, live, nil)
	if err != nil {
		return err
	}
	changed := false
	for _, p := range d.Predicates {
		was := dql.Predicate{Name: p.Name, Type: p.Type, List: p.List}
		if old := live.Predicate(p.Name); old != nil {
			was = handMade(*old, under(all, r.status.Served))
		}
		is := p.whole(&was)
		a := beyond(&was, &is)
		a.Served = r.status.Served
		if a.none() {
			continue
		}
		r.status.Added = slices.DeleteFunc(r.status.Added, func(b Added) bool {
			if b.Predicate != a.Predicate || b.Served != a.Served {
				return false
			}
			a.Index = unique(append(a.Index, b.Index...))
			a.Reverse, a.Lang, a.Upsert = a.Reverse || b.Reverse, a.Lang || b.Lang, a.Upsert || b.Upsert
			return true
		})
		r.status.Added = append(r.status.Added, a)
		changed = true
	}
	if !changed {
		return nil
	}
	return r.save(ctx)
}

// tidy takes back what the steps of phase before have added, where no update of the
// schema does that: it leads to the one that was served when they did. Only @reverse is
// taken: without the rest closing questions could not be asked any more.
func (r *run) tidy(ctx context.Context, served string) error {
	last := r.phase == After || r.phase == Before && !r.file.has(After)
	if !last || !r.file.bound() || served != r.file.To {
		return nil
	}
	added, keeps := r.status.Added, []Added(nil)
	if r.phase == After { // what that declares itself is for longer
		nodes, err := find(ctx, r.client.Snapshot(), runKey(r.file.ID, Before))
		if err != nil {
			return err
		}
		var before Status
		if err := nodes[0].decode(&before); err != nil {
			return err
		}
		added, keeps = before.Added, r.status.Added
	}
	var reverse []Added
	for _, a := range added {
		reverse = append(reverse, Added{Predicate: a.Predicate, Reverse: a.Reverse, Served: a.Served})
	}
	return r.withdraw(ctx, reverse, keeps, served)
}

// withdraw takes what the plan has added from predicates that the served schema derives
// without it, unless another plan has added it as well, or it is to be kept. Nothing that is stored is lost:
// what could be, @lang, stays.
func (r *run) withdraw(ctx context.Context, own, keeps []Added, served string) error {
	if own = under(own, served); len(own) == 0 {
		return nil
	}
	text, err := r.client.GraphQLSchema(ctx)
	if err != nil {
		return err
	}
	parsed, err := sdl.Parse(&sdl.File{Name: "the served schema", Text: text.Kept})
	if err != nil {
		return nil // what it derives nobody can say: all stays
	}
	derived := storage.Derive(schema.Resolve(parsed))
	live, err := r.client.Stored(ctx)
	if err != nil {
		return err
	}
	others, err := addedBy(ctx, r.client, live, func(st Status) bool { return st.Plan != r.file.ID && st.State != Pending })
	if err != nil {
		return err
	}
	var lines strings.Builder
	for _, a := range own {
		is, plain := live.Predicate(a.Predicate), derivedAs(derived, a.Predicate)
		if is == nil || plain == nil {
			continue
		}
		a.Lang = false
		needed := beyond(&dql.Predicate{}, plain)
		for _, o := range under(append(others, keeps...), served) {
			if o.Predicate == a.Predicate {
				needed.Index = append(needed.Index, o.Index...)
				needed.Reverse, needed.Upsert = needed.Reverse || o.Reverse, needed.Upsert || o.Upsert
			}
		}
		a.Index = slices.DeleteFunc(slices.Clone(a.Index), func(name string) bool { return slices.Contains(needed.Index, name) })
		a.Reverse, a.Upsert = a.Reverse && !needed.Reverse, a.Upsert && !needed.Upsert
		less := a.off(*is)
		line, err := less.Line()
		if err != nil {
			continue
		}
		if was, err := is.Line(); err == nil && was != line {
			lines.WriteString(line + "\n")
		}
	}
	if lines.Len() == 0 {
		return nil
	}
	if err := r.holds(ctx, r.client.Txn()); err != nil {
		return err
	}
	return r.client.Alter(ctx, lines.String())
}

// derivedAs is a predicate as a schema derives it; nil when it does not.
func derivedAs(derived *storage.Schema, name string) *dql.Predicate {
	var is *dql.Predicate
	for _, p := range derived.Predicates {
		if p.Stored() == name && p.Type != "" {
			whole := declared(p).whole(is)
			is = &whole
		}
	}
	return is
}
