package migrate

import (
	"testing"
	"time"

	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// TestAtWork: who deploys is known to be at work although he is at no plan, and so is who has just begun.
func TestAtWork(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	d.DropAll(t)
	at := func() *Worker {
		t.Helper()
		w, err := AtWork(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	if w := at(); w != nil {
		t.Errorf("nothing has ever run: %+v", w)
	}
	const before, after = "type T { a: String }\n", "type T { a: String b: String }\n"
	d.ApplySchema(t, before)
	d.Mutate(t, "_:a <dgraph.type> \"T\" .\n_:a <T.a> \"x\" .\n")
	f := copying("20260101000000-copy", "T.a", "T.b")
	f.From, f.To = fingerprintOf(t, before), fingerprintOf(t, after)
	began := time.Now().UTC().Truncate(time.Second)
	var deploying *Worker
	if _, err := Up(t.Context(), c, []File{f}, Series{Deploy: after, Options: Options{Who: "me", point: func(name string) {
		if name == "before update" {
			deploying = at()
		}
	}}}); err != nil {
		t.Fatal(err)
	}
	if w := deploying; w == nil || w.Who != "me" || w.Doing != "deploying the GraphQL schema of plan "+f.ID || w.Since.Before(began) || w.Sign.Before(began) {
		t.Errorf("%+v", w)
	}
	if w := at(); w != nil {
		t.Errorf("it is over: %+v", w)
	}
}
