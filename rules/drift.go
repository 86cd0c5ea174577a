package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/storage"
	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/fixes"
	"github.com/schemacheck/schemacheck/fixes/migrate"
)

var schemaDrift = &Rule{
	ID:       "schema-drift",
	Severity: Warning,
	Summary:  "What the live Dgraph serves or stores is not what the old schema says.",
	Doc: Doc{
		Dgraph: "It serves the GraphQL schema that was sent last, also one whose storage it then refused to alter. Its DQL schema " +
			"can be altered by hand, and an index whose build failed is left out without a word. An update rewrites every " +
			"predicate of the GraphQL schema as a whole: what was added by hand is gone after it.",
		Clients: "What runs is not what was compared: other fields, filters that fail with \"Predicate User.name is not indexed\", or reads that fail because the stored type is another.",
		Before:  "type User {\n  id: ID!\n  name: String\n}\n",
		After: "# schemacheck diff old.graphql new.graphql --alpha localhost:9080\n" +
			"# where somebody altered User.name to have @index(term) by hand.\n" +
			"type User {\n  id: ID!\n  name: String\n}\n",
		Question: "What does Dgraph serve, and what does it store?",
		WaysOut: []string{
			"Compare with what runs: schemacheck diff NEW --alpha HOST:PORT.",
			"Write what was made by hand into the schema, as @search, or make it anew after the update.",
			"Apply the schema again where its storage was not altered, or an index is missing.",
		},
		Reverse: "Nothing was applied, so there is nothing to take back.",
	},
}

// Live is what a running Dgraph says of itself.
type Live struct {
	// Name is who it is, such as dgraph://localhost:9080.
	Name string
	// Served is the GraphQL schema that its API is made of, of no types when it
	// has none, and Kept says that it keeps another text.
	Served *diff.Schema
	Kept   bool
	// Stored is its DQL schema, as far as the user may read it. Limited says
	// that the user may not read all.
	Stored  *dql.Stored
	Limited bool
	// Writes are the predicates that plans for the change write which have begun to
	// run: what these hold is no leftover of something old, and what they have for the
	// sake of the plan was not made by hand.
	Writes []string
	// Told is what another run found about the Dgraph, for one that cannot reach
	// it.
	Told []Told
}

// Told is a finding of schema-drift in the words that it was told in.
type Told struct {
	Subject, Message, Consequence string
	Predicates                    []string
}

// Drift holds a comparison against the live Dgraph that the new schema is for:
// whether the old schema is what it serves, whether it stores what it serves,
// and what the new schema meets there. Some of the findings have questions to
// the data.
func Drift(d *diff.Diff, l Live) []*Finding {
	w := &drift{newPass(d), l, nil}
	w.edits = fixes.NewDirectives(d, fixes.Options{Readable: w.readable, Taken: func(name string) bool {
		return l.Stored != nil && l.Stored.Predicate(name) != nil
	}})
	if !l.Limited {
		w.served()
		w.stored()
		w.types()
	}
	for _, t := range l.Told {
		w.add(t.Subject, t.Message, t.Consequence).Predicates = t.Predicates
	}
	w.leftovers()
	for _, f := range w.findings {
		f.Severity = Severity(first(string(f.Severity), string(f.Rule.Severity)))
		f.Impact.complete()
	}
	return w.findings
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

type drift struct {
	*pass
	Live
	findings []*Finding
}

// add is a finding of schema-drift about subject.
func (w *drift) add(subject, message, consequence string) *Finding {
	f := &Finding{Rule: schemaDrift, Subject: subject, Place: w.at(subject), Message: message, Consequence: consequence, Reversible: true}
	w.findings = append(w.findings, f)
	return f
}

// ofType begins the subjects that are types.
const ofType = "type "

// at is where the new schema has a subject: a predicate or a type, else the
// whole schema.
func (w *drift) at(subject string) Place {
	name, isType := strings.CutPrefix(subject, ofType)
	for _, written := range []string{name, "<" + name + ">"} { // the schema quotes some names
		if t := w.After.Storage.Type(written); isType && t != nil {
			return onType(t.Sources[0])
		}
		if a := w.After.Storage.Predicate(written); !isType && a != nil && len(a.Fields) > 0 {
			return place(a.Fields[0])
		}
	}
	return w.onFile()
}

// served compares the GraphQL schemas.
func (w *drift) served() {
	if w.Kept {
		w.add("kept schema", w.Name+" keeps another GraphQL schema than it serves",
			"After its next start it serves the one that it keeps.")
	}
	// A fingerprint leaves the settings out.
	if w.Before.Source.Fingerprint() == w.Served.Source.Fingerprint() && len(w.Before.Source.Meta)+len(w.Served.Source.Meta) == 0 {
		return
	}
	between := diff.Compare(w.Before, w.Served, diff.Options{})
	var differ []string
	for _, f := range Judge(between) {
		what := f.Coordinate
		if what == "" && (f.Rule == settingsChanged || f.Rule == authChanged || f.Rule == authWeakened) {
			what = "the setting " + f.Subject // never its value
		}
		if f.Rule != descriptionChanged && f.Rule != deprecated && what != "" && !slices.Contains(differ, what) {
			differ = append(differ, what)
		}
	}
	if len(differ) == 0 {
		return // in prose and order only
	}
	if w.Before == w.After { // an audit
		w.add("served schema", fmt.Sprintf("%s does not serve this schema: %s", w.Name, differing(differ)),
			"The findings are about another schema than the one that runs there.")
		return
	}
	w.add("served schema", fmt.Sprintf("%s does not serve the old schema: %s", w.Name, differing(differ)),
		"The findings are about a change from a schema that does not run there.")
}

func differing(coordinates []string) string {
	if len(coordinates) == 1 {
		return coordinates[0] + " differs"
	}
	return list(coordinates) + " differ"
}

// stored holds what is stored against what the served schema derives.
func (w *drift) stored() {
	for _, want := range w.Served.Storage.Predicates {
		name := want.Stored()
		after := w.After.Storage.Predicate(want.Name)
		got := w.Stored.Predicate(name)
		if got == nil {
			w.add(name, fmt.Sprintf("%s serves a schema with %s, and does not store that predicate", w.Name, name),
				"An update of it failed, or the predicate was dropped; applying the served schema again mends it.").Predicates = []string{name}
			continue
		}
		is := liveForm(got)
		if is.Type != want.Type || is.List != want.List {
			f := w.add(name, fmt.Sprintf("%s stores %s as %s, and serves a schema for %s", w.Name, name, typeText(is), typeText(want)),
				"An update failed halfway, or the predicate was altered by hand: reads of it can fail.")
			f.Predicates = []string{name}
			f.Fixes = []Fix{migration("rebuild", Review, fmt.Sprintf("store %s as %s, and convert what is there", name, typeText(want))).by(rebuilding(w.Served, got, want))}
			continue
		}
		if lost := lacking(want.Tokenizers, is.Tokenizers); len(lost) > 0 {
			f := w.add(name, fmt.Sprintf("%s has no index (%s) for %s, which the served schema asks for", w.Name, strings.Join(lost, ", "), name),
				"The build of the index failed, or it was taken away by hand: filters by it fail.")
			f.Predicates = []string{name}
			f.Fixes = []Fix{migration("build-index", Safe, fmt.Sprintf("build the index of %s", name)).by(migrate.BuildIndexes(nil, want))}
			continue
		}
		if is, asked := otherOptions(got.Index, want.Tokenizers); asked != "" {
			w.add(name, fmt.Sprintf("%s has the index %s for %s, and serves a schema for %s", w.Name, is, name, asked),
				"An update failed halfway, or the index was altered by hand: queries by it give other answers than the schema says.").Predicates = []string{name}
			continue
		}
		if after == nil {
			continue // the update leaves it as it is
		}
		if made := handMade(got, is, want, after, slices.Contains(w.Writes, name)); len(made) > 0 {
			w.add(name, fmt.Sprintf("%s has %s for %s, made by hand", w.Name, list(made), name),
				"The update takes it away: Dgraph writes the predicates of a GraphQL schema anew.").Predicates = []string{name}
		}
	}
}

// types holds the stored types against those that the served schema derives. An
// update that fails halfway leaves all of them as they were.
func (w *drift) types() {
	for _, want := range w.Served.Storage.Types {
		name := unquoted(want.Name)
		after := w.After.Storage.Type(want.Name)
		got := w.Stored.Type(name)
		if got == nil {
			w.add(ofType+name, fmt.Sprintf("%s serves a schema with the type %s, and does not store it", w.Name, name),
				"An update of it failed, or the type was dropped; applying the served schema again mends it.")
			continue
		}
		fields := predicates(want.Predicates...)
		if lost := without(fields, got.Fields); len(lost) > 0 {
			w.add(ofType+name, fmt.Sprintf("%s stores the type %s without %s, which the served schema has in it", w.Name, name, list(lost)),
				"An update failed halfway, or the type was altered by hand: deletes of whole nodes leave these values behind.").Predicates = lost
			continue
		}
		if made := without(without(got.Fields, fields), w.Writes); len(made) > 0 && after != nil {
			w.add(ofType+name, fmt.Sprintf("%s stores the type %s with %s, which the served schema does not have in it", w.Name, name, list(made)),
				"The update takes it away, and deletes of whole nodes leave these values behind: Dgraph writes the types of a GraphQL schema anew.").Predicates = made
		}
	}
}

// without are the words of the first list that the second one lacks.
func without(all, known []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return slices.Contains(known, s) })
}

// leftovers are predicates of the new schema that the old one does not have and
// the server does.
func (w *drift) leftovers() {
	for _, a := range w.After.Storage.Predicates {
		name := a.Stored()
		got := w.Stored.Predicate(name)
		if got == nil || w.held[name] != nil || slices.Contains(w.Writes, name) || len(a.Fields) == 0 || w.Served != nil && w.Served.Storage.Predicate(a.Name) != nil {
			continue
		}
		field := a.Fields[0]
		for _, f := range a.Fields {
			if f.Source == nil {
				field = f
				break
			}
		}
		f := &Finding{
			Rule:       predicateReused,
			Coordinate: field.Coordinate(),
			Affects:    inherits(field),
			Place:      place(field),
			Predicates: []string{name},
			Leftover:   got,
			Reversible: true,
			Message:    fmt.Sprintf("%s is new, and an older schema left %s (%s) on %s", field.Coordinate(), name, typeText(liveForm(got)), w.Name),
			Consequence: "Its values come back: the field reads, filters and overwrites them, as far as they convert; one that does not " +
				"makes every query that selects the field fail.",
			Question: fmt.Sprintf("How many nodes have a value under %s?", name),
			Fixes: directive("new-predicate", Safe, fmt.Sprintf("give %s another predicate with @dgraph(pred:)", field.Coordinate()),
				w.edits.NewPredicate(a.Fields...)),
		}
		title := "delete the values of " + name + " before the update: an audit of the old schema makes the plan for it"
		f.ask(dql.Values(anyValues(name)))
		if reason := diff.Refused(liveForm(got), a); reason != "" {
			w.refusedLeftover(f, field, name, reason)
			title = fmt.Sprintf("drop %s, which an older schema left, before the update, also when it is empty: send {\"drop_attr\": %q} to /alter", name, name)
		} else if want := typeText(a); typeText(liveForm(got)) == want {
			f.Consequence = "Its values come back: the field reads, filters and overwrites them."
		}
		// A plan of this change deletes once the new schema is served: never where it is
		// refused, and else with what the field has got by then.
		f.Fixes = append(f.Fixes, migration("delete-values", Destructive, title))
		w.findings = append(w.findings, f)
	}
}

// refusedLeftover is about a predicate that Dgraph refuses to alter because of
// what an older schema made it.
func (w *drift) refusedLeftover(f *Finding, field *schema.Field, name string, reason diff.Refusal) {
	f.Rule = updateRefused
	f.Impact = Impact{APIBreaking, StorageRefused, DataInvalid}
	f.Message += fmt.Sprintf(", which Dgraph refuses to turn into %s", written(field))
	f.Consequence = "The update fails halfway: the new API is served over the old storage, and " + name +
		" cannot be read through it until the old schema is applied again."
	if reason == diff.ValueToReference {
		f.inquiry.clean = func(f *Finding) { f.Severity = Warning } // deleted values leave traces
	}
}

// liveForm is a predicate of a server in the form of derived ones.
func liveForm(p *dql.Predicate) *storage.Predicate {
	s := &storage.Predicate{Name: p.Name, Type: p.Type, List: p.List, Upsert: p.Upsert, Reverse: p.Reverse, Lang: p.Lang}
	for _, t := range p.Index {
		s.Tokenizers = append(s.Tokenizers, t.Name)
	}
	return s
}

func typeText(p *storage.Predicate) string {
	if p.List {
		return "[" + p.Type + "]"
	}
	return p.Type
}

// lacking are the tokenizers of the first list, without their options, that the
// second one lacks.
func lacking(want, got []string) []string {
	var lost []string
	for _, w := range want {
		name, _, _ := strings.Cut(w, "(")
		if !slices.ContainsFunc(got, func(g string) bool { g, _, _ = strings.Cut(g, "("); return g == name }) {
			lost = append(lost, name)
		}
	}
	return lost
}

// otherOptions are the first index that has other options than the schema asks
// for, and what that is; empty where there is none.
func otherOptions(index []dql.Tokenizer, want []string) (is, asked string) {
	for _, w := range want {
		name := schema.SearchName(w)
		i := slices.IndexFunc(index, func(t dql.Tokenizer) bool { return t.Name == name })
		options, ok := schema.SearchOptions(w)
		if i < 0 || !ok {
			continue
		}
		var have []schema.SearchOption
		for _, o := range index[i].Options {
			have = append(have, schema.SearchOption{Name: o.Key, Value: o.Value})
		}
		slices.SortFunc(have, func(a, b schema.SearchOption) int { return strings.Compare(a.Name, b.Name) })
		if !slices.Equal(have, options) {
			return withOptions(name, have), withOptions(name, options)
		}
	}
	return "", ""
}

// withOptions is an index as @search has it.
func withOptions(name string, options []schema.SearchOption) string {
	var all []string
	for _, o := range options {
		all = append(all, o.Name+": "+o.Value)
	}
	return name + "(" + strings.Join(all, ", ") + ")"
}

// handMade is what a server has for a predicate that its schema does not ask
// for, and that the new one does not ask for either. planned says that a plan which has
// begun declares the predicate, and with it may add what a plan can.
func handMade(got *dql.Predicate, is, want, after *storage.Predicate, planned bool) []string {
	var made []string
	for _, t := range lacking(is.Tokenizers, want.Tokenizers) {
		if len(lacking([]string{t}, after.Tokenizers)) > 0 && !planned {
			made = append(made, "@index("+t+")")
		}
	}
	for _, x := range []struct {
		name            string
		is, want, after bool
	}{
		{"@reverse", got.Reverse, want.Reverse, after.Reverse || planned}, {"@count", got.Count, false, false},
		{"@lang", got.Lang, want.Lang, after.Lang || planned}, {"@upsert", got.Upsert, want.Upsert, after.Upsert || planned},
		{"@unique", got.Unique, false, false}, {"@noconflict", got.NoConflict, false, false},
	} {
		if x.is && !x.want && !x.after {
			made = append(made, x.name)
		}
	}
	return made
}
