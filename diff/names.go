package diff

import (
	"strings"
	"unicode"

	"github.com/agnivade/levenshtein"
)

// nameLikeness is how alike two names are, 0 to 1: the better of their letters
// and their words. Case and separators do not count.
func nameLikeness(a, b string) float64 {
	x, y := words(a), words(b)
	joinedX, joinedY := strings.Join(x, ""), strings.Join(y, "")
	if joinedX == joinedY {
		return 1
	}
	longer := max(len([]rune(joinedX)), len([]rune(joinedY)))
	if longer == 0 || longer > 200 {
		return 0
	}
	letters := 1 - float64(levenshtein.ComputeDistance(joinedX, joinedY))/float64(longer)
	return max(letters, wordLikeness(x, y))
}

// wordLikeness is the share of words that two names have in common, where a
// plural, and an abbreviation of at least three letters, count almost as the
// word itself.
func wordLikeness(x, y []string) float64 {
	if len(x) == 0 || len(y) == 0 {
		return 0
	}
	used := make([]bool, len(y))
	common := 0.0
	for _, v := range x {
		best, at := 0.0, -1
		for i, w := range y {
			if s := sameWord(v, w); !used[i] && s > best {
				best, at = s, i
			}
		}
		if at >= 0 {
			used[at] = true
			common += best
		}
	}
	return common / (float64(len(x)+len(y)) / 2)
}

func sameWord(v, w string) float64 {
	switch {
	case v == w:
		return 1
	case singular(v) == singular(w):
		return 0.95
	case len(v) >= 3 && strings.HasPrefix(w, v), len(w) >= 3 && strings.HasPrefix(v, w):
		return 0.8
	}
	return 0
}

// singular is a rough singular of an English plural.
func singular(w string) string {
	switch {
	case len(w) > 4 && strings.HasSuffix(w, "ies"):
		return strings.TrimSuffix(w, "ies") + "y"
	case len(w) > 4 && (strings.HasSuffix(w, "ses") || strings.HasSuffix(w, "xes") || strings.HasSuffix(w, "ches")):
		return strings.TrimSuffix(w, "es")
	case len(w) > 3 && strings.HasSuffix(w, "s") && !strings.HasSuffix(w, "ss"):
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
