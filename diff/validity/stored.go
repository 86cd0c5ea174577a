package validity

import (
	"slices"
	"strconv"
	"strings"

	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// storedTypes checks the names under which types are stored, as the server
// reads them in the DQL schema. Source: parseSchemaFromAlterOperation.
func (c *checker) storedTypes() {
	first := map[string]*schema.Type{}
	for _, t := range c.schema.Types {
		if !t.Stores() || c.trouble[t.Name] {
			continue
		}
		span := t.Definition.Name.Span
		if v := t.Directive("dgraph").Arg("type"); v != nil {
			span = v.Span
		}
		name, ok := dqlName(t.Stored)
		switch {
		case !ok:
			c.updateProblem(span, t.Name, "the stored type %q of %s cannot be read by DQL: use letters, digits, \"_\", \".\" and \"-\", or put the name in <angle brackets>", clip(t.Stored), t.Name)
		case reservedStored(name):
			c.updateProblem(span, t.Name, "the stored type %q of %s begins with \"dgraph.\", which Dgraph keeps for itself", clip(name), t.Name)
		case first[name] != nil:
			c.updateProblem(span, t.Name, "%s and %s are both stored as %q: every type needs a stored type of its own", first[name].Name, t.Name, clip(name))
		default:
			first[name] = t
		}
	}
}

func reservedStored(name string) bool { return strings.HasPrefix(strings.ToLower(name), "dgraph.") }

// dqlName is the name that DQL reads where text is written for one, and
// whether it reads exactly one.
func dqlName(text string) (string, bool) {
	text = strings.Trim(text, " \t")
	if iri, ok := strings.CutPrefix(text, "<"); ok {
		iri, ok = strings.CutSuffix(iri, ">")
		return iri, ok && iri != "" && iriText(iri)
	}
	for i, r := range []byte(text) {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_'
		if !letter && (i == 0 || !(r >= '0' && r <= '9' || r == '.' || r == '-')) {
			return "", false
		}
	}
	return text, text != ""
}

// iriText reports whether the characters can stand in <angle brackets>.
func iriText(text string) bool {
	for i := 0; i < len(text); i++ {
		switch b := text[i]; {
		case b <= ' ' || strings.IndexByte("<>\"{}|^`", b) >= 0:
			return false
		case b == '\\':
			digits := 0
			if i+1 < len(text) && text[i+1] == 'u' {
				digits = 4
			} else if i+1 < len(text) && text[i+1] == 'U' {
				digits = 8
			}
			if digits == 0 || i+2+digits > len(text) {
				return false
			}
			if _, err := strconv.ParseUint(text[i+2:i+2+digits], 16, 64); err != nil {
				return false
			}
		}
	}
	return true
}

// predefined are the predicates under "dgraph." that a schema may name when it
// declares them exactly as Dgraph does. Source: CompleteInitialSchema.
var predefined = map[string]string{
	"dgraph.type":            "[string] @index(exact)",
	"dgraph.xid":             "string @index(exact) @upsert",
	"dgraph.password":        "password",
	"dgraph.user.group":      "[uid] @reverse",
	"dgraph.acl.rule":        "[uid]",
	"dgraph.rule.predicate":  "string @index(exact) @upsert",
	"dgraph.rule.permission": "int",
	"dgraph.graphql.schema":  "string",
	"dgraph.graphql.xid":     "string @index(exact) @upsert",
	"dgraph.drop.op":         "string",
}

// tokenizers are the value types of the DQL tokenizers that @search can ask
// for, and whether values can be sorted by them.
var tokenizers = map[string]struct {
	of       string
	sortable bool
}{
	"int": {"int", true}, "float": {"float", true}, "bool": {"bool", false}, "geo": {"geo", false},
	"year": {"dateTime", true}, "month": {"dateTime", true}, "day": {"dateTime", true}, "hour": {"dateTime", true},
	"hash": {"string", false}, "exact": {"string", true}, "term": {"string", false}, "fulltext": {"string", false},
	"trigram": {"string", false}, "ngram": {"string", false}, "hnsw": {"float32vector", false},
}

// predicateLine is one line of the DQL schema in the making. Source:
// genDgSchema, with its peculiarities: the type is the first field's, the
// tokenizers are everybody's, the language is the last field's.
type predicateLine struct {
	typ                     string // without brackets, "" when only read backwards
	list                    bool
	indexes                 []string
	upsert, language, named bool
	reverse                 bool
	owner, coordinate       string
	span                    sdl.Span
}

// storedPredicates checks the predicate lines that Dgraph derives.
func (c *checker) storedPredicates() {
	for _, t := range c.schema.Types {
		if c.trouble[t.Name] {
			return // the lines would not be those that Dgraph sees
		}
	}
	lines := map[string]*predicateLine{}
	var order []string
	line := func(name string) *predicateLine {
		if lines[name] == nil {
			lines[name] = &predicateLine{}
			order = append(order, name)
		}
		return lines[name]
	}
	for _, t := range c.schema.Types {
		if !t.Stores() {
			continue
		}
		prefix := t.Stored
		for _, f := range t.Fields {
			if f.Computed() || c.foreign(f) || f.Type().Named() == "ID" && !(f.Has("external") && f.Key()) {
				continue
			}
			prefix = t.Stored
			inherited := source(t, f.Name)
			if inherited != nil {
				prefix = inherited.Stored
				continue
			}
			c.addPredicate(f, prefix, line)
		}
		if d, i := secretOf(t); d != nil && i == nil {
			pred, span := prefix+"."+d.Arg("field").Raw, d.Span
			if v := d.Arg("pred"); v != nil {
				pred, span = v.Raw, v.Span
			}
			*line(pred) = predicateLine{typ: "password", named: true, owner: t.Name, coordinate: t.Name, span: span}
		}
	}
	first := map[string]*predicateLine{}
	for _, pred := range order {
		if p := lines[pred]; p.named {
			c.checkLine(pred, p, first)
		}
	}
}

// addPredicate adds what the field f says about its predicate.
func (c *checker) addPredicate(f *schema.Field, prefix string, line func(string) *predicateLine) {
	pred, span := prefix+"."+f.Name, f.Definition.Name.Span
	if v := f.Directive("dgraph").Arg("pred"); v != nil {
		pred, span = v.Raw, v.Span
	}
	typeName := f.Type().Named()
	kind := c.kind(typeName)
	p := predicateLine{list: f.Type().List(), named: true, owner: f.Owner.Name, coordinate: f.Coordinate(), span: span}
	switch {
	case schema.Geo(typeName):
		p.typ, p.list = "geo", false
		if f.Has("search") {
			p.indexes = []string{"geo"}
		}
	case kind == sdl.Object || kind == sdl.Interface || kind == sdl.Union:
		if forward, ok := strings.CutPrefix(pred, "~"); ok {
			line(forward).reverse = true
			return
		}
		p.typ = "uid"
	case kind == sdl.Enum:
		p.typ = "string"
		p.indexes = []string{"hash"}
		if v := f.Directive("search").Arg("by"); v != nil {
			p.indexes = indexes(v)
		}
	default:
		p.typ = schema.Scalar(typeName)
		if p.typ == "uid" {
			p.typ = "string"
		}
		if d := f.Directive("search"); d != nil {
			if v := d.Arg("by"); v != nil {
				p.indexes = indexes(v)
			} else {
				p.indexes = []string{schema.Searches[schema.DefaultSearch(typeName)].Index}
			}
		}
		if f.Has("id") || typeName == "ID" {
			p.upsert = true
			switch typeName {
			case "Int", "Int64":
				p.indexes = append(p.indexes, "int")
			default:
				if !slices.Contains(p.indexes, "exact") {
					p.indexes = append(p.indexes, "hash")
				}
			}
		}
		if f.Has("embedding") {
			p.typ, p.list = "float32vector", false
		}
		if base, _, ok := strings.Cut(pred, "@"); ok {
			pred, p.language = base, true
		}
	}
	into := line(pred)
	reference := p.typ == "uid"
	if into.named {
		for _, index := range p.indexes {
			if !slices.Contains(into.indexes, index) {
				into.indexes = append(into.indexes, index)
			}
		}
		if reference {
			into.typ, into.list = p.typ, p.list
		} else {
			into.language = p.language
		}
		return
	}
	p.reverse = into.reverse
	indexes := p.indexes
	p.indexes = nil
	for _, index := range indexes {
		if !slices.Contains(p.indexes, index) {
			p.indexes = append(p.indexes, index)
		}
	}
	*into = p
}

// indexes are the tokenizers, with options, that the arguments of @search ask
// for.
func indexes(by *sdl.Value) []string {
	var names []string
	for _, v := range by.List {
		text := schema.Searches[searchName(v.Raw)].Index
		if options, ok := searchOptions(v.Raw); ok && len(options) > 0 {
			text += "("
			for _, o := range options {
				text += o.name + ":" + o.value + ","
			}
		}
		names = append(names, text)
	}
	return names
}

// checkLine checks one line of the DQL schema.
func (c *checker) checkLine(pred string, p *predicateLine, first map[string]*predicateLine) {
	name, ok := dqlName(pred)
	typ := p.typ
	if p.list {
		typ = "[" + typ + "]"
	}
	refuse := func(format string, args ...any) { c.updateProblem(p.span, p.coordinate, format, args...) }
	switch {
	case !ok:
		refuse("the predicate %q of %s cannot be read by DQL: use letters, digits, \"_\", \".\" and \"-\", or put the name in <angle brackets>", clip(pred), p.coordinate)
		return
	case strings.Contains(name, "@"):
		refuse("the predicate %q of %s contains \"@\", which only tags languages of String fields, outside of angle brackets", clip(pred), p.coordinate)
		return
	case len(name) > 65533:
		refuse("the predicate of %s is %d bytes long: 65533 is the most", p.coordinate, len(name))
		return
	case reservedStored(name) && predefined[name] != p.String():
		refuse("the predicate %q of %s begins with \"dgraph.\", which Dgraph keeps for itself", clip(name), p.coordinate)
		return
	case first[name] != nil:
		refuse("%s and %s are stored in the same predicate %q, written in two ways: write it in one way", first[name].coordinate, p.coordinate, clip(name))
		return
	}
	first[name] = p
	switch {
	case p.typ == "":
		refuse("%s has a type that Dgraph has no storage for", p.coordinate)
	case p.language && (p.typ != "string" || p.list):
		refuse("the predicate %q has languages and the type %s: only a single String has languages", clip(name), typ)
	case p.reverse && p.typ != "uid":
		refuse("the predicate %q is read backwards and has the type %s: only references can be read backwards", clip(name), typ)
	}
	sorted := ""
	for _, index := range p.indexes {
		tokenizer, options, hasOptions := strings.Cut(index, "(")
		known := tokenizers[tokenizer]
		switch {
		case known.of != p.typ:
			refuse("the predicate %q is indexed by %s, which does not fit its type %s", clip(name), tokenizer, typ)
		case hasOptions && tokenizer != "hnsw":
			refuse("the search %s on %s has options: only hnsw takes options", tokenizer, p.coordinate)
		case hasOptions:
			c.hnswOptions(p, strings.Split(strings.TrimSuffix(options, ","), ","))
		case known.sortable && sorted != "":
			refuse("the predicate %q is indexed by %s and %s, both of which sort: Dgraph allows one", clip(name), sorted, tokenizer)
		case known.sortable:
			sorted = tokenizer
		}
	}
}

// String is the line without the name, in DQL.
func (p *predicateLine) String() string {
	text := p.typ
	if p.list {
		text = "[" + text + "]"
	}
	if len(p.indexes) > 0 {
		text += " @index(" + strings.Join(slices.Sorted(slices.Values(p.indexes)), ", ") + ")"
	}
	if p.upsert {
		text += " @upsert"
	}
	if p.reverse {
		text += " @reverse"
	}
	return text
}

// hnswOptions checks the options of a vector index. Source: AllowedOptions of
// the hnsw factory.
func (c *checker) hnswOptions(p *predicateLine, options []string) {
	for _, o := range options {
		name, value, _ := strings.Cut(o, ":")
		switch name {
		case "exponent", "maxLevels", "efConstruction", "efSearch":
			if _, err := strconv.Atoi(value); err != nil {
				c.updateProblem(p.span, p.coordinate, "the option %s of hnsw on %s is %q: it must be a whole number", name, p.coordinate, clip(value))
			}
		case "metric":
			if value != "euclidean" && value != "cosine" && value != "dotproduct" {
				c.updateProblem(p.span, p.coordinate, "the metric of hnsw on %s is %q: it can be euclidean, cosine or dotproduct", p.coordinate, clip(value))
			}
		default:
			known := []string{"efConstruction", "efSearch", "exponent", "maxLevels", "metric"}
			c.updateProblem(p.span, p.coordinate, "hnsw on %s has the option %q, which it does not know: there are %s%s", p.coordinate, clip(name), allOf(known), nearest(name, known))
		}
	}
}
