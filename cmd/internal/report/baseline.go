package report

// Against marks as known the findings that a baseline, an earlier report, has as
// severe or more: what became worse since is new. What the baseline only suppresses
// it does not have. The report is sealed anew.
//
// Gone counts the findings of the baseline that the report has no more, suppressed
// or not. Additions are not counted: they come and go with each change.
func (r *Report) Against(baseline *Report) (gone int) {
	was := make(map[string]*Finding, len(baseline.Findings))
	for i := range baseline.Findings {
		f := &baseline.Findings[i]
		was[f.Fingerprint] = f
	}
	there := make(map[string]bool, len(r.Findings)+len(r.Suppressed))
	for i := range r.Findings {
		f := &r.Findings[i]
		before := was[f.Fingerprint]
		f.Known = before != nil && before.Severity.Reaches(f.Severity)
		there[f.Fingerprint] = true
	}
	for i := range r.Suppressed {
		there[r.Suppressed[i].Finding.Fingerprint] = true
	}
	for print, f := range was {
		if !there[print] && !f.Addition {
			gone++
		}
	}
	r.Seal()
	return gone
}
