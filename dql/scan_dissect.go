package dql

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// dissect reads a page that cannot be read as a whole: by its nodes, and when the server fails even then, part by
// part, down to the node whose value is in the way. The cause is nil when the page only went beyond its range.
func (a *asking) dissect(ctx context.Context, g stretch, w window, cause error) (page, error) {
	uids, err := a.uids(ctx, w.nodes)
	if err != nil {
		if blameOf(ctx, err) == connection {
			return page{}, err
		}
		for _, p := range w.parts {
			a.fail(p, "the server refuses the question: "+saidBy(err))
		}
		return page{}, nil
	}
	if len(uids) == 0 {
		return page{}, nil
	}
	p := page{nodes: uint64(len(uids)), last: uids[len(uids)-1]}
	beyond, _ := slices.BinarySearch(uids, g.upTo)
	if beyond < len(uids) && uids[beyond] == g.upTo {
		beyond++
	}
	uids = uids[:beyond]
	if cause != nil {
		return p, a.apart(ctx, w.parts, uids, cause)
	}
	return p, a.try(ctx, w.parts, uids)
}

// uids are the nodes of a page.
func (a *asking) uids(ctx context.Context, nodes string) ([]uint64, error) {
	answer, err := a.query(ctx, "{ u(func: "+nodes+") { uid } }")
	if err != nil {
		return nil, err
	}
	blocks, err := blocksOf(answer)
	if err != nil {
		return nil, err
	}
	var all []uint64
	err = eachNode(blocks["u"], func(f fields) error {
		all = append(all, uidOf(f["uid"]))
		return nil
	})
	return all, err
}

// exactly reads the given nodes.
func (a *asking) exactly(ctx context.Context, parts []*part, uids []uint64) error {
	if len(uids) == 0 {
		return nil
	}
	w := window{nodes: "uid(" + uidList(uids) + ")", edges: firstEdges, parts: parts}
	q, r, err := a.ask(ctx, []window{w})
	if err != nil {
		return err
	}
	return a.take(ctx, q, r)
}

func uidList(uids []uint64) string {
	list := make([]string, len(uids))
	for i, uid := range uids {
		list[i] = uidText(uid)
	}
	return strings.Join(list, ", ")
}

// try reads the nodes, and takes them apart when that does not work.
func (a *asking) try(ctx context.Context, parts []*part, uids []uint64) error {
	err := a.exactly(ctx, parts, uids)
	if err == nil || blameOf(ctx, err) == connection {
		return err
	}
	return a.apart(ctx, parts, uids, err)
}

// apart reads nodes that cannot be read for all parts at once. Parts with the same columns stay together: what
// one of them cannot read the others cannot either.
func (a *asking) apart(ctx context.Context, parts []*part, uids []uint64, cause error) error {
	var units [][]*part
	for _, p := range parts {
		i := slices.IndexFunc(units, func(u []*part) bool { return slices.Equal(u[0].columns, p.columns) })
		if i < 0 {
			units = append(units, []*part{p})
		} else {
			units[i] = append(units[i], p)
		}
	}
	if len(units) == 1 {
		return a.halve(ctx, parts, uids, cause, true)
	}
	half := len(units) / 2
	if err := a.try(ctx, slices.Concat(units[:half]...), uids); err != nil {
		return err
	}
	return a.try(ctx, slices.Concat(units[half:]...), uids)
}

// halve looks for the nodes that the server fails to read, among nodes of which there is at least one. Sure says
// that the cause is from these very nodes, and not concluded from others that could be read.
func (a *asking) halve(ctx context.Context, parts []*part, uids []uint64, cause error, sure bool) error {
	if !a.search(parts, cause) {
		return nil
	}
	if len(uids) == 1 {
		if !sure {
			err := a.exactly(ctx, parts, uids)
			if err == nil || blameOf(ctx, err) == connection {
				return err
			}
		}
		a.broke(parts, uids[0])
		return nil
	}
	left, right := uids[:len(uids)/2], uids[len(uids)/2:]
	err := a.exactly(ctx, parts, left)
	if err == nil {
		return a.halve(ctx, parts, right, cause, false)
	}
	if blameOf(ctx, err) == connection {
		return err
	}
	if err := a.halve(ctx, parts, left, err, true); err != nil {
		return err
	}
	if err := a.exactly(ctx, parts, right); err != nil {
		if blameOf(ctx, err) == connection {
			return err
		}
		return a.halve(ctx, parts, right, err, true)
	}
	return nil
}

// search counts the requests that look for what cannot be read, and ends the parts after too many. It reports
// whether one of them goes on.
func (a *asking) search(parts []*part, cause error) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	goesOn := false
	for _, p := range parts {
		p.state.searches++
		if p.failed == "" && (len(p.state.broken) >= maxBroken || p.state.searches > maxSearches) {
			p.failed = fmt.Sprintf("the server fails to read the values of many nodes: %s", saidBy(cause))
		}
		goesOn = goesOn || p.failed == ""
	}
	return goesOn
}

// broke notes a node that the server fails to read.
func (a *asking) broke(parts []*part, uid uint64) {
	a.mu.Lock()
	for _, p := range parts {
		p.state.broken = append(p.state.broken, uid)
		p.seen = true
	}
	a.mu.Unlock()
	for _, p := range parts {
		p.unreadable(uid)
	}
}
