package migrate

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/schemacheck/schemacheck/dql"
)

// task is what the steps of one kind do: the parameters of the step.
type task interface {
	// check refuses parameters that say nothing that could be done.
	check() error
}

// paged is a task that goes through nodes, page by page.
type paged interface {
	task
	// reads are the predicates whose quads judge looks at.
	reads() []string
	// writes are the predicates that judge sets or deletes.
	writes() []string
	// judge decides what becomes of the nodes of a page. The same page always
	// gives the same change.
	judge(p *page) (*change, error)
}

// curious is a paged task that asks something else about a page before it
// judges.
type curious interface {
	paged
	// question is DQL with its variables; empty when there is nothing to ask.
	question(p *page) (text string, vars map[string]string, err error)
}

// inquirer is a paged task that asks as much else about a page as it takes,
// question after question, in the transaction that read the page.
type inquirer interface {
	paged
	// inquire notes in page.found what it learns.
	inquire(p *page, put ask) error
}

// ask puts a question in DQL with its variables.
type ask func(text string, vars map[string]string) ([]byte, error)

// typeless is a paged task that may not look at the types of nodes. To read them
// takes a server as long as to read two values.
type typeless interface {
	paged
	// ignoresTypes reports whether judge looks at the types of no node.
	ignoresTypes() bool
}

// amending is a paged task that may be given pages without facets, of nodes that hold
// nothing under the predicates that it writes. Carried out again with whole pages it
// changes what it would have changed at once. To read facets takes a server twice as
// long as to read values.
type amending interface {
	paged
	// amends reports whether that is so.
	amends() bool
}

// page is what a task looks at.
type page struct {
	nodes []*node
	// live are the predicates as they are stored now, by name.
	live *dql.Stored
	// answer is that to the task's question, nil when it had none.
	answer []byte
	// found is what an inquirer learned, of a type of its own; nil when it asked
	// nothing.
	found any
	// written is what earlier phases of the plan wrote; nil when that is not known.
	written *handiwork
	// now is when the step began to run here.
	now time.Time
}

// single reports whether no node has more than one quad under a predicate.
func (p *page) single() bool {
	return !slices.ContainsFunc(p.nodes, func(n *node) bool {
		for _, quads := range n.quads {
			if len(quads) > 1 {
				return true
			}
		}
		return false
	})
}

// equal reports whether the nodes of two pages are the same, with the same quads.
func (p *page) equal(other *page) bool {
	return slices.EqualFunc(p.nodes, other.nodes, func(a, b *node) bool {
		return a.uid == b.uid && maps.EqualFunc(a.quads, b.quads, func(a, b []dql.Quad) bool {
			return slices.EqualFunc(a, b, func(a, b dql.Quad) bool { return sameObject(a, b) && sameFacets(a.Facets, b.Facets) })
		})
	})
}

// upTo leaves out the nodes after one.
func (p *page) upTo(last uint64) {
	p.nodes = slices.DeleteFunc(p.nodes, func(n *node) bool { return n.uid > last })
}

// predicate is the stored predicate of that name. One that is not there is
// empty but for its name.
func (p *page) predicate(name string) dql.Predicate {
	if live := p.live.Predicate(name); live != nil {
		return *live
	}
	return dql.Predicate{Name: name}
}

// node is a node of a page.
type node struct {
	uid uint64
	// types are its dgraph.type; none for a task that ignores them.
	types []string
	quads map[string][]dql.Quad // by predicate: all that is stored there
}

// holds are the quads of a node under a predicate, its types among them.
func (n *node) holds(predicate string) []dql.Quad {
	if predicate != dgraphType {
		return n.quads[predicate]
	}
	var all []dql.Quad
	for _, name := range n.types {
		all = append(all, typeQuad(n, name))
	}
	return all
}

func (n *node) is(stored string) bool { return slices.Contains(n.types, stored) }

// change is what a task makes of a page.
type change struct {
	set, del []dql.Quad
	// before is what was there of nodes that are written and are not of the page,
	// as far as it is known.
	before []dql.Quad
	// changed are the nodes that are written.
	changed int
	// left are the nodes that would have to be changed and are not, with the
	// reason.
	left []Left
}

// Left is a node that a step did not change, and why.
type Left struct {
	UID    uint64
	Reason string
	// Predicate and Data are what was in the way, where it is a value.
	Predicate string
	Data      any
	// differs says that what is to be written elsewhere is there, and another one.
	differs bool
}

func (c *change) leave(n *node, format string, args ...any) *Left {
	c.left = append(c.left, Left{UID: n.uid, Reason: fmt.Sprintf(format, args...)})
	return &c.left[len(c.left)-1]
}

// write notes what is written of one node, if anything is.
func (c *change) write(set, del []dql.Quad) {
	if len(set)+len(del) == 0 {
		return
	}
	c.set = append(c.set, set...)
	c.del = append(c.del, del...)
	c.changed++
}

// kinds are the kinds of steps, and where a step of that kind has its
// parameters.
var kinds = []struct {
	name string
	of   func(*Step) task
}{
	{"declare", func(s *Step) task { return some(s.Declare) }},
	{"copy", func(s *Step) task { return some(s.Copy) }},
	{"add-type", func(s *Step) task { return some(s.AddType) }},
	{"remove-type", func(s *Step) task { return some(s.RemoveType) }},
	{"refer", func(s *Step) task { return some(s.Refer) }},
	{"take", func(s *Step) task { return some(s.Take) }},
	{"drop", func(s *Step) task { return some(s.Drop) }},
	{"delete-values", func(s *Step) task { return some(s.DeleteValues) }},
	{"unlink", func(s *Step) task { return some(s.Unlink) }},
	{"unique", func(s *Step) task { return some(s.Unique) }},
	{"invert", func(s *Step) task { return some(s.Invert) }},
	{"merge-values", func(s *Step) task { return some(s.MergeValues) }},
	{"repoint", func(s *Step) task { return some(s.Repoint) }},
	{"retire", func(s *Step) task { return some(s.Retire) }},
	{"infer-type", func(s *Step) task { return some(s.InferType) }},
	{"fill", func(s *Step) task { return some(s.Fill) }},
	{"convert", func(s *Step) task { return some(s.Convert) }},
	{"choose", func(s *Step) task { return some(s.Choose) }},
	{"redeclare", func(s *Step) task { return some(s.Redeclare) }},
	{"transform", transformOf},
	{"upsert", func(s *Step) task { return some(s.Upsert) }},
}

// some is a task, or nil for parameters that are not there.
func some[T any, P interface {
	*T
	task
}](p P) task {
	if p == nil {
		return nil
	}
	return p
}

// task is what the step does.
func (s *Step) task() (task, error) {
	var found task
	for _, k := range kinds {
		t := k.of(s)
		switch {
		case t == nil:
		case found != nil:
			return nil, fmt.Errorf("it has the parameters of two kinds")
		case k.name != s.Kind:
			return nil, fmt.Errorf("it has the parameters of the kind %s, and its kind is %q", k.name, s.Kind)
		default:
			found = t
		}
	}
	if found == nil {
		return nil, fmt.Errorf("the parameters of its kind %q are missing", s.Kind)
	}
	return found, nil
}

// kindOf is the name of the kind whose parameters a step has.
func kindOf(s *Step) string {
	for _, k := range kinds {
		if k.of(s) != nil {
			return k.name
		}
	}
	return ""
}

// check refuses a step that cannot be carried out.
func (s *Step) check() error {
	t, err := s.task()
	if err != nil {
		return err
	}
	switch s.Phase {
	case Before, After, Contract:
	default:
		return fmt.Errorf("the phase %q is none of before, after, contract", s.Phase)
	}
	switch s.Undo {
	case UndoYes, UndoPartial, UndoNo:
	default:
		return fmt.Errorf("undo is %q, none of yes, partial, no", s.Undo)
	}
	if err := t.check(); err != nil {
		return err
	}
	if s.Upsert != nil && s.Convergent {
		if err := s.Upsert.settles(); err != nil {
			return err
		}
	}
	p, isPaged := t.(paged)
	if isPaged != (s.Select != nil) {
		return fmt.Errorf("a step of kind %s goes through nodes and needs select, or through none and has none", s.Kind)
	}
	if !isPaged {
		return nil
	}
	if _, _, byIndex := indexed(s.Select.Root); !byIndex && !rooted(s.Select.Root) {
		return fmt.Errorf("the root %q is neither type(T) nor has(p), nor one of %s over an index, with values", s.Select.Root, strings.Join(indexFunctions, ", "))
	}
	if err := enclosed(s.Select.Filter); err != nil {
		return err
	}
	for _, name := range s.Writes {
		if err := ours(name); err != nil && name != dgraphType {
			return fmt.Errorf("it writes %s: %w", name, err)
		}
	}
	for _, name := range p.reads() {
		if !slices.Contains(s.Reads, name) {
			return fmt.Errorf("it reads %s, which is not among its reads", name)
		}
	}
	for _, name := range p.writes() {
		if !slices.Contains(s.Writes, name) {
			return fmt.Errorf("it writes %s, which is not among its writes", name)
		}
	}
	return nil
}

// enclosed refuses a filter that would end before its end, and could go on with
// other questions.
func enclosed(filter string) error {
	depth, quoted := 0, false
	for i := 0; i < len(filter); i++ {
		switch c := filter[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == '{', c == '}', c == '#', c == '`':
			depth = -1
		}
		if depth < 0 {
			break
		}
	}
	if depth != 0 || quoted {
		return fmt.Errorf("the filter %q is not one expression", filter)
	}
	return nil
}

// rooted reports whether a root is a function that pages can be read of without
// a filter.
func rooted(root string) bool {
	name, ok := strings.CutSuffix(root, ")")
	if !ok {
		return false
	}
	name, isType := strings.CutPrefix(name, "type(")
	if !isType {
		if name, ok = strings.CutPrefix(name, "has("); !ok {
			return false
		}
		name = strings.TrimSuffix(name, "@.") // values in any language
	}
	return spelled(name)
}

// indexFunctions are the functions over an index whose pages were seen to be whole
// and in the order of uids. Of count(p) Dgraph gives the first page for ever.
var indexFunctions = []string{"eq", "le", "lt", "ge", "gt", "between", "anyofterms", "allofterms", "anyoftext", "alloftext"}

// exactly are the indexes that find for eq and between nothing but what is meant.
// With others Dgraph 24 takes what is too much out of a page, which is then short
// although more follow.
var exactly = []string{"exact", "hash", "int", "bool"}

// indexed is the predicate of a root that finds nodes by values of an index: a
// function, a predicate with or without a language, and values as in JSON.
func indexed(root string) (function, predicate string, ok bool) {
	function, rest, ok := strings.Cut(strings.TrimSuffix(root, ")"), "(")
	if !ok || !strings.HasSuffix(root, ")") || !slices.Contains(indexFunctions, function) {
		return "", "", false
	}
	name, values, ok := strings.Cut(rest, ",")
	if !ok {
		return "", "", false
	}
	name, lang, _ := strings.Cut(strings.TrimSpace(name), "@")
	if strings.ContainsFunc(lang, func(r rune) bool { return r != '-' && (r > unicode.MaxASCII || !unicode.IsLetter(r)) }) || !spelled(name) {
		return "", "", false
	}
	var all []any
	if json.Unmarshal([]byte("["+values+"]"), &all) != nil || len(all) == 0 {
		return "", "", false
	}
	for _, v := range all {
		list, isList := v.([]any)
		if !isList {
			list = []any{v}
		}
		if len(list) == 0 || slices.ContainsFunc(list, func(one any) bool { return !single(one) }) {
			return "", "", false
		}
	}
	return function, strings.TrimSuffix(strings.TrimPrefix(name, "<"), ">"), true
}

// whole refuses a root of which Dgraph may give pages that are short although more
// follow.
func whole(root string, live *dql.Stored) error {
	function, name, ok := indexed(root)
	if !ok || function != "eq" && function != "between" {
		return nil
	}
	p := live.Predicate(name)
	if p == nil || !slices.ContainsFunc(p.Index, func(t dql.Tokenizer) bool { return slices.Contains(exactly, t.Name) }) {
		return fmt.Errorf("the root %s takes an index of %s for %s", root, strings.Join(exactly, ", "), name)
	}
	return nil
}

// single reports whether a value of JSON is a text, a number or a boolean.
func single(v any) bool {
	switch v.(type) {
	case string, float64, bool:
		return true
	}
	return false
}

// spelled reports whether a name is written as DQL takes it.
func spelled(name string) bool {
	bare := strings.TrimSuffix(strings.TrimPrefix(name, "<"), ">")
	quoted, err := dql.Quote(bare)
	return err == nil && (quoted == name || "<"+bare+">" == name)
}

// typeRoot finds the nodes of a stored type.
func typeRoot(stored string) (string, error) {
	name, err := dql.Quote(stored)
	return "type(" + name + ")", err
}

// hasRoot finds the nodes that hold something under a predicate, in whatever
// language.
func hasRoot(predicate string, lang bool) (string, error) {
	name, err := dql.Quote(predicate)
	if lang {
		name += "@."
	}
	return "has(" + name + ")", err
}

// dgraphType is the predicate with the stored types of a node.
const dgraphType = "dgraph.type"
