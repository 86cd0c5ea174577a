package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/pflag"

	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/rules"
)

// dataOptions are how the stored data is asked.
type dataOptions struct {
	budget          time.Duration
	requireComplete bool
	samples         int
	showValues      bool
	memory          int
	readGeo         bool
}

func (o *dataOptions) bind(flags *pflag.FlagSet) {
	flags.DurationVar(&o.budget, "budget", time.Minute, "`TIME` for questions to the data, 0 for no limit; what does not fit is reported as not asked")
	flags.BoolVar(&o.requireComplete, "require-complete", false, "exit with 3 when a question could not be asked to the end")
	flags.IntVar(&o.samples, "samples", 5, "`NUMBER` of nodes to name for each finding")
	flags.BoolVar(&o.showValues, "show-values", false, "show the values of these nodes too")
	flags.IntVar(&o.memory, "memory", 256, "`MIB` of memory for comparing values; above it the data is read several times")
	flags.BoolVar(&o.readGeo, "read-geo", false, "read values of geo predicates: where one was a string once, that can end an alpha")
}

func (o *dataOptions) check() error {
	switch {
	case o.budget < 0:
		return fmt.Errorf("--budget %v: expected a time such as 90s, or 0 for no limit", o.budget)
	case o.samples < 0:
		return fmt.Errorf("--samples %d: expected 0 or more", o.samples)
	case o.memory < 1:
		return fmt.Errorf("--memory %d: expected 1 or more MiB", o.memory)
	}
	return nil
}

// settle asks the data about the findings and notes in the report how far that
// went. Its error is for after the report: what is known stays in it.
func (p program) settle(ctx context.Context, l *live, o *dataOptions, quiet bool, r *report.Report, findings []*rules.Finding) error {
	begin := time.Now()
	told := p.progress(quiet)
	samples := o.samples
	if samples == 0 {
		samples = -1 // none
	}
	var moment dql.Moment
	err := rules.Settle(findings, func(questions []dql.Question) ([]dql.Answer, error) {
		reader := func(context.Context) (dql.Reader, error) { return l.client.Snapshot(), nil }
		answers, at, err := dql.Ask(ctx, reader, questions, dql.Options{
			Budget: o.budget, Samples: samples, Memory: int64(o.memory) << 20, ReadGeo: o.readGeo,
			Progress: told.tell, Readable: l.readable(),
		})
		moment = at
		return answers, err
	})
	told.end()
	for _, f := range findings {
		for i := range f.Evidence.Samples {
			if !o.showValues {
				f.Evidence.Samples[i].Values = nil
			}
		}
	}
	r.Data = report.Data{
		Asked: true, Complete: err == nil, Alpha: l.addr, Duration: time.Since(begin),
		ReadTs: report.ReadTs{From: moment.From, To: moment.To},
	}
	for _, f := range findings {
		if e := f.Evidence; (e.Asked || e.Reason != "") && !e.Complete && !e.AtLeast {
			r.Data.Complete = false
		}
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return &problem{exitUnfinished, err}
	}
	return o.complete(r)
}

// complete holds the report against --require-complete.
func (o *dataOptions) complete(r *report.Report) error {
	if o.requireComplete && !r.Data.Complete {
		return &problem{exitUnfinished, errors.New("--require-complete: not all questions to the data could be asked to the end")}
	}
	return nil
}
