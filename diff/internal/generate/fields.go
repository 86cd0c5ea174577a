package generate

import (
	"fmt"
	"strings"
)

// plan decides which types there are, so that fields can refer to all of them.
func (b *builder) plan() {
	b.values = map[string][]string{}
	count := b.options.Types
	if count == 0 {
		count = 1 + b.IntN(8)
	}
	for range b.IntN(3) {
		b.enum(false)
	}
	for range b.IntN(4) {
		b.interfaces = append(b.interfaces, b.object("interface", interfaceWords))
	}
	for range count {
		t := b.object("type", typeWords)
		b.objects = append(b.objects, t)
		for _, n := range b.Perm(len(b.interfaces)) {
			if b.one(2) {
				t.implements = append(t.implements, b.interfaces[n])
				b.interfaces[n].users = append(b.interfaces[n].users, t)
			}
		}
	}
	for range b.IntN(2) {
		b.union()
	}
	for range b.IntN(2) {
		b.input()
	}
}

func (b *builder) object(keyword string, words []string) *object {
	t := &object{keyword: keyword, name: b.typeName(words)}
	t.stored = t.name
	if b.one(5) {
		b.serial++
		t.stored = fmt.Sprint(pick(b.Rand, "Stored", "ns.Old", "Old-"), b.serial)
		if b.options.Odd && b.one(2) {
			t.stored = fmt.Sprint(pick(b.Rand, "<old type>", "été"), b.serial)
		}
		t.directives = append(t.directives, fmt.Sprintf("@dgraph(type:%s%q)", b.space(), t.stored))
	}
	return t
}

// fill gives t its plain fields.
func (b *builder) fill(t *object) {
	inherited := false
	for _, i := range t.implements {
		inherited = inherited || i.field("id") != nil
	}
	switch {
	case inherited:
		if b.one(3) {
			t.fields = append(t.fields, &field{name: "id", of: "ID", typ: b.idType})
		}
	case t.keyword == "interface" && b.one(2):
		t.fields = append(t.fields, &field{name: "id", of: "ID", typ: b.idType})
	case t.keyword == "type" && !b.one(3):
		name := pick(b.Rand, "id", "key", "uuid")
		t.fields = append(t.fields, &field{name: name, of: "ID", typ: pick(b.Rand, "ID!", "ID!", "ID")})
	}
	if b.one(3) {
		b.xid(t)
	}
	b.scalar(t) // Dgraph wants a field that is not computed
	for range 1 + b.IntN(6) {
		switch b.IntN(10) {
		case 0:
			b.geo(t)
		case 1:
			b.enumeration(t)
		case 2:
			b.embedding(t)
		case 3, 4:
			b.reference(t)
		case 5:
			if b.one(2) {
				b.xid(t)
			}
		default:
			b.scalar(t)
		}
	}
}

// keep adds f to t with the predicate it asks for, its own, or a new one.
func (b *builder) keep(t *object, f *field) bool {
	if f.pred == "" && b.one(6) {
		f.pred = b.predicate()
	}
	if !b.claim(t, f, f.pred) {
		return false
	}
	if f.pred != "" {
		f.add(fmt.Sprintf("@dgraph(pred:%s%q)", b.space(), f.pred))
	}
	if b.one(12) {
		f.arguments = b.arguments()
	}
	if b.one(15) {
		f.add(pick(b.Rand, "@deprecated", `@deprecated(reason: "use \"other\"")`))
	}
	b.Shuffle(len(f.directives), func(i, j int) {
		f.directives[i], f.directives[j] = f.directives[j], f.directives[i]
	})
	t.fields = append(t.fields, f)
	return true
}

// wrap makes a type of the named one.
func (b *builder) wrap(of string, list bool) string {
	typ := of
	if list {
		typ = "[" + of + pick(b.Rand, "", "!") + "]"
	}
	return typ + pick(b.Rand, "", "", "!")
}

func (b *builder) scalar(t *object) {
	of := pick(b.Rand, "String", "String", "String", "Int", "Int64", "Float", "Boolean", "DateTime")
	f := &field{name: b.fieldName(t), of: of, typ: b.wrap(of, of != "Boolean" && b.one(4))}
	if b.one(2) {
		f.add(b.search(f))
	}
	if !f.list() && b.one(5) {
		f.add(b.defaults(f))
	}
	b.keep(t, f)
}

func (b *builder) xid(t *object) {
	of := pick(b.Rand, "String", "String", "Int", "Int64")
	f := &field{name: b.fieldName(t), of: of, typ: of + pick(b.Rand, "!", "!", ""), id: true}
	switch {
	case t.keyword == "interface" && b.one(3):
		f.add(pick(b.Rand, "@id(interface: true)", "@id(interface: false)"))
	default:
		f.add("@id")
	}
	if b.one(3) {
		f.add(b.search(f))
	}
	b.keep(t, f)
}

func (b *builder) geo(t *object) {
	of := pick(b.Rand, "Point", "Polygon", "MultiPolygon")
	f := &field{name: b.fieldName(t), of: of, typ: b.wrap(of, b.one(4))}
	if b.one(2) {
		f.add(b.search(f))
	}
	b.keep(t, f)
}

func (b *builder) enumeration(t *object) {
	if len(b.enums) == 0 {
		return
	}
	of := pick(b.Rand, b.enums...)
	f := &field{name: b.fieldName(t), of: of, typ: b.wrap(of, b.one(3))}
	if b.one(2) {
		f.add(b.search(f))
	}
	if !f.list() && b.one(4) {
		f.add(b.defaults(f))
	}
	b.keep(t, f)
}

func (b *builder) embedding(t *object) {
	if !b.one(2) {
		return
	}
	// Dgraph adds a field by which to order, but forgets the order's type when
	// there is nothing else.
	b.keep(t, &field{name: b.fieldName(t), of: "Int", typ: "Int"})
	f := &field{name: b.fieldName(t), of: "Float", typ: pick(b.Rand, "[Float!]", "[Float!]!")}
	f.add("@embedding")
	switch {
	case b.one(5):
	case b.options.Odd && b.one(4):
		f.add(b.search(f))
	default:
		f.add("@search(by:" + b.space() + `["` + pick(b.Rand,
			"hnsw",
			"hnsw(exponent: 4)",
			"hnsw(metric: euclidean, exponent: 4)",
			`hnsw( metric :  \"cosine\" , exponent: '6')`,
			"hnsw (metric: dotproduct, maxLevels: 3, efSearch: 40, efConstruction: 100)",
		) + `"])`)
	}
	b.keep(t, f)
}

func (b *builder) reference(t *object) {
	targets := append([]string{}, b.unions...)
	for _, t := range b.interfaces {
		targets = append(targets, t.name)
	}
	for _, t := range b.objects {
		targets = append(targets, t.name)
	}
	of := pick(b.Rand, targets...)
	b.keep(t, &field{name: b.fieldName(t), of: of, typ: b.wrap(of, b.one(2))})
}

// search makes a legal @search.
func (b *builder) search(f *field) string {
	if b.one(3) {
		return "@search"
	}
	var by []string
	some := func(args ...string) {
		if b.one(2) {
			by = append(by, pick(b.Rand, args...))
		}
	}
	switch {
	case f.of == "String":
		some("hash", "exact")
		some("term")
		some("fulltext")
		some("trigram", "regexp")
		if !b.options.NoNgram {
			some("ngram")
		}
	case f.id:
		// Dgraph adds hash to any list and then finds that Int has none.
	case f.of == "Int" || f.of == "Int64" || f.of == "Float" || f.of == "Point" || f.of == "Polygon":
		by = []string{strings.ToLower(f.of)}
	case f.of == "MultiPolygon":
		by = []string{"multiPolygon"}
	case f.of == "Boolean":
		by = []string{"bool"}
	case f.of == "DateTime":
		by = []string{pick(b.Rand, "year", "month", "day", "hour")}
	default:
		some("hash", "exact")
		some("trigram", "regexp")
		if !b.options.NoNgram {
			some("ngram")
		}
	}
	if b.one(10) {
		by = nil
	}
	b.Shuffle(len(by), func(i, j int) { by[i], by[j] = by[j], by[i] })
	for i, arg := range by {
		if !b.one(4) { // Dgraph does not mind bare words
			by[i] = `"` + arg + `"`
		}
	}
	return "@search(by:" + b.space() + "[" + strings.Join(by, pick(b.Rand, ", ", ",", " ")) + "])"
}

// defaults makes a legal @default.
func (b *builder) defaults(f *field) string {
	value := func() string {
		switch f.of {
		case "Int", "Int64":
			return pick(b.Rand, "0", "-7", "42")
		case "Float":
			return pick(b.Rand, "0.5", "-1e3", "7")
		case "Boolean":
			return pick(b.Rand, "true", "false")
		case "DateTime":
			return pick(b.Rand, "$now", "2000-01-01T00:00:00Z")
		case "String":
			return pick(b.Rand, "", "some text", `with \"quotes\"`)
		}
		return pick(b.Rand, b.values[f.of]...)
	}
	add, update := fmt.Sprintf(`add: {value: "%s"}`, value()), fmt.Sprintf(`update:{value:"%s"}`, value())
	return "@default(" + pick(b.Rand, add, update, add+", "+update, update+" "+add) + ")"
}
