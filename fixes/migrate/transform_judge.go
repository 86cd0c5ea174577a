package migrate

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/fixes/expression"
)

// view is a node as expressions see it.
type view struct {
	*formula
	page *page
	node *node
	// seen is the node with what is related to it; nil before the first expression.
	seen *expression.Node
	// guarded are the single values that were seen, with the others under their
	// predicates.
	guarded []dql.Quad
}

// failed is an error about the node: it alone is in the way, and is named.
func (v *view) failed(what string, err error) error {
	if err == nil {
		return nil
	}
	return &ofNode{fmt.Errorf("%s: %w", what, err), v.node.uid}
}

// see is the node, with what of it and of its related nodes the expressions look
// at.
func (v *view) see(fields map[string]Field) {
	if v.seen == nil {
		v.seen = v.picture(dql.Node(v.node.uid), fields, v.object, nil)
	}
}

func (v *view) picture(ref dql.Ref, fields map[string]Field, of *expression.Object, path []string) *expression.Node {
	n := &expression.Node{UID: string(ref), Of: of, Values: map[string]any{}}
	held := v.node.quads
	if len(path) > 0 {
		known, _ := v.page.found.(*company)
		held = known.quads[ref]
	}
	for _, name := range sorted(fields) {
		here := append(slices.Clone(path), name)
		if !v.used[strings.Join(here, ".")] {
			continue
		}
		f := fields[name]
		if f.isID() {
			n.Values[name] = string(ref)
			continue
		}
		var all []any
		var unreadable error
		for _, q := range f.of(held[f.Predicate]) {
			if q.Object != "" {
				all = append(all, v.picture(q.Object, f.Fields, of.Fields[name].Node, here))
				continue
			}
			one, err := f.value(q)
			if err != nil && unreadable == nil {
				unreadable = err
			}
			all = append(all, one)
		}
		switch {
		case unreadable != nil:
			n.Values[name] = unreadable
		case f.List:
			n.Values[name] = all
		case len(all) > 0:
			n.Values[name] = all[0]
			v.guarded = append(v.guarded, held[f.Predicate]...)
		}
	}
	return n
}

// eval evaluates an expression for the node.
func (v *view) eval(p *expression.Program, fields map[string]Field) (any, error) {
	v.see(fields)
	return p.Eval(v.seen, v.page.now)
}

// weighing is what becomes of a node: what is there, goes and comes under the
// fields that are written.
type weighing struct {
	*transforming
	*view
	set, del []dql.Quad
	// before is what is known to be there of other nodes that are written.
	before []dql.Quad
	gone   map[string][]dql.Quad // by predicate
	come   map[string][]dql.Quad
	// inverse are the edges that lead back, by predicate; nil for those without.
	inverse map[string]*Inverse
	born    []dql.Ref
	razed   bool // the node is deleted
}

func (t *transforming) weigh(f *formula, p *page, n *node) *weighing {
	return &weighing{transforming: t, view: &view{formula: f, page: p, node: n},
		gone: map[string][]dql.Quad{}, come: map[string][]dql.Quad{}, inverse: map[string]*Inverse{}}
}

func (t *transforming) judge(p *page) (*change, error) {
	f, err := t.compiled()
	if err != nil {
		return nil, err
	}
	result := &change{}
	b := t.cradle(p)
	for _, n := range p.nodes {
		w := t.weigh(f, p, n)
		reason, err := w.all(b)
		if err != nil {
			return nil, err
		}
		if reason != "" {
			w.forget(b)
			result.leave(n, "%s", reason)
			continue
		}
		if len(w.set)+len(w.del) > 0 && t.step != nil && t.step.Convergent && !f.settled && !w.razed {
			if err := t.steady(w, b); err != nil {
				return nil, err
			}
		}
		if t.Guard && len(w.set)+len(w.del) > 0 {
			w.guard()
		}
		result.write(w.set, w.del)
		result.before = append(result.before, w.before...)
	}
	return result, nil
}

// all decides what becomes of the node. The reason says why it is left.
func (w *weighing) all(b *cradle) (reason string, err error) {
	fail := func(what string, err error) (string, error) { return "", w.failed(what, err) }
	t := w.transforming
	holds, err := w.holds(t, w.when)
	if err != nil {
		return fail("when", err)
	}
	if !holds {
		return "", nil
	}
	if t.Delete != nil {
		if holds, err := w.holds(t, w.doomed); err != nil {
			return fail("delete when", err)
		} else if holds {
			w.raze()
			return "", nil
		}
	}
	for _, name := range sorted(t.Set) {
		f := t.Fields[name]
		values, there, err := w.quads(t, f, t.Set[name], w.formula.set[name])
		if err != nil {
			return fail("set "+name, err)
		}
		if there {
			w.replace(f, values)
		}
	}
	for _, name := range sorted(t.Unset) {
		holds, err := w.holds(t, w.formula.unset[name])
		if err != nil {
			return fail("unset "+name, err)
		}
		if holds {
			w.replace(t.Fields[name], nil)
		}
	}
	for _, name := range sorted(t.Remove) {
		f := t.Fields[name]
		values, _, err := w.quads(t, f, t.Remove[name], w.formula.remove[name])
		if err != nil {
			return fail("remove "+name, err)
		}
		for _, q := range f.of(w.node.quads[f.Predicate]) {
			if f.in(values, q) {
				w.leave(f, q)
			}
		}
	}
	for _, name := range sorted(t.Add) {
		f := t.Fields[name]
		values, _, err := w.quads(t, f, t.Add[name], w.formula.add[name])
		if err != nil {
			return fail("add "+name, err)
		}
		for _, q := range values {
			w.enter(f, q)
		}
	}
	for i := range t.Create {
		if reason, err := w.bear(b, i); err != nil || reason != "" {
			return reason, err
		}
	}
	w.settle()
	if t.Retag != nil {
		for _, name := range t.Retag.Add {
			if !w.node.is(name) {
				w.set = append(w.set, typeQuad(w.node, name))
			}
		}
		for _, name := range t.Retag.Remove {
			if w.node.is(name) {
				w.del = append(w.del, typeQuad(w.node, name))
			}
		}
	}
	return "", nil
}

// holds reports whether a condition holds; nil always does.
func (v *view) holds(t *transforming, condition *expression.Program) (bool, error) {
	if condition == nil {
		return true, nil
	}
	result, err := v.eval(condition, t.Fields)
	yes, _ := result.(bool)
	return yes, err
}

// quads are the values that a field is given; there is false for null.
func (v *view) quads(t *transforming, f Field, value Value, p *expression.Program) (quads []dql.Quad, there bool, err error) {
	var values []any
	if p == nil {
		for _, text := range value.Texts {
			values = append(values, text)
		}
	} else {
		result, err := v.eval(p, t.Fields)
		if err != nil || result == nil {
			return nil, false, err
		}
		list, isList := result.([]any)
		if !isList {
			list = []any{result}
		}
		values = list
	}
	for _, one := range values {
		q, err := f.quad(dql.Node(v.node.uid), one)
		if err != nil {
			return nil, false, err
		}
		if !f.in(quads, q) {
			quads = append(quads, q)
		}
	}
	return quads, true, nil
}

// replace makes some values those of a field.
func (w *weighing) replace(f Field, values []dql.Quad) {
	for _, q := range f.of(w.node.quads[f.Predicate]) {
		if !f.in(values, q) {
			w.leave(f, q)
		}
	}
	for _, q := range values {
		w.enter(f, q)
	}
}

// enter notes a value that is to be there.
func (w *weighing) enter(f Field, q dql.Quad) {
	if f.in(w.node.quads[q.Predicate], q) || f.in(w.come[q.Predicate], q) {
		return
	}
	w.come[q.Predicate] = append(w.come[q.Predicate], q)
	w.gone[q.Predicate] = slices.DeleteFunc(w.gone[q.Predicate], func(g dql.Quad) bool { return f.same(g, q) })
	w.inverse[q.Predicate] = f.Inverse
}

// leave notes a value that is to go.
func (w *weighing) leave(f Field, q dql.Quad) {
	w.gone[q.Predicate] = append(w.gone[q.Predicate], q)
	w.inverse[q.Predicate] = f.Inverse
}

// quad is the edge that leads back.
func (i *Inverse) quad(q dql.Quad) dql.Quad {
	return dql.Quad{Subject: q.Object, Predicate: i.Predicate, Object: q.Subject, Type: "uid"}
}

// settle turns what goes and comes into quads. With an edge the one that leads back
// goes and comes.
func (w *weighing) settle() {
	for _, name := range sorted(w.inverse) {
		back := w.inverse[name]
		if back == nil {
			continue
		}
		for _, q := range w.come[name] {
			w.set = append(w.set, back.quad(q))
		}
		for _, q := range w.gone[name] {
			w.del, w.before = append(w.del, back.quad(q)), append(w.before, back.quad(q))
		}
	}
	for _, name := range sorted(w.come) {
		w.set = append(w.set, w.come[name]...)
	}
	for _, name := range sorted(w.gone) {
		gone := w.gone[name]
		live := w.page.predicate(name)
		if live.List {
			w.del = append(w.del, deletion(live, gone)...)
			continue
		}
		// Another value in the same language takes the place by itself, and another
		// single edge.
		gone = slices.DeleteFunc(gone, func(g dql.Quad) bool {
			return slices.ContainsFunc(w.come[name], func(c dql.Quad) bool { return c.Lang == g.Lang })
		})
		all := len(w.come[name]) == 0 && len(gone) == len(w.node.quads[name]) && live.Type != "uid"
		switch {
		case all && len(gone) > 0:
			// As in deletion: a value from before a change of the type is found no other
			// way.
			w.del = append(w.del, dql.Quad{Subject: dql.Node(w.node.uid), Predicate: name, All: true})
		default:
			for _, g := range gone {
				g.All = g.Lang != "" // "S P *" without a language takes those of all
				w.del = append(w.del, g)
			}
		}
	}
}

// raze deletes the node. Passwords go unseen.
func (w *weighing) raze() {
	w.razed = true
	for _, name := range w.Delete.Predicates {
		live := w.page.predicate(name)
		if live.Type == "password" {
			w.del = append(w.del, dql.Quad{Subject: dql.Node(w.node.uid), Predicate: name, All: true})
			continue
		}
		w.del = append(w.del, deletion(live, w.node.quads[name])...)
	}
	w.del = append(w.del, w.node.holds(dgraphType)...)
}

// guard writes what was looked at as it is.
func (w *weighing) guard() {
	touched := func(q dql.Quad) bool {
		same := func(o dql.Quad) bool { return o.Subject == q.Subject && o.Predicate == q.Predicate }
		return slices.ContainsFunc(w.set, same) || slices.ContainsFunc(w.del, same)
	}
	var back []dql.Quad
	for _, q := range w.guarded {
		if !touched(q) && !slices.ContainsFunc(back, func(b dql.Quad) bool { return b.Subject == q.Subject && b.Predicate == q.Predicate && sameObject(b, q) }) {
			back = append(back, q)
			if q.Subject != dql.Node(w.node.uid) {
				w.before = append(w.before, q)
			}
		}
	}
	w.set = append(w.set, back...)
}

// steady refuses a step that would change a node again: it would not be carried
// out exactly once.
func (t *transforming) steady(w *weighing, b *cradle) error {
	next := &node{uid: w.node.uid, types: slices.Clone(w.node.types), quads: map[string][]dql.Quad{}}
	for name, quads := range w.node.quads {
		mine := func(all []dql.Quad) []dql.Quad {
			return slices.DeleteFunc(slices.Clone(all), func(q dql.Quad) bool { return q.Subject != dql.Node(next.uid) || q.Predicate != name })
		}
		live := w.page.predicate(name)
		next.quads[name] = applied(quads, mine(w.set), mine(w.del), &live)
	}
	again := t.weigh(w.formula, w.page, next)
	if t.Retag != nil {
		next.types = append(slices.DeleteFunc(next.types, func(name string) bool { return slices.Contains(t.Retag.Remove, name) }), t.Retag.Add...)
	}
	reason, err := again.all(b)
	if err == nil && reason == "" && len(again.set)+len(again.del) == 0 {
		return nil
	}
	if err == nil {
		err = errors.New("it would be changed again")
	}
	return w.failed("convergent: true does not hold, since the step reads what it writes; carried out twice", err)
}
