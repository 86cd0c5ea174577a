package rules

// conversion is what becomes of stored values when a field's type changes.
type conversion struct {
	data        Data
	consequence string
	question    string // completes "Which values ...?"
	// every says that all values are concerned, whatever they are.
	every bool
}

// The conversions, as Dgraph carries them out on each read. Source: Convert in
// types/conversion.go for storage, outputnode_graphql.go for enums and the
// range of Int; both tried on a real server.
var (
	converts = conversion{
		data:        DataNone,
		consequence: "Every stored value converts; clients get it as another type.",
	}
	included = conversion{
		data:        DataNone,
		consequence: "The new enum has every value of the old one; only the type's name in the API changes.",
	}
	mustParse = conversion{
		data:        DataInvalid,
		consequence: "One stored value that does not convert makes every query that selects the field fail, for all nodes.",
		question:    "do not convert",
	}
	mustBeGeo = conversion{
		data: DataInvalid,
		consequence: "One stored value that is no GeoJSON makes every query that selects the field fail, for all nodes, and a value " +
			"\"null\" ends the server that reads it, each time it starts.",
		question: "are no GeoJSON",
	}
	oneOfMany = conversion{
		data:        DataNone,
		consequence: "Dgraph kept one value only for the list; it is read now.",
	}
	manyOfOne = conversion{
		data:        DataInvalid,
		consequence: "Dgraph keeps one value only for such a list and cannot read it: the field answers [] with an error for every node that has a value.",
		question:    "exist",
		every:       true,
	}
	neverConverts = conversion{
		data:        DataInvalid,
		consequence: "No stored value converts: every query that selects the field fails.",
		question:    "exist",
	}
	mustBeMember = conversion{
		data:        DataInvalid,
		consequence: "Stored values that are no member of the enum read null with an error; where the field is non-null, the node is lost with them.",
		question:    "are no member of the new enum",
	}
	mustFit = conversion{
		data:        DataInvalid,
		consequence: "Stored values beyond 32 bits read null with an error; where the field is non-null, the node is lost with them.",
		question:    "do not fit into 32 bits",
	}
	cuts = conversion{
		data:        DataTruncated,
		consequence: "Fractions are cut when values are read, and values beyond 64 bits make the whole query fail.",
		question:    "have a fraction or do not fit",
	}
	cutsShort = conversion{
		data: DataTruncated,
		consequence: "Fractions are cut when values are read; values beyond 32 bits read null with an error, where the field is " +
			"non-null the node is lost with them, and values beyond 64 bits make the whole query fail.",
		question: "have a fraction or do not fit",
	}
	truth = conversion{
		data:        DataTruncated,
		consequence: "Every value but 0 reads true.",
		question:    "are neither 0 nor 1",
	}
	asSeconds = conversion{
		data:        DataTruncated,
		consequence: "Numbers are read as seconds since 1970.",
		question:    "are no seconds since 1970",
		every:       true, // no number tells what it was meant for
	}
	toSeconds = conversion{
		data:        DataTruncated,
		consequence: "Dates are read as seconds since 1970; fractions are cut, and dates beyond 32 bits read null where the type is Int.",
		question:    "have a fraction of a second or are out of range",
	}
	asVector = conversion{
		data:        DataNone,
		consequence: "Every stored value is read as a vector of one number, which no other vector can be compared with.",
	}
	toFraction = conversion{
		data:        DataTruncated,
		consequence: "Dates are read as seconds since 1970; those before 1678 and after 2262 come out wrong.",
		question:    "are before 1678 or after 2262",
	}
)

// conversionOf is what happens to values of one type read as another. Types
// are the GraphQL scalars, "enum" and "vector".
func conversionOf(from, to string) conversion {
	if c, ok := conversions[[2]string{from, to}]; ok {
		return c
	}
	if to == "enum" {
		return mustBeMember
	}
	return neverConverts
}

var conversions = func() map[[2]string]conversion {
	m := map[[2]string]conversion{}
	row := func(from string, to map[string]conversion) {
		for t, c := range to {
			m[[2]string{from, t}] = c
		}
	}
	text := map[string]conversion{"Int": mustParse, "Int64": mustParse, "Float": mustParse, "Boolean": mustParse,
		"DateTime": mustParse, "Point": mustBeGeo, "Polygon": mustBeGeo, "MultiPolygon": mustBeGeo, "String": converts, "vector": mustParse}
	row("String", text)
	row("enum", text)
	row("Int", map[string]conversion{"String": converts, "Int64": converts, "Float": converts, "Boolean": truth, "DateTime": asSeconds})
	row("Int64", map[string]conversion{"String": converts, "Int": mustFit, "Float": {
		data:        DataTruncated,
		consequence: "Numbers beyond 2^53 lose their last digits when they are read.",
		question:    "are beyond 2^53",
	}, "Boolean": truth, "DateTime": asSeconds})
	row("Float", map[string]conversion{"String": converts, "Int": cutsShort, "Int64": cuts, "Boolean": truth, "DateTime": asSeconds})
	row("Boolean", map[string]conversion{"String": converts, "Int": converts, "Int64": converts, "Float": converts})
	row("DateTime", map[string]conversion{"String": converts, "Int": toSeconds, "Int64": toSeconds, "Float": toFraction})
	for _, geo := range []string{"Point", "Polygon", "MultiPolygon"} {
		row(geo, map[string]conversion{"String": {
			data:        DataNone,
			consequence: "Stored values are read as text in a form like GeoJSON; clients that select their parts break.",
		}})
		for _, other := range []string{"Point", "Polygon", "MultiPolygon"} {
			m[[2]string{geo, other}] = conversion{
				data:        DataInvalid,
				consequence: "Stored values have another shape: queries that select the field fail.",
				question:    "have another shape",
			}
		}
	}
	for _, number := range []string{"Int", "Int64", "Float", "Boolean"} {
		m[[2]string{number, "vector"}] = asVector
	}
	row("vector", map[string]conversion{"String": converts})
	return m
}()
