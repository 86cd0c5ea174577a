package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/schemacheck/schemacheck/cmd/internal/report"
)

// talk is standard error: text for people, or with --log-format json a line of
// JSON for each event and for each line of text.
type talk struct {
	to  io.Writer
	log *slog.Logger // nil for text
}

func bindLogFormat(flags *pflag.FlagSet) {
	flags.String("log-format", "text", "`FORMAT` of what goes to standard error: text, or json with one event a line")
}

// speak takes the form that --log-format or its variable says, before anything is
// said.
func (p program) speak(cmd *cobra.Command) error {
	f := cmd.Flags().Lookup("log-format")
	if f == nil {
		return nil
	}
	format, from := f.Value.String(), ""
	if value, ok := p.env(variableOf(f.Name)); ok && value != "" && !f.Changed {
		format, from = value, "environment variable "+variableOf(f.Name)+": "
	}
	switch format {
	case "text":
	case "json":
		p.err.(*talk).log = slog.New(slog.NewJSONHandler(p.err.(*talk).to, nil))
	default:
		return fmt.Errorf("%s%w", from, unknown("value for --log-format", format, []string{"text", "json"}))
	}
	return nil
}

// Write writes text, each line of it as an event where events are written. What
// does not end a line is a question to somebody at the terminal, and stays text.
func (t *talk) Write(text []byte) (int, error) {
	if t.log == nil || !bytes.HasSuffix(text, []byte("\n")) {
		return t.to.Write(text)
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimPrefix(strings.TrimSuffix(line, "\n"), "schemacheck: ")
		level := slog.LevelInfo
		if rest, ok := strings.CutPrefix(line, "warning: "); ok {
			line, level = rest, slog.LevelWarn
		}
		t.log.Log(context.Background(), level, "note", "text", strings.TrimSpace(line))
	}
	return len(text), nil
}

// events are written to standard error; to nowhere unless --log-format says json.
func (p program) events() *slog.Logger {
	if t, ok := p.err.(*talk); ok && t.log != nil {
		return t.log
	}
	return slog.New(slog.DiscardHandler)
}

// failed says why the program ends with a code.
func (t *talk) failed(code exit, text string) {
	if t.log != nil {
		t.log.Error("failed", "exit", int(code), "error", text)
		return
	}
	for line := range strings.SplitSeq(text, "\n") {
		fmt.Fprintln(t.to, "schemacheck: "+report.Escape(line))
	}
}
