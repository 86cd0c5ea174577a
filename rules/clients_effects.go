package rules

import (
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/api"
	"github.com/schemacheck/schemacheck/diff/operations"
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/diff/usage"
)

// effect is what a finding does to clients: one change of the API, or what becomes of stored data.
type effect struct {
	finding *Finding
	kind    diff.ContractKind // 0 for data
	// coordinate and change are those of the API; empty for data.
	coordinate, change string
	// consequence is what comes of it, where that is not what the finding says; empty where it is.
	consequence string
}

// effects are what findings do to operations, by what those use.
type effects struct {
	findings []*Finding
	// changes are the changes of the API by coordinate, and within by the input that they are part of.
	changes, within map[string][]*effect
	// answers are those of the types of fields, by the field, and values those of what can come, by the enum, union or
	// interface.
	answers, values map[string][]*effect
	// stored are what becomes of stored data and who may see it, by types and fields of the schema. guarded are those of
	// rules that decide who finds what, by all types of the API that a field can give it as.
	stored, guarded map[string][]*effect
	// added are those of rules that decide who adds a node, by its type.
	added map[string][]*effect
	// about are the findings that an element of either the API or the schema concerns, by its coordinate.
	about map[string][]int
	// used are the operations that use what each finding is about, and in which files.
	used  []int
	files []map[*sdl.File]bool
	// sent are those that only can send it.
	sent []int
	// sources are the elements of the schema behind fields, as sourcesOf gives them: most are used again and again.
	sources map[*schema.Field][]string
}

func newEffects(d *diff.Diff, findings []*Finding) *effects {
	e := &effects{
		findings: findings, changes: map[string][]*effect{}, within: map[string][]*effect{}, answers: map[string][]*effect{},
		values: map[string][]*effect{}, stored: map[string][]*effect{}, guarded: map[string][]*effect{},
		added: map[string][]*effect{}, about: map[string][]int{},
		used: make([]int, len(findings)), files: make([]map[*sdl.File]bool, len(findings)), sent: make([]int, len(findings)),
		sources: map[*schema.Field][]string{},
	}
	kinds := map[APIChange]diff.ContractKind{}
	for _, c := range d.API {
		kinds[APIChange{c.Coordinate, c.What}] = c.Kind
	}
	for i, f := range findings {
		for _, c := range f.API {
			e.change(i, &effect{finding: f, kind: kinds[c], coordinate: c.Coordinate, change: c.Change})
		}
		for _, coordinate := range append([]string{f.Coordinate}, f.Affects...) {
			e.concerns(i, coordinate)
			if hides(f) {
				e.stored[coordinate] = append(e.stored[coordinate], &effect{finding: f})
			}
		}
		if isAuth(f) && slices.Contains(strings.Split(f.Subject, ", "), "add") {
			one := &effect{finding: f}
			if f.Rule == authChanged {
				one.consequence = "Where a request does not pass, the mutation answers null without an error, and nothing of it is done."
			}
			for _, name := range append([]string{f.Coordinate}, f.Affects...) {
				e.added[name] = append(e.added[name], one)
			}
		}
		if isAuth(f) && slices.Contains(strings.Split(f.Subject, ", "), "query") {
			one := &effect{finding: f}
			for _, name := range givenAs(d.Before.Schema, append([]string{f.Coordinate}, f.Affects...)) {
				e.guarded[name] = append(e.guarded[name], one)
				e.concerns(i, name)
			}
		}
	}
	return e
}

// givenAs are the types of the API as which fields give objects of some types, and what is known of them together: these,
// their interfaces, and the unions that have them.
func givenAs(s *schema.Schema, types []string) []string {
	var all []string
	add := func(name string) {
		for _, one := range []string{name, name + "AggregateResult"} {
			if !slices.Contains(all, one) {
				all = append(all, one)
			}
		}
	}
	for _, name := range types {
		t := s.Type(name)
		if t == nil {
			continue
		}
		add(name)
		for _, i := range t.Interfaces {
			add(i.Name)
		}
		for _, u := range s.Types {
			if slices.ContainsFunc(u.Definition.Members, func(m sdl.Name) bool { return m.Text == name }) {
				add(u.Name)
			}
		}
	}
	return all
}

func isAuth(f *Finding) bool { return f.Rule == authChanged || f.Rule == authWeakened }

// hides reports whether operations that stay valid can get something else than before, whatever becomes of the API.
func hides(f *Finding) bool {
	switch f.Impact.Data {
	case DataHidden, DataInvalid, DataTruncated, DataOneSided:
		return true
	}
	return isAuth(f)
}

// guards reports whether a use is one that the rules of a finding on @auth are asked for; for others it is true.
func guards(f *Finding, u *usage.Use) bool {
	if !isAuth(f) {
		return true
	}
	if u.Kind != usage.Field {
		return false
	}
	for guarded := range strings.SplitSeq(f.Subject, ", ") {
		if answersTo(guarded, u) {
			return true
		}
	}
	return false
}

// answersTo reports whether a field of a type's is one that the rule of @auth for an operation is asked for. That for query
// is asked for whatever gives the type: see effects.guarded.
func answersTo(guarded string, u *usage.Use) bool {
	switch guarded {
	case "query":
		return false
	case "password":
		return strings.HasPrefix(u.Coordinate, "Query.check")
	}
	return strings.HasPrefix(u.Coordinate, "Mutation."+guarded) // add, update and delete
}

func (e *effects) concerns(finding int, coordinate string) {
	if coordinate != "" && !slices.Contains(e.about[coordinate], finding) {
		e.about[coordinate] = append(e.about[coordinate], finding)
	}
}

// change files a change of the API.
func (e *effects) change(finding int, c *effect) {
	e.concerns(finding, c.coordinate)
	e.changes[c.coordinate] = append(e.changes[c.coordinate], c)
	owner := ownerOf(c.coordinate)
	if c.kind.Breaking() && owner != "" {
		e.within[owner] = append(e.within[owner], c)
	}
	switch c.kind {
	case diff.Required:
		// Nobody names what is new: whoever uses what it is part of has to.
		if field, _, ok := strings.Cut(c.coordinate, "("); ok {
			e.concerns(finding, field)
		} else {
			e.concerns(finding, owner)
		}
	case diff.TypeChanged:
		e.answers[c.coordinate] = append(e.answers[c.coordinate], c)
	case diff.Dangerous:
		switch {
		case strings.HasPrefix(c.change, "implements "):
			of := strings.TrimPrefix(c.change, "implements ")
			e.values[of] = append(e.values[of], c)
			e.concerns(finding, of)
		case c.change == "added":
			e.values[owner] = append(e.values[owner], c)
			e.concerns(finding, owner)
		case owner == "":
			e.values[c.coordinate] = append(e.values[c.coordinate], c)
		case strings.HasPrefix(c.change, "now "):
			e.answers[c.coordinate] = append(e.answers[c.coordinate], c)
		}
	}
}

// ownerOf is the type that an element is part of; empty for a type.
func ownerOf(coordinate string) string {
	owner, _, ok := strings.Cut(coordinate, ".")
	if !ok {
		return ""
	}
	return owner
}

// cause is the change of the API that a fault comes from, or nil, and the coordinate of what changed. The last of the uses
// is what stood there in the old API; there are none where nothing did.
func (e *effects) cause(uses []usage.Use, fault *usage.Fault) (*effect, string) {
	var candidates []string
	var was *usage.Use
	if len(uses) > 0 {
		was = &uses[len(uses)-1]
		candidates = append(candidates, was.Coordinate)
	}
	candidates = append(candidates, fault.Coordinate)
	// The element itself says most, then the type that it is part of, then its own type.
	elements := slices.Clone(candidates)
	for _, coordinate := range candidates {
		elements = append(elements, ownerOf(coordinate))
	}
	if was != nil && was.Gives != nil {
		elements = append(elements, was.Gives.Named())
	}
	for _, element := range elements {
		for _, c := range e.changes[element] {
			if c.kind.Breaking() {
				return c, candidates[0]
			}
		}
	}
	if was == nil {
		return nil, candidates[0]
	}
	// It stands in what gives another type now.
	owner := ownerOf(was.Coordinate)
	for _, around := range slices.Backward(uses[:len(uses)-1]) {
		if around.Gives == nil || around.Gives.Named() != owner {
			continue
		}
		for _, c := range e.changes[around.Coordinate] {
			if c.kind == diff.TypeChanged {
				return c, around.Coordinate
			}
		}
		break
	}
	return nil, candidates[0]
}

// sourcesOf are the elements of the schema behind a use: a field and its type.
func (e *effects) sourcesOf(u *usage.Use) []string {
	switch {
	case u.Source.Type == nil:
		return nil
	case u.Source.Field == nil:
		return []string{u.Source.Type.Name}
	}
	all, ok := e.sources[u.Source.Field]
	if !ok || all[1] != u.Source.Type.Name {
		all = []string{u.Source.Field.Coordinate(), u.Source.Type.Name}
		e.sources[u.Source.Field] = all
	}
	return all
}

// note counts an operation with the findings whose elements it uses.
func (j *clients) note(o *operations.Operation, w *usage.Walk) {
	named := map[int]bool{}
	name := func(coordinate string) {
		for _, i := range j.about[coordinate] {
			if !named[i] {
				named[i] = true
				j.used[i]++
				if j.files[i] == nil {
					j.files[i] = map[*sdl.File]bool{}
				}
				j.files[i][o.Document.File] = true
			}
		}
	}
	for i := range w.Uses {
		u := &w.Uses[i]
		name(u.Coordinate)
		if u.Type != nil {
			name(u.Type.Name)
		}
		if u.Gives != nil {
			name(u.Gives.Named())
		}
		for _, source := range j.sourcesOf(u) {
			name(source)
		}
	}
	sent := map[int]bool{}
	for i := range w.Sent {
		for _, f := range j.sending.findings(w.Sent[i].Type) {
			if !named[f] && !sent[f] {
				sent[f] = true
				j.sent[f]++
			}
		}
	}
}

// count tells each finding how many operations use it, and lowers what no operation uses.
func (j *clients) count(findings []*Finding, c Clients) {
	for i, f := range findings {
		if f.Coordinate == "" || f.Addition && len(f.API) == 0 {
			continue // nothing that an operation could use so far
		}
		f.Usage = &Usage{Operations: j.used[i], Files: len(j.files[i]), Sending: j.sent[i]}
		unused := j.used[i] == 0 && j.sent[i] == 0 && c.Unread == 0
		onlyAPI := f.Impact.API != APINone && f.Impact.Storage == StorageNone && f.Impact.Data == DataNone
		if !c.DowngradeUnused || !unused || !onlyAPI || len(c.Operations) == 0 {
			continue
		}
		switch f.Severity {
		case Error:
			f.Usage.Lowered, f.Severity = f.Severity, Warning
		case Warning:
			f.Usage.Lowered, f.Severity = f.Severity, Info
		}
	}
}

// sending is what operations can send in variables: all that is within an input, which can be most of the API.
type sending struct {
	*effects
	api *usage.API
	// of are the findings that each input's own elements concern; reach those of all inputs within it too.
	of, reach map[string][]int
	broken    map[string][]*effect
}

func newSending(a *usage.API, e *effects) *sending {
	return &sending{effects: e, api: a, of: map[string][]int{}, reach: map[string][]int{}, broken: map[string][]*effect{}}
}

// own are the findings that the elements of an input concern.
func (s *sending) own(t *api.Type) []int {
	if found, ok := s.of[t.Name]; ok {
		return found
	}
	seen := map[int]bool{}
	add := func(coordinate string) {
		for _, i := range s.about[coordinate] {
			seen[i] = true
		}
	}
	add(t.Name)
	for _, f := range t.Fields {
		add(t.Name + "." + f.Name)
		add(f.Type.Named())
		if f.Source.Field != nil {
			add(f.Source.Field.Coordinate())
		}
	}
	if t.Source.Type != nil {
		add(t.Source.Type.Name)
	}
	found := make([]int, 0, len(seen))
	for i := range seen {
		found = append(found, i)
	}
	slices.Sort(found)
	s.of[t.Name] = found
	return found
}

// inputs are the inputs that a value of an input can hold, itself first. With only they are those about the same type of
// the schema.
func (s *sending) inputs(t *api.Type, only bool) []*api.Type {
	seen := map[string]bool{t.Name: true}
	all := []*api.Type{t}
	for i := 0; i < len(all); i++ {
		for _, f := range all[i].Fields {
			name := f.Type.Named()
			if seen[name] {
				continue
			}
			seen[name] = true
			in := s.api.Type(name)
			if in == nil || in.Kind != sdl.InputObject && in.Kind != sdl.Enum || only && in.Source.Type != t.Source.Type {
				continue
			}
			all = append(all, in)
		}
	}
	return all
}

// findings are those that what is sent as an input can concern.
func (s *sending) findings(t *api.Type) []int {
	if found, ok := s.reach[t.Name]; ok {
		return found
	}
	seen := map[int]bool{}
	for _, in := range s.inputs(t, false) {
		for _, i := range s.own(in) {
			seen[i] = true
		}
	}
	found := make([]int, 0, len(seen))
	for i := range seen {
		found = append(found, i)
	}
	slices.Sort(found)
	s.reach[t.Name] = found
	return found
}

// changed are the changes that what was sent as an input so far may not fit: of the input and of those within it that are
// about the same type. What is linked from there, in inputs about other types, is sent by few operations that could.
func (s *sending) changed(t *api.Type) []*effect {
	if found, ok := s.broken[t.Name]; ok {
		return found
	}
	var found []*effect
	for _, in := range s.inputs(t, true) {
		found = append(found, s.effects.within[in.Name]...)
	}
	s.broken[t.Name] = found
	return found
}
