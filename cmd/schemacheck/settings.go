package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/schemacheck/schemacheck/cmd/internal/config"
	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/rules"
)

// settings are the flags that every command with a report has.
type settings struct {
	config  string
	format  string
	reports []string
	color   string
	quiet   bool
	verbose bool
}

func (s *settings) bind(flags *pflag.FlagSet) {
	bindConfig(flags, &s.config)
	flags.StringVar(&s.format, "format", "text", "`FORMAT` of the report on stdout: "+strings.Join(report.FormatNames(), ", "))
	flags.StringArrayVar(&s.reports, "report", nil, "write the report to a file too, as `FORMAT=PATH`; can be repeated")
	flags.StringVar(&s.color, "color", "auto", "colours: auto, always or never")
	flags.BoolVarP(&s.quiet, "quiet", "q", false, "one line for each finding, and nothing else")
	flags.BoolVarP(&s.verbose, "verbose", "v", false, "show additions too, and details")
}

// formats describes the formats for the help of a command that writes reports.
func formats() string {
	var b strings.Builder
	b.WriteString("\n\nFormats of --format and --report:")
	for _, f := range report.Formats {
		fmt.Fprintf(&b, "\n  %-9s %s", f.Name, wrapAt(f.Description, 12, 80))
	}
	return b.String()
}

func bindConfig(flags *pflag.FlagSet, path *string) {
	flags.StringVar(path, "config", "", "configuration `FILE` (default: the nearest "+config.Name+", from the schema's folder up to the git root)")
}

// environment gives flags that were not set the value of SCHEMACHECK_NAME.
func (p program) environment(cmd *cobra.Command) error {
	var problems []error
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		name := variableOf(f.Name)
		value, ok := p.env(name)
		if !ok || value == "" || f.Changed || f.Name == "help" {
			return
		}
		err := cmd.Flags().Set(f.Name, value)
		_ = cmd.Flags().SetAnnotation(f.Name, variable, []string{name}) // it is there
		if err != nil {
			problems = append(problems, given(cmd.Flags(), f.Name, badValue(err)))
		}
	})
	return errors.Join(problems...)
}

// variableOf is the environment variable of a flag.
func variableOf(flag string) string {
	return "SCHEMACHECK_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// variable annotates flags with the environment variable that set them.
const variable = "schemacheck_variable"

// given names the environment variable that a flag has its value from in an
// error about that value, where it is one.
func given(flags *pflag.FlagSet, flag string, err error) error {
	if from := flags.Lookup(flag).Annotations[variable]; err != nil && len(from) > 0 {
		return fmt.Errorf("environment variable %s: %w", from[0], err)
	}
	return err
}

// badValue words the error about a value that a flag cannot have.
func badValue(err error) error {
	var bad *pflag.InvalidValueError
	if errors.As(err, &bad) && bad.GetFlag().Value.Type() == "bool" {
		return fmt.Errorf("--%s %q: expected true or false", bad.GetFlag().Name, bad.GetValue())
	}
	if bad != nil && bad.GetFlag().Name == "alpha" {
		return errors.New("--alpha: expected HOST:PORT, or several with commas between") // not quoted: it may be a connection string
	}
	return err
}

// unchangeable is the rule whose findings always make a run end with 2.
const unchangeable = "schema-invalid"

// configuration reads the file at path, which --config names, or without one
// the nearest from the folder near upwards; when there is none, it is empty.
func configuration(flags *pflag.FlagSet, path, near string) (*config.Config, error) {
	if path == "" {
		found, err := config.Find(near)
		if err != nil {
			return nil, err
		}
		if found == "" {
			return &config.Config{}, nil
		}
		path = found
	}
	cfg, err := config.Load(path, rules.IDs())
	if written := (config.Errors)(nil); errors.As(err, &written) {
		return nil, err // the file was found, and is what has to be mended
	}
	if err == nil {
		if _, set := cfg.Rules[unchangeable]; set {
			return nil, fmt.Errorf("%s: rules: %q has no severity to set: a schema that Dgraph refuses stays refused", path, unchangeable)
		}
	}
	return cfg, given(flags, "config", err)
}

// prepare is what a command that reports findings does before any work: it checks the flags, finds the working
// folder, and reads the configuration that counts for the schema. level is the flag --fail-on.
func (p program) prepare(cmd *cobra.Command, s *settings, level, schema string) (dir string, cfg *config.Config, out *output, err error) {
	if out, err = p.output(cmd.Flags(), s); err != nil {
		return "", nil, nil, err
	}
	if dir, err = p.workDir(); err != nil {
		return "", nil, nil, err
	}
	if cfg, err = configuration(cmd.Flags(), s.config, folderOf(dir, schema)); err != nil {
		return "", nil, nil, err
	}
	if out.options.FailOn, err = failOn(cmd, level, cfg); err != nil {
		return "", nil, nil, err
	}
	if here, err := (sdl.Loader{Dir: dir}).Here(cmd.Context()); err == nil {
		out.options.Folder, out.tracked = here, true
	} // where there is no repository, files count from the working directory
	return dir, cfg, out, nil
}

// failOn is the threshold that flag or configuration set.
func failOn(cmd *cobra.Command, flag string, c *config.Config) (report.Severity, error) {
	if !cmd.Flags().Changed("fail-on") && c.FailOn != "" {
		flag = c.FailOn
	}
	levels := []string{string(report.Error), string(report.Warning), string(report.Info), string(report.Never)}
	for _, l := range levels {
		if flag == l {
			return report.Severity(l), nil
		}
	}
	return "", given(cmd.Flags(), "fail-on", unknown("level for --fail-on", flag, levels))
}
