package report

import "testing"

// TestDigest: a file is the same one however its lines end and whatever its keys are, and another one with any other letter.
func TestDigest(t *testing.T) {
	t.Parallel()
	const text = "type User {\n  id: ID!\n}\n# Dgraph.Secret name \"sesame\"\n"
	for other, same := range map[string]bool{
		text: true,
		"type User {\r\n  id: ID!\r\n}\r\n# Dgraph.Secret name \"sesame\"\r\n": true,
		"type User {\n  id: ID!\n}\n# Dgraph.Secret name \"other\"\n":          true,
		"type User {\n  id: ID!\n}\n":                                          false,
		"\ntype User {\n  id: ID!\n}\n# Dgraph.Secret name \"sesame\"\n":       false,
		"type user {\n  id: ID!\n}\n# Dgraph.Secret name \"sesame\"\n":         false,
	} {
		if got := Digest(other) == Digest(text); got != same {
			t.Errorf("%q is the same file: %v", other, got)
		}
	}
}
