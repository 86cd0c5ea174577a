//go:build !race

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// cpu is the CPU time, user and system, that the process has used.
func cpu(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// least is the smallest CPU time of some runs of f: what it costs, its garbage
// included, when nothing else disturbs it. One processor keeps the collector
// from using idle ones, which would count.
func least(t *testing.T, runs int, f func()) time.Duration {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	best := time.Hour
	for range runs {
		runtime.GC()
		start := cpu(t)
		f()
		best = min(best, cpu(t)-start)
	}
	return best
}

// slower is by how much this machine is slower at this moment than the one that bounds on CPU were made on, which parsed
// 2,000 linked types twice in 35 ms of it; 1 when it is not.
func slower(t *testing.T) float64 {
	t.Helper()
	before, after := ring(2_000)
	n := max(1, float64(least(t, 5, func() { parseTexts(t, before, after) }))/float64(35*time.Millisecond))
	if n > 1 {
		t.Logf("CPU is bounded by %.2f times as much: the machine is slow", n)
	}
	return n
}

// bounded runs what costs CPU, and again while that is more than the bound: a noisy machine gets another chance. The
// bound is for the machine that it was made on.
func bounded(t *testing.T, what string, most time.Duration, cost func() time.Duration) {
	t.Helper()
	for try := 1; ; try++ {
		spent, allowed := cost(), time.Duration(slower(t)*float64(most))
		t.Logf("%s: %v of CPU", what, spent)
		if spent <= allowed {
			return
		}
		if try == 3 {
			t.Errorf("%s: %v of CPU, want at most %v", what, spent, allowed)
			return
		}
	}
}

// TestDiffCost holds the whole diff, its three layers and the report, to six
// times the CPU of parsing both texts with gqlparser, measured side by side.
func TestDiffCost(t *testing.T) {
	const most = 6.0
	for _, c := range []struct {
		name string
		pair func(*testing.T) (before, after string)
	}{
		{"largest real pair", func(t *testing.T) (before, after string) { return corpusPair(t, largestPair) }},
		{"2,000 linked types", func(*testing.T) (before, after string) { return ring(2_000) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			before, after := c.pair(t)
			ratio := 0.0
			for range 3 { // a noisy machine gets another chance
				parse := least(t, 10, func() { parseTexts(t, before, after) })
				whole := least(t, 10, func() { compareTexts(t, before, after) })
				ratio = float64(whole) / float64(parse)
				t.Logf("parsing %v of CPU, diff %v, ratio %.2f", parse, whole, ratio)
				if ratio <= most {
					return
				}
			}
			t.Errorf("the diff costs %.2f times as much as parsing both texts, want at most %.1f", ratio, most)
		})
	}
}

// TestFixCost holds the directive fixes of the largest real pair, the check of
// the result and its diff included, to 100 ms of CPU.
func TestFixCost(t *testing.T) {
	const most = 100 * time.Millisecond
	before, after := corpusPair(t, largestPair)
	fix := fixing(t, before, after)
	bounded(t, "the directive fixes of the largest pair", most, func() time.Duration {
		return least(t, 10, func() {
			m := fix()
			if r := m.repairs(); len(m.Failed) > 0 || len(m.Done) == 0 || r.Diff == "" {
				t.Fatalf("%d made, %d failed", len(m.Done), len(m.Failed))
			}
		})
	})
}

// TestVersionCost holds the start of the program to 15 ms of CPU, user and
// system together, the least of some runs.
func TestVersionCost(t *testing.T) {
	program := filepath.Join(t.TempDir(), "schemacheck")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	bounded(t, "schemacheck version", 15*time.Millisecond, func() time.Duration {
		best := time.Hour
		for range 20 {
			cmd := exec.Command(program, "version")
			if err := cmd.Run(); err != nil {
				t.Fatal(err)
			}
			best = min(best, cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime())
		}
		return best
	})
}

// TestRingCost holds the diff of types in one ring to a cost that does not grow
// with the ring: Dgraph's own code needs minutes for this.
func TestRingCost(t *testing.T) {
	const types, most = 5_000, 2 * time.Second
	before, after := ring(types)
	bounded(t, fmt.Sprintf("%d types in a ring", types), most, func() time.Duration {
		return least(t, 3, func() { compareTexts(t, before, after) })
	})
}

// TestPeakMemory holds the program to 150 MiB, and to 250 where hundreds of types get other names at once: all that is
// generated for them has all others for causes.
func TestPeakMemory(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "schemacheck")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	for _, c := range []struct {
		name string
		pair func(*testing.T) (before, after string)
		mib  int
	}{
		{"largest real pair", func(t *testing.T) (before, after string) { return corpusPair(t, largestPair) }, 150},
		{"2,000 linked types", func(*testing.T) (before, after string) { return ring(2_000) }, 150},
		{"all types of the largest real schema renamed", renamedSchema, 250},
	} {
		t.Run(c.name, func(t *testing.T) {
			before, after := c.pair(t)
			files := map[string]string{"old.graphql": before, "new.graphql": after}
			for name, text := range files {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			cmd := exec.Command(program, "diff", "--fail-on", "never", "old.graphql", "new.graphql")
			cmd.Dir = dir
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			peak, err := watchPeak(cmd)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("peak memory: %d MiB, %v of CPU", peak, cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime())
			if peak < 10 {
				t.Errorf("only %d MiB were seen: this measures nothing", peak)
			}
			if peak > c.mib {
				t.Errorf("the diff takes %d MiB, want at most %d", peak, c.mib)
			}
		})
	}
}

// renamedSchema is the largest of the real schemas, with another name for each of its types.
func renamedSchema(t *testing.T) (before, after string) {
	t.Helper()
	before, _ = largestSchema(t)
	named := map[string]bool{}
	for _, found := range regexp.MustCompile(`(?m)^(?:type|interface|enum|union|input) (\w+)`).FindAllStringSubmatch(before, -1) {
		named[found[1]] = true
	}
	if len(named) < 600 {
		t.Fatalf("%d types were found", len(named))
	}
	return before, regexp.MustCompile(`\w+`).ReplaceAllStringFunc(before, func(word string) string {
		if named[word] {
			return word + "Renamed"
		}
		return word
	})
}

// watchPeak waits for the end of a program, and returns the most memory, in MiB, that it has held. What the system
// says at the end counts this process's memory too.
func watchPeak(cmd *exec.Cmd) (peak int, err error) {
	done := make(chan error)
	go func() { done <- cmd.Wait() }()
	for {
		peak = max(peak, highWater(cmd.Process.Pid))
		select {
		case err := <-done:
			return peak, err
		case <-time.After(time.Millisecond):
		}
	}
}

// highWater is the most memory, in MiB, that the running process has held; 0
// when it is gone.
func highWater(pid int) int {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	kib := 0
	fmt.Sscan(rest, &kib)
	return kib / 1024
}
