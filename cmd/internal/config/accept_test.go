package config

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var seed = flag.Uint64("seed", 0, "seed of the random tests; 0 takes one of its own")

func accepted(print, rule, reason, until, about string) Accepted {
	a := Accepted{Acceptance{Fingerprint: print, Rule: rule, Reason: reason}, about}
	if until != "" {
		a.Until, _ = time.Parse(time.DateOnly, until)
	}
	return a
}

func TestAccept(t *testing.T) {
	t.Parallel()
	entry := accepted(printA, "id-added", "no two have one", "2027-01-31", "User.name")
	const block = "  - fingerprint: " + printA + " # User.name\n    rule: id-added\n    reason: no two have one\n    until: 2027-01-31\n"
	const flow = "{fingerprint: " + printA + ", rule: id-added, reason: no two have one, until: 2027-01-31}"
	old := "  - fingerprint: " + printB + "\n    reason: |\n      because\n      # no comment\n"
	for name, c := range map[string]struct {
		text string
		e    Accepted
		want string // empty: by hand
	}{
		"no file":           {"", entry, "accept:\n" + block},
		"comments only":     {"# ours", entry, "# ours\naccept:\n" + block},
		"no list":           {"schema: a # b\n\n# end\n", entry, "schema: a # b\n\n# end\naccept:\n" + block},
		"marks":             {"---\nschema: a\n...\n", entry, "---\nschema: a\naccept:\n" + block + "...\n"},
		"indented":          {"  schema: a\n  failOn: info", entry, "  schema: a\n  failOn: info\n  accept:\n" + strings.ReplaceAll("\n"+strings.TrimSuffix(block, "\n"), "\n", "\n  ")[1:] + "\n"},
		"empty":             {"accept:   # ours\nschema: a\n", entry, "accept:   # ours\n" + block + "schema: a\n"},
		"null":              {"accept: null # ours\nschema: a\n", entry, "accept: # ours\n" + block + "schema: a\n"},
		"empty list":        {"accept: []\nschema: a", entry, "accept:\n" + block + "schema: a"},
		"block":             {"accept:\n  # first\n" + old + "\n# about the schema\nschema: a\n", entry, "accept:\n  # first\n" + old + block + "\n# about the schema\nschema: a\n"},
		"block at the end":  {"schema: a\naccept:\n" + old + "  # after it\n", entry, "schema: a\naccept:\n" + old + "  # after it\n" + block},
		"no indentation":    {"accept:\n- {fingerprint: " + printB + ", reason: x}\n# end\n", entry, "accept:\n- {fingerprint: " + printB + ", reason: x}\n" + strings.ReplaceAll("\n"+block, "\n  ", "\n")[1:] + "# end\n"},
		"flow":              {"accept: [{fingerprint: " + printB + ", reason: x}] # y\n", entry, "accept: [{fingerprint: " + printB + ", reason: x}, " + flow + "] # y\n"},
		"flow over lines":   {"accept: [\n  {fingerprint: " + printB + ", reason: x},\n]\n", entry, "accept: [\n  {fingerprint: " + printB + ", reason: x}, " + flow + "\n]\n"},
		"flow with comment": {"accept: [\n  {fingerprint: " + printB + ", reason: x} # y\n]\n", entry, ""},
		"all in flow":       {"{schema: a}", entry, ""},
		"alias":             {"accept: &a\n  - {fingerprint: " + printB + ", reason: x}\n", entry, ""},
		"CRLF":              {"# a\r\nschema: é\r\naccept: []\r\n", entry, "# a\r\nschema: é\r\naccept:\r\n" + strings.ReplaceAll(block, "\n", "\r\n")},
		"plain":             {"", accepted(printA, "", "it is", "", ""), "accept:\n  - fingerprint: " + printA + "\n    reason: it is\n"},
		"quoted": {"", accepted(printA, "", `a: "b" #c \ <é>`, "", "a\x1b[31m\nb: c"),
			"accept:\n  - fingerprint: " + printA + " # a [31m b: c\n    reason: \"a: \\\"b\\\" #c \\\\ <é>\"\n"},
		"update": {"accept:\n  - reason: it was # so\n    fingerprint: " + printA + " # about\n    until: 2026-01-01\n" + old, entry,
			"accept:\n  - reason: no two have one # so\n    fingerprint: " + printA + " # about\n    until: 2027-01-31\n" + old},
		"update without a day": {"accept:\n  - fingerprint: " + printA + "\n    until: 2026-01-01\n    reason: 'it''s so'\n", accepted(printA, "id-removed", "it is not", "", ""),
			"accept:\n  - fingerprint: " + printA + "\n    until: 2026-01-01\n    reason: it is not\n"},
		"update with a new day": {"accept:\n  - fingerprint: " + printA + "\n    reason: \"a\\\"b\" # c\n    rule: id-added\n", entry,
			"accept:\n  - fingerprint: " + printA + "\n    reason: no two have one # c\n    until: 2027-01-31\n    rule: id-added\n"},
		"update of a block": {"accept:\n  - fingerprint: " + printA + "\n    reason: >-\n      a\n\n      # b\n\n    until:\n" + old, entry,
			"accept:\n  - fingerprint: " + printA + "\n    reason: no two have one\n\n    until: 2027-01-31\n" + old},
		"update of a block that is one blank further in": {"accept:\n  - fingerprint: " + printA + "\n    reason: |\n     a\n     b\n    rule: id-added\n", accepted(printA, "", "it is not", "", ""),
			"accept:\n  - fingerprint: " + printA + "\n    reason: it is not\n    rule: id-added\n"},
		"update in flow":    {"accept: [{fingerprint: " + printA + ", reason: a }]\n", entry, "accept: [{fingerprint: " + printA + ", reason: no two have one, until: 2027-01-31 }]\n"},
		"update over lines": {"accept:\n  - fingerprint: " + printA + "\n    reason: a\n      b\n", entry, ""},
	} {
		got, err := Accept("c.yaml", []byte(c.text), []Accepted{c.e}, ruleIDs)
		if c.want == "" {
			if !errors.Is(err, ErrByHand) {
				t.Errorf("%s: %s, %v", name, got, err)
			}
			continue
		}
		if d := cmp.Diff(c.want, string(got)); d != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, d)
		}
	}
	if got := Snippet([]Accepted{entry}); got != "accept:\n"+block {
		t.Errorf("the snippet is\n%s", got)
	}
	for text, want := range map[string]string{"  ": "the reason is empty", "a\nb": "a sign in it", "a\u202eb": "a sign in it", "\xff": "a sign in it"} {
		if _, err := Accept("c.yaml", nil, []Accepted{accepted(printA, "", text, "", "")}, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the reason %q: %v", text, err)
		}
	}
	if _, err := Accept("c.yaml", nil, []Accepted{accepted("abc", "", "x", "", "")}, nil); err == nil {
		t.Error("abc is no fingerprint")
	}
	if _, err := Accept("c.yaml", []byte("falOn: x"), nil, nil); !errors.As(err, new(Errors)) {
		t.Errorf("a wrong configuration: %v", err)
	}
}

// TestAcceptRandom: whatever the file looks like, only what is accepted changes, and no byte of what was there.
func TestAcceptRandom(t *testing.T) {
	t.Parallel()
	from := *seed
	if from == 0 {
		from = rand.Uint64()
	}
	tries := 300
	if n, err := strconv.Atoi(os.Getenv("SCHEMACHECK_RANDOM")); err == nil {
		tries = n
	}
	rnd := rand.New(rand.NewPCG(from, 1))
	for range tries {
		text := randomConfig(rnd)
		before, err := Parse("c.yaml", []byte(text), nil)
		if err != nil {
			t.Fatalf("-seed %d: %v\n%s", from, err, text)
		}
		e := accepted(fmt.Sprintf("f%063x", rnd.Uint64()), pick(rnd, "", "id-added"), reason(rnd), pick(rnd, "", "2030-02-28"), pick(rnd, "", "User.name -> é # x"))
		update := len(before.Accept) > 0 && rnd.IntN(3) == 0
		if update {
			e.Fingerprint = before.Accept[rnd.IntN(len(before.Accept))].Fingerprint
		}
		got, err := Accept("c.yaml", []byte(text), []Accepted{e}, nil)
		if err != nil {
			t.Fatalf("-seed %d: %v\n%s", from, err, text)
		}
		after, err := Parse("c.yaml", got, nil)
		if err != nil {
			t.Fatalf("-seed %d: %v\n%s", from, err, got)
		}
		want := before
		if update {
			for i := range want.Accept {
				if a := &want.Accept[i]; a.Fingerprint == e.Fingerprint {
					a.Reason = e.Reason
					if !e.Until.IsZero() {
						a.Until = e.Until
					}
				}
			}
		} else {
			want.Accept = append(want.Accept, e.Acceptance)
			kept(t, from, text, string(got))
		}
		ignore := cmp.Options{cmpopts.IgnoreFields(Config{}, "Text"), cmpopts.IgnoreFields(Acceptance{}, "Line", "Column"), cmpopts.IgnoreFields(Rename{}, "Line", "Column"), cmpopts.EquateEmpty()}
		if d := cmp.Diff(want, after, ignore); d != "" {
			t.Fatalf("-seed %d (-want +got):\n%s\n%s\n%s", from, d, text, got)
		}
		if strings.Contains(text, "\r") && strings.Contains(strings.ReplaceAll(string(got), "\r\n", ""), "\n") {
			t.Fatalf("-seed %d: line endings are mixed: %q", from, got)
		}
	}
}

// kept fails unless the new text is the old one with something put in at one place; a list of nothing can be left out.
func kept(t *testing.T, seed uint64, before, after string) {
	t.Helper()
	for _, nothing := range []string{"", " []", " null", " ~"} {
		old := before
		if nothing != "" {
			old = strings.Replace(before, "accept:"+nothing, "accept:", 1)
		}
		n := 0
		for n < len(old) && n < len(after) && old[n] == after[n] {
			n++
		}
		if strings.HasSuffix(after, old[n:]) && len(after) >= len(old) {
			return
		}
	}
	t.Fatalf("-seed %d: more than one place changed:\n%s\nwas:\n%s", seed, after, before)
}

func pick[T any](rnd *rand.Rand, all ...T) T { return all[rnd.IntN(len(all))] }

func reason(rnd *rand.Rand) string {
	return pick(rnd, "known", "every value is a number", "it's: so", `say "so" #1`, "- no", "{a}", "[b", "# c", "ü → é", "null", "2026-01-01", "true", `back\slash`, "a, b", "*x", "%y", "@z", "? q", "trailing:", "x "+strings.Repeat("long ", 40)+"y")
}

// randomConfig is a right configuration in some shape.
// Fingerprints begin with a letter here: one of digits alone, which of 64 hardly ever happens and of 16 does, is a number.
func randomConfig(rnd *rand.Rand) string {
	noise := func(margin string) string {
		return pick(rnd, "", "", "", "\n", margin+"# a remark: x\n", "\n\n# - fingerprint: é\n")
	}
	margin := pick(rnd, "", "", "  ")
	keys := []string{"schema: \"ä#b\"\n", "failOn: info # x\n", "rules:\n" + margin + "  id-added: off\n" + margin + "  id-removed:\n" + margin + "    types: {A: off}\n", "renames: {A: B, C.d: C.e}\n",
		"operations:\n" + margin + "- a/*.graphql\n" + margin + "- 'b'\n", "migrations: >-\n" + margin + "  folder\n" + margin + "  # of\n", "fixes:\n" + margin + "  set: {A.b: [x, 'y: z']}\n"}
	rnd.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	keys = keys[:rnd.IntN(len(keys)+1)]
	entries := make([]string, 1+rnd.IntN(3))
	switch style := rnd.IntN(6); style {
	case 0:
	case 1:
		keys = append(keys, "accept:"+pick(rnd, "", " []", " null", " ~", " # none")+"\n")
	case 2:
		for i := range entries {
			entries[i] = fmt.Sprintf("{fingerprint: f%063x, reason: %s}", rnd.Uint64(), pick(rnd, "because", "'it''s, so'", `"a\"}b"`))
		}
		keys = append(keys, "accept: ["+strings.Join(entries, pick(rnd, ", ", ",\n"+margin+"  "))+pick(rnd, "", ",", " ", "\n"+margin)+"]"+pick(rnd, "", " # x")+"\n")
	default:
		dash := margin + pick(rnd, "", "  ", "    ")
		text := "accept:" + pick(rnd, "", " # ours") + "\n"
		for range entries {
			text += noise(dash) + dash + "- " + pick(rnd, "", "until: 2029-12-31\n"+dash+"  ") + fmt.Sprintf("fingerprint: f%063x%s\n", rnd.Uint64(), pick(rnd, "", " # User.name")) +
				dash + "  reason: " + pick(rnd, "because", "'it''s so' # x", `"a: \"b\" #c"`, "|\n"+dash+"    one\n"+dash+"    # two\n\n"+dash+"    three", ">-\n"+dash+"     a\n\n"+dash+"     b") + "\n"
		}
		keys = append(keys, text)
	}
	at := rnd.IntN(len(keys) + 1)
	if len(keys) > 0 {
		last := len(keys) - 1
		keys[min(at, last)], keys[last] = keys[last], keys[min(at, last)]
	}
	text := pick(rnd, "", "# head\n", "---\n")
	for _, key := range keys {
		text += noise("") + margin + key
	}
	text += noise("")
	if rnd.IntN(4) == 0 {
		text = strings.TrimRight(text, "\n")
	}
	if rnd.IntN(4) == 0 {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	if rnd.IntN(8) == 0 && !strings.HasPrefix(text, "---") {
		text = "\ufeff" + text
	}
	return text
}

func TestInYAML(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 1))
	texts := []string{"yes", "no thanks", "on", "1 2", "~", "", "a", "null value"}
	for range 50 {
		texts = append(texts, reason(rnd))
	}
	for _, text := range slices.Compact(texts) {
		if text == "" {
			continue
		}
		for _, doc := range []string{"schema: " + inYAML(text) + "\n", "fixes: {set: {A: [" + inYAML(text) + "]}}\n"} {
			c, err := Parse("c.yaml", []byte(doc), nil)
			if err != nil {
				t.Errorf("%q: %v", doc, err)
				continue
			}
			if got := c.Schema + strings.TrimPrefix(strings.Join(c.Fixes.Set, ""), "A="); got != text {
				t.Errorf("%q reads %q", doc, got)
			}
		}
	}
}
