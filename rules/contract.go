package rules

import (
	"cmp"
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/api"
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// APIChange is one change of the generated API.
type APIChange struct {
	// Coordinate is the GraphQL schema coordinate in the generated API.
	Coordinate string
	// Change says what happens to it: "removed", "now String!".
	Change string
}

// part says what of the API findings of a rule explain.
type part uint8

const (
	whole     part = iota + 1 // the element as such: it went, came, or has another name
	operation                 // which operations there are for a type
	filter                    // how it can be searched
	identity                  // how nodes are found by it
	password                  // the field of @secret
	form                      // its type, and what follows from that
	nullness                  // its "!"
	elsewhere                 // its name stays, for what another field stores
	addition                  // it is only new
)

// explains is what the findings of each rule explain. Those of rules that are
// not named own no change of the API.
var explains = map[string]part{
	"type-renamed": whole, "type-removed": whole, "type-kind-changed": whole,
	"interface-added": whole, "interface-removed": whole,
	"union-member-removed": whole, "union-member-added": whole,
	"enum-value-removed": whole, "enum-value-added": whole,
	"field-renamed": whole, "field-removed": whole, "computed-changed": whole, "stored-type-changed": whole,
	"generate-changed": operation, "subscription-removed": operation,
	"search-added": filter, "search-removed": filter, "search-changed": filter,
	"id-added": identity, "id-removed": identity, "id-scope-changed": identity,
	"secret-changed": password,
	"update-refused": form, "field-type-changed": form, "single-to-list": form, "reference-changed": form,
	"embedding-changed": form, "language-changed": form, "default-changed": form,
	"predicate-changed":    elsewhere,
	"required-field-added": nullness, "field-made-required": nullness, "field-made-optional": nullness,
	"type-added": addition, "field-added": addition,
}

// likeliest are, for each kind of contract change, what explains it, the best
// explanation first.
var likeliest = map[diff.ContractKind][]part{
	diff.Removed:     {filter, password, whole, operation, identity, form, elsewhere},
	diff.Required:    {password, nullness, form, identity, whole, elsewhere},
	diff.TypeChanged: {filter, password, form, whole, identity, nullness, elsewhere},
	diff.Dangerous:   {filter, password, nullness, whole, form, identity, elsewhere, addition},
}

// grouping gives the contract changes to the findings that own them.
type grouping struct {
	*pass
	// owners are the findings on each field or type, of both schemas.
	owners map[any][]*Finding
}

// own notes that a finding is about the elements of a change.
func (g *grouping) own(f *Finding, c diff.Change) {
	for _, e := range touched(c) {
		if !slices.Contains(g.owners[e], f) {
			g.owners[e] = append(g.owners[e], f)
		}
	}
}

// touched are the fields and types that a change is about, those that are not
// there left out.
func touched(c diff.Change) []any {
	var all []any
	types := func(types ...*schema.Type) {
		for _, t := range types {
			if t != nil {
				all = append(all, t)
			}
		}
	}
	fields := func(fields ...*schema.Field) {
		for _, f := range fields {
			if f != nil {
				all = append(all, f)
			}
		}
	}
	moves := func(moves []diff.Move) {
		for _, m := range moves {
			fields(m.Before, m.After)
		}
	}
	switch c := c.(type) {
	case diff.TypeAdded:
		types(c.Type)
	case diff.TypeRemoved:
		types(c.Type)
	case diff.TypeRenamed:
		types(c.Before, c.After)
	case diff.TypeKindChanged:
		types(c.Before, c.After)
	case diff.InterfaceAdded:
		types(c.Before, c.After)
		moves(c.Moved)
		fields(c.Gained...)
	case diff.InterfaceRemoved:
		types(c.Before, c.After)
		moves(c.Moved)
		fields(c.Lost...)
	case diff.UnionMemberAdded:
		types(c.Before, c.After)
	case diff.UnionMemberRemoved:
		types(c.Before, c.After)
	case diff.EnumValueAdded:
		types(c.Before, c.After)
	case diff.EnumValueRemoved:
		types(c.Before, c.After)
	case diff.EnumValueRenamed:
		types(c.Before, c.After)
	case diff.FieldAdded:
		fields(c.Field)
	case diff.FieldRemoved:
		fields(c.Field)
	case diff.FieldRenamed:
		fields(c.Before, c.After)
	case diff.PredicateChanged:
		fields(c.Before, c.After)
	case diff.StoredTypeChanged:
		types(c.Before, c.After)
	case diff.FieldTypeChanged:
		fields(c.Before, c.After)
	case diff.BecameList:
		fields(c.Before, c.After)
	case diff.MadeRequired:
		fields(c.Before, c.After)
	case diff.MadeOptional:
		fields(c.Before, c.After)
	case diff.IDAdded:
		fields(c.Before, c.After)
	case diff.IDRemoved:
		fields(c.Before, c.After)
	case diff.IDScopeChanged:
		fields(c.Before, c.After)
	case diff.SearchAdded:
		fields(c.Before, c.After)
	case diff.SearchRemoved:
		fields(c.Before, c.After)
	case diff.SearchChanged:
		fields(c.Before, c.After)
	case diff.EmbeddingChanged:
		fields(c.Before, c.After)
	case diff.ComputedChanged:
		fields(c.Before, c.After)
	case diff.DefaultChanged:
		fields(c.Before, c.After)
	case diff.SecretAdded:
		types(withSecret(c.Before, c.After)...)
	case diff.SecretRemoved:
		types(withSecret(c.Before, c.After)...)
	case diff.SecretChanged:
		types(withSecret(c.Before, c.After)...)
	case diff.GenerateChanged:
		types(c.Before, c.After)
	case diff.SubscriptionRemoved:
		if c.Before.Field != nil {
			fields(c.Before.Field, c.After.Field)
		} else {
			types(c.Before.Type, c.After.Type)
		}
	case diff.LanguageChanged:
		fields(c.Before, c.After)
	case diff.PredicateRefused:
		fields(c.FieldBefore, c.FieldAfter)
		types(c.TypeBefore, c.TypeAfter)
	}
	return all
}

// withSecret are the types, and those that inherit their passwords.
func withSecret(types ...*schema.Type) []*schema.Type {
	for _, t := range types {
		for _, i := range t.Implementors {
			if i.Secret != nil && i.Secret.Source == t {
				types = append(types, i)
			}
		}
	}
	return types
}

// contract gives every contract change to a finding: to the one that owns its
// element or a cause of it, else to a new one on the element. It returns the
// new ones.
func (g *grouping) contract(changes []diff.ContractChange) []*Finding {
	var added []*Finding
	alone := map[string]*Finding{}
	for _, c := range changes {
		f := g.owner(c)
		if f == nil {
			rule := ruleOf(c.Kind)
			e := g.spot(c)
			key := rule.ID + " " + e.coordinate
			if f = alone[key]; f == nil {
				f = g.finding(rule, e)
				alone[key] = f
				added = append(added, f)
			}
		}
		f.API = append(f.API, APIChange{c.Coordinate, c.What})
		if c.Kind.Breaking() {
			f.Impact.API = APIBreaking
			if f.Rule.Severity == Error && (!g.followed(f) || f.Confidence == string(diff.Likely)) {
				f.Severity = Error // whatever becomes of the data, clients break
			}
		} else if f.Impact.API != APIBreaking {
			f.Impact.API = APIDangerous
		}
	}
	for _, f := range added {
		tell(f)
	}
	return added
}

// owner is the finding that explains the change best, or nil.
func (g *grouping) owner(c diff.ContractChange) *Finding {
	// What is gone is looked for in the old schema, what came in the new one.
	own := []api.Source{c.After, c.Before}
	if c.Kind == diff.Removed {
		own = []api.Source{c.Before, c.After}
	}
	for _, s := range own {
		if f := g.best(c, s, true); f != nil {
			return f
		}
	}
	for cause := range c.Causes() {
		if f := g.best(c, cause.Source, false); f != nil {
			return f
		}
	}
	return nil
}

// best is the finding on an element that explains the change best, or nil. Of
// the changes that the element's type causes, only its own elements are part.
func (g *grouping) best(c diff.ContractChange, s api.Source, withType bool) *Finding {
	if s.Field != nil {
		for _, field := range []*schema.Field{s.Field, origin(s.Field)} {
			if f := g.choose(c, g.owners[field]); f != nil {
				return f
			}
		}
		if !withType {
			return nil
		}
		var moved []*Finding // with their type
		for _, f := range g.owners[s.Type] {
			if f.Rule == typeRemoved || f.Rule == typeRenamed || f.Rule == typeKindChanged || f.Rule == storedTypeChanged {
				moved = append(moved, f)
			}
		}
		return g.choose(c, moved)
	}
	if s.Type == nil {
		return nil
	}
	return g.choose(c, g.owners[s.Type])
}

// origin is the field that an inherited field comes from, or the field itself.
func origin(f *schema.Field) *schema.Field {
	if f.Source != nil {
		if of := f.Source.Field(f.Name); of != nil {
			return of
		}
	}
	return f
}

// choose is the finding that explains the change best, or nil.
func (g *grouping) choose(c diff.ContractChange, findings []*Finding) *Finding {
	var best *Finding
	rank := func(f *Finding) int {
		order := likeliest[c.Kind]
		at := slices.Index(order, explains[f.Rule.ID])
		if f.Coordinate == c.Coordinate {
			at -= len(order) // it speaks of this very element
		}
		return at
	}
	for _, f := range findings {
		if !slices.Contains(likeliest[c.Kind], explains[f.Rule.ID]) || !g.concerns(f, c) {
			continue
		}
		if best == nil || rank(f) < rank(best) {
			best = f
		}
	}
	return best
}

// followed reports whether a finding is a rename whose old name is gone:
// clients must follow, and see at once that they must.
func (g *grouping) followed(f *Finding) bool {
	if f.Rule != typeRenamed && f.Rule != fieldRenamed {
		return false
	}
	owner, name, isField := strings.Cut(f.Coordinate, ".")
	t := g.After.Type(owner)
	return t == nil || isField && t.Field(name) == nil
}

// concerns reports whether the finding can own the change: it speaks of the
// same member, interface or value, and does not play a break down. Renames that
// keep what is stored are the exception: that clients must follow is all that
// they say.
func (g *grouping) concerns(f *Finding, c diff.ContractChange) bool {
	if f.Severity == Info && c.Kind.Breaking() && !g.followed(f) {
		return false
	}
	of, name, _ := strings.Cut(c.Coordinate, ".")
	operation := of == "Query" || of == "Mutation" || of == "Subscription"
	switch explains[f.Rule.ID] {
	case filter:
		return !operation && (strings.HasSuffix(of, "Filter") || strings.Contains(of, "_"))
	case identity:
		return operation || strings.Contains(name, "(") || strings.HasSuffix(of, "Filter") && !strings.HasSuffix(of, "HasFilter") ||
			strings.HasSuffix(of, "Ref") || strings.Contains(of, "_")
	case password:
		// Whatever else of an input comes from a field.
		input := strings.HasSuffix(of, "Input") || strings.HasSuffix(of, "Patch") || strings.HasSuffix(of, "Ref")
		return operation && strings.HasPrefix(name, "check") || input && name != ""
	}
	if f.Rule.ID == "subscription-removed" {
		return of == "Subscription"
	}
	switch f.Rule {
	case enumValueRemoved, enumValueAdded:
		value := func(coordinate string) string { return coordinate[strings.LastIndexByte(coordinate, '.')+1:] }
		return value(f.Coordinate) == name || f.To != "" && value(f.To) == name
	case secretChanged:
		renamed := c.After.Type != nil && c.After.Type.Secret != nil && c.After.Type.Secret.Field == name
		return name == f.Subject || renamed || strings.HasSuffix(name, "Password") || strings.Contains(c.Coordinate, "Password(")
	case generateChanged:
		return c.Kind == diff.Removed && c.Before.Field == nil
	case unionMemberRemoved, unionMemberAdded, interfaceRemoved, interfaceAdded:
		if c.Before.Field != nil || c.After.Field != nil {
			return true // the finding lists the fields
		}
		if operation && f.Rule == interfaceRemoved {
			return c.Kind == diff.Removed // as the query of a type whose id came from the interface
		}
		return strings.HasSuffix(c.What, " "+f.Subject) || name == f.Subject ||
			strings.EqualFold(name, f.Subject+"Ref") || strings.EqualFold(name, f.Subject+"Filter")
	}
	return true
}

// spot is what a finding of the contract alone is about: a type or a field
// of one of the two schemas, or neither.
type spot struct {
	api.Source
	old        bool
	coordinate string
}

// spot is the source of the change, or, where that is a type as such, the
// field whose coming or going is the cause.
func (g *grouping) spot(c diff.ContractChange) spot {
	e := spot{Source: c.Before, old: true}
	if c.Kind == diff.Required || c.Before.Type == nil {
		e = spot{Source: c.After}
		if c.After.Type == nil {
			e = spot{Source: c.Before, old: true}
		}
	}
	stays := e.Type == nil || !e.old || g.Survivor(e.Type) != nil
	if e.Field == nil && stays || e.Field != nil && g.untouched(e.Field) {
		for cause := range c.Causes() {
			if cause.Field != nil && !g.untouched(cause.Field) || e.Type == nil && cause.Type != nil {
				e.Source, e.old = cause.Source, cause.Old
				break
			}
		}
	}
	switch {
	case e.Field != nil:
		e.Field = origin(e.Field)
		e.Type = e.Field.Owner
		e.coordinate = e.Field.Coordinate()
	case e.Type != nil:
		e.coordinate = e.Type.Name
	default:
		e.coordinate = c.Coordinate
	}
	return e
}

// untouched reports whether the other schema has the field with the same type
// and directives.
func (g *grouping) untouched(f *schema.Field) bool {
	other := g.Counterpart(origin(f))
	return other != nil && essence(other.Definition) == essence(f.Definition)
}

// essence is what of a field can matter to the API: not prose, nor layout.
func essence(d *sdl.Field) string {
	parts := []string{d.Type.String()}
	if d.Default != nil {
		parts = append(parts, d.Default.Span.Text())
	}
	for _, x := range d.Arguments {
		parts = append(parts, x.Name.Text, x.Type.String())
		if x.Default != nil {
			parts = append(parts, x.Default.Span.Text())
		}
	}
	for _, directive := range d.Directives {
		if directive.Name.Text != "deprecated" {
			parts = append(parts, directive.Span.Text())
		}
	}
	return strings.Join(strings.Fields(strings.Join(parts, " ")), " ")
}

// finding is a new one on an element.
func (g *grouping) finding(r *Rule, e spot) *Finding {
	f := &Finding{
		Rule: r, Severity: r.Severity, Coordinate: e.coordinate, Reversible: true,
		Impact: Impact{APINone, StorageNone, DataNone},
	}
	before, after := e.Type, e.Type
	if e.old {
		after = nil
		if e.Type != nil {
			after = g.Survivor(e.Type)
		}
	} else {
		before = nil
		if e.Type != nil {
			before = g.Origin(e.Type)
		}
	}
	var was, is *schema.Field
	if e.Field != nil {
		was, is = e.Field, e.Field
		if e.old {
			is = g.Counterpart(e.Field)
		} else {
			was = g.Counterpart(e.Field)
		}
		f.Affects = inherits(e.Field)
	}
	if is == nil && after != nil && e.Field != nil {
		is = after.Field(e.Field.Name) // such as one that was stored and is computed
	}
	switch {
	case was != nil:
		f.Previous = previous(was)
	case before != nil && e.Field == nil:
		f.Previous = before.Definition.Name.Span
	}
	switch {
	case is != nil:
		f.Place = place(is)
		if e.old && is.Coordinate() != e.coordinate {
			f.To = is.Coordinate()
		}
	case after != nil && e.Field == nil:
		f.Place = onType(after)
		if e.old && after.Name != e.coordinate {
			f.To = after.Name
		}
	case after != nil:
		f.Place = onOwner(after)
	case before != nil:
		f.Place = g.onNeighbour(before)
	default:
		f.Place = g.onFile()
	}
	return f
}

// complete writes "none" where nothing is said.
func (i *Impact) complete() {
	i.API = cmp.Or(i.API, APINone)
	i.Storage = cmp.Or(i.Storage, StorageNone)
	i.Data = cmp.Or(i.Data, DataNone)
}
