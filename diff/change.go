package diff

import (
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/diff/storage"
)

// Change is one thing that differs between two schemas. The set of
// implementations is closed: they are the types of this file.
type Change interface{ change() }

// A Rename says how it is known that two elements are one.
type Rename struct {
	Confidence Confidence
	// Score is the likeness, 0 to 1; 1 unless Confidence is Likely.
	Score float64
	// Reasons are short phrases for people: what makes the two look alike.
	Reasons []string
}

// Confidence is how a rename is known.
type Confidence string

// The confidences, surest first.
const (
	// Certain: the two have one stored type or one predicate.
	Certain Confidence = "certain"
	// Declared: the user says so.
	Declared Confidence = "declared"
	// Likely: they look alike, and nothing else comes close.
	Likely Confidence = "likely"
)

type (
	// TypeAdded is a type without a counterpart in the old schema.
	TypeAdded struct{ Type *schema.Type }
	// TypeRemoved is a type without a counterpart in the new schema.
	TypeRemoved struct{ Type *schema.Type }
	// TypeRenamed is a type that goes by another name. What it stores is kept
	// when Before.Stored and After.Stored are equal.
	TypeRenamed struct {
		Before, After *schema.Type
		Rename
	}
	// TypeKindChanged is a type that became an interface, an enum that became
	// a type, and so on. A type that became @remote, so that its nodes are no
	// longer read, is one too, and so is the reverse; its Kind stays.
	TypeKindChanged struct{ Before, After *schema.Type }
	// StoredTypeChanged is a type of one name whose nodes are stored under
	// another: `@dgraph(type:)` came, went or changed.
	StoredTypeChanged struct{ Before, After *schema.Type }
	// InterfaceAdded is a type that starts to implement Interface, of the new
	// schema.
	InterfaceAdded struct {
		Before, After *schema.Type
		Interface     *schema.Type
		// Moved are fields of the type whose values are now looked for at the
		// interface's predicate.
		Moved []Move
		// Gained are fields that the type has only through the interface.
		Gained []*schema.Field
	}
	// InterfaceRemoved is a type that stops implementing Interface, of the old
	// schema.
	InterfaceRemoved struct {
		Before, After *schema.Type
		Interface     *schema.Type
		Moved         []Move
		// Lost are fields that the type had only through the interface.
		Lost []*schema.Field
	}
	// UnionMemberAdded and UnionMemberRemoved are about one member of a union.
	UnionMemberAdded struct {
		Before, After *schema.Type
		Member        sdl.Name
	}
	// UnionMemberRemoved is the opposite of UnionMemberAdded.
	UnionMemberRemoved struct {
		Before, After *schema.Type
		Member        sdl.Name
	}
	// EnumValueAdded is a value that the enum gained.
	EnumValueAdded struct {
		Before, After *schema.Type
		Value         *sdl.EnumValue
	}
	// EnumValueRemoved is a value that the enum lost.
	EnumValueRemoved struct {
		Before, After *schema.Type
		Value         *sdl.EnumValue
	}
	// EnumValueRenamed is a value that goes by another name. Nodes hold the old
	// name.
	EnumValueRenamed struct {
		Before, After *schema.Type
		From, To      *sdl.EnumValue
		Rename
	}
	// FieldAdded is a field without a counterpart in the old type. An inherited
	// field is reported at its interface only.
	FieldAdded struct {
		Owner *schema.Type // the old type that gains the field
		Field *schema.Field
		// Moved are the implementing types that had the field themselves before
		// it came to this interface.
		Moved []*schema.Type
	}
	// FieldRemoved is a field without a counterpart in the new type.
	FieldRemoved struct {
		Field *schema.Field
		Owner *schema.Type // the new type that lacks it
	}
	// FieldRenamed is a field that goes by another name. Its values are kept
	// when the predicates are equal.
	FieldRenamed struct {
		Before, After *schema.Field
		Rename
	}
	// ComputedChanged is a field of one name that was stored and is computed, by
	// @custom or @lambda, or the reverse. The two are no counterparts: what was
	// stored is not read any more.
	ComputedChanged struct {
		Before, After *schema.Field
		Owner         *schema.Type // the new type of the old field
	}
	// ComputationChanged is a field that both schemas compute, by another @custom
	// or @lambda, or one of a remote type with another @remoteResponse.
	ComputationChanged struct{ Before, After *schema.Field }
	// PredicateChanged is a field of one name whose values are looked for
	// elsewhere.
	PredicateChanged struct{ Before, After *schema.Field }
	// PredicateReused is a new field whose predicate the old schema used
	// already, for other fields: it reads and writes their values. What reads
	// edges backwards, or values in a language of its own, reuses nothing.
	PredicateReused struct {
		Field *schema.Field
		Users []*schema.Field // the old fields, those of interfaces once
	}
	// LanguageChanged is a field of one name that reads its predicate in another
	// language.
	LanguageChanged struct{ Before, After *schema.Field }
	// LanguageLost is a predicate of strings that stays and is no longer @lang.
	// Field, of the new schema, reads what has no language from it.
	LanguageLost struct {
		Before, After *storage.Predicate
		Field         *schema.Field
	}
	// FieldTypeChanged is a field of another type: the named types differ, or
	// one of the two is a node's id, or a list became one value, or a geo type
	// became a list of its own; and Dgraph does not refuse it.
	FieldTypeChanged struct{ Before, After *schema.Field }
	// EmbeddingChanged is a field that gained or lost @embedding, whatever its
	// type, where Dgraph does not refuse that.
	EmbeddingChanged struct{ Before, After *schema.Field }
	// BecameList is a field that held one value and holds many.
	BecameList struct{ Before, After *schema.Field }
	// MadeRequired is a field, not a list, that became non-null.
	MadeRequired struct{ Before, After *schema.Field }
	// MadeOptional is a field that lost its "!".
	MadeOptional struct{ Before, After *schema.Field }
	// IDAdded is a field that gained @id.
	IDAdded struct{ Before, After *schema.Field }
	// IDRemoved is a field that lost @id.
	IDRemoved struct{ Before, After *schema.Field }
	// IDScopeChanged is a field with @id on both sides whose `interface:`
	// argument differs.
	IDScopeChanged struct{ Before, After *schema.Field }
	// SearchAdded is a field that gained @search and with it what @id did not
	// give it already. An enum is always indexed, so that nothing need be built.
	SearchAdded struct {
		Before, After *schema.Field
		Gained        []string // arguments of @search, sorted
	}
	// SearchRemoved is a field that lost @search, beyond what @id still gives.
	SearchRemoved struct {
		Before, After *schema.Field
		Lost          []string // arguments of @search, sorted
	}
	// SearchChanged is a field with @search on both sides that can be searched
	// by other means. Where the type changes too, it is only about what the new
	// type could have kept.
	SearchChanged struct {
		Before, After *schema.Field
		Lost, Gained  []string // arguments of @search, sorted
	}
	// DefaultChanged is a field with another @default, or one on one side only.
	DefaultChanged struct{ Before, After *schema.Field }
	// SecretAdded is a type that gained @secret.
	SecretAdded struct{ Before, After *schema.Type }
	// SecretRemoved is a type that lost @secret.
	SecretRemoved struct{ Before, After *schema.Type }
	// SecretChanged is a type whose password has another name in the API or
	// another predicate; not where the predicate follows the type's stored name.
	SecretChanged struct{ Before, After *schema.Type }
	// AuthChanged is a type whose @auth rules for some operations let others
	// through than before. There are at most two for a type: one that Opens and
	// one that does not.
	AuthChanged struct {
		Before, After *schema.Type
		// Operations are arguments of @auth: query, add, update, delete, password.
		Operations []string
		// Opens says that requests may be let through that were not before.
		Opens bool
		// Bare are those of Operations that no rule guards any more.
		Bare []string
	}
	// AuthorizationChanged is another `# Dgraph.Authorization` line, or one that
	// came or went. The lines hold keys: their texts are not to be printed.
	AuthorizationChanged struct {
		Before, After *sdl.Meta // nil where there is none
		// Opens says that ClosedByDefault was true and is no longer, Closes that it
		// is and was not.
		Opens, Closes bool
	}
	// SettingsChanged are other `# Dgraph.Allow-Origin` lines, or other
	// `# Dgraph.Secret` lines, whose texts are not to be printed.
	SettingsChanged struct {
		Kind          sdl.MetaKind
		Before, After []*sdl.Meta // all of that kind
		// Lost and Gained are the numbers of lines that only one side has.
		Lost, Gained int
	}
	// GenerateChanged is a type with other operations by @generate.
	GenerateChanged struct {
		Before, After *schema.Type
		// Lost and Gained are get, query, password, aggregate, add, update,
		// delete, in this order.
		Lost, Gained []string
	}
	// WebhookChanged is a type of whose mutations Dgraph tells a webhook, by
	// @lambdaOnMutate, otherwise than before.
	WebhookChanged struct {
		Before, After *schema.Type
		Lost, Gained  []string // add, update, delete, in this order
	}
	// SubscriptionAdded is a type, or a field of Query, that can be subscribed
	// to from now on.
	SubscriptionAdded struct{ Before, After Element }
	// SubscriptionRemoved is the opposite of SubscriptionAdded.
	SubscriptionRemoved struct{ Before, After Element }
	// DeprecationChanged is an element whose @deprecated came, went or has
	// another reason.
	DeprecationChanged struct{ Before, After Element }
	// DescriptionChanged is an element whose description came, went or is
	// another.
	DescriptionChanged struct{ Before, After Element }
	// InverseAdded is a pair of fields that are each other's inverse now. Field
	// is the end that says so in the new schema.
	InverseAdded struct {
		Field *schema.Field
		// Before are the old fields of the two ends, nil where an end is new.
		Before [2]*schema.Field
	}
	// InverseRemoved is a pair of fields that are no longer each other's
	// inverse. Field is the end that said so in the old schema.
	InverseRemoved struct {
		Field *schema.Field
		After *schema.Field // the same field in the new schema
	}
	// InverseChanged is a field that has another inverse. Both Inverses are set.
	InverseChanged struct{ Before, After *schema.Field }
	// PredicateRefused is a predicate that Dgraph does not alter from Before
	// to After.
	PredicateRefused struct {
		Before, After *storage.Predicate
		Refusal       Refusal
		// FieldBefore and FieldAfter are the fields that lead to it, the first
		// of each side, matched when possible. They are nil for a password;
		// then TypeBefore or TypeAfter has the @secret.
		FieldBefore, FieldAfter *schema.Field
		TypeBefore, TypeAfter   *schema.Type
	}
)

// An Element is a type, a field, an argument of a field, or an enum's value.
type Element struct {
	Type     *schema.Type
	Field    *schema.Field  // nil for a type and for an enum's value
	Argument *sdl.Input     // of Field; nil for what is no argument
	Value    *sdl.EnumValue // nil for all but an enum's value
}

// Coordinate is the element's GraphQL schema coordinate.
func (e Element) Coordinate() string {
	switch {
	case e.Argument != nil:
		return e.Field.Coordinate() + "(" + e.Argument.Name.Text + ":)"
	case e.Field != nil:
		return e.Field.Coordinate()
	case e.Value != nil:
		return e.Type.Name + "." + e.Value.Name.Text
	}
	return e.Type.Name
}

// Directive is the element's directive of that name, or nil.
func (e Element) Directive(name string) *sdl.Directive {
	switch {
	case e.Argument != nil:
		return sdl.Lookup(e.Argument.Directives, name)
	case e.Field != nil:
		return e.Field.Directive(name)
	case e.Value != nil:
		return sdl.Lookup(e.Value.Directives, name)
	}
	return e.Type.Directive(name)
}

// Description is the element's description, nil when there is none.
func (e Element) Description() *sdl.Description {
	switch {
	case e.Argument != nil:
		return e.Argument.Description
	case e.Field != nil:
		return e.Field.Definition.Description
	case e.Value != nil:
		return e.Value.Description
	}
	return e.Type.Definition.Description
}

// Span is the element without its description; of a type, its name.
func (e Element) Span() sdl.Span {
	switch {
	case e.Argument != nil:
		return e.Argument.Name.Span.To(e.Argument.Span)
	case e.Field != nil:
		return e.Field.Definition.Name.Span.To(e.Field.Definition.Span)
	case e.Value != nil:
		return e.Value.Name.Span.To(e.Value.Span)
	}
	return e.Type.Definition.Name.Span
}

// Move is a field whose values are looked for under another predicate.
type Move struct{ Before, After *schema.Field }

// Refusal is why Dgraph refuses to alter a predicate. Source: checkSchema.
type Refusal string

// The refusals.
const (
	// ListToSingle is refused always, even without any value.
	ListToSingle Refusal = "list-to-single"
	// ValueToReference, and back, is refused while any value was ever there.
	ValueToReference Refusal = "value-to-reference"
	// ToPassword and FromPassword are refused once the predicate exists.
	ToPassword   Refusal = "to-password"
	FromPassword Refusal = "from-password"
	// ToEmbedding is `[Float!]` that gets @embedding: a list becomes one value.
	ToEmbedding Refusal = "to-embedding"
)

func (TypeAdded) change()            {}
func (TypeRemoved) change()          {}
func (TypeRenamed) change()          {}
func (TypeKindChanged) change()      {}
func (StoredTypeChanged) change()    {}
func (InterfaceAdded) change()       {}
func (InterfaceRemoved) change()     {}
func (UnionMemberAdded) change()     {}
func (UnionMemberRemoved) change()   {}
func (EnumValueAdded) change()       {}
func (EnumValueRemoved) change()     {}
func (EnumValueRenamed) change()     {}
func (FieldAdded) change()           {}
func (FieldRemoved) change()         {}
func (FieldRenamed) change()         {}
func (PredicateChanged) change()     {}
func (FieldTypeChanged) change()     {}
func (BecameList) change()           {}
func (MadeRequired) change()         {}
func (MadeOptional) change()         {}
func (IDAdded) change()              {}
func (IDRemoved) change()            {}
func (IDScopeChanged) change()       {}
func (InverseAdded) change()         {}
func (InverseRemoved) change()       {}
func (InverseChanged) change()       {}
func (PredicateRefused) change()     {}
func (ComputedChanged) change()      {}
func (ComputationChanged) change()   {}
func (WebhookChanged) change()       {}
func (PredicateReused) change()      {}
func (LanguageChanged) change()      {}
func (LanguageLost) change()         {}
func (EmbeddingChanged) change()     {}
func (SearchAdded) change()          {}
func (SearchRemoved) change()        {}
func (SearchChanged) change()        {}
func (DefaultChanged) change()       {}
func (SecretAdded) change()          {}
func (SecretRemoved) change()        {}
func (SecretChanged) change()        {}
func (AuthChanged) change()          {}
func (AuthorizationChanged) change() {}
func (SettingsChanged) change()      {}
func (GenerateChanged) change()      {}
func (SubscriptionAdded) change()    {}
func (SubscriptionRemoved) change()  {}
func (DeprecationChanged) change()   {}
func (DescriptionChanged) change()   {}
