package diff

import (
	"slices"
	"strings"
	"testing"
)

func TestWords(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"awsLambdaURL2": "aws lambda url 2", "URLPath": "url path", "snake_case": "snake case", "_a__b_": "a b",
		"": "", "__": "", "X": "x", "größeÄnderung": "größe änderung", "HTTP2Server": "http 2 server",
	} {
		if got := words(name); !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

// TestNameLikeness orders pairs of names: alike at the least, or at the most.
func TestNameLikeness(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b        string
		least, most float64
	}{
		{"userName", "user_name", 1, 1},
		{"userName", "USERNAME", 1, 1},
		{"tag", "tags", 0.9, 0.99},
		{"category", "categories", 0.9, 0.99},
		{"address", "addresses", 0.9, 0.99},
		{"status", "statu", 0, 0}, // no plural
		{"region", "religion", 0, 0},
		{"express", "expresso", 0, 0},
		{"mother", "father", 0, 0},
		{"latitude", "altitude", 0, 0},
		{"contract", "contact", 0, 0},
		{"employer", "employee", 0, 0},
		{"car", "carrier", 0, 0},
		{"enviroment", "environment", 0.7, 0.9},
		{"recieve", "receive", 0.7, 0.9},
		{"seperate", "separate", 0.7, 0.9},
		{"colour", "color", 0.9, 0.99},
		{"publish", "published", 0.7, 0.9},
		{"name", "fullName", 0.6, 0.7},
		{"name", "lastName", 0.2, 0.4},
		{"author", "authorEmail", 0.3, 0.45},
		{"lineOrder", "orderLine", 0.9, 0.99},
		{"ageInYears", "age", 0.8, 0.95},
		{"addr", "address", 0.7, 0.9},
		{"qty", "quantity", 0.6, 0.8},
		{"phone", "tel", 0.6, 0.8},
		{"dob", "dateOfBirth", 0.7, 0.9},
		{"phone", "phoneNumber", 0.6, 0.8},
		{"name", "age", 0, 0.45},
		{"likes", "dislikes", 0, 0.3},
		{"title", "subtitle", 0, 0.3},
		{"homeAddress", "workAddress", 0, 0.3},
		{"line1", "line2", 0, 0.3},
		{"userV1", "userV2", 0.6, 0.99},
		{"surname", "lastName", 0.7, 0.7},
		{"adress", "address", 0.7, 0.9},
		{"x", "y", 0, 0},
		{"", "", 1, 1},
		{"_", "__", 1, 1},
		{"a", "", 0, 0},
		{strings.Repeat("a", 300), strings.Repeat("b", 300), 0, 0},
	} {
		got, back := nameOf(c.a).likeness(nameOf(c.b)), nameOf(c.b).likeness(nameOf(c.a))
		if got < c.least || got > c.most || got != back {
			t.Errorf("%q and %q: %v, backwards %v; want %v to %v", c.a, c.b, got, back, c.least, c.most)
		}
	}
}
