package dgraphproc

import "context"

// What tests need to see from outside the package: they build the server with dgraphtest, which imports
// this package.

var ErrTaken = errTaken

func (c *Cluster) Dir() string { return c.dir }

func (c *Cluster) Offset() int { return c.block.offset }

func (c *Cluster) Pids() []int {
	var pids []int
	for _, p := range c.processes {
		pids = append(pids, p.cmd.Process.Pid)
	}
	return pids
}

// StartUnprobed starts a cluster on a block whose ports were not looked at.
func StartUnprobed(ctx context.Context, o Options, offset int) (*Cluster, error) {
	o, err := o.checked()
	if err != nil {
		return nil, err
	}
	lock, err := lockFile(lockPath(offset))
	if err != nil {
		return nil, err
	}
	return startAt(ctx, o, &block{offset: offset, lock: lock})
}

func Offsets() []int { return offsets() }

func BlockPorts(offset, alphas int) []int { return (&block{offset: offset}).ports(alphas) }

func Folder(offset int) string { return (&block{offset: offset}).folder() }
