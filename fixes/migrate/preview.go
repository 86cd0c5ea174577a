package migrate

import (
	"context"
	"fmt"

	"github.com/schemacheck/schemacheck/dql"
)

// Preview tells what the steps of a recipe before the update would make of some
// of the first nodes. Nothing is written.
func Preview(ctx context.Context, c *dql.Client, r *Recipe, most int) ([]Difference, error) {
	live, err := c.Stored(ctx)
	if err != nil {
		return nil, err
	}
	asIf := live
	var all []Difference
	for i := range r.Steps {
		step := &r.Steps[i]
		if step.Declare != nil {
			asIf = with(asIf, step.Declare)
		}
		if step.Phase != Before || step.Select == nil {
			continue
		}
		p := Foretold{Phase: Before, Step: step}
		if err := p.compute(ctx, c, live, asIf, Options{}.filled(), 1, 0); err != nil {
			return nil, fmt.Errorf("previewing step %s: %w", step.ID, err)
		}
		all = append(all, p.First...)
	}
	return all[:min(len(all), most)], nil
}
