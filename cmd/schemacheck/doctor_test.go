package main

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/schemacheck/schemacheck/dql"
)

// TestDoctorHealth is about what a healthy server in a test never says.
func TestDoctorHealth(t *testing.T) {
	t.Parallel()
	up := func(m dql.Member) dql.Member {
		m.Version, m.Uptime, m.Group = "v25.0.0", time.Minute, "1"
		return m
	}
	e := &examination{live: &live{graphql: &dql.GraphQLSchema{}}}
	e.health(&dql.Health{
		Alphas: []dql.AlphaHealth{{Addr: "a:9080", Version: "v25.0.0"}, {Addr: "b:9080", Err: errors.New("b:9080: nothing listens there")}},
		Members: []dql.Member{
			up(dql.Member{Instance: "alpha", Address: "a:7080", Status: "healthy", Ongoing: []string{"opIndexing"}, Indexing: []string{"User.name", "User.age"}}),
			up(dql.Member{Instance: "alpha", Address: "b:7080", Status: "unhealthy"}),
			up(dql.Member{Instance: "alpha", Address: "a:7080", Status: "healthy"}), // told by another one
			up(dql.Member{Instance: "zero", Address: "\x1b[31mz:5080", Status: "healthy"}),
		},
	})
	want := `  alpha      a:9080 answers over gRPC, version v25.0.0
! alpha      b:9080: nothing listens there
  http       the GraphQL admin answers
  member     alpha a:7080 of group 1 is healthy, version v25.0.0, up for 1m0s
  ongoing    opIndexing at a:7080
! member     alpha b:7080 of group 1 is unhealthy, version v25.0.0, up for 1m0s
  member     zero \x1b[31mz:5080 of group 1 is healthy, version v25.0.0, up for
             1m0s
! indexing   indexes of User.name, User.age are being built: filters by them
             fail until that is done
`
	if d := cmp.Diff(want, e.page.String()); d != "" || e.wrong != 3 {
		t.Errorf("%d marks (-want +got):\n%s", e.wrong, d)
	}
}
