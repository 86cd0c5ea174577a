package rules

import (
	"fmt"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

var settingsChanged = &Rule{
	ID:       "settings-changed",
	Severity: Warning,
	Summary:  "A Dgraph.Allow-Origin or Dgraph.Secret line came, went or has another value.",
	Doc: Doc{
		Dgraph: "It reads the lines from the comments of the schema, and they count from the moment of the update. Browsers may send " +
			"requests from the origins that are listed, from all when none is. A secret goes along with requests of @custom that name it.",
		Clients: "Pages of an origin that is no longer listed are kept from the API by the browser. Where a secret is wrong, " +
			"the fields that @custom fetches with it fail.",
		Before:   "type User {\n  id: ID!\n  name: String\n}\n# Dgraph.Allow-Origin \"https://shop.example\"\n",
		After:    "type User {\n  id: ID!\n  name: String\n}\n# Dgraph.Allow-Origin \"https://www.example\"\n",
		Question: "None: data is not concerned.",
		WaysOut:  []string{"Keep the old line beside the new one until no client needs it."},
		Reverse:  "The old schema brings the old lines back.",
	},
	judge: on(func(p *pass, c diff.SettingsChanged) *Finding {
		f := &Finding{
			Subject:    string(c.Kind),
			Place:      p.onFile(),
			Impact:     Impact{API: APIDangerous},
			Reversible: true,
		}
		if len(c.After) > 0 {
			f.Place = Place{AnchorFile, beginning(c.After[0])}
		}
		if len(c.Before) > 0 {
			f.Previous = beginning(c.Before[0])
		}
		f.Message = fmt.Sprintf("%s: %s gone, %s new (the values are not shown)", c.Kind, lineCount(c.Lost), lineCount(c.Gained))
		f.Consequence = "Pages of origins that are not listed are kept from the API by the browser; without any line all origins may use it."
		if c.Kind == sdl.MetaSecret {
			f.Consequence = "Fields that @custom fetches with one of these secrets get another one sent along, or none."
		}
		return f
	}),
}

func lineCount(n int) string {
	switch n {
	case 0:
		return "no line is"
	case 1:
		return "1 line is"
	}
	return fmt.Sprintf("%d lines are", n)
}
