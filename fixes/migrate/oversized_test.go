package migrate

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// swollen counts nodes, and asks for what a heavy one holds as often as no answer can have.
type swollen struct{ tally }

func (s swollen) reads() []string { return []string{"N.hits", "N.name"} }

func (s swollen) question(p *page) (string, map[string]string, error) {
	if !slices.ContainsFunc(p.nodes, func(n *node) bool { return len(n.quads["N.name"]) == 1 && n.quads["N.name"][0].Data == "heavy" }) {
		return "", nil, nil
	}
	var text strings.Builder
	text.WriteString("{q(func: has(N.much)) {")
	for i := range 44 {
		fmt.Fprintf(&text, " m%d: N.much", i)
	}
	return text.String() + "}}", nil, nil
}

// TestOversizedNode: a node that alone is too much for one answer ends a run with its name, or is left, and every other
// one is done once.
func TestOversizedNode(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	f, _ := countingPlan()
	f.Steps[0].Convergent = false
	f.Steps[0].Reads = []string{"N.hits", "N.name"}
	begin := func() {
		fillCounted(t, d, 0)
		// Each byte takes six in an answer.
		d.Mutate(t, "_:m <N.much> \""+strings.Repeat("\\u0001", 1<<20)+"\" .\n"+
			"<0x10> <dgraph.type> \"N\" .\n<0x11> <dgraph.type> \"N\" .\n<0x11> <N.name> \"heavy\" .\n<0x12> <dgraph.type> \"N\" .\n")
	}
	taskOf := func(*Step) (task, error) { return swollen{tally{"N.hits"}}, nil }
	begin()
	_, err := Run(t.Context(), c, f, Before, Options{taskOf: taskOf, BatchSize: 2})
	if err == nil || errors.As(err, new(*Stopped)) || !strings.Contains(err.Error(), "node 0x11: what is read of it alone is too large") {
		t.Errorf("%v", err)
	}
	r, err := Run(t.Context(), c, f, Before, Options{taskOf: taskOf, BatchSize: 1, OnError: Quarantine})
	if err != nil {
		t.Fatal(err)
	}
	if counts := r.Status.Counts; r.Status.State != Done || counts.Nodes != 3 || counts.Changed != 2 || counts.Left != 1 || len(r.Left) != 1 || r.Left[0].UID != 0x11 || r.Left[0].Reason != errRead.Error() {
		t.Errorf("%+v", r)
	}
	if h := hits(t, d); h["1"] != 2 || h[""] != 1 {
		t.Errorf("%v", h)
	}
}
