package report

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestReadGivesBackWhatWasWritten: a report that was read and is written again is the same one, byte for byte.
func TestReadGivesBackWhatWasWritten(t *testing.T) {
	t.Parallel()
	for _, s := range samples() {
		// What is no UTF-8 is read back as U+FFFD, and then written as such.
		text := strings.ReplaceAll(render(t, s.report, "json", Options{}), `\ufffd`, "\ufffd")
		back, err := Read(strings.NewReader(text))
		if err != nil {
			t.Errorf("%s: %v", s.name, err)
			continue
		}
		if again := render(t, back, "json", Options{}); again != text {
			t.Errorf("%s: read and written again (-was +is):\n%s", s.name, cmp.Diff(text, again))
		}
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	whole := render(t, samples()[2].report, "json", Options{})
	for name, c := range map[string]struct{ text, want string }{
		"nothing":            {"", "no report in the format json"},
		"another file":       {`{"runs": []}`, "no report of schemaVersion 1"},
		"a later version":    {strings.Replace(whole, `"schemaVersion": 1`, `"schemaVersion": 2`, 1), "no report of schemaVersion 1"},
		"severity":           {strings.Replace(whole, `"severity": "error"`, `"severity": "never"`, 1), `has the severity "never"`},
		"no rule":            {strings.Replace(whole, `"rule": "id-added"`, `"rule": ""`, 1), "no rule"},
		"one finding, twice": {`{"schemaVersion":1,"findings":[{"rule":"a","severity":"info"},{"rule":"a","severity":"info"}]}`, "same one"},
	} {
		if _, err := Read(strings.NewReader(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
}

// TestReadTrustsNoFingerprint: a report from elsewhere cannot pass one finding off as another one.
func TestReadTrustsNoFingerprint(t *testing.T) {
	t.Parallel()
	r := samples()[2].report
	text := render(t, r, "json", Options{})
	was := r.Findings[0].Fingerprint
	back, err := Read(strings.NewReader(strings.Replace(text, was, strings.Repeat("0", 64), 1)))
	if err != nil || back.Findings[0].Fingerprint != was {
		t.Errorf("%v, %v", back, err)
	}
}
