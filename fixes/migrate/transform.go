package migrate

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/schemacheck/schemacheck/fixes/expression"
)

// Transform writes what people say with the names of GraphQL: constants, and what
// expressions of CEL yield for a node and the nodes that its edges lead to.
//
// What is written of a node follows from what is read of it and of those nodes,
// and from the time at which the run began, and from nothing else. A node whose
// expression fails, or yields what the field does not read, is named and its
// batch is not committed.
type Transform struct {
	// Fields are all the fields that the rest names, by GraphQL name.
	Fields map[string]Field `yaml:"fields"`
	// Guard writes the single values that the expressions look at as they are, so
	// that a change of one of them at the same moment conflicts. What is only read
	// does not conflict otherwise.
	Guard bool `yaml:"guard,omitempty"`
	// When leaves alone the nodes for which it does not hold; nil takes all.
	When *Condition `yaml:"when,omitempty"`
	// Set gives fields a value, and lists all of theirs. One that comes to null
	// leaves the field as it is.
	Set   map[string]Value `yaml:"set,omitempty"`
	Unset Unset            `yaml:"unset,omitempty"`
	// Add and Remove are about lists: one element, or a list of them.
	Add    map[string]Value `yaml:"add,omitempty"`
	Remove map[string]Value `yaml:"remove,omitempty"`
	Create []Creation       `yaml:"create,omitempty"`
	Retag  *Retag           `yaml:"retag,omitempty"`
	// Delete removes nodes. Nothing else becomes of those.
	Delete *Deletion `yaml:"delete,omitempty"`
}

// Field is what a GraphQL name stands for.
type Field struct {
	// Predicate is where the values are; empty for the ID field of a type.
	Predicate string `yaml:"predicate,omitempty"`
	Reading   `yaml:",inline"`
	List      bool `yaml:"list,omitempty"`
	// Lang is the language, or those that are read one after the other ("de:fr");
	// empty for none.
	Lang string `yaml:"lang,omitempty"`
	// Inverse is the edge that leads back, by @hasInverse; nil when there is none.
	Inverse *Inverse `yaml:"inverse,omitempty"`
	// Fields are those that are read of the nodes that an edge leads to; empty
	// reads nothing of them.
	Fields map[string]Field `yaml:"fields,omitempty"`
}

// Inverse is an edge that leads back.
type Inverse struct {
	Predicate string `yaml:"predicate"`
	List      bool   `yaml:"list,omitempty"`
}

// Creation makes a node for each node, unless one with the same key is there. That
// one is taken as it is.
type Creation struct {
	// Type is the stored type of the node, by which it is found again, and Also are
	// those that it gets besides.
	Type string   `yaml:"type"`
	Also []string `yaml:"also,omitempty"`
	// Fields are the fields of the new node that the rest names.
	Fields map[string]Field `yaml:"fields"`
	// When makes none where it does not hold; nil makes one for each node.
	When *Condition `yaml:"when,omitempty"`
	// Key is one field, whose predicate is stored with @upsert and an index for
	// equality. A key that comes to null makes no node.
	Key map[string]Value `yaml:"key"`
	Set map[string]Value `yaml:"set,omitempty"`
	// Link are edges of the node that lead to the new one, and Back are edges of
	// the new one that lead to the node.
	Link []string `yaml:"link,omitempty"`
	Back []string `yaml:"back,omitempty"`
}

// Retag changes the stored types of a node.
type Retag struct {
	Add    []string `yaml:"add,omitempty"`
	Remove []string `yaml:"remove,omitempty"`
}

// Deletion removes nodes with all that they hold. The edges that lead to them are
// removed by steps of kind unlink after it, one for each predicate of edges:
// Dgraph cannot be asked what leads to a node.
type Deletion struct {
	// When leaves alone the nodes for which it does not hold; nil removes all.
	When *Condition `yaml:"when,omitempty"`
	// Predicates are those that the nodes may hold something under.
	Predicates []string `yaml:"predicates"`
}

// sorted are the keys of a map in order, so that the same comes of it every time.
func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// transforming is the task of a step that transforms.
type transforming struct {
	*Transform
	step *Step // nil while it is made
	once sync.Once
	made *formula
	err  error
}

func transformOf(s *Step) task {
	if s.Transform == nil {
		return nil
	}
	return &transforming{Transform: s.Transform, step: s}
}

// formula is a transform whose expressions are compiled.
type formula struct {
	object  *expression.Object
	when    *expression.Program
	set     map[string]*expression.Program
	unset   map[string]*expression.Program
	add     map[string]*expression.Program
	remove  map[string]*expression.Program
	create  []birth
	doomed  *expression.Program // the condition of the deletion
	used    map[string]bool     // the paths that expressions look at, joined with "."
	looksAt bool                // at the time of the run
	settled bool                // carried out again it changes nothing, by what it looks at
}

// birth is a creation whose expressions are compiled.
type birth struct {
	when *expression.Program
	key  *expression.Program // nil for a constant
	set  map[string]*expression.Program
}

// compiled are the expressions, which are compiled once.
func (t *transforming) compiled() (*formula, error) {
	t.once.Do(func() {
		if t.made, t.err = t.compile(nil); t.err == nil {
			t.made.settled = t.settles(t.made)
		}
	})
	return t.made, t.err
}

// compile compiles the expressions. The doubt says why a name is no field of the
// nodes at a path; nil says nothing.
func (t *Transform) compile(doubt func(path []string, name string) string) (*formula, error) {
	f := &formula{object: objectOf(t.Fields, doubt), used: map[string]bool{}}
	env, err := expression.New(f.object)
	if err != nil {
		return nil, err
	}
	c := &compiler{env: env, into: f}
	f.when = c.condition("when", t.When)
	f.set = c.values("set", t.Fields, t.Set, false)
	f.add = c.values("add", t.Fields, t.Add, true)
	f.remove = c.values("remove", t.Fields, t.Remove, true)
	f.unset = map[string]*expression.Program{}
	for _, name := range sorted(t.Unset) {
		condition := t.Unset[name]
		if _, ok := t.Fields[name]; !ok {
			c.fail(condition.at.fail("", "unset", unknown(name, t.Fields)))
			continue
		}
		f.unset[name] = c.condition("unset "+name, &condition)
	}
	for i := range t.Create {
		made := &t.Create[i]
		what := "create " + made.Type + " "
		b := birth{when: c.condition(what+"when", made.When), set: c.values(what+"set", made.Fields, made.Set, false)}
		for _, program := range c.values(what+"key", made.Fields, made.Key, false) {
			b.key = program
		}
		f.create = append(f.create, b)
	}
	if t.Delete != nil {
		f.doomed = c.condition("delete when", t.Delete.When)
	}
	return f, c.err
}

// compiler compiles the expressions of a transform. The first error counts.
type compiler struct {
	env  *expression.Env
	into *formula
	err  error
}

func (c *compiler) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

func (c *compiler) program(text string, at origin, what string, want expression.Want) *expression.Program {
	p, err := c.env.Compile(text, want)
	if err != nil {
		c.fail(at.fail(text, what, err))
		return nil
	}
	for _, path := range p.Uses {
		c.into.used[strings.Join(path, ".")] = true
	}
	c.into.looksAt = c.into.looksAt || p.Now
	return p
}

func (c *compiler) condition(what string, condition *Condition) *expression.Program {
	if condition == nil {
		return nil
	}
	return c.program(condition.Expression, condition.at, what, expression.Want{Kind: expression.Boolean})
}

// values compiles expressions by field, and sees to it that constants can be
// stored.
func (c *compiler) values(what string, fields map[string]Field, values map[string]Value, each bool) map[string]*expression.Program {
	all := map[string]*expression.Program{}
	for _, name := range sorted(values) {
		v, label := values[name], what+" "+name
		field, ok := fields[name]
		if !ok {
			c.fail(v.at.fail("", what, unknown(name, fields)))
			continue
		}
		err := v.check()
		switch {
		case err != nil:
		case each && !field.List:
			err = errors.New("it is no list")
		case v.Expression != "":
			all[name] = c.program(v.Expression, v.at, label, expression.Want{Kind: field.kind(), List: field.List, Both: each})
		case len(v.Texts) != 1 && !field.List:
			err = errors.New("it is one value, and a list is given")
		default:
			for _, text := range v.Texts {
				if _, wrong := field.quad("0x1", text); wrong != nil && err == nil {
					err = wrong
				}
			}
		}
		if err != nil {
			c.fail(v.at.fail("", label, err))
		}
	}
	return all
}

// unknown says that there is no such field.
func unknown(name string, fields map[string]Field) error {
	return fmt.Errorf("there is no field %s%s", name, expression.Nearest(name, sorted(fields)))
}

// isID reports whether the field is the uid of a node.
func (f Field) isID() bool { return f.Predicate == "" && f.GraphQL == "ID" }

// kind is the kind of the field's values in expressions, 0 for none.
func (f Field) kind() expression.Kind {
	if f.isID() {
		return expression.Text
	}
	return map[string]expression.Kind{
		"string": expression.Text, "default": expression.Text, "geo": expression.Text, "int": expression.Integer, "float": expression.Number,
		"bool": expression.Boolean, "dateTime": expression.Moment, "uid": expression.Edge,
	}[f.Type]
}

// objectOf is what expressions know of nodes with some fields.
func objectOf(fields map[string]Field, doubt func(path []string, name string) string, path ...string) *expression.Object {
	o := &expression.Object{Fields: map[string]expression.Field{}}
	if doubt != nil {
		o.Doubt = func(name string) string { return doubt(path, name) }
	}
	for name, f := range fields {
		e := expression.Field{Kind: f.kind(), List: f.List}
		if e.Kind == expression.Edge {
			e.Node = objectOf(f.Fields, doubt, append(slices.Clone(path), name)...)
		}
		o.Fields[name] = e
	}
	return o
}

// part is a part of a transform that writes a field of the node.
type part struct{ how, field string }

// written are the parts that write a field of the node.
func (t *Transform) written() []part {
	var all []part
	for _, name := range sorted(t.Set) {
		all = append(all, part{"set", name})
	}
	for _, name := range sorted(t.Unset) {
		all = append(all, part{"unset", name})
	}
	for _, name := range sorted(t.Add) {
		all = append(all, part{"add", name})
	}
	for _, name := range sorted(t.Remove) {
		all = append(all, part{"remove", name})
	}
	for i := range t.Create {
		for _, name := range t.Create[i].Link {
			all = append(all, part{"link", name})
		}
	}
	return all
}

// look is a field that expressions look at.
type look struct {
	path    []string
	field   Field
	related bool
}

// looks are the fields that expressions look at, those of related nodes too.
func (t *Transform) looks(f *formula) []look {
	var all []look
	for _, joined := range sorted(f.used) {
		path := strings.Split(joined, ".")
		fields, field, ok := t.Fields, Field{}, false
		for _, name := range path {
			if field, ok = fields[name]; !ok {
				break
			}
			fields = field.Fields
		}
		if ok && !field.isID() { // else it is the uid
			all = append(all, look{path, field, len(path) > 1})
		}
	}
	return all
}

// changes are the predicates that are written, but for what guards and what
// deleted nodes held.
func (t *Transform) changes() []string {
	var all []string
	note := func(f Field) {
		all = append(all, f.Predicate)
		if f.Inverse != nil {
			all = append(all, f.Inverse.Predicate)
		}
	}
	for _, w := range t.written() {
		note(t.Fields[w.field])
	}
	for i := range t.Create {
		c := &t.Create[i]
		all = append(all, dgraphType)
		for _, name := range slices.Concat(sorted(c.Key), sorted(c.Set), c.Back) {
			note(c.Fields[name])
		}
	}
	if t.Retag != nil {
		all = append(all, dgraphType)
	}
	return unique(all)
}

// reads are the predicates of the node itself. Those of related nodes are asked
// for besides.
func (t *transforming) reads() []string {
	var all []string
	for _, name := range sorted(t.Fields) {
		if f := t.Fields[name]; !f.isID() {
			all = append(all, f.Predicate)
		}
	}
	if t.Delete != nil {
		all = append(all, t.Delete.Predicates...)
	}
	return unique(all)
}

func (t *transforming) writes() []string {
	all := t.changes()
	if t.Delete != nil {
		all = append(append(all, dgraphType), t.Delete.Predicates...)
	}
	if f, err := t.compiled(); err == nil && t.Guard {
		for _, p := range t.looks(f) {
			if !p.field.List {
				all = append(all, p.field.Predicate)
			}
		}
	}
	return unique(all)
}

// settles reports whether the step comes to the same when it is carried out
// again, whatever nodes there are.
func (t *Transform) settles(f *formula) bool {
	if f.looksAt {
		return false
	}
	changes := t.changes()
	return !slices.ContainsFunc(t.looks(f), func(p look) bool { return slices.Contains(changes, p.field.Predicate) })
}

// ignoresTypes reports whether the types of nodes do not matter.
func (t *transforming) ignoresTypes() bool {
	return t.Retag == nil && t.Delete == nil && len(t.Create) == 0
}

func (t *transforming) dql(s *Step) string {
	var b strings.Builder
	b.WriteString("# What is read, page after page. What is written of a node is what the expressions come to, value by value:\n")
	b.WriteString("# schemacheck migrate up --dry-run shows it.\n")
	fmt.Fprintf(&b, "{\n  q(func: %s, first: 1000, after: 0x0)", s.Select.Root)
	if s.Select.Filter != "" {
		b.WriteString(" @filter(" + s.Select.Filter + ")")
	}
	b.WriteString(" {\n    uid\n    dgraph.type\n" + columnsText(t.Fields, "    ") + "  }\n}\n")
	return b.String()
}

// columnsText are fields in a question, for people.
func columnsText(fields map[string]Field, indent string) string {
	var b strings.Builder
	for _, name := range sorted(fields) {
		f := fields[name]
		if f.isID() {
			continue
		}
		column := quote(f.Predicate)
		if f.Lang != "" {
			column += "@" + f.Lang
		}
		if f.Type == "uid" {
			column += " { uid"
			if len(f.Fields) > 0 {
				column += "\n" + columnsText(f.Fields, indent+"  ") + indent
			}
			column = strings.TrimSuffix(column, " ") + " }"
		}
		b.WriteString(indent + column + "\n")
	}
	return b.String()
}
