package migrate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/schemacheck/schemacheck/dql"
)

// altering is a task that changes the DQL schema.
type altering interface {
	task
	// alter does it. What is done already is not done again.
	alter(ctx context.Context, c *dql.Client, live *dql.Stored) error
}

// Declare adds predicates and types to the DQL schema, and what is new of those
// that are there: nothing that they have is taken from them.
type Declare struct {
	Predicates []Declared `yaml:"predicates,omitempty"`
	// Types are added after the predicates. When a node is deleted, Dgraph
	// removes what it holds under the fields of its types, and nothing else.
	Types []DeclaredType `yaml:"types,omitempty"`
}

// DeclaredType is a type as a DQL schema declares it. Fields are predicates that
// are declared, too.
type DeclaredType struct {
	Name   string   `yaml:"name"`
	Fields []string `yaml:"fields"`
}

// Declared is a predicate as a DQL schema declares it.
type Declared struct {
	Name string `yaml:"name"`
	// Type is the DQL type, without brackets for a list.
	Type string `yaml:"type"`
	List bool   `yaml:"list,omitempty"`
	// Index are the tokenizers, with options as in a DQL schema.
	Index   []string `yaml:"index,omitempty"`
	Lang    bool     `yaml:"lang,omitempty"`
	Upsert  bool     `yaml:"upsert,omitempty"`
	Reverse bool     `yaml:"reverse,omitempty"`
}

func (d *Declare) check() error {
	if len(d.Predicates)+len(d.Types) == 0 {
		return errors.New("nothing is declared")
	}
	for _, p := range d.Predicates {
		if p.Name == "" || p.Type == "" {
			return errors.New("a predicate has no name or no type")
		}
		if err := ours(p.Name); err != nil {
			return fmt.Errorf("%s: %w", p.Name, err)
		}
		if err := p.spelt(); err != nil {
			return err
		}
		if _, err := p.whole(nil).Line(); err != nil {
			return err
		}
	}
	for _, t := range d.Types {
		if err := ours(t.Name); err != nil {
			return fmt.Errorf("%s: %w", t.Name, err)
		}
		if _, err := t.whole(nil).lines(); err != nil {
			return err
		}
	}
	return nil
}

// whole is the type that is declared: what is stored, and what is new.
func (d DeclaredType) whole(live *dql.Type) DeclaredType {
	t := DeclaredType{Name: d.Name}
	if live != nil {
		t.Fields = slices.Clone(live.Fields)
	}
	for _, f := range d.Fields {
		if !slices.Contains(t.Fields, f) {
			t.Fields = append(t.Fields, f)
		}
	}
	return t
}

// lines declare the type in a DQL schema.
func (d DeclaredType) lines() (string, error) {
	var b strings.Builder
	name, err := dql.Quote(d.Name)
	if err != nil {
		return "", err
	}
	b.WriteString("type " + name + " {\n")
	for _, f := range d.Fields {
		field, err := dql.Quote(f)
		if err != nil {
			return "", err
		}
		b.WriteString("  " + field + "\n")
	}
	b.WriteString("}\n")
	return b.String(), nil
}

// calendar are the tokenizers of which Dgraph allows a predicate only one: the
// update replaces it.
var calendar = []string{"year", "month", "day", "hour"}

// whole is the predicate that is declared: what is stored, and what is new.
func (d Declared) whole(live *dql.Predicate) dql.Predicate {
	p := dql.Predicate{Name: d.Name, Type: d.Type, List: d.List}
	if live != nil {
		p = *live
		p.Index = slices.Clone(live.Index)
	}
	for _, t := range d.Index {
		name, _, _ := strings.Cut(t, "(")
		if !slices.ContainsFunc(p.Index, func(have dql.Tokenizer) bool {
			return have.Name == name || have.Name == t || slices.Contains(calendar, have.Name) && slices.Contains(calendar, name)
		}) {
			p.Index = append(p.Index, dql.Tokenizer{Name: t})
		}
	}
	p.Lang = p.Lang || d.Lang
	p.Upsert = p.Upsert || d.Upsert
	p.Reverse = p.Reverse || d.Reverse
	return p
}

// spelt refuses a type and tokenizers that would end what they are part of, and
// go on with other lines of the schema.
func (d Declared) spelt() error {
	word := func(text string) bool {
		return text != "" && !strings.ContainsFunc(text, func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	}
	if !word(d.Type) {
		return fmt.Errorf("%s: %q is no type", d.Name, d.Type)
	}
	for _, text := range d.Index {
		name, options, has := strings.Cut(text, "(")
		options, ended := strings.CutSuffix(options, ")")
		if !word(name) || has != ended || strings.ContainsAny(options, "()@\n\r") {
			return fmt.Errorf("%s: %q is no tokenizer", d.Name, text)
		}
	}
	return nil
}

func (d *Declare) alter(ctx context.Context, c *dql.Client, live *dql.Stored) error {
	var lines strings.Builder
	for _, p := range d.Predicates {
		old := live.Predicate(p.Name)
		if old != nil && (old.Type != p.Type || old.List != p.List) {
			return fmt.Errorf("%s is stored as %s already, not as %s", p.Name, written(old.Type, old.List), written(p.Type, p.List))
		}
		whole := p.whole(old)
		line, err := whole.Line()
		if err != nil {
			return err
		}
		if old != nil {
			if was, err := old.Line(); err == nil && was == line {
				continue
			}
		}
		lines.WriteString(line + "\n")
	}
	for _, t := range d.Types {
		var old *dql.Type
		if i := slices.IndexFunc(live.Types, func(have dql.Type) bool { return have.Name == t.Name }); i >= 0 {
			old = &live.Types[i]
		}
		whole := t.whole(old)
		if old != nil && len(whole.Fields) == len(old.Fields) {
			continue
		}
		text, err := whole.lines()
		if err != nil {
			return err
		}
		lines.WriteString(text)
	}
	if lines.Len() == 0 {
		return nil
	}
	return c.Alter(ctx, lines.String())
}

func written(typ string, list bool) string {
	if list {
		return "[" + typ + "]"
	}
	return typ
}

// Drop removes predicates with all that is stored under them, and types of the
// DQL schema.
type Drop struct {
	Predicates []string `yaml:"predicates,omitempty"`
	Types      []string `yaml:"types,omitempty"`
}

func (d *Drop) check() error {
	if len(d.Predicates)+len(d.Types) == 0 {
		return errors.New("nothing is dropped")
	}
	for _, name := range slices.Concat(d.Predicates, d.Types) {
		if err := ours(name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if _, err := dql.Quote(name); err != nil {
			return err
		}
	}
	return nil
}

func (d *Drop) alter(ctx context.Context, c *dql.Client, live *dql.Stored) error {
	for _, name := range d.Predicates {
		if live.Predicate(name) == nil {
			continue
		}
		if err := c.DropPredicate(ctx, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	for _, name := range d.Types {
		if !slices.ContainsFunc(live.Types, func(t dql.Type) bool { return t.Name == name }) {
			continue
		}
		if err := c.DropType(ctx, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}
