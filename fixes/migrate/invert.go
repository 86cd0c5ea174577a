package migrate

import (
	"errors"
	"fmt"
	"slices"

	"github.com/schemacheck/schemacheck/dql"
)

// Invert writes for edges of one predicate the edges back under another one,
// where they are missing. It never overwrites or deletes: a target that can have
// one edge only, and has one to another node, keeps that.
type Invert struct {
	From string `yaml:"from"`
	To   string `yaml:"to"`
	// Of and Types are the stored types of which a node has to have one, and its
	// target: others are not looked at.
	Of    []string `yaml:"of"`
	Types []string `yaml:"types"`
	// Several says what becomes of a target that can have one edge only, has none,
	// and would get several: lowest writes that to the lowest uid, refuse none.
	Several string `yaml:"several"`
}

// What becomes of a target with several candidates.
const (
	severalLowest = "lowest"
	severalRefuse = "refuse"
)

func (i *Invert) check() error {
	switch {
	case i.From == "" || i.To == "":
		return errors.New("it takes the predicates of both sides")
	case len(i.Of) == 0 || len(i.Types) == 0:
		return errors.New("it takes the types of both sides")
	case i.Several != severalLowest && i.Several != severalRefuse:
		return fmt.Errorf("several is %q, neither lowest nor refuse", i.Several)
	}
	for _, name := range slices.Concat(i.Of, i.Types) {
		if _, err := dql.Quote(name); err != nil {
			return err
		}
	}
	return nil
}

func (i *Invert) reads() []string  { return []string{i.From, i.To} }
func (i *Invert) writes() []string { return []string{i.To} }

// inverses is what is known of the targets of a page.
type inverses struct {
	// back are the edges of each target under To, as far as they matter; those
	// that are not there are of another type.
	back map[dql.Ref][]dql.Ref
	// candidates are the nodes that point to a target that can have one edge, and
	// has none.
	candidates map[dql.Ref][]dql.Ref
}

func (i *Invert) concerns(n *node) bool {
	return slices.ContainsFunc(i.Of, n.is) && len(n.quads[i.From]) > 0
}

func (i *Invert) inquire(p *page, put ask) error {
	known := &inverses{back: map[dql.Ref][]dql.Ref{}, candidates: map[dql.Ref][]dql.Ref{}}
	p.found = known
	nodes := uidList(p.nodes, i.concerns)
	if nodes == "" {
		return nil
	}
	from, err := dql.Quote(i.From)
	if err != nil {
		return err
	}
	to, err := dql.Quote(i.To)
	if err != nil {
		return err
	}
	live := p.live.Predicate(i.To)
	if live == nil || live.Type != "uid" {
		return fmt.Errorf("%s is not declared as edges", i.To)
	}
	those := ""
	if live.List {
		those = "@filter(uid(" + nodes + ")) " // a target may have very many
	}
	answer, err := put(fmt.Sprintf("{\n  var(func: uid(%s)) { t as %s }\n  q(func: uid(t)) @filter(%s) { uid to: %s %s{ uid } }\n}", nodes, from, anyType(i.Types), to, those), nil)
	if err != nil {
		return err
	}
	var open []dql.Ref
	if err := dql.Rows(answer, "q", func(row dql.Row) error {
		target := dql.Node(row.UID)
		known.back[target] = nil
		for _, uid := range row.UIDs("to") {
			known.back[target] = append(known.back[target], dql.Node(uid))
		}
		if len(known.back[target]) == 0 {
			open = append(open, target)
		}
		return nil
	}); err != nil {
		return err
	}
	if live.List || len(open) == 0 {
		return nil
	}
	return i.askCandidates(p, open, known, put)
}

// askCandidates finds all nodes that point to the targets, those of other pages
// too.
func (i *Invert) askCandidates(p *page, open []dql.Ref, known *inverses, put ask) error {
	targets := refList(open)
	name, err := dql.Quote(i.From)
	if err != nil {
		return err
	}
	if p.predicate(i.From).Reverse {
		reverse, err := dql.Quote("~" + i.From)
		if err != nil {
			return err
		}
		answer, err := put(fmt.Sprintf("{q(func: uid(%s)) {uid from: %s @filter(%s) {uid}}}", targets, reverse, anyType(i.Of)), nil)
		if err != nil {
			return err
		}
		return dql.Rows(answer, "q", func(row dql.Row) error {
			for _, uid := range row.UIDs("from") {
				known.candidates[dql.Node(row.UID)] = append(known.candidates[dql.Node(row.UID)], dql.Node(uid))
			}
			return nil
		})
	}
	answer, err := put(fmt.Sprintf("{q(func: has(%[1]s)) @filter(%[2]s AND uid_in(%[1]s, [%[3]s])) {uid to: %[1]s @filter(uid(%[3]s)) {uid}}}", name, anyType(i.Of), targets), nil)
	if err != nil {
		return err
	}
	return dql.Rows(answer, "q", func(row dql.Row) error {
		for _, uid := range row.UIDs("to") {
			known.candidates[dql.Node(uid)] = append(known.candidates[dql.Node(uid)], dql.Node(row.UID))
		}
		return nil
	})
}

func (i *Invert) judge(p *page) (*change, error) {
	known, _ := p.found.(*inverses)
	single := !p.predicate(i.To).List
	c := &change{}
	for _, n := range p.nodes {
		if !i.concerns(n) {
			continue
		}
		me := dql.Node(n.uid)
		var set []dql.Quad
		for _, q := range n.quads[i.From] {
			target := q.Object
			back, isType := known.back[target]
			switch {
			case !isType || slices.Contains(back, me):
			case single && len(back) > 0:
				c.leave(n, "%s of %s leads to %s, not back to it", i.To, target, back[0])
			case single && len(known.candidates[target]) > 1 && i.Several == severalRefuse:
				c.leave(n, "it is one of %d nodes that %s of %s could lead back to", len(known.candidates[target]), i.To, target)
			case single && lowestRef(known.candidates[target]) != me:
				c.leave(n, "%s of %s leads back to %s, whose uid is lower", i.To, target, lowestRef(known.candidates[target]))
			default:
				set = append(set, dql.Quad{Subject: target, Predicate: i.To, Object: me})
			}
		}
		c.write(set, nil)
	}
	return c, nil
}

// refList are references as they stand in uid(...).
func refList(refs []dql.Ref) string {
	var b []byte
	for i, r := range refs {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(b, r...)
	}
	return string(b)
}

// lowestRef is the node with the lowest uid, "" of none.
func lowestRef(refs []dql.Ref) dql.Ref {
	if len(refs) == 0 {
		return ""
	}
	return slices.MinFunc(refs, func(a, b dql.Ref) int {
		if a.UID() < b.UID() {
			return -1
		}
		return 1
	})
}

func (i *Invert) dql(s *Step) string {
	return "# Of each pair (n, target) that is found, \"<target> <" + i.To + "> <n> .\" goes to /mutate. If a target can have\n" +
		"# one edge only, look at all its pairs first.\n" +
		fmt.Sprintf("{\n  q(func: %s, first: 1000, after: 0x0) @filter(%s) {\n    uid\n    %s @filter(%s) { uid %s { uid } }\n  }\n}\n",
			s.Select.Root, anyType(i.Of), quote(i.From), anyType(i.Types), quote(i.To))
}
