package migrate

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/schemacheck/schemacheck/dql"
)

// Fill gives the nodes of a type that have no value under a predicate the same
// one. Nodes with values in other languages only have none.
type Fill struct {
	Predicate string `yaml:"predicate"`
	// Type is the stored type whose nodes are filled; that of an interface has
	// those of all types that implement it.
	Type    string  `yaml:"of"`
	Reading Reading `yaml:"reading"`
	// Values is one value, or those of a list, as text.
	Values []string `yaml:"values,omitempty"`
	// Now fills in the moment at which the step runs instead.
	Now bool `yaml:"now,omitempty"`
	// Lang is the language of the value; empty for none.
	Lang string `yaml:"lang,omitempty"`
}

func (f *Fill) check() error {
	switch {
	case f.Predicate == "" || f.Type == "":
		return errors.New("it takes a predicate to fill and a type whose nodes are filled")
	case f.Now == (len(f.Values) > 0):
		return errors.New("it takes either values or the time of the run to fill in")
	case f.Now && f.Reading.Type != "dateTime":
		return fmt.Errorf("the time of the run is no value of type %s", f.Reading.Type)
	}
	for _, text := range f.Values {
		if _, err := f.Reading.parse(text); err != nil {
			return err
		}
	}
	return f.Reading.check()
}

func (f *Fill) reads() []string  { return []string{f.Predicate} }
func (f *Fill) writes() []string { return []string{f.Predicate} }

func (f *Fill) judge(p *page) (*change, error) {
	if err := p.declared(f.Predicate); err != nil {
		return nil, err
	}
	values, err := f.data(p.now)
	if err != nil {
		return nil, err
	}
	c := &change{}
	for _, n := range p.nodes {
		if !n.is(f.Type) || slices.ContainsFunc(n.quads[f.Predicate], func(q dql.Quad) bool { return q.Lang == f.Lang }) {
			continue
		}
		var set []dql.Quad
		for _, data := range values {
			set = append(set, dql.Quad{Subject: dql.Node(n.uid), Predicate: f.Predicate, Data: data, Type: f.Reading.Type, Lang: f.Lang})
		}
		c.write(set, nil)
	}
	return c, nil
}

// data is what is filled in.
func (f *Fill) data(now time.Time) ([]any, error) {
	if f.Now {
		return []any{now.UTC().Format(time.RFC3339)}, nil // as Dgraph writes $now
	}
	var all []any
	for _, text := range f.Values {
		data, err := f.Reading.parse(text)
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}
