package dql

import (
	"fmt"
	"strings"
)

// Line declares the predicate in a DQL schema: what [Stored] says of it, or more. It ends without a line's end.
func (p Predicate) Line() (string, error) {
	name, err := Quote(p.Name)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString(name + ": ")
	if p.List {
		b.WriteString("[" + p.Type + "]")
	} else {
		b.WriteString(p.Type)
	}
	if len(p.Index) > 0 {
		var all []string
		for _, t := range p.Index {
			text := t.Name
			if len(t.Options) > 0 {
				var options []string
				for _, o := range t.Options {
					options = append(options, fmt.Sprintf("%s: %q", o.Key, o.Value))
				}
				text += "(" + strings.Join(options, ", ") + ")"
			}
			all = append(all, text)
		}
		b.WriteString(" @index(" + strings.Join(all, ", ") + ")")
	}
	for _, d := range []struct {
		set  bool
		name string
	}{{p.Reverse, "reverse"}, {p.Count, "count"}, {p.Lang, "lang"}, {p.Upsert, "upsert"}, {p.Unique, "unique"}, {p.NoConflict, "noconflict"}} {
		if d.set {
			b.WriteString(" @" + d.name)
		}
	}
	return b.String() + " .", nil
}
