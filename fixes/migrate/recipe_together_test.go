package migrate

import (
	"strings"
	"testing"
)

func TestApart(t *testing.T) {
	t.Parallel()
	s := stored(t, `type T { id: ID! a: Int! b: String! @default(add: {value: "x"}) }`)
	fill := func(name string, given *string) *Migration {
		p := s.Predicate("T." + name)
		return FillDefault(Filling{Into: p, Target: targetIn(s, "T."+name), Type: "T", Default: given})
	}
	x := "x"
	m := Apart([]string{"a", "b"}, []*Migration{fill("a", nil), fill("b", &x)})
	for _, c := range []struct {
		given []string
		wrong string
	}{
		{[]string{"a=7"}, ""}, {[]string{"a=7", "b=y=z"}, ""}, {nil, "a=VALUE"}, {[]string{"b=y"}, "a=VALUE"}, {[]string{"7"}, "names a, b"},
		{[]string{"c=7"}, "names a, b"}, {[]string{"a=seven"}, "seven"}, {[]string{"a=7", "a=8"}, "2 are given"},
	} {
		r, err := m.Build(c.given)
		if c.wrong == "" && (err != nil || len(r.Steps) != 6) || c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)) {
			t.Errorf("%q: %v, want %q", c.given, err, c.wrong)
		}
	}
	if Apart([]string{"a", "b"}, []*Migration{fill("a", nil), nil}) != nil {
		t.Error("one of them is not possible")
	}
}
