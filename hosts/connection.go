package hosts

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

const (
	// keepAlive is how often a connection is asked for a sign of life, and answerIn how
	// long it has for that.
	keepAlive = time.Minute
	answerIn  = 15 * time.Second
	// beginIn is how long a request may take to begin; a connection that somebody on the
	// way forgot says nothing for as long as one waits.
	beginIn = 7 * time.Second
	// largestOutput is what an answer may have, in bytes: a probe's largest and what it is
	// wrapped in.
	largestOutput = 5 << 20
	// longestComplaint is how much of the standard error is kept, from its end.
	longestComplaint = 500
)

var (
	// errLost says that a connection ended under a request.
	errLost = errors.New("the connection was lost")
	// errTooLarge says that what runs there writes more than any answer has.
	errTooLarge = fmt.Errorf("it wrote more than %d bytes", largestOutput)
)

// connection is logged in to a host.
type connection struct {
	clients []*ssh.Client // of the servers on the way, the host's own last
	lost    chan struct{} // closed when it has ended

	mu      sync.Mutex
	busy    int  // how many requests use it
	retired bool // it takes no more
}

func newConnection(clients []*ssh.Client) *connection {
	c := &connection{clients: clients, lost: make(chan struct{})}
	go func() {
		_ = c.client().Wait() // why it ended shows in whatever used it
		close(c.lost)
		c.retire()
		closeAll(clients)
	}()
	go c.stayAlive()
	return c
}

func (c *connection) client() *ssh.Client { return c.clients[len(c.clients)-1] }

// take reserves the connection for a request, unless it takes no more.
func (c *connection) take() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.retired {
		return false
	}
	c.busy++
	return true
}

// give ends a request.
func (c *connection) give() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy--
	c.closeUnused()
}

// retire has the connection take no more requests and close after the last.
func (c *connection) retire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.retired = true
	c.closeUnused()
}

func (c *connection) closeUnused() {
	if c.retired && c.busy == 0 {
		closeAll(c.clients)
	}
}

// stayAlive closes the connection when it gives no sign of life.
func (c *connection) stayAlive() {
	tick := time.NewTicker(keepAlive)
	defer tick.Stop()
	for {
		select {
		case <-c.lost:
			return
		case <-tick.C:
			if !c.lives() {
				closeAll(c.clients)
				return
			}
		}
	}
}

// lives asks what no server knows, which each answers by saying so.
func (c *connection) lives() bool {
	answer := make(chan error, 1)
	go func() {
		_, _, err := c.client().SendRequest("keepalive@openssh.com", true, nil)
		answer <- err
	}()
	select {
	case err := <-answer:
		return err == nil
	case <-time.After(answerIn):
		return false
	}
}

// run runs a command line and returns what it wrote. A session that is given up cannot be
// ended by itself, so the connection then takes no more requests and closes after those
// that it has. Errors: [errLost], [errTooLarge], an [*ExitError], or that of ctx.
func (c *connection) run(ctx context.Context, line string) ([]byte, error) {
	r := &run{begun: make(chan struct{}), over: make(chan struct{}), out: newBounded(largestOutput)}
	go r.run(c.client(), line)
	begin, begun := time.NewTimer(beginIn), r.begun
	defer begin.Stop()
	for {
		select {
		case <-r.over:
			return r.out.bytes(), r.err
		case <-begun:
			begin.Stop()
			begun = nil
		case <-begin.C:
			closeAll(c.clients)
			return nil, fmt.Errorf("%w: no answer within %s", errLost, beginIn)
		case <-r.out.full:
			c.retire()
			return nil, errTooLarge
		case <-ctx.Done():
			c.retire()
			return nil, context.Cause(ctx)
		}
	}
}

// run is one session.
type run struct {
	begun chan struct{} // closed when the command runs
	over  chan struct{} // closed at the end, when err is set
	out   *bounded
	err   error
}

func (r *run) run(client *ssh.Client, line string) {
	defer close(r.over)
	session, err := client.NewSession()
	if err != nil {
		r.err = sessionError(err, nil)
		return
	}
	defer session.Close()
	said := &ending{most: longestComplaint}
	session.Stdout, session.Stderr = r.out, said
	if err := session.Start(line); err != nil {
		r.err = sessionError(err, said)
		return
	}
	close(r.begun)
	r.err = sessionError(session.Wait(), said)
}

// sessionError tells a command that failed from a connection that did.
func sessionError(err error, said *ending) error {
	var exit *ssh.ExitError
	var closed *ssh.OpenChannelError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &exit):
		return &ExitError{Status: exit.ExitStatus(), Said: said.quoted()}
	case errors.As(err, &closed):
		return fmt.Errorf("open a session: %w", err)
	}
	return fmt.Errorf("%w: %w", errLost, err)
}
