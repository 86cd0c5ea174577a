package generate

import (
	"fmt"
	"strconv"
)

var typeWords = []string{
	"User", "Post", "Comment", "Tag", "Author", "Book", "Shop", "Order", "Country", "City", "awsVpc", "Product",
	"Review", "Team", "Project", "Task", "X", "T_1", "Employee", "Human", "Droid", "Starship", "type", "Input", "_Node",
}

var interfaceWords = []string{"Animal", "Node", "Character", "Entry", "Shape", "Named", "Audited", "Resource"}

var fieldWords = []string{
	"name", "title", "text", "age", "score", "size", "tags", "active", "created", "updated", "kind", "owner", "parent",
	"email", "phone", "price", "rank", "place", "area", "note", "type", "input", "enum", "fragment", "query", "on",
	"filter", "first", "snake_case", "_private", "X", "camelCase", "URL", "implements", "extend", "union",
}

// typeName makes a name that nothing else has, and that Dgraph does not derive
// from another: no word ends in Filter, Ref, Payload and the like.
func (b *builder) typeName(words []string) string {
	name := pick(b.Rand, words...)
	for b.taken[name] {
		b.serial++
		name = pick(b.Rand, words...) + strconv.Itoa(b.serial)
	}
	b.taken[name] = true
	return name
}

// fieldName makes a name that t and its relatives do not have. Names of
// interfaces carry a number, so that no two interfaces share one.
func (b *builder) fieldName(t *object) string {
	for n := 0; ; n++ {
		name := pick(b.Rand, fieldWords...)
		if t.keyword == "interface" || n > 5 {
			b.serial++
			name = fmt.Sprint(name, b.serial)
		}
		if !t.knows(name) {
			return name
		}
	}
}

// knows reports whether t has a field or password of that name, its own or an
// inherited one.
func (t *object) knows(name string) bool {
	if t.field(name) != nil || t.password == name {
		return true
	}
	for _, i := range t.implements {
		if i.field(name) != nil || i.password == name {
			return true
		}
	}
	for _, u := range t.users {
		if u.field(name) != nil || u.password == name {
			return true
		}
	}
	return false
}

func (t *object) field(name string) *field {
	for _, f := range t.fields {
		if f.name == name {
			return f
		}
	}
	return nil
}

// all are the fields of t with those of its interfaces.
func (t *object) all() []*field {
	fields := append([]*field{}, t.fields...)
	for _, i := range t.implements {
		fields = append(fields, i.fields...)
	}
	return fields
}

// predicate makes the name of a new predicate.
func (b *builder) predicate() string {
	b.serial++
	word := fmt.Sprint(pick(b.Rand, fieldWords...), b.serial)
	switch b.IntN(12) {
	case 0:
		return "<http://example.org/" + word + ">"
	case 1:
		return "<" + word + ">"
	case 2:
		return "<größe/" + word + ">"
	case 3:
		return "ns." + word
	case 4:
		return word + "-x"
	case 5:
		if b.options.Odd {
			return pick(b.Rand, "<odd name "+word+">", "größe_"+word, "ns/"+word)
		}
	}
	return word
}
