package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// manCommand is for those who make packages, and in no list of commands.
func (p program) manCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "man DIR",
		Short:  "Write the manual pages into a folder",
		Hidden: true,
		Long: `Write a manual page for each command into a folder, which is made when it is not
there: for packages of schemacheck. The pages say the same as --help. Their date is
today, or what the environment variable SOURCE_DATE_EPOCH says, so that a package
can be built again with the same bytes.`,
		Example: `  schemacheck man share/man/man1

Exit codes: 0 done; 2 usage; 3 a page could not be written.`,
		Args: arguments(1, 1, "a folder"),
		RunE: func(_ *cobra.Command, args []string) error {
			date, err := p.buildDate()
			if err != nil {
				return err
			}
			n, err := p.writeManual(p.path(args[0]), date)
			if err != nil {
				return &problem{exitUnfinished, fmt.Errorf("writing the manual pages: %w", err)}
			}
			fmt.Fprintf(p.out, "wrote %d pages into %s\n", n, shown(args[0]))
			return nil
		},
	}
}

// buildDate is the date that reproducible builds give, else today.
func (p program) buildDate() (time.Time, error) {
	const variable = "SOURCE_DATE_EPOCH"
	text, ok := p.env(variable)
	if !ok || text == "" {
		return time.Now(), nil
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("environment variable %s %q: expected seconds since 1970", variable, text)
	}
	return time.Unix(seconds, 0).UTC(), nil
}

// writeManual writes the pages of all commands, and says how many there are.
func (p program) writeManual(dir string, date time.Time) (pages int, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return 0, err
	}
	root := p.root()
	root.DisableAutoGenTag = true
	header := &doc.GenManHeader{Source: "schemacheck " + versionName(), Manual: "schemacheck manual", Date: &date}
	if err := doc.GenManTree(root, header, dir); err != nil {
		return 0, err
	}
	all, err := filepath.Glob(filepath.Join(dir, "schemacheck*.1"))
	return len(all), err
}
