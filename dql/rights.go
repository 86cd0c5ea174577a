package dql

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// unlikely is a predicate that no rule names: who may read it may read all.
const unlikely = "schemacheck.unlikely"

// User is who logs in; "" where nobody does.
func (c *Client) User() string { return c.config.User }

// ReadsAll reports whether the user may read every predicate: nobody has to log in, or the user is a member of
// the group guardians, or of a group with the rule "dgraph.all" (worker/acl_cache.go, HasAccessToAllPreds).
// Dgraph's own predicates for access control do not count. Errors of the server are an [*Error].
func (c *Client) ReadsAll(ctx context.Context) (bool, error) {
	allowed, err := c.allowed(ctx, []string{unlikely})
	if err != nil {
		return false, fmt.Errorf("finding out what may be read: %w", err)
	}
	return allowed[unlikely], nil
}

// Readable finds out which of the predicates that the questions read the user may read: it is an
// [Options.Readable]. Errors of the server are an [*Error].
func (c *Client) Readable(ctx context.Context, questions []Question) (func(predicate string) bool, error) {
	var names []string
	for _, q := range questions {
		if q.refusal == nil {
			names = append(names, q.touches...)
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	all := map[string]bool{}
	for chunk := range slices.Chunk(names, blocksPerRequest) {
		allowed, err := c.allowed(ctx, chunk)
		if err != nil {
			return nil, fmt.Errorf("finding out what may be read: %w", err)
		}
		for name := range allowed {
			all[name] = true
		}
	}
	return func(predicate string) bool { return all[predicate] }, nil
}

// Unreadable are those of some predicates that the user may not read, in order. Errors of the server are an [*Error].
func (c *Client) Unreadable(ctx context.Context, names []string) ([]string, error) {
	var hidden []string
	for chunk := range slices.Chunk(names, blocksPerRequest) {
		allowed, err := c.allowed(ctx, chunk)
		if err != nil {
			return nil, fmt.Errorf("finding out what may be read: %w", err)
		}
		for _, name := range chunk {
			if !allowed[name] {
				hidden = append(hidden, name)
			}
		}
	}
	return hidden, nil
}

// allowed asks for one node of each predicate: Dgraph leaves the block of one that may not be read out of the
// answer (edgraph/access.go, removePredsFromQuery), whether the predicate is there or not.
func (c *Client) allowed(ctx context.Context, names []string) (map[string]bool, error) {
	var text strings.Builder
	text.WriteString("{\n")
	for i, name := range names {
		fmt.Fprintf(&text, "  p%d(func: has(%s), first: 1) { uid }\n", i, written(name))
	}
	text.WriteString("}")
	answer, err := c.Snapshot().Query(ctx, text.String(), nil)
	var said *Error
	switch {
	case err != nil && (!errors.As(err, &said) || said.Kind != Other):
		return nil, err
	case err != nil && len(names) > 1:
		// One of them cannot be asked for, such as the reverse of a predicate without.
		first, err := c.allowed(ctx, names[:len(names)/2])
		if err != nil {
			return nil, err
		}
		second, err := c.allowed(ctx, names[len(names)/2:])
		for name := range second {
			first[name] = true
		}
		return first, err
	case err != nil:
		return map[string]bool{names[0]: true}, nil // it would have been left out before the server tried
	}
	blocks, err := blocksOf(answer)
	if err != nil {
		return nil, err
	}
	all := map[string]bool{}
	for i, name := range names {
		if _, ok := blocks[fmt.Sprint("p", i)]; ok {
			all[name] = true
		}
	}
	return all, nil
}
