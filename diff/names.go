package diff

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/agnivade/levenshtein"
)

// A pair of names is evidence for a rename from alike on. What is below has
// something in common and tells two things apart as often as not.
const alike = 0.5

// name is a name taken apart for comparing it.
type name struct {
	words  []string
	joined string
}

func nameOf(text string) name {
	w := words(text)
	return name{w, strings.Join(w, "")}
}

// likeness is how alike two names are, 0 to 1. Letters in common say little:
// region and religion, mother and father, contract and contact are two things
// each. So the names have to be made of the same words, in any order, written
// otherwise, abbreviated, misspelt or replaced by synonyms, and what only one of
// them has must not make it another thing. Free are words that can come and go,
// such as those of the type's name.
func (n name) likeness(m name, free ...string) float64 {
	const longest = 200
	switch {
	case n.joined == m.joined:
		return 1
	case n.joined == "", m.joined == "", len(n.joined) > longest, len(m.joined) > longest:
		return 0
	}
	whole := max(sameWord(n.joined, m.joined), initials(n, m), compound(n.joined, m.joined))
	if len(n.words)+len(m.words) == 2 {
		return whole
	}
	return max(whole, wordLikeness(n.words, m.words, free))
}

// wordLikeness aligns the words of two names, each with the one most like it.
func wordLikeness(x, y []string, free []string) float64 {
	usedX, usedY := make([]bool, len(x)), make([]bool, len(y))
	sum, all, inOrder, last := 0.0, 0.0, true, -1
	for i, v := range x {
		best, at := 0.0, -1
		for j, w := range y {
			if s := sameWord(v, w); !usedY[j] && s > best {
				best, at = s, j
			}
		}
		if at < 0 {
			continue
		}
		usedX[i], usedY[at] = true, true
		sum += best * weight(v)
		all += weight(v)
		inOrder = inOrder && at > last
		last = at
	}
	telling := func(word string) bool { return weight(word) == 1 }
	if all == 0 || all < 0.5 && slices.ContainsFunc(x, telling) && slices.ContainsFunc(y, telling) { // createdAt and deletedAt
		return 0
	}
	likeness := sum / all
	if !inOrder {
		likeness *= 0.95
	}
	own := 0 // how many of the two names have a word that says something of its own
	for _, side := range []struct {
		words []string
		used  []bool
	}{{x, usedX}, {y, usedY}} {
		says := false
		for i, w := range side.words {
			if side.used[i] {
				continue
			}
			if digits(w) && i > 0 && version(side.words[i-1]) { // userV1 and userV2
				likeness *= 0.9
				continue
			}
			if i > 0 && side.words[i-1] == "in" && !side.used[i-1] { // age and ageInYears
				likeness *= 0.9
				continue
			}
			likeness *= extra(w, !slices.Contains(side.used[:i], true), !slices.Contains(side.used[i:], true), free)
			says = says || weight(w) == 1 && !slices.Contains(free, w) || digits(w)
		}
		if says {
			own++
		}
	}
	if own == 2 { // homeAddress and workAddress, line1 and line2
		return 0
	}
	return likeness
}

// extra is how much of a likeness a word leaves that only one of the names has,
// before or behind all that they have in common.
// What stands behind the rest says what kind of thing it is, an author's email
// is no author; what stands before it only says which.
func extra(word string, before, behind bool, free []string) float64 {
	switch {
	case slices.Contains(free, word):
		return 0.9
	case version(word):
		return 0.85
	case digits(word):
		return 0.6
	case slices.Contains(contrasting, word) && (before || weight(word) == 1):
		return 0.3
	case weight(word) < 1:
		return 0.95
	case slices.Contains(neutral, singular(word)):
		return 0.8
	case behind:
		return 0.4
	}
	return 0.65
}

// neutral are words that only say again what a name's type or its other words
// say.
var neutral = strings.Fields("number no num nr name text value date time datetime timestamp day url uri link count list array set string str " +
	"field info information data detail address id level flag amount entity model object record item type")

// contrasting are words that are put before a name to tell it from another.
var contrasting = strings.Fields("sub super pre post un non dis anti over under min minimum max maximum avg average sum " +
	"old new prev previous next first second third last middle former latest earliest nick maiden " +
	"home work office billing shipping delivery primary secondary alt alternative other parent child root start end begin from to " +
	"source target in out inner outer left right top bottom front back upper lower early late net gross " +
	"day daily week weekly month monthly year yearly hour hourly not hidden private public internal external local remote global " +
	"original raw expected estimated planned actual draft deleted removed before after very least most half double")

// weight is what a word tells: createdAt and deletedAt have little in common.
func weight(word string) float64 {
	switch word {
	case "v", "version", "at", "on", "is", "has", "was", "of", "the", "by", "to", "in", "for", "a", "an", "and":
		return 0.3
	}
	if digits(word) {
		return 0.3
	}
	return 1
}

func version(word string) bool { return word == "v" || word == "version" }

func digits(word string) bool { return word != "" && unicode.IsDigit([]rune(word)[0]) }

// sameWord is how sure two words are one, 0 to 1.
func sameWord(v, w string) float64 {
	if v == w {
		return 1
	}
	written, other := v, w
	v, w = spelling(singular(v)), spelling(singular(w))
	if len(v) > len(w) {
		v, w = w, v
	}
	switch {
	case v == w:
		return 0.95
	case apart(v, w):
		return 0
	case derived(v, w):
		return 0.85
	case misspelt(v, w), misspelt(written, other):
		return 0.85
	case slices.Contains(abbreviations[v], w), withoutVowels(v, w):
		return 0.8
	case synonyms(v, w):
		return 0.7
	}
	return 0
}

// spelling is a word as Americans write it.
func spelling(w string) string {
	if len(w) < 5 {
		if w == "grey" {
			return "gray"
		}
		return w
	}
	for _, r := range [][2]string{
		{"our", "or"}, {"tre", "ter"}, {"isation", "ization"}, {"ise", "ize"}, {"ised", "ized"}, {"yse", "yze"}, {"ogue", "og"},
		{"lled", "led"}, {"lling", "ling"},
	} {
		if s, ok := strings.CutSuffix(w, r[0]); ok {
			return s + r[1]
		}
	}
	return w
}

// derived reports whether w, the longer one, is another form of the word v:
// release, released; publish, publishing; create, creation.
func derived(v, w string) bool {
	stem := strings.TrimSuffix(v, "e")
	rest, ok := strings.CutPrefix(w, stem)
	switch {
	case !ok || len(v) < 4:
		return false
	case rest == "ed":
		return true
	case rest == "ing", rest == "ion" && (strings.HasSuffix(stem, "t") || strings.HasSuffix(stem, "s")):
		return len(v) >= 5
	}
	return false
}

// misspelt reports whether one of two words looks like the other with a typing
// error in it. There are a lot of words that differ in one letter, so that only
// the errors that people make count: in long words and within them.
func misspelt(v, w string) bool {
	const (
		short = 5
		long  = 10
	)
	if len(v) > len(w) {
		v, w = w, v
	}
	if len(v) < short || len(w) > 200 || v[0] != w[0] {
		return false
	}
	if v, w := undoubled(v), undoubled(w); v == w { // adress, occured
		return true
	}
	a, b := inner(v, w)
	switch {
	case len(w) > short && len(a) == 2 && len(b) == 2: // recieve
		return a[0] == b[1] && a[1] == b[0]
	case len(w) >= 7 && len(a)+len(b) == 1: // enviroment
		return !strings.HasPrefix(w, v)
	case len(w) >= 7 && len(a) == 1 && len(b) == 1: // seperate, licence
		return strings.HasSuffix(w, v[len(v)-1:]) && (among("aeiouy", a, b) || among("csz", a, b))
	case len(w) >= long:
		return v[len(v)-1] == w[len(w)-1] && levenshtein.ComputeDistance(v, w) <= 2 && len(a) <= 4 && len(b) <= 4 &&
			!negation(a) && !negation(b)
	}
	return false
}

func negation(s string) bool { return slices.Contains([]string{"in", "un", "im", "de", "ex"}, s) }

func among(set, a, b string) bool { return strings.Contains(set, a) && strings.Contains(set, b) }

// inner is what is left of two words without their common beginning and end.
func inner(v, w string) (string, string) {
	for v != "" && w != "" && v[0] == w[0] {
		v, w = v[1:], w[1:]
	}
	for v != "" && w != "" && v[len(v)-1] == w[len(w)-1] {
		v, w = v[:len(v)-1], w[:len(w)-1]
	}
	return v, w
}

// undoubled writes double letters once.
func undoubled(w string) string {
	return string(slices.Compact([]byte(w)))
}

// withoutVowels reports whether v is w with letters left out, all vowels among
// them but a first one: qty, quantity; img, image.
func withoutVowels(v, w string) bool {
	if len(v) < 3 || len(w) < len(v)+2 || v[0] != w[0] || strings.ContainsAny(v[1:], "aeiou") {
		return false
	}
	rest := w
	for _, r := range v {
		i := strings.IndexRune(rest, r)
		if i < 0 {
			return false
		}
		rest = rest[i+utf8.RuneLen(r):]
	}
	return true
}

// initials is the likeness of a name that consists of the other's initials:
// dob, dateOfBirth.
func initials(n, m name) float64 {
	if len(n.words) > len(m.words) {
		n, m = m, n
	}
	if len(m.words) < 3 || len(n.words) != 1 || len(n.joined) != len(m.words) {
		return 0
	}
	for i, w := range m.words {
		if n.joined[i] != w[0] {
			return 0
		}
	}
	return 0.8
}

// compound is the likeness of two names of which one has a neutral word behind,
// written as one: nick, nickname.
func compound(v, w string) float64 {
	if len(v) > len(w) {
		v, w = w, v
	}
	if rest, ok := strings.CutPrefix(w, v); ok && len(v) >= 4 && len(rest) >= 4 && slices.Contains(neutral, rest) {
		return 0.8
	}
	return 0
}

// singular is a rough singular of an English plural.
func singular(w string) string {
	switch {
	case w == "children":
		return "child"
	case w == "people":
		return "person"
	case len(w) > 4 && strings.HasSuffix(w, "ies"):
		return strings.TrimSuffix(w, "ies") + "y"
	case len(w) > 4 && (strings.HasSuffix(w, "sses") || strings.HasSuffix(w, "xes") || strings.HasSuffix(w, "ches")):
		return strings.TrimSuffix(w, "es")
	case len(w) > 3 && strings.HasSuffix(w, "s") && !strings.HasSuffix(w, "ss") && !strings.HasSuffix(w, "us") &&
		!slices.Contains([]string{"series", "news", "class", "address", "analysis", "basis"}, w):
		return strings.TrimSuffix(w, "s")
	}
	return w
}

// words splits a name at "_", at changes of case and around digits, in lower
// case: "awsLambdaURL2" is aws, lambda, url, 2.
func words(name string) []string {
	var all []string
	var word []rune
	flush := func() {
		if len(word) > 0 {
			all = append(all, strings.ToLower(string(word)))
			word = nil
		}
	}
	runes := []rune(name)
	for i, r := range runes {
		switch {
		case r == '_':
			flush()
			continue
		case i == 0:
		case unicode.IsDigit(r) != unicode.IsDigit(runes[i-1]):
			flush()
		case unicode.IsUpper(r) && (!unicode.IsUpper(runes[i-1]) ||
			i+1 < len(runes) && unicode.IsLower(runes[i+1])):
			flush()
		}
		word = append(word, r)
	}
	flush()
	return all
}
