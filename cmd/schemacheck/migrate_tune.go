package main

import (
	"errors"
	"math"

	"github.com/spf13/cobra"
)

func (p program) migrateTuneCommand() *cobra.Command {
	o := &telling{}
	var rate float64
	var size int
	cmd := &cobra.Command{
		Use:   "tune [PLAN]",
		Short: "Change how fast a run is that is at work elsewhere",
		Long: `Leave word in the database for the run of a plan to go through at most so many nodes a
second from the next batch on, or to make batches of another size. It holds until the
run ends; the next one has its own flags.`,
		Example: `  schemacheck migrate tune user-phone --rate 500 --alpha localhost:9080
  schemacheck migrate tune --all --rate 0 --batch-size 200

Exit codes: 0 told; 2 usage; 3 no run is at work that could be told.`,
	}
	o.bind(p, cmd, "it does so from the next batch on", []string{"status"}, func() error {
		flags := cmd.Flags()
		switch {
		case !flags.Changed("rate") && !flags.Changed("batch-size"):
			return errors.New("say what is to change: --rate NODES or --batch-size NODES")
		case math.IsNaN(rate) || math.IsInf(rate, 0):
			return given(flags, "rate", errRate)
		case rate < 0:
			return given(flags, "rate", errors.New("--rate: not less than 0"))
		case size < 0:
			return given(flags, "batch-size", errors.New("--batch-size: not less than 0"))
		}
		if flags.Changed("rate") {
			o.wish.Rate = &rate
		}
		if flags.Changed("batch-size") {
			o.wish.BatchSize = &size
		}
		return nil
	})
	cmd.Flags().Float64Var(&rate, "rate", 0, "at most `NODES` a second; 0 for no limit")
	cmd.Flags().IntVar(&size, "batch-size", 0, "`NODES` in one transaction; 0 lets it follow the time that batches take")
	return cmd
}
