package dql

import (
	"fmt"
	"strings"
)

// targets finds edges by what is at their end.
type targets struct {
	findings
	empty uint64
}

// newTargets looks for edges whose target passes the filter, and also counts the nodes with targets that pass
// the second one, if any.
func newTargets(s *sight, f Field, filter, empty string) (*targets, error) {
	h, err := s.held(f)
	if err != nil {
		return nil, err
	}
	t := &targets{}
	root := h.root()
	// The server looks at all edges, and names the first ones.
	first := fmt.Sprintf("%s (first: %d) @filter(%s) { uid }", h.name, maxSampleValues, filter)
	column := h.name + " @filter(" + filter + ")"
	parts := []*part{{root: root, total: root, columns: []string{first, "count(" + column + ")"}, only: true,
		begin: func() reading { return eachRow{take: t.take} }}}
	if empty != "" {
		one := fmt.Sprintf("%s (first: 1) @filter(%s) { uid }", h.name, empty)
		parts = append(parts, &part{root: root, total: root, columns: []string{one}, only: true,
			begin: func() reading { return eachRow{take: t.takeEmpty} }})
	}
	t.begin(s, strings.Replace(shown(root, "", "uid "+column+" { uid }"), " { uid ", " @cascade { uid ", 1), parts...)
	return t, nil
}

func (t *targets) take(r row) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.values += r.number(1)
	t.found(r.uid, func() []any {
		var uids []any
		for _, e := range r.edges(0) {
			uids = append(uids, e["uid"])
		}
		return uids
	})
}

func (t *targets) takeEmpty(row) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.empty++
}

func (t *targets) tell(a *Answer) {
	t.findings.tell(a)
	a.Empty = t.empty
}

// oneSided compares the edges of a page with those that come back to it.
type oneSided struct {
	findings
	list  bool            // the other side can have several edges
	begun map[uint64]bool // nodes that were counted while more of their edges are to be read
	// loose are the targets of one-sided edges, twice where there are several; taken are those that have
	// another edge already. Both are for the other side that can have only one.
	loose, taken *bag
}

func newOneSided(s *sight, f Field, back Side) (*oneSided, error) {
	h, err := s.held(f)
	if err != nil {
		return nil, err
	}
	b, err := s.held(Field{Predicate: back.Predicate})
	if err != nil {
		return nil, err
	}
	if err := b.fits(edgesOnly, false); err != nil {
		return nil, err
	}
	o := &oneSided{list: back.List, begun: map[uint64]bool{}, loose: newBag(s.share/2, 2), taken: newBag(s.share/2, 1)}
	edges, backs := h.name+" "+pageOfEdges, b.name
	if len(back.Types) > 0 {
		edges += " @filter(" + typesRoot(back.Types) + ")"
	}
	if back.List {
		// Of a node with very many edges only those matter that come back to the page.
		backs += " @filter(uid(" + nodesOfPage + "))"
	}
	p := &part{root: h.root(), total: h.root(), columns: []string{edges + " { uid }"},
		beside: &beside{edge: edges, columns: []string{backs + " { uid }"}},
		begin:  func() reading { return &edgeReading{of: o, backs: map[uint64][]uint64{}} }}
	o.begin(s, shown(h.root(), "", "uid "+edges+" { uid "+b.name+" { uid } }"), p)
	return o, nil
}

// edgeReading is one page of edges, and where their targets lead back to.
type edgeReading struct {
	quiet
	of    *oneSided
	nodes []adjacent
	backs map[uint64][]uint64
}

// adjacent is a node with its edges.
type adjacent struct {
	uid uint64
	to  []uint64
}

func targetsOf(r row) []uint64 {
	edges := r.edges(0)
	uids := make([]uint64, 0, len(edges))
	for _, e := range edges {
		uids = append(uids, uidOf(e["uid"]))
	}
	return uids
}

func (e *edgeReading) row(r row) {
	if to := targetsOf(r); len(to) > 0 {
		e.nodes = append(e.nodes, adjacent{r.uid, to})
	}
}

func (e *edgeReading) beside(r row) { e.backs[r.uid] = targetsOf(r) }

func (e *edgeReading) end() []rest {
	o := e.of
	// A target can be reached from many nodes of the page.
	back := make(map[[2]uint64]bool)
	for y, xs := range e.backs {
		for _, x := range xs {
			back[[2]uint64{y, x}] = true
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	var more []rest
	for _, x := range e.nodes {
		var lone []any
		for _, y := range x.to {
			if back[[2]uint64{y, x.uid}] {
				continue
			}
			lone = append(lone, uidText(y))
			if !o.list {
				o.loose.add(y)
				if len(e.backs[y]) > 0 {
					o.taken.add(y)
				}
			}
		}
		o.values += uint64(len(lone))
		goesOn := len(x.to) == edgesPerNode
		if goesOn {
			more = append(more, rest{x.uid, x.to[len(x.to)-1]})
		}
		if len(lone) > 0 && !o.begun[x.uid] {
			o.found(x.uid, func() []any { return lone })
			o.begun[x.uid] = true
		}
		if !goesOn {
			delete(o.begun, x.uid)
		}
	}
	return more
}

func (o *oneSided) tell(a *Answer) {
	o.findings.tell(a)
	o.loose.compact()
	several := newBag(1<<62, 1)
	several.uids = append(repeated(o.loose.uids), o.taken.uids...)
	a.Ambiguous = several.distinct()
	a.overflow(o.loose.full || o.taken.full)
}
