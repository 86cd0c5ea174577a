package generate

import (
	"fmt"
	"strings"
)

// link adds pairs of fields that are two ends of one relation.
func (b *builder) link() {
	all := b.types()
	for range b.IntN(4) {
		from, to := pick(b.Rand, all...), pick(b.Rand, all...)
		if b.one(3) {
			b.reverse(from, to)
		} else {
			b.inverse(from, to)
		}
	}
}

// inverse adds a pair with @hasInverse, declared at one end or both.
func (b *builder) inverse(from, to *object) {
	f := &field{name: b.fieldName(from), of: to.name, typ: b.wrap(to.name, b.one(2))}
	if from == to && b.one(2) {
		f.add(b.hasInverse(f.name))
		b.keep(from, f)
		return
	}
	g := &field{name: b.fieldName(to), of: from.name, typ: b.wrap(from.name, b.one(2))}
	if f.name == g.name {
		return
	}
	f.add(b.hasInverse(g.name))
	if b.one(2) {
		g.add(b.hasInverse(f.name))
	}
	if b.keep(from, f) && !b.keep(to, g) {
		from.fields = from.fields[:len(from.fields)-1]
	}
}

func (b *builder) hasInverse(field string) string {
	return pick(b.Rand, "@hasInverse(field: "+field+")", fmt.Sprintf("@hasInverse(field:%q)", field))
}

// reverse adds a pair of which one end reads the predicate of the other.
func (b *builder) reverse(from, to *object) {
	forward := &field{name: b.fieldName(from), of: to.name, typ: b.wrap(to.name, b.one(2))}
	b.serial++ // Dgraph does not find a forward predicate in "<>"
	forward.pred = fmt.Sprint(pick(b.Rand, "edge", "ns.edge", "an-edge"), b.serial)
	if b.options.Odd && b.one(3) {
		forward.pred = fmt.Sprint("größer als ", b.serial)
	}
	name := b.fieldName(to)
	if name == forward.name || !b.keep(from, forward) {
		return
	}
	back := &field{name: name, of: from.name, typ: "[" + from.name + pick(b.Rand, "", "!") + "]"}
	pred := "~" + forward.pred
	if b.one(5) {
		pred = "<~" + forward.pred + ">"
	}
	back.add(fmt.Sprintf("@dgraph(pred: %q)", pred))
	to.fields = append(to.fields, back)
}

// share gives t fields on predicates that other types, or t itself, use.
func (b *builder) share(t *object) {
	for range b.IntN(3) {
		c := pick(b.Rand, b.claimed...)
		if c.secret || strings.Contains(c.pred, "@") || c.of == "ID" || c.vector && !b.options.Odd {
			continue
		}
		f := &field{name: b.fieldName(t), of: c.of, typ: b.wrap(c.of, c.list), id: c.id, pred: c.pred}
		switch {
		case c.id:
			f.typ = c.of + pick(b.Rand, "", "!")
			f.add("@id")
		case c.of == "DateTime" && !b.options.Odd:
			// Indexes by year and by day are both sortable.
		case b.one(2) && b.searchable(c.of):
			f.add(b.search(f))
		}
		b.keep(t, f)
	}
}

func (b *builder) searchable(of string) bool {
	return strings.Contains(" String Int Int64 Float Boolean DateTime Point Polygon MultiPolygon ", " "+of+" ") ||
		b.values[of] != nil
}

// languages gives t fields that read one language of a predicate. The shuffle
// of the fields decides whether they stand before or after the plain one.
func (b *builder) languages(t *object) {
	if !b.one(3) {
		return
	}
	var bases []string
	for _, c := range b.claimed {
		if c.of == "String" && !c.secret && (!c.list || b.options.Odd) && !strings.Contains(c.pred, "@") && (c.open(t) || c.users[0] == t) {
			bases = append(bases, c.pred)
		}
	}
	base := b.predicate()
	if len(bases) > 0 && !b.one(4) {
		base = pick(b.Rand, bases...)
	}
	for range 1 + b.IntN(3) {
		tag := pick(b.Rand, "en", "fr", "zh-CN", ".", "en:fr", "fr:en:.")
		// Dgraph panics on a list of several languages.
		f := &field{name: b.fieldName(t), of: "String", typ: b.wrap("String", b.options.Odd && !strings.Contains(tag, ":") && b.one(4))}
		f.pred = base + "@" + tag
		if !strings.Contains(tag, ":") && b.one(3) {
			f.add(b.search(f))
		}
		b.keep(t, f)
	}
}

// secret gives t a password, unless it or a relative has one.
func (b *builder) secret(t *object) {
	if !b.one(4) {
		return
	}
	family := append([]*object{t}, t.implements...)
	for _, u := range t.users {
		family = append(append(family, u), u.implements...)
	}
	for _, o := range family {
		if o.password != "" {
			return
		}
	}
	name := b.fieldName(t)
	directive := fmt.Sprintf("@secret(field: %q)", name)
	if b.one(3) {
		pred := b.predicate()
		for _, c := range b.claimed {
			if c.secret && c.open(t) && b.one(2) {
				pred = c.pred
			}
		}
		if c := b.claims[pred]; c != nil {
			c.users = append(c.users, t)
		} else {
			b.remember(&claim{pred: pred, secret: true, users: []*object{t}})
		}
		directive = fmt.Sprintf("@secret(field: %q, pred: %q)", name, pred)
	}
	t.password = name
	t.directives = append(t.directives, directive)
}

// redeclare writes some inherited fields again, with directives that Dgraph
// then ignores.
func (b *builder) redeclare(t *object) {
	for _, i := range t.implements {
		for _, f := range i.fields {
			if t.field(f.name) != nil || f.has("id") || !b.one(5) {
				continue
			}
			again := &field{name: f.name, of: f.of, typ: f.typ}
			if b.searchable(f.of) && b.one(2) {
				again.add(b.search(again))
			}
			if f.of != "ID" && b.one(3) {
				again.add(`@dgraph(pred: "ignored")`)
			}
			t.fields = append(t.fields, again)
		}
	}
}
