package rules

import (
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/storage"
	"github.com/schemacheck/schemacheck/fixes/migrate"
)

// by is the fix with what it does to stored data; nil leaves it to people.
func (f Fix) by(m *migrate.Migration) Fix {
	f.Migration = m
	return f
}

// copying moves what a field of the old schema holds to a field of the new one.
func (p *pass) copying(before, after *schema.Field) *migrate.Migration {
	from, to := p.Before.Storage.Predicate(before.Predicate), p.After.Storage.Predicate(after.Predicate)
	if from == nil || to == nil || before.Reverse || after.Reverse || before.Language != "" || after.Language != "" ||
		from.Type != to.Type || from.List && !to.List {
		return nil
	}
	return migrate.CopyValues(migrate.Moving{
		From: from, To: to, Types: narrowed(before, p.After.Storage.Predicate(before.Predicate)),
		FromStays: p.After.Storage.Predicate(before.Predicate) != nil,
	})
}

// narrowed are the stored types that a copy has to be kept to: none where no
// other type has values under the predicate.
func narrowed(f *schema.Field, stays *storage.Predicate) []string {
	if stays == nil {
		return nil
	}
	types := []string{f.Owner.Stored}
	for _, t := range f.Owner.Implementors {
		types = append(types, t.Stored)
	}
	return types
}
