package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/pflag"

	"github.com/schemacheck/schemacheck/cmd/internal/config"
	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/fixes"
	"github.com/schemacheck/schemacheck/fixes/migrate"
	"github.com/schemacheck/schemacheck/rules"
)

// planOptions say what is made of fixes that change stored data.
type planOptions struct {
	set              []string // COORDINATE=VALUE
	out              string
	allowDestructive bool
	// standing are those of the configuration: what no fix wants has no effect.
	standing []string
	// called is the name that somebody wants the plan to have; empty for what it does.
	called string
}

func (o *planOptions) bind(flags *pflag.FlagSet) {
	flags.StringArrayVar(&o.set, "set", nil, "what a fix has to know, as `COORDINATE=VALUE`: a value to fill, a mapping OLD=NEW of an enum, whom to keep; COORDINATE:FIX-ID=VALUE where several fixes there have to know something; can be repeated")
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

// missing is something that a fix has to know.
type missing struct {
	coordinate string // as --set names it
	fix        string
	need       *migrate.Need
}

// flag is what answers it on the command line.
func (m missing) flag() string {
	return fmt.Sprintf("--set '%s=...': %s has to know %s%s", m.coordinate, m.fix, m.need.What, options(m.need))
}

// askMissing lets a person say what fixes have to know.
func (o *planOptions) askMissing(ctx context.Context, all []missing, to asker) error {
	for _, m := range all {
		q := question{title: m.fix + " of " + m.coordinate, about: "It has to know " + m.need.What + "."}
		for _, text := range m.need.Options {
			q.options = append(q.options, option{id: text, label: text})
		}
		answer, err := to(ctx, q)
		if err != nil {
			return err
		}
		o.set = append(o.set, m.coordinate+"="+answer)
	}
	return nil
}

// contractAfter is how long what deletes waits at least.
const contractAfter = 7 * 24 * time.Hour

// planned is what the chosen fixes of stored data come to.
type planned struct {
	plan *migrate.Plan // nil when nothing changes stored data
	// missing is what fixes have to know and nobody has said.
	missing []missing
	// impossible are fixes that cannot be made this way, with the reasons, and
	// byHand those that there is no recipe for.
	impossible, byHand []string
	// kept is what stays in the data, since an edit keeps what needs it.
	kept []string
}

// plan makes one plan of all chosen fixes that change stored data. From and to
// are the fingerprints of the two schemas, after edits were made.
func (o *planOptions) plan(flags *pflag.FlagSet, choices []choice, from, to string, now time.Time) (*planned, error) {
	var recipes []*migrate.Recipe
	var names []string
	p := &planned{}
	used := map[string]bool{}   // the flags that a fix wanted
	wanting := map[string]int{} // fixes at a coordinate that have to know something
	for _, c := range choices {
		if c.fix != nil && c.fix.Migration != nil && c.fix.Migration.Need != nil {
			wanting[callName(c.finding)]++
		}
	}
	for _, c := range choices {
		if c.fix == nil || c.fix.Kind == rules.Directive {
			continue
		}
		name := callName(c.finding)
		if c.fix.Migration == nil {
			p.byHand = append(p.byHand, fmt.Sprintf("To be done by hand, for there is no recipe: %s of %s (%s).", c.fix.ID, name, c.fix.Title))
			continue
		}
		coordinate := name
		if wanting[name] > 1 {
			coordinate = name + ":" + c.fix.ID
		}
		need := c.fix.Migration.Need
		var values []string
		if need != nil || wanting[name] == 0 { // else they are for another fix there
			values = o.given(c, wanting[name] > 1, used)
		}
		switch {
		case need == nil && len(values) > 0:
			return nil, given(flags, "set", fmt.Errorf("--set %s: %s has to know nothing", coordinate, c.fix.ID))
		case need != nil && !need.Several && len(values) > 1:
			return nil, given(flags, "set", fmt.Errorf("--set %s: given %d times; %s takes one value", coordinate, len(values), c.fix.ID))
		case need != nil && len(values) == 0 && need.Default == "":
			p.missing = append(p.missing, missing{coordinate, c.fix.ID, need})
			continue
		}
		said := len(values) > 0
		if need != nil && !said {
			values = []string{need.Default}
		}
		r, err := c.fix.Migration.Build(values)
		if err != nil && said {
			return nil, given(flags, "set", fmt.Errorf("--set %s: %w", coordinate, err))
		}
		if err != nil {
			p.impossible = append(p.impossible, fmt.Sprintf("%s of %s cannot be made: %v", c.fix.ID, coordinate, err))
			continue
		}
		recipes, names = append(recipes, c.noted(r)), append(names, name)
	}
	for _, s := range o.set {
		if used[s] {
			continue
		}
		coordinate, _, _ := strings.Cut(s, "=")
		if wanting[coordinate] > 1 {
			return nil, given(flags, "set", fmt.Errorf("--set %s: several fixes of %s have to know something: name the fix, as in %s:FIX-ID=VALUE", s, coordinate, coordinate))
		}
		if near := config.Nearest(coordinate, coordinatesOf(choices)); near != "" && near != coordinate {
			return nil, given(flags, "set", fmt.Errorf("--set %s: did you mean %s?", s, near))
		}
		err := fmt.Errorf("--set %s: no fix that is taken for %s has to know anything", s, coordinate)
		if len(wanting) > 0 {
			err = fmt.Errorf("%w; those for %s have to", err, strings.Join(slices.Sorted(maps.Keys(wanting)), ", "))
		}
		return nil, given(flags, "set", err)
	}
	if len(p.missing) > 0 || len(recipes) == 0 {
		return p, nil
	}
	title, slug := "Fixes of "+strings.Join(names, ", "), slugOf(names[0])
	if len(names) > 1 {
		title, slug = fmt.Sprintf("%d fixes: %s", len(names), strings.Join(names, ", ")), fmt.Sprintf("%s-and-%d-more", slugOf(names[0]), len(names)-1)
	}
	if o.called != "" {
		title, slug = o.called, slugOf(o.called)
	}
	head := migrate.Plan{ID: now.UTC().Format(timeOfID) + "-" + slug, Name: title, From: from, To: to}
	head.NotBefore = notBefore(recipes, from != to, now)
	plan, err := migrate.Assemble(head, recipes...)
	if err != nil {
		return nil, fmt.Errorf("making the plan: %w", err)
	}
	p.plan = plan
	return p, nil
}

// notBefore is the day before which a plan deletes nothing; empty when it does
// not. One that does nothing else, and that somebody chose for that, need not wait. What
// is taken by itself waits where a schema is left behind: one may have to go back to it.
func notBefore(recipes []*migrate.Recipe, left bool, now time.Time) string {
	contract, other := false, false
	for _, r := range recipes {
		for _, s := range r.Steps {
			contract = contract || s.Phase == migrate.Contract
			other = other || s.Phase != migrate.Contract || left && s.Risk != string(rules.Destructive)
		}
	}
	switch {
	case !contract:
		return ""
	case other:
		return now.UTC().Add(contractAfter).Format(time.DateOnly)
	}
	return now.UTC().Format(time.DateOnly)
}

// given are the values that were given for a fix, by flags or else by the
// configuration. Used are the flags that some fix wanted.
func (o *planOptions) given(c choice, several bool, used map[string]bool) []string {
	var values []string
	for _, all := range [][]string{o.set, o.standing} {
		for _, s := range all {
			if value, ok := wanted(c, several, s); ok {
				used[s] = true
				values = append(values, value)
			}
		}
		if len(values) > 0 {
			break
		}
	}
	return values
}

// wanted is the value of a COORDINATE=VALUE that is for a fix: for its
// coordinate, for that and its ID where one alone could mean several, and for a
// value of an enum also for the enum: Color=RED=CRIMSON.
func wanted(c choice, several bool, s string) (value string, ok bool) {
	at, value, _ := strings.Cut(s, "=")
	for _, name := range []string{callName(c.finding), c.finding.To} {
		owner, member, _ := strings.Cut(name, ".")
		switch {
		case name == "":
		case at == name+":"+c.fix.ID, at == name && !several:
			return value, true
		case at == owner && c.fix.ID == "map-value" && strings.HasPrefix(value, member+"="):
			return value, true
		}
	}
	return "", false
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
		all = append(all, callName(c.finding))
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
	if plan.ID, err = freeID(dir, plan.ID); err != nil {
		return "", false, err
	}
	text, err := plan.Encode()
	if err != nil {
		return "", false, err
	}
	name := plan.ID + ".yaml"
	if err := fixes.Replace(filepath.Join(dir, name), text, 0o644); err != nil {
		return "", false, fmt.Errorf("writing the plan: %w", err)
	}
	return filepath.Join(folder, name), true, nil
}

// timeOfID is how the time stands at the beginning of an id.
const timeOfID = "20060102150405"

// freeID is an id with a time that no plan of a folder has: their order would be
// that of their names.
func freeID(dir, id string) (string, error) {
	at, name, _ := strings.Cut(id, "-")
	when, err := time.Parse(timeOfID, at)
	if err != nil {
		return "", fmt.Errorf("the id %s does not begin with a time: %w", id, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", fmt.Errorf("reading the folder of plans: %w", err)
	}
	for {
		at := when.Format(timeOfID)
		if !slices.ContainsFunc(entries, func(e os.DirEntry) bool { return strings.HasPrefix(e.Name(), at) }) {
			return at + "-" + name, nil
		}
		when = when.Add(time.Second)
	}
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
func (d *planned) inWords(folder string, applied bool) []string {
	all := slices.Concat(d.impossible, d.byHand, d.kept)
	if len(d.missing) > 0 {
		return append(append(all, "Some fixes have to know more:"), d.flags()...)
	}
	if d.plan == nil {
		return all
	}
	for _, s := range d.plan.Steps {
		all = append(all, fmt.Sprintf("%s: %s.", s.Phase, report.Escape(s.Title)))
	}
	if folder == "" && !applied {
		all = append(all, "--out FOLDER writes this as a plan, and --format dql prints what can be sent by hand.")
	}
	return all
}

// unready is why no plan can be made, or nil.
func (d *planned) unready() error {
	switch {
	case len(d.impossible) > 0:
		return errors.New(strings.Join(d.impossible, "\n") + "\nchoose another fix with --choose COORDINATE=FIX-ID, or none with COORDINATE=" + leave)
	case len(d.missing) > 0:
		return errors.New("some fixes have to know more:\n" + strings.Join(d.flags(), "\n"))
	}
	return nil
}

// flags answer what is missing.
func (d *planned) flags() []string {
	var all []string
	for _, m := range d.missing {
		all = append(all, m.flag())
	}
	return all
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
// an edit can move a predicate that a migration writes. Kept says what is left until
// somebody asks for it.
func (m *mended) current() (all []choice, kept []string) {
	at := map[string]*rules.Finding{}
	for _, f := range m.Left {
		at[fingerprint(f)] = f
	}
	for _, c := range m.choices {
		f := at[fingerprint(c.finding)]
		if c.fix == nil || f == nil {
			continue // another edit has settled it
		}
		named := func(x rules.Fix) bool { return c.named && x.ID == c.fix.ID }
		if i := slices.IndexFunc(f.Fixes, func(x rules.Fix) bool { return x.Waits != "" && !named(x) }); i >= 0 {
			waits := f.Fixes[i].Waits
			kept = append(kept, strings.ToUpper(waits[:1])+waits[1:]+".")
		}
		if c.fix.Kind != rules.Migration {
			continue
		}
		i := slices.IndexFunc(f.Fixes, func(x rules.Fix) bool { return x.ID == c.fix.ID })
		if i < 0 || f.Fixes[i].Waits != "" && !c.named {
			continue
		}
		c.fix = &f.Fixes[i]
		all = append(all, c)
	}
	return all, kept
}

// sampled is how many nodes a preview shows.
const sampled = 3

// previewOf shows what a change of stored data would make of some nodes, where
// there is a Dgraph to look at.
func previewOf(ctx context.Context, l *live, x rules.Fix, showValues bool) string {
	const plain = "This changes stored data, not the schema."
	switch {
	case x.Migration == nil:
		return plain + " It is to be done by hand."
	case l == nil:
		return plain + " With --alpha some nodes are shown here, before and after."
	}
	var given []string
	if need := x.Migration.Need; need != nil {
		if need.Default == "" {
			return plain + " It takes " + need.What + "."
		}
		given = []string{need.Default}
	}
	r, err := x.Migration.Build(given)
	if err != nil {
		return plain + " It cannot be made: " + err.Error()
	}
	all, err := migrate.Preview(ctx, l.client, r, sampled)
	if err != nil {
		return plain + " What it would do cannot be shown: " + err.Error()
	}
	var b strings.Builder
	b.WriteString(plain)
	for _, d := range all {
		fmt.Fprintf(&b, "\n%s %s: %s -> %s", dql.Node(d.UID), d.Predicate, quadsInWords(d.Before, showValues), quadsInWords(d.After, showValues))
	}
	if len(all) > 0 && !showValues {
		b.WriteString("\nWith --show-values the values are shown.")
	}
	return b.String()
}
