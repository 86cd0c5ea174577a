package clone

import (
	"context"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/dql"
)

const (
	// windows is how many places of the range of uids a sample of one type comes from.
	windows = 20
	// neighbours bounds the edges of a node and predicate that are followed.
	neighbours = 100
	// edgesRead bounds the edges of a node and predicate that are read.
	edgesRead = 1000
)

// sample copies some nodes, and those that they refer to, with what these hold, and of their edges those that stay
// inside.
func (c *copying) sample(ctx context.Context, stored *dql.Stored) error {
	random := rand.New(rand.NewPCG(c.options.Seed, 0))
	inside := map[uint64]bool{}
	roots := slices.Clone(c.options.Roots)
	for _, t := range stored.Types {
		name, err := dql.Quote(t.Name)
		if err != nil || !ours(t.Name) {
			continue
		}
		roots = append(roots, "type("+name+")")
	}
	slices.Sort(roots)
	for _, root := range slices.Compact(roots) {
		chosen, err := c.choose(ctx, root, random)
		if err != nil {
			return err
		}
		for _, uid := range chosen {
			inside[uid] = true
		}
	}
	for _, uid := range c.options.Nodes {
		inside[uid] = true
	}
	begun := slices.Sorted(maps.Keys(inside))
	for chunk := range slices.Chunk(begun, pageSize) {
		if err := c.around(ctx, chunk, inside); err != nil {
			return err
		}
	}
	c.copied.Nodes = uint64(len(inside))
	for chunk := range slices.Chunk(slices.Sorted(maps.Keys(inside)), pageSize) {
		if err := c.read(ctx, chunk, c.predicates, edgesRead, func(ctx context.Context, quads []dql.Quad) error {
			return c.write(ctx, slices.DeleteFunc(wanted(quads), func(q dql.Quad) bool {
				out := q.Object != "" && !inside[q.Object.UID()]
				if out {
					c.copied.LeftOut++
					c.copied.rim[q.Subject.UID()] = true
				}
				return out
			}))
		}); err != nil {
			return err
		}
	}
	return c.flush(ctx)
}

// choose takes nodes under a root from all over the range of their uids: all, when there are no more than wanted.
func (c *copying) choose(ctx context.Context, root string, random *rand.Rand) ([]uint64, error) {
	wanted := c.options.Sample
	first, err := c.page(ctx, root, wanted+1, 0)
	if err != nil || len(first) <= wanted {
		return first, err
	}
	least := first[0]
	most, err := c.last(ctx, root, first[len(first)-1])
	if err != nil {
		return nil, err
	}
	chosen := map[uint64]bool{}
	wide := (most - least) / windows
	for i := range uint64(windows) {
		after := least + i*wide - 1
		if wide > 0 {
			after += random.Uint64N(wide)
		}
		some, err := c.page(ctx, root, (wanted+windows-1)/windows, after)
		if err != nil {
			return nil, err
		}
		for _, uid := range some {
			chosen[uid] = true
		}
	}
	for _, uid := range first { // windows that met each other or the end
		if len(chosen) >= wanted {
			break
		}
		chosen[uid] = true
	}
	all := slices.Sorted(maps.Keys(chosen))
	return all[:min(len(all), wanted)], nil
}

// last is the highest uid under a root, which is at least known. (Of a has() with first: -1 Dgraph gives the lowest.)
func (c *copying) last(ctx context.Context, root string, known uint64) (uint64, error) {
	beyond := uint64(math.MaxUint64)
	for known < beyond {
		middle := known + (beyond-known)/2
		page, err := c.page(ctx, root, 1, middle)
		if err != nil {
			return 0, err
		}
		if len(page) > 0 {
			known = page[0]
		} else {
			beyond = middle
		}
	}
	return known, nil
}

// around adds the nodes that some refer to, and where edges can be followed back, those that refer to them.
func (c *copying) around(ctx context.Context, uids []uint64, inside map[uint64]bool) error {
	var columns []string
	for _, p := range c.predicates {
		name, err := dql.Quote(p.Name)
		if err != nil || p.Type != "uid" {
			continue
		}
		columns = append(columns, name)
		if p.Reverse {
			back, err := dql.Quote("~" + p.Name)
			if err != nil {
				return err
			}
			columns = append(columns, back)
		}
	}
	for chunk := range slices.Chunk(columns, columnsAtOnce) {
		var text strings.Builder
		for i, column := range chunk {
			fmt.Fprintf(&text, " c%d: %s (first: %d) {uid}", i, column, neighbours)
		}
		answer, err := c.query(ctx, fmt.Sprintf("{q(func: uid(%s)) {uid%s}}", list(uids), text.String()))
		if err != nil {
			return err
		}
		if err := dql.Rows(answer, "q", func(row dql.Row) error {
			for i := range chunk {
				for _, uid := range row.UIDs(fmt.Sprint("c", i)) {
					inside[uid] = true
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}
