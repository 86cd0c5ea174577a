package usage_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/diff/api"
	"github.com/schemacheck/schemacheck/diff/internal/generate"
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/diff/usage"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// writer makes operations for an API. Most of them are valid.
type writer struct {
	*rand.Rand
	*api.Schema
	odd       int  // about one of so many things is wrong; 0 for none
	merged    bool // answers have few names, so that fields are to be merged
	variables []string
	fragments []string
	left      int // how many fields may still come
}

// operation is a random one, with its fragments.
func (w *writer) operation() string {
	w.variables, w.fragments, w.left = nil, nil, 30
	var keyword string
	var root *api.Type
	for root == nil || len(root.Fields) == 0 {
		switch w.IntN(5) {
		case 0, 1:
			keyword, root = "query", w.Query
		case 2, 3:
			keyword, root = "mutation", w.Mutation
		default:
			keyword, root = "subscription", w.Subscription
		}
	}
	body := "{ "
	n := 1
	if keyword != "subscription" {
		n += w.IntN(3)
	}
	for i := range n {
		body += fmt.Sprintf("r%d: ", i) + w.field(pick(w.Rand, root.Fields), 0) + " "
	}
	body += "}"
	text := keyword + " Op"
	if len(w.variables) > 0 {
		text += "(" + strings.Join(w.variables, ", ") + ")"
	}
	return text + " " + body + "\n" + strings.Join(w.fragments, "\n")
}

func (w *writer) wrong() bool { return w.odd > 0 && w.IntN(w.odd) == 0 }

func (w *writer) field(f *api.Field, depth int) string {
	w.left--
	text := f.Name
	if w.wrong() {
		text += "X"
	}
	var arguments []string
	for i, a := range f.Arguments {
		if f.Argument(a.Name) != f.Arguments[i] {
			continue // Dgraph makes two where an @id has the name of its own
		}
		if a.Type.NonNull && !w.wrong() || w.IntN(2) == 0 {
			name := a.Name
			if w.wrong() {
				name += "X"
			}
			arguments = append(arguments, name+": "+w.value(a.Type, 0, true))
		}
	}
	if len(arguments) > 0 {
		text += "(" + strings.Join(arguments, ", ") + ")"
	}
	gives := w.Type(f.Type.Named())
	switch w.IntN(12) {
	case 0:
		text += " @include(if: true)"
	case 1:
		if gives != nil && len(gives.Fields) > 0 {
			field := pick(w.Rand, gives.Fields).Name
			if w.wrong() {
				field = "gone"
			}
			text += fmt.Sprintf(" @cascade(fields: [%q])", field)
		}
	}
	composite := gives != nil && (gives.Kind == sdl.Object || gives.Kind == sdl.Interface || gives.Kind == sdl.Union)
	if composite != w.wrong() {
		text += " " + w.selection(gives, depth+1)
	}
	return text
}

func (w *writer) selection(of *api.Type, depth int) string {
	if of == nil {
		return "{ x }"
	}
	text := "{ __typename"
	for i := range w.IntN(4) {
		if len(of.Fields) == 0 || w.left < 0 {
			break
		}
		f := pick(w.Rand, of.Fields)
		if t := w.Type(f.Type.Named()); depth > 3 && t != nil && (t.Kind == sdl.Object || t.Kind == sdl.Interface || t.Kind == sdl.Union) {
			continue
		}
		alias := fmt.Sprintf("a%d_%d", depth, i)
		if w.merged {
			alias = pick(w.Rand, []string{"a", "b", "c"})
		}
		text += " " + alias + ": " + w.field(f, depth)
	}
	if w.IntN(4) == 0 && depth < 4 {
		on := of
		switch {
		case w.wrong():
			on = pick(w.Rand, w.Types)
		case of.Kind == sdl.Union && len(of.Members) > 0:
			on = w.Type(pick(w.Rand, of.Members))
		case of.Kind == sdl.Interface:
			for _, t := range w.Types {
				if slices.Contains(t.Interfaces, of.Name) && w.IntN(2) == 0 {
					on = t
				}
			}
		case len(of.Interfaces) > 0 && w.IntN(2) == 0:
			on = w.Type(pick(w.Rand, of.Interfaces))
		}
		if on != nil {
			inner := w.selection(on, depth+10*(1+w.IntN(100)))
			if w.IntN(2) == 0 {
				text += " ... on " + on.Name + " " + inner
			} else {
				name := fmt.Sprintf("F%d", len(w.fragments))
				w.fragments = append(w.fragments, "fragment "+name+" on "+on.Name+" "+inner)
				text += " ..." + name
			}
		}
	}
	return text + " }"
}

// value is a literal or a variable of a type. Lists are written as such: of other literals Dgraph looks at less.
func (w *writer) value(t *sdl.Type, depth int, variables bool) string {
	if variables && w.IntN(6) == 0 {
		of := t.String()
		if w.wrong() {
			of = pick(w.Rand, w.Types).Name
		} else if !t.NonNull && w.IntN(3) == 0 {
			of += "!"
		}
		name := fmt.Sprintf("$v%d", len(w.variables))
		declared := name + ": " + of
		if !t.NonNull && t.Elem == nil && depth < 4 && w.IntN(4) == 0 && of == t.String() {
			declared += " = " + w.value(t, 5, false)
		}
		w.variables = append(w.variables, declared)
		return name
	}
	// Two nulls are left out. Dgraph does not look at that of a DateTime! or an _Any!, and it makes [null] of that of a [Float!] in a
	// fragment and then refuses it.
	list := t.Elem != nil && t.Elem.NonNull
	if w.wrong() && t.Elem == nil && t.Name != "DateTime" && t.Name != "_Any" {
		return pick(w.Rand, []string{"3", "3.5", `"x"`, "true", "null", "WORD", "{}", "[]", "{gone: 3}", "99999999999"})
	}
	if !t.NonNull && !list && w.IntN(12) == 0 && t.Named() != "Int64" {
		return "null"
	}
	if t.Elem != nil {
		var items []string
		for range w.IntN(3) {
			items = append(items, w.value(t.Elem, depth+1, variables))
		}
		return "[" + strings.Join(items, ", ") + "]"
	}
	switch t.Name {
	case "Int":
		return "3"
	case "Int64":
		return pick(w.Rand, []string{"3", `"4"`})
	case "Float":
		return pick(w.Rand, []string{"3", "3.5"})
	case "Boolean":
		return "true"
	case "ID":
		return pick(w.Rand, []string{"3", `"0x3"`})
	}
	of := w.Type(t.Name)
	switch {
	case of == nil || of.Kind == sdl.Scalar:
		return `"x"`
	case of.Kind == sdl.Enum:
		return pick(w.Rand, of.Values).Name
	}
	var fields []string
	one := strings.HasSuffix(t.Name, "Filter") && of.Source.Type == nil || strings.Contains(t.Name, "_")
	for _, f := range of.Fields {
		optional := !f.Type.NonNull
		if optional && (depth > 3 || w.IntN(3) > 0 || one && len(fields) > 0) || !optional && (depth > 8 || w.wrong()) {
			continue
		}
		name := f.Name
		if w.wrong() {
			name += "X"
		}
		fields = append(fields, name+": "+w.value(f.Type, depth+1, variables))
	}
	return "{" + strings.Join(fields, ", ") + "}"
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// number is a setting of the environment.
func number(t *testing.T, variable string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(variable)
	n, err := strconv.ParseUint(cmp.Or(text, strconv.FormatUint(otherwise, 10)), 10, 64)
	if err != nil {
		t.Fatalf("reading %s: %v", variable, err)
	}
	return n
}

// TestRandomAgainstDgraph holds the verdicts on random operations to those of Dgraph's own code, and what a walk finds
// wrong to both. SCHEMACHECK_RANDOM=n tries n schemas instead of 20, SCHEMACHECK_SEED=n repeats a run.
func TestRandomAgainstDgraph(t *testing.T) {
	t.Parallel()
	oracle := dgraphtest.Oracle(t)
	first, count := number(t, "SCHEMACHECK_SEED", rand.Uint64N(1<<40)), number(t, "SCHEMACHECK_RANDOM", 20)
	t.Logf("SCHEMACHECK_SEED=%d", first)
	taken, refused := 0, 0
	for seed := first; seed < first+count; seed++ {
		rng := generate.Rand(seed)
		text := generate.Schema(rng, generate.Options{Types: 4})
		if !oracle.Schema(text, dgraphtest.SchemaOptions{LambdaURL: true}).Accepted() {
			continue
		}
		parsed, err := sdl.Parse(&sdl.File{Name: "schema.graphql", Text: text})
		if err != nil {
			t.Fatal(err)
		}
		some, others := againstDgraph(t, oracle, rng, fmt.Sprintf("seed %d", seed), text, parsed, 60)
		taken += some
		refused += others
	}
	t.Logf("Dgraph took %d operations and refused %d", taken, refused)
	if taken < int(count) || refused < int(count) {
		t.Errorf("the operations are one-sided: Dgraph took %d and refused %d", taken, refused)
	}
}

// TestCorpusAgainstDgraph does the same with the real schemas beside the repository, the largest left out: Dgraph needs
// long for them.
func TestCorpusAgainstDgraph(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../../shared/corpus/*/*.graphql")
	if err != nil || len(files) == 0 {
		t.Skip("no ../shared/corpus beside the repository")
	}
	oracle := dgraphtest.Oracle(t)
	seed := number(t, "SCHEMACHECK_SEED", rand.Uint64N(1<<40))
	t.Logf("SCHEMACHECK_SEED=%d", seed)
	schemas, taken, refused := 0, 0, 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if len(text) > 60<<10 || !oracle.Schema(string(text), dgraphtest.SchemaOptions{LambdaURL: true}).Accepted() {
			continue
		}
		parsed, err := sdl.Parse(&sdl.File{Name: "schema.graphql", Text: string(text)})
		if err != nil {
			t.Fatal(err)
		}
		some, others := againstDgraph(t, oracle, generate.Rand(seed), file, string(text), parsed, 15)
		schemas++
		taken += some
		refused += others
	}
	t.Logf("%d schemas: Dgraph took %d operations and refused %d", schemas, taken, refused)
	if schemas < 20 {
		t.Errorf("only %d schemas", schemas)
	}
}

// againstDgraph compares the verdicts on random operations for a schema with those of Dgraph, and counts what it took and
// what it refused.
func againstDgraph(t *testing.T, oracle *dgraphtest.Judge, rng *rand.Rand, name, text string, parsed *sdl.Schema, count int) (taken, refused int) {
	t.Helper()
	derived := api.Derive(schema.Resolve(parsed), api.Options{})
	a := usage.New(derived)
	w := &writer{Rand: rng, Schema: derived}
	var texts []string
	var asked []dgraphtest.Operation
	for i := range count {
		w.odd, w.merged = []int{0, 40, 15}[i%3], i%5 == 4
		text := w.operation()
		texts = append(texts, text)
		asked = append(asked, dgraphtest.Operation{Text: text})
	}
	for i, said := range oracle.Operations(text, asked) {
		walk := a.Check(parse(t, texts[i])[0])
		ours := walk.Refusals
		said = slices.DeleteFunc(said, notLookedAt)
		if (len(said) == 0) != (len(ours) == 0) {
			t.Errorf("%s: Dgraph says %q, and we %q to\n%s", name, said, ours, texts[i])
		}
		if (len(ours) == 0) != (len(walk.Faults) == 0) && !strings.Contains(strings.Join(ours, " "), "conflict because") {
			t.Errorf("%s: a walk finds wrong %v, and the validator says %q to\n%s", name, walk.Faults, ours, texts[i])
		}
		if len(said) == 0 {
			taken++
		} else {
			refused++
		}
	}
	return taken, refused
}

// notLookedAt reports whether an operation was refused for what is not looked at: the values of its variables, of which the
// test sends none and some stand in for, and arguments that differ where fields are merged.
func notLookedAt(reason string) bool {
	return strings.Contains(reason, "they have differing arguments") || reason == "must be defined" || reason == "cannot be null" || reason == "enums must be ints or strings" ||
		strings.HasPrefix(reason, "cannot use ")
}
