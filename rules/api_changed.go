package rules

import (
	"fmt"
	"strings"

	"github.com/schemacheck/schemacheck/diff"
)

const (
	apiClients = "Dgraph refuses the whole operation, before it runs: \"%s\". Other operations work as before."
	apiReverse = "The old schema brings the API back; nothing stored is concerned."
	apiDgraph  = "It generates the API anew from the new schema and serves it from the moment of the update, to all clients at once. "
)

// The example of these rules: a query of the user's own.
func apiExample(arguments string) string {
	return `type User {
  id: ID!
  name: String
}
type Query {
  users(` + arguments + `): [User] @custom(dql: """
    query q($city: string, $most: int) {
      users(func: type(User), first: $most) { id: uid name: User.name }
    }
  """)
}
`
}

var apiRemoved = &Rule{
	ID:       "api-removed",
	Severity: Error,
	Summary:  "The API loses an element, and no other finding says why.",
	Doc: Doc{
		Dgraph:  apiDgraph + "What a type, field or directive no longer asks for is gone: queries, arguments, filters, inputs.",
		Clients: fmt.Sprintf(apiClients, "Unknown argument \\\"city\\\" on field \\\"users\\\" of type \\\"Query\\\"."),
		Before:  apiExample("city: String, most: Int = 10"),
		After:   apiExample("most: Int = 10"),
		Query:   `{ users(city: "Rome") { name } }`,
		Answer: `{
  "errors": [{"message": "Unknown argument \"city\" on field \"users\" of type \"Query\"."}],
  "data": null
}`,
		Question: "None: ask which clients use it.",
		WaysOut:  []string{"Keep the element and mark it @deprecated until no client uses it."},
		Reverse:  apiReverse,
	},
}

var apiRequired = &Rule{
	ID:       "api-required",
	Severity: Error,
	Summary:  "The API demands an argument or a field of an input that it did not demand, and no other finding says why.",
	Doc: Doc{
		Dgraph:  apiDgraph + "A list with \"!\" in a type is demanded when nodes are added, although it reads as [] without values.",
		Clients: fmt.Sprintf(apiClients, "Field \\\"users\\\" argument \\\"city\\\" of type \\\"String!\\\" is required but not provided."),
		Before:  apiExample("city: String, most: Int = 10"),
		After:   apiExample("city: String!, most: Int = 10"),
		Query:   `{ users { name } }`,
		Answer: `{
  "errors": [{"message": "Field \"users\" argument \"city\" of type \"String!\" is required but not provided."}],
  "data": null
}`,
		Question: "None: ask which clients leave it out.",
		WaysOut:  []string{"Write it without \"!\", or with a default, until all clients send it."},
		Reverse:  apiReverse,
	},
}

var apiTypeChanged = &Rule{
	ID:       "api-type-changed",
	Severity: Error,
	Summary:  "An element of the API has another type, and no other finding says why.",
	Doc: Doc{
		Dgraph:  apiDgraph + "An index more on a field, or less, gives its filter another type.",
		Clients: fmt.Sprintf(apiClients, "Variable \\\"$city\\\" of type \\\"String\\\" used in position expecting type \\\"Int\\\"."),
		Before:  apiExample("city: String, most: Int = 10"),
		After:   apiExample("city: Int, most: Int = 10"),
		Query:   `{ users(city: "Rome") { name } }`,
		Answer: `{
  "errors": [
    {"message": "Expected type Int, found \"Rome\"."},
    {"message": "strconv.ParseInt: parsing \"Rome\": invalid syntax"}
  ],
  "data": null
}`,
		Question: "None: ask which clients use it.",
		WaysOut:  []string{"Add an element of the new type and keep the old one until no client uses it."},
		Reverse:  apiReverse,
	},
}

var apiDangerous = &Rule{
	ID:       "api-dangerous",
	Severity: Warning,
	Summary:  "Operations stay valid and can behave otherwise, and no other finding says why.",
	Doc: Doc{
		Dgraph:   apiDgraph + "Another default counts for every operation that leaves the value out.",
		Clients:  "They get other results for the same operation, null where there was always a value, or a type or value of an enum that they do not know.",
		Before:   apiExample("city: String, most: Int = 10"),
		After:    apiExample("city: String, most: Int = 20"),
		Question: "None.",
		WaysOut:  []string{"Tell clients."},
		Reverse:  apiReverse,
	},
}

// ruleOf is the rule for changes of a kind that no other finding owns.
func ruleOf(kind diff.ContractKind) *Rule {
	switch kind {
	case diff.Removed:
		return apiRemoved
	case diff.Required:
		return apiRequired
	case diff.TypeChanged:
		return apiTypeChanged
	}
	return apiDangerous
}

// tell writes the message of a finding of the contract alone, from its list.
func tell(f *Finding) {
	var all, what []string
	self := true // all is about the element itself
	for _, c := range f.API {
		all = append(all, c.Coordinate)
		what = append(what, c.Coordinate+" "+c.Change)
		self = self && (c.Coordinate == f.Coordinate || strings.HasPrefix(c.Coordinate, f.Coordinate+"("))
	}
	it, is := "them", "are"
	if len(all) == 1 {
		it, is = "it", "is"
	}
	because := ""
	if !self {
		because = "because of " + f.Coordinate + ", "
	}
	switch f.Rule {
	case apiRemoved:
		f.Message = fmt.Sprintf("%s%s %s gone from the API", because, list(all), is)
		if f.API[0].Change != "removed" {
			f.Message = because + list(what)
		} else if all[0] == f.Coordinate && len(all) > 1 {
			f.Message = fmt.Sprintf("%s is gone from the API, and so %s %s", f.Coordinate, isOrAre(len(all)-1), list(all[1:]))
		}
		f.Consequence = "Operations that use " + it + " are refused."
	case apiRequired:
		f.Message = fmt.Sprintf("%s%s %s required from now on", because, list(all), is)
		f.Consequence = "Operations that leave " + it + " out are refused."
	case apiTypeChanged:
		f.Message = fmt.Sprintf("%sthe API has other types: %s", because, list(what))
		f.Consequence = "Operations that use " + it + " can be refused, or get another form."
	default:
		f.Message = fmt.Sprintf("%sclients may get something else: %s", because, list(what))
		f.Consequence = "Operations stay valid, and what they send or get can mean something else."
	}
}

func isOrAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}
