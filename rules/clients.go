package rules

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/api"
	"github.com/schemacheck/schemacheck/diff/operations"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/diff/usage"
	"github.com/schemacheck/schemacheck/fixes"
	"github.com/schemacheck/schemacheck/fixes/rewrite"
)

// Clients are the operations of an application.
type Clients struct {
	Operations []*operations.Operation
	// Unread is the number of places where operations can be that could not be read: what they use is not known.
	Unread int
	// DowngradeUnused lowers findings that concern nothing but the API where no operation uses what they are about.
	DowngradeUnused bool
	// DgraphVersion is as in [diff.Options].
	DgraphVersion string
	// Rewrite says how all operations are rewritten; nil rewrites only those with findings, as reports suggest it.
	Rewrite *rewrite.Options
	// Refusals is filled with why Dgraph refuses each operation under the old schema, and what it has already is not asked
	// again: the same operations can be held against several new schemas. It is for one old schema; nil keeps nothing.
	Refusals map[*operations.Operation][]string
}

// Usage says how many operations use what a finding is about.
type Usage struct {
	// Operations name it, in so many Files.
	Operations, Files int
	// Sending are the operations that do not name it, and can send it in a variable.
	Sending int
	// Lowered is the severity that the finding had before it was found that no operation uses it; empty when it stays.
	Lowered Severity
}

// Clientele is how the operations of an application fare.
type Clientele struct {
	// Findings are those of operation-broken and operation-affected.
	Findings []*Finding
	// Operations and Files are all that were looked at. Broken are the operations that break, in so many BrokenFiles,
	// and Affected those that stay valid and can answer otherwise.
	Operations, Files   int
	Broken, BrokenFiles int
	Affected            int
	// Invalid are the operations that the old API refuses as well: nobody can say what the change does to them.
	Invalid []InvalidOperation
	// Rewritten is what came of rewriting them: all, with Clients.Rewrite, else those with findings. It is nil where two of them
	// want one place to be different.
	Rewritten *rewrite.Result
}

// InvalidOperation is an operation that Dgraph refuses already.
type InvalidOperation struct {
	Subject string // as in findings
	Reason  string
	Place   sdl.Span
}

// JudgeClients holds operations against a change and tells which break and which can answer otherwise. It notes with
// each of the findings, which are those on the change, how many operations use what it is about. It takes each operation
// out of c.Operations when it has judged it: ten thousand are most of what a run has in memory.
func JudgeClients(d *diff.Diff, findings []*Finding, c Clients) *Clientele {
	options := api.Options{DgraphVersion: c.DgraphVersion}
	j := &clients{
		effects: newEffects(d, findings),
		pair:    usage.NewPair(api.Derive(d.Before.Schema, options), api.Derive(d.After.Schema, options)),
		found:   &Clientele{Operations: len(c.Operations)},
		of:      map[*Finding]*operations.Operation{},
	}
	j.pair.Refusals = c.Refusals
	j.sending = newSending(j.pair.Before, j.effects)
	how := rewrite.Options{}
	if c.Rewrite != nil {
		how = *c.Rewrite
	}
	rewriter := rewrite.New(d, j.pair, c.Operations, how)
	subjects := subjectsOf(c.Operations)
	files, brokenFiles := map[*sdl.File]bool{}, map[*sdl.File]bool{}
	for i, o := range c.Operations {
		c.Operations[i] = nil
		before := len(j.found.Findings)
		files[o.Document.File] = true
		fares := j.pair.Check(o)
		rule := j.judge(o, subjects[i], fares)
		switch rule {
		case operationBroken:
			j.found.Broken++
			brokenFiles[o.Document.File] = true
		case operationAffected:
			j.found.Affected++
		}
		var known *operations.Operation
		if rule != nil || c.Rewrite != nil {
			known = rewriter.Add(o, fares)
		}
		for _, f := range j.found.Findings[before:] {
			f.Impact.complete()
			if known != nil {
				j.of[f] = known
			}
		}
	}
	j.found.Files, j.found.BrokenFiles = len(files), len(brokenFiles)
	if result, err := rewriter.Result(); err == nil {
		j.found.Rewritten = result
		j.mend(result)
	}
	j.count(findings, c)
	return j.found
}

// clients is what is known while operations are judged.
type clients struct {
	*effects
	pair    *usage.Pair
	sending *sending
	found   *Clientele
	of      map[*Finding]*operations.Operation // as the rewriter knows them
}

// mend gives findings the edits that mend what breaks.
func (j *clients) mend(result *rewrite.Result) {
	patches := map[*operations.Operation]fixes.Patch{}
	for _, r := range result.Rewritten {
		patches[r.Operation] = r.Patch
	}
	reasons := map[*operations.Operation][]string{}
	for _, l := range result.Left {
		reasons[l.Operation] = l.Reasons
	}
	for f, o := range j.of {
		if f.Rewrite = patches[o]; !f.Rewrite.Empty() {
			f.Unmended = reasons[o]
		}
	}
}

// judge looks at one operation, and gives the rule that it fires, or nil.
func (j *clients) judge(o *operations.Operation, subject string, out usage.Outcome) *Rule {
	j.note(o, out.Before)
	switch {
	case len(out.Before.Refusals) > 0 && out.After != nil && len(out.After.Refusals) == 0:
		return nil // it is made for the new schema already
	case len(out.Before.Refusals) > 0 && !unseen(out.Before):
		j.found.Invalid = append(j.found.Invalid, invalid(o, subject, out.Before))
		return nil
	case out.After != nil && len(out.After.Refusals) > 0 && j.broken(o, subject, out):
		return operationBroken
	case j.affected(o, subject, out):
		return operationAffected
	}
	return nil
}

// unseen reports whether Dgraph would take the operation all the same: it does not look there.
func unseen(w *usage.Walk) bool {
	return len(w.Faults) > 0 && !slices.ContainsFunc(w.Faults, func(f usage.Fault) bool { return !f.Unseen })
}

func invalid(o *operations.Operation, subject string, w *usage.Walk) InvalidOperation {
	if len(w.Faults) > 0 {
		at, _ := w.Faults[0].Span()
		return InvalidOperation{subject, w.Faults[0].Message, at}
	}
	return InvalidOperation{subject, strings.TrimSuffix(w.Refusals[0], "."), nameOf(o)}
}

// nameOf is where an operation has its name, or else where it begins.
func nameOf(o *operations.Operation) sdl.Span {
	name := o.Document.OperationName(o.AST)
	if name.Start == name.End {
		name = o.Document.Name(o.AST.Position)
	}
	if name.Start == name.End { // a query that begins with its brace
		name.End = min(name.End+1, len(o.Document.Text))
	}
	at, _ := o.Document.Span(name.Start, name.End)
	return at
}

// broken makes a finding for each element of the schema that breaks the operation, and reports whether there is one.
func (j *clients) broken(o *operations.Operation, subject string, out usage.Outcome) bool {
	type group struct {
		finding *Finding
		told    []string
	}
	groups := map[[2]string]*group{}
	var order []*group
	was := map[usage.Place]int{}
	for i := range out.Before.Uses {
		was[out.Before.Uses[i].Place()] = i
	}
	consequence := "Dgraph refuses the whole operation after the update, before anything of it runs."
	if unseen(out.After) {
		consequence = "Dgraph does not look into a value that stands alone where a list is expected: it runs the operation without " +
			"what it no longer knows there, or fails in the middle."
	}
	begins := usage.Place{Document: o.Document, Start: o.Start}
	add := func(coordinate string, cause *Finding, at sdl.Span, in usage.Place, change APIChange, message string) {
		f := &Finding{
			Rule: operationBroken, Severity: operationBroken.Severity, Coordinate: coordinate, Subject: subject,
			Place: Place{AnchorSelf, at}, in: []usage.Place{in, begins}, Impact: Impact{API: APIBreaking}, Reversible: true,
			Consequence: consequence,
		}
		if cause != nil {
			f.Coordinate, f.To = cause.Coordinate, cause.To
		}
		key := [2]string{f.Coordinate, f.To}
		g := groups[key]
		if g == nil {
			g = &group{finding: f}
			groups[key] = g
			order = append(order, g)
		}
		if cause != nil {
			g.finding.because(cause)
		}
		if change.Coordinate != "" {
			g.finding.meets(change)
		}
		if !slices.Contains(g.told, message) {
			g.told = append(g.told, message)
		}
	}
	for i := range out.After.Faults {
		fault := &out.After.Faults[i]
		if slices.Contains(out.Before.Faults, *fault) {
			continue // it was so before
		}
		at, _ := fault.Span()
		var uses []usage.Use // up to what stood there
		if i, ok := was[fault.Place()]; ok {
			uses = out.Before.Uses[:i+1]
		}
		e, coordinate := j.cause(uses, fault)
		change := APIChange{coordinate, map[usage.FaultKind]string{usage.Unknown: "removed", usage.Missing: "required", usage.Mismatch: "changed"}[fault.Kind]}
		if e != nil {
			change.Change = e.change
			add(coordinate, e.finding, at, fault.Place(), change, fault.Message)
		} else {
			add(coordinate, nil, at, fault.Place(), change, fault.Message)
		}
	}
	if len(out.After.Faults) == 0 {
		add(o.Kind, nil, nameOf(o), begins, APIChange{}, strings.TrimSuffix(out.After.Refusals[0], "."))
	}
	for _, g := range order {
		g.finding.Message = called(o) + " breaks: " + sentence(g.told)
		j.found.Findings = append(j.found.Findings, g.finding)
	}
	return len(order) > 0
}

// because notes a finding that this one comes from, the first of many.
func (f *Finding) because(cause *Finding) {
	const most = 5
	if len(f.Reasons) < most && !slices.Contains(f.Reasons, cause.Message) {
		f.Reasons = append(f.Reasons, cause.Message)
	}
}

// meets notes a change of the API that an operation meets with, the first of many: the finding that this one comes from has
// them all, and an input can have hundreds of elements that thousands of operations send.
func (f *Finding) meets(change APIChange) {
	const most = 20
	if len(f.API) < most && !slices.Contains(f.API, change) {
		f.API = append(f.API, change)
	}
}

// called is an operation for a sentence.
func called(o *operations.Operation) string {
	if o.Name == "" {
		return "a " + o.Kind + " without a name"
	}
	return "the " + o.Kind + " " + o.Name
}

// sentence joins what is told, the first of many.
func sentence(told []string) string {
	const most = 3
	if len(told) > most {
		return strings.Join(told[:most], "; ") + "; and " + strconv.Itoa(len(told)-most) + " more"
	}
	return strings.Join(told, "; ")
}

// affected makes a finding for each element of the schema that lets the operation answer otherwise, and reports whether
// there is one.
func (j *clients) affected(o *operations.Operation, subject string, out usage.Outcome) bool {
	type group struct {
		finding *Finding
		told    []string
	}
	groups := map[[2]string]*group{}
	var order []*group
	begins := usage.Place{Document: o.Document, Start: o.Start}
	add := func(e *effect, at sdl.Span, in usage.Place, coordinate, message string) {
		key := [2]string{e.finding.Coordinate, e.finding.To}
		if of, ok := strings.CutPrefix(e.change, "implements "); ok {
			key = [2]string{of, ""} // there can be many, and what they join is what the operation names
		}
		g := groups[key]
		if g == nil {
			g = &group{finding: &Finding{
				Rule: operationAffected, Severity: operationAffected.Severity,
				Coordinate: key[0], To: key[1], Subject: subject,
				Place: Place{AnchorSelf, at}, in: []usage.Place{in, begins}, Impact: Impact{API: APIDangerous}, Reversible: true,
				Consequence: "The operation stays valid, and can answer or do otherwise.",
			}}
			if e.kind == 0 {
				g.finding.Consequence = cmp.Or(e.consequence, e.finding.Consequence)
			}
			groups[key] = g
			order = append(order, g)
		}
		f := g.finding
		if e.kind == 0 {
			f.causes = append(f.causes, e.finding)
		} else {
			f.causes = append(f.causes, nil) // the data does not decide about it
		}
		f.because(e.finding)
		if e.change != "" {
			f.meets(APIChange{coordinate, e.change})
		}
		if !slices.Contains(g.told, message) {
			g.told = append(g.told, message)
		}
	}
	for i := range out.Before.Uses {
		u := &out.Before.Uses[i]
		at, _ := u.Span()
		if u.Kind == usage.Field {
			for _, e := range j.answers[u.Coordinate] {
				if j.sameForm(u) {
					continue
				}
				add(e, at, u.Place(), e.coordinate, fmt.Sprintf("what it gets for %s is %s", u.Coordinate, e.change))
			}
			for _, e := range j.values[u.Gives.Named()] {
				add(e, at, u.Place(), e.coordinate, fmt.Sprintf("what it gets for %s can be one that it does not know (%s %s)", u.Coordinate, e.coordinate, e.change))
			}
		}
		if u.Kind == usage.Field && u.Coordinate != "Query.check"+u.Gives.Named()+"Password" {
			for _, e := range j.guarded[u.Gives.Named()] {
				add(e, at, u.Place(), "", fmt.Sprintf("what @auth of %s lets through decides what it gets for %s", e.finding.Coordinate, u.Coordinate))
			}
		}
		if u.Kind == usage.Introspected && j.pair.After.Type(u.Coordinate) == nil {
			for _, e := range j.changes[u.Coordinate] {
				if e.kind.Breaking() {
					add(e, at, u.Place(), e.coordinate, "__type finds no "+u.Coordinate+" any more, and answers null")
				}
			}
			continue
		}
		for _, key := range j.sourcesOf(u) {
			for _, e := range j.stored[key] {
				if !guards(e.finding, u) {
					continue
				}
				add(e, at, u.Place(), "", "it uses "+u.Coordinate)
			}
		}
	}
	for i := range out.Before.Adds {
		a := &out.Before.Adds[i]
		at, _ := a.Span()
		of := a.Type.Source.Type.Name
		for _, e := range j.added[of] {
			add(e, at, usage.Place{Document: a.Document, Start: a.Start}, "", fmt.Sprintf("what @auth of %s lets through decides whether it adds a node of %s", e.finding.Coordinate, of))
		}
	}
	for i := range out.Before.Sent {
		sent := &out.Before.Sent[i]
		at, _ := sent.Span()
		for _, e := range j.sending.changed(sent.Type) {
			add(e, at, usage.Place{Document: sent.Document, Start: sent.Start}, e.coordinate, fmt.Sprintf("what it sends as $%s has to fit the new API (%s %s)", sent.Variable, e.coordinate, e.change))
		}
	}
	for _, g := range order {
		g.finding.Message = called(o) + ": " + sentence(g.told)
		j.found.Findings = append(j.found.Findings, g.finding)
	}
	return len(order) > 0
}

// sameForm reports whether what a field answers is of the same form under both APIs but for the names of types: then what
// is selected in it tells all that differs.
func (j *clients) sameForm(u *usage.Use) bool {
	before, after := j.pair.Before, j.pair.After
	of := after.Type(u.Type.Name)
	if of == nil || of.Field(u.Name()) == nil {
		return false
	}
	t := of.Field(u.Name()).Type
	was, is := before.Type(u.Gives.Named()), after.Type(t.Named())
	if was == nil || is == nil || len(was.Fields)+len(was.Members) == 0 || len(is.Fields)+len(is.Members) == 0 {
		return false
	}
	return strings.Replace(u.Gives.String(), was.Name, is.Name, 1) == t.String()
}

// Follow lets findings on operations follow those that they come from, once the data has said what it knows: where nothing
// stored is concerned, no operation answers otherwise for it.
func Follow(findings []*Finding) {
	for _, f := range findings {
		settled := len(f.causes) > 0
		for _, cause := range f.causes {
			settled = settled && cause != nil && cause.Severity == Info
		}
		if settled {
			f.Severity = Info
			f.Reasons = append(f.Reasons, "the data was asked, and nothing stored is concerned")
		}
	}
}

// subjectsOf names each operation for its findings, by its file and its own name: also after lines have moved. One
// without a name is known by what it asks for; those that are called the same in one file are counted.
func subjectsOf(all []*operations.Operation) []string {
	const mostFields = 3
	seen := map[string]int{}
	out := make([]string, len(all))
	for i, o := range all {
		subject := o.Document.File.Name + "#" + o.Name
		if o.Name == "" {
			fields := usage.RootFields(o)
			if len(fields) > mostFields {
				fields = append(fields[:mostFields], "...")
			}
			subject += "{" + strings.Join(fields, ",") + "}"
		}
		if seen[subject]++; seen[subject] > 1 {
			subject += "~" + strconv.Itoa(seen[subject])
		}
		out[i] = subject
	}
	return out
}
