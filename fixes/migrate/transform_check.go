package migrate

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/fixes/expression"
)

func (t *transforming) check() error {
	if len(t.Set)+len(t.Unset)+len(t.Add)+len(t.Remove)+len(t.Create) == 0 && t.Retag == nil && t.Delete == nil {
		return errors.New("it takes something to set, unset, add, remove, create, retag or delete")
	}
	if t.Delete != nil && len(t.Delete.Predicates) == 0 {
		return errors.New("delete takes the predicates that the nodes may hold something under")
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
	if t.step != nil {
		for _, name := range t.relatedReads() {
			if !slices.Contains(t.step.Reads, name) {
				return fmt.Errorf("it reads %s of related nodes, which is not among its reads", name)
			}
		}
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
