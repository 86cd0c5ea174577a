package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestReadme: the first screen of the README shows what its command prints.
func TestReadme(t *testing.T) {
	t.Parallel()
	root := moduleRoot(t)
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	const command = "    go run ./cmd/schemacheck "
	_, rest, ok := strings.Cut(string(text), command)
	line, rest, _ := strings.Cut(rest, "\n")
	_, rest, _ = strings.Cut(rest, "```text\n")
	shown, _, end := strings.Cut(rest, "```")
	if !ok || !end {
		t.Fatal("the README has no command with its output")
	}
	var out, errors strings.Builder
	p := program{in: strings.NewReader(""), out: &out, err: &errors, env: func(string) (string, bool) { return "", false }, dir: root}
	p.run(t.Context(), strings.Fields(line))
	if d := cmp.Diff(shown, out.String()); d != "" || errors.Len() > 0 {
		t.Errorf("the README does not show what the program prints (-README +program):\n%s%s", d, errors.String())
	}
}
