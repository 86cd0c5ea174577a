package convert

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// depths are the geometries that have coordinates, with how deep their positions are nested.
var depths = map[string]int{
	"Point":           0,
	"LineString":      1,
	"MultiPoint":      1,
	"Polygon":         2,
	"MultiLineString": 2,
	"MultiPolygon":    3,
}

const collection = "GeometryCollection"

// geometry is a GeoJSON geometry that Dgraph can store.
type geometry struct {
	kind string
	// coordinates are those of a MultiPolygon; what is nested less is alone in the outer lists.
	coordinates [][][][]float64
	geometries  []*geometry // of a collection
}

// geoJSON holds the members that are looked at. Others may be there.
type geoJSON struct {
	Type string           `json:"type"`
	BBox *json.RawMessage `json:"bbox"`
	CRS  *struct {
		Type       string         `json:"type"`
		Properties map[string]any `json:"properties"`
	} `json:"crs"`
	Coordinates *json.RawMessage `json:"coordinates"`
	Geometries  *json.RawMessage `json:"geometries"`
}

// textToGeometry lets single quotes stand for double ones, as they do in what a geometry reads as under
// string.
func textToGeometry(s stored) rendering {
	g, err := parseGeometry([]byte(strings.ReplaceAll(s.text, "'", `"`)))
	if err != nil {
		return fails("%s is no GeoJSON that Dgraph stores: %v", shorten(s.json), err)
	}
	if g == nil {
		return rendering{outcome: Crashes, detail: "null under geo panics when it is read, which ends the alpha"}
	}
	return rendering{outcome: Converts, detail: g.print(), geometry: g}
}

// parseGeometry returns nil without an error for null.
func parseGeometry(text []byte) (*geometry, error) {
	var in *geoJSON
	if err := json.Unmarshal(text, &in); err != nil {
		return nil, err
	}
	if in == nil {
		return nil, nil
	}
	return in.geometry()
}

// geometry refuses what go-geom cannot read, and also what it cannot write as WKB: that is how it is
// stored, and the way to the client leads through it.
func (in geoJSON) geometry() (*geometry, error) {
	g := &geometry{kind: in.Type}
	if in.Type == collection {
		var members []geoJSON
		if in.Geometries != nil {
			if err := json.Unmarshal(*in.Geometries, &members); err != nil {
				return nil, err
			}
		}
		for _, m := range members {
			member, err := m.geometry()
			if err != nil {
				return nil, err
			}
			g.geometries = append(g.geometries, member)
		}
		return g, nil
	}
	depth, ok := depths[in.Type]
	if !ok {
		return nil, fmt.Errorf("no geometry has the type %q", shorten(in.Type))
	}
	if in.Coordinates == nil {
		return nil, errors.New("no coordinates")
	}
	var err error
	if g.coordinates, err = parseCoordinates(*in.Coordinates, depth); err != nil {
		return nil, err
	}
	return g, g.checkPositions()
}

func parseCoordinates(text []byte, depth int) (all [][][][]float64, err error) {
	switch depth {
	case 0:
		var position []float64
		err = json.Unmarshal(text, &position)
		all = [][][][]float64{{{position}}}
	case 1:
		var line [][]float64
		err = json.Unmarshal(text, &line)
		all = [][][][]float64{{line}}
	case 2:
		var rings [][][]float64
		err = json.Unmarshal(text, &rings)
		all = [][][][]float64{rings}
	default:
		err = json.Unmarshal(text, &all)
	}
	return all, err
}

// checkPositions wants two to four numbers in every position, and as many as in the first. Where the first
// list is empty two are taken for granted.
func (g *geometry) checkPositions() error {
	size := 2
	if c := g.coordinates; len(c) > 0 && len(c[0]) > 0 && len(c[0][0]) > 0 {
		size = len(c[0][0][0])
	}
	if size < 2 || size > 4 {
		return fmt.Errorf("a position has %d numbers", size)
	}
	for _, polygon := range g.coordinates {
		for _, ring := range polygon {
			for _, position := range ring {
				if len(position) != size {
					return fmt.Errorf("positions have %d and %d numbers", size, len(position))
				}
			}
		}
	}
	return nil
}

// print writes the geometry as Dgraph does.
func (g *geometry) print() string {
	var s strings.Builder
	g.write(&s)
	return s.String()
}

func (g *geometry) write(s *strings.Builder) {
	fmt.Fprintf(s, `{"type":%q,`, g.kind)
	if g.kind == collection {
		s.WriteString(`"geometries":`)
		writeList(s, g.geometries, (*geometry).write)
	} else {
		s.WriteString(`"coordinates":`)
		switch c := g.coordinates; depths[g.kind] {
		case 0:
			writePosition(c[0][0][0], s)
		case 1:
			writeLine(c[0][0], s)
		case 2:
			writeRings(c[0], s)
		default:
			writeList(s, c, writeRings)
		}
	}
	s.WriteByte('}')
}

func writeRings(rings [][][]float64, s *strings.Builder)   { writeList(s, rings, writeLine) }
func writeLine(line [][]float64, s *strings.Builder)       { writeList(s, line, writePosition) }
func writePosition(position []float64, s *strings.Builder) { writeList(s, position, writeNumber) }

func writeNumber(f float64, s *strings.Builder) {
	text, err := json.Marshal(f)
	if err != nil {
		panic(err) // what JSON gave is finite
	}
	s.Write(text)
}

func writeList[T any](s *strings.Builder, list []T, write func(T, *strings.Builder)) {
	s.WriteByte('[')
	for i, item := range list {
		if i > 0 {
			s.WriteByte(',')
		}
		write(item, s)
	}
	s.WriteByte(']')
}
