package rules

import (
	"fmt"
	"slices"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/dql"
)

var languageChanged = &Rule{
	ID:       "language-changed",
	Severity: Error,
	Summary:  "A field reads another language, or its predicate is no longer @lang.",
	Doc: Doc{
		Dgraph: "A predicate is @lang while a field names a language of it, as @dgraph(pred: \"Post.title@en\") does; of several " +
			"fields the last one decides. Without @lang all values stay, but Dgraph no longer tells those in a language from " +
			"the one without.",
		Clients:  "A field that reads another language reads null where there is no value in it. A field without a language can get a value in some language instead of its own, and which one is not certain.",
		Before:   "type Post {\n  id: ID!\n  title: String\n  titleFr: String @dgraph(pred: \"Post.title@fr\")\n}\n",
		After:    "type Post {\n  id: ID!\n  title: String\n}\n",
		Query:    `{ queryPost { title } }`,
		Answer:   `{"data": {"queryPost": [{"title": "Marées"}]}}`,
		Question: "How many nodes have values in a language?",
		WaysOut: []string{
			"Keep a field that names a language, and write it after the others of its predicate.",
			"Delete the values in a language before the update.",
		},
		Reverse: "The old schema brings everything back.",
	},
	judge: func(p *pass, c diff.Change) *Finding {
		switch c := c.(type) {
		case diff.LanguageChanged:
			return p.otherLanguage(c.Before, c.After)
		case diff.LanguageLost:
			return p.languageLost(c)
		}
		return nil
	},
}

func (p *pass) otherLanguage(b, a *schema.Field) *Finding {
	f := &Finding{
		Coordinate: b.Coordinate(),
		Place:      place(a),
		Previous:   previous(b),
		Affects:    inherits(a),
		Predicates: predicates(b.Predicate),
		Impact:     Impact{Data: DataHidden, Storage: p.storage(a)},
		Reversible: true,
		Message:    fmt.Sprintf("%s was stored as %s and is looked for as %s", b.Coordinate(), storedAs(b), storedAs(a)),
		Question:   fmt.Sprintf("How many nodes have a value under %s, and how many under %s?", storedAs(b), storedAs(a)),
		Consequence: fmt.Sprintf("The stored values are no longer found: they stay under %s, and %s reads %s.",
			storedAs(b), b.Coordinate(), p.reads(a)),
		Fixes: append(p.pinPredicate(a, b),
			migration("copy-values", Review, fmt.Sprintf("copy the values of %s to %s", storedAs(b), storedAs(a))).by(p.copying(b, a))),
	}
	f.ask(held(b))
	if to := a.Coordinate(); to != f.Coordinate {
		f.To = to
	}
	if after := p.After.Storage.Predicate(a.Predicate); after != nil && !after.Lang {
		f.Impact.Data = DataInvalid
		f.Question = fmt.Sprintf("How many nodes have values in a language under %s?", after.Stored())
		f.ask(dql.Languages(anyValues(after.Stored())))
		f.Message += fmt.Sprintf("; %s loses @lang with it", after.Stored())
		f.Consequence = fmt.Sprintf("%s can get a value in any language instead of one without: Dgraph no longer tells them apart.", a.Coordinate())
	}
	return f
}

func (p *pass) languageLost(c diff.LanguageLost) *Finding {
	a, name := c.Field, c.Before.Stored()
	f := &Finding{
		Coordinate:  a.Coordinate(),
		Subject:     "lang",
		Place:       place(a),
		Affects:     inherits(a),
		Predicates:  predicates(name),
		Impact:      Impact{Data: DataInvalid, Storage: p.storage(a)},
		Reversible:  true,
		Message:     fmt.Sprintf("%s reads %s, which loses @lang", a.Coordinate(), name),
		Consequence: fmt.Sprintf("%s can get a value in some language instead of its own: Dgraph no longer tells them apart.", a.Coordinate()),
		Question:    fmt.Sprintf("How many nodes have values in a language under %s?", name),
	}
	f.ask(dql.Languages(anyValues(name)))
	spoken := slices.ContainsFunc(c.After.Fields, func(other *schema.Field) bool { return other.Language != "" })
	for _, b := range c.Before.Fields {
		if !spoken && b.Language != "" && b.Source == nil && p.Counterpart(b) == nil {
			f.Fixes = directive("keep-language", Safe, fmt.Sprintf("keep %s with @dgraph(pred: %q) and mark it @deprecated", b.Coordinate(), storedAs(b)),
				p.edits.KeepField(b))
			break
		}
	}
	for _, other := range c.After.Fields {
		if other.Language != "" && other.Source == nil {
			f.Fixes = directive("keep-language", Safe, fmt.Sprintf("write %s after %s", other.Coordinate(), a.Coordinate()), p.edits.MoveBehind(other, a))
			f.Message += fmt.Sprintf(": of the fields that read it the last one decides, and %s is not the last", other.Coordinate())
			break
		}
	}
	f.Fixes = append(f.Fixes, migration("delete-languages", Destructive, "delete the values in a language under "+name+" before the update"))
	if b := p.Counterpart(a); b != nil {
		f.Coordinate = b.Coordinate()
		f.Previous = previous(b)
		if to := a.Coordinate(); to != f.Coordinate {
			f.To = to
		}
	}
	return f
}
