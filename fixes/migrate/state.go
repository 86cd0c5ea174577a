package migrate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/schemacheck/schemacheck/dql"
)

// The predicates that hold the state of runs. Of two that write the same one of
// the same node only one commits; that of two that make a node with the same key
// only one does takes @upsert, which Dgraph allows with an index only.
const (
	keyPredicate   = "schemacheck.key"   // names a node of the state
	docPredicate   = "schemacheck.doc"   // what is noted there, as JSON
	fencePredicate = "schemacheck.fence" // token of the runner that may write there
	beatPredicate  = "schemacheck.beat"  // counts while its runner is alive
	logPredicate   = "schemacheck.log"   // what a batch changed
)

// statePredicates declare them.
var statePredicates = []Declared{
	{Name: keyPredicate, Type: "string", Index: []string{"exact"}, Upsert: true},
	{Name: docPredicate, Type: "string"},
	{Name: fencePredicate, Type: "string"},
	{Name: beatPredicate, Type: "int"},
	{Name: logPredicate, Type: "string"},
}

// span is a range of uids that a step goes through, with the cursor in it.
type span struct {
	// After is the last uid that is done, and UpTo the last one of the range.
	After  uint64 `json:"after"`
	UpTo   uint64 `json:"upTo"`
	Done   bool   `json:"done,omitempty"`
	Counts Counts `json:"counts"`
	// Logs is how many batches have a log, and LogBytes how large they are.
	Logs     uint64 `json:"logs,omitempty"`
	LogBytes int64  `json:"logBytes,omitempty"`
	// Unlogged is how many nodes were changed without a log.
	Unlogged uint64 `json:"unlogged,omitempty"`
	// Undone is how many batches were taken back.
	Undone uint64 `json:"undone,omitempty"`

	key string
	uid uint64
}

// The keys of the nodes.
const (
	lockKey = "lock"
	beatKey = "lock/beat"
)

func runKey(plan string, phase Phase) string { return "run/" + plan + "/" + string(phase) }

func spanPrefix(plan string, phase Phase, step string) string {
	prefix := "span/" + plan + "/" + string(phase) + "/"
	if step == "" {
		return prefix // of all steps
	}
	return prefix + step + "/"
}

func logKey(spanKey string, n uint64) string {
	return "log/" + spanKey + "/" + fmt.Sprintf("%012d", n)
}

// kept is a node of the state.
type kept struct {
	uid        uint64
	key        string
	doc, fence string
	beat       int64
}

// decode reads what is noted, as JSON.
func (k *kept) decode(into any) error {
	if k.doc == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(k.doc), into); err != nil {
		return fmt.Errorf("what is noted at %s of the state in the database cannot be read: %w", k.key, err)
	}
	return nil
}

// ref names the node in what is written: itself, or a new one with its key.
func (k *kept) ref() dql.Ref {
	if k.uid != 0 {
		return dql.Node(k.uid)
	}
	sum := sha256.Sum256([]byte(k.key))
	return dql.Blank("k" + hex.EncodeToString(sum[:8]))
}

// quads write the node: its key when it is new, and what is given.
func (k *kept) quads(doc any, more ...dql.Quad) ([]dql.Quad, error) {
	var all []dql.Quad
	if k.uid == 0 {
		all = append(all, text(k.ref(), keyPredicate, k.key))
	}
	if doc != nil {
		encoded, err := json.Marshal(doc)
		if err != nil {
			return nil, err
		}
		all = append(all, text(k.ref(), docPredicate, string(encoded)))
	}
	for _, q := range more {
		q.Subject = k.ref()
		all = append(all, q)
	}
	return all, nil
}

func text(subject dql.Ref, predicate, value string) dql.Quad {
	return dql.Quad{Subject: subject, Predicate: predicate, Data: value, Type: "string"}
}

// find reads the nodes of the state with a key; those that are not there have
// no uid. Of two with one key, which only a state that somebody damaged has, it
// is an error.
func find(ctx context.Context, tx asker, keys ...string) ([]*kept, error) {
	all, _, err := findBeside(ctx, tx, "", keys...)
	return all, err
}

// findBeside is [find] with other blocks in the same question, which have names of
// their own. It returns the whole answer, too.
func findBeside(ctx context.Context, tx asker, others string, keys ...string) ([]*kept, []byte, error) {
	all := make([]*kept, len(keys))
	vars := map[string]string{}
	var declared, blocks strings.Builder
	for i, key := range keys {
		name := "$k" + strconv.Itoa(i)
		if i > 0 {
			declared.WriteString(", ")
		}
		declared.WriteString(name + ": string")
		vars[name] = key
		fmt.Fprintf(&blocks, "  k%d(func: eq(%s, %s)) { uid %s %s %s %s }\n", i, keyPredicate, name, keyPredicate, docPredicate, fencePredicate, beatPredicate)
		all[i] = &kept{key: key}
	}
	answer, err := tx.Query(ctx, "query q("+declared.String()+") {\n"+blocks.String()+others+"}", vars)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the state in the database: %w", err)
	}
	for i := range keys {
		if err := rowsOf(answer, "k"+strconv.Itoa(i), func(k *kept) error {
			if all[i].uid != 0 {
				return fmt.Errorf("the state in the database is damaged: two nodes have the key %s", k.key)
			}
			all[i] = k
			return nil
		}); err != nil {
			return nil, nil, err
		}
	}
	return all, answer, nil
}

// below reads the nodes whose key begins with a prefix, by key.
func below(ctx context.Context, tx asker, prefix string) ([]*kept, error) {
	answer, err := tx.Query(ctx, fmt.Sprintf("query q($from: string, $to: string) {\n  k(func: between(%s, $from, $to), orderasc: %s) { uid %s %s %s %s }\n}",
		keyPredicate, keyPredicate, keyPredicate, docPredicate, fencePredicate, beatPredicate), map[string]string{"$from": prefix, "$to": prefix + "\U0010ffff"})
	if err != nil {
		return nil, fmt.Errorf("reading the state in the database: %w", err)
	}
	var all []*kept
	err = rowsOf(answer, "k", func(k *kept) error {
		if strings.HasPrefix(k.key, prefix) {
			all = append(all, k)
		}
		return nil
	})
	return all, err
}

func rowsOf(answer []byte, block string, each func(*kept) error) error {
	one := func(r dql.Row, predicate string) string {
		if texts := r.Texts(predicate); len(texts) == 1 {
			return texts[0]
		}
		return ""
	}
	return dql.Rows(answer, block, func(r dql.Row) error {
		return each(&kept{uid: r.UID, key: one(r, keyPredicate), doc: one(r, docPredicate), fence: one(r, fencePredicate),
			beat: int64(r.Count(beatPredicate))})
	})
}

// prepareState declares the predicates of the state, and proves that they can
// be seen as they have to be: a predicate that may not be read would look like
// "no lock".
func prepareState(ctx context.Context, c *dql.Client) error {
	for again := false; ; again = true {
		live, err := c.Stored(ctx)
		if err != nil {
			return err
		}
		missing := undeclared(live)
		if missing == "" {
			return nil
		}
		if again {
			return fmt.Errorf("the predicate %s, which holds the state of migrations, is not in the stored schema as it has to be, "+
				"or may not be read: let a member of the group guardians run this, or grant read, write and modify for all schemacheck.* predicates", missing)
		}
		if err := (&Declare{Predicates: statePredicates}).alter(ctx, c, live); err != nil {
			return fmt.Errorf("declaring the predicates that hold the state of migrations: %w", err)
		}
	}
}

// storedState is the stored schema for who only reads the state. Where somebody logs in
// who may not read that, it is an error: all would look as if nothing had run.
func storedState(ctx context.Context, c *dql.Client) (*dql.Stored, error) {
	if user := c.User(); user != "" {
		var names []string
		for _, d := range statePredicates {
			names = append(names, d.Name)
		}
		hidden, err := c.Unreadable(ctx, names)
		if err != nil {
			return nil, err
		}
		if len(hidden) > 0 {
			return nil, &dql.Error{Kind: dql.PermissionDenied, Text: fmt.Sprintf("the state of migrations cannot be read: the user %s may not read %s, "+
				"and done would look like pending: log in as a member of the group guardians, or grant read for all schemacheck.* predicates", user, strings.Join(hidden, ", "))}
		}
	}
	return c.Stored(ctx)
}

// undeclared is a predicate of the state that is not as it has to be; "" when all
// are.
func undeclared(live *dql.Stored) string {
	for _, d := range statePredicates {
		p := live.Predicate(d.Name)
		if p == nil || p.Type != d.Type || p.List || d.Upsert && (!p.Upsert || len(p.Index) == 0) {
			return d.Name
		}
	}
	return ""
}

// remove deletes the nodes of the state whose keys begin with a prefix, while the
// lock is held: whoever was frozen meanwhile leaves alone what a later run wrote.
func (r *run) remove(ctx context.Context, prefix string) error {
	for {
		r.options.point("before removing")
		tx := r.client.Txn()
		if err := r.holds(ctx, tx); err != nil {
			return err
		}
		nodes, err := below(ctx, tx, prefix)
		if err != nil || len(nodes) == 0 {
			return err
		}
		var del []dql.Quad
		for _, n := range nodes[:min(len(nodes), 1000)] {
			for _, p := range statePredicates {
				del = append(del, dql.Quad{Subject: n.ref(), Predicate: p.Name, All: true})
			}
		}
		if _, err := tx.Commit(ctx, nil, del); err != nil && !isAborted(err) && !isUnknown(err) {
			return fmt.Errorf("removing the state %s from the database: %w", prefix, err)
		}
	}
}

// isAborted reports whether somebody else wrote the same.
func isAborted(err error) bool {
	var known *dql.Error
	return errors.As(err, &known) && known.Kind == dql.Aborted
}

// isUnknown reports whether it has to be found out what came of a commit.
func isUnknown(err error) bool {
	var known *dql.Error
	return errors.As(err, &known) && known.Unknown
}

func number(n int64) json.Number { return json.Number(strconv.FormatInt(n, 10)) }
