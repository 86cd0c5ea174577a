package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/schemacheck/schemacheck/fixes/migrate"
)

// hook lets the command of a flag run that is to run around batches; nil when there
// is none.
func (p program) hook(flag, text string) func(context.Context, migrate.Status) error {
	argv, err := argvOf(text)
	if text == "" || err != nil { // which was refused before
		return nil
	}
	return func(ctx context.Context, s migrate.Status) error {
		if err := p.call(ctx, argv, s); err != nil {
			return fmt.Errorf("the command of %s failed, so that the run pauses: %w", flag, err)
		}
		return nil
	}
}

// argvOf reads a command: no shell sees it.
func argvOf(text string) ([]string, error) {
	if !strings.HasPrefix(strings.TrimSpace(text), "[") {
		return []string{text}, nil
	}
	var argv []string
	if err := json.Unmarshal([]byte(text), &argv); err != nil {
		return nil, fmt.Errorf("%s is no JSON array of texts: %w", text, err)
	}
	if len(argv) == 0 || argv[0] == "" {
		return nil, errors.New("the command has no name")
	}
	return argv, nil
}

// hookWait is how long a command may still take after the run was interrupted.
const hookWait = 5 * time.Second

// call runs a command. It learns from its environment where the run is; the
// settings of schemacheck itself, secrets among them, are not in there.
func (p program) call(ctx context.Context, argv []string, s migrate.Status) error {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.WaitDelay = p.dir, p.err, p.err, hookWait
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "SCHEMACHECK_") {
			cmd.Env = append(cmd.Env, entry)
		}
	}
	cmd.Env = append(cmd.Env, "SCHEMACHECK_RUN_PLAN="+s.Plan, "SCHEMACHECK_RUN_PHASE="+string(s.Phase), "SCHEMACHECK_RUN_STEP="+s.Step,
		"SCHEMACHECK_RUN_NODES="+strconv.FormatUint(s.Counts.Nodes, 10), "SCHEMACHECK_RUN_CHANGED="+strconv.FormatUint(s.Counts.Changed, 10),
		"SCHEMACHECK_RUN_BATCHES="+strconv.FormatUint(s.Counts.Batches, 10))
	return cmd.Run()
}
