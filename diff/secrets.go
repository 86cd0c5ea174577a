package diff

// compareSecret looks at the passwords of a type. What it inherits on both
// sides from the same interface is reported there.
func (d *Diff) compareSecret(p typePair) {
	b, a := p.before.Secret, p.after.Secret
	switch {
	case b == nil && a == nil:
	case b == nil:
		if a.Source == nil || d.types.before[a.Source] == nil || d.arrives(p, a.Source) {
			d.add(SecretAdded{p.before, p.after})
		}
	case a == nil:
		if b.Source == nil || d.types.after[b.Source] == nil || d.leaves(p, b.Source) {
			d.add(SecretRemoved{p.before, p.after})
		}
	case b.Source != nil && a.Source != nil && d.types.after[b.Source] == a.Source:
	case b.Field != a.Field || unquoted(b.Predicate) != unquoted(a.Predicate) && !secretMovesWithType(p):
		d.add(SecretChanged{p.before, p.after})
	}
}

// secretMovesWithType reports whether a password's predicate differs only
// because the stored name of its type does.
func secretMovesWithType(p typePair) bool {
	b, a := p.before.Secret, p.after.Secret
	return p.before.Stored != p.after.Stored && b.Source == nil && a.Source == nil &&
		b.Predicate == p.before.Stored+"."+b.Field && a.Predicate == p.after.Stored+"."+a.Field
}
