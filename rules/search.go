package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/fixes/migrate"
)

// manyBuilds is the number of indexes in one update from which on a server can
// run out of memory: it builds all at once, with about 300 MB for each.
const manyBuilds = 10

var searchAdded = &Rule{
	ID:       "search-added",
	Severity: Warning,
	Summary:  "A field gets @search, so that an index is built over what is stored.",
	Doc: Doc{
		Dgraph: "It serves the new API at once and builds the indexes of all predicates of the update in the background, all at " +
			"the same time, with about 300 MB of memory for each. When a build fails, as where a value is longer than 65,000 " +
			"bytes, the update still answers with success and the index is missing.",
		Clients:  "Filters by the field fail with \"Predicate User.name is not indexed\" until the index is ready. Reads and writes work.",
		Before:   "type User {\n  id: ID!\n  name: String\n}\n",
		After:    "type User {\n  id: ID!\n  name: String @search(by: [term])\n}\n",
		Question: "How many values are stored, and is one too long for the index?",
		WaysOut: []string{
			"Nothing, when there are few values and few new indexes.",
			"Build the indexes before the update, by altering a few predicates at a time.",
		},
		Reverse: "The old schema drops the index.",
	},
	judge: on(func(p *pass, c diff.SearchAdded) *Finding {
		if p.refused[unquoted(c.After.Predicate)] != "" {
			return nil // nothing is built: that is told of the predicate
		}
		f := p.aboutSearch(c.Before, c.After)
		f.Message = fmt.Sprintf("%s gets @search (%s)", c.Before.Coordinate(), strings.Join(c.Gained, ", "))
		if f.Impact.Storage == StorageNone {
			f.Severity, f.Addition = Info, true
			f.Consequence = "Clients get new filters; no index has to be built for that."
			return f
		}
		p.aboutBuild(f, c.After)
		return f
	}),
}

var searchRemoved = &Rule{
	ID:       "search-removed",
	Severity: Error,
	Summary:  "A field loses @search: clients can no longer filter by it.",
	Doc: Doc{
		Dgraph:  "It drops the index, but for that of an enum or of @id. The values stay.",
		Clients: "Operations that filter by the field are invalid: \"Field name is not defined by type UserFilter\". Ordering works as before.",
		Before:  "type User {\n  id: ID!\n  name: String @search(by: [hash])\n}\n",
		After:   "type User {\n  id: ID!\n  name: String\n}\n",
		Query:   `{ queryUser(filter: {name: {eq: "Ann"}}) { name } }`,
		Answer: `{
  "errors": [{"message": "Field \"name\" is not defined by type UserFilter."}],
  "data": null
}`,
		Question: "None: the values stay as they are.",
		WaysOut:  []string{"Keep @search until no client filters by the field."},
		Reverse:  "The old schema builds the index again, over all values.",
	},
	judge: on(func(p *pass, c diff.SearchRemoved) *Finding {
		f := p.aboutSearch(c.Before, c.After)
		f.Impact.API = APIBreaking
		lost := strings.Join(c.Lost, ", ")
		f.Message = fmt.Sprintf("%s loses @search (%s)", c.Before.Coordinate(), lost)
		f.Consequence = fmt.Sprintf("Clients that filter by %s get an error instead of data.", c.Before.Coordinate())
		if slices.ContainsFunc(c.Lost, vectorIndex) {
			f.Consequence = fmt.Sprintf("Similarity queries by %s are gone.", c.Before.Coordinate())
		}
		if b, a := p.Before.Storage.Predicate(c.Before.Predicate), p.After.Storage.Predicate(c.After.Predicate); b != nil && a != nil && storedAs(c.Before) == storedAs(c.After) {
			if slices.Equal(b.Tokenizers, a.Tokenizers) {
				f.Consequence += " The index itself stays."
			} else if len(b.Tokenizers) > 0 {
				f.Consequence += " The index is dropped."
			}
		}
		if written(c.Before) == written(c.After) {
			f.Fixes = directive("restore-search", Safe, fmt.Sprintf("put @search (%s) back on %s", lost, c.After.Coordinate()),
				p.edits.RestoreSearch(c.Before, c.After, c.Lost))
		}
		return f
	}),
}

var searchChanged = &Rule{
	ID:       "search-changed",
	Severity: Warning,
	Summary:  "A field can be searched by other means than before.",
	Doc: Doc{
		Dgraph: "It drops the indexes that are no longer asked for and builds the new ones over what is stored, in the " +
			"background. When a build fails, as where a value is longer than 65,000 bytes, the update still answers with " +
			"success, and the old index is there but empty.",
		Clients: "Filters that the old index gave are invalid: \"Field anyofterms is not defined by type StringHashFilter\". New ones fail until the index is ready.",
		Before:  "type User {\n  id: ID!\n  name: String @search(by: [term])\n}\n",
		After:   "type User {\n  id: ID!\n  name: String @search(by: [hash])\n}\n",
		Query:   `{ queryUser(filter: {name: {anyofterms: "Ann Bo"}}) { name } }`,
		Answer: `{
  "errors": [{"message": "Field \"anyofterms\" is not defined by type StringHashFilter."}],
  "data": null
}`,
		Question: "How many values are stored, and is one too long for the index?",
		WaysOut: []string{
			"Keep the old argument beside the new one until no client uses its filters.",
			"Build the indexes before the update, by altering a few predicates at a time.",
		},
		Reverse: "The old schema builds the old index again.",
	},
	judge: on(func(p *pass, c diff.SearchChanged) *Finding {
		f := p.aboutSearch(c.Before, c.After)
		lost, gained := strings.Join(c.Lost, ", "), strings.Join(c.Gained, ", ")
		name := c.Before.Coordinate()
		f.Impact.API = searchImpact(c)
		f.Consequence = "Clients see the same filters, and no index has to be built."
		if f.Impact.API == APIDangerous {
			f.Consequence = "Operations that name the type of the filter in a variable become invalid; no index has to be built."
		}
		if f.Impact.Storage != StorageNone {
			p.aboutBuild(f, c.After)
		}
		switch {
		case gained == "none":
			f.Impact.API = APIBreaking
			f.Message = fmt.Sprintf("%s loses the index of @search (%s): an empty list asks for none", name, lost)
			f.Consequence = fmt.Sprintf("Filters by %s stay in the API, and every query that uses one fails.", c.After.Coordinate())
		case lost == "none":
			f.Message = fmt.Sprintf("%s gets the index of @search (%s)", name, gained)
		case gained == "":
			f.Message = fmt.Sprintf("%s can no longer be searched by %s", name, lost)
		case lost == "":
			f.Message = fmt.Sprintf("%s can be searched by %s too", name, gained)
		default:
			f.Message = fmt.Sprintf("%s can be searched by %s instead of %s", name, gained, lost)
		}
		if slices.ContainsFunc(c.Lost, vectorIndex) && slices.ContainsFunc(c.Gained, vectorIndex) {
			f.Consequence = "The index is built anew: clients get other neighbours and other distances than before, and similarity queries fail until it is ready."
			if f.inquiry != nil {
				f.inquiry.sum = nil // each stored vector is in other answers than before, so that it counts
			}
		} else if f.Impact.API == APIBreaking && gained != "none" {
			built := f.Consequence
			f.Consequence = fmt.Sprintf("Clients that filter by what %s gave get an error.", lost)
			if f.Impact.Storage != StorageNone {
				f.Consequence += " " + built
			}
		}
		if f.Impact.API == APIBreaking && c.Before.Type().Named() == c.After.Type().Named() &&
			c.Before.Has("embedding") == c.After.Has("embedding") {
			f.Fixes = append(directive("restore-search", Safe, fmt.Sprintf("keep %s in @search of %s", lost, c.After.Coordinate()),
				p.edits.RestoreSearch(c.Before, c.After, c.Lost)), f.Fixes...)
		}
		return f
	}),
}

func vectorIndex(search string) bool { return schema.SearchName(search) == "hnsw" }

// searchImpact is what other searches mean for clients. Sources:
// supportedSearches and the filters of schemaInputs.
func searchImpact(c diff.SearchChanged) API {
	filter := func(search string) string {
		switch name := schema.SearchName(search); name {
		case "year", "month", "day", "hour":
			return "DateTime"
		case "trigram", "regexp":
			return "regexp"
		default:
			return name
		}
	}
	offered := map[string]bool{}
	for _, s := range c.Gained {
		offered[filter(s)] = true
	}
	if offered["exact"] {
		offered["hash"] = true // the same operators, and more
	}
	impact := APINone
	for _, s := range c.Lost {
		if s != "none" && !offered[filter(s)] {
			return APIBreaking
		}
		if filter(s) != "DateTime" && filter(s) != "regexp" && s != "none" {
			impact = APIDangerous
		}
	}
	if len(c.Gained) > len(c.Lost) {
		impact = APIDangerous
	}
	return impact
}

// aboutSearch is what the rules on @search have in common.
func (p *pass) aboutSearch(b, a *schema.Field) *Finding {
	f := aboutChanged(b, a)
	f.Impact.Storage = StorageNone
	if p.refused[unquoted(a.Predicate)] == "" {
		f.Impact.Storage = p.storage(a)
	}
	return f
}

// aboutBuild is about an index that is built over stored values.
func (p *pass) aboutBuild(f *Finding, a *schema.Field) {
	name := unquoted(a.Predicate)
	f.Consequence = fmt.Sprintf("Dgraph builds the index over all values of %s; until it is ready, filters by %s fail.", name, a.Coordinate())
	if p.builds > manyBuilds {
		f.Consequence += fmt.Sprintf(" The update builds %d indexes at once, with about 300 MB of server memory for each.", p.builds)
	}
	f.Question = fmt.Sprintf("How many values are stored under %s?", name)
	f.inquiry = &inquiry{questions: []dql.Question{dql.Values(anyValues(a.Predicate))}, sum: looked}
	if stored := p.After.Storage.Predicate(a.Predicate); stored.Type == "string" {
		f.Question = fmt.Sprintf("How many values are stored under %s, and is one longer than 65,000 bytes?", name)
		f.inquiry = &inquiry{questions: []dql.Question{dql.Larger(anyValues(a.Predicate), dql.IndexLimit)}}
	}
	if p.builds > manyBuilds {
		f.inquiry.clean = func(*Finding) {} // the memory that so many builds need stays a danger
	}
	if m := migrate.BuildIndexes(p.Before.Storage.Predicate(a.Predicate), p.After.Storage.Predicate(a.Predicate)); m != nil {
		title := fmt.Sprintf("build the index of %s before the update, by altering at most 8 predicates at a time", name)
		f.Fixes = []Fix{migration("build-before", Safe, title).by(m)}
	}
}

// looked is the evidence of a count: what is there violates nothing.
func looked(answers []dql.Answer) Evidence {
	e := together(answers)
	e.Samples = nil
	return e
}
