package report

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// File is a file that findings stand in, as it was looked at: whoever shows findings at its lines knows by that whether a file
// of that name has the same lines.
type File struct {
	Name, Ref string // as Locations in it have them
	// Digest is what Digest says of its text.
	Digest string
}

// Digest is "sha256:" and the hash of a text, in hex. Lines end with "\n" for it, however a checkout ends them, and keys are
// left out, so that nobody can try keys out against it.
func Digest(text string) string {
	sum := sha256.Sum256([]byte(Redact(strings.ReplaceAll(text, "\r\n", "\n"))))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Looked adds a file that findings stand in, once.
func (r *Report) Looked(name, ref, text string) {
	for _, f := range r.Files {
		if f.Name == name && f.Ref == ref {
			return
		}
	}
	r.Files = append(r.Files, File{name, ref, Digest(text)})
}

// DigestOf is the digest of the file that a place is in, and empty where it is not known.
func (r *Report) DigestOf(at Location) string {
	for _, f := range r.Files {
		if f.Name == at.File && f.Ref == at.Ref {
			return f.Digest
		}
	}
	return ""
}
