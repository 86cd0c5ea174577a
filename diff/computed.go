package diff

import (
	"slices"

	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// compareComputed looks at where a field gets its value from that neither
// schema stores.
func (d *Diff) compareComputed(b, a *schema.Field) {
	remote := b.Owner.Remote && a.Owner.Remote
	if (remote || b.Computed() && a.Computed()) && !slices.Equal(computation(b), computation(a)) {
		d.add(ComputationChanged{b, a})
	}
}

// computation is what says where a field gets its value from, whatever its
// layout.
func computation(f *schema.Field) []string {
	return directiveTexts(slices.DeleteFunc(slices.Clone(f.Definition.Directives), func(d *sdl.Directive) bool {
		return !slices.Contains([]string{"custom", "lambda", "remoteResponse"}, d.Name.Text)
	}))
}

// compareWebhooks looks at the mutations that @lambdaOnMutate reports.
func (d *Diff) compareWebhooks(p typePair) {
	c := WebhookChanged{Before: p.before, After: p.after}
	for _, mutation := range []string{"add", "update", "delete"} {
		switch before, after := reports(p.before, mutation), reports(p.after, mutation); {
		case before && !after:
			c.Lost = append(c.Lost, mutation)
		case after && !before:
			c.Gained = append(c.Gained, mutation)
		}
	}
	if len(c.Lost)+len(c.Gained) > 0 {
		d.add(c)
	}
}

// reports reports whether Dgraph tells a webhook of that mutation. Source:
// lambdaOnMutateMappings.
func reports(t *schema.Type, mutation string) bool {
	v := t.Directive("lambdaOnMutate").Arg(mutation)
	return v != nil && v.Kind == sdl.BooleanValue && v.Raw == "true"
}
