package sdl

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
	gqlparser "github.com/vektah/gqlparser/v2/parser"
)

// large is a schema of n types of the usual kind, about 800 bytes each.
func large(n int) string {
	var out strings.Builder
	for i := range n {
		fmt.Fprintf(&out, `
"""
A customer, as the shop knows them: number %[1]d.
"""
type Customer%[1]d implements Node & Named @auth(
  query: { rule: "query { queryCustomer%[1]d(filter: {owner: {eq: $USER}}) { id } }" }
) @withSubscription {
  id: ID!
  # The name is shown everywhere.
  name: String! @id @search(by: [hash, term])
  email: String @search(by: [exact]) @dgraph(pred: "Person.email")
  "in cents"
  balance: Int @search
  tags: [String!]
  orders(first: Int = 10): [Order%[1]d!]! @hasInverse(field: customer)
  created: DateTime! @default(add: {value: "$now"}) @search(by: [day])
  state: State%[1]d
}

enum State%[1]d { ACTIVE, LOCKED, "no longer used" GONE @deprecated(reason: "use LOCKED") }

type Order%[1]d @dgraph(type: "Purchase%[1]d") {
  id: ID!
  customer: Customer%[1]d!
  total: Float
}
`, i)
	}
	return out.String()
}

func BenchmarkParse(b *testing.B) {
	for _, n := range []int{100, 1_000, 10_000} {
		text := large(n / 3)
		b.Run(fmt.Sprintf("types=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			var ours, theirs time.Duration
			for b.Loop() {
				start := time.Now()
				if _, err := Parse(&File{Name: "s", Text: text}); err != nil {
					b.Fatal(err)
				}
				ours += time.Since(start)
				b.StopTimer()
				start = time.Now()
				if _, err := gqlparser.ParseSchema(&ast.Source{Name: "s", Input: text}); err != nil {
					b.Fatal(err)
				}
				theirs += time.Since(start)
				b.StartTimer()
			}
			b.ReportMetric(float64(ours)/float64(theirs), "of-gqlparser")
		})
	}
}

func BenchmarkPosition(b *testing.B) {
	s, err := Parse(&File{Name: "s", Text: large(1_000)})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		for _, d := range s.Definitions {
			d.Span.Begin()
		}
	}
}

func BenchmarkFingerprint(b *testing.B) {
	text := large(1_000)
	s, err := Parse(&File{Name: "s", Text: text})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		s.Fingerprint()
	}
}
