package migrate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/schemacheck/schemacheck/dql"
)

// edgesPerNode bounds how many edges of one node are read at once.
const edgesPerNode = 1000

// asker is a transaction, or a moment that is read.
type asker interface {
	Query(ctx context.Context, dql string, vars map[string]string) ([]byte, error)
}

// reader reads the pages of a step.
type reader struct {
	step *Step
	task paged
	live *dql.Stored
	// written is what earlier phases wrote; nil when that is not known.
	written *handiwork
	// asIf is what the task takes for stored; nil is what is.
	asIf *dql.Stored
	// ends are the last uids of ranges that the closing question reads at once, but
	// for the last range; nil is one range.
	ends []uint64
	// courtesy bounds and delays the pages of the closing question; nil does not.
	courtesy *courtesy
	// began is when the first page was read.
	began time.Time
}

// columns are the predicates that are read of each node, in order.
// Passwords are not: nobody can read them.
func (r *reader) columns() []dql.Predicate {
	var all []dql.Predicate
	for _, name := range r.task.reads() {
		if p := r.live.Predicate(name); p != nil && name != dgraphType && p.Type != "password" && !slices.ContainsFunc(all, func(have dql.Predicate) bool { return have.Name == name }) {
			all = append(all, *p)
		}
	}
	return all
}

// writable are the predicates that are read of each node and that the task writes.
func (r *reader) writable() []dql.Predicate {
	writes := r.task.writes()
	return slices.DeleteFunc(r.columns(), func(p dql.Predicate) bool { return !slices.Contains(writes, p.Name) })
}

// holders are the blocks of a question that ask for the first node after one that
// holds something under each of the predicates that the task writes.
func (r *reader) holders(after uint64) (string, error) {
	var b strings.Builder
	for i, c := range r.writable() {
		root, err := hasRoot(c.Name, c.Lang)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "  h%d(func: %s, first: 1, after: %s) { uid }\n", i, root, dql.Node(after))
	}
	return b.String(), nil
}

// unheld are those of the predicates that the task writes which no node of a range
// holds anything under, by the answer to [reader.holders]: a page of it need not be
// read for them. Where values are copied that is so until somebody else writes there.
func (r *reader) unheld(answer []byte, upTo uint64) ([]string, error) {
	var unheld []string
	for i, c := range r.writable() {
		held := false
		if err := dql.Rows(answer, "h"+strconv.Itoa(i), func(row dql.Row) error { held = row.UID <= upTo; return nil }); err != nil {
			return nil, err
		}
		if !held {
			unheld = append(unheld, c.Name)
		}
	}
	return unheld, nil
}

// pageBlocks begin the question for a page, up to what is asked of its nodes. Only
// with a filter it takes more than one block to tell where the page ends.
func (r *reader) pageBlocks(after string, first int) string {
	root := fmt.Sprintf("(func: %s, first: %d, after: %s)", r.step.Select.Root, first, after)
	if r.step.Select.Filter == "" {
		return "  q" + root
	}
	return "  v as var" + root + "\n  n(func: uid(v)) { count(uid) }\n  l(func: uid(v), first: -1) { uid }\n  q(func: uid(v)) @filter(" + r.step.Select.Filter + ")"
}

// manner is how a page is read.
type manner struct {
	// unheld are predicates that no node of the page holds anything under.
	unheld []string
	// plain leaves the facets out where that is faster.
	plain bool
}

// question is what is asked for a page.
func (r *reader) question(after string, first int, how manner) (string, error) {
	var b strings.Builder
	b.WriteString("{\n" + r.pageBlocks(after, first) + " {\n    uid\n")
	if t, ok := r.task.(typeless); !ok || !t.ignoresTypes() {
		b.WriteString("    dgraph.type\n")
	}
	for i, p := range r.columns() {
		if slices.Contains(how.unheld, p.Name) {
			continue
		}
		alias := "c" + strconv.Itoa(i)
		column, isPlain := p.PlainColumn(alias)
		if !how.plain || !isPlain {
			var err error
			if column, err = p.Column(alias, fmt.Sprintf("(first: %d)", edgesPerNode)); err != nil {
				return "", err
			}
		}
		b.WriteString("    " + column + "\n")
	}
	b.WriteString("  }\n}")
	return b.String(), nil
}

// position is where a page ends.
type position struct {
	nodes uint64 // under the root, those that a filter leaves out too
	last  uint64 // 0 when there were none
}

// page reads the nodes after one, with all that the task looks at.
func (r *reader) page(ctx context.Context, tx asker, after uint64, first int) (*page, position, error) {
	return r.pageBy(ctx, tx, after, first, manner{})
}

// pageBy reads the nodes after one in some manner.
func (r *reader) pageBy(ctx context.Context, tx asker, after uint64, first int, how manner) (*page, position, error) {
	var at position
	if err := whole(r.step.Select.Root, r.live); err != nil {
		return nil, at, err
	}
	text, err := r.question("0x"+strconv.FormatUint(after, 16), first, how)
	if err != nil {
		return nil, at, err
	}
	answer, err := tx.Query(ctx, text, nil)
	if err != nil {
		return nil, at, err
	}
	filtered := r.step.Select.Filter != ""
	if filtered {
		if err := dql.Rows(answer, "n", func(row dql.Row) error { at.nodes = row.Count("count"); return nil }); err != nil {
			return nil, at, err
		}
		if err := dql.Rows(answer, "l", func(row dql.Row) error { at.last = row.UID; return nil }); err != nil {
			return nil, at, err
		}
	}
	if r.began.IsZero() {
		r.began = time.Now()
	}
	p := &page{live: r.live, now: r.began, written: r.written}
	if r.asIf != nil {
		p.live = r.asIf
	}
	columns := r.columns()
	noted := map[string][]*node{} // by the predicate with languages
	if err := dql.Rows(answer, "q", func(row dql.Row) error {
		if !filtered {
			at = position{at.nodes + 1, max(at.last, row.UID)}
		}
		n := &node{uid: row.UID, types: slices.Clone(row.Texts(dgraphType)), quads: map[string][]dql.Quad{}}
		for i, c := range columns {
			quads, err := row.Quads("c"+strconv.Itoa(i), c)
			if err != nil {
				return err
			}
			n.quads[c.Name] = quads
			if c.Lang && row.Noted("c"+strconv.Itoa(i)) {
				noted[c.Name] = append(noted[c.Name], n)
			}
		}
		p.nodes = append(p.nodes, n)
		return nil
	}); err != nil {
		return nil, at, err
	}
	for _, c := range columns {
		if err := tagFacets(ctx, tx, c, noted[c.Name]); err != nil {
			return nil, at, err
		}
	}
	for _, n := range p.nodes {
		for _, c := range columns {
			if err := r.furtherEdges(ctx, tx, n, c); err != nil {
				return nil, at, err
			}
		}
	}
	if err := r.askTask(ctx, tx, p); err != nil {
		return nil, at, err
	}
	return p, at, nil
}

// next is the uid of the next node, 0 when there is none.
func (r *reader) next(ctx context.Context, tx asker, after uint64) (uid uint64, err error) {
	answer, err := tx.Query(ctx, fmt.Sprintf("{p(func: %s, first: 1, after: %s) {uid}}", r.step.Select.Root, dql.Node(after)), nil)
	if err != nil {
		return 0, err
	}
	err = dql.Rows(answer, "p", func(row dql.Row) error { uid = row.UID; return nil })
	return uid, err
}

// unread names the node in the error for a page of one that Dgraph does not give out:
// what is stored of it cannot be read as the type that it has by now, or is too much for
// one answer. Other errors stay as they are.
func (r *reader) unread(ctx context.Context, tx asker, after uint64, size int, err error) error {
	if size > leastBatch || !isOther(err) && !isOversized(err) {
		return err
	}
	if isOversized(err) {
		if uid, asking := r.next(ctx, tx, after); asking == nil && uid != 0 {
			return &ofNode{errRead, uid}
		}
		return err
	}
	// It is the node when it alone, and nothing that the task asks for besides, is what
	// Dgraph does not take: of no node at all it takes the same question.
	bare := *r
	bare.task = writing(r.task.reads())
	if _, _, asking := bare.page(ctx, tx, after, 1); !isOther(asking) {
		return err
	}
	if _, _, asking := bare.page(ctx, tx, math.MaxUint64-1, 1); asking != nil {
		return err
	}
	if uid, asking := r.next(ctx, tx, after); asking == nil && uid != 0 {
		return &ofNode{err, uid}
	}
	return err
}

// tagFacets reads the facets at values in languages, of nodes that have some.
func tagFacets(ctx context.Context, tx asker, p dql.Predicate, nodes []*node) error {
	if len(nodes) == 0 {
		return nil
	}
	var tags, uids []string
	for _, n := range nodes {
		uids = append(uids, string(dql.Node(n.uid)))
		for _, q := range n.quads[p.Name] {
			tags = append(tags, q.Lang)
		}
	}
	tags = unique(tags)
	columns, err := p.TagColumns("c", tags)
	if err != nil {
		return err
	}
	answer, err := tx.Query(ctx, fmt.Sprintf("{q(func: uid(%s)) {uid %s}}", strings.Join(uids, ", "), columns), nil)
	if err != nil {
		return err
	}
	return dql.Rows(answer, "q", func(row dql.Row) error {
		i := slices.IndexFunc(nodes, func(n *node) bool { return n.uid == row.UID })
		if i < 0 {
			return nil
		}
		quads := nodes[i].quads[p.Name]
		for j := range quads {
			var err error
			if quads[j].Facets, err = row.TagFacets("c", slices.Index(tags, quads[j].Lang)); err != nil {
				return err
			}
		}
		return nil
	})
}

// askTask puts the task's own question about a page.
func (r *reader) askTask(ctx context.Context, tx asker, p *page) error {
	if len(p.nodes) == 0 {
		return nil
	}
	if i, ok := r.task.(inquirer); ok {
		return i.inquire(p, func(text string, vars map[string]string) ([]byte, error) { return tx.Query(ctx, text, vars) })
	}
	c, ok := r.task.(curious)
	if !ok {
		return nil
	}
	text, vars, err := c.question(p)
	if err != nil || text == "" {
		return err
	}
	p.answer, err = tx.Query(ctx, text, vars)
	return err
}

// furtherEdges reads the edges of a node that did not come with the page.
func (r *reader) furtherEdges(ctx context.Context, tx asker, n *node, p dql.Predicate) error {
	if p.Type != "uid" || len(n.quads[p.Name])%edgesPerNode != 0 {
		return nil
	}
	for more := len(n.quads[p.Name]); more == edgesPerNode; {
		all := n.quads[p.Name]
		column, err := p.Column("c", fmt.Sprintf("(first: %d, after: %s)", edgesPerNode, all[len(all)-1].Object))
		if err != nil {
			return err
		}
		answer, err := tx.Query(ctx, fmt.Sprintf("{q(func: uid(%s)) {uid %s}}", dql.Node(n.uid), column), nil)
		if err != nil {
			return err
		}
		more = 0
		if err := dql.Rows(answer, "q", func(row dql.Row) error {
			quads, err := row.Quads("c", p)
			n.quads[p.Name] = append(n.quads[p.Name], quads...)
			more = len(quads)
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}

// ours refuses names that no plan may write, declare or drop.
func ours(name string) error {
	switch {
	case strings.HasPrefix(name, "dgraph."):
		return errors.New("it belongs to Dgraph")
	case slices.ContainsFunc(statePredicates, func(d Declared) bool { return d.Name == name }):
		return errors.New("it holds the state of migrations")
	}
	return nil
}

// within refuses a change that writes what the step does not declare, whatever
// the task says.
func (s *Step) within(c *change, live *dql.Stored) error {
	for _, q := range slices.Concat(c.set, c.del) {
		if !slices.Contains(s.Writes, q.Predicate) {
			return fmt.Errorf("step %s would write %s, which is not among its writes: nothing of the batch is written", s.ID, q.Predicate)
		}
		if q.Predicate != dgraphType {
			if err := ours(q.Predicate); err != nil {
				return fmt.Errorf("step %s would write %s: %w", s.ID, q.Predicate, err)
			}
		}
	}
	// Of a single value Dgraph shows neither afterwards, and calls that success.
	// Lists, and values in different languages, are not in each other's way.
	type value struct {
		subject         dql.Ref
		predicate, lang string
	}
	set := map[value]bool{}
	for _, q := range c.set {
		if p := live.Predicate(q.Predicate); p == nil || !p.List {
			set[value{q.Subject, q.Predicate, q.Lang}] = true
		}
	}
	for _, q := range c.del {
		if q.All && set[value{q.Subject, q.Predicate, q.Lang}] {
			return fmt.Errorf("step %s would delete everything under %s and set it in one transaction, which loses it: nothing of the batch is written", s.ID, q.Predicate)
		}
	}
	return nil
}
