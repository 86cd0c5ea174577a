package diff

import (
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// compareProse looks at what people read: descriptions and deprecations of a
// type, its own fields with their arguments, and its values.
func (d *Diff) compareProse(p typePair) {
	d.compareElement(Element{Type: p.before}, Element{Type: p.after})
	for _, a := range firstFields(p.after) {
		if b := d.fields[a]; b != nil && b.Source == nil && a.Source == nil {
			d.compareElement(Element{Type: p.before, Field: b}, Element{Type: p.after, Field: a})
			before := make(map[string]*sdl.Input, len(b.Definition.Arguments))
			for _, x := range b.Definition.Arguments {
				before[x.Name.Text] = x
			}
			for _, y := range a.Definition.Arguments {
				if x := before[y.Name.Text]; x != nil {
					d.compareElement(Element{Type: p.before, Field: b, Argument: x}, Element{Type: p.after, Field: a, Argument: y})
				}
			}
		}
	}
	if p.before.Kind != sdl.Enum || p.after.Kind != sdl.Enum {
		return
	}
	for _, v := range p.after.Definition.Values {
		if b := d.values[v].before; b != nil {
			d.compareElement(Element{Type: p.before, Value: b}, Element{Type: p.after, Value: v})
		}
	}
}

// values are the values of an enum by name, of each the first.
func values(t *schema.Type) map[string]*sdl.EnumValue {
	all := make(map[string]*sdl.EnumValue, len(t.Definition.Values))
	for _, v := range t.Definition.Values {
		if all[v.Name.Text] == nil {
			all[v.Name.Text] = v
		}
	}
	return all
}

func (d *Diff) compareElement(b, a Element) {
	if deprecation(b) != deprecation(a) {
		d.add(DeprecationChanged{b, a})
	}
	if description(b) != description(a) {
		d.add(DescriptionChanged{b, a})
	}
}

// deprecation is the reason of a deprecation with a mark before it, "" when
// there is none.
func deprecation(e Element) string {
	dir := e.Directive("deprecated")
	if dir == nil {
		return ""
	}
	if v := dir.Arg("reason"); v != nil {
		return "=" + v.Raw
	}
	return "="
}

func description(e Element) string {
	if text := e.Description(); text != nil {
		return text.Text
	}
	return ""
}
