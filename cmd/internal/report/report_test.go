package report

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestFingerprint(t *testing.T) {
	t.Parallel()
	// Fingerprints stand in configuration files and in other people's
	// databases: this value never changes. printf '8:id-added13:User.username0:0:' | sha256sum
	const want = "fa90dbb506920e741922c6d930cac9f45353c293744219fd258722ac916ec625"
	if got := Fingerprint("id-added", "User.username", "", ""); got != want {
		t.Errorf("fingerprint = %s, want %s", got, want)
	}
	seen := map[string][]string{}
	for _, parts := range [][]string{
		{"ab", "c", "", ""}, {"a", "bc", "", ""}, {"ab", "", "c", ""}, {"ab", "", "", "c"},
		{"", "ab", "c", ""}, {"ab", "c\x00", "", ""}, {"ab", "c0:0:", "", ""}, {"ab1:c", "", "", ""},
	} {
		print := Fingerprint(parts[0], parts[1], parts[2], parts[3])
		if other, ok := seen[print]; ok {
			t.Errorf("%q and %q share a fingerprint", parts, other)
		}
		seen[print] = parts
	}
}

func TestSeal(t *testing.T) {
	t.Parallel()
	r := &Report{Findings: []Finding{
		{Rule: "b", Severity: Error, Coordinate: "T.b", Reversible: true, Fixes: []Fix{{ID: "x"}, {ID: "y"}}},
		{Rule: "a", Severity: Info, Coordinate: "T.a"},
		{Rule: "c", Severity: Warning, Coordinate: "T.c", Message: "x"},
		{Rule: "c", Severity: Warning, Coordinate: "T.c", Message: "y"},
	}, Suppressed: []Suppressed{{Finding: Finding{Rule: "d", Severity: Error, Fixes: []Fix{{ID: "x"}}}, Reason: "reason"}}}
	r.Seal()
	r.Seal() // a second time adds nothing
	if diff := cmp.Diff(Summary{Error: 1, Warning: 2, Info: 1, OneWay: 3, Fixable: 1, Suppressed: 1}, r.Summary); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
	if got := r.Findings[0].Rule; got != "a" {
		t.Errorf("first finding is %s, want a: not sorted", got)
	}
	want := []string{Fingerprint("c", "T.c", "", "")}
	if diff := cmp.Diff(want, Duplicates(r.Findings)); diff != "" {
		t.Errorf("duplicates (-want +got):\n%s", diff)
	}
	if got := r.Failing(Error); got != 1 {
		t.Errorf("failing = %d, want 1: what is suppressed does not fail", got)
	}
}

func TestFailing(t *testing.T) {
	t.Parallel()
	r := &Report{Findings: []Finding{{Severity: Error}, {Severity: Warning}, {Severity: Warning}, {Severity: Info}}}
	for threshold, want := range map[Severity]int{Error: 1, Warning: 3, Info: 4, Never: 0} {
		if got := r.Failing(threshold); got != want {
			t.Errorf("failing at %s = %d, want %d", threshold, got, want)
		}
	}
}

func TestSortIsTotal(t *testing.T) {
	t.Parallel()
	var sorted []Finding
	for _, file := range []string{"a.graphql", "b.graphql"} {
		for _, ref := range []string{"", "main"} {
			for _, line := range []int{2, 10} {
				for _, column := range []int{3, 20} {
					for _, rule := range []string{"id-added", "id-removed"} {
						for _, coordinate := range []string{"A.x", "B.x"} {
							for _, subject := range []string{"", "S"} {
								for _, to := range []string{"", "A.y"} {
									sorted = append(sorted, Finding{
										Rule: rule, Coordinate: coordinate, Subject: subject, To: to,
										Location: Location{File: file, Ref: ref, Line: line, Column: column},
									})
								}
							}
						}
					}
				}
			}
		}
	}
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 0))
	for range 20 {
		mixed := append([]Finding(nil), sorted...)
		random.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
		Sort(mixed)
		if diff := cmp.Diff(sorted, mixed); diff != "" {
			t.Fatalf("seed %d: (-want +got):\n%s", seed, diff)
		}
	}
}

func TestFormats(t *testing.T) {
	t.Parallel()
	if Formats[0].Name != "text" {
		t.Errorf("the default format is %s, want text", Formats[0].Name)
	}
	seen := map[string]bool{}
	for i, f := range Formats {
		if seen[f.Name] || f.Name == "" || f.Description == "" || f.Write == nil {
			t.Errorf("format %q is not whole, or there twice", f.Name)
		}
		seen[f.Name] = true
		if got, ok := FormatNamed(f.Name); !ok || got.Description != f.Description {
			t.Errorf("FormatNamed(%q) finds %q", f.Name, got.Name)
		}
		if FormatNames()[i] != f.Name {
			t.Errorf("FormatNames()[%d] = %s, want %s", i, FormatNames()[i], f.Name)
		}
	}
	if _, ok := FormatNamed("Text"); ok {
		t.Error("FormatNamed finds a format that does not exist")
	}
}

func TestWriteErrors(t *testing.T) {
	t.Parallel()
	for _, f := range Formats {
		if err := f.Write(brokenPipe{}, shapes(), Options{}); err == nil {
			t.Errorf("%s: a report that could not be written is no error", f.Name)
		}
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, fmt.Errorf("broken pipe") }

func TestToldNumbers(t *testing.T) {
	t.Parallel()
	for n, want := range map[uint64]string{0: "0", 7: "7", 999: "999", 1000: "1,000", 1204113: "1,204,113"} {
		if got := thousands(n); got != want {
			t.Errorf("thousands(%d) = %s, want %s", n, got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		0: "0s", 2130 * time.Millisecond: "2.1s", 350*time.Millisecond + 1: "350ms", 62 * time.Second: "1m2s",
	} {
		if got := duration(d); got != want {
			t.Errorf("duration(%d) = %s, want %s", d, got, want)
		}
	}
}
