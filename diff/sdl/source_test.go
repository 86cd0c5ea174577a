package sdl

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// write makes files: names with "/" and their texts.
func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// load gives "name=text" for each file, or the error.
func load(t *testing.T, l Loader, arg string) ([]string, error) {
	t.Helper()
	type answer struct {
		files []*File
		err   error
	}
	done := make(chan answer, 1)
	go func() {
		files, err := l.Load(t.Context(), arg)
		done <- answer{files, err}
	}()
	select {
	case a := <-done:
		var got []string
		for _, f := range a.files {
			got = append(got, f.Name+"="+f.Text)
		}
		if a.err != nil && a.files != nil {
			t.Errorf("%s: files and an error", arg)
		}
		return got, a.err
	case <-time.After(time.Minute):
		t.Fatalf("%s: no answer", arg)
		return nil, nil
	}
}

func checkLoad(t *testing.T, l Loader, arg string, want []string, wantErr string) {
	t.Helper()
	got, err := load(t, l, arg)
	if err != nil {
		if err.Error() != wantErr {
			t.Errorf("%s: got the error %q, want %q %q", arg, err, want, wantErr)
		}
		return
	}
	if wantErr != "" || !slices.Equal(got, want) {
		t.Errorf("%s: got %q, want %q %q", arg, got, want, wantErr)
	}
}

func TestLoadFiles(t *testing.T) {
	t.Parallel()
	// The working directory is no pattern, whatever it is called.
	dir := filepath.Join(t.TempDir(), "a [b] {c,d} *", "here")
	write(t, dir, map[string]string{
		"one.graphql": "1", "sub/a.graphql": "a", "sub/a/z.gql": "z", "sub/b.GraphQLs": "b", "sub/notes.txt": "n", "sub/.hidden.graphql": "h", "sub/.git/x.graphql": "x",
		"sub/node_modules/y/y.graphql": "y", "with space/ü 'q\" $x.graphql": "s", "w[x].graphql": "w", "../up.graphql": "u", "empty/x.txt": "", "dir.graphql/in.graphql": "in", "-": "no",
	})
	l := Loader{Dir: dir, Stdin: strings.NewReader("in")}
	for _, c := range []struct {
		arg  string
		want []string
		err  string
	}{
		{arg: "one.graphql", want: []string{"one.graphql=1"}},
		{arg: "./one.graphql", want: []string{"one.graphql=1"}},
		{arg: "../up.graphql", want: []string{"../up.graphql=u"}},
		{arg: filepath.Join(dir, "one.graphql"), want: []string{"one.graphql=1"}},
		{arg: "sub/notes.txt", want: []string{"sub/notes.txt=n"}},
		{arg: "sub/.hidden.graphql", want: []string{"sub/.hidden.graphql=h"}},
		{arg: "with space/ü 'q\" $x.graphql", want: []string{"with space/ü 'q\" $x.graphql=s"}},
		{arg: "w[x].graphql", want: []string{"w[x].graphql=w"}},
		{arg: "sub", want: []string{"sub/a.graphql=a", "sub/a/z.gql=z", "sub/b.GraphQLs=b"}},
		{arg: "sub/", want: []string{"sub/a.graphql=a", "sub/a/z.gql=z", "sub/b.GraphQLs=b"}},
		{arg: "dir.graphql", want: []string{"dir.graphql/in.graphql=in"}},
		{arg: "sub/*.graphql", want: []string{"sub/a.graphql=a"}},
		{arg: "sub/**/*.g*", want: []string{"sub/a.graphql=a", "sub/a/z.gql=z"}},
		{arg: "{sub,.}/*.{graphql,txt}", want: []string{"one.graphql=1", "sub/a.graphql=a", "sub/notes.txt=n", "w[x].graphql=w"}},
		{arg: "../*.graphql", want: []string{"../up.graphql=u"}},
		{arg: "sub/.git/*", want: []string{"sub/.git/x.graphql=x"}},
		{arg: "w[x].graphql*", err: "w[x].graphql*: no file matches"},
		{arg: "*.gql", err: "*.gql: no file matches"},
		{arg: "none/*.gql", err: "none/*.gql: no file matches"},
		{arg: "a[.graphql", err: "a[.graphql: the glob is malformed"},
		{arg: "empty", err: "empty: the folder has no schema: no .graphql, .graphqls or .gql file is in or below it"},
		{arg: "none.graphql", err: "reading the schema: none.graphql: there is no such file or folder"},
		{arg: "one.graphql/x", err: "reading the schema: one.graphql/x: not a directory"},
		{arg: "a\x00b", err: "reading the schema: a\x00b: invalid argument"},
		{arg: strings.Repeat("x", 300), err: "reading the schema: " + strings.Repeat("x", 300) + ": file name too long"},
		{arg: "", err: "the name of the schema is empty: give a file, a folder, a glob, - or git:REF:PATH"},
		{arg: "-", want: []string{"<stdin>=in"}},
		{arg: "./-", want: []string{"-=no"}},
		{arg: "dgraph://user:s3cret@host:9080?apikey=s3cret", err: "a live server (dgraph://...) is no file and is read over its own connection"},
	} {
		checkLoad(t, l, c.arg, c.want, c.err)
	}
	checkLoad(t, Loader{Dir: dir}, "-", nil, "there is no standard input to read the schema from")
	files, err := l.Load(t.Context(), "sub/a.graphql")
	if err != nil || files[0].Path != filepath.Join(dir, "sub", "a.graphql") || files[0].Ref != "" {
		t.Errorf("got %+v, %v", files, err)
	}
}

func TestLoadFromWorkingDirectory(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"a.graphql": "a", "sub/b.graphql": "b"})
	t.Chdir(dir)
	checkLoad(t, Loader{}, ".", []string{"a.graphql=a", "sub/b.graphql=b"}, "")
	checkLoad(t, Loader{}, "*/b.graphql", []string{"sub/b.graphql=b"}, "")
	t.Chdir("sub")
	checkLoad(t, Loader{}, "..", []string{"../a.graphql=a", "b.graphql=b"}, "")
}

func TestLoadLinks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, map[string]string{"real/a.graphql": "a", "folder/own.graphql": "o"})
	for link, target := range map[string]string{"link": "real", "file.graphql": "real/a.graphql", "folder/to-file.graphql": "../real/a.graphql", "folder/to-folder": "../real", "folder/round": ".", "broken/b.graphql": "nowhere", "broken/.#b.graphql": "me@host:1"} {
		link = filepath.Join(dir, link)
		if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, link); err != nil {
			t.Skip(err)
		}
	}
	l := Loader{Dir: dir}
	checkLoad(t, l, "link", []string{"link/a.graphql=a"}, "")
	checkLoad(t, l, "file.graphql", []string{"file.graphql=a"}, "")
	checkLoad(t, l, "folder", []string{"folder/own.graphql=o", "folder/to-file.graphql=a"}, "")
	checkLoad(t, l, "folder/**/*.graphql", []string{"folder/own.graphql=o", "folder/to-file.graphql=a"}, "")
	checkLoad(t, l, "broken", nil, "reading the schema: broken/b.graphql: there is no such file or folder")
}

func TestLoadWhatIsNoText(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"zero": "type A\x00", "latin1.graphql": "# é\ntype A { # \xe9\n}", "utf16": "\xff\xfet\x00", "big": "", "limit": "", "mark": mark + "type A",
	})
	for name, size := range map[string]int64{"big": maxFileSize + 1, "limit": maxFileSize} {
		if err := os.Truncate(filepath.Join(dir, name), size); err != nil {
			t.Fatal(err)
		}
	}
	l := Loader{Dir: dir}
	checkLoad(t, l, "zero", nil, "zero: this is a binary file: byte 7 is zero")
	checkLoad(t, l, "latin1.graphql", nil, "latin1.graphql:2:12: the file is not UTF-8 from here on: save it as UTF-8")
	checkLoad(t, l, "utf16", nil, "utf16: the file is UTF-16: save it as UTF-8")
	checkLoad(t, l, "big", nil, "big: the file is larger than 32 MiB, which no schema is")
	checkLoad(t, l, "limit", nil, "limit: this is a binary file: byte 1 is zero")
	checkLoad(t, l, "mark", []string{"mark=" + mark + "type A"}, "")
	checkLoad(t, Loader{Stdin: endless{}}, "-", nil, "<stdin>: the file is larger than 32 MiB, which no schema is")
	checkLoad(t, Loader{Stdin: broken{}}, "-", nil, "reading the schema: <stdin>: it broke")
	if os.Geteuid() > 0 {
		if err := os.Chmod(filepath.Join(dir, "mark"), 0); err != nil {
			t.Fatal(err)
		}
		checkLoad(t, l, "mark", nil, "reading the schema: mark: no permission to read it")
	}
}

type endless struct{}

func (endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = ' '
	}
	return len(b), nil
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("it broke") }

func TestLoadPipesAndDevices(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no named pipes in folders")
	}
	dir := t.TempDir()
	write(t, dir, map[string]string{"folder/a.graphql": "a"})
	pipe := filepath.Join(dir, "folder", "x.graphql")
	if err := exec.Command("mkfifo", pipe).Run(); err != nil {
		t.Skip(err)
	}
	l := Loader{Dir: dir}
	checkLoad(t, l, "folder", nil, "reading the schema: folder/x.graphql: this is no file but a pipe")
	checkLoad(t, l, "folder/*", nil, "reading the schema: folder/x.graphql: this is no file but a pipe")
	checkLoad(t, l, "folder/x.graphql", nil, "reading the schema: folder/x.graphql: nothing came out of this pipe")
	checkLoad(t, Loader{Dir: "/dev"}, "zero", nil, "zero: the file is larger than 32 MiB, which no schema is")
	checkLoad(t, Loader{Dir: "/dev"}, "null", nil, "reading the schema: null: nothing came out of this device")

	// As the shell does it for <(...): the writer is there first.
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	go func() {
		time.Sleep(50 * time.Millisecond)
		_, _ = io.WriteString(w, "type A") // the load sees what is missing
		w.Close()
	}()
	name := "fd/" + strconv.Itoa(int(r.Fd()))
	if _, err := os.Stat("/dev/" + name); err != nil {
		t.Skip(err)
	}
	checkLoad(t, Loader{Dir: "/dev"}, name, []string{name + "=type A"}, "")
	runtime.KeepAlive(r)
}

func TestLoadEndsWithItsContext(t *testing.T) {
	t.Parallel()
	dir := newRepository(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (Loader{Dir: dir.path}).Load(ctx, "git:HEAD:x.graphql"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
}
