package dql

import (
	"fmt"
	"strings"
	"sync"
)

// findings are what an inquiry has found so far. Most inquiries are nothing else.
type findings struct {
	want []*part
	dql  string

	mu         sync.Mutex
	violations uint64
	values     uint64
	low        lowest
	tally      tally
	unread     map[uint64]bool // the nodes that could not be read
	counted    bool            // these are violations
	asked      bool
}

// begin makes the parts of an inquiry that needs one pass.
func (f *findings) begin(s *sight, dql string, parts ...*part) {
	f.want, f.dql, f.low.most = parts, dql, s.options.Samples
	for _, p := range parts {
		if p.unreadable == nil {
			p.unreadable = f.couldNotRead
		}
	}
}

func (f *findings) parts() []*part {
	if f.asked {
		return nil
	}
	f.asked = true
	return f.want
}

func (f *findings) couldNotRead(uid uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.unread == nil {
		f.unread = map[uint64]bool{}
	}
	f.unread[uid] = true
}

func (f *findings) tell(a *Answer) {
	a.Violations, a.Values, a.Samples = f.violations, f.values, f.low.samples
	a.Histogram, a.Others = f.tally.buckets(), f.tally.others
	a.Unreadable, a.DQL = uint64(len(f.unread)), f.dql
	if len(f.unread) == 0 || f.counted {
		return
	}
	a.Complete = false
	if a.Reason == "" {
		a.Reason = fmt.Sprintf("the server fails to read the values of %d nodes", len(f.unread))
		if len(f.unread) == 1 {
			a.Reason = "the server fails to read the values of a node"
		}
	}
}

// found counts a node. The caller holds the lock.
func (f *findings) found(uid uint64, values func() []any) {
	f.violations++
	f.low.add(uid, values)
}

// presence counts nodes, all of them or those that a filter leaves.
type presence struct{ findings }

func newPresence(s *sight, root, filter string) *presence {
	p := &presence{}
	p.findings.begin(s, shown(root, filter, "count(uid)"), &part{root: root, total: root, filter: filter, whole: filter == "",
		begin: func() reading { return counting{of: p} }})
	return p
}

// newHolding counts the nodes that have what a function finds, or those that lack it. A server that is written to
// finds by type even nodes that are newer than the moment that it is asked about (posting/mvcc.go in Dgraph, the
// MemoryLayer gives what it has in its cache); nothing is stored for them at that moment, not even their type.
func newHolding(s *sight, root, has, not string) *presence {
	p := newPresence(s, root, not+has)
	p.want[0].has = has
	if not != "" {
		p.want[0].stored = "has(" + dgraphType + ")"
	}
	return p
}

// counting is a reading of numbers.
type counting struct {
	quiet
	of *presence
}

func (c counting) count(n uint64, first []uint64) {
	c.of.mu.Lock()
	defer c.of.mu.Unlock()
	c.of.violations += n
	for _, uid := range first {
		c.of.low.add(uid, nil)
	}
}

// typed finds nodes and counts them by their types.
type typed struct{ findings }

func newTyped(s *sight, root, filter string) *typed {
	t := &typed{}
	t.begin(s, shown(root, filter, "uid "+dgraphType), &part{root: root, total: root, filter: filter, columns: []string{dgraphType},
		begin: func() reading { return eachRow{take: t.take} }})
	return t
}

func (t *typed) take(r row) {
	types := r.texts(0)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.found(r.uid, func() []any { return anys(types) })
	for _, name := range types {
		t.tally.add(name, 1)
	}
	if len(types) == 0 {
		t.tally.add("", 1)
	}
}

func anys[T any](all []T) []any {
	list := make([]any, len(all))
	for i, item := range all {
		list[i] = item
	}
	return list
}

// untypedNodes looks through the nodes of many predicates.
type untypedNodes struct {
	findings
	nodes *bag // a node can have several of the predicates
}

func newUntyped(s *sight, predicates []string) (*untypedNodes, error) {
	u := &untypedNodes{nodes: newBag(s.share, 1)}
	var parts []*part
	var roots []string
	for _, name := range predicates {
		h, err := s.held(Field{Predicate: name, Lang: "*"})
		if err != nil {
			return nil, err
		}
		roots = append(roots, h.has())
		parts = append(parts, &part{root: h.has(), filter: untyped, columns: []string{"dgraph.type"},
			begin: func() reading { return eachRow{take: func(r row) { u.take(name, r) }} }})
	}
	u.begin(s, shownBlocks(roots, untyped, "uid"), parts...)
	return u, nil
}

func (u *untypedNodes) take(predicate string, r row) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.low.add(r.uid, nil)
	u.nodes.add(r.uid)
	u.tally.add(predicate, 1)
}

func (u *untypedNodes) tell(a *Answer) {
	u.findings.tell(a)
	a.Violations = u.nodes.distinct()
	a.overflow(u.nodes.full)
}

// overflow says that not everything could be kept.
func (a *Answer) overflow(full bool) {
	if full {
		a.Complete = false
		a.Reason = "there are too many violations to tell them apart within the allowed memory"
	}
}

// shown is a query as people would ask it.
func shown(root, filter, columns string) string { return shownBlocks([]string{root}, filter, columns) }

func shownBlocks(roots []string, filter, columns string) string {
	if filter != "" {
		filter = " @filter(" + filter + ")"
	}
	columns = strings.NewReplacer(" "+pageOfEdges, "", nodesOfPage, "v").Replace(columns)
	var text strings.Builder
	text.WriteString("{\n")
	for i, root := range roots {
		name := "q"
		if len(roots) > 1 {
			name += fmt.Sprint(i + 1)
		}
		fmt.Fprintf(&text, "  %s(func: %s)%s { %s }\n", name, root, filter, columns)
	}
	text.WriteString("}")
	return text.String()
}
