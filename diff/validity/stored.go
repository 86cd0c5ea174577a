package validity

import (
	"strconv"
	"strings"

	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/diff/storage"
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

// storedPredicates checks the predicate lines that Dgraph derives. Source: the
// DQL schema parser (schema/parse.go) and validateAlterOperation.
func (c *checker) storedPredicates() {
	for _, t := range c.schema.Types {
		if c.trouble[t.Name] {
			return // the lines would not be those that Dgraph sees
		}
	}
	stored := c.options.Storage
	if stored == nil {
		stored = storage.Derive(c.schema)
	}
	if c.federated {
		c.unstorable()
	}
	first := make(map[string]*predicateLine, len(stored.Predicates))
	for _, p := range stored.Predicates {
		c.checkLine(lineOf(p), first)
	}
}

// unstorable finds fields of the scalars of Apollo federation, for which Dgraph
// derives a predicate without a type.
func (c *checker) unstorable() {
	for _, t := range c.schema.Types {
		for _, f := range t.Fields {
			if name := f.Type().Named(); t.Stores() && f.Predicate != "" && f.Source == nil &&
				schema.Scalar(name) == "" && c.kind(name) == sdl.Scalar {
				c.updateProblem(f.Definition.Name.Span, f.Coordinate(), "%s has the type %s, which Dgraph cannot store", f.Coordinate(), name)
			}
		}
	}
}

// predicateLine is one line of the DQL schema and the element to blame for it.
type predicateLine struct {
	*storage.Predicate
	coordinate string
	span       sdl.Span
}

// lineOf finds whom to blame for a predicate: the first field that writes it,
// at its @dgraph(pred:) when it has one, else the type with the @secret.
func lineOf(p *storage.Predicate) *predicateLine {
	l := &predicateLine{Predicate: p}
	for _, f := range p.Fields {
		if f.Reverse && l.coordinate != "" || f.Source != nil {
			continue
		}
		l.coordinate, l.span = f.Coordinate(), f.Definition.Name.Span
		if v := f.Directive("dgraph").Arg("pred"); v != nil {
			l.span = v.Span
		}
		if !f.Reverse {
			return l
		}
	}
	if l.coordinate == "" && len(p.Secrets) > 0 {
		t := p.Secrets[0]
		l.coordinate, l.span = t.Name, t.Secret.Directive.Span
		if v := t.Secret.Directive.Arg("pred"); v != nil {
			l.span = v.Span
		}
	}
	return l
}

// checkLine checks one line of the DQL schema.
func (c *checker) checkLine(p *predicateLine, first map[string]*predicateLine) {
	name, ok := dqlName(p.Name)
	typ := p.Type
	if p.List {
		typ = "[" + typ + "]"
	}
	refuse := func(format string, args ...any) { c.updateProblem(p.span, p.coordinate, format, args...) }
	switch {
	case !ok:
		refuse("the predicate %q of %s cannot be read by DQL: use letters, digits, \"_\", \".\" and \"-\", or put the name in <angle brackets>", clip(p.Name), p.coordinate)
		return
	case strings.Contains(name, "@"):
		refuse("the predicate %q of %s contains \"@\", which only tags languages of String fields, outside of angle brackets", clip(p.Name), p.coordinate)
		return
	case len(name) > 65533:
		refuse("the predicate of %s is %d bytes long: 65533 is the most", p.coordinate, len(name))
		return
	case reservedStored(name) && predefined[name] != p.definition():
		refuse("the predicate %q of %s begins with \"dgraph.\", which Dgraph keeps for itself", clip(name), p.coordinate)
		return
	case first[name] != nil:
		refuse("%s and %s are stored in the same predicate %q, written in two ways: write it in one way", first[name].coordinate, p.coordinate, clip(name))
		return
	}
	first[name] = p
	switch {
	case p.Type == "":
		refuse("%s has a type that Dgraph has no storage for", p.coordinate)
	case p.Lang && (p.Type != "string" || p.List):
		refuse("the predicate %q has languages and the type %s: only a single String has languages", clip(name), typ)
	case p.Reverse && p.Type != "uid":
		refuse("the predicate %q is read backwards and has the type %s: only references can be read backwards", clip(name), typ)
	}
	sorted := ""
	for _, index := range p.Tokenizers {
		tokenizer, _, hasOptions := strings.Cut(index, "(")
		known := tokenizers[tokenizer]
		switch {
		case known.of != p.Type:
			refuse("the predicate %q is indexed by %s, which does not fit its type %s", clip(name), tokenizer, typ)
		case hasOptions && tokenizer != "hnsw":
			refuse("the search %s on %s has options: only hnsw takes options", tokenizer, p.coordinate)
		case hasOptions:
			c.hnswOptions(p)
		case known.sortable && sorted != "":
			refuse("the predicate %q is indexed by %s and %s, both of which sort: Dgraph allows one", clip(name), sorted, tokenizer)
		case known.sortable:
			sorted = tokenizer
		}
	}
}

// definition is the line without the name and the dot.
func (p *predicateLine) definition() string {
	return strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(p.String(), p.Name+": "), "."))
}

// hnswOptions checks the options of a vector index. Source: AllowedOptions of
// the hnsw factory.
func (c *checker) hnswOptions(p *predicateLine) {
	for _, f := range p.Fields {
		by := f.Directive("search").Arg("by")
		if by == nil || f.Source != nil {
			continue
		}
		for _, v := range by.List {
			options, _ := schema.SearchOptions(v.Raw)
			for _, o := range options {
				c.hnswOption(p, o)
			}
		}
	}
}

func (c *checker) hnswOption(p *predicateLine, o schema.SearchOption) {
	switch o.Name {
	case "exponent", "maxLevels", "efConstruction", "efSearch":
		if _, err := strconv.Atoi(o.Value); err != nil {
			c.updateProblem(p.span, p.coordinate, "the option %s of hnsw on %s is %q: it must be a whole number", o.Name, p.coordinate, clip(o.Value))
		}
	case "metric":
		if o.Value != "euclidean" && o.Value != "cosine" && o.Value != "dotproduct" {
			c.updateProblem(p.span, p.coordinate, "the metric of hnsw on %s is %q: it can be euclidean, cosine or dotproduct", p.coordinate, clip(o.Value))
		}
	default:
		known := []string{"efConstruction", "efSearch", "exponent", "maxLevels", "metric"}
		c.updateProblem(p.span, p.coordinate, "hnsw on %s has the option %q, which it does not know: there are %s%s", p.coordinate, clip(o.Name), allOf(known), nearest(o.Name, known))
	}
}
