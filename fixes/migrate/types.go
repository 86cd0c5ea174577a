package migrate

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/schemacheck/schemacheck/dql"
)

// AddType gives the nodes of one stored type another one as well.
type AddType struct {
	// Of is the type that the nodes have; empty for nodes that have none.
	Of   string `yaml:"of,omitempty"`
	Type string `yaml:"type"`
}

func (a *AddType) check() error {
	switch {
	case a.Type == "" || a.Type == a.Of:
		return errors.New("it takes a type, and another one that the nodes have")
	case strings.HasPrefix(a.Type, "dgraph."):
		return fmt.Errorf("the type %s belongs to Dgraph", a.Type)
	}
	return nil
}

// takes reports whether a node is one of those that get the type.
func (a *AddType) takes(n *node) bool {
	if a.Of == "" {
		return len(n.types) == 0
	}
	return n.is(a.Of)
}

func (a *AddType) reads() []string  { return []string{dgraphType} }
func (a *AddType) writes() []string { return []string{dgraphType} }

func (a *AddType) judge(p *page) (*change, error) {
	c := &change{}
	for _, n := range p.nodes {
		if a.takes(n) && !n.is(a.Type) {
			c.write([]dql.Quad{typeQuad(n, a.Type)}, nil)
		}
	}
	return c, nil
}

// RemoveType takes a stored type from the nodes that have another one too.
type RemoveType struct {
	Type string `yaml:"type"`
	// Keep is the type that a node has to have as well; empty removes the type
	// from all nodes.
	Keep string `yaml:"keep,omitempty"`
	// Unless are types whose nodes keep the type too.
	Unless []string `yaml:"unless,omitempty"`
}

func (r *RemoveType) check() error {
	if r.Type == "" || r.Type == r.Keep {
		return errors.New("it takes a type, and to keep another one")
	}
	return nil
}

func (r *RemoveType) reads() []string  { return []string{dgraphType} }
func (r *RemoveType) writes() []string { return []string{dgraphType} }

func (r *RemoveType) judge(p *page) (*change, error) {
	c := &change{}
	for _, n := range p.nodes {
		switch {
		case !n.is(r.Type) || slices.ContainsFunc(r.Unless, n.is):
		case r.Keep != "" && !n.is(r.Keep):
			c.leave(n, "it is of type %s and not of %s", strconv.Quote(r.Type), strconv.Quote(r.Keep))
		default:
			c.write(nil, []dql.Quad{typeQuad(n, r.Type)})
		}
	}
	return c, nil
}

func typeQuad(n *node, stored string) dql.Quad {
	return dql.Quad{Subject: dql.Node(n.uid), Predicate: dgraphType, Data: stored, Type: "string"}
}
