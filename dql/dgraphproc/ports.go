package dgraphproc

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
)

// maxAlphas keeps a block's ports below those of the next block.
const maxAlphas = 20

// maxOffset keeps the ports of all alphas of a block below 65536.
const maxOffset = 65535 - 9080 - maxAlphas

// errTaken says that a block of ports is in use.
var errTaken = errors.New("in use")

// block is a range of ports that one cluster has for itself. Dgraph adds an offset to all its ports: zero
// takes 5080 and 6080, alphas take 7080, 8080 and 9080. The zero of a block has the block's offset, its
// alpha i the offset plus i.
type block struct {
	offset int
	lock   *os.File // locked as long as it is open here or in one of the processes
}

// offsets lists all blocks. Within a span of 1000 the five kinds of port do not meet (a zero's 5080 plus
// 2000 would be an alpha's 7080), and every 5000 the next span begins.
func offsets() []int {
	var all []int
	for span := 20000; span <= 50000; span += 5000 {
		for step := range 10 {
			all = append(all, span+100*step)
		}
	}
	return all
}

// reserve locks a block, so that other processes with the same temporary folder leave it alone, and looks
// whether its ports are free of anybody else. It returns errTaken when they are not.
func reserve(offset, alphas int) (*block, error) {
	lock, err := lockFile(lockPath(offset))
	if errors.Is(err, os.ErrPermission) {
		return nil, errTaken // another user's
	} else if err != nil {
		return nil, err
	}
	b := &block{offset: offset, lock: lock}
	for _, port := range b.ports(alphas) {
		l, err := net.Listen("tcp", loopback(port))
		if err != nil {
			b.release()
			return nil, fmt.Errorf("port %d: %w", port, errTaken)
		}
		if err := l.Close(); err != nil {
			b.release()
			return nil, fmt.Errorf("probing port %d: %w", port, err)
		}
	}
	return b, nil
}

func (b *block) release() { _ = b.lock.Close() }

func (b *block) ports(alphas int) []int {
	ports := []int{b.zeroGRPC(), b.zeroHTTP()}
	for i := range alphas {
		ports = append(ports, b.internal(i), b.http(i), b.grpc(i))
	}
	return ports
}

func (b *block) zeroGRPC() int      { return 5080 + b.offset }
func (b *block) zeroHTTP() int      { return 6080 + b.offset }
func (b *block) internal(i int) int { return 7080 + b.offset + i } // where alphas and zero talk to it
func (b *block) http(i int) int     { return 8080 + b.offset + i }
func (b *block) grpc(i int) int     { return 9080 + b.offset + i }

// folder is where the block's cluster keeps its data. Its name follows from the block, so that whoever
// holds the lock can remove what a crashed user of the block left behind.
func (b *block) folder() string {
	return filepath.Join(os.TempDir(), "schemacheck-dgraph-"+strconv.Itoa(b.offset))
}

// lockPath names a block's lock file; 0 gives the pattern of all of them.
func lockPath(offset int) string {
	name := "*"
	if offset != 0 {
		name = strconv.Itoa(offset)
	}
	return filepath.Join(os.TempDir(), "schemacheck-dgraph-"+name+".lock")
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
