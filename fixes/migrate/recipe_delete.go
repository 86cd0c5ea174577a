package migrate

import (
	"fmt"
	"strings"

	"github.com/schemacheck/schemacheck/diff/storage"
)

// Leftover says which values are to be deleted.
type Leftover struct {
	// Predicate is as it is declared when the values are deleted.
	Predicate *storage.Predicate
	// Types are the stored types of the nodes whose values go, and Keep those
	// whose nodes keep them, even when they have one of Types.
	Types, Keep []string
	// Untyped takes the values of nodes without type. Without Types, Keep and
	// Untyped all values go, and the predicate: no schema may use it any more.
	Untyped bool
	// Unread says that values cannot be read as the type of the predicate, or that
	// it is a list whose type was once changed.
	Unread bool
}

// RemoveValues deletes what is left over under a predicate, in phase contract:
// that of nodes of some types, that of nodes without type, or all of it.
func RemoveValues(l Leftover) *Migration {
	r := &recipe{}
	name := l.Predicate.Stored()
	if len(l.Types)+len(l.Keep) == 0 && !l.Untyped {
		r.drop(Contract, Drop{Predicates: []string{name}})
		return always(r.done())
	}
	whose := "all nodes"
	switch {
	case l.Untyped:
		whose = "nodes without type"
	case len(l.Types) > 0:
		whose = "nodes of type " + strings.Join(l.Types, ", ")
	}
	if len(l.Keep) > 0 {
		whose += " that are not of type " + strings.Join(l.Keep, ", ")
	}
	root, err := hasRoot(name, l.Predicate.Lang)
	r.each(Contract, root, err, Step{
		ID: "delete-" + name, Title: fmt.Sprintf("Delete what %s hold under %s", whose, name),
		DeleteValues: &DeleteValues{Predicates: []string{name}, Types: l.Types, Keep: l.Keep, Untyped: l.Untyped, Unread: l.Unread},
		Convergent:   true, Undo: removal(l.Predicate, l.Unread), Risk: "destructive",
	})
	return always(r.done())
}

// removal says whether the deletion of values can be taken back. What is not
// read is not logged either.
func removal(p *storage.Predicate, unread bool) Undoable {
	if unread || p.Type == "password" {
		return UndoNo
	}
	return UndoYes
}
