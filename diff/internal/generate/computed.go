package generate

import (
	"fmt"
	"strings"
)

// federate makes some types entities, and adds entities of other services.
func (b *builder) federate() {
	if b.options.NoFederation || !b.one(4) {
		return
	}
	for _, t := range b.objects {
		if key := t.key(); key != nil && b.one(3) {
			t.directives = append(t.directives, fmt.Sprintf("@key(fields: %q)", key.name))
		}
	}
	for range b.IntN(3) {
		b.extension()
	}
}

// key is the field of type ID, or else the only one with @id; nil when there
// is no such field.
func (t *object) key() *field {
	var ids []*field
	for _, f := range t.all() {
		if f.of == "ID" {
			return f
		}
		if f.id {
			ids = append(ids, f)
		}
	}
	if len(ids) == 1 {
		return ids[0]
	}
	return nil
}

func (b *builder) extension() {
	t := &object{keyword: "type", name: b.typeName(typeWords), extend: b.one(2)}
	t.stored = t.name
	key := &field{name: pick(b.Rand, "id", "upc"), of: "ID", typ: "ID!"}
	if b.one(2) {
		key.of, key.typ, key.id = "String", "String!", true
		key.add("@id")
	}
	if !b.one(5) {
		key.add("@external")
	}
	t.directives = append(t.directives, fmt.Sprintf("@key(fields: %q)", key.name))
	if !t.extend {
		t.directives = append(t.directives, "@extends")
	}
	b.claim(t, key, "")
	t.fields = append(t.fields, key)

	var external []string
	for range b.IntN(4) {
		f := &field{name: b.fieldName(t), of: "String", typ: pick(b.Rand, "String", "[String]", "Int", "Float!")}
		f.of = strings.Trim(f.typ, "[]!")
		f.add("@external")
		b.claim(t, f, "")
		t.fields = append(t.fields, f)
		external = append(external, f.name)
	}
	b.scalar(t)
	b.reference(t)
	if len(external) > 0 {
		f := &field{name: b.fieldName(t), of: "Int", typ: "Int"}
		f.add(fmt.Sprintf("@requires(fields: %q)", strings.Join(external[:1+b.IntN(len(external))], " ")))
		b.keep(t, f)
	}
	b.extensions = append(b.extensions, t)
	if len(external) > 0 && b.one(2) {
		o := pick(b.Rand, b.objects...)
		f := &field{name: b.fieldName(o), of: t.name, typ: b.wrap(t.name, b.one(2))}
		f.add(fmt.Sprintf("@provides(fields: %q)", strings.Join(external[:1+b.IntN(len(external))], "  ")))
		for _, name := range external {
			// Dgraph panics when a list is provided.
			e := t.field(name)
			e.typ = strings.Trim(e.typ, "[]")
			b.claims[t.name+"."+name].list = false
		}
		b.keep(o, f)
	}
}

// compute adds fields whose values come from elsewhere, the types that only
// they return, and Query and Mutation.
func (b *builder) compute() {
	if b.options.NoCustom {
		b.lambdas()
		return
	}
	for range b.IntN(3) {
		b.remote()
	}
	b.lambdas()
	for _, t := range b.objects {
		key := t.key()
		if key == nil || !b.one(4) {
			continue
		}
		f := &field{name: b.fieldName(t)}
		f.of = b.result()
		f.typ = b.wrap(f.of, f.of != "Boolean" && b.one(3))
		if !b.claim(t, f, "") {
			continue
		}
		url := "http://api.example.com/" + strings.ToLower(t.name)
		var http string
		switch b.IntN(4) {
		case 0:
			http = fmt.Sprintf("url: %q, method: GET, mode: SINGLE", url+"?key=$"+key.name)
		case 1:
			http = fmt.Sprintf("url: %q\n method: POST\n mode: BATCH, body: \"{ k: $%s }\"", url, key.name)
		case 2:
			http = fmt.Sprintf("url: %q, method: PUT, body: \"{k: $%s}\", forwardHeaders: [\"X-A\", \"X-B:Y\"]", url, key.name)
		case 3:
			http = fmt.Sprintf("url: %q, method: \"POST\", mode: SINGLE, graphql: \"query($%s: %s!) { get(k: $%[2]s) }\", "+
				"skipIntrospection: true", url, key.name, key.of)
		}
		f.add("@custom(http: {" + http + "})")
		t.fields = append(t.fields, f)
	}
	if b.one(2) {
		b.root("Query", "fetch")
		if b.one(8) {
			b.blocks = append(b.blocks, "schema"+b.gap()+"{ query: Query }")
		}
	}
	if b.one(4) {
		b.root("Mutation", "change")
	}
}

func (b *builder) lambdas() {
	if b.options.NoLambda {
		return
	}
	for _, t := range b.objects {
		if t.key() == nil || !b.one(5) {
			continue
		}
		f := &field{name: b.fieldName(t)}
		f.of = b.result()
		f.typ = b.wrap(f.of, f.of != "Boolean" && b.one(3))
		if !b.claim(t, f, "") {
			continue
		}
		f.add("@lambda")
		t.fields = append(t.fields, f)
	}
}

// result is the name of a type that computed fields may have.
func (b *builder) result() string {
	names := []string{"String", "Int", "Boolean", "DateTime"}
	names = append(names, b.remotes...)
	for _, t := range b.objects {
		names = append(names, t.name)
	}
	return pick(b.Rand, names...)
}

func (b *builder) remote() {
	name := b.typeName([]string{"Weather", "Quote", "Stock", "Flight"})
	var text strings.Builder
	switch {
	case b.one(4):
		of := b.typeName([]string{"Forecast", "Entity"})
		fmt.Fprintf(&text, "interface %s @remote { label: String }\n", of)
		fmt.Fprintf(&text, "type %s implements %s @remote { label: String\n other: [%[1]s!] }", name, of)
		b.remotes = append(b.remotes, of)
	default:
		fmt.Fprintf(&text, "type %s @remote%s{", name, b.gap())
		fmt.Fprintf(&text, " id: ID! label: String%s", pick(b.Rand, "", ` @remoteResponse(name: "LABEL")`))
		if len(b.remotes) > 0 {
			fmt.Fprintf(&text, ", more: [%s]", pick(b.Rand, b.remotes...))
		}
		text.WriteString(" }")
	}
	b.remotes = append(b.remotes, name)
	b.blocks = append(b.blocks, text.String())
	if b.one(3) {
		b.enum(true)
	}
}

// root writes Query or Mutation.
func (b *builder) root(name, verb string) {
	t := &object{keyword: "type", name: name, extend: b.one(3)}
	for range 1 + b.IntN(3) {
		b.serial++
		f := &field{name: fmt.Sprint(verb, b.serial), of: b.result()}
		f.typ = b.wrap(f.of, f.of != "Boolean" && b.one(2))
		switch {
		case !b.options.NoLambda && b.one(3):
			f.arguments = b.arguments()
			f.add("@lambda")
		case name == "Query" && b.one(2):
			f.arguments = "(a: String!, n: Int)"
			f.add(`@custom(dql: """` + "\n  query q($a: string) {\n    " + f.name + `(func: eq(x, $a)) { n: count(uid) }` + "\n  }\n" + `""")`)
			if b.one(2) {
				f.add("@withSubscription")
			}
		case b.one(2):
			f.arguments = "(a: ID!, q: [String!])"
			f.add(`@custom(http: {url: "https://api.example.com/$a/x?q=$q", method: ` + pick(b.Rand, "GET", `"DELETE"`) + `})`)
		default:
			f.arguments = "(a: ID!, in: Int = 3)"
			f.add(`@custom(http: {url: "https://api.example.com/", method: POST, body: "{a: $a, b: {c: [$in]}}", ` +
				`secretHeaders: ["Auth:K"]})`)
		}
		t.fields = append(t.fields, f)
	}
	b.blocks = append(b.blocks, b.typeText(t))
}

// govern adds what decides who sees t and which operations it has.
func (b *builder) govern(t *object) {
	if b.one(4) {
		flags := func(names ...string) string {
			var s []string
			for _, n := range names {
				if b.one(2) {
					s = append(s, n+":"+b.space()+pick(b.Rand, "true", "false"))
				}
			}
			return "{" + strings.Join(s, ", ") + "}"
		}
		var args []string
		if b.one(2) && !t.embeds() {
			args = append(args, "query: "+flags("get", "query", "password", "aggregate"))
			t.hidden = true
		}
		if b.one(2) && !t.embeds() {
			args = append(args, "mutation: "+flags("add", "update", "delete"))
		}
		if b.one(2) {
			args = append(args, "subscription: "+pick(b.Rand, "true", "false"))
		}
		if len(args) > 0 {
			t.directives = append(t.directives, "@generate("+strings.Join(args, ", ")+")")
		}
	}
	if b.one(6) {
		t.directives = append(t.directives, "@withSubscription")
	}
	if !b.options.NoLambda && b.one(8) {
		t.directives = append(t.directives, pick(b.Rand, "@lambdaOnMutate(add: true)",
			"@lambdaOnMutate(add: true, update: false, delete: true)", "@lambdaOnMutate"))
	}
	if !b.options.NoAuth && b.one(5) {
		t.directives = append(t.directives, b.auth(t))
	}
	b.Shuffle(len(t.directives), func(i, j int) {
		t.directives[i], t.directives[j] = t.directives[j], t.directives[i]
	})
}

// embeds reports whether t has a vector. Without its get query it would miss
// the field vector_distance that Dgraph adds, which breaks what it implements;
// and only an update mutation makes Dgraph remove the filter of the vector,
// whose type does not exist.
func (t *object) embeds() bool {
	for _, f := range t.all() {
		if f.has("embedding") {
			return true
		}
	}
	return false
}

func (b *builder) auth(t *object) string {
	rule := func() string {
		if f := b.equatable(t); f != nil && !t.hidden && b.one(2) {
			return fmt.Sprintf(`{ rule: """query($USER: String!) { query%s(filter: { %s: { eq: $USER } }) { __typename } }""" }`,
				t.name, f.name)
		}
		return pick(b.Rand, `{ rule: "{$ROLE: { eq: \"ADMIN\" } }" }`, `{rule: "{ $ROLE: { in: [\"A\", \"B\"] } }"}`,
			`{ rule: "{$ROLE: { regexp: \"^a.*z$\" }}" }`)
	}
	var args []string
	for _, name := range []string{"query", "add", "update", "delete", "password"} {
		if !b.one(3) {
			continue
		}
		switch b.IntN(5) {
		case 0:
			args = append(args, fmt.Sprintf("%s: { or: [%s, %s] }", name, rule(), rule()))
		case 1:
			args = append(args, fmt.Sprintf("%s: { and: [%s %s] }", name, rule(), rule()))
		case 2:
			args = append(args, fmt.Sprintf("%s: { not: %s }", name, rule()))
		default:
			args = append(args, name+": "+rule())
		}
	}
	if len(args) == 0 {
		return pick(b.Rand, "@auth", "@auth()")
	}
	return "@auth(" + strings.Join(args, b.gap()) + ")"
}

// equatable is a field of t that a filter can compare, or nil.
func (b *builder) equatable(t *object) *field {
	for _, f := range t.all() {
		if f.of == "String" && f.id && !f.has("search") && !f.has("external") {
			return f
		}
	}
	return nil
}
