package diff

import (
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

func (d *Diff) compareSearch(b, a *schema.Field) {
	before, after := searches(d.Before, b), searches(d.After, a)
	lost := without(before, offered(d.After, a))
	gained := without(after, offered(d.Before, b))
	vector := func(s string) bool { return schema.SearchName(s) == "hnsw" }
	if b.Has("embedding") != a.Has("embedding") { // such an index comes and goes with it
		lost, gained = slices.DeleteFunc(lost, vector), slices.DeleteFunc(gained, vector)
	}
	if !d.sameNamed(b.Type().Named(), a.Type().Named()) && len(after) > 0 {
		lost = slices.DeleteFunc(lost, func(s string) bool { return !searchable(d.After, a, s) })
		if len(lost) == 0 && len(before) > 0 {
			return // what the old type could be searched by, the new one cannot
		}
	}
	switch {
	case len(lost)+len(gained) == 0:
	case len(before) == 0:
		d.add(SearchAdded{b, a, gained})
	case len(after) > 0:
		d.add(SearchChanged{b, a, lost, gained})
	case !d.After.reference(a.Type().Named()) && !nodeID(a):
		d.add(SearchRemoved{b, a, lost})
	}
}

// searches are the arguments of a field's @search, sorted, with those that a
// bare one stands for. Options are written like `hnsw(metric: euclidean)`. An
// empty list, which offers the default filter and builds no index, is "none".
func searches(s *Schema, f *schema.Field) []string {
	search := f.Directive("search")
	if search == nil {
		return nil
	}
	by := search.Arg("by")
	switch {
	case by == nil:
		return []string{defaultSearch(s, f)}
	case len(by.List) == 0:
		return []string{"none"}
	}
	var all []string
	for _, v := range by.List {
		name := schema.SearchName(v.Raw)
		if options, _ := schema.SearchOptions(v.Raw); len(options) > 0 {
			var texts []string
			for _, o := range options {
				texts = append(texts, o.Name+": "+o.Value)
			}
			name += "(" + strings.Join(texts, ", ") + ")"
		}
		all = append(all, name)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// offered are the searches of a field and that of its @id. Source:
// getSearchArgs.
func offered(s *Schema, f *schema.Field) []string {
	all := searches(s, f)
	switch {
	case !f.Has("id"):
	case f.Type().Named() != "String":
		all = append(all, defaultSearch(s, f))
	case !slices.Contains(all, "exact"):
		all = append(all, "hash")
	}
	return all
}

func defaultSearch(s *Schema, f *schema.Field) string {
	if s.Kind(f.Type().Named()) == sdl.Enum {
		return "hash"
	}
	return schema.DefaultSearch(f.Type().Named())
}

// searchable reports whether Dgraph takes the search on a field of that type.
// Source: validateSearchArg.
func searchable(s *Schema, f *schema.Field, search string) bool {
	of, named := schema.Searches[schema.SearchName(search)].Type, f.Type().Named()
	if s.Kind(named) == sdl.Enum {
		return of == "String" && search != "term" && search != "fulltext"
	}
	return of == named && f.Has("embedding") == (schema.SearchName(search) == "hnsw")
}

// without are those of all that are not among others.
func without(all, others []string) []string {
	var rest []string
	for _, s := range all {
		if !slices.Contains(others, s) {
			rest = append(rest, s)
		}
	}
	return rest
}
