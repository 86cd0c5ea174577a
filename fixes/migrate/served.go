package migrate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/diff/storage"
	"github.com/schemacheck/schemacheck/dql"
)

// servedFingerprint identifies the GraphQL schema that is served; "" when there
// is none.
func servedFingerprint(ctx context.Context, c *dql.Client) (string, error) {
	parsed, err := servedSchema(ctx, c)
	if err != nil || parsed == nil {
		return "", err
	}
	return parsed.Fingerprint(), nil
}

// servedSchema is the GraphQL schema that is served, or kept where that cannot be
// asked; nil when there is none.
func servedSchema(ctx context.Context, c *dql.Client) (*sdl.Schema, error) {
	s, err := c.GraphQLSchema(ctx)
	if err != nil {
		return nil, err
	}
	text := s.Served
	if s.ServedErr != nil {
		if s.KeptErr != nil {
			return nil, s.KeptErr
		}
		text = s.Kept
	}
	if text == "" {
		return nil, nil
	}
	return sdl.Parse(&sdl.File{Name: "served.graphql", Text: text})
}

// unused refuses phase contract of a plan for another schema than the one that is
// served, where that one stores something under what the phase deletes: a field that
// was taken back under its old name, without going back to the whole old schema.
func (f File) unused(ctx context.Context, c *dql.Client) error {
	if !f.bound() {
		return nil
	}
	served, err := servedSchema(ctx, c)
	if err != nil || served == nil || served.Fingerprint() == f.To {
		return err
	}
	stored := storage.Derive(schema.Resolve(served))
	var used []string
	add := func(name string, is bool) {
		if is && !slices.Contains(used, name) {
			used = append(used, name)
		}
	}
	predicate := func(name string) bool {
		return slices.ContainsFunc(stored.Predicates, func(p *storage.Predicate) bool { return p.Stored() == name })
	}
	typ := func(name string) bool {
		return slices.ContainsFunc(stored.Types, func(t *storage.Type) bool { return strings.Trim(t.Name, "<>") == name })
	}
	for _, s := range f.Steps {
		if s.Phase != Contract {
			continue
		}
		if s.Drop != nil {
			for _, name := range s.Drop.Predicates {
				add(name, predicate(name))
			}
			for _, name := range s.Drop.Types {
				add("the type "+name, typ(name))
			}
		}
		if s.RemoveType != nil {
			add("the type "+s.RemoveType.Type, typ(s.RemoveType.Type))
		}
	}
	if len(used) == 0 {
		return nil
	}
	return &Unfit{fmt.Sprintf("phase contract of the plan %s would delete %s, which the GraphQL schema that is served stores, and which is not the one that the plan is for: what is there is in use; take the plan's file away when that schema is to stay", f.ID, strings.Join(used, ", "))}
}
