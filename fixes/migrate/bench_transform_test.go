package migrate

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// joined is a plan with a transform that reads two fields and sets one.
func joined(to string) File {
	field := func(name string) Field {
		return Field{Predicate: name, Reading: Reading{Type: "string", GraphQL: "String"}}
	}
	id := "20260101000000-" + strings.ToLower(strings.ReplaceAll(to, ".", "-"))
	return File{&Plan{Version: 1, ID: id, Steps: []Step{{ID: "join", Phase: Before, Kind: "transform", Select: &Select{Root: "has(V.n)"},
		Reads: []string{"V.n", "V.m"}, Writes: []string{to}, Convergent: true, Undo: UndoYes, Transform: &Transform{
			Fields: map[string]Field{"n": field("V.n"), "m": field("V.m"), "to": field(to)},
			Set:    map[string]Value{"to": {Expression: `node.n + " of " + node.m`}},
		}}}}, "abc"}
}

// TestTransformRate compares a transform that reads two fields and sets one with a copy of one, in turns.
func TestTransformRate(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	n := d.Scale(t, 10_000)
	c := open(t, d)
	const rounds = 3
	var all []string
	for i := range 2 * rounds {
		all = append(all, fmt.Sprint("V.copy", i))
	}
	d.Alter(t, strings.Join(all, ": string .\n")+": string .\n")
	defer tidied(t, c, all)
	best := [2]time.Duration{time.Hour, time.Hour}
	for i, to := range all {
		f := copyOne("has(V.n)", "V.n", to)
		if i%2 > 0 {
			f = joined(to)
		}
		took, _ := timedCopy(t, c, f, n, Options{NoUndo: true, FullSpeed: true})
		best[i%2] = min(best[i%2], took)
		t.Logf("%s: %v", f.Steps[0].Kind, took)
	}
	ratio := float64(best[0]) / float64(best[1])
	t.Logf("%d nodes: transforming is %.2f of the rate of copying", n, ratio)
	if ratio < 0.25 {
		t.Errorf("want at least half; this is for busy machines, and is %.2f", ratio)
	}
}
