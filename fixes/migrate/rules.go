package migrate

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/convert"
)

// Rules say how values are mended that Dgraph does not read under another type.
type Rules struct {
	// Map replaces values, whether Dgraph reads them or not.
	Map []Mapping `yaml:"map,omitempty"`
	// Trim drops blanks around a value.
	Trim bool `yaml:"trim,omitempty"`
	// Numbers reads numbers with their thousands apart, as people write them:
	// "point" and "comma" are the mark before the decimals.
	Numbers string `yaml:"numbers,omitempty"`
	// Round makes integers of numbers that are none: "nearest" (halves away from
	// zero), "zero", "down" or "up".
	Round string `yaml:"round,omitempty"`
	// Truncate accepts what Dgraph reads with a loss of its own.
	Truncate bool `yaml:"truncate,omitempty"`
	// Booleans reads yes, no, y, n, on, off, and true and false in any case.
	Booleans bool `yaml:"booleans,omitempty"`
	// Dates are the forms in which dates are written: "DD.MM.YYYY",
	// "M/D/YYYY hh:mm".
	Dates []string `yaml:"dates,omitempty"`
}

// Mapping is a value, as text, and what replaces it.
type Mapping struct {
	Old string `yaml:"old"`
	New string `yaml:"new"`
}

// rulesHelp completes "it takes ...".
const rulesHelp = "rules for the values that Dgraph does not read under the new type: trim, numbers (1,234.5) or numbers:comma (1.234,5), " +
	"round:nearest, round:zero, round:down, round:up, truncate, booleans (yes, no, on, off), dates:DD.MM.YYYY, OLD=NEW for one value " +
	"(in double quotes where it has a = or looks like a rule), or strict for none"

// parseRules reads rules as people give them.
func parseRules(given []string) (Rules, error) {
	var r Rules
	for _, text := range given {
		name, arg, _ := strings.Cut(text, ":")
		switch {
		case text == "strict":
		case text == "trim":
			r.Trim = true
		case text == "booleans":
			r.Booleans = true
		case text == "truncate":
			r.Truncate = true
		case text == "numbers":
			r.Numbers = "point"
		case name == "numbers":
			r.Numbers = arg
		case name == "round":
			r.Round = arg
		case name == "dates":
			r.Dates = append(r.Dates, arg)
		default:
			m, err := parseMapping(text)
			if err != nil {
				return r, err
			}
			r.Map = append(r.Map, m)
		}
	}
	return r, r.check()
}

// parseMapping reads OLD=NEW, where both may be strings of JSON.
func parseMapping(text string) (Mapping, error) {
	wrong := fmt.Errorf("%q is no rule; it takes OLD=NEW, or %s", brief(text), rulesHelp)
	var m Mapping
	rest := text
	if strings.HasPrefix(text, `"`) {
		d := json.NewDecoder(strings.NewReader(text))
		if d.Decode(&m.Old) != nil {
			return m, wrong
		}
		rest = text[d.InputOffset():]
		if !strings.HasPrefix(rest, "=") {
			return m, wrong
		}
	} else {
		old, _, ok := strings.Cut(text, "=")
		if !ok || old == "" {
			return m, wrong
		}
		m.Old, rest = old, text[len(old):]
	}
	m.New = rest[1:]
	if strings.HasPrefix(m.New, `"`) {
		var unquoted string
		if json.Unmarshal([]byte(m.New), &unquoted) != nil {
			return m, wrong
		}
		m.New = unquoted
	}
	return m, nil
}

func (r Rules) check() error {
	if !slices.Contains([]string{"", "point", "comma"}, r.Numbers) {
		return fmt.Errorf("%q is no mark before decimals; it takes numbers:point or numbers:comma", brief(r.Numbers))
	}
	if !slices.Contains([]string{"", "nearest", "zero", "down", "up"}, r.Round) {
		return fmt.Errorf("%q is no way to round; it takes one of round:nearest, round:zero, round:down, round:up", brief(r.Round))
	}
	for _, form := range r.Dates {
		if _, err := layout(form); err != nil {
			return err
		}
	}
	for i, m := range r.Map {
		if m.Old == m.New {
			return fmt.Errorf("%q is mapped to itself", brief(m.Old))
		}
		for j, other := range r.Map {
			switch {
			case i != j && m.Old == other.Old:
				return fmt.Errorf("%q is mapped twice", brief(m.Old))
			case m.New == other.Old:
				// Carried out again, it would map once more what it has mapped.
				return fmt.Errorf("%q is mapped to %q, which is mapped itself; map both to values that stay", brief(m.Old), brief(m.New))
			}
		}
	}
	return nil
}

// mend says what becomes of a value so that it reads well under a type.
func (r Rules) mend(q dql.Quad, to Reading) mending {
	old := textOf(q.Data)
	if text, ok := r.mapped(old); ok {
		return mending{text: text, mended: true}
	}
	_, outcome, reason := to.of(q.Data, q.Type)
	if outcome == convert.Same || outcome == convert.Converts {
		return mending{}
	}
	for _, text := range r.attempts(old, to) {
		if text == old {
			continue
		}
		if mapped, ok := r.mapped(text); ok {
			return mending{text: mapped, mended: true}
		}
		if _, outcome, _ := to.of(text, "string"); outcome == convert.Same || outcome == convert.Converts {
			return mending{text: text, mended: true}
		}
	}
	switch {
	case outcome != convert.Truncated:
		return mending{reason: "it is not read under type " + to.name() + ": " + reason}
	case r.Truncate:
		return mending{}
	}
	return mending{reason: "it loses something under type " + to.name() + ": " + reason, readable: true}
}

// mending is what becomes of a value.
type mending struct {
	// text replaces it, if mended; otherwise it stays as it is.
	text   string
	mended bool
	// reason is why it does not read well and cannot be mended, or "".
	reason string
	// readable says that it can be read in spite of the reason.
	readable bool
}

// mapped is what a value is replaced with by name.
func (r Rules) mapped(old string) (string, bool) {
	for _, text := range []string{old, r.trimmed(old)} {
		for _, m := range r.Map {
			if m.Old == text {
				return m.New, true
			}
		}
	}
	return "", false
}

func (r Rules) trimmed(text string) string {
	if r.Trim {
		return strings.TrimSpace(text)
	}
	return text
}

// attempts are the texts that the rules make of a value for a type.
func (r Rules) attempts(old string, to Reading) []string {
	text := r.trimmed(old)
	all := []string{text}
	switch to.Type {
	case "int", "float":
		if number, ok := r.number(text, to.Type == "int"); ok {
			all = append(all, number)
		}
	case "bool":
		if truth, ok := r.truth(text); ok {
			all = append(all, truth)
		}
	case "dateTime":
		if date, ok := r.date(text); ok {
			all = append(all, date)
		}
	}
	return all
}

// numeral is a number as people write it, with a point before the decimals. The
// exponent is short, so that no number is large.
var numeral = regexp.MustCompile("^([+-]?)([0-9]{1,3}(?:[,\u00a0\u202f '_][0-9]{3})+|[0-9]+)(\\.[0-9]+)?([eE][+-]?[0-9]{1,3})?$")

// number is a number as Dgraph reads it.
func (r Rules) number(text string, whole bool) (string, bool) {
	const longest = 400
	if r.Numbers == "" && r.Round == "" || len(text) > longest {
		return "", false
	}
	if r.Numbers == "comma" {
		text = strings.NewReplacer(",", ".", ".", ",").Replace(text)
	}
	parts := numeral.FindStringSubmatch(text)
	if parts == nil {
		return "", false
	}
	digits := parts[2]
	if i := strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' }); i >= 0 {
		mark := string([]rune(digits[i:])[0])
		digits = strings.ReplaceAll(digits, mark, "")
		if r.Numbers == "" || strings.Trim(digits, "0123456789") != "" { // two kinds of marks
			return "", false
		}
	}
	plain := parts[1] + digits + parts[3] + parts[4]
	if !whole {
		return plain, true
	}
	n, ok := new(big.Rat).SetString(plain)
	if !ok {
		return "", false
	}
	return r.round(n)
}

// round is a number as an integer.
func (r Rules) round(n *big.Rat) (string, bool) {
	if n.IsInt() {
		return n.Num().String(), true
	}
	// Quo cuts towards zero.
	whole := new(big.Int).Quo(n.Num(), n.Denom())
	away := big.NewInt(int64(n.Sign()))
	switch r.Round {
	case "zero":
	case "up":
		if n.Sign() > 0 {
			whole.Add(whole, away)
		}
	case "down":
		if n.Sign() < 0 {
			whole.Add(whole, away)
		}
	case "nearest":
		rest := new(big.Rat).Sub(n, new(big.Rat).SetInt(whole))
		if rest.Abs(rest).Cmp(big.NewRat(1, 2)) >= 0 {
			whole.Add(whole, away)
		}
	default:
		return "", false
	}
	return whole.String(), true
}

func (r Rules) truth(text string) (string, bool) {
	if !r.Booleans {
		return "", false
	}
	switch strings.ToLower(text) {
	case "true", "yes", "y", "on", "t", "1":
		return "true", true
	case "false", "no", "n", "off", "f", "0":
		return "false", true
	}
	return "", false
}

// date is a date as Dgraph reads it. One that reads as different dates in
// different forms is none.
func (r Rules) date(text string) (string, bool) {
	found := ""
	for _, form := range r.Dates {
		goForm, err := layout(form)
		if err != nil {
			return "", false // the check says so
		}
		t, err := time.Parse(goForm, text)
		if err != nil {
			continue
		}
		if is := t.Format(time.RFC3339Nano); found == "" || found == is {
			found = is
		} else {
			return "", false
		}
	}
	return found, found != ""
}

// dateParts are the parts of a form of dates, and as Go writes them.
var dateParts = []struct{ form, layout string }{
	{"YYYY", "2006"}, {"MM", "01"}, {"M", "1"}, {"DD", "02"}, {"D", "2"}, {"hh", "15"}, {"mm", "04"}, {"ss", "05"}, {"Z", "Z07:00"},
}

// layout is a form of dates as Go writes it.
func layout(form string) (string, error) {
	var b strings.Builder
	var have []string
	for rest := form; rest != ""; {
		i := slices.IndexFunc(dateParts, func(p struct{ form, layout string }) bool { return strings.HasPrefix(rest, p.form) })
		if i >= 0 {
			b.WriteString(dateParts[i].layout)
			have = append(have, dateParts[i].form[:1])
			rest = rest[len(dateParts[i].form):]
			continue
		}
		// Other letters, digits and underscores mean something to Go.
		if c := rest[0]; c != 'T' && !strings.ContainsRune(" .,/:-", rune(c)) {
			return "", fmt.Errorf("%q is no form of dates: %s", brief(form), formHelp)
		}
		b.WriteByte(rest[0])
		rest = rest[1:]
	}
	slices.Sort(have)
	for _, part := range []string{"Y", "M", "D"} {
		if !slices.Contains(have, part) {
			return "", fmt.Errorf("%q is no form of dates, since a part is missing: %s", brief(form), formHelp)
		}
	}
	if len(slices.Compact(slices.Clone(have))) != len(have) {
		return "", errors.New("a form of dates has a part twice: " + formHelp)
	}
	return b.String(), nil
}

const formHelp = `it takes YYYY, MM or M, DD or D, and may have hh, mm, ss and Z for the zone, with T, blanks or . , / : - between them`

// String is for people.
func (r Rules) String() string {
	var all []string
	for _, m := range r.Map {
		all = append(all, fmt.Sprintf("%q to %q", brief(m.Old), brief(m.New)))
	}
	if len(all) > 5 {
		all = append(all[:4], fmt.Sprintf("%d more values by name", len(r.Map)-4))
	}
	if r.Trim {
		all = append(all, "blanks around them dropped")
	}
	switch r.Numbers {
	case "point":
		all = append(all, "numbers like 1,234.5")
	case "comma":
		all = append(all, "numbers like 1.234,5")
	}
	if r.Round != "" {
		all = append(all, map[string]string{"nearest": "rounded to the nearest integer, halves away from zero", "zero": "fractions cut",
			"down": "rounded down", "up": "rounded up"}[r.Round])
	}
	if r.Truncate {
		all = append(all, "cut as Dgraph cuts")
	}
	if r.Booleans {
		all = append(all, "yes and no, on and off")
	}
	for _, form := range r.Dates {
		all = append(all, "dates like "+form)
	}
	if len(all) == 0 {
		return "without rules"
	}
	return strings.Join(all, ", ")
}
