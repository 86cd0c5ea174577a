package validity_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/diff/internal/generate"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

func verdicts(judge *dgraphtest.Judge, text string) (have, want string, v dgraphtest.Verdict) {
	r := check(text)
	v = judge.Schema(text, dgraphtest.SchemaOptions{LambdaURL: true})
	want = v.Stage
	if want == "schema" {
		want = "handler"
	}
	switch {
	case !r.Valid():
		have = "handler"
	case len(r.Problems) > 0:
		have = "dql"
	case v.Stage == "network" && len(r.Unchecked) > 0:
		have = v.Stage
	}
	if authQueries(v) {
		have = want
	}
	return
}

func reason(v dgraphtest.Verdict) string {
	if v.Panic != "" {
		return "PANIC " + v.Panic
	}
	var ms []string
	for _, e := range v.Errors {
		ms = append(ms, e.Message)
	}
	return strings.Join(ms, " || ")
}

func TestScratch(t *testing.T) {
	n, _ := strconv.Atoi(os.Getenv("SCRATCH"))
	if n == 0 {
		t.Skip()
	}
	judge := dgraphtest.Oracle(t)
	first := firstSeed(t)
	os.MkdirAll("/tmp/validity/dis", 0o755)
	found := map[string]int{}
	shown := 0
	for i := range uint64(n) {
		rng := generate.Rand(first + i)
		o := generate.Options{Odd: rng.IntN(4) == 0}
		if rng.IntN(2) == 0 {
			o.Types = 3
		}
		text := mutate(rng, generate.Schema(rng, o))
		have, want, v := verdicts(judge, text)
		if have == want {
			continue
		}
		differs := func(s string) bool { h, w, _ := verdicts(judge, s); return h == have && w == want }
		for changed := true; changed; {
			changed = false
			for size := 16; size > 0; size /= 2 {
				parts := strings.SplitAfter(text, "\n")
				if size <= 2 {
					parts = tokens.FindAllString(text, -1)
					if len(parts) > 300 && size == 1 { continue }
				}
				for k := 0; k+size <= len(parts); {
					s := strings.Join(parts[:k], "") + strings.Join(parts[k+size:], "")
					if differs(s) {
						text = s
						parts = append(append([]string{}, parts[:k]...), parts[k+size:]...)
						changed = true
					} else {
						k++
					}
				}
			}
		}
		_, _, v = verdicts(judge, text)
		key := have + "/" + want + "/" + reason(v)
		if len(key) > 80 {
			key = key[:80]
		}
		found[key]++
		if found[key] > 2 {
			continue
		}
		shown++
		fmt.Printf("=== seed %d have=%q want=%q\nDgraph: %s\nours: %s\n%s\n", first+i, have, want, reason(v), list(check(text)), text)
		if shown > 30 {
			break
		}
	}
	fmt.Println(len(found), found)
}
