// Package clone copies the stored schema and nodes of one Dgraph to another, which is empty. It reads the source with
// questions only, so that a connection that cannot write is enough.
//
// What is copied keeps its uids. What nobody can read is not copied: of passwords that they are there is, and values
// that cannot be converted to the type of their predicate are counted. A value that is stored under another type than
// its predicate has now is stored under that one in the copy.
package clone

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/schemacheck/schemacheck/dql"
)

// Options say what is copied.
type Options struct {
	// All copies everything; the fields up to Nodes are for samples.
	All bool
	// Sample is the number of nodes of each stored type, and of each of Roots, that a sample begins with.
	Sample int
	// Seed decides which.
	Seed uint64
	// Roots are functions of DQL that find further nodes to begin with, such as "has(User.phone)".
	Roots []string
	// Nodes are in the sample in any case, if they are there.
	Nodes []uint64
	// ReadGeo reads values of type geo. Where one was a string once, that can end an alpha of the source.
	ReadGeo bool
	// Lease lets uids up to one be written to the copy.
	Lease func(ctx context.Context, upTo uint64) error
	// Progress is told how many quads were copied; nil means nobody.
	Progress func(quads uint64)
}

// Copied is what was copied, and what was not.
type Copied struct {
	// Nodes are those that have a type, in a sample all.
	Nodes uint64 `json:"nodes"`
	// Quads were written.
	Quads uint64 `json:"quads"`
	// Seconds is how long it took.
	Seconds float64 `json:"seconds"`
	// Moments is how many the data is of: 1 unless it took long.
	Moments int `json:"moments"`
	// LeftOut are the edges of the sample's nodes that lead out of it. Those beyond the first thousand of a node
	// and predicate are not counted.
	LeftOut uint64 `json:"leftOut,omitempty"`
	// Passwords are the values that no password fits in the copy.
	Passwords uint64 `json:"passwords,omitempty"`
	// Unreadable is how many values, or groups of values under one predicate, of a node could not be read.
	Unreadable uint64 `json:"unreadable,omitempty"`
	// Skipped says of what else nothing was copied, and why.
	Skipped []string `json:"skipped,omitempty"`

	rim map[uint64]bool
}

// AtRim reports whether edges of a node were left out: it may lack in the copy what it has in the source.
func (c *Copied) AtRim(uid uint64) bool { return c.rim[uid] }

// ours reports whether a predicate or a type is somebody's data: Dgraph's own and the state of migrations are not.
func ours(name string) bool {
	return name == dgraphType || !strings.HasPrefix(name, "dgraph.") && !strings.HasPrefix(name, "schemacheck.")
}

// dgraphType is the predicate with the stored types of a node.
const dgraphType = "dgraph.type"

// Schema declares in the copy what the source has stored: predicates and types. Before the data is written unique is
// false: the source may hold what @unique would refuse. What cannot be declared is told.
func Schema(ctx context.Context, stored *dql.Stored, to *dql.Client, unique bool) (skipped []string, err error) {
	var lines []string
	for _, p := range stored.Predicates {
		if strings.HasPrefix(p.Name, "dgraph.") || !ours(p.Name) {
			continue
		}
		p.Unique = p.Unique && unique
		line, err := p.Line()
		if err != nil {
			skipped = append(skipped, err.Error())
			continue
		}
		lines = append(lines, line)
	}
	for _, t := range stored.Types {
		if !ours(t.Name) {
			continue
		}
		text, err := typeText(t)
		if err != nil {
			skipped = append(skipped, err.Error())
			continue
		}
		lines = append(lines, text)
	}
	if len(lines) == 0 {
		return skipped, nil
	}
	err = to.Alter(ctx, strings.Join(lines, "\n")+"\n")
	if !refused(err) {
		return skipped, err
	}
	for _, line := range lines { // one of them is refused: which?
		switch err := to.Alter(ctx, line+"\n"); {
		case refused(err):
			skipped = append(skipped, fmt.Sprintf("%s: %v", line, err))
		case err != nil:
			return skipped, err
		}
	}
	return skipped, nil
}

func typeText(t dql.Type) (string, error) {
	name, err := dql.Quote(t.Name)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("type " + name + " {\n")
	for _, f := range t.Fields {
		field, err := dql.Quote(f)
		if err != nil {
			return "", fmt.Errorf("the type %s: %w", t.Name, err)
		}
		b.WriteString("  " + field + "\n")
	}
	return b.String() + "}", nil
}

// refused reports whether the server does not want what it was sent, whoever would send it and when.
func refused(err error) bool {
	var known *dql.Error
	return errors.As(err, &known) && known.Kind == dql.Other
}

// Data copies nodes, after [Schema]. stored is the schema of the source. Errors of the servers are an [*dql.Error].
func Data(ctx context.Context, from *dql.Client, stored *dql.Stored, to *dql.Client, o Options) (*Copied, error) {
	began := time.Now()
	c := &copying{from: from, out: to, options: o, copied: &Copied{rim: map[uint64]bool{}}}
	c.predicates = c.readable(stored)
	var err error
	if o.All {
		err = c.everything(ctx)
	} else {
		err = c.sample(ctx, stored)
	}
	if err != nil {
		return nil, fmt.Errorf("copying nodes: %w", err)
	}
	c.copied.Seconds = time.Since(began).Seconds()
	return c.copied, nil
}

// copying is one call of [Data].
type copying struct {
	from       *dql.Client
	out        *dql.Client
	options    Options
	predicates []dql.Predicate
	moment     *dql.Snapshot
	since      time.Time
	leased     uint64
	copied     *Copied
	batch      []dql.Quad
}

// readable are the predicates that are copied.
func (c *copying) readable(stored *dql.Stored) []dql.Predicate {
	var all []dql.Predicate
	for _, p := range stored.Predicates {
		_, err := dql.Quote(p.Name)
		switch {
		case !ours(p.Name):
		case err != nil: // told by Schema
		case p.Type == "geo" && !c.options.ReadGeo:
			c.copied.Skipped = append(c.copied.Skipped, p.Name+" is of type geo, and is read with --read-geo only")
		default:
			all = append(all, p)
		}
	}
	return all
}

// momentTime is for how long one moment is read: a server forgets those that are long over.
const momentTime = 5 * time.Minute

// query asks the source.
func (c *copying) query(ctx context.Context, text string) ([]byte, error) {
	if c.moment == nil || time.Since(c.since) > momentTime {
		c.moment, c.since = c.from.Snapshot(), time.Now()
		c.copied.Moments++
	}
	return c.moment.Query(ctx, text, nil)
}

// pageSize is how many nodes are asked for at once.
const pageSize = 1000

// everything copies predicate by predicate, so that no list of nodes is kept.
func (c *copying) everything(ctx context.Context) error {
	for _, p := range c.predicates {
		if err := c.through(ctx, p, func(ctx context.Context, quads []dql.Quad) error {
			if p.Name == dgraphType {
				c.copied.Nodes += subjects(quads)
			}
			return c.write(ctx, quads)
		}); err != nil {
			return err
		}
	}
	return c.flush(ctx)
}

// through goes through all that is stored under a predicate.
func (c *copying) through(ctx context.Context, p dql.Predicate, each func(context.Context, []dql.Quad) error) error {
	root, err := rootOf(p)
	if err != nil {
		return err
	}
	for after := uint64(0); ; {
		page, err := c.page(ctx, root, pageSize, after)
		if err != nil {
			return err
		}
		if err := c.read(ctx, page, []dql.Predicate{p}, allEdges, func(ctx context.Context, quads []dql.Quad) error {
			return each(ctx, wanted(quads))
		}); err != nil {
			return err
		}
		if len(page) < pageSize {
			return nil
		}
		after = page[len(page)-1]
	}
}

// rootOf finds the nodes that hold values of a predicate. Those with values in languages only have none else.
func rootOf(p dql.Predicate) (string, error) {
	name, err := dql.Quote(p.Name)
	if p.Lang {
		name += "@."
	}
	return "has(" + name + ")", err
}

// page are nodes after one, by uid.
func (c *copying) page(ctx context.Context, root string, first int, after uint64) ([]uint64, error) {
	answer, err := c.query(ctx, fmt.Sprintf("{q(func: %s, first: %d, after: %#x) {uid}}", root, first, after))
	if err != nil {
		return nil, err
	}
	var all []uint64
	err = dql.Rows(answer, "q", func(r dql.Row) error {
		all = append(all, r.UID)
		return nil
	})
	return all, err
}

// wanted leaves out what belongs to nodes of Dgraph's own.
func wanted(quads []dql.Quad) []dql.Quad {
	return slices.DeleteFunc(quads, func(q dql.Quad) bool {
		name, ok := q.Data.(string)
		return q.Predicate == dgraphType && ok && !ours(name)
	})
}

// subjects is how many nodes quads are about that stand together by node.
func subjects(quads []dql.Quad) uint64 {
	n := uint64(0)
	for i, q := range quads {
		if i == 0 || q.Subject != quads[i-1].Subject {
			n++
		}
	}
	return n
}
