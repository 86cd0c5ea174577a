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
	// FieldAdded is a field without a counterpart in the old type. An inherited
	// field is reported at its interface only. A field that was computed and is
	// stored is removed and added, and so is the reverse: what is stored has no
	// counterpart on the other side.
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
	// PredicateChanged is a field of one name whose values are looked for
	// elsewhere.
	PredicateChanged struct{ Before, After *schema.Field }
	// FieldTypeChanged is a field of another type: the named types differ, or
	// one of the two is a node's id or a vector, or a list became one value; and
	// Dgraph does not refuse it.
	FieldTypeChanged struct{ Before, After *schema.Field }
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

func (TypeAdded) change()          {}
func (TypeRemoved) change()        {}
func (TypeRenamed) change()        {}
func (TypeKindChanged) change()    {}
func (StoredTypeChanged) change()  {}
func (InterfaceAdded) change()     {}
func (InterfaceRemoved) change()   {}
func (UnionMemberAdded) change()   {}
func (UnionMemberRemoved) change() {}
func (EnumValueAdded) change()     {}
func (EnumValueRemoved) change()   {}
func (FieldAdded) change()         {}
func (FieldRemoved) change()       {}
func (FieldRenamed) change()       {}
func (PredicateChanged) change()   {}
func (FieldTypeChanged) change()   {}
func (BecameList) change()         {}
func (MadeRequired) change()       {}
func (MadeOptional) change()       {}
func (IDAdded) change()            {}
func (IDRemoved) change()          {}
func (IDScopeChanged) change()     {}
func (InverseAdded) change()       {}
func (InverseRemoved) change()     {}
func (InverseChanged) change()     {}
func (PredicateRefused) change()   {}
