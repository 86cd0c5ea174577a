package validity

import "github.com/schemacheck/schemacheck/diff/schema"

// lookup remembers what several checks ask of a type, so that a type with
// thousands of fields costs no more than its fields.
type lookup struct {
	sources     map[*schema.Type]map[string]*schema.Type
	identifiers map[*schema.Type][2]*schema.Field
	forwards    map[*schema.Type]map[string]*schema.Field
}

func newLookup() lookup {
	return lookup{
		sources:     map[*schema.Type]map[string]*schema.Type{},
		identifiers: map[*schema.Type][2]*schema.Field{},
		forwards:    map[*schema.Type]map[string]*schema.Field{},
	}
}

// source is the first interface of t that has the field, or nil. Source:
// parentInterface.
func (c *checker) source(t *schema.Type, field string) *schema.Type {
	if len(t.Interfaces) == 0 {
		return nil
	}
	sources := c.lookup.sources[t]
	if sources == nil {
		sources = map[string]*schema.Type{}
		for _, i := range t.Interfaces {
			for _, f := range i.Fields {
				if sources[f.Name] == nil {
					sources[f.Name] = i
				}
			}
		}
		c.lookup.sources[t] = sources
	}
	return sources[field]
}

// identifiers are the first field of type ID and the first with @id, but for
// those that belong to another service. Sources: getIDField, getXIDField.
func (c *checker) identifiers(t *schema.Type) (id, xid *schema.Field) {
	found, ok := c.lookup.identifiers[t]
	if !ok {
		for _, f := range t.Fields {
			if f.Has("external") && !f.Key() {
				continue
			}
			if found[0] == nil && f.Type().Named() == "ID" {
				found[0] = f
			}
			if found[1] == nil && f.Has("id") {
				found[1] = f
			}
		}
		c.lookup.identifiers[t] = found
	}
	return found[0], found[1]
}

// forward is the first field of t that names the predicate.
func (c *checker) forward(t *schema.Type, pred string) *schema.Field {
	forwards := c.lookup.forwards[t]
	if forwards == nil {
		forwards = map[string]*schema.Field{}
		for _, f := range t.Fields {
			if v := f.Directive("dgraph").Arg("pred"); v != nil && v.Raw != "" && forwards[v.Raw] == nil {
				forwards[v.Raw] = f
			}
		}
		c.lookup.forwards[t] = forwards
	}
	return forwards[pred]
}
