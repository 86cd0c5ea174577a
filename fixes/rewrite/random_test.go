package rewrite

import (
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/schemacheck/schemacheck/diff/operations"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// renamable is the old schema of testdata/live/everything.txtar, with everything in <> that can be renamed.
const renamable = `
interface <Person> {
  id: ID!
  <Person.name>: String! @id @search(by: [hash])
  <Person.born>: DateTime @search
}
type <User> implements <Person> @secret(field: "pwd") {
  <User.phone>: String @search(by: [hash, term])
  <User.age>: Int @search
  <User.score>: Float
  <User.role>: <Role> @search
  <User.tags>: [String] @search(by: [hash])
  <User.friends>: [<User>]
  <User.posts>: [<Post>] @hasInverse(field: <Post.author>)
  <User.home>: Point @search
}
type <Guest> implements <Person> {
  <Guest.visits>: Int
}
enum <Role> {
  <Role.ADMIN>
  <Role.READER>
}
type <Account> @secret(field: "pin") {
  <Account.login>: String! @id
  <Account.phone>: String
}
type <Post> {
  id: ID!
  <Post.title>: String! @id
  <Post.author>: <User>
  <Post.likes>: Int @search
}
union <Thing> = <Post> | <User>
type <Shelf> {
  id: ID!
  <Shelf.label>: String! @id
  <Shelf.things>: [<Thing>]
}
`

// TestRandomRenames renames any of what can be renamed, to names that are hard to tell apart, and looks that each
// operation is valid afterwards, and has the same names in its answer.
func TestRandomRenames(t *testing.T) {
	t.Parallel()
	seed, rounds := uint64(time.Now().UnixNano()), 60
	if n, err := strconv.Atoi(os.Getenv("SCHEMACHECK_RANDOM")); err == nil {
		rounds = n
	}
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	archive, err := txtar.ParseFile("testdata/live/everything.txtar")
	if err != nil {
		t.Fatal(err)
	}
	text := map[string]string{}
	for _, f := range archive.Files {
		text[f.Name] = string(f.Data)
	}
	name := regexp.MustCompile(`(?m)^(.*?)<([\w.]+)>(.*)$`)
	written := func(to map[string]string, hints bool) string {
		out := renamable
		for name.MatchString(out) {
			out = name.ReplaceAllStringFunc(out, func(line string) string {
				m := name.FindStringSubmatch(line)
				was := m[2][strings.Index(m[2], ".")+1:]
				now, ok := to[m[2]]
				if !ok {
					now = was
				}
				hint := ""
				if defines := strings.TrimSpace(m[1]); hints && ok && (defines == "" || defines == "type" || defines == "interface" || defines == "enum" || defines == "union") {
					hint = "  # schemacheck:renamed-from " + was + "\n"
				}
				return hint + m[1] + now + m[3]
			})
		}
		return out
	}
	var all []string
	for _, m := range regexp.MustCompile(`<([\w.]+)>`).FindAllStringSubmatch(renamable, -1) {
		all = append(all, m[1])
	}
	for round := range rounds {
		to, taken := map[string]string{}, map[string]bool{}
		for _, one := range all {
			if r.IntN(3) == 0 && to[one] == "" {
				was := one[strings.Index(one, ".")+1:]
				now := []string{was + "s", "new" + was, was + "Filter", was[:1] + "x" + strconv.Itoa(round), was + was}[r.IntN(5)]
				if !strings.Contains(one, ".") {
					now = strings.ToUpper(now[:1]) + now[1:]
				}
				if !taken[now] {
					taken[now], to[one] = true, now
				}
			}
		}
		before, after := written(nil, false), written(to, true)
		c := compare(t, before, after)
		in := []*sdl.File{{Name: "ops.graphql", Text: text["ops.graphql"]}, {Name: "ops.json", Text: text["ops.json"]}}
		result := rewritten(t, c, in, false)
		for _, l := range result.Left {
			for _, reason := range l.Reasons {
				// What a value is called in an answer, no alias hides.
				if l.Broken || !strings.Contains(reason, " answers ") {
					t.Errorf("round %d, %v: %s is left: %s", round, to, l.Operation.Name, reason)
				}
			}
		}
		out, err := result.Patch.Apply(in)
		if err != nil {
			t.Fatal(err)
		}
		was, is := operations.Join(operations.Whole(in[0])).Operations, operations.Join(operations.Whole(out[0])).Operations
		for i, o := range is {
			if refused := c.apis.After.Check(o).Refusals; len(refused) > 0 {
				t.Errorf("round %d, %v: %s: %v\n%s", round, to, o.Name, refused, o.Text())
			}
			if a, b := shape(was[i]), shape(o); a != b {
				t.Errorf("round %d, %v: %s answers\n%s, and not\n%s", round, to, o.Name, b, a)
			}
		}
		if t.Failed() {
			t.Fatalf("the new schema:\n%s", after)
		}
	}
}

// shape are the names in the answer of an operation.
func shape(o *operations.Operation) string {
	var b strings.Builder
	var write func(ast.SelectionSet)
	write = func(set ast.SelectionSet) {
		for _, s := range set {
			switch s := s.(type) {
			case *ast.Field:
				fmt.Fprintf(&b, "%s{", s.Alias)
				write(s.SelectionSet)
				b.WriteString("}")
			case *ast.InlineFragment:
				write(s.SelectionSet)
			case *ast.FragmentSpread:
				for _, f := range o.Fragments {
					if f.Name == s.Name {
						write(f.AST.SelectionSet)
					}
				}
			}
		}
	}
	write(o.AST.SelectionSet)
	return b.String()
}
