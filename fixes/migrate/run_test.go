package migrate

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

func TestMain(m *testing.M) { dgraphtest.Main(m) }

// open connects to a test's server.
func open(t *testing.T, d *dgraphtest.Dgraph) *dql.Client {
	t.Helper()
	c, err := dql.Open(t.Context(), dql.Config{Alphas: []string{d.GRPC}, HTTP: d.HTTP})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// fingerprintOf identifies a GraphQL schema, as plans have it.
func fingerprintOf(t *testing.T, text string) string {
	t.Helper()
	parsed, err := sdl.Parse(&sdl.File{Name: "test.graphql", Text: text})
	if err != nil {
		t.Fatal(err)
	}
	return parsed.Fingerprint()
}

// carried is what carrying out a phase came to.
type carried struct {
	changed int
	left    []Left
}

// carryOut carries out the steps of a phase in small batches, each in one
// transaction, and then looks whether another pass would change anything.
func carryOut(t *testing.T, c *dql.Client, steps []Step, phase Phase) carried {
	t.Helper()
	var all carried
	for i := range steps {
		s := &steps[i]
		if s.Phase != phase {
			continue
		}
		if err := s.check(); err != nil {
			t.Fatalf("step %s: %v", s.ID, err)
		}
		did := pass(t, c, s, true)
		all.changed += did.changed
		all.left = append(all.left, did.left...)
		if again := pass(t, c, s, false); s.Convergent && again.changed > 0 {
			t.Errorf("step %s would change %d nodes again", s.ID, again.changed)
		}
		counted(t, c, *s)
	}
	return all
}

// counted looks whether the server's own counts are those of the closing question.
func counted(t *testing.T, c *dql.Client, s Step) {
	t.Helper()
	s.describe()
	task, err := s.task()
	if err != nil {
		t.Fatal(err)
	}
	p, ok := task.(paged)
	if !ok {
		return
	}
	live, err := c.Stored(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	check, err := proved(t.Context(), c, &reader{step: &s, task: p, live: live}, nil)
	if err != nil {
		t.Fatalf("step %s: %v", s.ID, err)
	}
	if !check.agrees() || check.Unasked != "" || check.Counted == nil {
		t.Errorf("%s", check)
	}
	if _, ok := p.(countable); ok && check.Found == nil {
		t.Errorf("%s: its own question %q was not asked", check, s.Verify)
	}
}

// pass goes through all nodes of a step, and writes or only looks.
func pass(t *testing.T, c *dql.Client, s *Step, write bool) carried {
	t.Helper()
	live, err := c.Stored(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	task, err := s.task()
	if err != nil {
		t.Fatal(err)
	}
	if a, ok := task.(altering); ok {
		if write {
			if err := a.alter(t.Context(), c, live); err != nil {
				t.Fatalf("step %s: %v", s.ID, err)
			}
		}
		return carried{}
	}
	var all carried
	r := &reader{step: s, task: task.(paged), live: live}
	for after := uint64(0); ; {
		tx := c.Txn()
		p, at, err := r.page(t.Context(), tx, after, 3)
		if err != nil {
			t.Fatalf("step %s: %v", s.ID, err)
		}
		if at.nodes == 0 {
			return all
		}
		change, err := r.task.judge(p)
		if err != nil {
			t.Fatalf("step %s: %v", s.ID, err)
		}
		if err := s.within(change, live); err != nil {
			t.Fatal(err)
		}
		if write {
			if _, err := tx.Commit(t.Context(), change.set, change.del); err != nil {
				t.Fatalf("step %s: %v", s.ID, err)
			}
		}
		all.changed += change.changed
		all.left = append(all.left, change.left...)
		after = at.last
	}
}

// upserted sends an upsert block as a person would, over HTTP, without its
// comments.
func upserted(t *testing.T, d *dgraphtest.Dgraph, text string) {
	t.Helper()
	resp, err := http.Post(d.HTTP+"/mutate?commitNow=true", "application/rdf", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || strings.Contains(string(body), `"errors"`) {
		t.Fatalf("%v %s\n%s", err, body, text)
	}
}
