package rules_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
	"github.com/schemacheck/schemacheck/rules"
)

const libraryAfter = `
interface Item {
  id: ID!
  sku: String! @id(interface: true)
  label: String!
}
type Book implements Item {
  pages: Int
  kind: Kind!
  tags: [Kind]
  author: Author
  parts: [Item]
}
type Disc implements Item {
  code: String @id
  minutes: Int64
  kinds: [Kind!]
  next: Disc! @hasInverse(field: previous)
  previous: Disc
}
type Author {
  id: ID!
  name: String!
  nameEn: String @dgraph(pred: "Author.name@en")
  books: [Book] @hasInverse(field: author)
  home: Point
}
enum Kind { NEW OLD }
`

// libraryBefore is what the data was stored under: Book.pages were texts, and
// there was more than libraryAfter has.
var libraryBefore = strings.NewReplacer(
	"pages: Int", "pages: String",
	"home: Point", "home: Point\n  fax: String",
).Replace(libraryAfter) + `
type Cassette implements Item {
  length: Int
}
`

// library makes data, and knows what is wrong with it.
type library struct {
	random *rand.Rand
	quads  strings.Builder
	nodes  int
	want   map[string]found
}

// found is what a finding has to say of the data.
type found struct {
	Severity           rules.Severity
	Violations, Groups uint64
}

func (l *library) add(severity rules.Severity, finding string, violations int) {
	f := l.want[finding]
	l.want[finding] = found{severity, f.Violations + uint64(violations), f.Groups}
}

func (l *library) node() string {
	l.nodes++
	return fmt.Sprint("_:n", l.nodes)
}

func (l *library) quad(subject, predicate, object string) {
	fmt.Fprintf(&l.quads, "%s <%s> %s .\n", subject, predicate, object)
}

func quoted(text string) string { return `"` + text + `"` }

// with stores values of a new node; those that are "" are left out.
func (l *library) with(types string, values map[string]string) string {
	n := l.node()
	for _, name := range strings.Fields(types) {
		l.quad(n, "dgraph.type", quoted(name))
	}
	for predicate, value := range values {
		if value != "" {
			l.quad(n, predicate, value)
		}
	}
	return n
}

// item is one that is right, but for the values that replace its own.
func (l *library) item(types string, replace map[string]string) string {
	values := map[string]string{"Item.sku": quoted(fmt.Sprint("sku", l.nodes)), "Item.label": quoted("label")}
	if strings.Contains(types, "Book") {
		values["Book.kind"] = quoted("NEW")
		values["Book.pages"] = quoted([]string{"7", "007", "-12", "2147483647"}[l.random.IntN(4)])
		values["Book.tags"] = quoted("OLD")
	}
	maps.Copy(values, replace)
	n := l.with(types, values)
	if strings.Contains(types, "Disc") {
		if values["Disc.next"] == "" {
			l.quad(n, "Disc.next", n)
			l.quad(n, "Disc.previous", n)
		}
		l.quad(n, "Disc.minutes", quoted("9007199254740993"))
	}
	return n
}

func (l *library) book(replace map[string]string) string { return l.item("Item Book", replace) }
func (l *library) disc(replace map[string]string) string { return l.item("Item Disc", replace) }

func (l *library) author(replace map[string]string) string {
	values := map[string]string{"Author.name": quoted("Ann"), "Author.home": geo("Point", "[1.5,2.5]")}
	maps.Copy(values, replace)
	return l.with("Author", values)
}

func geo(kind, coordinates string) string {
	return fmt.Sprintf(`"{'type':'%s','coordinates':%s}"^^<geo:geojson>`, kind, coordinates)
}

// fill makes data that is right, and plants what is wrong, each thing at a node
// of its own.
func (l *library) fill() {
	const missing = ""
	several := func(plant func()) {
		for range 1 + l.random.IntN(5) {
			plant()
		}
	}
	one := func(severity rules.Severity, finding string, plant func()) {
		several(func() { l.add(severity, finding, 1); plant() })
	}
	several(func() {
		author := l.author(nil)
		l.quad(author, "Author.name", `"Anna"@en`)
		several(func() {
			book := l.book(map[string]string{"Book.author": author})
			l.quad(author, "Author.books", book)
			l.quad(book, "Book.parts", l.disc(map[string]string{"Disc.kinds": quoted("NEW")}))
		})
	})
	one(rules.Error, "missing-required Item.label", func() { l.book(map[string]string{"Item.label": missing}) })
	one(rules.Error, "missing-required Item.sku", func() { l.disc(map[string]string{"Item.sku": missing}) })
	one(rules.Error, "missing-required Book.kind", func() { l.book(map[string]string{"Book.kind": missing}) })
	one(rules.Error, "missing-required Author.name", func() { l.author(map[string]string{"Author.name": missing}) })
	one(rules.Error, "missing-required Author.name", func() { l.author(map[string]string{"Author.name": `"Ann"@en`}) })

	several(func() {
		sku, n := quoted(l.node()), 2+l.random.IntN(4)
		for range n {
			if l.random.IntN(2) == 0 {
				l.book(map[string]string{"Item.sku": sku})
			} else {
				l.disc(map[string]string{"Item.sku": sku})
			}
		}
		l.add(rules.Error, "duplicate-id Item.sku", n)
		f := l.want["duplicate-id Item.sku"]
		f.Groups++
		l.want["duplicate-id Item.sku"] = f
	})
	one(rules.Error, "duplicate-id Item.sku", func() { l.book(map[string]string{"Item.sku": quoted("")}) })
	l.disc(map[string]string{"Disc.code": quoted("same")})
	l.disc(map[string]string{"Disc.code": quoted("same")})
	l.disc(map[string]string{"Disc.code": quoted("Same")})
	l.want["duplicate-id Disc.code"] = found{rules.Error, 2, 1}

	one(rules.Error, "enum-out-of-range Book.kind", func() { l.book(map[string]string{"Book.kind": quoted("new")}) })
	one(rules.Warning, "enum-out-of-range Book.tags", func() {
		l.quad(l.book(nil), "Book.tags", quoted("odd")) // beside one that is right
	})
	one(rules.Error, "enum-out-of-range Disc.kinds", func() { l.disc(map[string]string{"Disc.kinds": quoted("odd")}) })

	one(rules.Error, "unreadable-values Book.pages", func() {
		l.book(map[string]string{"Book.pages": quoted([]string{"many", "3.5", "2147483648", " 7", "-3000000000"}[l.random.IntN(5)])})
	})
	one(rules.Error, "unreadable-values Author.home", func() {
		l.author(map[string]string{"Author.home": geo("Polygon", "[[[1.5,2.5],[2.5,2.5],[2.5,3.5],[1.5,2.5]]]")})
	})

	one(rules.Error, "dangling-edges Book.author", func() { l.book(map[string]string{"Book.author": l.node()}) })
	one(rules.Error, "dangling-edges Book.author", func() { l.book(map[string]string{"Book.author": l.disc(nil)}) })
	one(rules.Error, "dangling-edges Book.parts", func() {
		book := l.book(map[string]string{"Book.parts": l.author(nil)})
		l.quad(book, "Book.parts", l.book(nil))
	})
	one(rules.Error, "dangling-edges Author.books", func() {
		author := l.author(map[string]string{"Author.books": l.node()})
		l.quad(author, "Author.books", l.node())
	})

	one(rules.Warning, "one-sided-inverse Book.author", func() { l.author(map[string]string{"Author.books": l.book(nil)}) })
	one(rules.Warning, "one-sided-inverse Author.books", func() { l.book(map[string]string{"Book.author": l.author(nil)}) })
	one(rules.Warning, "one-sided-inverse Disc.previous", func() { l.disc(map[string]string{"Disc.next": l.disc(nil)}) })
	one(rules.Error, "one-sided-inverse Disc.next", func() {
		// The first disc has no next one. The second goes back to it, and on to a
		// third one that does not know of it.
		l.add(rules.Error, "missing-required Disc.next", 1)
		l.add(rules.Warning, "one-sided-inverse Disc.previous", 1)
		first := l.with("Item Disc", map[string]string{"Item.sku": quoted(l.node()), "Item.label": quoted("label")})
		l.disc(map[string]string{"Disc.previous": first, "Disc.next": l.disc(nil)})
	})

	one(rules.Warning, "untyped-nodes Item", func() { l.with("", map[string]string{"Item.label": quoted("label")}) })
	one(rules.Warning, "untyped-nodes Author", func() {
		l.with("", map[string]string{"Author.name": `"Ann"@en`, "Author.books": l.node(), "Author.fax": missing})
	})
	one(rules.Warning, "untyped-nodes Book (Item)", func() { l.item("Book", nil) })

	one(rules.Warning, "undeclared-types (Cassette)", func() { l.with("Cassette", nil) })
	one(rules.Error, "undeclared-types Item", func() { l.item("Item Cassette", nil) })
	one(rules.Warning, "undeclared-types", func() { l.with("Ghost", nil) })
	several(func() { l.quad(l.author(nil), "dgraph.type", quoted("Cassette")) }) // an Author all the same

	one(rules.Info, "leftover-values (Author.fax)", func() { l.author(map[string]string{"Author.fax": quoted("555-0100")}) })
	one(rules.Info, "leftover-values (Author.fax)", func() { l.with("", map[string]string{"Author.fax": quoted("555-0100")}) })
	one(rules.Info, "leftover-values (Cassette.length)", func() {
		l.item("Item Book Cassette", map[string]string{"Cassette.length": quoted("60")})
	})
}

// TestAuditRandom plants what is wrong into random data, and wants exactly that
// found.
func TestAuditRandom(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	for round := range uint64(2) {
		l := &library{random: rand.New(rand.NewPCG(seed, round)), want: map[string]found{}}
		l.fill()
		d.DropAll(t)
		d.ApplySchema(t, libraryBefore)
		d.Mutate(t, l.quads.String())
		if result := d.ApplySchema(t, libraryAfter); result.Refused {
			t.Fatal(result.Message)
		}
		client := open(t, d)
		stored, err := client.Stored(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		findings := rules.Audit(derive(t, "new.graphql", libraryAfter), stored)
		settleBy(t, client, findings, dql.Options{ReadGeo: true, PageSize: 17})
		client.Close()
		got := map[string]found{}
		for _, f := range rules.Violated(findings) {
			if !f.Evidence.Complete {
				t.Errorf("%s: not complete: %s", identity(f), f.Evidence.Reason)
			}
			got[identity(f)] = found{f.Severity, f.Evidence.Violations, f.Evidence.Groups}
		}
		if diff := cmp.Diff(l.want, got); diff != "" {
			t.Fatalf("seed %d, round %d (-planted +found):\n%s", seed, round, diff)
		}
	}
}
