package migrate

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/schemacheck/schemacheck/dql"
)

// Edited is the error for a plan whose text is not the one that was begun.
type Edited struct {
	Plan    string
	Was, Is string // checksums
	State   State
	// Differs says what is different, a line each; empty when that is not known.
	Differs []string
}

// Error says what differs, and what to do.
func (e *Edited) Error() string {
	text := fmt.Sprintf("the plan %s is %s, and its file has been changed since (checksum %.12s, now %.12s)", e.Plan, e.State, e.Was, e.Is)
	if len(e.Differs) > 0 {
		text += ": " + strings.Join(e.Differs, "; ")
	}
	return text + "; put the old text back, or write what is new into a plan of its own"
}

func planKey(plan string) string { return "plan/" + plan }

// keptText is the plan as it was when it was begun.
type keptText struct {
	Checksum string `json:"checksum"`
	// Steps are its steps as YAML, compressed.
	Steps string `json:"steps"`
}

// keepText notes what the plan is, so that it can be said later what was changed
// in it.
func (r *run) keepText(ctx context.Context) error {
	text, err := yaml.Marshal(r.file.Steps)
	if err != nil {
		return fmt.Errorf("noting the plan: %w", err)
	}
	steps, err := packed(text)
	if err != nil {
		return err
	}
	if len(steps) > mostLog {
		return nil
	}
	for {
		tx := r.client.Txn()
		nodes, err := find(ctx, tx, planKey(r.file.ID))
		if err != nil {
			return err
		}
		quads, err := nodes[0].quads(keptText{r.file.Checksum, steps})
		if err != nil {
			return err
		}
		_, err = tx.Commit(ctx, quads, nil)
		if err == nil {
			return nil
		}
		if !isAborted(err) && !isUnknown(err) {
			return fmt.Errorf("noting the plan in the database: %w", err)
		}
		if err := sleep(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
}

// edited is the error for this file, which is not what was begun.
func (f File) edited(ctx context.Context, c *dql.Client, st Status) error {
	e := &Edited{Plan: f.ID, Was: st.Checksum, Is: f.Checksum, State: st.State}
	nodes, err := find(ctx, c.Snapshot(), planKey(f.ID))
	if err != nil {
		return e
	}
	var was keptText
	if nodes[0].decode(&was) != nil || was.Checksum != st.Checksum {
		return e
	}
	text, err := opened(was.Steps)
	if err != nil {
		return e
	}
	all, err := io.ReadAll(text)
	if err != nil {
		return e
	}
	var steps []Step
	if yaml.Unmarshal(all, &steps) == nil {
		e.Differs = stepsDiffer(steps, f.Steps)
	}
	return e
}

// mostDiffers bounds what is told of a plan that was changed.
const mostDiffers = 5

// stepsDiffer says what is different between two versions of a plan's steps.
func stepsDiffer(was, is []Step) []string {
	named := func(all []Step, id string) *Step {
		if i := slices.IndexFunc(all, func(s Step) bool { return s.ID == id }); i >= 0 {
			return &all[i]
		}
		return nil
	}
	var all []string
	for i := range was {
		if named(is, was[i].ID) == nil {
			all = append(all, fmt.Sprintf("step %s is gone", was[i].ID))
		}
	}
	for i := range is {
		old := named(was, is[i].ID)
		if old == nil {
			all = append(all, fmt.Sprintf("step %s is new", is[i].ID))
			continue
		}
		before, now := yamlOf(old), yamlOf(&is[i])
		gone, added := onlyIn(before, now), onlyIn(now, before)
		if len(gone)+len(added) > 0 {
			all = append(all, fmt.Sprintf("step %s: was %s, is %s", is[i].ID, quotedLine(gone), quotedLine(added)))
		}
	}
	ids := func(all []Step) (ids []string) {
		for _, s := range all {
			ids = append(ids, s.ID)
		}
		return ids
	}
	switch {
	case len(all) > 0:
	case slices.Equal(ids(was), ids(is)):
		all = append(all, "the steps are the same, and what stands around them is not")
	default:
		all = append(all, "the order of the steps is another one")
	}
	if len(all) > mostDiffers {
		all = append(all[:mostDiffers], fmt.Sprintf("and %d more", len(all)-mostDiffers))
	}
	return all
}

// yamlOf are the lines of a step in a plan.
func yamlOf(s *Step) []string {
	text, err := yaml.Marshal(s)
	if err != nil {
		return nil
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

// onlyIn are the lines that others have not.
func onlyIn(lines, others []string) []string {
	return slices.DeleteFunc(slices.Clone(lines), func(line string) bool { return slices.Contains(others, line) })
}

// quotedLine is the first of some lines.
func quotedLine(lines []string) string {
	switch len(lines) {
	case 0:
		return "nothing"
	case 1:
		return fmt.Sprintf("%q", brief(strings.TrimSpace(lines[0])))
	}
	return fmt.Sprintf("%q and %d more lines", brief(strings.TrimSpace(lines[0])), len(lines)-1)
}
