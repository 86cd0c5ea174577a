package diff

import (
	"fmt"
	"slices"

	"github.com/schemacheck/schemacheck/diff/sdl"
)

// valueMatch is what an enum's value of the new schema was.
type valueMatch struct {
	before *sdl.EnumValue
	rename *Rename // nil when the name stays
}

// matchValues pairs the values of an enum. A value is stored as its name, so
// that the same name is the surest evidence, unless another is declared.
func (d *Diff) matchValues(p typePair, declared declared) {
	before, after := values(p.before), values(p.after)
	matched := map[*sdl.EnumValue]*sdl.EnumValue{} // by the old ones
	match := func(b, a *sdl.EnumValue, rename *Rename) {
		if b != nil && a != nil && matched[b] == nil && d.values[a].before == nil {
			matched[b], d.values[a] = a, valueMatch{b, rename}
		}
	}
	for _, r := range declared.of(p.before.Name, p.after.Name).inForce(valueNames(p)) {
		match(before[r.before], after[r.after], r.rename())
	}
	for _, a := range p.after.Definition.Values {
		if after[a.Name.Text] == a {
			match(before[a.Name.Text], a, nil)
		}
	}
	for _, c := range d.likelyValues(p, matched) {
		rename := c.rename()
		match(p.before.Definition.Values[c.before], p.after.Definition.Values[c.after], &rename)
	}
}

// valueNames holds declared renames against the values of an enum.
func valueNames(p typePair) names {
	before, after := values(p.before), values(p.after)
	position := func(all []*sdl.EnumValue, name string) int {
		return slices.IndexFunc(all, func(v *sdl.EnumValue) bool { return v.Name.Text == name })
	}
	return names{
		before:    func(name string) bool { return before[name] != nil },
		after:     func(name string) bool { return after[name] != nil },
		unchanged: func(string) bool { return true }, // there is nothing but the name
		alike: func(b, a string) float64 {
			if position(p.before.Definition.Values, b) == position(p.after.Definition.Values, a) {
				return 1
			}
			return 0
		},
	}
}

// likelyValues finds the renamed values among those without a counterpart. All
// values of an enum are of one type and made to tell things apart, so that only
// a name that says the same, or the same description, is evidence.
func (d *Diff) likelyValues(p typePair, matched map[*sdl.EnumValue]*sdl.EnumValue) []candidate {
	before, after := p.before.Definition.Values, p.after.Definition.Values
	firstsBefore, firstsAfter := values(p.before), values(p.after)
	var gone, come []int
	var goneWords, comeWords [][]string
	for i, v := range before {
		if matched[v] == nil && firstsBefore[v.Name.Text] == v {
			gone, goneWords = append(gone, i), append(goneWords, words(v.Name.Text))
		}
	}
	for i, v := range after {
		if d.values[v].before == nil && firstsAfter[v.Name.Text] == v {
			come, comeWords = append(come, i), append(comeWords, words(v.Name.Text))
		}
	}
	if len(gone) == 0 || len(come) == 0 {
		return nil
	}
	stoodAt := places(before, func(v *sdl.EnumValue) *sdl.EnumValue { return matched[v] })
	standAt := places(after, func(v *sdl.EnumValue) *sdl.EnumValue {
		if d.values[v].before == nil {
			return nil
		}
		return v
	})
	said, say := descriptions(before), descriptions(after)
	free := append(words(p.before.Name), words(p.after.Name)...)
	var candidates []candidate
	for _, pair := range shortlist(goneWords, comeWords) {
		i, j := gone[pair[0]], come[pair[1]]
		b, a := before[i], after[j]
		c := candidate{before: i, after: j}
		names := nameOf(b.Name.Text).likeness(nameOf(a.Name.Text), free...)
		c.score = 0.1 + 0.55*names
		switch of := fmt.Sprintf("(%s, %s)", b.Name.Text, a.Name.Text); {
		case names == 1:
			c.reasons = append(c.reasons, "the names differ in spelling only "+of)
		case names >= sameSense:
			c.reasons = append(c.reasons, "the names are alike "+of)
		}
		if text := said[b]; text != "" && text == say[a] {
			c.score += 0.45
			c.reasons = append(c.reasons, "same description")
		}
		if len(c.reasons) == 0 {
			continue
		}
		if near, reason := stoodAt[b].likeness(standAt[a]); near == 1 {
			c.score += 0.2
			c.reasons = append(c.reasons, reason+"enum")
		} else if near > 0 {
			c.score += 0.1
			c.reasons = append(c.reasons, reason+"value")
		}
		candidates = append(candidates, c)
	}
	return choose(candidates)
}

// sameSense is the likeness of names without a word more that means anything.
const sameSense = 0.68

// descriptions are those that only one of the values has.
func descriptions(all []*sdl.EnumValue) map[*sdl.EnumValue]string {
	count := map[string]int{}
	for _, v := range all {
		if v.Description != nil {
			count[v.Description.Text]++
		}
	}
	own := map[*sdl.EnumValue]string{}
	for _, v := range all {
		if v.Description != nil && count[v.Description.Text] == 1 {
			own[v] = v.Description.Text
		}
	}
	return own
}
