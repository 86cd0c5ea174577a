package dql

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func randomly(t *testing.T) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

func TestLowest(t *testing.T) {
	t.Parallel()
	rnd := randomly(t)
	var want []Sample
	uids := rnd.Perm(1000)
	l := lowest{most: 7}
	asked := 0
	for _, uid := range append(uids, uids...) {
		l.add(uint64(uid)+1, func() []any { asked++; return []any{"a", uid + 1, 3, 4, 5, 6, 7} })
	}
	for i := range 7 {
		want = append(want, Sample{UID: uint64(i) + 1, Values: []any{"a", i + 1, 3, 4, 5}})
	}
	if diff := cmp.Diff(want, l.samples); diff != "" {
		t.Error(diff)
	}
	if asked > 200 {
		t.Errorf("values were made for %d nodes", asked)
	}
	none := lowest{}
	if none.add(1, nil); len(none.samples) > 0 {
		t.Error("a sample that nobody wants")
	}
	long := lowest{most: 1}
	long.add(1, func() []any { return []any{strings.Repeat("ö", maxShown)} })
	if s := long.samples[0].Values[0].(string); len(s) > maxShown+3 || !utf8.ValidString(s) || !strings.HasSuffix(s, "…") {
		t.Errorf("%d bytes of a long value, valid %v", len(s), utf8.ValidString(s))
	}
}

// TestTally: what is kept does not depend on the order.
func TestTally(t *testing.T) {
	t.Parallel()
	rnd := randomly(t)
	for _, numbers := range []bool{false, true} {
		keys := make([]string, 20_000)
		for i := range keys {
			keys[i] = strconv.Itoa(rnd.IntN(3000))
		}
		var first tally
		for round := range 3 {
			rnd.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
			y := tally{numbers: numbers}
			for _, k := range keys {
				y.add(k, 1)
			}
			sum := y.others
			all := y.buckets()
			for _, b := range all {
				sum += b.N
			}
			if sum != uint64(len(keys)) || len(all) != maxKeys || y.others == 0 {
				t.Fatalf("%d of %d in %d buckets", sum, len(keys), len(all))
			}
			if last, err := strconv.Atoi(all[999].Key); numbers && (err != nil || last > 1100) {
				t.Errorf("the last number is %s", all[999].Key)
			}
			if round == 0 {
				first = y
			} else if diff := cmp.Diff(first.buckets(), all); diff != "" || first.others != y.others {
				t.Errorf("another order, other buckets (numbers %v): %s", numbers, diff)
			}
		}
	}
}

func TestBag(t *testing.T) {
	t.Parallel()
	rnd := randomly(t)
	for _, copies := range []int{1, 2} {
		b := newBag(8*1000, copies)
		seen := map[uint64]int{}
		for range 20_000 {
			uid := uint64(rnd.IntN(300))
			seen[uid]++
			b.add(uid)
		}
		if b.full || len(b.uids) > 1000 || b.distinct() != uint64(len(seen)) {
			t.Errorf("full %v, %d kept, %d distinct of %d", b.full, len(b.uids), b.distinct(), len(seen))
		}
		twice := 0
		for _, n := range seen {
			if n > 1 && copies > 1 {
				twice++
			}
		}
		if got := len(repeated(b.uids)); got != twice {
			t.Errorf("%d repeated, want %d", got, twice)
		}
	}
	b := newBag(8*1000, 1)
	for uid := range uint64(5000) {
		b.add(uid)
	}
	if !b.full || b.distinct() < 750 || b.distinct() > 1000 {
		t.Errorf("full %v, %d distinct", b.full, b.distinct())
	}
}

// TestFolded: two texts are equal exactly when [strings.EqualFold] says so.
func TestFolded(t *testing.T) {
	t.Parallel()
	d := &duplicates{held: held{stance: stance{Type: "string"}}}
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !utf8.ValidRune(r) || unicode.IsSpace(r) {
			continue
		}
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			if d.folded(string(r)) != d.folded(string(next)) {
				t.Errorf("%q and %q differ", r, next)
			}
		}
	}
	rnd := randomly(t)
	letters := []rune("aAbBkKſsSKßẞöÖ1 İiI")
	word := func() string {
		var s strings.Builder
		for range 1 + rnd.IntN(2) {
			s.WriteRune(letters[rnd.IntN(len(letters))])
		}
		return s.String()
	}
	for range 20_000 {
		a, b := word(), word()
		want := strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b))
		if got := d.folded(a) == d.folded(b); got != want {
			t.Fatalf("%q and %q: %v, want %v", a, b, got, want)
		}
	}
	d.held.Type = "int"
	if d.folded(" A") != " A" {
		t.Error("a number was folded")
	}
}

func TestFractions(t *testing.T) {
	t.Parallel()
	rnd := randomly(t)
	all := []fraction{{}}
	for range 40 {
		i := rnd.IntN(len(all))
		a, b := all[i].halves()
		all[i] = a
		all = append(all, b)
	}
	for range 10_000 {
		hash := rnd.Uint64()
		n := 0
		for _, f := range all {
			if f.has(hash) {
				n++
			}
		}
		if n != 1 {
			t.Fatalf("%x is in %d of %v", hash, n, all)
		}
	}
}

func TestTypeSets(t *testing.T) {
	t.Parallel()
	rnd := randomly(t)
	var given []string
	for i := range 100 {
		given = append(given, fmt.Sprint("T", i))
	}
	var sets typeSets
	pick := func() []string {
		var all []string
		for _, name := range given {
			if rnd.IntN(8) == 0 {
				all = append(all, name)
			}
		}
		return append(all, "Other")
	}
	for range 2000 {
		a, b := pick(), pick()
		var common []string
		for _, name := range a {
			if slices.Contains(b, name) {
				common = append(common, name)
			}
		}
		got, want := sets.both(sets.of(a, given), sets.of(b, given)), sets.of(common, given)
		if got != want || (got == 0) != (len(common) == 1) {
			t.Fatalf("%v and %v: %d, want %d", a, b, got, want)
		}
	}
}

// TestNamesOfOthers: a question about nodes of no other type is refused for the name of one of these, too.
func TestNamesOfOthers(t *testing.T) {
	t.Parallel()
	for _, ask := range []func(string, ...string) Question{Lone, CountLone} {
		if why := ask("User", "Person", "uid").obstacle(); why == "" {
			t.Error("a question with a name that cannot be written is put")
		}
		if why := ask("User", "Person").obstacle(); why != "" {
			t.Error(why)
		}
	}
}
