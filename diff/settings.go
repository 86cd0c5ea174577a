package diff

import "github.com/schemacheck/schemacheck/diff/sdl"

// compareSettings looks at the comment lines that Dgraph reads as settings, but
// for the one on authorization.
func (d *Diff) compareSettings() {
	for _, kind := range []sdl.MetaKind{sdl.MetaAllowOrigin, sdl.MetaSecret} {
		c := SettingsChanged{Kind: kind, Before: lines(d.Before, kind), After: lines(d.After, kind)}
		only := map[string]int{}
		for _, m := range c.Before {
			only[settings(m)]--
		}
		for _, m := range c.After {
			only[settings(m)]++
		}
		for _, n := range only {
			c.Lost += max(0, -n)
			c.Gained += max(0, n)
		}
		if c.Lost+c.Gained > 0 {
			d.add(c)
		}
	}
}

// lines are the settings of that kind.
func lines(s *Schema, kind sdl.MetaKind) (all []*sdl.Meta) {
	for _, m := range s.Source.Meta {
		if m.Kind == kind {
			all = append(all, m)
		}
	}
	return all
}
