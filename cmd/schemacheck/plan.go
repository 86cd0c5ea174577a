package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/rules"
)

func (p program) planCommand() *cobra.Command {
	o := &fixOptions{guided: true}
	cmd := &cobra.Command{
		Use:   "plan [[OLD] NEW]",
		Short: "Tell in which order application, schema and data are deployed",
		Long: `Tell for a change of the schema what goes out in which order: the application that
is ready for both schemas, the new schema with what is to be done to the stored data
before and after it, the application for the new schema only, and what deletes, later.
The arguments and the choice of fixes are those of schemacheck fix. Nothing is changed.

--out writes the plan of what changes stored data into a folder, as fix does, and
beside it a file for each deploy.

Findings do not fail it: schemacheck diff is the gate. It reports them, as --format and
--report say, only where they are in its way: an invalid schema, or data that could not
be asked.`,
		Example: `  schemacheck plan old.graphql new.graphql
  schemacheck plan old.graphql new.graphql --prefer migration --out migrations
  schemacheck plan git:main:schema.graphql schema.graphql --alpha localhost:9080

Exit codes: 0 told; 2 usage, or a schema that cannot be read or is invalid, or fixes
that have to know more; 3 could not finish.`,
		Args: arguments(0, 2, "two schemas, OLD and NEW, or NEW alone, or none"),
		RunE: func(cmd *cobra.Command, args []string) error {
			p.warnOfSecrets(cmd, args)
			if err := p.environment(cmd); err != nil {
				return err
			}
			o.arguments(args)
			o.asked = args
			o.repeat = o.again()
			return p.fix(cmd, o)
		},
	}
	flags := cmd.Flags()
	o.bindAll(flags)
	o.base.bind(flags)
	o.choiceOptions.bind(flags)
	o.planOptions.bind(flags)
	_ = flags.MarkHidden("fail-on") // a job can set it for all commands, and here it decides nothing
	complete(cmd, "prefer", string(rules.Directive), string(rules.Migration))
	return cmd
}

// again are the flags that choose the same fixes once more.
func (o *fixOptions) again() string {
	var all []string
	if o.prefer != "" {
		all = append(all, "--prefer", o.prefer)
	}
	for _, s := range o.choose {
		all = append(all, "--choose", spelt(s))
	}
	for _, s := range o.set {
		all = append(all, "--set", spelt(s))
	}
	return strings.Join(all, " ")
}

// guide writes what goes out in which order, and the files that are wanted.
func (p program) guide(m *mended, o *fixOptions) error {
	if err := m.planned.unready(); err != nil {
		return err
	}
	at := "PLAN"
	id := time.Now().UTC().Format(timeOfID) + "-deploy"
	if plan := m.planned.plan; plan != nil {
		id = plan.ID
		if o.out != "" {
			path, fresh, err := p.writePlan(o.out, plan)
			if err != nil {
				return &problem{exitUnfinished, err}
			}
			at = path
			if !fresh {
				fmt.Fprintf(p.err, "schemacheck: the plan is there already: %s\n", report.Escape(path))
			}
		}
	}
	all := m.deploys(o.asked, o.repeat, at)
	fmt.Fprint(p.out, guide(all))
	if o.out == "" {
		if m.planned.plan != nil {
			fmt.Fprintln(p.out, "next: the same with --out migrations, which writes the plan and a file for each deploy")
		}
		return nil
	}
	paths, err := p.writeDeploys(o.out, id, all)
	for _, path := range paths {
		fmt.Fprintf(p.out, "wrote %s\n", report.Escape(path))
	}
	if err != nil {
		return &problem{exitUnfinished, err}
	}
	return nil
}
