package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/google/renameio/v2"
	"github.com/spf13/pflag"

	"github.com/schemacheck/schemacheck/cmd/internal/config"
	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/fixes/migrate"
	"github.com/schemacheck/schemacheck/rules"
)

// planOptions say what is made of fixes that change stored data.
type planOptions struct {
	set              []string // COORDINATE=VALUE
	out              string
	allowDestructive bool
}

func (o *planOptions) bind(flags *pflag.FlagSet) {
	flags.StringArrayVar(&o.set, "set", nil, "what a fix has to know, as `COORDINATE=VALUE`: a value to fill, a mapping OLD=NEW of an enum, whom to keep; COORDINATE/FIX-ID where several fixes ask; can be repeated")
	flags.StringVar(&o.out, "out", "", "write the plan of what changes stored data to `FOLDER`")
	flags.BoolVar(&o.allowDestructive, "allow-destructive", false, "take fixes that delete, where --choose names them")
}

func (o *planOptions) check(flags *pflag.FlagSet) error {
	for _, s := range o.set {
		if coordinate, _, ok := strings.Cut(s, "="); !ok || coordinate == "" {
			return given(flags, "set", fmt.Errorf("--set %s: expected COORDINATE=VALUE, such as User.plan=basic", s))
		}
	}
	return nil
}

// contractAfter is how long what deletes waits at least.
const contractAfter = 7 * 24 * time.Hour

// planned is what the chosen fixes of stored data come to.
type planned struct {
	plan *migrate.Plan // nil when nothing changes stored data
	// missing are the flags that answer what a fix has to know.
	missing []string
}

// plan makes one plan of all chosen fixes that change stored data. From and to
// are the fingerprints of the two schemas, after edits were made.
func (o *planOptions) plan(flags *pflag.FlagSet, choices []choice, from, to string, now time.Time) (*planned, error) {
	var recipes []*migrate.Recipe
	var names []string
	p := &planned{}
	used := map[string]bool{}
	asking := map[string][]*migrate.Need{} // what fixes have to know, by their coordinates
	choices = slices.DeleteFunc(slices.Clone(choices), func(c choice) bool { return c.fix == nil || c.fix.Migration == nil })
	for _, c := range choices {
		for _, name := range c.names() {
			asking[name] = append(asking[name], c.fix.Migration.Need)
		}
	}
	for _, c := range choices {
		name := c.finding.Coordinate
		values, as := o.given(c, asking)
		coordinate := name
		if len(values) > 0 {
			used[as], coordinate = true, as
		} else if several(asking[name]) {
			coordinate += "/" + c.fix.ID
		}
		need := c.fix.Migration.Need
		switch {
		case need == nil && len(values) > 0:
			return nil, given(flags, "set", fmt.Errorf("--set %s: %s has to know nothing", coordinate, c.fix.ID))
		case need != nil && !need.Several && len(values) > 1:
			return nil, given(flags, "set", fmt.Errorf("--set %s: given %d times; %s takes one value", coordinate, len(values), c.fix.ID))
		case need != nil && len(values) == 0 && need.Default == "":
			p.missing = append(p.missing, fmt.Sprintf("--set '%s=...': %s has to know %s%s", coordinate, c.fix.ID, need.What, options(need)))
			continue
		case need != nil && len(values) == 0:
			values = []string{need.Default}
		}
		r, err := c.fix.Migration.Build(values)
		if err != nil {
			return nil, given(flags, "set", fmt.Errorf("%s of %s: %w", c.fix.ID, coordinate, err))
		}
		recipes, names = append(recipes, c.noted(r)), append(names, name)
	}
	for _, s := range o.set {
		coordinate, _, _ := strings.Cut(s, "=")
		if !used[coordinate] {
			all := coordinatesOf(choices)
			if near := config.Nearest(coordinate, all); near != "" && near != coordinate {
				return nil, given(flags, "set", fmt.Errorf("--set %s: did you mean %s?", s, near))
			}
			err := fmt.Errorf("--set %s: no fix that is taken for %s has to know anything", s, coordinate)
			var others []string
			for _, c := range choices {
				if c.fix.Migration.Need != nil {
					others = append(others, c.finding.Coordinate)
				}
			}
			if len(others) > 0 {
				err = fmt.Errorf("%w; those for %s have to", err, strings.Join(slices.Compact(others), ", "))
			}
			return nil, given(flags, "set", err)
		}
	}
	if len(p.missing) > 0 || len(recipes) == 0 {
		return p, nil
	}
	title, slug := "Fixes of "+strings.Join(names, ", "), slugOf(names[0])
	if len(names) > 1 {
		title, slug = fmt.Sprintf("%d fixes: %s", len(names), strings.Join(names, ", ")), fmt.Sprintf("%s-and-%d-more", slugOf(names[0]), len(names)-1)
	}
	head := migrate.Plan{ID: now.UTC().Format("20060102150405") + "-" + slug, Name: title, From: from, To: to}
	if slices.ContainsFunc(recipes, func(r *migrate.Recipe) bool {
		return slices.ContainsFunc(r.Steps, func(s migrate.Step) bool { return s.Phase == migrate.Contract })
	}) {
		head.NotBefore = now.UTC().Add(contractAfter).Format(time.DateOnly)
	}
	plan, err := migrate.Assemble(head, recipes...)
	if err != nil {
		return nil, fmt.Errorf("making the plan: %w", err)
	}
	p.plan = plan
	return p, nil
}

// given are the values that were given for a fix, and what they were given for:
// a coordinate, or COORDINATE/FIX-ID where several fixes have to know something.
// Without the id they are for those that cannot do without.
func (o *planOptions) given(c choice, asking map[string][]*migrate.Need) (values []string, as string) {
	for _, s := range o.set {
		name, value, _ := strings.Cut(s, "=")
		coordinate, id, _ := strings.Cut(name, "/")
		need, needs := c.fix.Migration.Need, asking[coordinate]
		switch {
		case !slices.Contains(c.names(), coordinate) || id != "" && id != c.fix.ID:
			continue
		case id == "" && need == nil && slices.ContainsFunc(needs, func(n *migrate.Need) bool { return n != nil }):
			continue
		case id == "" && need != nil && need.Default != "" && slices.ContainsFunc(needs, func(n *migrate.Need) bool { return n != nil && n.Default == "" }):
			continue
		}
		values, as = append(values, value), name
	}
	return values, as
}

// names are the coordinates of a choice's finding.
func (c choice) names() []string {
	if c.finding.To == "" || c.finding.To == c.finding.Coordinate {
		return []string{c.finding.Coordinate}
	}
	return []string{c.finding.Coordinate, c.finding.To}
}

// several reports whether more than one fix has to know something.
func several(needs []*migrate.Need) bool {
	n := 0
	for _, need := range needs {
		if need != nil {
			n++
		}
	}
	return n > 1
}

// noted gives the steps of a recipe what is known of the finding that they are
// for: which it is, and how many nodes it concerns, when the data was asked.
func (c choice) noted(r *migrate.Recipe) *migrate.Recipe {
	known := *r
	known.Steps = slices.Clone(r.Steps)
	for i := range known.Steps {
		s := &known.Steps[i]
		s.Finding = fingerprint(c.finding)
		if e := c.finding.Evidence; e.Asked && e.Complete && s.Select != nil {
			n := e.Violations
			s.Nodes = &n
		}
	}
	return &known
}

// options are the answers that a fix knows.
func options(need *migrate.Need) string {
	if len(need.Options) == 0 {
		return ""
	}
	return " (" + strings.Join(need.Options, ", ") + ")"
}

func coordinatesOf(choices []choice) []string {
	var all []string
	for _, c := range choices {
		all = append(all, c.finding.Coordinate)
	}
	return all
}

// slugOf is a coordinate as it can stand in the name of a file.
func slugOf(coordinate string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(coordinate) {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r):
			b.WriteRune(r)
		case b.Len() > 0:
			b.WriteByte('-')
		}
	}
	if b.Len() > 60 {
		return strings.ToValidUTF8(b.String()[:60], "")
	}
	return b.String()
}

// writePlan writes a plan to a folder. One that does the same is left as it is,
// whenever it was made. It returns the path, and whether it was written.
func (p program) writePlan(folder string, plan *migrate.Plan) (path string, written bool, err error) {
	text, err := plan.Encode()
	if err != nil {
		return "", false, err
	}
	dir := p.path(folder)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", false, fmt.Errorf("making the folder of plans: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", false, fmt.Errorf("reading the folder of plans: %w", err)
	}
	for _, e := range entries {
		if filepath.Ext(e.Name()) != ".yaml" {
			continue
		}
		there, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return "", false, fmt.Errorf("reading a plan: %w", err)
		}
		if other, err := migrate.Decode(there); err == nil && sameWork(other, plan) {
			return filepath.Join(folder, e.Name()), false, nil
		}
	}
	name := plan.ID + ".yaml"
	if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
		return "", false, fmt.Errorf("%s is there already, with other steps: wait a second, or remove it", filepath.Join(folder, name))
	}
	if err := renameio.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
		return "", false, fmt.Errorf("writing the plan: %w", err)
	}
	return filepath.Join(folder, name), true, nil
}

// sameWork reports whether two plans differ only in when they were made and in
// what was counted then.
func sameWork(a, b *migrate.Plan) bool {
	bare := func(p *migrate.Plan) []byte {
		c := *p
		c.ID, c.NotBefore = "x", ""
		c.Steps = slices.Clone(p.Steps)
		for i := range c.Steps {
			c.Steps[i].Nodes = nil
			if c.Steps[i].Phase == migrate.Contract {
				c.NotBefore = "2000-01-01"
			}
		}
		text, err := c.Encode()
		if err != nil {
			return nil
		}
		return text
	}
	x := bare(a)
	return x != nil && bytes.Equal(x, bare(b))
}

// inWords are the sentences about a plan for the end of a report.
func (d *planned) inWords(folder string) []string {
	if len(d.missing) > 0 {
		return append([]string{"Some fixes have to know more:"}, d.missing...)
	}
	if d.plan == nil {
		return nil
	}
	var all []string
	for _, s := range d.plan.Steps {
		all = append(all, fmt.Sprintf("%s: %s.", s.Phase, report.Escape(s.Title)))
	}
	if folder == "" {
		all = append(all, "--out FOLDER writes this as a plan, and --format dql prints what can be sent by hand.")
	}
	return all
}

// errMissing is the error about what fixes have to know.
func (d *planned) errMissing() error {
	return errors.New("some fixes have to know more:\n" + strings.Join(d.missing, "\n"))
}

// dql is what can be sent by hand, step by step.
func (d *planned) dql() string {
	if d.plan == nil {
		return "# There is nothing to change in the stored data.\n"
	}
	var b strings.Builder
	for _, s := range d.plan.Steps {
		fmt.Fprintf(&b, "# %s: %s\n%s\n", s.Phase, oneLine(s.Title), strings.TrimRight(s.DQL, "\n")+"\n")
	}
	return b.String()
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// current are the choices with the fixes as they are for the edited schema:
// an edit can move a predicate that a migration writes.
func (m *mended) current() []choice {
	at := map[string]*rules.Finding{}
	for _, f := range m.Left {
		at[fingerprint(f)] = f
	}
	var all []choice
	for _, c := range m.choices {
		if c.fix == nil || c.fix.Kind != rules.Migration {
			continue
		}
		f := at[fingerprint(c.finding)]
		if f == nil {
			continue // another edit has settled it
		}
		i := slices.IndexFunc(f.Fixes, func(x rules.Fix) bool { return x.ID == c.fix.ID })
		if i < 0 {
			continue
		}
		now := *c.finding // with its evidence
		c.finding, c.fix = &now, &f.Fixes[i]
		all = append(all, c)
	}
	return all
}
