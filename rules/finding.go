package rules

import (
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/diff/usage"
	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/fixes"
	"github.com/schemacheck/schemacheck/fixes/migrate"
)

// Finding is one danger in one change.
type Finding struct {
	Rule     *Rule
	Severity Severity
	// Addition marks what is only new and endangers nothing; reports show it
	// when asked to be verbose.
	Addition bool
	// Coordinate is the GraphQL schema coordinate, of the old schema for what
	// is removed, renamed or moved. To is the new one of a rename, else empty.
	Coordinate, To string
	// Subject is what a coordinate cannot say: an interface, a union's member.
	Subject string
	// Affects are coordinates that are touched along with it.
	Affects []string
	// API are the changes of the generated API that it causes.
	API []APIChange
	// Message says what changed.
	Message string
	// Consequence says in one sentence what happens after the deploy.
	Consequence string
	Place       Place
	// Previous is where the element is in the old schema; zero when it was not.
	Previous sdl.Span
	// Predicates are those concerned, old names before new ones.
	Predicates []string
	Impact     Impact
	// Reversible says that deploying the old schema again restores everything,
	// as long as nothing was written in between.
	Reversible bool
	// Confidence is set for renames. Reasons say why something is taken for one, or why an operation is in the finding.
	Confidence string
	Reasons    []string
	// Question is what the data would have to be asked, for people; empty when
	// data cannot settle the finding.
	Question string
	// Evidence is what the data said; Settle fills it.
	Evidence Evidence
	Fixes    []Fix
	// Leftover is the predicate of an older schema that a live Dgraph still has,
	// in findings that are about one.
	Leftover *dql.Predicate

	// Rewrite are the edits that mend the operation of a finding of operation-broken or operation-affected; empty where it
	// cannot be rewritten safely, and for all other findings.
	Rewrite fixes.Patch
	// Unmended are what people have to see to themselves when Rewrite is made, as sentences without periods.
	Unmended []string
	// Usage is nil where no operations were looked at, or the finding is about nothing that they could use.
	Usage *Usage

	// in are the places that comments in operations can stand on: of what is told, and the beginning of the operation.
	in []usage.Place
	// causes are the findings that this one comes from, nil among them for one that stays whatever the data says.
	causes   []*Finding
	underway bool // a plan has begun to write where the values are looked for

	inquiry *inquiry // nil where the data is not asked
	// offline is the severity that it had before the data was asked.
	offline Severity
}

// Place is where a finding is shown in the new schema.
type Place struct {
	Anchor Anchor
	Span   sdl.Span // zero for the empty schema
}

// Anchor says how the place relates to the element.
type Anchor string

// The anchors: the element itself, its surviving owner when the element is
// gone, the definition that stood before it, or only its file.
const (
	AnchorSelf      Anchor = "self"
	AnchorOwner     Anchor = "owner"
	AnchorNeighbour Anchor = "neighbour"
	AnchorFile      Anchor = "file"
)

// Impact is what a change does to each of the three parties. The zero value of
// each means none.
type Impact struct {
	API     API
	Storage Storage
	Data    Data
}

// API is what a change does to clients.
type API string

// The impacts on clients.
const (
	APINone      API = "none"
	APIDangerous API = "dangerous"
	APIBreaking  API = "breaking"
)

// Storage is what Dgraph does to carry the change out.
type Storage string

// The impacts on storage: the alter is refused, indexes are built, values are
// rewritten.
const (
	StorageNone    Storage = "none"
	StorageRebuild Storage = "rebuild"
	StorageRewrite Storage = "rewrite"
	StorageRefused Storage = "refused"
)

// Data is what a change does to stored data.
type Data string

// The impacts on data: not found any more under the new schema; left behind;
// not fit for the new schema; cut when read; present on one side only.
const (
	DataNone      Data = "none"
	DataHidden    Data = "hidden"
	DataOrphaned  Data = "orphaned"
	DataInvalid   Data = "invalid"
	DataTruncated Data = "truncated"
	DataOneSided  Data = "one-sided"
)

// Fix is a way out.
type Fix struct {
	ID    string
	Kind  FixKind
	Risk  Risk
	Title string
	// Waits is why the fix is left until somebody asks for it by name, though it is not
	// Destructive; empty when it may be taken without a word.
	Waits string
	// Patch is the edit of the new schema, never empty for a Directive.
	Patch fixes.Patch
	// Migration is what is done to the stored data: that of a fix of this kind,
	// or what a Directive takes besides its edit; nil for other directives.
	Migration *migrate.Migration
}

// directive is the fix that a patch makes, or none where there is no safe one.
func directive(id string, risk Risk, title string, patch fixes.Patch) []Fix {
	if patch.Empty() {
		return nil
	}
	return []Fix{{ID: id, Kind: Directive, Risk: risk, Title: title, Patch: patch}}
}

// migration is a fix of the stored data.
func migration(id string, risk Risk, title string) Fix {
	return Fix{ID: id, Kind: Migration, Risk: risk, Title: title}
}

// FixKind says where a fix is made.
type FixKind string

// The kinds: an edit of the new schema, or a change of stored data.
const (
	Directive FixKind = "directive"
	Migration FixKind = "migration"
)

// Risk is how much a person should think before a fix.
type Risk string

// The risks, least first.
const (
	Safe        Risk = "safe"
	Review      Risk = "review"
	Destructive Risk = "destructive"
)
