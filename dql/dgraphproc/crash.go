package dgraphproc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
)

// KillAlpha ends an alpha as a crash would (SIGKILL), and returns when it is gone. The number is its index in
// [Cluster.Alphas]. What it has stored stays where it is. Killing it again does nothing.
func (c *Cluster) KillAlpha(i int) { c.all()[1+i].kill() }

// KillZero does with the zero what [Cluster.KillAlpha] does with an alpha.
func (c *Cluster) KillZero() { c.all()[0].kill() }

// Restart starts the processes again that are gone, each on the data that it left, at the same addresses and with the
// same flags, and returns once every alpha serves what [Start] promises. With ctx it gives up; what it has started then
// runs on. The error is also for a process that ends while it waits, and for a cluster that was stopped.
func (c *Cluster) Restart(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, fmt.Errorf("not ready after %v", startTimeout))
	defer cancel()
	for i, p := range c.all() {
		if !p.gone() {
			continue
		}
		if err := c.replace(i, p); err != nil {
			return fmt.Errorf("starting dgraph again: %w", err)
		}
		if i > 0 {
			continue
		}
		if err := pause(ctx, electionTime); err != nil {
			return fmt.Errorf("starting dgraph again: %w", err)
		}
	}
	if err := c.watch(ctx, c.ready); err != nil {
		return fmt.Errorf("starting dgraph again: %w", err)
	}
	return nil
}

// replace starts a process again that is gone.
func (c *Cluster) replace(i int, old *process) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return errors.New("the cluster was stopped")
	}
	p, err := startProcess(old.name, c.options.Binary, old.cmd.Args[1:], old.cmd.Dir, c.log, c.block.lock)
	if err != nil {
		return fmt.Errorf("running %s: %w", old.name, err)
	}
	c.processes[i] = p
	if i > 0 {
		c.alphas[i-1].Pid = p.pid()
	}
	return nil
}

// Leader returns the alpha that leads a group, as its index in [Cluster.Alphas]. It is an error when the zero cannot be
// asked, or knows of no leader: that takes some seconds after the last one has died, and until then the zero names the
// dead one.
func (c *Cluster) Leader(ctx context.Context, group int) (int, error) {
	var state struct {
		Groups map[string]struct {
			Members map[string]struct {
				Addr   string
				Leader bool
			}
		}
	}
	if err := c.askZero(ctx, "/state", &state); err != nil {
		return 0, fmt.Errorf("asking for the leader of group %d: %w", group, err)
	}
	for _, m := range state.Groups[strconv.Itoa(group)].Members {
		_, port, err := net.SplitHostPort(m.Addr)
		if err != nil || !m.Leader {
			continue
		}
		for i := range c.options.Alphas {
			if port == strconv.Itoa(c.block.internal(i)) {
				return i, nil
			}
		}
	}
	return 0, fmt.Errorf("asking for the leader of group %d: there is none", group)
}

// askZero reads an answer of the zero, which speaks plain text also where the alphas do not.
func (c *Cluster) askZero(ctx context.Context, path string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+loopback(c.block.zeroHTTP())+path, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return json.NewDecoder(resp.Body).Decode(into)
}
