package diff

import "github.com/schemacheck/schemacheck/diff/schema"

func (d *Diff) compareDefault(b, a *schema.Field) {
	for _, on := range []string{"add", "update"} {
		if defaultOn(b, on) != defaultOn(a, on) {
			d.add(DefaultChanged{b, a})
			return
		}
	}
}

// defaultOn is what @default sets at that operation, with a mark before it so
// that an empty string is not nothing.
func defaultOn(f *schema.Field, operation string) string {
	if v := f.Directive("default").Arg(operation).Field("value"); v != nil {
		return "=" + v.Raw
	}
	return ""
}
