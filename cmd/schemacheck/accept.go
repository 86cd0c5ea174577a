package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/schemacheck/schemacheck/cmd/internal/config"
	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/fixes"
	"github.com/schemacheck/schemacheck/rules"
)

// acceptOptions are what the accept command was asked.
type acceptOptions struct {
	config string
	from   string
	reason string
	until  string
	length string
}

func (p program) acceptCommand() *cobra.Command {
	o := &acceptOptions{}
	cmd := &cobra.Command{
		Use:   "accept (FINGERPRINT | RULE COORDINATE)...",
		Short: "Accept findings: write them into the configuration, with a reason",
		Long: `Write findings into the list accept: of the configuration. From then on they are
counted as suppressed. Nothing else in the file changes, and where there is none, it
is made. What is accepted already gets the new reason and day.

A finding is named by its rule and its coordinate, or by its fingerprint: diff -v
shows the beginning, which is enough (at least 8 signs), and the json report all of
it. It is looked for in the report of --from, else in the comparison that schemacheck
diff makes without arguments, with schema: in the configuration. A whole fingerprint
needs neither.`,
		Example: `  schemacheck accept field-removed User.nick --reason "it was never filled"
  schemacheck accept 3df53d63c917 --reason "every value is a number" --until 2027-01-31
  schemacheck audit --alpha localhost:9080 --report json=audit.json
  schemacheck accept duplicate-id User.email --from audit.json --reason "test data" --for 30d

Exit codes: 0 written; 2 usage, no such finding, or a configuration that cannot be
read or edited; 3 it could not be written.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return fmt.Errorf("no finding is named: schemacheck accept RULE COORDINATE --reason TEXT, or a fingerprint: see %s --help", cmd.CommandPath())
			}
			return nil
		},
		ValidArgsFunction: cobra.FixedCompletions(rules.IDs(), cobra.ShellCompDirectiveNoFileComp),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := p.environment(cmd); err != nil {
				return err
			}
			return p.accept(cmd, o, args)
		},
	}
	flags := cmd.Flags()
	bindConfig(flags, &o.config)
	flags.StringVar(&o.from, "from", "", "look for the findings in the report in `FILE`, of --report json=FILE")
	flags.StringVar(&o.reason, "reason", "", "why they are accepted: one line of `TEXT`")
	flags.StringVar(&o.until, "until", "", "the last `DAY` that they are, such as 2027-01-31 (default: for ever)")
	flags.StringVar(&o.length, "for", "", "for so `LONG` from today, such as 30d")
	return cmd
}

func (p program) accept(cmd *cobra.Command, o *acceptOptions, args []string) error {
	until, err := o.day(cmd.Flags(), time.Now().UTC())
	if err != nil {
		return err
	}
	if strings.TrimSpace(o.reason) == "" {
		return errors.New("--reason is missing: say why this can be lived with, so that it still tells something in a year")
	}
	if strings.TrimSpace(o.reason) == "WHY" { // the command that -v shows, as it is
		return errors.New("--reason WHY: put the reason there, so that it still tells something in a year")
	}
	wanted, err := named(args)
	if err != nil {
		return err
	}
	dir, err := p.workDir()
	if err != nil {
		return err
	}
	from, near, err := o.report(p, cmd.Flags(), dir)
	if err != nil {
		return err
	}
	cfg, err := configuration(cmd.Flags(), o.config, near)
	if err != nil {
		return err
	}
	whole := !slices.ContainsFunc(wanted, func(w wish) bool { return !w.whole() })
	if from == nil && cfg.Schema != "" {
		if from, err = p.compareConfigured(cmd.Context(), dir, cfg); err != nil && !whole {
			return err
		}
	}
	if from == nil && !whole {
		return fmt.Errorf("which finding is meant? Name a report that has it, with --from FILE, or write schema: PATH into %s", config.Name)
	}
	var entries []config.Accepted
	for _, w := range wanted {
		e := config.Accepted{Acceptance: config.Acceptance{Fingerprint: w.print, Reason: o.reason, Until: until}}
		f, err := w.in(from)
		switch {
		case err != nil && (o.from != "" || !w.whole()):
			return err
		case err == nil:
			rule := rules.Find(f.Rule)
			if rule != nil && !rule.Suppressible() {
				return fmt.Errorf("%s cannot be accepted", f.Rule)
			}
			if e.Fingerprint, e.About = f.Fingerprint, clipped(report.Escape(f.About())); rule != nil {
				e.Rule = f.Rule
			}
		}
		if slices.ContainsFunc(entries, func(other config.Accepted) bool { return other.Fingerprint == e.Fingerprint }) {
			continue
		}
		entries = append(entries, e)
	}
	return p.writeAccepted(cfg, near, dir, entries)
}

// day is the last day that is asked for; zero is for ever.
func (o *acceptOptions) day(flags *pflag.FlagSet, now time.Time) (time.Time, error) {
	switch {
	case o.until != "" && o.length != "":
		return time.Time{}, errors.New("--until and --for say the same: leave one of them out")
	case o.until != "":
		day, err := time.Parse(time.DateOnly, o.until)
		if err != nil {
			return day, given(flags, "until", fmt.Errorf("--until %q: expected a day such as 2027-01-31", o.until))
		}
		if (config.Acceptance{Until: day}).Expired(now) {
			return day, given(flags, "until", fmt.Errorf("--until %s: this day is over", o.until))
		}
		return day, nil
	case o.length != "":
		length, ok := config.Time(o.length)
		if !ok {
			return time.Time{}, given(flags, "for", fmt.Errorf("--for %q: expected a number of days or hours such as 30d or 12h", o.length))
		}
		return now.Add(length).Truncate(24 * time.Hour), nil
	}
	return time.Time{}, nil
}

// wish is a finding as it is named on the command line: by a fingerprint, or the
// beginning of one, or by a rule and what the finding is about.
type wish struct{ print, rule, about string }

var (
	somePrint  = regexp.MustCompile(`^[0-9a-f]{8,64}$`)
	wholePrint = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// named are the findings that arguments name.
func named(args []string) ([]wish, error) {
	var all []wish
	for i := 0; i < len(args); i++ {
		switch {
		case somePrint.MatchString(args[i]):
			all = append(all, wish{print: args[i]})
		case rules.Find(args[i]) == nil:
			if near := config.Nearest(args[i], rules.IDs()); near != "" {
				return nil, fmt.Errorf("there is no rule %q; did you mean %s?", args[i], near)
			}
			return nil, fmt.Errorf("%q is neither a rule nor a fingerprint, of which at least 8 signs are needed", args[i])
		case i+1 == len(args) || somePrint.MatchString(args[i+1]) || rules.Find(args[i+1]) != nil:
			return nil, fmt.Errorf("what %s is about is missing: schemacheck accept %[1]s COORDINATE", args[i])
		default:
			all = append(all, wish{rule: args[i], about: args[i+1]})
			i++
		}
	}
	return all, nil
}

func (w wish) whole() bool { return wholePrint.MatchString(w.print) }

// in is the one finding of a report that is meant.
func (w wish) in(r *report.Report) (*report.Finding, error) {
	if r == nil {
		return nil, errors.New("there is no report")
	}
	var all, found []*report.Finding
	for i := range r.Findings {
		all = append(all, &r.Findings[i])
	}
	for i := range r.Suppressed {
		all = append(all, &r.Suppressed[i].Finding)
	}
	for _, f := range all {
		if w.print != "" && strings.HasPrefix(f.Fingerprint, w.print) ||
			w.rule == f.Rule && slices.Contains([]string{f.Coordinate, f.To, f.Subject, f.About()}, w.about) {
			found = append(found, f)
		}
	}
	what := "finding " + w.print
	if w.rule != "" {
		what = w.rule + " on " + w.about
	}
	if len(found) == 1 {
		return found[0], nil
	}
	if len(found) == 0 {
		var near []string
		for _, f := range all {
			if f.Rule == w.rule {
				near = append(near, f.Coordinate)
			}
		}
		if nearest := config.Nearest(w.about, near); w.rule != "" && nearest != "" {
			return nil, fmt.Errorf("there is no %s; did you mean %s?", what, nearest)
		}
		return nil, fmt.Errorf("there is no %s: schemacheck diff -v shows those that there are; those between two other schemas, or of live data, come from a report (--report json=FILE, and here --from FILE)", what)
	}
	var which []string
	for _, f := range found {
		which = append(which, fmt.Sprintf("%.12s for %s %s", f.Fingerprint, f.Rule, f.About()))
	}
	return nil, fmt.Errorf("%s can be %d findings: write %s", what, len(found), strings.Join(which, ", or "))
}

// report is that of --from, nil without one, and the folder from which the
// configuration is searched: that of the schema, where it is here.
func (o *acceptOptions) report(p program, flags *pflag.FlagSet, dir string) (*report.Report, string, error) {
	if o.from == "" {
		return nil, dir, nil
	}
	f, err := os.Open(p.path(o.from))
	if err != nil {
		return nil, "", given(flags, "from", fmt.Errorf("reading the report: %w", err))
	}
	defer f.Close()
	r, err := report.Read(f)
	if err != nil {
		return nil, "", given(flags, "from", fmt.Errorf("reading the report %s: %w", o.from, err))
	}
	// A report can be anybody's: it leads to no folder that is not below this one.
	near := dir
	if schema := filepath.FromSlash(r.After.Source); filepath.IsLocal(schema) && r.After.Ref == "" {
		if _, err := os.Stat(filepath.Join(dir, schema)); err == nil {
			near = folderOf(dir, schema)
		}
	}
	return r, near, nil
}

// compareConfigured makes the comparison that diff makes without arguments.
func (p program) compareConfigured(ctx context.Context, dir string, cfg *config.Config) (*report.Report, error) {
	o := &diffOptions{}
	loader := sdl.Loader{Dir: dir, Stdin: p.in}
	if err := o.fromConfiguration(ctx, loader, p.target(), cfg); err != nil {
		return nil, err
	}
	c := comparison{oldName: o.before, newName: o.after, cfg: cfg, severities: severitiesOf(cfg, dir), accepted: acceptances(cfg, dir, time.Now())}
	if err := c.read(ctx, loader, o); err != nil {
		return nil, err
	}
	done, err := c.run()
	if err != nil {
		return nil, err
	}
	if done.invalid {
		return nil, errors.New("no finding can be accepted, since Dgraph would refuse the new schema: schemacheck diff tells why")
	}
	return done.report, nil
}

// writeAccepted writes entries into the configuration, or into a new one.
func (p program) writeAccepted(cfg *config.Config, near, dir string, entries []config.Accepted) error {
	path, fresh := cfg.File, cfg.File == ""
	if fresh {
		home, err := config.Home(near, dir)
		if err != nil {
			return err
		}
		path = filepath.Join(home, config.Name)
	}
	shown := path
	if abs, err := filepath.Abs(path); err == nil {
		if relative, err := filepath.Rel(dir, abs); err == nil {
			shown = relative
		}
	}
	text, err := config.Accept(path, []byte(cfg.Text), entries, rules.IDs())
	if errors.Is(err, config.ErrByHand) {
		fmt.Fprintf(p.out, "%s", config.Snippet(entries))
		return fmt.Errorf("%s: the list accept: is written in a way that is not edited here: add by hand what is printed above", shown)
	}
	if err != nil {
		return err
	}
	if fresh {
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			return &problem{exitUnfinished, fmt.Errorf("writing %s: something is there already", shown)}
		}
		err = fixes.Replace(path, text, 0o644)
	} else {
		was := &sdl.File{Name: shown, Path: path, Text: cfg.Text}
		_, err = fixes.Write([]*sdl.File{was}, []*sdl.File{{Name: shown, Path: path, Text: string(text)}})
	}
	if err != nil {
		return &problem{exitUnfinished, fmt.Errorf("writing the configuration: %w", err)}
	}
	after, err := config.Parse(path, text, rules.IDs())
	if err != nil {
		return err
	}
	for _, e := range entries {
		what := strings.TrimSpace(e.Rule + " " + e.About)
		if what == "" {
			what = e.Fingerprint
		}
		at := slices.IndexFunc(after.Accept, func(a config.Acceptance) bool { return a.Fingerprint == e.Fingerprint })
		until := ""
		switch a := after.Accept[at]; {
		case a.Expired(time.Now()):
			until = fmt.Sprintf(", but its last day, %s, is over: --until gives it another one", a.Until.Format(time.DateOnly))
		case !a.Until.IsZero():
			until = " until " + a.Until.Format(time.DateOnly)
		}
		fmt.Fprintf(p.out, "%s is accepted in %s%s\n", what, report.Escape(shown), until)
	}
	return nil
}

// clipped is text that is not longer than a line.
func clipped(text string) string {
	const most = 120
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "..."
	}
	return text
}
