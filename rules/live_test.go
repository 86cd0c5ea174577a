package rules_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
	"github.com/schemacheck/schemacheck/rules"
)

func TestMain(m *testing.M) { dgraphtest.Main(m) }

// TestLive carries out the cases that have a live.txtar on a real Dgraph: the
// old schema, data, a client's query, the new schema, the query that the client
// would send then, and the old schema again. What the server answers is
// compared with what was recorded, and with what the findings claim.
//
// A query of the new schema gives what has another name the old name as its
// alias, so that both answers have the same paths.
func TestLive(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	seen := map[string]bool{} // kinds of migrations
	for _, c := range allCases(t) {
		text, err := os.ReadFile(filepath.Join(c.dir, "live.txtar"))
		if err != nil {
			continue
		}
		t.Run(c.rule+"/"+c.name, func(t *testing.T) {
			findings := c.findings(t)
			script := txtar.Parse(text)
			r := carryOut(t, d, c, script, findings)
			recorded := string(txtar.Format(r.recorded(script, findings)))
			if os.Getenv(dgraphtest.OldEnv) != "1" {
				compareGolden(t, filepath.Join(c.dir, "live.txtar"), recorded)
			} else if diff := cmp.Diff(plainFloats(string(text)), plainFloats(recorded)); diff != "" {
				t.Errorf("the oldest Dgraph answers otherwise (-newest +oldest):\n%s", diff)
			}
			checkClaims(t, findings, r)
			checkEvidence(t, findings, r)
			checkFixed(t, d, c, script, r)
			checkMigrated(t, d, c, script, r, seen)
		})
	}
}

var float = regexp.MustCompile(`-?\b\d+\.\d+(e[+-]\d+)?\b`)

// plainFloats writes the numbers of a text in one way: Dgraph v24 gives a float six digits after the point,
// v25 as many as it needs.
func plainFloats(text string) string {
	return float.ReplaceAllStringFunc(text, func(s string) string {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return s
		}
		return strconv.FormatFloat(f, 'f', -1, 64)
	})
}

// liveRun is what the server did in one case.
type liveRun struct {
	apply                dgraphtest.Result
	old, new             answer
	storedOld, storedNew map[string]string // lines of the DQL schema by predicate
	holdsOld, holdsNew   map[string]int    // nodes with a value, by predicate
	taggedOld, taggedNew map[string]int    // nodes, by dgraph.type
	oneSided             map[string]int    // by finding: edges without their back edge
	backRefused          bool
	back                 answer
}

// carryOut begins with an empty server.
func carryOut(t *testing.T, d *dgraphtest.Dgraph, c *testCase, script *txtar.Archive, findings []*rules.Finding) *liveRun {
	t.Helper()
	section := func(name string) string { return sectionOf(script, name) }
	r := &liveRun{oneSided: map[string]int{}}
	begin(t, d, c, script)
	look := func() (stored map[string]string, holds, tagged map[string]int) {
		stored = map[string]string{}
		for line := range strings.Lines(d.StoredSchema(t)) {
			if name, rest, ok := strings.Cut(strings.TrimSuffix(line, "\n"), ": "); ok {
				stored[name] = rest
			}
		}
		holds, tagged = map[string]int{}, map[string]int{}
		for _, f := range findings {
			for _, p := range f.Predicates {
				holds[p] = count(t, d, "has(<"+p+">)")
				if strings.Contains(stored[p], "@lang") {
					// A node with nothing but values in a language does not count.
					holds[p] = max(holds[p], count(t, d, "has(<"+p+">@.)"))
				}
			}
			for _, name := range []string{f.Coordinate, f.To, f.Subject} {
				if name != "" && !strings.Contains(name, ".") {
					tagged[name] = count(t, d, "type("+name+")")
				}
			}
		}
		return stored, holds, tagged
	}
	r.old = ask(t, d, section("query-old.graphql"))
	if len(r.old.Errors) > 0 {
		t.Fatalf("the old schema answers with errors: %v", r.old.Errors)
	}
	settle(t, d, findings)
	r.storedOld, r.holdsOld, r.taggedOld = look()
	r.apply = d.ApplySchema(t, c.new)
	if r.apply.Refused && r.apply.Saved && len(drift(t, d, c.new)) == 0 {
		t.Error("an update that failed halfway leaves no drift")
	}
	query := section("query-new.graphql")
	if r.apply.Refused && !r.apply.Saved {
		query = section("query-old.graphql")
	}
	r.new = ask(t, d, query)
	r.storedNew, r.holdsNew, r.taggedNew = look()
	for _, f := range findings {
		if f.Impact.Data == rules.DataOneSided && len(f.Predicates) > 0 {
			there, back := f.Predicates[max(0, len(f.Predicates)-2)], f.Predicates[len(f.Predicates)-1]
			r.oneSided[identity(f)] = oneSided(t, d, there, back)
		}
	}
	r.backRefused = d.ApplySchema(t, c.old).Refused
	r.back = ask(t, d, section("query-old.graphql"))
	return r
}

// begin brings the old schema and its data onto an empty server.
func begin(t *testing.T, d *dgraphtest.Dgraph, c *testCase, script *txtar.Archive) {
	t.Helper()
	d.DropAll(t)
	if result := d.ApplySchema(t, c.old); result.Refused {
		t.Fatalf("the old schema is refused: %s", result.Message)
	}
	if drifted := drift(t, d, c.old); len(drifted) > 0 {
		t.Errorf("drift right after the update:\n%s", render(drifted))
	}
	if data := sectionOf(script, "data.graphql"); data != "" {
		if answer := d.GraphQL(t, data, nil); len(answer.Errors) > 0 {
			t.Fatalf("adding data: %v", answer.Errors)
		}
	}
	if data := sectionOf(script, "data.rdf"); data != "" {
		d.Mutate(t, data)
	}
}

// drift is what is told of a server that serves a schema.
func drift(t *testing.T, d *dgraphtest.Dgraph, served string) []*rules.Finding {
	t.Helper()
	client := open(t, d)
	defer client.Close()
	stored, err := client.Stored(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s := derive(t, "served.graphql", served)
	return rules.Drift(diff.Compare(s, s, diff.Options{}), rules.Live{Name: "dgraph://x", Served: s, Stored: stored})
}

func sectionOf(script *txtar.Archive, name string) string {
	for _, f := range script.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	return ""
}

// recorded is the script with what the server did.
func (r *liveRun) recorded(script *txtar.Archive, findings []*rules.Finding) *txtar.Archive {
	out := &txtar.Archive{Comment: script.Comment}
	for _, f := range script.Files {
		if f.Name != "apply" && f.Name != "evidence" && !strings.HasPrefix(f.Name, "answer-") {
			out.Files = append(out.Files, f)
		}
	}
	verdict := "accepted"
	if r.apply.Refused {
		// Where in the text of the request Dgraph found the error tells nothing.
		message, _, _ := strings.Cut(r.apply.Message, " (Locations:")
		if _, cause, ok := strings.Cut(message, "may prevent any issues: "); ok {
			message = cause
		}
		verdict = "refused: " + message
		if r.apply.Saved {
			verdict = "refused after saving: " + message
		}
	}
	if text := renderEvidence(findings); text != "" {
		out.Files = append(out.Files, txtar.File{Name: "evidence", Data: []byte(text)})
	}
	out.Files = append(out.Files,
		txtar.File{Name: "apply", Data: []byte(normal(verdict) + "\n")},
		txtar.File{Name: "answer-old.json", Data: r.old.text(nil)},
		txtar.File{Name: "answer-new.json", Data: r.new.text(nil)})
	if !r.backRefused && !cmp.Equal(r.back.values(), r.old.values()) || r.backRefused {
		out.Files = append(out.Files, txtar.File{Name: "answer-back.json", Data: r.back.text(&r.backRefused)})
	}
	return out
}

// answer is what a GraphQL query gave, with what differs from run to run made
// equal: uids, and the order of lists, which Dgraph does not keep.
type answer struct {
	Data   any
	Errors []string
}

func ask(t *testing.T, d *dgraphtest.Dgraph, query string) answer {
	t.Helper()
	if query == "" {
		return answer{}
	}
	response := d.GraphQL(t, query, nil)
	decoder := json.NewDecoder(bytes.NewReader(response.Data))
	decoder.UseNumber()
	var a answer
	if len(response.Data) > 0 {
		if err := decoder.Decode(&a.Data); err != nil {
			t.Fatalf("reading an answer: %v\n%s", err, response.Data)
		}
	}
	a.Data = sorted(a.Data)
	for _, e := range response.Errors {
		a.Errors = append(a.Errors, normal(e))
	}
	slices.Sort(a.Errors)
	return a
}

var uid = regexp.MustCompile(`0x[0-9a-f]+`)

func normal(text string) string { return uid.ReplaceAllString(text, "UID") }

func sorted(v any) any {
	switch v := v.(type) {
	case string:
		return normal(v)
	case map[string]any:
		for k := range v {
			v[k] = sorted(v[k])
		}
	case []any:
		for i := range v {
			v[i] = sorted(v[i])
		}
		slices.SortFunc(v, func(a, b any) int { return bytes.Compare(encoded(a), encoded(b)) })
	}
	return v
}

func encoded(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // it came from JSON
	}
	return text
}

func (a answer) text(refused *bool) []byte {
	out := map[string]any{"data": a.Data}
	if len(a.Errors) > 0 {
		out["errors"] = a.Errors
	}
	if refused != nil && *refused {
		out["refused"] = true
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(out); err != nil {
		panic(err) // it came from JSON
	}
	return b.Bytes()
}

// values are the values of an answer by their paths, as texts: "queryUser.name"
// to [Ann Bo]. Whether something stands in a list makes no difference, and
// truth is a number, as it is when it is read as one.
func (a answer) values() map[string][]string {
	all := map[string][]string{}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, inner := range v {
				walk(strings.TrimPrefix(path+"."+k, "."), inner)
			}
		case []any:
			for _, inner := range v {
				walk(path, inner)
			}
		case nil:
		case bool:
			all[path] = append(all[path], map[bool]string{true: "1", false: "0"}[v])
		default:
			text := fmt.Sprint(v)
			if n, err := strconv.ParseFloat(text, 64); err == nil && strings.ContainsAny(text, ".E") {
				text = strconv.FormatFloat(n, 'g', -1, 64) // 1.5 is written 1.5E+00 in a vector
			}
			if text == "true" || text == "false" {
				text = map[string]string{"true": "1", "false": "0"}[text]
			}
			all[path] = append(all[path], text)
		}
	}
	walk("", a.Data)
	for _, list := range all {
		slices.Sort(list)
	}
	return all
}

// lost are the values of the old answer that the new one lacks.
func lost(before, after answer) []string {
	var all []string
	is := after.values()
	was := before.values()
	for _, path := range slices.Sorted(maps.Keys(was)) {
		rest := slices.Clone(is[path])
		for _, v := range was[path] {
			if i := slices.Index(rest, v); i >= 0 {
				rest = slices.Delete(rest, i, i+1)
			} else {
				all = append(all, path+"="+v)
			}
		}
	}
	return all
}

func count(t *testing.T, d *dgraphtest.Dgraph, function string) int {
	t.Helper()
	var result struct{ Q []struct{ Count int } }
	text := d.Query(t, "{q(func: "+function+"){count(uid)}}")
	if err := json.Unmarshal(text, &result); err != nil || len(result.Q) != 1 {
		t.Fatalf("counting %s: %v\n%s", function, err, text)
	}
	return result.Q[0].Count
}

// oneSided counts the edges of two predicates whose back edge in the other one
// is missing.
func oneSided(t *testing.T, d *dgraphtest.Dgraph, there, back string) int {
	t.Helper()
	type node struct {
		UID   string
		Edges json.RawMessage
	}
	edges := func(predicate string) map[[2]string]bool {
		var result struct{ Q []node }
		text := d.Query(t, "{q(func: has(<"+predicate+">)){uid edges: <"+predicate+">{uid}}}")
		if err := json.Unmarshal(text, &result); err != nil {
			t.Fatalf("reading edges: %v\n%s", err, text)
		}
		all := map[[2]string]bool{}
		for _, n := range result.Q {
			var many []node
			if n.Edges[0] != '[' {
				n.Edges = append(append(json.RawMessage("["), n.Edges...), ']')
			}
			if err := json.Unmarshal(n.Edges, &many); err != nil {
				t.Fatalf("reading edges: %v\n%s", err, text)
			}
			for _, other := range many {
				all[[2]string{n.UID, other.UID}] = true
			}
		}
		return all
	}
	forth, backwards, n := edges(there), edges(back), 0
	for e := range forth {
		if !backwards[[2]string{e[1], e[0]}] {
			n++
		}
	}
	for e := range backwards {
		if !forth[[2]string{e[1], e[0]}] {
			n++
		}
	}
	return n
}

// invalidOperation is how Dgraph says that the schema has no such operation.
var invalidOperation = regexp.MustCompile(`^(Cannot query field|Unknown argument|Unknown type|Variable |Not resolving subscription|Field .* (is not defined|is required|of required type)|Expected )`)

// checkClaims holds what the findings claim against what the server did.
func checkClaims(t *testing.T, findings []*rules.Finding, r *liveRun) {
	t.Helper()
	refused, harm, hurts := false, false, map[string]bool{}
	// An operation that is no longer valid tells of the API, not of data; nor
	// does what @auth keeps from a client.
	breaking, keptOut := false, false
	notRun := r.new.Data == nil && slices.ContainsFunc(r.new.Errors, invalidOperation.MatchString)
	reversible := true
	for _, f := range findings {
		id := identity(f)
		if f.Impact.Storage == rules.StorageRefused {
			refused = true
		} else {
			checkStorage(t, f, r)
		}
		harm = harm || f.Impact.Data != rules.DataNone
		hurts[id] = true
		breaking = breaking || f.Impact.API == rules.APIBreaking
		keptOut = keptOut || f.Rule.ID == "auth-changed"
		reversible = reversible && f.Reversible
		checkData(t, f, r)
	}
	if refused != r.apply.Refused {
		t.Errorf("the findings say refused: %v; the server says %q", refused, r.apply.Message)
	}
	if notRun && !breaking {
		t.Errorf("no finding tells of a break, but the server does not run the operation: %v", r.new.Errors)
	}
	if gone := lost(r.old, r.new); !harm && !notRun && !keptOut && (len(gone) > 0 || len(r.new.Errors) > 0 && !r.apply.Refused) {
		t.Errorf("no finding tells of harm to data, but %v are lost, with the errors %v", gone, r.new.Errors)
	}
	if back := lost(r.old, r.back); reversible && (r.backRefused || len(back) > 0 || len(r.back.Errors) > 0) {
		t.Errorf("all findings are reversible, but the old schema is refused (%v) or misses %v, errors %v", r.backRefused, back, r.back.Errors)
	}
	if !reversible && !r.backRefused {
		t.Errorf("a finding is irreversible, but the server takes the old schema")
	}
}

// checkStorage compares what a finding says of storage with what became of its
// predicates.
func checkStorage(t *testing.T, f *rules.Finding, r *liveRun) {
	t.Helper()
	want := rules.StorageNone
	for _, p := range f.Predicates {
		before, ok := r.storedOld[p]
		after := r.storedNew[p]
		if !ok || before == after {
			continue // it is new, and empty
		}
		b, a := parseLine(before), parseLine(after)
		switch {
		case !strings.HasPrefix(b.typ, "[") && strings.HasPrefix(a.typ, "[") && a.typ != "[uid]":
			want = rules.StorageRewrite
		case want != rules.StorageRewrite && (a.reverse && !b.reverse || len(a.tokenizers) > 0 && a.typ != b.typ || missing(a.tokenizers, b.tokenizers)):
			want = rules.StorageRebuild
		}
	}
	if f.Impact.Storage != want {
		t.Errorf("%s says storage %s; by the server's schema it is %s", identity(f), f.Impact.Storage, want)
	}
}

type storedLine struct {
	typ        string
	tokenizers []string
	reverse    bool
}

func parseLine(line string) storedLine {
	typ, _, _ := strings.Cut(line, " ")
	l := storedLine{typ: typ, reverse: strings.Contains(line, "@reverse")}
	if _, rest, ok := strings.Cut(line, "@index("); ok {
		list, _, _ := strings.Cut(rest, ") ")
		l.tokenizers = strings.Split(list, ", ")
	}
	return l
}

// missing reports whether some of the first list are not in the second.
func missing(of, in []string) bool {
	return slices.ContainsFunc(of, func(s string) bool { return !slices.Contains(in, s) })
}

// checkData compares what a finding says of data with what the client sees and
// with what is stored.
func checkData(t *testing.T, f *rules.Finding, r *liveRun) {
	t.Helper()
	gone := lost(r.old, r.new)
	id := identity(f)
	hurt := len(gone) > 0 || len(r.new.Errors) > 0
	// Nothing that was stored goes away, whatever the finding says.
	for _, p := range f.Predicates {
		if r.holdsNew[p] < r.holdsOld[p] && f.Impact.Storage != rules.StorageRefused {
			t.Errorf("%s: %d of %d nodes have lost their value of %s", id, r.holdsOld[p]-r.holdsNew[p], r.holdsOld[p], p)
		}
	}
	switch f.Impact.Data {
	case rules.DataHidden, rules.DataInvalid:
		if empty := f.Impact.Storage == rules.StorageRefused && sum(r.holdsOld, f.Predicates) == 0; !hurt && !empty {
			t.Errorf("%s says data %s, but clients get all they got, without errors", id, f.Impact.Data)
		}
	case rules.DataTruncated:
		if len(gone) == 0 {
			t.Errorf("%s says data %s, but clients get all they got", id, f.Impact.Data)
		}
	case rules.DataOrphaned:
		kept := false
		for _, p := range f.Predicates {
			kept = kept || r.holdsNew[p] > 0
		}
		for _, n := range r.taggedNew {
			kept = kept || n > 0
		}
		if !kept {
			t.Errorf("%s says data %s, but nothing is stored of %v", id, f.Impact.Data, f.Predicates)
		}
	case rules.DataOneSided:
		if r.oneSided[id] == 0 {
			t.Errorf("%s says data %s, but every edge has its back edge", id, f.Impact.Data)
		}
	}
}

func sum(of map[string]int, names []string) int {
	n := 0
	for _, name := range names {
		n += of[name]
	}
	return n
}
