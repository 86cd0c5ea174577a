//go:build !race

package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/schemacheck/schemacheck/diff/api"
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// TestClientsCost holds the whole diff with 10,000 operations in 2,000 files to 300 MiB, and to 4 s of CPU, which is below
// 3 s on two processors: a fifth of it is done beside the rest. Rewriting costs no more than judging once more: the schema
// with the edits of fix is another one, and the operations are held against it, too.
func TestClientsCost(t *testing.T) {
	const files, operations = 2_000, 10_000
	dir := t.TempDir()
	program := filepath.Join(dir, "schemacheck")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	for i, c := range []struct {
		name string
		pair func(*testing.T) (before, after string)
	}{
		{"largest real schema", largestSchema},
		{"1,000 linked types", func(*testing.T) (before, after string) { return ring(1_000) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			before, after := c.pair(t)
			at := filepath.Join(dir, fmt.Sprint(i))
			writeClients(t, at, before, after, files, operations)
			for _, limit := range []struct {
				command string
				cpu     time.Duration
				mib     int
			}{{"diff", 4 * time.Second, 300}, {"fix", 8 * time.Second, 350}} {
				run := func() (cost time.Duration, peak int) {
					cmd := exec.Command(program, limit.command, "--fail-on", "never", "--format", "json", "old.graphql", "new.graphql", "--operations", "app")
					cmd.Dir = at
					out := &strings.Builder{}
					cmd.Stdout, cmd.Stderr = out, os.Stderr
					begin := time.Now()
					if err := cmd.Start(); err != nil {
						t.Fatal(err)
					}
					peak, err := watchPeak(cmd)
					if err != nil {
						t.Fatal(err)
					}
					cost = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
					t.Logf("%s: %v, %v of CPU, %d MiB", limit.command, time.Since(begin), cost, peak)
					if !strings.Contains(out.String(), fmt.Sprintf(`"total": %d,`, operations)) || strings.Contains(out.String(), `"broken": 0,`) ||
						!strings.Contains(out.String(), `"invalid": 0,`) {
						t.Fatalf("the operations were not looked at, or none breaks: %.3000s", out)
					}
					return cost, peak
				}
				bounded(t, limit.command+" with 10,000 operations", limit.cpu, func() time.Duration {
					for try := 1; ; try++ { // the collector may be late on a busy machine
						cost, peak := run()
						if peak <= limit.mib {
							return cost
						}
						if try == 3 {
							t.Fatalf("%s takes %d MiB, want at most %d", limit.command, peak, limit.mib)
						}
					}
				})
			}
		})
	}
}

// largestSchema is the largest of the real schemas beside the repository, with every 40th of its lines changed.
func largestSchema(t *testing.T) (before, after string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(moduleRoot(t), "..", "shared", "corpus", "single", "cloudgraph-provider-azure-schema-merged-0-66-0.graphql"))
	if err != nil {
		t.Skip("the corpus of real schemas is not beside the repository")
	}
	lines := strings.Split(string(text), "\n")
	for i := range lines {
		if i%40 == 0 && strings.HasPrefix(lines[i], "  ") && !strings.HasPrefix(lines[i], "  id:") {
			lines[i] = strings.Replace(lines[i], ": String", "Renamed: String", 1)
		}
	}
	return string(text), strings.Join(lines, "\n")
}

// writeClients writes two schemas and an application for the old one.
func writeClients(t *testing.T, dir, before, after string, files, operations int) {
	t.Helper()
	app := filepath.Join(dir, "app")
	if err := os.MkdirAll(app, 0o700); err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("old.graphql", before)
	write("new.graphql", after)
	parsed, err := sdl.Parse(&sdl.File{Name: "old.graphql", Text: before})
	if err != nil {
		t.Fatal(err)
	}
	derived := api.Derive(schema.Resolve(parsed), api.Options{})
	rng := rand.New(rand.NewPCG(1, 2))
	for f := range files {
		var b strings.Builder
		for n := range operations / files {
			name := fmt.Sprintf("Op%d_%d", f, n)
			if n%2 == 0 {
				fmt.Fprintf(&b, "%s\nfragment F%s on %s\n", clientOperation(rng, derived, name, "...F"+name), name, clientFragment(rng, derived, name))
				continue
			}
			b.WriteString(clientOperation(rng, derived, name, "") + "\n")
		}
		if f%2 == 0 {
			write(fmt.Sprintf("app/%d.graphql", f), b.String())
		} else {
			write(fmt.Sprintf("app/%d.ts", f), "import {gql} from '@apollo/client'\nexport const q = gql`\n"+b.String()+"`\n")
		}
	}
}

// clientType is the type that an operation of that name asks for.
func clientType(s *api.Schema, name string) *api.Type {
	var queries []*api.Field
	for _, f := range s.Query.Fields {
		if strings.HasPrefix(f.Name, "query") && f.Type.List() {
			queries = append(queries, f)
		}
	}
	n := 0
	for _, c := range name {
		n = n*31 + int(c)
	}
	return s.Type(queries[(n&0xffffff)%len(queries)].Type.Named())
}

// clientOperation asks for some fields of a type, of one that it refers to, and for more.
func clientOperation(rng *rand.Rand, s *api.Schema, name, more string) string {
	t := clientType(s, name)
	return fmt.Sprintf("query %s($f: %sFilter, $n: Int = 10) {\n  items: query%s(filter: {and: [$f, {has: [%s]}]}, first: $n) @cascade(fields: [%[4]q]) {\n    %s %s\n  }\n}\n",
		name, t.Name, t.Name, s.Type(t.Name + "HasFilter").Values[0].Name, clientFields(rng, s, t, "x", 1), more)
}

func clientFragment(rng *rand.Rand, s *api.Schema, name string) string {
	t := clientType(s, name)
	return fmt.Sprintf("%s {\n  %s\n}\n", t.Name, clientFields(rng, s, t, "y", 1))
}

func clientFields(rng *rand.Rand, s *api.Schema, t *api.Type, alias string, depth int) string {
	all := []string{"__typename"}
	for range 7 {
		f := t.Fields[rng.IntN(len(t.Fields))]
		of := s.Type(f.Type.Named())
		switch {
		case of == nil || len(of.Fields) == 0 && len(of.Members) == 0:
			all = append(all, f.Name)
		case depth > 0 && len(of.Fields) > 0:
			all = append(all, fmt.Sprintf("%s%d: %s { %s }", alias, len(all), f.Name, clientFields(rng, s, of, alias, depth-1)))
		}
	}
	return strings.Join(all, " ")
}
