package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/fixes/migrate"
)

// lines are what people see of where plans are.
func (l *look) lines() []string {
	if l.Error != "" {
		return []string{report.Escape(l.Error)}
	}
	var all []string
	for i := range l.Phases {
		all = append(all, l.Phases[i].lines()...)
	}
	if len(l.Phases) == 0 {
		line := "no plan has run on this database, and none is here"
		if l.none != nil {
			line += report.Escape(fmt.Sprintf(": no plans in %s (looked in %s)", l.none.named, l.none.place()))
		}
		all = append(all, line)
	}
	if l.elsewhere() {
		all = append(all, report.Escape(fmt.Sprintf("at work: %s, by %s since %s", l.AtWork.Doing, l.AtWork.Who, l.AtWork.Since.UTC().Format(time.RFC3339))))
	}
	for i, command := range l.Next {
		lead := "next: "
		if i > 0 {
			lead = "      "
		}
		all = append(all, lead+report.Escape(command))
	}
	return all
}

// elsewhere reports whether somebody is at work at none of the phases: he deploys a
// schema, for example, or is at another plan.
func (l *look) elsewhere() bool {
	return l.AtWork != nil && !slices.ContainsFunc(l.Phases, func(at phaseAt) bool { return atWork(&at.Status) })
}

// lines are one for the phase, and more where there is more to say.
func (at *phaseAt) lines() []string {
	s := &at.Status
	head := fmt.Sprintf("%-40s %-9s %s", report.Escape(s.Plan), s.Phase, stateInWords(s))
	if c := s.Counts; c.Batches > 0 {
		head += fmt.Sprintf("; %s, %d changed, %d left, %s", number(c.Nodes, "node", "nodes"), c.Changed, c.Left, number(int(c.Batches), "batch", "batches"))
		if more := troubleInWords(c); more != "" {
			head += ", " + more
		}
	}
	all := []string{report.Escape(head)}
	more := func(format string, args ...any) { all = append(all, "  "+report.Escape(fmt.Sprintf(format, args...))) }
	if step := at.step(); step != "" {
		more("%s", step)
	}
	if at.SilentSeconds != nil {
		more("no sign of life for %v", time.Duration(*at.SilentSeconds)*time.Second)
	}
	if s.Who != "" && s.State != migrate.Pending {
		by := fmt.Sprintf("by %s since %s", s.Who, s.Started.UTC().Format(time.RFC3339))
		if !s.Ended.Before(s.Started) && !atWork(s) && (!s.Abandoned || halfUndone(s)) {
			by += ", ended " + s.Ended.UTC().Format(time.RFC3339)
		}
		more("%s", by)
	}
	if s.Error != "" {
		more("error: %s", s.Error)
	}
	if len(s.NotApplicable) > 0 && s.State != migrate.NotApplicable {
		more("not applicable: %s", strings.Join(s.NotApplicable, ", "))
	}
	if ended := []migrate.State{migrate.Paused, migrate.Failed, migrate.Cancelled}; slices.Contains(ended, s.State) && s.Pace == nil && s.Cursor != "" {
		more("cursor: %s", s.Cursor)
	}
	if at.NoFile {
		more("its file is not here")
	}
	return all
}

// step says where the phase is that runs or stopped; empty for others.
func (at *phaseAt) step() string {
	s := &at.Status
	name := s.Step
	if s.Pace != nil {
		name = s.Pace.Step
	}
	if name == "" || s.State.Over() || s.State == migrate.Pending {
		return ""
	}
	text := "step " + name
	if at.StepNumber > 0 {
		text += fmt.Sprintf(" (%d of %d)", at.StepNumber, at.Steps)
	}
	p := s.Pace
	if p == nil {
		return text
	}
	if how := paceInWords(p); how != "" {
		text += ": " + how
	}
	if p.BatchSize > 0 {
		text += fmt.Sprintf("; batches of %s", number(p.BatchSize, "node", "nodes"))
	}
	if p.Limit > 0 {
		text += fmt.Sprintf("; at most %g nodes/s", p.Limit)
	}
	return text
}

func stateInWords(s *migrate.Status) string {
	switch {
	case halfUndone(s):
		return string(s.State) + ", and ended half way"
	case s.Abandoned:
		return string(s.State) + ", but nobody is at work: the run was killed or lost its server"
	case s.Baseline:
		return string(s.State) + ", as migrate baseline noted"
	}
	return string(s.State)
}

// halfUndone reports whether undoing the phase has ended before its end, and not by
// being killed.
func halfUndone(s *migrate.Status) bool {
	return s.State == migrate.Undoing && s.Abandoned && !s.Ended.IsZero()
}

// atWork reports whether somebody runs or undoes the phase now.
func atWork(s *migrate.Status) bool {
	return (s.State == migrate.Running || s.State == migrate.Undoing) && !s.Abandoned || s.State == migrate.Paused && s.Pace != nil
}

// gone reports whether a run was silent for so long that the next one takes over.
func (at *phaseAt) gone() bool {
	return at.SilentSeconds != nil && *at.SilentSeconds >= migrate.DefaultLease.Seconds()
}

// nexts are the commands to go on with.
func (m *migration) nexts(l *look) []string {
	phases, now := l.Phases, l.Time
	if l.elsewhere() {
		return []string{m.command("status", m.spelt, "--watch") + " (until it is over)", m.command("cancel", "--all") + " (what is done stays)"}
	}
	if i := slices.IndexFunc(phases, func(at phaseAt) bool { return atWork(&at.Status) && !at.gone() }); i >= 0 {
		id := phases[i].Plan
		if phases[i].Pace != nil && phases[i].Pace.Held != "" {
			return []string{m.command("resume", id), m.command("cancel", id) + " (what is done stays)"}
		}
		return []string{m.command("pause", id), m.command("tune", id, "--rate", "NODES"), m.command("cancel", id) + " (what is done stays)"}
	}
	if i := slices.IndexFunc(phases, func(at phaseAt) bool { return at.State == migrate.Undoing }); i >= 0 {
		return []string{m.command("undo", phases[i].Plan, "--phase", string(phases[i].Phase)) + " (it goes on where it stopped)"}
	}
	ran := false
	for _, at := range phases {
		ran = ran || at.State != migrate.Pending
		if at.NoFile || at.Phase == migrate.Contract && at.State == migrate.Pending || at.State.Over() {
			continue
		}
		up := m.command("up", m.spelt)
		switch {
		case at.Phase == migrate.Contract:
			return []string{m.contract() + " (it goes on where it stopped)"}
		case at.State == migrate.Waiting:
			return []string{"deploy the new schema, then " + up, m.command("up", m.spelt, "--deploy", "FILE") + " (it deploys the schema)"}
		case at.State == migrate.Pending:
			return []string{up}
		case at.Abandoned, at.gone():
			return []string{up + " (it takes over, and goes on where that stopped)"}
		}
		return []string{up + " (it goes on where it stopped)"}
	}
	var all []string
	if day := m.notBefore(phases); day != "" {
		command := m.contract() + " (it deletes)"
		if now.Format(time.DateOnly) < day {
			command = "from " + day + " on, " + command
		}
		all = append(all, command)
	}
	if ran && len(m.files) > 0 {
		all = append(all, m.command("verify", m.spelt)+" (asks whether what was done still holds)")
	}
	return all
}

// contract runs the phase that deletes.
func (m *migration) contract() string {
	return m.command("up", m.spelt, "--phase", string(migrate.Contract), "--allow-destructive")
}

// contractDue is the day from which on phase contract of all plans may run; empty when
// that of each is over. Where that cannot be asked, it is the day of all that have one.
func (m *migration) contractDue(ctx context.Context) string {
	all, err := migrate.Statuses(ctx, m.client, m.files)
	day := ""
	for _, f := range m.files {
		over := err == nil && slices.ContainsFunc(all, func(s migrate.Status) bool {
			return s.Plan == f.ID && s.Phase == migrate.Contract && s.State.Over()
		})
		if !over && slices.ContainsFunc(f.Steps, func(s migrate.Step) bool { return s.Phase == migrate.Contract }) {
			day = max(day, f.NotBefore)
		}
	}
	return day
}

// notBefore is the day from which on phase contract of all plans may run; empty when
// none has one that is pending.
func (m *migration) notBefore(phases []phaseAt) string {
	day := ""
	for _, at := range phases {
		if at.Phase != migrate.Contract || at.State != migrate.Pending {
			continue
		}
		for _, f := range m.files {
			if f.ID == at.Plan {
				day = max(day, f.NotBefore)
			}
		}
	}
	return day
}
