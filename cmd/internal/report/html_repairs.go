package report

// repairsView is what fix does, or would do.
type repairsView struct {
	Conclusion []string
	List       []repairView
	LeftOut    int
	Patch      []sourceLine
	Whole      bool // the patch is shown as it is, so that it can be copied
}

type repairView struct {
	Severity    Severity
	Rule, About string
	Href        string   // of the finding, or empty where it is not left
	Fix         *fixView // nil for none
	Note        string
}

// repairs shows what is done about findings; nil shows nothing.
func (b *htmlBook) repairs(r *Repairs) *repairsView {
	if r == nil {
		return nil
	}
	v := &repairsView{}
	for _, sentence := range r.Conclusion {
		v.Conclusion = append(v.Conclusion, b.prose(sentence))
	}
	left := map[string]bool{}
	for _, f := range b.listed {
		left[anchor(f)] = true
	}
	v.LeftOut = max(0, len(r.List)-b.most.listed)
	for _, one := range r.List[:len(r.List)-v.LeftOut] {
		item := repairView{Severity: shownAs(one.Finding.Severity), Rule: b.prose(one.Finding.Rule), About: b.prose(about(one.Finding)), Note: b.prose(one.Note)}
		if at := anchor(one.Finding); left[at] {
			item.Href = "#" + at
		}
		if x := one.fix(); x != nil {
			item.Fix = b.fix(x)
			b.chosen[anchor(one.Finding)] = x.ID
		}
		v.List = append(v.List, item)
	}
	v.Patch, v.Whole = b.patch(r.Diff)
	return v
}
