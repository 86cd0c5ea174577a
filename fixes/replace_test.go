package fixes

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// TestReplace: a file has what it was given, new ones the mode that is asked for and others their own, and nothing else is
// left in the folder, also when it fails.
func TestReplace(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "a file.txt")
	holds := func(text string, mode fs.FileMode) {
		t.Helper()
		got, err := os.ReadFile(path)
		if err != nil || string(got) != text {
			t.Errorf("the file has %q, %v, want %q", got, err, text)
		}
		if info, err := os.Stat(path); runtime.GOOS != "windows" && (err != nil || info.Mode() != mode) {
			t.Errorf("the mode is %v, %v, want %v", info.Mode(), err, mode)
		}
	}
	if err := Replace(path, []byte("one"), 0o600); err != nil {
		t.Fatal(err)
	}
	holds("one", 0o600)
	if err := Replace(path, []byte("two, which is longer"), 0o644); err != nil {
		t.Fatal(err)
	}
	holds("two, which is longer", 0o600)
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Replace(filepath.Join(dir, "folder"), nil, 0o600); err == nil {
		t.Error("a folder was replaced")
	}
	if err := Replace(filepath.Join(dir, "nowhere", "x"), nil, 0o600); err == nil {
		t.Error("a file was written into a folder that is not there")
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("the folder has %v, %v", entries, err)
	}
}
