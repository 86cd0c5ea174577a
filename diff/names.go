package diff

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/agnivade/levenshtein"
)

// name is a name taken apart for comparing it.
type name struct {
	words  []string
	joined string
}

func nameOf(text string) name {
	w := words(text)
	return name{w, strings.Join(w, "")}
}

// likeness is how alike two names are, 0 to 1: the better of their letters and
// their words. Case and separators do not count.
func (n name) likeness(m name) float64 {
	if n.joined == m.joined {
		return 1
	}
	longer := max(utf8.RuneCountInString(n.joined), utf8.RuneCountInString(m.joined))
	if longer == 0 || longer > 200 {
		return 0
	}
	if n.opposes(m) {
		return 0.25
	}
	letters := 1 - float64(levenshtein.ComputeDistance(n.joined, m.joined))/float64(longer)
	// Unrelated words have up to three letters of five in common, by chance,
	// and names of a few letters more.
	letters = (letters - 0.6) / 0.4
	if longer < 6 {
		letters *= 0.8
	}
	words, _ := wordLikeness(n.words, m.words)
	if synonyms(n.joined, m.joined) { // surname, lastName
		words = max(words, 0.7)
	}
	return max(0, letters, words, initials(n, m))
}

// opposes reports whether the names are made to tell two things apart, however
// alike they look: homeAddress and workAddress, line1 and line2, likes and
// dislikes.
func (n name) opposes(m name) bool {
	_, opposed := wordLikeness(n.words, m.words)
	return opposed || n.numbered(m) || negates(n, m) || negates(m, n)
}

// negates reports whether n is the word m with a syllable before it that makes
// it something else.
func negates(n, m name) bool {
	prefix, ok := strings.CutSuffix(n.joined, m.joined)
	return ok && len(n.words) == 1 && slices.Contains([]string{"dis", "un", "in", "non", "anti", "sub", "super", "pre", "post", "over", "under"}, prefix)
}

// numbered reports whether the names differ only in numbers that count things:
// line1 and line2 are two lines. A number after a "v" is a version.
func (n name) numbered(m name) bool {
	if len(n.words) != len(m.words) {
		return false
	}
	differ := false
	for i, w := range n.words {
		switch {
		case w == m.words[i]:
		case !digits(w) || !digits(m.words[i]), i > 0 && (n.words[i-1] == "v" || n.words[i-1] == "version"):
			return false
		default:
			differ = true
		}
	}
	return differ
}

func digits(word string) bool { return word != "" && unicode.IsDigit([]rune(word)[0]) }

// wordLikeness is the share of words that two names have in common, where a
// plural, an abbreviation and a synonym count almost as the word itself.
// opposed says that the names share a word and each has one of its own beside
// it, as homeAddress and workAddress do: these tell two things apart.
func wordLikeness(x, y []string) (likeness float64, opposed bool) {
	used := make([]bool, len(y))
	common, all, alone := 0.0, 0.0, false
	for _, v := range x {
		all += weight(v)
		best, at := 0.0, -1
		for i, w := range y {
			if s := sameWord(v, w) * weight(w); !used[i] && s > best {
				best, at = s, i
			}
		}
		if at >= 0 {
			used[at] = true
			common += best
		} else if weight(v) == 1 {
			alone = true
		}
	}
	other := false
	for i, w := range y {
		all += weight(w)
		other = other || !used[i] && weight(w) == 1
	}
	if all == 0 {
		return 0, false
	}
	return common / (all / 2), common > 0 && alone && other
}

// weight is what a word tells: createdAt and deletedAt have little in common.
func weight(word string) float64 {
	switch word {
	case "v", "version", "at", "on", "is", "has", "was", "of", "the", "by", "to", "in", "for", "a", "an", "and", "no":
		return 0.3
	}
	if digits(word) {
		return 0.3
	}
	return 1
}

func sameWord(v, w string) float64 {
	if v == w {
		return 1
	}
	v, w = singular(v), singular(w)
	if len(v) > len(w) {
		v, w = w, v
	}
	switch {
	case v == w:
		return 0.95
	case len(v) >= 3 && strings.HasPrefix(w, v):
		return 0.8
	case abbreviates(v, w), synonyms(v, w):
		return 0.7
	case len(v) >= 5 && len(w) < 200 && 5*levenshtein.ComputeDistance(v, w) <= len(w): // a typing error
		return 0.8
	}
	return 0
}

// abbreviates reports whether v is w with letters left out, all vowels among
// them but a first one: qty, quantity; img, image.
func abbreviates(v, w string) bool {
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

// synonyms reports whether the words often stand for each other in schemas.
func synonyms(v, w string) bool {
	return slices.ContainsFunc(synonymous[v], func(group int) bool { return slices.Contains(synonymous[w], group) })
}

// synonymous are the groups that a word is in.
var synonymous = func() map[string][]int {
	groups := map[string][]int{}
	for i, group := range []string{
		"phone tel telephone mobile",
		"surname lastname familyname",
		"family last",
		"forename firstname givenname",
		"given first",
		"cost price amount charge",
		"text body content message",
		"title heading headline caption subject",
		"title name label",
		"desc description summary about",
		"bio biography about",
		"image picture photo avatar",
		"url link href uri",
		"created creation",
		"updated modified changed edited",
		"create creation",
		"begin start",
		"begins starts",
		"end finish stop",
		"from since start",
		"until to end",
		"count number num quantity total",
		"mail email",
		"author creator writer",
		"owner holder",
		"birthday birthdate born",
		"birthday dob",
		"zip postcode postal",
		"country nation",
		"kind type category class",
		"state status phase",
		"remark note comment",
		"rank position order",
		"score rating",
		"enabled active",
		"removed deleted",
		"user account member",
		"customer client",
		"employee worker",
		"company firm organization organisation",
		"org organization organisation",
		"bill invoice",
		"item product article",
		"staff employee",
		"vehicle car",
		"movie film",
		"group team",
		"id key identifier",
		"code key",
	} {
		for _, w := range strings.Fields(group) {
			groups[w] = append(groups[w], i)
		}
	}
	return groups
}()

// singular is a rough singular of an English plural.
func singular(w string) string {
	switch {
	case len(w) > 4 && strings.HasSuffix(w, "ies"):
		return strings.TrimSuffix(w, "ies") + "y"
	case len(w) > 4 && (strings.HasSuffix(w, "sses") || strings.HasSuffix(w, "xes") || strings.HasSuffix(w, "ches")):
		return strings.TrimSuffix(w, "es")
	case len(w) > 3 && strings.HasSuffix(w, "s") && !strings.HasSuffix(w, "ss") && !strings.HasSuffix(w, "us"):
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
