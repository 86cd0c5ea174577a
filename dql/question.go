package dql

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Question is one thing to ask about stored data. It is a value without state, made by the functions of this
// package: it can be kept, and asked again. Names are those on the server. A question whose names cannot be
// written in DQL is never sent; its answer says so.
type Question struct {
	// touches are the predicates that it reads, also to filter by; a user must be allowed to read them all.
	touches []string
	// looksAt is the predicate whose values or edges are asked about, or "".
	looksAt string
	kind    want
	// hoards says that it remembers something about each node.
	hoards  bool
	refusal error // why the question cannot be put
	// others are types whose names are looked at when it is asked: thousands of questions can have the same thousands of them.
	others  []string
	prepare func(s *sight) (inquiry, error)
}

// want is what has to lie under a predicate so that a question makes sense.
type want uint8

const (
	anything    want = iota // presence only
	valuesOnly              // values that can be read
	edgesOnly               // edges
	anyReadable             // values that can be read, or edges
)

// Field is a predicate on the nodes of some stored types.
type Field struct {
	// Types are the stored types whose nodes are looked at; a node with several of them counts once. Of an
	// interface the stored type is enough: the nodes of implementing types have it as well. Without types all
	// nodes with the predicate are looked at.
	Types []string
	// Predicate is its name as it is stored, such as "User.email".
	Predicate string
	// Lang chooses among the values of a predicate with @lang: "" is the one without a tag, "*" are all, and
	// everything else is the value with that tag. Where the predicate has no @lang, "*" is the same as "".
	Lang string
}

// Side is one of the two predicates of a pair of inverse edges.
type Side struct {
	// Types are those of the nodes that have the edges; without types all nodes.
	Types     []string
	Predicate string
	// List says that a node can have several of these edges.
	List bool
}

// Value is a stored value as the server gives it.
type Value struct {
	// Data is a string (also for a dateTime), json.Number, bool, map[string]any for geo, or []any for a vector.
	Data any
	// Lang is its language tag, or "".
	Lang string
	// Type is the type of the predicate in the DQL schema, such as "string", "int" or "datetime".
	Type string
}

// Judge says whether a value fits. The verdict is counted, for values that fit as well; "" is not. It is called
// by one goroutine at a time for each question.
type Judge func(v Value) (verdict string, fits bool)

// Nodes counts the nodes with any of the stored types.
func Nodes(types ...string) Question {
	q := Question{}
	q.names(types...)
	if len(types) == 0 {
		q.refuse(errors.New("no types are given"))
	}
	q.touch(dgraphType)
	q.prepare = func(s *sight) (inquiry, error) { return newPresence(s, typesRoot(types), ""), nil }
	return q
}

// Untagged counts the nodes of the types that do not have the other type.
func Untagged(other string, types ...string) Question { return nodesAnd("NOT ", other, types) }

// Tagged counts the nodes of the types that have the other type too.
func Tagged(other string, types ...string) Question { return nodesAnd("", other, types) }

func nodesAnd(not, other string, types []string) Question {
	q := Nodes(types...)
	q.names(other)
	q.prepare = func(s *sight) (inquiry, error) {
		return newPresence(s, typesRoot(types), not+typesRoot([]string{other})), nil
	}
	return q
}

// Values counts the nodes that have a value or an edge under the predicate.
func Values(f Field) Question {
	q := f.question(anything)
	q.prepare = func(s *sight) (inquiry, error) {
		h, err := s.held(f)
		if err != nil {
			return nil, err
		}
		if len(f.Types) == 0 {
			return newPresence(s, h.root(), ""), nil
		}
		return newHolding(s, h.root(), h.has(), ""), nil
	}
	return q
}

// Missing counts the nodes of the types that have no value and no edge under the predicate. A field needs types
// for this. What is under a tag counts as present only with Lang "*" or that tag.
func Missing(f Field) Question {
	q := f.question(anything)
	if len(f.Types) == 0 {
		q.refuse(errors.New("no types are given"))
	}
	q.prepare = func(s *sight) (inquiry, error) {
		h, err := s.held(f)
		if err != nil {
			return nil, err
		}
		return newHolding(s, h.root(), h.has(), "NOT "), nil
	}
	return q
}

// Duplicates finds the values that several nodes have. Of a list each value counts. "" is counted apart, and so
// are values that are nearly equal.
func Duplicates(f Field) Question {
	q := f.question(valuesOnly)
	q.hoards = true
	q.prepare = func(s *sight) (inquiry, error) { return newDuplicates(s, f, false) }
	return q
}

// DuplicatesAs is [Duplicates] of what the values are read as under another type, in the form that values have;
// those that are not read at all are left out.
func DuplicatesAs(f Field, read func(Value) (data any, ok bool)) Question {
	q := f.question(valuesOnly)
	q.hoards = true
	q.prepare = func(s *sight) (inquiry, error) {
		d, err := newDuplicates(s, f, false)
		if err == nil {
			d.read = read
		}
		return d, err
	}
	return q
}

// DuplicatesAcross is [Duplicates], but finds only the values whose nodes have none of the types in common: what
// @id(interface: true) forbids in addition to @id. Types are those that implement the interface.
func DuplicatesAcross(f Field) Question {
	q := f.question(valuesOnly)
	q.hoards = true
	q.touch(dgraphType)
	if len(f.Types) == 0 {
		q.refuse(errors.New("no types are given"))
	}
	q.prepare = func(s *sight) (inquiry, error) { return newDuplicates(s, f, true) }
	return q
}

// Unfit has all values judged. The histogram counts the values by verdict; "unreadable" are those that the
// server fails to read, by nodes.
func Unfit(f Field, judge Judge) Question {
	q := f.question(valuesOnly)
	if judge == nil {
		q.refuse(errors.New("nobody is there to judge the values"))
	}
	q.prepare = func(s *sight) (inquiry, error) {
		return newJudgement(s, f, func(v Value) (string, bool, bool) {
			verdict, fits := judge(v)
			return verdict, verdict != "", fits
		}, nil)
	}
	return q
}

// Outside finds values that are none of the members of an enum. The histogram counts them by value.
func Outside(f Field, members ...string) Question {
	inside := make(map[string]bool, len(members))
	for _, m := range members {
		inside[m] = true
	}
	q := f.question(valuesOnly)
	q.prepare = func(s *sight) (inquiry, error) {
		return newJudgement(s, f, func(v Value) (string, bool, bool) {
			text := textOf(v.Data)
			return text, !inside[text], inside[text]
		}, nil)
	}
	return q
}

// IndexLimit is the size from which Dgraph refuses a value where it indexes it as a whole, in bytes
// (edgraph/server.go, validateMutation).
const IndexLimit = 65000

// Larger finds values of more bytes than the limit, which is [IndexLimit] in most cases. Samples show the sizes.
func Larger(f Field, limit int) Question {
	q := f.question(valuesOnly)
	q.prepare = func(s *sight) (inquiry, error) {
		return newJudgement(s, f, func(v Value) (string, bool, bool) { return "", false, len(textOf(v.Data)) <= limit },
			func(v any) any { return sizeOf(v) })
	}
	return q
}

// Several finds the nodes with more than one value or edge under the predicate. The histogram counts nodes by
// the number of their values, samples show that number.
func Several(f Field) Question {
	q := f.question(anything)
	q.prepare = func(s *sight) (inquiry, error) { return newSeveral(s, f) }
	return q
}

// Leftover finds the nodes that have a value or an edge under the predicate and none of the types; without types
// all that have it. The histogram counts the nodes by their dgraph.type, and under "" those without one; a node
// with several counts under each.
func Leftover(f Field) Question {
	q := f.question(anything)
	q.touch(dgraphType)
	q.prepare = func(s *sight) (inquiry, error) {
		h, err := s.held(Field{Predicate: f.Predicate, Lang: f.Lang})
		if err != nil {
			return nil, err
		}
		filter := ""
		if len(f.Types) > 0 {
			filter = "NOT " + typesRoot(f.Types)
		}
		return newTyped(s, h.root(), filter), nil
	}
	return q
}

// Undeclared finds the nodes that have a dgraph.type but none of those that are declared, nor one of Dgraph's
// own. The histogram counts them by their types.
func Undeclared(declared ...string) Question {
	q := Question{}
	q.names(declared...)
	q.touch(dgraphType)
	q.prepare = func(s *sight) (inquiry, error) {
		return newTyped(s, "has("+dgraphType+")", "NOT "+typesRoot(append(slices.Clone(ownTypes), declared...))), nil
	}
	return q
}

// Lone finds the nodes of the stored type that have none of the others. The histogram counts them by all their
// types, this one included.
func Lone(of string, others ...string) Question {
	q := Nodes(of)
	q.others = others
	q.prepare = func(s *sight) (inquiry, error) { return newTyped(s, typesRoot([]string{of}), exceptTypes(others)), nil }
	return q
}

// CountLone is [Lone] without the histogram: the server counts.
func CountLone(of string, others ...string) Question {
	q := Lone(of, others...)
	q.prepare = func(s *sight) (inquiry, error) {
		return newPresence(s, typesRoot([]string{of}), exceptTypes(others)), nil
	}
	return q
}

// exceptTypes is the filter for nodes with none of the types.
func exceptTypes(types []string) string {
	if len(types) == 0 {
		return ""
	}
	return "NOT " + typesRoot(types)
}

// Untyped finds the nodes without dgraph.type that have something under one of the predicates. The histogram
// counts them by predicate.
func Untyped(predicates ...string) Question {
	q := Question{hoards: true}
	q.names(predicates...)
	q.touch(dgraphType)
	q.touch(predicates...)
	q.prepare = func(s *sight) (inquiry, error) { return newUntyped(s, predicates) }
	return q
}

// Mistargeted finds the nodes with edges whose target has none of the types. Targets without any type are among
// them. Samples show the first of the targets.
func Mistargeted(f Field, targets ...string) Question {
	q := f.question(edgesOnly)
	q.names(targets...)
	q.touch(dgraphType)
	if len(targets) == 0 {
		q.refuse(errors.New("no types of targets are given"))
	}
	q.prepare = func(s *sight) (inquiry, error) { return newTargets(s, f, "NOT "+typesRoot(targets), "") }
	return q
}

// Leading finds the nodes with edges whose target has one of the types.
func Leading(f Field, targets ...string) Question {
	q := Mistargeted(f, targets...)
	q.prepare = func(s *sight) (inquiry, error) { return newTargets(s, f, typesRoot(targets), "") }
	return q
}

// Dangling finds the nodes with edges whose target has no dgraph.type: it was deleted, or never was a node of
// any type. Data are predicates that such a target can still have; Empty of the answer counts the nodes with
// targets that have none of them.
func Dangling(f Field, data ...string) Question {
	q := f.question(edgesOnly)
	q.names(data...)
	q.touch(dgraphType)
	q.touch(data...)
	q.prepare = func(s *sight) (inquiry, error) {
		empty := untyped
		for _, p := range data {
			h, err := s.held(Field{Predicate: p, Lang: "*"})
			if err != nil {
				return nil, err
			}
			empty += " AND NOT " + h.has()
		}
		return newTargets(s, f, untyped, empty)
	}
	return q
}

// OneSided finds the nodes with edges under the first predicate that the target does not have back under the
// second. Targets without the types of the second side are left out; [Mistargeted] finds those. For both
// directions it is asked twice, the sides exchanged. Ambiguous counts, where the second side is no list, the
// targets that more than one node could be the inverse of.
func OneSided(from, back Side) Question {
	f := Field{Types: from.Types, Predicate: from.Predicate}
	q := f.question(edgesOnly)
	q.hoards = true
	q.names(back.Types...)
	q.names(back.Predicate)
	q.touch(back.Predicate)
	if len(back.Types) > 0 {
		q.touch(dgraphType)
	}
	q.prepare = func(s *sight) (inquiry, error) { return newOneSided(s, f, back) }
	return q
}

// Languages finds the nodes with language-tagged values. The histogram counts nodes by tag, and under "" those
// that have an untagged value. Lang of the field has no meaning here.
func Languages(f Field) Question {
	f.Lang = "*"
	q := f.question(valuesOnly)
	q.prepare = func(s *sight) (inquiry, error) { return newLanguages(s, f) }
	return q
}

// Facets finds the nodes with facets at values or edges of the predicate. The histogram counts nodes by the
// facet's name.
func Facets(f Field) Question {
	q := f.question(anyReadable)
	q.prepare = func(s *sight) (inquiry, error) { return newFacets(s, f) }
	return q
}

const (
	dgraphType = "dgraph.type"
	untyped    = "NOT has(" + dgraphType + ")"
)

// ownTypes are the types of the nodes that Dgraph keeps for itself (schema/schema.go, initialTypes).
var ownTypes = []string{"dgraph.graphql", "dgraph.graphql.persisted_query", "dgraph.namespace",
	"dgraph.type.Group", "dgraph.type.Rule", "dgraph.type.User"}

// question begins one about the field.
func (f Field) question(kind want) Question {
	q := Question{looksAt: f.Predicate, kind: kind}
	q.names(f.Types...)
	q.names(f.Predicate)
	if strings.Trim(f.Lang, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != "" && f.Lang != "*" {
		q.refuse(fmt.Errorf("%q is no language tag", f.Lang))
	}
	q.touch(f.Predicate)
	if len(f.Types) > 0 {
		q.touch(dgraphType)
	}
	return q
}

func (q *Question) refuse(err error) {
	if q.refusal == nil {
		q.refusal = err
	}
}

// names refuses the question when one of the names cannot be written.
func (q *Question) names(all ...string) {
	for _, name := range all {
		if _, err := Quote(name); err != nil {
			q.refuse(err)
		}
	}
}

func (q *Question) touch(predicates ...string) {
	for _, p := range predicates {
		if !slices.Contains(q.touches, p) {
			q.touches = append(q.touches, p)
		}
	}
}

// written is Quote for names that were checked when the question was made.
func written(name string) string {
	text, err := Quote(name)
	if err != nil {
		return "" // never: such a question is refused
	}
	return text
}

// typesRoot is the DQL function that finds the nodes of any of the types. It serves as root and as filter. The
// server pages through several types like through one (query.go and worker/task.go in Dgraph: each type's list
// is cut, and the cut lists are merged and cut again).
func typesRoot(types []string) string {
	types = slices.Compact(slices.Sorted(slices.Values(types)))
	if len(types) == 1 {
		return "type(" + written(types[0]) + ")"
	}
	return "eq(" + dgraphType + `, ["` + strings.Join(types, `", "`) + `"])`
}
