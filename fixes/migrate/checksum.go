package migrate

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/dql"
)

// Sum is a checksum of all that is stored under a predicate: values with their
// languages and facets, edges with theirs. Of passwords, and of values of type geo
// that may not be read, it only knows which nodes have one.
type Sum struct {
	// Type is how it is declared and so how it is read: "string", "[int]",
	// "string @lang".
	Type string
	// Nodes hold something, and Quads are the values and edges.
	Nodes, Quads uint64
	// Unreadable are the nodes whose values Dgraph does not give out, since they
	// cannot be read as the type. Of them it is known that they are there.
	Unreadable uint64
	// Refused says why nothing could be read; empty when it could.
	Refused string
	// parts are sums of some nodes each, whatever their order. Which part a node is in
	// does not depend on what it holds: one that changed is in one part.
	parts [256]uint64
}

// nodesApart is on how many nodes two sums differ at least.
func (s *Sum) nodesApart(t *Sum) uint64 {
	n := uint64(0)
	for i := range s.parts {
		if s.parts[i] != t.parts[i] {
			n++
		}
	}
	return n
}

// Checksums reads all that is stored under predicates, some nodes at a time. nil
// stands for all predicates but Dgraph's and schemacheck's own; dgraph.type is
// among them, without the types of Dgraph's own nodes. A predicate that is not
// stored has no sum.
//
// The pages are of different moments, so that a sum says something only when
// nobody else writes meanwhile.
//
// readGeo reads values of type geo. Where one was a string once, that can end an
// alpha.
func Checksums(ctx context.Context, c *dql.Client, names []string, readGeo bool) (map[string]Sum, error) {
	return checksums(ctx, c, names, readGeo, func(string, uint64) {})
}

// checksums tells how many nodes of which predicate it has read.
func checksums(ctx context.Context, c *dql.Client, names []string, readGeo bool, tell func(string, uint64)) (map[string]Sum, error) {
	live, err := c.Stored(ctx)
	if err != nil {
		return nil, err
	}
	if names == nil {
		names = predicatesOf(live)
	}
	all := map[string]Sum{}
	for _, name := range names {
		p := live.Predicate(name)
		if p == nil {
			continue
		}
		if all[name], err = checksum(ctx, c, live, *p, readGeo, tell); err != nil {
			return nil, fmt.Errorf("the checksum of %s: %w", name, err)
		}
	}
	return all, nil
}

// predicatesOf are the stored predicates that hold data of the application.
func predicatesOf(live *dql.Stored) []string {
	var all []string
	for _, p := range live.Predicates {
		if p.Name == dgraphType || ours(p.Name) == nil {
			all = append(all, p.Name)
		}
	}
	return all
}

// geo is the type of values that an alpha may not stand reading.
const geo = "geo"

// glance is a task that only reads a predicate.
type glance struct{ predicate string }

func (glance) check() error                 { return nil }
func (g glance) reads() []string            { return []string{g.predicate} }
func (glance) writes() []string             { return nil }
func (glance) judge(*page) (*change, error) { return &change{}, nil }

func checksum(ctx context.Context, c *dql.Client, live *dql.Stored, p dql.Predicate, readGeo bool, tell func(string, uint64)) (Sum, error) {
	sum := Sum{Type: written(p.Type, p.List)}
	if p.Lang {
		sum.Type += " @lang"
	}
	root, err := hasRoot(p.Name, p.Lang)
	if err != nil {
		sum.Refused = err.Error()
		return sum, nil
	}
	r := &reader{step: &Step{Select: &Select{Root: root}}, task: glance{p.Name}, live: live}
	if p.Type == geo && !readGeo {
		r.task = glance{} // only the nodes
	}
	size := defaultBatch
	for after := uint64(0); ; {
		read, at, err := r.page(ctx, c.Snapshot(), after, size)
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return sum, context.Cause(ctx)
		case size > leastBatch && (isTooLarge(err) || isOther(err)):
			size = max(size/10, leastBatch)
			continue
		case isOther(err):
			uid, asking := r.next(ctx, c.Snapshot(), after)
			if asking != nil {
				return sum, asking
			}
			if uid == 0 {
				return sum, err
			}
			sum.Unreadable++
			sum.add(uid, nil)
			after, size = uid, defaultBatch
			continue
		default:
			return sum, err
		}
		for _, n := range read.nodes {
			quads := n.holds(p.Name)
			if p.Name == dgraphType {
				quads = slices.DeleteFunc(quads, func(q dql.Quad) bool { name, _ := q.Data.(string); return strings.HasPrefix(name, "dgraph.") })
				if len(quads) == 0 {
					continue
				}
			}
			sum.add(n.uid, quads)
		}
		tell(p.Name, sum.Nodes)
		if at.nodes < uint64(size) {
			return sum, nil
		}
		after, size = at.last, min(2*size, defaultBatch)
	}
}

// add adds a node. In which order its quads come does not matter.
func (s *Sum) add(uid uint64, quads []dql.Quad) {
	s.Nodes++
	s.Quads += uint64(len(quads))
	var lines []string
	for _, q := range quads {
		// The keys of maps are in order.
		lines = append(lines, fmt.Sprintf("%q %T %#v %q %#v", q.Object, q.Data, q.Data, q.Lang, q.Facets))
	}
	slices.Sort(lines)
	digest := sha256.Sum256(fmt.Appendf(nil, "%x\n%s", uid, strings.Join(lines, "\n")))
	s.parts[uid%uint64(len(s.parts))] ^= binary.BigEndian.Uint64(digest[:])
}

// Untouched is what was stored under the predicates that plans do not write.
type Untouched struct {
	client  *dql.Client
	readGeo bool
	tell    func(predicate string, nodes uint64)
	named   []string // what the plans write
	before  map[string]Sum
}

// Watch reads what is stored under all predicates that no step writes of the
// phases that a series may carry out. Nobody else may write from now on until
// [Untouched.Compare] is done. readGeo is that of [Checksums]. tell is told how many nodes of which predicate were
// read; nil tells nobody.
func Watch(ctx context.Context, c *dql.Client, files []File, s Series, readGeo bool, tell func(predicate string, nodes uint64)) (*Untouched, error) {
	if tell == nil {
		tell = func(string, uint64) {}
	}
	u := &Untouched{client: c, readGeo: readGeo, tell: tell}
	for _, f := range files {
		for i := range f.Steps {
			step := &f.Steps[i]
			if s.Phase == step.Phase || s.Phase == "" && step.Phase != Contract {
				u.named = append(u.named, step.touches()...)
			}
		}
	}
	var err error
	u.before, err = u.sums(ctx)
	return u, err
}

// touches are the predicates under which a step changes what is stored.
func (s *Step) touches() []string {
	all := slices.Clone(s.Writes)
	if s.Drop != nil {
		all = append(all, s.Drop.Predicates...)
	}
	if s.Redeclare != nil {
		all = append(all, s.Redeclare.Predicate.Name)
	}
	return all
}

func (u *Untouched) sums(ctx context.Context) (map[string]Sum, error) {
	live, err := u.client.Stored(ctx)
	if err != nil {
		return nil, err
	}
	names := slices.DeleteFunc(predicatesOf(live), func(name string) bool { return slices.Contains(u.named, name) })
	return checksums(ctx, u.client, append([]string{}, names...), u.readGeo, u.tell) // never nil, which would be all
}

// Compared is what became of the predicates that plans do not write.
type Compared struct {
	// Same are as they were: so many predicates, with so many values and edges.
	Same  int
	Quads uint64
	// Changed say for each predicate that is not as it was how it differs, and
	// NotCompared for each of which that cannot be told why. They begin with the
	// name.
	Changed, NotCompared []string
}

// Compare reads once more what [Watch] read.
func (u *Untouched) Compare(ctx context.Context) (*Compared, error) {
	after, err := u.sums(ctx)
	if err != nil {
		return nil, err
	}
	names := slices.Collect(maps.Keys(u.before))
	for name := range after {
		if _, had := u.before[name]; !had {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	c := &Compared{}
	for _, name := range names {
		was, had := u.before[name]
		is, has := after[name]
		switch {
		case !had && is.Nodes > 0:
			c.Changed = append(c.Changed, fmt.Sprintf("%s is new, and %s something there", name, plural(is.Nodes, "node holds", "nodes hold")))
		case !had, !has && was.Nodes == 0:
		case !has:
			c.Changed = append(c.Changed, fmt.Sprintf("%s is gone; %s held something there", name, nodes(was.Nodes)))
		case is.Refused != "":
			c.NotCompared = append(c.NotCompared, name+": "+is.Refused)
		case was.Type != is.Type:
			c.NotCompared = append(c.NotCompared, fmt.Sprintf("%s: it is read as %s now, and was as %s", name, is.Type, was.Type))
		case was == is && is.Type == geo && !u.readGeo && is.Nodes > 0:
			c.NotCompared = append(c.NotCompared, fmt.Sprintf("%s: the same %s something, and what values of type geo are was not read (--read-geo)",
				name, plural(is.Nodes, "node holds", "nodes hold")))
		case was == is:
			c.Same++
			c.Quads += is.Quads
		default:
			c.Changed = append(c.Changed, fmt.Sprintf("%s differs on at least %s; %s held %s, now %s %d", name, nodes(was.nodesApart(&is)),
				nodes(was.Nodes), plural(was.Quads, "value or edge", "values or edges"), plural(is.Nodes, "holds", "hold"), is.Quads))
		}
	}
	return c, nil
}
