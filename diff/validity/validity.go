// Package validity says what Dgraph would refuse in a schema, and where.
//
// Dgraph judges a schema in stages and stops at the first one that finds
// something: the settings in comments, the grammar, its own rules before and
// after GraphQL's, the API that it generates, the storage schema that it sends
// to itself. Check finds what all of them would find, in one go, without
// touching the network; what only a running server can know is reported as
// not checked.
package validity

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/diff/storage"
)

// Options say what is known of the server. The zero value is a server of which
// nothing is known.
type Options struct {
	// Lambda says that the server runs with a lambda-url, without which it
	// refuses @lambda and @lambdaOnMutate. When false, their uses are reported
	// as not checked.
	Lambda bool
	// Storage is what storage.Derive makes of the schema, where that is at
	// hand already; nil derives it when it is needed.
	Storage *storage.Schema
}

// Result is what Check found, each list in the order of the files' bytes.
type Result struct {
	Problems  []Problem
	Unchecked []Unchecked
}

// Valid reports whether Dgraph accepts the text. A schema with problems of
// kind Update alone is valid, and cannot be applied all the same.
func (r Result) Valid() bool {
	return !slices.ContainsFunc(r.Problems, func(p Problem) bool { return !p.Update })
}

// Problem is one reason to refuse the schema.
type Problem struct {
	Span       sdl.Span // zero when the whole schema is meant
	Coordinate string   // of the element, "User.name"; empty when there is none
	Message    string
	// Update says that the text passes Dgraph's validation and that only
	// updateGQLSchema refuses it. Source: parseSchemaFromAlterOperation.
	Update bool
}

// Unchecked is something that only a running server can check.
type Unchecked struct {
	Span       sdl.Span
	Coordinate string
	Message    string
}

// The checks, by what they look at. All of them run on every schema; within a
// list the order is that of Dgraph's stages. Checks of the last list look at
// what Dgraph derives from the schema and leave out types that are in trouble.
var (
	schemaChecks = []func(*checker){
		(*checker).settings,
		(*checker).directiveDefinitions,
		(*checker).roots,
		(*checker).typeNames,
		(*checker).operationNames,
	}
	typeChecks = []func(*checker, *schema.Type){
		(*checker).extension,
		(*checker).contents,
		(*checker).typeDirectives,
		(*checker).members,
		(*checker).implements,
		(*checker).oneID,
		(*checker).storedName,
		(*checker).secret,
		(*checker).remote,
		(*checker).generate,
		(*checker).lambdaOnMutate,
		(*checker).key,
		(*checker).auth,
	}
	// fieldChecks and directiveChecks need the type of the field to exist.
	// Dgraph looks at every use of a directive, also when there are several.
	fieldChecks = []func(*checker, *schema.Field){
		(*checker).fieldKind,
		(*checker).fieldName,
		(*checker).fieldList,
		(*checker).reservedArguments,
		(*checker).subscription,
	}
	directiveChecks = map[string]func(*checker, *schema.Field, *sdl.Directive){
		"search":         (*checker).search,
		"embedding":      (*checker).embedding,
		"dgraph":         (*checker).predicate,
		"id":             (*checker).id,
		"default":        (*checker).defaults,
		"custom":         (*checker).custom,
		"lambda":         (*checker).lambda,
		"external":       (*checker).external,
		"requires":       (*checker).requires,
		"provides":       (*checker).provides,
		"remoteResponse": (*checker).remoteResponse,
	}
	derivedChecks = []func(*checker){
		(*checker).inverses,
		(*checker).sharedPredicates,
		(*checker).emptyAPI,
		(*checker).rewritten,
		(*checker).generatedTypes,
		(*checker).generatedOperations,
		(*checker).crashes,
		(*checker).authQueries,
		(*checker).storedTypes,
		(*checker).storedPredicates,
	}
)

// Check finds everything that Dgraph would refuse in s. It accepts any schema
// that parses and never touches the network.
func Check(s *schema.Schema, options Options) Result {
	c := &checker{
		schema:  s,
		options: options,
		seen:    map[finding]bool{},
		trouble: map[string]bool{},
		lookup:  newLookup(),
		inverse: map[*schema.Field]string{},
	}
	c.prepare()
	if len(s.Source.Definitions) == 0 {
		c.problem(sdl.Span{}, "", "the schema declares no type: Dgraph needs at least one type to generate an API for")
	}
	for _, check := range schemaChecks {
		check(c)
	}
	// Interfaces go first, so that what is wrong with an inherited field is
	// told once, of the interface.
	c.each(func(t *schema.Type) bool { return t.Kind == sdl.Interface })
	c.each(func(t *schema.Type) bool { return t.Kind != sdl.Interface })
	for _, check := range derivedChecks {
		check(c)
	}
	order := func(a, b sdl.Span) int {
		return cmp.Or(cmp.Compare(c.fileOrder[a.File], c.fileOrder[b.File]), cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End))
	}
	slices.SortStableFunc(c.result.Problems, func(a, b Problem) int { return order(a.Span, b.Span) })
	slices.SortStableFunc(c.result.Unchecked, func(a, b Unchecked) int { return order(a.Span, b.Span) })
	return c.result
}

// checker is one run of Check.
type checker struct {
	schema  *schema.Schema
	options Options
	result  Result
	seen    map[finding]bool
	// trouble holds the names of the types that have a problem.
	trouble map[string]bool

	lookup     lookup
	fileOrder  map[*sdl.File]int
	directives map[string]*directive
	// federated says that some type has @key, which is what makes Dgraph add
	// the types and directives of Apollo federation.
	federated bool
	// queryRoot is the type that a schema block makes the type of queries.
	queryRoot string
	// names are the types to suggest, made when first needed.
	names       []string
	suggestions int
	// generatedNames are the reserved type names, made when first needed.
	generatedNames map[string]string
	// authAPI is the generated API, made when the first rule of @auth needs it.
	authAPI *authAPI
	// secrets are the names that lines with Dgraph.Secret declare.
	secrets   map[string]bool
	authRules []authRule
	// inverse is what @hasInverse says of each field, declared or implied.
	inverse map[*schema.Field]string
}

// finding tells whether a problem was reported before: an inherited field is
// looked at once per type.
type finding struct {
	span   sdl.Span
	format string
}

func (c *checker) prepare() {
	c.fileOrder = map[*sdl.File]int{}
	for i, f := range c.schema.Source.Files {
		c.fileOrder[f] = i + 1
	}
	c.federated = slices.ContainsFunc(c.schema.Types, func(t *schema.Type) bool { return t.Directive("key") != nil })
	for _, extend := range []bool{false, true} {
		for _, r := range c.schema.Source.Roots {
			for _, op := range r.Operations {
				if r.Extend == extend && op.Operation.Text == "query" {
					c.queryRoot = op.Type.Text
				}
			}
		}
	}
	c.directives = c.knownDirectives()
}

// each runs the checks of types and fields on the types that want selects.
func (c *checker) each(want func(*schema.Type) bool) {
	for _, t := range c.schema.Types {
		if !want(t) {
			continue
		}
		for _, check := range typeChecks {
			check(c, t)
		}
		c.writtenFields(t)
		for _, f := range t.Fields {
			if c.kind(f.Type().Named()) == 0 {
				continue
			}
			for _, check := range fieldChecks {
				check(c, f)
			}
			for _, d := range f.Definition.Directives {
				if check := directiveChecks[d.Name.Text]; check != nil {
					check(c, f, d)
				}
			}
		}
	}
}

// problem reports a reason for which Dgraph refuses the text.
func (c *checker) problem(span sdl.Span, coordinate, format string, args ...any) {
	c.add(Problem{Span: span, Coordinate: coordinate}, format, args)
}

// updateProblem reports a reason for which only an update is refused.
func (c *checker) updateProblem(span sdl.Span, coordinate, format string, args ...any) {
	c.add(Problem{Span: span, Coordinate: coordinate, Update: true}, format, args)
}

func (c *checker) add(p Problem, format string, args []any) {
	if c.seen[finding{p.Span, format}] {
		return
	}
	c.seen[finding{p.Span, format}] = true
	p.Message = fmt.Sprintf(format, args...)
	c.result.Problems = append(c.result.Problems, p)
	typeName, _, _ := strings.Cut(p.Coordinate, ".")
	c.trouble[typeName] = true
}

// unchecked reports what only a running server can know.
func (c *checker) unchecked(span sdl.Span, coordinate, format string, args ...any) {
	if c.seen[finding{span, format}] {
		return
	}
	c.seen[finding{span, format}] = true
	c.result.Unchecked = append(c.result.Unchecked, Unchecked{span, coordinate, fmt.Sprintf(format, args...)})
}

// kind is the kind of the user's or built-in type of that name, 0 when there
// is none. It knows the types of Apollo federation where Dgraph adds them.
func (c *checker) kind(name string) sdl.Kind {
	if k := c.schema.Kind(name); k != 0 {
		return k
	}
	if c.federated {
		switch name {
		case "_Any", "_FieldSet":
			return sdl.Scalar
		case "_Service":
			return sdl.Object
		case "_Entity":
			return sdl.Union
		}
	}
	return 0
}
