package migrate

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/diff/storage"
	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/fixes/expression"
)

// Draft is a transform as people write it: without what the tool finds in the
// schemas. Types are those of GraphQL.
type Draft struct {
	// ID and Title are those of the step; empty ones are made up.
	ID    string `yaml:"id,omitempty"`
	Title string `yaml:"title,omitempty"`
	// Phase is when it runs; empty means before the update.
	Phase Phase `yaml:"phase,omitempty"`
	// Type is that of the nodes.
	Type string `yaml:"type"`
	// Root is a function of DQL over an index that finds some of them, such as
	// eq(User.email, "x"); empty goes through all.
	Root string `yaml:"root,omitempty"`
	// Filter leaves some of them, in DQL; empty leaves all.
	Filter string `yaml:"filter,omitempty"`
	// Related are the edges whose nodes are read along: "author", "author.team".
	Related   []string `yaml:"related,omitempty"`
	Transform `yaml:",inline"`
}

// DecodeDraft reads a draft. Errors have line and column.
func DecodeDraft(text []byte) (*Draft, error) {
	if len(text) > maxPlan {
		return nil, fmt.Errorf("a draft of more than %d MiB is not read", maxPlan>>20)
	}
	if err := bounded(string(text)); err != nil {
		return nil, fmt.Errorf("reading the draft: %w", err)
	}
	d := &Draft{}
	if err := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(d); err != nil {
		return nil, fmt.Errorf("reading the draft: %w", err)
	}
	return d, nil
}

// NewTransform makes the steps of a draft. Names stand for what they are in the
// schema that is deployed, or, where that has none, in the one before. Its errors
// name what is wrong in the draft, with line and column where it was read from a
// file.
//
// What is stored now, of which deleted nodes may hold something and may be led to,
// is live; nil stands for what the schemas derive.
func NewTransform(from, to *schema.Schema, live *dql.Stored, d *Draft) (*Recipe, error) {
	n := naming{[]named{{to, storage.Derive(to)}, {from, storage.Derive(from)}}, live}
	t, err := n.complete(d)
	if err != nil {
		return nil, fmt.Errorf("the transform of %s: %w", d.Type, err)
	}
	made := &transforming{Transform: t}
	if err := made.check(); err != nil {
		return nil, fmt.Errorf("the transform of %s: %w", d.Type, err)
	}
	f, err := made.compiled()
	if err != nil {
		return nil, err
	}
	step := Step{ID: d.ID, Title: d.Title, Transform: t, Convergent: t.settles(f), Undo: UndoYes, Risk: "review"}
	if t.Delete != nil {
		step.Risk = "destructive"
		if slices.ContainsFunc(n.stores(), func(p dql.Predicate) bool { return p.Type == "password" }) {
			step.Undo = UndoPartial
		}
	}
	if len(t.Create) > 0 {
		step.Undo = UndoPartial // the new nodes stay, with nothing that leads to them
	}
	if step.ID == "" {
		step.ID = "transform-" + d.Type
	}
	if step.Title == "" {
		step.Title = "Transform the nodes of type " + d.Type
	}
	phase := d.Phase
	if phase == "" {
		phase = Before
	}
	r := &recipe{}
	if phase == Before {
		declares, err := n.declares(t)
		if err != nil {
			return nil, fmt.Errorf("the transform of %s: %w", d.Type, err)
		}
		if len(declares.Predicates) > 0 {
			r.declareAll(Before, declares)
		}
	}
	root, err := typeRoot(n.typeOf(d.Type).Stored)
	filter := d.Filter
	if d.Root != "" {
		filter = root
		if d.Filter != "" {
			filter += " AND (" + d.Filter + ")"
		}
		root = d.Root
	}
	r.each(phase, root, err, step)
	last := &r.Steps[len(r.Steps)-1]
	last.Select.Filter = filter
	last.Reads = unique(append(last.Reads, t.relatedReads()...))
	if t.Delete != nil {
		for _, p := range n.stores() {
			if p.Type == "uid" {
				root, err := hasRoot(p.Name, false)
				r.each(phase, root, err, Step{ID: "unlink-" + p.Name, Title: "Remove the edges of " + p.Name + " that lead to nothing any more",
					Unlink: &Unlink{Predicate: p.Name}, Convergent: true, Undo: UndoYes, Risk: "review"})
			}
		}
	}
	return r.done()
}

// stores are all predicates under which something may be stored, by name.
func (n naming) stores() []dql.Predicate {
	all := map[string]dql.Predicate{}
	for _, s := range n.schemas {
		for _, p := range s.derived.Predicates {
			all[p.Stored()] = dql.Predicate{Name: p.Stored(), Type: p.Type}
		}
	}
	if n.live != nil {
		for _, p := range n.live.Predicates {
			if ours(p.Name) == nil {
				all[p.Name] = p
			}
		}
	}
	return slices.SortedFunc(maps.Values(all), func(a, b dql.Predicate) int { return strings.Compare(a.Name, b.Name) })
}

// relatedReads are the predicates that are read of related nodes.
func (t *Transform) relatedReads() []string {
	var all []string
	var note func(fields map[string]Field)
	note = func(fields map[string]Field) {
		for _, name := range sorted(fields) {
			for _, inner := range sorted(fields[name].Fields) {
				if f := fields[name].Fields[inner]; !f.isID() {
					all = append(all, f.Predicate)
				}
			}
			note(fields[name].Fields)
		}
	}
	note(t.Fields)
	return all
}

// naming finds what GraphQL names stand for.
type naming struct {
	schemas []named // the first that has a name counts
	live    *dql.Stored
}

// named is a schema with what it derives.
type named struct {
	schema  *schema.Schema
	derived *storage.Schema
}

func (n naming) typeOf(name string) *schema.Type {
	for _, s := range n.schemas {
		if t := s.schema.Type(name); t != nil && t.Stores() {
			return t
		}
	}
	return nil
}

// typeNames are the types that nodes are stored of.
func (n naming) typeNames() []string {
	var all []string
	for _, s := range n.schemas {
		for _, t := range s.schema.Types {
			if t.Stores() {
				all = append(all, t.Name)
			}
		}
	}
	return unique(all)
}

// found is a field of a type, with the schema that has it.
type found struct {
	named
	*schema.Field
}

// fields are the fields of a type by name.
func (n naming) fields(typ string) map[string]found {
	all := map[string]found{}
	for _, s := range slices.Backward(n.schemas) {
		if t := s.schema.Type(typ); t != nil {
			for _, f := range t.Fields {
				all[f.Name] = found{s, f}
			}
		}
	}
	return all
}

// field is what a field is for a transform, or why it is none.
func (f found) field() (Field, string) {
	named := f.Type().Named()
	if named == "ID" {
		return Field{Reading: Reading{Type: "uid", GraphQL: "ID"}}, ""
	}
	switch {
	case f.Computed():
		return Field{}, "it is computed, not stored"
	case f.Predicate == "":
		return Field{}, "it is not stored"
	case f.Reverse:
		return Field{}, "it reads " + f.Predicate + " backwards, and only the edge itself can be read and written"
	}
	p := f.derived.Predicate(f.Predicate)
	if p == nil {
		return Field{}, "it is not stored"
	}
	made := Field{Predicate: p.Stored(), Reading: Reading{Type: p.Type}, List: p.List, Lang: f.Language}
	switch p.Type {
	case "uid":
		if back := f.Inverse; back != nil && !back.Reverse && back.Predicate != "" {
			if q := f.derived.Predicate(back.Predicate); q != nil {
				made.Inverse = &Inverse{Predicate: q.Stored(), List: q.List}
			}
		}
		return made, ""
	case "password":
		return made, "it is a password, which nobody can read or copy"
	}
	made.GraphQL = named
	if t := f.schema.Type(named); t != nil && t.Kind == sdl.Enum {
		made.Enum = []string{}
		for _, v := range t.Definition.Values {
			made.Enum = append(made.Enum, v.Name.Text)
		}
	}
	if made.kind() == 0 {
		return made, "values of type " + made.Type + " are not for expressions"
	}
	return made, ""
}

// table are all fields of a type, with those of the nodes that related edges lead
// to.
func (n naming) table(typ string, related [][]string) (map[string]Field, error) {
	all := map[string]Field{}
	for name, f := range n.fields(typ) {
		made, reason := f.field()
		if reason != "" {
			continue
		}
		var inner [][]string
		along := false
		for _, path := range related {
			if path[0] == name {
				along = true
				if len(path) > 1 {
					inner = append(inner, path[1:])
				}
			}
		}
		if along && made.Type == "uid" && !made.isID() {
			to := f.Type().Named()
			if n.typeOf(to) == nil {
				return nil, fmt.Errorf("related %s: %s has no fields of its own", name, to)
			}
			var err error
			if made.Fields, err = n.table(to, inner); err != nil {
				return nil, err
			}
		}
		all[name] = made
	}
	for _, path := range related {
		if f, ok := all[path[0]]; !ok {
			return nil, fmt.Errorf("related: %w of %s", unknown(path[0], all), typ)
		} else if f.Type != "uid" || f.isID() {
			return nil, fmt.Errorf("related %s: it is no edge", path[0])
		}
	}
	return all, nil
}

// end is the type of the nodes that a path leads to.
func (n naming) end(typ string, path []string) string {
	for _, edge := range path {
		f, ok := n.fields(typ)[edge]
		if !ok {
			return ""
		}
		typ = f.Type().Named()
	}
	return typ
}

// doubt says why a name is no field of the nodes that a path leads to.
func (n naming) doubt(typ string, path []string, name string) string {
	for i, edge := range path {
		f, ok := n.fields(typ)[edge]
		if !ok {
			return ""
		}
		typ = f.Type().Named()
		if i == len(path)-1 && n.fields(typ)[name].Field != nil {
			if _, reason := n.fields(typ)[name].field(); reason == "" {
				return "; its nodes are read with related: [" + strings.Join(path, ".") + "]"
			}
		}
	}
	t := n.typeOf(typ)
	switch f, ok := n.fields(typ)[name]; {
	case ok:
		_, reason := f.field()
		return ": " + reason
	case t != nil && t.Secret != nil && t.Secret.Field == name:
		return ": it is a password, which nobody can read or copy"
	}
	return ""
}

// stored are the stored types of the nodes of a type: its own, and those of its
// interfaces.
func (n naming) stored(name string) ([]string, error) {
	t := n.typeOf(name)
	if t == nil {
		return nil, fmt.Errorf("there is no type %s%s", name, expression.Nearest(name, n.typeNames()))
	}
	all := []string{t.Stored}
	for _, i := range t.Interfaces {
		all = append(all, i.Stored)
	}
	return all, nil
}

// complete is the transform of a draft with all that it needs.
func (n naming) complete(d *Draft) (*Transform, error) {
	if len(d.Fields) > 0 {
		return nil, errors.New("fields are found in the schemas, and not for drafts")
	}
	if _, err := n.stored(d.Type); err != nil {
		return nil, err
	}
	t := d.Transform
	var related [][]string
	for _, text := range d.Related {
		related = append(related, strings.Split(text, "."))
	}
	var err error
	if t.Fields, err = n.table(d.Type, related); err != nil {
		return nil, err
	}
	t.Create = slices.Clone(t.Create)
	for i := range t.Create {
		c := &t.Create[i]
		if len(c.Fields) > 0 || len(c.Also) > 0 {
			return nil, errors.New("create: fields and stored types are found in the schemas, and not for drafts")
		}
		if c.Fields, err = n.table(c.Type, nil); err != nil {
			return nil, err
		}
		if err := c.check(t.Fields); err != nil {
			return nil, err
		}
		if err := n.whole(c, t.Fields); err != nil {
			return nil, fmt.Errorf("create %s: %w", c.Type, err)
		}
		tags, err := n.stored(c.Type)
		if err != nil {
			return nil, fmt.Errorf("create: %w", err)
		}
		c.Type, c.Also = tags[0], tags[1:]
	}
	if t.Retag != nil {
		if t.Retag, err = n.retagged(t.Retag); err != nil {
			return nil, err
		}
	}
	for _, name := range sorted(t.Unset) {
		if f, ok := n.fields(d.Type)[name]; ok && f.schema == n.schemas[0].schema && f.Type().NonNull {
			return nil, t.Unset[name].at.fail("", "unset "+name, fmt.Errorf("it is %s!, and its nodes could not be read any more", f.Type().Named()))
		}
	}
	if t.Delete != nil {
		if len(t.Delete.Predicates) > 0 {
			return nil, errors.New("delete: predicates are found in the schemas, and not for drafts")
		}
		doomed := *t.Delete
		for _, p := range n.stores() {
			doomed.Predicates = append(doomed.Predicates, p.Name)
		}
		t.Delete = &doomed
		for _, path := range related {
			if n.end(d.Type, path) == d.Type {
				return nil, fmt.Errorf("related %s: it leads to nodes that are deleted themselves: what becomes of a node would depend on the order in which they are gone through", strings.Join(path, "."))
			}
		}
	}
	f, err := t.compile(func(path []string, name string) string { return n.doubt(d.Type, path, name) })
	if err != nil {
		return nil, err
	}
	t.prune(f)
	return &t, nil
}

// whole refuses a creation that leaves out a field that the schema requires.
func (n naming) whole(c *Creation, of map[string]Field) error {
	fields := n.fields(c.Type)
	for _, name := range sorted(fields) {
		f := fields[name]
		made, reason := f.field()
		given := c.Key[name].given() || c.Set[name].given() || slices.Contains(c.Back, name)
		linked := slices.ContainsFunc(c.Link, func(edge string) bool {
			back := of[edge].Inverse
			return back != nil && back.Predicate == made.Predicate
		})
		if reason == "" && f.schema == n.schemas[0].schema && f.Type().NonNull && !made.isID() && !made.List && !given && !linked {
			return fmt.Errorf("%s is %s!, and has no value", name, f.Type().Named())
		}
	}
	return nil
}

// given reports whether there is a value.
func (v Value) given() bool { return v.Expression != "" || v.Texts != nil }

// retagged has stored types for those of GraphQL.
func (n naming) retagged(r *Retag) (*Retag, error) {
	made := &Retag{}
	for _, name := range r.Add {
		tags, err := n.stored(name)
		if err != nil {
			return nil, fmt.Errorf("retag: %w", err)
		}
		made.Add = unique(append(made.Add, tags...))
	}
	for _, name := range r.Remove {
		if _, err := n.stored(name); err != nil {
			return nil, fmt.Errorf("retag: %w", err)
		}
		made.Remove = unique(append(made.Remove, n.typeOf(name).Stored))
	}
	return made, nil
}

// prune leaves the fields that are looked at or written.
func (t *Transform) prune(f *formula) {
	kept := map[string]bool{}
	for _, w := range t.written() {
		kept[w.field] = true
	}
	var prune func(fields map[string]Field, path string) map[string]Field
	prune = func(fields map[string]Field, path string) map[string]Field {
		left := map[string]Field{}
		for name, each := range fields {
			here := path + name
			each.Fields = prune(each.Fields, here+".")
			if f.used[here] || len(each.Fields) > 0 || path == "" && kept[name] {
				left[name] = each
			}
		}
		if len(left) == 0 {
			return nil
		}
		return left
	}
	t.Fields = prune(t.Fields, "")
	for i := range t.Create {
		c := &t.Create[i]
		c.Fields = maps.Clone(c.Fields)
		maps.DeleteFunc(c.Fields, func(name string, _ Field) bool {
			return !c.Key[name].given() && !c.Set[name].given() && !slices.Contains(c.Back, name)
		})
	}
}

// declares are the predicates that are written, and the types that have them, as
// the schema that is deployed declares them.
func (n naming) declares(t *Transform) (Declare, error) {
	var d Declare
	changes := t.changes()
	for _, p := range n.schemas[0].derived.Predicates {
		if !slices.Contains(changes, p.Stored()) {
			continue
		}
		if was := n.schemas[1].derived.Predicate(p.Name); was != nil && (was.Type != p.Type || was.List != p.List) {
			return d, fmt.Errorf("%s is %s before the update and %s after it: transform it after the update (phase: after), or convert it", p.Stored(), written(was.Type, was.List), written(p.Type, p.List))
		}
		d.Predicates = append(d.Predicates, declared(p))
		for _, owner := range n.schemas[0].derived.Types {
			if !slices.Contains(owner.Predicates, p.Name) {
				continue
			}
			i := slices.IndexFunc(d.Types, func(have DeclaredType) bool { return have.Name == owner.Name })
			if i < 0 {
				i = len(d.Types)
				d.Types = append(d.Types, DeclaredType{Name: owner.Name})
			}
			d.Types[i].Fields = append(d.Types[i].Fields, p.Stored())
		}
	}
	return d, nil
}
