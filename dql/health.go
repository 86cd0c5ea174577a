package dql

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/dgraph-io/dgo/v230/protos/api"
)

// Health is how a Dgraph is.
type Health struct {
	// Alphas are those that the Config names, in its order.
	Alphas []AlphaHealth
	// Members are the processes that an alpha knows of, itself included: all alphas and zeros when the user
	// may ask for them (a guardian, where access is controlled), else only the alpha that was asked.
	Members []Member
	// MembersErr says why Members could not be read; nil when they could.
	MembersErr error
}

// AlphaHealth is how one alpha answers.
type AlphaHealth struct {
	Addr    string
	Version string // "dev" for a server that was built without one
	Err     error  // why it does not answer, or nil
}

// Member is one process of a cluster.
type Member struct {
	Instance string // "alpha" or "zero"
	Address  string // that the members know it by
	Status   string // "healthy" or otherwise
	Group    string // number; "0" for zeros
	Version  string
	Uptime   time.Duration
	// Indexing are the predicates whose indexes are being built now. Those of other namespaces keep the
	// number before them ("7-User.name").
	Indexing []string
	// Ongoing are the other tasks, in Dgraph's words ("opIndexing", "opRollup").
	Ongoing []string
}

// Version returns the version of the first alpha that answered, or "".
func (h *Health) Version() string {
	for _, a := range h.Alphas {
		if a.Err == nil {
			return a.Version
		}
	}
	return ""
}

// Indexing lists the predicates whose indexes are being built anywhere.
func (h *Health) Indexing() []string {
	var all []string
	for _, m := range h.Members {
		all = append(all, m.Indexing...)
	}
	return all
}

// Health asks every alpha for its version, once, and one of them for all members of the cluster. What does not
// answer is part of the result.
func (c *Client) Health(ctx context.Context) *Health {
	h := &Health{Alphas: make([]AlphaHealth, len(c.alphas))}
	var all sync.WaitGroup
	for i, a := range c.alphas {
		all.Go(func() {
			h.Alphas[i].Addr = a.addr
			e := c.attempt(ctx, a, func(ctx context.Context, a *alpha) error {
				v, err := a.link.api().CheckVersion(ctx, &api.Check{})
				h.Alphas[i].Version = v.GetTag()
				return err
			})
			if e != nil {
				h.Alphas[i].Err = e
			}
		})
	}
	all.Wait()
	if h.Members, h.MembersErr = c.members(ctx, "/health?all"); h.MembersErr != nil {
		if alone, err := c.members(ctx, "/health"); err == nil {
			h.Members, h.MembersErr = alone, nil
		}
	}
	return h
}

func (c *Client) members(ctx context.Context, path string) (members []Member, err error) {
	err = c.web(ctx, reads, http.MethodGet, path, nil, func(server string, page []byte) *Error {
		var e *Error
		members, e = c.decodeMembers(server, page)
		return e
	})
	return members, err
}

// decodeMembers reads pb.HealthInfo. An error comes with status 200, as an object.
func (c *Client) decodeMembers(server string, page []byte) ([]Member, *Error) {
	var answer []struct {
		Instance string   `json:"instance"`
		Address  string   `json:"address"`
		Status   string   `json:"status"`
		Group    string   `json:"group"`
		Version  string   `json:"version"`
		Uptime   int64    `json:"uptime"` // seconds
		Ongoing  []string `json:"ongoing"`
		Indexing []string `json:"indexing"`
	}
	if err := json.Unmarshal(page, &answer); err != nil {
		var refused struct{ Errors []struct{ Message string } }
		if json.Unmarshal(page, &refused) == nil && len(refused.Errors) > 0 {
			text := refused.Errors[0].Message
			return nil, c.quoter.said(server, text, errors.New(c.quoter.redact(text)))
		}
		return nil, notDgraph(server, c.quoter.clean(err))
	}
	var members []Member
	for _, m := range answer {
		one := Member{Instance: m.Instance, Address: m.Address, Status: m.Status, Group: m.Group, Version: m.Version,
			Uptime: time.Duration(m.Uptime) * time.Second, Ongoing: m.Ongoing}
		for _, name := range m.Indexing {
			one.Indexing = append(one.Indexing, strings.TrimPrefix(name, strconv.FormatUint(c.config.Namespace, 10)+"-"))
		}
		members = append(members, one)
	}
	return members, nil
}
