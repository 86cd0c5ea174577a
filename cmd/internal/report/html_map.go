package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// mapView is a map of the types: a drawing of those that findings are about and
// of what is beside them, or without the lines where these would be a tangle.
type mapView struct {
	Drawing *drawingView
	Boxes   []*boxView // instead of a drawing
	LeftOut int        // boxes that are not shown
	// Rest are the types that are not on the map, by kind.
	Rest  []listView
	RestN int
}

// boxView is one type.
type boxView struct {
	Name, Kind, State string
	Was               string // the old name of what is renamed
	Href              string // of its findings, or empty
	Group             string // the ID of its findings, or empty
	Severity          Severity
	Counts            []countView
	Uses, UsedBy      int // types
	Place             string
}

// Title says in one sentence what the box says.
func (b *boxView) Title() string {
	parts := []string{b.Name, b.Kind}
	switch {
	case b.Was != "":
		parts = append(parts, "was "+b.Was)
	case b.State != "":
		parts = append(parts, b.State)
	}
	for _, c := range b.Counts {
		parts = append(parts, fmt.Sprintf("%d %s", c.N, c.Name))
	}
	switch {
	case len(b.Counts) > 0:
	case b.Group != "":
		parts = append(parts, "only known findings")
	default:
		parts = append(parts, "no findings")
	}
	if b.Place != "" {
		parts = append(parts, b.Place)
	}
	return strings.Join(parts, ", ")
}

// node is a type of either schema, or of both.
type node struct {
	name     string // the new one
	old, new *Type
	counts   map[Severity]int // of findings that are not known
	total    int              // of all findings
	worst    Severity         // of those in counts
	edges    []link
	usedBy   int
	changed  bool // it is on the map in any case
}

// link is what one type has of another.
type link struct {
	to       int
	inherits bool
	state    string // "added", "removed" or empty
}

// Most of what can be drawn so that it can still be read.
const (
	mostDrawn = 40
	mostLinks = 90
)

// typeMap is the map, and nil where no types are known.
func (b *htmlBook) typeMap(r *Report) *mapView {
	if len(r.New.Types) == 0 {
		return nil // of a schema that cannot be read, nothing is removed
	}
	nodes := b.nodes(r)
	b.link(nodes)
	v := &mapView{}
	chosen := selection(nodes)
	if chosen != nil {
		v.Drawing = b.draw(nodes, chosen)
	} else {
		for i := range nodes {
			if nodes[i].changed {
				chosen = append(chosen, i)
			}
		}
		slices.SortStableFunc(chosen, func(x, y int) int {
			a, z := nodes[x], nodes[y]
			return cmp.Or(cmp.Compare(z.worst.rank(), a.worst.rank()), cmp.Compare(z.counts[z.worst], a.counts[a.worst]))
		})
		v.LeftOut = max(0, len(chosen)-b.most.boxes)
		for _, i := range chosen[:len(chosen)-v.LeftOut] {
			v.Boxes = append(v.Boxes, b.box(nodes, i))
		}
	}
	b.rest(v, nodes, chosen)
	return v
}

// nodes are the types of both schemas, in the order of the new one; what is gone
// comes last.
func (b *htmlBook) nodes(r *Report) []*node {
	var nodes []*node
	at := map[string]*node{}
	for i := range r.New.Types {
		t := &r.New.Types[i]
		n := &node{name: t.Name, new: t, counts: map[Severity]int{}}
		nodes, at[t.Name] = append(nodes, n), n
	}
	for i := range r.Old.Types {
		t := &r.Old.Types[i]
		name := cmp.Or(b.renamed[t.Name], t.Name)
		n := at[name]
		if n == nil {
			n = &node{name: name, counts: map[Severity]int{}}
			nodes, at[name] = append(nodes, n), n
		}
		if n.old == nil {
			n.old = t
		}
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		n := at[b.typeNow(f)]
		if n == nil {
			continue
		}
		if n.total++; f.Known {
			continue
		}
		s := shownAs(f.Severity)
		n.counts[s]++
		if s.rank() > n.worst.rank() {
			n.worst = s
		}
	}
	for _, n := range nodes {
		n.changed = n.total > 0 || b.compare && (n.old == nil || n.new == nil)
	}
	return nodes
}

// link finds what the types have of each other, in both schemas.
func (b *htmlBook) link(nodes []*node) {
	at := map[string]int{}
	for i, n := range nodes {
		at[n.name] = i
	}
	const inOld, inNew = 1, 2
	for _, n := range nodes {
		found := map[[2]int]int{}
		var order [][2]int
		add := func(t *Type, side int) {
			if t == nil {
				return
			}
			for kind, names := range [][]string{t.Uses, t.Implements} {
				for _, name := range names {
					if side == inOld {
						name = cmp.Or(b.renamed[name], name)
					}
					to, ok := at[name]
					if !ok || nodes[to] == n {
						continue
					}
					key := [2]int{to, kind}
					if found[key] == 0 {
						order = append(order, key)
					}
					found[key] |= side
				}
			}
		}
		add(n.new, inNew)
		add(n.old, inOld)
		for _, key := range order {
			l := link{to: key[0], inherits: key[1] == 1}
			switch {
			case found[key] == inOld && b.compare:
				l.state = "removed"
			case found[key] == inNew && b.compare:
				l.state = "added"
			}
			n.edges = append(n.edges, l)
			nodes[l.to].usedBy++
		}
	}
}

// selection chooses the types to draw: all of them, else those that changed and
// what is beside them, else only those that changed. It is nil where even these
// are too many to be drawn with lines between them.
func selection(nodes []*node) []int {
	all := make([]int, len(nodes))
	near := make([]bool, len(nodes))
	for i, n := range nodes {
		all[i] = i
		near[i] = near[i] || n.changed
		for _, l := range n.edges {
			near[l.to] = near[l.to] || n.changed
			near[i] = near[i] || nodes[l.to].changed
		}
	}
	only := func(keep func(int) bool) []int {
		return slices.DeleteFunc(slices.Clone(all), func(i int) bool { return !keep(i) })
	}
	for _, chosen := range [][]int{all, only(func(i int) bool { return near[i] }), only(func(i int) bool { return nodes[i].changed })} {
		if len(chosen) > mostDrawn || len(chosen) == 0 {
			continue
		}
		links := 0
		for _, i := range chosen {
			for _, l := range nodes[i].edges {
				if slices.Contains(chosen, l.to) {
					links++
				}
			}
		}
		if links <= mostLinks {
			return chosen
		}
	}
	return nil
}

// box is what is told of one type.
func (b *htmlBook) box(nodes []*node, i int) *boxView {
	n := nodes[i]
	v := &boxView{Name: b.prose(n.name), Severity: n.worst, Counts: counted(n.counts), Group: b.types[n.name]}
	if v.Group != "" {
		v.Href = "#" + v.Group
	}
	switch {
	case n.old != nil && n.new != nil && n.old.Name != n.new.Name:
		v.State, v.Was = "renamed", b.prose(n.old.Name)
	case n.old == nil && b.compare:
		v.State = "added"
	case n.new == nil:
		v.State = "removed"
	}
	kind := n.new
	if kind == nil {
		kind = n.old
	}
	v.Kind = b.prose(kind.Kind)
	if kind.Location.Line > 0 {
		v.Place = Escape(place(kind.Location))
	}
	if n.old != nil && n.new != nil && n.old.Kind != n.new.Kind {
		v.Kind = b.prose(n.old.Kind + " → " + n.new.Kind)
	}
	v.Uses, v.UsedBy = len(n.edges), n.usedBy
	return v
}

// rest names the types that are not on the map.
func (b *htmlBook) rest(v *mapView, nodes []*node, chosen []int) {
	on := make([]bool, len(nodes))
	for _, i := range chosen {
		on[i] = true
	}
	names := map[string][]string{}
	for i, n := range nodes {
		if !on[i] && !n.changed {
			names[n.new.Kind] = append(names[n.new.Kind], n.name)
			v.RestN++
		}
	}
	for kind, list := range names {
		slices.Sort(list)
		l := listView{Name: b.prose(kind), N: len(list), LeftOut: max(0, len(list)-b.most.boxes)}
		for _, name := range list[:len(list)-l.LeftOut] {
			l.Items = append(l.Items, b.prose(name))
		}
		v.Rest = append(v.Rest, l)
	}
	slices.SortFunc(v.Rest, func(x, y listView) int { return cmp.Or(cmp.Compare(y.N, x.N), cmp.Compare(x.Name, y.Name)) })
}
