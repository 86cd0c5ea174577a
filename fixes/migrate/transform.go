package migrate

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/schemacheck/schemacheck/dql"
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

// sorted are the keys of a map in order, so that the same comes of it every time.
func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// transforming is the task of a step that transforms.
type transforming struct {
	*Transform
	// convergent says that the step may be carried out again.
	convergent bool
	once       sync.Once
	made       *formula
	err        error
}

func transformOf(s *Step) task {
	if s.Transform == nil {
		return nil
	}
	return &transforming{Transform: s.Transform, convergent: s.Convergent}
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
	used    map[string]bool // the paths that expressions look at, joined with "."
	looksAt bool            // at the time of the run
}

// birth is a creation whose expressions are compiled.
type birth struct {
	when *expression.Program
	key  *expression.Program // nil for a constant
	set  map[string]*expression.Program
}

// compiled are the expressions, which are compiled once.
func (t *transforming) compiled() (*formula, error) {
	t.once.Do(func() { t.made, t.err = t.compile(nil) })
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

func (t *transforming) check() error {
	if len(t.Set)+len(t.Unset)+len(t.Add)+len(t.Remove)+len(t.Create) == 0 && t.Retag == nil {
		return errors.New("it takes something to set, unset, add, remove, create or retag")
	}
	if err := checkFields(t.Fields); err != nil {
		return err
	}
	for i := range t.Create {
		if err := t.Create[i].check(t.Fields); err != nil {
			return err
		}
	}
	if t.Retag != nil {
		if err := t.Retag.check(); err != nil {
			return err
		}
	}
	f, err := t.compiled()
	if err != nil {
		return err
	}
	if err := t.apart(); err != nil {
		return err
	}
	return t.ordered(f)
}

// checkFields refuses fields that cannot be read or written.
func checkFields(fields map[string]Field) error {
	for _, name := range sorted(fields) {
		f := fields[name]
		if err := f.check(); err != nil {
			return fmt.Errorf("the field %s: %w", name, err)
		}
		if err := checkFields(f.Fields); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func (f Field) check() error {
	if f.isID() {
		return nil
	}
	if f.Predicate == "" {
		return errors.New("it has no predicate")
	}
	if _, err := dql.Quote(f.Predicate); err != nil {
		return err
	}
	if err := f.Reading.check(); err != nil {
		return err
	}
	switch {
	case f.Type == "password":
		return errors.New("it is a password, which nobody can read or copy")
	case f.kind() == 0:
		return fmt.Errorf("values of type %s are not for expressions", f.Type)
	case f.Type != "uid" && (f.Inverse != nil || len(f.Fields) > 0):
		return errors.New("it is no edge, and has an inverse or fields")
	case f.Lang != "" && (f.Type != "string" || f.List):
		return errors.New("only a single string has a language")
	}
	if f.Inverse != nil {
		_, err := dql.Quote(f.Inverse.Predicate)
		return err
	}
	return nil
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

// writable refuses to write a field.
func (f Field) writable() error {
	switch {
	case f.isID():
		return errors.New("it is the ID of a node, which Dgraph gives it")
	case strings.ContainsAny(f.Lang, ":."):
		return errors.New("it reads several languages, so that it is not known in which to write")
	}
	return ours(f.Predicate)
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

func (c *Creation) check(of map[string]Field) error {
	fail := func(err error) error { return fmt.Errorf("create %s: %w", c.Type, err) }
	if c.Type == "" || len(c.Key) != 1 {
		return fail(errors.New("it takes a type, and one field as key"))
	}
	for _, name := range append([]string{c.Type}, c.Also...) {
		if err := tag(name); err != nil {
			return fail(err)
		}
	}
	if err := checkFields(c.Fields); err != nil {
		return fail(err)
	}
	for name := range c.Key {
		if f := c.Fields[name]; f.List || f.kind() == expression.Edge || f.Lang != "" {
			return fail(fmt.Errorf("the key %s is no single value without language", name))
		}
		if _, twice := c.Set[name]; twice {
			return fail(fmt.Errorf("%s is the key, and set besides", name))
		}
	}
	for _, each := range []struct {
		names []string
		of    map[string]Field
	}{{c.Link, of}, {c.Back, c.Fields}} {
		for _, name := range each.names {
			f, ok := each.of[name]
			if !ok {
				return fail(unknown(name, each.of))
			}
			if f.Type != "uid" {
				return fail(fmt.Errorf("%s is no edge", name))
			}
		}
	}
	for _, name := range c.Back {
		if f := c.Fields[name]; f.Inverse != nil {
			return fail(fmt.Errorf("the inverse of %s is %s: link the field that has that one, and both are written", name, f.Inverse.Predicate))
		}
	}
	return nil
}

func (r *Retag) check() error {
	if len(r.Add)+len(r.Remove) == 0 {
		return errors.New("retag takes types to add or to remove")
	}
	for _, name := range slices.Concat(r.Add, r.Remove) {
		if err := tag(name); err != nil {
			return fmt.Errorf("retag: %w", err)
		}
	}
	for _, name := range r.Add {
		if slices.Contains(r.Remove, name) {
			return fmt.Errorf("retag adds and removes %s", name)
		}
	}
	return nil
}

// tag refuses a name that no stored type of the user has.
func tag(name string) error {
	if strings.HasPrefix(name, "dgraph.") {
		return fmt.Errorf("the type %s belongs to Dgraph", name)
	}
	_, err := dql.Quote(name)
	return err
}

// apart refuses a transform that would write the same twice.
func (t *Transform) apart() error {
	seen := map[string]string{}
	for _, w := range t.written() {
		f := t.Fields[w.field]
		if err := f.writable(); err != nil {
			return fmt.Errorf("%s %s: %w", w.how, w.field, err)
		}
		if w.how != "link" && f.Inverse != nil && !f.Inverse.List {
			return fmt.Errorf("%s %s: the edge that leads back, %s, is single, so that the node at the other end may have another one, which is not looked at", w.how, w.field, f.Inverse.Predicate)
		}
		at := f.Predicate + "@" + f.Lang
		if other, twice := seen[at]; twice && !(f.List && other != "set" && other != "unset" && w.how != "set" && w.how != "unset") {
			return fmt.Errorf("%s %s: %s is written by another part of the step, too", w.how, w.field, f.Predicate)
		}
		seen[at] = w.how
	}
	for i := range t.Create {
		c := &t.Create[i]
		seen := map[string]bool{}
		for _, name := range slices.Concat(sorted(c.Key), sorted(c.Set), c.Back) {
			f := c.Fields[name]
			if err := f.writable(); err != nil {
				return fmt.Errorf("create %s: %s: %w", c.Type, name, err)
			}
			if at := f.Predicate + "@" + f.Lang; seen[at] {
				return fmt.Errorf("create %s: %s is written twice", c.Type, f.Predicate)
			} else {
				seen[at] = true
			}
		}
	}
	return nil
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

// ordered refuses a transform whose nodes would get something else in another
// order: one that writes what it reads of related nodes.
func (t *Transform) ordered(f *formula) error {
	changes := t.changes()
	for _, p := range t.looks(f) {
		if p.related && slices.Contains(changes, p.field.Predicate) {
			return fmt.Errorf("it reads %s of related nodes and writes it: what a node gets would depend on the order in which they are gone through", p.field.Predicate)
		}
	}
	return nil
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

// changes are the predicates that are written, but for what guards.
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
	return all
}

func (t *transforming) writes() []string {
	all := t.changes()
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
