package diff

import (
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// compareOperations looks at what @generate and @withSubscription ask for.
func (d *Diff) compareOperations(p typePair) {
	if p.before.Root() && p.after.Root() {
		for _, a := range firstFields(p.after) {
			if b := d.fields[a]; b != nil {
				d.compareSubscription(Element{Type: p.before, Field: b}, Element{Type: p.after, Field: a})
				d.compareComputed(b, a)
			}
		}
	}
	if p.before.Remote && p.after.Remote {
		for _, a := range firstFields(p.after) {
			if b := d.fields[a]; b != nil {
				d.compareComputed(b, a)
			}
		}
	}
	if !p.before.Stores() || !p.after.Stores() {
		return
	}
	c := GenerateChanged{Before: p.before, After: p.after}
	for _, o := range operations {
		switch before, after := o.generated(p.before), o.generated(p.after); {
		case before && !after && o.possible(p.before):
			c.Lost = append(c.Lost, o.name)
		case after && !before && o.possible(p.after):
			c.Gained = append(c.Gained, o.name)
		}
	}
	if len(c.Lost)+len(c.Gained) > 0 {
		d.add(c)
	}
	d.compareSubscription(Element{Type: p.before}, Element{Type: p.after})
	d.compareWebhooks(p)
}

func (d *Diff) compareSubscription(b, a Element) {
	switch before, after := subscribed(b), subscribed(a); {
	case after && !before:
		d.add(SubscriptionAdded{b, a})
	case before && !after:
		d.add(SubscriptionRemoved{b, a})
	}
}

// subscribed reports whether the element can be subscribed to. Source:
// parseGenerateDirectiveParams.
func subscribed(e Element) bool {
	if e.Directive("withSubscription") != nil {
		return true
	}
	v := e.Directive("generate").Arg("subscription")
	return e.Field == nil && v != nil && v.Kind == sdl.BooleanValue && v.Raw == "true"
}

// operation is a query or mutation that Dgraph generates unless @generate says
// otherwise.
type operation struct {
	argument string // of @generate
	name     string
	// possible reports whether Dgraph could generate it for the type.
	possible func(*schema.Type) bool
}

var operations = []operation{
	{"query", "get", identified},
	{"query", "query", always},
	{"query", "password", func(t *schema.Type) bool { return t.Secret != nil }},
	{"query", "aggregate", always},
	{"mutation", "add", func(t *schema.Type) bool { return t.Kind == sdl.Object }},
	{"mutation", "update", always},
	{"mutation", "delete", always},
}

func always(*schema.Type) bool { return true }

// identified reports whether single nodes of a type can be asked for.
func identified(t *schema.Type) bool {
	for _, f := range t.Fields {
		if f.Type().Named() == "ID" || f.Has("id") {
			return true
		}
	}
	return false
}

func (o operation) generated(t *schema.Type) bool {
	v := t.Directive("generate").Arg(o.argument).Field(o.name)
	return v == nil || v.Kind != sdl.BooleanValue || v.Raw == "true"
}
