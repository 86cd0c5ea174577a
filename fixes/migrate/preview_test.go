package migrate

import (
	"fmt"
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// TestPreview looks at nodes before and after a copy and a conversion, and finds everything as it was.
func TestPreview(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const before, after = `type U { id: ID! name: String tags: [String] }`, `type U { id: ID! title: String labels: [String] }`
	d.DropAll(t)
	apply(t, d, before)
	at := reserve(t, d, c)
	at.mutate("<0x1> <dgraph.type> \"U\" .\n<0x1> <U.name> \"Ann \\\"A\\\"\" .\n<0x2> <dgraph.type> \"U\" .\n<0x2> <U.name> \"Bob\" .\n<0x2> <U.tags> \"x\" .\n")
	was, is := stored(t, before), stored(t, after)
	r, err := Together(CopyValues(Moving{From: was.Predicate("U.name"), To: is.Predicate("U.title")}),
		CopyValues(Moving{From: was.Predicate("U.tags"), To: is.Predicate("U.labels")})).Build(nil)
	if err != nil {
		t.Fatal(err)
	}
	all, err := Preview(t.Context(), c, r, 3)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, d := range all {
		fmt.Fprintf(&b, "%s: %d -> %s\n", d.Predicate, len(d.Before), d.After[0].Data)
	}
	if want := "U.title: 0 -> Ann \"A\"\nU.title: 0 -> Bob\nU.labels: 0 -> x\n"; b.String() != want {
		t.Errorf("%s\nwant\n%s", b.String(), want)
	}
	if left := string(d.Query(t, "{q(func: has(U.title)) {uid}} ")); left != `{"q":[]}` {
		t.Errorf("written: %s", left)
	}
	live, err := c.Stored(t.Context())
	if err != nil || live.Predicate("U.title") != nil {
		t.Errorf("declared: %v, %v", live.Predicate("U.title"), err)
	}
}
