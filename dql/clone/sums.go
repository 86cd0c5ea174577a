package clone

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/dql"
)

// Sum is a checksum over everything under a predicate. Two are equal when the same nodes hold the same values, edges
// and facets, in any order.
type Sum struct {
	Quads uint64
	Hash  [4]uint64
	// Form is the line that declares the predicate, as far as it decides how values are read.
	Form string
}

// Sums adds up what a Dgraph holds, predicate by predicate. It goes through all of it, and is meant for copies.
// Values of type geo are read as Options.ReadGeo says for copying.
func Sums(ctx context.Context, c *dql.Client, stored *dql.Stored, readGeo bool) (map[string]Sum, error) {
	r := &copying{from: c, options: Options{ReadGeo: readGeo}, copied: &Copied{}}
	all := map[string]Sum{}
	for _, p := range r.readable(stored) {
		s := Sum{Form: fmt.Sprint(p.Type, p.List, p.Lang)}
		if err := r.through(ctx, p, func(_ context.Context, quads []dql.Quad) error {
			for _, q := range quads {
				s.add(q)
			}
			return nil
		}); err != nil {
			return nil, fmt.Errorf("adding up what is stored under %s: %w", p.Name, err)
		}
		all[p.Name] = s
	}
	return all, nil
}

// add takes a statement in. Sums do not depend on the order, which Dgraph does not promise of lists.
func (s *Sum) add(q dql.Quad) {
	var b strings.Builder
	fmt.Fprintf(&b, "%q %q %T %v %q", q.Subject, q.Object, q.Data, q.Data, q.Lang)
	facets := slices.Clone(q.Facets)
	slices.SortFunc(facets, func(a, b dql.Facet) int { return strings.Compare(a.Key, b.Key) })
	for _, f := range facets {
		fmt.Fprintf(&b, " %q=%T %v", f.Key, f.Data, f.Data)
	}
	hash := sha256.Sum256([]byte(b.String()))
	for i := range s.Hash {
		s.Hash[i] += binary.LittleEndian.Uint64(hash[8*i:])
	}
	s.Quads++
}
