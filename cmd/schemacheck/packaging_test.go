package main

import (
	"bytes"
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// TestDockerfile: the image is built from what is there, with the Go of go.mod, and runs as nobody in particular.
func TestDockerfile(t *testing.T) {
	t.Parallel()
	root := moduleRoot(t)
	read := func(name string) string {
		t.Helper()
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	ignored := strings.Fields(regexp.MustCompile(`(?m)^#.*$`).ReplaceAllString(read(".dockerignore"), ""))
	if ignored[0] != "*" {
		t.Errorf(".dockerignore lets all in: %v", ignored)
	}
	stages, user, copied := 0, "", []string{}
	for line := range strings.Lines(read("Dockerfile")) {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		switch fields[0] {
		case "FROM":
			stages++
			user = ""
			if image := fields[len(fields)-1]; stages == 2 && !regexp.MustCompile(`^alpine:3\.\d+$`).MatchString(image) {
				t.Errorf("the image is made from %s", image)
			}
			if m := regexp.MustCompile(`golang:([0-9.]+)-alpine`).FindStringSubmatch(line); stages == 1 && (m == nil || !strings.Contains(read("go.mod"), "\ngo "+m[1]+".")) {
				t.Errorf("it is built with another Go than go.mod says: %s", line)
			}
		case "COPY":
			for _, path := range fields[1 : len(fields)-1] {
				if strings.HasPrefix(path, "--from=") || strings.HasPrefix(path, "/out/") {
					continue
				}
				copied = append(copied, path)
				if _, err := os.Stat(filepath.Join(root, path)); err != nil {
					t.Error(err)
				}
				if !slices.Contains(ignored, "!"+path) {
					t.Errorf(".dockerignore leaves out %s", path)
				}
			}
		case "USER":
			user = fields[1]
		case "ADD":
			t.Errorf("ADD fetches what nobody looked at: %s", line)
		case "ENV", "ARG":
			if regexp.MustCompile(`(?i)secret|token|password|key`).MatchString(line) {
				t.Errorf("a secret would stay in the image: %s", line)
			}
		}
	}
	if stages != 2 || !regexp.MustCompile(`^[1-9][0-9]*:[1-9][0-9]*$`).MatchString(user) {
		t.Errorf("%d stages, and the program runs as %q", stages, user)
	}
	for dir := range imports(t) {
		if top, _, _ := strings.Cut(dir, "/"); !slices.Contains(copied, top) {
			t.Errorf("the package %s is not copied", dir)
		}
	}
	var releases struct {
		Dockers []struct {
			ExtraFiles []string `yaml:"extra_files"`
			Dockerfile string
		} `yaml:"dockers_v2"`
	}
	if err := yaml.Unmarshal([]byte(read(".goreleaser.yaml")), &releases); err != nil || len(releases.Dockers) != 1 {
		t.Fatalf("%v, %+v", err, releases)
	}
	if got := releases.Dockers[0]; got.Dockerfile != "Dockerfile" || !slices.Equal(got.ExtraFiles, copied) {
		t.Errorf("releases give the Dockerfile %v, and it copies %v", got, copied)
	}
}

// TestStatic: the command by which the Dockerfile builds the program makes one that needs nothing else, and that has the
// version that it is given.
func TestStatic(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("for the image, which is Linux")
	}
	root := moduleRoot(t)
	text, err := os.ReadFile(filepath.Join(root, "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	_, command, ok := strings.Cut(string(text), "\nRUN CGO_ENABLED=0 ")
	command, _, _ = strings.Cut("CGO_ENABLED=0 "+command, "\n")
	if !ok || !strings.Contains(command, "-o /out/schemacheck ") {
		t.Fatalf("the Dockerfile does not build as this test expects: %s", command)
	}
	out := filepath.Join(t.TempDir(), "schemacheck")
	cmd := exec.Command("sh", "-c", strings.Replace(command, "/out/schemacheck", out, 1))
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "TARGETOS="+runtime.GOOS, "TARGETARCH="+runtime.GOARCH, "VERSION=v9.8.7")
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", command, err, said)
	}
	f, err := elf.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			t.Errorf("the program is not static: it has %v", p.Type)
		}
	}
	if f.Section(".symtab") != nil || f.Section(".debug_info") != nil {
		t.Error("the program has symbols, which nobody needs")
	}
	binary, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(binary, []byte(root+"/")) {
		t.Errorf("the program has paths of this machine in it: %s", root)
	}
	if len(binary) > 48<<20 {
		t.Errorf("the program has %d MiB", len(binary)>>20)
	}
	said, err := exec.Command(out, "version").Output()
	if err != nil || !strings.HasPrefix(string(said), "schemacheck v9.8.7 (go") {
		t.Errorf("it says %s, %v", said, err)
	}
}

// TestReleases: archives have the names by which action.yml downloads them, and what packages bring along is what
// .ci/extras makes.
func TestReleases(t *testing.T) {
	t.Parallel()
	root := moduleRoot(t)
	text, err := os.ReadFile(filepath.Join(root, ".goreleaser.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var r struct {
		ProjectName string `yaml:"project_name"`
		Builds      []struct{ Goos, Goarch, Env, Flags []string }
		Archives    []struct {
			NameTemplate string `yaml:"name_template"`
			Files        []struct{ Src string }
		}
		Checksum struct {
			NameTemplate string `yaml:"name_template"`
		}
		NFPMs []struct{ Contents []struct{ Src string } }
	}
	if err := yaml.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Builds) != 1 || len(r.Archives) != 1 || r.ProjectName+strings.TrimPrefix(r.Archives[0].NameTemplate, "{{ .ProjectName }}") != "schemacheck_{{ .Version }}_{{ .Os }}_{{ .Arch }}" || r.Checksum.NameTemplate != "checksums.txt" {
		t.Fatalf("install.sh would not find %+v", r)
	}
	if b := r.Builds[0]; !slices.Equal(b.Goos, []string{"linux", "darwin", "windows"}) || !slices.Equal(b.Goarch, []string{"amd64", "arm64"}) || !slices.Contains(b.Env, "CGO_ENABLED=0") || !slices.Contains(b.Flags, "-trimpath") {
		t.Errorf("it builds %+v", b)
	}
	extras, err := os.ReadFile(filepath.Join(root, ".ci", "extras"))
	if err != nil {
		t.Fatal(err)
	}
	files := []string{}
	for _, f := range r.Archives[0].Files {
		files = append(files, f.Src)
	}
	for _, p := range r.NFPMs {
		for _, f := range p.Contents {
			files = append(files, f.Src)
		}
	}
	for _, f := range files {
		made, ok := strings.CutPrefix(f, ".cache/extras/")
		if !ok {
			if _, err := os.Stat(filepath.Join(root, f)); err != nil {
				t.Error(err)
			}
		} else if !strings.Contains(string(extras), "$to/"+strings.TrimSuffix(made, "/*")) {
			t.Errorf(".ci/extras does not make %s", f)
		}
	}
}
