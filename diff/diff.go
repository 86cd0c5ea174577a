// Package diff says what changed between two schemas, in what the author
// wrote, in what Dgraph stores and in the API that it generates, and nothing
// about whether it matters.
package diff

import (
	"github.com/schemacheck/schemacheck/diff/api"
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/diff/storage"
)

// Schema is one side of a comparison with its layers.
type Schema struct {
	*schema.Schema
	Storage *storage.Schema
}

// New derives the layers of a schema.
func New(source *sdl.Schema) *Schema {
	resolved := schema.Resolve(source)
	return &Schema{resolved, storage.Derive(resolved)}
}

// Options tell Compare what cannot be seen in the schemas.
type Options struct {
	// Renames are renames that the user declares: old to new coordinate, of
	// types ("User" to "Account"), of fields ("User.phone" to "User.tel"; the
	// new type's name may stand in the second one) or of an enum's values. Those
	// that do not fit the two schemas have no effect: they were carried out
	// earlier, or will be. So it is with comments of the new schema, on a type,
	// a field or a value: `# schemacheck:renamed-from phone`.
	Renames map[string]string
	// DgraphVersion is as in api.Options.
	DgraphVersion string
}

// Diff is what Compare found.
type Diff struct {
	Before, After *Schema
	// Changes are first the predicates that Dgraph refuses to alter, in the
	// order of the old schema. Then come the types that both schemas have, in
	// the order of the new one, each with its fields; what a type lost follows
	// what it kept or gained. Types that only one side has, and what is not
	// about one type alone, such as inverses, come last.
	Changes []Change
	// API is what changes for clients, whether or not it is also a Change.
	API     []ContractChange
	types   *typeMatch
	fields  map[*schema.Field]*schema.Field // both ways
	renames fieldRenames
	values  map[*sdl.EnumValue]valueMatch // by the new ones
}

// Compare finds the changes from before to after. Both schemas may be invalid;
// then the result is what comes closest.
func Compare(before, after *Schema, options Options) *Diff {
	d := &Diff{
		Before: before,
		After:  after,
		fields: map[*schema.Field]*schema.Field{},
		values: map[*sdl.EnumValue]valueMatch{},
	}
	declared := parseDeclared(options.Renames)
	declared.addHints(before.Source, after.Source)
	d.types = matchTypes(before, after, declared)
	for _, interfaces := range []bool{true, false} { // what they hand down follows them
		for _, pair := range d.types.pairs {
			if (pair.after.Kind == sdl.Interface) == interfaces {
				d.matchFields(pair, declared)
			}
		}
	}
	for _, pair := range d.types.pairs {
		if pair.before.Kind == sdl.Enum && pair.after.Kind == sdl.Enum {
			d.matchValues(pair, declared)
		}
	}
	refused := d.comparePredicates()
	for _, pair := range d.types.pairs {
		d.compareTypes(pair)
		d.compareFields(pair, refused)
	}
	for _, t := range firsts(before) {
		if d.types.after[t] == nil {
			d.add(TypeRemoved{t})
		}
	}
	for _, t := range firsts(after) {
		// To clients who stay with a name it is not new, even when what it named
		// goes on under another one.
		was := before.Type(t.Name)
		taken := was != nil && d.types.after[was] != nil && d.types.after[was] != t
		if taken && was.Stores() && t.Stores() && was.Stored != t.Stored {
			d.add(StoredTypeChanged{was, t})
		} else if d.types.before[t] == nil {
			d.add(TypeAdded{t})
		}
	}
	d.compareInverses()
	d.compareReuse()
	d.compareLanguages()
	d.compareAuthorization()
	d.compareSettings()
	d.API = d.Contract(api.DerivePair(before.Schema, after.Schema, api.Options{DgraphVersion: options.DgraphVersion}))
	return d
}

func (d *Diff) add(c Change) { d.Changes = append(d.Changes, c) }

// Survivor is the counterpart of an old type in the new schema, nil when it
// was removed.
func (d *Diff) Survivor(t *schema.Type) *schema.Type { return d.types.after[t] }

// Origin is the counterpart of a new type in the old schema, nil when it was
// added.
func (d *Diff) Origin(t *schema.Type) *schema.Type { return d.types.before[t] }

// Counterpart is the field at the other side, of an old or a new one; nil when
// it was removed or added.
func (d *Diff) Counterpart(f *schema.Field) *schema.Field { return d.fields[f] }

// sameNamed reports whether the named types of two fields are one type: equal,
// or renamed into each other.
func (d *Diff) sameNamed(before, after string) bool {
	b, a := d.Before.Type(before), d.After.Type(after)
	if b == nil || a == nil {
		return before == after
	}
	return d.types.after[b] == a
}
