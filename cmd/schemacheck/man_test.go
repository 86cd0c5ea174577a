package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// TestManual: each page says all that --help says. The pages pass through Markdown, which takes some signs for its own.
func TestManual(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "man")
	var p program
	pages, err := p.writeManual(dir, time.Unix(0, 0).UTC())
	if err != nil {
		t.Fatal(err)
	}
	macro, font := regexp.MustCompile(`(?m)^\.(nh|PP|EX|EE|SH.*|TH.*|RS|RE|IP.*|TP.*)$`), regexp.MustCompile(`\\f[BIRP]`)
	// plain has what a reader sees, without blanks, since lines are broken elsewhere.
	plain := func(text string) string { return strings.Join(strings.Fields(text), "") }
	seen := 0
	var look func(cmd *cobra.Command)
	look = func(cmd *cobra.Command) {
		for _, c := range cmd.Commands() {
			if c.IsAvailableCommand() {
				look(c)
			}
		}
		seen++
		path := filepath.Join(dir, strings.ReplaceAll(cmd.CommandPath(), " ", "-")+".1")
		text, err := os.ReadFile(path)
		if err != nil {
			t.Error(err)
			return
		}
		page := font.ReplaceAllString(macro.ReplaceAllString(string(text), ""), "")
		page = plain(strings.NewReplacer(`\-`, "-", `\(aq`, "'", `\&`, "", `\e`, `\`).Replace(page))
		says := func(what, text string) {
			if text = plain(text); !strings.Contains(page, text) {
				t.Errorf("%s: the page does not have %s: %s", cmd.CommandPath(), what, text)
			}
		}
		says("what it does", cmd.Short)
		for paragraph := range strings.SplitSeq(cmd.Long, "\n\n") {
			says("a paragraph", paragraph)
		}
		says("the examples", cmd.Example)
		cmd.NonInheritedFlags().VisitAll(func(f *pflag.Flag) {
			if !f.Hidden && f.Name != "help" {
				says("the flag "+f.Name, strings.ReplaceAll(f.Usage, "`", ""))
			}
		})
	}
	look(p.root())
	if seen != pages || seen < 20 {
		t.Errorf("%d pages for %d commands", pages, seen)
	}
}
