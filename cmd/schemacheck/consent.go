package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"github.com/schemacheck/schemacheck/cmd/internal/config"
	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/fixes/migrate"
)

// consent is the word that has to be given before anything is written.
type consent struct {
	yes  bool
	name string // of a protected environment
}

func (c *consent) bind(flags *pflag.FlagSet) {
	flags.BoolVar(&c.yes, "yes", false, "do not ask before writing")
	flags.StringVar(&c.name, "confirm", "", "write to the protected environment of that `NAME`, where nobody can be asked")
}

// destination is where something would be written.
type destination struct {
	alpha     string
	namespace uint64
	// protected is the name of the environment when it is a protected one.
	protected string
}

// destinationOf is what a connection leads to.
func destinationOf(c *connection, settings dql.Config, cfg *config.Config) destination {
	d := destination{alpha: settings.Alphas[0], namespace: settings.Namespace}
	if cfg.Environments[c.env].Protected {
		d.protected = c.env
	}
	return d
}

// agree shows what would be written where, and returns an error unless somebody
// agrees to that: on a terminal by typing the host, elsewhere by --yes; for a
// protected environment always by its name.
func (p program) agree(c *consent, to destination, what []string) error {
	wanted, flag := to.alpha, "--yes"
	switch {
	case to.protected != "" && c.name == to.protected, to.protected == "" && c.yes:
		return nil
	case c.name != "":
		return fmt.Errorf("--confirm %s: that is not the environment that is written to", c.name)
	case to.protected != "":
		wanted, flag = to.protected, "--confirm "+to.protected
	}
	fmt.Fprintf(p.err, "On %s, namespace %d:\n", report.Escape(to.alpha), to.namespace)
	for _, line := range what {
		fmt.Fprintf(p.err, "  %s\n", report.Escape(line))
	}
	in, ok := p.in.(*os.File)
	if !ok || !isTerminal(in) {
		return fmt.Errorf("nothing is written without a word: add %s when this is what is wanted", flag)
	}
	fmt.Fprintf(p.err, "Type %s to go on: ", report.Escape(wanted))
	line, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("reading the answer: %w", err)
	}
	if strings.TrimSpace(line) != wanted {
		return fmt.Errorf("that is not %s: nothing was written", wanted)
	}
	return nil
}

// inWords is what phases of plans would do, a line each.
func inWords(files []migrate.File, open []migrate.Status) []string {
	var all []string
	for _, s := range open {
		for _, f := range files {
			if f.ID != s.Plan {
				continue
			}
			for _, step := range f.Steps {
				if step.Phase != s.Phase {
					continue
				}
				line := fmt.Sprintf("%s, %s: %s", s.Plan, s.Phase, step.Title)
				if step.Nodes != nil {
					line += fmt.Sprintf(" (%s, when the plan was made)", number(*step.Nodes, "node", "nodes"))
				}
				all = append(all, line)
			}
		}
	}
	return all
}
