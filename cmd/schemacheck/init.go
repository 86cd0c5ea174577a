package main

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"github.com/spf13/cobra"

	"github.com/schemacheck/schemacheck/cmd/internal/config"
	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/fixes"
)

// templates are the files that commands write for people to go on with.
//
//go:embed templates
var templates embed.FS

// begun are the files that init writes, the templates that they are made of, and
// the CI system that they are for, empty for all.
var begun = []struct{ path, template, ci string }{
	{config.Name, "init/config.yaml", ""},
	{"migrations/.gitignore", "init/ignore", ""},
	{".github/workflows/schemacheck.yml", "init/workflow.yml", "github"},
	{".gitlab/schemacheck.yml", "init/gitlab.yml", "gitlab"},
	{gitlabFile, "init/gitlab-ci.yml", "gitlab"},
}

// gitlabFile is what GitLab reads, and where everything begins.
const gitlabFile = ".gitlab-ci.yml"

// setup is what the templates of init are filled in with.
type setup struct {
	Schema string // as a value of YAML; empty when it is not known
	Action string // the commit or branch of the action
	Config string // of the configuration, from the root of the repository; as a value of YAML, empty where it is there
}

func (p program) initCommand() *cobra.Command {
	var schema, ci string
	systems := []string{"github", "gitlab", "none"}
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Set schemacheck up in a repository",
		Long: `Write what a repository needs to work with schemacheck: the configuration, the folder
of migrations with a list of what is not for git, and what tells pull requests on
GitHub, or merge requests on GitLab, what a change of the schema does. What is there
already is left as it is, so that it can be run again; it asks nothing. The schema
is the one file of the folder that has types in it, unless --schema names it. Below
the root of a git repository, what GitHub or GitLab reads is written at the root.`,
		Example: `  schemacheck init
  schemacheck init --schema api/schema.graphql --ci none
  schemacheck init --ci gitlab

Exit codes: 0 done; 2 usage; 3 a file could not be written.`,
		Args: arguments(0, 0, "no argument"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := p.environment(cmd); err != nil {
				return err
			}
			dir, err := p.workDir()
			if err != nil {
				return err
			}
			here, err := (sdl.Loader{Dir: dir}).Here(cmd.Context())
			if err != nil {
				here = "" // there is no repository yet: it will begin here
			}
			if ci == "" {
				ci = "github"
				if _, err := os.Lstat(p.path(fromRoot(here, gitlabFile))); err == nil {
					ci = "gitlab"
				}
			}
			if !slices.Contains(systems, ci) {
				return given(cmd.Flags(), "ci", unknown("value for --ci", ci, systems))
			}
			found := []string{schema}
			if schema == "" {
				if found, err = schemaFiles(dir); err != nil {
					return fmt.Errorf("looking for the schema: %w", err)
				}
			} else if _, err := os.Stat(p.path(schema)); err != nil {
				return given(cmd.Flags(), "schema", fmt.Errorf("--schema: %w", err))
			}
			return p.setUp(found, ci, here)
		},
	}
	cmd.Flags().StringVar(&schema, "schema", "", "the schema's `PATH` (default: the one file here that has types in it)")
	cmd.Flags().StringVar(&ci, "ci", "", "write what this `SYSTEM` runs: github, gitlab or none (default: gitlab where "+gitlabFile+" is, else github)")
	complete(cmd, "ci", systems...)
	return cmd
}

// fromRoot is the path of a file at the root of the repository, from the folder here in it.
func fromRoot(here, file string) string {
	return strings.Repeat("../", strings.Count(here, "/")) + file
}

// setUp writes the files that are not there yet. found are the files that may be
// the schema, and here is this folder as a path from the root of the repository.
func (p program) setUp(found []string, ci, here string) error {
	with := setup{Action: actionRef(buildInfo())}
	if here != "" {
		with.Config = inYAML(here + config.Name)
	}
	if len(found) == 1 {
		with.Schema = inYAML(filepath.ToSlash(found[0]))
	}
	for _, f := range begun {
		if f.ci != "" && f.ci != ci {
			continue
		}
		path := f.path
		if f.ci != "" {
			path = fromRoot(here, path) // nothing reads it anywhere else
		}
		switch written, err := p.writeNew(path, f.template, with); {
		case err != nil:
			return &problem{exitUnfinished, err}
		case written:
			fmt.Fprintf(p.out, "wrote %s\n", path)
		default:
			fmt.Fprintf(p.out, "%s is there already, and stays as it is\n", path)
			switch {
			case f.path == gitlabFile:
				fmt.Fprint(p.out, "  unless it is there already, add: include: [{local: .gitlab/schemacheck.yml}]\n")
			case f.ci == "github" && here != "":
				fmt.Fprintf(p.out, "  unless it is there already, add a step with: {config: %s}\n", report.Escape(with.Config))
			case f.ci == "gitlab" && here != "":
				fmt.Fprintf(p.out, "  unless it is there already, add a job with: variables: {SCHEMACHECK_CONFIG: %s}\n", report.Escape(with.Config))
			}
		}
	}
	switch {
	case with.Schema != "":
		fmt.Fprintf(p.out, "the schema is %s\nnext: schemacheck diff\n", report.Escape(found[0]))
	case len(found) == 0:
		fmt.Fprintf(p.out, "no schema was found\nnext: name it at schema: in %s, then schemacheck diff\n", config.Name)
	default:
		fmt.Fprintf(p.out, "several files may be the schema: %s\nnext: name it, or a folder or pattern of them, at schema: in %s, then schemacheck diff\n",
			report.Escape(strings.Join(found, ", ")), config.Name)
	}
	return nil
}

var plainPath = regexp.MustCompile(`^[A-Za-z0-9_./-]+$`)

// inYAML writes a path as a value of YAML.
func inYAML(path string) string {
	if plainPath.MatchString(path) {
		return path
	}
	quoted, err := json.Marshal(path) // which YAML reads, too
	if err != nil {
		return path
	}
	return string(quoted)
}

// writeNew writes a file from a template, unless there is one.
func (p program) writeNew(path, name string, with any) (written bool, err error) {
	at := p.path(filepath.FromSlash(path))
	if _, err := os.Lstat(at); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	text, err := fromTemplate(name, with)
	if err != nil {
		return false, err
	}
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		return false, fmt.Errorf("making a folder: %w", err)
	}
	if err := fixes.Replace(at, text, 0o644); err != nil {
		return false, fmt.Errorf("writing %s: %w", path, err)
	}
	return true, nil
}

// fromTemplate fills in one of the templates.
func fromTemplate(name string, with any) ([]byte, error) {
	text, err := templates.ReadFile("templates/" + name)
	if err != nil {
		return nil, err
	}
	t, err := template.New(name).Parse(string(text))
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, with); err != nil {
		return nil, fmt.Errorf("filling in %s: %w", name, err)
	}
	return b.Bytes(), nil
}

// Where a schema is looked for: so deep, and among so many files.
const (
	schemaDepth = 4
	schemaMost  = 10_000
	schemaSize  = 4 << 20 // bytes
)

// schemaFiles are the files below a folder that declare types, as paths from it.
func schemaFiles(dir string) ([]string, error) {
	var found []string
	seen := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // what cannot be read is not the schema
		}
		if seen++; seen > schemaMost {
			return fs.SkipAll
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			hidden := strings.HasPrefix(name, ".") || name == "node_modules" || name == "vendor" || name == "testdata"
			if rel != "." && (hidden || strings.Count(rel, string(filepath.Separator)) >= schemaDepth) {
				return fs.SkipDir
			}
			return nil
		}
		if ext := filepath.Ext(name); ext != ".graphql" && ext != ".gql" && ext != ".graphqls" || !d.Type().IsRegular() {
			return nil
		}
		if declaresTypes(path) {
			found = append(found, rel)
		}
		return nil
	})
	return found, err
}

// declaresTypes reports whether a file is a schema with types, and no operations.
func declaresTypes(path string) bool {
	info, err := os.Stat(path)
	if err != nil || info.Size() > schemaSize {
		return false
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return false
	}
	parsed, err := sdl.Parse(&sdl.File{Name: path, Text: string(text)})
	return err == nil && len(parsed.Definitions) > 0
}
